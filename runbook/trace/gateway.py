"""API Gateway's half of the path, judged: from the URL to the VPC link.

The judges look at what is deployed; what is configured is compared with it, and judged in the same way to tell whether
a deployment would mend it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from runbook.trace.command import cli, deploying, lines, patch_integration, patch_stage
from runbook.trace.configuration import (
    DEFAULT_TIMEOUT,
    Configuration,
    Integration,
    Method,
    differences,
    placeholders,
    resolved,
    variables_in,
)
from runbook.trace.model import Finding, Symptom, Unseen, Weight
from runbook.trace.survey import Aim, Front, Link, LinkV2
from runbook.trace.target import Target

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import LoadBalancerTypeDef

__all__ = ["judge_gateway", "judge_route"]

# A service that answers at all within a second is the usual case; a limit below is more likely a slip than a wish.
_SHORT_TIMEOUT = 1000  # milliseconds
_FROM_SERVICE = frozenset({Symptom.BACKEND_4XX, Symptom.BACKEND_5XX})


def judge_gateway(front: Front, aim: Aim, target: Target) -> Iterator[Finding]:
    """What does not depend on which configuration is looked at: the URL, the stage, the deployment."""
    yield from _dns_name(front, target)
    yield from _stage(front, aim, target)
    yield from _deployment(front, target)


def judge_route(front: Front, aim: Aim, configuration: Configuration | None, target: Target) -> Iterator[Finding]:
    """Who may call, and where this configuration sends the request, up to the VPC link."""
    for judge in (_access, _route, _method, _integration, _stage_variables, _vpc_link):
        yield from judge(front, aim, configuration, target)


# --- dns-name ---------------------------------------------------------------------------------------------------------


def _dns_name(front: Front, target: Target) -> Iterator[Finding]:
    match front.api:
        case Unseen(why):
            yield Finding("dns-name", Weight.UNKNOWN, f"The API could not be looked at: {why}.")
        case None:
            yield Finding(
                "dns-name",
                Weight.BREAKS,
                f"There is no REST API {target.api_id} in this account and region.",
                "Use the API's id as it is now; an API that was made anew has another one.",
                cli("apigateway", "get-rest-apis", query="items[].[id,name]"),
            )
        case api:
            endpoint = api.get("endpointConfiguration", {})
            kind = " ".join(endpoint.get("types", []))
            if api.get("disableExecuteApiEndpoint"):
                yield Finding(
                    "dns-name",
                    Weight.BREAKS,
                    f"The API's own endpoint is disabled (disableExecuteApiEndpoint=true): {target.url} is refused, "
                    "only custom domains answer.",
                    "Enable the endpoint and deploy, or call the custom domain.",
                    lines(
                        cli(
                            "apigateway",
                            "update-rest-api",
                            rest_api_id=target.api_id,
                            patch_operations="op=replace,path=/disableExecuteApiEndpoint,value=false",
                        ),
                        deploying(target),
                    ),
                )
            elif kind == "PRIVATE":
                yield Finding(
                    "dns-name",
                    Weight.MAY_BREAK,
                    "The API is PRIVATE: its name resolves only inside a VPC that has an endpoint for execute-api.",
                    "Call it from such a VPC.",
                    explains=frozenset({Symptom.NO_ANSWER, Symptom.DENIED, Symptom.FORBIDDEN}),
                    otherwise=Weight.FACT,
                )
            yield Finding("dns-name", Weight.FACT, f"API {api.get('name', '')!r} ({target.api_id}), {kind or 'EDGE'}.")


# --- access -----------------------------------------------------------------------------------------------------------


def _access(front: Front, aim: Aim, configuration: Configuration | None, target: Target) -> Iterator[Finding]:
    if configuration is None:
        yield _not_reached("access", front)
        return
    yield from _policy(configuration.policy, target)
    method = aim.match.method if aim.match else None
    if method is None:
        if configuration.policy is None:
            yield Finding("access", Weight.FACT, "No resource policy; no method is met that would ask for more.")
        return
    sent = {name.lower() for name in target.headers}
    match method.guard.authorization:
        case "NONE":
            yield Finding("access", Weight.FACT, f"{method} asks for no authorization.")
        case "AWS_IAM":
            yield Finding(
                "access",
                Weight.MAY_BREAK,
                f"{method} asks for AWS_IAM: a request that is not signed is refused"
                + ("." if "authorization" in sent else "; trace signed none."),
                "Call it with a signature (Signature Version 4) of somebody who may execute-api:Invoke.",
                explains=frozenset({Symptom.NOT_ROUTED, Symptom.DENIED, Symptom.FORBIDDEN}),
                otherwise=Weight.FACT,
                step="",
            )
        case kind:
            yield Finding(
                "access",
                Weight.MAY_BREAK,
                f"{method} asks an authorizer ({kind}), which trace does not follow.",
                "Call it with a token that the authorizer accepts.",
                explains=frozenset({Symptom.DENIED, Symptom.FORBIDDEN}),
                otherwise=Weight.UNKNOWN,
                step="",
            )
    if method.guard.api_key:
        lacking = "x-api-key" not in sent
        yield Finding(
            "access",
            Weight.BREAKS if lacking else Weight.MAY_BREAK,
            f"{method} asks for an API key" + ("; trace sent none." if lacking else "; the one sent is not accepted."),
            "Send the header x-api-key with a key of a usage plan that includes this stage.",
            cli("apigateway", "get-usage-plans", query="items[].[id,name,apiStages]"),
            explains=frozenset({Symptom.FORBIDDEN, Symptom.THROTTLED}),
            otherwise=Weight.FACT,
            step="",
        )


def _policy(policy: Any, target: Target) -> Iterator[Finding]:
    """The resource policy, for a caller who is not signed in ("How API Gateway resource policies affect
    authorization workflow": without an authorizer an explicit allow is needed).
    """
    if policy is None:
        return
    if not isinstance(policy, dict):
        yield Finding("access", Weight.UNKNOWN, "The API's resource policy cannot be read.")
        return
    statements = policy.get("Statement", [])
    statements = statements if isinstance(statements, list) else [statements]
    wide = [each for each in statements if isinstance(each, dict) and each.get("Principal") in ("*", {"AWS": "*"})]
    verdicts = {
        (each.get("Effect"), bool(each.get("Condition"))) for each in wide if _names(each.get("Resource"), target)
    }
    if ("Deny", False) in verdicts or not any(effect == "Allow" for effect, _ in verdicts):
        yield Finding(
            "access",
            Weight.BREAKS,
            "The API's resource policy "
            + (
                "denies everybody on this path."
                if ("Deny", False) in verdicts
                else "allows nobody without a signature on this path."
            ),
            "Change the policy to allow execute-api:Invoke, then deploy: a policy is live after the next deployment.",
            cli("apigateway", "get-rest-api", rest_api_id=target.api_id, query="policy"),
            step="",
        )
    elif any(conditional for _, conditional in verdicts):
        yield Finding(
            "access",
            Weight.MAY_BREAK,
            "The API's resource policy has conditions (such as the caller's address) that trace does not judge.",
            "See whether the policy's conditions fit this caller; a changed policy needs a deployment.",
            cli("apigateway", "get-rest-api", rest_api_id=target.api_id, query="policy"),
            explains=frozenset({Symptom.DENIED}),
            otherwise=Weight.FACT,
            step="",
        )


def _names(resource: Any, target: Target) -> bool:
    """Whether a statement is about this request; ``execute-api:/STAGE/VERB/PATH`` and ARNs end alike."""
    import fnmatch

    wanted = f"{target.stage}/{target.method}{target.path}"
    for each in resource if isinstance(resource, list) else [resource]:
        text = str(each or "")
        pattern = text.partition("/")[2] if "/" in text else "*"
        if text == "*" or fnmatch.fnmatchcase(wanted, pattern or "*"):
            return True
    return False


# --- stage ------------------------------------------------------------------------------------------------------------


def _stage(front: Front, aim: Aim, target: Target) -> Iterator[Finding]:
    match front.stage:
        case Unseen(why):
            yield Finding("stage", Weight.UNKNOWN, f"The stage could not be looked at: {why}.")
            return
        case None if front.api is None:
            yield Finding("stage", Weight.NOT_REACHED, "There is no API, so there is no stage.")
            return
        case None:
            yield Finding(
                "stage",
                Weight.BREAKS,
                f"API {target.api_id} has no stage {target.stage!r}."
                if target.stage
                else "The URL names no stage: its path is empty.",
                "Use a stage the API has, or deploy to this one.",
                cli("apigateway", "get-stages", rest_api_id=target.api_id, query="item[].[stageName,deploymentId]"),
            )
            return
        case stage:
            pass
    settings = stage.get("methodSettings", {})
    method = aim.match.method if aim.match else None
    rate, burst = _setting(settings, method, "throttlingRateLimit"), _setting(settings, method, "throttlingBurstLimit")
    if rate == 0 or burst == 0:
        yield Finding(
            "stage",
            Weight.BREAKS,
            f"Throttling lets nothing through: rate {rate}, burst {burst}.",
            "Raise the limits of the stage's method settings.",
            patch_stage(target, "/*/*/throttling/rateLimit", "100", "/*/*/throttling/burstLimit", "50"),
            step="",
        )
    elif rate is None or (rate, burst) == (10000.0, 5000):
        yield Finding(
            "stage",
            Weight.ADVICE,
            "No throttling of its own: only the account's limits stand between a flood and the service.",
            command=patch_stage(target, "/*/*/throttling/rateLimit", "100", "/*/*/throttling/burstLimit", "50"),
        )
    if str(_setting(settings, method, "loggingLevel") or "OFF") == "OFF":
        yield Finding(
            "stage",
            Weight.ADVICE,
            "Execution logging is off: after an error there is nothing to read.",
            command=patch_stage(target, "/*/*/logging/loglevel", "ERROR"),
        )
    if acl := stage.get("webAclArn"):
        yield Finding(
            "access",
            Weight.MAY_BREAK,
            f"A web ACL judges every request first ({acl}), which trace does not follow.",
            "Look at the web ACL's sampled requests.",
            explains=frozenset({Symptom.FORBIDDEN}),
            otherwise=Weight.UNKNOWN,
            step="",
        )
    if canary := stage.get("canarySettings"):
        yield Finding(
            "stage",
            Weight.SUSPICIOUS,
            f"A canary takes {canary.get('percentTraffic', 0)} % of the requests to deployment "
            f"{canary.get('deploymentId', '')}; trace follows the stage's own.",
            step="",
        )
    yield Finding("stage", Weight.FACT, f"Stage {target.stage!r} serves deployment {stage.get('deploymentId', '')}.")


def _setting(settings: Any, method: Method | None, name: str) -> Any:
    """A method setting: the method's own (``~1path/VERB``), else the stage's (``*/*``)."""
    own = f"{method.path.lstrip('/').replace('/', '~1')}/{method.verb}" if method else ""
    for key in (own, f"~1{own}", f"/{own}", "*/*"):
        if key in settings and name in settings[key]:
            return settings[key][name]
    return None


# --- deployment -------------------------------------------------------------------------------------------------------


def _deployment(front: Front, target: Target) -> Iterator[Finding]:
    if front.stage is None:
        yield _not_reached("deployment", front)
        return
    for unseen in (front.deployed, front.configured):
        if isinstance(unseen, Unseen):
            yield Finding("deployment", Weight.UNKNOWN, f"What is deployed cannot be compared: {unseen.why}.")
            return
    if not isinstance(front.deployed, Configuration) or not isinstance(front.configured, Configuration):
        return
    differing = differences(front.deployed, front.configured)
    if not differing:
        yield Finding("deployment", Weight.FACT, "What is configured is what is deployed.")
        return
    yield Finding("deployment", Weight.SUSPICIOUS, _said(differing), *redeploying(front, target))


def _said(differing: dict[str, str]) -> str:
    shown = [f"{key}: {what}" for key, what in list(differing.items())[:5]]
    more = f" and {len(differing) - 5} more" if len(differing) > 5 else ""
    return f"Undeployed changes: {'. '.join(shown)}{more}."


def redeploying(front: Front, target: Target) -> tuple[str, str]:
    """How to serve what is configured: fix and command."""
    current = front.stage.get("deploymentId", "") if front.stage and not isinstance(front.stage, Unseen) else ""
    newest = front.deployments[0]["id"] if front.deployments and not isinstance(front.deployments, Unseen) else ""
    fix = "Deploy again."
    if newest and newest != current:
        fix = (
            f"Deploy again; or, if deployment {newest}, the newest, has what is wanted, let the stage serve it "
            f"instead of {current} (/deploymentId of the stage)."
        )
    return fix, deploying(target)


# --- route and method -------------------------------------------------------------------------------------------------


def _route(front: Front, aim: Aim, configuration: Configuration | None, target: Target) -> Iterator[Finding]:
    if configuration is None:
        yield _not_reached("route", front)
        return
    routes = ", ".join(configuration.paths) or "none"
    if aim.match is None:
        only_root = target.path.strip("/") == ""
        yield Finding(
            "route",
            Weight.BREAKS,
            f"No route fits {target.path}; deployed are: {routes}."
            + (" {proxy+} does not match the root itself." if only_root and "{" in routes else ""),
            "Call a path below the root, or route / as well." if only_root else "Add a resource for the path, deploy.",
            cli("apigateway", "get-resources", rest_api_id=target.api_id, embed="methods"),
            # Our steps route the root only on request.
            step="" if only_root else None,
        )
        return
    yield Finding("route", Weight.FACT, f"{target.path} meets {aim.match.path}.")
    if "/" not in configuration.paths:
        yield Finding("route", Weight.ADVICE, "/ itself is not routed: it answers 403 Missing Authentication Token.")


def _method(front: Front, aim: Aim, configuration: Configuration | None, target: Target) -> Iterator[Finding]:
    if configuration is None or aim.match is None:
        yield _not_reached("method", front, "No route is met.")
    elif aim.match.method is None:
        verbs = ", ".join(each.verb for each in configuration.methods.values() if each.path == aim.match.path)
        yield Finding(
            "method",
            Weight.BREAKS,
            f"{aim.match.path} has no method for {target.method}; it has: {verbs}.",
            f"Call it with {verbs}, or add the method and deploy.",
            cli("apigateway", "get-resources", rest_api_id=target.api_id, embed="methods"),
        )
    else:
        yield Finding("method", Weight.FACT, f"{aim.match.method} answers.")


# --- integration ------------------------------------------------------------------------------------------------------


def _integration(front: Front, aim: Aim, configuration: Configuration | None, target: Target) -> Iterator[Finding]:
    found = aim.match if aim.match and aim.match.method else aim.substitute
    if configuration is None or found is None or found.method is None:
        yield _not_reached("integration", front, "No method is met.")
        return
    method, called = found.method, found.method.integration
    instead = "" if found is aim.match else f"(Of {method}, as the request meets no method.) "
    if called is None:
        yield Finding("integration", Weight.BREAKS, f"{instead}{method} has no integration.", "Put one, and deploy.")
        return
    said = f"{called.type} {called.http_method} {called.uri}"
    if not called.private:
        yield from _not_private(front, aim, method, called, said, target)
        return
    yield from _connection(front, aim, called, method, target)
    yield from _url(aim, called, method, target)
    if called.type == "HTTP" and not called.answers:
        yield Finding(
            "integration",
            Weight.BREAKS,
            f"{said} is no proxy and has no integration response, so that no answer can be handed back.",
            "Put an integration response (or put the integration anew, as HTTP_PROXY), and deploy.",
            _answering(method, target),
        )
    if called.timeout < _SHORT_TIMEOUT:
        yield Finding(
            "integration",
            Weight.MAY_BREAK,
            f"The integration gives up after {called.timeout} ms; the default is {DEFAULT_TIMEOUT} ms.",
            "Allow the service more time, and deploy.",
            patch_integration(target, method, "/timeoutInMillis", str(DEFAULT_TIMEOUT)),
            explains=frozenset({Symptom.TIMED_OUT}),
        )
    if method.verb == "ANY" and called.http_method not in ("ANY", "", target.method):
        yield Finding(
            "integration",
            Weight.MAY_BREAK,
            f"{method} passes every request on as {called.http_method}.",
            "Let the integration use the caller's method (ANY), and deploy.",
            patch_integration(target, method, "/httpMethod", "ANY"),
            explains=_FROM_SERVICE,
        )
    yield Finding("integration", Weight.FACT, f"{instead}{said} over VPC link {called.connection_id or 'none'}.")


def _not_private(
    front: Front, aim: Aim, method: Method, called: Integration, said: str, target: Target
) -> Iterator[Finding]:
    """An integration that goes through no link: only one mistake can be seen in it."""
    balancers = {} if isinstance(front.balancers, Unseen) else front.balancers
    host = aim.endpoint.host if aim.endpoint else ""
    internal = any(
        each.get("DNSName", "").lower() == host and each.get("Scheme") == "internal" for each in balancers.values()
    )
    if internal:
        yield Finding(
            "integration",
            Weight.BREAKS,
            f"{said} goes over the internet (connection type {called.connection_type}), but {host} is an internal load "
            "balancer that only a VPC link reaches.",
            "Set the connection type to VPC_LINK with the link's id, and deploy.",
            patch_integration(target, method, "/connectionType", "VPC_LINK", *_to_link(front, aim, called)),
        )
        return
    yield Finding("integration", Weight.UNKNOWN, f"{said} goes through no VPC link; trace does not follow it further.")


def _answering(method: Method, target: Target) -> str:
    """Hand every answer back as a 200, as a new method of the console does."""
    if not method.resource:
        return ""
    resource = {"rest_api_id": target.api_id, "resource_id": method.resource, "http_method": method.verb}
    return lines(
        "" if "200" in method.statuses else cli("apigateway", "put-method-response", **resource, status_code=200),
        cli("apigateway", "put-integration-response", **resource, status_code=200),
        deploying(target),
    )


def _to_link(front: Front, aim: Aim, called: Integration) -> tuple[str, ...]:
    """The change that names the link of the endpoint URL's load balancer, where none is named."""
    link = None if called.connection_id else _link_of_host(front, aim)
    return ("/connectionId", link.id) if link else ()


def _connection(front: Front, aim: Aim, called: Integration, method: Method, target: Target) -> Iterator[Finding]:
    if not called.connection_id:
        change = _to_link(front, aim, called)
        yield Finding(
            "integration",
            Weight.BREAKS,
            f"{method} goes over a VPC link but names none.",
            "Set the connection id to the link's id or to a stage variable that holds it, and deploy.",
            patch_integration(target, method, *change)
            if change
            else cli("apigateway", "get-vpc-links", query="items[].[id,name,targetArns]"),
        )


def _url(aim: Aim, called: Integration, method: Method, target: Target) -> Iterator[Finding]:
    """The endpoint URL: every placeholder must be mapped, and the path be handed on as it came."""
    wanted = placeholders(called.uri)
    for name in wanted:
        mapping = called.mapped_paths.get(name)
        if mapping is None:
            yield Finding(
                "integration",
                Weight.BREAKS,
                f"{{{name}}} in {called.uri} is mapped from nothing, so it stays as it is, which is no legal path.",
                "Map it to the method's path parameter (which the method must declare), and deploy.",
                patch_integration(target, method, *_mapping(name)),
            )
        elif _is_literal(mapping):
            yield Finding(
                "integration",
                Weight.MAY_BREAK,
                f"{{{name}}} is mapped to the literal {mapping}: every path becomes that one.",
                f"Map it to method.request.path.{name}, and deploy.",
                patch_integration(target, method, *_mapping(name)),
                explains=_FROM_SERVICE,
            )
    greedy = next((segment[1:-2] for segment in method.path.split("/") if segment.endswith("+}")), "")
    if greedy and not _handed_on(greedy, called) and not wanted:
        yield Finding(
            "integration",
            Weight.MAY_BREAK,
            f"The endpoint URL {called.uri} does not hand on the path that {method.path} takes in.",
            f"End the endpoint URL in /{{{greedy}}}, map it, and deploy.",
            patch_integration(target, method, "/uri", f"{called.uri.rstrip('/')}/{{{greedy}}}", *_mapping(greedy)),
            explains=_FROM_SERVICE,
        )
    elif (
        aim.match
        and aim.match.method is method
        and aim.endpoint
        and _rewrites(aim.endpoint.path, target.path)
        and not any(_is_literal(called.mapped_paths.get(name, "")) for name in wanted)
    ):
        holder = "stage-variables" if _path_from_variable(called.uri) else "integration"
        yield Finding(
            holder,
            Weight.MAY_BREAK,
            f"The path is rewritten: {target.path} is asked of the service as {aim.endpoint.path} ({called.uri}).",
            "If the service does not know that path, hand it on as it came, and deploy.",
            _as_it_came(called, method, target) if holder == "integration" else "",
            explains=_FROM_SERVICE,
            otherwise=Weight.FACT,
        )


def _mapping(name: str) -> tuple[str, str]:
    return f"/requestParameters/integration.request.path.{name}", f"method.request.path.{name}"


def _is_literal(mapping: str) -> bool:
    return bool(mapping) and not mapping.startswith(("method.request.", "context.", "stageVariables."))


def _as_it_came(called: Integration, method: Method, target: Target) -> str:
    """Ask the service for the method's own path."""
    path = method.path.replace("+}", "}")
    scheme, separator, rest = called.uri.partition("://")
    missing = [name for name in placeholders(path) if name not in called.mapped_paths]
    changes = [change for name in missing for change in _mapping(name)]
    uri = f"{scheme}{separator}{rest.partition('/')[0]}{path}"
    return patch_integration(target, method, "/uri", uri, *changes)


def _handed_on(greedy: str, called: Integration) -> bool:
    """Whether the service learns the path otherwise than by the endpoint URL's: by its query or a header."""
    others = (value for name, value in called.parameters if not name.startswith("integration.request.path."))
    return f"method.request.path.{greedy}" in others


def _rewrites(asked: str, came: str) -> bool:
    return asked.strip("/") != came.strip("/")


def _path_from_variable(uri: str) -> bool:
    """Whether the part of the URL behind the host comes from a stage variable too."""
    path = uri.partition("://")[2].partition("/")[2]
    return bool(variables_in(path)) and not placeholders(uri)


# --- stage variables --------------------------------------------------------------------------------------------------


def _stage_variables(front: Front, aim: Aim, configuration: Configuration | None, target: Target) -> Iterator[Finding]:
    called = aim.integration
    if called is None or configuration is None:
        yield _not_reached("stage-variables", front, "No integration is met.")
        return
    if isinstance(front.stage, Unseen):
        yield Finding("stage-variables", Weight.UNKNOWN, f"The stage could not be looked at: {front.stage.why}.")
        return
    values = front.variables
    used = list(dict.fromkeys([*variables_in(called.connection_id), *variables_in(called.uri)]))
    for name in used:
        if not values.get(name):
            place = "connection id" if name in variables_in(called.connection_id) else "endpoint URL"
            yield Finding(
                "stage-variables",
                Weight.BREAKS,
                f"Stage variable {name}, which the {place} takes, is not set.",
                f"Set {name} on the stage; no deployment is needed.",
                _setting_of(front, aim, called, target, name),
            )
    yield from _host(front, aim, called, target)
    yield from _wrong_link(front, aim, called, target)
    shown = ", ".join(f"{name}={values[name]}" for name in used if values.get(name))
    yield Finding("stage-variables", Weight.FACT, f"{shown}." if shown else "The integration takes none.")


def _setting_of(front: Front, aim: Aim, called: Integration, target: Target, name: str) -> str:
    """Set a variable to the value it should have, else show what there is to choose from."""
    if name in variables_in(called.connection_id):
        known: Mapping[str, Link | LinkV2] | Unseen = front.links_v2 if called.target else front.links
        available = [] if isinstance(known, Unseen) else list(known.values())
        link = None if called.target else _link_of_host(front, aim)
        if link is not None or len(available) == 1:
            return patch_stage(target, f"/variables/{name}", (link or available[0]).id)
        if called.target:
            return cli("apigatewayv2", "get-vpc-links", query="Items[].[VpcLinkId,Name]")
        return cli("apigateway", "get-vpc-links", query="items[].[id,name,targetArns]")
    balancers = {} if isinstance(front.balancers, Unseen) else front.balancers
    if aim.balancer in balancers and name in variables_in(_host_part(called.uri)):
        return patch_stage(target, f"/variables/{name}", balancers[aim.balancer].get("DNSName", ""))
    return cli("elbv2", "describe-load-balancers", query="LoadBalancers[].[DNSName,LoadBalancerArn]")


def _holder(template: str) -> str:
    """The hop that a wrong value is to be blamed on."""
    return "stage-variables" if variables_in(template) else "integration"


def _host_part(uri: str) -> str:
    return uri.partition("://")[2].partition("/")[0]


def _host(front: Front, aim: Aim, called: Integration, target: Target) -> Iterator[Finding]:
    """The Host header that the service will see: usually the load balancer's name, but it can be any."""
    if isinstance(front.balancers, Unseen) or aim.link is None or not aim.link.targets or called.target:
        return
    balancer = front.balancers.get(aim.link.targets[0])
    if balancer is None:
        return
    name = balancer.get("DNSName", "")
    host = called.host_header.strip("'") or (aim.endpoint.host if aim.endpoint else "")
    holder = _holder(_host_part(called.uri))
    if aim.endpoint is None and all(front.variables.get(each) for each in variables_in(called.uri)):
        shown = resolved(called.uri, front.variables)
        yield Finding(
            holder,
            Weight.BREAKS,
            f"The endpoint URL comes to {shown}, which is no legal URL.",
            f"The host should be the load balancer's DNS name, {name}.",
            _set_host(target, called, name),
        )
        return
    if host and host.lower() != name.lower():
        yield Finding(
            holder,
            Weight.MAY_BREAK,
            f"The service is asked as host {host}, but the link's load balancer is {name}.",
            "Unless the service is meant to be asked by that name, put the load balancer's DNS name there.",
            _set_host(target, called, name),
            explains=_FROM_SERVICE,
        )


def _set_host(target: Target, called: Integration, name: str) -> str:
    variables = variables_in(_host_part(called.uri))
    if variables:
        return patch_stage(target, f"/variables/{variables[0]}", name)
    return ""


def _link_of_host(front: Front, aim: Aim) -> Link | None:
    """The link on the load balancer that the endpoint URL's host names."""
    if isinstance(front.links, Unseen) or isinstance(front.balancers, Unseen) or aim.endpoint is None:
        return None
    named = next(
        (key for key, each in front.balancers.items() if each.get("DNSName", "").lower() == aim.endpoint.host), None
    )
    on_it = [link for link in front.links.values() if named in link.targets]
    return next((link for link in on_it if link.status == "AVAILABLE"), on_it[0] if on_it else None)


def _wrong_link(front: Front, aim: Aim, called: Integration, target: Target) -> Iterator[Finding]:
    """The link the request takes is not the one on the load balancer that the endpoint URL names."""
    better = _link_of_host(front, aim)
    if called.target or aim.link_v2 or not aim.connection_id or better is None or better.id == aim.connection_id:
        return
    is_there = aim.link is not None
    holder = _holder(called.connection_id)
    variables = variables_in(called.connection_id)
    if aim.link is not None and "AVAILABLE" not in (better.status, aim.link.status):
        return
    if aim.link is not None and aim.link.status != "AVAILABLE" and set(aim.link.targets) & set(better.targets):
        return  # the link itself is at fault, and says so
    where = f"points at {aim.link.targets[0].rpartition('loadbalancer/')[2]}" if aim.link and aim.link.targets else ""
    yield Finding(
        holder,
        Weight.MAY_BREAK if is_there else Weight.BREAKS,
        f"{variables[0] if variables else 'The connection id'} is {aim.connection_id}, "
        + (f"a link that {where}" if is_there else "of which there is no link")
        + f"; the load balancer that the endpoint URL names has link {better.id} ({better.name!r}).",
        f"Put {better.id} there.",
        _naming(aim, called, target, better.id),
        explains=frozenset(
            {Symptom.INTERNAL, Symptom.TIMED_OUT, Symptom.NETWORK_ERROR, Symptom.BACKEND_4XX, Symptom.BACKEND_5XX}
        ),
        otherwise=Weight.FACT,  # what works may be meant so; that the hosts differ is said besides
    )


def _naming(aim: Aim, called: Integration, target: Target, link_id: str) -> str:
    """Name this link where the integration takes its link from."""
    if variables := variables_in(called.connection_id):
        return patch_stage(target, f"/variables/{variables[0]}", link_id)
    return _patch_method(aim, target, "/connectionId", link_id)


# --- VPC link ---------------------------------------------------------------------------------------------------------


def _vpc_link(front: Front, aim: Aim, configuration: Configuration | None, target: Target) -> Iterator[Finding]:
    called = aim.integration
    if called is None or configuration is None:
        yield _not_reached("vpc-link", front, "No integration is met.")
    elif not called.private:
        yield Finding("vpc-link", Weight.UNKNOWN, "The integration goes through no VPC link.")
    elif not aim.connection_id:
        yield Finding("vpc-link", Weight.NOT_REACHED, "No link is named.")
    elif called.target or aim.link_v2 is not None:
        yield from _v2_link(front, aim, called, target)
    elif isinstance(front.links, Unseen):
        yield Finding("vpc-link", Weight.UNKNOWN, f"The VPC links could not be looked at: {front.links.why}.")
    elif not aim.connection_id:
        yield Finding("vpc-link", Weight.NOT_REACHED, "No link is named.")
    elif aim.link is None:
        if _link_of_host(front, aim) is not None:
            yield Finding("vpc-link", Weight.NOT_REACHED, f"{aim.connection_id} is no link's id.")
        else:
            yield from _no_link(front, aim)
    else:
        yield from _link_state(front, aim, called, aim.link, target)


def _no_link(front: Front, aim: Aim) -> Iterator[Finding]:
    links = {} if isinstance(front.links, Unseen) else front.links
    known = ", ".join(f"{link.id} ({link.name})" for link in links.values()) or "none"
    yield Finding(
        "vpc-link",
        Weight.BREAKS,
        f"There is no VPC link {aim.connection_id} in this region; there are: {known}.",
        "Create the link on the load balancer, and when it is AVAILABLE, put its id where this one is named.",
        _create_link(aim.balancer)
        if aim.balancer
        else cli("elbv2", "describe-load-balancers", query="LoadBalancers[].[DNSName,LoadBalancerArn]"),
    )


def _create_link(balancer: str, name: str = "") -> str:
    return cli("apigateway", "create-vpc-link", name=name or balancer.split("/")[-2], target_arns=balancer)


def _link_state(front: Front, aim: Aim, called: Integration, link: Link, target: Target) -> Iterator[Finding]:
    said = f"Link {link.id} ({link.name!r}) is {link.status}" + (f": {link.message}" if link.message else "")
    if link.status == "AVAILABLE":
        yield Finding("vpc-link", Weight.FACT, f"{said}.")
        yield Finding(
            "vpc-link", Weight.ADVICE, "AWS calls this kind of VPC link V1 (legacy); V2 links serve REST APIs too."
        )
        return
    others = () if isinstance(front.links, Unseen) else front.links.values()
    other = next((each for each in others if each.id != link.id and set(each.targets) & set(link.targets)), None)
    look = cli("apigateway", "get-vpc-link", vpc_link_id=link.id)
    delete = cli("apigateway", "delete-vpc-link", vpc_link_id=link.id)
    match link.status:
        case "PENDING":
            fix, command = "Wait: a link takes two to four minutes.", look
        case "FAILED" if other is not None and other.status == "AVAILABLE":
            fix = f"Use {other.id} ({other.name!r}), which the load balancer has already, and delete this link."
            command = lines(_naming(aim, called, target, other.id), delete)
        case "FAILED":
            fix = "Delete this link and create it anew; when that is AVAILABLE, put its id where this one is named."
            command = lines(delete, _create_link(link.targets[0], link.name) if link.targets else "")
        case _:
            fix, command = "It is being deleted; create another when it is gone.", look
    if other is not None and other.status != "AVAILABLE":
        fix += f" The load balancer has link {other.id} ({other.name!r}, {other.status}) already."
    yield Finding("vpc-link", Weight.BREAKS, f"{said}.", fix, command)


def _v2_link(front: Front, aim: Aim, called: Integration, target: Target) -> Iterator[Finding]:
    if not called.target:
        yield Finding(
            "integration",
            Weight.BREAKS,
            f"{aim.connection_id} is a V2 link: the integration must name its load balancer, and names none.",
            "Set the integration target to the load balancer's ARN, and deploy.",
            _patch_method(aim, target, "/integrationTarget", aim.balancer)
            if aim.balancer
            else cli("elbv2", "describe-load-balancers", query="LoadBalancers[].[DNSName,LoadBalancerArn]"),
            step="",
        )
    known = {} if isinstance(front.links, Unseen) else front.links
    if aim.connection_id in known:
        links_v2 = {} if isinstance(front.links_v2, Unseen) else front.links_v2
        ready = next((link for link in links_v2.values() if link.status == "AVAILABLE"), None)
        yield Finding(
            _holder(called.connection_id) if ready else "vpc-link",
            Weight.BREAKS,
            f"The integration names a load balancer of its own ({called.target}), which only V2 links take, but "
            f"{aim.connection_id} is a V1 link.",
            "Name a V2 link, or take the integration target away.",
            _naming(aim, called, target, ready.id) if ready else cli("apigatewayv2", "get-vpc-links"),
            step="",
        )
        if ready:
            yield Finding("vpc-link", Weight.NOT_REACHED, f"{aim.connection_id} is no V2 link's id.")
    elif isinstance(front.links_v2, Unseen):
        yield Finding("vpc-link", Weight.UNKNOWN, f"The V2 VPC links could not be looked at: {front.links_v2.why}.")
    elif aim.link_v2 is None:
        yield from _no_v2_link(front, aim, called, front.links_v2, target)
    else:
        yield from _v2_state(aim.link_v2)


def _patch_method(aim: Aim, target: Target, *pairs: str) -> str:
    found = aim.match if aim.match and aim.match.method else aim.substitute
    return patch_integration(target, found.method, *pairs) if found and found.method else ""


def _no_v2_link(
    front: Front, aim: Aim, called: Integration, links: Mapping[str, LinkV2], target: Target
) -> Iterator[Finding]:
    """The id is no link's: where another link is there, the id is wrong, else the link is gone."""
    listed = ", ".join(f"{link.id} ({link.name})" for link in links.values()) or "none"
    evidence = f"There is no V2 link {aim.connection_id} in this region; there are: {listed}."
    ready = [link for link in links.values() if link.status == "AVAILABLE"]
    if ready:
        yield Finding(
            _holder(called.connection_id),
            Weight.BREAKS,
            evidence,
            f"Name {ready[0].id} ({ready[0].name!r}), or the one that is meant.",
            _naming(aim, called, target, ready[0].id),
            step="",
        )
        yield Finding("vpc-link", Weight.NOT_REACHED, f"{aim.connection_id} is no link's id.")
        return
    balancers = {} if isinstance(front.balancers, Unseen) else front.balancers
    balancer = balancers.get(aim.balancer)
    yield Finding(
        "vpc-link",
        Weight.BREAKS,
        evidence,
        "Create a link in the load balancer's subnets, with security groups that it lets in; when it is AVAILABLE, put "
        "its id where this one is named.",
        cli("apigatewayv2", "get-vpc-links") if balancer is None else _create_v2_link(balancer),
        step="",
    )


def _create_v2_link(balancer: LoadBalancerTypeDef) -> str:
    groups = balancer.get("SecurityGroups", [])
    return cli(
        "apigatewayv2",
        "create-vpc-link",
        name=balancer.get("LoadBalancerName", "link"),
        subnet_ids=[zone.get("SubnetId", "") for zone in balancer.get("AvailabilityZones", [])],
        **({"security_group_ids": groups} if groups else {}),
    )


def _v2_state(link: LinkV2) -> Iterator[Finding]:
    said = (
        f"V2 link {link.id} ({link.name!r}) is {link.status}"
        + (f" ({link.message})" if link.message else "")
        + f", in {', '.join(link.subnets)}, with {', '.join(link.groups) or 'no security group of its own'}"
    )
    if link.status == "AVAILABLE":
        yield Finding("vpc-link", Weight.FACT, f"{said}.")
        return
    look = cli("apigatewayv2", "get-vpc-link", vpc_link_id=link.id)
    match link.status:
        case "PENDING":
            fix, command = "Wait: its network interfaces are being made, which takes some minutes.", look
        case "INACTIVE":
            fix = (
                "It had no traffic for 60 days, and lost its network interfaces; a request wakes it: wait some minutes."
            )
            command = look
        case "DELETING":
            fix, command = "It is being deleted; name another link, or create one.", look
        case _:
            fix = "Delete this link and create it anew."
            command = cli("apigatewayv2", "delete-vpc-link", vpc_link_id=link.id)
    yield Finding("vpc-link", Weight.BREAKS, f"{said}.", fix, command, step="")


def _not_reached(hop: str, front: Front, why: str = "") -> Finding:
    """Why there was nothing to look at."""
    for unseen in (front.deployed, front.configured, front.stage):
        if isinstance(unseen, Unseen):
            return Finding(hop, Weight.UNKNOWN, f"What is deployed could not be looked at: {unseen.why}.")
    if front.api is None:
        why = "There is no API."
    elif front.stage is None:
        why = "There is no stage."
    return Finding(hop, Weight.NOT_REACHED, why or "Nothing leads here.")
