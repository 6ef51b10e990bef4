"""Load balancer: internal, on layer 4, one address a zone

A Network Load Balancer (NLB) that only the VPC can reach. The VPC link will end at it, and it spreads the
requests over the healthy instances.

**Why.** A V1 VPC link can only point at an NLB. *Internal* means that its name resolves to private addresses:
nobody on the internet can send to it, so nobody can go round the gateway or flood it.

**Traps.** The scheme (internal or internet-facing) can never be changed. A subnet of another zone can be added later,
but while a VPC link uses the load balancer none can be taken away. Nor can be changed whether the NLB has security
groups of its own; this one has none, so the instances' security group judges the NLB's addresses.

**Takes** two to three minutes until it is active. **Costs** from the first minute: about 0.0225 USD an hour in
us-east-1, plus capacity units.

**In the console:** EC2 → Load Balancing → Load Balancers → Create → Network Load Balancer → Internal.

```console
$ aws elbv2 create-load-balancer --name demo-nlb --type network --scheme internal --subnets subnet-... subnet-...
$ aws elbv2 wait load-balancer-available --names demo-nlb
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from runbook.aws import Aws, code_of
from runbook.errors import CannotContinue, NeedsReplacing, NotOurs
from runbook.operations import Operation
from runbook.outcome import Difference, Drifted, Missing
from runbook.parameters import Parameters
from runbook.parts import Counting, Part, Tagged
from runbook.path import balancing
from runbook.permissions import (
    CHECK,
    DOWN,
    LIST,
    LOOK_AT_LOAD_BALANCING,
    LOOK_AT_NETWORK,
    REPLACE,
    UP,
    Statement,
)
from runbook.picture import Box, Place
from runbook.price import Price
from runbook.record import STACK, as_list, from_list, is_ours, stack_tags, tag_differences
from runbook.removing import Resource, unless_gone
from steps import _links, _names
from steps._tags import CHANGE_OUR_LOAD_BALANCING, RETAG_LOAD_BALANCING, TAG_LOAD_BALANCING, retag_load_balancing
from steps.preflight import PrivateService

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef

REPLACING_INTERRUPTS = True  # its name is unique and its link holds it, so both go first
READS = ("subnets",)
USD_PER_HOUR = 0.0225
_PRICED = "https://awsnegotiations.com/elastic-load-balancer-cost.html"
PRICES = (
    Price("Network Load Balancer", USD_PER_HOUR, "hour or part of one", _PRICED, "2026-11-29"),
    Price("its capacity units", 0.006, "NLCU-hour", _PRICED, "2026-11-29"),
    Price(
        "traffic to an instance in another zone",
        0.01,
        "GB, in each direction, at both ends",
        "https://aws.amazon.com/blogs/networking-and-content-delivery/"
        "optimizing-data-transfer-costs-when-using-aws-network-load-balancer",
        "2026-11-29",
    ),
)
TAKES = 150.0  # AWS seconds from creation to active; two to three minutes are seen
REMOVAL_TAKES = 60.0  # AWS seconds until a deleted load balancer's interfaces are gone; not documented

BOX = Box(Place.BALANCER, "Load balancer", ("{name}", "{scheme} {state}"), hops=("load-balancer",), short="NLB")
HOPS = {"load-balancer": "state|subnets"}
OPERATIONS = (Operation("elbv2", "CreateLoadBalancer"),)  # its name is unique, so AWS makes no second one
TOPICS = {"LoadBalancer": ("balancer",)}

OUTPUTS = {"nlb-arn": "arn", "nlb-dns-name": "dns_name"}

_MAKE = Statement(
    "MakeInternalLoadBalancer",
    lambda scope: [_names.load_balancer_arn(scope)],
    lambda scope: {
        "StringEquals": {
            f"aws:RequestTag/{STACK}": scope.stack,
            "elasticloadbalancing:Scheme": "internal",
        }
    },
)
_SERVICE_LINKED_ROLES = Statement(  # the first load balancer, the first link of an account
    "MakeServiceLinkedRoles",
    lambda scope: [f"arn:{scope.partition}:iam::{scope.account}:role/aws-service-role/*"],
    lambda _: {
        "StringEquals": {
            "iam:AWSServiceName": ["elasticloadbalancing.amazonaws.com", "ops.apigateway.amazonaws.com"],
        }
    },
)
MAKE_SERVICE_LINKED_ROLES = _SERVICE_LINKED_ROLES.allow(UP, actions="iam:CreateServiceLinkedRole")
PERMISSIONS = (
    LOOK_AT_LOAD_BALANCING.allow(
        CHECK, DOWN, LIST, actions="elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeTags"
    ),
    LOOK_AT_NETWORK.allow(CHECK, DOWN, actions="ec2:DescribeNetworkInterfaces"),
    _MAKE.allow(UP, actions="elasticloadbalancing:CreateLoadBalancer"),
    TAG_LOAD_BALANCING,
    MAKE_SERVICE_LINKED_ROLES,
    RETAG_LOAD_BALANCING,
    CHANGE_OUR_LOAD_BALANCING.allow(UP, actions="elasticloadbalancing:SetSubnets"),
    CHANGE_OUR_LOAD_BALANCING.allow(DOWN, REPLACE, actions="elasticloadbalancing:DeleteLoadBalancer"),
)


def _all(aws: Aws, _: Counting) -> Iterator[Tagged]:
    for arn, balancer in balancing.balancers(aws).items():
        yield Tagged(None, balancer.get("CreatedTime"), arn=arn)


PART = Part("load balancer", _all)


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """The load balancer as it is on AWS."""

    arn: str
    name: str
    dns_name: str
    type: str
    scheme: str
    state: str
    vpc: str
    zones: tuple[str, ...]
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def routes(self) -> bool:
        """Whether it sends traffic on. "active_impaired" does, but cannot scale as it needs to (LoadBalancerState)."""
        return self.state in ("active", "active_impaired")

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know besides."""
        if self.state != "active_impaired":
            return ()
        return (f"Load balancer {self.name} is active_impaired: it routes traffic, but lacks what it needs to scale.",)

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        return f"{self.scheme}, {self.state}, in {', '.join(self.zones)}"


