"""Exit codes."""

from __future__ import annotations

import signal

__all__ = ["BAD_INPUT", "BROKEN_PIPE", "DETAILED", "FAILED", "INTERRUPTED", "NOT_AS_IT_SHOULD_BE", "TERRAFORMS"]

FAILED = 1
BAD_INPUT = 2
NOT_AS_IT_SHOULD_BE = 3
INTERRUPTED = 128 + signal.SIGINT
BROKEN_PIPE = 128 + 13
"""As shells show a process that SIGPIPE ended: what read the output has stopped reading."""

DETAILED = "--detailed-exitcode"
"""The option of ``plan`` with which it exits as ``terraform plan -detailed-exitcode`` does."""
TERRAFORMS = {NOT_AS_IT_SHOULD_BE: 2, BAD_INPUT: FAILED}
"""Terraform's codes for ours, so that a pipeline need not tell the two apart; 0 and 1 are the same."""
