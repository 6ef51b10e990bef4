"""Whether a caller may do what a control-plane request asks, as AWS judges it.

The practice account's own credentials may do all. Callers made through the account's IAM (users with access keys,
assumed roles) have what their policies give them, and are refused in AWS's words in each protocol's own form.

Sources: the service authorization reference for actions, resources and condition keys (D); the IAM user guide's
"Troubleshoot access denied error messages" for the wording (D); recorded wordings in public threads (T:
mattclay/aws-terminator#284 for API Gateway and the tags of a new API, kubernetes/kops#12671 for load balancing).
What could not be found is in UNKNOWN.md in tests/practice/truth.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote
from xml.sax.saxutils import escape

from practice import ACCOUNT_ID, CREDENTIALS, clock
from practice.policy import Decision, Request, decide

__all__ = ["Call", "Denial", "UnknownCallerError", "judge", "refusal", "service_may"]

_CREDENTIAL: Final = re.compile(r"Credential=([^/,]+)/\d+/([^/,]+)/([^/,]+)/aws4_request")

Context = dict[str, Sequence[str]]


# -- the call ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """A signed control-plane request."""

    access_key_id: str
    region: str
    service: str
    method: str
    path: str
    """As sent, percent-encoded, without the query string."""
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    account_id: str = ACCOUNT_ID
    partition: str = "aws"

    @classmethod
    def of(cls, environ: Mapping[str, Any], body: bytes) -> Call | None:
        """The call in a WSGI environment; None when it is not signed."""
        found = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        if found is None:
            return None
        target = environ.get("REQUEST_URI") or environ.get("RAW_URI") or environ["PATH_INFO"]
        headers = {
            name: environ[key]
            for name, key in (("x-amz-target", "HTTP_X_AMZ_TARGET"), ("token", "HTTP_X_AMZ_SECURITY_TOKEN"))
            if key in environ
        }
        return cls(
            access_key_id=found[1],
            region=found[2],
            service=found[3].lower(),
            method=environ["REQUEST_METHOD"],
            path=target.partition("?")[0],
            body=body,
            headers=headers,
        )

    @property
    def form(self) -> dict[str, str]:
        """The parameters of a query-protocol request."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def json(self) -> dict[str, Any]:
        """The JSON object of a REST request; empty when it is none."""
        try:
            body = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    def arn(self, service: str, resource: str) -> str:
        """An ARN in this region and account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"


# -- the caller -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Principal:
    arn: str
    identity: Sequence[Mapping[str, Any]]
    boundary: Mapping[str, Any] | None = None
    session: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    name: str = ""

    def judge(self, need: Request) -> tuple[Decision, str]:
        """The decision, and the kind of policy that made it."""
        for kind, policies in (
            ("identity-based", self.identity),
            ("permissions boundary", None if self.boundary is None else [self.boundary]),
            ("session", None if self.session is None else [self.session]),
        ):
            if policies is not None and (decision := decide(policies, need)) is not Decision.ALLOW:
                return decision, kind
        return Decision.ALLOW, "identity-based"


class UnknownCallerError(Exception):
    """The access key is of a caller that the account had and has no more, or has switched off."""


# Access keys that were once found limited. One that is deleted does not become the account's own thereby.
_limited: set[str] = set()


def _principal(call: Call) -> _Principal | None:
    """Who calls; None for the account's own credentials, and for keys that this account never made."""
    key = call.access_key_id
    if key == CREDENTIALS.access_key_id:
        return None
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    iam = iam_backends[call.account_id][call.partition]
    for role_session in sts_backends[call.account_id][call.partition].assumed_roles:
        if role_session.access_key_id == key:
            _limited.add(key)
            role = next((one for one in iam.roles.values() if one.arn == role_session.role_arn), None)
            if role is None or call.headers.get("token") != role_session.session_token:
                raise UnknownCallerError
            return _Principal(
                arn=role_session.arn,
                identity=_documents(role),
                boundary=_managed(iam, role.permissions_boundary_arn),
                session=json.loads(role_session.policy) if role_session.policy else None,
                tags=_tags(role.tags),
            )
    for user in iam.users.values():
        for access_key in user.access_keys:
            if access_key.access_key_id == key:
                _limited.add(key)
                if access_key.status != "Active":
                    raise UnknownCallerError
                groups = [group for group in iam.groups.values() if user in group.users]
                return _Principal(
                    arn=user.arn,
                    identity=[document for owner in (user, *groups) for document in _documents(owner)],
                    boundary=_managed(iam, getattr(user, "permissions_boundary_arn", None)),
                    tags=_tags(getattr(user, "tags", None)),
                    name=user.name,
                )
    if key in _limited:
        raise UnknownCallerError
    return None


