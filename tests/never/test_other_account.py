"""What was agreed to for one account is not done in another, whoever changes it in between."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from practice import CREDENTIALS
from practice.server import Account
from runbook.engine import run
from runbook.errors import BadInput
from runbook.events import Action, RunFinished
from tests.faults.proxy import Exchange, Proxy, Response, pass_on
from tests.hiding import Hiding
from tests.inprocess import runbook
from tests.never.conftest import writes
from tests.stack import PLAN, Stack

OTHER = "999988887777"


def another_from(nth: int) -> Callable[[Exchange], None]:
    """From the n-th time on that somebody asks, the login is of another account."""
    asked, lock = 0, threading.Lock()

    def fault(exchange: Exchange) -> None:
        nonlocal asked
        if exchange.operation != "GetCallerIdentity":
            pass_on(exchange)
            return
        with lock:
            asked += 1
            now = asked
        answer = exchange.forward()
        if now >= nth:
            body = answer.body.replace(b"123456789012", OTHER.encode())
            answer = Response(answer.status, answer.headers, body)
        exchange.answer(answer)

    return fault


@pytest.mark.parametrize("command", [["up"], ["down"], ["step", "target-group", "do"]], ids=" ".join)
def test_a_login_that_changes_after_the_confirmation_changes_nothing(
    practice_account: Account, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    for name, value in {
        "RUNBOOK_ACCOUNT": "aws",
        "RUNBOOK_REGION": practice_account.region,
        "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key_id,
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_access_key,
    }.items():
        monkeypatch.setenv(name, value)
    with Hiding(practice_account.url).serving() as hiding:
        monkeypatch.setenv("AWS_ENDPOINT_URL", hiding.url)
        hiding.arm(another_from(2))

        ended = runbook(*command, "--yes", "--expect-account", practice_account.account_id)

        assert ended.code == 2, ended.said
        assert f"this is account {OTHER}" in ended.err
        assert "nothing was changed" in ended.err
        assert writes(hiding) == []


def test_the_engine_works_on_the_account_it_is_told_and_no_other(stack: Stack) -> None:
    with stack.watching() as written:
        last = list(run(PLAN, stack.aws, stack.params(), Action.UP, account=OTHER))[-1]
    assert isinstance(last, RunFinished)
    assert isinstance(last.cause, BadInput)
    assert last.cause.parameter == "expect_account"
    assert written == []
    assert not any(stack.how_many().values())


def test_a_check_of_another_account_is_no_drift(finished: Stack, counted: Proxy) -> None:
    for expected, code, said in (
        (finished.account.account_id, 0, ""),
        ("999988887777", 2, "not 999988887777"),
        ("12", 2, "12 digits"),
    ):
        before = len(counted.counted)
        ended = runbook("check", "--expect-account", expected)
        assert ended.code == code, ended.said
        assert said in ended.err
        assert code == 0 or set(counted.counted[before:]) <= {"GetCallerIdentity"}
