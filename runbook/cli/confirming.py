"""Before the first change on AWS: whose account it is and what will change, and the question whether to go on."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from runbook.cli.options import FAILED
from runbook.errors import BadInput, quoted

if TYPE_CHECKING:
    from runbook.accounts import Account
    from runbook.aws import Identity

__all__ = ["ExpectOption", "YesOption", "confirm", "expect", "expect_account_id"]

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; on AWS only together with --expect-account.")]
ExpectOption = Annotated[
    str | None,
    typer.Option("--expect-account", metavar="ID", help="Refuse to change anything in any other AWS account."),
]


def expect_account_id(parameter: str, given: str) -> None:
    """Raise :class:`BadInput` for what is no account id."""
    if not re.fullmatch(r"[0-9]{12}", given):
        raise BadInput(parameter, f"{quoted(given)} is not an AWS account id of 12 digits.")


def expect(account: Account, expected: str) -> Identity:
    """Who this is. Raises :class:`BadInput` when it is another account than the expected one, of whichever kind."""
    expect_account_id("expect_account", expected)
    identity = account.aws.identity()
    if expected != identity.account:
        which = "" if account.costs else "the practice "
        raise BadInput(
            "expect_account",
            f"this is {which}account {identity.account} ({identity.arn}), not {expected}; nothing was changed.",
        )
    return identity


def confirm(
    account: Account, announce: Callable[[], bool | None], *, yes: bool, expected: str | None, json: bool = False
) -> str:
    """On AWS, show whose account it is, ``announce`` what will change, and ask; on a practice account, go on.

    Nobody is asked when ``announce`` answers False: there is nothing to change.

    Answers the account that may be changed; empty for whichever it is. One that is expected must be this one, of
    whichever kind. Raises :class:`BadInput` when it is not, or when
    nobody can be asked.
    """
    if not account.costs and expected is None:
        return ""
    # Asked for once: a login may be another at the next time.
    identity = account.aws.identity() if expected is None else expect(account, expected)
    if not account.costs:
        return identity.account
    if yes:
        if expected is None:
            raise BadInput("expect_account", "is needed with --yes on AWS.", f"This account is {identity.account}.")
        return identity.account
    if json or not sys.stdin.isatty():
        raise BadInput("expect_account", "nobody can be asked here.", "Give --yes and --expect-account ID.")
    from runbook.cli.console import say

    caller = " ".join(identity.arn.split())
    say(f"Account  {identity.account}\nCaller   {caller}\nRegion   {identity.region}\n")
    if announce() is False:
        return identity.account
    if not typer.confirm("Go on?", default=False):
        typer.echo("Nothing was changed.")
        raise typer.Exit(FAILED)
    return identity.account
