r"""Target group: the list of instances, with an HTTP health check

A target group holds the instances and the port they serve on, and asks each of them over HTTP whether it is well.
The load balancer itself works one layer lower, on TCP.

**Why.** A TCP check only says that something accepts connections; an HTTP check says that the service answers.
Two quick checks in a row decide (AWS's default of five makes the first start slow).
Instance targets see the real client's address (client IP preservation): what reaches the load balancer some
other way than through the VPC link is still judged by the security group for who it is.

**Trap.** Port, protocol and VPC can never be changed afterwards: the group is made anew (`replace`).

**Takes** a second. **Costs** nothing by itself.

**In the console:** EC2 → Load Balancing → Target Groups → Create target group → Instances.

```console
$ aws elbv2 create-target-group --name demo-targets --protocol TCP --port 80 --vpc-id vpc-... \
    --target-type instance --health-check-protocol HTTP --health-check-path / \
    --health-check-interval-seconds 10 --healthy-threshold-count 2 --unhealthy-threshold-count 2
```
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from botocore.exceptions import ClientError

from runbook.aws import Aws, code_of
from runbook.creating import seen
from runbook.errors import NeedsReplacing, NotOurs
from runbook.operations import Operation
from runbook.outcome import Difference, Drifted, Missing
from runbook.parameters import Parameters
from runbook.parts import Counting, Part, Tagged
from runbook.path import balancing
from runbook.permissions import CHECK, DOWN, LIST, LOOK_AT_LOAD_BALANCING, REPLACE, UP, Scope, Statement
from runbook.picture import Box, Place
from runbook.record import MARKS, as_list, from_list, is_ours, parameters_from, record, tag_differences
from runbook.removing import Resource, unless_gone
from steps import _names
from steps._tags import CHANGE_OUR_LOAD_BALANCING, RETAG_LOAD_BALANCING, TAG_LOAD_BALANCING, retag_load_balancing
from steps.preflight import PrivateService

REPLACING_INTERRUPTS = True  # its name is unique, so the old one goes first
PRESERVE_CLIENT_IP = "preserve_client_ip.enabled"

READS = ("health_check_interval", "health_check_path", "health_check_port", "port")
BOX = Box(
    Place.GROUP,
    "Target group",
    ("{name}", "{protocol} {port}", "{health_check_path}"),
    hops=("target-group", "health-check"),
)
HOPS = {"target-group": "protocol|port|preserve", "health-check": "health check"}
OPERATIONS = (Operation("elbv2", "CreateTargetGroup"),)  # its name is unique, so AWS makes no second one
TOPICS = {"Target": ("targets",)}
OUTPUTS = {"target-group-arn": "arn"}

_MAKE = Statement("MakeTargetGroup", lambda scope: [_names.target_group_arn(scope)], Scope.asked)
_MARK = Statement(  # that down is under way, until the group itself goes
    "MarkOurTargetGroup", lambda scope: [_names.target_group_arn(scope)], Scope.owned
)
PERMISSIONS = (
    LOOK_AT_LOAD_BALANCING.allow(
        CHECK, DOWN, LIST, actions="elasticloadbalancing:DescribeTargetGroups elasticloadbalancing:DescribeTags"
    ),
    LOOK_AT_LOAD_BALANCING.allow(
        # What listens in front of a group is looked at before the group is deleted.
        CHECK,
        DOWN,
        actions="elasticloadbalancing:DescribeTargetGroupAttributes elasticloadbalancing:DescribeListeners",
    ),
    _MAKE.allow(UP, actions="elasticloadbalancing:CreateTargetGroup"),
    TAG_LOAD_BALANCING,
    RETAG_LOAD_BALANCING,
    CHANGE_OUR_LOAD_BALANCING.allow(
        UP, actions="elasticloadbalancing:ModifyTargetGroup elasticloadbalancing:ModifyTargetGroupAttributes"
    ),
    CHANGE_OUR_LOAD_BALANCING.allow(
        DOWN, REPLACE, actions="elasticloadbalancing:DeleteTargetGroup elasticloadbalancing:DeleteListener"
    ),
    _MARK.allow(DOWN, actions="elasticloadbalancing:AddTags elasticloadbalancing:RemoveTags"),
)


def _all(aws: Aws, _: Counting) -> Iterator[Tagged]:
    for arn in balancing.target_groups(aws):
        yield Tagged(None, arn=arn)


PART = Part("target group", _all)


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """The target group as it is on AWS."""

    arn: str
    name: str
    protocol: str
    port: int
    vpc: str
    target_type: str
    health_check_protocol: str
    health_check_path: str
    health_check_port: str
    """A port, or ``traffic-port``."""
    health_check_interval: int
    """Seconds."""
    load_balancers: tuple[str, ...] = ()
    preserves_client_ip: bool = True
    tags: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        return (
            f"{self.protocol} port {self.port}, health check GET {self.health_check_path} on {self.health_check_port} "
            f"every {self.health_check_interval} s"
        )


def name_of(stack: str) -> str:
    """The target group's name."""
    return _names.target_group(stack)


