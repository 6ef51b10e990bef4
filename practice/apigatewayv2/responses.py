"""The operations of VPC links V2 over HTTP (status codes: botocore's model)."""

# ruff: noqa: D102 - operations are AWS's and named after them

from __future__ import annotations

import json
from typing import Any, cast

from moto.apigatewayv2.models import apigatewayv2_backends
from moto.apigatewayv2.responses import ApiGatewayV2Response as MotoApiGatewayV2Response
from moto.core.common_types import TYPE_RESPONSE

from practice import documents
from practice.apigateway.errors import BadRequest
from practice.apigatewayv2.models import ApiGatewayV2Backend

__all__ = ["ApiGatewayV2Response"]

_PAGE = 500  # MaxResults' own default is not documented


class ApiGatewayV2Response(MotoApiGatewayV2Response):
    """API Gateway's second interface."""

    @property
    def apigatewayv2_backend(self) -> ApiGatewayV2Backend:
        """The backend of the caller's account and region."""
        return cast("ApiGatewayV2Backend", apigatewayv2_backends[self.current_account][self.region])

    @property
    def _link_id(self) -> str:
        return str(self.path).rsplit("/", 1)[-1]

    @property
    def _said(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(self.body or "{}"))

    def create_vpc_link(self) -> TYPE_RESPONSE:
        return 201, {"status": 201}, json.dumps(self.apigatewayv2_backend.new_link(self._said).to_json())

    def get_vpc_link(self) -> TYPE_RESPONSE:
        return 200, {}, json.dumps(self.apigatewayv2_backend.get_vpc_link(self._link_id).to_json())

    def get_vpc_links(self) -> TYPE_RESPONSE:
        links = self.apigatewayv2_backend.links()
        try:
            first = int(self._get_param("nextToken") or 0)
            size = int(self._get_param("maxResults") or _PAGE)
        except ValueError:
            raise BadRequest("Invalid nextToken or maxResults") from None  # the wording is unknown
        answer: dict[str, Any] = {"items": [link.to_json() for link in links[first : first + size]]}
        if first + size < len(links):
            answer["nextToken"] = str(first + size)
        return 200, {}, json.dumps(answer)

    def update_vpc_link(self) -> TYPE_RESPONSE:
        link = self.apigatewayv2_backend.update_vpc_link(self._link_id, self._said.get("name") or "")
        return 200, {}, json.dumps(link.to_json())

    def delete_vpc_link(self) -> TYPE_RESPONSE:
        self.apigatewayv2_backend.delete_vpc_link(self._link_id)
        return 202, {"status": 202}, "{}"

    def reimport_api(self) -> TYPE_RESPONSE:
        text = self._said.get("body")
        document = documents.read(text) if isinstance(text, str) else None
        if not isinstance(document, dict):
            raise BadRequest("Invalid OpenAPI input.")  # the REST interface's words; this one's are unknown
        self.body = json.dumps(self._said | {"body": json.dumps(document, default=str)})
        return super().reimport_api()
