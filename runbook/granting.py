"""Permissions put together: statements of a policy, and the one that a refused caller lacks."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from runbook.permissions import Permission, Scope, Statement

__all__ = ["action_of", "assembled", "joined", "lacking"]

_ORDER = (
    # looking
    "LookAtNetwork",
    "LookAtLoadBalancing",
    "ListApisAndLinks",
    "LookAtEveryApi",
    "LookAtLinks",
    "LookAtOurApi",
    # making
    "MakeTargetGroup",
    "MakeInternalLoadBalancer",
    "MakeListener",
    "TagLoadBalancing",
    "MakeServiceLinkedRoles",
    "LetLoadBalancerIn",
    "TagRules",
    "MakeApisAndLinks",
    "TagWhatIsMade",
    "PrivateLinkForLinks",
    "LookAtPrivateLink",
    # changing and deleting what is ours
    "ChangeOurLoadBalancing",
    "MarkOurTargetGroup",
    "ChangeOurApi",
    "DeleteOurLinks",
    "RetagWhatIsOurs",
)
"""How policies have them, so that one that was attached before can be compared with a new one; others come after."""


def assembled(permissions: Iterable[Permission]) -> tuple[Statement, ...]:
    """The statements that these permissions are part of, each with all of its actions."""
    statements: dict[str, Statement] = {}
    for permission in permissions:
        statement = statements.setdefault(permission.statement.sid, permission.statement)
        merged = dict(statement.actions)
        for action in permission.actions:
            merged[action] = merged.get(action, frozenset()) | permission.uses
        statements[statement.sid] = replace(statement, actions=merged)
    places = {sid: place for place, sid in enumerate(_ORDER)}
    return tuple(sorted(statements.values(), key=lambda statement: places.get(statement.sid, len(places))))


def document(statement: Statement, scope: Scope, actions: Iterable[str]) -> dict[str, Any]:
    """A statement as IAM takes it, with these of its actions."""
    written: dict[str, Any] = {
        "Sid": statement.sid,
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": statement.resources(scope),
    }
    if statement.condition:
        written["Condition"] = statement.condition(scope)
    return written


def joined(
    statements: Iterable[Statement], scope: Scope, wanted: Callable[[Statement], Sequence[str]]
) -> dict[str, dict[str, Any]]:
    """Statements as a policy has them, by Sid: each with the actions that are wanted of it, if any, and those that
    join another taken in by it where both are wanted.
    """
    documents: dict[str, dict[str, Any]] = {}
    for statement in statements:
        if not (actions := wanted(statement)):
            continue
        written = document(statement, scope, actions)
        if (other := documents.get(statement.joins)) is not None:
            other["Action"] = sorted({*other["Action"], *written["Action"]})
            other["Resource"] = [*other["Resource"], *written["Resource"]]
        else:
            documents[statement.sid] = written
    return documents


def lacking(statements: Sequence[Statement], action: str, resource: str, stack: str, region: str) -> dict[str, Any]:
    """The statement that a caller lacks who was refused this action on this resource (empty when AWS names none).

    It is the one of these statements that fits, as a policy has it and narrowed down to the action: with the resources
    of those that it is joined with, which the caller would be refused next. Else it is the bare permission.
    ``stack`` and ``region`` are empty when they are not known: then it is for any, and what only looks is for all.
    """
    _, partition, _, where, account, *_ = [*resource.split(":"), *[""] * 6]
    scope = Scope(stack or "*", region or where or "*", account or "*", partition or "aws", "*")
    fitting = [
        statement
        for statement in statements
        if action in statement.actions
        and (not resource or any(fnmatch.fnmatchcase(resource, pattern) for pattern in statement.resources(scope)))
    ]
    if not stack:
        fitting = [each for each in fitting if each.condition is not Scope.owned] or fitting
    if fitting:
        # AWS names what is yet to be made with a star for its id: that is judged by the tags it is asked for with,
        # and what is there by the tags it has.
        made = resource.endswith("*")
        fits = fitting[0] if made else fitting[-1]
        together = joined(statements, scope, lambda each: [action] if action in each.actions else [])
        return together.get(fits.joins) or together[fits.sid]
    return {"Effect": "Allow", "Action": [action], "Resource": [resource or "*"]}


def action_of(statements: Iterable[Statement], operation: str) -> str:
    """The action that an operation of EC2 or Elastic Load Balancing is judged as; empty if none of these has it.

    (API Gateway's are judged by verb and path, and it names them.)
    """
    known = (action for statement in statements for action in statement.actions)
    return next((action for action in known if action.partition(":")[2] == operation), "")
