"""AWS CLI commands, carried out as the AWS CLI would: its words read by the service's model, then sent by botocore.

``aws`` itself takes a second to start, which is too long for every fault's command; a sample of them is given to it
in ``test_fixes.py``. Of the CLI's shorthand (AWS CLI user guide, "Using shorthand syntax") what trace writes is read:
``key=value,key=value`` for a structure, a word for each member of a list.
"""

from __future__ import annotations

import json
import re
import shlex
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.model import ListShape, OperationModel, Shape, StructureShape

from runbook.aws import Aws

__all__ = ["carry_out", "operations", "parsed", "writes"]

_OWN = frozenset({"region", "query", "output"})
"""Options of the CLI, not of an operation."""
_PAIR = re.compile(r"""(\w+)=(?:"((?:\\.|[^"\\])*)"|([^,"'{}\[\]]*))(?:,|$)""")
"""A member in the CLI's shorthand, with its value in quotes or bare."""
_PROTOCOLS = {"tcp": "6", "udp": "17", "all": "-1"}
"""What the CLI makes of a protocol's name in a network ACL's entry ("create-network-acl-entry")."""


def writes(command: str) -> bool:
    """Whether it changes anything."""
    return not shlex.split(command)[2].startswith(("describe-", "get-", "wait"))


def carry_out(aws: Aws, command: str) -> dict[str, Any]:
    """Do what the command does. Raises AssertionError for what the AWS CLI would not take."""
    client, model, given = parsed(aws, command)
    return dict(getattr(client, xform_name(model.name))(**given))


@cache
def operations(client: Any) -> dict[str, str]:
    """A client's operations, by the CLI's name for them."""
    return {xform_name(name, "-"): name for name in client.meta.service_model.operation_names}


def parsed(aws: Aws, command: str) -> tuple[Any, OperationModel, dict[str, Any]]:
    """The client, the operation and its parameters. Raises AssertionError for a word that the AWS CLI has not."""
    program, service, action, *words = shlex.split(command)
    assert program == "aws", command
    client = getattr(aws, service)
    names = operations(client)
    assert action in names, f"aws {service} has no {action}"
    model = client.meta.service_model.operation_model(names[action])
    members = {xform_name(name, "-"): (name, shape) for name, shape in model.input_shape.members.items()}
    given: dict[str, Any] = {}
    for option, values in _options(words):
        if option in _OWN:
            assert len(values) == 1, command
            assert option != "region" or values == [aws.region], command
        elif option == "cli-input-json":
            assert len(values) == 1, command
            given |= json.loads(values[0])
        elif action.startswith(("authorize-", "revoke-")) and option in ("protocol", "port", "cidr", "source-group"):
            (value,) = values
            match option:
                case "protocol":
                    given["IpProtocol"] = value
                case "cidr":
                    given["CidrIp"] = value
                case "source-group":
                    given["UserIdGroupPairs"] = [{"GroupId": value}]
                case "port":
                    given["FromPort"] = given["ToPort"] = int(value)
        elif action.endswith("-network-acl-entry") and option in ("egress", "ingress"):
            given["Egress"] = option == "egress"
        else:
            assert option in members, f"aws {service} {action} has no --{option}: {command}"
            member, shape = members[option]
            given[member] = _value(shape, values, command)
    if "UserIdGroupPairs" in given or action.endswith("-security-group-egress"):
        # The CLI makes a permission of what it has options of its own for.
        names = ("IpProtocol", "FromPort", "ToPort", "UserIdGroupPairs", "CidrIp")
        permission = {name: given.pop(name) for name in names if name in given}
        if cidr := permission.pop("CidrIp", None):
            permission["IpRanges"] = [{"CidrIp": cidr}]
        given["IpPermissions"] = [permission]
    if action.endswith("-network-acl-entry"):
        given["Protocol"] = _PROTOCOLS.get(given["Protocol"], given["Protocol"])
    return client, model, given


def _options(words: list[str]) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for word in words:
        if word.startswith("--"):
            name, equals, value = word.removeprefix("--").partition("=")
            found.append((name, [value] if equals else []))
        else:
            found[-1][1].append(word)
    return found


def _value(shape: Shape, words: list[str], command: str) -> Any:
    if isinstance(shape, ListShape):
        return [_one(shape.member, word, command) for word in words]
    assert len(words) == 1, f"not one value: {command}"
    return _one(shape, words[0], command)


def _one(shape: Shape, word: str, command: str) -> Any:
    if isinstance(shape, ListShape):
        return [_one(shape.member, word, command)]
    if shape.type_name == "map":
        assert word.startswith("{"), f"of a map, only JSON is read: {command}"
        return dict(json.loads(word))
    if isinstance(shape, StructureShape):
        members = {}
        found = list(_PAIR.finditer(word))
        # What its shorthand cannot read, such as a brace without quotes, the CLI does not take.
        assert "".join(pair[0] for pair in found) == word, f"{word!r} is no shorthand: {command}"
        for pair in found:
            key, quoted, bare = pair.groups()
            assert key in shape.members, f"{shape.name} has no {key}: {command}"
            value = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            members[key] = _one(shape.members[key], value, command)
        return members
    match shape.type_name:
        case "integer" | "long":
            return int(word)
        case "boolean":
            return word == "true"
        case _:
            return word
