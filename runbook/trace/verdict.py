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

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from runbook.path.configuration import POLICY, Configuration, differences
from runbook.trace.aim import aim_at
from runbook.trace.answer import Answer
from runbook.trace.hops import (
    backend,
    deployment,
    integration,
    judge_gateway,
    judge_network,
    judge_route,
    listener,
    method,
)
from runbook.trace.model import HOPS, Finding, Hop, State, Symptom, Weight, known
from runbook.trace.survey import Survey
from runbook.trace.target import Target
from runbook.trace.way import Way

__all__ = ["conclude", "findings"]

_INDEX = {hop: number for number, hop in enumerate(HOPS)}
_BEHIND_ROUTE = ("deployment", *HOPS[HOPS.index("integration") :])

_POSSIBLE: dict[Symptom, tuple[str, ...]] = {
    Symptom.NO_ANSWER: HOPS,  # it may be our own network that fails, so nothing is excluded
    Symptom.FORBIDDEN: ("dns-name", "access", "stage"),
    Symptom.DENIED: ("access",),
    Symptom.NOT_ROUTED: ("access", "deployment", "route", "method"),
    Symptom.THROTTLED: ("access", "stage"),
    Symptom.REFUSED: ("deployment", "method", "integration"),
    Symptom.INTERNAL: _BEHIND_ROUTE,
    Symptom.TIMED_OUT: _BEHIND_ROUTE,
    Symptom.NETWORK_ERROR: _BEHIND_ROUTE,
    Symptom.BALANCER: HOPS[HOPS.index("load-balancer") :],
    # An answer from the service: the only question is whether it was asked the right thing.
    Symptom.BACKEND_4XX: ("deployment", "integration", "stage-variables", "backend"),
    Symptom.BACKEND_5XX: ("deployment", "integration", "stage-variables", "backend"),
    Symptom.REDIRECTED: ("deployment", "integration", "stage-variables", "backend"),
    Symptom.OTHER: HOPS,
}


def _outright(hop: str, said: str, fix: str = "") -> Finding:
    return Finding(hop, Weight.BREAKS, said, fix, step="")


_REFUSED = _outright(
    "access",
    "Nothing that trace looks at explains the refusal: a policy, a web ACL or an authorizer may, or what has been "
    "changed since the last deployment.",
    "If the API's policy or endpoint was changed, deploy.",
)
_ELSE = {
    Symptom.NO_ANSWER: _outright(
        "dns-name", "The API is there, but no answer came from here: look at this machine's network and DNS."
    ),
    Symptom.FORBIDDEN: _REFUSED,
    Symptom.DENIED: _REFUSED,
    Symptom.NOT_ROUTED: _outright(
        "route",
        "The route is deployed; a deployment of a moment ago may not have spread yet.",
        "Try again in a minute.",
    ),
    Symptom.THROTTLED: _outright("stage", "A usage plan's or the account's limit was hit."),
}
"""What a symptom points at when nothing that was seen explains it; else the backend."""

_BLAMABLE = ("access", "route", "method", "integration", "stage-variables", "vpc-link", "listener")


def findings(seen: Survey, target: Target) -> list[Finding]:
    """Everything found on the path that is deployed."""
    way = _served(seen, target)
    return [*judge_gateway(way), *judge_route(way), *judge_network(way, seen.back)]


def _served(seen: Survey, target: Target) -> Way:
    served = seen.front.deployed
    return Way(seen.front, seen.aim, served if isinstance(served, Configuration) else None, target, seen.back)


Repairing = Callable[[Finding], tuple[str, ...]]
"""The steps of ours that would repair a finding."""


def conclude(
    seen: Survey, target: Target, answer: Answer, *, repairing: Repairing, strict: bool
) -> tuple[str | None, tuple[Hop, ...]]:
    """The verdict, if any, and how each hop stands."""
    found = _not_to_be_deployed(seen, target, findings(seen, target))
    symptom, way = answer.symptom, _served(seen, target)
    if symptom is Symptom.FINE and backend.astray(way, answer):
        symptom = Symptom.REDIRECTED
    if symptom is Symptom.FINE:
        broken: list[Finding] = [each for each in found if each.weight is Weight.BREAKS] if _may_be_cached(seen) else []
    else:
        broken = _broken(found, symptom)
        blamed = _first(broken)
        if blamed is None or symptom is not Symptom.NO_ANSWER:
            broken, found = _blame_deployment(seen, target, symptom, broken, found)
            blamed = _first(broken)
        if blamed != "deployment" and (
            blamed is None or _INDEX[blamed] > max(_INDEX[hop] for hop in _POSSIBLE[symptom])
        ):
            unseen = _unseen(found, symptom)
            if unseen:
                found = [*found, backend.undecided(unseen)]
            else:
                unexplained = _unexplained(seen, target, answer, symptom)
                broken, found = [*broken, *_breaking(unexplained)], [*found, unexplained]
    verdict = _first(broken)
    found += backend.judge(way, answer, verdict)
    hops = tuple(
        _hop(hop, [each for each in found if each.hop == hop], broken, symptom, repairing, strict=strict)
        for hop in HOPS
    )
    return verdict, hops


