"""What is on the path, as AWS tells it: API Gateway's side, and the load balancer's.

What could not be asked is an :class:`Unseen` in the place of its answer, so that one missing permission costs only the
hops that need it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runbook.path.addresses import Caller, Node
from runbook.path.balancing import Registered
from runbook.path.configuration import Configuration
from runbook.path.links import Link, LinkV2
from runbook.path.packets import Acl, Rule
from runbook.trace.model import Unseen, known

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import DeploymentTypeDef, RestApiResponseTypeDef, StageResponseTypeDef
    from mypy_boto3_elbv2.type_defs import ListenerTypeDef, LoadBalancerTypeDef, TargetGroupTypeDef

__all__ = ["Back", "Front", "Place"]


@dataclass(frozen=True, slots=True)
class Front:
    """API Gateway's side, and what a link may lead to. ``None``: AWS says there is none."""

    api: RestApiResponseTypeDef | Unseen | None
    stage: StageResponseTypeDef | Unseen | None
    deployed: Configuration | Unseen | None
    configured: Configuration | Unseen | None
    deployments: Sequence[DeploymentTypeDef] | Unseen | None
    links: Mapping[str, Link] | Unseen
    """V1 links, by id."""
    links_v2: Mapping[str, LinkV2] | Unseen
    """V2 links, by id."""
    balancers: Mapping[str, LoadBalancerTypeDef] | Unseen
    """All load balancers, by ARN."""
    protocol: str | Unseen = ""
    """HTTP or WEBSOCKET, where the id is no REST API's but one of the second interface's."""

    @property
    def variables(self) -> Mapping[str, str]:
        """The stage's variables."""
        return {} if self.stage is None or isinstance(self.stage, Unseen) else self.stage.get("variables", {})

    def balancer_named(self, host: str) -> str:
        """ARN of the load balancer with this DNS name; empty when there is none."""
        named = (key for key, each in known(self.balancers).items() if each.get("DNSName", "").lower() == host)
        return next(named, "") if host else ""

    def link_on(self, balancer: str) -> Link | None:
        """The V1 link on a load balancer, rather one that is AVAILABLE."""
        on_it = [link for link in known(self.links).values() if balancer in link.targets]
        return next((link for link in on_it if link.status == "AVAILABLE"), on_it[0] if on_it else None)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a target is."""

    target: str
    port: int
    subnet: str = ""
    zone: str = ""
    ip: str = ""
    public_ip: str = ""
    groups: tuple[str, ...] = ()
    state: str = ""
    """Of the instance."""
    instance: str = ""
    """Its id, where it is one's."""


@dataclass(frozen=True, slots=True)
class Back:
    """The load balancer's side."""

    balancer: LoadBalancerTypeDef
    listeners: Sequence[ListenerTypeDef] | Unseen
    attributes: Mapping[str, str] | Unseen
    nodes: Sequence[Node] | Unseen
    target_groups: Mapping[str, TargetGroupTypeDef] | Unseen
    """All of the region, by ARN."""
    acls: Sequence[Acl] | Unseen
    internet: Mapping[str, bool] | Unseen
    """Whether a subnet has a route to an internet gateway; under an empty name, those without a route table of their
    own."""
    port: int
    """The one it is called on."""
    listener: ListenerTypeDef | None = None
    """The one the endpoint URL's port asks for."""
    group: TargetGroupTypeDef | None = None
    """The one that the listener that is followed forwards to; where none is, the one that it can only be."""
    more_groups: int = 0
    """How many others it forwards to besides."""
    group_attributes: Mapping[str, str] | Unseen = field(default_factory=dict)
    health: Sequence[Registered] | Unseen = ()
    idle: TargetGroupTypeDef | None = None
    """A target group with registered targets that no load balancer uses, where the one in use has none."""
    places: Mapping[str, Place] | Unseen = field(default_factory=dict)
    """By target id."""
    rules: Sequence[Rule] | Unseen = ()
    """Of the targets' security groups and the load balancer's own."""
    addresses: frozenset[str] | Unseen = frozenset()
    """Of single addresses that rules let in: those that some network interface has."""
    callers: Sequence[Caller] | Unseen | None = None
    """Who calls it; None for PrivateLink (a V1 link), whose addresses are not known."""
    inner: bool = False
    """Whether it is an Application Load Balancer that is the target of another."""
    behind: Back | None = None
    """The Application Load Balancer that is its target."""

    @property
    def followed(self) -> ListenerTypeDef | None:
        """The listener that the way goes on with: the one the endpoint URL's port asks for, else the only one."""
        listeners = known(self.listeners)
        return self.listener or (listeners[0] if len(listeners) == 1 else None)

    @property
    def arn(self) -> str:
        """The load balancer's."""
        return self.balancer["LoadBalancerArn"]

    @property
    def name(self) -> str:
        """The load balancer's."""
        return self.balancer.get("LoadBalancerName", "")

    @property
    def vpc(self) -> str:
        """Where it is."""
        return self.balancer.get("VpcId", "")

    @property
    def is_application(self) -> bool:
        """Whether it is an Application Load Balancer."""
        return self.balancer.get("Type") == "application"

    @property
    def zones(self) -> list[str]:
        """Those it is in."""
        return sorted(zone.get("ZoneName", "") for zone in self.balancer.get("AvailabilityZones", []))

    @property
    def subnets(self) -> list[str]:
        """Those it is in."""
        return [zone.get("SubnetId", "") for zone in self.balancer.get("AvailabilityZones", [])]

    @property
    def own_groups(self) -> tuple[str, ...]:
        """The load balancer's own security groups."""
        return tuple(self.balancer.get("SecurityGroups", []))

    @property
    def spoken(self) -> str:
        """What its listeners and groups are to speak."""
        return "HTTP" if self.is_application else "TCP"

    @property
    def unused_group(self) -> str:
        """The one group for such a load balancer, in its VPC, that none uses; empty when there are none or several."""
        unused = [
            each["TargetGroupArn"]
            for each in known(self.target_groups).values()
            if not each.get("LoadBalancerArns")
            and each.get("VpcId") == self.vpc
            and each.get("Protocol") in (self.spoken, f"{self.spoken}_UDP")
        ]
        return unused[0] if len(unused) == 1 else ""

    @property
    def own_callers(self) -> list[Caller]:
        """Its nodes, on their way to a target."""
        return [caller for node in known(self.nodes) for caller in node.callers]

    @property
    def own_ips(self) -> set[str]:
        """Its nodes' addresses."""
        return {ip for node in known(self.nodes) for ip in node.ips}

    @property
    def preserves_clients(self) -> bool:
        """Whether targets see the addresses of who calls the load balancer ("Client IP preservation")."""
        if self.group is None or self.balancer.get("Type") != "network":
            return False
        preserved = known(self.group_attributes).get("preserve_client_ip.enabled")
        return self.group.get("TargetType") == "alb" or preserved == "true"

    @property
    def crosses_zones(self) -> bool:
        """Whether each of its nodes sends to the targets of all zones."""
        key = "load_balancing.cross_zone.enabled"
        of_group = known(self.group_attributes).get(key, "use_load_balancer_configuration")
        if of_group == "use_load_balancer_configuration":
            return known(self.attributes).get(key) == "true" or self.is_application
        return of_group == "true"

    def reaches_internet(self, subnet: str) -> bool:
        """Whether a subnet is known to have a route to an internet gateway."""
        internet = known(self.internet)
        return internet.get(subnet, internet.get("", False))
