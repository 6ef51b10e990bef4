"""VPC link: the way from API Gateway to the load balancer

The link is API Gateway's private connection to the load balancer (PrivateLink underneath). Its id is what the
integration will need, by way of the stage variable VPCLINK.

**Why.** API Gateway is outside the VPC. Over the link it reaches an internal load balancer without anything being open
to the internet.

**Traps.** One load balancer serves one link: a second link on it becomes FAILED. Names are not unique and AWS
creates another link each time it is asked, so we look before creating, every time.

**Takes** two to four minutes until AVAILABLE. **Costs** nothing by the hour that AWS's price list names; the load
balancer does.

**In the console:** API Gateway → VPC links → Create → VPC link for REST APIs.

```console
$ aws apigateway create-vpc-link --name demo-link --target-arns arn:...:loadbalancer/net/demo-nlb/...
$ aws apigateway get-vpc-link --vpc-link-id ...
```
"""

from __future__ import annotations

from dataclasses import dataclass

from runbook.aws import Aws
from runbook.creating import create_once, seen
from runbook.errors import CannotContinue, NeedsReplacing, NotOurs
from runbook.operations import Operation
from runbook.outcome import Difference, Drifted, Missing
from runbook.parameters import Parameters
from runbook.parts import Part
from runbook.path.links import Link, get
from runbook.permissions import CHECK, DOWN, LIST, LIST_APIS_AND_LINKS, UP, Scope, Statement
from runbook.picture import Box, Place
from runbook.record import stack_tags, tag_differences
from runbook.removing import Resource
from steps import _links
from steps._tags import MAKE_APIS_AND_LINKS, TAG_API_GATEWAY, retag_api_gateway
from steps.load_balancer import MAKE_SERVICE_LINKED_ROLES, LoadBalancer

REPLACED_WITH = (LoadBalancer,)  # a load balancer cannot be deleted while a link uses it
TAKES = _links.USUALLY
REMOVAL_TAKES = _links.GOES_WITHIN
_ADVICE = {
    "already associated": "This load balancer already has a VPC link (or another endpoint service). Delete that one, "
    "or use another stack name so that it gets a load balancer of its own.",
    "malformed": "V1 links need a Network Load Balancer.",
}

BOX = Box(Place.LINK, "VPC link", ("{name}", "{id}", "{status}"), hops=("vpc-link",))
HOPS = {"vpc-link": "status|target"}
OPERATIONS = (Operation("apigateway", "CreateVpcLink", again=False),)  # AWS makes another each time it is asked
TOPICS = {"VpcLink": ("link",)}
OUTPUTS = {"vpc-link-id": "id"}

_PRIVATE_LINK = Statement("PrivateLinkForLinks", lambda scope: [scope.arn("ec2", "vpc-endpoint-service/*")])
_LOOK_AT_PRIVATE_LINK = Statement("LookAtPrivateLink", lambda _: ["*"], Scope.here)
PERMISSIONS = (
    LIST_APIS_AND_LINKS.allow(CHECK, DOWN, LIST, actions="apigateway:GET"),
    *_links.PERMISSIONS,
    MAKE_APIS_AND_LINKS.allow(UP, actions="apigateway:POST"),
    *TAG_API_GATEWAY,
    MAKE_SERVICE_LINKED_ROLES,
    _PRIVATE_LINK.allow(
        UP, actions="ec2:CreateVpcEndpointServiceConfiguration ec2:ModifyVpcEndpointServicePermissions"
    ),
    _PRIVATE_LINK.allow(UP, DOWN, actions="ec2:DeleteVpcEndpointServiceConfigurations"),
    _LOOK_AT_PRIVATE_LINK.allow(UP, actions="ec2:DescribeVpcEndpointServiceConfigurations"),
)

PART = Part("VPC link", _links.tagged)


@dataclass(frozen=True, slots=True)
class VpcLink:
    """The VPC link as it is on AWS."""

    id: str
    name: str
    status: str
    status_message: str
    target_arn: str

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        return f"{self.id} is {self.status}"


def find(aws: Aws, stack: str) -> list[Link]:
    """The links of this name, whoever made them."""
    return _links.find(aws, stack)


def check(aws: Aws, params: Parameters, balancer: LoadBalancer) -> VpcLink | Missing | Drifted[VpcLink]:
    """Whether a link of ours leads to the load balancer and is available."""
    link = _current(_ours(aws, params), balancer)
    if link is None:
        return Missing(f"there is no VPC link {_links.name_of(params.stack)}")
    target = " ".join(link.targets)
    differences = (
        *([Difference("target", target, balancer.arn, replaces=True)] if target != balancer.arn else []),
        *(
            [Difference("status", str(link), "AVAILABLE", waits=link.status != "FAILED")]
            if link.status != "AVAILABLE"
            else []
        ),
        *tag_differences(link.tags, stack_tags(params)),
    )
    return Drifted(_fact(link), differences) if differences else _fact(link)


