"""``runbook drill`` as trainee and instructor type it, in this process, on a served account."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from drills.catalogue import COURSE, lost_number, open_house, verbatim
from drills.desk import Desk
from drills.model import Course
from drills.session import Session
from practice import tokens
from runbook.accounts import Account, Kind, connect
from runbook.cli import app
from runbook.errors import Stopped
from runbook.parameters import Parameters

Drill = Callable[..., Result]
SHORT = (lost_number, open_house, verbatim)
"""A course of three, so that what chance gives does not change with the catalogue."""


PLANTED = {
    "AWS_ACCESS_KEY_ID": "AKIAPLANTEDPLANTED00",
    "AWS_SECRET_ACCESS_KEY": "plantedPLANTED/planted+PLANTED/planted12",
    "AWS_SESSION_TOKEN": "IQoJb3JpZ2luPLANTED//////////wEaCXVzLWVhc3QtMSJ",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, served: Account) -> Iterator[None]:
    """A desk of its own; whoever sits there has AWS credentials, and afterwards no file holds them."""
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    for name in ("RUNBOOK_ACCOUNT", "RUNBOOK_STACK", "RUNBOOK_REGION", "RUNBOOK_PARAMETERS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    monkeypatch.setenv("RUNBOOK_PRACTICE_HOME", str(tmp_path / "practice"))
    monkeypatch.setenv("RUNBOOK_TRAINEE", "anna")
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(served.endpoint_url))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr("drills.desk.COURSE", SHORT)
    for where in ("runbook.accounts.connect", "drills.desk.connect"):
        monkeypatch.setattr(where, partial(_connect, served))
    monkeypatch.chdir(tmp_path)
    yield
    kept = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [secret for secret in PLANTED.values() for text in kept if secret in text]


def _connect(served: Account, kind: Kind, params: Parameters, **options: Any) -> Account:
    """boto3's clients are made once for all commands."""
    ours = options["endpoint_url"] in (None, served.endpoint_url)
    return served if ours and kind is Kind.PRACTICE else connect(kind, params, **options)


