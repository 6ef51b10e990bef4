"""REST APIs: their resources, methods, deployments and stages, and what AWS refuses to do with them.

moto keeps what this path does not touch (domain names) and finds
it in a `RestApi`, which is a subclass of its own. Methods and integrations are frozen values from
`practice.apigateway.snapshot`, so that a deployment is a set of references.
"""

# ruff: noqa: D102 - operations are AWS's and named after them; what is special about one is told

from __future__ import annotations

import copy
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, TypeVar

from moto.apigateway import models as stock
from moto.moto_api._internal import mock_random

from practice import clock
from practice.apigateway import gateway_responses, integrations, methods
from practice.apigateway.authorizers import Authorizer
from practice.apigateway.errors import BadRequest, Conflict, NotFound
from practice.apigateway.patch import Patch, as_bool, require_op, require_replace_of
from practice.apigateway.schemas import Model
from practice.apigateway.snapshot import (
    GatewayResponse,
    Integration,
    IntegrationResponse,
    Method,
    MethodResponse,
    RequestValidator,
    Snapshot,
    snapshot_of,
    vpc_link_v2,
)
from practice.apigateway.stages import Stage, check_stage_name, check_variables

__all__ = [
    "NO_AUTHORIZER",
    "NO_RESOURCE",
    "NO_VALIDATOR",
    "Deployment",
    "Resource",
    "RestApi",
    "check_new_api",
    "entry",
    "new_id",
    "no_model",
]

V = TypeVar("V")

_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_PATH_PART: Final = re.compile(r"[a-zA-Z0-9._:-]+|\{[a-zA-Z0-9._-]+\+?\}")
_ENDPOINT_TYPES: Final = ("REGIONAL", "EDGE", "PRIVATE")
_COMPRESSION_SIZES: Final = range(10_485_760 + 1)
NO_RESOURCE: Final = "Invalid Resource identifier specified"
NO_AUTHORIZER: Final = "Invalid Authorizer identifier specified"
NO_VALIDATOR: Final = "Invalid Request Validator identifier specified"
_NO_METHOD: Final = "Invalid Method identifier specified"
_NO_INTEGRATION: Final = "Invalid Integration identifier specified"
_NO_STATUS: Final = "Invalid Response status code specified"


def new_id(length: int, taken: Collection[str]) -> str:
    """An id as AWS makes them: lower-case letters and digits; not one of `taken`."""
    while (found := "".join(mock_random.choices(_ALPHABET, k=length))) in taken:
        pass
    return found


@dataclass(slots=True)
class Resource:
    """A resource of a live API. `parent_id` and `path_part` are None for the root."""

    id: str
    parent_id: str | None
    path_part: str | None
    path: str
    methods: dict[str, Method] = field(default_factory=dict)

    @property
    def is_variable(self) -> bool:
        return _is_variable(self.path_part)

    @property
    def is_greedy(self) -> bool:
        return (self.path_part or "").endswith("+}")

    def method(self, http_method: str) -> Method:
        """Raise NotFound when the resource has no such method."""
        try:
            return self.methods[http_method]
        except KeyError:
            raise NotFound(_NO_METHOD) from None


def _is_variable(path_part: str | None) -> bool:
    return (path_part or "").startswith("{")


@dataclass(slots=True)
class Deployment:
    """A deployment, with what it froze. `created` is AWS seconds since the epoch."""

    id: str
    created: float
    snapshot: Snapshot
    description: str | None = None

    def to_json(self, *, summary: bool = False) -> dict[str, Any]:
        """As GetDeployment answers; with `summary`, as `embed=apisummary` does (no integrations)."""
        answer: dict[str, Any] = {"id": self.id, "createdDate": int(self.created)}
        if self.description:
            answer["description"] = self.description
        if summary:
            found: dict[str, dict[str, Any]] = {}
            for route, method in self.snapshot.methods():
                found.setdefault(route.path, {})[method.http_method] = {
                    "authorizationType": method.authorization_type,
                    "apiKeyRequired": method.api_key_required,
                }
            answer["apiSummary"] = found
        return answer


