"""VPC links V2: how one comes to be, sleeps, and goes.

D: "Set up VPC links V2 in API Gateway" (developer guide) for the states, the interfaces and the 60 days; the words of
two states are those of the AWS CLI's examples (create-vpc-link, update-vpc-link), the others' are unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from practice import clock
from practice.durations import VPC_LINK_V2_DELETION, VPC_LINK_V2_IDLE, VPC_LINK_V2_PROVISIONING

if TYPE_CHECKING:
    from practice.ec2.interfaces import ServiceInterface

__all__ = ["VpcLinkV2"]

PROVISIONING: Final = "VPC link is provisioning ENIs"
READY: Final = "VPC link is ready to route traffic"


@dataclass(slots=True)
class VpcLinkV2:
    """A link. Its times are AWS seconds since the epoch."""

    id: str
    arn: str
    name: str
    subnet_ids: list[str]
    security_group_ids: list[str]
    created: float
    tags: dict[str, str] = field(default_factory=dict)
    deleted_at: float | None = None
    used: float | None = None
    """When a request last came through, or woke it up."""
    ready_at: float = 0.0
    """When its interfaces are there, or there again."""
    interfaces: list[ServiceInterface] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ready_at = self.created + VPC_LINK_V2_PROVISIONING

    @property
    def gone(self) -> bool:
        """Whether its deletion has come to an end."""
        return self.deleted_at is not None and clock.current().time() >= self.deleted_at + VPC_LINK_V2_DELETION

    @property
    def status(self) -> str:
        """PENDING, AVAILABLE, INACTIVE or DELETING, now."""
        now = clock.current().time()
        if self.deleted_at is not None:
            return "DELETING"
        if now < self.created + VPC_LINK_V2_PROVISIONING:
            return "PENDING"
        idle_since = max(self.ready_at, self.used or 0.0)
        return "INACTIVE" if now < self.ready_at or now - idle_since >= VPC_LINK_V2_IDLE else "AVAILABLE"

    def request(self) -> None:
        """A request wants through: it counts as traffic, and wakes a link that sleeps."""
        now = clock.current().time()
        if self.status == "INACTIVE" and now >= self.ready_at:
            self.ready_at = now + VPC_LINK_V2_PROVISIONING
        self.used = now

    def to_json(self) -> dict[str, Any]:
        """The link as GetVpcLink answers it."""
        message = {"PENDING": PROVISIONING, "AVAILABLE": READY}.get(self.status)
        return {
            "createdDate": datetime.fromtimestamp(self.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "name": self.name,
            "securityGroupIds": self.security_group_ids,
            "subnetIds": self.subnet_ids,
            "tags": self.tags,
            "vpcLinkId": self.id,
            "vpcLinkStatus": self.status,
            **({"vpcLinkStatusMessage": message} if message else {}),
            "vpcLinkVersion": "V2",
        }
