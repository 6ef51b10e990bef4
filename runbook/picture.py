"""The path of a request, drawn: from the invoke URL to the instances, lit as far as it is known to work.

Each step says in its ``BOX`` where its resource is on the path. A run lights the picture step by step, a trace hop by
hop. Nothing here knows a front end: the picture is rows of text, each piece with the light that it is to be shown in.
"""

from __future__ import annotations

import dataclasses
import enum
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runbook.events import Action, Outcome
from runbook.present import safe

__all__ = [
    "SIGNS",
    "Box",
    "Light",
    "Part",
    "Place",
    "Row",
    "Station",
    "drawn",
    "light_of",
    "of_hops",
    "of_steps",
    "plain",
]


class Place(enum.Enum):
    """A station of the path, in the order in which a request passes them: its title, and its name in few letters."""

    URL = "URL", "URL"
    STAGE = "Stage", "stage"
    LINK = "VPC link", "link"
    BALANCER = "Load balancer", "balancer"
    ADDRESSES = "Addresses", "addresses"
    GROUP = "Target group", "group"
    INSTANCES = "Instances", "instances"

    def __init__(self, title: str, short: str) -> None:
        self.title = title
        self.short = short


@dataclass(frozen=True, slots=True)
class Box:
    """What a step makes, as a part of the path."""

    place: Place
    name: str
    shows: tuple[str, ...] = ()
    """Format strings over the fields of the step's fact, such as ``"{protocol} {port}"``: a line each."""
    each: str = ""
    """The field that lists several of a kind; ``shows`` is then about each of them."""
    hops: tuple[str, ...] = ()
    """The hops of a trace that judge it."""
    short: str = ""
    """Its name where there is little room."""

    def details(self, fact: object) -> tuple[str, ...]:
        """What is shown of the fact, or of how a log has it; empty values are left out."""
        several = _value(fact, self.each) if self.each else [fact]
        lines = (_format(form, item) for item in several or () for form in self.shows)
        return tuple(line for line in lines if line)


class Light(enum.Enum):
    """How a part of the path is shown."""

    DARK = "dark"
    """Nothing is known of it, or it is not there and not wanted."""
    BUSY = "busy"
    """It is being looked at, made or removed."""
    LIT = "lit"
    MISSING = "missing"
    WRONG = "wrong"
    """It is there, but differs, or may break the request."""
    UNKNOWN = "unknown"
    """It could not be looked at."""
    BROKEN = "broken"


SIGNS = {
    Light.DARK: "·",
    Light.BUSY: "◌",
    Light.LIT: "✓",
    Light.MISSING: "○",
    Light.WRONG: "≠",
    Light.UNKNOWN: "?",
    Light.BROKEN: "✗",
}
# What decides how a station is shown, the most telling first.
_TELLING = (Light.BROKEN, Light.BUSY, Light.WRONG, Light.MISSING, Light.UNKNOWN)

_LIGHTS = {
    Outcome.OK: Light.LIT,
    Outcome.DONE: Light.LIT,
    Outcome.MISSING: Light.MISSING,
    Outcome.SKIPPED: Light.MISSING,
    Outcome.DRIFTED: Light.WRONG,
    Outcome.STOPPED: Light.WRONG,
    Outcome.UNKNOWN: Light.UNKNOWN,
    Outcome.FAILED: Light.BROKEN,
}


def light_of(outcome: Outcome | None, action: Action | None = None) -> Light:
    """The light of a step that ended so in a run with this action."""
    if outcome is None or (action is Action.DOWN and outcome is Outcome.OK):
        return Light.DARK
    return _LIGHTS.get(outcome, Light.DARK)


@dataclass(frozen=True, slots=True)
class Part:
    """A step's or a hop's share of a station."""

    id: str
    name: str
    light: Light
    details: tuple[str, ...] = ()
    short: str = ""


@dataclass(frozen=True, slots=True)
class Station:
    """One box of the picture."""

    place: Place
    parts: tuple[Part, ...]

    @property
    def light(self) -> Light:
        """The light of its parts together: lit only if all are."""
        lights = {part.light for part in self.parts}
        if telling := next((light for light in _TELLING if light in lights), None):
            return telling
        return Light.LIT if lights == {Light.LIT} else Light.DARK


def of_steps(boxes: Mapping[str, Box], lights: Mapping[str, Light], facts: Mapping[str, object]) -> list[Station]:
    """The path as a run has found or made it. ``boxes``: of the steps, by id."""
    return _stations(
        (box.place, Part(step, box.name, lights.get(step, Light.DARK), box.details(facts.get(step)), box.short))
        for step, box in boxes.items()
    )


