"""Finished stacks on a served practice account, whose clock the tests push on."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import boto3
import httpx
import pytest

from practice import CREDENTIALS, DEFAULT_REGION
from practice.clock import ScaledClock
from practice.server import Account, serve
from runbook.aws import Aws
from runbook.engine import run
from runbook.events import Action, RunFinished
from runbook.parameters import validated
from runbook.trace import Trace, parse_target, trace
from steps.tracks import TRACKS


class PushedClock(ScaledClock):
    """Runs by itself, so that a run's waits end, and can be pushed on besides."""

    def __init__(self, scale: float) -> None:
        super().__init__(scale)
        self._pushed = 0.0
        self._stopped: float | None = None

    def time(self) -> float:
        return (super().time() if self._stopped is None else self._stopped) + self._pushed

    def stop(self) -> None:
        """From now on only be pushed, so that what is seen does not depend on how fast this machine is."""
        self._stopped = super().time()

    def push(self, seconds: float) -> None:
        """Let AWS seconds pass at once."""
        self._pushed += seconds


@dataclass
class Stack:
    """A finished stack, and what a mutation needs to get at its parts."""

    account: Account
    clock: PushedClock
    aws: Aws
    said: dict[str, Any]
    api_id: str
    stage: str = "prod"
    path: str = "/hello"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{self.aws.invoke_url(self.api_id, self.stage)}{self.path}"

    @property
    def instances(self) -> list[str]:
        return list(self.said["defaults"]["instances"])

    @property
    def subnets(self) -> list[str]:
        return list(self.said["defaults"]["subnets"])

    @property
    def vpc(self) -> str:
        return str(self.said["defaults"]["vpc"])

    @property
    def security_group(self) -> str:
        return str(self.said["defaults"]["security_group"])

    @cached_property
    def proxy(self) -> dict[str, Any]:
        """The resource that goes through the link."""
        items = self.aws.apigateway.get_resources(restApiId=self.api_id, embed=["methods"])["items"]
        return next(dict(item) for item in items if "+}" in item["path"])

    @property
    def verb(self) -> str:
        return next(iter(self.proxy["resourceMethods"]))

    @cached_property
    def link(self) -> dict[str, Any]:
        return dict(self.aws.apigateway.get_vpc_links()["items"][0])

    @cached_property
    def balancer(self) -> dict[str, Any]:
        return dict(
            self.aws.elbv2.describe_load_balancers(LoadBalancerArns=self.link["targetArns"])["LoadBalancers"][0]
        )

    @cached_property
    def listener(self) -> dict[str, Any]:
        arn = self.balancer["LoadBalancerArn"]
        return dict(self.aws.elbv2.describe_listeners(LoadBalancerArn=arn)["Listeners"][0])

    @cached_property
    def group(self) -> dict[str, Any]:
        arn = self.balancer["LoadBalancerArn"]
        return dict(self.aws.elbv2.describe_target_groups(LoadBalancerArn=arn)["TargetGroups"][0])

    @property
    def addresses(self) -> list[str]:
        """The load balancer's."""
        name = self.balancer["LoadBalancerArn"].partition(":loadbalancer/")[2]
        found = self.aws.ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": [f"ELB {name}"]}])[
            "NetworkInterfaces"
        ]
        return sorted(item["PrivateIpAddress"] for item in found)

    @property
    def rules(self) -> list[dict[str, Any]]:
        """The inbound rules of the instances' group."""
        found = self.aws.ec2.describe_security_group_rules(
            Filters=[{"Name": "group-id", "Values": [self.security_group]}]
        )["SecurityGroupRules"]
        return [dict(rule) for rule in found if not rule["IsEgress"]]

    def machines(self, **settings: Any) -> None:
        """Change how the instances' services behave."""
        for instance in self.instances:
            machine, headers = f"{self.account.url}/_practice/machines/{instance}", self.account.control_headers
            http.patch(machine, json=settings, headers=headers).raise_for_status()

    def patch_integration(self, *operations: tuple[str, str, str | None], deploy: bool = True) -> None:
        """Change the integration, and deploy it."""
        self.aws.apigateway.update_integration(
            restApiId=self.api_id,
            resourceId=self.proxy["id"],
            httpMethod=self.verb,
            patchOperations=[
                {"op": op, "path": path, **({} if value is None else {"value": value})}  # type: ignore[typeddict-item, misc]
                for op, path, value in operations
            ],
        )
        if deploy:
            self.deploy()

    def deploy(self) -> str:
        """Deploy what is configured to the stage."""
        return self.aws.apigateway.create_deployment(restApiId=self.api_id, stageName=self.stage)["id"]

    def patch_stage(self, path: str, value: str | None, op: str = "replace") -> None:
        """Change the stage."""
        self.aws.apigateway.update_stage(
            restApiId=self.api_id,
            stageName=self.stage,
            patchOperations=[{"op": op, "path": path, **({} if value is None else {"value": value})}],  # type: ignore[typeddict-item, misc]
        )

    def settle(self, seconds: float = 120.0) -> None:
        """Let health checks notice, and what is under way come to its end."""
        for _ in range(3):
            self.clock.push(seconds / 3)
            self.aws.elbv2.describe_load_balancers()

    def invoke(self, path: str | None = None) -> httpx.Response:
        """Call the invoke URL as a client does."""
        url = self.url if path is None else self.url.removesuffix(self.path) + path
        return http.request(self.method, url, headers=self.headers)

    def trace(self, text: str | None = None, **options: Any) -> Trace:
        target = parse_target(text or self.url, self.aws, method=self.method, headers=self.headers)
        return trace(self.aws, target, **options)


