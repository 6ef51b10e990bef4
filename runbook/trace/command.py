"""AWS CLI commands, quoted for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

__all__ = ["cli"]


def cli(service: str, operation: str, **options: str | int | Iterable[str]) -> str:
    """``aws SERVICE OPERATION --option value ...``; several values follow one option."""
    words = ["aws", service, operation]
    for name, value in options.items():
        words.append(f"--{name.replace('_', '-')}")
        if isinstance(value, str | int):
            words.append(shlex.quote(str(value)))
        else:
            words += [shlex.quote(each) for each in value]
    return " ".join(words)
