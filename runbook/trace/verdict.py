"""From what was found and what the request was answered to the hop that breaks it.

An answer bounds where the break can be: a 403 for an unknown route never got to the load balancer, and what the service
itself answers did. So what was found is weighed by the answer:

- found before the part where the break must be, or while the request is answered: it did not stop the request, so it is
  only suspicious;
- found within that part: broken;
- found behind it: broken too, hidden behind the other.

The first broken hop on the path is the verdict. A request that is answered has none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from runbook.trace.answer import Answer
from runbook.trace.configuration import Configuration, differences
from runbook.trace.gateway import judge_gateway, judge_route, redeploying
from runbook.trace.model import HOPS, Finding, Hop, State, Symptom, Weight
from runbook.trace.network import judge_network
from runbook.trace.survey import Survey, aim_at
from runbook.trace.target import Target

__all__ = ["STEP_OF", "conclude", "findings"]

_INDEX = {hop: number for number, hop in enumerate(HOPS)}
_BEHIND_ROUTE = ("deployment", *HOPS[HOPS.index("integration") :])

_POSSIBLE: dict[Symptom, tuple[str, ...]] = {
    Symptom.NO_ANSWER: HOPS,  # it may be our own network that fails, so nothing is excluded
    Symptom.FORBIDDEN: ("dns-name", "access", "stage"),
    Symptom.DENIED: ("access",),
    Symptom.NOT_ROUTED: ("access", "deployment", "route", "method"),
    Symptom.THROTTLED: ("access", "stage"),
    Symptom.REFUSED: ("deployment", "method"),
    Symptom.INTERNAL: _BEHIND_ROUTE,
    Symptom.TIMED_OUT: _BEHIND_ROUTE,
    Symptom.NETWORK_ERROR: _BEHIND_ROUTE,
    Symptom.BALANCER: HOPS[HOPS.index("load-balancer") :],
    # An answer from the service: the only question is whether it was asked the right thing.
    Symptom.BACKEND_4XX: ("deployment", "integration", "stage-variables", "backend"),
    Symptom.BACKEND_5XX: ("deployment", "integration", "stage-variables", "backend"),
    Symptom.OTHER: HOPS,
}

_ELSE = {
    Symptom.NO_ANSWER: "dns-name",
    Symptom.FORBIDDEN: "access",
    Symptom.DENIED: "access",
    Symptom.NOT_ROUTED: "route",
    Symptom.THROTTLED: "stage",
    Symptom.REFUSED: "method",
}
"""Where a symptom points when nothing that was seen explains it; else the backend."""

STEP_OF = {
    "dns-name": "rest-api",
    "stage": "deployment",
    "deployment": "deployment",
    "route": "proxy-resource",
    "method": "any-method",
    "integration": "integration",
    "stage-variables": "stage-variables",
    "vpc-link": "vpc-link",
    "load-balancer": "load-balancer",
    "listener": "listener",
    "target-group": "target-group",
    "targets": "targets",
    "health-check": "target-group",
    "security-group": "security-group-ingress",
}
"""The step of ours that makes what a hop is about."""

# "Troubleshoot your Application Load Balancers", HTTP errors that the load balancer makes.
_OF_BALANCER = {
    502: "the target refused the connection, or broke the exchange off",
    503: "there is no target that it could ask",
    504: "the target did not answer in time",
}
_HEADROOM = 0.8  # of the integration's timeout
_BLAMABLE = ("access", "route", "method", "integration", "stage-variables", "vpc-link", "listener")


def findings(seen: Survey, target: Target) -> list[Finding]:
    """Everything found on the path that is deployed."""
    front, aim = seen.front, seen.aim
    served = front.deployed if isinstance(front.deployed, Configuration) else None
    return [
        *judge_gateway(front, aim, target),
        *judge_route(front, aim, served, target),
        *judge_network(front, aim, seen.back, target),
    ]


def conclude(
    seen: Survey, target: Target, answer: Answer, *, stack: str, strict: bool
) -> tuple[str | None, tuple[Hop, ...]]:
    """The verdict, if any, and how each hop stands."""
    found = findings(seen, target)
    symptom = answer.symptom
    if symptom is Symptom.FINE:
        broken: list[Finding] = [each for each in found if each.weight is Weight.BREAKS] if _may_be_cached(seen) else []
    else:
        broken = _broken(found, symptom)
        blamed = _first(broken)
        if blamed is None or symptom not in (Symptom.NO_ANSWER,):
            broken, found = _blame_deployment(seen, target, symptom, broken, found)
            blamed = _first(broken)
        if blamed is None or _INDEX[blamed] > max(_INDEX[hop] for hop in _POSSIBLE[symptom]):
            unseen = _unseen(found, symptom)
            unexplained = _undecided(unseen) if unseen else _unexplained(answer, seen)
            broken, found = [*broken, *([] if unseen else [unexplained])], [*found, unexplained]
    verdict = _first(broken)
    found += _backend(answer, seen, verdict)
    hops = tuple(
        _hop(hop, [each for each in found if each.hop == hop], broken, symptom, stack, strict=strict) for hop in HOPS
    )
    return verdict, hops


def _broken(found: Iterable[Finding], symptom: Symptom) -> list[Finding]:
    possible = _POSSIBLE[symptom]
    last = max(_INDEX[hop] for hop in possible)
    return [
        each
        for each in found
        if (each.weight is Weight.BREAKS and (each.hop in possible or _INDEX[each.hop] > last))
        or (each.weight is Weight.MAY_BREAK and each.hop in possible and symptom in each.explains)
    ]


def _first(broken: Collection[Finding]) -> str | None:
    return min((each.hop for each in broken), key=_INDEX.__getitem__, default=None)


def _may_be_cached(seen: Survey) -> bool:
    """Whether a good answer may come from the stage's cache, and prove nothing of the path."""
    stage = seen.front.stage
    if not isinstance(stage, dict) or not stage.get("cacheClusterEnabled"):
        return False
    return any(each.get("cachingEnabled") for each in stage.get("methodSettings", {}).values())


