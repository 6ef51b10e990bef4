"""The load balancer's half of the path, judged: from the load balancer to the network ACLs.

What arrives through a VPC link comes from the load balancer's own private addresses, so the packet filters are judged
for these, and for the pairs of node and target that the load balancer joins (the same zone, or all with cross-zone
load balancing).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runbook.trace.command import cli, lines, patch_integration, patch_stage
from runbook.trace.configuration import variables_in
from runbook.trace.model import Finding, Symptom, Unseen, Weight
from runbook.trace.packets import EPHEMERAL, Acl, Entry, Rule, admitted, is_public
from runbook.trace.survey import Aim, Back, Caller, Front, Place, preserves_clients, reaches_internet
from runbook.trace.target import Target

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import ListenerTypeDef, TargetGroupTypeDef, TargetHealthDescriptionTypeDef

__all__ = ["BEHIND_LINK", "judge_network"]

BEHIND_LINK = (
    "load-balancer",
    "listener",
    "target-group",
    "targets",
    "health-check",
    "security-group",
    "network-acl",
)

_GATEWAY_FAILS = frozenset({Symptom.INTERNAL, Symptom.TIMED_OUT, Symptom.NETWORK_ERROR, Symptom.BALANCER})
_PLAIN = frozenset({"TCP", "TCP_UDP", "HTTP"})
_PUBLIC_SHOWN = 3
_USUAL_MATCHER = "200-399"  # of Network Load Balancers' target groups (CreateTargetGroup, Matcher)


def judge_network(front: Front, aim: Aim, back: Back | None, target: Target) -> Iterator[Finding]:
    """Everything behind the link."""
    if back is None:
        yield from _nothing_behind(front, aim)
        return
    yield from _level(aim, back, target)
    if back.behind is not None:
        # What reaches it is plain HTTP on the port that it is registered with.
        endpoint = replace(aim.endpoint, scheme="http", port=back.behind.port) if aim.endpoint else None
        inner = replace(aim, endpoint=endpoint, balancer_by_host=False)
        name = back.behind.balancer.get("LoadBalancerName", "")
        for each in _level(inner, back.behind, target):
            yield replace(each, evidence=f"Behind it, {name}: {each.evidence}", step="")


def _level(aim: Aim, back: Back, target: Target) -> Iterator[Finding]:
    """One load balancer and its targets."""
    yield from _load_balancer(aim, back)
    yield from _listener(aim, back, target)
    yield from _target_group(aim, back)
    yield from _targets(back)
    yield from _health_check(aim, back)
    yield from _security_group(aim, back)
    yield from _network_acl(back)


def _nothing_behind(front: Front, aim: Aim) -> Iterator[Finding]:
    called = aim.integration
    if called is not None and not called.private:
        weight, why = Weight.UNKNOWN, "The integration goes through no VPC link."
    elif isinstance(front.balancers, Unseen):
        weight, why = Weight.UNKNOWN, f"The load balancers could not be looked at: {front.balancers.why}."
    elif isinstance(front.links, Unseen):
        weight, why = Weight.UNKNOWN, f"The VPC links could not be looked at: {front.links.why}."
    elif isinstance(front.deployed, Unseen) and aim.integration is None:
        weight, why = Weight.UNKNOWN, f"What is deployed could not be looked at: {front.deployed.why}."
    elif arn := (called.target if called else "") or (aim.link.targets[0] if aim.link and aim.link.targets else ""):
        yield Finding(
            "load-balancer",
            Weight.BREAKS,
            f"The link points at {arn}, which is not there any more.",
            "Make the load balancer anew and a new link on it: a link's target cannot be changed.",
            cli("elbv2", "describe-load-balancers", query="LoadBalancers[].[DNSName,LoadBalancerArn]"),
        )
        weight, why = Weight.NOT_REACHED, "There is no load balancer."
        for hop in BEHIND_LINK[1:]:
            yield Finding(hop, weight, why)
        return
    else:
        weight, why = Weight.NOT_REACHED, "Nothing tells which load balancer it would be."
    for hop in BEHIND_LINK:
        yield Finding(hop, weight, why)


# --- load balancer ----------------------------------------------------------------------------------------------------


def _load_balancer(aim: Aim, back: Back) -> Iterator[Finding]:
    balancer = back.balancer
    arn, name = balancer["LoadBalancerArn"], balancer.get("LoadBalancerName", "")
    state = balancer.get("State", {}).get("Code", "")
    zones = sorted(zone.get("ZoneName", "") for zone in balancer.get("AvailabilityZones", []))
    if state == "active_impaired":
        yield Finding(
            "load-balancer", Weight.SUSPICIOUS, f"{name} is active_impaired: it cannot scale as it needs.", step=""
        )
    elif state != "active":
        reason = balancer.get("State", {}).get("Reason", "")
        yield Finding(
            "load-balancer",
            Weight.BREAKS,
            f"{name} is {state}{f': {reason}' if reason else ''}.",
            "Wait until it is active, which takes two to three minutes; a failed one must be made anew.",
            cli("elbv2", "wait load-balancer-available", load_balancer_arns=arn),
        )
    if balancer.get("Scheme") != "internal":
        yield Finding(
            "load-balancer",
            Weight.SUSPICIOUS,
            f"{name} is {balancer.get('Scheme')}: anybody on the internet can reach it and go round the gateway.",
            "Replace it by an internal one; the scheme cannot be changed.",
            cli(
                "elbv2",
                "create-load-balancer",
                name=f"{name[:23]}-internal",
                type=str(balancer.get("Type", "network")),
                scheme="internal",
                subnets=[zone.get("SubnetId", "") for zone in balancer.get("AvailabilityZones", [])],
            ),
        )
    if len(zones) == 1:
        yield Finding(
            "load-balancer",
            Weight.SUSPICIOUS,
            f"{name} is in one zone only ({zones[0]}): it goes when that zone does.",
            "Enable a subnet of a second zone.",
            # Where targets are in another zone, that zone is what to enable.
            "" if _outside(back, zones) else _show_subnets(balancer.get("VpcId", "")),
        )
    yield from _zones(back, zones)
    found = " (found by the endpoint URL's host, as the link does not tell)" if aim.balancer_by_host else ""
    yield Finding(
        "load-balancer",
        Weight.FACT,
        f"{name} is {state}, {balancer.get('Scheme')}, in {', '.join(zones)}{found}.",
    )


def _show_subnets(vpc: str) -> str:
    return cli(
        "ec2",
        "describe-subnets",
        filters=f"Name=vpc-id,Values={vpc}",
        query="Subnets[].[SubnetId,AvailabilityZone,CidrBlock]",
    )


def _outside(back: Back, zones: Sequence[str]) -> list[Place]:
    """The targets in zones that the load balancer is not in."""
    if isinstance(back.health, Unseen) or isinstance(back.places, Unseen):
        return []
    return [
        place
        for each in back.health
        if each.get("TargetHealth", {}).get("Reason") == "Target.NotInUse"
        and (place := back.places.get(each["Target"]["Id"]))
        and place.zone
        and place.zone not in zones
    ]


def _zones(back: Back, zones: Sequence[str]) -> Iterator[Finding]:
    """Targets in zones that the load balancer is not in."""
    if isinstance(back.health, Unseen) or isinstance(back.places, Unseen) or not back.health:
        return
    outside = _outside(back, zones)
    if outside:
        arn = back.balancer["LoadBalancerArn"]
        all_out = len(outside) == len(back.health)
        yield Finding(
            "load-balancer",
            Weight.BREAKS if all_out else Weight.SUSPICIOUS,
            f"{'All targets are' if all_out else _listed([place.target for place in outside]) + ' is'} in a zone that "
            f"the load balancer does not enable ({_listed([place.zone for place in outside])}), so no request gets "
            "there.",
            "Enable a subnet of that zone.",
            cli(
                "elbv2",
                "set-subnets",
                load_balancer_arn=arn,
                subnets=[*_subnets(back), *dict.fromkeys(place.subnet for place in outside)],
            ),
        )


def _subnets(back: Back) -> list[str]:
    return [zone.get("SubnetId", "") for zone in back.balancer.get("AvailabilityZones", [])]


def _cross_zone(back: Back) -> bool:
    own = {} if isinstance(back.group_attributes, Unseen) else back.group_attributes
    general = {} if isinstance(back.attributes, Unseen) else back.attributes
    of_group = own.get("load_balancing.cross_zone.enabled", "use_load_balancer_configuration")
    if of_group == "use_load_balancer_configuration":
        return general.get("load_balancing.cross_zone.enabled") == "true" or back.balancer.get("Type") == "application"
    return of_group == "true"


# --- listener ---------------------------------------------------------------------------------------------------------


def _listener(aim: Aim, back: Back, target: Target) -> Iterator[Finding]:
    if isinstance(back.listeners, Unseen):
        yield Finding("listener", Weight.UNKNOWN, f"The listeners could not be looked at: {back.listeners.why}.")
        return
    arn = back.balancer["LoadBalancerArn"]
    name = back.balancer.get("LoadBalancerName", "")
    if not back.listeners:
        port = aim.endpoint.port if aim.endpoint else 80
        yield Finding(
            "listener",
            Weight.BREAKS,
            f"{name} has no listener.",
            f"Create one on port {port}.",
            _create_listener(arn, port, back),
        )
        return
    ports = _listed([f"{each['Port']} ({each.get('Protocol')})" for each in back.listeners])
    if aim.endpoint is None:
        yield Finding("listener", Weight.FACT, f"{name} listens on {ports}.")
        return
    port = aim.endpoint.port
    if back.listener is None:
        yield from _no_listener(aim, back, back.listeners, port, ports, target)
        return
    if back.balancer.get("Type") == "application" and back.group is None:
        actions = _listed([str(each.get("Type", "")) for each in back.listener.get("DefaultActions", [])])
        yield Finding(
            "listener",
            Weight.MAY_BREAK,
            f"The default action of the listener on port {port} is {actions}: what its other rules do not take, it "
            "answers itself.",
            "Let the default action forward to the target group.",
            _show_groups(),
            explains=frozenset({Symptom.BALANCER}),
            otherwise=Weight.UNKNOWN,
            step="",
        )
    protocol = str(back.listener.get("Protocol", ""))
    encrypted = aim.endpoint.scheme == "https"
    if protocol not in _PLAIN | ({"TLS", "HTTPS"} if encrypted else frozenset()):
        yield Finding(
            "listener",
            Weight.BREAKS,
            f"The listener on port {port} speaks {protocol}, but the endpoint URL begins with {aim.endpoint.scheme}://.",
            "Make the listener TCP with a TCP group, or call it as what it is.",
            _make_tcp(back, back.listener),
        )
    yield from _empty_group(back)
    yield Finding("listener", Weight.FACT, f"{name} listens on {ports}; the endpoint URL asks for {port}.")


def _make_tcp(back: Back, listener: ListenerTypeDef) -> str:
    """A listener forwards only to a group of a protocol that fits."""
    change = {"listener_arn": listener["ListenerArn"], "protocol": "TCP"}
    if back.group is not None and back.group.get("Protocol") in ("TCP", "TCP_UDP"):
        return cli("elbv2", "modify-listener", **change)
    group = _only_unused_group(back)
    if not group:
        return _show_groups()
    return cli("elbv2", "modify-listener", **change, default_actions=f"Type=forward,TargetGroupArn={group}")


def _no_listener(
    aim: Aim, back: Back, listeners: Sequence[ListenerTypeDef], port: int, ports: str, target: Target
) -> Iterator[Finding]:
    """The endpoint URL's port and the listener's differ: whichever disagrees with the target group is the odd one."""
    arn = back.balancer["LoadBalancerArn"]
    evidence = f"The endpoint URL asks for port {port}, but the load balancer listens on {ports}"
    group_port = back.group.get("Port") if back.group else None
    only = listeners[0]["Port"] if len(listeners) == 1 else None
    called = aim.integration
    if called is not None and only is not None and group_port == only and not back.inner:
        host = called.uri.partition("://")[2].partition("/")[0]
        from_variable = bool(variables_in(host)) and aim.endpoint is not None and aim.endpoint.names_port
        literal = ":" in host.rpartition("}")[2]
        yield Finding(
            "stage-variables" if from_variable and not literal else "integration",
            Weight.BREAKS,
            f"{evidence}, as does the target group.",
            f"Let the endpoint URL lead to port {only}"
            + (" (no deployment is needed)." if from_variable and not literal else ", and deploy."),
            _lead_to_port(aim, host, only, target),
        )
        yield Finding("listener", Weight.NOT_REACHED, f"{evidence}.")
        return
    command = (
        cli("elbv2", "modify-listener", listener_arn=listeners[0]["ListenerArn"], port=port)
        if only is not None
        else _create_listener(arn, port, back)
    )
    yield Finding("listener", Weight.BREAKS, f"{evidence}.", f"Listen on port {port}.", command)


def _lead_to_port(aim: Aim, host: str, port: int, target: Target) -> str:
    """Let the endpoint URL's host, or the variable that holds it, name this port."""
    found = aim.match if aim.match and aim.match.method else aim.substitute
    called = aim.integration
    if called is None or aim.endpoint is None or found is None or found.method is None:
        return ""
    tail = "" if port == 80 else f":{port}"
    if host == "".join(f"${{stageVariables.{name}}}" for name in variables_in(host)) and aim.endpoint.names_port:
        return patch_stage(target, f"/variables/{variables_in(host)[0]}", f"{aim.endpoint.host}{tail}")
    _, _, rest = called.uri.partition("://")
    # A port behind the last brace is written out; one within is a variable's.
    bare = host.rpartition(":")[0] if ":" in host.rpartition("}")[2] else host
    return patch_integration(target, found.method, "/uri", f"http://{bare}{tail}{rest.removeprefix(host)}")


