"""The listener: whether there is one on the endpoint URL's port that speaks what the integration sends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from runbook.trace.answer import Answer
from runbook.trace.command import SHOW_GROUPS, cli, forward, shorthand
from runbook.trace.endpoint import PLAIN, Endpoint, host_part
from runbook.trace.model import Finding, Symptom, Unseen, Weight, known
from runbook.trace.seen import Back
from runbook.trace.way import Way
from runbook.trace.wording import listed

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import ListenerTypeDef

__all__ = ["judge", "to_blame"]

# What an Application Load Balancer answers for a target that refuses, breaks off or is too slow ("Troubleshoot your
# Application Load Balancers").
_OF_TARGETS = (502, 504)


def judge(way: Way, back: Back) -> Iterator[Finding]:
    """The listener that the endpoint URL asks for."""
    if isinstance(back.listeners, Unseen):
        yield Finding("listener", Weight.UNKNOWN, f"The listeners could not be looked at: {back.listeners.why}.")
        return
    name, endpoint = back.name, way.aim.endpoint
    if not back.listeners:
        port = endpoint.port if endpoint else 80
        yield Finding(
            "listener",
            Weight.BREAKS,
            f"{name} has no listener.",
            f"Create one on port {port}.",
            _create_listener(port, back),
        )
        return
    ports = listed(f"{each['Port']} ({each.get('Protocol')})" for each in back.listeners)
    if endpoint is None:
        yield Finding("listener", Weight.FACT, f"{name} listens on {ports}.")
        return
    port = endpoint.port
    if back.listener is None:
        said = f"The endpoint URL asks for port {port}, but the load balancer listens on {ports}"
        yield from _no_listener(way, back, back.listeners, endpoint, said)
        return
    if back.is_application and back.group is None:
        actions = listed(each.get("Type", "") for each in back.listener.get("DefaultActions", []))
        yield Finding(
            "listener",
            Weight.MAY_BREAK,
            f"The default action of the listener on port {port} is {actions}: what its other rules do not take, it "
            "answers itself.",
            "Let the default action forward to the target group.",
            SHOW_GROUPS,
            explains=frozenset({Symptom.BALANCER}),
            otherwise=Weight.UNKNOWN,
            step="",
        )
    protocol = str(back.listener.get("Protocol", ""))
    if protocol not in PLAIN and not (endpoint.scheme == "https" and protocol in ("TLS", "HTTPS")):
        yield Finding(
            "listener",
            Weight.BREAKS,
            f"The listener on port {port} speaks {protocol}, but the endpoint URL begins with {endpoint.scheme}://.",
            f"Let the listener and its group speak {back.spoken}, or call it as what it is.",
            _make_plain(back, back.listener),
        )
    if back.idle is not None and back.group is not None:
        idle = back.idle.get("TargetGroupName")
        yield Finding(
            "listener",
            Weight.BREAKS,
            f"It forwards to {back.group.get('TargetGroupName')}, which has no targets, while {idle}, which has some, "
            "is used by no load balancer.",
            f"Forward to {idle}.",
            forward(back.listener["ListenerArn"], back.idle["TargetGroupArn"]),
        )
    yield Finding("listener", Weight.FACT, f"{name} listens on {ports}; the endpoint URL asks for {port}.")


def to_blame(back: Back, answer: Answer) -> Finding | None:
    """An Application Load Balancer answers in its own name, though it has whom to ask."""
    last = back.behind or back
    if answer.symptom is not Symptom.BALANCER or answer.status in _OF_TARGETS or last.listener is None:
        return None
    if not any(each.state == "healthy" for each in known(last.health)):
        return None
    return Finding(
        "listener",
        Weight.BREAKS,
        f"{last.name} answers {answer.status} in its own name, though it has healthy targets: a rule of its listener "
        "does so, of which trace follows the default only.",
        "Let the rule that fits the path forward to the target group.",
        cli("elbv2", "describe-rules", listener_arn=last.listener["ListenerArn"]),
        step="",
    )


def _make_plain(back: Back, listener: ListenerTypeDef) -> str:
    """A listener forwards only to a group of a protocol that fits."""
    arn = listener["ListenerArn"]
    if back.group is not None and back.group.get("Protocol") in (back.spoken, f"{back.spoken}_UDP"):
        return cli("elbv2", "modify-listener", listener_arn=arn, protocol=back.spoken)
    group = back.unused_group
    return forward(arn, group, protocol=back.spoken) if group else SHOW_GROUPS


def _no_listener(
    way: Way, back: Back, listeners: Sequence[ListenerTypeDef], endpoint: Endpoint, evidence: str
) -> Iterator[Finding]:
    """The endpoint URL's port and the listener's differ: whichever disagrees with the target group is the odd one."""
    group_port = back.group.get("Port") if back.group else None
    plain = endpoint.scheme == "https" or listeners[0].get("Protocol") in PLAIN
    only = listeners[0]["Port"] if len(listeners) == 1 and plain else None
    called = way.aim.integration
    # What is written out beside a variable stays: only a port that a variable holds is a variable's to change.
    variables = way.variables_for(endpoint.host, [("http", only or 0)]) if endpoint.names_port else {}
    if called is not None and only is not None and (variables or group_port == only) and not back.inner:
        yield Finding(
            "stage-variables" if variables else "integration",
            Weight.BREAKS,
            f"{evidence}{', as does the target group' if group_port == only else ''}.",
            f"Let the endpoint URL lead to port {only}"
            + (" (no deployment is needed)." if variables else ", and deploy."),
            way.set_variables(variables) if variables else _lead_to_port(way, called.uri, only),
        )
        yield Finding("listener", Weight.NOT_REACHED, f"{evidence}.")
        return
    yield Finding(
        "listener",
        Weight.BREAKS,
        f"{evidence}.",
        f"Listen on port {endpoint.port}.",
        _create_listener(endpoint.port, back)
        if only is None
        else cli("elbv2", "modify-listener", listener_arn=listeners[0]["ListenerArn"], port=endpoint.port),
    )


def _lead_to_port(way: Way, uri: str, port: int) -> str:
    """Let the endpoint URL name this port."""
    host = host_part(uri)
    tail = "" if port == 80 else f":{port}"
    rest = uri.partition("://")[2].removeprefix(host)
    # A port behind the last brace is written out; one within is a variable's.
    bare = host.rpartition(":")[0] if ":" in host.rpartition("}")[2] else host
    return way.patch("/uri", f"http://{bare}{tail}{rest}")


def _create_listener(port: int, back: Back) -> str:
    fits = back.group is not None and back.group.get("Protocol") in (back.spoken, f"{back.spoken}_UDP")
    group = back.group["TargetGroupArn"] if back.group and fits else back.unused_group
    if not group:
        return SHOW_GROUPS
    return cli(
        "elbv2",
        "create-listener",
        load_balancer_arn=back.arn,
        protocol=back.spoken,
        port=port,
        default_actions=shorthand(Type="forward", TargetGroupArn=group),
    )
