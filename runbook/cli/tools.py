"""Commands around the runs: ``notebook``, ``report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runbook.cli import completing
from runbook.cli.codes import BAD_INPUT, FAILED, NOT_AS_IT_SHOULD_BE
from runbook.cli.signals import stopping
from runbook.errors import BadInput, named, reason
from runbook.extras import need

__all__ = ["notebook", "report"]

MEANING = {
    0: "done",
    FAILED: "failed",
    BAD_INPUT: "bad input, nothing was changed",
    NOT_AS_IT_SHOULD_BE: "something is missing or drifted",
}


def notebook(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="Where to write it.")] = Path("runbook.ipynb"),
    track: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            autocompletion=completing.tracks,
            help="The track whose steps it shows. [rest]",
            show_default=False,
        ),
    ] = "rest",
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite a file that is there, also one that you have edited.")
    ] = False,
    run: Annotated[
        bool,
        typer.Option(
            "--run",
            help="Run FILE with papermill (it is written first where there is none). Exits as the other commands do: "
            "1 it failed, 2 bad input, 3 something is missing or drifted.",
        ),
    ] = False,
    parameters: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="With --run: a parameter; repeatable."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="With --run: where to write the executed notebook.")
    ] = Path("out.ipynb"),
) -> int:
    """Write the notebook that shows the same steps, for JupyterLab and papermill; or run it."""
    need("notebook")
    from runbook.notebook import write
    from steps.tracks import TRACKS

    if not run:
        if parameters:
            raise BadInput("-p", "is for --run.")
        wrote = write(file, TRACKS.named(track), force=force)
        typer.echo(f"wrote {file}" if wrote else f"{file} is up to date")
        return 0
    from runbook.notebook.executing import Execution, checked

    given = checked(file, out, parameters or [])
    if force or not file.exists():
        write(file, TRACKS.named(track), force=force)
    execution = Execution(file, out, given)
    with stopping(execution) as signalled:
        code = execution.ended()
    code = signalled.exit_code or code
    typer.echo(f"{MEANING.get(code, 'stopped')} (exit code {code}); the executed notebook is {out}", err=True)
    return code


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
