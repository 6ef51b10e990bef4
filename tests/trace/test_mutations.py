"""Every single fault: when the invoke URL breaks, the verdict names the hop that was changed; else there is none.

And where the verdict comes with a command that changes something, the URL answers after it. The same for what
Terraform makes is in tests/practice/clients/test_real_clients.py, because its chain takes minutes to make.
"""

from __future__ import annotations

import pytest

from tests.trace.builders import BUILDERS
from tests.trace.faults import assert_every_verdict_is_right, paste_each


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "maker",
    [
        pytest.param(maker, marks=pytest.mark.waits(len(builder.mutations) / 5))
        for maker, builder in BUILDERS.items()
        if maker != "terraform"
    ],
)
def test_the_verdict_names_what_was_changed(maker: str) -> None:
    builder = BUILDERS[maker]
    with builder.build() as stack:
        assert_every_verdict_is_right(maker, stack, builder.mutations)


# Of some makers some; ``python -m tests.trace`` pastes for every fault of all.
_EVERY = {"advice": 4, "ours": 8, "console": 6}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("maker", [pytest.param(maker, marks=pytest.mark.waits(20)) for maker in _EVERY])
def test_no_printed_command_takes_the_answer_away(maker: str) -> None:
    builder = BUILDERS[maker]
    with builder.build() as stack:
        pasted = dict(paste_each(stack, builder.mutations[:: _EVERY[maker]]))
    assert any(pasted.values())
