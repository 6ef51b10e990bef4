"""A stack on a practice account, as drills break, mend and judge it. Everything is looked up anew each time."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import httpx

from drills.service import Service
from drills.service import ensure as ensure_service
from drills.service import find as find_service
from runbook import machines
from runbook.accounts import Account, Kind
from runbook.calling import Client
from runbook.engine import run
from runbook.errors import BadInput, CannotContinue
from runbook.events import Action, Event, Outcome, RunFinished, StepFinished
from runbook.parameters import Parameters
from runbook.path import gateway, links
from runbook.path.links import Link, LinkV2
from runbook.record import is_ours
from runbook.step import Plan
from steps import (
    _links,
    listener,
    load_balancer,
    nlb_addresses,
    rest_api,
    target_group,
    targets,
)
from steps.any_method import PATH_PARAMETER, VERB
from steps.integration import CONNECTION_ID, MAPPED_PATH, endpoint_url
from steps.listener import Listener
from steps.load_balancer import LoadBalancer
from steps.nlb_addresses import NlbAddress
from steps.proxy_resource import PATH
from steps.rest_api import RestApi
from steps.target_group import TargetGroup
from steps.targets import Target
from steps.tracks import TRACKS

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import IntegrationTypeDef, PatchOperationTypeDef, StageResponseTypeDef
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_ec2.type_defs import SecurityGroupRuleTypeDef
    from mypy_boto3_elbv2.type_defs import LoadBalancerTypeDef

    from runbook.aws import Aws

__all__ = ["KNOWN_PATHS", "ROUNDS", "Bench"]

T = TypeVar("T")
PatchOp = Literal["replace", "add"]

ROUNDS = 8
"""Requests that make one look at the invoke URL: enough to meet every instance in every zone, several times."""

KNOWN_PATHS = {"/": 200, "/health": 200, "/hello": 200, "/orders": 200, "*": 404}
"""The drills' service knows these paths only, as a real one does."""