def find(aws: Aws, stack: str) -> TargetGroup | None:
    """The target group of this name, whoever made it."""
    try:
        item = next(iter(aws.elbv2.describe_target_groups(Names=[name_of(stack)])["TargetGroups"]), None)
        if item is None:
            return None
        arn = item["TargetGroupArn"]
        tags, attributes = aws.both(
            lambda: _tags(aws, arn),
            lambda: from_list(aws.elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]),
        )
    except ClientError as error:
        if code_of(error) == "TargetGroupNotFound":  # perhaps only between two questions
            return None
        raise
    return TargetGroup(
        arn=arn,
        name=item["TargetGroupName"],
        protocol=item["Protocol"],
        port=item["Port"],
        vpc=item["VpcId"],
        target_type=item["TargetType"],
        health_check_protocol=item["HealthCheckProtocol"],
        health_check_path=item.get("HealthCheckPath", ""),
        health_check_port=item["HealthCheckPort"],
        health_check_interval=item["HealthCheckIntervalSeconds"],
        load_balancers=tuple(item.get("LoadBalancerArns", [])),
        preserves_client_ip=attributes.get(PRESERVE_CLIENT_IP, "true") == "true",
        tags={key: value for key, value in tags.items() if key not in MARKS.values()},
    )


def recall(aws: Aws, stack: str) -> dict[str, Any]:
    """The parameters that the target group remembers."""
    found = find(aws, stack)
    return parameters_from(found.tags) if found and is_ours(found.tags, stack) else {}


def carrier(aws: Aws, stack: str) -> str | None:
    """The target group, if it is ours: of a stack's resources the first that is made and the last that goes."""
    found = find(aws, stack)
    return found.arn if found and is_ours(found.tags, stack) else None


def marks(aws: Aws, resource: str) -> dict[str, str]:
    """The marks of the runs that change the stack."""
    with unless_gone():
        return {key: value for key, value in _tags(aws, resource).items() if key in MARKS.values()}
    return {}


def mark(aws: Aws, resource: str, marks: Mapping[str, str]) -> None:
    """Mark the target group."""
    with unless_gone():
        aws.elbv2.add_tags(ResourceArns=[resource], Tags=as_list(marks))


def unmark(aws: Aws, resource: str, keys: Collection[str]) -> None:
    """Take marks away."""
    with unless_gone():
        aws.elbv2.remove_tags(ResourceArns=[resource], TagKeys=list(keys))


def check(aws: Aws, params: Parameters, service: PrivateService) -> TargetGroup | Missing | Drifted[TargetGroup]:
    """Compare the target group with what the parameters ask for."""
    found = find(aws, params.stack)
    if found is None:
        return Missing(f"there is no target group {name_of(params.stack)}")
    if not is_ours(found.tags, params.stack) and not params.adopt:
        raise NotOurs("target group", found.name, found.arn, params.stack)
    fixed = [
        ("protocol", found.protocol, "TCP"),
        ("port", str(found.port), str(params.port)),
        ("VPC", found.vpc, service.vpc),
        ("target type", found.target_type, "instance"),
    ]
    changeable = [
        ("health check protocol", found.health_check_protocol, "HTTP"),
        ("health check path", found.health_check_path, params.health_check_path),
        ("health check port", found.health_check_port, _health_check_port(params)),
        ("health check interval", str(found.health_check_interval), str(params.health_check_interval)),
        (PRESERVE_CLIENT_IP, str(found.preserves_client_ip).lower(), "true"),
    ]
    differences = (
        *(Difference(what, is_, wanted, replaces=True) for what, is_, wanted in fixed if is_ != wanted),
        *(Difference(what, is_, wanted) for what, is_, wanted in changeable if is_ != wanted),
        *tag_differences(found.tags, record(params)),
    )
    return Drifted(found, differences) if differences else found


