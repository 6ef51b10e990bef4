"""The control plane's operations: each takes its input from the request, and answers the status and shape of AWS's.

An operation is a method named after it; moto finds it through botocore's model. What is not here is moto's.
"""

# ruff: noqa: D102 - each operation is AWS's, and is named after it

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from moto.apigateway.models import apigateway_backends
from moto.apigateway.responses import APIGatewayResponse
from moto.core.common_types import TYPE_RESPONSE
from moto.core.utils import get_service_model

from practice.apigateway import export, gateway_responses, importing, methods, openapi, wire
from practice.apigateway.api_keys import ApiKey
from practice.apigateway.authorizers import check_uri
from practice.apigateway.constraints import check
from practice.apigateway.errors import BadRequest, Conflict, ServiceError, WrongType
from practice.apigateway.models import ApiGatewayBackend
from practice.apigateway.paging import page
from practice.apigateway.patch import patches
from practice.apigateway.rest_apis import NO_AUTHORIZER, NO_VALIDATOR, Resource, RestApi, entry, no_model
from practice.apigateway.snapshot import Method, MethodResponse, resolve
from practice.apigateway.tags import check_tags, tags_of
from practice.locking import unlocked

__all__ = ["ApiGatewayResponse"]


class ApiGatewayResponse(APIGatewayResponse):
    """One request to the control plane."""

    # moto annotates some of these methods with ``str``, which none of them answers.

    @property
    def backend(self) -> ApiGatewayBackend:
        return apigateway_backends[self.current_account][self.region]  # type: ignore[return-value]

    # The request ----------------------------------------------------------------------------------------------------

    @functools.cached_property
    def _action(self) -> str:
        return super()._get_action()

    def _get_action(self) -> str:
        # moto asks five times a request, and each time its router takes as long as many an operation.
        return self._action

    def _get_action_from_method_and_request_uri(self, request: Any) -> str:
        # An ARN in the path holds slashes, which the server has decoded before moto's router sees them.
        if self.path.startswith("/tags/"):
            operation = {"GET": "GetTags", "PUT": "TagResource", "DELETE": "UntagResource"}.get(self.method)
            if operation is not None:
                self.uri_match = {"resource_arn": unquote(self.path.removeprefix("/tags/"))}
                return operation
        return super()._get_action_from_method_and_request_uri(request)

    def call_action(self) -> TYPE_RESPONSE:
        """Refuse what the service's model forbids, then run the operation."""
        name = self._get_action()
        if name:
            operation = get_service_model("apigateway").operation_model(name)
            try:
                if operation.input_shape is None or "payload" not in operation.input_shape.serialization:
                    self._check_json()
                check(operation, self.uri_match, self._body())
            except ServiceError as refusal:
                headers = dict(self.response_headers) | dict(refusal.get_headers())
                headers, body = self._enrich_response(headers, refusal.get_body())
                return refusal.code, headers, body
        return super().call_action()

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        if param_name == "patchOperations":  # in moto's operations; ours read the body
            patches(self._body())
            return self._body().get(param_name) or []
        return super()._get_param(param_name, if_none)

    def _check_json(self) -> None:
        """Refuse a body that is no JSON object; what AWS says besides the code is not known (see UNKNOWN.md)."""
        try:
            if not isinstance(json.loads(self.body or "{}"), dict):
                raise WrongType("")
        except ValueError:
            raise WrongType("") from None

    def _body(self) -> dict[str, Any]:
        try:
            body = json.loads(self.body or "{}")
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    @property
    def _query(self) -> Mapping[str, str]:
        return self.normalized_request.args

    def _uri(self, name: str) -> str:
        return str(self.uri_match[name])

    @property
    def _api(self) -> RestApi:
        return self.backend.get_rest_api(self._uri("restapi_id"))

    @property
    def _resource_api(self) -> RestApi:
        return self.backend.api_of_resource(self._uri("restapi_id"))

    @property
    def _method_path(self) -> tuple[str, str]:
        return self._uri("resource_id"), self._uri("http_method")

    @property
    def _response_path(self) -> tuple[str, str, str]:
        return (*self._method_path, self._uri("status_code"))

    @staticmethod
    def _answer(status: int, body: Any = None) -> TYPE_RESPONSE:
        headers = {"status": str(status), "Content-Type": "application/json"}
        return status, headers, "" if body is None else json.dumps(body)

    # REST APIs ------------------------------------------------------------------------------------------------------

    def create_rest_api(self) -> TYPE_RESPONSE:
        if self._query.get("mode") == "import":
            return self.import_rest_api()
        body = self._body()
        for member in ("cloneFrom", "securityPolicy", "endpointAccessMode"):
            if body.get(member):
                raise NotImplementedError(f"{member} is not part of the practice account")
        check_tags(body.get("tags") or {})
        return self._answer(201, self.backend.new_rest_api(body).to_dict())

    def import_rest_api(self) -> TYPE_RESPONSE:
        with unlocked():  # a large one takes a while
            document = openapi.parse(self.body)
        api = self.backend.new_rest_api(importing.new_api(document, self._query))
        try:
            warnings = self._import(api, document, overwrite=True)
        except Exception:
            self.backend.delete_rest_api(api.id)
            raise
        return self._answer(201, _with_warnings(api.to_dict(), warnings))

    def put_rest_api(self) -> TYPE_RESPONSE:
        with unlocked():  # a large one takes a while
            document = openapi.parse(self.body)
        with self._api.all_or_nothing() as tried:
            warnings = self._import(tried, document, overwrite=self._query.get("mode") == "overwrite")
        return self._answer(200, _with_warnings(self._api.to_dict(with_empty_tags=True), warnings))

    def _import(self, api: RestApi, document: openapi.Document, *, overwrite: bool) -> list[str]:
        return importing.apply(
            api,
            document,
            overwrite=overwrite,
            base_path=self._query.get("basepath", "ignore"),
            fail_on_warnings=self._asks_for("failonwarnings"),
        )

    def get_rest_apis(self) -> TYPE_RESPONSE:  # type: ignore[override]
        return self._answer(200, page([api.to_dict() for api in self.backend.apis.values()], self._query))

    def get_rest_api(self) -> TYPE_RESPONSE:
        return self._answer(200, self._api.to_dict())

    def update_rest_api(self) -> TYPE_RESPONSE:
        api = self.backend.update_rest_api(self._uri("restapi_id"), list(patches(self._body())))
        return self._answer(200, api.to_dict(with_empty_tags=True))

    def delete_rest_api(self) -> TYPE_RESPONSE:
        self.backend.delete_rest_api(self._uri("restapi_id"))
        return self._answer(202)

    # Resources ------------------------------------------------------------------------------------------------------

    def _resource_json(self, resource: Resource) -> dict[str, Any]:
        answer: dict[str, Any] = {"id": resource.id, "path": resource.path}
        if resource.parent_id is not None:
            answer |= {"parentId": resource.parent_id, "pathPart": resource.path_part}
        if resource.methods:
            embed = self._query.get("embed", "")
            answer["resourceMethods"] = {
                name: wire.method(method) if embed == "methods" else {} for name, method in resource.methods.items()
            }
        return answer

    def get_resources(self) -> TYPE_RESPONSE:  # type: ignore[override]
        found = sorted(self._api.resources.values(), key=lambda resource: resource.path)
        return self._answer(200, page([self._resource_json(resource) for resource in found], self._query))

    def get_resource(self) -> TYPE_RESPONSE:  # type: ignore[override]
        return self._answer(200, self._resource_json(self._resource_api.resource(self._uri("resource_id"))))

    def create_resource(self) -> TYPE_RESPONSE:
        resource = self._resource_api.create_resource(self._uri("parent_id"), self._body().get("pathPart"))
        return self._answer(201, self._resource_json(resource))

    def update_resource(self) -> TYPE_RESPONSE:
        resource = self._resource_api.update_resource(self._uri("resource_id"), list(patches(self._body())))
        return self._answer(200, self._resource_json(resource))

    def delete_resource(self) -> TYPE_RESPONSE:
        self._resource_api.delete_resource(self._uri("resource_id"))
        return self._answer(202)

    # Methods --------------------------------------------------------------------------------------------------------

    def put_method(self) -> TYPE_RESPONSE:
        return self._answer(201, wire.method(self._resource_api.put_method(*self._method_path, self._body())))

    def get_method(self) -> TYPE_RESPONSE:  # type: ignore[override]
        return self._answer(200, wire.method(self._method()))

    def update_method(self) -> TYPE_RESPONSE:
        changed = self._resource_api.update_method(*self._method_path, list(patches(self._body())))
        return self._answer(200, wire.method(changed))

    def delete_method(self) -> TYPE_RESPONSE:
        self._resource_api.delete_method(*self._method_path)
        return self._answer(204)

    def _method(self) -> Method:
        resource_id, http_method = self._method_path
        return self._resource_api.resource(resource_id).method(http_method)

    def put_method_response(self) -> TYPE_RESPONSE:
        response = methods.method_response(self._uri("status_code"), self._body())
        return self._set_method_response(response, new=True)

    def get_method_response(self) -> TYPE_RESPONSE:  # type: ignore[override]
        found = self._resource_api.method_response(*self._response_path)
        return self._answer(200, wire.method_response(found))

    def update_method_response(self) -> TYPE_RESPONSE:
        response = self._resource_api.method_response(*self._response_path)
        for patch in patches(self._body()):
            response = methods.patched_method_response(response, patch)
        return self._set_method_response(response, new=False)

    def delete_method_response(self) -> TYPE_RESPONSE:
        self._resource_api.delete_method_response(*self._response_path)
        return self._answer(204)

    def _set_method_response(self, response: MethodResponse, *, new: bool) -> TYPE_RESPONSE:
        stored = self._resource_api.put_method_response(*self._method_path, response, new=new)
        # UpdateMethodResponse answers 201 too (botocore's model, and recorded).
        return self._answer(201, wire.method_response(stored))

    # Integrations ---------------------------------------------------------------------------------------------------

    def put_integration(self) -> TYPE_RESPONSE:
        value = self._resource_api.put_integration(*self._method_path, self._body())
        return self._answer(201, wire.integration(value))

    def get_integration(self) -> TYPE_RESPONSE:  # type: ignore[override]
        return self._answer(200, wire.integration(self._resource_api.integration(*self._method_path)))

    def update_integration(self) -> TYPE_RESPONSE:
        changed = self._resource_api.update_integration(*self._method_path, list(patches(self._body())))
        return self._answer(200, wire.integration(changed))

    def delete_integration(self) -> TYPE_RESPONSE:
        self._resource_api.delete_integration(*self._method_path)
        return self._answer(204)

    def put_integration_response(self) -> TYPE_RESPONSE:
        response = self._resource_api.put_integration_response(*self._response_path, self._body())
        return self._answer(201, wire.integration_response(response))

    def get_integration_response(self) -> TYPE_RESPONSE:  # type: ignore[override]
        found = self._resource_api.integration_response(*self._response_path)
        return self._answer(200, wire.integration_response(found))

    def update_integration_response(self) -> TYPE_RESPONSE:
        changed = self._resource_api.update_integration_response(*self._response_path, list(patches(self._body())))
        return self._answer(200, wire.integration_response(changed))

    def delete_integration_response(self) -> TYPE_RESPONSE:
        self._resource_api.delete_integration_response(*self._response_path)
        return self._answer(204)

    def test_invoke_method(self) -> TYPE_RESPONSE:
        """Run a method as configured, without a stage. The data plane does it, without holding the turn."""
        from practice import dataplane

        body = self._body()
        api = resolve(self._resource_api.id)
        if api is None:
            raise BadRequest("Invalid Resource identifier specified")
        resource = self._resource_api.resource(self._uri("resource_id"))
        # R: ANY stands in for a method that the resource lacks (test_failed_invoke_test_method).
        method = resource.methods.get("ANY") or resource.method(self._uri("http_method"))
        method = resource.methods.get(self._uri("http_method"), method)
        route = api.configured().routes[resource.path]
        headers: dict[str, list[str]] = {name: [value] for name, value in (body.get("headers") or {}).items()}
        headers |= body.get("multiValueHeaders") or {}
        with unlocked():
            result = dataplane.test_invoke(
                api,
                route,
                method,
                http_method=self._uri("http_method"),
                path_with_query_string=body.get("pathWithQueryString") or "",
                headers=headers,
                body=body.get("body") or "",
                client_certificate_id=body.get("clientCertificateId"),
                stage_variables=body.get("stageVariables") or {},
            )
        return self._answer(
            200,
            {
                "status": result.status,
                "body": result.body,
                "headers": dict(result.headers),
                "multiValueHeaders": {name: list(values) for name, values in result.multi_value_headers.items()},
                "log": result.log,
                "latency": result.latency,
            },
        )

    # Deployments and stages -----------------------------------------------------------------------------------------

    def _stage_body(self) -> dict[str, Any]:
        """The request's body, honest about what would be lost of it."""
        body = self._body()
        if body.get("canarySettings"):
            raise NotImplementedError("canary releases are not part of the practice account")
        return body

    def create_deployment(self) -> TYPE_RESPONSE:
        return self._answer(201, self._api.deploy(self._stage_body()).to_json())

    def get_deployment(self) -> TYPE_RESPONSE:  # type: ignore[override]
        deployment = self._api.deployment(self._uri("deployment_id"))
        return self._answer(200, deployment.to_json(summary=self._query.get("embed") == "apisummary"))

    def get_deployments(self) -> TYPE_RESPONSE:  # type: ignore[override]
        return self._answer(200, page([one.to_json() for one in self._api.deployments.values()], self._query))

    def update_deployment(self) -> TYPE_RESPONSE:
        changed = self._api.update_deployment(self._uri("deployment_id"), list(patches(self._body())))
        return self._answer(200, changed.to_json())

    def delete_deployment(self) -> TYPE_RESPONSE:
        self._api.remove_deployment(self._uri("deployment_id"))
        return self._answer(202)

    def create_stage(self) -> TYPE_RESPONSE:
        body = self._stage_body()
        check_tags(body.get("tags") or {})
        return self._answer(201, self._api.new_stage(body).to_json())

    def get_stage(self) -> TYPE_RESPONSE:  # type: ignore[override]
        return self._answer(200, self._api.stage(self._uri("stage_name")).to_json())

    def get_stages(self) -> TYPE_RESPONSE:  # type: ignore[override]
        wanted = self._query.get("deploymentId")
        found = [stage for stage in self._api.stages.values() if wanted in (None, stage.deployment_id)]
        return self._answer(200, {"item": [stage.to_json() for stage in found]})

    def update_stage(self) -> TYPE_RESPONSE:  # type: ignore[override]
        stage = self._api.update_stage(
            self._uri("stage_name"), list(patches(self._body())), can_log=self.backend.can_log
        )
        return self._answer(200, stage.to_json())

    def delete_stage(self) -> TYPE_RESPONSE:
        self._api.remove_stage(self._uri("stage_name"))
        return self._answer(202)

    def get_export(self) -> TYPE_RESPONSE:
        stage_name, export_type = self._uri("stage_name"), self._uri("export_type")
        text, extension = export.document(self._api, stage_name, export_type, self._query, self.headers.get("Accept"))
        name = export.filename(self._api, stage_name, export_type, extension)
        headers = {
            "status": "200",
            # R: whatever was asked for.
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        return 200, headers, text

    # Authorizers and models -----------------------------------------------------------------------------------------

    def create_authorizer(self) -> TYPE_RESPONSE:
        body = self._body()
        if body["type"] == "JWT" or body.get("jwtConfiguration"):
            raise NotImplementedError("JWT authorizers of REST APIs are not part of the practice account")
        # R test_authorizer_crud_no_api: the URI is looked at before the API.
        check_uri(body["type"], body.get("authorizerUri"))
        if self._uri("restapi_id") not in self.backend.apis:
            raise Conflict("Unable to complete operation due to concurrent modification. Please try again later.")
        return self._answer(201, self._api.new_authorizer(body).to_json())

    def get_authorizer(self) -> TYPE_RESPONSE:  # type: ignore[override]
        return self._answer(200, self._authorizing_api.authorizer(self._uri("authorizer_id")).to_json())

    def get_authorizers(self) -> TYPE_RESPONSE:  # type: ignore[override]
        return self._answer(200, page([one.to_json() for one in self._api.authorizers.values()], self._query))

    def update_authorizer(self) -> TYPE_RESPONSE:  # type: ignore[override]
        changed = self._authorizing_api.update_authorizer(self._uri("authorizer_id"), patches(self._body()))
        return self._answer(200, changed.to_json())

    def delete_authorizer(self) -> TYPE_RESPONSE:
        api = self._authorizing_api
        del api.authorizers[api.authorizer(self._uri("authorizer_id")).id]
        return self._answer(202)

    @property
    def _authorizing_api(self) -> RestApi:
        return entry(self.backend.apis, self._uri("restapi_id"), NO_AUTHORIZER)

    def create_model(self) -> TYPE_RESPONSE:
        return self._answer(201, self._api.new_model(self._body()).to_json())

    def get_model(self) -> TYPE_RESPONSE:  # type: ignore[override]
        if self._asks_for("flatten"):
            raise NotImplementedError("flattened models are not part of the practice account")
        return self._answer(200, self._modelled_api.model(self._uri("model_name")).to_json())

    def get_models(self) -> TYPE_RESPONSE:  # type: ignore[override]
        return self._answer(200, page([one.to_json() for one in self._api.models.values()], self._query))

    def update_model(self) -> TYPE_RESPONSE:
        changed = self._modelled_api.update_model(self._uri("model_name"), patches(self._body()))
        return self._answer(200, changed.to_json())

    def delete_model(self) -> TYPE_RESPONSE:
        api = self._modelled_api
        del api.models[api.model(self._uri("model_name")).name]
        return self._answer(202)

    @property
    def _modelled_api(self) -> RestApi:
        """The API, where AWS does not tell a missing one from a missing model."""
        return entry(self.backend.apis, self._uri("restapi_id"), no_model(self._uri("model_name")))

    # Request validators ---------------------------------------------------------------------------------------------

    def create_request_validator(self) -> TYPE_RESPONSE:
        if self._uri("restapi_id") not in self.backend.apis:
            raise BadRequest("Invalid REST API identifier specified")  # R test_validators_crud_no_api
        return self._answer(201, self._api.new_request_validator(self._body()).to_json())

    def get_request_validator(self) -> TYPE_RESPONSE:  # type: ignore[override]
        return self._answer(200, self._validated_api.request_validator(self._validator_id).to_json())

    def get_request_validators(self) -> TYPE_RESPONSE:  # type: ignore[override]
        found = [validator.to_json() for validator in self._api.request_validators.values()]
        return self._answer(200, page(found, self._query))

    def update_request_validator(self) -> TYPE_RESPONSE:  # type: ignore[override]
        changed = self._validated_api.update_request_validator(self._validator_id, patches(self._body()))
        return self._answer(200, changed.to_json())

    def delete_request_validator(self) -> TYPE_RESPONSE:
        api = self._validated_api
        del api.request_validators[api.request_validator(self._validator_id).id]
        return self._answer(202)

    @property
    def _validated_api(self) -> RestApi:
        """The API, where AWS does not tell a missing one from a missing validator."""
        return entry(self.backend.apis, self._uri("restapi_id"), NO_VALIDATOR)

    @property
    def _validator_id(self) -> str:
        return self._uri("requestvalidator_id")

    # Gateway responses ----------------------------------------------------------------------------------------------

    def put_gateway_response(self) -> TYPE_RESPONSE:
        response_type = self._uri("response_type")
        self._api.put_gateway_response(response_type, self._body())
        return self._answer(201, self._gateway_response_json(response_type))

    def get_gateway_response(self) -> TYPE_RESPONSE:
        return self._answer(200, self._gateway_response_json(self._uri("response_type")))

    def get_gateway_responses(self) -> TYPE_RESPONSE:
        found = [self._gateway_response_json(one) for one in gateway_responses.DEFAULT_STATUSES]
        return self._answer(200, {"item": found})

    def update_gateway_response(self) -> TYPE_RESPONSE:
        response_type = self._uri("response_type")
        self._api.update_gateway_response(response_type, list(patches(self._body())))
        return self._answer(200, self._gateway_response_json(response_type))

    def delete_gateway_response(self) -> TYPE_RESPONSE:
        self._api.delete_gateway_response(self._uri("response_type"))
        return self._answer(202)

    def _gateway_response_json(self, response_type: str) -> dict[str, Any]:
        api = self._api
        return gateway_responses.to_json(
            api.gateway_response(response_type), customised=response_type in api.gateway_responses
        )

    # VPC links ------------------------------------------------------------------------------------------------------

    def create_vpc_link(self) -> TYPE_RESPONSE:
        body = self._body()
        check_tags(body.get("tags") or {})
        link = self.backend.new_vpc_link(body)
        return self._answer(202, link.to_json(with_tags=bool(link.tags)))

    def get_vpc_link(self) -> TYPE_RESPONSE:  # type: ignore[override]
        return self._answer(200, self.backend.get_vpc_link(self._uri("vpclink_id")).to_json(with_tags=True))

    def get_vpc_links(self) -> TYPE_RESPONSE:  # type: ignore[override]
        # R: the list was recorded without `tags`, where the single get has them.
        found = [link.to_json(with_tags=False) for link in self.backend.links()]
        return self._answer(200, page(found, self._query))

    def update_vpc_link(self) -> TYPE_RESPONSE:
        link = self.backend.get_vpc_link(self._uri("vpclink_id"))
        for patch in patches(self._body()):
            link.apply(patch)
        return self._answer(200, link.to_json(with_tags=True))

    def delete_vpc_link(self) -> TYPE_RESPONSE:
        self.backend.delete_vpc_link(self._uri("vpclink_id"))
        return self._answer(202)

    # API keys and usage plans ---------------------------------------------------------------------------------------

    def create_api_key(self) -> TYPE_RESPONSE:
        body = self._body()
        check_tags(body.get("tags") or {})
        if body.get("stageKeys"):
            raise NotImplementedError("stageKeys, which usage plans replaced, are not part of the practice account")
        key = self.backend.new_api_key(body)
        return self._answer(201, key.to_json(with_value=True, with_tags=bool(key.tags)))

    def get_api_key(self) -> TYPE_RESPONSE:  # type: ignore[override]
        key = self.backend.api_key(self._uri("api_Key"))
        return self._answer(200, key.to_json(with_value=self._asks_for("includeValue"), with_tags=True))

    def get_api_keys(self) -> TYPE_RESPONSE:  # type: ignore[override]
        customer, values = self._query.get("customerId"), self._asks_for("includeValues")
        found = [
            key.to_json(with_value=values, with_tags=False)
            for key in self._named(reversed(self.backend.keys.values()))
            if customer in (None, key.customer_id)
        ]
        return self._answer(200, page(found, self._query))

    def update_api_key(self) -> TYPE_RESPONSE:  # type: ignore[override]
        key = self.backend.api_key(self._uri("api_Key"))
        for patch in patches(self._body()):
            key = key.patched(patch)
        self.backend.keys[key.id] = key
        return self._answer(200, key.to_json(with_value=False, with_tags=True))

    def delete_api_key(self) -> TYPE_RESPONSE:
        self.backend.delete_api_key(self._uri("api_Key"))
        return self._answer(202)

    def create_usage_plan(self) -> TYPE_RESPONSE:
        body = self._body()
        check_tags(body.get("tags") or {})
        plan = self.backend.new_usage_plan(body)
        return self._answer(201, plan.to_json(with_tags=bool(plan.tags)))

    def get_usage_plan(self) -> TYPE_RESPONSE:  # type: ignore[override]
        return self._answer(200, self.backend.usage_plan(self._uri("usageplanId")).to_json(with_tags=True))

    def get_usage_plans(self) -> TYPE_RESPONSE:  # type: ignore[override]
        wanted = self._query.get("keyId")
        found = [plan for plan in self.backend.usage_plans.values() if wanted is None or wanted in plan.keys]
        return self._answer(200, page([plan.to_json(with_tags=False) for plan in found], self._query))

    def update_usage_plan(self) -> TYPE_RESPONSE:  # type: ignore[override]
        plan = self.backend.usage_plan(self._uri("usageplanId"))
        for patch in patches(self._body()):
            plan = plan.patched(patch, exists=self.backend.has_stage)
        self.backend.usage_plans[plan.id] = plan
        return self._answer(200, plan.to_json(with_tags=True))

    def delete_usage_plan(self) -> TYPE_RESPONSE:
        del self.backend.usage_plans[self.backend.usage_plan(self._uri("usageplanId")).id]
        return self._answer(202)

    def create_usage_plan_key(self) -> TYPE_RESPONSE:
        plan, key = self.backend.usage_plan(self._uri("usageplanId")), self.backend.api_key(self._body()["keyId"])
        if key.id not in plan.keys:
            self.backend.usage_plans[plan.id] = replace(plan, keys=(*plan.keys, key.id))
        return self._answer(201, self._plan_key_json(key))

    def get_usage_plan_key(self) -> TYPE_RESPONSE:  # type: ignore[override]
        return self._answer(200, self._plan_key_json(self.backend.usage_plan_key(*self._plan_key_path)))

    def get_usage_plan_keys(self) -> TYPE_RESPONSE:  # type: ignore[override]
        # R: an unknown plan has no keys (get-up-keys-bad-usage-plan).
        plan = self.backend.usage_plans.get(self._uri("usageplanId"))
        keys = [self.backend.keys[key_id] for key_id in reversed(plan.keys if plan else ())]
        return self._answer(200, page([self._plan_key_json(key) for key in self._named(keys)], self._query))

    def delete_usage_plan_key(self) -> TYPE_RESPONSE:
        plan_id, key_id = self._plan_key_path
        self.backend.usage_plan_key(plan_id, key_id)
        plan = self.backend.usage_plan(plan_id)
        self.backend.usage_plans[plan_id] = replace(plan, keys=tuple(key for key in plan.keys if key != key_id))
        return self._answer(202)

    @property
    def _plan_key_path(self) -> tuple[str, str]:
        return self._uri("usageplanId"), self._uri("keyId")

    @staticmethod
    def _plan_key_json(key: ApiKey) -> dict[str, Any]:
        name = {"name": key.name} if key.name else {}
        return {"id": key.id, "type": "API_KEY", "value": key.value, **name}

    def _named(self, keys: Iterable[ApiKey]) -> Iterator[ApiKey]:
        """Those whose name begins with the query's (R: prefix, case and all)."""
        begin = self._query.get("name", "")
        return (key for key in keys if (key.name or "").startswith(begin))

    def _asks_for(self, name: str) -> bool:
        return self._query.get(name, "").lower() == "true"

    # Account --------------------------------------------------------------------------------------------------------

    def update_account(self) -> str:
        self.backend.patch_account(patches(self._body()))
        return self.get_account()

    # Tags -----------------------------------------------------------------------------------------------------------

    def get_tags(self) -> TYPE_RESPONSE:  # type: ignore[override]
        return self._answer(200, {"tags": tags_of(self.backend, self._uri("resource_arn"))})

    def tag_resource(self) -> TYPE_RESPONSE:  # type: ignore[override]
        tags = self._body().get("tags") or {}
        check_tags(tags)
        tags_of(self.backend, self._uri("resource_arn")).update(tags)
        return self._answer(204)

    def untag_resource(self) -> TYPE_RESPONSE:  # type: ignore[override]
        live = tags_of(self.backend, self._uri("resource_arn"))
        for key in self.normalized_request.args.getlist("tagKeys"):
            live.pop(key, None)
        return self._answer(204)


def _with_warnings(answer: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    return answer | ({"warnings": warnings} if warnings else {})
