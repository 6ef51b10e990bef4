"""A run as a test tells it: fixed steps, fixed facts, and a clock that a hand moves, so that pictures are the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from runbook.accounts import Account, Kind
from runbook.aws import Identity
from runbook.consequences import planned
from runbook.control import Control
from runbook.errors import Stopped
from runbook.events import (
    Action,
    ApprovalAsked,
    CallAnswered,
    CallSent,
    Event,
    Outcome,
    RunFinished,
    RunStarted,
    StepChecked,
    StepFinished,
    StepStarted,
    Waited,
)
from runbook.outcome import Change, Difference
from runbook.parameters import Parameters, validated
from runbook.removing import Resource
from runbook.step import Plan, Step
from steps.tracks import TRACKS
from tui.app import RunbookApp

if TYPE_CHECKING:
    from drills.desk import Desk

MARKUP = "[bold red]hostile[/] [link=file:///etc/passwd]x[/link] \x1b[31mred\x1b[0m [@click=app.quit]quit[/]"


@dataclass(frozen=True)
class Service:
    identity: Identity
    vpc: str
    notes: tuple[str, ...] = ("AWS calls this kind of link V1 (legacy).",)


@dataclass(frozen=True)
class Balancer:
    name: str
    arn: str
    scheme: str = "internal"


@dataclass(frozen=True)
class Address:
    zone: str
    subnet: str
    interface: str
    ip: str


@dataclass(frozen=True)
class Addresses:
    addresses: tuple[Address, ...]


@dataclass(frozen=True)
class Link:
    id: str
    name: str


@dataclass(frozen=True)
class Invocation:
    url: str
    status: int
    latency: int
    served_by: str
    answer: str


ACCOUNT_ID = "123456789012"
ARN = f"arn:aws:iam::{ACCOUNT_ID}:user/operator"
URL = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod/hello"
FACTS: dict[str, object] = {
    "preflight": Service(Identity(ACCOUNT_ID, ARN, "eu-west-1", "aws"), "vpc-0a1b2c3d4e5f60718"),
    "load-balancer": Balancer(
        "demo-nlb", f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT_ID}:loadbalancer/net/demo-nlb/1"
    ),
    "nlb-addresses": Addresses(
        (
            Address("eu-west-1a", "subnet-0a1b2c3d4e5f60718", "eni-0a1b2c3d4e5f60718", "10.0.1.23"),
            Address("eu-west-1b", "subnet-0b1b2c3d4e5f60719", "eni-0b1b2c3d4e5f60719", "10.0.2.117"),
        )
    ),
    "vpc-link": Link("l1nk1d", "demo-link"),
    "invoke": Invocation(URL, 200, 34, "i-0123456789abcdef0", '{"instance_id": "i-0123456789abcdef0"}'),
}
REMOVED = {
    "vpc-link": Resource("VPC link", "demo-link", "l1nk1d"),
    "load-balancer": Resource("load balancer", "demo-nlb", "loadbalancer/net/demo-nlb/1"),
}
TITLES = {
    "preflight": "Preflight: who am I",
    "load-balancer": "Load balancer: internal, one address a zone",
    "nlb-addresses": "NLB IP lookup: the private addresses the load balancer hides",
    "vpc-link": "VPC link: the way from API Gateway to the load balancer",
    "invoke": "Invoke: call it, and check the promise",
}
_EXPLANATION = """A first paragraph says what this step does.

**Why.** Because it has to be done, and `not` otherwise.

**Takes** two minutes. **Costs** something.

```console
$ aws elbv2 describe-load-balancers --names demo-nlb
```
"""


def plan() -> Plan:
    """Five steps; the first four give what the last needs."""
    steps = [
        Step(
            module=ModuleType(name),
            id=name,
            title=title,
            explanation=_EXPLANATION,
            gives=type(FACTS[name]),
            needs={"check": (), "do": (), "undo": ()},
            part_of=None,
            only_looks=name in ("preflight", "nlb-addresses", "invoke"),
            takes=345.0 if name == "load-balancer" else 0.0,
            usd_per_hour=0.0225 if name == "load-balancer" else 0.0,
            removal_takes={"vpc-link": 240.0, "load-balancer": 60.0}.get(name, 0.0),
            box=TRACKS.default.plan.boxes[name],
        )
        for name, title in TITLES.items()
    ]
    return Plan(tuple(steps))


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


Line = Event | Callable[["Told"], Iterator[Event]]


@dataclass
class Told:
    """What a scripted run was asked for, and the way to hold it and let it go."""

    params: Parameters
    action: Action
    only: list[str] | None
    step_by_step: bool
    control: Control
    go_on: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Wait as the engine does for AWS: until the test lets go, or a stop is asked for."""
        while not self.go_on.is_set():
            self.control.wait(0.005)


@dataclass
class Script:
    """Stands in for :func:`runbook.engine.run`: tells what ``lines`` makes, one line of story a run."""

    lines: Callable[[Told], Iterator[Event]]
    told: list[Told] = field(default_factory=list)

    def removes(self, name: str) -> list[Resource]:
        """What there is to remove of a step: after a run that brings the stack up, and until one takes it down."""
        actions = [told.action for told in self.told if told.action is not Action.CHECK]
        made = actions and actions[-1] is Action.UP and name in REMOVED
        return [REMOVED[name]] if made else []

    def __call__(self, plan: Plan, aws: Any, params: Parameters, action: Action, **options: Any) -> Iterator[Event]:
        told = Told(params, action, options["only"], options["step_by_step"], options["control"])
        self.told.append(told)
        ids = tuple(plan.ids)
        yield RunStarted(action=action, parameters=params, region="eu-west-1", steps=ids)
        outcomes = dict.fromkeys(ids, Outcome.UNKNOWN)
        changes = dict.fromkeys(ids, Change.NONE)
        try:
            for event in self.lines(told):
                if isinstance(event, StepFinished):
                    outcomes[cast("str", event.step)] = event.outcome
                    changes[cast("str", event.step)] = event.change
                yield event
        except Stopped as stop:
            for name, outcome in outcomes.items():
                if outcome is Outcome.UNKNOWN:
                    outcomes[name] = Outcome.STOPPED
                    yield StepFinished(step=name, outcome=Outcome.STOPPED, duration=1.0, reason=str(stop))
        if action is Action.CHECK:
            yield planned(plan, changes)
        yield RunFinished(action=action, outcomes=outcomes, duration=3.0)


