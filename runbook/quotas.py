"""AWS's quotas on this path: how often an account may ask, and how much of a kind it may hold, in one region.

A request beyond a :class:`RequestQuota` is throttled: it is sent again later. A resource beyond a
:class:`ResourceQuota` is refused for good: sending the request again helps nobody.

Sources. API Gateway's request quotas: developer guide, "Quotas for creating, deploying and managing a REST API" (none
can be raised). Elastic Load Balancing's and EC2's: "Request throttling" in their user guides (token buckets: reads of
Elastic Load Balancing 10 a second after a burst of 40; EC2 counts each operation by itself). Values and codes of
resource quotas: the defaults that Service Quotas lists (``aws service-quotas list-aws-default-service-quotas``), as
published in gruntwork-io/terraform-aws-utilities, docs/quotas.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = [
    "EDGE_CREATION",
    "RESOURCE_QUOTAS",
    "RequestQuota",
    "ResourceQuota",
    "is_limit",
    "is_throttled",
    "request_quota",
    "resource_quotas",
]


# --- how often an account may ask -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequestQuota:
    """How often all clients of an account together may send a request, in one region."""

    operations: str
    requests: int = 0
    """So many in ``seconds``; 0 where AWS publishes no number."""
    seconds: float = 1.0
    shared: bool = True
    """Whether other operations, such as those that look if AWS is there yet, draw on it too."""

    @property
    def interval(self) -> float:
        """AWS seconds between two requests in the long run; 0 where it is not known."""
        return self.seconds / self.requests if self.requests else 0.0

    @property
    def patience(self) -> float:
        """AWS seconds to keep trying: what a hundred requests of others take, and at least five minutes."""
        return max(300.0, 100 * self.interval)

    def __str__(self) -> str:
        """Such as ``DeleteRestApi, 1 request in 30 s``."""
        if not self.requests:
            return self.operations
        per = "a second" if self.seconds == 1 else f"in {self.seconds:g} s"
        return f"{self.operations}, {self.requests} request{'s' if self.requests > 1 else ''} {per}"


_OWN: Final = {
    (service, operation): RequestQuota(name, requests, seconds, shared=False)
    for service, operation, name, requests, seconds in (
        ("apigateway", "CreateRestApi", "CreateRestApi", 1, 3.0),
        ("apigateway", "DeleteRestApi", "DeleteRestApi", 1, 30.0),
        ("apigateway", "ImportRestApi", "ImportRestApi", 1, 3.0),
        ("apigateway", "PutRestApi", "PutRestApi", 1, 1.0),
        ("apigateway", "CreateDeployment", "CreateDeployment", 1, 5.0),
        ("apigateway", "CreateResource", "CreateResource", 5, 1.0),
        ("apigateway", "GetResources", "GetResources", 5, 2.0),
        ("apigatewayv2", "CreateVpcLink", "CreateVpcLink (V2)", 1, 15.0),
        ("apigatewayv2", "DeleteVpcLink", "DeleteVpcLink (V2)", 1, 30.0),
    )
}
EDGE_CREATION: Final = RequestQuota("CreateRestApi (edge-optimized)", 1, 30.0, shared=False)
_API_GATEWAY: Final = RequestQuota("API Gateway's other operations", 10)
_LOAD_BALANCING: Final = RequestQuota("Elastic Load Balancing", 10)


def request_quota(service: str, operation: str, *, edge: bool = False) -> RequestQuota:
    """The quota that a request counts against; ``edge`` is whether it creates an edge-optimized API."""
    if operation == "CreateRestApi" and edge:
        return EDGE_CREATION
    if own := _OWN.get((service, operation)):
        return own
    if service.startswith("apigateway"):
        return _API_GATEWAY
    return _LOAD_BALANCING if service == "elbv2" else RequestQuota(f"{service} {operation}", shared=False)


# Those that botocore's own retries know, without LimitExceededException: of API Gateway that is a resource quota, "…
# Maximum number of Resources for this API has been reached" (boto/boto3#1296), of CloudWatch Logs too.
_THROTTLED: Final = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "BandwidthLimitExceeded",
        "SlowDown",
        "PriorRequestNotComplete",
        "TransactionInProgressException",
        "ProvisionedThroughputExceededException",
    }
)
_RATE_CODE: Final = re.compile(r"Throttl|^TooManyRequests")
_RATE_TEXT: Final = re.compile(r"\brate\b|throttl|too many requests", re.IGNORECASE)
_LIMIT_CODE: Final = re.compile(r"LimitExceeded|Limit$|^TooMany|QuotaExceeded")
# T: terraform-provider-aws#40500 (a V2 link beyond the quota is a BadRequestException), sst#4522 (a ConflictException).
_LIMIT_TEXT: Final = re.compile(r"maximum number of .* reached|too many .* defined for this account", re.IGNORECASE)


def is_throttled(code: str, message: str = "", status: int = 0) -> bool:
    """Whether a request was refused only because there were too many of them just now."""
    if code in _THROTTLED or _RATE_CODE.search(code):
        return True
    if code.startswith("LimitExceeded") and _RATE_TEXT.search(message):
        return True
    return status == 429 and not is_limit(code, message)


def is_limit(code: str, message: str = "") -> bool:
    """Whether a request was refused because the account holds as many of a kind as it may."""
    if code in _THROTTLED or _RATE_CODE.search(code):
        return False
    if _LIMIT_TEXT.search(message):
        return True
    return bool(_LIMIT_CODE.search(code)) and not _RATE_TEXT.search(message)


# --- how much an account may hold -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ResourceQuota:
    """How many of a kind there may be, as Service Quotas names it."""

    service: str
    """As Service Quotas has it."""
    name: str
    code: str
    """``L-…``; empty where we know none."""
    default: int
    """What an account has that never asked for more."""
    adjustable: bool = True

    def __str__(self) -> str:
        """Such as ``"VPC links" (20 unless raised, Service Quotas L-A4C7274F)``."""
        value = f"{self.default}{' unless raised' if self.adjustable else ', cannot be raised'}"
        return f'"{self.name}" ({value}, Service Quotas {self.code or "code unknown"})'


LINKS: Final = ResourceQuota("apigateway", "VPC links", "L-A4C7274F", 20)
LINKS_V2: Final = ResourceQuota("apigateway", "VPC links(V2)", "L-608BDCD4", 10)
REGIONAL_APIS: Final = ResourceQuota("apigateway", "Regional APIs", "L-AA0FF27B", 600, adjustable=False)
EDGE_APIS: Final = ResourceQuota("apigateway", "Edge-optimized APIs", "L-B97207D0", 120, adjustable=False)
PRIVATE_APIS: Final = ResourceQuota("apigateway", "Private APIs", "L-A966AB5C", 600, adjustable=False)
_API_RESOURCES: Final = ResourceQuota("apigateway", "Resources/Routes per REST/WebSocket API", "L-01C8A9E0", 300)
_STAGES: Final = ResourceQuota("apigateway", "Stages per API", "L-379E48B0", 10)
LOAD_BALANCERS: Final = ResourceQuota("elasticloadbalancing", "Network Load Balancers per Region", "L-69A177A2", 50)
TARGET_GROUPS: Final = ResourceQuota("elasticloadbalancing", "Target Groups per Region", "L-B22855CB", 3000)
_LISTENERS: Final = ResourceQuota(
    "elasticloadbalancing", "Listeners per Network Load Balancer", "L-57A373D6", 50, adjustable=False
)
_CERTIFICATES: Final = ResourceQuota("elasticloadbalancing", "Certificates per Network Load Balancer", "L-52964454", 25)
_GROUPS_OF_ACTION: Final = ResourceQuota(
    "elasticloadbalancing", "Target Groups per Action per Network Load Balancer", "L-AFDDADBF", 1, adjustable=False
)
_REGISTRATIONS: Final = ResourceQuota(
    "elasticloadbalancing",
    "Number of times a target can be registered per Application Load Balancer",
    "L-4E7B68E9",
    1000,
    adjustable=False,
)
_TARGETS: Final = ResourceQuota("elasticloadbalancing", "Targets per Network Load Balancer", "L-EEF1AD04", 3000)
_TARGETS_A_ZONE: Final = ResourceQuota(
    "elasticloadbalancing", "Targets per Availability Zone per Network Load Balancer", "L-B211E961", 500
)
_TARGETS_A_GROUP: Final = ResourceQuota(
    "elasticloadbalancing", "Targets per Target Group per Region", "L-A0D0B863", 1000
)
RULES: Final = ResourceQuota("vpc", "Inbound or outbound rules per security group", "L-0EA8095F", 60)
_GROUPS: Final = ResourceQuota("vpc", "Security groups per network interface", "L-2AFB9258", 5)
_ALL_GROUPS: Final = ResourceQuota("vpc", "VPC security groups per Region", "L-E79EC296", 2500)
_INTERFACES: Final = ResourceQuota("vpc", "Network interfaces per Region", "L-DF5E4CA3", 5000)
# Tag restrictions of EC2, Elastic Load Balancing and API Gateway: no quota that Service Quotas lists for a resource.
TAGS: Final = ResourceQuota("", "tags on a resource", "", 50, adjustable=False)

_BY_OPERATION: Final[dict[tuple[str, str], tuple[ResourceQuota, ...]]] = {
    ("apigateway", "CreateVpcLink"): (LINKS,),
    ("apigatewayv2", "CreateVpcLink"): (LINKS_V2,),
    ("apigateway", "CreateRestApi"): (REGIONAL_APIS, EDGE_APIS, PRIVATE_APIS),
    ("apigateway", "CreateResource"): (_API_RESOURCES,),
    ("apigateway", "CreateStage"): (_STAGES,),
    ("apigateway", "TagResource"): (TAGS,),
}
_BY_CODE: Final[dict[str, tuple[ResourceQuota, ...]]] = {
    "TooManyLoadBalancers": (LOAD_BALANCERS,),
    "TooManyTargetGroups": (TARGET_GROUPS,),
    "TooManyListeners": (_LISTENERS,),
    "TooManyTargets": (_TARGETS, _TARGETS_A_ZONE, _TARGETS_A_GROUP),
    "TooManyCertificates": (_CERTIFICATES,),
    "TooManyUniqueTargetGroupsPerLoadBalancer": (_GROUPS_OF_ACTION,),
    "TooManyRegistrationsForTargetId": (_REGISTRATIONS,),
    "TooManyTags": (TAGS,),
    "RulesPerSecurityGroupLimitExceeded": (RULES,),
    "SecurityGroupsPerInterfaceLimitExceeded": (_GROUPS,),
    "SecurityGroupsPerInstanceLimitExceeded": (_GROUPS,),
    "SecurityGroupLimitExceeded": (_ALL_GROUPS,),
    "NetworkInterfaceLimitExceeded": (_INTERFACES,),
    "TagLimitExceeded": (TAGS,),
}
RESOURCE_QUOTAS: Final = tuple(
    dict.fromkeys(q for group in (*_BY_OPERATION.values(), *_BY_CODE.values()) for q in group)
)


def resource_quotas(service: str, operation: str, code: str) -> tuple[ResourceQuota, ...]:
    """The quota that was reached, or those of which it is one; empty where we know none."""
    return _BY_CODE.get(code) or _BY_OPERATION.get((service, operation), ())
