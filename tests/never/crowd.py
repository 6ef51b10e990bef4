"""Other people's things that look like a stack's: the same names without our tag, our tag with another name in it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.faults.inventory import Inventory, take_stock
from tests.stack import Stack

__all__ = ["Crowd"]

TAGS: tuple[Mapping[str, str], ...] = (
    {},
    {"runbook:stack": "{stack}2"},
    {"Runbook:Stack": "{stack}", "runbook:Stack": "{stack}"},
    {"runbook:stack": "{Stack}"},
    {"runbook:stack": "{cut}"},
    {"stack": "{stack}", "aws-runbook:stack": "{stack}"},
    {"runbook:stack": "x{stack}"},
    {"runbook:stack:": "{stack}", "Name": "{stack}"},
)
NAMES = ("{stack}", "{stack}2", "x{stack}", "{cut}", "{Stack}", "{stack}-{stack}")


@dataclass
class Crowd:
    """Gathered around a stack of this name, in its own VPC and its instances' security group."""

    stack: Stack
    name: str

    def __post_init__(self) -> None:
        session, url = self.stack.aws.session, self.stack.account.url
        self.clients: dict[str, Any] = {
            name: session.client(name, endpoint_url=url)  # type: ignore[call-overload]
            for name in ("ec2", "elbv2", "apigateway")
        }
        # AWS takes so many requests a second; time passes here only when somebody lets it.
        passing = lambda **_: self.stack.clock.advance(1)  # noqa: E731
        self.clients["apigateway"].meta.events.register("before-call.apigateway", passing)
        self.before: Inventory = {}

    def gather(self, *, also_our_names: bool) -> Crowd:
        """Make one of each kind with each mark. ``also_our_names``: those that would be in our way from the start."""
        marks = [(name, tags) for name, tags in zip(itertools.cycle(NAMES), TAGS, strict=False)]
        marks += [("{stack}", tags) for tags in TAGS] if also_our_names else []
        for number, (name, tags) in enumerate(marks):
            self._one(self._said(name), {self._said(k): self._said(v) for k, v in tags.items()}, number)
        self.stack.clock.advance(3600)
        self.before = self.stock()
        return self

    def _said(self, text: str) -> str:
        return text.format(stack=self.name, Stack=self.name.capitalize(), cut=self.name[:-1])

    def _one(self, name: str, tags: Mapping[str, str], number: int) -> None:
        elb, gateway, ec2 = (self.clients[each] for each in ("elbv2", "apigateway", "ec2"))
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        tagged = {"Tags": listed} if listed else {}
        vpc, subnets = self.stack.service.vpc, list(self.stack.service.subnets)
        # Names of load balancers and target groups are unique: of ours there is one.
        unique = f"{name}-{number}" if name == self.name else name
        group = elb.create_target_group(
            Name=f"{unique}-targets{number}"[:32], Protocol="TCP", Port=80, VpcId=vpc, **tagged
        )["TargetGroups"][0]["TargetGroupArn"]
        elb.register_targets(TargetGroupArn=group, Targets=[{"Id": self.stack.service.instances[0]}])
        balancer = elb.create_load_balancer(
            Name=f"{unique}-nlb{number}"[:32], Type="network", Scheme="internal", Subnets=subnets[:1], **tagged
        )["LoadBalancers"][0]["LoadBalancerArn"]
        elb.create_listener(
            LoadBalancerArn=balancer,
            Protocol="TCP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
            **tagged,
        )
        gateway.create_vpc_link(name=f"{name}-link", targetArns=[balancer], **({"tags": dict(tags)} if tags else {}))
        self.stack.clock.advance(60)
        api = gateway.create_rest_api(name=f"{name}-api", **({"tags": dict(tags)} if tags else {}))
        route = gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="{proxy+}")
        where = {"restApiId": api["id"], "resourceId": route["id"], "httpMethod": "ANY"}
        gateway.put_method(**where, authorizationType="NONE")
        gateway.put_integration(**where, type="MOCK")
        deployment = gateway.create_deployment(restApiId=api["id"], description="runbook 0123456789abcdef")["id"]
        gateway.create_stage(
            restApiId=api["id"], stageName="prod", deploymentId=deployment, variables={"VPCLINK": "theirs"}
        )
        specification = [{"ResourceType": "security-group-rule", "Tags": listed}] if listed else []
        permission = {
            "IpProtocol": "tcp",
            "FromPort": 80,
            "ToPort": 80,
            "IpRanges": [{"CidrIp": f"10.200.{number}.1/32", "Description": f"NLB of stack {self.name}"}],
        }
        ec2.authorize_security_group_ingress(
            GroupId=self.stack.service.security_group,
            IpPermissions=[permission],
            **({"TagSpecifications": specification} if specification else {}),
        )

    def stock(self) -> Inventory:
        """Everything there is; a security group's rules are told each by itself."""
        found = take_stock(self.clients)
        for group in found["security group"]:
            group.pop("IpPermissions", None)
        return {kind: [_plain(item) for item in items] for kind, items in found.items()}

    def hurt(self) -> dict[str, list[Any]]:
        """What is not as it was."""
        now = self.stock()
        lost = {kind: [item for item in items if item not in now.get(kind, [])] for kind, items in self.before.items()}
        return {kind: items for kind, items in lost.items() if items}

    def more(self) -> dict[str, list[Any]]:
        """What was not there before."""
        now = self.stock()
        new = {kind: [item for item in items if item not in self.before[kind]] for kind, items in now.items()}
        return {kind: items for kind, items in new.items() if items}


def _plain(item: Any) -> Any:
    return json.loads(json.dumps(item, sort_keys=True, default=str))