def _breaking(finding: Finding) -> list[Finding]:
    """It, unless it only says that it cannot be told."""
    return [finding] if finding.weight is Weight.BREAKS else []


def _unexplained(seen: Survey, target: Target, answer: Answer, symptom: Symptom) -> Finding:
    """The request fails, and nothing that was seen says why."""
    if found := _ELSE.get(symptom):
        return found
    way = _served(seen, target)
    if symptom is Symptom.REDIRECTED:
        return backend.redirecting(way, answer)
    if answer.symptom is Symptom.REFUSED:
        return method.to_blame(way, answer)
    some_healthy = seen.back is not None and any(each.state == "healthy" for each in known(seen.back.health))
    return (
        integration.to_blame(way, answer, some_healthy=some_healthy)
        or (listener.to_blame(seen.back, answer) if seen.back else None)
        or backend.to_blame(seen.aim, seen.back, answer)
    )


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
    wanted = _configured(seen, target)
    differing = differences(front.deployed, front.configured)
    places = {POLICY, *(str(aim.met) for aim in (seen.aim, wanted.aim) if aim.met)}
    concerned = [change for change in differing if change.where in places]
    if not concerned:
        return broken, found
    # As configured, the request may get further: what breaks it there would show as any of these.
    symptoms = {symptom, Symptom.INTERNAL}
    would = [each for one in symptoms for each in _broken(judge_route(wanted), one)]
    if any(_INDEX[each.hop] <= _INDEX[hop] for each in would):
        return broken, found
    finding = deployment.to_blame(wanted, concerned)
    kept = [each for each in found if not (each.hop == "deployment" and each.weight is Weight.SUSPICIOUS)]
    if _INDEX[hop] < _INDEX["deployment"]:
        # Who may call is judged before, but it is the deployment that has to be changed.
        old = [each for each in broken if each.hop == hop]
        broken = [each for each in broken if each not in old]
        kept = [_mended_already(each) if each in old else each for each in kept]
    return [*broken, finding], [*kept, finding]


def _not_to_be_deployed(seen: Survey, target: Target, found: list[Finding]) -> list[Finding]:
    """Where what is configured would fail this request in a way that what is deployed does not: do not deploy it."""
    if not any(each.hop == "deployment" and each.weight is Weight.SUSPICIOUS for each in found):
        return found
    here = {each.evidence for each in found}
    wrong = [
        each
        for each in judge_route(_configured(seen, target))
        if each.weight is Weight.BREAKS and each.evidence not in here
    ]
    if not wrong:
        return found
    said = f"As it is configured, this request would fail: {wrong[0].evidence}"
    return [
        replace(
            each,
            evidence=f"{each.evidence} {said}",
            fix="Put that right before anybody deploys.",
            command="",
            step="",
        )
        if each.hop == "deployment" and each.weight is Weight.SUSPICIOUS
        else each
        for each in found
    ]


def _configured(seen: Survey, target: Target) -> Way:
    """The way of the request by what is configured."""
    front = seen.front
    configuration = front.configured if isinstance(front.configured, Configuration) else None
    aim = aim_at(front, configuration, target)
    same = aim.balancer == seen.aim.balancer
    return Way(front, aim, configuration, target, seen.back if same else None)


def _mended_already(each: Finding) -> Finding:
    said = f"{each.evidence} What is configured would let it pass."
    return replace(each, weight=Weight.SUSPICIOUS, evidence=said, fix="", command="")


def _unseen(found: Iterable[Finding], symptom: Symptom) -> list[str]:
    """The hops that could explain it if they could be looked at."""
    if symptom not in (Symptom.INTERNAL, Symptom.TIMED_OUT, Symptom.BALANCER):
        return []
    unknown = {
        each.hop
        for each in found
        if each.hop in _POSSIBLE[symptom]
        and Weight.UNKNOWN in (each.weight, each.otherwise if each.weight is Weight.MAY_BREAK else None)
    }
    return [hop for hop in HOPS if hop in unknown]


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
    hop: str,
    found: Sequence[Finding],
    broken: Collection[Finding],
    symptom: Symptom,
    repairing: Repairing,
    *,
    strict: bool,
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
    repairs = (repairing(each) for each in troubles)
    return Hop(
        id=hop,
        state=state,
        evidence="\n".join(dict.fromkeys(each.evidence for each in weighed)),
        # A name with a line end in it is not to look like the lines of commands that follow.
        fix="\n".join(dict.fromkeys(" ".join(each.fix.splitlines()) for each in troubles if each.fix)),
        command="\n".join(dict.fromkeys(each.command for each in troubles if each.command)),
        steps=next(filter(None, repairs), ()),
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
