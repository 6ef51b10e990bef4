"""A desk for tests: real drills, a real record on a clock that stands, and verdicts that the test gives."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from drills.catalogue import lost_number, open_house, verbatim
from drills.desk import Briefing, Desk, Ended
from drills.model import Course, Drill
from drills.session import Session
from runbook.accounts import Account
from runbook.errors import CannotContinue
from tests.tui.script import MARKUP

# What the drills' authors write changes; the pictures should not.
COURSE = Course(
    tuple(
        replace(
            Drill.of(module),
            title=title,
            story=f"A few words on what is seen at drill **{title}**, and `code`.",
            debrief="**What broke.** This.\n\n**How it shows.** So.",
            solution="Put it back with `aws apigateway update-stage`.",
            hints=("A first hint.", "A second hint.", "A third hint."),
            level=level,
            minutes=10,
        )
        for module, title, level in ((lost_number, "Lost", 1), (open_house, "Open", 2), (verbatim, "Verbatim", 3))
    )
)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
URL = "http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4e5/prod/hello"


class ScriptedDesk(Desk):
    """Starts at once, and judges as it is told to."""

    def __init__(self, where: Path, name: str = "anna") -> None:
        super().__init__(Session(name, where=where, now=lambda: NOW), course=COURSE)
        self.wrong: list[str] = []
        self.fails = ""
        self.hold = threading.Event()
        self.hold.set()
        self.stopped = False

    def start(self, drill: Drill, account: Account, stack: str = "drill") -> Briefing:
        self.tell(f"breaking it {MARKUP}")
        self.hold.wait(20)
        if self.fails:
            raise CannotContinue(self.fails)
        self.session.prepare(drill, stack=stack, region="eu-west-1", endpoint="http://127.0.0.1:4566", token=None)
        self.session.start(URL, f'500 {{"message":"Internal server error"}} {MARKUP}')
        self.session.reply(drill.hop, drill.cause)  # whoever sits here has found it
        return self.briefing()

    def verify(self) -> str | Ended:
        if self.wrong:
            self.session.refuse()
            return self.wrong.pop(0)
        return self._ended(self.drill, solved=True)

    def give_up(self) -> Ended | None:
        drill = self.drill
        if self.session.exam is not None:
            return self._ended(drill, solved=False)
        self.session.drop()
        return Ended(drill, None)

    def stop(self) -> None:
        self.stopped = True
        self.hold.set()
