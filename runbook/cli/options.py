"""Options that many commands share, and how an error ends a command."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from runbook.cli import completing
from runbook.cli.codes import BAD_INPUT, FAILED, NOT_AS_IT_SHOULD_BE
from runbook.cli.streams import lost, output_lost
from runbook.errors import BadInput, RunbookError, quoted
from runbook.parameters import COMMON, ENV_PREFIX, Parameters, load

if TYPE_CHECKING:
    from runbook.accounts import Account

__all__ = [
    "BAD_INPUT",
    "FAILED",
    "NOT_AS_IT_SHOULD_BE",
    "Target",
    "complain",
    "exits",
    "spelled",
    "targeted",
    "tell_error",
    "tell_in_json",
]

_COMPLETED = {"stack": completing.stacks, "track": completing.tracks, "endpoint_type": completing.endpoint_types}

_STACK_PANEL = "The stack (also as RUNBOOK_… in the environment, or in --parameters FILE)"
_OWN_PANEL = "What it is made of (a parameter that the stack's track does not have is refused)"
_ACCOUNT_PANEL = "The account"

_ACCOUNT_OPTIONS: dict[str, tuple[Any, Any]] = {
    "account": (
        Annotated[
            str,
            typer.Option(
                envvar="RUNBOOK_ACCOUNT",
                metavar="practice|aws",
                autocompletion=completing.accounts,
                rich_help_panel=_ACCOUNT_PANEL,
                help="Work on the practice account, or on AWS.",
            ),
        ],
        "practice",
    ),
    "profile": (
        Annotated[
            str | None,
            typer.Option(
                metavar="NAME", rich_help_panel=_ACCOUNT_PANEL, help="AWS profile; SSO, MFA and role profiles work too."
            ),
        ],
        None,
    ),
    "endpoint_url": (
        Annotated[
            str | None,
            typer.Option(
                metavar="URL",
                rich_help_panel=_ACCOUNT_PANEL,
                help="Endpoint to use instead, such as a served practice account (also AWS_ENDPOINT_URL).",
            ),
        ],
        None,
    ),
    "parameters": (
        Annotated[
            Path | None,
            typer.Option(
                "--parameters", metavar="FILE", rich_help_panel=_STACK_PANEL, help="TOML or YAML file with parameters."
            ),
        ],
        None,
    ),
}


@dataclass(frozen=True)
class Target:
    """What a command works on, as it was asked for."""

    account: str
    profile: str | None
    endpoint_url: str | None
    parameters: Parameters

    @property
    def account_options(self) -> dict[str, str]:
        """The options that choose the same account again; none for the shared practice account."""
        chosen = {
            "account": "aws" if self.account == "aws" else None,
            "profile": self.profile,
            "endpoint_url": self.endpoint_url,
        }
        return {name: value for name, value in chosen.items() if value}

    def connect(self) -> Account:
        """Connect to the account. Raises :class:`BadInput`."""
        from runbook.accounts import Kind, connect

        try:
            kind = Kind(self.account)
        except ValueError:
            raise BadInput("account", f"{quoted(self.account)} is neither practice nor aws.") from None
        return connect(kind, self.parameters, profile=self.profile, endpoint_url=self.endpoint_url)


def targeted(only: Collection[str] | None = None) -> Callable[[Callable[..., int | None]], Callable[..., int | None]]:
    """Give a command the account's options and the stack's (or ``only`` some), as its argument ``target``.

    Every parameter arrives as text and is judged by the one model, so that a wrong value reads the same everywhere.
    """
    names = [name for name in Parameters.model_fields if only is None or name in only]

    def decorate(command: Callable[..., int | None]) -> Callable[..., int | None]:
        @functools.wraps(command)
        def wrapped(**given: Any) -> int | None:
            account = {name: given.pop(name) for name in ("account", "profile", "endpoint_url")}
            file: Path | None = given.pop("parameters")
            values = {name: value for name in names if (value := given.pop(name)) not in (None, [])}
            joined = {name: ",".join(value) if isinstance(value, list) else value for name, value in values.items()}
            target = Target(**account, parameters=load(joined, file))
            try:
                return command(target=target, **given)
            except Exception as error:
                if not _is_from_aws(error):
                    raise
                from runbook.explain import explain

                stack = target.parameters.stack if "stack" in names else ""
                raise RunbookError(explain(error, stack=stack)) from error

        own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "target"]
        options = [_option(name) for name in names]
        account_options = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
            for name, (annotation, default) in _ACCOUNT_OPTIONS.items()
        ]
        own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
        signature = inspect.Signature([*own, *account_options, *options])
        wrapped.__signature__ = signature  # type: ignore[attr-defined]
        wrapped.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
        return wrapped

    return decorate


def _option(name: str) -> inspect.Parameter:
    field = Parameters.model_fields[name]
    flag = f"--{name.replace('_', '-')}"
    default = field.default
    help_ = f"{field.description or ''}" + ("" if default in (None, (), False) or default == {} else f" [{default}]")
    extra: dict[str, Any] = {
        "rich_help_panel": _STACK_PANEL if name in COMMON else _OWN_PANEL,
        "help": help_,
        "show_default": False,
    }
    if isinstance(default, bool):
        annotation: Any = Annotated[bool | None, typer.Option(f"{flag}/--no-{flag[2:]}", **extra)]
    elif isinstance(default, tuple | dict):
        annotation = Annotated[
            list[str] | None, typer.Option(flag, metavar="ID,…" if default == () else "K=V,…", **extra)
        ]
    else:
        number = int in (field.annotation, *get_args(field.annotation))
        extra["autocompletion"] = _COMPLETED.get(name)
        annotation = Annotated[str | None, typer.Option(flag, metavar="NUMBER" if number else "TEXT", **extra)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=None)


def exits(command: Callable[..., int | None]) -> Callable[..., None]:
    """A command whose result is its exit code, and whose errors end in one clear sentence instead of a traceback."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            code = command(*args, **kwargs)
        except RunbookError as error:
            raise _ended_by(error, json=bool(kwargs.get("json"))) from None
        except OSError as error:
            if not output_lost(error):
                raise
            raise typer.Exit(lost(error, FAILED)) from None
        except Exception as error:
            if not _is_from_aws(error):
                raise
            raise _ended_by(error, json=bool(kwargs.get("json"))) from None
        raise typer.Exit(code or 0)

    return wrapped