def _spoken(back: Back) -> str:
    return "HTTP" if back.balancer.get("Type") == "application" else "TCP"


def _only_unused_group(back: Back) -> str:
    """The one group for such a load balancer, in its VPC, that none uses; empty when there are none or several."""
    known = {} if isinstance(back.target_groups, Unseen) else back.target_groups
    unused = [
        each["TargetGroupArn"]
        for each in known.values()
        if not each.get("LoadBalancerArns")
        and each.get("VpcId") == back.balancer.get("VpcId")
        and each.get("Protocol") in (_spoken(back), f"{_spoken(back)}_UDP")
    ]
    return unused[0] if len(unused) == 1 else ""


def _show_groups() -> str:
    return cli("elbv2", "describe-target-groups", query="TargetGroups[].[TargetGroupArn,Protocol,Port,VpcId]")


def _create_listener(arn: str, port: int, back: Back) -> str:
    group = back.group["TargetGroupArn"] if back.group else _only_unused_group(back)
    if not group:
        return _show_groups()
    return cli(
        "elbv2",
        "create-listener",
        load_balancer_arn=arn,
        protocol=_spoken(back),
        port=port,
        default_actions=f"Type=forward,TargetGroupArn={group}",
    )


def _empty_group(back: Back) -> Iterator[Finding]:
    """The listener forwards to a group without targets while another, with targets, is used by nobody."""
    if back.idle is None or back.group is None or back.listener is None:
        return
    yield Finding(
        "listener",
        Weight.BREAKS,
        f"It forwards to {back.group.get('TargetGroupName')}, which has no targets, while "
        f"{back.idle.get('TargetGroupName')}, which has some, is used by no load balancer.",
        f"Forward to {back.idle.get('TargetGroupName')}.",
        cli(
            "elbv2",
            "modify-listener",
            listener_arn=back.listener["ListenerArn"],
            default_actions=f"Type=forward,TargetGroupArn={back.idle['TargetGroupArn']}",
        ),
    )


