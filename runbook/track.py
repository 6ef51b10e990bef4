"""Tracks: lists of steps that lead to an invoke URL. What runs steps asks a track for them; no step is known here.

A stack belongs to one track and remembers which, in the tag ``runbook:track``; without the tag it is of the default.
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

from runbook.errors import BadInput, quoted
from runbook.parameters import COMMON, Parameters
from runbook.picture import Box
from runbook.step import Plan, Step

__all__ = ["Track", "Tracks"]


@dataclass(frozen=True)
class Track:
    """A way to build a stack: its steps in reading order."""

    id: str
    title: str
    about: str
    """What it sets up, in a sentence of the notebook's introduction."""
    steps: tuple[ModuleType, ...]

    @cached_property
    def plan(self) -> Plan:
        """The steps, read and validated. Raises :class:`StepsInvalid`."""
        return Plan.of(self.steps)

    @cached_property
    def parameters(self) -> frozenset[str]:
        """The parameters that it has: those of every track, and those that its steps read."""
        return COMMON.union(*(step.reads for step in self.plan.steps))


class Tracks(UserDict[str, Track]):
    """The tracks that there are, by id, the default first."""

    @classmethod
    def of(cls, *tracks: Track) -> Tracks:
        """These tracks."""
        return cls({track.id: track for track in tracks})

    @property
    def default(self) -> Track:
        """The track of a stack that names none."""
        return next(iter(self.values()))

    def named(self, name: str) -> Track:
        """The track of this name. Raises :class:`BadInput` with the names that there are."""
        if name not in self:
            raise BadInput("track", f"unknown track {quoted(name)}.", f"There are: {', '.join(self)}.")
        return self[name]

    def chosen(self, given: Parameters, remembered: Mapping[str, Any]) -> Track:
        """The track of a stack: what it remembers, else what is given, else the default.

        Raises :class:`BadInput` when another was given, and when it does not have a parameter that was given.
        """
        name = str(remembered.get("track", self.default.id)) if remembered else given.track
        if "track" in given.given and name != given.track:
            self.named(given.track)
            raise BadInput(
                "track",
                f"stack {given.stack} is of track {name}, not {given.track}, and cannot be moved to another track.",
                "Leave the track out, or name another stack.",
            )
        track = self.named(name)
        self.fit(track, given)
        return track

    def fit(self, track: Track, given: Parameters) -> None:
        """Raise :class:`BadInput` for the first parameter that was given and that the track does not have."""
        for name in Parameters.model_fields:
            if name in given.given - track.parameters:
                having = ", ".join(other.id for other in self.values() if name in other.parameters)
                raise BadInput(name, f"is not a parameter of track {track.id}.", f"Tracks that have it: {having}.")

    # --- of all tracks ----------------------------------------------------------------------------------------------

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all tracks, each once."""
        return tuple({step.module: step for track in self.values() for step in track.plan.steps}.values())

    @property
    def union(self) -> Plan:
        """The steps of all tracks, for what they know of AWS; not a plan to run."""
        return Plan(self.steps)

    @property
    def titles(self) -> Mapping[str, str]:
        """The titles of all steps, by id; the default track's first."""
        titles: dict[str, str] = {}
        for step in self.steps:
            titles.setdefault(step.id, step.title)
        return titles

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs of all tracks."""
        return tuple(dict.fromkeys(name for track in self.values() for name in track.plan.outputs))

    def step_id(self, name: str) -> str:
        """The id of a step of any track. Raises :class:`BadInput`."""
        wanted = name.strip().lower().replace("_", "-")
        ids = tuple(dict.fromkeys(step.id for step in self.steps))
        if wanted not in ids:
            raise BadInput("step", f"{quoted(name)} is no step.", f"There are: {', '.join(ids)}.")
        return wanted

    def boxes(self, track: object, steps: Iterable[str]) -> Mapping[str, Box]:
        """The boxes of the drawn path of a track; of one that is not known here, of those of its steps that are."""
        if isinstance(track, str) and track in self:
            return self[track].plan.boxes
        known = set(steps)
        return {step.id: step.box for step in self.steps if step.box is not None and step.id in known}
