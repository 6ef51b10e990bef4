"""The command line: ``runbook``.

Nothing heavy (boto3, textual, moto) is imported before a command that needs it runs, so that ``--help`` is quick.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from runbook.cli.codes import BAD_INPUT, BROKEN_PIPE, DETAILED, FAILED, INTERRUPTED, TERRAFORMS
from runbook.cli.commands import SETTINGS, Commands
from runbook.cli.streams import finish, lost, output_lost, prepare

__all__ = ["app", "main"]

EPILOG = (
    "Exit codes: 0 done, or as it should be · 1 a step failed · 2 bad input, nothing touched · "
    "3 check found something missing or drifted, or there is no such stack · "
    "130, 143, 129 stopped by Ctrl-C, a kill, a closed terminal · 141 what read the output has gone."
)


class _Commands(Commands):
    """Commands whose wrong usage ends as all bad input does: in one sentence, with exit code 2."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except typer.Abort as error:  # a question that nobody answered
            _tell_error("stopped.")
            code = INTERRUPTED if isinstance(error.__context__, KeyboardInterrupt) else FAILED
        except Exception as error:
            code = _misused(error, json="--json" in (sys.argv[1:] if args is None else args))
        if DETAILED in (sys.argv[1:] if args is None else args):
            code = TERRAFORMS.get(code, code)
        if standalone_mode:
            sys.exit(code if isinstance(code, int) else 0)
        return code


def _misused(error: Exception, *, json: bool) -> int:
    """Say what is wrong with the usage; whatever else it is goes on. Typer has had click's errors, and now its own."""
    said, context = getattr(error, "format_message", None), getattr(error, "ctx", None)
    if said is None:
        raise error
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(said(), err=True)
    else:
        where = f" See: {context.command_path} --help" if context else ""
        text = said().rstrip(".")
        line = f"{text if len(text) <= _LONGEST else f'{text[:_LONGEST]}…'}.{where}"
        if json:
            from runbook.cli.options import tell_in_json

            tell_in_json("UsageError", line)
        _tell_error(line)
    return BAD_INPUT


def _tell_error(text: str) -> None:
    from runbook.cli.options import tell_error

    tell_error(text)


_LONGEST = 300  # characters of what was typed; nobody reads more

app = typer.Typer(
    name="runbook",
    cls=_Commands,
    help="Put an AWS API Gateway in front of a private service, step by step; rehearse it on a practice account.",
    epilog=EPILOG,
    no_args_is_help=True,
    **SETTINGS | {"add_completion": True},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"apigw-vpc-runbook {version('apigw-vpc-runbook')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def main() -> None:
    """The console script."""
    # A command makes little garbage; looking for it among all of botocore's models takes a tenth of its time.
    gc.set_threshold(50_000, 20, 20)
    prepare()
    code: str | int | None = FAILED
    try:
        app()
    except SystemExit as ended:
        code = ended.code
        if type(sys.stdout).__name__ == "PacifyFlushWrapper":  # click met a broken pipe: it exits with 1
            code = BROKEN_PIPE
    except OSError as error:
        code = lost(error, FAILED) if output_lost(error) else _unforeseen(error)
    except Exception as error:
        code = _unforeseen(error)
    sys.exit(finish(code if isinstance(code, int) else 0, FAILED))


def _unforeseen(error: Exception) -> int:
    """Where it was, but no secret and no control code."""
    from traceback import format_exception

    from runbook.present import safe
    from runbook.redaction import redacted

    sys.stderr.write(safe(redacted("".join(format_exception(error)))))
    return FAILED
