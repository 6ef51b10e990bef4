"""What Elastic Load Balancing accepts (D: ELBv2 API reference, CreateLoadBalancer, CreateTargetGroup)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from .errors import ValidationError, not_in_enumeration, not_in_range

__all__ = [
    "check_health_check",
    "check_ip_address_type",
    "check_load_balancer_name",
    "check_port",
    "check_scheme",
    "check_tags",
]

_LONGEST_NAME: Final = 32

# Field of CreateTargetGroup and ModifyTargetGroup -> its range.
_RANGES: Final = {
    "healthCheckIntervalSeconds": (5, 300),
    "healthCheckTimeoutSeconds": (2, 120),
    "healthyThresholdCount": (2, 10),
    "unhealthyThresholdCount": (2, 10),
}
_HEALTH_CHECK_PROTOCOLS: Final = ("HTTP", "HTTPS", "TCP")


def check_load_balancer_name(name: str) -> None:
    """Raise ValidationError for a name that cannot be.

    The wording about length is T (cfn-lint#3259); the others follow the same pattern in what is known of target
    groups, and are K.
    """
    if len(name) > _LONGEST_NAME:
        raise ValidationError(f"The load balancer name '{name}' cannot be longer than '{_LONGEST_NAME}' characters")
    if not re.fullmatch(r"[a-zA-Z0-9-]+", name):
        raise ValidationError(
            f"The load balancer name '{name}' can only contain characters that are alphanumeric characters "
            "or hyphens(-)"
        )
    if name.startswith("-") or name.endswith("-"):
        raise ValidationError(f"The load balancer name '{name}' cannot begin or end with '-'")
    if name.startswith("internal-"):
        raise ValidationError(f"The load balancer name '{name}' cannot begin with 'internal-'")


def check_scheme(scheme: str) -> None:
    """Raise ValidationError for anything but the two schemes."""
    if scheme not in {"internet-facing", "internal"}:
        raise not_in_enumeration(scheme, "scheme", ["internet-facing", "internal"])


def check_ip_address_type(kind: str) -> None:
    """Raise ValidationError for what is not one of the types (their order in AWS's answer is unknown)."""
    types = ["ipv4", "dualstack", "dualstack-without-public-ipv4"]
    if kind not in types:
        raise not_in_enumeration(kind, "ipAddressType", types)


def check_port(port: Any, field: str = "port") -> int:
    """The port as a number. Raise ValidationError outside 1-65535."""
    number = int(port)
    if not 1 <= number <= 65535:
        raise not_in_range(number, field, 1, 65535)
    return number


def check_health_check(settings: Mapping[str, Any], *, protocol: str | None) -> None:
    """Raise ValidationError for a health check of a layer 4 target group that cannot be."""
    for field, (low, high) in _RANGES.items():
        value = settings.get(field)
        if value is not None and not low <= int(value) <= high:
            raise not_in_range(int(value), field, low, high)
    if protocol is not None and protocol not in _HEALTH_CHECK_PROTOCOLS:
        raise ValidationError(
            f"Health check protocol '{protocol}' must be one of '{', '.join(_HEALTH_CHECK_PROTOCOLS)}'"
        )
    path = settings.get("healthCheckPath")
    if path is not None and not str(path).startswith("/"):
        raise ValidationError("Health check path must begin with a '/' character")
    if path is not None and protocol == "TCP":
        raise ValidationError("You cannot specify a health check path for a target group with TCP health checks")


def check_tags(tags: list[dict[str, str]] | None) -> None:
    """Raise DuplicateTagKeys for a key given twice."""
    from moto.elbv2.exceptions import DuplicateTagKeysError

    seen: set[str] = set()
    for tag in tags or []:
        if tag["Key"] in seen:
            raise DuplicateTagKeysError(tag["Key"])
        seen.add(tag["Key"])
