"""A stack on a practice account, as tests work with it: run it, call one step by hand, look what is there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeVar

import httpx

from practice import seed
from practice.clock import ManualClock
from practice.server import Account
from runbook import accounts
from runbook.aws import Aws
from runbook.control import Control
from runbook.engine import run
from runbook.events import Action, CallSent, Event, Outcome, RunFinished, StepFinished, Waited
from runbook.frozen_plan import FrozenPlan, carry_out
from runbook.outcome import Difference, Drifted
from runbook.parameters import Parameters, validated
from runbook.step import Step
from steps.tracks import TRACKS

F = TypeVar("F")

PLAN = TRACKS.default.plan

ONE_OF_EACH = {
    "load balancers": 1,
    "listeners": 1,
    "target groups": 1,
    "targets": 2,
    "VPC links": 1,
    "REST APIs": 1,
    "resources": 2,
    "deployments": 1,
    "stages": 1,
}
"""What a finished stack is made of; ``/`` is a resource too."""


class Hurry(Control):
    """Moves the clock instead of waiting, and faster than asked so that few polls are needed."""

    def __init__(self, clock: ManualClock, times: float = 20.0) -> None:
        super().__init__()
        self._clock = clock
        self._times = times
        self.waited = 0.0

    def wait(self, seconds: float) -> None:
        self.go_on()
        self.waited += seconds
        self._clock.advance(seconds * self._times)


@dataclass
class Ended:
    """A run that is over."""

    events: list[Event]

    def of(self, kind: type[F]) -> list[F]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def finished(self) -> RunFinished:
        (finished,) = self.of(RunFinished)
        return finished

    @property
    def steps(self) -> dict[str, StepFinished]:
        return {event.step or "": event for event in self.of(StepFinished)}

    @property
    def outcomes(self) -> dict[str, Outcome]:
        return self.finished.outcomes

    @property
    def unlike_ok(self) -> dict[str, Outcome]:
        """The steps that were not simply as they should be."""
        return {name: outcome for name, outcome in self.outcomes.items() if outcome is not Outcome.OK}

    def reason(self, step: str) -> str:
        return self.steps[step].reason

    def differences(self, step: str) -> tuple[Difference, ...]:
        return self.steps[step].differences

    def fact(self, kind: type[F]) -> F:
        (fact,) = [event.fact for event in self.of(StepFinished) if isinstance(event.fact, kind)]
        return fact

    @property
    def requests(self) -> list[CallSent]:
        """Requests to AWS, without those that only look whether AWS is there yet."""
        return [call for call in self.of(CallSent) if not call.poll]

    @property
    def written(self) -> list[str]:
        """The operations by which steps changed something, in order; the mark of the run itself is no step's."""
        return [call.operation for call in self.of(CallSent) if call.writes and call.step]

    @property
    def waits(self) -> list[Waited]:
        return self.of(Waited)