# --- target group -----------------------------------------------------------------------------------------------------


def _target_group(aim: Aim, back: Back) -> Iterator[Finding]:
    if isinstance(back.target_groups, Unseen):
        yield Finding(
            "target-group", Weight.UNKNOWN, f"The target groups could not be looked at: {back.target_groups.why}."
        )
        return
    if back.group is None:
        application = back.balancer.get("Type") == "application"
        followed = not isinstance(back.listeners, Unseen) and back.listener is not None and not application
        yield Finding(
            "target-group",
            Weight.BREAKS if followed else Weight.NOT_REACHED,
            "The listener forwards to no target group." if followed else "No listener leads to a target group.",
            "Forward to the target group." if followed else "",
            _show_groups() if followed else "",
            step="listener",
        )
        return
    group = back.group
    name, protocol = group.get("TargetGroupName", ""), str(group.get("Protocol", ""))
    if protocol not in _PLAIN and not (aim.endpoint and aim.endpoint.scheme == "https"):
        yield Finding(
            "target-group",
            Weight.BREAKS,
            f"{name} speaks {protocol} with its targets, but plain HTTP is sent.",
            "Forward to a TCP group; a group's protocol cannot be changed.",
            step="target-group",
        )
    attributes = {} if isinstance(back.group_attributes, Unseen) else back.group_attributes
    if isinstance(back.group_attributes, Unseen):
        yield Finding("target-group", Weight.UNKNOWN, f"Its attributes: {back.group_attributes.why}.")
    elif attributes.get("preserve_client_ip.enabled") == "false" and group.get("TargetType") == "instance":
        yield Finding(
            "target-group",
            Weight.SUSPICIOUS,
            f"{name} does not preserve client addresses: whoever reaches the load balancer, link or not, looks like "
            "the load balancer to the instances' security group.",
            "Turn client IP preservation on.",
            cli(
                "elbv2",
                "modify-target-group-attributes",
                target_group_arn=group["TargetGroupArn"],
                attributes="Key=preserve_client_ip.enabled,Value=true",
            ),
        )
    yield from _wrong_group(back, group)
    if back.more_groups:
        yield Finding(
            "target-group",
            Weight.UNKNOWN,
            f"The listener forwards to {back.more_groups} more; trace follows the first.",
        )
    yield Finding(
        "target-group",
        Weight.FACT,
        f"{name}: {protocol} to port {group.get('Port')}, targets of type {group.get('TargetType')}.",
    )


