"""Whatever a client asks for, as botocore's models let it: an answer or a refusal, never a failure of ours.

The requests of one example follow each other on one account, so that they meet what those before them left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from hypothesis import given, settings
from hypothesis import strategies as st

from practice.clock import ManualClock
from practice.server import Account

# What this path asks of each service, and what people ask beside it to look, to build by hand and to clear away.
OPERATIONS = {
    "ec2": (
        "AuthorizeSecurityGroupEgress",
        "AuthorizeSecurityGroupIngress",
        "CreateNetworkAclEntry",
        "CreateSecurityGroup",
        "CreateTags",
        "DeleteNetworkAclEntry",
        "DeleteSecurityGroup",
        "DeleteTags",
        "DescribeInstances",
        "DescribeNetworkAcls",
        "DescribeNetworkInterfaces",
        "DescribeSecurityGroupRules",
        "DescribeSecurityGroups",
        "DescribeSubnets",
        "DescribeTags",
        "DescribeVpcs",
        "ModifyInstanceAttribute",
        "ModifySecurityGroupRules",
        "ReplaceNetworkAclAssociation",
        "ReplaceNetworkAclEntry",
        "RevokeSecurityGroupEgress",
        "RevokeSecurityGroupIngress",
        "StartInstances",
        "StopInstances",
    ),
    "elbv2": (
        "AddTags",
        "CreateListener",
        "CreateLoadBalancer",
        "CreateTargetGroup",
        "DeleteListener",
        "DeleteLoadBalancer",
        "DeleteTargetGroup",
        "DeregisterTargets",
        "DescribeListeners",
        "DescribeLoadBalancerAttributes",
        "DescribeLoadBalancers",
        "DescribeTags",
        "DescribeTargetGroupAttributes",
        "DescribeTargetGroups",
        "DescribeTargetHealth",
        "ModifyListener",
        "ModifyLoadBalancerAttributes",
        "ModifyTargetGroup",
        "ModifyTargetGroupAttributes",
        "RegisterTargets",
        "RemoveTags",
        "SetSecurityGroups",
        "SetSubnets",
    ),
    "apigateway": (
        "CreateApiKey",
        "CreateAuthorizer",
        "CreateDeployment",
        "CreateRequestValidator",
        "CreateResource",
        "CreateRestApi",
        "CreateStage",
        "CreateUsagePlan",
        "CreateUsagePlanKey",
        "CreateVpcLink",
        "DeleteAuthorizer",
        "DeleteDeployment",
        "DeleteIntegration",
        "DeleteMethod",
        "DeleteRequestValidator",
        "DeleteResource",
        "DeleteRestApi",
        "DeleteStage",
        "DeleteUsagePlan",
        "DeleteUsagePlanKey",
        "DeleteVpcLink",
        "GetAccount",
        "GetDeployments",
        "GetExport",
        "GetIntegration",
        "GetMethod",
        "GetResource",
        "GetResources",
        "GetRestApis",
        "GetStage",
        "GetStages",
        "GetVpcLinks",
        "PutGatewayResponse",
        "PutIntegration",
        "PutIntegrationResponse",
        "PutMethod",
        "PutMethodResponse",
        "TagResource",
        "UpdateIntegration",
        "UpdateMethod",
        "UpdateRestApi",
        "UpdateStage",
        "UpdateUsagePlan",
    ),
    "apigatewayv2": ("CreateVpcLink", "DeleteVpcLink", "GetVpcLink", "GetVpcLinks", "UpdateVpcLink"),
}

# What these hold is nothing without; the models do not say so, and what AWS answers without is not known.
ALWAYS = {
    "Tag": ("Key", "Value"),
    "TagSpecification": ("ResourceType", "Tags"),
    "SubnetMapping": ("SubnetId",),
    "PatchOperation": ("path",),
}

TEXTS = ("", "a", "é", "<b>", "0", "-1", "null", "*", "a b", "x" * 300, "10.0.0.0/8", "999.1.1.1/33", "::/0")
NUMBERS = (-1, 0, 1, 2, 10, 30, 80, 443, 65_535, 65_536, 2**31 - 1)
BLOBS = (b"", b"{}", b"x", b'{"openapi": "3.0.1", "info": {"title": "x", "version": "1"}, "paths": {}}')


class Seen:
    """What the account answered, by the name of the member: what people copy into their next request."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}

    def learn(self, answer: Any, name: str = "") -> None:
        if isinstance(answer, dict):
            for member, value in answer.items():
                if member != "ResponseMetadata":
                    self.learn(value, member)
        elif isinstance(answer, list):
            for value in answer:
                self.learn(value, name)
        elif isinstance(answer, str) and answer not in (texts := self._texts.setdefault(_plain(name), [])):
            texts.append(answer)

    def of(self, name: str) -> list[str]:
        return self._texts.get(_plain(name), [])


def _plain(name: str) -> str:
    """`SubnetIds`, `subnetId` and `Subnets` name the same kind of thing."""
    return name.lower().removesuffix("s").removesuffix("id")


