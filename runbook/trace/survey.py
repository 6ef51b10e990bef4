"""Everything a trace looks at, asked of AWS in a few waves, each side by side.

Nothing is judged here. What could not be asked is an :class:`Unseen` in the place of its answer, so that one missing
permission costs only the hops that need it.
"""

from __future__ import annotations

import contextvars
import ipaddress
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.exceptions import ClientError

from runbook.aws import Aws, code_of
from runbook.errors import RunbookError
from runbook.explain import explain
from runbook.policy import allowing
from runbook.trace.configuration import (
    Configuration,
    Endpoint,
    Integration,
    Match,
    exported,
    located,
    match,
    resolved,
    resourced,
)
from runbook.trace.links import v2_links
from runbook.trace.model import Unseen
from runbook.trace.packets import Acl, Rule
from runbook.trace.target import Target

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import DeploymentTypeDef, ResourceTypeDef, RestApiTypeDef, StageTypeDef
    from mypy_boto3_ec2.type_defs import InstanceTypeDef, NetworkInterfaceTypeDef
    from mypy_boto3_elbv2.type_defs import (
        ListenerTypeDef,
        LoadBalancerTypeDef,
        TargetGroupTypeDef,
        TargetHealthDescriptionTypeDef,
    )

__all__ = [
    "Aim",
    "Back",
    "Caller",
    "Front",
    "Link",
    "LinkV2",
    "Node",
    "Place",
    "Survey",
    "aim_at",
    "preserves_clients",
    "reaches_internet",
    "survey",
]

T = TypeVar("T")

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Client.UnauthorizedOperation"})
_LOGIN = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "AuthFailure",
        "SignatureDoesNotMatch",
    }
)
_ACTION = re.compile(r"perform: (\S+?)(?: on resource: (\S+))?(?: because|$|\s)")


@dataclass(frozen=True, slots=True)
class Link:
    """A VPC link."""

    id: str
    name: str
    status: str
    message: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinkV2:
    """A V2 VPC link."""

    id: str
    name: str
    status: str
    message: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Front:
    """API Gateway's side, and what a link may lead to. ``None``: AWS says there is none."""

    api: RestApiTypeDef | Unseen | None
    stage: StageTypeDef | Unseen | None
    deployed: Configuration | Unseen | None
    configured: Configuration | Unseen | None
    deployments: Sequence[DeploymentTypeDef] | Unseen | None
    links: Mapping[str, Link] | Unseen
    """V1 links, by id."""
    links_v2: Mapping[str, LinkV2] | Unseen
    """V2 links, by id."""
    balancers: Mapping[str, LoadBalancerTypeDef] | Unseen
    """All load balancers, by ARN."""

    @property
    def variables(self) -> Mapping[str, str]:
        """The stage's variables."""
        return {} if self.stage is None or isinstance(self.stage, Unseen) else self.stage.get("variables", {})


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a configuration sends the request."""

    match: Match | None = None
    substitute: Match | None = None
    """A route to go on with where the request meets none, so that what lies behind is looked at too."""
    endpoint: Endpoint | None = None
    connection_id: str = ""
    """As resolved with the stage's variables."""
    link: Link | None = None
    link_v2: LinkV2 | None = None
    balancer: str = ""
    """ARN of the load balancer the path goes on with; empty when there is nothing to follow."""
    balancer_by_host: bool = False
    """The link does not tell the load balancer; the endpoint URL's host does."""

    @property
    def integration(self) -> Integration | None:
        """What the request, or its substitute, calls."""
        found = self.match if self.match and self.match.method else self.substitute
        return found.method.integration if found and found.method else None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who connects, as packet filters see it."""

    where: str
    """A range of addresses (CIDR); a single one ends in /32."""
    subnet: str
    groups: tuple[str, ...] = ()

    @property
    def ip(self) -> str:
        """One of its addresses, to stand for all."""
        network = ipaddress.ip_network(self.where)
        # The first four of a subnet are AWS's own.
        return str(network.network_address + (4 if network.num_addresses > 4 else 0))

    def __str__(self) -> str:
        return self.where.removesuffix("/32")


@dataclass(frozen=True, slots=True)
class Node:
    """A load balancer in one subnet."""

    interface: str
    subnet: str
    zone: str
    ips: tuple[str, ...]
    groups: tuple[str, ...]

    @property
    def callers(self) -> list[Caller]:
        """The node, on its way to a target."""
        return [Caller(f"{ip}/32", self.subnet, self.groups) for ip in self.ips]


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
    internet_subnets: frozenset[str] | Unseen = frozenset()
    """Subnets with a route to an internet gateway."""
    listener: ListenerTypeDef | None = None
    """The one the endpoint URL's port asks for."""
    group: TargetGroupTypeDef | None = None
    """The one the listener forwards to."""
    more_groups: int = 0
    """How many others it forwards to besides."""
    group_attributes: Mapping[str, str] | Unseen = field(default_factory=dict)
    health: Sequence[TargetHealthDescriptionTypeDef] | Unseen = ()
    idle: TargetGroupTypeDef | None = None
    """A target group with registered targets that no load balancer uses, where the one in use has none."""
    places: Mapping[str, Place] | Unseen = field(default_factory=dict)
    """By target id."""
    rules: Sequence[Rule] | Unseen = ()
    """Of the targets' security groups and the load balancer's own."""
    addresses: frozenset[str] | Unseen = frozenset()
    """Of single addresses that rules let in: those that some network interface has."""
    port: int = 0
    """The one it is called on."""
    callers: Sequence[Caller] | Unseen | None = None
    """Who calls it; None for PrivateLink (a V1 link), whose addresses are not known."""
    inner: bool = False
    """Whether it is an Application Load Balancer that is the target of another."""
    behind: Back | None = None
    """The Application Load Balancer that is its target."""

    @property
    def own_groups(self) -> tuple[str, ...]:
        """The load balancer's own security groups."""
        return tuple(self.balancer.get("SecurityGroups", []))