def _is_from_aws(error: Exception) -> bool:
    return type(error).__module__.startswith("botocore")  # not imported here: it is slow


def complain(error: BaseException, explained: str = "") -> int:
    """Say an error in this face's words, on standard error, and give its exit code.

    ``explained`` is how whoever met it explains it, knowing where it was.
    """
    tell_error(_in_words(error, explained))
    return BAD_INPUT if isinstance(error, BadInput) else FAILED


def _in_words(error: BaseException, explained: str = "") -> str:
    if isinstance(error, BadInput):
        return f"{spelled(error.parameter)}: {error.problem}" + (f" {error.remedy}" if error.remedy else "")
    from runbook.explain import explain

    return explained or explain(error)


def _ended_by(error: Exception, *, json: bool) -> typer.Exit:
    """How a command ends that could not do what it was asked to; a program that reads JSON is told in JSON too."""
    if json:
        tell_in_json(type(error).__name__, _in_words(error), error.parameter if isinstance(error, BadInput) else "")
    return typer.Exit(complain(error))


def tell_in_json(kind: str, text: str, parameter: str = "") -> None:
    """An error as an event, on standard output."""
    from json import dumps

    from runbook.events import CommandFailed, to_json
    from runbook.redaction import redacted

    event = CommandFailed(kind=kind, error=" ".join(text.split()), parameter=parameter)
    typer.echo(dumps(redacted(to_json(event))))


def tell_error(text: str) -> None:
    """One line on standard error, if that can be written: the exit code says it too."""
    from rich.text import Text

    from runbook.cli.console import terminal
    from runbook.redaction import redacted

    line = redacted(" ".join(text.split()))
    with contextlib.suppress(OSError):
        terminal(stderr=True).print(Text.assemble(("error: ", "bold red"), line), soft_wrap=True)


def spelled(parameter: str) -> str:
    """How this face gives a parameter."""
    flag = f"--{parameter.replace('_', '-')}"
    if parameter in Parameters.model_fields:
        return f"{flag} (or {ENV_PREFIX}{parameter.upper()})"
    return (
        flag
        if parameter in (*_ACCOUNT_OPTIONS, "account_id", "expect_account", "level", "port", "plan", "out", "trainee")
        else parameter
    )
