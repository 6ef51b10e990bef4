"""The tracks: which steps, in which reading order."""

from __future__ import annotations

from runbook.track import Track, Tracks
from steps import (
    any_method,
    deployment,
    integration,
    invoke,
    listener,
    load_balancer,
    nlb_addresses,
    preflight,
    proxy_resource,
    rest_api,
    security_group_ingress,
    stage_variables,
    target_group,
    targets,
    vpc_link,
)

__all__ = ["TRACKS"]

TRACKS = Tracks.of(
    Track(
        "rest",
        "REST API, VPC link V1, Network Load Balancer (the tutorial)",
        "The cells below set up, step by step, a public API that reaches EC2 instances over a VPC link\n"
        "and an internal load balancer, with nothing of the VPC open to the internet.",
        (
            preflight,
            target_group,
            load_balancer,
            listener,
            nlb_addresses,
            security_group_ingress,
            targets,
            vpc_link,
            rest_api,
            proxy_resource,
            any_method,
            integration,
            deployment,
            stage_variables,
            invoke,
        ),
    ),
)
"""The default is the first: a stack that names no track is of it."""
