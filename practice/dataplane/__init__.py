"""The data plane: what answers the invoke URL, what TestInvokeMethod runs, and the execution logs of both."""

from __future__ import annotations

from . import access, cloudwatch, journal
from .application import LARGEST_BODY, PREFIX, api_id_of_host, application, too_large
from .destinations import allow_hosts, exclude_port
from .invoke_test import TestInvokeResult, test_invoke
from .journal import logs

__all__ = [
    "LARGEST_BODY",
    "PREFIX",
    "TestInvokeResult",
    "allow_hosts",
    "api_id_of_host",
    "application",
    "exclude_port",
    "logs",
    "reset",
    "test_invoke",
    "too_large",
]


def reset() -> None:
    """Forget every log kept and every request counted."""
    journal.reset()
    access.reset()
    cloudwatch.reset()
