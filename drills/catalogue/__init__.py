"""The drills, in teaching order: along the path of a request, from the URL to the service."""

from types import ModuleType

from drills.catalogue import (
    doorbell,
    false_alarm,
    front_door,
    guest_list,
    lights_out,
    lost_number,
    not_me,
    open_house,
    room_number,
    verbatim,
    wrong_key,
)

COURSE: tuple[ModuleType, ...] = (
    front_door,
    verbatim,
    lost_number,
    doorbell,
    guest_list,
    room_number,
    false_alarm,
    wrong_key,
    open_house,
    lights_out,
    not_me,
)

__all__ = ["COURSE"]