class RestApi(stock.RestAPI):
    """A REST API. Its operations raise the refusals of `practice.apigateway.errors` in AWS's words."""

    name: str
    description: str | None  # type: ignore[assignment]
    version: str | None
    policy: str | None
    tags: dict[str, str]
    endpoint_configuration: dict[str, Any]
    authorizers: dict[str, Authorizer]  # type: ignore[assignment]
    deployments: dict[str, Deployment]  # type: ignore[assignment]
    gateway_responses: dict[str, GatewayResponse]  # type: ignore[assignment]
    models: dict[str, Model]  # type: ignore[assignment]
    request_validators: dict[str, RequestValidator]  # type: ignore[assignment]
    resources: dict[str, Resource]  # type: ignore[assignment]
    stages: dict[str, Stage]  # type: ignore[assignment]

    def __init__(self, api_id: str, account_id: str, region_name: str, body: Mapping[str, Any]) -> None:
        """`body` is CreateRestApi's request, checked by `check_new_api`."""
        endpoint = body.get("endpointConfiguration") or {}
        types = list(endpoint.get("types") or ["EDGE"])
        configuration: dict[str, Any] = {
            "types": types,
            "ipAddressType": endpoint.get("ipAddressType") or ("dualstack" if types == ["PRIVATE"] else "ipv4"),
        }
        if endpoint.get("vpcEndpointIds"):
            configuration["vpcEndpointIds"] = list(endpoint["vpcEndpointIds"])
        super().__init__(
            api_id,
            account_id,
            region_name,
            body["name"],
            body.get("description"),  # type: ignore[arg-type]
            binaryMediaTypes=list(body.get("binaryMediaTypes") or ()),
            api_key_source=body.get("apiKeySource"),
            policy=policy_document(body.get("policy")),
            endpoint_configuration=configuration,
            tags=dict(body.get("tags") or {}),
            disable_execute_api_endpoint=body.get("disableExecuteApiEndpoint"),
            minimum_compression_size=body.get("minimumCompressionSize"),
        )
        self.version = body.get("version")
        self.create_date = int(clock.current().time())
        # R: models Empty and Error are there from the start.
        self.add_model("Empty", "This is a default empty schema model", _EMPTY_MODEL, "application/json")
        self.add_model("Error", "This is a default error schema model", _ERROR_MODEL, "application/json")

    def to_dict(self, *, with_empty_tags: bool = False) -> dict[str, Any]:
        """As GetRestApi answers; UpdateRestApi answers `tags` even when there are none (recorded)."""
        answer: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "createdDate": self.create_date,
            "apiKeySource": self.api_key_source,
            "endpointConfiguration": self.endpoint_configuration,
            "disableExecuteApiEndpoint": self.disableExecuteApiEndpoint,
            "rootResourceId": self.root_resource_id,
        }
        optional = {
            "description": self.description,
            "version": self.version,
            "binaryMediaTypes": self.binaryMediaTypes or None,
            "minimumCompressionSize": self.minimum_compression_size,
            "policy": None if self.policy is None else _escaped(self.policy),
            "tags": self.tags or ({} if with_empty_tags else None),
        }
        return answer | {member: value for member, value in optional.items() if value is not None}

    @contextmanager
    def all_or_nothing(self) -> Iterator[RestApi]:
        """A copy to change, which becomes this API when the block ends well: a refused request changes nothing."""
        tried = copy.copy(self)
        tried.endpoint_configuration = dict(self.endpoint_configuration)
        tried.models = dict(self.models)
        tried.authorizers = dict(self.authorizers)
        tried.request_validators = dict(self.request_validators)
        tried.gateway_responses = dict(self.gateway_responses)
        tried.resources = {
            resource.id: replace(resource, methods=dict(resource.methods)) for resource in self.resources.values()
        }
        yield tried
        vars(self).update(vars(tried))

    def apply_patch(self, patch: Patch) -> None:
        """Carry out one operation of UpdateRestApi."""
        value = patch.value
        match patch.segments:
            case ("name",):
                require_op(patch, "replace")
                self.name = value or ""
            case ("description",):
                require_op(patch, "replace", "remove")
                self.description = None if patch.op == "remove" else value
            case ("policy",):
                require_op(patch, "replace", "remove")
                self.policy = None if patch.op == "remove" else policy_document(value)
            case ("version",):
                require_op(patch, "replace")
                self.version = value
            case ("apiKeySource",):
                require_op(patch, "replace")
                self.api_key_source = value or "HEADER"
            case ("disableExecuteApiEndpoint",):
                require_op(patch, "replace")
                self.disableExecuteApiEndpoint = as_bool(value)
            case ("minimumCompressionSize",):
                require_op(patch, "replace")
                self.minimum_compression_size = compression_size(value)
            case ("binaryMediaTypes", media_type):
                self._patch_media_type(patch, media_type)
            case ("endpointConfiguration", "ipAddressType"):
                require_op(patch, "replace")
                self._set_ip_address_type(value)
            case ("endpointConfiguration", "types", _):
                self._set_endpoint_type(patch)
            case ("endpointConfiguration", "vpcEndpointIds"):
                require_op(patch, "add", "remove")
                ids = [one for one in self.endpoint_configuration.get("vpcEndpointIds", ()) if one != value]
                self.endpoint_configuration["vpcEndpointIds"] = [*ids, value] if patch.op == "add" else ids
            case _:
                raise BadRequest(f"Invalid patch path {patch.path}")

    def _patch_media_type(self, patch: Patch, media_type: str) -> None:
        # A list patched as an object: the entry is named in the path; `value` counts for `replace` only (recorded).
        require_op(patch, "add", "replace", "remove")
        rest = [one for one in self.binaryMediaTypes if one != media_type]
        match patch.op:
            case "add":
                rest.append(media_type)
            case "replace":
                rest.append(patch.value or "")
        self.binaryMediaTypes = rest

    def _set_ip_address_type(self, value: str | None) -> None:
        if value not in ("ipv4", "dualstack"):
            raise BadRequest("ipAddressType must be either ipv4 or dualstack.")
        _check_private_dualstack(self.endpoint_configuration["types"], value)
        self.endpoint_configuration["ipAddressType"] = value

    def _set_endpoint_type(self, patch: Patch) -> None:
        # The wording names add and remove too, but `remove` was refused when recorded.
        if patch.op not in ("add", "replace"):
            raise BadRequest("Invalid patch operation specified. Must be 'add'|'remove'|'replace'")
        if patch.value not in _ENDPOINT_TYPES:
            raise BadRequest(f"Invalid EndpointTypes specified. Valid options are {','.join(_ENDPOINT_TYPES)}")
        self.endpoint_configuration["types"] = [patch.value]
        if patch.value == "PRIVATE":
            self.endpoint_configuration["ipAddressType"] = "dualstack"

    # Resources ------------------------------------------------------------------------------------------------------

    def add_child(self, path: str, parent_id: str | None = None) -> Resource:  # type: ignore[override]
        """Add a resource without judging it (moto's constructor makes the root with it)."""
        resource_id = new_id(10 if parent_id is None else 6, self.resources)
        if parent_id is None:
            resource = Resource(resource_id, None, None, "/")
        else:
            resource = Resource(resource_id, parent_id, path, "")
            resource.path = self._path_of(resource)
        self.resources[resource_id] = resource
        return resource

    def resource(self, resource_id: str) -> Resource:
        """Raise NotFound when there is none of that id."""
        try:
            return self.resources[resource_id]
        except KeyError:
            raise NotFound(NO_RESOURCE) from None

    def create_resource(self, parent_id: str, path_part: str | None) -> Resource:
        """Add a child; refuse malformed parts, name twins, a second variable child, and children of `{x+}`."""
        parent = self.resource(parent_id)
        if not _PATH_PART.fullmatch(path_part or ""):
            raise BadRequest(
                "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at "
                "the beginning and the end."
            )
        part = path_part or ""
        if parent.is_greedy:
            raise BadRequest(f"Cannot create a child of a resource with a greedy path variable: {parent.path_part}")
        self._check_siblings(part, parent_id)
        return self.add_child(part, parent_id)

    def update_resource(self, resource_id: str, patches: list[Patch]) -> Resource:
        """Rename or move a resource, with all below it."""
        resource = self.resource(resource_id)
        for patch in patches:
            require_replace_of(patch, ("/parentId", "/pathPart"))
            if resource.parent_id is None:
                raise BadRequest(f"Root resource cannot update its {patch.path.strip('/')}.")
            value = patch.value or ""
            if patch.path == "/parentId":
                self.resource(value)
                if value in self._family(resource_id):
                    raise BadRequest("Resources cannot be cyclical.")
                self._check_siblings(resource.path_part or "", value, but=resource_id)
                resource.parent_id = value
            else:
                self._check_siblings(value, resource.parent_id, but=resource_id)
                resource.path_part = value
            for member in self._family(resource_id):
                self.resources[member].path = self._path_of(self.resources[member])
        return resource

    def delete_resource(self, resource_id: str) -> None:
        """Remove a resource with all below it."""
        if self.resource(resource_id).parent_id is None:
            # T: public deployment scripts look for these words.
            raise BadRequest("Root resource cannot be deleted.")
        for member in self._family(resource_id):
            del self.resources[member]

    def _check_siblings(self, path_part: str, parent_id: str, but: str | None = None) -> None:
        for sibling in self.resources.values():
            if sibling.parent_id != parent_id or sibling.id == but:
                continue
            if sibling.path_part == path_part:
                raise Conflict(f"Another resource with the same parent already has this name: {path_part}")
            if sibling.is_variable and _is_variable(path_part):
                raise BadRequest(
                    f"A sibling ({sibling.path_part}) of this resource already has a variable path part -- "
                    "only one is allowed"
                )

    def _path_of(self, resource: Resource) -> str:
        if resource.parent_id is None:
            return "/"
        parent = self.resources[resource.parent_id]
        return f"{parent.path.rstrip('/')}/{resource.path_part}"

    def _family(self, resource_id: str) -> list[str]:
        """The resource and all below it, parents first."""
        found = [resource_id]
        for member in found:
            found.extend(one.id for one in self.resources.values() if one.parent_id == member)
        return found

    # Methods and integrations ---------------------------------------------------------------------------------------

    def has_authorizer(self, authorizer_id: str) -> bool:
        return authorizer_id in self.authorizers

    def has_request_validator(self, validator_id: str) -> bool:
        return validator_id in self.request_validators

    def new_authorizer(self, members: Mapping[str, Any], authorizer_id: str | None = None) -> Authorizer:
        """An authorizer of these members, as CreateAuthorizer names them; in the place of another, with its id."""
        made = Authorizer.of(authorizer_id or new_id(6, self.authorizers), members)
        self.authorizers[made.id] = made
        return made

    def authorizer(self, authorizer_id: str) -> Authorizer:
        """Raise NotFound for an id that names none."""
        return entry(self.authorizers, authorizer_id, NO_AUTHORIZER)

    def update_authorizer(self, authorizer_id: str, patch_operations: Sequence[Patch]) -> Authorizer:
        """UpdateAuthorizer. A refused request changes nothing."""
        authorizer = self.authorizer(authorizer_id)
        for patch in patch_operations:
            authorizer = authorizer.patched(patch)
        self.authorizers[authorizer_id] = authorizer
        return authorizer

    def add_model(self, name: str, description: str, schema: str, content_type: str) -> Model:  # type: ignore[override]
        """Add a model without judging it: the two that are there from the start, and imported ones."""
        known = self.models.get(name)
        model_id = new_id(6, [model.id for model in self.models.values()]) if known is None else known.id
        self.models[name] = Model(model_id, name, schema, content_type, description)
        return self.models[name]

    def new_model(self, body: Mapping[str, Any]) -> Model:
        """CreateModel."""
        model = Model.of(new_id(6, [model.id for model in self.models.values()]), body)
        if model.name in self.models:
            raise Conflict("Model name already exists for this REST API")
        self.models[model.name] = model
        return model

    def model(self, name: str) -> Model:
        """Raise NotFound for a name that no model has."""
        return entry(self.models, name, no_model(name))

    def update_model(self, name: str, patch_operations: Sequence[Patch]) -> Model:
        """UpdateModel. A refused request changes nothing."""
        model = self.model(name)
        for patch in patch_operations:
            model = model.patched(patch)
        self.models[name] = model
        return model

    def request_validator(self, validator_id: str) -> RequestValidator:
        """Raise NotFound for an id that names none."""
        return entry(self.request_validators, validator_id, NO_VALIDATOR)

    def new_request_validator(self, body: Mapping[str, Any]) -> RequestValidator:
        """CreateRequestValidator."""
        validator = RequestValidator(
            new_id(6, self.request_validators),
            _validator_name(body.get("name")),
            bool(body.get("validateRequestBody")),
            bool(body.get("validateRequestParameters")),
        )
        self.request_validators[validator.id] = validator
        return validator

    def update_request_validator(  # type: ignore[override]
        self, validator_id: str, patch_operations: Sequence[Patch]
    ) -> RequestValidator:
        """UpdateRequestValidator. A refused request changes nothing."""
        validator = self.request_validator(validator_id)
        for patch in patch_operations:
            require_replace_of(patch, ("/name", "/validateRequestParameters", "/validateRequestBody"))
            match patch.path:
                case "/name":
                    validator = replace(validator, name=_validator_name(patch.value))
                case "/validateRequestBody":
                    validator = replace(validator, body=as_bool(patch.value))
                case _:
                    validator = replace(validator, parameters=as_bool(patch.value))
        self.request_validators[validator_id] = validator
        return validator

    def has_model(self, name: str) -> bool:
        return name in self.models

    def put_method(self, resource_id: str, http_method: str, body: Mapping[str, Any]) -> Method:
        resource = self.resource(resource_id)
        method = methods.method(http_method, body, self)
        if http_method in resource.methods:
            raise Conflict("Method already exists for this resource")  # T: aws-cli#3992
        resource.methods[http_method] = method
        return method

    def update_method(self, resource_id: str, http_method: str, patches: list[Patch]) -> Method:
        resource = self.resource(resource_id)
        changed = methods.patched_method(resource.method(http_method), patches, self)
        resource.methods[http_method] = changed
        return changed

    def delete_method(self, resource_id: str, http_method: str) -> None:
        resource = self.resource(resource_id)
        resource.method(http_method)
        del resource.methods[http_method]

    def method_response(self, resource_id: str, http_method: str, status_code: str) -> MethodResponse:
        method = self.resource(resource_id).method(http_method)
        return entry(method.method_responses, status_code, _NO_STATUS)

    def put_method_response(
        self, resource_id: str, http_method: str, response: MethodResponse, *, new: bool = False
    ) -> MethodResponse:
        """Set a method response; with `new`, refuse one that is there."""
        resource = self.resource(resource_id)
        method = resource.method(http_method)
        if new and response.status_code in method.method_responses:
            raise Conflict("Response already exists for this resource")
        for model in (response.response_models or {}).values():
            if not self.has_model(model):
                raise BadRequest(f"Invalid model identifier specified: {model}")
        responses = {**method.method_responses, response.status_code: response}
        resource.methods[http_method] = replace(method, method_responses=MappingProxyType(responses))
        return response

    def delete_method_response(self, resource_id: str, http_method: str, status_code: str) -> None:
        resource = self.resource(resource_id)
        method = resource.method(http_method)
        entry(method.method_responses, status_code, _NO_STATUS)
        rest = {code: one for code, one in method.method_responses.items() if code != status_code}
        resource.methods[http_method] = replace(method, method_responses=MappingProxyType(rest))

    def integration(self, resource_id: str, http_method: str) -> Integration:
        """Raise NotFound when the method has none."""
        found = self.resource(resource_id).method(http_method).integration
        if found is None:
            raise NotFound(_NO_INTEGRATION)
        return found

    def put_integration(self, resource_id: str, http_method: str, body: Mapping[str, Any]) -> Integration:
        method = self.resource(resource_id).method(http_method)
        value = integrations.integration(body, method, resource_id)
        integrations.check_target(value, is_v2=self._names_v2_link(value))
        return self._set_integration(resource_id, http_method, value)

    def _names_v2_link(self, value: Integration) -> bool:
        return bool(value.connection_id and vpc_link_v2(self.account_id, self.region_name, value.connection_id))

    def update_integration(self, resource_id: str, http_method: str, patches: list[Patch]) -> Integration:
        changed = self.integration(resource_id, http_method)
        method = self.resource(resource_id).method(http_method)
        for patch in patches:
            changed = integrations.patched_integration(changed, patch, method)
        integrations.check_target(changed, is_v2=self._names_v2_link(changed))
        return self._set_integration(resource_id, http_method, changed)

    def delete_integration(self, resource_id: str, http_method: str) -> None:
        self.integration(resource_id, http_method)
        resource = self.resource(resource_id)
        resource.methods[http_method] = replace(resource.methods[http_method], integration=None)

    def integration_response(self, resource_id: str, http_method: str, status_code: str) -> IntegrationResponse:
        found = self.integration(resource_id, http_method).integration_responses
        return entry(found, status_code, _NO_STATUS)

    def put_integration_response(
        self, resource_id: str, http_method: str, status_code: str, body: Mapping[str, Any]
    ) -> IntegrationResponse:
        self.integration(resource_id, http_method)
        method = self.resource(resource_id).method(http_method)
        response = integrations.integration_response(status_code, body, method)
        return self._set_integration_response(resource_id, http_method, response)

    def update_integration_response(
        self, resource_id: str, http_method: str, status_code: str, patches: list[Patch]
    ) -> IntegrationResponse:
        changed = self.integration_response(resource_id, http_method, status_code)
        method = self.resource(resource_id).method(http_method)
        for patch in patches:
            changed = integrations.patched_integration_response(changed, patch, method)
        return self._set_integration_response(resource_id, http_method, changed)

    def delete_integration_response(self, resource_id: str, http_method: str, status_code: str) -> None:
        # R: a missing method is told as a missing integration here (non-existent-method, bad-method).
        method = self.resource(resource_id).methods.get(http_method)
        if method is None or method.integration is None:
            raise NotFound(_NO_INTEGRATION)
        entry(method.integration.integration_responses, status_code, _NO_STATUS)
        rest = {code: one for code, one in method.integration.integration_responses.items() if code != status_code}
        changed = replace(method.integration, integration_responses=MappingProxyType(rest))
        self._set_integration(resource_id, http_method, changed)

    def _set_integration_response(
        self, resource_id: str, http_method: str, response: IntegrationResponse
    ) -> IntegrationResponse:
        current = self.integration(resource_id, http_method)
        responses = {**current.integration_responses, response.status_code: response}
        self._set_integration(
            resource_id, http_method, replace(current, integration_responses=MappingProxyType(responses))
        )
        return response

    def _set_integration(self, resource_id: str, http_method: str, value: Integration) -> Integration:
        resource = self.resource(resource_id)
        resource.methods[http_method] = replace(resource.method(http_method), integration=value)
        return value

    # Gateway responses ----------------------------------------------------------------------------------------------

    def gateway_response(self, response_type: str) -> GatewayResponse:
        """The customised response of that type, or AWS's default."""
        return gateway_responses.effective(response_type, self.gateway_responses)

    def put_gateway_response(self, response_type: str, body: Mapping[str, Any]) -> GatewayResponse:  # type: ignore[override]
        response = gateway_responses.gateway_response(response_type, body)
        self.gateway_responses[response_type] = response
        return response

    def update_gateway_response(self, response_type: str, patches: list[Patch]) -> GatewayResponse:
        response = self.gateway_response(response_type)
        for patch in patches:
            response = gateway_responses.patched(response, patch)
        self.gateway_responses[response_type] = response
        return response

    def delete_gateway_response(self, response_type: str) -> None:
        if response_type not in self.gateway_responses:
            raise NotFound("Gateway response type not defined on api")
        del self.gateway_responses[response_type]

    # Deployments and stages -----------------------------------------------------------------------------------------

    def deployment(self, deployment_id: str) -> Deployment:
        return entry(self.deployments, deployment_id, "Invalid Deployment identifier specified")

    def deploy(self, body: Mapping[str, Any]) -> Deployment:
        """Freeze what is configured; with `stageName`, point that stage at it, or make it.

        A stage that is there keeps all its settings; `variables` are set upon its own where given.
        """
        frozen = snapshot_of(self)
        found = list(frozen.methods())
        if not found:
            raise BadRequest("The REST API doesn't contain any methods")
        if any(method.integration is None for _, method in found):
            raise BadRequest("No integration defined for method")
        if "PRIVATE" in self.endpoint_configuration["types"] and self.policy is None:
            # T: terraform-provider-aws#14290, #26394
            raise BadRequest("Private REST API doesn't have a resource policy attached to it")
        stage_name = body.get("stageName")
        if stage_name:
            check_stage_name(stage_name)
        variables = body.get("variables") or {}
        check_variables(variables)
        now = clock.current().time()
        deployment = Deployment(new_id(6, self.deployments), now, frozen, body.get("description"))
        self.deployments[deployment.id] = deployment
        if stage_name in self.stages:
            stage = self.stages[stage_name]
            # A new value in the old one's place: the data plane reads stages while they change.
            self.stages[stage_name] = replace(
                stage,
                deployment_id=deployment.id,
                variables=stage.variables | variables,
                description=body.get("stageDescription") or stage.description,
                updated=now,
            )
        elif stage_name:
            self._add_stage({**body, "deploymentId": deployment.id, "description": body.get("stageDescription")})
        return deployment

    def update_deployment(self, deployment_id: str, patches: list[Patch]) -> Deployment:
        deployment = self.deployment(deployment_id)
        for patch in patches:
            require_replace_of(patch, ("/description",))
        for patch in patches:
            deployment.description = patch.value
        return deployment

    def remove_deployment(self, deployment_id: str) -> None:
        self.deployment(deployment_id)
        if any(stage.deployment_id == deployment_id for stage in self.stages.values()):
            raise BadRequest("Active stages pointing to this deployment must be moved or deleted")
        del self.deployments[deployment_id]

    def stage(self, name: str) -> Stage:
        return entry(self.stages, name, "Invalid Stage identifier specified")

    def new_stage(self, body: Mapping[str, Any]) -> Stage:
        """CreateStage."""
        check_stage_name(body["stageName"])
        self.deployment(body["deploymentId"])
        if body["stageName"] in self.stages:
            raise Conflict("Stage already exists")
        check_variables(body.get("variables") or {})
        return self._add_stage(body)

    def _add_stage(self, body: Mapping[str, Any]) -> Stage:
        now = clock.current().time()
        stage = Stage(
            name=body["stageName"],
            deployment_id=body["deploymentId"],
            created=now,
            updated=now,
            description=body.get("description"),
            variables=dict(body.get("variables") or {}),
            tags=dict(body.get("tags") or {}),
            tracing_enabled=bool(body.get("tracingEnabled")),
            documentation_version=body.get("documentationVersion"),
            cache_cluster_enabled=bool(body.get("cacheClusterEnabled")),
            cache_cluster_size=body.get("cacheClusterSize"),
        )
        self.stages[stage.name] = stage
        return stage

    def update_stage(self, name: str, patches: list[Patch], *, can_log: bool) -> Stage:
        stage = copy.deepcopy(self.stage(name))
        for patch in patches:
            stage.apply(patch, has_deployment=self.deployments.__contains__, can_log=can_log)
        stage.updated = clock.current().time()
        self.stages[name] = stage
        return stage

    def remove_stage(self, name: str) -> None:
        self.stage(name)
        del self.stages[name]


