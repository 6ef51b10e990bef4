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
]


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
    """The person running it asked to stop; what was done stays done and can be resumed."""

    def __init__(self) -> None:
        super().__init__("stopped on request; run it again to go on from here")
