"""The URLs of API Gateway's second interface: moto's, answered by ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.apigatewayv2 import urls as stock
from moto.apigatewayv2.responses import ApiGatewayV2Response as MotoApiGatewayV2Response

from practice.apigatewayv2.responses import ApiGatewayV2Response

url_bases = stock.url_bases

url_paths: dict[str, Callable[..., Any]] = {
    path: ApiGatewayV2Response.dispatch if handler == MotoApiGatewayV2Response.dispatch else handler
    for path, handler in stock.url_paths.items()
}
