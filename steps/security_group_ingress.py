r"""Security group ingress: let in the load balancer's addresses, and nobody else

One rule for each of the load balancer's addresses, as a /32 on the traffic port (and on the health check's port if
that is another). Each rule is described and tagged.

**Why.** The load balancer has no security group that a rule could name, so its addresses are named. Anything wider, say
the subnet's range, would let in whatever else is started in that subnet.

**Traps.** The load balancer's health checks come from the same addresses: as long as the rules are missing, all
targets are unhealthy. And a load balancer that was made anew has other addresses, so the old rules are stale.

**Takes** a second. **Costs** nothing. At most 60 inbound rules fit into a security group unless the quota was raised.

**In the console:** EC2 → Security Groups → the instances' group → Inbound rules → Edit.

```console
$ aws ec2 authorize-security-group-ingress --group-id sg-... --ip-permissions \
    'IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=10.0.1.23/32,Description="NLB demo-nlb, zone a"}]'
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from runbook.aws import Aws, code_of
from runbook.creating import seen
from runbook.outcome import Difference, Drifted, Missing
from runbook.parameters import Parameters
from runbook.parts import Counting, Part, Tagged
from runbook.path.filters import rules, rules_of_stack
from runbook.path.packets import Rule, is_public
from runbook.permissions import CHECK, DOWN, LIST, LOOK_AT_NETWORK, UP, Statement
from runbook.picture import Box, Place
from runbook.record import STACK, as_list, from_list, stack_tags
from runbook.removing import Resource, unless_gone
from steps.nlb_addresses import NlbAddresses
from steps.preflight import PrivateService
from steps.target_group import TargetGroup

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import TagSpecificationTypeDef

READS = ("health_check_port", "port")
BOX = Box(Place.ADDRESSES, "Security group", ("{source}",), each="rules", hops=("security-group",), short="Rules")
HOPS = {"security-group": "rule "}

_LET_IN = Statement(
    "LetLoadBalancerIn",
    lambda scope: [
        scope.arn("ec2", f"security-group/{scope.security_group}"),
        scope.arn("ec2", "security-group-rule/*"),
    ],
)
_TAG = Statement(
    "TagRules",
    lambda scope: [scope.arn("ec2", "security-group-rule/*")],
    lambda scope: {
        "StringEquals": {
            f"aws:RequestTag/{STACK}": scope.stack,
            "ec2:CreateAction": "AuthorizeSecurityGroupIngress",
        }
    },
)
PERMISSIONS = (
    LOOK_AT_NETWORK.allow(CHECK, DOWN, LIST, actions="ec2:DescribeSecurityGroupRules"),
    _LET_IN.allow(UP, actions="ec2:AuthorizeSecurityGroupIngress"),
    _LET_IN.allow(UP, DOWN, actions="ec2:RevokeSecurityGroupIngress"),
    _TAG.allow(UP, actions="ec2:CreateTags"),
)


def _all(aws: Aws, _: Counting) -> Iterator[Tagged]:
    tagged = aws.ec2.get_paginator("describe_security_group_rules").paginate(
        Filters=[{"Name": "tag-key", "Values": [STACK]}]
    )
    for pages in tagged:
        for rule in pages["SecurityGroupRules"]:
            yield Tagged(from_list(rule.get("Tags", [])))


PART = Part("security group rule", _all)


@dataclass(frozen=True, slots=True)
class Ingress:
    """Who may reach the instances on the traffic port and the health check's port."""

    security_group: str
    rules: tuple[Rule, ...]
    """The rules that let the load balancer in, and whatever else of ours there is."""
    open_to_internet: tuple[Rule, ...] = ()
    """Rules, never ours, that let any public address in on the traffic port."""

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        return "let in: " + ", ".join(sorted(f"{rule.source} on {rule.ports}" for rule in self.rules))


def check(
    aws: Aws, params: Parameters, service: PrivateService, nlb: NlbAddresses
) -> Ingress | Missing | Drifted[Ingress]:
    """Whether each address is let in, and no rule of ours lets in anything else."""
    group = service.security_group
    inbound, ours = aws.both(lambda: _inbound(aws, group), lambda: _ours(aws, params.stack))
    wanted = _wanted(params, nlb)
    absent = _absent(inbound, wanted, params.stack)
    stale = [rule for rule in ours if rule.group != group or not _is_wanted(rule, wanted)]
    ingress = Ingress(
        security_group=service.security_group,
        rules=tuple(
            rule for rule in inbound if rule.stack == params.stack or any(rule.admits(ip, port) for ip, port in wanted)
        ),
        open_to_internet=tuple(rule for rule in inbound if is_public(rule) and rule.spans(params.port)),
    )
    if not stale and len(absent) == len(wanted):
        return Missing(f"security group {service.security_group} does not let in {', '.join(nlb.ips)}")
    differences = (
        *(Difference(f"rule for {ip}/32 on port {port}", "", "there") for ip, port in absent),
        *(Difference(f"rule {rule.id} for {rule.source} on {rule.ports}", "there", "") for rule in stale),
    )
    return Drifted(ingress, differences) if differences else ingress