def _documents(owner: Any) -> list[Mapping[str, Any]]:
    texts = [*owner.policies.values(), *(_default_version(policy) for policy in owner.managed_policies.values())]
    return [json.loads(text) if isinstance(text, str) else text for text in texts]


def _managed(iam: Any, arn: str | None) -> Mapping[str, Any] | None:
    if not arn:
        return None
    text = _default_version(iam.get_policy(arn))
    return json.loads(text) if isinstance(text, str) else text  # type: ignore[no-any-return]


def _default_version(policy: Any) -> Any:
    for version in policy.versions:
        if version.version_id == policy.default_version_id:
            return version.document
    return "{}"


def _tags(tags: Any) -> dict[str, str]:
    """Tags, which moto keeps as `{key: {"Key": …, "Value": …}}` or as a list of such."""
    entries = tags.values() if isinstance(tags, Mapping) else tags or ()
    return {entry["Key"]: entry["Value"] for entry in entries if isinstance(entry, Mapping)}


# -- roles that AWS's services take ------------------------------------------------------------------------------------


def service_may(service: str, actions: Iterable[str], resource: str, *, role_arn: str) -> bool:
    """Whether a role of the account lets a service take it, and allows all of these actions on the resource."""
    from moto.iam.models import iam_backends

    partition, account_id = (*role_arn.split(":"), "", "", "", "")[1:5:3]
    if account_id != ACCOUNT_ID:
        return False
    role = next((one for one in iam_backends[account_id][partition].roles.values() if one.arn == role_arn), None)
    return (
        role is not None
        and _trusts(json.loads(role.assume_role_policy_document or "{}"), service)
        and all(decide(_documents(role), Request(action, resource)) is Decision.ALLOW for action in actions)
    )


def _trusts(policy: Mapping[str, Any], service: str) -> bool:
    """Whether a role's trust policy lets a service assume it, on behalf of this account."""
    statements = policy.get("Statement") or []
    # A trust policy is of its own role: it names no resource.
    naming = [
        {**statement, "Resource": "*"}
        for statement in ([statements] if isinstance(statements, Mapping) else statements)
        if service in _services_of(statement.get("Principal"))
    ]
    assume = Request("sts:AssumeRole", "*", {"aws:sourceaccount": [ACCOUNT_ID]})
    return decide([{"Statement": naming}], assume) is Decision.ALLOW


def _services_of(principal: Any) -> Sequence[str]:
    services = principal.get("Service") if isinstance(principal, Mapping) else None
    return [services] if isinstance(services, str) else services or []


# -- what a call needs ------------------------------------------------------------------------------------------------


def _needs(call: Call) -> Iterator[Request]:
    match call.service:
        case "apigateway":
            yield from _api_gateway_needs(call)
        case "ec2":
            yield from _ec2_needs(call)
        case "elasticloadbalancing":
            yield from _elb_needs(call)
        case "sts":
            action = call.form.get("Action", "")
            # D: "No permissions are required to perform this operation", not even against an explicit deny.
            if action != "GetCallerIdentity":
                yield Request(f"sts:{action}", call.form.get("RoleArn", "*"))
        case _:
            target = call.headers.get("x-amz-target", "").rpartition(".")[2]
            yield Request(f"{call.service}:{target or call.form.get('Action', call.method)}", "*")


def _requested(tags: Mapping[str, str]) -> Context:
    context: Context = {f"aws:requesttag/{key.lower()}": [value] for key, value in tags.items()}
    return context | {"aws:tagkeys": list(tags)} if tags else context


def _owned(tags: Mapping[str, str], *prefixes: str) -> Context:
    return {
        f"{prefix}:resourcetag/{key.lower()}": [value] for prefix in ("aws", *prefixes) for key, value in tags.items()
    }


