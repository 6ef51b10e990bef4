r"""Listener: what arrives on the traffic port goes to the target group

The listener joins the load balancer to the target group: TCP on the traffic port, forwarded unchanged.

**Why.** Without a listener the targets are `unused` and nobody asks them for their health. The API calls the
port of its endpoint URL (80 for `http://` unless it names another) on the load balancer, so the listener's port and the
endpoint URL go together.

**Takes** a second. **Costs** nothing by itself.

**In the console:** EC2 → Load Balancers → the load balancer → Listeners → Add listener.

```console
$ aws elbv2 create-listener --load-balancer-arn arn:... --protocol TCP --port 80 \
    --default-actions Type=forward,TargetGroupArn=arn:...
```
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from runbook.aws import Aws, code_of
from runbook.creating import seen
from runbook.operations import Operation
from runbook.outcome import Difference, Drifted, Missing
from runbook.parameters import Parameters
from runbook.path import balancing
from runbook.permissions import CHECK, DOWN, LOOK_AT_LOAD_BALANCING, REPLACE, UP, Scope, Statement
from runbook.picture import Box, Place
from runbook.record import as_list, from_list, is_ours, stack_tags
from runbook.removing import Resource, unless_gone
from steps import _names, load_balancer, target_group
from steps._tags import CHANGE_OUR_LOAD_BALANCING, TAG_LOAD_BALANCING
from steps.load_balancer import LoadBalancer
from steps.target_group import TargetGroup

READS = ("port",)
PART_OF = LoadBalancer
REPLACED_WITH = (TargetGroup,)  # a target group cannot be deleted while a listener forwards to it
BOX = Box(Place.BALANCER, "Listener", ("{protocol} {port}",), hops=("listener",))
HOPS = {"listener": "port|protocol|target group"}
OPERATIONS = (Operation("elbv2", "CreateListener"),)  # its port is unique, so AWS makes no second one
TOPICS = {"Listener": ("listener", "targets")}  # a listener shows on its target group

_MAKE = Statement("MakeListener", lambda scope: [_names.load_balancer_arn(scope)], Scope.asked, joins="MakeTargetGroup")
PERMISSIONS = (
    LOOK_AT_LOAD_BALANCING.allow(
        CHECK, DOWN, actions="elasticloadbalancing:DescribeListeners elasticloadbalancing:DescribeTags"
    ),
    _MAKE.allow(UP, actions="elasticloadbalancing:CreateListener"),
    TAG_LOAD_BALANCING,
    CHANGE_OUR_LOAD_BALANCING.allow(UP, actions="elasticloadbalancing:ModifyListener"),
    CHANGE_OUR_LOAD_BALANCING.allow(DOWN, REPLACE, actions="elasticloadbalancing:DeleteListener"),
)


@dataclass(frozen=True, slots=True)
class Listener:
    """The listener as it is on AWS."""

    arn: str
    protocol: str
    port: int
    target_group_arn: str
    """Where it forwards to; empty when it forwards to none or to several."""

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        return f"{self.protocol} port {self.port} goes to the target group"


def find(aws: Aws, stack: str) -> list[Listener]:
    """The listeners of the stack's load balancer."""
    found = load_balancer.find(aws, stack)
    return _listeners(aws, found.arn) if found else []


def check(
    aws: Aws, params: Parameters, balancer: LoadBalancer, group: TargetGroup
) -> Listener | Missing | Drifted[Listener]:
    """Compare the listener with what it should be."""
    return _compared(aws, params, balancer, group.arn, group.arn)


def foresee(
    aws: Aws, params: Parameters, balancer: LoadBalancer, group: TargetGroup | None
) -> Listener | Missing | Drifted[Listener]:
    """Compare it with what it should be once there is another target group."""
    return _compared(aws, params, balancer, group.arn if group else None, group.arn if group else "the new one")


def _compared(
    aws: Aws, params: Parameters, balancer: LoadBalancer, group: str | None, wanted_group: str
) -> Listener | Missing | Drifted[Listener]:
    listeners = _listeners(aws, balancer.arn)
    on_port = (listener for listener in listeners if listener.port == params.port)
    moved = (listener for listener in listeners if listener.target_group_arn == group)
    found = next(on_port, None) or next(moved, None)  # any other is somebody else's
    if found is None:
        return Missing(f"load balancer {balancer.name} has no listener on port {params.port}")
    wanted = [
        ("port", str(found.port), str(params.port)),
        ("protocol", found.protocol, "TCP"),
        ("target group", found.target_group_arn, wanted_group),
    ]
    differences = tuple(Difference(what, is_, should) for what, is_, should in wanted if is_ != should)
    return Drifted(found, differences) if differences else found


def do(aws: Aws, params: Parameters, balancer: LoadBalancer, group: TargetGroup) -> Listener:
    """Create the listener, or point the one that is there at the target group."""
    match check(aws, params, balancer, group):
        case Missing():
            try:
                aws.elbv2.create_listener(
                    LoadBalancerArn=balancer.arn,
                    Protocol="TCP",
                    Port=params.port,
                    DefaultActions=[{"Type": "forward", "TargetGroupArn": group.arn}],
                    Tags=as_list(stack_tags(params)),
                )
            except ClientError as error:
                if code_of(error) != "DuplicateListener":  # made by a request whose answer was lost
                    raise
        case Drifted(fact, _):
            aws.elbv2.modify_listener(
                ListenerArn=fact.arn,
                Protocol="TCP",
                Port=params.port,
                DefaultActions=[{"Type": "forward", "TargetGroupArn": group.arn}],
            )
        case fact:
            return fact
    return seen(
        aws,
        lambda: next((item for item in _listeners(aws, balancer.arn) if item.port == params.port), None),
        what="the listener",
    )


def removes(aws: Aws, params: Parameters) -> list[Resource]:
    """The listeners of the stack's load balancer that others have not added to it."""
    return [
        Resource.of_arn("listener", f"{listener.protocol} {listener.port}", listener.arn)
        for listener in _ours(aws, params.stack)
    ]


def undo(aws: Aws, params: Parameters) -> None:
    """Delete the listeners of our load balancer, except what others have added to it."""
    for listener in _ours(aws, params.stack):
        with unless_gone():
            aws.elbv2.delete_listener(ListenerArn=listener.arn)


def _ours(aws: Aws, stack: str) -> Iterator[Listener]:
    balancer = load_balancer.find(aws, stack)
    if balancer is None or not is_ours(balancer.tags, stack):
        return
    group = target_group.find(aws, stack)
    with unless_gone():
        for listener in _listeners(aws, balancer.arn):
            with unless_gone():
                if _is_ours(aws, stack, listener, group):
                    yield listener


def _is_ours(aws: Aws, stack: str, listener: Listener, group: TargetGroup | None) -> bool:
    """By its tag; one that was adopted has none, and leads to our target group."""
    if group is not None and listener.target_group_arn == group.arn and is_ours(group.tags, stack):
        return True
    return is_ours(from_list(dict(aws.tags([listener.arn])).get(listener.arn, [])), stack)


def _listeners(aws: Aws, load_balancer_arn: str) -> list[Listener]:
    return [
        Listener(
            arn=item["ListenerArn"],
            protocol=item["Protocol"],
            port=item["Port"],
            target_group_arn=next((action.get("TargetGroupArn", "") for action in item.get("DefaultActions", [])), ""),
        )
        for item in balancing.listeners(aws, load_balancer_arn)
    ]
