"""The command line in a process of its own, on a served practice account.

What the process itself does (signals, what it prints first, the background) is tried on the installed command, the
rest on a fork of a process that has the command's imports done.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.faults.cli import spawn

RUNBOOK = Path(sys.executable).with_name("runbook")
Cli = Callable[..., "subprocess.CompletedProcess[str]"]


def _environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RUNBOOK_"))}
    nowhere = str(home / "nowhere")
    return {
        **kept,
        "RUNBOOK_HOME": str(home),
        "RUNBOOK_PRACTICE_HOME": str(home / "practice"),
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
        "COLUMNS": "200",
        **more,
    }


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an account served by ``runbook practice`` in a process of its own."""
    home = tmp_path_factory.mktemp("served")
    process = subprocess.Popen(
        [RUNBOOK, "practice", "--time-scale", "2000"], stdout=subprocess.PIPE, text=True, env=_environment(home)
    )
    assert process.stdout is not None
    greeting = process.stdout.readline()
    yield greeting.split()[-1]
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture
def cli(served: str, tmp_path: Path) -> Cli:
    """The entry point's function, forked."""
    numbers = itertools.count()

    def run(
        *words: str, typed: str = "", endpoint: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        where = ["--endpoint-url", served] if endpoint else []
        directory = tmp_path / f"run-{next(numbers)}"
        directory.mkdir()
        (directory / "in").write_text(typed)
        process = spawn([*words, *where], directory, _environment(tmp_path, **environment))
        process.join(90)
        assert process.exitcode is not None, "it does not end"
        out, err = ((directory / name).read_text() for name in ("out", "err"))
        return subprocess.CompletedProcess([*words, *where], process.exitcode, out, err)

    return run


@pytest.fixture
def command(tmp_path: Path) -> Cli:
    """The installed command."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [RUNBOOK, *words], capture_output=True, text=True, timeout=90, env=_environment(tmp_path), check=False
        )

    return run


def test_a_stack_from_nothing_to_nothing(cli: Cli) -> None:
    planned = cli("plan", "--stack", "whole")
    assert planned.returncode == 0
    assert "create" in planned.stdout
    assert "11 to add, 1 known only then" in planned.stdout
    assert cli("check", "--stack", "whole").returncode == 3

    up = cli("up", "--stack", "whole")
    assert up.returncode == 0, up.stdout + up.stderr
    *_, url, answer = up.stdout.strip().splitlines()
    assert "NLB private IPs" in up.stdout
    assert url.startswith("Invoke URL  http://127.0.0.1:")
    assert answer.startswith("Answer      200 in ")
    assert "served by i-" in answer
    assert httpx.get(url.split()[-1], trust_env=False).status_code == 200

    checked = cli("check", "--stack", "whole")
    assert checked.returncode == 0
    assert "Everything is up to date" in checked.stdout

    down = cli("down", "--stack", "whole")
    assert down.returncode == 0
    assert "removed, nothing is left to remove" in down.stdout
    assert "There is no stack whole in us-east-1" in cli("down", "--stack", "whole").stdout


def test_plans_have_terraforms_exit_codes_when_asked_for(cli: Cli, tmp_path: Path) -> None:
    detailed, file = "--detailed-exitcode", tmp_path / "plan.json"
    planned = cli("plan", "--stack", "coded", detailed, "--out", str(file))
    assert planned.returncode == 2, planned.stderr
    assert "+ target-group" in planned.stdout
    assert cli("plan", "--stack", "coded").returncode == 0
    for wrong in (["--stack", "not a name"], ["--nosuch"], ["--instances", "i-0123456789abcdef0"]):
        assert cli("plan", detailed, *wrong).returncode == 1

    up = cli("up", "--plan", str(file))
    assert up.returncode == 0, up.stdout + up.stderr
    assert "12 created" in up.stdout
    assert "there is no" not in up.stdout
    nothing = cli("plan", "--stack", "coded", detailed)
    assert nothing.returncode == 0
    assert "No changes" in nothing.stdout

    needs = cli("plan", "--stack", "coded", "--port", "8080", "--out", str(tmp_path / "none.json"))
    assert needs.returncode == 1
    assert "1 to replace" in needs.stdout
    assert "target-group needs replacing (port is 80, should be 8080)" in needs.stderr
    assert not (tmp_path / "none.json").exists()
    assert cli("down", "--stack", "coded").returncode == 0


def test_single_steps(cli: Cli) -> None:
    assert cli("step", "target-group", "--stack", "single").returncode == 3
    blocked = cli("step", "listener", "do", "--stack", "single")
    assert blocked.returncode == 1
    done = cli("step", "target_group", "do", "--stack", "single")
    assert done.returncode == 0
    assert "arn:aws:elasticloadbalancing" in done.stdout
    assert cli("step", "target-group", "check", "--stack", "single").returncode == 0
    assert cli("step", "target-group", "undo", "--stack", "single").returncode == 0
    unknown = cli("step", "nonsense")
    assert unknown.returncode == 2
    assert "'nonsense' is no step" in unknown.stderr


def test_the_event_stream_as_json_lines(cli: Cli) -> None:
    checked = cli("check", "--stack", "lines", "--json")
    events = [json.loads(line) for line in checked.stdout.splitlines()]
    assert events[-1]["event"] == "RunFinished"
    assert events[-1]["outcomes"]["target-group"] == "missing"
    (started,) = [event for event in events if event["event"] == "RunStarted"]
    assert started["parameters"]["stack"] == "lines"


def test_step_by_step_asks_and_takes_no_for_an_answer(cli: Cli) -> None:
    ended = cli("up", "--stack", "asked", "--step-by-step", typed="n\n" * 20)
    assert ended.returncode == 1
    assert "Do it?" in ended.stderr
    assert "there is no target group asked-targets" in cli("plan", "--stack", "asked").stdout


def test_step_by_step_yes_all_the_way(cli: Cli) -> None:
    ended = cli("up", "--stack", "yes", "--step-by-step", typed="y\n" * 20)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert cli("down", "--stack", "yes").returncode == 0


def test_a_frozen_plan_is_carried_out_once(cli: Cli, tmp_path: Path) -> None:
    frozen = tmp_path / "plan.json"
    assert cli("plan", "--stack", "frozen", "--out", str(frozen)).returncode == 0
    assert cli("up", "--plan", str(frozen)).returncode == 0
    again = cli("up", "--plan", str(frozen))
    assert again.returncode == 1
    assert "does not hold any more" in again.stderr
    assert cli("up", "--plan", str(frozen), "--stack", "other").returncode == 2
    elsewhere = cli("up", "--plan", str(frozen), "--region", "eu-west-1")
    assert elsewhere.returncode == 2
    assert "is for us-east-1, and this is eu-west-1" in elsewhere.stderr
    assert cli("up", "--plan", str(frozen), "--region", "us-east-1").returncode == again.returncode
    assert cli("down", "--stack", "frozen").returncode == 0


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["up", "--port", "abc"], "--port (or RUNBOOK_PORT)"),
        (["up", "--stack", "-x-"], "--stack (or RUNBOOK_STACK)"),
        (["up", "--instances", "i-0123456789abcdef0"], "--instances (or RUNBOOK_INSTANCES)"),
        (["up", "--health-check-path", "no slash"], "--health-check-path (or RUNBOOK_HEALTH_CHECK_PATH)"),
        (["check", "--account", "elsewhere"], "--account"),
        (["check", "--parameters", "/nowhere.toml"], "/nowhere.toml cannot be read"),
        (["tui"], "needs a terminal"),
    ],
)
def test_bad_input_is_one_sentence(cli: Cli, words: list[str], named: str) -> None:
    ended = cli(*words)
    assert ended.returncode == 2
    (sentence,) = ended.stderr.strip().splitlines()
    assert sentence.startswith("error: ")
    assert named in sentence


def test_parameters_come_from_file_environment_and_hand(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "stack.toml"
    file.write_text('stack = "filed"\nport = 81\nhealth-check-path = "/filed"\n')
    ended = cli("plan", "--parameters", str(file), "--port", "83", "--json", RUNBOOK_PORT="82", RUNBOOK_STAGE="env")
    (started,) = [json.loads(line) for line in ended.stdout.splitlines() if '"RunStarted"' in line]
    told = started["parameters"]
    assert (told["stack"], told["port"], told["stage"], told["health_check_path"]) == ("filed", 83, "env", "/filed")


def test_no_practice_account_there(cli: Cli) -> None:
    ended = cli("check", "--endpoint-url", "http://127.0.0.1:9", endpoint=False)
    assert ended.returncode == 2
    assert "no practice account answers at http://127.0.0.1:9" in ended.stderr


def test_aws_without_a_login(cli: Cli) -> None:
    ended = cli("check", "--account", "aws", "--region", "eu-west-1", endpoint=False)
    assert ended.returncode == 1
    assert "No AWS credentials were found" in ended.stderr


def test_an_unknown_profile(cli: Cli) -> None:
    ended = cli("check", "--account", "aws", "--profile", "nobody", endpoint=False)
    assert ended.returncode == 2
    assert "there is no AWS profile 'nobody'" in ended.stderr


def test_ctrl_c_while_the_program_is_read_ends_it_quietly(tmp_path: Path) -> None:
    at_import = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'runbook.cli.streams': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from runbook.__main__ import main\n"
        "main()\n"
    )
    words = [sys.executable, "-c", at_import, "--version"]
    ended = subprocess.run(words, capture_output=True, text=True, env=_environment(tmp_path), check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")


def test_an_interrupted_run_goes_on(served: str, tmp_path: Path, cli: Cli) -> None:
    process = subprocess.Popen(
        [RUNBOOK, "up", "--stack", "stopped", "--json", "--endpoint-url", served],
        stdout=subprocess.PIPE,
        text=True,
        env=_environment(tmp_path),
    )
    assert process.stdout is not None
    for line in process.stdout:
        if '"Waited"' in line:
            process.send_signal(signal.SIGINT)
            break
    rest = process.stdout.read()
    assert process.wait(timeout=30) == 130
    assert json.loads(rest.splitlines()[-1])["event"] == "RunFinished"
    assert cli("up", "--stack", "stopped").returncode == 0
    assert cli("down", "--stack", "stopped").returncode == 0


def test_trace_and_links_of_a_finished_stack(cli: Cli) -> None:
    assert cli("up", "--stack", "traced").returncode == 0
    traced = cli("trace", "traced", "--json")
    assert traced.returncode == 0
    healthy = json.loads(traced.stdout)
    assert (healthy["verdict"], healthy["status"]) == (None, 200)
    assert healthy["requests"] <= 25
    assert "traced-link" in cli("links").stdout
    # by URL, and by API id
    url = healthy["url"]
    asked = json.loads(cli("trace", url, "--json", "--test-invoke", "--logs").stdout)
    assert asked["test_invoke"]["status"] == 200
    assert asked["logs"] == ["Execution logging of stage prod is off."]
    api, _, rest = url.partition("/execute-api/")[2].partition("/")
    strict = cli("trace", f"{api}/{rest}", "--strict")
    assert strict.returncode == 3
    assert "It works, but look at what is marked" in strict.stdout
    assert cli("step", "stage-variables", "undo", "--stack", "traced").returncode == 0
    broken = cli("trace", "traced", "--json")
    assert broken.returncode == 1
    assert json.loads(broken.stdout)["verdict"] == "stage-variables"
    drawn = cli("trace", "traced").stdout
    assert "runbook step stage-variables do --stack traced --region us-east-1 --endpoint-url http://127.0.0.1:" in drawn
    assert "  export AWS_ENDPOINT_URL=http://127.0.0.1:" in drawn
    assert cli("trace", "traced", "--fix").returncode == 0
    assert cli("down", "--stack", "traced").returncode == 0


def test_the_background_account_outlives_the_command(command: Cli) -> None:
    up = command("up")
    try:
        assert up.returncode == 0, up.stdout + up.stderr
        url = next(line.split()[-1] for line in up.stdout.splitlines() if line.startswith("Invoke URL"))
        assert httpx.get(url, trust_env=False).status_code == 200
        assert command("practice", "status").returncode == 0
    finally:
        assert "stopped" in command("practice", "stop").stdout


def test_version_and_help(command: Cli) -> None:
    assert command("--version").stdout.startswith("apigw-vpc-runbook ")
    helped = command("--help").stdout
    for word in ("tui", "plan", "up", "check", "down", "step", "practice", "notebook", "trace", "Exit codes"):
        assert word in helped
