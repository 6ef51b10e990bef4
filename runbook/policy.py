"""The smallest IAM policy under which a command works on one stack, put together from what steps and commands declare.

What AWS lets nobody narrow down (Describe calls) is limited to the region; taking a rule away is judged by its security
group, so name that; what is made must carry the stack's tag;
what is changed or deleted must have it. So the policy adopts nothing: taking over untagged resources (``--adopt``)
needs more, on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runbook import granting, rollback
from runbook.errors import BadInput, quoted
from runbook.permissions import COMMANDS, Permission, Scope, Statement
from runbook.trace.permissions import PERMISSIONS as OF_TRACE
from steps.tracks import TRACKS

__all__ = ["COMMANDS", "PERMISSIONS", "action_of", "allowing", "needs", "policy"]

PERMISSIONS: tuple[Permission, ...] = (
    *TRACKS.union.permissions,
    *OF_TRACE,
    *rollback.PERMISSIONS,
)
"""Of all steps and commands."""

_STATEMENTS: tuple[Statement, ...] = granting.assembled(PERMISSIONS)

_OF_EVERY_STACK = frozenset({"expired"})


def needs(command: str) -> frozenset[str]:
    """What a command is for. Raises :class:`BadInput` when there is none of this name."""
    try:
        return COMMANDS[command]
    except KeyError:
        raise BadInput("command", f"{quoted(command)} has no policy.", f"There are: {', '.join(COMMANDS)}.") from None


def policy(
    stack: str,
    region: str,
    account: str,
    command: str,
    read_only: bool = False,
    *,
    partition: str = "aws",
    security_group: str = "*",
) -> dict[str, Any]:
    """The policy document for a command on a stack; with ``read_only`` what only looks.

    ``security_group`` narrows the rules down to the instances' group; of a command for every stack, ``stack`` says
    nothing. Raises :class:`BadInput` for an unknown command.
    """
    wanted = needs(command)
    scope = Scope("*" if command in _OF_EVERY_STACK else stack, region, account, partition, security_group)

    def asked_for(statement: Statement) -> list[str]:
        if read_only and statement.writes:
            return []
        return [name for name, asking in statement.actions.items() if asking & wanted]

    documents = granting.joined(_STATEMENTS, scope, asked_for).values()
    return {
        "Version": "2012-10-17",
        "Statement": [document for document in documents if not any(_covers(other, document) for other in documents)],
    }


def _covers(other: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Whether another statement allows all that this one does."""
    return (
        other is not document
        and other.get("Condition") == document.get("Condition")
        and {*other["Action"]} >= {*document["Action"]}
        and {*other["Resource"]} >= {*document["Resource"]}
    )


def allowing(action: str, resource: str, stack: str, region: str) -> dict[str, Any]:
    """The statement that a caller lacks who was refused this action on this resource (empty when AWS names none).

    It is the one of :func:`policy` if that has one, narrowed down to the action; else the bare permission. ``stack``
    and ``region`` are empty when they are not known: then it is for any, and what only looks is for all.
    """
    return granting.lacking(_STATEMENTS, action, resource, stack, region)


def action_of(operation: str) -> str:
    """The action that an operation of EC2 or Elastic Load Balancing is judged as; empty if the policy knows none."""
    return granting.action_of(_STATEMENTS, operation)
