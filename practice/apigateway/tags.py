"""Tags by ARN: which ARNs name something of this account and region, and which tags AWS takes.

D: tag keys and values may hold letters, digits, space and `+ - = . _ : / @`; keys have at most 128 characters, values
256; 50 tags a resource; the prefix `aws:` is AWS's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from practice.apigateway.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from practice.apigateway.models import ApiGatewayBackend

__all__ = ["check_tags", "tags_of"]

_ARN: Final = re.compile(
    r"arn:[\w-]+:apigateway:([\w-]+)::/(restapis|vpclinks|apikeys|usageplans)/([^/]+)(?:/stages/([^/]+))?"
)
_KEY: Final = re.compile(r"[\w +\-=.:/@]{1,128}")
_VALUE: Final = re.compile(r"[\w +\-=.:/@]{0,256}")


def tags_of(backend: ApiGatewayBackend, arn: str) -> dict[str, str]:
    """The live tags of what the ARN names.

    Raise BadRequest for an ARN that cannot be tagged, and NotFound for one that names nothing.
    """
    found = _ARN.fullmatch(arn)
    if found is None or found[1] != backend.region_name:
        raise BadRequest("Invalid ARN specified in the request")
    match found.groups()[1:]:
        case ("restapis", api_id, None):
            return backend.get_rest_api(api_id).tags
        case ("restapis", api_id, stage_name):
            return backend.get_rest_api(api_id).stage(stage_name).tags
        case ("vpclinks", link_id, None):
            return backend.get_vpc_link(link_id).tags
        case ("apikeys", key_id, None) if key_id in backend.keys:
            return backend.keys[key_id].tags
        case ("usageplans", plan_id, None) if plan_id in backend.usage_plans:
            return backend.usage_plans[plan_id].tags
    raise NotFound("Invalid resource identifier specified")


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise BadRequest for a tag that AWS does not take."""
    for key, value in tags.items():
        if key.lower().startswith("aws:"):
            raise BadRequest("aws: prefixed tag key names are not allowed for external use.")
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            raise BadRequest("Invalid tag key or value specified")
