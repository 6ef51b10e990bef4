"""How long AWS takes, in AWS seconds. One place, so that every figure has its source beside it.

Kinds of source: R recorded on AWS, D documented, T reported in public, K commonly known and not verified by us.
"""

from __future__ import annotations

from typing import Final

# K: "about two minutes"; R: creating an NLB, creating a link on it and deleting that link took 548 s together in a
# recorded run (localstack tests/aws/services/apigateway), which leaves the NLB about this.
LOAD_BALANCER_PROVISIONING: Final = 120.0

# K: the interfaces go some time after DeleteLoadBalancer has answered; Terraform's provider waits for them
# (internal/service/elbv2, waitForNLBNetworkInterfacesToDetach, at most 35 minutes, usually one or two).
LOAD_BALANCER_INTERFACE_RELEASE: Final = 60.0

# D: "Newly registered targets ... registration process": the first part of `initial`
# (Elb.RegistrationInProgress) before health checks begin (Elb.InitialHealthChecking). The length is K.
TARGET_REGISTRATION: Final = 30.0

# K: instance state changes.
INSTANCE_START: Final = 20.0
INSTANCE_STOP: Final = 30.0
INSTANCE_SHUTDOWN: Final = 30.0

# D: "It takes about 2 to 4 minutes"; R: see LOAD_BALANCER_PROVISIONING: the NLB, a link on it and the link's deletion
# took 548 s together.
VPC_LINK_PROVISIONING: Final = 150.0

# R: the rest of the same recording. T: terraform-provider-aws waits up to 20 minutes, and sees one to four.
VPC_LINK_DELETION: Final = 120.0

# D: "This process can take a few minutes" (developer guide, "Set up VPC links V2 in API Gateway"), for a new link and
# for one that wakes up; T: terraform-provider-aws waits up to 10 minutes for either.
VPC_LINK_V2_PROVISIONING: Final = 150.0
VPC_LINK_V2_DELETION: Final = 120.0

# D: the same page: without traffic for 60 days a link becomes INACTIVE.
VPC_LINK_V2_IDLE: Final = 60 * 86400.0
