"""Commands about the account as a whole: ``list`` and ``policy``."""

from __future__ import annotations

import json as jsonlib
from datetime import UTC, datetime
from typing import Annotated

import typer

from runbook.cli.options import Target, targeted

__all__ = ["list_stacks", "policy"]


@targeted(("region",))
def list_stacks(target: Target) -> int:
    """All stacks of the account and region, by tag, with state and age."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from runbook.stacks import stacks

    found = stacks(target.connect().aws)
    if not found:
        typer.echo("There is no stack in this account and region.")
        return 0
    now = datetime.now(UTC)
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 3, 0, 0))
    for column in ("stack", "state", "created", "expires"):
        table.add_column(column)
    for stack in found:
        created = f"{stack.created:%Y-%m-%d %H:%M} UTC" if stack.created else "not known"
        expires = (
            f"{stack.expires:%Y-%m-%d %H:%M} UTC" + (" (past)" if stack.expires < now else "") if stack.expires else ""
        )
        table.add_row(*(Text(cell) for cell in (stack.name, stack.state, created, expires)))
    Console(highlight=False).print(table)
    return 0


@targeted(("stack", "region"))
def policy(
    target: Target,
    command: Annotated[
        str, typer.Argument(help="The command it shall allow, such as up, check, down, trace or all.")
    ] = "all",
    read_only: Annotated[bool, typer.Option("--read-only", help="Only what looks, nothing that changes.")] = False,
) -> int:
    """Print the smallest IAM policy for a command on a stack."""
    from runbook.policy import policy as smallest

    identity = target.connect().aws.identity()
    document = smallest(
        target.parameters.stack, identity.region, identity.account, command, read_only, partition=identity.partition
    )
    typer.echo(jsonlib.dumps(document, indent=2))
    return 0
