"""What the notebook is made of, and what its cells call, without a kernel."""

from __future__ import annotations

import http.server
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import nbformat
import pytest
from rich.table import Table

from practice.server import Account
from runbook import notebook
from runbook.errors import BadInput
from runbook.events import Noted, Outcome, StepFinished
from runbook.notebook.generating import as_text
from runbook.notebook.options import EXAMPLES, OPTIONS, read
from runbook.notebook.running import Run, RunbookStopped, start
from runbook.notebook.shown import PathView, RecordView, seen
from runbook.parameters import Parameters, validated
from runbook.picture import Light, of_steps
from steps.invoke import Invocation
from steps.target_group import TargetGroup
from steps.tracks import TRACKS
from tests.inprocess import runbook
from tests.notebook.conftest import NOTEBOOK
from tests.stack import PLAN


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """No parameters from the environment of whoever runs the tests, and logs of their own."""
    for name in [*(f"RUNBOOK_{name.upper()}" for name in Parameters.model_fields), "AWS_ENDPOINT_URL"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))


# --- the file ---------------------------------------------------------------------------------------------------------


def test_the_committed_notebook_is_what_the_steps_say() -> None:
    assert NOTEBOOK.read_text() == as_text(notebook.generate(TRACKS.default)), "run: runbook notebook"


def test_it_is_valid_and_has_a_section_a_step_in_reading_order() -> None:
    made = notebook.generate(TRACKS.default)
    nbformat.validate(made)
    calls = [cell.source for cell in made.cells if cell.id.startswith("step-")]
    assert calls == [f'run.step("{step.id}")' for step in PLAN.steps]
    assert all(cell.get("outputs", []) == [] for cell in made.cells)


def test_its_parameters_cell_has_a_line_for_every_parameter() -> None:
    (cell,) = [cell for cell in notebook.generate(TRACKS.default).cells if cell.metadata.get("tags") == ["parameters"]]
    names: dict[str, Any] = {}
    exec(cell.source, names)
    del names["__builtins__"]
    assert list(names) == list(EXAMPLES)
    assert set(names) == {*OPTIONS, *Parameters.model_fields}
    assert all("  # " in line for line in cell.source.splitlines())
    said = read(names)
    assert (said.parameters, said.action, said.account) == (Parameters(), "up", "practice")


def test_a_file_that_cannot_be_written_is_said(tmp_path: Any) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        notebook.write(tmp_path / "none" / "runbook.ipynb", TRACKS.default)


def test_an_edited_notebook_is_overwritten_only_by_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert runbook("notebook").out == "wrote runbook.ipynb\n"
    fresh = Path("runbook.ipynb").read_text()
    assert runbook("notebook").out == "runbook.ipynb is up to date\n"
    edited = fresh.replace("demo", "payments")
    Path("runbook.ipynb").write_text(edited)
    refused = runbook("notebook")
    assert refused.code == 2
    assert "runbook.ipynb is there and has been edited" in refused.err
    assert "--force" in refused.err
    assert Path("runbook.ipynb").read_text() == edited
    assert runbook("notebook", "other.ipynb").code == 0
    assert runbook("notebook", "--force").code == 0
    assert Path("runbook.ipynb").read_text() == fresh


