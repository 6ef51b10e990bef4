"""The names of what several steps look for."""

from __future__ import annotations


def load_balancer(stack: str) -> str:
    """The load balancer's name, unique in an account and region."""
    return f"{stack}-nlb"


def target_group(stack: str) -> str:
    """The target group's name, unique in an account and region."""
    return f"{stack}-targets"
