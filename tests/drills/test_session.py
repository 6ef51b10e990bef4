"""A trainee's record: stopwatch, hints, points and exam, on a clock of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drills.catalogue import COURSE
from drills.model import Course
from drills.session import Session, trainee
from runbook.errors import BadInput

ALL = Course.of(COURSE)
EASY = next(drill for drill in ALL.drills if drill.level == 1)
OTHER = next(drill for drill in ALL.drills if drill is not EASY)


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def go(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(tmp_path: Path, clock: Clock) -> Session:
    return Session("anna", where=tmp_path, now=clock)


def begin(session: Session, drill: object = EASY, *, token: str = "one") -> None:
    session.prepare(drill, stack="drill", region="us-east-1", endpoint="http://127.0.0.1:1", token=token)  # type: ignore[arg-type]
    session.start("http://127.0.0.1:1/x", "500 no")
    session.reply(drill.hop, drill.cause)  # type: ignore[attr-defined]


def test_the_stopwatch_starts_with_the_symptom_and_stops_with_the_end(session: Session, clock: Clock) -> None:
    session.prepare(EASY, stack="drill", region="r", endpoint="e", token=None)
    assert not session.running.ready
    clock.go(60)
    session.start("http://127.0.0.1:1/x", "500 no")
    assert session.running.ready
    session.reply(EASY.hop, EASY.cause)
    clock.go(75.04)
    result = session.end(EASY, solved=True)
    assert (result.seconds, result.points, result.solved) == (75.0, EASY.worth, True)
    assert session.record.running is None
    with pytest.raises(BadInput, match="no drill of anna is running"):
        _ = session.running


def test_hints_cost_points_and_there_are_three(session: Session) -> None:
    begin(session)
    assert tuple(session.hint(EASY) for _ in EASY.hints) == EASY.hints
    with pytest.raises(BadInput, match="no more hints"):
        session.hint(EASY)
    assert session.end(EASY, solved=True).points == EASY.worth * 2 // 5


def test_the_solution_looked_at_gives_no_points(session: Session) -> None:
    begin(session)
    session.refuse()
    session.give_up()
    result = session.end(EASY, solved=True)
    assert (result.points, result.solved, result.refused) == (0, False, 1)
    assert session.record.best(EASY.id) is None


def test_the_best_has_most_points_then_least_time(session: Session, clock: Clock) -> None:
    for seconds, hints in ((50, 0), (40, 0), (10, 1)):
        begin(session)
        for _ in range(hints):
            session.hint(EASY)
        clock.go(seconds)
        session.end(EASY, solved=True)
    best = session.record.best(EASY.id)
    assert best is not None
    assert best.seconds == 40


def test_a_drill_taken_to_another_account_keeps_stopwatch_and_hints(session: Session, clock: Clock) -> None:
    begin(session)
    session.hint(EASY)
    clock.go(100)
    session.prepare(EASY, stack="drill", region="r", endpoint="e", token="two")
    assert not session.running.ready  # else its unbroken stack could be verified
    clock.go(20)
    session.start("u", "a")
    assert (session.seconds, session.running.hints, session.running.token) == (120, 1, "two")
    begin(session, OTHER)
    assert (session.seconds, session.running.hints) == (0, 0)


def test_everything_is_kept_in_the_file(session: Session, tmp_path: Path, clock: Clock) -> None:
    begin(session)
    session.hint(EASY)
    session.begin_exam((EASY.id,), 7, tmp_path)
    again = Session("anna", where=tmp_path, now=clock)
    assert again.record == session.record
    assert not list(tmp_path.glob("*.new"))
    again.hint(EASY)
    session.refresh()
    assert session.running.hints == 2


def test_results_go_into_the_exam_in_its_order_only(session: Session, tmp_path: Path) -> None:
    exam = session.begin_exam((EASY.id, OTHER.id), 7, tmp_path)
    assert exam.next == EASY.id
    begin(session, OTHER)
    session.end(OTHER, solved=True)
    assert session.exam is not None
    assert session.exam.results == ()
    begin(session)
    session.end(EASY, solved=False)
    assert session.exam.next == OTHER.id
    with pytest.raises(BadInput, match="one is under way"):
        session.begin_exam((EASY.id,), 7, tmp_path)
    begin(session, OTHER)
    session.end(OTHER, solved=True)
    assert session.exam is None
    assert session.record.exam is not None
    assert [result.points for result in session.record.exam.results] == [0, OTHER.worth]
    with pytest.raises(BadInput, match="none is under way"):
        session.end_exam()


def test_an_exam_that_was_ended_early_is_over(session: Session, tmp_path: Path) -> None:
    session.begin_exam((EASY.id, OTHER.id), None, tmp_path)
    session.end_exam()
    assert session.exam is None
    assert session.record.exam is not None
    assert session.record.exam.next is None
    session.begin_exam((OTHER.id,), None, tmp_path)


@pytest.mark.parametrize("name", ["", " ", "../x", "a/b", ".hidden", "a" * 65, "[red]x[/]"])
def test_a_name_that_is_none(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no name"):
        Session(name, where=tmp_path)


def test_the_systems_user_is_always_a_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "DOMAIN\\..user")
    assert Session(where=tmp_path).name == "DOMAIN-..user"

    def nobody() -> str:
        raise KeyError("uid")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert trainee() == "trainee"


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"\xff\xfe", b'{"trainee": "anna", "running": 5}', b'{"trainee": "anna", "x": 1}']
)
def test_a_damaged_file_is_named_and_left(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "anna.json").write_bytes(damage)
    with pytest.raises(BadInput, match=r"anna\.json is damaged\. Move it away"):
        Session("anna", where=tmp_path)
    assert (tmp_path / "anna.json").read_bytes() == damage


def test_a_home_that_cannot_be_written_is_said_and_nothing_is_taken_for_done(tmp_path: Path) -> None:
    (tmp_path / "anna.new").mkdir()  # in the way
    session = Session("anna", where=tmp_path)
    with pytest.raises(BadInput, match="cannot be written"):
        begin(session)
    assert session.record.running is None


def test_others_are_read_as_far_as_they_can_be(session: Session, tmp_path: Path) -> None:
    begin(session)
    (tmp_path / "broken.json").write_text("{")
    (other,) = Session("ben", where=tmp_path).others()
    assert other.trainee == "anna"
