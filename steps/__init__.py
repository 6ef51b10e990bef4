"""The tutorial: one module a step, in reading order.

Each module teaches in its docstring and acts in plain functions: ``check`` only reads, ``do`` makes it true,
``undo`` removes only what is ours. What a step learns is its *fact*, a frozen dataclass that later steps ask for
by naming its type in their signatures.
"""

from types import ModuleType

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

READING_ORDER: tuple[ModuleType, ...] = (
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
)

__all__ = ["READING_ORDER"]
