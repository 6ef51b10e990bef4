"""The shapes API Gateway answers in: which members are there, and which are left out when they hold nothing."""

from __future__ import annotations

from typing import Any

from practice.apigateway.snapshot import Integration, IntegrationResponse, Method, MethodResponse

__all__ = ["integration", "integration_response", "method", "method_response"]


def _present(optional: dict[str, Any]) -> dict[str, Any]:
    return {member: value for member, value in optional.items() if value is not None}


def integration_response(response: IntegrationResponse) -> dict[str, Any]:
    """As GetIntegrationResponse answers."""
    return {"statusCode": response.status_code} | _present(
        {
            "selectionPattern": response.selection_pattern,
            "responseParameters": _mapping(response.response_parameters),
            "responseTemplates": _mapping(response.response_templates),
            "contentHandling": response.content_handling,
        }
    )


def integration(value: Integration) -> dict[str, Any]:
    """As GetIntegration answers."""
    answer: dict[str, Any] = {
        "type": value.type,
        "passthroughBehavior": value.passthrough_behavior,
        "timeoutInMillis": value.timeout_ms,
        "cacheNamespace": value.cache_namespace,
        "cacheKeyParameters": list(value.cache_key_parameters),
    }
    answer |= _present(
        {
            "httpMethod": value.http_method,
            "uri": value.uri,
            "connectionType": value.connection_type,
            "connectionId": value.connection_id,
            "integrationTarget": value.integration_target,
            "credentials": value.credentials,
            "contentHandling": value.content_handling,
            "responseTransferMode": value.response_transfer_mode,
            "requestParameters": dict(value.request_parameters) or None,
            "requestTemplates": dict(value.request_templates) or None,
            "integrationResponses": {
                code: integration_response(response) for code, response in value.integration_responses.items()
            }
            or None,
        }
    )
    if value.tls_insecure_skip_verification is not None:
        answer["tlsConfig"] = {"insecureSkipVerification": value.tls_insecure_skip_verification}
    return answer


def method_response(response: MethodResponse) -> dict[str, Any]:
    """As GetMethodResponse answers."""
    return {"statusCode": response.status_code} | _present(
        {
            "responseModels": _mapping(response.response_models),
            "responseParameters": _mapping(response.response_parameters),
        }
    )


def method(value: Method) -> dict[str, Any]:
    """As GetMethod answers."""
    return {
        "httpMethod": value.http_method,
        "authorizationType": value.authorization_type,
        "apiKeyRequired": value.api_key_required,
    } | _present(
        {
            "authorizerId": value.authorizer_id,
            "authorizationScopes": list(value.authorization_scopes) or None,
            "requestValidatorId": value.request_validator_id,
            "operationName": value.operation_name,
            "requestParameters": dict(value.request_parameters) or None,
            "requestModels": dict(value.request_models) or None,
            "methodResponses": {code: method_response(response) for code, response in value.method_responses.items()}
            or None,
            "methodIntegration": None if value.integration is None else integration(value.integration),
        }
    )


def _mapping(value: Any) -> dict[str, Any] | None:
    return None if value is None else dict(value)
