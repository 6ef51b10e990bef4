"""ELBv2's operations, where moto's answer differs from AWS's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.elbv2.responses import ELBV2Response as MotoELBv2Response
from typing_extensions import override

from . import errors
from .models import ELBv2Backend, elbv2_backends

__all__ = ["ELBv2Response"]

# Parameters that are ARNs -> what they name.
_ARN_KINDS = {"LoadBalancerArn": "load balancer", "TargetGroupArn": "target group", "ListenerArn": "listener"}


class ELBv2Response(MotoELBv2Response):
    """ELBv2 over HTTP."""

    @property
    @override
    def elbv2_backend(self) -> ELBv2Backend:
        return cast("ELBv2Backend", elbv2_backends[self.current_account][self.region])

    @override
    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        value = super()._get_param(param_name, if_none)
        kind = _ARN_KINDS.get(param_name)
        if kind is not None and isinstance(value, str) and f":{kind.replace(' ', '')}/" not in value:
            # T: quoted in many public reports.
            raise errors.ValidationError(f"'{value}' is not a valid {kind} ARN")
        return value

    @override
    def create_load_balancer(self) -> ActionResult:
        params = self._get_params()
        kind = params.get("Type") or "application"
        if kind not in {"application", "network"}:
            return super().create_load_balancer()
        subnets, mappings = params.get("Subnets", []), params.get("SubnetMappings", [])
        if subnets and mappings:
            # D: either subnets or subnet mappings, but not both; the wording is unknown.
            raise errors.ValidationError("You must specify either subnets or subnet mappings, but not both")
        balancer = self.elbv2_backend.create_load_balancer_of(
            kind,
            params.get("Name") or "",
            mappings or [{"SubnetId": subnet_id} for subnet_id in subnets],
            security_groups=params.get("SecurityGroups", []),
            scheme=params.get("Scheme") or "internet-facing",
            ip_address_type=params.get("IpAddressType") or "ipv4",
            tags=params.get("Tags"),
            enforce_on_private_link=params.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"),
        )
        return ActionResult({"LoadBalancers": [balancer]})

    @override
    def describe_load_balancers(self) -> ActionResult:
        return self._paged(super().describe_load_balancers)

    @override
    def describe_rules(self) -> ActionResult:
        return self._paged(super().describe_rules)

    def _paged(self, describe: Callable[[], ActionResult]) -> ActionResult:
        try:
            return describe()
        except ValueError:  # moto looks the marker up among what it would answer
            if not (marker := self._get_param("Marker")):
                raise
            # The code is K; the wording is unknown.
            raise errors.ValidationError(f"'{marker}' is not a valid marker") from None

    @override
    def set_subnets(self) -> ActionResult:
        for mapping in self._get_param("SubnetMappings", []):
            if "SubnetId" not in mapping:
                raise errors.ValidationError("A subnet mapping must have a subnet ID")  # the wording is unknown
        return super().set_subnets()

    def _check_attributes(self) -> None:
        for attribute in self._get_param("Attributes", []):
            for member in ("Key", "Value"):
                if member not in attribute:
                    raise errors.ValidationError(f"An attribute must have a {member.lower()}")  # wording unknown

    @override
    def modify_load_balancer_attributes(self) -> ActionResult:
        self._check_attributes()
        return super().modify_load_balancer_attributes()

    @override
    def modify_listener_attributes(self) -> ActionResult:
        self._check_attributes()
        return super().modify_listener_attributes()

    @override
    def modify_target_group_attributes(self) -> ActionResult:
        self._check_attributes()
        super().modify_target_group_attributes()
        # All attributes, not only the changed ones (D: the example of the API reference).
        return self.describe_target_group_attributes()

    @override
    def set_security_groups(self) -> ActionResult:
        arn = self._get_param("LoadBalancerArn")
        group_ids = self._get_param("SecurityGroups", [])
        self.elbv2_backend.set_security_groups(
            arn, group_ids, self._get_param("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic")
        )
        balancer = self.elbv2_backend.network_load_balancer(arn)
        return ActionResult(
            {
                "SecurityGroupIds": group_ids,
                "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": (
                    balancer.enforce_security_group_inbound_rules_on_private_link_traffic if balancer else None
                ),
            }
        )

    @override
    def describe_listeners(self) -> ActionResult:
        if self._get_param("LoadBalancerArn") and self._get_param("ListenerArns", []):
            # The code is K; the wording is unknown.
            raise errors.ValidationError("You cannot specify both a load balancer ARN and listener ARNs")
        return super().describe_listeners()
