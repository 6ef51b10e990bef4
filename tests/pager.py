"""AWS with small pages: every list that botocore can page comes one item at a time, whatever page size was asked for.

It hangs on the clients' own events, so that any code under test meets it. What it handed out in part and was never
asked for the rest is ``unread``.
"""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jmespath
from botocore import xform_name
from botocore.awsrequest import AWSResponse

from runbook.aws import Aws

SERVICES = ("ec2", "elbv2", "apigateway", "apigatewayv2", "logs")
# A request that names what it asks for has an answer no longer than itself: AWS hands it out whole.
NAMES_THEM = re.compile(r"^(Names|[A-Z]\w*(Ids|Arns))$")
# GetVpcLinks of API Gateway's second interface pages, and botocore does not say so.
V2_LINKS = {"input_token": "NextToken", "output_token": "NextToken", "result_key": "Items"}


@dataclass
class OnePerPage:
    """Hands out one item at a time."""

    rest: dict[str, tuple[str, AWSResponse, dict[str, Any]]] = field(default_factory=dict)
    """What is still to be had, by token, with its operation."""
    numbers: Iterator[int] = field(default_factory=itertools.count)
    paged: set[str] = field(default_factory=set)
    """The operations of which there was more than one page."""

    @property
    def unread(self) -> set[str]:
        """The operations of which a next page was never asked for."""
        return {operation for operation, _, _ in self.rest.values()}

    def before_call(self, model: Any, context: dict[str, Any], **_: Any) -> Any:
        paging = _paging(model)
        token = json.loads(context.get("runbook_question", "{}")).get(paging["input_token"]) if paging else None
        if token not in self.rest:
            return None
        _, response, parsed = self.rest.pop(token)
        return response, parsed

    def after_call(
        self, http_response: AWSResponse, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any
    ) -> None:
        paging = _paging(model)
        asked = json.loads(context.get("runbook_question", "{}"))
        if not paging or http_response.status_code >= 300 or any(map(NAMES_THEM.match, asked)):
            return
        items = jmespath.search(paging["result_key"], parsed) or []
        if len(items) <= 1:
            return
        rest = copy.deepcopy(parsed)
        rest[paging["result_key"]] = items[1:]
        parsed[paging["result_key"]] = items[:1]
        token = parsed[paging["output_token"]] = f"page-{next(self.numbers)}"
        self.rest[token] = (model.name, http_response, rest)
        self.paged.add(model.name)


_known: dict[str, Any] = {}


def _paging(model: Any) -> dict[str, str] | None:
    service = model.service_model.service_name
    if (service, model.name) == ("apigatewayv2", "GetVpcLinks"):
        return V2_LINKS
    found: dict[str, str] | None = _known.get(service, {}).get(model.name)
    return found if found and isinstance(found["result_key"], str) else None


@contextmanager
def one_per_page(aws: Aws) -> Iterator[OnePerPage]:
    """Every client of ``aws`` reads pages of one item."""
    pager = OnePerPage()
    emitters: list[Any] = []
    for service in SERVICES:
        client = getattr(aws, service)
        if service not in _known:
            names = [
                name for name in client.meta.service_model.operation_names if client.can_paginate(xform_name(name))
            ]
            _known[service] = {name: client.get_paginator(xform_name(name))._pagination_cfg for name in names}
        emitters.append(client.meta.events)
    for emitter in emitters:
        emitter.register_first("before-call", pager.before_call, unique_id="pager-before")
        emitter.register_first("after-call", pager.after_call, unique_id="pager-after")
    try:
        yield pager
    finally:
        for emitter in emitters:
            emitter.unregister("before-call", unique_id="pager-before")
            emitter.unregister("after-call", unique_id="pager-after")
