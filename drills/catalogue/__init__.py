"""The drills, in teaching order: along the path of a request, from the URL to the service."""

from types import ModuleType

from drills.catalogue import (
    false_alarm,
    front_door,
    lost_number,
    open_house,
    verbatim,
)

COURSE: tuple[ModuleType, ...] = (
    front_door,
    verbatim,
    lost_number,
    false_alarm,
    open_house,
)

__all__ = ["COURSE"]
