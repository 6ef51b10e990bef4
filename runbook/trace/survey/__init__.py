"""Everything a trace looks at, asked of AWS in a few waves, each side by side. Nothing is judged here."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from runbook.aws import Aws
from runbook.path.configuration import Configuration
from runbook.trace.aim import Aim, aim_at
from runbook.trace.model import known
from runbook.trace.seen import Back, Front
from runbook.trace.survey.asking import Asking
from runbook.trace.survey.back import look_behind
from runbook.trace.survey.front import look_at_gateway
from runbook.trace.target import Target

__all__ = ["Survey", "survey"]


@dataclass(frozen=True, slots=True)
class Survey:
    """All that was seen."""

    front: Front
    aim: Aim
    back: Back | None
    lacking: tuple[str, ...] = ()
    """The statements, as JSON, that a policy of the caller lacks to look at the rest."""


def survey(aws: Aws, target: Target) -> Survey:
    """Look at everything on the path. Only reads. Raises only what ends the whole login."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        asking = Asking(aws, pool)
        front = look_at_gateway(asking, target)
        served = front.deployed if isinstance(front.deployed, Configuration) else front.configured
        aim = aim_at(front, served if isinstance(served, Configuration) else None, target)
        balancer = known(front.balancers).get(aim.balancer)
        back = look_behind(asking, front, aim, balancer) if balancer is not None else None
        return Survey(front, aim, back, tuple(asking.lacking))