def _api_gateway_needs(call: Call) -> Iterator[Request]:
    """API Gateway judges the HTTP verb on the path (D: "Control access to API Gateway with IAM policies")."""
    root = f"arn:{call.partition}:apigateway:{call.region}::"
    body = call.json
    tags = body.get("tags") or {}
    context = _requested(tags) | _owned(_api_gateway_tags(call))
    types = (body.get("endpointConfiguration") or {}).get("types")
    if types:
        context["apigateway:request/endpointtype"] = list(types)
    # D: the resource of a link is /vpclinks/ID in both interfaces (service authorization reference).
    yield Request(f"apigateway:{call.method}", root + call.path.removeprefix("/v2"), context)
    created = {"POST": {"/restapis": "/restapis/*", "/vpclinks": "/vpclinks/*"}}.get(call.method, {}).get(call.path)
    if created is None and call.method == "POST" and re.fullmatch(r"/restapis/[^/]+/stages", call.path):
        created = f"{call.path}/*"
    if created and tags:
        # T: aws-terminator#284: the ARN of what is to be made, with a star for its id.
        yield Request("apigateway:PUT", f"{root}/tags/{quote(root + created, safe='*')}", _requested(tags))
    if _sets_policy(call, body):
        # D: the service authorization reference lists this beside POST, PUT and PATCH.
        yield Request("apigateway:UpdateRestApiPolicy", root + (created or call.path), context)
    # D: "Set up a private integration": what the caller of a link's making needs besides.
    if (call.method, call.path) == ("POST", "/vpclinks"):
        services = call.arn("ec2", "vpc-endpoint-service/*")
        yield Request("ec2:CreateVpcEndpointServiceConfiguration", services)
        yield Request("ec2:ModifyVpcEndpointServicePermissions", services)
        yield Request("ec2:DescribeVpcEndpointServiceConfigurations", "*")
        yield Request("elasticloadbalancing:DescribeLoadBalancers", "*")
    elif call.method == "DELETE" and call.path.startswith("/vpclinks/"):
        yield Request("ec2:DeleteVpcEndpointServiceConfigurations", call.arn("ec2", "vpc-endpoint-service/*"))


def _sets_policy(call: Call, body: Mapping[str, Any]) -> bool:
    if not call.path.startswith("/restapis"):
        return False
    patches = body.get("patchOperations") or ()
    return bool(call.method == "POST" and call.path == "/restapis" and body.get("policy")) or any(
        str(patch.get("path", "")).startswith("/policy") for patch in patches if isinstance(patch, Mapping)
    )


def _api_gateway_tags(call: Call) -> Mapping[str, str]:
    """The tags of what the path names; what belongs to an API has the API's, a stage its own besides."""
    from moto.apigateway.models import apigateway_backends

    backend: Any = apigateway_backends[call.account_id][call.region]
    match call.path.strip("/").split("/"):
        case ["restapis", api_id, *rest] if api_id in backend.apis:
            api = backend.apis[api_id]
            stage = api.stages.get(rest[1]) if len(rest) > 1 and rest[0] == "stages" else None
            return dict(api.tags) | (stage.tags if stage is not None else {})
        case ["tags", arn]:
            path = unquote(arn).partition("::")[2]
            return _api_gateway_tags(replace(call, path=path))
        case ["vpclinks", link_id] if (link := backend.link(link_id)) is not None:
            return dict(link.tags)
        case ["v2", "vpclinks", link_id] if (link := _links_v2(call).link(link_id)) is not None:
            return dict(link.tags)
    return {}


def _links_v2(call: Call) -> Any:
    from moto.apigatewayv2.models import apigatewayv2_backends

    return apigatewayv2_backends[call.account_id][call.region]


# A parameter that names what an EC2 action works on, with the type of resource in its ARN.
_EC2_PARAMETERS: Final[Mapping[str, str]] = {
    "GroupId": "security-group",
    "InstanceId": "instance",
    "NetworkAclId": "network-acl",
    "NetworkInterfaceId": "network-interface",
    "SubnetId": "subnet",
    "VpcId": "vpc",
}
_EC2_PREFIXES: Final[Mapping[str, str]] = {
    "sg": "security-group",
    "sgr": "security-group-rule",
    "i": "instance",
    "acl": "network-acl",
    "eni": "network-interface",
    "subnet": "subnet",
    "vpc": "vpc",
}
_EC2_CREATES: Final[Mapping[str, str]] = {
    "CreateNetworkAcl": "network-acl",
    "CreateNetworkInterface": "network-interface",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "RunInstances": "instance",
}
_NUMBERED: Final = re.compile(r"\.\d+$")


