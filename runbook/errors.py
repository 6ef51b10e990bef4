"""What can go wrong, in words an operator can act on.

RunbookError
├── BadInput            a parameter is missing or wrong; nothing was touched          exit 2
├── StepsInvalid        the step modules contradict each other; nothing was touched
├── NotOurs             something has our name but not our tag
├── AnotherRun          another run does the opposite on the same stack, and ``force`` was not given
├── NeedsReplacing      AWS cannot change it in place, and ``replace`` was not given
├── CannotContinue      AWS is in a state that no waiting mends (a FAILED link, unhealthy targets)
├── TookTooLong         AWS did not get there within the time it usually takes, several times over
└── Stopped             the person running it asked to stop
"""

from __future__ import annotations

import reprlib

__all__ = [
    "AnotherRun",
    "BadInput",
    "CannotContinue",
    "NeedsReplacing",
    "NotOurs",
    "RunbookError",
    "StepsInvalid",
    "Stopped",
    "TookTooLong",
    "named",
    "quoted",
    "reason",
]


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 60
        self.maxlist = self.maxtuple = self.maxdict = 4
        self.maxlevel = 2

    def repr_int(self, number: int, level: int) -> str:
        try:
            return super().repr_int(number, level)
        except ValueError:  # Python writes no integer of more than 4300 digits
            return "a number of thousands of digits"


_SHORT = _Short()


def quoted(value: object) -> str:
    """What somebody gave, as a sentence shows it: in quotes, short, and without anything a terminal would obey."""
    return _SHORT.repr(value)


def named(name: object) -> str:
    """A file or another thing that is called as it is; quoted only where it would not be a word in a sentence."""
    text = str(name)
    return text if text.isprintable() and 0 < len(text) <= 200 else quoted(text)


def reason(error: OSError | ValueError) -> str:
    """Why a file cannot be used, in the system's words. (Python has words of its own for a name with a zero byte.)"""
    return getattr(error, "strerror", None) or str(error)


class RunbookError(Exception):
    """Every error of the runbook; its text is one or a few plain sentences."""


class BadInput(RunbookError):
    """A parameter is missing or wrong.

    ``parameter`` is the field's name in :class:`runbook.parameters.Parameters`; a face adds how to give it there.
    """

    def __init__(self, parameter: str, problem: str, remedy: str = "") -> None:
        self.parameter = parameter
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{parameter}: {problem}" + (f" {remedy}" if remedy else ""))


class StepsInvalid(RunbookError):
    """The step modules do not fit together: an unknown fact, two producers of one, a circle."""


class NotOurs(RunbookError):
    """Something has the name we would use but not our tag, so it is somebody else's."""

    def __init__(self, kind: str, name: str, identifier: str, stack: str) -> None:
        self.kind = kind
        self.name = name
        self.identifier = identifier
        super().__init__(
            f"{kind} {name!r} ({identifier}) exists but is not tagged as part of stack {stack!r}, "
            "so it is left alone. Choose another stack name, or take it over with adopt."
        )


class AnotherRun(RunbookError):
    """Another run does the opposite on the same stack, as far as its mark says."""


class NeedsReplacing(RunbookError):
    """AWS cannot change this in place; with ``replace`` it is made anew."""


class CannotContinue(RunbookError):
    """AWS is in a state that waiting does not mend."""


class TookTooLong(RunbookError):
    """AWS did not get there within several times the time it usually takes."""


class Stopped(RunbookError):
    """The person running it asked to stop, or it may not go on; what was done stays done and can be resumed."""

    def __init__(self, why: str = "on request") -> None:
        super().__init__(f"stopped {why}; run it again to go on from here")
