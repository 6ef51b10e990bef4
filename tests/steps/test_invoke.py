"""The invoke URL is called until it answers as expected, and the promise is looked at."""

from __future__ import annotations

import pytest

from runbook.errors import CannotContinue
from runbook.events import Outcome
from runbook.outcome import Missing
from steps import invoke
from steps.invoke import Invocation
from tests.stack import Stack
from tests.steps.parts import Parts


def test_what_it_answered_is_shown(finished: Stack) -> None:
    found: Invocation = finished.call(invoke, "check", test_path="/a/b?c=d")

    assert (found.status, found.content_type) == (200, "application/json")
    assert found.url.endswith("/prod/a/b?c=d")
    assert '"/a/b?c=d"' in found.answer
    assert found.served_by in finished.service.instances
    assert found.latency >= 0
    assert "public" in found.notes[0]


def test_a_bad_answer_fails_in_the_end_with_the_answer_and_the_way_on(finished: Stack) -> None:
    finished.machines(status={"/": 200, "*": 503})

    missing = finished.call(invoke, "check")
    assert isinstance(missing, Missing)
    assert "answered 503 (wanted below 400)" in missing.why

    with pytest.raises(CannotContinue, match=r"answered 503 .* runbook trace http\S+/prod/hello$"):
        finished.call(invoke, "do")  # the stage alone is another path, which breaks at another hop

    ended = finished.up()
    assert ended.unlike_ok == {"invoke": Outcome.FAILED}


def test_a_bad_answer_may_be_the_expected_one(finished: Stack) -> None:
    finished.machines(status={"/": 200, "*": 404})

    assert finished.up(expect_status=404).finished.worst is None

    finished.machines(status=200)
    seen = finished.check()
    assert "answered 200 (wanted 404)" in seen.reason("invoke")


def test_it_tries_again_while_a_fresh_deployment_spreads(finished: Stack) -> None:
    finished.machines(status={"/": 200, "*": 500})

    class Mends(type(finished.aws.control)):  # type: ignore[misc]
        def wait(self, seconds: float) -> None:
            super().wait(seconds)
            finished.machines(status=200)

    finished.aws.control = Mends(finished.clock)
    found: Invocation = finished.call(invoke, "do")

    assert found.status == 200
    assert finished.aws.control.waited == 3.0


def test_no_answer_at_all_is_said(finished: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finished.aws, "invoke_url", lambda api, stage: "http://127.0.0.1:9/prod")

    missing = finished.call(invoke, "check")

    assert isinstance(missing, Missing)
    assert "got no answer" in missing.why


def test_a_rule_for_the_internet_breaks_the_promise_and_is_reported_not_changed(finished: Stack) -> None:
    parts = Parts(finished)
    open_ = parts.let_in("0.0.0.0/0", low=0, high=65535)

    ended = finished.up()

    assert ended.written == []
    broken = [promise for promise in ended.fact(Invocation).promises if not promise.kept]
    assert [promise.promise for promise in broken] == [
        "no rule lets the internet reach the instances on the traffic port"
    ]
    assert broken[0].evidence == f"{open_} lets in 0.0.0.0/0 on all ports"
    assert open_ in {rule["SecurityGroupRuleId"] for rule in parts.rules}


def test_the_loopback_is_called_past_any_proxy_of_the_environment(
    finished: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)

    assert finished.call(invoke, "check").status == 200
