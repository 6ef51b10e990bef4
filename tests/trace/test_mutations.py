"""Every single fault: when the invoke URL breaks, the verdict names the hop that was changed; else there is none.

And where the verdict comes with a command that changes something, the URL answers after it.
"""

from __future__ import annotations

import pytest

from tests.trace.builders import BUILDERS, why_not
from tests.trace.faults import try_all
from tests.trace.mutations import MUTATIONS

# Why no command can mend them.
NO_COMMAND = {
    **dict.fromkeys(["api-deleted", "stage-deleted", "another-stage-called"], "what is meant is not to be seen"),
    **dict.fromkeys(["asks-for-iam", "asks-for-api-key", "asks-a-lambda-authorizer"], "it is for the caller to mend"),
    **dict.fromkeys(
        ["policy-denies", "policy-for-another-stage", "policy-for-other-addresses"],
        "who may call is for the owner to say",
    ),
    **dict.fromkeys(["root-called", "route-deleted", "only-post"], "what is meant is not to be seen"),
    **dict.fromkeys(
        ["nobody-registered", "everybody-leaving", "instances-terminated"], "which instances serve is not to be seen"
    ),
    **dict.fromkeys(
        ["service-down", "service-on-another-port", "service-answers-500", "service-answers-404", "service-too-slow"],
        "the service is not AWS's",
    ),
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("maker", BUILDERS)
def test_the_verdict_names_what_was_changed(maker: str) -> None:
    if reason := why_not(maker):
        pytest.skip(reason)
    builder = BUILDERS[maker]
    with builder.build() as stack:
        tried = list(try_all(stack, builder.only))
    assert len(tried) == len([each for each in MUTATIONS if builder.only in each.name])
    assert max(each.requests for each in tried) <= 25
    right = [each for each in tried if each.right]
    print(f"{maker}: {len(right)} of {len(tried)} verdicts are right")
    assert right == tried, "\n\n".join(f"{each}\n{each.states}" for each in tried if not each.right)
    mended = {each.mutation: each.mended for each in tried if each.verdict}
    assert [name for name, done in mended.items() if done is False] == []
    assert {name for name, done in mended.items() if done is None} == set(NO_COMMAND) & set(mended)
