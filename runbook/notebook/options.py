"""What the parameters cell can say, and what it said: the stack's parameters, and how this face is to run them."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import psutil  # type: ignore[import-untyped]  # ipykernel needs it too

from runbook.accounts import Kind
from runbook.errors import BadInput, named, quoted
from runbook.events import Action
from runbook.parameters import Parameters, load

__all__ = ["EXAMPLES", "OPTIONS", "Option", "Options", "cell_default", "how_to_give", "read"]


@dataclass(frozen=True, slots=True)
class Option:
    """An option of this face, beside the stack's parameters."""

    default: str | None
    description: str


OPTIONS: dict[str, Option] = {
    "mode": Option("up", "What to do: up, check (changes nothing; drift fails the notebook) or down."),
    "account": Option("practice", "Work on the practice account, or on aws."),
    "expect_account": Option(None, "AWS account id; on aws nothing is changed in any other, nor without it."),
    "profile": Option(None, "AWS profile; SSO, MFA and role profiles work too."),
    "endpoint_url": Option(None, "Endpoint to use instead, such as a served practice account."),
}

# One value that each parameter takes, for telling how to give it.
EXAMPLES: dict[str, str] = {
    "mode": "check",
    "account": "aws",
    "expect_account": "123456789012",
    "profile": "my-profile",
    "endpoint_url": "http://127.0.0.1:4566",
    "stack": "demo",
    "track": "rest",
    "region": "eu-west-1",
    "instances": "i-0123456789abcdef0,i-0fedcba9876543210",
    "instance_tags": "Name=web-*",
    "vpc": "vpc-0123456789abcdef0",
    "subnets": "subnet-0123456789abcdef0,subnet-0fedcba9876543210",
    "security_group": "sg-0123456789abcdef0",
    "port": "80",
    "health_check_path": "/health",
    "health_check_port": "8080",
    "health_check_interval": "10",
    "endpoint_type": "REGIONAL",
    "route_root": "True",
    "stage": "prod",
    "test_path": "/hello",
    "expect_status": "200",
    "tags": "team=payments,ttl=2030-01-01",
    "adopt": "True",
    "replace": "True",
    "force": "True",
}


@dataclass(frozen=True, slots=True)
class Options:
    """What a parameters cell asked for."""

    parameters: Parameters
    action: Action
    account: Kind
    profile: str | None
    endpoint_url: str | None
    expect_account: str | None


def cell_default(name: str) -> str | None:
    """What the parameters cell says of a parameter; None means that nobody gave it, so that what the stack remembers
    is not overruled.
    """
    return OPTIONS[name].default if name in OPTIONS else {"stack": "demo"}.get(name)


def how_to_give(parameter: str) -> str:
    """How this face gives a parameter, as a sentence; empty for what is no parameter of it."""
    example = EXAMPLES.get(parameter)
    if example is None:
        return ""
    return f"Give it in the parameters cell, or with papermill: -p {parameter} {example}"


def read(cell: Mapping[str, Any]) -> Options:
    """Read the names that a parameters cell set; None and other names say nothing. Raises :class:`BadInput`."""
    known = {*OPTIONS, *Parameters.model_fields}
    typed = _typed_for_papermill()
    if unknown := next((name for name in typed if name not in known), None):
        raise BadInput(named(unknown), "is no parameter.", f"There are: {', '.join(EXAMPLES)}.")
    values = {name: cell.get(name) for name in known}
    values.update({name: text for name, text in typed.items() if _was_meant(name, text, values[name])})
    given = {name: value for name, value in values.items() if value is not None and value != [] and value != {}}
    options = {name: _text(given.pop(name, OPTIONS[name].default)) for name in OPTIONS}
    return Options(
        parameters=load(given),
        action=_one_of("mode", options["mode"], (Action.UP, Action.CHECK, Action.DOWN)),
        account=_one_of("account", options["account"], tuple(Kind)),
        profile=options["profile"],
        endpoint_url=options["endpoint_url"],
        expect_account=_account_id(options["expect_account"]),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value).strip() or None


def _one_of(name: str, value: str | None, choices: tuple[Any, ...]) -> Any:
    for choice in choices:
        if value == choice.value:
            return choice
    raise BadInput(name, f"{quoted(value)} is none of {', '.join(choice.value for choice in choices)}.")


def _account_id(value: str | None) -> str | None:
    if value is None:
        return None
    digits = value.replace("-", "")
    # A number has lost the zeros it was written with; account ids have twelve digits.
    digits = digits.zfill(12) if digits.isascii() and digits.isdigit() else digits
    if not re.fullmatch(r"[0-9]{12}", digits):
        raise BadInput("expect_account", f"{quoted(value)} is not an AWS account id of 12 digits.")
    return digits


# --- what was typed ---------------------------------------------------------------------------------------------------
#
# papermill turns `-p stack 007` into the number 7 before it writes the notebook's parameters, and leaves no trace of
# what was typed. Its own command line has it: papermill is the parent of this kernel, so its arguments are read there,
# with papermill's own parser, and taken only where they give exactly the value that the notebook got.


def _was_meant(name: str, text: str, value: object) -> bool:
    if value is None and cell_default(name) is None:
        return False  # None is what the cell itself says when nothing is given
    # By repr, because a NaN is not equal to itself.
    return repr(value) in (repr(text), repr(_papermill()._resolve_type(text)))


def _typed_for_papermill() -> dict[str, str]:
    """The ``-p`` and ``-r`` arguments of the papermill command that runs this kernel; none when there is none."""
    arguments = _papermill_arguments()
    if arguments is None:
        return {}
    import click

    papermill = _papermill().papermill
    try:
        # Only parsed: making a context for it would open the files that its options name.
        parsed = papermill.make_parser(click.Context(papermill)).parse_args(list(arguments))[0]
    except click.UsageError:
        return {}
    return {name: text for option in ("parameters", "parameters_raw") for name, text in parsed.get(option) or ()}


def _papermill() -> Any:
    """Papermill's command line, without a grammar of URLs that is compiled for a second where jsonschema finds it."""
    grammar = "rfc3987_syntax"
    known = grammar in sys.modules
    if not known:
        sys.modules[grammar] = None  # type: ignore[assignment]  # Python's way to say: not there
    try:
        return importlib.import_module("papermill.cli")
    finally:
        if not known:
            del sys.modules[grammar]


def _papermill_arguments() -> list[str] | None:
    if "ipykernel" not in sys.modules:
        return None
    try:
        command: list[str] = psutil.Process(int(os.environ.get("JPY_PARENT_PID") or os.getppid())).cmdline()
    except (ValueError, psutil.Error, OSError):
        return None
    for index, word in enumerate(command[:4]):  # python, its own options, papermill
        path = PurePath(word)
        if path.stem == "papermill" or (path.name == "__main__.py" and path.parent.name == "papermill"):
            return command[index + 1 :]
    return None
