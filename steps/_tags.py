"""Mending the tags of one resource; each AWS service has its own way to say tags."""

from __future__ import annotations

from collections.abc import Mapping

from runbook.aws import Aws
from runbook.permissions import UP, Scope, Statement
from runbook.record import STACK, as_list, tag_differences
from steps import _names


def _load_balancing(scope: Scope) -> list[str]:
    return [_names.load_balancer_arn(scope), _names.listener_arn(scope), _names.target_group_arn(scope)]


CHANGE_OUR_LOAD_BALANCING = Statement("ChangeOurLoadBalancing", _load_balancing, Scope.owned)
MAKE_APIS_AND_LINKS = Statement(
    "MakeApisAndLinks", lambda scope: [scope.gateway("/restapis"), scope.gateway("/vpclinks")], Scope.asked
)
_TAG_LOAD_BALANCING = Statement(  # as it is made
    "TagLoadBalancing",
    _load_balancing,
    lambda scope: {
        "StringEquals": {
            f"aws:RequestTag/{STACK}": scope.stack,
            "elasticloadbalancing:CreateAction": ["CreateListener", "CreateLoadBalancer", "CreateTargetGroup"],
        }
    },
)
_TAG_WHAT_IS_MADE = Statement(
    "TagWhatIsMade", lambda scope: [scope.gateway("/tags/*")], Scope.asked, joins="MakeApisAndLinks"
)
_RETAG = Statement("RetagWhatIsOurs", lambda scope: [scope.gateway("/tags/*")], Scope.owned, joins="DeleteOurLinks")

TAG_LOAD_BALANCING = _TAG_LOAD_BALANCING.allow(UP, actions="elasticloadbalancing:AddTags")
"""Of what is made with tags: a load balancer, listener or target group."""
RETAG_LOAD_BALANCING = CHANGE_OUR_LOAD_BALANCING.allow(
    UP, actions="elasticloadbalancing:AddTags elasticloadbalancing:RemoveTags"
)
TAG_API_GATEWAY = (
    _TAG_WHAT_IS_MADE.allow(UP, actions="apigateway:PUT"),
    _RETAG.allow(UP, actions="apigateway:PUT apigateway:DELETE"),
)
"""Of what is made with tags, and of what is there: an API, stage or VPC link."""


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
