"""IAM's evaluation logic for identity-based policies: Deny over Allow over nothing.

D: IAM user guide, "Policy evaluation logic", "IAM JSON policy elements: Condition operators". Pure: who asks, and
which values a request brings, is `practice.iam`'s.
"""

from __future__ import annotations

import fnmatch
import functools
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

__all__ = ["Decision", "Request", "decide"]


class Decision(Enum):
    """What a set of policies says of a request."""

    ALLOW = "allow"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"


@dataclass(frozen=True, slots=True)
class Request:
    """One action on one resource. `context` maps condition keys in lower case to the values the request brings."""

    action: str
    resource: str
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)


def decide(policies: Iterable[Mapping[str, Any]], request: Request) -> Decision:
    """What the policy documents say of the request together."""
    decision = Decision.IMPLICIT_DENY
    for policy in policies:
        for statement in _list(policy.get("Statement")):
            if _applies(statement, request):
                if statement.get("Effect") == "Deny":
                    return Decision.EXPLICIT_DENY
                decision = Decision.ALLOW
    return decision


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    return (
        _action_matches(statement, request.action)
        and _resource_matches(statement, request)
        and all(
            _condition_holds(operator, key, _list(values), request.context)
            for operator, block in (statement.get("Condition") or {}).items()
            for key, values in block.items()
        )
    )


def _action_matches(statement: Mapping[str, Any], action: str) -> bool:
    # Actions are matched without regard to case.
    named = statement.get("Action", statement.get("NotAction"))
    found = any(_like(action.lower(), pattern.lower()) for pattern in _list(named))
    return found if "Action" in statement else not found


def _resource_matches(statement: Mapping[str, Any], request: Request) -> bool:
    named = statement.get("Resource", statement.get("NotResource"))
    found = any(_like(request.resource, _with_variables(pattern, request.context)) for pattern in _list(named))
    return found if "Resource" in statement else not found


@functools.lru_cache(maxsize=2048)
def _pattern(pattern: str) -> re.Pattern[str]:
    # `*` and `?` only: a bracket is a bracket.
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))


def _like(value: str, pattern: str) -> bool:
    return _pattern(pattern).match(value) is not None


_VARIABLE: Final = re.compile(r"\$\{([^}]+)\}")


def _with_variables(pattern: str, context: Mapping[str, Sequence[str]]) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name in ("*", "?", "$"):
            return name
        values = context.get(name.lower(), ())
        return values[0] if len(values) == 1 else found[0]

    return _VARIABLE.sub(value, pattern) if "${" in pattern else pattern


def _condition_holds(operator: str, key: str, wanted: list[Any], context: Mapping[str, Sequence[str]]) -> bool:
    values = context.get(key.lower())
    quantifier, _, operator = operator.rpartition(":")
    if_exists = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    if operator == "Null":
        return (values is None) == (str(wanted[0]).lower() == "true")
    if values is None:
        # A key that is not there matches a negated operator, `IfExists` and ForAllValues, and nothing else.
        return if_exists or quantifier == "ForAllValues" or operator in _NEGATED
    texts = [_with_variables(str(one), context) for one in wanted]
    matches = _OPERATORS.get(_NEGATED.get(operator, operator))
    if matches is None:
        return False

    def holds(value: str) -> bool:
        found = any(matches(value, text) for text in texts)
        return not found if operator in _NEGATED else found

    if quantifier == "ForAllValues":
        return all(holds(value) for value in values)
    if operator in _NEGATED and quantifier != "ForAnyValue":
        return all(holds(value) for value in values)
    return any(holds(value) for value in values)


def _number(test: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def compare(value: str, wanted: str) -> bool:
        try:
            return test(float(value), float(wanted))
        except ValueError:
            return False

    return compare


def _date(test: Callable[[datetime, datetime], bool]) -> Callable[[str, str], bool]:
    def moment(text: str) -> datetime:
        if text.isdecimal():
            return datetime.fromtimestamp(int(text), UTC)
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def compare(value: str, wanted: str) -> bool:
        try:
            return test(moment(value), moment(wanted))
        except ValueError:
            return False

    return compare


def _in_network(value: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


_OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "BinaryEquals": lambda value, wanted: value == wanted,
    "IpAddress": _in_network,
    "NumericEquals": _number(lambda value, wanted: value == wanted),
    "NumericLessThan": _number(lambda value, wanted: value < wanted),
    "NumericLessThanEquals": _number(lambda value, wanted: value <= wanted),
    "NumericGreaterThan": _number(lambda value, wanted: value > wanted),
    "NumericGreaterThanEquals": _number(lambda value, wanted: value >= wanted),
    "DateEquals": _date(lambda value, wanted: value == wanted),
    "DateLessThan": _date(lambda value, wanted: value < wanted),
    "DateLessThanEquals": _date(lambda value, wanted: value <= wanted),
    "DateGreaterThan": _date(lambda value, wanted: value > wanted),
    "DateGreaterThanEquals": _date(lambda value, wanted: value >= wanted),
}
_NEGATED: Final[Mapping[str, str]] = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
