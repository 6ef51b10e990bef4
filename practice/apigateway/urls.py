"""The URLs of API Gateway's control plane: all of them. Which operation a request is, botocore's model decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.apigateway import urls as stock

from practice.apigateway.responses import ApiGatewayResponse

url_bases = stock.url_bases
url_paths: dict[str, Callable[..., Any]] = {r"{0}/(?P<rest>.+)$": ApiGatewayResponse.dispatch}