def _ec2_needs(call: Call) -> Iterator[Request]:
    form = call.form
    action = form.get("Action", "")
    if action.startswith(("Describe", "Get")):
        yield Request(f"ec2:{action}", "*")
        return
    if action in ("CreateTags", "DeleteTags"):
        tags = _numbered(form, "Tag")
        for name, resource_id in form.items():
            if name.startswith("ResourceId."):
                kind = _EC2_PREFIXES.get(resource_id.partition("-")[0], "*")
                yield _ec2_need(call, action, f"{kind}/{resource_id}", _requested(tags))
        return
    created = dict(_ec2_created_tags(form))
    context = _requested({key: value for tags in created.values() for key, value in tags.items()})
    named = [
        f"{_EC2_PARAMETERS[key]}/{value}"
        for name, value in form.items()
        if (key := _NUMBERED.sub("", name)) in _EC2_PARAMETERS
    ]
    if action in _EC2_CREATES:
        named.append(f"{_EC2_CREATES[action]}/*")
    if not named:
        yield Request(f"ec2:{action}", "*", context)
    for resource in named:
        yield _ec2_need(call, action, resource, context)
    for kind, tags in created.items():
        # D: tagging at creation needs CreateTags on what is made, with the creating action as a condition.
        yield _ec2_need(call, "CreateTags", f"{kind}/*", _requested(tags) | {"ec2:createaction": [action]})


def _ec2_need(call: Call, action: str, resource: str, context: Context) -> Request:
    from moto.ec2.models import ec2_backends

    resource_id = resource.partition("/")[2]
    tags = {}
    if resource_id != "*":
        backend = ec2_backends[call.account_id][call.region]
        found = backend.describe_tags(filters={"resource-id": [resource_id]})
        tags = {tag["key"]: tag["value"] for tag in found}
    return Request(f"ec2:{action}", call.arn("ec2", resource), context | _owned(tags, "ec2"))