def _blame_deployment(
    seen: Survey, target: Target, symptom: Symptom, broken: list[Finding], found: list[Finding]
) -> tuple[list[Finding], list[Finding]]:
    """Where what is configured would not fail at this hop, it is the deployment that is at fault."""
    front = seen.front
    hop = _first(broken)
    if (
        hop not in _BLAMABLE
        or not isinstance(front.deployed, Configuration)
        or not isinstance(front.configured, Configuration)
    ):
        return broken, found
    wanted = aim_at(front, front.configured, target)
    differing = differences(front.deployed, front.configured)
    keys = {str(each.match.method) for each in (seen.aim, wanted) if each.match and each.match.method}
    concerned = [key for key in (*sorted(keys), "resource policy") if key in differing]
    if not concerned:
        return broken, found
    # As configured, the request may get further: what breaks it there would show as any of these.
    symptoms = {symptom, Symptom.INTERNAL}
    would = [each for one in symptoms for each in _broken(judge_route(front, wanted, front.configured, target), one)]
    if any(_INDEX[each.hop] <= _INDEX[hop] for each in would):
        return broken, found
    fix, command = redeploying(front, target)
    finding = Finding(
        "deployment",
        Weight.BREAKS,
        f"What is configured is not what is deployed, and is not broken here: "
        f"{'. '.join(f'{key}: {differing[key]}' for key in concerned)}.",
        fix,
        command,
    )
    kept = [each for each in found if not (each.hop == "deployment" and each.weight is Weight.SUSPICIOUS)]
    return [*broken, finding], [*kept, finding]


def _unseen(found: Iterable[Finding], symptom: Symptom) -> list[str]:
    """The hops that could explain it if they could be looked at."""
    if symptom not in (Symptom.INTERNAL, Symptom.TIMED_OUT, Symptom.BALANCER):
        return []
    unknown = {each.hop for each in found if each.weight is Weight.UNKNOWN and each.hop in _POSSIBLE[symptom]}
    return [hop for hop in HOPS if hop in unknown]


def _undecided(unseen: Collection[str]) -> Finding:
    return Finding(
        "backend",
        Weight.UNKNOWN,
        f"Nothing that could be looked at explains the answer; it may be the service, or {', '.join(unseen)}.",
    )


def _unexplained(answer: Answer, seen: Survey) -> Finding:
    """The request fails, and nothing that AWS shows says why."""
    symptom = answer.symptom
    hop = _ELSE.get(symptom, "backend")
    if hop != "backend":
        texts = {
            "dns-name": "The API is there, but no answer came from here: look at this machine's network and DNS.",
            "access": "Nothing that trace looks at explains the refusal: a policy, a web ACL or an authorizer may.",
            "route": "The route is deployed; a deployment of a moment ago may not have spread yet.",
            "stage": "A usage plan's or the account's limit was hit.",
            "method": "The request lacks what the method's validator, models or content types ask for.",
        }
        return Finding(hop, Weight.BREAKS, texts[hop], "Try again in a minute." if hop == "route" else "", step="")
    if symptom is Symptom.BALANCER:
        said = (
            f"The Application Load Balancer answers {answer.status}: {_OF_BALANCER.get(answer.status or 0, 'see why')}."
        )
        return Finding("backend", Weight.BREAKS, said, "See whether the service runs and listens there.", step="")
    if not answer.by_gateway and answer.status is not None:
        said = f"The request got through to the service, and the service itself answers {answer.status}."
        return Finding("backend", Weight.BREAKS, said, "Look into the service's own logs.", step="")
    called = seen.aim.integration
    limit = f"{called.timeout} ms" if called else "the integration's timeout"
    match symptom:
        case Symptom.TIMED_OUT:
            said = f"The service took longer than {limit}."
            fix = "Make the service faster, or allow it more time (29 s at most, unless the quota was raised)."
        case Symptom.NETWORK_ERROR:
            said = "The connection to the service broke off before it had answered."
            fix = "See why the service ends connections: crashes, its own timeouts, answers that are not HTTP."
        case _:
            said = f"Everything up to the instances lets the request pass, but nothing answers there{_ports(seen)}."
            fix = "See on the instances whether the service runs and listens on that port, on all addresses."
    return Finding("backend", Weight.BREAKS, said, fix, step="")


