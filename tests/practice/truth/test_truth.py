"""The practice account gives the answers AWS is known to give."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from accounts import practice_account
from truth_cases import KINDS, Asker, Case, load

CASES = load()


@pytest.fixture(scope="module")
def asker() -> Iterator[Asker]:
    with practice_account() as account:
        yield Asker(account)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_answers_as_aws(asker: Asker, case: Case) -> None:
    assert asker.judge(case) == []


def test_every_case_says_where_it_is_from() -> None:
    assert [case.id for case in CASES if case.kind not in KINDS or not case.source.strip()] == []


def test_enough_is_asked() -> None:
    assert len(CASES) >= 120
