"""The notebook face: ``runbook.ipynb``, generated from the steps, for papermill and for JupyterLab.

The notebook itself calls :func:`start`; nothing heavy is loaded before one of these is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbformat import NotebookNode

    from runbook.notebook.running import Run
    from runbook.track import Track

__all__ = ["generate", "start", "write"]


def generate(track: Track) -> NotebookNode:
    """The notebook of a track: the same bytes for the same steps."""
    from runbook.notebook.generating import generate

    return generate(track)


def write(path: Path, track: Track, *, force: bool = False) -> bool:
    """Write the notebook of a track; see :func:`runbook.notebook.generating.write`."""
    from runbook.notebook.generating import write

    return write(path, track, force=force)


def start(parameters: Mapping[str, Any], *, stepwise: bool = False) -> Run:
    """Start the run that the notebook's parameters cell asks for; see :func:`runbook.notebook.running.start`."""
    from runbook.notebook.running import start

    return start(parameters, stepwise=stepwise)
