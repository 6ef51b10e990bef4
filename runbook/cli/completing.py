"""What the shell offers when Tab is pressed: quick, and silent about whatever cannot be read.

Names of stacks come from the logs of earlier runs, and from a practice account that runs already; none is started, and
nothing of AWS is asked.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable

__all__ = [
    "accounts",
    "drills",
    "endpoint_types",
    "levels",
    "outputs",
    "policies",
    "profiles",
    "runs",
    "stacks",
    "steps",
    "tracks",
]

WITHIN = 2.0
"""Seconds that a practice account has to answer; a shell that hangs on Tab is worse than one that offers less."""

Completer = Callable[[str], list[str]]


def _offering(names: Callable[[], Iterable[str]]) -> Completer:
    def offered(incomplete: str) -> list[str]:
        with contextlib.suppress(Exception):  # there is nowhere to say it
            return [name for name in dict.fromkeys(names()) if name.startswith(incomplete)]
        return []

    offered.__name__ = names.__name__
    return offered


def _steps() -> Iterable[str]:
    from steps.tracks import TRACKS

    return TRACKS.titles


def _outputs() -> Iterable[str]:
    from steps.tracks import TRACKS

    return TRACKS.outputs


def _tracks() -> Iterable[str]:
    from steps.tracks import TRACKS

    return TRACKS


def _drills() -> Iterable[str]:
    from drills.catalogue import COURSE

    return [module.__name__.rpartition(".")[2].replace("_", "-") for module in COURSE]


def _policies() -> Iterable[str]:
    from runbook.permissions import COMMANDS

    return COMMANDS


def _profiles() -> Iterable[str]:
    import botocore.session

    return botocore.session.Session().available_profiles


def _runs() -> Iterable[str]:
    from runbook.log import runs

    return ["last", *(path.stem for path in runs()), *_logged()]


def _stacks() -> Iterable[str]:
    return [*_logged(), *_asked(_practised)]


def _logged() -> list[str]:
    from runbook.log import runs, stack_of

    return sorted({stack_of(path) for path in runs()})


def _practised() -> list[str]:
    """The stacks of a practice account that runs."""
    from practice import background

    url = os.environ.get("AWS_ENDPOINT_URL", "")
    if not url:
        found = background.status()
        if found is None:
            return []
        url = found.url
    from runbook.accounts import Kind, connect
    from runbook.parameters import validated
    from runbook.stacks import stacks

    return [stack.name for stack in stacks(connect(Kind.PRACTICE, validated({}), endpoint_url=url).aws)]


def _asked(ask: Callable[[], list[str]]) -> list[str]:
    """What is answered in time."""
    answered: list[str] = []

    def put() -> None:
        with contextlib.suppress(Exception):
            answered.extend(ask())

    asking = threading.Thread(target=put, daemon=True)
    asking.start()
    asking.join(WITHIN)
    return list(answered)


accounts = _offering(lambda: ("practice", "aws"))
endpoint_types = _offering(lambda: ("REGIONAL", "EDGE"))
levels = _offering(lambda: ("easy", "medium", "hard"))
drills = _offering(_drills)
outputs = _offering(_outputs)
policies = _offering(_policies)
profiles = _offering(_profiles)
runs = _offering(_runs)
stacks = _offering(_stacks)
steps = _offering(_steps)
tracks = _offering(_tracks)
