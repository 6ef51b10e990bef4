"""Every single fault on a copy of a finished stack: does the verdict name what was changed, and its command mend it?"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from runbook.engine import run
from runbook.events import Action, RunFinished
from runbook.parameters import validated
from runbook.trace import State, Trace
from steps.tracks import TRACKS
from tests.trace.commands import carry_out, operations, parsed, writes
from tests.trace.conftest import Stack
from tests.trace.forked import in_a_copy, warm_up
from tests.trace.mutations import MUTATIONS, Mutation

# The service knows its own paths only, as a real one does: a path that is lost on the way is answered 404.
_PATHS = ("/", "/health", "/hello", "/orders", "/orders/7", "/status")
KNOWN = {**dict.fromkeys(_PATHS, 200), "*": 404}


@dataclass(frozen=True)
class Tried:
    """What came of one fault."""

    mutation: str
    hop: str
    status: int
    verdict: str | None
    requests: int
    states: str
    """The hops that are not ok."""
    mended: bool | None = None
    """Whether the URL answers after what the verdict's commands do; None when there are none that change anything."""
    astray: bool = False

    @property
    def right(self) -> bool:
        """Broken: the verdict is the hop that was changed. Not broken: there is none."""
        return self.verdict == (self.hop if self.status >= 400 or self.astray else None)

    def __str__(self) -> str:
        mark = "✓" if self.right else "✗"
        mended = {True: "mended", False: "not mended", None: ""}[self.mended]
        return f"{mark} {self.mutation:48} {self.hop:16} {self.status} {self.verdict or '-':16} {mended}".rstrip()


def try_one(mutation: Mutation, stack: Stack) -> Tried:
    """Apply a fault, call the URL, trace."""
    stack.machines(status=KNOWN)
    mutation.apply(stack)
    stack.settle()
    called = _called(mutation, stack)
    status = called.invoke().status_code
    told = called.trace()
    assert told.status == status, told.to_json()
    states = [f"{hop.id}: {hop.state} {hop.evidence}" for hop in told.hops if hop.state is not State.OK]
    return Tried(
        mutation.name,
        mutation.hop,
        status,
        told.verdict,
        told.requests,
        "\n".join(states),
        _mend(called, told),
        astray=mutation.astray,
    )


def _called(mutation: Mutation, stack: Stack) -> Stack:
    """The request by which a fault shows."""
    return dataclasses.replace(
        stack,
        path=mutation.path or stack.path,
        stage=mutation.stage or stack.stage,
        method=mutation.verb,
        headers=mutation.headers,
    )


# Some faults hide another, and what a new VPC link is called is known only when it is there.
_ROUNDS = 3


def _mend(called: Stack, told: Trace) -> bool | None:
    """Do what the verdict's commands say, and trace again, until there is no verdict or no command any more."""
    for hop in told.hops:
        for command in hop.command.splitlines():
            parsed(called.aws, command)  # whatever is said can be said
    mended = None
    for _ in range(_ROUNDS):
        commands = told[told.verdict].command.splitlines() if told.verdict else []
        if not any(writes(command) for command in commands):
            break
        for command in commands:
            carry_out(called.aws, command)
        called.settle(1200)
        told = called.trace()
        mended = told.verdict is None and told.status == 200
    return mended


def paste_all(mutation: Mutation, stack: Stack) -> list[str]:
    """Apply a fault, and do all that the trace prints, from the top and each alone. Answers what was done.

    Raises AssertionError where the URL answered before a command and not after it, or where the steps that are named
    for the verdict do not bring it back.
    """
    stack.machines(status=KNOWN)
    mutation.apply(stack)
    stack.settle()
    called = _called(mutation, stack)
    told = called.trace()
    answers = _answers(called)
    done = []
    hops = sorted(told.hops, key=lambda hop: hop.id != told.verdict)
    for hop in [each for each in hops if each.state in (State.BROKEN, State.SUSPICIOUS)]:
        steps = hop.steps if told.stack else ()
        for command in [*hop.command.splitlines(), *steps]:
            if command in steps:
                _do(called, command)
            elif writes(command):
                carry_out(called.aws, command)
            else:
                continue
            called.settle(300)
            before, answers = answers, _answers(called)
            assert answers or not before, f"{mutation.name}: {hop.id}: {command} took the answer away"
            done.append(command)
        if hop.id == told.verdict and steps:
            assert answers, f"{mutation.name}: {', '.join(steps)} did not repair {hop.id}"
    return done