def do(aws: Aws, params: Parameters, service: PrivateService) -> TargetGroup:
    """Create the target group, or change it to what it should be. Raises :class:`NeedsReplacing`."""
    match check(aws, params, service):
        case Missing():
            return _create(aws, params, service)
        case Drifted(fact, _) as drifted if drifted.replaces:
            if not params.replace:
                raise NeedsReplacing(
                    f"target group {fact.name} has "
                    + "; ".join(str(difference) for difference in drifted.differences if difference.replaces)
                    + ". AWS cannot change that: run again with replace to make it anew (a moment's downtime)."
                )
            told = marks(aws, fact.arn)  # who is at it stays said
            _delete(aws, params.stack, fact)
            return _create(aws, params, service, told)
        case Drifted(fact, differences):
            _change(aws, params, fact, differences)
            return seen(aws, lambda: find(aws, params.stack), what=f"target group {fact.name}")
        case fact:
            return fact


def removes(aws: Aws, params: Parameters) -> list[Resource]:
    """The target group, if it is the stack's."""
    found = _ours(aws, params.stack)
    return [Resource.of_arn("target group", found.name, found.arn)] if found else []


def undo(aws: Aws, params: Parameters) -> None:
    """Delete the target group if it is ours, and with it the list of targets."""
    found = _ours(aws, params.stack)
    if found is not None:
        _delete(aws, params.stack, found)


def _ours(aws: Aws, stack: str) -> TargetGroup | None:
    found = find(aws, stack)
    return found if found is not None and is_ours(found.tags, stack) else None


def _tags(aws: Aws, arn: str) -> dict[str, str]:
    return from_list(dict(aws.tags([arn])).get(arn, []))


def _health_check_port(params: Parameters) -> str:
    return str(params.health_check_port) if params.health_check_port else "traffic-port"


def _create(
    aws: Aws, params: Parameters, service: PrivateService, marks: Mapping[str, str] = MappingProxyType({})
) -> TargetGroup:
    try:
        aws.elbv2.create_target_group(
            Name=name_of(params.stack),
            Protocol="TCP",
            Port=params.port,
            VpcId=service.vpc,
            TargetType="instance",
            HealthCheckProtocol="HTTP",
            HealthCheckPath=params.health_check_path,
            HealthCheckPort=_health_check_port(params),
            HealthCheckIntervalSeconds=params.health_check_interval,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
            Tags=as_list({**record(params), **marks}),
        )
    except ClientError as error:
        # Another run made it at the same moment. Whether it is as it should be is looked at again anyhow.
        if code_of(error) != "DuplicateTargetGroupName":
            raise
    return seen(aws, lambda: find(aws, params.stack), what="the new target group")


def _change(aws: Aws, params: Parameters, found: TargetGroup, differences: tuple[Difference, ...]) -> None:
    changed = {difference.what for difference in differences}
    if any(what.startswith("health check") for what in changed):
        aws.elbv2.modify_target_group(
            TargetGroupArn=found.arn,
            HealthCheckProtocol="HTTP",
            HealthCheckPath=params.health_check_path,
            HealthCheckPort=_health_check_port(params),
            HealthCheckIntervalSeconds=params.health_check_interval,
        )
    if PRESERVE_CLIENT_IP in changed:
        aws.elbv2.modify_target_group_attributes(
            TargetGroupArn=found.arn, Attributes=[{"Key": PRESERVE_CLIENT_IP, "Value": "true"}]
        )
    retag_load_balancing(aws, found.arn, found.tags, record(params))


def _delete(aws: Aws, stack: str, found: TargetGroup) -> None:
    """A target group in use cannot be deleted: the listeners of our load balancer that forward to it go first."""
    for load_balancer in found.load_balancers:
        with unless_gone():
            if not is_ours(_tags(aws, load_balancer), stack):
                continue
            for listener in balancing.listeners(aws, load_balancer):
                if any(action.get("TargetGroupArn") == found.arn for action in listener.get("DefaultActions", [])):
                    aws.elbv2.delete_listener(ListenerArn=listener["ListenerArn"])
    with unless_gone():
        aws.elbv2.delete_target_group(TargetGroupArn=found.arn)
