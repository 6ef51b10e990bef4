"""Other people's things that look like a stack's: of its name or nearly, with tags that only look like its tag."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import strategies as st

from drills.service import DRILL
from runbook.record import STACK
from tests.faults.inventory import Inventory, take_stock
from tests.never.recorder import Recorder
from tests.stack import Stack

__all__ = ["KINDS", "Crowd", "LookAlike", "look_alikes"]

_IDS = {
    "load balancer": "LoadBalancerArn",
    "target group": "TargetGroupArn",
    "security group": "GroupId",
    "security group rule": "SecurityGroupRuleId",
    "network interface": "NetworkInterfaceId",
    "instance": "InstanceId",
    "vpc": "VpcId",
    "subnet": "SubnetId",
    "vpc link": "id",
    "vpc link v2": "VpcLinkId",
    "rest api": "id",
    "usage plan": "id",
    "api key": "id",
}
KINDS = ("target group", "load balancer", "vpc link", "vpc link v2", "rest api", "rule", "security group", "service")
_UNIQUE = ("target group", "load balancer")
_IN_THE_WAY = (*_UNIQUE, "vpc link", "rest api")


@dataclass(frozen=True)
class LookAlike:
    """Somebody's thing, still to be made."""

    kind: str
    name: str
    """What stands where the stack's name would."""
    tags: tuple[tuple[str, str], ...] = ()
    elsewhere: bool = False
    """In another VPC and security group than the stack."""
    to_ours: bool = False
    """It leads to what the stack has: a link to its load balancer, a listener to its target group."""
    part_tagged: bool = False
    """A part of it carries the very tag of the stack, such as an API's stage."""

    def is_in_the_way(self, stack: str) -> bool:
        """Whether the stack cannot be made beside it."""
        return self.to_ours or (self.name == stack and self.kind in _IN_THE_WAY)


def look_alikes(stack: str, *, in_the_way: bool, reaching: bool = True) -> st.SearchStrategy[list[LookAlike]]:
    """Some, around a stack of this name; some may be ``in_the_way``, and then ``reaching`` into it."""
    near = [f"{stack}2", f"x{stack}", stack[:-1], stack.capitalize(), stack.upper(), f"{stack}-{stack}", f"{stack}-nlb"]
    near += [f"{stack}-2", f"a-{stack}", f"{stack}0", stack[1:]]
    values = [*near, stack, f"{stack} ", f" {stack}", f"{stack}/", f"{stack}.", f"{stack}:{stack}", ""]
    keys = [STACK] * 4 + ["Runbook:Stack", "runbook:Stack", f"{STACK}:", f"{STACK}.2", f"{STACK} ", f" {STACK}"]
    keys += ["runbook-stack", "stack", "Name", "runbook:up", "runbook:down", "runbook:port", DRILL]
    tags = st.dictionaries(st.sampled_from(keys), st.sampled_from(values), max_size=3).filter(
        lambda tags: stack not in (tags.get(STACK), tags.get(DRILL))
    )
    return st.lists(
        st.builds(
            LookAlike,
            kind=st.sampled_from(KINDS),
            name=st.sampled_from([*near, *[stack] * 4 * in_the_way]),
            tags=tags.map(lambda tags: tuple(tags.items())),
            elsewhere=st.booleans(),
            to_ours=st.booleans() if in_the_way and reaching else st.just(False),
            part_tagged=st.booleans(),
        ),
        min_size=1,
        max_size=8,
    )


