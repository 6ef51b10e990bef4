"""The smallest IAM policy under which a command works on one stack.

Sources: the service authorization reference (actions, resources and condition keys of Amazon API Gateway Management,
Elastic Load Balancing V2 and Amazon EC2), "Control access to API Gateway with IAM policies" (an HTTP verb on a path),
"Set up a private integration" (what the caller of CreateVpcLink needs besides), and "Service-linked roles" of both
services. Asking who one is (GetCallerIdentity) needs no permission.

What AWS lets nobody narrow down (Describe calls) is limited to the region; taking a rule away is judged by its security
group, so name that; what is made must carry the stack's tag;
what is changed or deleted must have it. So the policy adopts nothing: taking over untagged resources (``--adopt``)
needs more, on purpose.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from runbook.errors import BadInput, quoted
from runbook.record import STACK

__all__ = ["COMMANDS", "action_of", "allowing", "needs", "policy"]

_UP, _REPLACE, _DOWN, _CHECK, _TRACE, _LIST, _ROLLBACK = "up", "replace", "down", "check", "trace", "list", "rollback"
_LINKS = "links"

COMMANDS: Mapping[str, frozenset[str]] = {
    "check": frozenset({_CHECK}),
    "plan": frozenset({_CHECK}),
    "output": frozenset({_CHECK}),
    "up": frozenset({_CHECK, _UP}),
    "replace": frozenset({_CHECK, _UP, _REPLACE}),
    "down": frozenset({_DOWN}),
    "expired": frozenset({_LIST, _DOWN}),
    "trace": frozenset({_TRACE}),
    "links": frozenset({_LINKS}),
    "list": frozenset({_LIST}),
    "rollback": frozenset({_ROLLBACK}),
    "all": frozenset({_CHECK, _UP, _REPLACE, _DOWN, _TRACE, _LIST, _ROLLBACK}),
}
"""What can be asked for. ``replace`` is ``up --replace``, ``expired`` is ``down --all-expired``.

``all`` is what one stack is worked with. ``expired``, which deletes of every stack, and ``links``, which looks into
APIs that are no stack's, are asked for by name.
"""

_OF_EVERY_STACK = frozenset({"expired"})


@dataclass(frozen=True)
class _Scope:
    """Whose policy: fills the ARNs. A star stands for every stack, and for a region that is not known."""

    stack: str
    region: str
    account: str
    partition: str
    security_group: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def gateway(self, path: str) -> str:
        # API Gateway's ARNs name no account.
        return f"arn:{self.partition}:apigateway:{self.region}::{path}"

    def balancing(self, resource: str) -> str:
        return self.arn("elasticloadbalancing", resource)

    @property
    def balancer(self) -> str:
        return self.balancing(f"loadbalancer/net/{self.stack}-nlb/*")

    @property
    def listener(self) -> str:
        return self.balancing(f"listener/net/{self.stack}-nlb/*")

    @property
    def group(self) -> str:
        return self.balancing(f"targetgroup/{self.stack}-targets/*")

    def asked(self) -> dict[str, dict[str, str]]:
        """The request brings the stack's tag."""
        return _is(f"aws:RequestTag/{STACK}", self.stack)

    def owned(self) -> dict[str, dict[str, str]]:
        """The resource has the stack's tag."""
        return _is(f"aws:ResourceTag/{STACK}", self.stack)

    def here(self) -> dict[str, dict[str, str]]:
        """Only in this region."""
        return _is("aws:RequestedRegion", self.region)


def _is(key: str, value: str) -> dict[str, dict[str, str]]:
    # To StringEquals a star is a star.
    return {"StringLike" if value == "*" else "StringEquals": {key: value}}


