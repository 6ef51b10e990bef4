"""EC2's operations, where moto's answer differs from AWS's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, cast
from uuid import uuid4

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EmptyTagSpecError, MissingParameterError
from moto.ec2.responses import EC2Response as MotoEC2Response
from typing_extensions import override

from . import errors
from .models import EC2Backend

__all__ = ["EC2Response"]

_REQUEST_ID = re.compile(r"(?<=<requestId>)[^<]*|(?<=<RequestID>)[^<]*")
_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8}(?:[0-9a-f]{9})?")

# The protocols whose rules have ports (ICMP: type and code), by name and number.
_WITH_PORTS = {"tcp": "tcp", "6": "tcp", "udp": "udp", "17": "udp", "icmp": "icmp", "1": "icmp"}


class EC2Response(MotoEC2Response):
    """EC2 over HTTP."""

    @property
    @override
    def ec2_backend(self) -> EC2Backend:
        return cast("EC2Backend", super().ec2_backend)

    @staticmethod
    @override
    def _enrich_response(headers: dict[str, str], body: Any) -> tuple[dict[str, str], Any]:
        """A request id of its own for each answer; moto gives every one of EC2's the same."""
        headers, body = MotoEC2Response._enrich_response(headers, body)
        headers["x-amzn-requestid"] = request_id = str(uuid4())
        return headers, _REQUEST_ID.sub(request_id, body) if isinstance(body, str) else body

    @override
    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        value = super()._get_param(param_name, if_none)
        if param_name.endswith("Ids") and isinstance(value, list):
            # An id may be given twice, which moto takes for one that is not there.
            return list(dict.fromkeys(value))
        return value

    @override
    def _parse_tag_specification(self, expected_type: str | None = None) -> dict[str, dict[str, str]]:
        for specification in self._get_param("TagSpecifications", []):
            if "Tags" not in specification:  # moto looks at the first alone
                raise EmptyTagSpecError
        return super()._parse_tag_specification(expected_type)

    @override
    def describe_instances(self) -> ActionResult:
        for instance_id in self._get_param("InstanceIds", []):
            if not _INSTANCE_ID.fullmatch(instance_id):
                raise errors.malformed_instance(instance_id)
        most = self._get_param("MaxResults")
        if most is not None and int(most) < 5:
            raise errors.too_few_results(most)
        try:
            return super().describe_instances()
        except ValueError:  # moto looks the token up among what it would answer
            if not (token := self._get_param("NextToken")):
                raise
            raise errors.invalid_token(token) from None

    @override
    def describe_security_groups(self) -> ActionResult:
        return self._filtered(super().describe_security_groups)

    @override
    def describe_security_group_rules(self) -> ActionResult:
        return self._filtered(super().describe_security_group_rules)

    def _filtered(self, describe: Callable[[], ActionResult]) -> ActionResult:
        try:
            return describe()
        except KeyError as error:  # moto looks a filter up by its name, and has those that AWS documents
            (name,) = error.args
            if name not in self._filters_from_querystring():
                raise
            raise errors.invalid_filter(name) from None

    @override
    def create_subnet(self) -> ActionResult:
        if not self._get_param("CidrBlock") and not self._get_param("Ipv6CidrBlock"):
            raise MissingParameterError("cidrBlock")
        return super().create_subnet()

    @override
    def modify_security_group_rules(self) -> ActionResult:
        for update in self._get_param("SecurityGroupRules", []):
            for member in ("SecurityGroupRuleId", "SecurityGroupRule"):
                if member not in update:
                    raise MissingParameterError(member)
        return super().modify_security_group_rules()

    @override
    def delete_network_interface(self) -> ActionResult:
        interface = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        if interface.status == "in-use":
            raise errors.interface_in_use(interface.id)
        return super().delete_network_interface()

    @override
    def delete_security_group(self) -> ActionResult:
        group = self.ec2_backend.get_security_group_from_id(self._get_param("GroupId") or "")
        if group is not None and group.is_default:
            # A VPC's deletion takes it; nobody else does.
            raise errors.cannot_delete_default_group(group.id)
        return super().delete_security_group()

    @override
    def _process_rules_from_querystring(self) -> Iterator[dict[str, Any]]:
        """The rules of a request, each with ports where its protocol has some."""
        if not self._get_param("GroupId") and not self._get_param("GroupName"):
            raise MissingParameterError("groupName or groupId")
        for rule in super()._process_rules_from_querystring():
            protocol = _WITH_PORTS.get(str(rule["ip_protocol"]).lower())
            if rule["ip_protocol"] and protocol is None:
                # D: "traffic on all ports is allowed, regardless of any ports you specify", with another protocol.
                rule |= {"from_port": -1, "to_port": -1}
            elif protocol is not None and (rule["from_port"] is None or rule["to_port"] is None):
                raise errors.no_ports(protocol)
            yield rule

    @override
    def authorize_security_group_ingress(self) -> ActionResult:
        return self._authorize(egress=False)

    @override
    def authorize_security_group_egress(self) -> ActionResult:
        return self._authorize(egress=True)

    def _authorize(self, *, egress: bool) -> ActionResult:
        """All rules or none, and all of them in the answer."""
        self.error_on_dryrun()
        permissions: list[dict[str, Any]] = list(self._process_rules_from_querystring())
        self.ec2_backend.check_new_rules(permissions[0]["group_name_or_id"], permissions, egress=egress)
        authorize = (
            self.ec2_backend.authorize_security_group_egress
            if egress
            else self.ec2_backend.authorize_security_group_ingress
        )
        added = [rule for permission in permissions for rule in authorize(**permission)[0]]
        return ActionResult({"Return": True, "SecurityGroupRules": added})
