"""Single faults of chains over a V2 link, and of Application Load Balancers: see ``mutations``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.trace.conftest import Stack
from tests.trace.mutations import MUTATIONS, Mutation

__all__ = ["APPLICATION", "BEHIND", "NETWORK_V2", "LinkedStack"]


@dataclass
class LinkedStack(Stack):
    """A chain with a load balancer of either kind, over a link of either version."""

    link_group: str = ""
    """The V2 link's security group."""
    balancer_group: str = ""
    """The Application Load Balancer's."""

    @cached_property
    def link(self) -> dict[str, Any]:
        return dict(self.aws.apigatewayv2.get_vpc_links()["Items"][0])

    @cached_property
    def balancer(self) -> dict[str, Any]:
        """The one that the instances are behind."""
        found = self.aws.elbv2.describe_load_balancers(Names=["inside"])["LoadBalancers"]
        return dict(found[0])


_BY_NAME = {mutation.name: mutation for mutation in MUTATIONS}
_V2: list[Mutation] = []
_OF_APPLICATION: list[Mutation] = []
_BEHIND_ONLY: list[Mutation] = []


def mutation(hop: str, *lists: list[Mutation]) -> Callable[[Callable[[Any], object]], Callable[[Any], object]]:
    def keep(apply: Callable[[Any], object]) -> Callable[[Any], object]:
        for each in lists:
            each.append(Mutation(apply.__name__.replace("_", "-"), hop, apply))
        return apply

    return keep


# --- the V2 link ------------------------------------------------------------------------------------------------------


@mutation("vpc-link", _V2)
def v2_link_gone(stack: LinkedStack) -> None:
    stack.aws.apigatewayv2.delete_vpc_link(VpcLinkId=stack.link["VpcLinkId"])
    stack.settle(600)


@mutation("stage-variables", _V2)
def v2_link_of_no_link(stack: LinkedStack) -> None:
    stack.patch_stage("/variables/LINK", "abc123")


@mutation("stage-variables", _V2)
def v2_link_unset(stack: LinkedStack) -> None:
    stack.patch_stage("/variables/LINK", None, "remove")


@mutation("stage-variables", _V2)
def v1_link_instead(stack: LinkedStack) -> None:
    spare = stack.aws.elbv2.create_load_balancer(
        Name="spare", Type="network", Scheme="internal", Subnets=stack.subnets
    )["LoadBalancers"][0]["LoadBalancerArn"]
    stack.settle(600)
    link = stack.aws.apigateway.create_vpc_link(name="spare", targetArns=[spare])["id"]
    stack.settle(600)
    stack.patch_stage("/variables/LINK", link)


@mutation("integration", _V2)
def v2_link_literal_of_no_link(stack: LinkedStack) -> None:
    stack.patch_integration(("replace", "/connectionId", "abc123"))


@mutation("integration", _V2)
def v2_link_literal(stack: LinkedStack) -> None:
    stack.patch_integration(("replace", "/connectionId", stack.link["VpcLinkId"]))


@mutation("integration", _V2)
def no_integration_target(stack: LinkedStack) -> None:
    stack.patch_integration(("replace", "/integrationTarget", ""))


@mutation("integration", _V2)
def url_with_another_port(stack: LinkedStack) -> None:
    uri = stack.proxy["resourceMethods"][stack.verb]["methodIntegration"]["uri"]
    stack.patch_integration(("replace", "/uri", uri.replace("/{proxy}", ":8081/{proxy}")))


def _rules(stack: LinkedStack, group: str, *, egress: bool = False) -> list[str]:
    found = stack.aws.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    return [each["SecurityGroupRuleId"] for each in found["SecurityGroupRules"] if each["IsEgress"] is egress]


def _shut(stack: LinkedStack, group: str) -> None:
    stack.aws.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=_rules(stack, group))


def _open(stack: LinkedStack, group: str, source: str, port: int) -> None:
    stack.aws.ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": source}]}
        ],
    )


@mutation("security-group", _V2)
def link_let_out_nowhere(stack: LinkedStack) -> None:
    group = stack.link_group
    stack.aws.ec2.revoke_security_group_egress(GroupId=group, SecurityGroupRuleIds=_rules(stack, group, egress=True))


