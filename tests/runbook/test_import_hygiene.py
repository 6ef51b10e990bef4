"""A quick command is quick: nothing heavy is loaded before a command that needs it runs."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"boto3", "botocore", "textual", "moto", "papermill", "httpx"}


def loaded_by(statement: str) -> set[str]:
    """The top-level modules a fresh interpreter has loaded after this statement."""
    asked = f"{statement}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    ended = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60)
    return set(ended.stdout.split())


def test_the_command_line_loads_nothing_heavy() -> None:
    loaded = loaded_by("import runbook.cli")

    assert {"runbook", "typer"} <= loaded
    assert loaded & HEAVY == set()


def test_reading_parameters_loads_nothing_heavy() -> None:
    loaded = loaded_by("import runbook.parameters; runbook.parameters.load()")

    assert "pydantic" in loaded
    assert loaded & (HEAVY | {"yaml"}) == set()


def test_what_is_looked_for_would_be_seen() -> None:
    assert {"boto3", "botocore"} <= loaded_by("import runbook.aws")
