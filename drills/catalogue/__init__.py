"""The drills, in teaching order: along the path of a request, from the URL to the service."""

from types import ModuleType

from drills.catalogue import (
    coffee_break,
    doorbell,
    false_alarm,
    front_door,
    guest_list,
    half_asleep,
    lights_out,
    lost_number,
    masquerade,
    next_release,
    night_shift,
    not_me,
    old_hand,
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
    next_release,
    guest_list,
    night_shift,
    room_number,
    false_alarm,
    old_hand,
    wrong_key,
    half_asleep,
    open_house,
    masquerade,
    lights_out,
    not_me,
    coffee_break,
)

__all__ = ["COURSE"]
