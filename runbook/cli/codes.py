"""Exit codes."""

from __future__ import annotations

import signal

__all__ = ["BAD_INPUT", "BROKEN_PIPE", "FAILED", "INTERRUPTED", "NOT_AS_IT_SHOULD_BE"]

FAILED = 1
BAD_INPUT = 2
NOT_AS_IT_SHOULD_BE = 3
INTERRUPTED = 128 + signal.SIGINT
BROKEN_PIPE = 128 + 13
"""As shells show a process that SIGPIPE ended: what read the output has stopped reading."""
