"""The backend: what the answer itself tells, and what is left to the service when nothing before it is to blame."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from runbook.trace.aim import Aim
from runbook.trace.answer import Answer
from runbook.trace.model import Finding, Symptom, Weight, known
from runbook.trace.seen import Back
from runbook.trace.way import Way

__all__ = ["astray", "judge", "redirecting", "to_blame", "undecided"]

# "Troubleshoot your Application Load Balancers", HTTP errors that the load balancer makes.
_OF_BALANCER = {
    502: "the target refused the connection, or broke the exchange off",
    503: "there is no target that it could ask",
    504: "the target did not answer in time",
}
_HEADROOM = 0.8  # of the integration's timeout
# Names that exist in no public DNS: RFC 2606, RFC 6761, RFC 6762, RFC 9476 and ICANN's reservation of "internal".
_NOT_PUBLIC = frozenset(
    {"alt", "corp", "example", "home", "internal", "invalid", "lan", "local", "localdomain", "localhost", "test"}
)
# What a service that goes by the Host header answers to a name that it does not know.
_OF_ANOTHER_HOST = frozenset({400, 403, 404, 421})


def judge(way: Way, answer: Answer, verdict: str | None) -> Iterator[Finding]:
    """What the request itself told."""
    aim = way.aim
    if answer.redirects and answer.symptom is Symptom.FINE and verdict is None:
        yield from _elsewhere(way, answer)
    yield Finding("backend", Weight.FACT, f"{answer.sentence[0].upper()}{answer.sentence[1:]}.")
    if answer.by_gateway and verdict not in (None, "backend"):
        yield Finding("backend", Weight.NOT_REACHED, "The request did not get here.")
    called = aim.integration
    if answer.symptom is Symptom.FINE and called is not None and answer.latency > _HEADROOM * called.timeout:
        yield Finding(
            "backend",
            Weight.SUSPICIOUS,
            f"It took {answer.latency} ms of the {called.timeout} ms that the integration waits.",
            "Make the service faster, or allow it more time, before it is too slow.",
            step="",
        )


def undecided(unseen: Collection[str]) -> Finding:
    """Nothing explains the answer, but these hops could if they could be looked at."""
    return Finding(
        "backend",
        Weight.UNKNOWN,
        f"Nothing that could be looked at explains the answer; it may be the service, or {', '.join(unseen)}.",
    )


def to_blame(aim: Aim, back: Back | None, answer: Answer) -> Finding:
    """The request fails behind everything that AWS shows."""
    called = aim.integration
    match answer.symptom:
        case Symptom.BALANCER:
            why = _OF_BALANCER.get(answer.status or 0, "see why")
            said = f"The Application Load Balancer answers {answer.status}: {why}."
            fix = "See whether the service runs and listens there."
        case _ if answer.practice:
            said = f"The practice account answers in its own name: {answer.message or answer.status}."
            fix = "On AWS it may be answered."
        case _ if not answer.by_gateway and answer.status is not None:
            said = (
                f"The request got through to the service, and the service itself answers {answer.status}.{_asked(aim)}"
            )
            fix = "Look into the service's own logs."
            if answer.status in _OF_ANOTHER_HOST and called is not None and called.private:
                fix = (
                    "If the service goes by the Host (an ingress, virtual hosts), it does not know that name: send one "
                    "that it knows, by mapping integration.request.header.Host or by the endpoint URL's host, and "
                    "deploy. Else look into the service's own logs."
                )
        case Symptom.TIMED_OUT:
            limit = f"{called.timeout} ms" if called else "the integration's timeout"
            said = f"The service took longer than {limit}."
            fix = "Make the service faster, or allow it more time (29 s at most, unless the quota was raised)."
        case Symptom.NETWORK_ERROR:
            said = "The connection to the service broke off before it had answered."
            fix = "See why the service ends connections: crashes, its own timeouts, answers that are not HTTP."
        case _ if aim.endpoint is not None and aim.endpoint.scheme == "https":
            return Finding(
                "integration",
                Weight.UNKNOWN,
                "The endpoint URL begins with https://, and trace does not follow TLS: API Gateway refuses a "
                f"certificate that is not for {aim.endpoint.host}, has expired, or is of no authority that it trusts.",
            )
        case _ if healthy := [each for each in known(back.health) if each.state == "healthy"] if back else []:
            said = (
                "Everything up to the instances lets the request pass, and the load balancer finds "
                f"{len(healthy)} of {len(known(back.health)) if back else 0} targets healthy, but the exchange with "
                f"the service fails{_ports(back)}."
            )
            fix = "See on the instances what the service does with a request on that port, on all addresses."
        case _:
            said = f"Everything up to the instances lets the request pass, but nothing answers there{_ports(back)}."
            fix = "See on the instances whether the service runs and listens on that port, on all addresses."
    return Finding("backend", Weight.BREAKS, said, fix, step="")


def _ports(back: Back | None) -> str:
    if back is None or not known(back.places):
        return ""
    told = ", ".join(f"{each.id} port {each.port or ''}" for each in known(back.health))
    return f" ({told})" if told else ""


def _asked(aim: Aim) -> str:
    """How the service was asked, with the Host header that it saw."""
    endpoint, called = aim.endpoint, aim.integration
    if endpoint is None or called is None:
        return ""
    path = endpoint.path
    host = f"{endpoint.host}:{endpoint.port}" if endpoint.names_port else endpoint.host
    if mapped := called.host_header:
        host = mapped.strip("'") if mapped.startswith("'") else f"from {mapped}"
    return f" It was asked for {path} with the Host {host}."


# --- redirects --------------------------------------------------------------------------------------------------------


def astray(way: Way, answer: Answer) -> str:
    """Why callers cannot follow a redirect, as a clause about where it leads; empty where they can, as far as is seen.

    API Gateway hands a redirect on as it came.
    """
    if not answer.redirects or answer.status == answer.expected:
        return ""
    there, own = urlsplit(urljoin(way.target.url, answer.location)), urlsplit(way.target.url)
    host = there.hostname or ""
    if there[:4] == own[:4]:
        return "which is what was asked for: callers go round in a circle"
    if host == own.hostname:
        plain = (own.scheme, there.scheme) == ("https", "http")
        return "where nothing answers: API Gateway takes https only" if plain else ""
    balancer = known(way.front.balancers).get(way.front.balancer_named(host))
    if balancer is not None:
        return (
            "" if balancer.get("Scheme") != "internal" else "the load balancer's own name, which only its VPC reaches"
        )
    if host.startswith("internal-") and host.endswith(".elb.amazonaws.com"):
        return "an internal load balancer's name, which only its VPC reaches"
    if _is_private(host):
        return "an address that only a private network reaches"
    if "." not in host or host.rpartition(".")[2] in _NOT_PUBLIC:
        return "a name that only a private network knows"
    if answer.addresses and all(map(_is_private, answer.addresses)):
        return f"a name of private addresses ({', '.join(answer.addresses)})"
    return ""


def redirecting(way: Way, answer: Answer) -> Finding:
    """The service sends its callers where they cannot get."""
    said = f"The service answers with a redirect ({answer.status}) to {answer.location}, {astray(way, answer)}."
    endpoint, there = way.aim.endpoint, urlsplit(answer.location)
    to_https = endpoint is not None and endpoint.scheme == "http" and there.scheme == "https"
    if to_https and endpoint is not None and there.path.rstrip("/") == endpoint.path.rstrip("/"):
        return Finding(
            "integration",
            Weight.BREAKS,
            f"{said} It sends whoever asks by plain HTTP to HTTPS, and the endpoint URL begins with http://.",
            "Let the endpoint URL begin with https:// (where the load balancer takes TLS, with a certificate for the "
            "host in it), and deploy; or let the service answer plain HTTP that comes from the load balancer.",
            step="",
        )
    return Finding(
        "backend",
        Weight.BREAKS,
        said,
        "Let the service redirect to the name by which it is called (its base URL, or X-Forwarded-Host), or to a path.",
        step="",
    )


def _elsewhere(way: Way, answer: Answer) -> Iterator[Finding]:
    """A redirect that may be meant so: what can be said of where it leads."""
    own, there = urlsplit(way.target.url), urlsplit(urljoin(way.target.url, answer.location))
    host = there.hostname or ""
    base = own.path.removesuffix(way.target.path).rstrip("/")
    said = ""
    if why := astray(way, _as_if_not_expected(answer)):
        said = f"The redirect leads to {answer.location}, {why}."
    elif host == own.hostname:
        if not f"{there.path}/".startswith(f"{base}/"):
            said = f"The redirect leads to {there.path}, out of the stage ({base}): API Gateway answers 403 there."
    elif way.front.balancer_named(host) or ".elb." in host:
        said = f"The redirect leads to {host}, a load balancer's name: callers go round the gateway."
    elif answer.addresses == ():
        said = f"The redirect leads to {host}, which does not resolve from here."
    if said:
        fix = "Let the service redirect to the name, and below the path, by which it is called."
        yield Finding("backend", Weight.SUSPICIOUS, said, fix, step="")
    else:
        yield Finding("backend", Weight.FACT, f"The redirect to {answer.location} is not followed.")


def _as_if_not_expected(answer: Answer) -> Answer:
    return replace(answer, expected=None)


def _is_private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