def drawn(data: st.DataObject, shape: Shape, seen: Seen, name: str = "", depth: int = 0) -> Any:
    """A value that botocore takes for the shape, as often as can be one that the account knows."""
    match shape:
        case StructureShape():
            always = [*shape.required_members, *ALWAYS.get(shape.name, ())]
            others = [member for member in shape.members if member not in always and member != "DryRun"]
            chosen = data.draw(st.lists(st.sampled_from(others), max_size=4, unique=True)) if others else []
            return {
                member: drawn(data, shape.members[member], seen, member, depth + 1)
                for member in shape.members
                if member in always or (member in chosen and depth < 4)
            }
        case ListShape():
            return [
                drawn(data, shape.member, seen, name, depth + 1) for _ in range(data.draw(st.sampled_from([1, 0, 2])))
            ]
        case MapShape():
            return {
                drawn(data, shape.key, seen, f"{name}Key"): drawn(data, shape.value, seen, f"{name}Value", depth + 1)
                for _ in range(data.draw(st.integers(0, 2)))
            }
        case StringShape():
            # A number of a fixed range, since what is known differs from run to run.
            choices = [*3 * [*seen.of(name), *(shape.enum or ())], *TEXTS]
            return choices[data.draw(st.integers(0, 999)) % len(choices)]
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "integer": st.sampled_from(NUMBERS),
        "long": st.sampled_from(NUMBERS),
        "double": st.sampled_from([0.0, -1.0, 1e30]),
        "boolean": st.booleans(),
        "blob": st.sampled_from(BLOBS),
        "timestamp": st.just(0),
    }
    return data.draw(kinds[shape.type_name])


@pytest.fixture
def clients(client: Callable[[str], Any]) -> dict[str, Any]:
    return {service: client(service) for service in OPERATIONS}


@pytest.fixture
def seen(account: Account, clients: dict[str, Any], clock: ManualClock) -> Seen:
    """A path as the tutorial builds it, and all that can be copied from its answers."""
    gateway, balancers = clients["apigateway"], clients["elbv2"]
    known = Seen()
    defaults = httpx.get(f"{account.url}/_practice").json()["defaults"]
    known.learn(defaults)
    for describe in ("instances", "subnets", "security_groups", "security_group_rules", "network_acls"):
        known.learn(getattr(clients["ec2"], f"describe_{describe}")())
    group = balancers.create_target_group(Name="t", Protocol="TCP", Port=80, VpcId=defaults["vpc"])
    balancer = balancers.create_load_balancer(Name="n", Type="network", Scheme="internal", Subnets=defaults["subnets"])
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    clock.advance(400)
    forward = {"Type": "forward", "TargetGroupArn": group["TargetGroups"][0]["TargetGroupArn"]}
    listener = balancers.create_listener(LoadBalancerArn=arn, Protocol="TCP", Port=80, DefaultActions=[forward])
    for answer in (group, balancer, listener, clients["ec2"].describe_network_interfaces()):
        known.learn(answer)
    known.learn({"ResourceArn": [arn, forward["TargetGroupArn"]], "targetArns": [arn]})
    api = gateway.create_rest_api(name="d")
    resource = gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="{proxy+}")
    link = gateway.create_vpc_link(name="l", targetArns=[arn])
    method = {"restApiId": api["id"], "resourceId": resource["id"], "httpMethod": "ANY"}
    gateway.put_method(**method, authorizationType="NONE", requestParameters={"method.request.path.proxy": True})
    gateway.put_integration(
        **method,
        type="HTTP_PROXY",
        integrationHttpMethod="ANY",
        uri="http://x/{proxy}",
        connectionType="VPC_LINK",
        connectionId=link["id"],
        requestParameters={"integration.request.path.proxy": "method.request.path.proxy"},
    )
    deployment = gateway.create_deployment(restApiId=api["id"], stageName="prod")
    known.learn(method | {"stageName": "prod", "deploymentId": deployment["id"], "vpcLinkId": link["id"]})
    known.learn({"parentId": api["rootResourceId"], "connectionId": link["id"], "statusCode": "200"})
    known.learn({"resourceArn": f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}", "uri": "http://x/{proxy}"})
    known.learn({"requestParametersKey": ["method.request.path.proxy", "integration.request.path.proxy"]})
    return known


@given(data=st.data())
@settings(max_examples=settings().max_examples * 2)
def test_no_request_is_a_failure_of_ours(
    clients: dict[str, Any], seen: Seen, clock: ManualClock, data: st.DataObject
) -> None:
    service, operation = data.draw(st.sampled_from([(one, name) for one in OPERATIONS for name in OPERATIONS[one]]))
    shape = clients[service].meta.service_model.operation_model(operation).input_shape
    asked = drawn(data, shape, seen) if shape else {}
    clock.advance(data.draw(st.sampled_from([0, 1, 600])))
    try:
        answer = getattr(clients[service], xform_name(operation))(**asked)
    except ParamValidationError:  # never sent: what the client refuses by itself is not ours to answer
        return
    except ClientError as refusal:
        answer = refusal.response
    seen.learn(answer)
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    # 501 says, in our own name, that the practice account does not practise this.
    assert status < 500 or status == 501, answer["Error"]