def do(aws: Aws, params: Parameters, service: PrivateService, nlb: NlbAddresses, targets: TargetGroup) -> Ingress:
    """Let in what is not let in yet, then take away rules of ours that are no longer wanted, in any group.

    The target group comes first: while it may not be replaced, requests go on to the port that it has.
    """
    del targets
    group = service.security_group
    wanted = _wanted(params, nlb)
    zone_of = {address.ip: address.zone for address in nlb.addresses}
    absent = _absent(_inbound(aws, group), wanted, params.stack)
    if absent:
        _let_in(
            aws, params, group, [(ip, port, f"NLB of stack {params.stack} in {zone_of[ip]}") for ip, port in absent]
        )
    for rule in _ours(aws, params.stack):
        if rule.group != group or not _is_wanted(rule, wanted):
            _take_away(aws, rule)

    def let_in() -> Ingress | None:
        match check(aws, params, service, nlb):
            case Ingress() as ingress:
                return ingress
            case _:
                return None

    return seen(aws, let_in, what="the security group's rules")


def removes(aws: Aws, params: Parameters) -> list[Resource]:
    """The rules that carry the stack's tag, in whichever security group."""
    return [
        Resource("security group rule", f"{rule.source} in {rule.group}", rule.id) for rule in _ours(aws, params.stack)
    ]


def undo(aws: Aws, params: Parameters) -> None:
    """Take away every rule that carries our tag, in whichever security group."""
    for rule in _ours(aws, params.stack):
        _take_away(aws, rule)


def _wanted(params: Parameters, nlb: NlbAddresses) -> list[tuple[str, int]]:
    ports = dict.fromkeys([params.port, params.health_check_port or params.port])
    return [(ip, port) for ip in nlb.ips for port in ports]


def _is_wanted(rule: Rule, wanted: Sequence[tuple[str, int]]) -> bool:
    """Whether a rule lets in one wanted address on its port, and nothing else."""
    return rule.protocol == "tcp" and any(
        rule.source == f"{ip}/32" and rule.low == rule.high == port for ip, port in wanted
    )


def _absent(inbound: Sequence[Rule], wanted: Sequence[tuple[str, int]], stack: str) -> list[tuple[str, int]]:
    """What is not let in, or only by a rule of the stack's that will be taken away."""
    lasting = [rule for rule in inbound if rule.stack != stack or _is_wanted(rule, wanted)]
    return [(ip, port) for ip, port in wanted if not any(rule.admits(ip, port) for rule in lasting)]


def _inbound(aws: Aws, group: str) -> list[Rule]:
    return [rule for rule in rules(aws, [group]) if not rule.egress]


def _ours(aws: Aws, stack: str) -> list[Rule]:
    """The stack's inbound rules, in any security group."""
    return [rule for rule in rules_of_stack(aws, stack) if not rule.egress]


def _let_in(aws: Aws, params: Parameters, group: str, wanted: Sequence[tuple[str, int, str]]) -> None:
    tags: TagSpecificationTypeDef = {"ResourceType": "security-group-rule", "Tags": as_list(stack_tags(params))}
    ranges = groupby(sorted(wanted, key=itemgetter(1)), key=itemgetter(1))
    try:
        aws.ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": port,
                    "ToPort": port,
                    "IpRanges": [{"CidrIp": f"{ip}/32", "Description": text} for ip, _, text in on_port],
                }
                for port, on_port in ranges
            ],
            TagSpecifications=[tags],
        )
    except ClientError as error:
        if code_of(error) != "InvalidPermission.Duplicate":
            raise
        if len(wanted) > 1:  # one was made by a request whose answer was lost, and AWS refuses all for it
            for each in wanted:
                _let_in(aws, params, group, [each])


def _take_away(aws: Aws, rule: Rule) -> None:
    with unless_gone():
        aws.ec2.revoke_security_group_ingress(GroupId=rule.group, SecurityGroupRuleIds=[rule.id])
