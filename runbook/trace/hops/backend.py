"""The backend: what the answer itself tells, and what is left to the service when nothing before it is to blame."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from runbook.trace.aim import Aim
from runbook.trace.answer import Answer
from runbook.trace.model import Finding, Symptom, Weight, known
from runbook.trace.seen import Back

__all__ = ["judge", "to_blame", "undecided"]

# "Troubleshoot your Application Load Balancers", HTTP errors that the load balancer makes.
_OF_BALANCER = {
    502: "the target refused the connection, or broke the exchange off",
    503: "there is no target that it could ask",
    504: "the target did not answer in time",
}
_HEADROOM = 0.8  # of the integration's timeout


def judge(aim: Aim, answer: Answer, verdict: str | None) -> Iterator[Finding]:
    """What the request itself told."""
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
        case _ if not answer.by_gateway and answer.status is not None:
            said = f"The request got through to the service, and the service itself answers {answer.status}."
            fix = "Look into the service's own logs."
        case Symptom.TIMED_OUT:
            limit = f"{called.timeout} ms" if called else "the integration's timeout"
            said = f"The service took longer than {limit}."
            fix = "Make the service faster, or allow it more time (29 s at most, unless the quota was raised)."
        case Symptom.NETWORK_ERROR:
            said = "The connection to the service broke off before it had answered."
            fix = "See why the service ends connections: crashes, its own timeouts, answers that are not HTTP."
        case _:
            said = f"Everything up to the instances lets the request pass, but nothing answers there{_ports(back)}."
            fix = "See on the instances whether the service runs and listens on that port, on all addresses."
    return Finding("backend", Weight.BREAKS, said, fix, step="")


def _ports(back: Back | None) -> str:
    if back is None or not known(back.places):
        return ""
    told = ", ".join(f"{each.id} port {each.port or ''}" for each in known(back.health))
    return f" ({told})" if told else ""
