"""The stage's variables: whether what the integration takes from them is set, and leads where the rest leads.

The same values may be written out in the integration: then that is where a wrong one is to be mended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from runbook.path.configuration import Integration
from runbook.path.links import Link, LinkV2
from runbook.trace.command import SHOW_BALANCERS, SHOW_LINKS, cli
from runbook.trace.endpoint import authority, host_part, resolved, variables_in
from runbook.trace.model import FROM_SERVICE, Finding, Symptom, Unseen, Weight, known
from runbook.trace.way import Way, holder

__all__ = ["judge"]

_OF_BALANCER = re.compile(r"\.elb\.[a-z0-9-]*\.?amazonaws\.com(\.cn)?$")


def judge(way: Way) -> Iterator[Finding]:
    """The variables that the integration takes."""
    called, stage = way.aim.integration, way.front.stage
    if called is None or way.configuration is None:
        yield way.not_reached("stage-variables", "No integration is met.")
        return
    if isinstance(stage, Unseen):
        yield Finding("stage-variables", Weight.UNKNOWN, f"The stage could not be looked at: {stage.why}.")
        return
    values = way.front.variables
    used = list(dict.fromkeys([*variables_in(called.connection_id), *variables_in(called.uri)]))
    for name in used:
        if not values.get(name):
            place = "connection id" if name in variables_in(called.connection_id) else "endpoint URL"
            only_path = name not in variables_in(called.connection_id) + variables_in(authority(called.uri))
            yield Finding(
                "stage-variables",
                Weight.MAY_BREAK if only_path else Weight.BREAKS,
                f"Stage variable {name}, which the {f'path of the {place}' if only_path else place} takes, is not set"
                + (": it leaves nothing there." if only_path else "."),
                f"Set {name} on the stage; no deployment is needed.",
                _setting_of(way, called, name),
                explains=FROM_SERVICE,
            )
    yield from _host(way, called)
    yield from _wrong_link(way, called)
    shown = ", ".join(f"{name}={values[name]}" for name in used if values.get(name))
    yield Finding("stage-variables", Weight.FACT, f"{shown}." if shown else "The integration takes none.")


def _setting_of(way: Way, called: Integration, name: str) -> str:
    """Set a variable to the value it should have, else show what there is to choose from."""
    front = way.front
    if name in variables_in(called.connection_id):
        links: Mapping[str, Link | LinkV2] | Unseen = front.links_v2 if called.target else front.links
        available = list(known(links).values())
        link = None if called.target else way.link_of_host
        if link is not None or len(available) == 1:
            return way.name_link((link or available[0]).id)
        if called.target:
            return cli("apigatewayv2", "get-vpc-links", query="Items[].[VpcLinkId,Name]")
        return SHOW_LINKS
    if name not in variables_in(authority(called.uri)):
        query = "item[].[stageName,variables]"
        return cli("apigateway", "get-stages", rest_api_id=way.target.api_id, query=query)
    balancer = known(front.balancers).get(way.aim.balancer)
    if balancer is None:
        return SHOW_BALANCERS
    found = way.variables_for(balancer.get("DNSName", ""), way.ports) or _beside_another_host(way, called)
    if name in found:
        return way.set_variables({name: found[name]})
    return cli("elbv2", "describe-listeners", load_balancer_arn=way.aim.balancer, query="Listeners[].[Port,Protocol]")


def _beside_another_host(way: Way, called: Integration) -> dict[str, str]:
    """What is unset beside a host that is not the load balancer's: only the link decides where requests go."""
    host = resolved(host_part(called.uri), way.front.variables).partition(":")[0]
    return way.variables_for(host, way.ports) if host else {}


def _host(way: Way, called: Integration) -> Iterator[Finding]:
    """The Host header that the service will see: usually the load balancer's name, but it can be any."""
    front, aim = way.front, way.aim
    if aim.link is None or not aim.link.targets or called.target:
        return
    balancer = known(front.balancers).get(aim.link.targets[0])
    if balancer is None:
        return
    name = balancer.get("DNSName", "")
    from_variable = bool(way.variables_for(name, way.ports))
    blamed = "stage-variables" if from_variable else "integration"
    if aim.endpoint is None and all(front.variables.get(each) for each in variables_in(called.uri)):
        shown = resolved(called.uri, front.variables)
        yield Finding(
            blamed,
            Weight.BREAKS,
            f"The endpoint URL comes to {shown}, which is no legal URL.",
            f"The host should be the load balancer's DNS name, {name}.",
            _set_host(way, called, name),
        )
        return
    host = aim.endpoint.host if aim.endpoint else ""
    if mapped := called.host_header:
        if not mapped.startswith("'"):
            return  # whatever the caller says, so there is nothing to compare
        host, blamed = mapped.strip("'"), "integration"
    if host and host.lower() != name.lower():
        # Another load balancer's name is a slip; any other that is answered is one that the service is to be asked by.
        slip = bool(front.balancer_named(host.lower())) or _OF_BALANCER.search(host.lower()) is not None
        yield Finding(
            blamed,
            Weight.MAY_BREAK,
            f"The service is asked as host {host}, but the link's load balancer is {name}.",
            "Unless the service is meant to be asked by that name, put the load balancer's DNS name there.",
            _set_host(way, called, name),
            explains=FROM_SERVICE,
            otherwise=Weight.SUSPICIOUS if slip else Weight.FACT,
        )


def _set_host(way: Way, called: Integration, name: str) -> str:
    """Let the service be asked by this name: where the Host header is mapped, by the endpoint URL's host again."""
    part, endpoint = host_part(called.uri), way.aim.endpoint
    if called.host_header:
        return way.patch("/requestParameters/integration.request.header.Host", "")
    if changes := way.variables_for(name, way.ports):
        return way.set_variables(changes)
    port = f":{endpoint.port}" if endpoint and endpoint.names_port else ""
    return way.patch("/uri", called.uri.replace(part, f"{name}{port}", 1))


def _wrong_link(way: Way, called: Integration) -> Iterator[Finding]:
    """The link the request takes is not the one on the load balancer that the endpoint URL names."""
    aim, better = way.aim, way.link_of_host
    if called.target or aim.link_v2 or not aim.connection_id or better is None or better.id == aim.connection_id:
        return
    variables = variables_in(called.connection_id)
    if aim.link is None:
        where = "of which there is no link"
    elif "AVAILABLE" not in (better.status, aim.link.status):
        return
    elif aim.link.status != "AVAILABLE" and set(aim.link.targets) & set(better.targets):
        return  # the link itself is at fault, and says so
    else:
        to = f"points at {aim.link.targets[0].rpartition('loadbalancer/')[2]}" if aim.link.targets else ""
        where = f"a link that {to}"
    yield Finding(
        holder(called.connection_id),
        Weight.BREAKS if aim.link is None else Weight.MAY_BREAK,
        f"{variables[0] if variables else 'The connection id'} is {aim.connection_id}, {where}; the load balancer that "
        f"the endpoint URL names has link {better.id} ({better.name!r}).",
        f"Put {better.id} there.",
        way.name_link(better.id),
        explains=FROM_SERVICE | {Symptom.INTERNAL, Symptom.TIMED_OUT, Symptom.NETWORK_ERROR},
        otherwise=Weight.FACT,  # what works may be meant so; that the hosts differ is said besides
    )
