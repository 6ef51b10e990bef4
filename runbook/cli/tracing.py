"""``runbook trace`` says why an API answers as it does; ``runbook links`` says who uses which VPC link."""

from __future__ import annotations

import dataclasses
import json as jsonlib
from typing import TYPE_CHECKING, Annotated

import typer

from runbook.cli import completing
from runbook.cli.options import Target, targeted
from runbook.errors import BadInput, quoted

if TYPE_CHECKING:
    from runbook.accounts import Account
    from runbook.trace import Trace
    from runbook.trace.links import LinkUse

__all__ = ["links", "trace"]

REGION_ONLY = ("region",)


@targeted(("stack", "region"))
def trace(
    target: Target,
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL|API/STAGE/PATH|STACK]",
            autocompletion=completing.stacks,
            help="What to follow; by default the stack given with --stack.",
        ),
    ] = None,
    path: Annotated[str | None, typer.Option("--path", help="Path below the stage, such as /orders/7.")] = None,
    method: Annotated[str, typer.Option("--method", "-X", help="HTTP method of the request.")] = "GET",
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", metavar="NAME: VALUE", help="Header of the request.")
    ] = None,
    test_invoke: Annotated[
        bool,
        typer.Option("--test-invoke", help="Also let AWS run what is configured; this calls the backend once more."),
    ] = False,
    logs: Annotated[bool, typer.Option("--logs", help="Also show the stage's execution log of the request.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Count advice as suspicious.")] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Let the step that repairs it run, where it is a stack of ours.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before --fix.")] = False,
    expect_account: Annotated[
        str | None, typer.Option("--expect-account", metavar="ID", help="For --fix: refuse any other AWS account.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object; with --fix also the step's events and another.")
    ] = False,
) -> int:
    """Follow a request hop by hop and name the hop that breaks it. Exit 0 healthy, 1 broken, 3 suspicious only."""
    from drills import tools
    from runbook import trace as tracing

    account = target.connect()
    named = target.parameters.stack if what is None else what
    followed = tracing.parse_target(
        named,
        account.aws,
        path=path,
        method=method.upper(),
        headers=_headers(header or []),
    )
    if told := tools.use("trace", account, named, api=followed.api_id):
        typer.echo(told, err=True)
    found = tracing.trace(account.aws, followed, test_invoke=test_invoke, logs=logs, strict=strict)
    _tell(account, target, found, json=json)
    if not fix or found.verdict is None:
        return found.exit_code
    if not _steps(found):
        hop = found[found.verdict]
        raise BadInput("fix", f"no step of ours repairs {hop.id} here.", hop.command or hop.fix)
    done: set[str] = set()
    # What is repaired may have hidden something else, and a changed integration is not live until it is deployed.
    while todo := [step for step in _steps(found) if step not in done]:
        for step in todo:
            if code := _fix(account, target, found, step, yes=yes, expected=expect_account, json=json):
                return code
            done.add(step)
        found = tracing.trace(account.aws, followed, strict=strict)
    _tell(account, target, found, json=json)
    return found.exit_code


def _tell(account: Account, target: Target, found: Trace, *, json: bool) -> None:
    if json:
        typer.echo(jsonlib.dumps(found.to_json()))
        return
    from runbook.cli.console import terminal
    from runbook.trace.draw import draw

    terminal().print(draw(found, target.account_options, account.shell), crop=False)


def _steps(found: Trace) -> tuple[str, ...]:
    """The steps that repair the verdict."""
    return found[found.verdict].steps if found.verdict is not None else ()


def _fix(
    account: Account, target: Target, found: Trace, step: str, *, yes: bool, expected: str | None, json: bool
) -> int:
    from runbook.cli.runs import do_step

    mended = dataclasses.replace(target, parameters=target.parameters.with_values(stack=found.stack))
    return do_step(account, mended, step, yes=yes, expected=expected, json=json)


def _headers(given: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in given:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            # Shown only as far as a name may go: what was forgotten may be the colon before a key.
            raise BadInput("header", f"{quoted(line[:8])} is not of the form NAME: VALUE.")
        headers[name.strip()] = value.strip()
    return headers


@targeted(REGION_ONLY)
def links(target: Target, json: Annotated[bool, typer.Option("--json", help="Write a JSON array.")] = False) -> int:
    """Every VPC link of the account, its load balancer, and what uses it."""
    from runbook import trace as tracing
    from runbook.cli.console import counting, terminal
    from runbook.trace.draw import draw_links

    aws = target.connect().aws
    with counting("APIs") as looked_at:
        uses = tracing.links(aws, looked_at)

    def url(use: LinkUse) -> str:
        return aws.invoke_url(use.api, use.stage) if use.stage and use.kind == "REST" else ""

    if json:
        told = [dataclasses.asdict(use) | {"invoke_url": url(use) or None} for use in uses]
        typer.echo(jsonlib.dumps(told, default=str))
    elif uses:
        terminal().print(draw_links(uses, url))
    else:
        typer.echo("There is no VPC link in this account and region.")
    return 0
