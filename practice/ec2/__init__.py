"""EC2 as this path needs it, on top of moto's."""

from __future__ import annotations

__all__ = ["install"]


def install() -> None:
    """Put our backend in the place of moto's. May be called again."""
    from moto.ec2.models import ec2_backends

    from .models import EC2Backend

    ec2_backends.backend = EC2Backend
