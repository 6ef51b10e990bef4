"""API Gateway's REST APIs and VPC links (V1), as AWS answers for them."""

from __future__ import annotations

__all__ = ["install"]


def install() -> None:
    """Put our backend in the place of moto's. May be called again."""
    from moto.apigateway.models import apigateway_backends

    from practice.apigateway.models import ApiGatewayBackend

    if apigateway_backends.backend is not ApiGatewayBackend:
        apigateway_backends.backend = ApiGatewayBackend
        apigateway_backends.clear()
