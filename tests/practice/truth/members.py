"""What becomes of each member of API Gateway's creating operations: it shows in a read, or it is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["CREATING", "URI", "Creating", "markdown"]

_POOL = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a"
_FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{_FUNCTION}/invocations"
_SCHEMA = '{"title": "Pet", "type": "object"}'
_POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke",'
    '"Resource":"*"}]}'
)
_IN_API: Final = {"restApiId": "<api>"}
_ON_METHOD: Final = {**_IN_API, "resourceId": "<root>", "httpMethod": "POST"}


@dataclass(frozen=True)
class Creating:
    """An operation: what it needs, a value for each member besides, and how what it made is read."""

    needs: Mapping[str, Any]
    members: Mapping[str, Any]
    read: str
    by: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the read, and where they are found: a member of the answer, or a value as it stands."""
    hidden: Mapping[str, str] = field(default_factory=dict)
    """Members that no read shows, and what shows them."""
    refused: frozenset[str] = frozenset()
    """Members that are refused in the account's own name."""
    lists: str = ""
    """The operation that lists what there is, for one that makes something each time."""


CREATING: Final[Mapping[str, Creating]] = {
    "CreateRestApi": Creating(
        {"name": "n"},
        {
            "description": "d",
            "version": "1",
            "cloneFrom": "<api>",
            "binaryMediaTypes": ["image/png"],
            "minimumCompressionSize": 5,
            "apiKeySource": "AUTHORIZER",
            "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "dualstack"},
            "policy": _POLICY,
            "tags": {"a": "b"},
            "disableExecuteApiEndpoint": True,
            "securityPolicy": "TLS_1_2",
            "endpointAccessMode": "BASIC",
        },
        "GetRestApi",
        {"restApiId": "id"},
        lists="GetRestApis",
        refused=frozenset({"cloneFrom", "securityPolicy", "endpointAccessMode"}),
    ),
    "CreateResource": Creating(
        {**_IN_API, "parentId": "<root>", "pathPart": "x"},
        {},
        "GetResource",
        {"restApiId": "<api>", "resourceId": "id"},
    ),
    "PutMethod": Creating(
        {**_IN_API, "resourceId": "<other>", "httpMethod": "POST", "authorizationType": "NONE"},
        {
            "authorizerId": "<authorizer>",
            "apiKeyRequired": True,
            "operationName": "list",
            "requestParameters": {"method.request.header.x": True},
            "requestModels": {"application/json": "Empty"},
            "requestValidatorId": "<validator>",
            "authorizationScopes": ["a"],
        },
        "GetMethod",
        {"restApiId": "<api>", "resourceId": "<other>", "httpMethod": "POST"},
        hidden={
            "authorizerId": "R: ignored beside an authorization type that has none (skip-auth-id-with-wrong-type)",
            "authorizationScopes": "D: only of an authorizer of user pools",
        },
    ),
    "PutMethodResponse": Creating(
        {**_ON_METHOD, "statusCode": "404"},
        {
            "responseParameters": {"method.response.header.x": True},
            "responseModels": {"application/json": "Empty"},
        },
        "GetMethodResponse",
        {**_ON_METHOD, "statusCode": "404"},
    ),
    "PutIntegration": Creating(
        {**_ON_METHOD, "type": "HTTP", "integrationHttpMethod": "GET", "uri": "http://example.com/"},
        {
            "connectionType": "VPC_LINK",
            "connectionId": "${stageVariables.LINK}",
            "credentials": "arn:aws:iam::123456789012:role/r",
            "requestParameters": {"integration.request.header.x": "'y'"},
            "requestTemplates": {"application/json": "x"},
            "passthroughBehavior": "NEVER",
            "cacheNamespace": "c",
            "cacheKeyParameters": ["method.request.header.x"],
            "contentHandling": "CONVERT_TO_TEXT",
            "timeoutInMillis": 1000,
            "tlsConfig": {"insecureSkipVerification": True},
            "responseTransferMode": "STREAM",
            "integrationTarget": "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/b",
        },
        "GetIntegration",
        _ON_METHOD,
    ),
    "PutIntegrationResponse": Creating(
        {**_ON_METHOD, "statusCode": "200"},
        {
            "selectionPattern": "2..",
            "responseParameters": {"method.response.header.x": "'y'"},
            "responseTemplates": {"application/json": "x"},
            "contentHandling": "CONVERT_TO_TEXT",
        },
        "GetIntegrationResponse",
        {**_ON_METHOD, "statusCode": "200"},
    ),
    "CreateDeployment": Creating(
        _IN_API,
        {
            "stageName": "dev",
            "stageDescription": "d",
            "description": "d",
            "cacheClusterEnabled": True,
            "cacheClusterSize": "0.5",
            "variables": {"a": "b"},
            "canarySettings": {"percentTraffic": 50.0},
            "tracingEnabled": True,
        },
        "GetDeployment",
        {"restApiId": "<api>", "deploymentId": "id"},
        lists="GetDeployments",
        refused=frozenset({"canarySettings"}),
    ),
    "CreateStage": Creating(
        {**_IN_API, "stageName": "dev", "deploymentId": "<deployment>"},
        {
            "description": "d",
            "cacheClusterEnabled": True,
            "cacheClusterSize": "0.5",
            "variables": {"a": "b"},
            "documentationVersion": "1",
            "canarySettings": {"percentTraffic": 50.0},
            "tracingEnabled": True,
            "tags": {"a": "b"},
        },
        "GetStage",
        {"restApiId": "<api>", "stageName": "dev"},
        refused=frozenset({"canarySettings"}),
    ),
    "CreateVpcLink": Creating(
        {"name": "n", "targetArns": ["arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/a/b"]},
        {"description": "d", "tags": {"a": "b"}},
        "GetVpcLink",
        {"vpcLinkId": "id"},
        lists="GetVpcLinks",
    ),
    "CreateAuthorizer": Creating(
        {**_IN_API, "name": "n", "type": "TOKEN", "authorizerUri": URI},
        {
            "providerARNs": [_POOL],
            "authType": "custom",
            "authorizerCredentials": "arn:aws:iam::123456789012:role/r",
            "identitySource": "method.request.header.x",
            "identityValidationExpression": ".*",
            "authorizerResultTtlInSeconds": 7,
            "jwtConfiguration": {"issuers": [{}]},
        },
        "GetAuthorizer",
        {"restApiId": "<api>", "authorizerId": "id"},
        lists="GetAuthorizers",
        refused=frozenset({"jwtConfiguration"}),
    ),
    "CreateModel": Creating(
        {**_IN_API, "name": "n", "contentType": "application/json", "schema": _SCHEMA},
        {"description": "d"},
        "GetModel",
        {"restApiId": "<api>", "modelName": "name"},
    ),
    "CreateRequestValidator": Creating(
        {**_IN_API, "name": "n"},
        {"validateRequestBody": True, "validateRequestParameters": True},
        "GetRequestValidator",
        {"restApiId": "<api>", "requestValidatorId": "id"},
        lists="GetRequestValidators",
    ),
    "PutGatewayResponse": Creating(
        {**_IN_API, "responseType": "DEFAULT_4XX"},
        {
            "statusCode": "418",
            "responseParameters": {"gatewayresponse.header.x": "'y'"},
            "responseTemplates": {"application/json": "x"},
        },
        "GetGatewayResponse",
        {"restApiId": "<api>", "responseType": "DEFAULT_4XX"},
    ),
    "CreateApiKey": Creating(
        {"name": "n"},
        {
            "description": "d",
            "enabled": True,
            "generateDistinctId": True,
            "value": "12345678901234567890",
            "stageKeys": [{"restApiId": "<api>", "stageName": "prod"}],
            "customerId": "c",
            "tags": {"a": "b"},
        },
        "GetApiKey",
        {"apiKey": "id", "includeValue": "true"},
        hidden={"generateDistinctId": "the id, which is another than the value"},
        lists="GetApiKeys",
        refused=frozenset({"stageKeys"}),
    ),
    "CreateUsagePlan": Creating(
        {"name": "n"},
        {
            "description": "d",
            "apiStages": [{"apiId": "<api>", "stage": "prod"}],
            "throttle": {"burstLimit": 1, "rateLimit": 2.0},
            "quota": {"limit": 1, "offset": 0, "period": "DAY"},
            "tags": {"a": "b"},
        },
        "GetUsagePlan",
        {"usagePlanId": "id"},
        lists="GetUsagePlans",
    ),
    "CreateUsagePlanKey": Creating(
        {"usagePlanId": "<plan>", "keyId": "<key>", "keyType": "API_KEY"},
        {},
        "GetUsagePlanKey",
        {"usagePlanId": "<plan>", "keyId": "id"},
    ),
}


def markdown() -> Iterator[str]:
    """The lines of the table in docs/truth.md."""
    yield "## Members of requests"
    yield ""
    yield "What becomes of every member that is not required of the operations that make something; a test sets each."
    yield ""
    yield "| operation | shows in a read | no effect of its own, as on AWS | refused: not carried out |"
    yield "| --- | --- | --- | --- |"
    for operation, creating in CREATING.items():
        shown = [
            member for member in creating.members if member not in creating.hidden and member not in creating.refused
        ]
        hidden = [f"{member} ({why})" for member, why in creating.hidden.items()]
        cells = (operation, ", ".join(shown), "; ".join(hidden), ", ".join(sorted(creating.refused)))
        yield "| " + " | ".join(cells) + " |"
    yield ""
