"""Commands beside the steps: ``list``, ``rollback`` and ``policy``."""

from __future__ import annotations

import json as jsonlib
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from runbook.cli import completing
from runbook.cli.confirming import ExpectOption, YesOption, confirm, expect_account_id
from runbook.cli.options import Target, targeted
from runbook.errors import BadInput, quoted

if TYPE_CHECKING:
    from runbook.aws import Identity
    from runbook.stacks import Stack

__all__ = ["list_stacks", "policy", "rollback"]

JsonOption = Annotated[bool, typer.Option("--json", help="JSON.")]


@targeted(("region",))
def list_stacks(target: Target, json: JsonOption = False) -> int:
    """All stacks of the account and region, by tag, with state and age."""
    from rich.table import Table
    from rich.text import Text

    from runbook import present
    from runbook.cli.console import counting, terminal
    from runbook.cli.show import moment
    from runbook.stacks import invoke_urls, stacks

    aws = target.connect().aws
    with counting("VPC links") as looked_at:
        found, now = stacks(aws, looked_at), aws.now()
    urls = {stack.name: invoke_urls(aws, stack) for stack in found}
    if json:
        told = [_plain(stack, now) | {"invoke_urls": urls[stack.name]} for stack in found]
        typer.echo(jsonlib.dumps(told, indent=2))
        return 0
    if not found:
        typer.echo("There is no stack in this account and region.")
        return 0
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 3, 0, 0))
    clock = present.clock(aws.pace)
    for column in ("stack", "state", "created", f"age{clock}", f"expires{clock}", "invoke URL"):
        table.add_column(column, overflow="fold")
    for stack in found:
        expires = moment(stack.expires) if stack.expires else ""
        if stack.is_expired(now):
            expires += " (past)"
        elif stack.ttl and not stack.expires:
            expires = f"never: the tag ttl={stack.ttl} says no time"
        cells = (
            stack.name,
            stack.state,
            moment(stack.created),
            _old(stack.age(now)),
            expires,
            " ".join(urls[stack.name]),
        )
        table.add_row(*(Text(cell) for cell in cells))
    terminal().print(table)
    return 0


def _plain(stack: Stack, now: datetime) -> dict[str, object]:
    age = stack.age(now)
    return {
        "stack": stack.name,
        "state": stack.state,
        "parts": stack.parts,
        "missing": stack.missing,
        "created": stack.created.isoformat() if stack.created else None,
        "age_seconds": round(age.total_seconds()) if age else None,
        "ttl": stack.ttl or None,
        "expires": stack.expires.isoformat() if stack.expires else None,
        "expired": stack.is_expired(now),
    }


def _old(age: timedelta | None) -> str:
    """An age in its two largest units."""
    if age is None:
        return ""
    minutes = max(0, int(age.total_seconds() // 60))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if count]
    return " ".join(parts[:2]) or "under 1 min"


@targeted(("stack", "region", "stage"))
def rollback(
    target: Target,
    yes: YesOption = False,
    expect_account: ExpectOption = None,
    json: JsonOption = False,
) -> int:
    """Point the stage at the deployment before the one it serves. The configuration stays as it is."""
    from drills import tools
    from runbook.cli.console import say
    from runbook.cli.show import moment
    from runbook.rollback import kept as go_back
    from runbook.rollback import way_back

    account, params = target.connect(), target.parameters
    if told := tools.use("rollback", account, params.stack):
        typer.echo(told, err=True)
    stage = params.stage if "stage" in params.given else None

    def announce() -> None:
        way = way_back(account.aws, params.stack, stage)
        say(f"Stage {way.stage} will serve deployment {way.before} of {moment(way.made)} (now {way.served}).")

    confirm(account, announce, yes=yes, expected=expect_account, json=json)
    way = go_back(account, params, stage)
    if json:
        typer.echo(jsonlib.dumps({**asdict(way), "made": way.made.isoformat()}))
        return 0
    say(
        f"Stage {way.stage} serves deployment {way.before} of {moment(way.made)} again, and {way.served} no more.\n"
        "What is configured stays as it is: check shows the difference, and up would deploy it again.\n"
        f"Invoke URL  {way.invoke_url}"
    )
    return 0


def _without_a_login(target: Target, account_id: str) -> Identity:
    import os

    import botocore.session
    from botocore.exceptions import UnknownRegionError

    from runbook.aws import Identity

    expect_account_id("account_id", account_id)
    region = target.parameters.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise BadInput("region", "is needed with --account-id.", "For example: --region eu-west-1")
    try:
        partition = botocore.session.Session().get_partition_for_region(region)
    except UnknownRegionError:
        raise BadInput("region", f"{quoted(region)} is not a region that the AWS SDK knows.") from None
    return Identity(account_id, "", region, partition)


@targeted(("stack", "region", "security_group"))
def policy(
    target: Target,
    command: Annotated[
        str,
        typer.Argument(
            autocompletion=completing.policies,
            help="The command it shall allow: up, check, down, trace, links …; expired is down --all-expired.",
        ),
    ] = "all",
    read_only: Annotated[bool, typer.Option("--read-only", help="Only what looks, nothing that changes.")] = False,
    account_id: Annotated[
        str | None,
        typer.Option("--account-id", metavar="ID", help="For this account, without a login; needs --region too."),
    ] = None,
) -> int:
    """Print the smallest IAM policy for a command on a stack."""
    from runbook.policy import needs
    from runbook.policy import policy as smallest

    needs(command)  # an unknown one is refused before anybody is asked
    identity = target.connect().aws.identity() if account_id is None else _without_a_login(target, account_id)
    document = smallest(
        target.parameters.stack,
        identity.region,
        identity.account,
        command,
        read_only,
        partition=identity.partition,
        security_group=target.parameters.security_group or "*",
    )
    typer.echo(jsonlib.dumps(document, indent=2))
    return 0