@dataclass
class Crowd:
    """What is others', around a stack of this name; and what was asked of the account since they came."""

    stack: Stack
    name: str
    recorder: Recorder
    before: dict[tuple[str, str], Any] = field(default_factory=dict)
    """What is others', by kind and id, as it was."""
    made: set[str] = field(default_factory=set)
    """Ids of what the crowd has brought."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def gather(self, crowd: list[LookAlike]) -> Crowd:
        """Make them; all that is there already is the stack's, except what the account began with."""
        ours = {*self._stock()} - {*self.before}
        for each in crowd:
            self._make(each)
        self.stack.clock.advance(3600)
        now = self._stock()
        self.made = {key for _, key in now.keys() - ours - self.before.keys()}
        self.before = {key: item for key, item in now.items() if key not in ours}
        self.made |= {
            listener["ListenerArn"]
            for (kind, _), item in self.before.items()
            if kind == "load balancer"
            for listener in item["Listeners"]
        }
        self.recorder.clear()
        return self

    def look(self) -> None:
        """Take what is there for what the account began with."""
        self.before = self._stock()

    def hurt(self) -> list[Any]:
        """What of others is not as it was, and what was asked of the account that names it."""
        now = self._stock()
        lost = [(item, now.get(key)) for key, item in self.before.items() if now.get(key) != item]
        return lost or [asked for asked in self.recorder.texts if any(key in asked for key in self.made)]

    def more(self) -> list[Any]:
        """What is there besides."""
        return [item for key, item in self._stock().items() if key not in self.before]

    def apis(self) -> list[str]:
        """The ids of their REST APIs."""
        return [key for kind, key in self.before if kind == "rest api"]

    def _stock(self) -> dict[tuple[str, str], Any]:
        aws = self._aws
        clients = {"ec2": aws.ec2, "elbv2": aws.elbv2, "apigateway": aws.apigateway}
        found: Inventory = take_stock(clients)
        found["vpc"] = aws.ec2.describe_vpcs()["Vpcs"]
        found["subnet"] = aws.ec2.describe_subnets()["Subnets"]
        found["vpc link v2"] = aws.apigatewayv2.get_vpc_links()["Items"]
        found["usage plan"] = aws.apigateway.get_usage_plans()["items"]
        found["api key"] = aws.apigateway.get_api_keys()["items"]
        for group in found["security group"]:
            group.pop("IpPermissions", None)  # its rules are told each by itself
        for subnet in found["subnet"]:
            subnet.pop("AvailableIpAddressCount", None)
        return {
            (kind, item[_IDS[kind]]): json.loads(json.dumps(item, sort_keys=True, default=str))
            for kind, items in found.items()
            for item in items
        }

    @property
    def _aws(self) -> Any:
        return self.stack.aws

    # --- making them ------------------------------------------------------------------------------------------------

    def _make(self, each: LookAlike) -> None:
        number = next(self._numbers)
        makers: Mapping[str, Callable[[LookAlike, int], object]] = {
            "target group": self._target_group,
            "load balancer": self._load_balancer,
            "vpc link": self._link,
            "vpc link v2": self._link_v2,
            "rest api": self._api,
            "rule": self._rule,
            "security group": self._security_group,
            "service": self._service,
        }
        makers[each.kind](each, number)

    def _place(self, each: LookAlike, number: int) -> tuple[str, list[str]]:
        """A VPC, and subnets of it."""
        if not each.elsewhere:
            return self.stack.service.vpc, list(self.stack.service.subnets)
        ec2 = self._aws.ec2
        vpc = ec2.create_vpc(CidrBlock=f"10.{100 + number}.0.0/16")["Vpc"]["VpcId"]
        zone = f"{self.stack.account.region}a"
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{100 + number}.1.0/24", AvailabilityZone=zone)
        return vpc, [subnet["Subnet"]["SubnetId"]]

    def _free(self, each: LookAlike, what: str, number: int) -> str:
        """Its name, or one beside it if that is taken: of these there is one of a name."""
        elb, name = self._aws.elbv2, f"{each.name}-{what}"
        taken = {item["LoadBalancerName"] for item in elb.describe_load_balancers()["LoadBalancers"]}
        taken |= {item["TargetGroupName"] for item in elb.describe_target_groups()["TargetGroups"]}
        return f"{name}{number}" if name in taken else name

    def _ours(self) -> tuple[str, str]:
        """The ARNs of the stack's load balancer and target group, if it has them."""
        aws = self._aws
        balancers = {item["LoadBalancerName"]: item for item in aws.elbv2.describe_load_balancers()["LoadBalancers"]}
        groups = {item["TargetGroupName"]: item for item in aws.elbv2.describe_target_groups()["TargetGroups"]}
        balancer, group = balancers.get(f"{self.name}-nlb"), groups.get(f"{self.name}-targets")
        return balancer["LoadBalancerArn"] if balancer else "", group["TargetGroupArn"] if group else ""

    def _target_group(self, each: LookAlike, number: int) -> str:
        vpc, _ = self._place(each, number)
        elb = self._aws.elbv2
        made = elb.create_target_group(
            Name=self._free(each, "targets", number), Protocol="TCP", Port=80, VpcId=vpc, **_tagged(each.tags)
        )["TargetGroups"][0]["TargetGroupArn"]
        if not each.elsewhere:
            elb.register_targets(TargetGroupArn=made, Targets=[{"Id": self.stack.service.instances[0]}])
        return made

    def _load_balancer(self, each: LookAlike, number: int) -> str:
        _, subnets = self._place(each, number)
        elb = self._aws.elbv2
        made = elb.create_load_balancer(
            Name=self._free(each, "nlb", number),
            Type="network",
            Scheme="internal",
            Subnets=subnets[:1],
            **_tagged(each.tags),
        )["LoadBalancers"][0]["LoadBalancerArn"]
        _, group = self._ours()
        if not (each.to_ours and group):
            group = self._target_group(LookAlike("target group", f"{each.name}-{number}"), number)
        try:
            elb.create_listener(
                LoadBalancerArn=made,
                Protocol="TCP",
                Port=80,
                DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
                **_tagged(self._part(each)),
            )
        except ClientError:
            if not each.to_ours:  # AWS takes it from one load balancer only, or from one VPC
                raise
        return made

    def _link(self, each: LookAlike, number: int) -> None:
        balancer, _ = self._ours()
        if not (each.to_ours and balancer):
            balancer = self._load_balancer(LookAlike("load balancer", f"{each.name}-{number}"), number)
            self.stack.clock.advance(600)
        self._aws.apigateway.create_vpc_link(name=f"{each.name}-link", targetArns=[balancer], **_mapped(each.tags))

    def _link_v2(self, each: LookAlike, number: int) -> None:
        _, subnets = self._place(each, number)
        tags = {"Tags": dict(each.tags)} if each.tags else {}
        self._aws.apigatewayv2.create_vpc_link(Name=f"{each.name}-link", SubnetIds=subnets[:1], **tags)

    def _api(self, each: LookAlike, number: int) -> None:
        gateway = self._aws.apigateway
        api = gateway.create_rest_api(name=f"{each.name}-api", **_mapped(each.tags))
        route = gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="{proxy+}")
        where: dict[str, Any] = {"restApiId": api["id"], "resourceId": route["id"], "httpMethod": "ANY"}
        gateway.put_method(**where, authorizationType="NONE")
        gateway.put_integration(**where, type="MOCK")
        deployment = gateway.create_deployment(restApiId=api["id"], description="runbook 0123456789abcdef")["id"]
        gateway.create_stage(
            restApiId=api["id"],
            stageName="prod",
            deploymentId=deployment,
            variables={"VPCLINK": "theirs"},
            **_mapped(self._part(each)),
        )
        plan = gateway.create_usage_plan(name=f"{each.name}-plan", apiStages=[{"apiId": api["id"], "stage": "prod"}])
        key = gateway.create_api_key(name=f"{each.name}-key", enabled=True)["id"]
        gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key, keyType="API_KEY")

    def _rule(self, each: LookAlike, number: int) -> None:
        group = self.stack.service.security_group
        if each.elsewhere:
            group = self._group(each, number, ())
        self._let_in(group, each, number, each.tags)

    def _security_group(self, each: LookAlike, number: int) -> None:
        self._let_in(self._group(each, number, each.tags), each, number, ())

    def _group(self, each: LookAlike, number: int, tags: tuple[tuple[str, str], ...]) -> str:
        vpc, _ = self._place(each, number)
        name, tagged = f"{each.name}-service{number}", _specified("security-group", tags)
        return self._aws.ec2.create_security_group(GroupName=name, Description="theirs", VpcId=vpc, **tagged)["GroupId"]

    def _let_in(self, group: str, each: LookAlike, number: int, tags: tuple[tuple[str, str], ...]) -> None:
        source = {"CidrIp": f"10.200.{number}.1/32", "Description": f"NLB of stack {each.name}"}
        self._aws.ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [source]}],
            **_specified("security-group-rule", tags),
        )

    def _service(self, each: LookAlike, number: int) -> None:
        """As a drill's: a VPC with a subnet, an instance and a security group."""
        ec2 = self._aws.ec2
        tags = (*each.tags, *((key, value) for key, value in ((DRILL, f"{each.name}2"),) if key not in dict(each.tags)))
        vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16", **_specified("vpc", tags))["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(
            VpcId=vpc,
            CidrBlock="10.20.11.0/24",
            AvailabilityZone=f"{self.stack.account.region}a",
            **_specified("subnet", tags),
        )["Subnet"]["SubnetId"]
        group = ec2.create_security_group(
            GroupName=f"{each.name}-service", Description="theirs", VpcId=vpc, **_specified("security-group", tags)
        )["GroupId"]
        image = ec2.describe_instances()["Reservations"][0]["Instances"][0]["ImageId"]
        ec2.run_instances(
            ImageId=image,
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet,
            SecurityGroupIds=[group],
            **_specified("instance", tags),
        )

    def _part(self, each: LookAlike) -> tuple[tuple[str, str], ...]:
        return ((STACK, self.name),) if each.part_tagged else ()


def _tagged(tags: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags]} if tags else {}


def _mapped(tags: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {"tags": dict(tags)} if tags else {}


def _specified(kind: str, tags: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {"TagSpecifications": [{"ResourceType": kind, **_tagged(tags)}]} if tags else {}