def _wrong_group(back: Back, group: TargetGroupTypeDef) -> Iterator[Finding]:
    """The group's port is one that nothing lets the load balancer in on, while an unused group's port is let in on."""
    if isinstance(back.target_groups, Unseen) or isinstance(back.rules, Unseen):
        return
    pairs = _pairs(back)
    if not pairs or any(_passes(pair, back.rules) is not False for pair in pairs):
        return
    for other in back.target_groups.values():
        port = other.get("Port", 0)
        if (
            not other.get("LoadBalancerArns")
            and other.get("VpcId") == group.get("VpcId")
            and port != group.get("Port")
            and all(_passes(replace(pair, port=port), back.rules) for pair in pairs)
        ):
            yield Finding(
                "target-group",
                Weight.MAY_BREAK,
                f"{group.get('TargetGroupName')} sends to port {group.get('Port')}, which the security groups do not "
                f"let the load balancer in on; they do on port {port}, which is that of "
                f"{other.get('TargetGroupName')}, a group that no load balancer uses.",
                f"Forward to {other.get('TargetGroupName')}.",
                cli(
                    "elbv2",
                    "modify-listener",
                    listener_arn=back.listener["ListenerArn"] if back.listener else "LISTENER-ARN",
                    default_actions=f"Type=forward,TargetGroupArn={other['TargetGroupArn']}",
                ),
                explains=_GATEWAY_FAILS,
                step="listener",
            )
            return


# --- targets ----------------------------------------------------------------------------------------------------------


def _targets(back: Back) -> Iterator[Finding]:
    if back.group is None:
        yield Finding("targets", Weight.NOT_REACHED, "There is no target group to look into.")
        return
    if isinstance(back.health, Unseen):
        yield Finding("targets", Weight.UNKNOWN, f"The targets could not be looked at: {back.health.why}.")
        return
    arn, name = back.group["TargetGroupArn"], back.group.get("TargetGroupName", "")
    if not back.health:
        yield Finding(
            "targets",
            Weight.BREAKS,
            f"{name} has no registered targets.",
            f"Register the instances (aws elbv2 register-targets --target-group-arn {arn} --targets Id=…).",
            _show_instances(back),
        )
        return
    stopped = [each for each in back.health if each.get("TargetHealth", {}).get("Reason") == "Target.InvalidState"]
    leaving = [each for each in back.health if each.get("TargetHealth", {}).get("State") == "draining"]
    coming = [each for each in back.health if each.get("TargetHealth", {}).get("State") == "initial"]
    if stopped:
        terminated = any(_is_terminated(back, each) for each in stopped)
        yield Finding(
            "targets",
            Weight.BREAKS if len(stopped) == len(back.health) else Weight.SUSPICIOUS,
            _states(stopped),
            "Register other instances in its place." if terminated else "Start the instances.",
            _show_instances(back)
            if terminated
            else cli("ec2", "start-instances", instance_ids=[each["Target"]["Id"] for each in stopped]),
        )
    if leaving:
        gone = any(_is_terminated(back, each) for each in leaving)
        yield Finding(
            "targets",
            Weight.BREAKS if len(leaving) == len(back.health) else Weight.SUSPICIOUS,
            f"Being deregistered: {_states(leaving)}",
            "Register other instances in their place." if gone else "Register them again.",
            _show_instances(back)
            if gone
            else cli("elbv2", "register-targets", target_group_arn=arn, targets=[_named(each) for each in leaving]),
        )
    if coming:
        yield Finding(
            "targets",
            Weight.MAY_BREAK if len(coming) == len(back.health) else Weight.SUSPICIOUS,
            f"Not checked to the end yet: {_states(coming)}",
            "Wait until they are healthy.",
            cli("elbv2", "describe-target-health", target_group_arn=arn),
            explains=_GATEWAY_FAILS,
        )
    yield from _wrong_ports(back)
    yield from _empty_zones(back)
    yield Finding("targets", Weight.FACT, _states(back.health))


def _is_terminated(back: Back, each: TargetHealthDescriptionTypeDef) -> bool:
    place = None if isinstance(back.places, Unseen) else back.places.get(each["Target"]["Id"])
    return place is not None and place.state in ("shutting-down", "terminated")


def _show_instances(back: Back) -> str:
    return cli(
        "ec2",
        "describe-instances",
        filters=[f"Name=vpc-id,Values={back.balancer.get('VpcId', '')}", "Name=instance-state-name,Values=running"],
        query="Reservations[].Instances[].[InstanceId,PrivateIpAddress,Placement.AvailabilityZone]",
    )


def _empty_zones(back: Back) -> Iterator[Finding]:
    """Zones that the load balancer is in and no healthy target is."""
    if isinstance(back.health, Unseen) or isinstance(back.places, Unseen):
        return
    zones = sorted(zone.get("ZoneName", "") for zone in back.balancer.get("AvailabilityZones", []))
    served = {
        place.zone
        for each in back.health
        if each.get("TargetHealth", {}).get("State") == "healthy" and (place := back.places.get(each["Target"]["Id"]))
    }
    empty = [zone for zone in zones if zone not in served]
    if empty and served and len(zones) > 1 and not _cross_zone(back):
        yield Finding(
            "targets",
            Weight.SUSPICIOUS,
            f"No healthy target in {_listed(empty)}: that zone's address takes no requests.",
            "Register or mend a target in that zone, or turn on cross-zone load balancing.",
            # Where there are targets, what ails them is said at its own hop.
            ""
            if {place.zone for place in back.places.values()} >= set(empty)
            else cli(
                "elbv2",
                "modify-load-balancer-attributes",
                load_balancer_arn=back.balancer["LoadBalancerArn"],
                attributes="Key=load_balancing.cross_zone.enabled,Value=true",
            ),
        )


def _wrong_ports(back: Back) -> Iterator[Finding]:
    """Targets registered on another port than the group's, which no rule was made for."""
    if back.group is None or isinstance(back.health, Unseen):
        return
    port = back.group.get("Port", 0)
    odd = [each for each in back.health if _is_slip(back, each)]
    if not odd:
        return
    arn = back.group["TargetGroupArn"]
    ids = list(dict.fromkeys(each["Target"]["Id"] for each in odd))
    yield Finding(
        "targets",
        Weight.MAY_BREAK if len(odd) == len(back.health) else Weight.SUSPICIOUS,
        f"{_listed([_short(each) for each in odd])} registered on another port than the group's {port}.",
        f"Register them on port {port} instead.",
        "\n".join(
            (
                cli(
                    "elbv2",
                    "register-targets",
                    target_group_arn=arn,
                    targets=[f"Id={each},Port={port}" for each in ids],
                ),
                cli("elbv2", "deregister-targets", target_group_arn=arn, targets=[_named(each) for each in odd]),
            )
        ),
        explains=_GATEWAY_FAILS,
        otherwise=Weight.FACT,
    )


