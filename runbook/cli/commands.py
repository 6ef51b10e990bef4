"""The commands by name and group; each is loaded when it is asked for, so that help and completion are quick."""

from __future__ import annotations

import importlib
import re
from difflib import get_close_matches
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from runbook.cli.examples import EXAMPLES

__all__ = ["COMMANDS", "SETTINGS", "Command", "Commands", "Entry", "Group"]

SETTINGS: dict[str, Any] = {
    "add_completion": False,
    "rich_markup_mode": None,  # plain help: quick, readable in 40 columns, whole in a pipe
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


class Entry(NamedTuple):
    """A command: its group in the help, where its function or its app is, and what it is for."""

    group: str
    module: str
    attribute: str
    summary: str


_STACK, _LOOK, _ACCOUNT, _REHEARSE = "A stack", "Looking into it", "The account", "Rehearsing"

COMMANDS: dict[str, Entry] = {
    "tui": Entry(_STACK, "runs", "tui", "Open the guided checklist in the terminal."),
    "plan": Entry(_STACK, "runs", "plan", "Show what up would do, step by step. Changes nothing."),
    "up": Entry(_STACK, "runs", "up", "Create what is missing, repair what drifted, call the invoke URL."),
    "check": Entry(_STACK, "runs", "check", "Check that everything is up to date. Changes nothing."),
    "down": Entry(_STACK, "runs", "down", "Remove everything of the stack, and nothing else."),
    "step": Entry(_STACK, "runs", "step", "Check, do or undo a single step. Its dependencies are only checked."),
    "rollback": Entry(_STACK, "account", "rollback", "Point the stage at the deployment before the one it serves."),
    "trace": Entry(_LOOK, "tracing", "trace", "Follow a request hop by hop and name the hop that breaks it."),
    "output": Entry(_LOOK, "output", "output", "Print a value of the stack for scripts, such as its invoke URL."),
    "report": Entry(_LOOK, "tools", "report", "Write the report of a run: who, what, before and after, the path."),
    "links": Entry(_ACCOUNT, "tracing", "links", "List every VPC link, its load balancer, and what uses it."),
    "list": Entry(_ACCOUNT, "account", "list_stacks", "List all stacks of the account and region."),
    "policy": Entry(_ACCOUNT, "account", "policy", "Print the smallest IAM policy for a command on a stack."),
    "practice": Entry(_REHEARSE, "practice", "app", "Serve a practice account, or look after the shared one."),
    "drill": Entry(_REHEARSE, "drill", "app", "Find and repair what a drill broke, on a practice account."),
    "notebook": Entry(_REHEARSE, "tools", "notebook", "Write the notebook that shows the same steps, or run it."),
}


_VALUES = {"bool": "", "path": " FILE", "int": " NUMBER", "float": " NUMBER"}


_TYPE = re.compile(r" <([a-z]+)[a-z ]*>")


def _value(found: re.Match[str]) -> str:
    return _VALUES.get(found[1], " TEXT")


def _records(command: Any, ctx: Any) -> dict[str, list[tuple[str, str]]]:
    """The help of arguments and options by group. Types are named as people do, and a flag has no value to name."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is None:
            continue
        is_option = param.param_type_name == "option"
        names = _TYPE.sub(_value if is_option else "", record[0])
        group = getattr(param, "rich_help_panel", None) or ("Options" if is_option else "Arguments")
        groups.setdefault(group, []).append((names, record[1]))
    return groups


def _write(groups: dict[str, list[tuple[str, str]]], formatter: Any) -> None:
    for title, records in groups.items():
        with formatter.section(title):
            formatter.write_dl(records)


class Command(TyperCommand):
    """A command whose options are shown in their groups."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, a group after the other."""
        _write(_records(self, ctx), formatter)


class Group(TyperGroup):
    """Commands of a kind, such as those of the drills."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands first, then the options."""
        named = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        whole = [(name, each.get_short_help_str(limit=1000)) for name, each in named if each and not each.hidden]
        _write({"Commands": whole, **_records(self, ctx)}, formatter)


class Commands(TyperGroup):
    """The commands of :data:`COMMANDS`, loaded one by one."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All, in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load a command; None when there is no such."""
        del ctx
        return _loaded(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that is named first; a name that is misspelt is told the likest."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and (alike := get_close_matches(name, COMMANDS)):
            ctx.fail(f"No such command {name!r}. Did you mean {' or '.join(alike)}?")
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands first, then the options."""
        for group, members in groupby(COMMANDS.items(), key=lambda item: item[1].group):
            with formatter.section(group):
                formatter.write_dl([(name, entry.summary) for name, entry in members])
        _write(_records(self, ctx), formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Written above."""


@cache
def _loaded(name: str) -> Any:
    from runbook.cli.options import exits

    entry = COMMANDS[name]
    found = getattr(importlib.import_module(f"runbook.cli.{entry.module}"), entry.attribute)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(**SETTINGS)
        alone.command(name, cls=Command, help=entry.summary, epilog=EXAMPLES.shown(name))(exits(found))
        found = alone
    command = typer.main.get_command(found)
    command.name = name
    command.epilog = EXAMPLES.shown(name)
    for below, each in getattr(command, "commands", {}).items():
        each.epilog = EXAMPLES.shown(f"{name} {below}")
    return command