def foresee(aws: Aws, params: Parameters, balancer: LoadBalancer | None) -> VpcLink | Missing | Drifted[VpcLink]:
    """Whether there is a link that leads elsewhere, once the load balancer is created."""
    if balancer is not None:
        return check(aws, params, balancer)
    link = next((link for link in _ours(aws, params) if link.status != "FAILED"), None)
    if link is None:
        return Missing(f"there is no VPC link {_links.name_of(params.stack)}")
    elsewhere = Difference("target", " ".join(link.targets), "the new load balancer", replaces=True)
    return Drifted(_fact(link), (elsewhere,))


def do(aws: Aws, params: Parameters, balancer: LoadBalancer) -> VpcLink:
    """Create the link if none of ours leads to the load balancer, and wait until it is AVAILABLE.

    A link to another load balancer stays until the stage no longer names it; the stage variables step takes it away.
    Raises :class:`NeedsReplacing`, and :class:`CannotContinue` with AWS's message when the link FAILED.
    """
    existing = _ours(aws, params)
    failed = [link for link in existing if link.status == "FAILED"]
    elsewhere = [link for link in existing if link not in failed and balancer.arn not in link.targets]
    if elsewhere and not params.replace:
        raise NeedsReplacing(
            f"VPC link {elsewhere[0].id} leads to {' '.join(elsewhere[0].targets)}, not to {balancer.arn}, "
            "and AWS cannot change that: run again with replace to make a new link, switch the stage over, "
            "and delete the old one."
        )
    _links.delete(aws, failed)
    link = _leading_to(existing, balancer) or _create(aws, params, balancer)
    retag_api_gateway(aws, f"/vpclinks/{link.id}", link.tags, stack_tags(params))
    return _available(aws, params, balancer, link, just_made=link not in existing)


def removes(aws: Aws, params: Parameters) -> list[Resource]:
    """The links that carry the stack's tag."""
    return [Resource("VPC link", link.name, link.id) for link in _links.ours(aws, params.stack)]


def undo(aws: Aws, params: Parameters) -> None:
    """Delete the links of ours and wait until they are gone."""
    _links.delete(aws, _links.ours(aws, params.stack))


def _ours(aws: Aws, params: Parameters) -> list[Link]:
    """The links of ours; if there is none, those of our name, which we may take over or must leave alone."""
    named = [link for link in _links.find(aws, params.stack) if link.status != "DELETING"]
    ours = [link for link in named if link.is_of(params.stack)]
    if named and not ours and not params.adopt:
        raise NotOurs("VPC link", named[0].name, named[0].id, params.stack)
    return ours or named


def _leading_to(links: list[Link], balancer: LoadBalancer) -> Link | None:
    """The one that AWS chose, if two runs both made one; as long as none is AVAILABLE, the first by id.

    A load balancer serves one link, so all but one become FAILED. AWS tells no time of creation.
    """
    leading = [link for link in links if balancer.arn in link.targets and link.status not in ("FAILED", "DELETING")]
    return min(leading, key=lambda link: (link.status != "AVAILABLE", link.id), default=None)


def _current(links: list[Link], balancer: LoadBalancer) -> Link | None:
    return _leading_to(links, balancer) or next(iter(links), None)


def _create(aws: Aws, params: Parameters, balancer: LoadBalancer) -> Link:
    def create() -> str:
        return aws.apigateway.create_vpc_link(
            name=_links.name_of(params.stack),
            description=f"To {balancer.name}",
            targetArns=[balancer.arn],
            tags=stack_tags(params),
        )["id"]

    def look() -> str | None:
        found = _leading_to(_links.ours(aws, params.stack), balancer)
        return found.id if found else None

    link_id = create_once(aws, create, look, what="VPC link")
    return seen(aws, lambda: get(aws, link_id), what=f"VPC link {link_id}")


def _available(aws: Aws, params: Parameters, balancer: LoadBalancer, link: Link, *, just_made: bool) -> VpcLink:
    latest = link

    def ready() -> VpcLink | None:
        nonlocal latest
        found = get(aws, latest.id)
        if found is not None and found.status not in ("FAILED", "DELETING"):
            latest = found
            return _fact(found) if found.status == "AVAILABLE" else None
        other = _leading_to([each for each in _links.ours(aws, params.stack) if each.id != latest.id], balancer)
        if found is not None and found.status == "FAILED":
            _links.delete(aws, [found])
        if other is not None:  # two runs made one each
            aws.note(f"Another run made VPC link {other.id}, and AWS takes one for a load balancer: it is kept.")
            latest = other
            return _fact(other) if other.status == "AVAILABLE" else None
        if found is None or found.status == "DELETING":
            raise CannotContinue(f"VPC link {latest.id} was deleted while it was waited for. Run again.")
        message = found.message
        advice = next((text for words, text in _ADVICE.items() if words in message), "Run again after mending it.")
        raise CannotContinue(f"VPC link {found.name} FAILED: {message} {advice} The failed link was deleted.")

    return aws.wait_until(
        ready,
        what=f"VPC link {link.name} ({link.id}) to become AVAILABLE",
        state=lambda: str(latest),
        usual=_links.USUALLY,
        every=3.0,
        at_once=not just_made,
    )


def _fact(link: Link) -> VpcLink:
    return VpcLink(link.id, link.name, link.status, link.message, " ".join(link.targets))
