"""Whether a drill is solved: by how the invoke URL behaves and what the account looks like, never by how it came to be.

A complaint says what is still wrong for a caller or an auditor, not why: finding that is the drill.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from drills.bench import KNOWN_PATHS, Bench
from drills.model import Drill
from runbook.aws import code_of
from runbook.path import gateway, links
from runbook.path.addresses import nodes, private_ips
from runbook.path.balancing import balancers, health
from runbook.path.configuration import Configuration, Integration, differences, resourced
from runbook.path.links import Link
from runbook.path.packets import Rule, is_public
from runbook.present import counted
from runbook.trace.endpoint import resolved

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceTypeDef
    from mypy_boto3_elbv2.type_defs import LoadBalancerTypeDef

__all__ = ["judge"]

PROBES = (("GET", "/health"), ("POST", "/orders/7?side=left"), ("DELETE", "/orders/7"))
"""What callers also ask for: other paths, verbs and a query. A repair that makes one path work is none."""


def judge(bench: Bench, drill: Drill | None = None) -> str | None:
    """What is still wrong, in one sentence; None when nothing is."""
    seen = _Seen(bench)
    checks: Iterable[Callable[[_Seen], str | None]] = (_answers, _deployed, _private_way, _health, _closed)
    try:
        with bench.aws.remembering():
            wrong = next((wrong for check in checks if (wrong := check(seen))), None)
            return drill.judge(bench) if drill and not wrong else wrong
    except ClientError as error:
        if code_of(error).endswith(("NotFoundException", "NotFound")):
            return f"Something that the service needs is gone: {error.response['Error'].get('Message', '')}"
        raise


@dataclass
class _Seen:
    """The account as it is looked at once, each part when it is first asked for."""

    bench: Bench

    @cached_property
    def served(self) -> Configuration:
        """What callers get."""
        return gateway.export(self.bench.aws, self.bench.api.id, self.bench.params.stage)

    @property
    def calls(self) -> list[Integration]:
        """What is called, by all that is deployed."""
        return [method.integration for method in self.served.methods.values() if method.integration]

    @cached_property
    def links(self) -> list[Link]:
        """The links that what is deployed leads over, with the stage's variables as they are."""
        variables = self.bench.variables
        used = {(resolved(each.connection_id, variables), each.target) for each in self.calls if each.private}
        found = (
            _link_v2(self.bench, name, target) if target else links.get(self.bench.aws, name)
            for name, target in sorted(used)
            if name
        )
        return [link for link in found if link]

    @cached_property
    def balancers(self) -> list[LoadBalancerTypeDef]:
        """Every load balancer in the service's VPC."""
        return [item for item in balancers(self.bench.aws).values() if item["VpcId"] == self.bench.service.vpc]

    @property
    def used(self) -> list[LoadBalancerTypeDef]:
        """The load balancers at the end of the links."""
        targets = {arn for link in self.links for arn in link.targets}
        return [item for item in self.balancers if item["LoadBalancerArn"] in targets]

    @cached_property
    def instances(self) -> list[InstanceTypeDef]:
        """The service's instances."""
        found = self.bench.aws.ec2.describe_instances(InstanceIds=self.bench.instances)["Reservations"]
        return [item for each in found for item in each["Instances"]]


def _link_v2(bench: Bench, link_id: str, target: str) -> Link | None:
    """A V2 link, as far as an integration uses it: to this load balancer. Its tags stand for nothing here."""
    found = links.get_v2(bench.aws, link_id)
    return Link(found.id, found.name, found.status, found.message, (target,)) if found else None


# --- what callers get -------------------------------------------------------------------------------------------------


def _answers(seen: _Seen) -> str | None:
    bench = seen.bench
    if bench.known and bench.known != bench.aws.invoke_url(bench.api.id, bench.params.stage):
        return (
            f"Callers know {bench.known}, and an API that was made anew has another URL. "
            "Begin again with: runbook drill reset"
        )
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
        return f"{len(silent)} of {counted(len(bench.instances), 'instance never answers', 'instances never answer')}."
    hosts = {value.partition(":")[0] for each in told for name, value in each["headers"].items() if name == "Host"}
    if foreign := hosts - {balancer["DNSName"] for balancer in seen.used}:
        return f"The service is asked for the host {', '.join(sorted(foreign))}, not its own."
    return next((wrong for method, target in PROBES if (wrong := _asked(bench, method, target))), None)