def _answers(called: Stack) -> bool:
    return called.invoke().status_code < 400


def _do(called: Stack, step: str) -> None:
    """As ``runbook step STEP do``."""
    assert called.aws.pace < 1
    events = list(run(TRACKS.default.plan, called.aws, validated({"stack": "demo"}), Action.UP, only=[step]))
    assert isinstance(events[-1], RunFinished)
    assert not events[-1].error, events[-1].error


def _look(stack: Stack) -> None:
    stack.trace()
    for service in ("apigateway", "apigatewayv2", "ec2", "elbv2"):
        operations(getattr(stack.aws, service))


def paste_each(stack: Stack, mutations: Iterable[Mutation]) -> Iterator[tuple[str, list[str]]]:
    """Every fault's printed commands, each fault on a copy of its own."""
    warm_up(stack, _look)
    for mutation in mutations:
        yield mutation.name, in_a_copy(stack, partial(paste_all, mutation))


def try_all(stack: Stack, mutations: Iterable[Mutation]) -> Iterator[Tried]:
    """Every fault, each on a copy of its own."""
    warm_up(stack, _look)
    for mutation in mutations:
        yield in_a_copy(stack, partial(try_one, mutation))


# Why no command can mend them.
NO_COMMAND = {
    **dict.fromkeys(["api-deleted", "stage-deleted", "another-stage-called"], "what is meant is not to be seen"),
    **dict.fromkeys(
        [
            *("asks-for-iam", "asks-for-api-key", "asks-a-lambda-authorizer"),
            *("key-asked-of-this-method", "a-query-parameter-is-asked-for"),
        ],
        "it is for the caller to mend",
    ),
    **dict.fromkeys(
        [
            *("policy-denies", "policy-for-another-stage", "policy-for-other-addresses"),
            *("policy-for-another-action", "policy-for-another-api", "policy-for-all-but-this-path"),
        ],
        "who may call is for the owner to say",
    ),
    **dict.fromkeys(
        ["balancer-deleted", "answers-by-itself", "a-rule-answers-by-itself", "application-gone"],
        "what is meant is not to be seen",
    ),
    **dict.fromkeys(["root-called", "route-deleted", "only-post"], "what is meant is not to be seen"),
    **dict.fromkeys(["stage-written-otherwise", "too-deep", "only-posted"], "what is meant is not to be seen"),
    **dict.fromkeys(
        ["responses-that-fit-nothing", "response-that-spoils", "made-up-by-api-gateway"],
        "what is meant is not to be seen",
    ),
    **dict.fromkeys(
        [
            *("path-of-a-variable-wrong", "path-of-a-variable-unset", "mock-whose-template-gives-no-status"),
            "preflight-at-a-policy",
        ],
        "what is meant is not to be seen",
    ),
    **dict.fromkeys(
        [
            *("redirect-to-the-load-balancer", "redirect-to-the-load-balancer-on-a-port", "redirect-to-an-address"),
            *("redirect-to-a-short-name", "redirect-to-an-internal-name", "redirect-to-an-instance"),
            *("redirect-to-localhost", "redirect-to-itself"),
        ],
        "where the service redirects to is the service's own",
    ),
    **dict.fromkeys(["nobody-registered", "instances-terminated"], "which instances serve is not to be seen"),
    **dict.fromkeys(
        [
            "service-down",
            "service-on-another-port",
            "service-answers-500",
            "service-answers-404",
            "service-too-slow",
            "no-proxy-and-a-service-that-fails",
            "ingress-of-another-host",
        ],
        "the service is not AWS's",
    ),
}


def assert_every_verdict_is_right(maker: str, stack: Stack, mutations: Sequence[Mutation] = tuple(MUTATIONS)) -> None:
    """When the invoke URL breaks, the verdict names the hop that was changed; else there is none.

    And where the verdict comes with a command that changes something, the URL answers after it.
    """
    tried = list(try_all(stack, mutations))
    assert len(tried) == len(mutations)
    assert max(each.requests for each in tried) <= 25
    right = [each for each in tried if each.right]
    print(f"{maker}: {len(right)} of {len(tried)} verdicts are right")
    assert right == tried, "\n\n".join(f"{each}\n{each.states}" for each in tried if not each.right)
    mended = {each.mutation: each.mended for each in tried if each.verdict}
    assert [name for name, done in mended.items() if done is False] == []
    assert {name for name, done in mended.items() if done is None} == set(NO_COMMAND) & set(mended)
