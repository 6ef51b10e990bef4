"""moto derives a backend's URLs from the module beside its models."""

from __future__ import annotations

from moto.ec2.urls import url_bases

from .responses import EC2Response

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/": EC2Response.dispatch}
