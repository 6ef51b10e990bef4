"""A caller who lacks one permission: the run names it and the step that needs it, prints the statement that grants it,
changes nothing more, and goes on once exactly that statement is granted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from runbook.engine import run
from runbook.events import Action, RunFinished
from runbook.parameters import load
from runbook.policy import policy

from ..row import NotReached, Row, same_stack, succeeded
from ..world import PLAN, Ended, World

__all__ = ["ROWS", "Lacking", "granted"]

USER, POLICY, STACK = "limited", "given", "demo"
IN_FLIGHT = 0.3
"""Wall seconds after a refusal within which what was sent at the same moment may still be told."""
REFUSED = re.compile(r"not authorized to perform: (\S+)")
ADDED = "Statement to add to the caller's policy: "


@dataclass(frozen=True)
class Lacking:
    """One action of one statement of a command's policy."""

    sid: str
    action: str

    def __str__(self) -> str:
        return f"{self.action} ({self.sid})"

    def taken_from(self, document: dict[str, Any]) -> dict[str, Any]:
        """The policy without it."""
        statements = []
        for statement in document["Statement"]:
            actions = [
                action for action in statement["Action"] if (statement["Sid"], action) != (self.sid, self.action)
            ]
            if actions:
                statements.append({**statement, "Action": actions})
        return {**document, "Statement": statements}


def granted(document: dict[str, Any], said: str) -> dict[str, Any]:
    """The policy with the statements that were printed, as they were printed."""
    added = [json.JSONDecoder().raw_decode(text)[0] for text in said.split(ADDED)[1:]]
    assert added, f"no statement is printed: {said[-1500:]}"
    different = {json.dumps(each, sort_keys=True): each for each in added}
    named = [{**each, "Sid": f"Added{number}"} for number, each in enumerate(different.values())]
    return {**document, "Statement": [*document["Statement"], *named]}


def _document(world: World, command: str) -> dict[str, Any]:
    return policy(STACK, world.practice["region"], world.practice["account_id"], command)


def _lacking(command: str) -> Callable[[World], list[Lacking]]:
    def positions(world: World) -> list[Lacking]:
        statements = _document(world, command)["Statement"]
        return [Lacking(each["Sid"], action) for each in statements for action in each["Action"]]

    return positions


# --- what the command finds -------------------------------------------------------------------------------------------


def _nothing(world: World) -> None:
    pass


def _finished(world: World) -> None:
    world.bring_up()


def _drifted(world: World) -> None:
    """A stack of which somebody changed by hand whatever can be repaired in place."""
    world.bring_up()
    elb, gateway, ec2 = world.clients["elbv2"], world.clients["apigateway"], world.clients["ec2"]
    (group,) = (each["TargetGroupArn"] for each in elb.describe_target_groups()["TargetGroups"])
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    arn = balancer["LoadBalancerArn"]
    (listener,) = elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    other = elb.create_target_group(Name="other", Protocol="TCP", Port=81, VpcId=balancer["VpcId"])["TargetGroups"][0]
    forward = [{"Type": "forward", "TargetGroupArn": other["TargetGroupArn"]}]
    elb.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=forward)
    elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/wrong")
    attribute = {"Key": "preserve_client_ip.enabled", "Value": "false"}
    elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[attribute])
    instances = world.practice["defaults"]["instances"]
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": instances[0]}])
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": instances[1], "Port": 81}])
    elb.add_tags(ResourceArns=[arn], Tags=[{"Key": "runbook:stale", "Value": "x"}])
    (api,) = gateway.get_rest_apis()["items"]
    tagged = f"arn:aws:apigateway:{world.practice['region']}::/restapis/{api['id']}"
    gateway.tag_resource(resourceArn=tagged, tags={"runbook:stale": "x"})
    route = next(each for each in gateway.get_resources(restApiId=api["id"])["items"] if each["path"] == "/{proxy+}")
    where = {"restApiId": api["id"], "resourceId": route["id"], "httpMethod": "ANY"}
    replaced = {"op": "replace", "path": "/uri", "value": "http://example.com/{proxy}"}
    gateway.update_integration(**where, patchOperations=[replaced])
    gateway.create_vpc_link(name=f"{STACK}-link", targetArns=[arn], tags={"runbook:stack": STACK})
    group_id = world.practice["defaults"]["security_group"]
    permission = {"IpProtocol": "tcp", "FromPort": 9, "ToPort": 9, "IpRanges": [{"CidrIp": "10.9.9.9/32"}]}
    tags = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "runbook:stack", "Value": STACK}]}]
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission], TagSpecifications=tags)


