"""VPC links V2, which REST APIs take too. All else of API Gateway's second interface is moto's."""

from __future__ import annotations

__all__ = ["install"]


def install() -> None:
    """Put our backend in the place of moto's. May be called again."""
    from moto.apigatewayv2.models import apigatewayv2_backends

    from practice.apigatewayv2.models import ApiGatewayV2Backend

    if apigatewayv2_backends.backend is not ApiGatewayV2Backend:
        apigatewayv2_backends.backend = ApiGatewayV2Backend
        apigatewayv2_backends.clear()
