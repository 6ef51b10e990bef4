"""Mending the tags of one resource; each AWS service has its own way to say tags."""

from __future__ import annotations

from collections.abc import Mapping

from runbook.aws import Aws
from runbook.record import as_list, tag_differences


def _stale(found: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    return [
        difference.what.removeprefix("tag ") for difference in tag_differences(found, wanted) if not difference.wanted
    ]


def retag_load_balancing(aws: Aws, arn: str, found: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Make the tags of a load balancer, listener or target group what they should be."""
    if changed := {key: value for key, value in wanted.items() if found.get(key) != value}:
        aws.elbv2.add_tags(ResourceArns=[arn], Tags=as_list(changed))
    if stale := _stale(found, wanted):
        aws.elbv2.remove_tags(ResourceArns=[arn], TagKeys=stale)


def retag_api_gateway(aws: Aws, path: str, found: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Make the tags of a REST API, stage or VPC link what they should be; ``path`` is such as ``/restapis/ID``."""
    arn = f"arn:{aws.identity().partition}:apigateway:{aws.region}::{path}"
    if changed := {key: value for key, value in wanted.items() if found.get(key) != value}:
        aws.apigateway.tag_resource(resourceArn=arn, tags=changed)
    if stale := _stale(found, wanted):
        aws.apigateway.untag_resource(resourceArn=arn, tagKeys=stale)