def _narrowed(world: World) -> None:
    """A load balancer that one zone was taken from, before it had a link: after that AWS lets none be taken."""
    needed = PLAN.up_to(PLAN["load-balancer"])
    aws, defaults = world.aws, {"instances": tuple(world.practice["defaults"]["instances"])}
    ended = list(run(PLAN, aws, load({}), Action.UP, defaults=defaults, only=needed))[-1]
    assert isinstance(ended, RunFinished), ended
    assert ended.worst is None, ended
    elb = world.clients["elbv2"]
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    subnets = [balancer["AvailabilityZones"][0]["SubnetId"]]
    elb.set_subnets(LoadBalancerArn=balancer["LoadBalancerArn"], Subnets=subnets)


SCENES: dict[str, tuple[Callable[[World], None], ...]] = {
    "up": (_nothing, _drifted, _narrowed),
    "down": (_finished,),
    "check": (_finished,),
    "trace": (_finished,),
}
"""From the quickest on, until one needs what is lacking."""


# --- the trial --------------------------------------------------------------------------------------------------------


def _denied(world: World, lacking: Lacking, *, command: str) -> None:
    words = [command, STACK, "--path", "/hello"] if command == "trace" else [command]
    for scene in SCENES[command]:
        world.begin()
        scene(world)
        given = lacking.taken_from(_document(world, command))
        _limit(world, given)
        ended = world.run(*words)
        if "not authorized to perform" not in ended.said and "not allowed: " not in ended.said:
            succeeded(ended)
            continue
        _says_what_is_lacking(ended, lacking, command)
        _changed_nothing_more(ended)
        _limit(world, granted(given, ended.said))
        succeeded(world.run(*words))
        world.proxy.access_key_id = None
        if command == "up" and scene is _nothing:
            same_stack(world)
        return
    raise NotReached


def _limit(world: World, document: dict[str, Any]) -> None:
    iam: Any = world.session.client("iam", endpoint_url=world.account_url)
    if not any(user["UserName"] == USER for user in iam.list_users()["Users"]):
        iam.create_user(UserName=USER)
        world.proxy.access_key_id = iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
    iam.put_user_policy(UserName=USER, PolicyName=POLICY, PolicyDocument=json.dumps(document))


def _says_what_is_lacking(ended: Ended, lacking: Lacking, command: str) -> None:
    assert "Traceback" not in ended.said, ended.said[-1500:]
    assert lacking.action in ended.said, ended.said[-1500:]
    if command != "trace":  # a trace goes on, and says at the hop what it could not look at
        assert ended.code == 1, f"exit {ended.code}: {ended.said[-1500:]}"
        assert re.search(r"\(step [a-z-]+ needs it\)", ended.said), ended.said[-1500:]


def _changed_nothing_more(ended: Ended) -> None:
    refused = [_at(event) for event in ended.told("StepFinished") if "Not allowed" in event.get("reason", "")]
    if refused:
        sent = [event for event in ended.told("CallSent") if event["writes"] and event.get("step")]
        late = [event["operation"] for event in sent if _at(event) > min(refused) + IN_FLIGHT]
        assert not late, f"changed after the refusal: {late}"


def _at(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["at"]).timestamp()


ROWS = tuple(
    Row(f"{command}: a permission is lacking", _lacking(command), partial(_denied, command=command))
    for command in SCENES
)
