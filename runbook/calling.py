"""Calling an invoke URL with a real request."""

from __future__ import annotations

import httpx

from runbook.aws import on_loopback

__all__ = ["TIMEOUT", "USER_AGENT", "caller"]

# API Gateway gives up after 29 seconds by default; with a raised quota a Regional API may take up to five minutes. A
# socket timeout, in wall seconds.
TIMEOUT = httpx.Timeout(35.0, connect=10.0)
USER_AGENT = {"user-agent": "apigw-vpc-runbook"}


def caller(url: str) -> httpx.Client:
    """A client for requests to a URL; a practice account is never called over a proxy of the environment."""
    # Without TLS there are no certificates to load, which takes longer than all the rest.
    return httpx.Client(timeout=TIMEOUT, verify=not url.startswith("http:"), trust_env=not on_loopback(url))
