"""Which other service (a VPC link's endpoint service) holds a load balancer."""

from __future__ import annotations

from practice.clock import current

__all__ = ["associate", "association", "dissociate", "forget_all"]

# Load balancer ARN -> who holds it, and the AWS time when that ends (None: not in sight).
_holders: dict[str, tuple[str, float | None]] = {}


def associate(load_balancer_arn: str, service_id: str) -> None:
    """Note that ``service_id`` uses the load balancer, which cannot be deleted until it lets go."""
    _holders[load_balancer_arn] = (service_id, None)


def dissociate(load_balancer_arn: str, service_id: str, at: float | None = None) -> None:
    """Let go, now or ``at`` an AWS time to come. Nothing happens when somebody else holds the load balancer."""
    if association(load_balancer_arn) != service_id:
        return
    if at is None:
        del _holders[load_balancer_arn]
    else:
        _holders[load_balancer_arn] = (service_id, at)


def association(load_balancer_arn: str) -> str | None:
    """Who uses the load balancer, if anybody."""
    service_id, until = _holders.get(load_balancer_arn, (None, None))
    return None if until is not None and until <= current().time() else service_id


def forget_all() -> None:
    """For a reset of the account."""
    _holders.clear()
