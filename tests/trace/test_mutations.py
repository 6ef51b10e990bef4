"""Every single fault: when the invoke URL breaks, the verdict names the hop that was changed; else there is none."""

from __future__ import annotations

import pytest

from tests.trace.builders import BUILDERS, why_not
from tests.trace.faults import try_all
from tests.trace.mutations import MUTATIONS


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
