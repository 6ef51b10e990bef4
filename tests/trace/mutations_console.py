"""Single faults of an API as the console makes it: no ``{proxy+}``, the link named by its id, two stages.

Faults of the load balancer's half are those of :mod:`tests.trace.mutations`; here are those that a greedy route over
stage variables cannot have.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.trace.conftest import Stack
from tests.trace.mutations import Mutation

__all__ = ["CONSOLE", "ConsoleStack"]


@dataclass
class ConsoleStack(Stack):
    """``/orders``, ``/orders/{id}``, ``/orders/{id}/items`` and ``/status``, deployed to two stages."""

    resources: dict[str, str] = field(default_factory=dict)
    """Ids by path."""

    def patch(self, path: str, *operations: dict[str, str], verb: str = "GET", deploy: bool = True) -> None:
        """Change the integration of a path's method."""
        self.aws.apigateway.update_integration(
            restApiId=self.api_id,
            resourceId=self.resources[path],
            httpMethod=verb,
            patchOperations=list(operations),  # type: ignore[arg-type]
        )
        if deploy:
            self.deploy()

    def patch_method(self, path: str, *operations: dict[str, str], verb: str = "GET") -> None:
        """Change the method of a path, and deploy it."""
        self.aws.apigateway.update_method(
            restApiId=self.api_id,
            resourceId=self.resources[path],
            httpMethod=verb,
            patchOperations=list(operations),  # type: ignore[arg-type]
        )
        self.deploy()

    def answer_with(self, status: str, pattern: str) -> None:
        """Put an integration response of ``/status``, which is no proxy."""
        where: Any = {"restApiId": self.api_id, "resourceId": self.resources["/status"], "httpMethod": "GET"}
        if status != "200":
            self.aws.apigateway.put_method_response(**where, statusCode=status)
        self.aws.apigateway.put_integration_response(**where, statusCode=status, selectionPattern=pattern)
        self.deploy()


CONSOLE: list[Mutation] = []


def mutation(hop: str, **options: Any) -> Callable[[Callable[[Any], object]], Callable[[Any], object]]:
    def keep(apply: Callable[[Any], object]) -> Callable[[Any], object]:
        CONSOLE.append(Mutation(apply.__name__.replace("_", "-"), hop, apply, **options))
        return apply

    return keep


def _replace(path: str, value: str, op: str = "replace") -> dict[str, str]:
    return {"op": op, "path": path, "value": value}


# --- who may call -----------------------------------------------------------------------------------------------------

_ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}


def _policy(stack: ConsoleStack, *statements: dict[str, object], deploy: bool = True) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    stack.aws.apigateway.update_rest_api(restApiId=stack.api_id, patchOperations=[_replace("/policy", text)])  # type: ignore[list-item]
    if deploy:
        stack.deploy()


@mutation("access")
def policy_for_another_action(stack: ConsoleStack) -> None:
    _policy(stack, {**_ALLOW, "Action": "execute-api:ManageConnections"})


@mutation("access")
def policy_for_another_api(stack: ConsoleStack) -> None:
    _policy(stack, {**_ALLOW, "Resource": "arn:aws:execute-api:us-east-1:123456789012:another123/*"})


@mutation("access")
def policy_for_all_but_this_path(stack: ConsoleStack) -> None:
    _policy(stack, {**{key: _ALLOW[key] for key in ("Effect", "Principal", "Action")},
                    "NotResource": "execute-api:/live/GET/orders"})  # fmt: skip


@mutation("access")
def policy_for_a_list_of_everybody(stack: ConsoleStack) -> None:
    _policy(stack, {**_ALLOW, "Principal": {"AWS": ["*"]}, "Action": ["execute-api:Invoke", "execute-api:*"]})


@mutation("deployment")
def policy_mended_and_not_deployed(stack: ConsoleStack) -> None:
    _policy(stack, {**_ALLOW, "Effect": "Deny"})
    _policy(stack, _ALLOW, deploy=False)


@mutation("access")
def key_asked_of_this_method(stack: ConsoleStack) -> None:
    stack.patch_method("/orders", _replace("/apiKeyRequired", "true"))


# --- stage ------------------------------------------------------------------------------------------------------------


@mutation("stage", stage="LIVE")
def stage_written_otherwise(stack: ConsoleStack) -> None:
    del stack


@mutation("stage", stage="Test-1")
def the_other_stage(stack: ConsoleStack) -> None:
    """Deployed to one stage: the other still serves what it served."""
    stack.patch("/orders", _replace("/uri", "http://service.example:81/orders"))


def _throttle(stack: ConsoleStack, method: str) -> None:
    stack.patch_stage(f"/{method}/throttling/rateLimit", "0")
    stack.patch_stage(f"/{method}/throttling/burstLimit", "0")


@mutation("stage", path="/orders/7")
def this_method_throttled_to_nothing(stack: ConsoleStack) -> None:
    _throttle(stack, "~1orders~1{id}/GET")


@mutation("stage")
def another_method_throttled_to_nothing(stack: ConsoleStack) -> None:
    _throttle(stack, "~1orders~1{id}/GET")


# --- route and method -------------------------------------------------------------------------------------------------


@mutation("route", path="/orders/7/8")
def too_deep(stack: ConsoleStack) -> None:
    del stack


