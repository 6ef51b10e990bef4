"""What a trace is made of: hops on the path of a request, and what was found at each of them."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

__all__ = [
    "FROM_SERVICE",
    "GATEWAY_FAILS",
    "HOPS",
    "TITLES",
    "Finding",
    "Hop",
    "State",
    "Symptom",
    "Trace",
    "Unseen",
    "Weight",
    "known",
]

K = TypeVar("K")
V = TypeVar("V")

TITLES = {
    "dns-name": "The URL",
    "access": "Who may call",
    "stage": "Stage",
    "deployment": "Deployment",
    "route": "Route",
    "method": "Method",
    "integration": "Integration",
    "stage-variables": "Stage variables",
    "vpc-link": "VPC link",
    "load-balancer": "Load balancer",
    "listener": "Listener",
    "target-group": "Target group",
    "targets": "Targets",
    "health-check": "Health check",
    "security-group": "Security groups",
    "network-acl": "Network ACLs",
    "backend": "Backend",
}

HOPS = tuple(TITLES)
"""The ids of the hops, in the order in which a request passes them."""


class State(enum.StrEnum):
    """How a hop stands."""

    OK = "ok"
    BROKEN = "broken"
    """It stops the request, or would if an earlier hop did not."""
    SUSPICIOUS = "suspicious"
    """It works, but not as it should, or not for long."""
    NOT_REACHED = "not reached"
    """What comes before it is missing, so there was nothing to follow."""
    UNKNOWN = "unknown"
    """It could not be looked at, or trace does not follow this kind; the evidence says why."""


class Symptom(enum.Enum):
    """What the caller sees, told apart by who answered and with what kind of error."""

    FINE = "answered"
    NO_ANSWER = "no answer at all"
    FORBIDDEN = "403 Forbidden"
    DENIED = "refused by an authorizer or a policy"
    NOT_ROUTED = "403 Missing Authentication Token"
    THROTTLED = "429 from the gateway"
    REFUSED = "a request the gateway does not take"
    INTERNAL = "500 from the gateway"
    TIMED_OUT = "504: the gateway waited in vain"
    NETWORK_ERROR = "504: the exchange with the service broke off"
    BALANCER = "an error of an Application Load Balancer's own"
    REDIRECTED = "a redirect that callers cannot follow"
    BACKEND_4XX = "4xx from the service itself"
    BACKEND_5XX = "5xx from the service itself"
    OTHER = "an answer that fits nothing known"


FROM_SERVICE = frozenset({Symptom.BACKEND_4XX, Symptom.BACKEND_5XX})
"""The service was asked, but perhaps the wrong thing."""
GATEWAY_FAILS = frozenset({Symptom.INTERNAL, Symptom.TIMED_OUT, Symptom.NETWORK_ERROR, Symptom.BALANCER})
"""The request, or some of its attempts, did not get from the link to the service and back."""


class Weight(enum.Enum):
    """What a finding means for the request."""

    FACT = "fact"
    """As it should be; the values seen."""
    ADVICE = "advice"
    """Worth doing, changes nothing for this request: the hop stays ok."""
    SUSPICIOUS = "suspicious"
    MAY_BREAK = "may break"
    """Breaks the request if the caller's symptom is one that this explains."""
    BREAKS = "breaks"
    """No request can pass."""
    UNKNOWN = "unknown"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing seen at a hop. ``evidence`` quotes the values; ``command`` is the AWS CLI command of the fix."""

    hop: str
    weight: Weight
    evidence: str
    fix: str = ""
    command: str = ""
    step: str | None = None
    """Our step that may repair it, where it is not the hop's usual one; empty: none would."""
    explains: frozenset[Symptom] = frozenset()
    """For what may break: the symptoms it explains."""
    otherwise: Weight = Weight.SUSPICIOUS
    """For what may break: what it means while the symptom is another."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """Stands for what could not be looked at; ``why`` is a clause such as ``not allowed: ec2:DescribeInstances``."""

    why: str


@overload
def known(answer: Mapping[K, V] | Unseen) -> Mapping[K, V]: ...  # type: ignore[overload-overlap]  # both take Unseen
@overload
def known(answer: Sequence[V] | Unseen) -> Sequence[V]: ...
def known(answer: Any) -> Any:
    """What was seen; nothing, where it could not be looked at."""
    return {} if isinstance(answer, Unseen) else answer


@dataclass(frozen=True, slots=True)
class Hop:
    """One hop and how it stands."""

    id: str
    state: State
    evidence: str
    """The values seen, a sentence a line."""
    fix: str = ""
    command: str = ""
    """The AWS CLI command that mends it; several are on lines of their own."""
    steps: tuple[str, ...] = ()
    """The steps of ours that would repair it, one after the other, where the stack is ours."""
    advice: tuple[str, ...] = ()

    @property
    def step(self) -> str:
        """The first of the steps that would repair it; empty where none would."""
        return self.steps[0] if self.steps else ""

    @property
    def title(self) -> str:
        """What the hop is called in a picture."""
        return TITLES[self.id]


@dataclass(frozen=True, slots=True)
class Trace:
    """Why a request is answered as it is."""

    url: str
    method: str
    region: str
    verdict: str | None
    """The hop that breaks the request; None when it is answered, or when it cannot be told."""
    status: int | None
    """HTTP status of the request that was sent; None when no answer came."""
    fine: bool
    """Whether that is the answer wanted: the status the stack expects, else any below 400."""
    latency: int | None
    """Milliseconds until the answer, as seen from here."""
    answer: str
    """Who answered, and what, in a sentence."""
    hops: tuple[Hop, ...]
    stack: str = ""
    """The stack of ours that the API belongs to."""
    requests: int = 0
    """How many requests AWS was asked for the hops."""
    test_invoke: TestInvoke | None = None
    logs: tuple[str, ...] | None = None
    """The stage's execution log lines of the request; None when they were not asked for."""
    notes: tuple[str, ...] = field(default=())

    def __getitem__(self, hop: str) -> Hop:
        """The hop of this id. Raises KeyError."""
        return self.hops[HOPS.index(hop)] if hop in TITLES else self._unknown(hop)

    @staticmethod
    def _unknown(hop: str) -> Hop:
        raise KeyError(hop)

    @property
    def exit_code(self) -> int:
        """0 healthy, 1 broken, 3 suspicious only."""
        if self.verdict is not None or not self.fine:
            return 1
        return 3 if any(hop.state is State.SUSPICIOUS for hop in self.hops) else 0

    def to_json(self) -> dict[str, Any]:
        """One object, for programs."""
        told: dict[str, Any] = {
            "url": self.url,
            "method": self.method,
            "region": self.region,
            "stack": self.stack or None,
            "verdict": self.verdict,
            "status": self.status,
            "latency": self.latency,
            "answer": self.answer,
            "requests": self.requests,
            "hops": [
                {
                    "id": hop.id,
                    "state": hop.state.value,
                    "evidence": hop.evidence,
                    "fix": hop.fix,
                    "command": hop.command,
                    "step": hop.step or None,
                    "steps": list(hop.steps),
                    "advice": list(hop.advice),
                }
                for hop in self.hops
            ],
        }
        if self.notes:
            told["notes"] = list(self.notes)
        if self.test_invoke is not None:
            told["test_invoke"] = {
                "status": self.test_invoke.status,
                "latency": self.test_invoke.latency,
                "log": self.test_invoke.log,
                "problem": self.test_invoke.problem or None,
            }
        if self.logs is not None:
            told["logs"] = list(self.logs)
        return told


@dataclass(frozen=True, slots=True)
class TestInvoke:
    """What TestInvokeMethod answered: it runs what is configured, deployed or not."""

    __test__ = False  # its name is AWS's; pytest need not collect it

    status: int | None = None
    latency: int | None = None
    """Milliseconds."""
    log: str = ""
    problem: str = ""
    """Why it could not be asked."""