@dataclass(frozen=True, slots=True)
class Survey:
    """All that was seen."""

    front: Front
    aim: Aim
    back: Back | None
    lacking: tuple[str, ...] = ()
    """The statements, as JSON, that a policy of the caller lacks to look at the rest."""


def survey(aws: Aws, target: Target) -> Survey:
    """Look at everything on the path. Only reads; nothing is judged. Raises only what ends the whole login."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        surveyor = _Surveyor(aws, pool)
        front = surveyor.front(target)
        served = front.deployed if isinstance(front.deployed, Configuration) else front.configured
        aim = aim_at(front, served if isinstance(served, Configuration) else None, target)
        balancer = None if isinstance(front.balancers, Unseen) else front.balancers.get(aim.balancer)
        back = None
        if balancer is not None:
            subnets = surveyor.subnets(aim.link_v2) if aim.link_v2 else None
            back = surveyor.back(balancer, front, aim.endpoint.port if aim.endpoint else 0, subnets)
        return Survey(front, aim, back, tuple(surveyor.lacking))


def aim_at(front: Front, configuration: Configuration | None, target: Target) -> Aim:
    """Follow a configuration as far as API Gateway and the list of links and load balancers tell."""
    if configuration is None:
        return Aim()
    met = match(configuration, target.method, target.path)
    substitute = None
    if met is None or met.method is None:
        substitute = _substitute(front, configuration)
    found = met if met and met.method else substitute
    called = found.method.integration if found and found.method else None
    if found is None or called is None or not called.private:
        return Aim(met, substitute, _endpoint(called, found, front.variables) if called and found else None)
    endpoint = _endpoint(called, found, front.variables)
    connection_id = resolved(called.connection_id, front.variables)
    links = {} if isinstance(front.links, Unseen) else front.links
    balancers = {} if isinstance(front.balancers, Unseen) else front.balancers
    link = links.get(connection_id)
    link_v2 = None if isinstance(front.links_v2, Unseen) else front.links_v2.get(connection_id)
    arn = called.target or (link.targets[0] if link and link.targets else "")
    if arn in balancers:
        return Aim(met, substitute, endpoint, connection_id, link, link_v2, arn)
    host = endpoint.host if endpoint else ""
    named = next((key for key, each in balancers.items() if host and each.get("DNSName", "").lower() == host), "")
    return Aim(met, substitute, endpoint, connection_id, link, link_v2, named, balancer_by_host=bool(named))


def _substitute(front: Front, configuration: Configuration) -> Match | None:
    """A route to go on with: the greediest one that goes through a link."""
    configured = front.configured.methods if isinstance(front.configured, Configuration) else {}
    candidates = [
        method
        for method in (*configuration.methods.values(), *configured.values())
        if method.integration is not None and method.integration.private
    ]
    if not candidates:
        return None
    chosen = max(candidates, key=lambda method: ("+}" in method.path, -len(method.path)))
    return Match(chosen.path, {}, chosen)


def _endpoint(called: Integration, found: Match, variables: Mapping[str, str]) -> Endpoint | None:
    paths = {
        name: found.values.get(value.removeprefix("method.request.path."), "")
        if value.startswith("method.request.path.")
        else value.strip("'")
        for name, value in called.mapped_paths.items()
    }
    return Endpoint.of(resolved(called.uri, variables, paths))


class _Surveyor:
    def __init__(self, aws: Aws, pool: ThreadPoolExecutor) -> None:
        self.aws = aws
        self.pool = pool
        self.lacking: dict[str, None] = {}

    def ask(self, action: str, question: Callable[[], T], *, absent: Collection[str] = ()) -> Future[T | Unseen | None]:
        """Ask in a thread of its own. None stands for the answers that mean that there is none."""

        def asked() -> T | Unseen | None:
            try:
                return question()
            except ClientError as error:
                code = code_of(error)
                if code in absent:
                    return None
                if code in _LOGIN:
                    raise RunbookError(explain(error)) from error
                if code in _DENIED:
                    refused = _refused(error, action)
                    self.lacking[json.dumps(allowing(*refused, "", self.aws.region))] = None
                    return Unseen(f"not allowed: {' on '.join(filter(None, refused))}")
                return Unseen(explain(error))

        return self.pool.submit(contextvars.copy_context().run, asked)

    # --- API Gateway --------------------------------------------------------------------------------------------

    def front(self, target: Target) -> Front:
        gateway, api_id, region = self.aws.apigateway, target.api_id, self.aws.region
        under = f"apigateway:GET on arn:aws:apigateway:{region}::/restapis/{api_id}"
        gone = ("NotFoundException",)
        api = self.ask(under, lambda: gateway.get_rest_api(restApiId=api_id), absent=gone)
        stage = self.ask(
            f"{under}/stages/{target.stage}",
            lambda: gateway.get_stage(restApiId=api_id, stageName=target.stage),
            absent=gone,
        )
        export = self.ask(
            f"{under}/stages/{target.stage}/exports/oas30",
            lambda: exported(
                gateway.get_export(
                    restApiId=api_id,
                    stageName=target.stage,
                    exportType="oas30",
                    parameters={"extensions": "apigateway"},
                    accepts="application/json",
                )["body"].read()
            ),
            absent=gone,
        )
        resources = self.ask(f"{under}/resources", partial(self._resources, api_id), absent=gone)
        deployments = self.ask(f"{under}/deployments", partial(self._deployments, api_id), absent=gone)
        links = self.ask(f"apigateway:GET on arn:aws:apigateway:{region}::/vpclinks", self._links)
        links_v2 = self.ask(f"apigateway:GET on arn:aws:apigateway:{region}::/vpclinks", self._links_v2)
        balancers = self.ask("elasticloadbalancing:DescribeLoadBalancers", self._balancers)
        seen_api, seen_resources = api.result(), resources.result()
        policy = seen_api.get("policy") if seen_api and not isinstance(seen_api, Unseen) else None
        configured = resourced(seen_resources, policy) if isinstance(seen_resources, list) else _none(seen_resources)
        deployed = export.result() if target.stage else None
        if isinstance(deployed, Configuration) and isinstance(configured, Configuration):
            deployed = located(deployed, configured)
        return Front(
            api=cast("RestApiTypeDef | Unseen | None", seen_api),
            stage=cast("StageTypeDef | Unseen | None", stage.result()) if target.stage else None,
            deployed=deployed,
            configured=configured,
            deployments=deployments.result(),
            links=links.result() or {},
            links_v2=links_v2.result() or {},
            balancers=balancers.result() or {},
        )

    def _resources(self, api_id: str) -> list[ResourceTypeDef]:
        pages = self.aws.apigateway.get_paginator("get_resources").paginate(
            restApiId=api_id, embed=["methods"], PaginationConfig={"PageSize": 500}
        )
        return [item for page in pages for item in page["items"]]

    def _deployments(self, api_id: str) -> list[DeploymentTypeDef]:
        # The newest ones are enough, and one page of them; AWS does not say in which order it lists them.
        found = self.aws.apigateway.get_deployments(restApiId=api_id, limit=500)["items"]
        return sorted(found, key=lambda item: item["createdDate"], reverse=True)

    def _links(self) -> dict[str, Link]:
        pages = self.aws.apigateway.get_paginator("get_vpc_links").paginate(PaginationConfig={"PageSize": 500})
        return {
            item["id"]: Link(
                id=item["id"],
                name=item.get("name", ""),
                status=item.get("status", ""),
                message=item.get("statusMessage", ""),
                targets=tuple(item.get("targetArns", [])),
            )
            for page in pages
            for item in page["items"]
        }

    def _links_v2(self) -> dict[str, LinkV2]:
        return {
            item["VpcLinkId"]: LinkV2(
                id=item["VpcLinkId"],
                name=item.get("Name", ""),
                status=item.get("VpcLinkStatus", ""),
                message=item.get("VpcLinkStatusMessage", ""),
                subnets=tuple(item.get("SubnetIds", [])),
                groups=tuple(item.get("SecurityGroupIds", [])),
            )
            for item in v2_links(self.aws)
        }

    def subnets(self, link: LinkV2) -> Future[list[Caller] | Unseen | None]:
        """A V2 link's interfaces are somewhere in its subnets, with its security groups."""

        def callers() -> list[Caller]:
            found = self.aws.ec2.describe_subnets(SubnetIds=list(link.subnets))["Subnets"]
            return [Caller(item["CidrBlock"], item["SubnetId"], link.groups) for item in found]

        return self.ask("ec2:DescribeSubnets", callers, absent=("InvalidSubnetID.NotFound",))

    def _balancers(self) -> dict[str, LoadBalancerTypeDef]:
        pages = self.aws.elbv2.get_paginator("describe_load_balancers").paginate()
        return {item["LoadBalancerArn"]: item for page in pages for item in page["LoadBalancers"]}

    # --- load balancer and what is behind it --------------------------------------------------------------------

    def back(
        self,
        balancer: LoadBalancerTypeDef,
        front: Front,
        port: int,
        callers: Future[list[Caller] | Unseen | None] | None = None,
        *,
        inner: bool = False,
    ) -> Back:
        arn, vpc = balancer["LoadBalancerArn"], balancer.get("VpcId", "")
        elb = self.aws.elbv2
        listeners = self.ask("elasticloadbalancing:DescribeListeners", partial(self._listeners, arn))
        # An Application Load Balancer's own attributes decide nothing here: it always crosses zones.
        attributes = (
            None
            if balancer.get("Type") == "application"
            else self.ask(
                "elasticloadbalancing:DescribeLoadBalancerAttributes",
                lambda: _pairs(elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]),
            )
        )
        nodes = self.ask("ec2:DescribeNetworkInterfaces", partial(self._nodes, arn))
        groups = self.ask("elasticloadbalancing:DescribeTargetGroups", self._target_groups)
        acls = self.ask("ec2:DescribeNetworkAcls", partial(self._acls, vpc))
        routes = self.ask("ec2:DescribeRouteTables", partial(self._internet_subnets, vpc, balancer))
        back = Back(
            balancer=balancer,
            listeners=_never(listeners.result()),
            attributes=_never(attributes.result()) if attributes else {},
            nodes=_never(nodes.result()),
            target_groups=_never(groups.result()),
            acls=_never(acls.result()),
            internet_subnets=_never(routes.result()),
            port=port,
            callers=(callers.result() or []) if callers else None,
            inner=inner,
        )
        return self._targets(self._forwarded(back), front)

    def _forwarded(self, back: Back) -> Back:
        """With the listener on the endpoint URL's port, else the only one, and the group it forwards to."""
        if isinstance(back.listeners, Unseen):
            return back
        listener = next((each for each in back.listeners if each["Port"] == back.port), None)
        followed = listener or (back.listeners[0] if len(back.listeners) == 1 else None)
        if followed is None or isinstance(back.target_groups, Unseen):
            return replace(back, listener=listener)
        arns = [
            arn
            for action in followed.get("DefaultActions", [])
            for arn in (
                [each.get("TargetGroupArn", "") for each in action.get("ForwardConfig", {}).get("TargetGroups", [])]
                or [action.get("TargetGroupArn", "")]
            )
            if arn
        ]
        known = [back.target_groups[arn] for arn in dict.fromkeys(arns) if arn in back.target_groups]
        group = known[0] if known else None
        return replace(back, listener=listener, group=group, more_groups=max(0, len(known) - 1))

    def _targets(self, back: Back, front: Front) -> Back:
        group = back.group
        if group is None:
            return back
        elb, arn = self.aws.elbv2, group["TargetGroupArn"]
        attributes = self.ask(
            "elasticloadbalancing:DescribeTargetGroupAttributes",
            lambda: _pairs(elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]),
        )
        health = self.ask("elasticloadbalancing:DescribeTargetHealth", partial(self._health, arn))
        back = replace(back, group_attributes=_never(attributes.result()), health=_never(health.result()))
        if isinstance(back.health, Unseen):
            return back
        if not back.health:
            return replace(back, idle=self._idle(back, group))
        kind = group.get("TargetType", "instance")
        ids = sorted({each["Target"]["Id"] for each in back.health})
        if kind == "alb":
            return self._behind(back, front, ids[0])
        places = self.ask(
            "ec2:DescribeInstances" if kind == "instance" else "ec2:DescribeNetworkInterfaces",
            partial(self._instances if kind == "instance" else self._addressed, ids, group),
        ).result()
        return self._filters(replace(back, places=_never(places)))

    def _idle(self, back: Back, empty: TargetGroupTypeDef) -> TargetGroupTypeDef | None:
        """A group with targets that nobody uses: where the listener should perhaps point."""
        known = {} if isinstance(back.target_groups, Unseen) else back.target_groups
        candidates = [
            group
            for group in known.values()
            if not group.get("LoadBalancerArns")
            and group.get("VpcId") == empty.get("VpcId")
            and group.get("Protocol") == empty.get("Protocol")
        ][:2]
        asked = [
            (
                group,
                self.ask("elasticloadbalancing:DescribeTargetHealth", partial(self._health, group["TargetGroupArn"])),
            )
            for group in candidates
        ]
        return next(
            (group for group, health in asked if (found := health.result()) and not isinstance(found, Unseen)), None
        )

    def _behind(self, back: Back, front: Front, arn: str) -> Back:
        """An Application Load Balancer as target: all of it is looked at, one level deep."""
        known = {} if isinstance(front.balancers, Unseen) else front.balancers
        if arn not in known or back.inner or isinstance(back.health, Unseen):
            return self._filters(back)
        port = next(each["Target"].get("Port", back.port) for each in back.health if each["Target"]["Id"] == arn)
        nodes: Any = Future()
        if back.callers is not None and preserves_clients(back):
            nodes.set_result(back.callers)
        else:
            unseen = isinstance(back.nodes, Unseen)
            nodes.set_result(back.nodes if unseen else [each for node in back.nodes for each in node.callers])  # type: ignore[union-attr]
        behind = self.back(known[arn], front, port, nodes, inner=True)
        return self._filters(replace(back, behind=behind))

    def _filters(self, back: Back) -> Back:
        places = {} if isinstance(back.places, Unseen) else back.places
        callers = [] if back.callers is None or isinstance(back.callers, Unseen) else back.callers
        of_callers = {group for caller in callers for group in caller.groups}
        of_targets = {group for place in places.values() for group in place.groups}
        groups = sorted(of_targets | {*back.own_groups} | of_callers)
        if not groups:
            return back
        answer = self.ask("ec2:DescribeSecurityGroupRules", partial(self._rules, groups))
        rules = _never(answer.result())
        if isinstance(rules, Unseen):
            return replace(back, rules=rules)
        nodes = () if isinstance(back.nodes, Unseen) else back.nodes
        own = {ip for node in nodes for ip in node.ips}
        single = sorted(
            {
                str(rule.network.network_address)
                for rule in rules
                if not rule.egress and rule.network is not None and rule.network.num_addresses == 1
            }
            - own
        )
        if not single:
            return replace(back, rules=rules)
        held = self.ask("ec2:DescribeNetworkInterfaces", partial(self._held, single))
        return replace(back, rules=rules, addresses=_never(held.result()))

    def _listeners(self, arn: str) -> list[ListenerTypeDef]:
        pages = self.aws.elbv2.get_paginator("describe_listeners").paginate(LoadBalancerArn=arn)
        return [item for page in pages for item in page["Listeners"]]

    def _target_groups(self) -> dict[str, TargetGroupTypeDef]:
        pages = self.aws.elbv2.get_paginator("describe_target_groups").paginate()
        return {item["TargetGroupArn"]: item for page in pages for item in page["TargetGroups"]}

    def _health(self, arn: str) -> list[TargetHealthDescriptionTypeDef]:
        return self.aws.elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]

    def _nodes(self, arn: str) -> list[Node]:
        description = f"ELB {arn.partition(':loadbalancer/')[2]}"
        return [
            Node(
                interface=item["NetworkInterfaceId"],
                subnet=item["SubnetId"],
                zone=item["AvailabilityZone"],
                ips=tuple(
                    each["PrivateIpAddress"]
                    for each in item.get("PrivateIpAddresses", []) or [{"PrivateIpAddress": item["PrivateIpAddress"]}]
                ),
                groups=tuple(group["GroupId"] for group in item.get("Groups", [])),
            )
            for item in self._interfaces("description", [description])
        ]

    def _interfaces(self, name: str, values: Sequence[str]) -> Iterator[NetworkInterfaceTypeDef]:
        pages = self.aws.ec2.get_paginator("describe_network_interfaces").paginate(
            Filters=[{"Name": name, "Values": list(values)}]
        )
        for page in pages:
            yield from page["NetworkInterfaces"]

    def _instances(self, ids: Sequence[str], group: TargetGroupTypeDef) -> dict[str, Place]:
        pages = self.aws.ec2.get_paginator("describe_instances").paginate(
            Filters=[{"Name": "instance-id", "Values": list(ids)}]
        )
        items = [
            item for page in pages for reservation in page["Reservations"] for item in reservation.get("Instances", [])
        ]
        return {item["InstanceId"]: _instance(item, group.get("Port", 0)) for item in items}

    def _addressed(self, ips: Sequence[str], group: TargetGroupTypeDef) -> dict[str, Place]:
        places: dict[str, Place] = {}
        for item in self._interfaces("addresses.private-ip-address", ips):
            if item.get("VpcId") != group.get("VpcId"):
                continue
            for address in item.get("PrivateIpAddresses", []):
                if (ip := address["PrivateIpAddress"]) in ips:
                    places[ip] = Place(
                        target=ip,
                        port=group.get("Port", 0),
                        subnet=item["SubnetId"],
                        zone=item["AvailabilityZone"],
                        ip=ip,
                        public_ip=address.get("Association", {}).get("PublicIp", ""),
                        groups=tuple(each["GroupId"] for each in item.get("Groups", [])),
                    )
        return places

    def _held(self, ips: Sequence[str]) -> frozenset[str]:
        return frozenset(
            address["PrivateIpAddress"]
            for item in self._interfaces("addresses.private-ip-address", ips)
            for address in item.get("PrivateIpAddresses", [])
        )

    def _rules(self, groups: Sequence[str]) -> list[Rule]:
        pages = self.aws.ec2.get_paginator("describe_security_group_rules").paginate(
            Filters=[{"Name": "group-id", "Values": list(groups)}]
        )
        return [Rule.of(item) for page in pages for item in page["SecurityGroupRules"]]

    def _acls(self, vpc: str) -> list[Acl]:
        pages = self.aws.ec2.get_paginator("describe_network_acls").paginate(
            Filters=[{"Name": "vpc-id", "Values": [vpc]}]
        )
        return [Acl.of(item) for page in pages for item in page["NetworkAcls"]]

    def _internet_subnets(self, vpc: str, balancer: LoadBalancerTypeDef) -> frozenset[str]:
        """Subnets whose route table leads to an internet gateway; ``*`` stands for those that use the main table."""
        del balancer
        pages = self.aws.ec2.get_paginator("describe_route_tables").paginate(
            Filters=[{"Name": "vpc-id", "Values": [vpc]}]
        )
        tables = [table for page in pages for table in page["RouteTables"]]
        leading = [
            table
            for table in tables
            if any(
                route.get("GatewayId", "").startswith("igw-") and route.get("State") != "blackhole"
                for route in table.get("Routes", [])
            )
        ]
        explicit = {
            each["SubnetId"] for table in tables for each in table.get("Associations", []) if each.get("SubnetId")
        }
        found = {
            each["SubnetId"] for table in leading for each in table.get("Associations", []) if each.get("SubnetId")
        }
        if any(each.get("Main") for table in leading for each in table.get("Associations", [])):
            return frozenset({*found, "*", *(f"-{subnet}" for subnet in explicit - found)})
        return frozenset(found)