def _asked(bench: Bench, method: str, target: str) -> str | None:
    """Whether this request reaches the service as it was sent, and its answer comes back."""
    (answer,) = bench.ask(target, times=1, method=method)
    try:
        told = answer.json()
        reached = (told["method"], told["path"]) == (method, target)
    except (ValueError, KeyError, TypeError):
        return f"{method} {target} is answered {answer.status_code}, and not by the service."
    if not reached:
        return f"{method} {target} reaches the service as {told['method']} {told['path']}."
    expected = KNOWN_PATHS.get(target.partition("?")[0], KNOWN_PATHS["*"])
    return None if answer.status_code == expected else f"{method} {target} is answered {answer.status_code}."


# --- what the account looks like --------------------------------------------------------------------------------------


def _deployed(seen: _Seen) -> str | None:
    aws, api = seen.bench.aws, seen.bench.api.id
    configured = resourced(gateway.resources(aws, api), aws.apigateway.get_rest_api(restApiId=api).get("policy"))
    return "What is configured is not what callers get." if differences(seen.served, configured) else None


def _private_way(seen: _Seen) -> str | None:
    if any(called.connection_type != "VPC_LINK" for called in seen.calls if called.type.startswith("HTTP")):
        return "Requests leave the private way."
    if not seen.links or any(link.status != "AVAILABLE" for link in seen.links):
        return "There is no private way that is available."
    if any(item["Scheme"] != "internal" for item in seen.balancers):
        return "There is a way from the internet that goes round the gateway."
    zones = {item["Placement"]["AvailabilityZone"] for item in seen.instances}
    for item in seen.used:
        if item["State"]["Code"] != "active":
            return "There is no private way that is available."
        if zones - {zone["ZoneName"] for zone in item["AvailabilityZones"]}:
            return "Not every zone that has an instance can be reached."
    return None


def _health(seen: _Seen) -> str | None:
    elb, healthy = seen.bench.aws.elbv2, set()
    for balancer in seen.used:
        pages = elb.get_paginator("describe_target_groups").paginate(LoadBalancerArn=balancer["LoadBalancerArn"])
        for group in (item for page in pages for item in page["TargetGroups"]):
            arn = group["TargetGroupArn"]
            for target in health(seen.bench.aws, arn):
                if target.state == "healthy":
                    healthy.add(target.id)
                elif target.state != "draining":
                    return f"The health alarm rings: a target is {target.state}."
            attributes = elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
            accepted = re.findall(r"\d+", group.get("Matcher", {}).get("HttpCode", ""))
            if any(int(code) >= HTTPStatus.BAD_REQUEST for code in accepted):
                return "The health alarm can hardly ring: it takes an error for an answer."
            if {"Key": "preserve_client_ip.enabled", "Value": "false"} in attributes:
                return "The instances cannot tell who their clients are."
    missing = set(seen.bench.instances) - healthy
    return (
        f"The health alarm rings: {counted(len(missing), 'instance is', 'instances are')} not healthy."
        if missing
        else None
    )


def _closed(seen: _Seen) -> str | None:
    """Whether the instances let in load balancers of their VPC, and nobody else."""
    let_in = {f"{ip}/32" for item in seen.balancers for ip in _addresses(seen.bench, item["LoadBalancerArn"])}
    let_in |= {group for item in seen.balancers for group in item.get("SecurityGroups", [])}
    let_in |= _of_links_v2(seen.bench)
    for group in sorted({each["GroupId"] for item in seen.instances for each in item["SecurityGroups"]}):
        for rule in map(Rule.of, seen.bench.rules(group)):
            if is_public(rule):
                return "The internet can reach the instances past the gateway."
            if rule.source not in let_in:
                return "More than the load balancer is let in to the instances."
    return None


def _of_links_v2(bench: Bench) -> set[str]:
    """What V2 links come from: their interfaces, whose addresses a load balancer hands on, and their groups."""
    groups = sorted({group for link in bench.links_v2 for group in link.groups})
    if not groups:
        return set()
    found = bench.aws.interfaces(
        {"Name": "group-id", "Values": groups}, {"Name": "requester-managed", "Values": ["true"]}
    )
    return {*groups, *(f"{ip}/32" for item in found for ip in private_ips(item))}


def _addresses(bench: Bench, load_balancer_arn: str) -> list[str]:
    return [ip for node in nodes(bench.aws, load_balancer_arn) for ip in node.ips]
