"""Every single fault: when the invoke URL breaks, the verdict names the hop that was changed; else there is none."""

from __future__ import annotations

import dataclasses

import pytest

from runbook.trace import State
from tests.trace.conftest import Stack, finished
from tests.trace.mutations import MUTATIONS, Mutation

# The service knows its own paths only, as a real one does: a path that is lost on the way is answered 404.
KNOWN = {"/": 200, "/hello": 200, "*": 404}


def outcome(stack: Stack, mutation: Mutation) -> tuple[int, str | None, str]:
    """The status seen, the verdict, and all hops that are not ok."""
    stack.machines(status=KNOWN)
    mutation.apply(stack)
    stack.settle()
    called = dataclasses.replace(stack, path=mutation.path or stack.path, stage=mutation.stage or stack.stage)
    status = called.invoke().status_code
    told = called.trace()
    assert told.requests <= 25
    assert told.status == status, told.to_json()
    return (
        status,
        told.verdict,
        "\n".join(f"{hop.id}: {hop.state} {hop.evidence}" for hop in told.hops if hop.state is not State.OK),
    )


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_the_verdict_names_what_was_changed(mutation: Mutation) -> None:
    with finished() as stack:
        status, verdict, states = outcome(stack, mutation)
    assert verdict == (mutation.hop if status >= 400 else None), f"{status}\n{states}"
