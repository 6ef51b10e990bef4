"""AWS CLI commands that mend what was found, quoted for a shell.

A command works as it is pasted: it holds no word to be filled in. Where what to put is not for trace to know, there is
a command that shows what there is to choose from, or none.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from runbook.path.configuration import Method
from runbook.trace.target import Target

__all__ = [
    "SHOW_BALANCERS",
    "SHOW_GROUPS",
    "SHOW_LINKS",
    "cli",
    "deploying",
    "forward",
    "lines",
    "patch",
    "patch_integration",
    "patch_stage",
    "show_method",
]


def cli(service: str, operation: str, **options: str | int | Iterable[str]) -> str:
    """``aws SERVICE OPERATION --option value ...``; several values follow one option."""
    words = ["aws", service, operation]
    for name, value in options.items():
        words.append(f"--{name.replace('_', '-')}")
        if isinstance(value, str | int):
            words.append(shlex.quote(str(value)))
        else:
            words += [shlex.quote(each) for each in value]
    return " ".join(words)


SHOW_BALANCERS = cli("elbv2", "describe-load-balancers", query="LoadBalancers[].[DNSName,LoadBalancerArn]")
SHOW_GROUPS = cli("elbv2", "describe-target-groups", query="TargetGroups[].[TargetGroupArn,Protocol,Port,VpcId]")
SHOW_LINKS = cli("apigateway", "get-vpc-links", query="items[].[id,name,targetArns]")


# The AWS CLI's shorthand takes more than this without quotes, but no closing brace or bracket.
_BARE = re.compile(r"[\w./:@*+~$%-]+")


def patch(op: str, path: str, value: str = "") -> str:
    """A patch operation in the AWS CLI's shorthand; without a value for what takes none."""
    members = {"op": op, "path": path, **({"value": value} if value else {})}
    return ",".join(f"{name}={_shorthand(each)}" for name, each in members.items())


def _shorthand(value: str) -> str:
    if _BARE.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def lines(*commands: str) -> str:
    """One after the other."""
    return "\n".join(filter(None, commands))


def patch_stage(target: Target, *pairs: str) -> str:
    """Change the stage: paths and values in turn. It is live at once."""
    patches = [patch("replace", path, value) for path, value in zip(pairs[::2], pairs[1::2], strict=True)]
    return cli(
        "apigateway", "update-stage", rest_api_id=target.api_id, stage_name=target.stage, patch_operations=patches
    )


def patch_integration(target: Target, method: Method, *pairs: str) -> str:
    """Change a method's integration, paths and values in turn, and deploy it; empty for a method that is gone.

    An empty value takes the path away.
    """
    if not method.resource:
        return ""
    resource = {"rest_api_id": target.api_id, "resource_id": method.resource, "http_method": method.verb}
    changes = list(zip(pairs[::2], pairs[1::2], strict=True))
    undeclared = [value for _, value in changes if value.startswith("method.request.") and value not in method.declared]
    declare = cli(
        "apigateway",
        "update-method",
        **resource,
        patch_operations=[patch("add", f"/requestParameters/{name}", "true") for name in undeclared],
    )
    patches = [
        patch(("add" if path.startswith("/requestParameters/") else "replace") if value else "remove", path, value)
        for path, value in changes
    ]
    return lines(
        declare if undeclared else "",
        cli("apigateway", "update-integration", **resource, patch_operations=patches),
        deploying(target),
    )


def show_method(operation: str, target: Target, method: Method) -> str:
    """Show a method, or what belongs to it; empty for a method that is gone."""
    if not method.resource:
        return ""
    resource = {"rest_api_id": target.api_id, "resource_id": method.resource, "http_method": method.verb}
    return cli("apigateway", operation, **resource)


def deploying(target: Target) -> str:
    """Let the stage serve what is configured."""
    return cli("apigateway", "create-deployment", rest_api_id=target.api_id, stage_name=target.stage)


def forward(listener: str, group: str, **changes: str) -> str:
    """Let a listener forward to a target group."""
    action = f"Type=forward,TargetGroupArn={group}"
    return cli("elbv2", "modify-listener", listener_arn=listener, **changes, default_actions=action)
