"""EC2's operations, where moto's answer differs from AWS's."""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response as MotoEC2Response

from .errors import interface_in_use

__all__ = ["EC2Response"]


class EC2Response(MotoEC2Response):
    """EC2 over HTTP."""

    def delete_network_interface(self) -> ActionResult:
        interface = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        if interface.status == "in-use":
            raise interface_in_use(interface.id)
        return super().delete_network_interface()
