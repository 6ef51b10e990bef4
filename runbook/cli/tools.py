"""Commands around the runs: ``notebook``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["notebook"]


def notebook(
    out: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("runbook.ipynb"),
) -> None:
    """Write the notebook that shows the same steps, for JupyterLab and papermill."""
    from runbook.notebook import write
    from runbook.step import Plan
    from steps import READING_ORDER

    write(out, Plan.of(READING_ORDER))
    typer.echo(f"wrote {out}")