@dataclass
class Bench:
    """A drill's stack. ``tell`` hears what is being done, in a few words, while it takes time."""

    account: Account
    params: Parameters
    tell: Callable[[str], object] = field(default=lambda _text: None)
    known: str = ""
    """The invoke URL of the stage as callers know it since the drill began; empty: whatever the API has now."""

    def __post_init__(self) -> None:
        if self.account.kind is not Kind.PRACTICE or not self.account.endpoint_url:
            raise BadInput("account", "drills break what they find, so they run on a practice account only.")

    @property
    def aws(self) -> Aws:
        """The account, as the steps talk to it."""
        return self.account.aws

    @property
    def apigatewayv2(self) -> ApiGatewayV2Client:
        """API Gateway's second interface, which V2 links belong to; the steps make V1 links."""
        return self.aws.apigatewayv2

    @cached_property
    def service(self) -> Service:
        """The private service behind the stack."""
        return self._there(find_service(self.aws, self.params.stack), "service")

    # --- what is there ------------------------------------------------------------------------------------------

    @property
    def api(self) -> RestApi:
        """The stack's API."""
        found = rest_api.find(self.aws, self.params.stack)
        return self._there(found if found and self._is_own(found.tags) else None, "API")

    @property
    def link(self) -> Link:
        """The stack's VPC link that is not about to go."""
        found = (link for link in _links.ours(self.aws, self.params.stack) if link.status != "DELETING")
        return self._there(next(found, None), "VPC link")

    @property
    def links_v2(self) -> list[LinkV2]:
        """The V2 links into the service's subnets, which only a trainee makes."""
        here = {*self.service.balancer_subnets, *self.service.instance_subnets}
        return [link for link in links.listed_v2(self.aws).values() if here & {*link.subnets}]

    @property
    def balancer(self) -> LoadBalancer:
        """The stack's load balancer."""
        found = load_balancer.find(self.aws, self.params.stack)
        return self._there(found if found and self._is_own(found.tags, found.vpc) else None, "load balancer")

    @property
    def group(self) -> TargetGroup:
        """The stack's target group."""
        found = target_group.find(self.aws, self.params.stack)
        return self._there(found if found and self._is_own(found.tags, found.vpc) else None, "target group")

    @property
    def listener(self) -> Listener:
        """The first listener of the stack's load balancer, which somebody else's of the name is not."""
        found = listener.find(self.aws, self.params.stack) if self.balancer else []
        return self._there(next(iter(found), None), "listener")

    @property
    def targets(self) -> list[Target]:
        """What is registered, except what is on its way out."""
        return [item for item in targets.find(self.aws, self.params.stack) if item.state != "draining"]

    @property
    def addresses(self) -> list[str]:
        """The load balancer's private addresses."""
        return [address.ip for address in self.nodes]

    @property
    def nodes(self) -> tuple[NlbAddress, ...]:
        """The load balancer's interfaces, one a zone."""
        return nlb_addresses.find(self.aws, self.params.stack)

    @property
    def instances(self) -> list[str]:
        """The instances that are the service."""
        return list(self.service.instances)

    @property
    def security_group(self) -> str:
        """The instances' security group."""
        return self.service.security_group

    def rules(self, group: str | None = None) -> list[SecurityGroupRuleTypeDef]:
        """The inbound rules of a security group; by default the instances'."""
        pages = self.aws.ec2.get_paginator("describe_security_group_rules").paginate(
            Filters=[{"Name": "group-id", "Values": [group or self.security_group]}]
        )
        return [rule for page in pages for rule in page["SecurityGroupRules"] if not rule["IsEgress"]]

    def resource(self, path: str) -> str:
        """The id of the API's resource of this path."""
        found = {item["path"]: item["id"] for item in gateway.resources(self.aws, self.api.id)}
        return self._there(found.get(path), f"resource {path}")

    @property
    def stage(self) -> StageResponseTypeDef:
        """The stage, as AWS answers it."""
        return self.aws.apigateway.get_stage(restApiId=self.api.id, stageName=self.params.stage)

    @property
    def variables(self) -> Mapping[str, str]:
        """The stage's variables."""
        return self.stage.get("variables", {})

    @property
    def endpoint_url(self) -> str:
        """The endpoint URL that the integration of ``/{proxy+}`` should have."""
        return endpoint_url(self.params, PATH)

    @property
    def integrations(self) -> list[IntegrationTypeDef]:
        """All integrations that are configured."""
        methods = (item.get("resourceMethods", {}) for item in gateway.resources(self.aws, self.api.id))
        return [
            method["methodIntegration"] for each in methods for method in each.values() if "methodIntegration" in method
        ]

    @property
    def policy(self) -> dict[str, Any] | None:
        """The API's resource policy; None when it has none. GetRestApi answers it with its quotes escaped."""
        text = self.aws.apigateway.get_rest_api(restApiId=self.api.id).get("policy")
        found: dict[str, Any] | None = json.loads(json.loads(f'"{text}"')) if text else None
        return found

    def _is_own(self, tags: Mapping[str, str], vpc: str = "") -> bool:
        """Whether it is the drill's: by the stack's tag, or because it is in the drill's VPC. A name says nothing."""
        return is_ours(tags, self.params.stack) or vpc == self.service.vpc

    def _there(self, found: T | None, what: str) -> T:
        if found is None:
            raise CannotContinue(f"Stack {self.params.stack} has no {what}. Bring it back with: runbook drill reset")
        return found

    # --- asking the service -------------------------------------------------------------------------------------

    def url(self, path: str = "") -> str:
        """The invoke URL of a path; by default the stack's test path."""
        stage = self.known or self.aws.invoke_url(self.api.id, self.params.stage)
        return f"{stage}{path or self.params.test_path}"

    def ask(self, path: str = "", times: int = ROUNDS, method: str = "GET") -> list[httpx.Response]:
        """Call the invoke URL so many times, as a client does."""
        url = self.url(path)
        with ThreadPoolExecutor(times) as together:  # so that slow answers are waited for once
            return list(together.map(lambda _: self._http.request(method, url), range(times)))

    def answering(self) -> set[str]:
        """The instances whose answers come through."""
        answers = [answer for answer in self.ask() if answer.status_code < 400]
        return {answer.json().get("instance_id", "") for answer in answers}

    @cached_property
    def _http(self) -> Client:
        # What is behind the loopback needs neither a proxy nor certificates.
        return Client(trust_env=False, verify=False)

    # --- small verbs --------------------------------------------------------------------------------------------

    def deploy(self) -> str:
        """Deploy what is configured to the stage; the deployment's id."""
        return self.aws.apigateway.create_deployment(restApiId=self.api.id, stageName=self.params.stage)["id"]

    def keep(self) -> str:
        """Make a deployment of what is configured that no stage serves; its id."""
        return self.aws.apigateway.create_deployment(restApiId=self.api.id)["id"]

    def set_variable(self, name: str, value: str | None) -> None:
        """Set a variable of the stage, or take it away."""
        self.patch_stage(f"/variables/{name}", value)

    def patch_stage(self, path: str, value: str | None) -> None:
        """Change one thing of the stage."""
        self.aws.apigateway.update_stage(
            restApiId=self.api.id, stageName=self.params.stage, patchOperations=[_operation(path, value)]
        )

    def patch_api(self, path: str, value: str | None) -> None:
        """Change one thing of the API itself; it is live at the next deployment."""
        self.aws.apigateway.update_rest_api(restApiId=self.api.id, patchOperations=[_operation(path, value)])

    def patch_method(self, path: str, value: str | None) -> None:
        """Change one thing of the ANY method of ``/{proxy+}``."""
        self.aws.apigateway.update_method(
            restApiId=self.api.id,
            resourceId=self.resource(PATH),
            httpMethod=VERB,
            patchOperations=[_operation(path, value)],
        )

    def patch_integration(self, path: str, value: str | None, op: PatchOp = "replace") -> None:
        """Change one thing of the integration of ``/{proxy+}``; what is not there yet needs ``op="add"``."""
        self.aws.apigateway.update_integration(
            restApiId=self.api.id,
            resourceId=self.resource(PATH),
            httpMethod=VERB,
            patchOperations=[_operation(path, value, op)],
        )

    def point_at(self, url: str) -> None:
        """Let the integration of ``/{proxy+}`` call this endpoint URL."""
        self.patch_integration("/uri", url)

    def add_resource(self, name: str) -> None:
        """Add a resource below the root."""
        api = self.api
        self.aws.apigateway.create_resource(restApiId=api.id, parentId=api.root_resource, pathPart=name)

    def add_method(self, verb: str, path: str, url: str) -> None:
        """Add a method that calls this endpoint URL over the link, as the steps' ANY does."""
        greedy = path == PATH
        api, resource = self.api.id, self.resource(path)
        self.aws.apigateway.put_method(
            restApiId=api,
            resourceId=resource,
            httpMethod=verb,
            authorizationType="NONE",
            requestParameters={PATH_PARAMETER: True} if greedy else {},
        )
        self.aws.apigateway.put_integration(
            restApiId=api,
            resourceId=resource,
            httpMethod=verb,
            type="HTTP_PROXY",
            integrationHttpMethod=verb,
            uri=url,
            connectionType="VPC_LINK",
            connectionId=CONNECTION_ID,
            requestParameters={MAPPED_PATH: PATH_PARAMETER} if greedy else {},
        )

    def remove_method(self, verb: str, path: str) -> None:
        """Take a method away, if it is there."""
        resource = next(item for item in gateway.resources(self.aws, self.api.id) if item["path"] == path)
        if verb in resource.get("resourceMethods", {}):
            self.aws.apigateway.delete_method(restApiId=self.api.id, resourceId=resource["id"], httpMethod=verb)

    def use_deployment(self, deployment: str) -> None:
        """Let the stage serve this deployment."""
        self.patch_stage("/deploymentId", deployment)

    def another_balancer(self, name: str) -> LoadBalancerTypeDef:
        """A second load balancer beside the stack's, active; nothing listens on it."""
        made = self.aws.elbv2.create_load_balancer(
            Name=f"{self.params.stack}-{name}",
            Type="network",
            Scheme="internal",
            Subnets=list(self.service.balancer_subnets),
        )["LoadBalancers"][0]
        arn = made["LoadBalancerArn"]

        def active() -> LoadBalancerTypeDef | None:
            found = self.aws.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
            return found if found["State"]["Code"] == "active" else None

        return self.wait(active, what="another load balancer to become active", usual=150.0)

    def another_link(self, name: str, balancer: str) -> Link:
        """A second VPC link beside the stack's, when AWS has made up its mind about it."""
        made = self.aws.apigateway.create_vpc_link(name=f"{self.params.stack}-{name}", targetArns=[balancer])["id"]

        def decided() -> Link | None:
            found = links.get(self.aws, made)
            return found if found and found.status != "PENDING" else None

        return self.wait(decided, what="another VPC link", usual=180.0)

    def register(self, port: int | None = None, *, only: Collection[str] = ()) -> None:
        """Register these instances, or all."""
        wanted = [{"Id": name, "Port": port or self.params.port} for name in only or self.instances]
        self.aws.elbv2.register_targets(TargetGroupArn=self.group.arn, Targets=wanted)  # type: ignore[arg-type]

    def deregister(self, *instances: str, but_port: int | None = None) -> None:
        """Take these instances, or all, out of the target group and wait until they are gone; not from this port."""
        leaving = [
            item for item in self.targets if (not instances or item.instance in instances) and item.port != but_port
        ]
        if not leaving:
            return
        self.aws.elbv2.deregister_targets(
            TargetGroupArn=self.group.arn, Targets=[{"Id": item.instance, "Port": item.port} for item in leaving]
        )
        gone = {(item.instance, item.port) for item in leaving}
        self.wait(
            lambda: (
                not gone & {(item.instance, item.port) for item in targets.find(self.aws, self.params.stack)} or None
            ),
            what="the targets to leave",
            usual=300.0,
        )

    def forward(self, group_arn: str) -> None:
        """Let the listener forward to this target group."""
        self.aws.elbv2.modify_listener(
            ListenerArn=self.listener.arn, DefaultActions=[{"Type": "forward", "TargetGroupArn": group_arn}]
        )

    def check_health(self, path: str) -> None:
        """Let the health check ask for this path."""
        self.aws.elbv2.modify_target_group(TargetGroupArn=self.group.arn, HealthCheckPath=path)

    def attribute(self, name: str) -> str:
        """An attribute of the target group."""
        found = self.aws.elbv2.describe_target_group_attributes(TargetGroupArn=self.group.arn)["Attributes"]
        return {item["Key"]: item["Value"] for item in found}.get(name, "")

    def set_attribute(self, name: str, value: str) -> None:
        """Change an attribute of the target group."""
        self.aws.elbv2.modify_target_group_attributes(
            TargetGroupArn=self.group.arn, Attributes=[{"Key": name, "Value": value}]
        )

    def let_in(self, cidr: str, port: int | None = None) -> None:
        """Add an inbound rule to the instances' security group."""
        port = port or self.params.port
        self.aws.ec2.authorize_security_group_ingress(
            GroupId=self.security_group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp=cidr
        )

    def admit(self) -> None:
        """Let in the load balancer's addresses, each as a /32 on the traffic port, and nobody else."""
        wanted = {f"{ip}/32" for ip in self.addresses}
        port = self.params.port
        right = [
            rule
            for rule in self.rules()
            if rule.get("CidrIpv4") in wanted and rule.get("FromPort") == rule.get("ToPort") == port
        ]
        self.shut_out([rule for rule in self.rules() if rule not in right])
        for cidr in sorted(wanted - {rule["CidrIpv4"] for rule in right}):
            self.let_in(cidr)

    def shut_out(self, rules: Collection[SecurityGroupRuleTypeDef], group: str | None = None) -> None:
        """Take these inbound rules away, by default from the instances' security group."""
        if rules:
            self.aws.ec2.revoke_security_group_ingress(
                GroupId=group or self.security_group,
                SecurityGroupRuleIds=[rule["SecurityGroupRuleId"] for rule in rules],
            )

    def machines(self, *instances: str, **settings: Any) -> None:
        """Change how the service behaves, on these instances or on all."""
        for instance in instances or self.instances:
            machines.change(self.account, instance, settings)

    def wait(self, ready: Callable[[], T | None], *, what: str, usual: float = 120.0) -> T:
        """Ask until it answers something; ``usual`` in AWS seconds. Raises :class:`TookTooLong`."""
        self.tell(what)
        return self.aws.wait_until(ready, what=what, usual=usual, every=5.0)

    def passing(self, seconds: float) -> None:
        """Let so many AWS seconds pass."""
        self.aws.pause(seconds)

    # --- the stack as a whole -----------------------------------------------------------------------------------

    def up(self, *only: str, replace: bool = False) -> None:
        """Let the steps (or ``only`` some) bring the stack to where it should be. Raises :class:`CannotContinue`.

        With ``replace``, what AWS cannot change in place is made anew.
        """
        self._run(Action.UP, only, replace=replace)

    def down(self, *only: str) -> None:
        """Let the steps (or ``only`` some) take the stack down. Raises :class:`CannotContinue`."""
        self._run(Action.DOWN, only)

    def _run(self, action: Action, only: Collection[str], *, replace: bool = False) -> None:
        plan = TRACKS["rest"].plan
        params = self.params.with_values(replace=replace)
        # To its end: leaving a run stops it, and this control is also everybody else's.
        events = run(plan, self.aws, params, action, only=only or None, control=self.aws.control)
        failures = [failure for event in events if (failure := self._hear(event, plan))]
        self.aws.control.go_on()
        if failures:
            raise CannotContinue(failures[0][0]) from failures[0][1]

    def _hear(self, event: Event, plan: Plan) -> tuple[str, BaseException | None] | None:
        """Tell what was done; what failed, and its cause, if something did."""
        match event:
            case StepFinished(outcome=Outcome.FAILED, cause=BaseException() as cause):
                return f"Step {event.step}: {cause}", cause
            case StepFinished(step=str(step), outcome=Outcome.DONE | Outcome.UNDONE):
                self.tell(plan[step].title)
            case RunFinished(error=error, cause=cause) if error:
                return error, cause
        return None

    def awaken(self) -> None:
        """Have the service: there, its instances running, and answering as it did at first."""
        self.service = ensure_service(self.aws, self.params.stack)
        self.start_instances()
        for instance in self.instances:
            self.furnish(instance)

    def furnish(self, instance: str) -> None:
        """Have the service on an instance as it was at first."""
        machines.change(self.account, instance, {"status": KNOWN_PATHS}, anew=True)

    def start_instances(self) -> None:
        """Start what is stopped, and wait until all instances run."""
        self.aws.ec2.start_instances(InstanceIds=self.instances)
        self.wait(lambda: self._running() or None, what="the instances to run", usual=60.0)

    def _running(self) -> bool:
        found = self.aws.ec2.describe_instances(InstanceIds=self.instances)["Reservations"]
        return {item["State"]["Name"] for each in found for item in each["Instances"]} == {"running"}


def _operation(path: str, value: str | None, op: PatchOp = "replace") -> PatchOperationTypeDef:
    return {"op": "remove", "path": path} if value is None else {"op": op, "path": path, "value": value}
