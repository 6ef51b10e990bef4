"""What commands write where there is no terminal: whole values, a full disk, a reader that has gone, few signs."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from practice.clock import ScaledClock
from practice.server import Account as Served
from practice.server import serve
from runbook import present
from runbook.accounts import Account, Kind, connect
from runbook.cli import streams
from runbook.cli.absence import Absence
from runbook.cli.codes import BROKEN_PIPE
from runbook.cli.show import show
from runbook.control import Control
from runbook.events import Action, Event, Outcome, RunFinished, RunStarted, StepFinished, Waited
from runbook.parameters import Parameters
from runbook.trace import draw
from steps.tracks import TRACKS
from tests.faults.cli import spawn
from tests.inprocess import command_names, runbook
from tests.stack import PLAN

LOOKING: dict[str, list[str]] = {
    "plan": ["plan", "--port", "8080", "--replace"],
    "check": ["check"],
    "step": ["step", "load-balancer", "check"],
    "trace": ["trace", "demo", "--logs", "--test-invoke"],
    "links": ["links"],
    "list": ["list"],
    "policy": ["policy"],
    "report": ["report", "last"],
    "output": ["output"],
    "drill list": ["drill", "list"],
    "practice machines": ["practice", "machines"],
}
"""Commands that only look, with words that make them show as much as they can."""

ELSEWHERE = {
    "tui", "up", "down", "drill", "rollback", "notebook", "practice", "practice status", "practice stop", "drill start",
    "practice token", "practice machine", "drill scores",
    "drill status", "drill hint", "drill verify", "drill solution", "drill reset", "drill exam", "drill pages",
}  # fmt: skip
"""Those that need a terminal, that change what the others look at, or that show what these do."""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """An account with a finished stack, whose clock runs as fast as a stack can be made."""
    with pytest.MonkeyPatch.context() as patch, serve(clock=ScaledClock(2000)) as account:
        _pointed_at(account, patch)
        assert runbook("up").code == 0
        yield account


@pytest.fixture
def here(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    _pointed_at(served, monkeypatch)
    return served


def _pointed_at(account: Served, patch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "RUNBOOK_")) and name != "RUNBOOK_HOME"]:
        patch.delenv(name)
    patch.setenv("AWS_ENDPOINT_URL", account.url)


def test_each_command_is_tried_or_named_as_tried_elsewhere() -> None:
    assert set(LOOKING) | ELSEWHERE >= command_names()


@pytest.mark.parametrize("name", LOOKING)
def test_a_pipe_has_no_width(here: Served, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def at_width(columns: str | None) -> str:
        if columns is None:
            monkeypatch.delenv("COLUMNS", raising=False)
        else:
            monkeypatch.setenv("COLUMNS", columns)
        return re.sub(r"\d+", "0", runbook(*LOOKING[name]).said).replace(" ", "")

    # Times differ and ids do not; what is wrapped or cut has other lines.
    wide = at_width("2000").splitlines()
    assert wide
    for narrow in (at_width("40"), at_width(None)):
        assert len(narrow.splitlines()) == len(wide)
        assert [line for line in narrow.splitlines() if line.endswith("…")] == []


def test_what_aws_calls_things_is_whole_in_a_pipe(here: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    shown = "".join(runbook("step", step.id, "check").out for step in PLAN.steps)
    aws = connect(Kind.PRACTICE, Parameters(), endpoint_url=here.url).aws
    (balancer,) = aws.elbv2.describe_load_balancers()["LoadBalancers"]
    (link,) = aws.apigateway.get_vpc_links()["items"]
    (api,) = [api for api in aws.apigateway.get_rest_apis()["items"] if api["name"] == "demo-api"]
    for value in (balancer["LoadBalancerArn"], balancer["DNSName"], link["id"], aws.invoke_url(api["id"], "prod")):
        assert value in shown


# --- output that cannot be written ------------------------------------------------------------------------------------


def _no_reader() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.dup2(writer, 1)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115


def _environment(home: Path, url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RUNBOOK_"))}
    return {**kept, "RUNBOOK_HOME": str(home), "AWS_ENDPOINT_URL": url}


def _ends(words: list[str], directory: Path, url: str, before: Callable[[], None] | None = None) -> tuple[int, str]:
    process = spawn(words, directory, _environment(directory / "home", url), before=before)
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode, (directory / "err").read_text()


WRITING = [
    *LOOKING.values(),
    ["check", "--json"],
    ["trace", "demo", "--json"],
    ["--version"],
    ["--help"],
    ["up", "--help"],
]


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_full_disk_is_one_sentence_and_a_reader_that_has_gone_is_silence(
    here: Served, tmp_path: Path, words: list[str]
) -> None:
    for name in ("full", "gone"):
        (tmp_path / name).mkdir()
    if words[0] == "report":
        for name in ("full", "gone"):
            _ends(["check"], tmp_path / name, here.url)
            (tmp_path / name / "out").unlink()
            (tmp_path / name / "err").unlink()
    (tmp_path / "full/out").symlink_to("/dev/full")
    code, said = _ends(words, tmp_path / "full", here.url)
    assert code == 1
    assert said.startswith("error: the output cannot be written: No space left on device.")
    assert len(said.splitlines()) == 1

    code, said = _ends(words, tmp_path / "gone", here.url, before=_no_reader)
    assert (code, said) == (BROKEN_PIPE, "")


def test_a_run_whose_output_cannot_be_written_is_stopped_and_logged(here: Served, tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/dev/full")
    code, said = _ends(["up", "--stack", "other"], tmp_path, here.url)
    assert code == 1
    assert said.endswith("The run was stopped; run it again to go on.\n")
    (log,) = (tmp_path / "home/runs").glob("*.jsonl")
    assert json.loads(log.read_text().splitlines()[-1])["event"] == "RunFinished"


def test_an_error_that_cannot_be_written_keeps_its_exit_code() -> None:
    command = Path(sys.executable).with_name("runbook")
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([command, "check", "--port", "many"], stdout=full, stderr=full, check=False, timeout=60)
    assert ended.returncode == 2


@pytest.mark.parametrize(
    ("words", "file"),
    [(["plan", "--out", "{}"], "p.json"), (["report", "--out", "{}"], "r.html"), (["notebook", "{}"], "n.ipynb")],
    ids=["plan", "report", "notebook"],
)
def test_a_file_on_a_full_disk_is_named(here: Served, tmp_path: Path, words: list[str], file: str) -> None:
    runbook("check")
    full = tmp_path / file
    full.symlink_to("/dev/full")
    ended = runbook(*(word.format(full) for word in words))
    assert ended.code == 2
    (sentence,) = ended.err.splitlines()
    assert f"{full} cannot be written: No space left on device." in sentence


# --- few signs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signs", [present.SYMBOLS, draw.SYMBOLS], ids=["run", "trace"])
def test_signs_that_differ_differ_in_ascii_too(signs: dict[Any, str]) -> None:
    plain = {sign: sign.encode("ascii", streams.ASCII).decode() for sign in signs.values()}
    assert len(set(plain.values())) == len(plain)
    assert all(len(form) == 1 for form in plain.values())
    assert [sign for sign, form in plain.items() if form == "?"] == (["?"] if "?" in plain else [])


def _ascii_only() -> None:
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(encoding="ascii")


def test_a_terminal_of_ascii_is_shown_ascii(here: Served, tmp_path: Path) -> None:
    assert _ends(["check"], tmp_path, here.url, before=_ascii_only) == (0, "")
    shown = (tmp_path / "out").read_bytes().decode("ascii")
    assert "\nv preflight " in shown
    assert "\n?" not in shown


# --- a log of a build -------------------------------------------------------------------------------------------------


def _shown(events: list[Event], capsys: pytest.CaptureFixture[str]) -> list[str]:
    aws: Any = SimpleNamespace(pace=1.0)
    account = Account(aws, Kind.AWS)
    for _ in show(iter(events), TRACKS, account, Control(), Absence(TRACKS, aws, "demo"), as_json=False):
        pass
    return capsys.readouterr().out.splitlines()


def test_a_wait_is_told_every_half_minute_with_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    began = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def waits() -> Iterator[Event]:
        yield RunStarted(at=began, action=Action.UP, parameters=Parameters(), region="us-east-1", steps=PLAN.ids)
        for second in range(0, 100, 5):
            at, elapsed = began + timedelta(seconds=second), float(second)
            for what in ("one", "other") if second < 40 else ("one",):
                yield Waited(at=at, step="vpc-link", what=what, state="PENDING", elapsed=elapsed, usual=180.0)
        yield StepFinished(at=began, step="vpc-link", outcome=Outcome.DONE, duration=100.0)
        yield RunFinished(at=began, action=Action.UP, outcomes={"vpc-link": Outcome.DONE}, duration=100.0)

    told = [line for line in _shown(list(waits()), capsys) if "waiting for" in line]
    assert [line.split(" (")[0] for line in told] == [
        "… 03:04:05Z waiting for one",
        "… 03:04:05Z waiting for other",
        "… 03:04:35Z waiting for one",
        "… 03:04:35Z waiting for other",
        "… 03:05:05Z waiting for one",
        "… 03:05:35Z waiting for one",
    ]
    assert "90 s so far" in told[-1]


# --- a stack that is not there ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["down"], 3),
        (["down", "--if-exists"], 0),
        (["down", "--json"], 3),
        (["step", "vpc-link", "undo"], 3),
        (["step", "vpc-link", "undo", "--if-exists"], 0),
        (["step", "listener", "check"], 3),
        (["check"], 3),
        (["check", "--json"], 3),
        (["trace"], 2),
        (["rollback"], 2),
    ],
)
def test_a_stack_that_is_not_there_is_named_with_those_that_are(here: Served, words: list[str], code: int) -> None:
    ended = runbook(*words, "--stack", "dmo")
    assert ended.code == code
    assert "There are: demo." in ended.said
    assert "'dmo'" in ended.said or "There is no stack dmo in us-east-1." in ended.said
    if "down" in words or "undo" in words:
        assert "✓" not in ended.out


def test_of_the_runs_there_are_the_likest_name_is_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    (tmp_path / "runs").mkdir()
    for stack in ("aaa", "payments", "zzz"):
        (tmp_path / f"runs/20260102T030405Z-{stack}-check-0000.jsonl").touch()
    ended = runbook("report", "paymnts")
    assert ended.code == 2
    assert "There are runs of: payments, aaa, zzz." in ended.err


# --- values for scripts -----------------------------------------------------------------------------------------------


def test_an_output_is_the_value_and_nothing_else(here: Served) -> None:
    aws = connect(Kind.PRACTICE, Parameters(), endpoint_url=here.url).aws
    (balancer,) = aws.elbv2.describe_load_balancers(Names=["demo-nlb"])["LoadBalancers"]
    url = runbook("output", "invoke-url")
    assert (url.code, url.err) == (0, "")
    assert url.out == f"{httpx.get(url.out.strip(), trust_env=False).url}\n"
    addresses = runbook("output", "nlb-addresses").out.splitlines()
    assert len(addresses) == len(balancer["AvailabilityZones"])
    told = json.loads(runbook("output", "--json").out)
    assert told["invoke-url"] == url.out.strip()
    assert told["nlb-arn"] == balancer["LoadBalancerArn"]
    assert told["nlb-addresses"] == addresses
    assert list(told) == list(PLAN.outputs)
    for name, value in told.items():
        assert json.loads(runbook("output", name, "--json").out) == value
        assert runbook("output", name).out.split() == (value if isinstance(value, list) else [value])
        assert value in told.values()
    shown = runbook("output").out
    assert [line.split()[0] for line in shown.splitlines()] == list(told)


def test_outputs_are_in_the_last_event(here: Served) -> None:
    last = json.loads(runbook("check", "--json").out.splitlines()[-1])
    assert last["outputs"] == json.loads(runbook("output", "--json").out)


def test_what_is_not_known_is_no_output(here: Served) -> None:
    ended = runbook("output", "vpc-link-id", "--stack", "dmo")
    assert (ended.code, ended.out) == (3, "")
    assert "There is no stack dmo in us-east-1. There are: demo." in ended.err
    unknown = runbook("output", "invoke")
    assert unknown.code == 2
    assert "unknown output 'invoke'. There are: invoke-url, " in unknown.err


@pytest.mark.parametrize(
    ("command", "headers"), [("list", ["stack", "invoke URL"]), ("links", ["VPC link", "invoke URL"])]
)
def test_a_list_has_headers_and_the_invoke_url(here: Served, command: str, headers: list[str]) -> None:
    shown, url = runbook(command).out, runbook("output", "stage-url").out.strip()
    assert all(header in shown for header in headers)
    assert url in shown
    assert url in runbook(command, "--json").out
