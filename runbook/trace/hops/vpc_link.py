"""The VPC link: whether it is there, of the kind that the integration takes, and ready."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from runbook.path.configuration import Integration
from runbook.path.links import Link, LinkV2
from runbook.trace.command import SHOW_BALANCERS, cli, lines
from runbook.trace.model import Finding, Unseen, Weight, known
from runbook.trace.way import Way, holder

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import LoadBalancerTypeDef

__all__ = ["judge"]

_SHOW_V2 = cli("apigatewayv2", "get-vpc-links")


def judge(way: Way) -> Iterator[Finding]:
    """The link that the integration names."""
    aim, called, links = way.aim, way.aim.integration, way.front.links
    if called is None or way.configuration is None:
        yield way.not_reached("vpc-link", "No integration is met.")
    elif not called.private:
        yield Finding("vpc-link", Weight.UNKNOWN, "The integration goes through no VPC link.")
    elif not aim.connection_id:
        yield Finding("vpc-link", Weight.NOT_REACHED, "No link is named.")
    elif called.target or aim.link_v2 is not None:
        yield from _v2_link(way, called)
    elif isinstance(links, Unseen):
        yield Finding("vpc-link", Weight.UNKNOWN, f"The VPC links could not be looked at: {links.why}.")
    elif aim.link is not None:
        yield from _link_state(way, aim.link)
    elif way.link_of_host is not None:
        yield Finding("vpc-link", Weight.NOT_REACHED, f"{aim.connection_id} is no link's id.")
    else:
        yield Finding(
            "vpc-link",
            Weight.BREAKS,
            f"There is no VPC link {aim.connection_id} in this region; there are: {_listed(links)}.",
            "Create the link on the load balancer, and when it is AVAILABLE, put its id where this one is named.",
            _create_link(aim.balancer) if aim.balancer else SHOW_BALANCERS,
        )


def _listed(links: Mapping[str, Link] | Mapping[str, LinkV2]) -> str:
    return ", ".join(f"{link.id} ({link.name})" for link in links.values()) or "none"


def _create_link(balancer: str, name: str = "") -> str:
    return cli("apigateway", "create-vpc-link", name=name or _name_of(balancer), target_arns=balancer)


def _name_of(balancer: str) -> str:
    """A load balancer's name, by its ARN: the last part but one."""
    return balancer.rpartition("/")[0].rpartition("/")[2]


def _link_state(way: Way, link: Link) -> Iterator[Finding]:
    said = f"Link {link.id} ({link.name!r}) is {link.status}" + (f": {link.message}" if link.message else "")
    if link.status == "AVAILABLE":
        yield Finding("vpc-link", Weight.FACT, f"{said}.")
        yield Finding(
            "vpc-link", Weight.ADVICE, "AWS calls this kind of VPC link V1 (legacy); V2 links serve REST APIs too."
        )
        return
    others = known(way.front.links).values()
    other = next((each for each in others if each.id != link.id and set(each.targets) & set(link.targets)), None)
    look = cli("apigateway", "get-vpc-link", vpc_link_id=link.id)
    delete = cli("apigateway", "delete-vpc-link", vpc_link_id=link.id)
    match link.status:
        case "PENDING":
            fix, command = "Wait: a link takes two to four minutes.", look
        case "FAILED" if other is not None and other.status == "AVAILABLE":
            fix = f"Use {other.id} ({other.name!r}), which the load balancer has already, and delete this link."
            command = lines(way.name_link(other.id), delete)
        case "FAILED":
            fix = "Delete this link and create it anew; when that is AVAILABLE, put its id where this one is named."
            command = lines(delete, _create_link(link.targets[0], link.name) if link.targets else None)
        case _:
            fix, command = "It is being deleted; create another when it is gone.", look
    if other is not None and other.status != "AVAILABLE":
        fix += f" The load balancer has link {other.id} ({other.name!r}, {other.status}) already."
    yield Finding("vpc-link", Weight.BREAKS, f"{said}.", fix, command)


