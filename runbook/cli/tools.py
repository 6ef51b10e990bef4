"""Commands around the runs: ``notebook``, ``report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runbook.cli import completing
from runbook.errors import BadInput, named, reason

__all__ = ["notebook", "report"]


def notebook(
    out: Annotated[Path, typer.Argument(metavar="[FILE]", help="Where to write it.")] = Path("runbook.ipynb"),
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite a file that is there, also one that you have edited.")
    ] = False,
) -> None:
    """Write the notebook that shows the same steps, for JupyterLab and papermill."""
    from runbook.notebook import write
    from runbook.step import Plan
    from steps import READING_ORDER

    wrote = write(out, Plan.of(READING_ORDER), force=force)
    typer.echo(f"wrote {out}" if wrote else f"{out} is up to date")


def report(
    run: Annotated[
        str,
        typer.Argument(
            help="The run: last, a stack, the start of its log's name, or a path.", autocompletion=completing.runs
        ),
    ] = "last",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File to write: .html or .md; by default Markdown on the terminal."),
    ] = None,
) -> None:
    """The report of a run: who, what, before and after, how long, and a picture of the path."""
    from runbook import report as reports

    if out is not None and out.suffix not in (".html", ".md"):
        raise BadInput("out", f"{named(out)} should end in .html or .md.")
    record = reports.read(reports.find(run))
    text = reports.html(record) if out and out.suffix == ".html" else reports.markdown(record)
    if out is None:
        typer.echo(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BadInput("out", f"{named(out)} cannot be written: {reason(error)}.") from None
    typer.echo(f"wrote {out}")
