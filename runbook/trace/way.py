"""A request's way through API Gateway: what the hops up to the VPC link are judged by, and what changes its course."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runbook.path.configuration import Configuration
from runbook.path.links import Link
from runbook.trace.aim import Aim
from runbook.trace.command import patch_integration, patch_stage
from runbook.trace.endpoint import PLAIN, authority, settings, variables_in
from runbook.trace.model import Finding, Unseen, Weight, known
from runbook.trace.seen import Back, Front
from runbook.trace.target import Target

__all__ = ["Way", "holder"]


@dataclass(frozen=True, slots=True)
class Way:
    """Where a configuration sends a request, with all that was seen on API Gateway's side."""

    front: Front
    aim: Aim
    configuration: Configuration | None
    """None: it could not be looked at."""
    target: Target
    back: Back | None = None
    """The load balancer's side, where it was looked at."""

    @property
    def preflight(self) -> bool:
        """Whether it is a request as browsers ask before the real one: OPTIONS, without anything that says who asks."""
        sent = {name.lower() for name in self.target.headers}
        return self.target.method == "OPTIONS" and not sent & {"authorization", "x-api-key"}

    @property
    def ports(self) -> list[tuple[str, int]]:
        """The schemes and ports that the load balancer listens on: the endpoint URL's own, if that is one of them."""
        listeners = known(self.back.listeners) if self.back else ()
        found = [("http" if each.get("Protocol") in PLAIN else "https", each["Port"]) for each in listeners]
        endpoint = self.aim.endpoint
        asked = [(scheme, port) for scheme, port in found if endpoint and endpoint.port == port]
        return asked or found

    def variables_for(self, host: str, ports: list[tuple[str, int]]) -> dict[str, str]:
        """The stage variables, with values, that let the endpoint URL lead to a host on one of these ports."""
        called = self.aim.integration
        if called is None:
            return {}
        wanted = [text for scheme, port in ports or [("http", 80)] for text in _written(scheme, host, port)]
        return settings(authority(called.uri), self.front.variables, wanted)

    def set_variables(self, changes: Mapping[str, str]) -> str:
        """The command that sets these variables; empty where they are so already."""
        pairs = [
            text
            for name, value in changes.items()
            if self.front.variables.get(name) != value
            for text in (f"/variables/{name}", value)
        ]
        return patch_stage(self.target, *pairs) if pairs else ""

    @property
    def link_of_host(self) -> Link | None:
        """The link on the load balancer that the endpoint URL's host names."""
        return self.front.link_on(self.front.balancer_named(self.aim.endpoint.host)) if self.aim.endpoint else None

    def not_reached(self, hop: str, why: str = "") -> Finding:
        """Why there was nothing to look at."""
        front = self.front
        for unseen in (front.deployed, front.configured, front.stage):
            if isinstance(unseen, Unseen):
                return Finding(hop, Weight.UNKNOWN, f"What is deployed could not be looked at: {unseen.why}.")
        if front.api is None:
            why = "There is no API."
        elif front.stage is None:
            why = "There is no stage."
        return Finding(hop, Weight.NOT_REACHED, why or "Nothing leads here.")

    def patch(self, *pairs: str) -> str:
        """The command that changes the integration that is followed, paths and values in turn, and deploys it.

        Empty where all is so already.
        """
        method, called = self.aim.method, self.aim.integration
        if method is None:
            return ""
        now = {} if called is None else {"/uri": called.uri, "/connectionId": called.connection_id}
        now |= {} if called is None else {f"/requestParameters/{name}": value for name, value in called.parameters}
        changes = [pair for pair in zip(pairs[::2], pairs[1::2], strict=True) if now.get(pair[0]) != pair[1]]
        return patch_integration(self.target, method, *(text for pair in changes for text in pair)) if changes else ""

    def name_link(self, link_id: str) -> str:
        """The command that names this link where the integration takes its link from."""
        called = self.aim.integration
        if called is not None and variables_in(called.connection_id):
            return self.set_variables(settings(called.connection_id, self.front.variables, [link_id]))
        return self.patch("/connectionId", link_id)


def _written(scheme: str, host: str, port: int) -> Iterator[str]:
    """How an endpoint URL may be written up to its path: the scheme's own port need not be named."""
    if port == (443 if scheme == "https" else 80):
        yield f"{scheme}://{host}"
    yield f"{scheme}://{host}:{port}"


def holder(template: str) -> str:
    """The hop that a wrong value is to be blamed on."""
    return "stage-variables" if variables_in(template) else "integration"