def name_of(stack: str) -> str:
    """The load balancer's name."""
    return _names.load_balancer(stack)


def find(aws: Aws, stack: str) -> LoadBalancer | None:
    """The load balancer of this name, whoever made it."""
    found = _describe(aws, stack)
    if found is None:
        return None
    with unless_gone():
        return replace(found, tags=from_list(dict(aws.tags([found.arn])).get(found.arn, [])))
    return None


def _describe(aws: Aws, stack: str) -> LoadBalancer | None:
    try:
        item = next(iter(aws.elbv2.describe_load_balancers(Names=[name_of(stack)])["LoadBalancers"]), None)
    except ClientError as error:
        if code_of(error) == "LoadBalancerNotFound":
            return None
        raise
    if item is None:
        return None
    zones = sorted(item["AvailabilityZones"], key=lambda zone: zone["ZoneName"])
    return LoadBalancer(
        arn=item["LoadBalancerArn"],
        name=item["LoadBalancerName"],
        dns_name=item["DNSName"],
        type=item["Type"],
        scheme=item["Scheme"],
        state=item["State"]["Code"],
        vpc=item["VpcId"],
        zones=tuple(zone["ZoneName"] for zone in zones),
        subnets=tuple(zone["SubnetId"] for zone in zones),
        security_groups=tuple(item.get("SecurityGroups", [])),
    )


def check(aws: Aws, params: Parameters, service: PrivateService) -> LoadBalancer | Missing | Drifted[LoadBalancer]:
    """Compare the load balancer with what it should be."""
    found = find(aws, params.stack)
    if found is None:
        return Missing(f"there is no load balancer {name_of(params.stack)}")
    if not is_ours(found.tags, params.stack) and not params.adopt:
        raise NotOurs("load balancer", found.name, found.arn, params.stack)
    fixed = [
        ("type", found.type, "network"),
        ("scheme", found.scheme, "internal"),
        ("VPC", found.vpc, service.vpc),
        ("security groups", " ".join(found.security_groups), ""),
    ]
    subnets = _subnets(found, params, service)
    # A subnet of another zone can be added. None can be taken away while a VPC link uses the load balancer, nor can a
    # zone's be another.
    added_only = set(found.subnets) <= set(subnets)
    changeable = [
        ("subnets", " ".join(found.subnets), " ".join(subnets)),
        ("state", found.state, found.state if found.routes else "active"),
    ]
    differences = (
        *(Difference(what, is_, wanted, replaces=True) for what, is_, wanted in fixed if is_ != wanted),
        *(
            Difference(what, is_, wanted, replaces=what == "subnets" and not added_only, waits=what == "state")
            for what, is_, wanted in changeable
            if is_ != wanted
        ),
        *tag_differences(found.tags, stack_tags(params)),
    )
    return Drifted(found, differences) if differences else found