def entry(entries: Mapping[str, V], key: str, missing: str) -> V:
    """The value under a key. Raise NotFound with the message `missing` when there is none."""
    try:
        return entries[key]
    except KeyError:
        raise NotFound(missing) from None


def no_model(name: str) -> str:
    """What AWS says of a model that is not there."""
    return f"Invalid model name specified: {name}"


def _validator_name(name: str | None) -> str:
    # R localstack test_apigateway_api.snapshot.json test_invalid_update_request_validator_operations.
    if not name:
        raise BadRequest("Request Validator name cannot be blank")
    return name


def check_new_api(body: Mapping[str, Any]) -> None:
    """Raise BadRequest for a REST API that AWS does not create (in the recorded order of its checks)."""
    endpoint = body.get("endpointConfiguration") or {}
    types = endpoint.get("types")
    if types == []:
        raise BadRequest("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.")
    if types and len(types) > 1:
        raise BadRequest("Cannot create an api with multiple Endpoint Types.")
    if body.get("description") == "":
        raise BadRequest("Description cannot be an empty string")
    _check_private_dualstack(types or (), endpoint.get("ipAddressType"))
    compression_size(body.get("minimumCompressionSize"))
    policy_document(body.get("policy"))


def _check_private_dualstack(types: Collection[str], ip_address_type: str | None) -> None:
    if "PRIVATE" in types and ip_address_type == "ipv4":
        raise BadRequest("Only dualstack ipAddressType is supported for Private APIs.")


