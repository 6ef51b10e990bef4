"""The drills, in teaching order: along the path of a request, from the URL to the service."""

from types import ModuleType

from drills.catalogue import (
    bouncer,
    coffee_break,
    coin_toss,
    doorbell,
    false_alarm,
    front_door,
    guest_list,
    half_asleep,
    lights_out,
    lost_number,
    masquerade,
    moved_house,
    new_colleague,
    next_release,
    night_shift,
    not_me,
    old_hand,
    only_needed,
    open_house,
    room_number,
    shop_window,
    understudy,
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
    understudy,
    false_alarm,
    old_hand,
    wrong_key,
    half_asleep,
    moved_house,
    open_house,
    masquerade,
    only_needed,
    lights_out,
    not_me,
    coffee_break,
    new_colleague,
    bouncer,
    shop_window,
    coin_toss,
)

__all__ = ["COURSE"]
