"""The whole tutorial through the TUI, on a served practice account, by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import httpx
import pytest

from practice.clock import ScaledClock
from practice.server import serve
from runbook.accounts import Account, Kind, connect
from runbook.events import Action, Outcome
from runbook.parameters import Parameters, validated
from tests.tui.helpers import ready, screen_text, settle, until
from tui.app import RunbookApp
from tui.screens.confirm import ConfirmScreen

# So fast that no wait shows; how waits are shown is asserted on scripted runs.
SCALE = 3000.0


@pytest.fixture
def connecting() -> Iterator[Callable[[Parameters], Account]]:
    with serve(clock=ScaledClock(SCALE), quotas=False) as served:
        yield lambda params: connect(Kind.PRACTICE, params, endpoint_url=served.url)


def _shows(app: RunbookApp, text: str) -> bool:
    return text in screen_text(app)


async def test_walked_through_by_keyboard_and_taken_down_again(connecting: Callable[[Parameters], Account]) -> None:
    app = RunbookApp(connecting, validated({"stack": "walk"}))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert "PRACTICE ACCOUNT" in screen_text(app)
        await pilot.press("enter")
        changed = []
        while app.main.guiding or not app.session.board.run:
            await until(pilot, lambda: app.main.chosen.asked or app.main.chosen.idle, "something to say")
            state = app.main.chosen
            if state.outcome is not None and state.asked is None:
                changed.append((state.id, state.outcome))
                if state.id == "nlb-addresses":
                    addresses = [address.ip for address in state.fact.addresses]
                    assert len(addresses) == 2
                    await pilot.press("tab", "tab", "end")  # to the end of the step's pane, where the table is
                    for ip in addresses:
                        await until(pilot, partial(_shows, app, ip), "the table")
            await pilot.press("enter")
        assert [name for name, _ in changed] == list(app.session.plan.ids)
        assert all(outcome in (Outcome.OK, Outcome.DONE) for _, outcome in changed)

        url = app.session.board.invocation.url
        assert url in screen_text(app)
        await pilot.press("y")
        assert app.clipboard == url
        assert httpx.get(url, trust_env=False).status_code == 200
        await pilot.press("i")
        await settle(pilot)
        assert app.session.last.worst is None

        await pilot.press("t")
        await until(pilot, lambda: "healthy" in screen_text(app), "the trace")
        for instance in app.session.account.practice["machines"]:
            machine = f"{app.session.account.endpoint_url}/_practice/machines/{instance['instance_id']}"
            headers = app.session.account.control_headers
            httpx.patch(machine, json={"listening": False}, headers=headers, trust_env=False).raise_for_status()
        await pilot.press("r")
        await until(pilot, lambda: "breaks it" in screen_text(app), "the verdict")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main, "the steps")

        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen), "the question")
        await pilot.press("y")
        await until(pilot, lambda: app.session.last.action is Action.DOWN, "the end", limit=90)
        assert app.session.last.worst is None
        await pilot.press("c")
        await until(pilot, lambda: app.session.last.action is Action.CHECK, "the look")
        assert app.session.board["load-balancer"].outcome is Outcome.MISSING


async def test_one_step_is_done_and_undone_with_what_it_needs_only_looked_at(
    connecting: Callable[[Parameters], Account],
) -> None:
    app = RunbookApp(connecting, validated({"stack": "one"}))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("down", "r")
        await until(pilot, lambda: app.session.last, "the step")
        assert {state.id for state in app.session.board if state.outcome is Outcome.DONE} == {"target-group"}
        assert app.session.board["load-balancer"].outcome is None
        await pilot.press("z")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen), "the question")
        await pilot.press("y")
        await until(pilot, lambda: app.session.last.action is Action.DOWN, "the undoing")
        assert app.session.board["target-group"].outcome is Outcome.UNDONE
