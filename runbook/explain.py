"""An exception in words an operator can act on, whichever step or command met it."""

from __future__ import annotations

from runbook.failures import explained, is_denied
from runbook.policy import PERMISSIONS

__all__ = ["explain", "is_denied"]


def explain(error: BaseException, *, step: str = "", stack: str = "", region: str = "") -> str:
    """:func:`runbook.failures.explained`, by the permissions of all steps and commands."""
    return explained(error, step=step, stack=stack, region=region, permissions=PERMISSIONS)
