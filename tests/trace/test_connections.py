"""Connections that only one end judges, or none."""

from __future__ import annotations

from runbook.path.addresses import Caller
from runbook.path.packets import Rule
from runbook.trace.connections import Pair
from runbook.trace.seen import Place

CLOSED = [
    Rule("sgr-1", "sg-target", False, "192.0.2.9/32", "tcp", 80, 80),
    Rule("sgr-2", "sg-node", True, "192.0.2.9/32", "tcp", 80, 80),
]
NODE = Caller("192.0.2.1/32", "subnet-a", ("sg-node",))


def test_who_has_no_security_group_lets_everybody_in() -> None:
    place = Place("192.0.2.9", 80, ip="192.0.2.9", groups=())
    assert Pair(NODE, place, 80).passes(CLOSED) is True
    assert Pair(NODE, place, 80).let_in(CLOSED, 81) is True  # as on the port of a health check


def test_what_has_no_address_any_more_is_judged_by_its_own_groups() -> None:
    gone = Place("i-1", 80, groups=("sg-target",))
    assert Pair(NODE, gone, 80).let_out(CLOSED) is True
    assert Pair(NODE, gone, 80).passes(CLOSED) is False
