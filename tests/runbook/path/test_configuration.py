"""Whatever is configured and deployed, ``check`` and ``trace`` agree on whether the one is the other."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from runbook.outcome import Drifted
from runbook.path.gateway import resources
from runbook.trace import State, parse_target, trace
from steps import deployment, rest_api
from steps.integration import Integration
from tests.stack import Stack

PATH = "/other"

INTEGRATIONS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["HTTP_PROXY", "HTTP", "MOCK"]),
        "passthroughBehavior": st.sampled_from(["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"]),
    },
    optional={
        "timeoutInMillis": st.sampled_from([29000, 5000]),
        "contentHandling": st.sampled_from(["CONVERT_TO_TEXT", "CONVERT_TO_BINARY"]),
        "requestParameters": st.just({"integration.request.header.X-From": "'gateway'"}),
        "uri": st.sampled_from(["http://example.com/a", "http://example.com/b"]),
        "tlsConfig": st.fixed_dictionaries({"insecureSkipVerification": st.booleans()}),
    },
)
APIS = st.fixed_dictionaries(
    {
        "authorizationType": st.sampled_from(["NONE", "AWS_IAM"]),
        "apiKeyRequired": st.booleans(),
        "policy": st.sampled_from(["", "10.0.0.0/8", "192.0.2.0/24"]),
        "integration": st.one_of(INTEGRATIONS),
        "patterns": st.lists(st.sampled_from(["", "4\\d\\d"]), unique=True, max_size=2),
    }
)
BARE = {
    "authorizationType": "NONE",
    "apiKeyRequired": False,
    "policy": "",
    "integration": {"type": "HTTP_PROXY", "passthroughBehavior": "WHEN_NO_MATCH"},
    "patterns": [],
}


@settings(max_examples=12)
@given(deployed=APIS, configured=APIS)
@example(deployed=BARE, configured=BARE | {"integration": BARE["integration"] | {"passthroughBehavior": "NEVER"}})
@example(deployed=BARE, configured=BARE | {"policy": "192.0.2.0/24"})
@example(deployed=BARE | {"authorizationType": "AWS_IAM"}, configured=BARE | {"apiKeyRequired": True})
@example(deployed=BARE, configured=BARE)
def test_check_and_trace_agree(finished: Stack, deployed: dict[str, Any], configured: dict[str, Any]) -> None:
    _configure(finished, deployed)
    finished.aws.apigateway.create_deployment(restApiId=_api(finished).id, stageName="prod")
    assert _drifts(finished) == []
    assert _deployment_hop(finished) is State.OK

    _configure(finished, configured)
    differs = bool(_drifts(finished))
    assert (_deployment_hop(finished) is State.SUSPICIOUS) is differs
    if deployed == configured:
        assert not differs
    if deployed["policy"] != configured["policy"]:
        assert "deployed resource policy" in _drifts(finished)


def _api(stack: Stack) -> rest_api.RestApi:
    api = rest_api.find(stack.aws, stack.name)
    assert api is not None
    return api


def _drifts(stack: Stack) -> list[str]:
    seen = deployment.check(stack.aws, stack.params(), _api(stack), Integration(()))
    return [difference.what for difference in seen.differences] if isinstance(seen, Drifted) else []


def _deployment_hop(stack: Stack) -> State:
    url = f"{stack.aws.invoke_url(_api(stack).id, 'prod')}/hello"
    return trace(stack.aws, parse_target(url, stack.aws))["deployment"].state


def _configure(stack: Stack, wanted: dict[str, Any]) -> None:
    """Put a method of another path beside those of the steps, and a resource policy that refuses nobody here."""
    gateway, api = stack.aws.apigateway, _api(stack)
    found = {item["path"]: item["id"] for item in resources(stack.aws, api.id)}
    if PATH in found:
        gateway.delete_resource(restApiId=api.id, resourceId=found[PATH])
    resource = gateway.create_resource(restApiId=api.id, parentId=found["/"], pathPart=PATH[1:])["id"]
    where: Any = {"restApiId": api.id, "resourceId": resource, "httpMethod": "GET"}
    gateway.put_method(**where, authorizationType=wanted["authorizationType"], apiKeyRequired=wanted["apiKeyRequired"])
    integration = dict(wanted["integration"])
    if integration["type"] == "MOCK":
        integration.pop("uri", None)
        integration.pop("tlsConfig", None)
    else:
        integration = {"uri": "http://example.com/", "integrationHttpMethod": "GET", **integration}
    gateway.put_integration(**where, **integration)
    for number, pattern in enumerate(wanted["patterns"]):
        status = str(200 + number)
        gateway.put_method_response(**where, statusCode=status)
        gateway.put_integration_response(**where, statusCode=status, selectionPattern=pattern)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"},
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "execute-api:Invoke",
                "Resource": "*",
                "Condition": {"IpAddress": {"aws:SourceIp": wanted["policy"]}},
            },
        ],
    }
    patch = {"op": "replace", "path": "/policy", "value": json.dumps(policy) if wanted["policy"] else ""}
    gateway.update_rest_api(restApiId=api.id, patchOperations=[patch])  # type: ignore[list-item]
