"""No member of a request is dropped in silence: it shows in a read, or the request is refused and makes nothing.

Every member of botocore's model of API Gateway's creating operations is set in turn. A member without a value in
`members.py` fails the test, so that what is new in a newer botocore is decided, not dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import boto3
import botocore.session
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from members import CREATING, URI, Creating

from practice import CREDENTIALS
from practice.clock import ManualClock
from practice.operations import ALLOWED
from practice.server import serve

_STAGE_OF_DEPLOYMENT: Final = {
    "stageDescription": "description",
    "cacheClusterEnabled": "cacheClusterEnabled",
    "cacheClusterSize": "cacheClusterSize",
    "variables": "variables",
    "tracingEnabled": "tracingEnabled",
    "stageName": "stageName",
}
_MODEL = botocore.session.get_session().get_service_model("apigateway")


def of(known: Mapping[str, str], value: Any) -> Any:
    """A value with the ids of what there is in the place of `<names>`."""
    match value:
        case str() if value.startswith("<"):
            return known[value[1:-1]]
        case Mapping():
            return {key: of(known, item) for key, item in value.items()}
        case list():
            return [of(known, item) for item in value]
    return value


@pytest.fixture
def gateway() -> Iterator[Any]:
    with serve(clock=ManualClock(), quotas=False) as served:
        yield boto3.client(
            "apigateway",
            endpoint_url=served.url,
            region_name="us-east-1",
            aws_access_key_id=CREDENTIALS.access_key_id,
            aws_secret_access_key=CREDENTIALS.secret_access_key,
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )


@pytest.fixture
def known(gateway: Any) -> dict[str, str]:
    """Something of everything that a member may name."""
    made = gateway.create_rest_api(name="n")
    api, root = made["id"], made["rootResourceId"]
    on = {"restApiId": api, "resourceId": root, "httpMethod": "POST"}
    gateway.put_method(**on, authorizationType="NONE", requestParameters={"method.request.header.x": False})
    gateway.put_integration(**on, type="MOCK")
    gateway.put_method_response(**on, statusCode="200", responseParameters={"method.response.header.x": False})
    return {
        "api": api,
        "root": root,
        "other": gateway.create_resource(restApiId=api, parentId=root, pathPart="other")["id"],
        "authorizer": gateway.create_authorizer(restApiId=api, name="a", type="TOKEN", authorizerUri=URI)["id"],
        "validator": gateway.create_request_validator(restApiId=api, name="v")["id"],
        "deployment": gateway.create_deployment(restApiId=api, stageName="prod")["id"],
        "plan": gateway.create_usage_plan(name="p")["id"],
        "key": gateway.create_api_key(name="k")["id"],
    }


def test_every_operation_that_makes_something_is_looked_at() -> None:
    allowed = next(operations for service, operations in ALLOWED.items() if service.name == "apigateway")
    makes = {name for name in allowed if name.startswith(("Create", "Put"))}
    assert makes - {"PutRestApi"} == set(CREATING)  # documents have cases of their own


@pytest.mark.parametrize("operation", CREATING)
def test_every_member_has_a_value(operation: str) -> None:
    shape = _MODEL.operation_model(operation).input_shape
    assert shape is not None
    assert set(shape.members) - {*CREATING[operation].needs, *CREATING[operation].members} == set()


@pytest.mark.parametrize("operation", CREATING)
def test_a_member_shows_or_is_refused(gateway: Any, known: dict[str, str], operation: str) -> None:
    creating = CREATING[operation]
    there = _MODEL.operation_model(operation).input_shape.members
    dropped = []
    for member, given in creating.members.items() or [("", None)]:
        if member and member not in there:  # newer than this botocore
            continue
        parameters = of(known, {**creating.needs, **({member: given} if member else {})})
        if operation == "CreateDeployment":
            parameters["stageName"] = f"s{member}"
        if member in creating.refused:
            before = _listed(gateway, known, creating)
            with pytest.raises(ClientError) as caught:
                getattr(gateway, xform_name(operation))(**parameters)
            assert caught.value.response["Error"]["Code"] == "NotImplemented", member
            assert _listed(gateway, known, creating) == before, member
            continue
        shown = _read(gateway, known, creating, getattr(gateway, xform_name(operation))(**parameters))
        if operation == "CreateDeployment" and member in _STAGE_OF_DEPLOYMENT:
            stage = gateway.get_stage(restApiId=known["api"], stageName=parameters["stageName"])
            shown = {member: stage.get(_STAGE_OF_DEPLOYMENT[member])}
        if member and member not in creating.hidden and not _shows(shown.get(member), parameters[member]):
            dropped.append((member, shown.get(member)))
        _remove(gateway, operation, parameters)
    assert dropped == []


def _shows(shown: Any, value: Any) -> bool:
    if isinstance(shown, str) and isinstance(value, str):
        return shown.replace("\\", "") == value
    if isinstance(value, dict) and isinstance(shown, dict):
        return all(_shows(shown.get(key), item) for key, item in value.items())
    return bool(shown == value)


def _read(gateway: Any, known: dict[str, str], creating: Creating, answer: Mapping[str, Any]) -> dict[str, Any]:
    by = {
        name: of(known, where) if where.startswith("<") else answer.get(where, where)
        for name, where in creating.by.items()
    }
    return dict(getattr(gateway, xform_name(creating.read))(**by))


def _listed(gateway: Any, known: dict[str, str], creating: Creating) -> list[str]:
    if not creating.lists:
        return []
    operation = _MODEL.operation_model(creating.lists)
    needs = {"restApiId": known["api"]} if "restApiId" in operation.input_shape.required_members else {}
    return [each["id"] for each in getattr(gateway, xform_name(creating.lists))(**needs)["items"]]


def _remove(gateway: Any, operation: str, parameters: Mapping[str, Any]) -> None:
    """Take away what may be made once only."""
    match operation:
        case "PutMethod" | "PutMethodResponse" | "CreateStage" | "CreateModel":
            name = operation.replace("Put", "Delete").replace("Create", "Delete")
            shape = _MODEL.operation_model(name).input_shape
            named = {member: parameters.get(member, parameters.get("name")) for member in shape.members}
            getattr(gateway, xform_name(name))(**named)
