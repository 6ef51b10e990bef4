"""The command line: ``runbook``.

Nothing heavy (boto3, textual, moto) is imported before a command that needs it runs, so that ``--help`` is quick.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from runbook.cli import account, drill, practice, runs, tools, tracing
from runbook.cli.options import exits

__all__ = ["app", "main"]

EPILOG = (
    "Exit codes: 0 done, or as it should be · 1 a step failed · 2 bad input, nothing touched · "
    "3 check found something missing or drifted · 130, 143, 129 stopped by Ctrl-C, a kill, a closed terminal."
)

app = typer.Typer(
    name="runbook",
    help="Put an AWS API Gateway in front of a private service, step by step; rehearse it on a practice account.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"apigw-vpc-runbook {version('apigw-vpc-runbook')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


app.command("tui")(exits(runs.tui))
app.command("plan")(exits(runs.plan))
app.command("up")(exits(runs.up))
app.command("check")(exits(runs.check))
app.command("down")(exits(runs.down))
app.command("step")(exits(runs.step))
app.command("trace")(exits(tracing.trace))
app.command("links")(exits(tracing.links))
app.command("list")(exits(account.list_stacks))
app.command("rollback")(exits(account.rollback))
app.command("policy")(exits(account.policy))
app.command("report")(exits(tools.report))
app.command("notebook")(exits(tools.notebook))
app.add_typer(practice.app, name="practice")
app.add_typer(drill.app, name="drill")


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show ✓ is no reason to fail
    app()
