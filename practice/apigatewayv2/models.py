"""API Gateway's second interface in one account and region: moto's backend with VPC links that have a life, and with
the refusals that AWS is known to answer for HTTP APIs over them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from moto.apigatewayv2 import models as stock
from moto.apigatewayv2.exceptions import APIGatewayV2Error, VpcLinkNotFound
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from typing_extensions import override

from practice import clock
from practice.apigateway.errors import BadRequest
from practice.apigateway.rest_apis import new_id
from practice.apigatewayv2.links import VpcLinkV2
from practice.apigatewayv2.zones import offers_links
from practice.ec2.models import EC2Backend

__all__ = ["ApiGatewayV2Backend", "protocol_of"]

_LISTENER: Final = re.compile(r"arn:[^:]+:elasticloadbalancing:[^:]*:[^:]*:listener/(?:app|net)/.+")
_SERVICE: Final = re.compile(r"arn:[^:]+:servicediscovery:[^:]*:[^:]*:service/.+")


def protocol_of(api_id: str) -> str | None:
    """HTTP or WEBSOCKET for an API of this interface; None for any other id."""
    for account in list(stock.apigatewayv2_backends.values()):
        for backend in list(account.values()):
            if (api := backend.apis.get(api_id)) is not None:
                return str(api.protocol_type)
    return None


class _Conflict(APIGatewayV2Error):
    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ConflictException", message)


class ApiGatewayV2Backend(stock.ApiGatewayV2Backend):
    """The links of one account and region; all else is moto's."""

    vpc_links: dict[str, VpcLinkV2]  # type: ignore[assignment]

    @property
    @override
    def _url_module(self) -> Any:
        from . import urls

        return urls

    @property
    def _ec2(self) -> EC2Backend:
        return cast("EC2Backend", ec2_backends[self.account_id][self.region_name])

    def link(self, link_id: str) -> VpcLinkV2 | None:
        """The link of that id, if it has not gone."""
        found = self.vpc_links.get(link_id)
        if found is not None and found.gone:
            self._release(found)
            del self.vpc_links[link_id]
            return None
        return found

    def links(self) -> list[VpcLinkV2]:
        """All links that have not gone, the oldest first."""
        return [link for link_id in list(self.vpc_links) if (link := self.link(link_id)) is not None]

    @override
    def get_vpc_link(self, vpc_link_id: str) -> VpcLinkV2:  # type: ignore[override]
        link = self.link(vpc_link_id)
        if link is None:
            raise VpcLinkNotFound(vpc_link_id)
        return link

    def new_link(self, body: Mapping[str, Any]) -> VpcLinkV2:
        """CreateVpcLink. Of most refusals only the code is known (D: BadRequestException); the words are ours."""
        subnet_ids, group_ids = list(body.get("subnetIds") or ()), list(body.get("securityGroupIds") or ())
        if not body.get("name"):
            raise BadRequest("Name cannot be empty")
        if not subnet_ids:
            raise BadRequest("Subnet ids cannot be empty")
        zone_ids = {subnet.id: subnet.availability_zone_id for subnet in self._ec2.describe_subnets()}
        for subnet_id in subnet_ids:
            if subnet_id not in zone_ids:
                raise BadRequest(f"Subnet {subnet_id} does not exist")
            if not offers_links(self.region_name, zone_id := str(zone_ids[subnet_id])):
                # T: aws/aws-cdk#13569, anomalyco/sst#5374
                raise BadRequest(
                    f"Subnet '{subnet_id}' is in Availability Zone '{zone_id}' where service is not available"
                )
        for group_id in group_ids:
            if self._ec2.get_security_group_from_id(group_id) is None:
                raise BadRequest(f"Security group {group_id} does not exist")
        link_id = new_id(6, self.vpc_links)
        link = self.vpc_links[link_id] = VpcLinkV2(
            id=link_id,
            arn=f"arn:{self.partition}:apigateway:{self.region_name}::/vpclinks/{link_id}",
            name=body["name"],
            subnet_ids=subnet_ids,
            security_group_ids=group_ids,
            created=clock.current().time(),
            tags=dict(body.get("tags") or {}),
        )
        return link

    @override
    def update_vpc_link(self, vpc_link_id: str, name: str) -> VpcLinkV2:  # type: ignore[override]
        link = self.get_vpc_link(vpc_link_id)
        link.name = name or link.name
        return link

    @override
    def delete_vpc_link(self, vpc_link_id: str) -> None:
        link = self.get_vpc_link(vpc_link_id)
        if references := self._references(vpc_link_id):
            # T: terraform-provider-aws#12195
            raise BadRequest(
                f"Cannot delete vpc link. Vpc link '{vpc_link_id}', is referenced in [{', '.join(references)}] in "
                "format of [Method:Resource]."
            )
        if link.deleted_at is None:
            link.deleted_at = clock.current().time()

    def _references(self, link_id: str) -> list[str]:
        """The routes of HTTP APIs whose integration goes over the link; `$default` takes any method."""
        return [
            f"{route.route_key.partition(' ')[0].replace('$default', 'ANY')}:{route.route_id}"
            for api in self.apis.values()
            for integration in api.integrations.values()
            if integration.connection_id == link_id
            for route in _routes_of(api, integration.id)
        ]

    # HTTP and WebSocket APIs: what AWS is known to refuse, and ids of AWS's form -------------------------------------

    @override
    def create_api(self, *args: Any, **kwargs: Any) -> stock.Api:
        api = super().create_api(*args, **kwargs)
        tags = dict(super().get_tags(api.arn))
        del self.apis[api.api_id]
        before, api.api_id = api.api_id, new_id(10, self.apis)
        api.arn = api.arn.replace(before, api.api_id)
        api.api_endpoint = api.api_endpoint.replace(before, api.api_id)
        self.tag_resource(api.arn, tags)
        self.apis[api.api_id] = api
        return api

    @override
    def create_integration(self, api_id: str, *args: Any, **kwargs: Any) -> stock.Integration:
        self._check_private(api_id, kwargs.get("connection_type"), kwargs.get("integration_uri"))
        return super().create_integration(api_id, *args, **kwargs)

    @override
    def update_integration(self, api_id: str, *args: Any, **kwargs: Any) -> stock.Integration:
        now = self.get_integration(api_id, str(kwargs["integration_id"]))
        self._check_private(
            api_id,
            kwargs.get("connection_type") or now.connection_type,
            kwargs.get("integration_uri") or now.integration_uri,
        )
        return super().update_integration(api_id, *args, **kwargs)

    def _check_private(self, api_id: str, connection_type: str | None, uri: str | None) -> None:
        """Raise BadRequest where an HTTP API's private integration leads to no listener and no Cloud Map service."""
        if self.get_api(api_id).protocol_type != "HTTP" or connection_type != "VPC_LINK":
            return
        if _LISTENER.fullmatch(uri or ""):
            balancers = elbv2_backends[self.account_id][self.region_name].load_balancers.values()
            if not any(uri in balancer.listeners for balancer in balancers):
                # T: terraform-provider-aws#22590
                raise BadRequest("Unable to retrieve listener port and load balancer DNS name from ELB listener")
        elif not _SERVICE.fullmatch(uri or ""):
            # T: klotho#347, sst#5510
            raise BadRequest(
                f"For VpcLink {connection_type}, integration uri should be a valid ELB listener ARN or a valid Cloud "
                "Map service ARN."
            )

    @override
    def delete_integration(self, api_id: str, integration_id: str) -> None:
        if routes := _routes_of(self.get_api(api_id), integration_id):
            # T: terraform-provider-aws#12195
            ids = ", ".join(route.route_id for route in routes)
            raise _Conflict(
                f"Cannot delete Integration because it is referenced by the following Routes with Ids: [{ids}]"
            )
        super().delete_integration(api_id, integration_id)

    # moto keeps tags beside what they are on.

    @override
    def get_tags(self, resource_id: str) -> dict[str, str]:
        link = self._tagged(resource_id)
        return dict(link.tags) if link is not None else super().get_tags(resource_id)

    @override
    def tag_resource(self, resource_arn: str, tags: dict[str, str]) -> None:
        link = self._tagged(resource_arn)
        if link is None:
            super().tag_resource(resource_arn, tags)
        else:
            link.tags |= tags

    @override
    def untag_resource(self, resource_arn: str, tag_keys: list[str]) -> None:
        link = self._tagged(resource_arn)
        if link is None:
            super().untag_resource(resource_arn, tag_keys)
        else:
            link.tags = {key: value for key, value in link.tags.items() if key not in tag_keys}

    def _tagged(self, arn: str) -> VpcLinkV2 | None:
        return next((link for link in self.links() if link.arn == arn), None)

    # -- time -------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Let interfaces come and go that are due: a link that is not awake has none (D)."""
        for link in self.links():
            if link.status == "AVAILABLE" and not link.interfaces:
                for subnet_id in link.subnet_ids:
                    subnet = self._ec2.get_subnet(subnet_id)
                    address = subnet.get_available_subnet_ip(cast("Any", link))
                    link.interfaces.append(self._ec2.create_link_interface(subnet, address, link.security_group_ids))
            elif link.status == "INACTIVE":
                self._release(link)

    def _release(self, link: VpcLinkV2) -> None:
        for interface in link.interfaces:
            self._ec2.release_service_interface(interface)
        link.interfaces.clear()


def _routes_of(api: stock.Api, integration_id: str) -> list[stock.Route]:
    return [route for route in api.routes.values() if route.target == f"integrations/{integration_id}"]
