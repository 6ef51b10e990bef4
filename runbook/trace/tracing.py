"""One trace: survey and request side by side, then the verdict."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from runbook.aws import Aws
from runbook.command_line import appended
from runbook.errors import quoted
from runbook.events import CallSent, Event
from runbook.parameters import is_stack_name
from runbook.record import STACK
from runbook.redaction import redacted, secrets_in
from runbook.trace.answer import Answer, send
from runbook.trace.extras import execution_log, invoke_test
from runbook.trace.model import HOPS, Hop, State, Symptom, Trace
from runbook.trace.repairs import Repairs
from runbook.trace.survey import survey
from runbook.trace.target import Target, is_elsewhere
from runbook.trace.verdict import conclude

__all__ = ["trace"]

CUSTOM_DOMAIN = (
    "This is not the URL of an API Gateway stage: a custom domain, or another service's. Trace does not look up what "
    "it leads to; give the API's id, stage and path."
)
NOT_FOLLOWED = {
    "HTTP": "{} is an HTTP API. Trace follows REST APIs only, so far: nothing about its routes, integrations and links "
    "was looked at. aws apigatewayv2 get-routes and get-integrations show them; runbook links lists its VPC links.",
    "WEBSOCKET": "{} is a WebSocket API. Trace follows REST APIs only: nothing about it was looked at.",
}
"""By protocol, what is said of an API of API Gateway's second interface."""
ELSEWHERE = "This is a practice account, and the URL one of AWS: --account aws asks there."
NO_STACK = "The API's tag runbook:stack is {}, which no stack can be named: no step is proposed for it."


def trace(aws: Aws, target: Target, *, test_invoke: bool = False, logs: bool = False, strict: bool = False) -> Trace:
    """Follow a request hop by hop and say which breaks it.

    Only reads, and one real request to the URL; ``test_invoke`` also lets AWS run what is configured, which calls the
    backend once more. ``strict`` counts advice (no throttling, logging off, a V1 link, no route for ``/``) as
    suspicious. Raises :class:`~runbook.errors.RunbookError` when AWS does not accept the login.
    """
    if not target.api_id:
        return _not_followed(aws, target, send(target), CUSTOM_DOMAIN, "The API is not known.")
    with _counted(aws) as count, ThreadPoolExecutor(max_workers=1) as pool:
        asked = pool.submit(contextvars.copy_context().run, send, target)
        with aws.remembering():
            seen = survey(aws, target)
        answer = asked.result()
    if isinstance(protocol := seen.front.protocol, str) and protocol:
        said = NOT_FOLLOWED.get(protocol, NOT_FOLLOWED["WEBSOCKET"]).format(target.api_id)
        return _not_followed(aws, target, answer, said, "This kind of API is not followed.", count())
    tagged = _stack(seen.front.api)
    stack = tagged if is_stack_name(tagged) else ""
    repairs = Repairs(aws, stack, seen.aim.method)
    verdict, hops = conclude(seen, target, answer, repairing=repairs, strict=strict)
    traced = replace(
        _traced(aws, target, answer, (_told(hop, aws.region) for hop in hops)),
        verdict=verdict,
        stack=stack,
        requests=count(),
        test_invoke=invoke_test(aws, seen, target) if test_invoke else None,
        logs=execution_log(aws, seen, target, answer) if logs else None,
        notes=(
            *(f"Statement to add to the caller's policy: {statement}" for statement in seen.lacking),
            *([NO_STACK.format(quoted(tagged))] if tagged and not stack else []),
            *([ELSEWHERE] if verdict == "dns-name" and is_elsewhere(target.url, aws) else []),
        ),
    )
    return redacted(traced, secrets_in(target.headers, aws.session))


def _stack(api: object) -> str:
    return str(api.get("tags", {}).get(STACK, "")) if isinstance(api, dict) else ""


def _told(hop: Hop, region: str) -> Hop:
    """The hop without secrets, and with commands that name the region: a profile's default may be another."""
    lines = [appended(line, region=region) for line in hop.command.splitlines()]
    return replace(hop, evidence=redacted(hop.evidence), advice=redacted(hop.advice), command="\n".join(lines))


def _not_followed(aws: Aws, target: Target, answer: Answer, said: str, behind: str, requests: int = 0) -> Trace:
    """Only the answer, where there is nothing to follow it by."""
    hops = [Hop("dns-name", State.UNKNOWN, said), *(Hop(hop, State.NOT_REACHED, behind) for hop in HOPS[1:])]
    notes = (ELSEWHERE,) if is_elsewhere(target.url, aws) else ()
    traced = replace(_traced(aws, target, answer, hops), requests=requests, notes=notes)
    return redacted(traced, secrets_in(target.headers, aws.session))


def _traced(aws: Aws, target: Target, answer: Answer, hops: Iterable[Hop]) -> Trace:
    """The hops with the answer to the request, before anything is blamed."""
    return Trace(
        url=target.url,
        method=target.method,
        region=aws.region,
        verdict=None,
        status=answer.status,
        fine=answer.symptom is Symptom.FINE,
        latency=answer.latency if answer.status is not None else None,
        answer=redacted(answer.sentence),
        hops=tuple(hops),
    )


@contextlib.contextmanager
def _counted(aws: Aws) -> Iterator[Callable[[], int]]:
    """Count the requests that go out; whoever observes the account goes on doing so."""
    lock = threading.Lock()
    sent = 0
    observe = aws._observe

    def count(event: Event) -> None:
        nonlocal sent
        if isinstance(event, CallSent):
            with lock:
                sent += 1
        observe(event)

    with aws.observed(count, aws.control):
        yield lambda: sent
