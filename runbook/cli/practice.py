"""``runbook practice``: serve a practice account, or look after the shared one in the background."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runbook import command_line
from runbook.cli.commands import SETTINGS, Command, Group
from runbook.cli.options import FAILED, exits
from runbook.errors import BadInput, CannotContinue, named, reason
from runbook.extras import need

if TYPE_CHECKING:
    from runbook.accounts import Account

__all__ = ["app"]

app = typer.Typer(
    **SETTINGS, cls=Group, help="Serve a practice account here, or look after the shared one in the background."
)


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Port on the loopback; 0 takes any free one.", min=0, max=65535)] = 0,
    host: Annotated[str, typer.Option(help="Address to bind.")] = "127.0.0.1",
    allow_other_hosts: Annotated[
        bool, typer.Option("--allow-other-hosts", help="Allow --host to be an address that others can reach.")
    ] = False,
    time_scale: Annotated[float, typer.Option(help="AWS seconds a wall second takes.", min=0.001)] = 60.0,
    realtime: Annotated[bool, typer.Option("--realtime", help="AWS takes as long as it really takes.")] = False,
    backend: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A service of yours, on the loopback, that stands in for the machines."),
    ] = None,
    allow_hosts: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="HOST[:PORT]",
            help="A host that integrations may send requests to, besides the account's own machines; repeatable.",
        ),
    ] = None,
    region: Annotated[str, typer.Option(help="Where the private service is.")] = "us-east-1",
    quotas: Annotated[
        bool, typer.Option("--quotas/--no-quotas", help="Hold clients to API Gateway's request quotas, as AWS does.")
    ] = True,
    eventual: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0.0, help="Reads may be stale so many AWS seconds after a write."),
    ] = 0.0,
) -> None:
    """Serve a practice account until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    exits(_serve)(
        port=port,
        host=host,
        allow_other_hosts=allow_other_hosts,
        time_scale=1.0 if realtime else time_scale,
        backend=backend,
        allow_hosts=allow_hosts or None,
        region=region,
        quotas=quotas,
        eventual=eventual,
    )


def _serve(**options: Any) -> None:
    need("practice")
    from practice.__main__ import serve_forever

    try:
        serve_forever(**options, ready=_greet)
    except OSError as error:
        if error.filename:  # where the account's token is kept for other commands
            raise CannotContinue(f"{named(error.filename)} cannot be used: {reason(error)}.") from None
        raise BadInput(
            "port", f"{options['host']}:{options['port']} cannot be used: {error.strerror or error}."
        ) from None
    except (ValueError, KeyError) as error:
        raise BadInput("practice", f"{error.args[0] if error.args else error}.") from None


def _greet(account: Any) -> None:
    typer.echo(f"practice account {account.account_id} in {account.region}, until Ctrl-C: {account.url}")
    typer.echo(f"  {command_line.runbook('up', endpoint_url=account.url)}")


@app.command("status", cls=Command)
def status() -> None:
    """Say whether the shared practice account runs, and where."""
    exits(_status)()


def _status() -> int:
    from practice import background

    with _in_words():
        found = background.status()
    if found is None:
        typer.echo("no practice account runs in the background; the next command that needs one starts it")
        return FAILED
    said = found.description
    from runbook.cli.console import say

    say(f"practice account {said['account_id']} in {said['region']}: {found.url}")
    typer.echo(f"  process {found.pid}, {said['time_scale']:g} AWS seconds a second")
    return 0


@app.command("token", cls=Command)
def token(
    endpoint_url: Annotated[
        str | None,
        typer.Option(envvar="AWS_ENDPOINT_URL", metavar="URL", help="Of the practice account that is served there."),
    ] = None,
) -> None:
    """Print the token that requests to `/_practice` must bring to change the account, for curl."""
    exits(_token)(endpoint_url)


def _token(endpoint_url: str | None) -> int:
    from practice import tokens

    account = _running(endpoint_url)
    found = account.control_headers.get(tokens.HEADER) if account else None
    if found is None:
        typer.echo("no practice account of yours answers there", err=True)
        return FAILED
    typer.echo(found)
    return 0


class MachineAction(StrEnum):
    """What ``runbook practice machine`` does with the service on an instance."""

    SHOW = "show"
    START = "start"
    STOP = "stop"
    SET = "set"


EndpointOption = Annotated[
    str | None,
    typer.Option(
        envvar="AWS_ENDPOINT_URL",
        metavar="URL",
        help="A served practice account; by default the one in the background.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON.")]


@app.command("machines", cls=Command)
def machines(endpoint_url: EndpointOption = None, json: JsonOption = False) -> None:
    """List the instances, and how the service on each behaves."""
    exits(_machines)(endpoint_url, json=json)