def call(step: str, operation: str, number: int, *, writes: bool = False, error: str = "") -> Iterator[Event]:
    about: dict[str, Any] = {"step": step, "service": "elbv2", "operation": operation, "writes": writes, "call": number}
    yield CallSent(**about)
    yield CallAnswered(**about, duration=0.021, error=error, parameters={"name": f"demo-{step}", "tags": {"a": "b c"}})


def step_done(name: str, *, reason: str = "") -> Iterator[Event]:
    """A step that was missing and is made."""
    result, reason = reason or f"demo-{name}", reason or f"there is no {name}"
    yield StepStarted(step=name, action=Action.CHECK)
    yield StepChecked(step=name, outcome=Outcome.MISSING, reason=reason)
    yield StepStarted(step=name, action=Action.DO)
    yield from call(name, f"Create{name.title().replace('-', '')}", 7, writes=True)
    yield made(name, result)


def made(name: str, result: str = "") -> StepFinished:
    return StepFinished(
        step=name,
        outcome=Outcome.DONE,
        duration=2.0,
        reason=result or f"demo-{name}",
        change=Change.CREATE,
        fact=FACTS[name],
    )


def step_ok(name: str) -> Iterator[Event]:
    """A step that was as it should be."""
    yield StepStarted(step=name, action=Action.CHECK)
    yield StepChecked(step=name, outcome=Outcome.OK, fact=FACTS[name])
    yield StepFinished(step=name, outcome=Outcome.OK, duration=0.2, fact=FACTS[name])


def step_missing(name: str) -> Iterator[Event]:
    yield StepStarted(step=name, action=Action.CHECK)
    yield StepChecked(step=name, outcome=Outcome.MISSING, reason=f"there is no {name}")
    reason = f"there is no {name}"
    yield StepFinished(step=name, outcome=Outcome.MISSING, duration=0.2, reason=reason, change=Change.CREATE)


def asks(told: Told, name: str) -> Iterator[Event]:
    """A step that asks, then acts or is left."""
    yield StepStarted(step=name, action=Action.CHECK)
    reason = f"there is no {name}"
    yield StepChecked(step=name, outcome=Outcome.MISSING, reason=reason)
    yield ApprovalAsked(step=name, outcome=Outcome.MISSING, reason=reason)
    if told.control.answer(name) == "skip":
        yield StepFinished(step=name, outcome=Outcome.SKIPPED, duration=0.2, reason=reason)
        return
    yield StepStarted(step=name, action=Action.DO)
    yield from call(name, f"Create{name.title().replace('-', '')}", 7, writes=True)
    yield made(name)


def drifted(name: str) -> StepFinished:
    difference = Difference("scheme", "internet-facing", "internal", replaces=True)
    other = Difference("tag runbook:stack", "", "demo")
    return StepFinished(
        step=name,
        outcome=Outcome.DRIFTED,
        duration=0.2,
        reason=f"{difference}; {other}",
        differences=(difference, other),
        change=Change.REPLACE,
        fact=FACTS[name],
    )


def waited(name: str, elapsed: float) -> Waited:
    return Waited(step=name, what=f"{name} demo to become active", state="provisioning", elapsed=elapsed, usual=150.0)


def everything(told: Told) -> Iterator[Event]:
    """All is made, or looked at, or removed, without a wait."""
    for name in FACTS:
        if told.action is Action.DOWN:
            yield StepFinished(step=name, outcome=Outcome.UNDONE, duration=0.1, change=Change.REMOVE)
        elif told.action is Action.CHECK or name == "preflight":
            yield from step_ok(name)
        elif told.step_by_step:
            yield from asks(told, name)
        else:
            yield from step_done(name)


def account(kind: Kind = Kind.PRACTICE, *, name: str = ACCOUNT_ID) -> Account:
    """An account that nobody can call."""
    aws = SimpleNamespace(
        pace=1 / 60,
        region="eu-west-1",
        identity=lambda: Identity(name, ARN, "eu-west-1", "aws"),
        session=SimpleNamespace(get_credentials=lambda: None),
    )
    practice = {"account_id": ACCOUNT_ID} if kind is Kind.PRACTICE else {}
    url = "http://127.0.0.1:4566" if kind is Kind.PRACTICE else None
    return Account(cast("Any", aws), kind, {}, url, practice)


def app(
    lines: Callable[[Told], Iterator[Event]] = everything,
    *,
    kind: Kind = Kind.PRACTICE,
    clock: Clock | None = None,
    desk: Callable[[str | None], Desk] | None = None,
    **params: Any,
) -> RunbookApp:
    """The TUI on a scripted run; ``app.script`` says what was asked for."""
    script, steps = Script(lines), plan()
    for step in steps.steps:
        step.module.removes = partial(lambda name, _aws, _params: script.removes(name), step.id)  # type: ignore[attr-defined]
    made = RunbookApp(
        account(kind), validated(params), plan=steps, runs=cast("Any", script), clock=clock or Clock(), desk=desk
    )
    made.script = script  # type: ignore[attr-defined]
    made.animation_level = "none"
    return made
