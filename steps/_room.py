"""Whether the account has room for what a stack needs: how many of each kind there are, beside their quotas.

Counted is what the steps list anyway, so that a look at a finished stack asks nothing more; only for what is not there
yet are all load balancers and target groups listed. The quotas are AWS's defaults: of an account that holds more, the
quota was raised, and nothing can be said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from botocore.exceptions import ClientError

from runbook.aws import Aws
from runbook.parameters import Parameters
from runbook.path import balancing, gateway, links
from runbook.path.filters import rules
from runbook.permissions import CHECK, LIST_APIS_AND_LINKS, LOOK_AT_LOAD_BALANCING, LOOK_AT_NETWORK
from runbook.quotas import EDGE_APIS, LINKS, LOAD_BALANCERS, REGIONAL_APIS, RULES, TARGET_GROUPS, ResourceQuota
from runbook.record import is_ours
from steps import _links, _names

NEARLY = 0.9

PERMISSIONS = (
    LIST_APIS_AND_LINKS.allow(CHECK, actions="apigateway:GET"),
    LOOK_AT_LOAD_BALANCING.allow(
        CHECK, actions="elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeTargetGroups"
    ),
    LOOK_AT_NETWORK.allow(CHECK, actions="ec2:DescribeSecurityGroupRules"),
)


def warnings(aws: Aws, params: Parameters, group: str, addresses: int) -> Iterator[str]:
    """What is full or nearly so, of that the stack still has to create; ``group`` gets a rule for each address."""
    stack = params.stack
    apis = EDGE_APIS if params.endpoint_type == "EDGE" else REGIONAL_APIS
    ports = {params.port, params.health_check_port or params.port}
    kinds: tuple[tuple[ResourceQuota, Callable[[], int | None], int, str], ...] = (
        (LINKS, lambda: _other_links(aws, stack), 1, ""),
        (apis, lambda: _other_apis(aws, stack, params.endpoint_type), 1, ""),
        (LOAD_BALANCERS, lambda: _other_balancers(aws, stack), 1, ""),
        (TARGET_GROUPS, lambda: _other_groups(aws, stack), 1, ""),
        (RULES, lambda: _other_rules(aws, stack, group), addresses * len(ports), f" of {group}"),
    )
    for quota, count, needed, where in kinds:
        try:
            there = count()
        except ClientError:
            continue  # the step that needs it says so
        if there is not None and (warning := _warning(quota, there, needed, where)):
            yield warning


def _warning(quota: ResourceQuota, there: int, needed: int, where: str) -> str:
    left = quota.default - there
    if left < 0 or (left >= needed and there + needed <= NEARLY * quota.default):
        return ""
    unless = "unless the quota was raised, " if quota.adjustable else ""
    what = f"{there} of {quota.default} are used{where}: {quota.name} (Service Quotas {quota.code})"
    if left < needed:
        return f"{what}. The stack needs {needed} more: {unless}AWS will refuse to create what is missing."
    after = left - needed
    return f"{what}. With this stack {'none is' if not after else '1 is' if after == 1 else f'{after} are'} left."


def _other_links(aws: Aws, stack: str) -> int | None:
    """How many links there are; None when the stack has one."""
    found = links.listed(aws).values()
    return None if any(_links.concerns(link, stack) for link in found) else len(found)


def _other_apis(aws: Aws, stack: str, endpoint_type: str) -> int | None:
    found = gateway.rest_apis(aws)
    if any(is_ours(item.get("tags", {}), stack) for item in found):
        return None
    return sum(endpoint_type in item.get("endpointConfiguration", {}).get("types", []) for item in found)


def _other_balancers(aws: Aws, stack: str) -> int | None:
    if _is_there(lambda: aws.elbv2.describe_load_balancers(Names=[_names.load_balancer(stack)])):
        return None
    return sum(item.get("Type") == "network" for item in balancing.balancers(aws).values())


def _other_groups(aws: Aws, stack: str) -> int | None:
    if _is_there(lambda: aws.elbv2.describe_target_groups(Names=[_names.target_group(stack)])):
        return None
    return len(balancing.target_groups(aws))


def _is_there(look: Callable[[], object]) -> bool:
    try:
        look()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("LoadBalancerNotFound", "TargetGroupNotFound"):
            return False
        raise
    return True


def _other_rules(aws: Aws, stack: str, group: str) -> int | None:
    """The inbound rules that count for IPv4; None when the stack has its own."""
    inbound = [rule for rule in rules(aws, [group]) if not rule.egress]
    return None if any(rule.stack == stack for rule in inbound) else sum(":" not in rule.source for rule in inbound)
