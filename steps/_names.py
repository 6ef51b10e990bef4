"""The names of what several steps look for."""

from __future__ import annotations

from runbook.permissions import Scope


def load_balancer(stack: str) -> str:
    """The load balancer's name, unique in an account and region."""
    return f"{stack}-nlb"


def target_group(stack: str) -> str:
    """The target group's name, unique in an account and region."""
    return f"{stack}-targets"


def load_balancer_arn(scope: Scope) -> str:
    """The ARN of the stack's load balancer, for a policy."""
    return scope.arn("elasticloadbalancing", f"loadbalancer/net/{load_balancer(scope.stack)}/*")


def listener_arn(scope: Scope) -> str:
    """The ARN of the load balancer's listener, for a policy."""
    return scope.arn("elasticloadbalancing", f"listener/net/{load_balancer(scope.stack)}/*")


def target_group_arn(scope: Scope) -> str:
    """The ARN of the stack's target group, for a policy."""
    return scope.arn("elasticloadbalancing", f"targetgroup/{target_group(scope.stack)}/*")
