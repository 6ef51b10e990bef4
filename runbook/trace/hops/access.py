"""Who may call: the web ACL, the resource policy, and what the method asks of its caller."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from runbook.trace.command import cli, let_preflights_in
from runbook.trace.model import Finding, Symptom, Weight
from runbook.trace.target import Target
from runbook.trace.way import Way

__all__ = ["judge", "judge_web_acl"]


def judge_web_acl(way: Way) -> Iterator[Finding]:
    """The stage's web ACL, which is live without a deployment."""
    stage = way.front.stage
    if isinstance(stage, dict) and (acl := stage.get("webAclArn")):
        yield Finding(
            "access",
            Weight.MAY_BREAK,
            f"A web ACL judges every request first ({acl}), which trace does not follow.",
            "Look at the web ACL's sampled requests."
            + (" A browser's preflight brings no token or key: let OPTIONS pass." if way.preflight else ""),
            explains=frozenset({Symptom.FORBIDDEN}),
            otherwise=Weight.UNKNOWN,
            step="",
        )


def judge(way: Way) -> Iterator[Finding]:
    """The resource policy, the method's authorization, and its API key."""
    if way.configuration is None:
        yield way.not_reached("access")
        return
    policy, method = way.configuration.policy, way.aim.met
    yield from _policy(policy, way)
    if method is None:
        if policy is None:
            yield Finding("access", Weight.FACT, "No resource policy; no method is met that would ask for more.")
        return
    sent = {name.lower() for name in way.target.headers}
    match method.guard.authorization:
        case "NONE":
            yield Finding("access", Weight.FACT, f"{method} asks for no authorization.")
        case "AWS_IAM":
            yield Finding(
                "access",
                Weight.MAY_BREAK,
                f"{method} asks for AWS_IAM: a request that is not signed is refused"
                + ("." if "authorization" in sent else "; trace signed none."),
                *_cure(way, "Call it with a signature (Signature Version 4) of somebody who may execute-api:Invoke."),
                explains=frozenset({Symptom.NOT_ROUTED, Symptom.DENIED, Symptom.FORBIDDEN}),
                otherwise=Weight.FACT,
                step="",
            )
        case kind:
            yield Finding(
                "access",
                Weight.MAY_BREAK,
                f"{method} asks an authorizer ({kind}), which trace does not follow.",
                *_cure(way, "Call it with a token that the authorizer accepts."),
                explains=frozenset({Symptom.DENIED, Symptom.FORBIDDEN}),
                otherwise=Weight.UNKNOWN,
                step="",
            )
    if method.guard.api_key:
        lacking = "x-api-key" not in sent
        yield Finding(
            "access",
            Weight.BREAKS if lacking else Weight.MAY_BREAK,
            f"{method} asks for an API key; "
            + (
                "trace sent none."
                if lacking
                else "the one sent is not accepted, or its usage plan's limits are used up."
            ),
            *_cure(
                way,
                "Send the header x-api-key with a key of a usage plan that includes this stage.",
                cli("apigateway", "get-usage-plans", query="items[].[id,name,apiStages]"),
            ),
            explains=frozenset({Symptom.FORBIDDEN, Symptom.THROTTLED}),
            otherwise=Weight.FACT,
            step="",
        )


def _cure(way: Way, fix: str, command: str = "") -> tuple[str, str]:
    """What the caller can do, with a command; of a preflight, what the API has to do, since its caller is a browser."""
    method = way.aim.met
    if not way.preflight or method is None:
        return fix, command
    said = "A browser's preflight (OPTIONS) sends no API key, no signature and no token, and none can be made to: "
    if method.verb == "OPTIONS":
        said += f"let {method} ask for nothing, and deploy."
    else:
        said += f"give {method.path} an OPTIONS method of its own that asks for nothing, and deploy."
    return said, let_preflights_in(way.target, method)


def _policy(policy: Any, way: Way) -> Iterator[Finding]:
    """The resource policy, for a caller who is not signed in ("How API Gateway resource policies affect
    authorization workflow": without an authorizer an explicit allow is needed).
    """
    target = way.target
    also = " A browser's preflight (OPTIONS) is never signed: the policy must let everybody send it." * way.preflight
    if policy is None:
        return
    if not isinstance(policy, dict):
        yield Finding("access", Weight.UNKNOWN, "The API's resource policy cannot be read.")
        return
    verdicts = {
        (each.get("Effect"), bool(each.get("Condition")) or "NotPrincipal" in each)
        for each in _several(policy.get("Statement"))
        if isinstance(each, dict) and _is_about(each, target)
    }
    denied = ("Deny", False) in verdicts
    show = cli("apigateway", "get-rest-api", rest_api_id=target.api_id, query="policy")
    if denied or not any(effect == "Allow" for effect, _ in verdicts):
        who = "denies everybody" if denied else "allows nobody without a signature"
        yield Finding(
            "access",
            Weight.BREAKS,
            f"The API's resource policy {who} on this path.",
            "Change the policy to allow execute-api:Invoke, then deploy: a policy is live after the next deployment."
            f"{also}",
            show,
            step="",
        )
    elif any(conditional for _, conditional in verdicts):
        yield Finding(
            "access",
            Weight.MAY_BREAK,
            "The API's resource policy has conditions (such as the caller's address) that trace does not judge.",
            f"See whether the policy's conditions fit this caller; a changed policy needs a deployment.{also}",
            show,
            explains=frozenset({Symptom.DENIED}),
            otherwise=Weight.FACT,
            step="",
        )


def _is_about(statement: Mapping[str, Any], target: Target) -> bool:
    """Whether a statement is about this request of a caller who is not signed in."""
    principal = statement.get("Principal")
    everybody = "*" in _several(principal.get("AWS") if isinstance(principal, dict) else principal)
    return (
        (everybody or "NotPrincipal" in statement)
        and _covers(statement, "Action", lambda each: _fits("execute-api:invoke", each.lower()))
        and _covers(statement, "Resource", lambda each: _names(each, target))
    )


def _covers(statement: Mapping[str, Any], key: str, fits: Callable[[str], bool]) -> bool:
    if f"Not{key}" in statement:
        return not any(fits(str(each)) for each in _several(statement[f"Not{key}"]))
    return any(fits(str(each)) for each in _several(statement.get(key)))


def _names(resource: str, target: Target) -> bool:
    """``execute-api:/STAGE/VERB/PATH`` and ARNs end alike; an ARN also tells the API."""
    head, _, tail = resource.partition("/")
    api = head.rpartition(":")[2]
    return _fits(target.api_id, api or "*") and _fits(f"{target.stage}/{target.method}{target.path}", tail or "*")


def _fits(text: str, pattern: str) -> bool:
    """IAM's wildcards are ``*`` and ``?`` only."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