@dataclass
class Stack:
    """One stack on a served practice account whose clock moves when somebody waits."""

    account: Account
    aws: Aws
    clock: ManualClock
    given: dict[str, Any] = field(default_factory=dict)
    """Parameters of every run and call from here on."""

    def params(self, **given: Any) -> Parameters:
        return validated({**self.given, **given})

    @property
    def name(self) -> str:
        return self.params().stack

    # --- the engine -------------------------------------------------------------------------------------------------

    def run(
        self,
        action: Action,
        *,
        only: Collection[str] | None = None,
        control: Control | None = None,
        watch: Callable[[Event], None] = lambda event: None,
        step_by_step: bool = False,
        **given: Any,
    ) -> Ended:
        events: list[Event] = []
        for event in run(
            PLAN,
            self.aws,
            self.params(**given),
            action,
            defaults={"instances": self.service.instances},
            only=only,
            step_by_step=step_by_step,
            control=control or Hurry(self.clock),
        ):
            events.append(event)
            watch(event)
        return Ended(events)

    def up(self, **given: Any) -> Ended:
        return self.run(Action.UP, **given)

    def up_to(self, step: str, **given: Any) -> Ended:
        """Bring up a step and what it needs."""
        ended = self.run(Action.UP, only=PLAN.up_to(PLAN[step]), **given)
        assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
        return ended

    def run_check(self, step: str) -> Ended:
        return self.run(Action.CHECK, only=[step])

    def check(self, **given: Any) -> Ended:
        return self.run(Action.CHECK, **given)

    def carry_out(self, frozen: FrozenPlan, watch: Callable[[Event], None] = lambda event: None) -> Ended:
        """What was planned before and approved since."""
        account = accounts.Account(self.aws, accounts.Kind.PRACTICE, endpoint_url=self.account.url)
        events = []
        for event in carry_out(frozen, PLAN, account, control=Hurry(self.clock)):
            events.append(event)
            watch(event)
        return Ended(events)

    def down(self, **given: Any) -> Ended:
        return self.run(Action.DOWN, **given)

    def run_step_undo(self, step: str) -> Ended:
        return self.run(Action.DOWN, only=[step])

    # --- by hand ----------------------------------------------------------------------------------------------------

    def call(self, module: ModuleType, function: str, **given: Any) -> Any:
        """Call a step's function as a person in a shell would, with the facts it asks for as they are found now."""
        params = self.params(**{"instances": self.service.instances, **given})
        return self._call(Step.of(module), function, params, {})

    def _call(self, step: Step, function: str, params: Parameters, facts: dict[type, object]) -> Any:
        for need in step.needs[function]:
            if need.fact not in facts:
                found = self._call(PLAN.producers[need.fact], "check", params, facts)
                facts[need.fact] = found.fact if isinstance(found, Drifted) else found
        return step.call(function, self.aws, params, facts)

    # --- the account ------------------------------------------------------------------------------------------------

    @property
    def service(self) -> seed.Defaults:
        """The private service that was there from the beginning."""
        found = seed.defaults(self.account.region)
        assert found is not None
        return found

    def machine(self, instance: str, **settings: Any) -> None:
        """Change how the server on an instance behaves."""
        url, headers = f"{self.account.url}/_practice/machines/{instance}", self.account.control_headers
        answer = httpx.patch(url, json=settings, headers=headers, trust_env=False)
        answer.raise_for_status()

    def machines(self, **settings: Any) -> None:
        for instance in self.service.instances:
            self.machine(instance, **settings)

    def tag_of(self, arn: str) -> dict[str, str]:
        """The tags of a load balancer, listener or target group."""
        described = self.aws.elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"]
        return {tag["Key"]: tag["Value"] for tag in described[0]["Tags"]}

    def inventory(self) -> dict[str, list[Any]]:
        """Everything on the path that is in the account, whoever made it."""
        ec2, elb, gateway = self.aws.ec2, self.aws.elbv2, self.aws.apigateway
        groups = elb.describe_target_groups()["TargetGroups"]
        balancers = elb.describe_load_balancers()["LoadBalancers"]
        apis = gateway.get_rest_apis()["items"]
        return {
            "load balancers": [item["LoadBalancerArn"] for item in balancers],
            "listeners": [
                listener["ListenerArn"]
                for item in balancers
                for listener in elb.describe_listeners(LoadBalancerArn=item["LoadBalancerArn"])["Listeners"]
            ],
            "target groups": [item["TargetGroupArn"] for item in groups],
            "targets": [
                (described["Target"]["Id"], described["Target"]["Port"])
                for item in groups
                for described in elb.describe_target_health(TargetGroupArn=item["TargetGroupArn"])[
                    "TargetHealthDescriptions"
                ]
                if described["TargetHealth"]["State"] != "draining"
            ],
            "interfaces": sorted(
                item["NetworkInterfaceId"] for item in ec2.describe_network_interfaces()["NetworkInterfaces"]
            ),
            "rules": sorted(
                item["SecurityGroupRuleId"] for item in ec2.describe_security_group_rules()["SecurityGroupRules"]
            ),
            "VPC links": [item["id"] for item in gateway.get_vpc_links()["items"]],
            "REST APIs": [item["id"] for item in apis],
            "resources": sorted(
                (resource["path"], verb)
                for api in apis
                for resource in gateway.get_resources(restApiId=api["id"], embed=["methods"])["items"]
                for verb in resource.get("resourceMethods", {"": None})
            ),
            "deployments": [
                item["id"] for api in apis for item in gateway.get_deployments(restApiId=api["id"])["items"]
            ],
            "stages": [item["stageName"] for api in apis for item in gateway.get_stages(restApiId=api["id"])["item"]],
        }

    def how_many(self) -> dict[str, int]:
        """How many there are of what a stack is made of."""
        found = self.inventory()
        return {kind: len(found[kind]) for kind in ONE_OF_EACH}

    @contextmanager
    def watching(self) -> Iterator[list[str]]:
        """The operations that change something, of calls by hand."""
        written: list[str] = []

        def observe(event: Event) -> None:
            if isinstance(event, CallSent) and event.writes:
                written.append(event.operation)

        with self.aws.observed(observe, self.aws.control):
            yield written
