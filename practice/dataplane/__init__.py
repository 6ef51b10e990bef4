"""The data plane: what answers the invoke URL, what TestInvokeMethod runs, and the execution logs of both."""

from __future__ import annotations

from . import access, cloudwatch, journal
from .application import PREFIX, api_id_of_host, application
from .destinations import allow_hosts, exclude_port
from .invoke_test import TestInvokeResult, test_invoke
from .journal import logs

__all__ = [
    "PREFIX",
    "TestInvokeResult",
    "allow_hosts",
    "api_id_of_host",
    "application",
    "exclude_port",
    "logs",
    "reset",
    "test_invoke",
]


def reset() -> None:
    """Forget every log kept and every request counted."""
    journal.reset()
    access.reset()
    cloudwatch.reset()