# A client of httpx loads all certificates, and a session of boto3 all models: once is enough.
http = httpx.Client(timeout=20, trust_env=False, verify=False)
session = boto3.Session(
    aws_access_key_id=CREDENTIALS.access_key_id,
    aws_secret_access_key=CREDENTIALS.secret_access_key,
    region_name=DEFAULT_REGION,
)


@cache
def port(*, of: str) -> int:
    """One for all accounts, of which there is one at a time, and another for their copies."""
    del of
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@cache
def clients(url: str, invoke_url_form: str) -> Aws:
    """Made once for an address: that, and what they learn when they are first used, takes longer than most tests."""
    return Aws(session, endpoint_url=url, invoke_url_form=invoke_url_form)


@contextmanager
def finished(prepare: Callable[[Aws, dict[str, Any]], dict[str, Any]] | None = None, **given: Any) -> Iterator[Stack]:
    """A stack as ``runbook up`` leaves it.

    ``prepare`` may change the account before, and answers more parameters.
    """
    clock = PushedClock(3000.0)
    with serve(port(of="accounts"), clock=clock, quotas=False) as account:
        said = http.get(f"{account.url}/_practice").json()
        aws = clients(account.url, said["invoke_url"])
        aws.pace = 1 / clock.scale
        if prepare is not None:
            given = {**given, **prepare(aws, said["defaults"])}
        params = validated({"stack": "demo", **given})
        defaults = {"instances": tuple(said["defaults"]["instances"])}
        *_, last = run(TRACKS.default.plan, aws, params, Action.UP, defaults=defaults)
        assert isinstance(last, RunFinished)
        assert not last.error, last
        api = aws.apigateway.get_rest_apis()["items"][0]
        yield Stack(account, clock, aws, said, api["id"], params.stage)


@pytest.fixture
def stack() -> Iterator[Stack]:
    with finished() as stack:
        yield stack


@pytest.fixture
def stack_with() -> Iterator[Callable[..., Stack]]:
    """A stack of other parameters."""
    from contextlib import ExitStack

    with ExitStack() as exits:
        yield lambda **given: exits.enter_context(finished(**given))
