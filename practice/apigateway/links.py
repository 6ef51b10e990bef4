"""VPC links (V1): how one comes to be, serves, and goes.

A link's state is computed from the clock when it is read. Its NLB is held from CreateVpcLink until the link is
really gone, which is why an NLB cannot be deleted in between and a second link on it fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from practice import clock
from practice.apigateway.errors import BadRequest
from practice.apigateway.patch import Patch, require_replace_of
from practice.durations import VPC_LINK_DELETION, VPC_LINK_PROVISIONING

__all__ = ["VpcLink", "check_target_arns"]

READY: Final = "Your vpc link is ready for use"  # R: get_vpc_link
NLB_NOT_ACTIVE: Final = (  # T: aws-cloudformation/cloudformation-coverage-roadmap#1951
    "NLB is not in active state. If you recently created this NLB, please wait for it to become active and try again."
)
NLB_TAKEN: Final = "NLB is already associated with another VPC Endpoint Service"  # T: terraform-provider-aws#12796
NOT_AN_NLB: Final = "NLB ARN is malformed"  # T: terraform-provider-aws#30910

_ARN: Final = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:.+")


@dataclass(slots=True)
class VpcLink:
    """A link. `failure` is the statusMessage it will fail with; `deleted_at` is AWS seconds since the epoch."""

    id: str
    arn: str
    name: str
    target_arns: list[str]
    created: float
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    failure: str | None = None
    deleted_at: float | None = None

    @property
    def gone(self) -> bool:
        """Whether its deletion has come to an end."""
        return self.deleted_at is not None and clock.current().time() >= self.gone_at(self.deleted_at)

    @staticmethod
    def gone_at(deleted_at: float) -> float:
        """When a link deleted at that time will have gone."""
        return deleted_at + VPC_LINK_DELETION

    @property
    def status(self) -> str:
        """PENDING, AVAILABLE, FAILED or DELETING, now."""
        if self.deleted_at is not None:
            return "DELETING"
        if clock.current().time() < self.created + VPC_LINK_PROVISIONING:
            return "PENDING"
        return "FAILED" if self.failure else "AVAILABLE"

    @property
    def status_message(self) -> str | None:
        """What AWS says of the state, now; None while it says nothing."""
        match self.status:
            case "AVAILABLE":
                return READY
            case "FAILED":
                return self.failure
        return None

    def to_json(self, *, with_tags: bool) -> dict[str, Any]:
        """The link as the single get answers it, or without `tags` as the list was recorded."""
        answer: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "targetArns": self.target_arns,
            "status": self.status,
        }
        if self.description:
            answer["description"] = self.description
        if message := self.status_message:
            answer["statusMessage"] = message
        if with_tags:
            answer["tags"] = self.tags
        return answer

    def apply(self, patch: Patch) -> None:
        """Carry out one patch operation of UpdateVpcLink."""
        if patch.segments and patch.segments[0] == "targetArns":
            # T: terraform-provider-aws#2512
            raise BadRequest("Target arns are not allowed to be changed/added.")
        require_replace_of(patch, ("/name", "/description"))
        if patch.path == "/name":
            if not patch.value:
                raise BadRequest("Name cannot be empty")
            self.name = patch.value
        else:
            self.description = patch.value


def check_target_arns(arns: list[str]) -> None:
    """Raise BadRequest for targets that CreateVpcLink refuses outright."""
    if len(arns) > 1:
        raise BadRequest("More than one target arn specified for vpc link.")  # T: terraform-provider-aws#2512
    for arn in arns:
        if not _ARN.fullmatch(arn):
            raise BadRequest(f"Invalid ARN. ARN is not well formed {arn}")
