"""Target groups and what is registered in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from moto.elbv2.models import FakeTargetGroup

from .health import NodeView

__all__ = ["LAYER_4_PROTOCOLS", "Registration", "TargetGroup"]

LAYER_4_PROTOCOLS: Final = frozenset({"TCP", "UDP", "TCP_UDP", "TLS"})


@dataclass
class Registration:
    """One target in one group: an instance or an address, and a port."""

    target_id: str
    port: int
    registered_at: float
    instance_id: str | None = None
    """The instance behind the target; None for an address that no instance has."""
    private_ip: str | None = None
    zone: str | None = None
    """Its Availability Zone; None (``all``) for an address outside the VPC."""
    draining_until: float | None = None
    views: dict[str, NodeView] = field(default_factory=dict)
    """What each node of the load balancer knows of it, by the node's subnet."""


class TargetGroup(FakeTargetGroup):
    """A target group whose targets have a life."""

    # Attributes of a group for Network Load Balancers and their defaults
    # (D: ELBv2 API reference, TargetGroupAttribute).
    LAYER_4_ATTRIBUTES: ClassVar[dict[str, str]] = {
        "deregistration_delay.timeout_seconds": "300",
        "deregistration_delay.connection_termination.enabled": "false",
        "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
        "preserve_client_ip.enabled": "true",
        "proxy_protocol_v2.enabled": "false",
        "stickiness.enabled": "false",
        "stickiness.type": "source_ip",
        "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
        "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
        "target_health_state.unhealthy.connection_termination.enabled": "true",
        "target_health_state.unhealthy.draining_interval_seconds": "0",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.registrations: dict[tuple[str, int], Registration] = {}
        if self.is_layer_4:
            self.attributes = dict(self.LAYER_4_ATTRIBUTES)
            if self.target_type == "ip" and self.protocol in {"TCP", "TLS"}:
                # D: target group attributes: off for addresses with TCP and TLS.
                self.attributes["preserve_client_ip.enabled"] = "false"

    @property
    def is_layer_4(self) -> bool:
        """Whether the group is for a Network Load Balancer."""
        return self.protocol in LAYER_4_PROTOCOLS

    @property
    def load_balancer_arns(self) -> list[str]:
        """The load balancers that forward to this group, read from their listeners and rules."""
        from .models import elbv2_backends

        backend = elbv2_backends[self.account_id][self.region_name]
        return [
            balancer.arn
            for balancer in list(backend.load_balancers.values())
            if any(
                self.arn in backend._get_target_group_arns_from(action_data=action.data)
                for listener in list(balancer.listeners.values())
                for rule in list(listener.rules.values())
                for action in rule.actions
            )
        ]

    @load_balancer_arns.setter
    def load_balancer_arns(self, value: list[str]) -> None:
        """Moto keeps a list beside the listeners, which deletions leave stale; the listeners are the truth."""

    def has_settings(self, settings: dict[str, Any]) -> bool:
        """Whether CreateTargetGroup with these settings asks for what this group is."""
        return (
            self.protocol == settings.get("protocol")
            and str(self.port) == str(settings.get("port"))
            and self.vpc_id == settings.get("vpc_id")
            and self.target_type == settings.get("target_type")
            and self.health_check_protocol == settings["healthcheck_protocol"]
            and (self.health_check_port or "traffic-port") == (settings.get("healthcheck_port") or "traffic-port")
            and self.health_check_path == settings["healthcheck_path"]
            and int(self.health_check_interval_seconds) == int(settings["healthcheck_interval_seconds"])
            and int(self.health_check_timeout_seconds) == int(settings["healthcheck_timeout_seconds"])
            and int(self.healthy_threshold_count) == int(settings["healthy_threshold_count"])
            and int(self.unhealthy_threshold_count) == int(settings["unhealthy_threshold_count"])
        )

    def settle_health_check(self, http_codes: str | None) -> None:
        """After a change: a path and codes belong to HTTP checks, and only to them."""
        if self.health_check_protocol in {"HTTP", "HTTPS"}:
            known = getattr(self, "matcher", None) or {"HttpCode": "200-399"}
            self.matcher = {"HttpCode": http_codes} if http_codes else known
            self.health_check_path = self.health_check_path or "/"
        else:
            self.matcher = None  # type: ignore[assignment]
            self.health_check_path = None

    @property
    def cross_zone(self) -> str:
        """The group's own word on cross-zone load balancing: true, false or use_load_balancer_configuration."""
        return str(self.attributes["load_balancing.cross_zone.enabled"])

    @property
    def preserves_clients(self) -> bool:
        """Whether targets see the client's own address (D: "Client IP preservation"); not what PrivateLink brings."""
        return self.target_type == "alb" or str(self.attributes.get("preserve_client_ip.enabled")) == "true"

    def health_port_for(self, registration: Registration) -> int:
        """The port that a target's health is checked on."""
        port = self.health_check_port
        return registration.port if port in {None, "traffic-port"} else int(port)

    def matches(self, status: int) -> bool:
        """Whether a status counts as success (``200``, ``200-399``, ``200,202``)."""
        codes = str((getattr(self, "matcher", None) or {}).get("HttpCode", "200-399"))
        for part in codes.split(","):
            low, _, high = part.partition("-")
            if int(low) <= status <= int(high or low):
                return True
        return False