def policy_document(text: str | None) -> str | None:
    """A resource policy as it is kept: compact JSON.

    Raise BadRequest for what is none (T: terraform-provider-aws#29392).
    """
    if not text:
        return None
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not document.get("Statement"):
        raise BadRequest(
            "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."
        )
    return json.dumps(document, separators=(",", ":"))


def _escaped(policy: str) -> str:
    """A policy as GetRestApi answers it: with quotes and slashes escaped.

    T: localstack#3325, terraform-provider-aws#4606.
    """
    return json.dumps(policy)[1:-1].replace("/", "\\/")


def compression_size(value: Any) -> int | None:
    """The size in bytes above which answers are compressed; None and "" turn compression off."""
    if value is None or value == "":
        return None
    try:
        size = int(value)
    except ValueError:
        size = -1
    if size not in _COMPRESSION_SIZES:
        raise BadRequest(f"Invalid minimum compression size, must be between 0 and {_COMPRESSION_SIZES[-1]}")
    return size


_EMPTY_MODEL: Final = (
    '{\n  "$schema": "http://json-schema.org/draft-04/schema#",\n  "title" : "Empty Schema",\n  "type" : "object"\n}'
)
_ERROR_MODEL: Final = (
    '{\n  "$schema" : "http://json-schema.org/draft-04/schema#",\n  "title" : "Error Schema",\n  "type" : "object",\n'
    '  "properties" : {\n    "message" : { "type" : "string" }\n  }\n}'
)
