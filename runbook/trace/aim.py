"""Where a configuration sends a request, as far as API Gateway and the lists of links and load balancers tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runbook.path.configuration import Configuration, Integration, Method
from runbook.path.links import Link, LinkV2
from runbook.trace.endpoint import Endpoint, resolved
from runbook.trace.model import known
from runbook.trace.routing import Match, match
from runbook.trace.seen import Front
from runbook.trace.target import Target

__all__ = ["Aim", "aim_at"]


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a configuration sends the request."""

    match: Match | None = None
    substitute: Method | None = None
    """A method to go on with where the request meets none, so that what lies behind is looked at too."""
    endpoint: Endpoint | None = None
    connection_id: str = ""
    """As resolved with the stage's variables."""
    link: Link | None = None
    link_v2: LinkV2 | None = None
    balancer: str = ""
    """ARN of the load balancer the path goes on with; empty when there is nothing to follow."""
    balancer_by_host: bool = False
    """The link does not tell the load balancer; the endpoint URL's host does."""

    @property
    def met(self) -> Method | None:
        """The method that the request meets."""
        return self.match.method if self.match else None

    @property
    def method(self) -> Method | None:
        """The one that is followed: that which the request meets, or its substitute."""
        return self.met or self.substitute

    @property
    def integration(self) -> Integration | None:
        """What that method calls."""
        return self.method.integration if self.method else None


def aim_at(front: Front, configuration: Configuration | None, target: Target) -> Aim:
    """Follow a configuration."""
    if configuration is None:
        return Aim()
    found = match(configuration, target.method, target.path)
    met = found.method if found else None
    substitute = None if met else _substitute(front, configuration)
    method = met or substitute
    called = method.integration if method else None
    if called is None:
        return Aim(found, substitute)
    endpoint = _endpoint(called, found.values if found and met else {}, front.variables)
    if not called.private:
        return Aim(found, substitute, endpoint)
    connection_id = resolved(called.connection_id, front.variables)
    link = known(front.links).get(connection_id)
    link_v2 = known(front.links_v2).get(connection_id)
    arn = called.target or (link.targets[0] if link and link.targets else "")
    if arn in known(front.balancers):
        return Aim(found, substitute, endpoint, connection_id, link, link_v2, arn)
    named = front.balancer_named(endpoint.host if endpoint else "")
    return Aim(found, substitute, endpoint, connection_id, link, link_v2, named, balancer_by_host=bool(named))


def _substitute(front: Front, configuration: Configuration) -> Method | None:
    """A method to go on with: the greediest one that goes through a link."""
    configured = front.configured.methods if isinstance(front.configured, Configuration) else {}
    candidates = [
        method
        for method in (*configuration.methods.values(), *configured.values())
        if method.integration is not None and method.integration.private
    ]
    return max(candidates, key=lambda method: ("+}" in method.path, -len(method.path)), default=None)


def _endpoint(called: Integration, values: Mapping[str, str], variables: Mapping[str, str]) -> Endpoint | None:
    paths = {
        name: values.get(value.removeprefix("method.request.path."), "")
        if value.startswith("method.request.path.")
        else value.strip("'")
        for name, value in called.mapped_paths.items()
    }
    return Endpoint.of(resolved(called.uri, variables, paths))