def _instance(item: InstanceTypeDef, port: int) -> Place:
    interfaces = item.get("NetworkInterfaces", [])
    groups = [group["GroupId"] for each in interfaces[:1] for group in each.get("Groups", [])] or [
        group["GroupId"] for group in item.get("SecurityGroups", [])
    ]
    return Place(
        target=item["InstanceId"],
        port=port,
        subnet=item.get("SubnetId", ""),
        zone=item.get("Placement", {}).get("AvailabilityZone", ""),
        ip=item.get("PrivateIpAddress", ""),
        public_ip=item.get("PublicIpAddress", ""),
        groups=tuple(groups),
        state=item["State"]["Name"],
    )


def preserves_clients(back: Back) -> bool:
    """Whether targets see the addresses of who calls the load balancer ("Client IP preservation")."""
    if back.group is None or back.balancer.get("Type") != "network":
        return False
    attributes = {} if isinstance(back.group_attributes, Unseen) else back.group_attributes
    return back.group.get("TargetType") == "alb" or attributes.get("preserve_client_ip.enabled") == "true"


def reaches_internet(subnets: frozenset[str], subnet: str) -> bool:
    """Whether a subnet is one of those with a route to an internet gateway."""
    return subnet in subnets or ("*" in subnets and f"-{subnet}" not in subnets)


def _pairs(attributes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {str(item["Key"]): str(item.get("Value", "")) for item in attributes}


def _never(answer: T | Unseen | None) -> T | Unseen:
    """For questions to which there is always an answer."""
    if answer is None:
        raise RuntimeError("AWS answers this question always")
    return answer


def _none(answer: Any) -> Unseen | None:
    return answer if isinstance(answer, Unseen) else None


def _refused(error: ClientError, action: str) -> tuple[str, str]:
    """Action and resource as AWS names them, else as we know them."""
    found = _ACTION.search(str(error.response.get("Error", {}).get("Message", "")))
    if found:
        return found[1], (found[2] or "").rstrip(".")
    named, _, resource = action.partition(" on ")
    return named, resource