def _ec2_created_tags(form: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    for name, kind in form.items():
        found = re.fullmatch(r"(TagSpecification\.\d+)\.ResourceType", name)
        if found:
            yield kind, _numbered(form, f"{found[1]}.Tag")


def _numbered(form: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Tags of the form `PREFIX.1.Key`, `PREFIX.1.Value`."""
    return {
        value: form.get(f"{name.removesuffix('.Key')}.Value", "")
        for name, value in form.items()
        if re.fullmatch(rf"{re.escape(prefix)}\.\d+\.Key", name)
    }


_ELB_TYPES: Final[Mapping[str, str]] = {"network": "net", "gateway": "gwy", "application": "app"}
_SERVICE_LINKED_ROLE: Final = "AWSServiceRoleForElasticLoadBalancing"


def _elb_needs(call: Call) -> Iterator[Request]:
    form = call.form
    action = form.get("Action", "")
    if action.startswith("Describe"):
        yield Request(f"elasticloadbalancing:{action}", "*")
        return
    tags = _numbered(form, "Tags.member")
    made = None
    match action:
        case "CreateLoadBalancer":
            kind = _ELB_TYPES.get(form.get("Type", "application"), "app")
            made = call.arn("elasticloadbalancing", f"loadbalancer/{kind}/{form.get('Name', '')}/*")
        case "CreateTargetGroup":
            made = call.arn("elasticloadbalancing", f"targetgroup/{form.get('Name', '')}/*")
        case "CreateListener":
            balancer = form.get("LoadBalancerArn", "")
            made = balancer.replace(":loadbalancer/", ":listener/", 1) + "/*"
    context = _requested(tags)
    if "Scheme" in form:
        context["elasticloadbalancing:scheme"] = [form["Scheme"]]
    named = [
        value
        for name, value in form.items()
        if re.fullmatch(r"(LoadBalancer|TargetGroup|Listener|Rule)Arn|ResourceArns\.member\.\d+", name)
    ]
    if action in ("CreateLoadBalancer", "CreateTargetGroup"):
        named = [made or "*"]
    for resource in named or ["*"]:
        owned = _owned(_elb_tags(call, resource), "elasticloadbalancing")
        yield Request(f"elasticloadbalancing:{action}", resource, context | owned)
    if made and tags:
        # D: "additional authorization on the elasticloadbalancing:AddTags action".
        yield Request(
            "elasticloadbalancing:AddTags",
            made,
            context | {"elasticloadbalancing:createaction": [action]},
        )
    if action == "CreateLoadBalancer" and not _has_service_linked_role(call):
        # D: Elastic Load Balancing makes its role with the permissions of whoever makes the first load balancer.
        service = "elasticloadbalancing.amazonaws.com"
        yield Request(
            "iam:CreateServiceLinkedRole",
            f"arn:{call.partition}:iam::{call.account_id}:role/aws-service-role/{service}/{_SERVICE_LINKED_ROLE}",
            {"iam:awsservicename": [service]},
        )


def _has_service_linked_role(call: Call) -> bool:
    from moto.elbv2.models import elbv2_backends
    from moto.iam.models import iam_backends

    roles = iam_backends[call.account_id][call.partition].roles.values()
    return any(role.name == _SERVICE_LINKED_ROLE for role in roles) or any(
        backend.load_balancers for backend in elbv2_backends[call.account_id].values()
    )


def _elb_tags(call: Call, arn: str) -> Mapping[str, str]:
    from moto.elbv2.models import elbv2_backends

    backend = elbv2_backends[call.account_id][call.region]
    return backend.tagging_service.get_tag_dict_for_resource(arn)


# -- the judgement ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Denial:
    """A refusal in the protocol of the service that was called."""

    status: int
    content_type: str
    code: str
    body: bytes


def judge(call: Call) -> Denial | None:
    """Refuse the call when its caller lacks a permission it needs, and name the first that is lacking."""
    try:
        message = refusal(call, _needs(call))
    except UnknownCallerError:
        return _invalid_caller(call)
    return None if message is None else _denied(call, message)


def refusal(call: Call, needs: Iterable[Request]) -> str | None:
    """AWS's words for the first of ``needs`` that the caller may not do; None when it may do all.

    Raise UnknownCallerError for an access key that is gone, inactive, or without its session token.
    """
    principal = _principal(call)
    if principal is None:
        return None
    here = _global_context(call, principal)
    for need in needs:
        full = Request(need.action, need.resource, {**here, **need.context})
        decision, kind = principal.judge(full)
        if decision is not Decision.ALLOW:
            return _message(principal, full, decision, kind)
    return None


def _global_context(call: Call, principal: _Principal) -> Context:
    now = datetime.fromtimestamp(clock.current().time(), UTC)
    context: Context = {
        "aws:currenttime": [now.strftime("%Y-%m-%dT%H:%M:%SZ")],
        "aws:epochtime": [str(int(now.timestamp()))],
        "aws:principalaccount": [call.account_id],
        "aws:principalarn": [principal.arn],
        "aws:requestedregion": [call.region],
        "aws:securetransport": ["false"],
        "aws:sourceip": ["127.0.0.1"],
        "ec2:region": [call.region],
    }
    if principal.name:
        context["aws:username"] = [principal.name]
    return context | {f"aws:principaltag/{key.lower()}": [value] for key, value in principal.tags.items()}


def _message(principal: _Principal, need: Request, decision: Decision, kind: str) -> str:
    on = "" if need.resource == "*" else f" on resource: {need.resource}"
    what = f"User: {principal.arn} is not authorized to perform: {need.action}{on}"
    policy = kind if kind == "permissions boundary" else f"{kind} policy"
    if decision is Decision.EXPLICIT_DENY:
        article = "an" if policy.startswith("i") else "a"
        return f"{what} with an explicit deny in {article} {policy}"
    return f"{what} because no {policy} allows the {need.action} action"


def _denied(call: Call, message: str) -> Denial:
    match call.service:
        case "apigateway":
            return _json(403, "AccessDeniedException", {"Message": message})
        case "ec2":
            return _ec2("UnauthorizedOperation", f"You are not authorized to perform this operation. {message}")
        case "logs":
            return _json(400, "AccessDeniedException", {"__type": "AccessDeniedException", "Message": message})
    return _query("AccessDenied", message)


def _invalid_caller(call: Call) -> Denial:
    """A key that is deleted, inactive or without its session token (D: each service's common errors)."""
    message = "The security token included in the request is invalid."
    match call.service:
        case "apigateway":
            return _json(403, "UnrecognizedClientException", {"message": message})
        case "ec2":
            text = "AWS was not able to validate the provided access credentials"
            return _ec2("AuthFailure", text, status=401)
        case "logs":
            return _json(
                400, "UnrecognizedClientException", {"__type": "UnrecognizedClientException", "message": message}
            )
    return _query("InvalidClientTokenId", message)


def _json(status: int, code: str, body: Mapping[str, str]) -> Denial:
    return Denial(status, "application/json", code, json.dumps(body).encode())


def _ec2(code: str, message: str, *, status: int = 403) -> Denial:
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Response><Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></Errors>"
        "<RequestID>00000000-0000-4000-8000-000000000000</RequestID></Response>"
    )
    return Denial(status, "text/xml;charset=UTF-8", code, xml.encode())


def _query(code: str, message: str) -> Denial:
    xml = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        "<RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>"
    )
    return Denial(403, "text/xml", code, xml.encode())
