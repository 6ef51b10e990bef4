"""API Gateway's control plane in one account and region: moto's backend with REST APIs and VPC links of our own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from moto.apigateway import models as stock
from moto.elbv2.models import elbv2_backends

from practice import clock, elbv2
from practice.apigateway.api_keys import ApiKey
from practice.apigateway.errors import BadRequest, Conflict, NotFound
from practice.apigateway.links import NLB_NOT_ACTIVE, NLB_TAKEN, NOT_AN_NLB, VpcLink, check_target_arns
from practice.apigateway.patch import Patch
from practice.apigateway.rest_apis import NO_RESOURCE, RestApi, check_new_api, entry, new_id
from practice.apigateway.snapshot import ApiKeyView
from practice.apigateway.usage_plans import UsagePlan
from practice.iam import service_may

__all__ = ["ApiGatewayBackend"]

_LOG_ROLE: Final = "/cloudwatchRoleArn"
# D: developer guide, "Set up CloudWatch logging for REST APIs", "Permissions for CloudWatch logging".
_LOG_ACTIONS: Final = (
    *("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams"),
    *("logs:PutLogEvents", "logs:GetLogEvents", "logs:FilterLogEvents"),
)


class ApiGatewayBackend(stock.APIGatewayBackend):
    """API Gateway in one account and region."""

    # moto's dictionaries, with its own classes as types: here they hold ours.
    apis: dict[str, RestApi]  # type: ignore[assignment]
    vpc_links: dict[str, VpcLink]  # type: ignore[assignment]
    keys: dict[str, ApiKey]  # type: ignore[assignment]
    usage_plans: dict[str, UsagePlan]  # type: ignore[assignment]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        # moto makes a domain's entry with its first mapping, and reads it before.
        self.base_path_mappings = defaultdict(dict)

    @property
    def can_log(self) -> bool:
        """Whether the account names a role that API Gateway may write CloudWatch Logs with."""
        return bool(self.account.cloudwatch_role_arn)

    def patch_account(self, operations: Sequence[Patch]) -> None:
        """UpdateAccount. A refused request changes nothing."""
        for patch in operations:
            if patch.path == _LOG_ROLE and patch.op != "remove" and patch.value:
                self._check_log_role(patch.value)
        for patch in operations:
            if patch.path == _LOG_ROLE:
                self.account.cloudwatch_role_arn = None if patch.op == "remove" else patch.value or None
            else:
                self.update_account([{"op": patch.op, "path": patch.path, "value": patch.value}])

    def _check_log_role(self, role_arn: str) -> None:
        """Raise BadRequest for a role with which API Gateway could not write to CloudWatch Logs."""
        logs = f"arn:{self.partition}:logs:{self.region_name}:{self.account_id}:log-group:"
        stream = f"{logs}API-Gateway-Execution-Logs_abcdefghij/prod:log-stream:0"
        if not service_may("apigateway.amazonaws.com", _LOG_ACTIONS, stream, role_arn=role_arn):
            # T: tmobile/jazz-installer#597, aws-cloudformation/rain#163
            raise BadRequest(
                "The role ARN does not have required permissions configured. Please grant trust permission for API "
                "Gateway and add the required role policy."
            )

    def get_rest_api(self, function_id: str) -> RestApi:
        """Raise NotFound for an id that names no API (ids are case-sensitive)."""
        return entry(self.apis, function_id, f"Invalid API identifier specified {self.account_id}:{function_id}")

    def api_of_resource(self, api_id: str) -> RestApi:
        """The same for operations below a resource, where AWS does not tell a missing API from a missing resource."""
        return entry(self.apis, api_id, NO_RESOURCE)

    def new_rest_api(self, body: Mapping[str, Any]) -> RestApi:
        """CreateRestApi."""
        check_new_api(body)
        api = RestApi(new_id(10, self.apis), self.account_id, self.region_name, body)  # type: ignore[abstract]
        self.apis[api.id] = api
        return api

    def update_rest_api(self, function_id: str, patch_operations: list[Patch]) -> RestApi:  # type: ignore[override]
        """UpdateRestApi. A refused request changes nothing."""
        api = self.get_rest_api(function_id)
        with api.all_or_nothing() as tried:
            for patch in patch_operations:
                tried.apply_patch(patch)
        return api

    def delete_rest_api(self, function_id: str) -> RestApi:
        """Remove an API with all that belongs to it."""
        api = self.get_rest_api(function_id)
        del self.apis[function_id]
        return api

    # API keys and usage plans ---------------------------------------------------------------------------------------

    def admitted_key(self, api_id: str, stage_name: str, value: str) -> ApiKeyView | None:
        """The enabled API key with that value, if a usage plan lets it into the stage."""
        for plan in list(self.usage_plans.values()):
            if not plan.lets_into(api_id, stage_name):
                continue
            for key_id in plan.keys:
                key = self.keys.get(key_id)
                if key is not None and key.enabled and key.value == value:
                    rate, burst = plan.throttle.get("rateLimit"), plan.throttle.get("burstLimit")
                    return ApiKeyView(key.id, key.name, plan.id, rate, None if burst is None else int(burst))
        return None

    def api_key(self, key_id: str) -> ApiKey:
        """Raise NotFound for an id that names no key."""
        return entry(self.keys, key_id, "Invalid API Key identifier specified")

    def new_api_key(self, body: Mapping[str, Any]) -> ApiKey:
        """CreateApiKey."""
        key = ApiKey.of(new_id(10, self.keys), body)
        if any(other.value == key.value for other in self.keys.values()):
            raise Conflict("API Key already exists")  # T serverless/serverless#6400
        self.keys[key.id] = key
        return key

    def delete_api_key(self, api_key_id: str) -> None:
        """DeleteApiKey: it is in no usage plan any more either."""
        del self.keys[self.api_key(api_key_id).id]
        for plan in list(self.usage_plans.values()):
            self.usage_plans[plan.id] = replace(plan, keys=tuple(key for key in plan.keys if key != api_key_id))

    def usage_plan(self, plan_id: str) -> UsagePlan:
        """Raise NotFound for an id that names no plan."""
        return entry(self.usage_plans, plan_id, "Invalid Usage Plan ID specified")

    def new_usage_plan(self, body: Mapping[str, Any]) -> UsagePlan:
        """CreateUsagePlan."""
        plan = UsagePlan.of(new_id(6, self.usage_plans), body, exists=self.has_stage)
        self.usage_plans[plan.id] = plan
        return plan

    def has_stage(self, api_id: str, stage: str) -> bool:
        """Whether an API has a stage of that name."""
        return api_id in self.apis and stage in self.apis[api_id].stages

    def usage_plan_key(self, plan_id: str, key_id: str) -> ApiKey:
        """Raise NotFound for a key that is not in the plan."""
        if key_id not in self.usage_plan(plan_id).keys:
            raise NotFound("Invalid Usage Plan Key identifier specified")  # words unknown
        return self.api_key(key_id)

    # VPC links ------------------------------------------------------------------------------------------------------

    def link(self, link_id: str) -> VpcLink | None:
        """The link of that id, if it has not gone."""
        found = self.vpc_links.get(link_id)
        if found is not None and found.gone:
            del self.vpc_links[link_id]
            return None
        return found

    def links(self) -> list[VpcLink]:
        """All links that have not gone, the oldest first."""
        return [link for link_id in list(self.vpc_links) if (link := self.link(link_id)) is not None]

    def get_vpc_link(self, vpc_link_id: str) -> VpcLink:  # type: ignore[override]
        """Raise NotFound when there is no such link, or no longer."""
        link = self.link(vpc_link_id)
        if link is None:
            raise NotFound("Invalid Vpc Link identifier specified")
        return link

    def new_vpc_link(self, body: Mapping[str, Any]) -> VpcLink:
        """CreateVpcLink. It never refuses for the NLB's sake: such a link fails later."""
        if not body.get("name"):
            raise BadRequest("Name cannot be empty")
        targets = list(body.get("targetArns") or ())
        check_target_arns(targets)
        link_id = new_id(6, self.vpc_links)
        link = VpcLink(
            id=link_id,
            arn=f"arn:{self.partition}:apigateway:{self.region_name}::/vpclinks/{link_id}",
            name=body["name"],
            target_arns=targets,
            created=clock.current().time(),
            description=body.get("description"),
            tags=dict(body.get("tags") or {}),
        )
        for arn in targets:
            link.failure = self._why_not(arn)
            if link.failure is None:
                elbv2.associate(arn, link.arn)
        self.vpc_links[link_id] = link
        return link

    def _why_not(self, arn: str) -> str | None:
        """Why a link cannot use this target, as statusMessage says it; None when it can."""
        balancer = elbv2_backends[self.account_id][self.region_name].load_balancers.get(arn)
        if balancer is None or balancer.type != "network":
            return NOT_AN_NLB
        if balancer.load_balancer_state["Code"] != "active":
            return NLB_NOT_ACTIVE
        return NLB_TAKEN if elbv2.association(arn) else None

    def delete_vpc_link(self, vpc_link_id: str) -> None:
        """DeleteVpcLink: refuse while a stage's deployment refers to the link, else begin its deletion."""
        link = self.get_vpc_link(vpc_link_id)
        if references := self._references(vpc_link_id):
            raise BadRequest(
                f"Cannot delete vpc link. Vpc link '{vpc_link_id}', is referenced in [{', '.join(references)}] "
                "in format of [RESTApiId:Method:Resource:Stage]."
            )
        if link.deleted_at is None:
            link.deleted_at = clock.current().time()
            if link.failure is None:
                for arn in link.target_arns:
                    elbv2.dissociate(arn, link.arn, at=link.gone_at(link.deleted_at))

    def _references(self, link_id: str) -> list[str]:
        """Methods deployed to a stage whose integration names the link by id.

        Whether AWS also counts a reference through a stage variable is not known; it is not counted here, so that a
        caller who relies on the refusal is the one who is surprised in practice (see UNKNOWN.md).
        """
        return [
            f"{api.id}:{method.http_method}:{route.resource_id}:{stage.name}"
            for api in self.apis.values()
            for stage in api.stages.values()
            for route, method in api.deployments[stage.deployment_id].snapshot.methods()
            if method.integration is not None and method.integration.connection_id == link_id
        ]
