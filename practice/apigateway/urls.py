"""The URLs of API Gateway's control plane. Which operation a request is, botocore's model decides, not these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.apigateway import urls as stock

from practice.apigateway.responses import ApiGatewayResponse

url_bases = stock.url_bases

_OURS = ("restapis", "vpclinks", "tags", "account")

url_paths: dict[str, Callable[..., Any]] = {
    path: handler
    for path, handler in stock.url_paths.items()
    if not any(path.startswith(f"{{0}}/{name}") for name in _OURS)
}
url_paths |= {f"{{0}}/{name}$": ApiGatewayResponse.dispatch for name in _OURS}
url_paths |= {rf"{{0}}/{name}/(?P<rest>.+)$": ApiGatewayResponse.dispatch for name in _OURS}
