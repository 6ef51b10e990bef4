"""Taking away what a drill or a trainee left: everything in the drill's VPC and API that the steps did not make.

The VPC is the drill's own (:mod:`drills.service`), and so is what has the stack's tag; nothing else is touched,
whatever its name is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from drills.bench import Bench
from drills.service import ALIVE
from runbook.aws import code_of
from runbook.path import balancing
from runbook.path.addresses import description
from runbook.path.gateway import rest_apis
from runbook.path.links import Link, get, listed
from runbook.record import STACK, from_list, is_ours
from runbook.removing import unless_gone
from steps import _links, load_balancer, rest_api, target_group
from steps._links import GOES_WITHIN

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, NetworkAclTypeDef
    from mypy_boto3_elbv2.type_defs import LoadBalancerAttributeTypeDef

__all__ = ["clear", "sweep"]

_USUAL: list[LoadBalancerAttributeTypeDef] = [{"Key": "load_balancing.cross_zone.enabled", "Value": "false"}]
"""What steps leave to people of a load balancer's attributes, and drills count on."""
_DEFAULT_RULE = 32767  # the rule that denies what no other rule names; nobody can change it
_ALLOW_ALL = 100
"""The number of the rule that AWS puts into a default network ACL, inbound and outbound."""


def clear(bench: Bench, *, everything: bool = False) -> None:
    """Take away the stack's API and what is not the stack's in the drill's VPC; or ``everything`` but the service.

    The API goes each time: it is made anew in a second, and holds too much that steps leave to people (authorizers,
    policies, limits) to compare all of it. It goes first, because its stages hold the links.
    """
    _apis(bench)
    _links_v2(bench)
    _balancers(bench, everything=everything)
    _instances(bench)
    _rules(bench)
    _network_acls(bench)


def _apis(bench: Bench) -> None:
    gateway, stack = bench.aws.apigateway, bench.params.stack
    name = rest_api.name_of(stack)
    found = rest_apis(bench.aws)
    apis = {item["id"] for item in found if is_ours(item.get("tags", {}), stack)}
    _usage_plans(bench, apis)
    for api in sorted(apis):
        gateway.delete_rest_api(restApiId=api)
    if any(item.get("name") == name and item["id"] not in apis for item in found):
        # Of the same name, and somebody's: the steps would make none beside it, but complete one that is ours.
        gateway.create_rest_api(name=name, tags={STACK: stack})


def _usage_plans(bench: Bench, apis: set[str]) -> None:
    """Those that are for these APIs only go, and with them the keys that no other plan has."""
    gateway, going, lasting = bench.aws.apigateway, dict[str, set[str]](), set[str]()
    for page in gateway.get_paginator("get_usage_plans").paginate() if apis else ():
        for plan in page["items"]:
            of_plan = gateway.get_paginator("get_usage_plan_keys").paginate(usagePlanId=plan["id"])
            keys = {key["id"] for some in of_plan for key in some["items"]}
            stages = {stage["apiId"] for stage in plan.get("apiStages", [])}
            if stages and stages <= apis:
                going[plan["id"]] = keys
            else:
                lasting |= keys
    for plan_id, keys in going.items():
        for key in keys - lasting:
            with unless_gone():  # two of these plans may have it
                gateway.delete_api_key(apiKey=key)
        gateway.delete_usage_plan(usagePlanId=plan_id)


def _links_v2(bench: Bench) -> None:
    if links := bench.links_v2:
        for link in links:
            if link.status != "DELETING":
                bench.apigatewayv2.delete_vpc_link(VpcLinkId=link.id)
        bench.wait(lambda: not bench.links_v2 or None, what="V2 links to be gone", usual=GOES_WITHIN)


def _balancers(bench: Bench, *, everything: bool) -> None:
    elb, stack, vpc = bench.aws.elbv2, bench.params.stack, bench.service.vpc
    # Ours also elsewhere: a trainee may have brought the stack up again, for another service.
    names = (load_balancer.name_of(stack), target_group.name_of(stack))
    balancers = {
        item["LoadBalancerArn"]: item["VpcId"]
        for item in balancing.balancers(bench.aws).values()
        if item["VpcId"] == vpc or item["LoadBalancerName"] in names
    }
    groups = {
        item["TargetGroupArn"]: item["VpcId"]
        for item in balancing.target_groups(bench.aws).values()
        if item["VpcId"] == vpc or item["TargetGroupName"] in names
    }
    places = balancers | groups
    described = _tags(bench, [*places])
    tags = {arn: own for arn, own in described.items() if places[arn] == vpc or is_ours(own, stack)}
    going = {arn for arn in tags if everything or places[arn] != vpc or not is_ours(tags[arn], stack)}
    kept = {arn for arn in balancers if arn in tags and arn not in going}
    of_drill = {arn for arn in balancers if arn in tags}
    _links.delete(bench.aws, [link for link in _all_links(bench) if not _stays(link, stack, kept, of_drill)])
    listeners = {
        item["ListenerArn"]: {action.get("TargetGroupArn") for action in item["DefaultActions"]}
        for arn in kept
        for item in balancing.listeners(bench.aws, arn)
    }
    for arn, own in _tags(bench, [*listeners]).items():
        if not is_ours(own, stack) or listeners[arn] & going:
            elb.delete_listener(ListenerArn=arn)
    for arn in kept:
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=_USUAL)
    for arn in going & set(balancers):
        elb.delete_load_balancer(LoadBalancerArn=arn)
    for arn in going & set(balancers):
        bench.wait(partial(_is_gone, bench, arn), what="a load balancer to be gone")
    for arn in going & set(groups):
        elb.delete_target_group(TargetGroupArn=arn)


