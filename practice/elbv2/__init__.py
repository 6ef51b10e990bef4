"""Elastic Load Balancing v2 as this path needs it: Network Load Balancers that take time and have interfaces."""

from __future__ import annotations

from .associations import associate, association, dissociate

__all__ = ["associate", "association", "dissociate", "install"]


def install() -> None:
    """Put our backends in the place of moto's. May be called again."""
    from moto.elb.models import elb_backends
    from moto.elbv2.models import elbv2_backends

    from .models import ClassicELBBackend, ELBv2Backend

    elbv2_backends.backend = ELBv2Backend
    # Both generations share one host name, and moto finds the classic one first.
    elb_backends.backend = ClassicELBBackend
