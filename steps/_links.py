"""VPC links as several steps look at them: found by name, and ours only if the single get shows our tag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from runbook.aws import Aws
from runbook.parts import Counting, Tagged
from runbook.path.links import Link, get, listed
from runbook.permissions import CHECK, DOWN, LIST, UP, Scope, Statement
from runbook.quotas import request_quota
from runbook.removing import unless_gone
from steps import _names

USUALLY = 180.0  # AWS seconds to become AVAILABLE: two to four minutes
GOES_WITHIN = 240.0  # AWS seconds a deletion takes: minutes

_LOOK = Statement(  # of our name whoever's they are, to see whether they are ours
    "LookAtLinks", lambda scope: [scope.gateway("/vpclinks/*")], writes=False, joins="ListApisAndLinks"
)
_DELETE = Statement("DeleteOurLinks", lambda scope: [scope.gateway("/vpclinks/*")], Scope.owned)
PERMISSIONS = (
    _LOOK.allow(CHECK, DOWN, LIST, actions="apigateway:GET"),
    _DELETE.allow(UP, DOWN, actions="apigateway:DELETE"),  # a FAILED link, or one that was superseded, goes at once
)


def name_of(stack: str) -> str:
    """The VPC link's name; names are not unique on AWS."""
    return f"{stack}-link"


def find(aws: Aws, stack: str) -> list[Link]:
    """All links of this name, by id; and those of ours to our load balancer, since a link can be given another name.

    The list may leave out tags, so each is asked for by itself.
    """
    ids = sorted(link.id for link in listed(aws).values() if concerns(link, stack))
    found = [link for link in (get(aws, link_id) for link_id in ids) if link]
    return [link for link in found if link.name == name_of(stack) or link.is_of(stack)]


def concerns(link: Link, stack: str) -> bool:
    """Whether a listed link has the stack's name, or leads to its load balancer."""
    to_ours = f":loadbalancer/net/{_names.load_balancer(stack)}/"
    return link.name == name_of(stack) or any(to_ours in target for target in link.targets)


def tagged(aws: Aws, looked_at: Counting) -> Iterator[Tagged]:
    """The tags of every link that may be a stack's: the steps look for theirs by name and load balancer too."""
    found = listed(aws).values()
    yield from (Tagged(link.tags) for link in found if link.tags)
    # Those without are asked for one by one, side by side.
    without = [link.id for link in found if not link.tags and _may_be_ours(link)]
    quota = request_quota("apigateway", "GetVpcLink")
    for link in aws.side_by_side([partial(get, aws, link_id) for link_id in without], quota, looked_at):
        if link is not None:  # else deleted meanwhile
            yield Tagged(link.tags)


def _may_be_ours(link: Link) -> bool:
    to_one = f"{_names.load_balancer('')}/"
    return link.name.endswith(name_of("")) or any(to_one in target for target in link.targets)


def ours(aws: Aws, stack: str) -> list[Link]:
    """The links of this name that carry our tag."""
    return [link for link in find(aws, stack) if link.is_of(stack)]


def delete(aws: Aws, links: Iterable[Link]) -> None:
    """Delete links and wait until they are gone, which takes minutes."""
    going = list(links)
    for link in going:
        if link.status != "DELETING":
            with unless_gone():
                aws.apigateway.delete_vpc_link(vpcLinkId=link.id)
    for link in going:
        aws.wait_until(
            partial(_gone, aws, link.id),
            what=f"VPC link {link.name} ({link.id}) to be gone",
            usual=GOES_WITHIN,
            every=5.0,
        )


def _gone(aws: Aws, link_id: str) -> bool | None:
    return True if get(aws, link_id) is None else None
