"""What AWS answers, read so that a member that is not there costs one sentence and no traceback.

botocore's model marks almost every member of an answer as optional. What has a default is read with ``get``; a member
that is used and cannot be done without is read with ``[]``, and says what is missing when it is.
"""

from __future__ import annotations

from typing import Any

from runbook.errors import RunbookError

__all__ = ["Answer", "Incomplete", "readable"]


class Incomplete(RunbookError):
    """An answer of AWS lacks a member that is needed."""


class Answer(dict[str, Any]):
    """A structure of an answer of AWS, by member; :class:`Incomplete` where one is not there."""

    operation = ""
    shape = ""

    def __missing__(self, member: str) -> Any:
        names = (value for key, value in self.items() if key.lower().endswith(("id", "arn", "name")) and value)
        which = next((f" {value}" for value in names if isinstance(value, str)), "")
        of = f" for {self.shape}{which}" if self.shape else ""
        raise Incomplete(
            f"AWS's answer to {self.operation} has no {member}{of}, so what depends on it cannot be known. "
            "Try again later, or look at it in the console."
        )


def readable(answer: Any, operation: str, shape: Any, within: str = "") -> Any:
    """The same answer, with each structure in it an :class:`Answer`; ``shape`` is botocore's of it."""
    if isinstance(answer, list) and shape is not None:
        return [readable(each, operation, shape.member, within) for each in answer]
    if not isinstance(answer, dict) or shape is None:  # what botocore adds, such as ResponseMetadata, has none
        return answer
    if shape.type_name == "map":
        return {key: readable(value, operation, shape.value, within) for key, value in answer.items()}
    members = shape.members
    read = Answer(answer)
    for member, value in answer.items():
        if isinstance(value, dict | list):
            read[member] = readable(value, operation, members.get(member), member)
    read.operation, read.shape = operation, within
    return read