@pytest.fixture
def drill() -> Drill:
    def run(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["drill", *words])
        assert result.exit_code == code, (words, result.output, result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        if code == 2:
            # With --json the error is an event too, and the only one.
            assert [json.loads(line)["event"] for line in result.stdout.splitlines()] in ([], ["CommandFailed"])
            assert len(result.stderr.strip().splitlines()) == 1, result.stderr
        return result

    return run


@pytest.fixture
def ended(drill: Drill) -> Iterator[None]:
    """The account is used by others: leave it mended."""
    yield
    CliRunner().invoke(app, ["drill", "exam", "--end"])
    CliRunner().invoke(app, ["drill", "reset"])


def mend(served: Account, status: dict[str, object]) -> None:
    """What a trainee of `lost-number` does, with boto3."""
    link = served.aws.apigateway.get_vpc_links()["items"][0]["id"]
    api = str(status["url"]).split("/execute-api/")[1].split("/")[0]
    operation = {"op": "replace", "path": "/variables/VPCLINK", "value": link}
    served.aws.apigateway.update_stage(restApiId=api, stageName="prod", patchOperations=[operation])  # type: ignore[list-item]


def right(status: dict[str, Any]) -> tuple[str, ...]:
    """The right answers to the question of a drill, as options."""
    asked = Course.of(SHORT)[status["id"]]
    letter = next(letter for letter, cause in status["question"]["why"].items() if cause == asked.cause)
    return "--hop", asked.hop, "--why", letter


@pytest.mark.usefixtures("ended")
def test_a_drill_from_symptom_to_debrief(drill: Drill, served: Account) -> None:
    assert drill("status", code=1).stdout == "No drill of anna is running. Start one with: runbook drill start NAME\n"
    assert json.loads(drill("status", "--json", code=1).stdout) == {"drill": None, "exam": None}

    started = drill("start", "lost_number").stdout
    assert "No connection under this number" in started
    assert f"{served.endpoint_url}/_aws/execute-api/" in started
    assert '500 {"message":"Internal server error"}' in started
    assert f"export AWS_ENDPOINT_URL={served.endpoint_url} AWS_REGION=us-east-1" in started
    for giving_away in (*lost_number.HINTS, "What broke", "stage-variables", lost_number.mend.__doc__ or "-"):
        assert giving_away not in started

    told = json.loads(drill("status", "--json").stdout)["drill"]
    assert (told["id"], told["points"], told["hints"], told["refused"]) == ("lost-number", 100, 0, 0)
    assert told["answer"].startswith("500 ")
    assert not {"hop", "hints_text", "debrief", "solution"} & set(told)
    assert "0 of 3 hints taken" in drill("status").stdout

    assert "lost-number is running" in drill("start", "verbatim", code=2).stderr
    assert lost_number.HINTS[0] in drill("hint").stdout
    assert lost_number.HINTS[0] in drill("status").stdout
    assert "GET /hello is answered 500" in drill("verify", code=3).stdout
    refused = json.loads(drill("verify", "--json", code=3).stdout)
    assert refused == {"drill": "lost-number", "solved": False, "wrong": "GET /hello is answered 500.", "refused": 2}

    mend(served, told)
    solved = drill("verify", *right(told)).stdout
    assert "80 of 100 points" in solved
    for part in ("What broke.", "How it shows.", "Finding it fast.", "Preventing it.", "What mends it."):
        assert part in solved
    assert "Next: runbook drill start open-house" in solved

    kept = {each["id"]: each["points"] for each in json.loads(drill("list", "--json").stdout)}
    assert kept == {"lost-number": 80, "open-house": None, "verbatim": None}
    assert "1 of 3 solved, 80 of 300 points." in drill("list").stdout
    assert "no drill of anna is running" in drill("verify", code=2).stderr


@pytest.mark.usefixtures("ended")
def test_another_stack_of_the_account_is_in_nobodys_way(drill: Drill) -> None:
    assert CliRunner().invoke(app, ["up", "--stack", "beside"]).exit_code == 0
    drill("start", "open-house")
    assert "The internet can reach the instances" in drill("verify", code=3).stdout
    assert "Over in" in drill("solution", "--apply").stdout
    assert CliRunner().invoke(app, ["down", "--stack", "beside"]).exit_code == 0


@pytest.mark.usefixtures("ended")
def test_the_solution_costs_the_points_and_hints_end(drill: Drill, served: Account) -> None:
    drill("start", "1")
    for _ in range(3):
        drill("hint")
    assert "no more hints" in drill("hint", code=2).stderr
    assert "runbook drill solution --apply" in drill("solution").stdout
    told = json.loads(drill("status", "--json").stdout)["drill"]
    assert told["points"] == 0
    mend(served, told)
    done = json.loads(drill("verify", "--json").stdout)
    assert (done["solved"], done["points"], done["hints"], done["report"]) == (False, 0, 3, [])


@pytest.mark.usefixtures("ended")
def test_reset_gives_up_without_a_result(drill: Drill) -> None:
    drill("start", "--seed", "5")
    assert "is given up; the stack is as it should be" in drill("reset").stdout
    assert "0 of 3 solved" in drill("list").stdout
    assert "no drill of anna is running" in drill("reset", code=2).stderr
    assert CliRunner().invoke(app, ["check", "--stack", "drill"]).exit_code == 0


def test_a_class_gets_the_same_drill_and_chance_prefers_what_is_not_solved(tmp_path: Path) -> None:
    def seeded(name: str) -> str:
        return Desk(Session(name, where=tmp_path)).by_chance(5).id

    assert seeded("anna") == seeded("ben")
    desk = Desk(Session("anna", where=tmp_path))
    for module in (lost_number, open_house):
        done = desk.course[module.__name__.rpartition(".")[2]]
        desk.session.prepare(done, stack="s", region="r", endpoint="e", token=None)
        desk.session.start("u", "a")
        desk.session.end(done, solved=True)
    assert {desk.by_chance().id for _ in range(20)} == {"verbatim"}
    following = desk.following()
    assert following is not None
    assert following.id == "verbatim"


@pytest.mark.usefixtures("ended")
def test_an_exam_goes_on_by_itself_and_writes_its_report(drill: Drill, served: Account, tmp_path: Path) -> None:
    assert "say of how many drills" in drill("exam", code=2).stderr
    assert "1 to 3 drills" in drill("exam", "4", code=2).stderr
    begun = drill("exam", "3", "--seed", "1", "--out", "reports").stdout
    assert "Exam 1 of 3" in begun
    first = json.loads(drill("status", "--json").stdout)
    assert first["exam"] == {"drill": 1, "of": 3, "seed": 1}
    assert "one is under way" in drill("exam", "2", code=2).stderr
    assert "Exam 1 of 3" in drill("exam").stdout  # shows it again

    assert "Skip it? runbook drill reset" in begun
    skipped = drill("reset").stdout  # counts as zero, and goes on
    assert "0 of 100 points" in skipped
    assert "Exam 2 of 3" in skipped
    assert "not over yet" in Path(drill("exam", "--report").stdout.split()[1]).read_text()

    shown = drill("solution", "--apply").stdout
    assert "Exam 3 of 3" in shown
    told = json.loads(drill("status", "--json").stdout)["drill"]
    if told["id"] == "lost-number":
        mend(served, told)
    else:
        desk = Desk(Session("anna"))
        desk.drill.mend(desk._bench_of_running())
    last = json.loads(drill("verify", "--json", *right(told)).stdout)
    assert (last["solved"], last["points"], last["next"]) == (True, 100, None)
    assert [Path(path).suffix for path in last["report"]] == [".md", ".html"]
    for path in last["report"]:
        written = Path(path)
        assert written.parent == tmp_path / "reports"
        assert "100 of 300 points" in written.read_text()
        assert "1 of 3 solved" in written.read_text()
    assert "No drill of anna is running" in drill("status", code=1).stdout
    assert "elsewhere" in drill("exam", "--report", "--out", "elsewhere").stdout


@pytest.mark.usefixtures("ended")
def test_an_exam_ended_early_counts_the_rest_as_zero(drill: Drill) -> None:
    drill("exam", "2", "--seed", "2")
    other = next(each for each in ("1", "2", "3") if each != drill("status", "--json").stdout.split('"number": ')[1][0])
    assert "an exam is under way" in drill("start", other, code=2).stderr
    wrote = drill("exam", "--end").stdout.split()[1]
    assert Path(wrote).read_text().count("not done") == 2
    assert "none is under way" in drill("exam", "--end", code=2).stderr


def test_a_real_account_is_never_touched(drill: Drill, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*words: object, **more: object) -> None:
        raise AssertionError("connected")

    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setattr("runbook.accounts.connect", never)
    monkeypatch.setattr("drills.desk.connect", never)
    for words in (("start", "1"), ("exam", "2")):
        assert "practice account only" in drill(*words, "--account", "aws", code=2).stderr
        monkeypatch.setenv("RUNBOOK_ACCOUNT", "aws")
        assert "practice account only" in drill(*words, code=2).stderr
        monkeypatch.delenv("RUNBOOK_ACCOUNT")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["start"], "give the name of a drill, or --random, or --seed N"),
        (["start", "1", "--random"], "give the name of a drill, or --random, or --seed N"),
        (["start", "lost-numbr"], "Did you mean lost-number?"),
        (["start", "99"], "there is no drill '99'"),
        (["start", "1", "--level", "easy"], "give the name of a drill"),
        (["start", "--level", "harder"], "--level: there is no level 'harder'. Levels: easy, medium, hard."),
        (["start", "--level", "hard"], "the course has no hard drill"),
        (["exam", "4", "--level", "easy"], "1 to 3 easy drills, not 4"),
        (["hint"], "no drill of anna is running"),
        (["solution"], "no drill of anna is running"),
        (["verify", "--json"], "no drill of anna is running"),
        (["list", "--trainee", "../x"], "'../x' is no name"),
        (["exam", "3", "--end"], "give N to begin one, or --end, or --report"),
        (["exam", "--report"], "there was none yet"),
        (["exam", "0"], "1 to 3 drills, not 0"),
        (["exam", "--closed-book"], "is chosen when an exam begins"),
        (["scores", "nowhere"], "nowhere is not a directory"),
        (["scores", "."], ". holds no record of drills"),
        (["scores", ".", "--json", "--csv"], "--json or --csv, not both"),
        (["start", "1", "--endpoint-url", "http://127.0.0.1:9"], "no practice account answers"),
        (["start", "1", "--stack", "-x-"], "--stack"),
    ],
)
def test_bad_input_is_one_sentence(drill: Drill, words: list[str], said: str) -> None:
    assert said in drill(*words, code=2).stderr