def of_hops(boxes: Mapping[str, Box], hops: Iterable[tuple[str, str, Light]]) -> list[Station]:
    """The path as a trace has found it: each hop's id, title and light."""
    places = {hop: box.place for box in boxes.values() for hop in box.hops}
    return _stations((places[hop], Part(hop, title, light)) for hop, title, light in hops if hop in places)


def _stations(parts: Iterable[tuple[Place, Part]]) -> list[Station]:
    by_place: dict[Place, list[Part]] = {place: [] for place in Place}
    for place, part in parts:
        by_place[place].append(part)
    return [Station(place, tuple(found)) for place, found in by_place.items() if found]


# --- as text --------------------------------------------------------------------------------------------------------

Row = list[tuple[str, Light]]
"""A line of the picture: its pieces, each with its light."""

_NARROWEST = 14  # columns of a box: room for "Load balancer" cut by one at most


def drawn(stations: Sequence[Station], width: int, height: int) -> list[Row]:
    """The picture in at most so many columns and rows: boxes side by side where there is room, else one line."""
    across = (width - (len(stations) - 1)) // max(1, len(stations))
    if across < _NARROWEST or height < 4:
        return [_line(stations, width)]
    inside = height - 2
    columns = [_box(station, across, inside) for station in stations]
    rows: list[Row] = []
    for number in range(height):
        row: Row = []
        for place, (station, column) in enumerate(zip(stations, columns, strict=True)):
            row += column[number]
            if place < len(stations) - 1:
                row.append(
                    (
                        "▶" if number == 1 else " ",
                        station.light if station.light in (Light.LIT, Light.BROKEN) else Light.DARK,
                    )
                )
        rows.append(row)
    return rows


def plain(rows: Iterable[Row]) -> str:
    """The picture without its lights."""
    return "\n".join("".join(text for text, _ in row).rstrip() for row in rows)


def _line(stations: Sequence[Station], width: int) -> Row:
    for between, names in ((" → ", True), ("→", True), ("→", False)):
        row: Row = []
        for place, station in enumerate(stations):
            name = station.place.short if names else ""
            space = " " if names and between == " → " else ""
            row.append((f"{SIGNS[station.light]}{space}{name}", station.light))
            if place < len(stations) - 1:
                row.append((between, Light.DARK))
        if sum(len(text) for text, _ in row) <= width:
            break
    return row


def _box(station: Station, width: int, inside: int) -> list[Row]:
    room, light = width - 2, station.light
    title = _named(light, station.place.title, station.place.short, room)
    lines = [(title, light), *_inside(station, room, inside - 1)]
    lines += [("", light)] * (inside - len(lines))
    return [
        [(f"╭{'─' * room}╮", light)],
        *([("│", light), (_fit(line, room), of_line), ("│", light)] for line, of_line in lines),
        [(f"╰{'─' * room}╯", light)],
    ]


def _named(light: Light, name: str, short: str, room: int) -> str:
    shown = name if len(name) + 2 <= room or not short else short[0].upper() + short[1:]
    return f"{SIGNS[light]} {shown}"


def _inside(station: Station, room: int, lines: int) -> Row:
    """Each part, with what is known of it as far as there is room; where there is little, the signs of the parts."""
    light = station.light
    if lines < len(station.parts):
        signs = "".join(SIGNS[part.light] for part in station.parts)
        known = [(line, light) for part in station.parts for line in part.details[:1]]
        return [*([(signs, light)] if len(station.parts) > 1 else []), *known][:lines]
    alone = len(station.parts) == 1 and station.parts[0].name == station.place.title
    left = lines - len(station.parts) + alone
    found: Row = []
    for part in station.parts:
        details = part.details[:left]
        left -= len(details)
        found += [] if alone else [(_named(part.light, part.name, part.short, room), part.light)]
        found += [(line if alone else f" {line}", part.light) for line in details]
    return found


def _fit(text: str, room: int) -> str:
    return text.ljust(room) if len(text) <= room else f"{text[: room - 1]}…"


# --- facts ----------------------------------------------------------------------------------------------------------


class _Fields(string.Formatter):
    """Formats by the fields of a fact; what it does not have is empty."""

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:  # noqa: ARG002
        found = _value(args[0], str(key))
        return "" if found is None else found


_FIELDS = _Fields()


def _format(form: str, fact: object) -> str:
    known = isinstance(fact, Mapping) or dataclasses.is_dataclass(fact)
    return " ".join(safe(_FIELDS.format(form, fact)).split()) if known else ""


def _value(fact: object, name: str) -> Any:
    return fact.get(name) if isinstance(fact, Mapping) else getattr(fact, name, None)