@mutation("security-group", _OF_APPLICATION)
def balancer_lets_nobody_in(stack: LinkedStack) -> None:
    _shut(stack, stack.balancer_group)


@mutation("security-group", _OF_APPLICATION)
def balancer_lets_in_on_another_port(stack: LinkedStack) -> None:
    _shut(stack, stack.balancer_group)
    _open(stack, stack.balancer_group, stack.link_group or stack.balancer_group, 8080)


@mutation("security-group", _OF_APPLICATION)
def balancer_let_out_nowhere(stack: LinkedStack) -> None:
    group = stack.balancer_group
    stack.aws.ec2.revoke_security_group_egress(GroupId=group, SecurityGroupRuleIds=_rules(stack, group, egress=True))


# --- the load balancer ------------------------------------------------------------------------------------------------


@mutation("load-balancer", _V2)
def balancer_deleted(stack: LinkedStack) -> None:
    stack.aws.elbv2.delete_load_balancer(LoadBalancerArn=stack.balancer["LoadBalancerArn"])


@mutation("listener", _OF_APPLICATION)
def answers_by_itself(stack: LinkedStack) -> None:
    stack.aws.elbv2.modify_listener(
        ListenerArn=stack.listener["ListenerArn"],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )


@mutation("listener", _OF_APPLICATION)
def application_listener_deleted(stack: LinkedStack) -> None:
    stack.aws.elbv2.delete_listener(ListenerArn=stack.listener["ListenerArn"])


@mutation("listener", _OF_APPLICATION)
def application_listener_on_another_port(stack: LinkedStack) -> None:
    stack.aws.elbv2.modify_listener(ListenerArn=stack.listener["ListenerArn"], Port=8080)


@mutation("listener", _OF_APPLICATION)
def application_listener_to_an_empty_group(stack: LinkedStack) -> None:
    arn = stack.aws.elbv2.create_target_group(Name="empty", Protocol="HTTP", Port=80, VpcId=stack.vpc)["TargetGroups"][
        0
    ]["TargetGroupArn"]
    stack.aws.elbv2.modify_listener(
        ListenerArn=stack.listener["ListenerArn"], DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}]
    )


@mutation("listener", _OF_APPLICATION)
def application_listener_of_another_protocol(stack: LinkedStack) -> None:
    certificates = stack.aws.session.client("acm", endpoint_url=stack.account.url, region_name=stack.aws.region)
    arn = certificates.request_certificate(DomainName="service.example")["CertificateArn"]
    stack.aws.elbv2.modify_listener(
        ListenerArn=stack.listener["ListenerArn"], Protocol="HTTPS", Certificates=[{"CertificateArn": arn}]
    )


@mutation("listener", _OF_APPLICATION)
def a_rule_answers_by_itself(stack: LinkedStack) -> None:
    stack.aws.elbv2.create_rule(
        ListenerArn=stack.listener["ListenerArn"],
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/hello*"]}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/plain"}}],
    )


@mutation("targets", _BEHIND_ONLY)
def application_gone(stack: LinkedStack) -> None:
    stack.aws.elbv2.delete_load_balancer(LoadBalancerArn=stack.balancer["LoadBalancerArn"])


def _shared(*names: str) -> list[Mutation]:
    return [_BY_NAME[name] for name in names]


# What is the same on every chain is tried on the others already.
APPLICATION = [
    *_V2,
    *_OF_APPLICATION,
    *_shared(
        "nobody-registered",
        "registered-on-a-wrong-port",
        "instances-stopped",
        "check-of-a-wrong-path",
        "no-rules",
        "acl-denies-requests",
        "acl-denies-replies",
        "service-down",
        "service-answers-500",
    ),
]
"""For an Application Load Balancer behind a V2 link."""
NETWORK_V2 = [
    *_V2,
    *_shared("no-rules", "instances-in-another-group", "listener-deleted", "nobody-registered", "acl-denies-requests"),
]
"""For a Network Load Balancer behind a V2 link."""
BEHIND = [*_OF_APPLICATION, *_BEHIND_ONLY, *_shared("nobody-registered", "no-rules", "service-down")]
"""For an Application Load Balancer behind a Network Load Balancer behind a V1 link."""
