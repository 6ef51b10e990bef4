"""Whether a drill is solved: by how the invoke URL behaves and what the account looks like, never by how it came to be.

A complaint says what is still wrong for a caller or an auditor, not why: finding that is the drill.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from drills.bench import Bench
from drills.model import Drill
from runbook.aws import code_of
from runbook.record import STACK, from_list
from steps import _links, deployment, rest_api
from steps.deployment import RouteConfiguration
from steps.load_balancer import interface_description

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import SecurityGroupRuleTypeDef

__all__ = ["judge"]

_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")


def judge(bench: Bench, drill: Drill | None = None) -> str | None:
    """What is still wrong, in one sentence; None when nothing is."""
    checks: Iterable[Callable[[Bench], str | None]] = (
        _answers,
        _deployed,
        _private_way,
        _health,
        _closed,
        *([drill.judge] if drill else []),
    )
    try:
        return next((wrong for check in checks if (wrong := check(bench))), None)
    except ClientError as error:
        if code_of(error).endswith(("NotFoundException", "NotFound")):
            return f"Something that the service needs is gone: {error.response['Error'].get('Message', '')}"
        raise


def _answers(bench: Bench) -> str | None:
    path = bench.params.test_path
    answers = bench.ask(path)
    bad = [answer.status_code for answer in answers if answer.status_code != 200]
    if bad:
        often = f" {len(bad)} times of {len(answers)}" if len(bad) < len(answers) else ""
        return f"GET {path} is answered {bad[0]}{often}."
    try:
        told = [answer.json() for answer in answers]
        if any(each["path"] != path for each in told):
            return f"The service is not asked for {path}."
        silent = set(bench.instances) - {each["instance_id"] for each in told}
    except (ValueError, KeyError, TypeError):
        return f"GET {path} is not answered by the service."
    if silent:
        return f"{len(silent)} of {len(bench.instances)} instances never answer."
    hosts = {value for each in told for name, value in each["headers"].items() if name.lower() == "host"}
    own = set(_names(bench))
    return None if hosts <= own else f"The service is asked for the host {', '.join(sorted(hosts - own))}, not its own."


def _names(bench: Bench) -> Iterator[str]:
    """The host names that the service may be asked for: its load balancers'."""
    for link in _used_links(bench):
        for item in bench.aws.elbv2.describe_load_balancers(LoadBalancerArns=list(link.targets))["LoadBalancers"]:
            yield item["DNSName"]


def _deployed(bench: Bench) -> str | None:
    api = bench.api.id
    configured = deployment.configuration(rest_api.resources(bench.aws, api))
    if deployment.changes(configured, deployment.deployed(bench.aws, api, bench.params.stage)):
        return "What is configured is not what callers get."
    return None


def _routes(bench: Bench) -> list[RouteConfiguration]:
    return list(deployment.deployed(bench.aws, bench.api.id, bench.params.stage).values())


def _used_links(bench: Bench) -> list[_links.Link]:
    variables = bench.variables
    ids = {
        _VARIABLE.sub(lambda found: variables.get(found[1], ""), route.connection_id)
        for route in _routes(bench)
        if route.connection_type == "VPC_LINK"
    }
    found = [_links.get(bench.aws, link) for link in sorted(ids) if link]
    return [link for link in found if link]


def _private_way(bench: Bench) -> str | None:
    if any(route.connection_type != "VPC_LINK" for route in _routes(bench) if route.type.startswith("HTTP")):
        return "Requests leave the private way."
    links = _used_links(bench)
    if not links or any(link.status != "AVAILABLE" for link in links):
        return "There is no private way that is available."
    everything = bench.aws.elbv2.describe_load_balancers()["LoadBalancers"]
    if any(item["Scheme"] != "internal" for item in everything):
        return "There is a way from the internet that goes round the gateway."
    used = [item for item in everything if item["LoadBalancerArn"] in {arn for link in links for arn in link.targets}]
    zones = _zones_of_instances(bench)
    for item in used:
        if item["State"]["Code"] != "active":
            return "There is no private way that is available."
        if zones - {zone["ZoneName"] for zone in item["AvailabilityZones"]}:
            return "Not every zone that has an instance can be reached."
    return None


def _zones_of_instances(bench: Bench) -> set[str]:
    found = bench.aws.ec2.describe_instances(InstanceIds=bench.instances)["Reservations"]
    return {item["Placement"]["AvailabilityZone"] for each in found for item in each["Instances"]}


def _groups(bench: Bench) -> list[str]:
    """The target groups behind the links that are in use."""
    arns = [arn for link in _used_links(bench) for arn in link.targets]
    return [
        item["TargetGroupArn"]
        for arn in arns
        for item in bench.aws.elbv2.describe_target_groups(LoadBalancerArn=arn)["TargetGroups"]
    ]


def _health(bench: Bench) -> str | None:
    healthy: set[str] = set()
    for arn in _groups(bench):
        for item in bench.aws.elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]:
            state = item["TargetHealth"]["State"]
            if state == "healthy":
                healthy.add(item["Target"]["Id"])
            elif state != "draining":
                return f"The health alarm rings: a target is {state}."
        attributes = bench.aws.elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        if {"Key": "preserve_client_ip.enabled", "Value": "false"} in attributes:
            return "The instances cannot tell who their clients are."
    missing = set(bench.instances) - healthy
    return f"The health alarm rings: {len(missing)} instances are not healthy." if missing else None


def _closed(bench: Bench) -> str | None:
    """Whether the instances let in the load balancer, and nobody else."""
    addresses = {ip for link in _used_links(bench) for arn in link.targets for ip in _addresses(bench, arn)}
    found = bench.aws.ec2.describe_instances(InstanceIds=bench.instances)["Reservations"]
    instances = [item for each in found for item in each["Instances"]]
    groups = sorted({group["GroupId"] for item in instances for group in item["SecurityGroups"]})
    for group in groups:
        for rule in bench.rules(group):
            source = rule.get("CidrIpv4") or rule.get("CidrIpv6") or ""
            if source and not ipaddress.ip_network(source).is_private:
                return "The internet can reach the instances past the gateway."
            if _stack_of(rule) not in ("", bench.params.stack):
                continue  # another stack of this account lets in its own load balancer
            single = rule["IpProtocol"] == "tcp" and rule.get("FromPort") == rule.get("ToPort")
            if not single or source not in {f"{ip}/32" for ip in addresses}:
                return "More than the load balancer is let in to the instances."
    return None


def _stack_of(rule: SecurityGroupRuleTypeDef) -> str:
    """The stack that a rule is tagged as a part of; empty for none."""
    return from_list(rule.get("Tags", [])).get(STACK, "")


def _addresses(bench: Bench, load_balancer_arn: str) -> list[str]:
    described = [{"Name": "description", "Values": [interface_description(load_balancer_arn)]}]
    found = bench.aws.ec2.describe_network_interfaces(Filters=described)["NetworkInterfaces"]  # type: ignore[arg-type]
    return [item["PrivateIpAddress"] for item in found]