def test_a_record_that_cannot_be_used_says_so_before_anything_is_broken(drill: Drill, tmp_path: Path) -> None:
    record = tmp_path / "drills" / "anna.json"
    record.parent.mkdir()
    record.write_text("{")
    for words in (["list"], ["start", "1"], ["status"], ["exam", "2"]):
        assert "anna.json is damaged" in drill(*words, code=2).stderr
    record.unlink()
    (tmp_path / "drills" / "anna.new").mkdir()
    assert "cannot be written" in drill("start", "1", code=2).stderr


def test_a_drill_that_the_course_does_not_have_any_more(
    drill: Drill, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    record = {"trainee": "anna", "running": {"drill": "gone", "stack": "s", "region": "r", "endpoint": "e", "url": "u"}}
    (tmp_path / "drills").mkdir()
    (tmp_path / "drills" / "anna.json").write_text(json.dumps(record))
    assert "runbook drill reset" in drill("status", code=2).stderr
    assert drill("reset").stdout == "The drill is given up.\n"


@pytest.mark.usefixtures("ended")
def test_an_account_that_went_away_is_told_and_the_drill_can_go_on(drill: Drill, tmp_path: Path) -> None:
    drill("start", "lost-number")
    assert (
        "anna has a drill running on stack drill. Name another with --stack"
        in drill("start", "1", "--trainee", "ben", code=2).stderr
    )
    drill("hint")
    file = tmp_path / "drills" / "anna.json"
    file.write_text(file.read_text().replace(tokens.id_of("drills"), tokens.id_of("another")))
    for words in (["verify"], ["solution", "--apply"], ["start", "verbatim"]):
        told = drill(*words, code=2).stderr
        assert "lost-number is running, but its practice account is gone" in told
        assert "runbook drill start lost-number" in told
    kept = file.read_text()
    assert drill("reset").stdout == "lost-number is given up.\n"
    file.write_text(kept)
    drill("start", "lost-number")
    assert "1 of 3 hints taken" in drill("status").stdout
    assert "is given up" in drill("reset").stdout


def test_a_start_that_is_stopped_is_known_as_such_and_begun_again(
    drill: Drill, served: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drills.desk.connect", connect)
    account = connect(Kind.PRACTICE, Parameters(), endpoint_url=served.endpoint_url)  # its waits end for good
    desk = Desk(Session("anna"))
    told: list[str] = []

    def tell(text: str) -> None:
        told.append(text)
        if text == "breaking it":
            desk.stop()

    desk.tell = tell
    with pytest.raises(Stopped):
        desk.start(desk.course["lost-number"], account)
    assert "breaking it" in told
    for words in (["status"], ["verify"], ["hint"], ["solution"]):
        assert "the start of lost-number was interrupted" in drill(*words, code=2).stderr
    drill("start", "open-house")  # another one, on a stack that is whole again
    assert drill("verify", code=3).stdout == "Not yet. The internet can reach the instances past the gateway.\n"
    assert "is given up" in drill("reset").stdout


def test_ctrl_c_stops_a_start_as_it_stops_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Desk, *words: object, **more: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        self._hear("the next thing it does")

    monkeypatch.setattr(Desk, "start", interrupted)
    before = signal.getsignal(signal.SIGINT)
    ended = CliRunner().invoke(app, ["drill", "start", "1"])
    assert ended.exit_code == 130
    assert "stopped on request" in ended.stderr
    assert signal.getsignal(signal.SIGINT) is before


def test_the_whole_course_is_listed(drill: Drill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drills.desk.COURSE", COURSE)
    assert len(json.loads(drill("list", "--json").stdout)) == len(COURSE)
