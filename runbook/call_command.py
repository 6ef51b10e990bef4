"""An AWS request as the AWS CLI command that sends the same, to be copied."""

from __future__ import annotations

import json
from collections.abc import Iterable

from botocore import xform_name

from runbook.command_line import Value, appended, aws
from runbook.events import CallAnswered

__all__ = ["command_of", "parameters_of"]


def command_of(call: CallAnswered, region: str, endpoint_url: str | None) -> str:
    """The command, with the account's region and endpoint in it; empty for what is no operation's name.

    Without its endpoint, a command meant for a practice account would go to AWS.
    """
    if not call.operation.isalnum():
        return ""
    options = dict(option for name, value in call.parameters.items() for option in _options(name, value))
    # What is streamed, the CLI writes to a file.
    words = [xform_name(call.operation, "-"), *(["/dev/stdout"] if call.operation == "GetExport" else [])]
    command = aws(call.service, *words, **options)
    if not command:  # a value that is not safe as an option's own; inside of JSON every value is only a value
        command = aws(call.service, *words, cli_input_json=json.dumps(call.parameters))
    return appended(command, region=region, endpoint_url=endpoint_url)


def parameters_of(call: CallAnswered) -> str:
    """The parameters in a line, as short as they are still understood: of an ARN only what names the resource."""
    return "  ".join(f"{name}={_brief(value)}" for name, value in call.parameters.items())


def _options(name: str, value: object) -> Iterable[tuple[str, Value | Iterable[str]]]:
    option = xform_name(name, "_")
    match value:
        case bool():
            yield (option if value else f"no_{option}"), True
        case str() | int():
            yield option, value
        case list() if value and all(isinstance(item, str) for item in value):
            yield option, value
        case _:
            yield option, json.dumps(value)


def _brief(value: object) -> str:
    match value:
        case str() if value.startswith("arn:"):
            return value.split(":", 5)[-1]
        case list():
            return ",".join(map(_brief, value))
        case dict():
            return "{" + " ".join(f"{name}={_brief(item)}" for name, item in value.items()) + "}"
        case _:
            return str(value)
