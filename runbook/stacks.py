"""All stacks of an account and region, found by their tag; with state, age, and when they may go.

The tag ``ttl`` (one of your own, ``--tags ttl=8h``) says how long a stack is wanted: a time after its making (``45m``,
``8h``, ``2d``), or a point in time (``2026-12-01T18:00Z``). It is what ``down --all-expired`` goes by, so that training
leaves no bill behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

from botocore.exceptions import BotoCoreError, ClientError

from runbook.aws import Aws
from runbook.parts import Counting, Part, Tagged
from runbook.path import gateway
from runbook.record import STACK, TRACK, from_list
from steps.tracks import TRACKS

__all__ = ["TTL", "NoSuchStack", "Stack", "closest", "expired", "invoke_urls", "no_such_stack", "stacks", "until"]

TTL = "ttl"

PARTS = tuple(part.kind for part in TRACKS.default.plan.parts)
"""Of the default track: what a whole stack has of its own, and what has a tag of its own."""

_NAMED = 20  # stacks in a sentence
_AFTER = re.compile(r"(\d{1,5})\s*([mhd])")
_NEVER = datetime.max.replace(tzinfo=UTC)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as far as it can be seen from outside."""

    name: str
    parts: tuple[str, ...]
    """Which of :data:`PARTS` it has."""
    created: datetime | None
    """When the oldest of its parts was made, as far as AWS tells; a link and a rule tell nothing."""
    expires: datetime | None
    """By its ``ttl`` tag; None without one, or when that says nothing that can be understood."""
    ttl: str = ""
    """The tag as it is written."""
    apis: tuple[str, ...] = ()
    """The ids of its REST APIs."""
    whole: tuple[str, ...] = PARTS
    """What it would have, if it were whole."""

    @property
    def missing(self) -> tuple[str, ...]:
        """What a whole stack would have besides."""
        return tuple(part for part in self.whole if part not in self.parts)

    @property
    def state(self) -> str:
        """``whole``, or which parts there are. Whether they are as they should be only ``check`` tells."""
        return "whole" if not self.missing else f"only {', '.join(self.parts)}"

    def age(self, now: datetime) -> timedelta | None:
        """How long it has been there."""
        return now - self.created if self.created else None

    def is_expired(self, now: datetime) -> bool:
        """Whether it is past its ``ttl``. One that cannot be understood never expires."""
        return self.expires is not None and self.expires <= now


def stacks(aws: Aws, looked_at: Counting = lambda _done, _all: None) -> list[Stack]:
    """The stacks of the account and region, by name; ``looked_at`` hears how many links were asked for their tags."""
    found: dict[str, list[tuple[str, Mapping[str, str], Tagged]]] = {}
    for kind, tags, tagged in _found(aws, looked_at, TRACKS.union.parts):
        if name := tags.get(STACK):
            found.setdefault(name, []).append((kind, tags, tagged))
    return [_stack(name, there, _whole(there)) for name, there in sorted(found.items())]


def expired(found: Iterable[Stack], now: datetime) -> list[Stack]:
    """Those past their ``ttl``."""
    return [stack for stack in found if stack.is_expired(now)]


@dataclass(frozen=True, slots=True)
class NoSuchStack:
    """A stack of which nothing is there, though it was asked for by name."""

    name: str
    region: str
    others: tuple[str, ...]
    """The stacks that are there, the names most like it first."""

    @property
    def there(self) -> str:
        """Which stacks there are, as a sentence."""
        if not self.others:
            return "There are no other stacks either."
        more = len(self.others) - _NAMED
        return f"There are: {', '.join(self.others[:_NAMED])}" + (f", and {more} more." if more > 0 else ".")

    def __str__(self) -> str:
        return f"There is no stack {self.name} in {self.region}. {self.there}"


def no_such_stack(aws: Aws, name: str) -> NoSuchStack | None:
    """That nothing of a stack is there, and which stacks are; None when something is, or when AWS does not say."""
    try:
        names = [stack.name for stack in stacks(aws)]
    except (ClientError, BotoCoreError):  # not allowed to look, say: this is beside what was asked for
        return None
    return None if name in names else NoSuchStack(name, aws.region, tuple(closest(name, names)))


def closest(name: str, names: Iterable[str]) -> list[str]:
    """Names, those most like ``name`` first and the others in order."""
    names = sorted(set(names))
    alike = get_close_matches(name, names, n=len(names) or 1)
    return [*alike, *(other for other in names if other not in alike)]


def until(ttl: str, created: datetime | None) -> datetime | None:
    """The point in time a ``ttl`` tag means, or None."""
    text = ttl.strip()
    if after := _AFTER.fullmatch(text):
        return created + timedelta(**{_UNITS[after[2]]: int(after[1])}) if created else None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _whole(there: Iterable[tuple[str, Mapping[str, str], Tagged]]) -> tuple[str, ...]:
    """What a whole stack of the same track has."""
    named = (tags[TRACK] for _, tags, _ in there if TRACK in tags)
    track = TRACKS.get(next(named, ""), TRACKS.default)
    return tuple(part.kind for part in track.plan.parts)


def _stack(name: str, there: list[tuple[str, Mapping[str, str], Tagged]], whole: tuple[str, ...]) -> Stack:
    created = min((tagged.created for _, _, tagged in there if tagged.created), default=None)
    wishes = {ttl: until(ttl, created) for _, tags, _ in there if (ttl := tags.get(TTL))}
    # Parts may disagree after a change by hand. The longest wish counts, and one that cannot be understood is the
    # longest: deleting is what cannot be taken back.
    ttl = max(wishes, key=lambda text: (wishes[text] is None, wishes[text] or _NEVER), default="")
    expires = wishes.get(ttl)
    kinds = {kind for kind, _, _ in there}
    apis = tuple(tagged.api for _, _, tagged in there if tagged.api)
    return Stack(name, tuple(kind for kind in whole if kind in kinds), created, expires, ttl, apis, whole)


def invoke_urls(aws: Aws, stack: Stack) -> list[str]:
    """The invoke URL of each stage of a stack; none where AWS does not say."""
    try:
        return [aws.invoke_url(api, stage["stageName"]) for api in stack.apis for stage in gateway.stages(aws, api)]
    except ClientError:  # not allowed to look, or gone meanwhile: the list is of use without it
        return []


def _found(aws: Aws, looked_at: Counting, parts: Sequence[Part]) -> Iterator[tuple[str, Mapping[str, str], Tagged]]:
    """All that has tags of its own: its kind, its tags and itself."""
    untold: dict[str, tuple[str, Tagged]] = {}
    for part in parts:
        for tagged in part.all(aws, looked_at):
            if tagged.tags is None:
                untold[tagged.arn] = (part.kind, tagged)
            else:
                yield part.kind, tagged.tags, tagged
    for arn, tags in aws.tags(list(untold)):
        kind, tagged = untold[arn]
        yield kind, from_list(tags), tagged
