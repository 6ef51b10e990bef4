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

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from runbook.aws import Aws, code_of
from runbook.creating import seen
from runbook.outcome import Difference, Drifted, Missing
from runbook.parameters import Parameters
from runbook.record import STACK, as_list, from_list, is_ours, stack_tags
from runbook.removing import unless_gone
from steps.nlb_addresses import NlbAddresses
from steps.preflight import PrivateService
from steps.target_group import TargetGroup

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, SecurityGroupRuleTypeDef, TagSpecificationTypeDef


@dataclass(frozen=True, slots=True)
class IngressRule:
    """An inbound rule of the security group."""

    id: str
    source: str
    """A CIDR range, or the id of a security group or prefix list."""
    protocol: str
    """``tcp``, or ``-1`` for all."""
    from_port: int
    to_port: int
    ours: bool

    def admits(self, ip: str, port: int) -> bool:
        """Whether TCP from this address to this port passes by this rule. A named group or list admits none here."""
        if self.protocol not in ("tcp", "6", "-1") or not (self.protocol == "-1" or self._spans(port)):
            return False
        try:
            return ipaddress.ip_address(ip) in ipaddress.ip_network(self.source)
        except ValueError:
            return False

    def _spans(self, port: int) -> bool:
        return self.from_port <= port <= self.to_port

    @property
    def ports(self) -> str:
        """The ports as people write them."""
        if self.protocol == "-1" or (self.from_port, self.to_port) == (0, 65535):
            return "all ports"
        return str(self.from_port) if self.from_port == self.to_port else f"{self.from_port}-{self.to_port}"


@dataclass(frozen=True, slots=True)
class Ingress:
    """Who may reach the instances on the traffic port and the health check's port."""

    security_group: str
    rules: tuple[IngressRule, ...]
    """The rules that let the load balancer in, and whatever else of ours there is."""
    open_to_internet: tuple[IngressRule, ...] = ()
    """Rules, never ours, that let any public address in on the traffic port."""

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        return "let in: " + ", ".join(sorted(f"{rule.source} on {_port(rule)}" for rule in self.rules))


def check(
    aws: Aws, params: Parameters, service: PrivateService, nlb: NlbAddresses
) -> Ingress | Missing | Drifted[Ingress]:
    """Whether each address is let in, and no rule of ours lets in anything else."""
    group = service.security_group
    rules, tagged = aws.both(lambda: _rules(aws, group, params.stack), lambda: _tagged(aws, params.stack))
    wanted = _wanted(params, nlb)
    absent = _absent(rules, wanted)
    stale = [rule for other, rule in tagged if other != group or _is_stale(rule, wanted)]
    ingress = Ingress(
        security_group=service.security_group,
        rules=tuple(rule for rule in rules if rule.ours or any(rule.admits(ip, port) for ip, port in wanted)),
        open_to_internet=tuple(rule for rule in rules if is_public(rule) and _covers(rule, params.port)),
    )
    if not stale and len(absent) == len(wanted):
        return Missing(f"security group {service.security_group} does not let in {', '.join(nlb.ips)}")
    differences = (
        *(Difference(f"rule for {ip}/32 on port {port}", "", "there") for ip, port in absent),
        *(Difference(f"rule {rule.id} for {rule.source} on {_port(rule)}", "there", "") for rule in stale),
    )
    return Drifted(ingress, differences) if differences else ingress


def do(aws: Aws, params: Parameters, service: PrivateService, nlb: NlbAddresses, targets: TargetGroup) -> Ingress:
    """Let in what is not let in yet, then take away rules of ours that are no longer wanted, in any group.

    The target group comes first: while it may not be replaced, requests go on to the port that it has.
    """
    del targets
    group = service.security_group
    wanted = _wanted(params, nlb)
    rules = _rules(aws, group, params.stack)
    zone_of = {address.ip: address.zone for address in nlb.addresses}
    absent = _absent(rules, wanted)
    if absent:
        _let_in(
            aws, params, group, [(ip, port, f"NLB of stack {params.stack} in {zone_of[ip]}") for ip, port in absent]
        )
    for other, rule in _tagged(aws, params.stack):
        if other != group or _is_stale(rule, wanted):
            _take_away(aws, other, rule.id)

    def let_in() -> Ingress | None:
        match check(aws, params, service, nlb):
            case Ingress() as ingress:
                return ingress
            case _:
                return None

    return seen(aws, let_in, what="the security group's rules")


