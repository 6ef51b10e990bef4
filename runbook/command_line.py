"""The commands that are printed to be copied: of the runbook, of the AWS CLI, and of a shell.

They are made from words and never by putting values into a text, since values come from tags, names and URLs that
others wrote: each is quoted for a POSIX shell and cannot become an option or a command of its own. A value for which
that cannot be promised is in no command: the functions then return an empty text, and there is nothing to copy. That
is a value with characters that a terminal does not show as they are (a line's end, an escape, a mark that turns the
direction of reading), one that the AWS CLI would take for the name of a file to send, and a stack's name that cannot
be one.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

from runbook.parameters import is_stack_name

__all__ = ["Value", "appended", "aws", "export", "runbook", "shell", "shorthand"]

Value = str | int | Path | None
"""``None`` and ``False`` leave an option out, ``True`` is a flag."""


def shell(words: Iterable[str]) -> str:
    """A line that a POSIX shell splits into exactly these words; empty when no line shows them as they are."""
    words = list(words)
    return " ".join(map(_quoted, words)) if all(word.isprintable() for word in words) else ""


def _quoted(word: str) -> str:
    # zsh replaces =NAME by the path of a program.
    return f"'{word}'" if word.startswith("=") and shlex.quote(word) == word else shlex.quote(word)


def runbook(*words: str, arguments: Iterable[Value] = (), **options: Value) -> str:
    """``runbook WORD ... --option value ... [--] argument ...``; empty for a ``stack`` that cannot be one."""
    stack = options.get("stack")
    if stack is not None and not is_stack_name(str(stack)):
        return ""
    given = [str(argument) for argument in arguments if argument is not None]
    end = ["--"] if any(argument.startswith("-") for argument in given) else []
    return shell(["runbook", *words, *_options(options), *end, *given])


def aws(service: str, *words: str, **options: Value | Iterable[str]) -> str:
    """``aws SERVICE OPERATION --option value ...``; several values follow one option."""
    scalars = [value for value in options.values() if isinstance(value, str)]
    if any(_FROM_A_FILE.match(value) for value in scalars):
        return ""
    return shell(["aws", service, *words, *_options(options)])


def appended(line: str, **options: Value) -> str:
    """A printed command with more options; no command stays none."""
    more = shell(_options(options))
    return f"{line} {more}" if line and more else line


def export(**variables: str) -> str:
    """``export NAME=value ...``: sets variables of the shell it is pasted into."""
    return shell(["export", *(f"{name}={value}" for name, value in variables.items())])


def shorthand(**members: str | Iterable[str]) -> str:
    """A structure as the AWS CLI's shorthand has it: ``name=value,name=value``, several values joined by commas."""
    return ",".join(
        f"{name}={_member(value) if isinstance(value, str) else ','.join(map(_member, value))}"
        for name, value in members.items()
    )


# The AWS CLI's shorthand takes more than this without quotes, but no closing brace or bracket.
_BARE = re.compile(r"[\w./:@*+~$%-]+", re.ASCII)


def _member(value: str) -> str:
    if _BARE.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# "Loading a parameter from a file" in the AWS CLI's user guide; version 1 also fetches URLs.
_FROM_A_FILE = re.compile(r"(fileb?|https?)://", re.IGNORECASE)


def _options(options: dict[str, Value] | dict[str, Value | Iterable[str]]) -> list[str]:
    words: list[str] = []
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        match value:
            case None | False:
                pass
            case True:
                words.append(option)
            case str() | int() | Path():
                text = str(value)
                # Behind an equals sign it is the option's value, whatever it begins with.
                words += [f"{option}={text}"] if text.startswith("-") else [option, text]
            case _:
                words += _several(option, list(value))
    return words


def _several(option: str, values: list[str]) -> list[str]:
    """Several values of one option of the AWS CLI; as JSON where it would not take one as it is."""
    if any(value.startswith(("-", "[", "{")) or _FROM_A_FILE.match(value) for value in values):
        return [f"{option}={json.dumps(values)}"]
    return [option, *values]
