"""The machines of a practice account: how the service on each instance behaves, and changing it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import httpx

from runbook.calling import caller
from runbook.errors import BadInput, CannotContinue, quoted

if TYPE_CHECKING:
    from runbook.accounts import Account

__all__ = ["change", "changed", "machine", "machines"]


def machines(account: Account) -> list[dict[str, Any]]:
    """Every machine, as the practice account shows it."""
    found: list[dict[str, Any]] = _ask(account, "GET", "machines")["machines"]
    return found


def machine(account: Account, instance: str) -> dict[str, Any]:
    """The machine of an instance. Raises :class:`BadInput` when there is none."""
    known = machines(account)
    for found in known:
        if found["instance_id"] == instance:
            return found
    there = ", ".join(found["instance_id"] for found in known) or "none"
    raise BadInput("machine", f"there is no instance {quoted(instance)} here.", f"Instances: {there}.")


def change(account: Account, instance: str, settings: Mapping[str, Any], *, anew: bool = False) -> dict[str, Any]:
    """Change these settings at once; the others stay, or with ``anew`` go back to their defaults.

    Raises :class:`BadInput`.
    """
    return _ask(account, "PUT" if anew else "PATCH", f"machines/{instance}", settings)


def changed(now: Mapping[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """The settings that ``KEY=VALUE`` and ``KEY.PATH=VALUE`` change. Raises :class:`BadInput`.

    A value is JSON where it can be read as such, else text; an empty one brings a setting back to its default.
    """
    settings: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        key, dot, path = name.partition(".")
        by_path = isinstance(now.get(key), dict)
        if not equals or key not in now or (dot and not (by_path and path)):
            raise BadInput("set", f"{quoted(assignment)} is not of the form KEY=VALUE.", f"{_known(now)}.")
        if dot:
            before = settings.get(key, now[key])
            paths = dict(before) if isinstance(before, dict) else {"*": before}
            paths.pop(path, None)
            settings[key] = paths | ({path: _value(text)} if text else {})
        elif key == "virtual_hosts":
            settings[key] = [host.strip() for host in text.split(",")] if text else None
        elif by_path:
            settings[key] = _value(text) if text else {}
        else:
            settings[key] = _value(text)
    return settings


def _known(now: Mapping[str, Any]) -> str:
    """The settings there are, and which of them are by path."""
    named = [f"{key} or {key}.PATH" if isinstance(value, dict) else key for key, value in now.items()]
    return f"Settings: {', '.join(named)}"


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _ask(account: Account, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    url = account.endpoint_url or ""
    try:
        with caller(url) as client:
            answer = client.request(method, f"{url}/_practice/{path}", headers=account.control_headers, json=body)
        told: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise CannotContinue(f"The practice account could not be asked ({error}).") from error
    if answer.status_code >= 400:
        raise BadInput("machine", f"{told.get('message', answer.status_code)}.")
    return told
