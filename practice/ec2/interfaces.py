"""Network interfaces: those of load balancers and links, and the filters that people find them by."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.ec2.models.elastic_network_interfaces import NetworkInterface as MotoNetworkInterface
from typing_extensions import override

from practice.clock import current

__all__ = ["NetworkInterface", "ServiceInterface"]


class NetworkInterface(MotoNetworkInterface):
    """A network interface that can be found by the filters of DescribeNetworkInterfaces."""

    @property
    @override
    def group_set(self) -> list[Any]:
        """Its own security groups. Moto's would have those that its instance was launched with besides."""
        return list(self._group_set)

    def release(self) -> None:
        """Be free after the end of an instance that it outlives (R moto's aws_verified
        test_create_instance__termination_deletes_eni); moto forgets that it was attached only when it is detached.
        """
        self.instance = self.attachment_id = self.attach_time = self.device_index = None
        self.status = "available"

    def set_groups(self, groups: list[Any]) -> None:
        """Replace the security groups."""
        self._group_set = list(groups)

    @override
    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        """What a filter compares with (names: API reference, DescribeNetworkInterfaces)."""
        attachment = self.attachment
        match filter_name:
            case "addresses.private-ip-address":
                return [entry["PrivateIpAddress"] for entry in self.private_ip_addresses]
            case "addresses.primary":
                return [str(bool(entry.get("Primary"))).lower() for entry in self.private_ip_addresses]
            case "attachment.status":
                return attachment.status if attachment else None
            case "attachment.instance-owner-id":
                return attachment.instance_owner_id if attachment else None
            case "attachment.attachment-id":
                return attachment.attachment_id if attachment else None
            case "attachment.device-index":
                return str(attachment.device_index) if attachment else None
            case "attachment.delete-on-termination":
                return str(bool(attachment.delete_on_termination)).lower() if attachment else None
            case "group-id":
                return [group.id for group in self.group_set]
            case "group-name":
                return [group.name for group in self.group_set]
            case "requester-managed":
                return str(self.requester_managed).lower()
            case "requester-id":
                return self.requester_id if self.requester_managed else None
            case "source-dest-check":
                return str(self.source_dest_check).lower()
            case _:
                return super().get_filter_value(filter_name, method_name)


class _ServiceAttachment:
    """The attachment that a service makes: to nothing of the account's."""

    instance_owner_id = "amazon-aws"
    instance_id = None
    device_index = 1
    network_card_index = 0
    delete_on_termination = False
    status = "attached"

    def __init__(self, attachment_id: str, attach_time: datetime) -> None:
        self.attachment_id = attachment_id
        self.attach_time = attach_time


class ServiceInterface(NetworkInterface):
    """An interface that a service made in a subnet of the account's, and that only it ends."""

    def __init__(
        self,
        ec2_backend: Any,
        subnet: Any,
        private_ip: str,
        *,
        description: str,
        group_ids: list[str],
        interface_type: str,
        requester_id: str | None,
    ) -> None:
        super().__init__(ec2_backend, subnet, private_ip, group_ids=group_ids, description=description)
        if not group_ids and interface_type == "network_load_balancer":
            # moto gives the VPC's default group; a Network Load Balancer without groups has none.
            self._group_set = []
        self.interface_type = interface_type
        self.requester_managed = True
        self.requester_id = requester_id  # type: ignore[assignment]  # unknown for links, and then not shown
        self.status = "in-use"
        self.source_dest_check = False
        self._attachment = _ServiceAttachment(f"ela-attach-{self.id.removeprefix('eni-')}", datetime.now(UTC))
        self._attachment.attach_time = current().now()

    @property
    @override
    def attachment(self) -> Any:
        return self._attachment