def _v2_link(way: Way, called: Integration) -> Iterator[Finding]:
    """A V2 link, or what stands where one should."""
    aim, links = way.aim, way.front.links_v2
    if not called.target:
        yield Finding(
            "integration",
            Weight.BREAKS,
            f"{aim.connection_id} is a V2 link: the integration must name its load balancer, and names none.",
            "Set the integration target to the load balancer's ARN, and deploy.",
            way.patch("/integrationTarget", aim.balancer) if aim.balancer else SHOW_BALANCERS,
            step="",
        )
    ready = next((link for link in known(links).values() if link.status == "AVAILABLE"), None)
    if aim.link is not None:
        yield Finding(
            holder(called.connection_id) if ready else "vpc-link",
            Weight.BREAKS,
            f"The integration names a load balancer of its own ({called.target}), which only V2 links take, but "
            f"{aim.connection_id} is a V1 link.",
            "Name a V2 link, or take the integration target away.",
            way.name_link(ready.id) if ready else _SHOW_V2,
            step="",
        )
        if ready:
            yield Finding("vpc-link", Weight.NOT_REACHED, f"{aim.connection_id} is no V2 link's id.")
    elif isinstance(links, Unseen):
        yield Finding("vpc-link", Weight.UNKNOWN, f"The V2 VPC links could not be looked at: {links.why}.")
    elif aim.link_v2 is not None:
        yield _v2_state(aim.link_v2)
    elif ready:  # the id is wrong; else the link is gone
        yield Finding(
            holder(called.connection_id),
            Weight.BREAKS,
            _no_v2_link(aim.connection_id, links),
            f"Name {ready.id} ({ready.name!r}), or the one that is meant.",
            way.name_link(ready.id),
            step="",
        )
        yield Finding("vpc-link", Weight.NOT_REACHED, f"{aim.connection_id} is no link's id.")
    else:
        balancer = known(way.front.balancers).get(aim.balancer)
        yield Finding(
            "vpc-link",
            Weight.BREAKS,
            _no_v2_link(aim.connection_id, links),
            "Create a link in the load balancer's subnets, with security groups that it lets in; when it is AVAILABLE, "
            "put its id where this one is named.",
            _SHOW_V2 if balancer is None else _create_v2_link(balancer),
            step="",
        )


def _no_v2_link(link_id: str, links: Mapping[str, LinkV2]) -> str:
    return f"There is no V2 link {link_id} in this region; there are: {_listed(links)}."


def _create_v2_link(balancer: LoadBalancerTypeDef) -> str:
    groups = balancer.get("SecurityGroups", [])
    return cli(
        "apigatewayv2",
        "create-vpc-link",
        name=balancer.get("LoadBalancerName", "link"),
        subnet_ids=[zone.get("SubnetId", "") for zone in balancer.get("AvailabilityZones", [])],
        **({"security_group_ids": groups} if groups else {}),
    )


def _v2_state(link: LinkV2) -> Finding:
    said = (
        f"V2 link {link.id} ({link.name!r}) is {link.status}"
        + (f" ({link.message})" if link.message else "")
        + f", in {', '.join(link.subnets)}, with {', '.join(link.groups) or 'no security group of its own'}."
    )
    if link.status == "AVAILABLE":
        return Finding("vpc-link", Weight.FACT, said)
    command = cli("apigatewayv2", "get-vpc-link", vpc_link_id=link.id)
    match link.status:
        case "PENDING":
            fix = "Wait: its network interfaces are being made, which takes some minutes."
        case "INACTIVE":
            fix = (
                "It had no traffic for 60 days, and lost its network interfaces; a request wakes it: wait some minutes."
            )
        case "DELETING":
            fix = "It is being deleted; name another link, or create one."
        case _:
            fix = "Delete this link and create it anew."
            command = cli("apigatewayv2", "delete-vpc-link", vpc_link_id=link.id)
    return Finding("vpc-link", Weight.BREAKS, said, fix, command, step="")