def _is_slip(back: Back, each: TargetHealthDescriptionTypeDef) -> bool:
    """Whether a target's port looks like a mistake: not the group's, not healthy, and no rule names it."""
    if back.group is None or each["Target"].get("Port") == back.group.get("Port"):
        return False
    if each.get("TargetHealth", {}).get("State") == "healthy" and back.group.get("HealthCheckPort") == "traffic-port":
        return False
    port = each["Target"].get("Port", 0)
    rules = () if isinstance(back.rules, Unseen) else back.rules
    return not any(rule.low == rule.high == port and not rule.egress for rule in rules)


def _states(health: Sequence[TargetHealthDescriptionTypeDef]) -> str:
    told = []
    for each in health:
        state = each.get("TargetHealth", {})
        why = " ".join(filter(None, (state.get("Reason", ""), state.get("Description", ""))))
        told.append(f"{_short(each)} {state.get('State', '')}{f' ({why})' if why else ''}")
    return f"{'; '.join(told)}."


def _short(each: TargetHealthDescriptionTypeDef) -> str:
    port = each["Target"].get("Port")
    return f"{each['Target']['Id'].rpartition('loadbalancer/')[2]}{f':{port}' if port else ''}"


def _named(each: TargetHealthDescriptionTypeDef) -> str:
    port = each["Target"].get("Port")
    return f"Id={each['Target']['Id']}{f',Port={port}' if port else ''}"


# --- health check -----------------------------------------------------------------------------------------------------


def _health_check(aim: Aim, back: Back) -> Iterator[Finding]:
    if back.group is None:
        yield Finding("health-check", Weight.NOT_REACHED, "There is no target group.")
        return
    group = back.group
    check = f"{group.get('HealthCheckProtocol')}" + (
        f" {group.get('HealthCheckPath')}" if group.get("HealthCheckPath") else ""
    )
    port = group.get("HealthCheckPort", "traffic-port")
    said = f"{check} on {'the traffic port' if port == 'traffic-port' else f'port {port}'}"
    if isinstance(back.health, Unseen):
        yield Finding("health-check", Weight.UNKNOWN, f"{said}; its results: {back.health.why}.")
        return
    unhealthy = [each for each in back.health if each.get("TargetHealth", {}).get("State") == "unhealthy"]
    checked = [each for each in back.health if each.get("TargetHealth", {}).get("State") in ("healthy", "unhealthy")]
    if unhealthy:
        fails = f"{said} fails: {_states(unhealthy)}"
        if len(unhealthy) == len(checked):
            fails += " As no target is healthy, the load balancer fails open: it sends requests to all of them."
        if _filtered(back, unhealthy):
            yield Finding(
                "health-check", Weight.SUSPICIOUS, f"{fails} The packet filters keep the check out too.", step=""
            )
        else:
            yield Finding(
                "health-check",
                Weight.SUSPICIOUS,
                fails,
                "See what the service answers to the check; if it works by hand, the check's path, port or protocol "
                "is not the service's.",
                _usual_check(aim, group),
            )
    yield Finding("health-check", Weight.FACT, f"{said}: {len(checked) - len(unhealthy)} of {len(checked)} healthy.")


def _usual_check(aim: Aim, group: TargetGroupTypeDef) -> str:
    """Undo what is unusual about the check; if nothing is, ask for the path that is traced."""
    usual: dict[str, str] = {}
    if group.get("HealthCheckPort", "traffic-port") != "traffic-port":
        usual["health_check_port"] = "traffic-port"
    if group.get("HealthCheckProtocol") == "HTTPS" and group.get("Protocol") in _PLAIN:
        usual["health_check_protocol"] = "HTTP"
    if group.get("Matcher", {}).get("HttpCode", _USUAL_MATCHER) not in (_USUAL_MATCHER, "200"):
        usual["matcher"] = f"HttpCode={_USUAL_MATCHER}"
    if not usual and group.get("HealthCheckPath") and aim.endpoint is not None:
        usual["health_check_path"] = aim.endpoint.path
    return cli("elbv2", "modify-target-group", target_group_arn=group["TargetGroupArn"], **usual) if usual else ""


# --- packet filters ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pair:
    """Somebody, and what it sends requests to."""

    source: Caller
    place: Place
    port: int


def _pairs(back: Back, *, checks: bool = False) -> list[_Pair]:
    """Who the targets see, and each target: the load balancer's nodes, or its callers where these are preserved.

    ``checks``: of health checks, which always come from the nodes.
    """
    if isinstance(back.nodes, Unseen) or isinstance(back.health, Unseen) or isinstance(back.places, Unseen):
        return []
    callers = back.callers if preserves_clients(back) and not checks else None
    if isinstance(callers, Unseen):
        return []
    found = []
    everywhere = _cross_zone(back)
    for each in back.health:
        place = back.places.get(each["Target"]["Id"])
        if place is None or each.get("TargetHealth", {}).get("State") == "draining":
            continue
        # A port that looks like a slip is blamed on the registration; the filters are judged for the port meant.
        port = place.port if _is_slip(back, each) else each["Target"].get("Port", place.port)
        if callers is not None:
            found += [_Pair(caller, place, port) for caller in callers]
            continue
        found += [
            _Pair(source, place, port)
            for node in back.nodes
            for source in node.callers
            if everywhere or not place.zone or node.zone == place.zone
        ]
    return found


def _entering(back: Back) -> list[_Pair]:
    """Who calls the load balancer, and each of its nodes."""
    if not back.callers or isinstance(back.callers, Unseen) or isinstance(back.nodes, Unseen) or not back.port:
        return []
    name = back.balancer.get("LoadBalancerName", "")
    return [
        _Pair(caller, Place(name, back.port, node.subnet, node.zone, ip, "", back.own_groups), back.port)
        for caller in back.callers
        for node in back.nodes
        for ip in node.ips
    ]