def _tags(bench: Bench, arns: list[str]) -> dict[str, dict[str, str]]:
    return {arn: from_list(tags) for arn, tags in bench.aws.tags(arns)}


def _all_links(bench: Bench) -> Iterator[Link]:
    for link_id in listed(bench.aws):
        if link := get(bench.aws, link_id):
            yield link


def _stays(link: Link, stack: str, kept: set[str], of_drill: set[str]) -> bool:
    """Whether a link is the stack's good one, or concerns the drill in no way."""
    ours = link.is_of(stack)
    if not ours and not set(link.targets) & of_drill:
        return True
    return ours and set(link.targets) <= kept and link.status != "FAILED"


def _is_gone(bench: Bench, balancer: str) -> bool | None:
    described: FilterTypeDef = {
        "Name": "description",
        "Values": [description(balancer)],
    }
    return None if bench.aws.interfaces(described) else True


def _instances(bench: Bench) -> None:
    """Those that are not the service go; those that are have the service's security group only."""
    service, ec2 = bench.service, bench.aws.ec2
    here: FilterTypeDef = {"Name": "vpc-id", "Values": [service.vpc]}
    pages = ec2.get_paginator("describe_instances").paginate(Filters=[here, ALIVE])
    going = []
    for item in [item for page in pages for each in page["Reservations"] for item in each["Instances"]]:
        if item["InstanceId"] not in service.instances:
            going.append(item["InstanceId"])
        elif [group["GroupId"] for group in item["SecurityGroups"]] != [service.security_group]:
            ec2.modify_instance_attribute(InstanceId=item["InstanceId"], Groups=[service.security_group])
    if going:
        ec2.terminate_instances(InstanceIds=going)
        bench.wait(partial(_are_terminated, bench, going), what="other instances to be gone", usual=60.0)


def _are_terminated(bench: Bench, instances: list[str]) -> bool | None:
    found = bench.aws.ec2.describe_instances(InstanceIds=instances)["Reservations"]
    return {item["State"]["Name"] for each in found for item in each["Instances"]} == {"terminated"} or None


def _rules(bench: Bench) -> None:
    """The steps look after the rules that carry the stack's tag."""
    bench.shut_out([rule for rule in bench.rules() if not is_ours(from_list(rule.get("Tags", [])), bench.params.stack)])


def _network_acls(bench: Bench) -> None:
    """All subnets are under the VPC's default network ACL, and that lets everything pass."""
    here: FilterTypeDef = {"Name": "vpc-id", "Values": [bench.service.vpc]}
    pages = bench.aws.ec2.get_paginator("describe_network_acls").paginate(Filters=[here])
    found = [acl for page in pages for acl in page["NetworkAcls"]]
    (default,) = [acl for acl in found if acl["IsDefault"]]
    for acl in found:
        if not acl["IsDefault"]:
            for association in acl["Associations"]:
                bench.aws.ec2.replace_network_acl_association(
                    AssociationId=association["NetworkAclAssociationId"], NetworkAclId=default["NetworkAclId"]
                )
            bench.aws.ec2.delete_network_acl(NetworkAclId=acl["NetworkAclId"])
    for egress in (False, True):
        _let_all_pass(bench, default, egress=egress)


def sweep(bench: Bench) -> None:
    """Take away what is left in the VPC when the stack is finished and needs none of it."""
    ec2, service = bench.aws.ec2, bench.service
    attached: FilterTypeDef = {"Name": "attachment.vpc-id", "Values": [service.vpc]}
    gateways = ec2.get_paginator("describe_internet_gateways").paginate(Filters=[attached])
    for gateway in [item for page in gateways for item in page["InternetGateways"]]:
        ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=service.vpc)
        ec2.delete_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"])
    here: FilterTypeDef = {"Name": "vpc-id", "Values": [service.vpc]}
    own = {*service.balancer_subnets, *service.instance_subnets}
    subnets = ec2.get_paginator("describe_subnets").paginate(Filters=[here])
    for subnet in [item for page in subnets for item in page["Subnets"]]:
        if subnet["SubnetId"] not in own:
            with _unless_in_use():
                ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    groups = ec2.get_paginator("describe_security_groups").paginate(Filters=[here])
    for group in [item for page in groups for item in page["SecurityGroups"]]:
        if group["GroupId"] != service.security_group and group["GroupName"] != "default":
            with _unless_in_use():
                ec2.delete_security_group(GroupId=group["GroupId"])


@contextmanager
def _unless_in_use() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if code_of(error) != "DependencyViolation":
            raise


def _let_all_pass(bench: Bench, acl: NetworkAclTypeDef, *, egress: bool) -> None:
    ec2, name = bench.aws.ec2, acl["NetworkAclId"]
    open_already = False
    for entry in acl["Entries"]:
        if entry["Egress"] is not egress or entry["RuleNumber"] == _DEFAULT_RULE:
            continue
        passes = entry["RuleAction"] == "allow" and entry["Protocol"] == "-1" and entry.get("CidrBlock") == "0.0.0.0/0"
        if entry["RuleNumber"] == _ALLOW_ALL and passes:
            open_already = True
        else:
            ec2.delete_network_acl_entry(NetworkAclId=name, RuleNumber=entry["RuleNumber"], Egress=egress)
    if not open_already:
        ec2.create_network_acl_entry(
            NetworkAclId=name,
            RuleNumber=_ALLOW_ALL,
            Protocol="-1",
            RuleAction="allow",
            Egress=egress,
            CidrBlock="0.0.0.0/0",
        )
