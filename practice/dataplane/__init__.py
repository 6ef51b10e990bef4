"""The data plane: what answers the invoke URL, what TestInvokeMethod runs, and the execution logs of both."""

from __future__ import annotations

from . import access, journal
from .application import PREFIX, api_id_of_host, application
from .invoke_test import TestInvokeResult, test_invoke
from .journal import logs

__all__ = ["PREFIX", "TestInvokeResult", "api_id_of_host", "application", "logs", "reset", "test_invoke"]


def reset() -> None:
    """Forget every log kept and every request counted."""
    journal.reset()
    access.reset()
