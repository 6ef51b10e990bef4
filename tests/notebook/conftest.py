"""The notebook through the real ``papermill`` command, against a practice account whose time runs fast."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from practice.clock import ScaledClock
from practice.server import Account, serve

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "runbook.ipynb"
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Executed:
    """A notebook that papermill executed, or broke off."""

    status: int
    output: str
    """What papermill itself printed."""
    path: Path

    @property
    def cells(self) -> dict[str, Any]:
        return {cell["id"]: cell for cell in nbformat.read(self.path, as_version=4).cells}

    def shown(self, cell: str, kind: str = "text/plain") -> str:
        """What a cell shows, as plain text or HTML."""
        return "\n".join(output["data"][kind] for output in self.cells[cell].outputs if "data" in output)

    @property
    def error(self) -> dict[str, Any] | None:
        """The error output that ended the notebook."""
        errors = [o for cell in self.cells.values() for o in cell.get("outputs", []) if o["output_type"] == "error"]
        return errors[0] if errors else None


class Papermill:
    """Runs the notebook as a user's shell would, in a directory and a home of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory / "home"
        self.home.mkdir()
        self._papermill = self.quick("papermill", "papermill.__main__", "papermill")
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RUNBOOK_", "JUPYTER"))
        }
        self.environment = {
            **kept,
            "HOME": str(self.home),
            "RUNBOOK_HOME": str(directory / "state"),
            "RUNBOOK_PRACTICE_HOME": str(directory / "practice"),
        }

    def quick(self, name: str, module: str, function: str) -> str:
        """A command as installed, but that jsonschema finds no grammar of URLs, which it compiles for a second."""
        command = self.home / name
        lines = (
            "import sys",
            "sys.modules['rfc3987_syntax'] = None",
            f"from {module} import {function} as main",
            "main()",
        )
        command.write_text("\n".join([f"#!{sys.executable}", *lines]))
        command.chmod(0o700)
        return str(command)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self._papermill, "--no-progress-bar", str(NOTEBOOK), "out.ipynb", *arguments],
            cwd=self.directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ended(self, process: subprocess.Popen[str]) -> Executed:
        output, _ = process.communicate(timeout=240)
        return Executed(process.returncode, output, self.directory / "out.ipynb")

    def __call__(self, *arguments: str) -> Executed:
        return self.ended(self.start(*arguments))

    @property
    def logs(self) -> list[Path]:
        return sorted((self.directory / "state" / "runs").glob("*.jsonl"))


@pytest.fixture
def papermill(tmp_path: Path) -> Papermill:
    return Papermill(tmp_path)


@pytest.fixture
def fast() -> Iterator[Account]:
    """A practice account in which half an hour of AWS passes in a second."""
    with serve(clock=ScaledClock(1800)) as account:
        yield account


@pytest.fixture
def slow() -> Iterator[Account]:
    """A practice account in which a load balancer takes long enough to be interrupted."""
    with serve(clock=ScaledClock(30)) as account:
        yield account