def _ports(seen: Survey) -> str:
    places = {} if seen.back is None or not isinstance(seen.back.places, dict) else seen.back.places
    health = seen.back.health if seen.back is not None and isinstance(seen.back.health, list) else []
    told = [f"{each['Target']['Id']} port {each['Target'].get('Port', '')}" for each in health]
    return f" ({', '.join(told)})" if places and told else ""


def _backend(answer: Answer, seen: Survey, verdict: str | None) -> list[Finding]:
    """What the request itself told."""
    told = [Finding("backend", Weight.FACT, f"{answer.sentence[0].upper()}{answer.sentence[1:]}.")]
    if answer.by_gateway and verdict not in (None, "backend"):
        told.append(Finding("backend", Weight.NOT_REACHED, "The request did not get here."))
    called = seen.aim.integration
    if answer.symptom is Symptom.FINE and called is not None and answer.latency > _HEADROOM * called.timeout:
        told.append(
            Finding(
                "backend",
                Weight.SUSPICIOUS,
                f"It took {answer.latency} ms of the {called.timeout} ms that the integration waits.",
                "Make the service faster, or allow it more time, before it is too slow.",
                step="",
            )
        )
    return told


# --- hops -------------------------------------------------------------------------------------------------------------

_SHOWN_FIRST = (Weight.BREAKS, Weight.SUSPICIOUS, Weight.UNKNOWN, Weight.NOT_REACHED, Weight.FACT)
_STATE = {
    Weight.BREAKS: State.BROKEN,
    Weight.SUSPICIOUS: State.SUSPICIOUS,
    Weight.UNKNOWN: State.UNKNOWN,
    Weight.NOT_REACHED: State.NOT_REACHED,
    Weight.FACT: State.OK,
}


def _hop(
    hop: str, found: Sequence[Finding], broken: Collection[Finding], symptom: Symptom, stack: str, *, strict: bool
) -> Hop:
    weighed = [_weighed(each, broken, symptom, strict=strict) for each in found]
    advice = tuple(each.evidence for each in weighed if each.weight is Weight.ADVICE)
    weighed = sorted(
        (each for each in weighed if each.weight is not Weight.ADVICE), key=lambda each: _SHOWN_FIRST.index(each.weight)
    )
    state = _STATE[weighed[0].weight] if weighed else State.OK
    # What breaks is mended first: a remedy for what is only suspicious may be another cure of the same.
    worst = Weight.BREAKS if state is State.BROKEN else Weight.SUSPICIOUS
    troubles = [each for each in weighed if each.weight is worst]
    steps = [STEP_OF.get(hop, "") if each.step is None else each.step for each in troubles]
    return Hop(
        id=hop,
        state=state,
        evidence="\n".join(dict.fromkeys(each.evidence for each in weighed)),
        fix="\n".join(dict.fromkeys(each.fix for each in troubles if each.fix)),
        command="\n".join(dict.fromkeys(each.command for each in troubles if each.command)),
        step=next(filter(None, steps), "") if stack else "",
        advice=advice,
    )


def _weighed(each: Finding, broken: Collection[Finding], symptom: Symptom, *, strict: bool) -> Finding:
    """The finding with the weight that the answer gives it."""
    if each in broken:
        return replace(each, weight=Weight.BREAKS)
    match each.weight:
        case Weight.BREAKS:
            so = "the request was answered" if symptom is Symptom.FINE else "the request got further"
            return replace(each, weight=Weight.SUSPICIOUS, evidence=f"{each.evidence} Yet {so}.")
        case Weight.MAY_BREAK:
            return replace(each, weight=each.otherwise)
        case Weight.ADVICE if strict:
            return replace(each, weight=Weight.SUSPICIOUS)
        case _:
            return each