def _filtered(back: Back, unhealthy: Sequence[TargetHealthDescriptionTypeDef]) -> bool:
    """Whether security groups or network ACLs explain every failing check."""
    if isinstance(back.rules, Unseen) or isinstance(back.acls, Unseen):
        return False
    ids = {each["Target"]["Id"] for each in unhealthy}
    pairs = [pair for pair in _pairs(back, checks=True) if pair.place.target in ids]
    return bool(pairs) and all(
        _passes(pair, back.rules) is False or any(each.certain for each in _denials(pair, back.acls)) for pair in pairs
    )


def _filter_unknown(back: Back) -> str | None:
    """Why the filters cannot be judged, if so; empty when there is nothing to judge."""
    if back.group is None or isinstance(back.health, Unseen) or not back.health:
        return ""
    if back.behind is not None:
        return None
    if isinstance(back.callers, Unseen):
        return f"The link's subnets could not be looked at: {back.callers.why}."
    if isinstance(back.nodes, Unseen):
        return f"The load balancer's addresses could not be looked at: {back.nodes.why}."
    if isinstance(back.places, Unseen):
        return f"The targets' machines could not be looked at: {back.places.why}."
    missing = [each["Target"]["Id"] for each in back.health if each["Target"]["Id"] not in back.places]
    if len(missing) == len(back.health):
        return f"Trace finds no network interface of {_listed(missing)} in the load balancer's VPC."
    return None


def _security_group(aim: Aim, back: Back) -> Iterator[Finding]:
    why = _filter_unknown(back)
    if why is not None:
        yield Finding(
            "security-group",
            Weight.UNKNOWN if why else Weight.NOT_REACHED,
            why or "There are no targets whose groups could be looked at.",
        )
        return
    if isinstance(back.rules, Unseen):
        yield Finding("security-group", Weight.UNKNOWN, f"The rules could not be looked at: {back.rules.why}.")
        return
    pairs, entering = _pairs(back), _entering(back)
    if back.callers is None:
        yield from _own_groups(aim, back, back.rules)
    elif entering and (back.own_groups or any(pair.source.groups for pair in entering)):
        yield from _let_in(back, entering, back.rules)
    if pairs:
        yield from _let_in(back, pairs, back.rules)
        yield from _check_port(back, pairs, back.rules)
    yield from _too_wide(back, pairs, back.rules)


def _passes(pair: _Pair, rules: Sequence[Rule]) -> bool | None:
    """Whether the target's groups let the source in, and the source's own let it out."""
    inbound = [rule for rule in rules if rule.group in pair.place.groups and not rule.egress]
    # Only a Network Load Balancer can be without groups, and then lets everybody in.
    let_in = admitted(inbound, pair.source.where, pair.port, pair.source.groups) if pair.place.groups else True
    if not pair.source.groups or not pair.place.ip:
        return let_in
    outbound = [rule for rule in rules if rule.group in pair.source.groups and rule.egress]
    let_out = admitted(outbound, f"{pair.place.ip}/32", pair.port, pair.place.groups)
    if False in (let_in, let_out):
        return False
    return None if None in (let_in, let_out) else True


def _whose(back: Back, pairs: Sequence[_Pair]) -> str:
    """Whose the sources' addresses are."""
    nodes = [] if isinstance(back.nodes, Unseen) else back.nodes
    own = {source for node in nodes for source in node.callers}
    if all(pair.source in own for pair in pairs):
        return "the load balancer's"
    return "the Network Load Balancer's" if all(pair.source.where.endswith("/32") for pair in pairs) else "the link's"


def _let_in(back: Back, pairs: Sequence[_Pair], rules: Sequence[Rule]) -> Iterator[Finding]:
    blocked = [pair for pair in pairs if _passes(pair, rules) is False]
    doubtful = [pair for pair in pairs if _passes(pair, rules) is None]
    whose = _whose(back, pairs)
    if blocked:
        sources = list(dict.fromkeys(str(pair.source) for pair in blocked))
        groups = list(dict.fromkeys(group for pair in blocked for group in pair.place.groups))
        ports = list(dict.fromkeys(pair.port for pair in blocked))
        grouped = any(pair.source.groups for pair in blocked)
        yield Finding(
            "security-group",
            _weight(back, blocked, pairs),
            f"{_listed(groups)} does not let {_listed(sources)} ({whose}) in on port "
            f"{_listed([str(port) for port in ports])}"
            + (", or their own groups do not let them out." if grouped else ".")
            + _others_pass(blocked, pairs)
            + _on_other_ports(blocked, rules),
            "Let the security groups of who calls in on that port."
            if grouped
            else f"Let each of {whose} addresses in on that port, as a /32.",
            lines(*dict.fromkeys(command for pair in blocked for command in _opening(pair, rules))),
            explains=_GATEWAY_FAILS,
        )
    if doubtful:
        yield Finding(
            "security-group",
            Weight.UNKNOWN,
            f"Whether {_listed([str(pair.source) for pair in doubtful])} is let in cannot be told: a rule names a "
            "prefix list, which trace does not look into, or a part of the range only.",
        )
    if not blocked:
        said = f"{_listed([str(pair.source) for pair in pairs])} ({whose}) let in on port"
        yield Finding("security-group", Weight.FACT, f"{said} {_listed([str(pair.port) for pair in pairs])}.")


def _others_pass(blocked: Sequence[_Pair], pairs: Sequence[_Pair]) -> str:
    others = [str(pair.source) for pair in pairs if pair not in blocked]
    return f" Requests through {_listed(others)} pass." if others else ""


def _weight(back: Back, blocked: Sequence[_Pair], pairs: Sequence[_Pair]) -> Weight:
    """What it means that these pairs are blocked: some requests fail as long as the load balancer tries them."""
    if len(blocked) == len(pairs):
        return Weight.BREAKS
    states = (
        {}
        if isinstance(back.health, Unseen)
        else {each["Target"]["Id"]: each.get("TargetHealth", {}).get("State") for each in back.health}
    )
    fails_open = "healthy" not in states.values()
    tried = [pair for pair in blocked if fails_open or states.get(pair.place.target) == "healthy"]
    return Weight.MAY_BREAK if tried else Weight.SUSPICIOUS


