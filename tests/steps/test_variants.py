"""Stacks that are not the default one."""

from __future__ import annotations

import httpx

from runbook.events import Outcome
from steps.deployment import Deployment
from steps.integration import Integration
from steps.invoke import Invocation
from steps.preflight import PrivateService
from tests.stack import Stack
from tests.steps.parts import Parts


def answer(stack: Stack, path: str, url: str) -> int:
    return httpx.get(f"{url}{path}", trust_env=False).status_code


def test_the_root_is_routed_only_when_asked_for(finished: Stack) -> None:
    url = finished.check().fact(Deployment).invoke_url
    assert answer(finished, "/", url) == 403

    with_root = finished.up(route_root=True)
    assert with_root.finished.worst is None
    assert [item.path for item in with_root.fact(Integration).integrations] == ["/{proxy+}", "/"]
    assert answer(finished, "/", url) == 200
    assert finished.check().unlike_ok == {}

    without = finished.up(route_root=False)
    assert without.reason("any-method") == "method ANY of / removed"
    assert answer(finished, "/", url) == 403


def test_another_port_is_named_in_the_endpoint_url(stack: Stack) -> None:
    stack.machines(port=8080)

    ended = stack.up(port=8080)

    assert ended.finished.worst is None
    assert ended.fact(Invocation).status == 200
    (integration,) = ended.fact(Integration).integrations
    assert integration.uri == "http://${stageVariables.VPCNLB}:8080/{proxy}"


def test_an_edge_optimised_api(stack: Stack) -> None:
    ended = stack.up(endpoint_type="EDGE")

    assert ended.finished.worst is None
    api = Parts(stack).gateway.get_rest_apis()["items"][0]
    assert api["endpointConfiguration"]["types"] == ["EDGE"]
    assert stack.check().unlike_ok == {}


def test_one_zone_only_is_warned_of(stack: Stack) -> None:
    ended = stack.up(instances=[stack.service.instances[0]])

    assert ended.finished.worst is None
    notes = ended.fact(PrivateService).notes
    assert any(note.startswith("Only zone us-east-1") for note in notes)
    assert len(stack.inventory()["targets"]) == 1


def test_a_subnet_more_is_added_to_the_load_balancer(stack: Stack) -> None:
    one, two = stack.service.instances
    stack.up(instances=[one])

    ended = stack.up(instances=[one, two])

    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    assert "subnets subnet-" in ended.reason("load-balancer")
    assert ended.outcomes["security-group-ingress"] is Outcome.DONE
    assert len(Parts(stack).rules) == 2


def test_another_stage(finished: Stack) -> None:
    ended = finished.up(stage="v2")

    assert ended.finished.worst is None
    assert ended.fact(Invocation).url.endswith("/v2/hello")
    assert finished.check().fact(Deployment).stage == "v2"
