"""What a trace and the list of links must be allowed; all of it only looks."""

from __future__ import annotations

from runbook.permissions import (
    CHANGE_OUR_API,
    LINKS,
    LIST_APIS_AND_LINKS,
    LOOK_AT_LOAD_BALANCING,
    LOOK_AT_NETWORK,
    LOOK_AT_OUR_API,
    TRACE,
    Statement,
)

__all__ = ["PERMISSIONS"]

_TEST_INVOKE = "trace --test-invoke"
"""It is in no policy, since the right to it is the right to change the API (a POST)."""
_V2 = "trace of a V2 link"
"""In no policy either: only a V2 link has subnets."""

_LOOK_AT_EVERY_API = Statement(  # of any owner and kind, to see which links they use
    "LookAtEveryApi",
    lambda scope: [scope.gateway("/restapis/*"), scope.gateway("/apis"), scope.gateway("/apis/*")],
    writes=False,
)
PERMISSIONS = (
    LOOK_AT_NETWORK.allow(
        TRACE,
        actions="ec2:DescribeInstances ec2:DescribeNetworkInterfaces ec2:DescribeSecurityGroupRules "
        "ec2:DescribeNetworkAcls ec2:DescribeRouteTables",
    ),
    LOOK_AT_NETWORK.allow(_V2, actions="ec2:DescribeSubnets"),
    LOOK_AT_LOAD_BALANCING.allow(
        TRACE,
        actions="elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeTargetGroups "
        "elasticloadbalancing:DescribeTargetGroupAttributes elasticloadbalancing:DescribeListeners "
        "elasticloadbalancing:DescribeTargetHealth elasticloadbalancing:DescribeLoadBalancerAttributes",
    ),
    LIST_APIS_AND_LINKS.allow(TRACE, actions="apigateway:GET"),
    LOOK_AT_OUR_API.allow(TRACE, actions="apigateway:GET"),
    LIST_APIS_AND_LINKS.allow(LINKS, actions="apigateway:GET"),
    _LOOK_AT_EVERY_API.allow(LINKS, actions="apigateway:GET"),
    CHANGE_OUR_API.allow(_TEST_INVOKE, actions="apigateway:POST"),
)