def undo(aws: Aws, params: Parameters) -> None:
    """Take away every rule that carries our tag, in whichever security group."""
    for group, rule in _tagged(aws, params.stack):
        _take_away(aws, group, rule.id)


def _wanted(params: Parameters, nlb: NlbAddresses) -> list[tuple[str, int]]:
    ports = dict.fromkeys([params.port, params.health_check_port or params.port])
    return [(ip, port) for ip in nlb.ips for port in ports]


def _is_stale(rule: IngressRule, wanted: Sequence[tuple[str, int]]) -> bool:
    """Whether a rule of ours lets in something else than one wanted address on its port."""
    return rule.ours and not (
        rule.protocol == "tcp"
        and any(rule.source == f"{ip}/32" and rule.from_port == rule.to_port == port for ip, port in wanted)
    )


def _absent(rules: Sequence[IngressRule], wanted: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """What is not let in, or only by a rule of ours that will be taken away."""
    lasting = [rule for rule in rules if not _is_stale(rule, wanted)]
    return [(ip, port) for ip, port in wanted if not any(rule.admits(ip, port) for rule in lasting)]


# Who has one of these addresses is in a private network (RFC 1918, 3927, 4193, 4291, 6598).
_PRIVATE: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = [
    *map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")),
    *map(ipaddress.IPv4Network, ("127.0.0.0/8", "169.254.0.0/16")),
    *map(ipaddress.IPv6Network, ("fc00::/7", "fe80::/10", "::1/128")),
]


def is_public(rule: IngressRule) -> bool:
    """Whether a rule lets in addresses of the internet."""
    try:
        network = ipaddress.ip_network(rule.source)
    except ValueError:
        return False  # a security group or prefix list
    return not any(network.version == private.version and network.subnet_of(private) for private in _PRIVATE)  # type: ignore[arg-type]


def _covers(rule: IngressRule, port: int) -> bool:
    return rule.protocol == "-1" or (rule.protocol in ("tcp", "6") and rule.from_port <= port <= rule.to_port)


def _port(rule: IngressRule) -> str:
    return rule.ports if rule.ports.startswith("all") else f"port {rule.ports}"


def _rules(aws: Aws, group: str, stack: str) -> list[IngressRule]:
    return [rule for _, rule in _inbound(aws, stack, {"Name": "group-id", "Values": [group]})]


def _tagged(aws: Aws, stack: str) -> list[tuple[str, IngressRule]]:
    return _inbound(aws, stack, {"Name": f"tag:{STACK}", "Values": [stack]})


def _inbound(aws: Aws, stack: str, which: FilterTypeDef) -> list[tuple[str, IngressRule]]:
    """Inbound rules, each with the id of its security group."""
    pages = aws.ec2.get_paginator("describe_security_group_rules").paginate(Filters=[which])
    items = (item for page in pages for item in page["SecurityGroupRules"])
    return [(item["GroupId"], _rule(item, stack)) for item in items if not item["IsEgress"]]


def _rule(item: SecurityGroupRuleTypeDef, stack: str) -> IngressRule:
    source = (
        item.get("CidrIpv4")
        or item.get("CidrIpv6")
        or item.get("PrefixListId")
        or item.get("ReferencedGroupInfo", {}).get("GroupId", "")
    )
    return IngressRule(
        id=item["SecurityGroupRuleId"],
        source=source,
        protocol=item["IpProtocol"],
        from_port=item.get("FromPort", -1),
        to_port=item.get("ToPort", -1),
        ours=is_ours(from_list(item.get("Tags", [])), stack),
    )


def _let_in(aws: Aws, params: Parameters, group: str, rules: Sequence[tuple[str, int, str]]) -> None:
    tags: TagSpecificationTypeDef = {"ResourceType": "security-group-rule", "Tags": as_list(stack_tags(params))}
    ranges = groupby(sorted(rules, key=itemgetter(1)), key=itemgetter(1))
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
        if len(rules) > 1:  # one was made by a request whose answer was lost, and AWS refuses all for it
            for rule in rules:
                _let_in(aws, params, group, [rule])


def _take_away(aws: Aws, group: str, rule_id: str) -> None:
    with unless_gone():
        aws.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule_id])
