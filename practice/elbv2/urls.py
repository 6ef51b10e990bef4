"""moto derives a backend's URLs from the module beside its models."""

from __future__ import annotations

from typing import Any

from moto.elb.responses import ELBResponse
from moto.elb.urls import url_bases

from .responses import ELBv2Response

__all__ = ["elastic_load_balancing", "url_bases", "url_paths"]


def elastic_load_balancing(request: Any, *args: Any, **kwargs: Any) -> Any:
    """Classic and v2 share their host; the API version in the request tells them apart."""
    response = ELBv2Response if request.values.get("Version") == "2015-12-01" else ELBResponse
    return response.dispatch(request, *args, **kwargs)


url_paths = {"{0}/$": elastic_load_balancing}