@mutation("method", path="/orders/7/items")
def only_posted(stack: ConsoleStack) -> None:
    del stack


def _validated(stack: ConsoleStack, parameter: str) -> None:
    validator = stack.aws.apigateway.create_request_validator(
        restApiId=stack.api_id, name="parameters", validateRequestParameters=True
    )["id"]
    declared = _replace(f"/requestParameters/method.request.{parameter}", "true")
    stack.patch_method("/orders", _replace("/requestValidatorId", validator), declared)


@mutation("method")
def a_query_parameter_is_asked_for(stack: ConsoleStack) -> None:
    _validated(stack, "querystring.page")


# --- integration ------------------------------------------------------------------------------------------------------


@mutation("integration")
def link_of_no_such_id(stack: ConsoleStack) -> None:
    stack.patch("/orders", _replace("/connectionId", "abc123"))


@mutation("integration")
def variable_misspelt(stack: ConsoleStack) -> None:
    stack.patch("/orders", _replace("/connectionId", "${stageVariable.LINK}"))


@mutation("stage-variables")
def variable_of_the_other_stage(stack: ConsoleStack) -> None:
    link = stack.link["id"]
    stack.patch("/orders", _replace("/connectionId", "${stageVariables.LINK}"))
    stack.aws.apigateway.update_stage(
        restApiId=stack.api_id,
        stageName="Test-1",
        patchOperations=[_replace("/variables/LINK", link)],  # type: ignore[list-item]
    )


@mutation("integration")
def another_port(stack: ConsoleStack) -> None:
    stack.patch("/orders", _replace("/uri", f"http://{stack.balancer['DNSName']}:81/orders"))


@mutation("integration", path="/orders/7")
def placeholder_of_another_name(stack: ConsoleStack) -> None:
    stack.patch("/orders/{id}", _replace("/uri", f"http://{stack.balancer['DNSName']}/orders/{{order}}"))


@mutation("integration")
def path_in_other_letters(stack: ConsoleStack) -> None:
    stack.patch("/orders", _replace("/uri", f"http://{stack.balancer['DNSName']}/Orders"))


@mutation("integration")
def literal_host_and_a_service_that_cares(stack: ConsoleStack) -> None:
    stack.machines(virtual_hosts=[stack.balancer["DNSName"]])
    stack.patch("/orders", _replace("/uri", "http://service.example/orders"))


@mutation("integration")
def host_mapped_and_a_service_that_cares(stack: ConsoleStack) -> None:
    stack.machines(virtual_hosts=[stack.balancer["DNSName"]])
    stack.patch(
        "/orders", _replace("/requestParameters/integration.request.header.Host", "'service.example'", op="add")
    )


@mutation("integration", path="/status")
def response_deleted(stack: ConsoleStack) -> None:
    stack.aws.apigateway.delete_integration_response(
        restApiId=stack.api_id, resourceId=stack.resources["/status"], httpMethod="GET", statusCode="200"
    )
    stack.deploy()


@mutation("integration", path="/status")
def responses_that_fit_nothing(stack: ConsoleStack) -> None:
    stack.answer_with("200", "404")


@mutation("integration", path="/status")
def response_that_spoils(stack: ConsoleStack) -> None:
    stack.answer_with("500", "2..")


@mutation("backend", path="/status")
def no_proxy_and_a_service_that_fails(stack: ConsoleStack) -> None:
    stack.answer_with("404", "4..")
    stack.machines(status={"/health": 200, "*": 404})


@mutation("integration")
def made_up_by_api_gateway(stack: ConsoleStack) -> None:
    stack.aws.apigateway.put_integration(
        restApiId=stack.api_id,
        resourceId=stack.resources["/orders"],
        httpMethod="GET",
        type="MOCK",
        requestTemplates={"application/json": '{"statusCode": 500}'},
    )
    stack.deploy()


# --- behind the link --------------------------------------------------------------------------------------------------


@mutation("listener")
def two_listeners_on_other_ports(stack: ConsoleStack) -> None:
    elb, listener = stack.aws.elbv2, stack.listener
    elb.modify_listener(ListenerArn=listener["ListenerArn"], Port=8080)
    elb.create_listener(
        LoadBalancerArn=stack.balancer["LoadBalancerArn"],
        Protocol="TCP",
        Port=8081,
        DefaultActions=listener["DefaultActions"],
    )


@mutation("listener")
def listener_of_another_port_and_protocol(stack: ConsoleStack) -> None:
    elb, listener = stack.aws.elbv2, stack.listener
    certificate = stack.aws.session.client("acm", endpoint_url=stack.account.url, region_name=stack.aws.region)
    arn = certificate.request_certificate(DomainName="service.example")["CertificateArn"]
    elb.delete_listener(ListenerArn=listener["ListenerArn"])
    elb.create_listener(
        LoadBalancerArn=stack.balancer["LoadBalancerArn"],
        Protocol="TLS",
        Port=443,
        Certificates=[{"CertificateArn": arn}],
        DefaultActions=listener["DefaultActions"],
    )


@mutation("targets")
def leaving_for_an_hour(stack: ConsoleStack) -> None:
    elb, arn = stack.aws.elbv2, stack.group["TargetGroupArn"]
    elb.modify_target_group_attributes(
        TargetGroupArn=arn, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "3600"}]
    )
    elb.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": each} for each in stack.instances])
    stack.settle(900)