# --- what was asked for -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", Parameters.model_fields)
def test_the_example_for_each_parameter_is_taken(name: str) -> None:
    assert name in validated({name: EXAMPLES[name]}).given


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"health_check_path": "x"}, "Give it in the parameters cell, or with papermill: -p health_check_path /health"),
        ({"port": 0}, "-p port 80"),
        ({"stack": "-x"}, "-p stack demo"),
        ({"mode": "upp"}, "mode: 'upp' is none of up, check, down."),
        ({"account": "prod"}, "account: 'prod' is none of practice, aws."),
        ({"expect_account": "12"}, None),
        ({"expect_account": "one"}, "-p expect_account 123456789012"),
        ({"endpoint_url": "nonsense"}, "-p endpoint_url http://127.0.0.1:4566"),
        ({"endpoint_url": "http://127.0.0.1:9"}, "no practice account answers"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named_with_how_to_give_it(given: dict[str, Any], said: str | None) -> None:
    if said is None:
        assert read(given).expect_account == "000000000012"  # a number has lost its zeros
        return
    with pytest.raises(RunbookStopped) as caught:
        start(given)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{next(iter(given))}: ")
    assert caught.value._render_traceback_() == [f"RunbookStopped: {caught.value}"]


def test_lists_and_mappings_are_taken_as_python_has_them() -> None:
    said = read({"instances": ["i-0123456789abcdef0"], "tags": {"team": "payments"}, "subnets": [], "other": object()})
    assert said.parameters.instances == ("i-0123456789abcdef0",)
    assert said.parameters.tags == {"team": "payments"}
    assert said.parameters.given == {"instances", "tags"}


# --- AWS --------------------------------------------------------------------------------------------------------------


class Sts(http.server.BaseHTTPRequestHandler):
    """Says who is asking, and keeps what else is asked."""

    asked: list[str]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.asked.append(parse_qs(body).get("Action", [self.path])[0])
        answer = (
            b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
            b"<Arn>arn:aws:iam::111122223333:user/ada</Arn><UserId>AIDA</UserId><Account>111122223333</Account>"
            b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
        )
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    """An endpoint that is no practice account."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    handler = type("Handler", (Sts,), {"asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", handler.asked
        server.shutdown()


@pytest.mark.parametrize("mode", ["up", "down"])
@pytest.mark.parametrize(
    ("expected", "said"),
    [(None, "is needed to change anything on AWS"), ("999999999999", "this is account 111122223333")],
)
def test_on_aws_nothing_is_changed_in_an_account_that_was_not_named(
    sts: tuple[str, list[str]], mode: str, expected: str | None, said: str
) -> None:
    url, asked = sts
    cell = {"account": "aws", "region": "us-east-1", "endpoint_url": url, "mode": mode, "expect_account": expected}
    with pytest.raises(RunbookStopped) as caught:
        start(cell)
    assert str(caught.value).startswith("expect_account: ")
    assert said in str(caught.value)
    assert "111122223333" in str(caught.value)
    assert asked == ["GetCallerIdentity"]


# --- a run ------------------------------------------------------------------------------------------------------------


def test_an_interrupt_ends_the_wait_at_once_and_tells_how_to_go_on(slow: Account) -> None:
    run = start({"endpoint_url": slow.url})
    timer = threading.Timer(1.0, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(RunbookStopped, match="run the notebook again to go on"):
        run.step("stage-variables")
    timer.join()
    assert not run._thread.is_alive()


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What cells display."""
    shown: list[Any] = []
    monkeypatch.setattr("runbook.notebook.running.display", lambda view, **_: shown.append(view))
    return shown


def test_a_step_that_fails_shows_the_trace_of_a_request(fast: Account, displayed: list[Any]) -> None:
    start({"endpoint_url": fast.url}).finish()
    for machine in httpx.get(f"{fast.url}/_practice").json()["machines"]:
        status = {"status": {"/": 200, "*": 500}}
        url = f"{fast.url}/_practice/machines/{machine['instance_id']}"
        httpx.patch(url, json=status, headers=fast.control_headers).raise_for_status()
    run = start({"endpoint_url": fast.url, "mode": "up"})
    with pytest.raises(RunbookStopped, match=r"^invoke: "):
        run.step("invoke")
    traced, record = displayed[-2:]
    assert isinstance(traced, Table)
    assert "verdict: backend" in str(traced.caption)
    assert isinstance(record, RecordView)
    assert "1 of 15 steps are not up to date: invoke (failed)" in str(record)


def test_what_a_person_should_know_is_shown_once(fast: Account, displayed: list[Any]) -> None:
    run = start({"endpoint_url": fast.url, "mode": "check", "stack": "never-made"})
    run._take(Noted(text="Up of stack demo was begun"))
    run.step("preflight")
    run.step("target-group")
    assert [str(view) for view in displayed].count("Note: Up of stack demo was begun") == 1


def test_a_cell_that_is_run_again_looks_again(fast: Account, displayed: list[Any]) -> None:
    run = start({"endpoint_url": fast.url, "mode": "up"})
    run.step("listener")
    run.finish()
    (group,) = run.aws.elbv2.describe_listeners(LoadBalancerArn=run.fact("load-balancer").arn)["Listeners"]  # type: ignore[attr-defined]
    run.aws.elbv2.delete_listener(ListenerArn=group["ListenerArn"])
    run.step("listener")
    assert str(displayed[-1]).startswith("○ missing")
    assert "(looked at again at " in str(displayed[-1])


def test_a_stepwise_run_waits_for_each_cell(fast: Account, displayed: list[Any]) -> None:
    run = start({"endpoint_url": fast.url, "stack": "stepwise"}, stepwise=True)
    run.step("preflight")
    run.step("target-group")
    with pytest.raises(RunbookStopped, match="run the cells before this one first, of: load-balancer"):
        run.step("listener")
    with pytest.raises(RunbookStopped, match="run the cells before this one first"):
        run.finish()
    groups = run.aws.elbv2.describe_target_groups()["TargetGroups"]
    assert "stepwise-targets" in [group["TargetGroupName"] for group in groups]
    names = [balancer["LoadBalancerName"] for balancer in run.aws.elbv2.describe_load_balancers()["LoadBalancers"]]
    assert "stepwise-nlb" not in names
    for step in PLAN.ids[2:]:
        run.step(step)
    run.finish()


def test_a_removal_is_not_stepwise(fast: Account) -> None:
    with pytest.raises(RunbookStopped, match="stepwise: is for mode up"):
        start({"endpoint_url": fast.url, "mode": "down"}, stepwise=True)


def test_a_trace_that_cannot_be_made_fails_nothing(fast: Account, displayed: list[Any]) -> None:
    run = start({"endpoint_url": fast.url, "mode": "check", "stack": "never-made"})
    run.trace()
    assert "No trace: target: 'never-made' is neither" in str(displayed[-1])


def test_the_record_is_shown_also_where_no_log_can_be_written(
    fast: Account, displayed: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path / "file"))
    run = start({"endpoint_url": fast.url, "mode": "check", "stack": "never-made"})
    run.record()
    assert run.aws.identity().arn in str(displayed[-1])
    assert "elbv2:DescribeLoadBalancers" in str(displayed[-1])
    assert "The log breaks off" not in str(displayed[-1])


