"""How findings name several things at once."""

from __future__ import annotations

from collections.abc import Iterable

from runbook.path.balancing import Registered

__all__ = ["listed", "states"]


def listed(values: Iterable[object]) -> str:
    """Each once, in a row."""
    return ", ".join(dict.fromkeys(filter(None, map(str, values))))


def states(targets: Iterable[Registered]) -> str:
    """How each target stands, as a sentence."""
    told = []
    for each in targets:
        why = " ".join(filter(None, (each.reason, each.description)))
        told.append(f"{each} {each.state}{f' ({why})' if why else ''}")
    return f"{'; '.join(told)}."
