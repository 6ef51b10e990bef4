"""A call, as the command that sends the same: read back by the service's own model, it asks what was asked."""

from __future__ import annotations

import json
import shlex
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from runbook.call_command import command_of, parameters_of
from runbook.events import CallAnswered
from tests.stack import Stack

SESSION = botocore.session.get_session()


def read_back(command: str) -> tuple[str, str, dict[str, Any], dict[str, str]]:
    """Service, operation and parameters of a command, and the options that are about the account."""
    aws, service, operation, *words = shlex.split(command)
    assert aws == "aws"
    model = SESSION.get_service_model(service)
    name = next(name for name in model.operation_names if xform_name(name, "-") == operation)
    shape = model.operation_model(name).input_shape
    members = {f"--{xform_name(member, '-')}": (member, of) for member, of in (shape.members if shape else {}).items()}
    found: dict[str, Any] = {}
    account: dict[str, str] = {}
    words = [word for word in words if word != "/dev/stdout"]
    while words:
        option, _, value = words.pop(0).partition("=")
        values = [value] if value else []
        while words and not words[0].startswith("--"):
            values.append(words.pop(0))
        if option == "--cli-input-json":
            found = json.loads(values[0])
        elif option in ("--region", "--endpoint-url"):
            (account[option],) = values
        elif option.startswith("--no-") and option not in members:
            found[members[f"--{option[5:]}"][0]] = False
        else:
            member, of = members[option]
            found[member] = _value(of.type_name, values)
    return service, name, found, account


def _value(kind: str, values: list[str]) -> Any:
    match kind:
        case "boolean":
            assert not values
            return True
        case "integer" | "long":
            return int(values[0])
        case "list" if not values[0].startswith("["):
            return values
        case "list" | "structure" | "map":
            return json.loads(values[0])
        case _:
            return values[0]


def test_every_call_of_a_whole_life_can_be_sent_again_from_a_shell(stack: Stack) -> None:
    calls = [call for run in (stack.up, stack.check, stack.down) for call in run().of(CallAnswered)]
    assert len({call.operation for call in calls}) > 30
    for call in calls:
        read = read_back(command_of(call, stack.aws.region, stack.aws.endpoint_url))
        account = {"--region": stack.aws.region, "--endpoint-url": stack.aws.endpoint_url}
        assert read == (call.service, call.operation, call.parameters, account)


HARD = [
    "a\nb",
    "\x1b[31m",
    "\u202ea",
    "file:///etc/passwd",
    "http://${stageVariables.VPCNLB}/{proxy}",
    "a b",
    "$(touch /tmp/x)",
    "-rf",
    "'",
    '"',
    "{x",
    "[1",
    "=ls",
    "a=b,c",
    "ünï",
]


@pytest.mark.parametrize("value", HARD)
def test_a_value_stays_a_value(value: str) -> None:
    parameters = {"Names": [value, "b"], "Marker": value, "PageSize": 5}
    call = CallAnswered(
        service="elbv2", operation="DescribeLoadBalancers", writes=False, call=1, duration=0.1, parameters=parameters
    )
    command = command_of(call, "eu-west-1", None)
    assert read_back(command)[2] == parameters
    assert command.isprintable()


def test_of_an_arn_only_what_names_the_resource_is_shown() -> None:
    arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/demo-nlb/1"
    parameters = {"LoadBalancerArns": [arn], "Filters": [{"Name": "a", "Values": ["b", "c"]}]}
    call = CallAnswered(service="elbv2", operation="X", writes=False, call=1, duration=0.1, parameters=parameters)
    assert parameters_of(call) == "LoadBalancerArns=loadbalancer/net/demo-nlb/1  Filters={Name=a Values=b,c}"