def test_steps_can_be_called_by_hand_as_the_appendix_shows(fast: Account) -> None:
    run = start({"endpoint_url": fast.url})
    run.finish()
    (cell,) = [cell for cell in notebook.generate(TRACKS.default).cells if cell.id == "by-hand"]
    *statements, expression = cell.source.strip().splitlines()
    names: dict[str, Any] = {"run": run}
    exec("\n".join(statements), names)
    assert isinstance(eval(expression, names), TargetGroup)
    assert isinstance(run.fact("target-group"), TargetGroup)


def test_starting_again_stops_the_run_that_goes_on(slow: Account) -> None:
    first = start({"endpoint_url": slow.url})
    second = start({"endpoint_url": slow.url, "mode": "check"})
    assert isinstance(second, Run)
    assert not first._thread.is_alive()
    second.stop()


def test_text_from_outside_is_never_markup_and_never_a_secret() -> None:
    answer = '<script>alert(1)</script> {"Authorization": "Bearer plantedplantedplanted"}'
    fact = Invocation("javascript:alert(1)", 200, 5, "", "text/html", answer)
    view = seen(StepFinished(step="invoke", outcome=Outcome.FAILED, duration=1.0, reason=answer, fact=fact), "")
    shown = view._repr_mimebundle_()
    assert "<script" not in shown["text/html"]
    assert "&lt;script&gt;" in shown["text/html"]
    assert "planted" not in shown["text/html"] + shown["text/plain"]


def test_the_path_at_the_top_is_lit_as_the_cells_below_go_on(fast: Account) -> None:
    run = start({"endpoint_url": fast.url, "mode": "up"})
    run.path()
    run.finish()
    drawn = run._path()
    assert {station.light for station in drawn.stations} == {Light.LIT}
    text, html = drawn._text(), drawn._html()
    for said in ("Invoke URL", "VPC link", "demo-link", "Target group", "Instances"):
        assert said in text, said
        assert said in html, said
    assert max(map(len, text.splitlines())) <= 150
    assert html.count("<span") == html.count("</span>")


def test_a_path_with_text_from_outside_is_no_markup() -> None:
    hostile = {"name": "<script>x</script>", "id": "&amp;", "status": "AVAILABLE"}
    html = PathView(tuple(of_steps(PLAN.boxes, {}, {"vpc-link": hostile})))._html()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