def do(aws: Aws, params: Parameters, service: PrivateService) -> LoadBalancer:
    """Create the load balancer, or change it, and wait until it is active. Raises :class:`NeedsReplacing`."""
    match check(aws, params, service):
        case Missing():
            _create(aws, params, service)
        case Drifted(fact, _) as drifted if drifted.replaces:
            if not params.replace:
                raise NeedsReplacing(
                    f"load balancer {fact.name} has "
                    + "; ".join(str(difference) for difference in drifted.differences if difference.replaces)
                    + ". AWS cannot change that: run again with replace to make it anew. Its name and its VPC link "
                    "are taken until it is gone, so the API is down for some minutes."
                )
            _delete(aws, params.stack, fact)
            _create(aws, params, service)
        case Drifted(fact, differences):
            if any(difference.what == "subnets" for difference in differences):
                aws.elbv2.set_subnets(LoadBalancerArn=fact.arn, Subnets=_subnets(fact, params, service))
            retag_load_balancing(aws, fact.arn, fact.tags, stack_tags(params))
        case _:
            return _active(aws, params.stack, just_made=False)
    return _active(aws, params.stack, just_made=True)


def removes(aws: Aws, params: Parameters) -> list[Resource]:
    """The load balancer, if it is the stack's."""
    found = find(aws, params.stack)
    if found is None or not is_ours(found.tags, params.stack):
        return []
    return [Resource.of_arn("load balancer", found.name, found.arn)]


def undo(aws: Aws, params: Parameters) -> None:
    """Delete the load balancer if it is ours, with its listeners, and wait until its interfaces are gone.

    They are waited for also when it was deleted before, by a run that did not live to see them go.
    """
    found = find(aws, params.stack)
    if found is None:
        _wait_until_gone(aws, params.stack)
    elif is_ours(found.tags, params.stack):
        _delete(aws, params.stack, found)


def _subnets(found: LoadBalancer, params: Parameters, service: PrivateService) -> list[str]:
    """Those that were given. Where they follow from the instances: what it has, and the zones that it lacks.

    An instance that is replaced in another zone, as auto scaling does, is no reason to give up a zone.
    """
    wanted = {subnet.zone: subnet.id for subnet in service.subnets}
    if not params.subnets:
        wanted |= dict(zip(found.zones, found.subnets, strict=True))
    return [wanted[zone] for zone in sorted(wanted)]


def _create(aws: Aws, params: Parameters, service: PrivateService) -> None:
    try:
        aws.elbv2.create_load_balancer(
            Name=name_of(params.stack),
            Type="network",
            Scheme="internal",
            Subnets=[subnet.id for subnet in service.subnets],
            Tags=as_list(stack_tags(params)),
        )
    except ClientError as error:
        # Another run made it at the same moment. Whether it is as it should be is looked at again anyhow.
        if code_of(error) != "DuplicateLoadBalancerName":
            raise


def _active(aws: Aws, stack: str, *, just_made: bool) -> LoadBalancer:
    state = ""

    def ready() -> LoadBalancer | None:
        nonlocal state
        found = _describe(aws, stack)
        state = found.state if found else "not there yet"
        if found and state == "failed":
            raise CannotContinue(
                f"AWS could not set up load balancer {found.name} (state failed). "
                "Look at its subnets, undo this step (step load-balancer undo), and run again."
            )
        return found if found and found.routes else None

    return aws.wait_until(
        ready,
        what=f"load balancer {name_of(stack)} to become active",
        state=lambda: state,
        usual=TAKES,
        every=3.0,
        at_once=not just_made,
    )


def _delete(aws: Aws, stack: str, found: LoadBalancer) -> None:
    """While a VPC link uses it AWS refuses to delete it; so a link of ours goes first."""
    _links.delete(aws, [link for link in _links.ours(aws, stack) if found.arn in link.targets])
    with unless_gone():
        aws.elbv2.delete_load_balancer(LoadBalancerArn=found.arn)
    _wait_until_gone(aws, stack)


def _wait_until_gone(aws: Aws, stack: str) -> None:
    name = name_of(stack)
    left: FilterTypeDef = {"Name": "description", "Values": [f"ELB net/{name}/*"]}

    def gone() -> bool | None:
        if _describe(aws, stack) is not None:
            return None
        return None if aws.interfaces(left) else True

    aws.wait_until(gone, what=f"load balancer {name} and its interfaces to be gone", usual=REMOVAL_TAKES, every=5.0)