def _opening(pair: _Pair, rules: Sequence[Rule]) -> Iterator[str]:
    """Let the pair through, inbound at the one and outbound at the other, as far as each is closed."""
    inbound = [rule for rule in rules if rule.group in pair.place.groups and not rule.egress]
    if pair.place.groups and not admitted(inbound, pair.source.where, pair.port, pair.source.groups):
        yield _authorize(pair, pair.port)
    outbound = [rule for rule in rules if rule.group in pair.source.groups and rule.egress]
    if pair.source.groups and not admitted(outbound, f"{pair.place.ip}/32", pair.port, pair.place.groups):
        yield cli(
            "ec2",
            "authorize-security-group-egress",
            group_id=pair.source.groups[0],
            protocol="tcp",
            port=pair.port,
            cidr=f"{pair.place.ip}/32",
        )


def _authorize(pair: _Pair, port: int) -> str:
    source = {"source_group": pair.source.groups[0]} if pair.source.groups else {"cidr": pair.source.where}
    group = pair.place.groups[0]
    return cli("ec2", "authorize-security-group-ingress", group_id=group, protocol="tcp", port=port, **source)


def _on_other_ports(blocked: Sequence[_Pair], rules: Sequence[Rule]) -> str:
    """The rules that name the load balancer's addresses, on another port."""
    near = [
        rule
        for rule in rules
        if not rule.egress
        and rule.network is not None
        and rule.network.num_addresses == 1
        and any(rule.source == pair.source.where for pair in blocked)
    ]
    return f" Near misses: {_listed([str(rule) for rule in near])}." if near else ""


def _check_port(back: Back, pairs: Sequence[_Pair], rules: Sequence[Rule]) -> Iterator[Finding]:
    """The health check's own port, where that is another."""
    own = str(back.group.get("HealthCheckPort", "traffic-port")) if back.group else "traffic-port"
    if own == "traffic-port":
        return
    blocked = [
        pair
        for pair in pairs
        if pair.port != int(own)
        and admitted(
            [rule for rule in rules if rule.group in pair.place.groups and not rule.egress],
            pair.source.where,
            int(own),
            pair.source.groups,
        )
        is False
    ]
    if blocked:
        ips = list(dict.fromkeys(str(pair.source) for pair in blocked))
        yield Finding(
            "security-group",
            Weight.SUSPICIOUS,
            f"{_listed(ips)} (the load balancer's) is not let in on port {own}, where the health check asks.",
            "Let the health check in.",
            "\n".join(dict.fromkeys(_authorize(pair, int(own)) for pair in blocked)),
        )


def _own_groups(aim: Aim, back: Back, rules: Sequence[Rule]) -> Iterator[Finding]:
    """The load balancer's own security groups, which also judge what comes through PrivateLink unless told not to."""
    enforced = back.balancer.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "on")
    listed = _listed(list(back.own_groups))
    if not back.own_groups:
        return
    if enforced == "off":
        yield Finding(
            "security-group",
            Weight.FACT,
            f"The load balancer's own groups ({listed}) do not judge PrivateLink traffic.",
        )
        return
    port = aim.endpoint.port if aim.endpoint else 0
    spanning = [rule for rule in rules if rule.group in back.own_groups and not rule.egress and rule.spans(port)]
    mend = cli(
        "elbv2",
        "set-security-groups",
        load_balancer_arn=back.balancer["LoadBalancerArn"],
        security_groups=back.own_groups,
        enforce_security_group_inbound_rules_on_private_link_traffic="off",
    )
    if not spanning:
        yield Finding(
            "security-group",
            Weight.BREAKS,
            f"The load balancer's own groups ({listed}) have no rule for port {port}, and they judge what comes "
            "through the link (EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic is on).",
            "Let them not judge PrivateLink traffic, or add a rule for the port.",
            mend,
            step="",
        )
    elif not any(rule.network is not None and rule.network.prefixlen == 0 for rule in spanning):
        yield Finding(
            "security-group",
            Weight.MAY_BREAK,
            f"The load balancer's own groups judge what comes through the link, and let in only "
            f"{_listed([str(rule) for rule in spanning])}; from which addresses API Gateway comes is not published.",
            "Let them not judge PrivateLink traffic.",
            mend,
            explains=_GATEWAY_FAILS,
            otherwise=Weight.UNKNOWN,
            step="",
        )


def _too_wide(back: Back, pairs: Sequence[_Pair], rules: Sequence[Rule]) -> Iterator[Finding]:
    """Rules that let in more than the load balancer, or what is gone."""
    places = {} if isinstance(back.places, Unseen) else back.places
    ports = {pair.port for pair in pairs} or {place.port for place in places.values()}
    groups = {group for place in places.values() for group in place.groups}
    own = set() if isinstance(back.nodes, Unseen) else {ip for node in back.nodes for ip in node.ips}
    of_link = any(not pair.source.where.endswith("/32") for pair in pairs)
    inbound = [
        rule for rule in rules if rule.group in groups and not rule.egress and any(rule.spans(port) for port in ports)
    ]
    public = [rule for rule in inbound if is_public(rule)]
    if public:
        reachable = [
            place.target
            for place in places.values()
            if place.public_ip
            and not isinstance(back.internet_subnets, Unseen)
            and reaches_internet(back.internet_subnets, place.subnet)
        ]
        yield Finding(
            "security-group",
            Weight.SUSPICIOUS,
            f"The internet is let in: {_listed([str(rule) for rule in public[:_PUBLIC_SHOWN]])}."
            + (
                f" {_listed(reachable)} has a public address and a route to it: the gateway can be gone round now."
                if reachable
                else " Only the lack of a public address or route still keeps it out."
            ),
            "Take these rules away.",
            _revoke(public),
        )
    wide = [
        rule
        for rule in inbound
        if rule not in public
        and not of_link  # its addresses are not known one by one, so a range is all that can be let in
        and rule.network is not None
        and rule.network.num_addresses > 1
        and any(ipaddress.ip_address(ip) in rule.network for ip in own)
    ]
    if wide:
        yield Finding(
            "security-group",
            Weight.SUSPICIOUS,
            f"Wider than the load balancer's addresses: {_listed([str(rule) for rule in wide])}.",
            "Let in only the load balancer's addresses, each as a /32, and take the wide rule away.",
            _revoke(wide),
        )
    if isinstance(back.addresses, Unseen) or of_link:
        return
    stale = [
        rule
        for rule in inbound
        if rule.network is not None
        and rule.network.num_addresses == 1
        and str(rule.network.network_address) not in own | back.addresses
    ]
    if stale and own and not isinstance(back.nodes, Unseen):
        yield Finding(
            "security-group",
            Weight.SUSPICIOUS,
            f"For addresses that nothing has any more: {_listed([str(rule) for rule in stale])}; the load balancer's "
            f"are {_listed(sorted(own))}.",
            "Take the stale rules away: whoever gets such an address next is let in.",
            _revoke(stale),
        )


