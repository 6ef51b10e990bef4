"""What a trace advises, and what it does not: steps, values, hosts that are meant, redirects, other kinds of API."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook.engine import run
from runbook.errors import BadInput
from runbook.events import Action, Outcome, RunFinished
from runbook.parameters import validated
from runbook.trace import State, Trace, links, parse_target
from runbook.trace.draw import draw, draw_links
from runbook.trace.endpoint import resolved, settings
from steps.tracks import TRACKS
from tests.inprocess import runbook
from tests.trace.conftest import Stack
from tests.trace.mutations import MUTATIONS
from tests.trace.mutations_advice import ADVICE
from tests.trace.test_trace import drawn

BY_NAME = {mutation.name: mutation for mutation in (*MUTATIONS, *ADVICE)}


def off(stack: Stack) -> set[str]:
    """The steps that ``check`` finds missing or drifted."""
    *_, last = run(TRACKS.default.plan, stack.aws, validated({"stack": "demo"}), Action.CHECK)
    assert isinstance(last, RunFinished)
    return {step for step, outcome in last.outcomes.items() if outcome is not Outcome.OK}


def steps(told: Trace) -> dict[str, tuple[str, ...]]:
    return {hop.id: hop.steps for hop in told.hops if hop.steps}


# --- stage variables --------------------------------------------------------------------------------------------------

_DNS = "demo-nlb-0123.elb.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("template", "variables", "found"),
    [
        ("http://${stageVariables.a}:${stageVariables.b}", {"a": _DNS}, {"b": "80"}),
        ("http://${stageVariables.a}:${stageVariables.b}", {"b": "80"}, {"a": _DNS}),
        ("http://${stageVariables.a}:${stageVariables.b}", {}, {"a": _DNS, "b": "80"}),
        ("http://${stageVariables.a}:${stageVariables.b}", {"a": _DNS, "b": "8080"}, {"b": "80"}),
        ("http://${stageVariables.a}:${stageVariables.b}", {"a": "x", "b": "8080"}, {"a": _DNS, "b": "80"}),
        ("http://${stageVariables.a}", {"a": f"{_DNS}:8080"}, {"a": _DNS}),
        ("http://${stageVariables.a}.us-east-1.amazonaws.com", {}, {"a": "demo-nlb-0123.elb"}),
        ("${stageVariables.a}://${stageVariables.b}", {"b": _DNS}, {"a": "http"}),
        ("${stageVariables.a}", {}, {"a": f"http://{_DNS}"}),
        ("http://${stageVariables.a}", {"a": _DNS}, {}),  # it is so already
        ("http://${stageVariables.a}${stageVariables.b}", {}, {}),  # where the one ends is not to be seen
        ("http://${stageVariables.a}:81", {"a": "x"}, {}),  # the port is written out
        ("http://service.example", {}, {}),
    ],
)
def test_a_variable_is_solved_from_the_url_that_it_is_part_of(
    template: str, variables: dict[str, str], found: dict[str, str]
) -> None:
    assert settings(template, variables, [f"http://{_DNS}", f"http://{_DNS}:80"]) == found


_PARTS = st.text("ab.:/-1", max_size=4)


@given(
    st.lists(st.tuples(_PARTS, st.sampled_from("xyz")), max_size=3), _PARTS, st.text("ab.:/-1", min_size=1, max_size=8)
)
def test_what_is_solved_makes_the_text_and_is_never_there_already(
    parts: list[tuple[str, str]], tail: str, wanted: str
) -> None:
    template = "".join(f"{text}${{stageVariables.{name}}}" for text, name in parts) + tail
    for variables in ({}, {"x": "a", "y": "b:1"}):
        if changed := settings(template, variables, [wanted]):
            assert resolved(template, {**variables, **changed}) == wanted
            assert all(variables.get(name) != value for name, value in changed.items())


# --- steps ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("listener-deleted", {"listener": ("listener",)}),
        ("gives-up-at-once", {}),  # the step leaves a timeout as it is
        ("endpoint-disabled", {}),
        ("cross-zone", {}),
        ("port-wrong", {}),  # no variable of the step's
        ("proxy-not-mapped", {"integration": ("integration", "deployment")}),
        ("vpclink-unset", {"stage-variables": ("stage-variables",)}),
        ("link-gone", {"vpc-link": ("vpc-link", "stage-variables")}),
        ("stage-deleted", {"stage": ("deployment", "stage-variables")}),
    ],
)
def test_a_step_is_named_where_its_own_drift_is_the_finding(
    stack: Stack, name: str, named: dict[str, tuple[str, ...]]
) -> None:
    BY_NAME[name].apply(stack)
    stack.settle()
    assert steps(stack.trace()) == named


def test_fix_deploys_what_it_repairs_and_goes_on_to_what_that_hid(stack: Stack) -> None:
    BY_NAME["proxy-not-mapped"].apply(stack)
    BY_NAME["listener-deleted"].apply(stack)
    done = runbook("trace", "demo", "--fix", "--endpoint-url", stack.account.url)
    assert done.code == 0, done.said
    assert stack.invoke().status_code == 200


def test_fix_repairs_a_route_with_all_that_is_in_it(stack: Stack) -> None:
    BY_NAME["route-deleted"].apply(stack)
    told = json.loads(runbook("trace", "demo", "--json", "--endpoint-url", stack.account.url).out)
    (route,) = (hop for hop in told["hops"] if hop["id"] == told["verdict"])
    assert route["steps"] == ["proxy-resource", "any-method", "integration", "deployment"]
    assert route["step"] == "proxy-resource"
    done = runbook("trace", "demo", "--fix", "--endpoint-url", stack.account.url)
    assert done.code == 0, done.said


@pytest.mark.parametrize("name", ["method-deleted-and-not-deployed", "mapping-removed-and-not-deployed"])
def test_what_would_fail_as_configured_is_not_to_be_deployed(stack: Stack, name: str) -> None:
    if name in BY_NAME:
        BY_NAME[name].apply(stack)
    else:
        stack.patch_integration(("remove", "/requestParameters/integration.request.path.proxy", None), deploy=False)
    told = stack.trace()
    assert told.exit_code == 3
    assert "As it is configured, this request would fail" in told["deployment"].evidence
    assert (told["deployment"].command, told["deployment"].steps) == ("", ())


def test_fix_says_where_no_step_repairs_it(stack: Stack) -> None:
    BY_NAME["throttled-to-nothing"].apply(stack)
    done = runbook("trace", "demo", "--fix", "--endpoint-url", stack.account.url)
    assert done.code == 2
    assert "no step of ours repairs stage here" in done.err


def test_the_export_comes_before_the_commands(stack: Stack) -> None:
    BY_NAME["listener-deleted"].apply(stack)
    text = drawn(draw(stack.trace(), {}, "export AWS_ENDPOINT_URL=http://127.0.0.1:1"), 200)
    assert text.index("export AWS_ENDPOINT_URL=") < text.index("  aws ")


# --- the Host by which the service is asked ---------------------------------------------------------------------------


def test_an_answer_for_another_host_shows_the_host_that_was_sent(stack: Stack) -> None:
    BY_NAME["ingress-of-another-host"].apply(stack)
    told = stack.trace()["backend"]
    assert f"with the Host {stack.balancer['DNSName']}" in told.evidence
    assert "integration.request.header.Host" in told.fix
    stack.patch_integration(("add", "/requestParameters/integration.request.header.Host", "'other.internal'"))
    told = stack.trace()["integration"]
    assert "asked as host other.internal" in told.evidence


@pytest.mark.parametrize("name", ["host-mapped-as-the-service-wants-it", "host-set-as-the-service-wants-it"])
def test_a_host_that_is_answered_is_left_as_it_is(stack: Stack, name: str) -> None:
    BY_NAME[name].apply(stack)
    told = stack.trace()
    assert (told.status, told.exit_code) == (200, 0), told.to_json()
    assert not any(hop.command or hop.fix for hop in told.hops)


def test_a_mapped_host_is_no_drift_and_stays_when_the_integration_is_repaired(stack: Stack) -> None:
    BY_NAME["host-mapped-as-the-service-wants-it"].apply(stack)
    assert off(stack) == set()
    stack.patch_integration(("replace", "/uri", "http://${stageVariables.VPCNLB}/v1/{proxy}"))
    assert runbook("trace", "demo", "--fix", "--endpoint-url", stack.account.url).code == 0
    called = stack.aws.apigateway.get_integration(
        restApiId=stack.api_id, resourceId=stack.proxy["id"], httpMethod=stack.verb
    )
    assert called["requestParameters"]["integration.request.header.Host"] == "'shop.internal'"


# --- redirects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "addresses", "code", "words"),
    [
        ("https://orders.shop.com/hello", ["203.0.113.9"], 1, "a name of private addresses"),
        ("https://orders.shop.com/hello", ["8.8.8.8", "10.0.0.1"], 0, "is not followed"),
        ("https://orders.shop.com/hello", [], 3, "does not resolve from here"),
        ("/login", [], 3, "out of the stage"),
        ("https://old-0123.elb.us-east-1.amazonaws.com/hello", ["8.8.8.8"], 3, "go round the gateway"),
    ],
)
def test_where_a_redirect_leads(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, to: str, addresses: list[str], code: int, words: str
) -> None:
    from tests.trace.mutations_advice import _redirect

    ask = socket.getaddrinfo

    def answered(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        if "." not in str(host) or str(host).startswith("127."):
            return ask(host, port, *more, **options)
        if not addresses:
            raise socket.gaierror("no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    _redirect(stack, "302", to)
    monkeypatch.setattr(socket, "getaddrinfo", answered)
    told = stack.trace()
    assert told.exit_code == code, told.to_json()
    assert words in told["backend"].evidence


# --- other kinds of API -----------------------------------------------------------------------------------------------


def http_api(stack: Stack, protocol: str = "HTTP", *, deployed: bool = True) -> tuple[str, str]:
    """An API of the second interface over a V2 link to the stack's listener: its id and the link's."""
    v2 = stack.aws.apigatewayv2
    link = v2.create_vpc_link(Name="inner", SubnetIds=stack.subnets)["VpcLinkId"]
    more: dict[str, Any] = {"RouteSelectionExpression": "$request.body.action"} if protocol == "WEBSOCKET" else {}
    api = v2.create_api(Name="orders", ProtocolType=protocol, **more)["ApiId"]  # type: ignore[arg-type]
    called = v2.create_integration(
        ApiId=api,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="ANY",
        ConnectionType="VPC_LINK",
        ConnectionId=link,
        IntegrationUri=stack.listener["ListenerArn"],
        PayloadFormatVersion="1.0",
    )["IntegrationId"]
    v2.create_route(ApiId=api, RouteKey="GET /orders", Target=f"integrations/{called}")
    v2.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{called}")
    v2.create_stage(ApiId=api, StageName="$default", AutoDeploy=deployed)
    return api, link


@pytest.mark.parametrize(("protocol", "kind"), [("HTTP", "an HTTP API"), ("WEBSOCKET", "a WebSocket API")])
def test_an_api_of_another_kind_is_told_for_what_it_is(stack: Stack, protocol: str, kind: str) -> None:
    api, _ = http_api(stack, protocol)
    for text in (f"{api}/$default/orders", stack.aws.invoke_url(api, "$default") + "/orders", f"{api}/prod"):
        told = stack.trace(text)
        assert f"{api} is {kind}" in told["dns-name"].evidence
        assert told["dns-name"].state is State.UNKNOWN
        assert told.verdict is None
        assert {hop.state for hop in told.hops[1:]} == {State.NOT_REACHED}
        assert not any(hop.fix or hop.command for hop in told.hops)
        assert "the practice account itself answered 501" in told.answer
        assert "Healthy" not in drawn(draw(told))


def test_a_websocket_url_is_told_for_what_it_is(stack: Stack) -> None:
    with pytest.raises(BadInput, match="WebSocket API, which trace does not follow"):
        parse_target("wss://abcdef1234.execute-api.us-east-1.amazonaws.com/prod", stack.aws)


def test_links_tells_the_routes_of_http_apis(stack: Stack) -> None:
    api, link = http_api(stack)
    by_hand, other = http_api(stack, deployed=False)
    uses = [use for use in links(stack.aws) if use.link == link]
    assert [(use.api, use.kind, use.stage, use.method, use.resource, use.deployed) for use in uses] == [
        (api, "HTTP", "$default", "", "$default", True),
        (api, "HTTP", "$default", "GET", "/orders", True),
    ]
    assert {use.load_balancer for use in uses} == {stack.balancer["LoadBalancerArn"]}
    text = drawn(draw_links(links(stack.aws)), 200)
    assert f"{api} orders  HTTP API  $default  GET /orders  deployed" in text
    assert "configured; deployed by hand, which is not looked at" in text
    assert "not used" not in text
    assert {use.api for use in links(stack.aws) if use.link == other} == {by_hand}
