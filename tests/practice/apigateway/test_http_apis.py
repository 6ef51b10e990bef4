"""HTTP APIs over VPC links V2: what AWS is known to refuse, and an invoke URL that says what it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from practice.server import Account


@pytest.fixture
def v2(client: Callable[[str], Any]) -> Any:
    return client("apigatewayv2")


@pytest.fixture
def link(v2: Any, defaults: dict[str, Any]) -> str:
    return str(v2.create_vpc_link(Name="link", SubnetIds=defaults["subnets"])["VpcLinkId"])


@pytest.fixture
def listener(client: Callable[[str], Any], defaults: dict[str, Any]) -> dict[str, Any]:
    elb = client("elbv2")
    balancer = elb.create_load_balancer(Name="inside", Type="network", Scheme="internal", Subnets=defaults["subnets"])
    group = elb.create_target_group(Name="inside", Protocol="TCP", Port=80, VpcId=defaults["vpc"])["TargetGroups"][0]
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    actions = [{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}]
    made = elb.create_listener(LoadBalancerArn=arn, Protocol="TCP", Port=80, DefaultActions=actions)
    return dict(made["Listeners"][0])


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def private(v2: Any, link: str, uri: str, protocol: str = "HTTP") -> tuple[str, dict[str, Any]]:
    """An API, and its integration over the link; a WebSocket API needs a selection expression besides."""
    more = {"RouteSelectionExpression": "$request.body.action"} if protocol == "WEBSOCKET" else {}
    api = v2.create_api(Name="api", ProtocolType=protocol, **more)["ApiId"]
    made = v2.create_integration(
        ApiId=api,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="ANY",
        ConnectionType="VPC_LINK",
        ConnectionId=link,
        IntegrationUri=uri,
        PayloadFormatVersion="1.0",
    )
    return api, made


@pytest.mark.parametrize("of", ["balancer", "url", "group", "nothing"])
def test_a_private_integration_leads_to_a_listener_or_a_service(
    v2: Any, link: str, listener: dict[str, Any], of: str
) -> None:
    uri = {
        "balancer": listener["LoadBalancerArn"],
        "url": "http://inside.example/",
        "group": listener["DefaultActions"][0]["TargetGroupArn"],
        "nothing": "",
    }[of]
    assert refused(lambda: private(v2, link, uri)) == (
        "BadRequestException",
        "For VpcLink VPC_LINK, integration uri should be a valid ELB listener ARN or a valid Cloud Map service ARN.",
    )


def test_a_listener_that_is_not_there_cannot_be_looked_up(v2: Any, link: str, listener: dict[str, Any]) -> None:
    gone = f"{listener['ListenerArn']}0"
    assert refused(lambda: private(v2, link, gone)) == (
        "BadRequestException",
        "Unable to retrieve listener port and load balancer DNS name from ELB listener",
    )
    api, made = private(v2, link, listener["ListenerArn"])
    change = {"ApiId": api, "IntegrationId": made["IntegrationId"], "IntegrationUri": listener["LoadBalancerArn"]}
    assert refused(lambda: v2.update_integration(**change))[0] == "BadRequestException"
    assert (
        v2.get_integration(ApiId=api, IntegrationId=made["IntegrationId"])["IntegrationUri"] == listener["ListenerArn"]
    )


def test_what_a_route_uses_is_not_deleted(v2: Any, link: str, listener: dict[str, Any]) -> None:
    api, made = private(v2, link, listener["ListenerArn"])
    integration = made["IntegrationId"]
    route = v2.create_route(ApiId=api, RouteKey="ANY /{proxy+}", Target=f"integrations/{integration}")["RouteId"]
    assert refused(lambda: v2.delete_vpc_link(VpcLinkId=link)) == (
        "BadRequestException",
        f"Cannot delete vpc link. Vpc link '{link}', is referenced in [ANY:{route}] in format of [Method:Resource].",
    )
    assert refused(lambda: v2.delete_integration(ApiId=api, IntegrationId=integration)) == (
        "ConflictException",
        f"Cannot delete Integration because it is referenced by the following Routes with Ids: [{route}]",
    )
    v2.delete_route(ApiId=api, RouteId=route)
    v2.delete_integration(ApiId=api, IntegrationId=integration)
    v2.delete_vpc_link(VpcLinkId=link)
    assert v2.get_vpc_link(VpcLinkId=link)["VpcLinkStatus"] == "DELETING"


@pytest.mark.parametrize(("protocol", "kind"), [("HTTP", "an HTTP API"), ("WEBSOCKET", "a WebSocket API")])
def test_the_invoke_url_says_that_it_is_not_practised(account: Account, v2: Any, protocol: str, kind: str) -> None:
    more = {"RouteSelectionExpression": "$request.body.action"} if protocol == "WEBSOCKET" else {}
    api = v2.create_api(Name="api", ProtocolType=protocol, Tags={"team": "shop"}, **more)
    assert len(api["ApiId"]) == 10
    assert api["ApiEndpoint"] == f"https://{api['ApiId']}.execute-api.us-east-1.amazonaws.com"
    assert v2.get_api(ApiId=api["ApiId"])["Tags"] == {"team": "shop"}
    for stage in ("$default", "prod"):
        answer = httpx.get(f"{account.url}/_aws/execute-api/{api['ApiId']}/{stage}/hello", trust_env=False)
        assert (answer.status_code, answer.headers["x-practice-refused"]) == (501, "true")
        assert kind in answer.json()["message"]