def _machines(endpoint_url: str | None, *, json: bool) -> int:
    from runbook.machines import machines as all_machines

    if (account := _running(endpoint_url)) is None:
        return _nothing_runs()
    _show_machines(all_machines(account), json=json)
    return 0


@app.command("machine", cls=Command)
def machine(
    instance: Annotated[str, typer.Argument(metavar="ID", help="The instance, such as i-0123456789abcdef0.")],
    action: Annotated[
        MachineAction, typer.Argument(help="Show it, start or stop its service, or set how the service behaves.")
    ] = MachineAction.SHOW,
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="For set: such as port=8080, status./health=200, delay=."),
    ] = None,
    endpoint_url: EndpointOption = None,
    json: JsonOption = False,
) -> None:
    """Log in to an instance of the practice account: see, start, stop or change the service on it.

    Settings: listening, port, status and delay (of every path; status./PATH of one), virtual_hosts (names, separated
    by commas). An empty status, delay or virtual_hosts is the default.
    """
    exits(_machine)(instance, action, settings or [], endpoint_url, json=json)


def _machine(instance: str, action: MachineAction, given: list[str], endpoint_url: str | None, *, json: bool) -> int:
    from runbook import machines as practice_machines

    if bool(given) is not (action is MachineAction.SET):
        raise BadInput("set", "KEY=VALUE goes with set, and set needs one.", "For example: set status./health=200")
    if (account := _running(endpoint_url)) is None:
        return _nothing_runs()
    found = practice_machines.machine(account, instance)
    if action is MachineAction.SET:
        from practice.machines.settings import MachineSettings
        from runbook.parameters import validated_as

        changes = practice_machines.changed(found["settings"], given)
        try:
            validated_as(MachineSettings, {**found["settings"], **changes})
        except BadInput as error:  # of a machine, not of a stack, which has a port too
            raise BadInput("set", f"{error.parameter}: {error.problem}", error.remedy) from None
        found = practice_machines.change(account, instance, changes)
    elif action is not MachineAction.SHOW:
        found = practice_machines.change(account, instance, {"listening": action is MachineAction.START})
    _show_machines([found], json=json)
    return 0


def _show_machines(found: list[dict[str, Any]], *, json: bool) -> None:
    import json as jsonlib

    from rich.table import Table
    from rich.text import Text

    from runbook.cli.console import terminal

    if json:
        typer.echo(jsonlib.dumps(found, indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 3, 0, 0))
    columns = ("instance", "zone", "address", "service", "status", "delay", "hosts")
    for column in columns:
        table.add_column(column, overflow="fold")
    for each in found:
        now = each["settings"]
        service = f"port {now['port']}" if now["listening"] else "not listening"
        hosts = "all" if now["virtual_hosts"] is None else ", ".join(now["virtual_hosts"]) or "none"
        behaves = (service, _by_path(now["status"], "200", ""), _by_path(now["delay"], "0", " s"), hosts)
        table.add_row(*map(Text, (each["instance_id"], each["zone"], each["private_ip"], *behaves)))
    terminal().print(table)


def _by_path(values: dict[str, Any], otherwise: str, unit: str) -> str:
    """A setting that each path has; a path that is not named, and ``*``, come last."""
    rest = values.get("*", otherwise)
    named = [f"{path} {value}{unit}" for path, value in values.items() if path != "*"]
    return ", ".join([*named, f"{'others ' if named else ''}{rest}{unit}"])


def _running(endpoint_url: str | None) -> Account | None:
    """The account that is served there, or else the one in the background; None when that does not run."""
    need("practice")
    from practice import background
    from runbook.accounts import Kind, connect
    from runbook.parameters import validated

    if not endpoint_url:
        with _in_words():
            found = background.status()
        if found is None:
            return None
        endpoint_url = found.url
    return connect(Kind.PRACTICE, validated({}), endpoint_url=endpoint_url)


def _nothing_runs() -> int:
    typer.echo("no practice account runs in the background", err=True)
    return FAILED


@app.command("stop", cls=Command)
def stop() -> None:
    """End the shared practice account, and all that was made in it."""
    exits(_stop)()


def _stop() -> None:
    from practice import background

    with _in_words():
        stopped = background.stop()
    typer.echo("stopped" if stopped else "no practice account runs in the background")


@contextmanager
def _in_words() -> Iterator[None]:
    need("practice")
    try:
        yield
    except OSError as error:
        raise CannotContinue(f"{named(error.filename)} cannot be used: {reason(error)}.") from None
    except RuntimeError as error:
        raise CannotContinue(f"{error}.") from None
