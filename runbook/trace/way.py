"""A request's way through API Gateway: what the hops up to the VPC link are judged by, and what changes its course."""

from __future__ import annotations

from dataclasses import dataclass

from runbook.path.configuration import Configuration
from runbook.trace.aim import Aim
from runbook.trace.command import patch_integration, patch_stage
from runbook.trace.endpoint import variables_in
from runbook.trace.model import Finding, Unseen, Weight
from runbook.trace.seen import Front, Link
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
        """The command that changes the integration that is followed, paths and values in turn, and deploys it."""
        return patch_integration(self.target, self.aim.method, *pairs) if self.aim.method else ""

    def name_link(self, link_id: str) -> str:
        """The command that names this link where the integration takes its link from."""
        called = self.aim.integration
        if called is not None and (variables := variables_in(called.connection_id)):
            return patch_stage(self.target, f"/variables/{variables[0]}", link_id)
        return self.patch("/connectionId", link_id)


def holder(template: str) -> str:
    """The hop that a wrong value is to be blamed on."""
    return "stage-variables" if variables_in(template) else "integration"