_Condition = Callable[[_Scope], Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class _Statement:
    """One permission; each action with the commands' needs that ask for it."""

    sid: str
    actions: Mapping[str, frozenset[str]]
    resources: Callable[[_Scope], list[str]]
    condition: _Condition | None = None
    writes: bool = True
    """Whether it is for more than looking."""
    joins: str = ""
    """The statement of the same condition that takes it in where both are wanted, since a policy's size is limited.
    Their actions are the same, or AWS has none of them on the other's resources: joined they allow what they do apart.
    """


def _for(*needs: str, actions: str) -> dict[str, frozenset[str]]:
    return dict.fromkeys(actions.split(), frozenset(needs))


_STATEMENTS: tuple[_Statement, ...] = (
    # --- looking --------------------------------------------------------------------------------------------------
    _Statement(
        "LookAtNetwork",
        {
            **_for(_CHECK, actions="ec2:DescribeSubnets"),
            **_for(_CHECK, _TRACE, actions="ec2:DescribeInstances"),
            **_for(_CHECK, _DOWN, _TRACE, actions="ec2:DescribeNetworkInterfaces"),
            **_for(_CHECK, _DOWN, _TRACE, _LIST, actions="ec2:DescribeSecurityGroupRules"),
            **_for(_TRACE, actions="ec2:DescribeNetworkAcls ec2:DescribeRouteTables"),
        },
        lambda _: ["*"],
        _Scope.here,
        writes=False,
    ),
    _Statement(
        "LookAtLoadBalancing",
        {
            **_for(
                _CHECK,
                _DOWN,
                _TRACE,
                _LIST,
                actions="elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeTargetGroups",
            ),
            **_for(_CHECK, _DOWN, _LIST, actions="elasticloadbalancing:DescribeTags"),
            **_for(_CHECK, _DOWN, _TRACE, actions="elasticloadbalancing:DescribeTargetGroupAttributes"),
            # What listens in front of a group is looked at before the group is deleted.
            **_for(_CHECK, _DOWN, _TRACE, actions="elasticloadbalancing:DescribeListeners"),
            **_for(_CHECK, _TRACE, actions="elasticloadbalancing:DescribeTargetHealth"),
            **_for(_TRACE, actions="elasticloadbalancing:DescribeLoadBalancerAttributes"),
        },
        lambda _: ["*"],
        _Scope.here,
        writes=False,
    ),
    _Statement(
        "ListApisAndLinks",
        _for(_CHECK, _DOWN, _TRACE, _LIST, _LINKS, _ROLLBACK, actions="apigateway:GET"),
        lambda scope: [scope.gateway("/restapis"), scope.gateway("/vpclinks")],
        writes=False,
    ),
    _Statement(
        "LookAtEveryApi",  # of any owner and kind, to see which links they use
        _for(_LINKS, actions="apigateway:GET"),
        lambda scope: [scope.gateway("/restapis/*"), scope.gateway("/apis"), scope.gateway("/apis/*")],
        writes=False,
    ),
    _Statement(
        "LookAtLinks",  # of our name whoever's they are, to see whether they are ours
        _for(_CHECK, _DOWN, _LIST, actions="apigateway:GET"),
        lambda scope: [scope.gateway("/vpclinks/*")],
        writes=False,
        joins="ListApisAndLinks",
    ),
    _Statement(
        "LookAtOurApi",
        _for(_CHECK, _TRACE, _ROLLBACK, actions="apigateway:GET"),
        lambda scope: [scope.gateway("/restapis/*")],
        _Scope.owned,
        writes=False,
    ),
    # --- making ---------------------------------------------------------------------------------------------------
    _Statement(
        "MakeTargetGroup",
        _for(_UP, actions="elasticloadbalancing:CreateTargetGroup"),
        lambda scope: [scope.group],
        _Scope.asked,
    ),
    _Statement(
        "MakeInternalLoadBalancer",
        _for(_UP, actions="elasticloadbalancing:CreateLoadBalancer"),
        lambda scope: [scope.balancer],
        lambda scope: {
            "StringEquals": {
                f"aws:RequestTag/{STACK}": scope.stack,
                "elasticloadbalancing:Scheme": "internal",
            }
        },
    ),
    _Statement(
        "MakeListener",
        _for(_UP, actions="elasticloadbalancing:CreateListener"),
        lambda scope: [scope.balancer],
        _Scope.asked,
        joins="MakeTargetGroup",
    ),
    _Statement(
        "TagLoadBalancing",  # as it is made
        _for(_UP, actions="elasticloadbalancing:AddTags"),
        lambda scope: [scope.balancer, scope.listener, scope.group],
        lambda scope: {
            "StringEquals": {
                f"aws:RequestTag/{STACK}": scope.stack,
                "elasticloadbalancing:CreateAction": ["CreateListener", "CreateLoadBalancer", "CreateTargetGroup"],
            }
        },
    ),
    _Statement(
        "MakeServiceLinkedRoles",  # the first load balancer, the first link of an account
        _for(_UP, actions="iam:CreateServiceLinkedRole"),
        lambda scope: [f"arn:{scope.partition}:iam::{scope.account}:role/aws-service-role/*"],
        lambda _: {
            "StringEquals": {
                "iam:AWSServiceName": ["elasticloadbalancing.amazonaws.com", "ops.apigateway.amazonaws.com"],
            }
        },
    ),
    _Statement(
        "LetLoadBalancerIn",
        {
            **_for(_UP, actions="ec2:AuthorizeSecurityGroupIngress"),
            **_for(_UP, _DOWN, actions="ec2:RevokeSecurityGroupIngress"),
        },
        lambda scope: [
            scope.arn("ec2", f"security-group/{scope.security_group}"),
            scope.arn("ec2", "security-group-rule/*"),
        ],
    ),
    _Statement(
        "TagRules",
        _for(_UP, actions="ec2:CreateTags"),
        lambda scope: [scope.arn("ec2", "security-group-rule/*")],
        lambda scope: {
            "StringEquals": {
                f"aws:RequestTag/{STACK}": scope.stack,
                "ec2:CreateAction": "AuthorizeSecurityGroupIngress",
            }
        },
    ),
    _Statement(
        "MakeApisAndLinks",
        _for(_UP, actions="apigateway:POST"),
        lambda scope: [scope.gateway("/restapis"), scope.gateway("/vpclinks")],
        _Scope.asked,
    ),
    _Statement(
        "TagWhatIsMade",
        _for(_UP, actions="apigateway:PUT"),
        lambda scope: [scope.gateway("/tags/*")],
        _Scope.asked,
        joins="MakeApisAndLinks",
    ),
    _Statement(
        "PrivateLinkForLinks",
        {
            **_for(
                _UP,
                actions="ec2:CreateVpcEndpointServiceConfiguration ec2:ModifyVpcEndpointServicePermissions",
            ),
            **_for(_UP, _DOWN, actions="ec2:DeleteVpcEndpointServiceConfigurations"),
        },
        lambda scope: [scope.arn("ec2", "vpc-endpoint-service/*")],
    ),
    _Statement(
        "LookAtPrivateLink",
        _for(_UP, actions="ec2:DescribeVpcEndpointServiceConfigurations"),
        lambda _: ["*"],
        _Scope.here,
    ),
    # --- changing and deleting what is ours -----------------------------------------------------------------------
    _Statement(
        "ChangeOurLoadBalancing",
        {
            **_for(
                _UP,
                actions="elasticloadbalancing:ModifyListener elasticloadbalancing:ModifyTargetGroup "
                "elasticloadbalancing:ModifyTargetGroupAttributes elasticloadbalancing:SetSubnets "
                "elasticloadbalancing:RegisterTargets elasticloadbalancing:DeregisterTargets "
                "elasticloadbalancing:AddTags elasticloadbalancing:RemoveTags",
            ),
            **_for(_DOWN, _REPLACE, actions="elasticloadbalancing:DeleteLoadBalancer"),
            **_for(_DOWN, _REPLACE, actions="elasticloadbalancing:DeleteTargetGroup"),
            **_for(_DOWN, _REPLACE, actions="elasticloadbalancing:DeleteListener"),
        },
        lambda scope: [scope.balancer, scope.listener, scope.group],
        _Scope.owned,
    ),
    _Statement(
        "MarkOurTargetGroup",  # that down is under way, until the group itself goes
        _for(_DOWN, actions="elasticloadbalancing:AddTags elasticloadbalancing:RemoveTags"),
        lambda scope: [scope.group],
        _Scope.owned,
    ),
    _Statement(
        "ChangeOurApi",
        {
            **_for(_UP, actions="apigateway:POST apigateway:PUT"),
            **_for(_UP, _ROLLBACK, actions="apigateway:PATCH"),
            **_for(_UP, _DOWN, actions="apigateway:DELETE"),
        },
        lambda scope: [scope.gateway("/restapis/*")],
        _Scope.owned,
    ),
    _Statement(
        "DeleteOurLinks",  # a FAILED link, or one that was superseded, goes at once
        _for(_UP, _DOWN, actions="apigateway:DELETE"),
        lambda scope: [scope.gateway("/vpclinks/*")],
        _Scope.owned,
    ),
    _Statement(
        "RetagWhatIsOurs",
        _for(_UP, actions="apigateway:PUT apigateway:DELETE"),
        lambda scope: [scope.gateway("/tags/*")],
        _Scope.owned,
        joins="DeleteOurLinks",
    ),
)


def needs(command: str) -> frozenset[str]:
    """What a command is for. Raises :class:`BadInput` when there is none of this name."""
    try:
        return COMMANDS[command]
    except KeyError:
        raise BadInput("command", f"{quoted(command)} has no policy.", f"There are: {', '.join(COMMANDS)}.") from None


def policy(
    stack: str,
    region: str,
    account: str,
    command: str,
    read_only: bool = False,
    *,
    partition: str = "aws",
    security_group: str = "*",
) -> dict[str, Any]:
    """The policy document for a command on a stack; with ``read_only`` what only looks.

    ``security_group`` narrows the rules down to the instances' group; of a command for every stack, ``stack`` says
    nothing. Raises :class:`BadInput` for an unknown command.
    """
    wanted = needs(command)
    scope = _Scope("*" if command in _OF_EVERY_STACK else stack, region, account, partition, security_group)
    documents: dict[str, dict[str, Any]] = {}
    for statement in _STATEMENTS:
        actions = [name for name, asking in statement.actions.items() if asking & wanted]
        if not actions or (read_only and statement.writes):
            continue
        document = _document(statement, scope, actions)
        if (other := documents.get(statement.joins)) is not None:
            other["Action"] = sorted({*other["Action"], *document["Action"]})
            other["Resource"] = [*other["Resource"], *document["Resource"]]
        else:
            documents[statement.sid] = document
    return {
        "Version": "2012-10-17",
        "Statement": [
            document
            for document in documents.values()
            if not any(_covers(other, document) for other in documents.values())
        ],
    }


def _covers(other: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Whether another statement allows all that this one does."""
    return (
        other is not document
        and other.get("Condition") == document.get("Condition")
        and {*other["Action"]} >= {*document["Action"]}
        and {*other["Resource"]} >= {*document["Resource"]}
    )


def allowing(action: str, resource: str, stack: str, region: str) -> dict[str, Any]:
    """The statement that a caller lacks who was refused this action on this resource (empty when AWS names none).

    It is the one of :func:`policy` if that has one, narrowed down to the action; else the bare permission. ``stack``
    and ``region`` are empty when they are not known: then it is for any, and what only looks is for all.
    """
    _, partition, _, where, account, *_ = [*resource.split(":"), *[""] * 6]
    scope = _Scope(stack or "*", region or where or "*", account or "*", partition or "aws", "*")
    fitting = [
        statement
        for statement in _STATEMENTS
        if action in statement.actions
        and (not resource or any(fnmatch.fnmatchcase(resource, pattern) for pattern in statement.resources(scope)))
    ]
    if not stack:
        fitting = [each for each in fitting if each.condition is not _Scope.owned] or fitting
    if fitting:
        # AWS names what is yet to be made with a star for its id: that is judged by the tags it is asked for with,
        # and what is there by the tags it has.
        made = resource.endswith("*")
        return _document(fitting[0] if made else fitting[-1], scope, [action])
    return {"Effect": "Allow", "Action": [action], "Resource": [resource or "*"]}


def action_of(operation: str) -> str:
    """The action that an operation of EC2 or Elastic Load Balancing is judged as; empty if the policy knows none.

    (API Gateway's are judged by verb and path, and it names them.)
    """
    known = (action for statement in _STATEMENTS for action in statement.actions)
    return next((action for action in known if action.partition(":")[2] == operation), "")


def _document(statement: _Statement, scope: _Scope, actions: list[str]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "Sid": statement.sid,
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": statement.resources(scope),
    }
    if statement.condition:
        document["Condition"] = statement.condition(scope)
    return document
