"""AWS CLI commands that mend what was found.

A command works as it is pasted: it holds no word to be filled in. Where what to put is not for trace to know, there is
a command that shows what there is to choose from, or none.
"""

from __future__ import annotations

import json

from runbook.command_line import aws as cli
from runbook.command_line import shorthand
from runbook.path.configuration import Method
from runbook.trace.target import Target

__all__ = [
    "SHOW_BALANCERS",
    "SHOW_GROUPS",
    "SHOW_LINKS",
    "cli",
    "deploying",
    "forward",
    "let_preflights_in",
    "lines",
    "patch",
    "patch_integration",
    "patch_stage",
    "shorthand",
    "show_method",
]


SHOW_BALANCERS = cli("elbv2", "describe-load-balancers", query="LoadBalancers[].[DNSName,LoadBalancerArn]")
SHOW_GROUPS = cli("elbv2", "describe-target-groups", query="TargetGroups[].[TargetGroupArn,Protocol,Port,VpcId]")
SHOW_LINKS = cli("apigateway", "get-vpc-links", query="items[].[id,name,targetArns]")


def patch(op: str, path: str, value: str = "") -> str:
    """A patch operation in the AWS CLI's shorthand; without a value for what takes none."""
    return shorthand(op=op, path=path, **({"value": value} if value else {}))


def lines(*commands: str | None) -> str:
    """One after the other, without those that are not needed (``None``); none when one of them cannot be printed."""
    needed = [command for command in commands if command is not None]
    return "\n".join(needed) if all(needed) else ""


def patch_stage(target: Target, *pairs: str) -> str:
    """Change the stage: paths and values in turn. It is live at once."""
    patches = [patch("replace", path, value) for path, value in zip(pairs[::2], pairs[1::2], strict=True)]
    return cli(
        "apigateway", "update-stage", rest_api_id=target.api_id, stage_name=target.stage, patch_operations=patches
    )


_MAPS = ("/requestParameters/", "/requestTemplates/")


def patch_integration(target: Target, method: Method, *pairs: str) -> str:
    """Change a method's integration, paths and values in turn, and deploy it; empty for a method that is gone.

    An empty value takes the path away.
    """
    if not method.resource:
        return ""
    resource = {"rest_api_id": target.api_id, "resource_id": method.resource, "http_method": method.verb}
    changes = list(zip(pairs[::2], pairs[1::2], strict=True))
    undeclared = [value for _, value in changes if value.startswith("method.request.") and value not in method.declared]
    declare = (
        cli(
            "apigateway",
            "update-method",
            **resource,
            patch_operations=[patch("add", f"/requestParameters/{name}", "true") for name in undeclared],
        )
        if undeclared
        else None
    )
    patches = [
        patch(("add" if path.startswith(_MAPS) else "replace") if value else "remove", path, value)
        for path, value in changes
    ]
    return lines(
        declare,
        cli("apigateway", "update-integration", **resource, patch_operations=patches),
        deploying(target),
    )


def show_method(operation: str, target: Target, method: Method) -> str:
    """Show a method, or what belongs to it; empty for a method that is gone."""
    if not method.resource:
        return ""
    resource = {"rest_api_id": target.api_id, "resource_id": method.resource, "http_method": method.verb}
    return cli("apigateway", operation, **resource)


def let_preflights_in(target: Target, method: Method) -> str:
    """Let OPTIONS of a method's path ask for nothing; where ANY asks, by a method of its own with ANY's integration."""
    called = method.integration
    if not method.resource:
        return ""
    resource = {"rest_api_id": target.api_id, "resource_id": method.resource, "http_method": "OPTIONS"}
    if method.verb == "OPTIONS":
        patches = [
            *([patch("replace", "/authorizationType", "NONE")] if method.guard.authorization != "NONE" else []),
            *([patch("replace", "/apiKeyRequired", "false")] if method.guard.api_key else []),
        ]
        return lines(cli("apigateway", "update-method", **resource, patch_operations=patches), deploying(target))
    if called is None or called.type != "HTTP_PROXY":
        return ""
    # As JSON: the AWS CLI takes a value that begins with http:// for the name of something to fetch.
    put = {
        "restApiId": target.api_id,
        "resourceId": method.resource,
        "httpMethod": "OPTIONS",
        "type": called.type,
        "integrationHttpMethod": called.http_method or "ANY",
        "uri": called.uri,
        "connectionType": called.connection_type,
        "timeoutInMillis": called.timeout,
        "requestParameters": dict(called.parameters),
    }
    put |= {"connectionId": called.connection_id} if called.private else {}
    put |= {"integrationTarget": called.target} if called.target else {}
    declared = json.dumps(dict.fromkeys(sorted(method.declared), True)) if method.declared else None
    return lines(
        cli("apigateway", "put-method", **resource, authorization_type="NONE", request_parameters=declared),
        cli("apigateway", "put-integration", cli_input_json=json.dumps(put)),
        deploying(target),
    )


def deploying(target: Target) -> str:
    """Let the stage serve what is configured."""
    return cli("apigateway", "create-deployment", rest_api_id=target.api_id, stage_name=target.stage)


def forward(listener: str, group: str, **changes: str) -> str:
    """Let a listener forward to a target group."""
    action = shorthand(Type="forward", TargetGroupArn=group)
    return cli("elbv2", "modify-listener", listener_arn=listener, **changes, default_actions=action)
