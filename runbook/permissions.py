"""What a caller of AWS must be allowed: as steps and commands declare it, each for its own requests.

Sources: the service authorization reference (actions, resources and condition keys of Amazon API Gateway Management,
Elastic Load Balancing V2 and Amazon EC2), "Control access to API Gateway with IAM policies" (an HTTP verb on a path),
"Set up a private integration" (what the caller of CreateVpcLink needs besides), and "Service-linked roles" of both
services. Asking who one is (GetCallerIdentity) needs no permission.

A step says in ``PERMISSIONS`` which actions it needs, and for what::

    MAKE = Statement("MakeTargetGroup", lambda scope: [group(scope)], Scope.asked)
    PERMISSIONS = (
        LOOK_AT_LOAD_BALANCING.allow(CHECK, DOWN, LIST, actions="elasticloadbalancing:DescribeTargetGroups"),
        MAKE.allow(UP, actions="elasticloadbalancing:CreateTargetGroup"),
    )
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runbook.record import STACK

__all__ = [
    "CHANGE_OUR_API",
    "CHECK",
    "COMMANDS",
    "DOWN",
    "LINKS",
    "LIST",
    "LIST_APIS_AND_LINKS",
    "LOOK_AT_LOAD_BALANCING",
    "LOOK_AT_NETWORK",
    "LOOK_AT_OUR_API",
    "REPLACE",
    "ROLLBACK",
    "TRACE",
    "UP",
    "Permission",
    "Scope",
    "Statement",
]

UP, REPLACE, DOWN, CHECK, TRACE, LIST, ROLLBACK = "up", "replace", "down", "check", "trace", "list", "rollback"
LINKS = "links"

COMMANDS: Mapping[str, frozenset[str]] = {
    "check": frozenset({CHECK}),
    "plan": frozenset({CHECK}),
    "output": frozenset({CHECK}),
    "up": frozenset({CHECK, UP}),
    "replace": frozenset({CHECK, UP, REPLACE}),
    "down": frozenset({DOWN}),
    "expired": frozenset({LIST, DOWN}),
    "trace": frozenset({TRACE}),
    "links": frozenset({LINKS}),
    "list": frozenset({LIST}),
    "rollback": frozenset({ROLLBACK}),
    "all": frozenset({CHECK, UP, REPLACE, DOWN, TRACE, LIST, ROLLBACK}),
}
"""What a policy can be asked for. ``replace`` is ``up --replace``, ``expired`` is ``down --all-expired``.

``all`` is what one stack is worked with. ``expired``, which deletes of every stack, and ``links``, which looks into
APIs that are no stack's, are asked for by name.
"""


@dataclass(frozen=True)
class Scope:
    """Whose policy: fills the ARNs. A star stands for every stack, and for a region that is not known."""

    stack: str
    region: str
    account: str
    partition: str
    security_group: str

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def gateway(self, path: str) -> str:
        """The ARN of a path of API Gateway's; those name no account."""
        return f"arn:{self.partition}:apigateway:{self.region}::{path}"

    def asked(self) -> dict[str, dict[str, str]]:
        """The request brings the stack's tag."""
        return _is(f"aws:RequestTag/{STACK}", self.stack)

    def owned(self) -> dict[str, dict[str, str]]:
        """The resource has the stack's tag."""
        return _is(f"aws:ResourceTag/{STACK}", self.stack)

    def here(self) -> dict[str, dict[str, str]]:
        """Only in this region."""
        return _is("aws:RequestedRegion", self.region)


def _is(key: str, value: str) -> dict[str, dict[str, str]]:
    # To StringEquals a star is a star.
    return {"StringLike" if value == "*" else "StringEquals": {key: value}}


@dataclass(frozen=True)
class Statement:
    """A statement of a policy: on which resources, under which condition; steps say which actions it allows."""

    sid: str
    resources: Callable[[Scope], list[str]]
    condition: Callable[[Scope], Mapping[str, Mapping[str, Any]]] | None = None
    writes: bool = True
    """Whether it is for more than looking."""
    joins: str = ""
    """The statement of the same condition that takes it in where both are wanted, since a policy's size is limited.
    Their actions are the same, or AWS has none of them on the other's resources: joined they allow what they do apart.
    """
    actions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Each with what it is needed for; empty until the permissions are put together."""

    def allow(self, *uses: str, actions: str) -> Permission:
        """That these actions (several between spaces) are needed for these uses."""
        return Permission(self, tuple(actions.split()), frozenset(uses))


@dataclass(frozen=True)
class Permission:
    """Actions that a step or a command needs, and for what."""

    statement: Statement
    actions: tuple[str, ...]
    uses: frozenset[str]


# --- statements that steps and commands share -------------------------------------------------------------------------

LOOK_AT_NETWORK = Statement("LookAtNetwork", lambda _: ["*"], Scope.here, writes=False)
LOOK_AT_LOAD_BALANCING = Statement("LookAtLoadBalancing", lambda _: ["*"], Scope.here, writes=False)
LIST_APIS_AND_LINKS = Statement(
    "ListApisAndLinks", lambda scope: [scope.gateway("/restapis"), scope.gateway("/vpclinks")], writes=False
)
LOOK_AT_OUR_API = Statement("LookAtOurApi", lambda scope: [scope.gateway("/restapis/*")], Scope.owned, writes=False)
CHANGE_OUR_API = Statement("ChangeOurApi", lambda scope: [scope.gateway("/restapis/*")], Scope.owned)