def _revoke(rules: Sequence[Rule]) -> str:
    return "\n".join(
        cli("ec2", "revoke-security-group-ingress", group_id=rule.group, security_group_rule_ids=rule.id)
        for rule in rules
    )


def _network_acl(back: Back) -> Iterator[Finding]:
    why = _filter_unknown(back)
    if why is not None:
        yield Finding(
            "network-acl",
            Weight.UNKNOWN if why else Weight.NOT_REACHED,
            why or "There are no targets whose subnets could be looked at.",
        )
        return
    if isinstance(back.acls, Unseen):
        yield Finding("network-acl", Weight.UNKNOWN, f"The network ACLs could not be looked at: {back.acls.why}.")
        return
    pairs = [pair for pair in (*_pairs(back), *_entering(back)) if pair.place.subnet]
    if not pairs and back.behind is not None:
        return
    if not pairs:
        yield Finding("network-acl", Weight.UNKNOWN, "The targets' subnets are not known to trace.")
        return
    denials = {pair: list(_denials(pair, back.acls)) for pair in pairs}
    dead = [pair for pair in pairs if any(each.certain for each in denials[pair])]
    # Who calls the load balancer and who calls the targets come one after the other: either being shut out is enough.
    entering = {pair for pair in pairs if pair.place.target == back.balancer.get("LoadBalancerName")}
    stages = [stage for stage in ([*entering], [pair for pair in pairs if pair not in entering]) if stage]
    shut = any(set(stage) <= set(dead) for stage in stages)
    hurt = [pair for pair in pairs if denials[pair] and pair not in dead]
    for some, weight in (
        (dead, Weight.BREAKS if shut else _weight(back, dead, pairs)),
        (hurt, Weight.MAY_BREAK),
    ):
        if some:
            those = [each for pair in some for each in denials[pair]]
            yield Finding(
                "network-acl",
                weight,
                f"{'; '.join(dict.fromkeys(each.text for each in those))}.",
                "Allow it both ways: network ACLs do not remember connections, so replies need ports 1024-65535.",
                _allowing(those),
                explains=_GATEWAY_FAILS,
                step="",
            )
    if not dead and not hurt:
        crossing = any(pair.source.subnet != pair.place.subnet for pair in pairs)
        yield Finding(
            "network-acl",
            Weight.FACT,
            "They let requests and replies pass."
            if crossing
            else "Load balancer and targets share their subnets: nothing is judged inside one.",
        )


@dataclass(frozen=True)
class _Denial:
    """What a network ACL denies a pair."""

    text: str
    certain: bool
    """Whether the request, or every reply, is denied."""
    acl: Acl
    egress: bool
    other: str
    """The other side's address or range."""
    port: int | None
    """None: replies, to whatever port the client connects from."""
    by: Entry | None
    """The rule that denies it; None when there is none that allows it."""


def _denials(pair: _Pair, acls: Sequence[Acl]) -> Iterator[_Denial]:
    if pair.source.subnet == pair.place.subnet or not pair.place.subnet:
        return
    here, there = f"{pair.place.ip}/32", pair.source.where
    legs = (
        (pair.source.subnet, True, pair.place.ip, here, pair.port),
        (pair.place.subnet, False, pair.source.ip, there, pair.port),
        (pair.place.subnet, True, pair.source.ip, there, None),
        (pair.source.subnet, False, pair.place.ip, here, None),
    )
    for subnet, egress, other, where, port in legs:
        acl = next((each for each in acls if subnet in each.subnets), None)
        if acl is None:
            continue
        passes = acl.allows(other, port, egress=egress) if port else acl.allowed_replies(other, egress=egress)
        if passes is True:
            continue
        entry = acl.decides(other, port or EPHEMERAL[0], egress=egress)
        what = f"port {port}" if port else f"{'some' if passes is None else 'all'} reply ports (1024-65535)"
        by = f" by {entry}" if entry is not None and not entry.allow else ""
        text = (
            f"{acl.id} of {subnet} denies {'outbound' if egress else 'inbound'} TCP {'to' if egress else 'from'} "
            f"{where.removesuffix('/32')}, {what}{by}"
        )
        yield _Denial(text, passes is False, acl, egress, where, port, entry)


def _allowing(denials: Sequence[_Denial]) -> str:
    """Allow each by a rule before the one that denies it; where there is no number left, in its place."""
    commands: dict[tuple[str, bool, str, int | None], str] = {}
    taken = {(each.acl.id, each.egress): {entry.number for entry in each.acl.entries if entry.egress == each.egress}
             for each in denials}  # fmt: skip
    for each in denials:
        key = (each.acl.id, each.egress, each.other, each.port)
        if key in commands:
            continue
        used = taken[each.acl.id, each.egress]
        # A rule's number is 1 to 32766 (CreateNetworkAclEntry).
        below = range(each.by.number - 1 if each.by else 32766, 0, -1)
        number = next((number for number in below if number not in used), None)
        low, high = (each.port, each.port) if each.port else EPHEMERAL
        command = cli(
            "ec2",
            "replace-network-acl-entry" if number is None else "create-network-acl-entry",
            network_acl_id=each.acl.id,
            rule_number=number or (each.by.number if each.by else 1),
            protocol="tcp",
            rule_action="allow",
            cidr_block=each.other,
            port_range=f"From={low},To={high}",
        )
        used.add(number or 0)
        commands[key] = f"{command} {'--egress' if each.egress else '--ingress'}"
    return lines(*commands.values())


def _listed(values: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(value for value in values if value))
