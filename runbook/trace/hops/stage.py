"""The stage: whether the API has it, what it lets through, and whether it notes anything down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runbook.path.configuration import Method
from runbook.trace.command import cli, patch_stage
from runbook.trace.model import Finding, Unseen, Weight
from runbook.trace.way import Way

__all__ = ["judge"]


def judge(way: Way) -> Iterator[Finding]:
    """The stage and its settings."""
    target = way.target
    match way.front.stage:
        case Unseen(why):
            yield Finding("stage", Weight.UNKNOWN, f"The stage could not be looked at: {why}.")
            return
        case None if way.front.api is None:
            yield Finding("stage", Weight.NOT_REACHED, "There is no API, so there is no stage.")
            return
        case None:
            yield Finding(
                "stage",
                Weight.BREAKS,
                f"API {target.api_id} has no stage {target.stage!r}."
                if target.stage
                else "The URL names no stage: its path is empty.",
                "Use a stage the API has, or deploy to this one.",
                cli("apigateway", "get-stages", rest_api_id=target.api_id, query="item[].[stageName,deploymentId]"),
            )
            return
        case stage:
            pass
    settings, method = stage.get("methodSettings", {}), way.aim.met
    rate, burst = _setting(settings, method, "throttlingRateLimit"), _setting(settings, method, "throttlingBurstLimit")
    at = f"{_patched_at(settings, method)}/throttling"
    throttle = patch_stage(target, f"{at}/rateLimit", "100", f"{at}/burstLimit", "50")
    if rate == 0 or burst == 0:
        yield Finding(
            "stage",
            Weight.BREAKS,
            f"Throttling lets nothing through: rate {rate}, burst {burst}.",
            "Raise the limits of the stage's method settings.",
            throttle,
            step="",
        )
    elif rate is None or (rate, burst) == (10000.0, 5000):
        yield Finding(
            "stage",
            Weight.ADVICE,
            "No throttling of its own: only the account's limits stand between a flood and the service.",
            command=throttle,
        )
    if str(_setting(settings, method, "loggingLevel") or "OFF") == "OFF":
        yield Finding(
            "stage",
            Weight.ADVICE,
            "Execution logging is off: after an error there is nothing to read.",
            command=patch_stage(target, "/*/*/logging/loglevel", "ERROR"),
        )
    if canary := stage.get("canarySettings"):
        yield Finding(
            "stage",
            Weight.SUSPICIOUS,
            f"A canary takes {canary.get('percentTraffic', 0)} % of the requests to deployment "
            f"{canary.get('deploymentId', '')}; trace follows the stage's own.",
            step="",
        )
    yield Finding("stage", Weight.FACT, f"Stage {target.stage!r} serves deployment {stage.get('deploymentId', '')}.")


def _setting(settings: Any, method: Method | None, name: str) -> Any:
    """A method setting: the method's own, else the stage's (``*/*``)."""
    return next((each[name] for each in (_own(settings, method), settings.get("*/*")) if each and name in each), None)


def _own(settings: Any, method: Method | None) -> Any:
    """Of ``~1path/VERB``; None where there are none."""
    own = f"{method.path.lstrip('/').replace('/', '~1')}/{method.verb}" if method else ""
    return next((settings[key] for key in (own, f"~1{own}", f"/{own}") if key in settings), None)


def _patched_at(settings: Any, method: Method | None) -> str:
    """Where a patch finds the settings that the request meets."""
    if method is None or _own(settings, method) is None:
        return "/*/*"
    return f"/{method.path.replace('/', '~1')}/{method.verb}"
