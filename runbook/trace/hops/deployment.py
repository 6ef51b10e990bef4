"""The deployment: whether what is configured is what callers get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runbook.path.configuration import POLICY, Change, Configuration, differences
from runbook.trace.command import deploying
from runbook.trace.model import Finding, Unseen, Weight
from runbook.trace.way import Way

__all__ = ["judge", "to_blame"]

_SHOWN = 5  # methods


def judge(way: Way) -> Iterator[Finding]:
    """What is deployed beside what is configured."""
    front = way.front
    if front.stage is None:
        yield way.not_reached("deployment")
        return
    for unseen in (front.deployed, front.configured):
        if isinstance(unseen, Unseen):
            yield Finding("deployment", Weight.UNKNOWN, f"What is deployed cannot be compared: {unseen.why}.")
            return
    if not isinstance(front.deployed, Configuration) or not isinstance(front.configured, Configuration):
        return
    differing = differences(front.deployed, front.configured)
    if not differing:
        yield Finding("deployment", Weight.FACT, "What is configured is what is deployed.")
        return
    said = f"Undeployed changes: {_said(differing)}."
    yield Finding("deployment", Weight.SUSPICIOUS, said, *_redeploying(way))


def to_blame(way: Way, differing: Sequence[Change]) -> Finding:
    """What is configured would not fail where what is deployed does: these differences break the request."""
    said = f"What is configured is not what is deployed, and is not broken here: {_said(differing)}."
    return Finding("deployment", Weight.BREAKS, said, *_redeploying(way))


def _said(changes: Sequence[Change]) -> str:
    by_place: dict[str, list[str]] = {}
    for change in changes:
        by_place.setdefault(change.where, []).append(_in_words(change))
    said = [f"{where}: {'; '.join(what)}" for where, what in by_place.items()]
    more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    return f"{'. '.join(said[:_SHOWN])}{more}"


def _in_words(change: Change) -> str:
    if change.where == POLICY:
        return "deployed and configured differ"
    if not change.what:
        return "deployed, no longer configured" if change.deployed else "configured, not deployed"
    return f"{change.what} deployed {change.deployed or 'not set'}, configured {change.configured or 'not set'}"


def _redeploying(way: Way) -> tuple[str, str]:
    """How to serve what is configured: fix and command."""
    stage, deployments = way.front.stage, way.front.deployments
    current = stage.get("deploymentId", "") if stage and not isinstance(stage, Unseen) else ""
    newest = deployments[0]["id"] if deployments and not isinstance(deployments, Unseen) else ""
    fix = "Deploy again."
    if newest and newest != current:
        fix = (
            f"Deploy again; or, if deployment {newest}, the newest, has what is wanted, let the stage serve it "
            f"instead of {current} (/deploymentId of the stage)."
        )
    return fix, deploying(way.target)
