"""ELBv2's operations, where moto's answer differs from AWS's."""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.elbv2.responses import ELBV2Response as MotoELBv2Response

from .models import ELBv2Backend, elbv2_backends

__all__ = ["ELBv2Response"]


class ELBv2Response(MotoELBv2Response):
    """ELBv2 over HTTP."""

    @property
    def elbv2_backend(self) -> ELBv2Backend:
        backend = elbv2_backends[self.current_account][self.region]
        assert isinstance(backend, ELBv2Backend)
        return backend

    def create_load_balancer(self) -> ActionResult:
        params = self._get_params()
        balancer = self.elbv2_backend.create_load_balancer(
            name=params["Name"],
            security_groups=params.get("SecurityGroups", []),
            subnet_ids=params.get("Subnets", []),
            subnet_mappings=params.get("SubnetMappings", []),
            scheme=params.get("Scheme") or "internet-facing",
            loadbalancer_type=params.get("Type") or "application",
            ip_address_type=params.get("IpAddressType", "ipv4"),
            tags=params.get("Tags"),
            enforce_on_private_link=params.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"),
        )
        return ActionResult({"LoadBalancers": [balancer]})
