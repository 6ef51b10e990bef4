"""The real entry point in a real terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from practice.clock import ScaledClock
from practice.server import serve

TMUX = shutil.which("tmux")
pytestmark = pytest.mark.skipif(TMUX is None, reason="tmux is not installed")


@dataclass
class Terminal:
    socket: str

    def tmux(self, *words: str) -> str:
        assert TMUX is not None
        done = subprocess.run(
            [TMUX, "-L", self.socket, "-f", os.devnull, *words], capture_output=True, text=True, timeout=30, check=True
        )
        return done.stdout

    def shown(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "tui")

    def until(self, true: Callable[[str], bool], limit: float = 60.0) -> str:
        end = time.monotonic() + limit
        while not true(shown := self.shown()):
            assert time.monotonic() < end, shown
            time.sleep(0.05)  # the screen belongs to another process: there is nothing to wait on
        return shown


def entry(url: str, stack: str) -> str:
    return f"{sys.executable} -c 'from runbook.cli import main; main()' tui --endpoint-url {url} --stack {stack}"


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal(f"runbook-test-{os.getpid()}")
    yield made
    subprocess.run([str(TMUX), "-L", made.socket, "kill-server"], capture_output=True, check=False)


def test_up_in_a_terminal_ends_with_an_invoke_url_and_quit_gives_the_terminal_back(terminal: Terminal) -> None:
    with serve(clock=ScaledClock(2000), quotas=False) as served:
        command = f"{entry(served.url, 'term')}; echo left with $?; cat"
        terminal.tmux("new-session", "-d", "-s", "tui", "-x", "80", "-y", "24", command)
        terminal.until(lambda shown: "walks you through" in shown)
        shown = terminal.shown()
        assert "PRACTICE ACCOUNT" in shown
        assert "15 Invoke" in shown
        terminal.tmux("send-keys", "-t", "tui", "u")
        shown = terminal.until(lambda shown: "Copy y" in shown)
        assert f"{served.url}/_aws/execute-api/" in shown
        terminal.tmux("send-keys", "-t", "tui", "q")
        assert "left with 0" in terminal.until(lambda shown: "left with" in shown)


def test_it_ends_with_its_terminal_though_whoever_started_it_keeps_that_to_itself(
    terminal: Terminal, tmp_path: Path
) -> None:
    """As ``make run`` does, whose own process is the one that the system tells."""
    left = tmp_path / "left"
    with serve(clock=ScaledClock(2000), quotas=False) as served:
        command = f"trap : HUP; {entry(served.url, 'closed')}; echo $? > {left}"
        terminal.tmux("new-session", "-d", "-s", "tui", "-x", "80", "-y", "24", command)
        terminal.until(lambda shown: "walks you through" in shown)
        terminal.tmux("kill-server")
        end = time.monotonic() + 30
        while not (left.exists() and left.read_text()):
            assert time.monotonic() < end, "it goes on without a terminal"
            time.sleep(0.05)
    assert left.read_text() == "129\n"


def test_questions_step_by_step_leave_no_copies_of_the_table(terminal: Terminal) -> None:
    with serve(clock=ScaledClock(2000), quotas=False) as served:
        command = entry(served.url, "ask").replace(" tui ", " up --step-by-step ")
        terminal.tmux("new-session", "-d", "-s", "tui", "-x", "120", "-y", "50", f"{command}; echo left with $?; cat")
        for number in range(1, 4):
            terminal.until(lambda shown, number=number: shown.count("Do it?") == number)
            terminal.tmux("send-keys", "-t", "tui", "y", "Enter")
        terminal.until(lambda shown: shown.count("Do it?") == 4)
        terminal.tmux("send-keys", "-t", "tui", "C-c")
        shown = terminal.until(lambda shown: "left with 130" in shown)
        assert shown.count("up stack ask in") == 1
        assert shown.count(" preflight ") == 1
