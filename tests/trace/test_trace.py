"""What a trace tells besides the verdict of a single fault."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from rich.console import Console

from runbook.aws import Aws
from runbook.errors import BadInput
from runbook.trace import HOPS, State, links, parse_target, trace
from runbook.trace.draw import draw, draw_links, table
from runbook.trace.repairs import STEP_OF
from runbook.trace.survey import survey
from runbook.trace.target import is_elsewhere
from runbook.trace.verdict import findings
from steps.tracks import TRACKS
from tests.log_role import log_role
from tests.trace.builders import BUILDERS
from tests.trace.commands import carry_out
from tests.trace.conftest import Stack, finished, http
from tests.trace.mutations import MUTATIONS
from tests.trace.mutations_console import ConsoleStack

BY_NAME = {mutation.name: mutation for mutation in MUTATIONS}


def states(told: Any) -> dict[str, State]:
    return {hop.id: hop.state for hop in told.hops if hop.state is not State.OK}


def drawn(what: Any, width: int = 80) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(what, crop=False)
    return console.export_text()


# --- healthy ----------------------------------------------------------------------------------------------------------


def test_a_finished_stack_is_healthy(stack: Stack) -> None:
    told = stack.trace()
    assert told.exit_code == 0
    assert (told.verdict, told.status) == (None, 200)
    assert told.latency is not None
    assert [hop.id for hop in told.hops] == list(HOPS)
    assert states(told) == {}
    assert told.requests <= 25
    assert told.stack == "demo"


def test_advice_counts_only_when_strict(stack: Stack) -> None:
    advised = {hop.id for hop in stack.trace().hops if hop.advice}
    assert advised == {"stage", "route", "vpc-link"}
    strict = stack.trace(strict=True)
    assert strict.exit_code == 3
    assert strict.verdict is None
    assert set(states(strict)) == advised


def test_nothing_is_changed(stack: Stack) -> None:
    writes = []
    from runbook.events import CallSent

    with stack.aws.observed(
        lambda event: writes.append(event.operation) if isinstance(event, CallSent) and event.writes else None,
        stack.aws.control,
    ):
        stack.trace()
        links(stack.aws)
    assert writes == []


def test_json_is_one_object(stack: Stack) -> None:
    told = json.loads(json.dumps(stack.trace().to_json()))
    assert told["verdict"] is None
    assert told["status"] == 200
    assert [set(hop) >= {"id", "state", "evidence", "fix"} for hop in told["hops"]] == [True] * len(HOPS)


def test_steps_that_are_named_exist() -> None:
    assert set(STEP_OF.values()) <= set(TRACKS.default.plan.ids)
    assert set(STEP_OF) <= set(HOPS)


# --- several faults ---------------------------------------------------------------------------------------------------


def test_what_hides_behind_another_is_told_too(stack: Stack) -> None:
    for name in ("vpclink-unset", "listener-on-another-port", "no-rules"):
        BY_NAME[name].apply(stack)
    stack.settle()
    told = stack.trace()
    assert told.verdict == "stage-variables"
    broken = [hop for hop, state in states(told).items() if state is State.BROKEN]
    assert broken == ["stage-variables", "listener", "security-group"]


def test_mending_the_verdict_again_and_again_ends_healthy(stack: Stack) -> None:
    for name in ("vpclink-unset", "listener-on-another-port", "no-rules"):
        BY_NAME[name].apply(stack)
    stack.settle()
    from runbook.engine import run
    from runbook.events import Action

    mended = []
    while (told := stack.trace()).verdict is not None:
        step = told[told.verdict].step
        assert step not in mended, told.to_json()
        mended.append(step)
        params = validated_demo()
        list(run(TRACKS.default.plan, stack.aws, params, Action.UP, only=[step]))
        stack.settle()
    assert mended == ["stage-variables", "listener", "security-group-ingress"]


def test_every_other_request_fails(stack: Stack) -> None:
    """No target is healthy, so the load balancer tries all; one of its addresses is kept out."""
    stack.machines(status={"/hello": 200, "*": 404})
    BY_NAME["one-address-missing"].apply(stack)
    stack.settle()
    told = [stack.trace() for _ in range(4)]
    assert {(each.status, each.verdict) for each in told} == {(200, None), (500, "security-group")}
    assert all(each["security-group"].state in (State.BROKEN, State.SUSPICIOUS) for each in told)


def test_a_listener_on_another_port_is_named_where_it_is_to_forward_elsewhere(stack: Stack) -> None:
    for name in ("group-of-another-port", "listener-on-another-port"):
        BY_NAME[name].apply(stack)
    stack.settle()
    told = stack.trace()["target-group"]
    assert told.state is State.BROKEN, told
    assert f"--listener-arn {stack.listener['ListenerArn']}" in told.command


def validated_demo() -> Any:
    from runbook.parameters import validated

    return validated({"stack": "demo"})


# --- suspicions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "hop", "words"),
    [
        ("open-to-the-internet", "security-group", "The internet is let in"),
        ("wider-than-the-addresses", "security-group", "Wider than the load balancer's"),
        ("a-stale-rule-too", "security-group", "nothing has any more"),
        ("check-of-a-wrong-path", "health-check", "fails open"),
        ("one-zone-only", "load-balancer", "one zone only"),
        ("one-not-registered", "targets", "No healthy target in"),
        ("one-instance-stopped", "targets", "Target.InvalidState"),
        ("client-addresses-not-preserved", "target-group", "does not preserve client addresses"),
        ("vpcnlb-of-another-load-balancer", "stage-variables", "asked as host spare-nlb-"),
        ("url-that-ends-at-the-host", "integration", "does not hand on the path"),
        ("integration-changed-and-not-deployed", "deployment", "Undeployed changes"),
        ("one-address-missing", "security-group", "does not let"),
    ],
)
def test_what_works_but_should_not_stay_so(stack: Stack, name: str, hop: str, words: str) -> None:
    stack.machines(status={"/": 200, "/hello": 200, "*": 404})
    BY_NAME[name].apply(stack)
    stack.settle()
    told = stack.trace()
    assert told.exit_code == 3, told.to_json()
    assert states(told)[hop] is State.SUSPICIOUS
    assert words in told[hop].evidence
    for command in told[hop].command.splitlines():
        carry_out(stack.aws, command)
    stack.settle(1200)
    told = stack.trace()
    assert hop not in states(told), told.to_json()
    assert told.status == 200


def test_no_headroom(stack: Stack) -> None:
    stack.patch_integration(("replace", "/timeoutInMillis", "1500"))
    stack.machines(delay={"/hello": 1.3})
    told = stack.trace()
    assert told.status == 200
    assert states(told) == {"backend": State.SUSPICIOUS}


def test_a_public_instance_can_be_reached_round_the_gateway() -> None:
    def public(aws: Aws, defaults: dict[str, Any]) -> dict[str, Any]:
        gateway = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=defaults["vpc"])
        routes = aws.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [defaults["vpc"]]}])
        aws.ec2.create_route(
            RouteTableId=routes["RouteTables"][0]["RouteTableId"],
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=gateway,
        )
        address = aws.ec2.allocate_address(Domain="vpc")["AllocationId"]
        aws.ec2.associate_address(AllocationId=address, InstanceId=defaults["instances"][0])
        return {}

    with finished(public) as stack:
        assert stack.trace().exit_code == 0  # a public address alone lets nobody in
        BY_NAME["open-to-the-internet"].apply(stack)
        told = stack.trace()
    assert "the gateway can be gone round now" in told["security-group"].evidence
    assert stack.instances[0] in told["security-group"].evidence


# --- stacks that others built -----------------------------------------------------------------------------------------


def by_hand(stack: Stack, *, target_type: str = "instance", groups: list[str] | None = None) -> Stack:
    """Another chain beside ours, with the literal link id and none of our names or tags."""
    aws, elb, gateway = stack.aws, stack.aws.elbv2, stack.aws.apigateway
    balancer = elb.create_load_balancer(
        Name="handmade", Type="network", Scheme="internal", Subnets=stack.subnets, SecurityGroups=groups or []
    )["LoadBalancers"][0]
    arn = elb.create_target_group(
        Name="handmade",
        Protocol="TCP",
        Port=80,
        VpcId=stack.vpc,
        TargetType=target_type,  # type: ignore[arg-type]
        HealthCheckProtocol="HTTP",
    )["TargetGroups"][0]["TargetGroupArn"]
    reservations = aws.ec2.describe_instances(InstanceIds=stack.instances)["Reservations"]
    instances = [item for reservation in reservations for item in reservation["Instances"]]
    key = "InstanceId" if target_type == "instance" else "PrivateIpAddress"
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": item[key]} for item in instances])  # type: ignore[literal-required]
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="TCP",
        Port=8080,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
    )
    stack.settle(600)
    link = gateway.create_vpc_link(name="handmade", targetArns=[balancer["LoadBalancerArn"]])["id"]
    name = balancer["LoadBalancerArn"].partition(":loadbalancer/")[2]
    for item in aws.ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": [f"ELB {name}"]}])[
        "NetworkInterfaces"
    ]:
        aws.ec2.authorize_security_group_ingress(
            GroupId=stack.security_group,
            IpProtocol="tcp",
            FromPort=80,
            ToPort=80,
            CidrIp=f"{item['PrivateIpAddress']}/32",
        )
    stack.settle(600)
    api = gateway.create_rest_api(name="handmade")
    resource = gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="hello")["id"]
    gateway.put_method(restApiId=api["id"], resourceId=resource, httpMethod="GET", authorizationType="NONE")
    gateway.put_integration(
        restApiId=api["id"],
        resourceId=resource,
        httpMethod="GET",
        type="HTTP_PROXY",
        integrationHttpMethod="GET",
        uri=f"http://{balancer['DNSName']}:8080/hello",
        connectionType="VPC_LINK",
        connectionId=link,
    )
    gateway.create_deployment(restApiId=api["id"], stageName="v1")
    return Stack(stack.account, stack.clock, aws, stack.said, api["id"], "v1")


@pytest.mark.parametrize("target_type", ["instance", "ip"])
def test_a_chain_that_somebody_made_by_hand(stack: Stack, target_type: str) -> None:
    other = by_hand(stack, target_type=target_type)
    told = other.trace()
    assert told.verdict is None, told.to_json()
    assert told.status == 200
    assert told.stack == ""
    for rule in stack.rules:
        stack.aws.ec2.revoke_security_group_ingress(
            GroupId=stack.security_group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
        )
    stack.settle()
    told = other.trace()
    assert told.verdict == "security-group"
    assert told["security-group"].step == ""
    assert "authorize-security-group-ingress" in told["security-group"].command


def test_a_load_balancer_with_security_groups_of_its_own(stack: Stack) -> None:
    group = stack.aws.ec2.create_security_group(GroupName="own", Description="own", VpcId=stack.vpc)["GroupId"]
    other = by_hand(stack, groups=[group])
    told = other.trace()
    assert (told.status, told.verdict) == (500, "security-group"), told.to_json()
    assert "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic" in told["security-group"].evidence
    arn = other.aws.elbv2.describe_load_balancers(Names=["handmade"])["LoadBalancers"][0]["LoadBalancerArn"]
    other.aws.elbv2.set_security_groups(
        LoadBalancerArn=arn,
        SecurityGroups=[group],
        EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic="off",
    )
    told = other.trace()
    assert (told.status, told.verdict) == (200, None), told.to_json()
    assert "do not judge PrivateLink traffic" in told["security-group"].evidence


def test_a_chain_over_a_v2_link_is_healthy() -> None:
    with BUILDERS["v2-application"].build() as stack:
        told = stack.trace()
        assert (told.status, told.verdict, told.exit_code) == (200, None, 0), told.to_json()
        assert told.requests <= 25
        for text in ("V2 link", stack.link["VpcLinkId"], "AVAILABLE", *stack.link["SecurityGroupIds"]):
            assert text in told["vpc-link"].evidence
        assert told["vpc-link"].advice == ()
        uses = links(stack.aws)
        assert [(use.version, use.status, use.deployed, use.resource) for use in uses] == [
            ("V2", "AVAILABLE", True, "/{proxy+}")
        ]
        assert uses[0].load_balancer == stack.balancer["LoadBalancerArn"]
        assert "V2 AVAILABLE" in drawn(draw_links(uses), 200)


def test_an_application_load_balancer_as_target_is_followed() -> None:
    with BUILDERS["application-behind"].build() as stack:
        told = stack.trace()
        assert (told.status, told.verdict, told.exit_code) == (200, None, 0), told.to_json()
        assert told.requests <= 25
        assert "Behind it, inside: inside listens on 80 (HTTP)" in told["listener"].evidence
        assert all(instance in told["targets"].evidence for instance in stack.instances)


def test_a_v2_link_that_sleeps_is_told() -> None:
    with BUILDERS["v2-network"].build() as stack:
        seen = survey(stack.aws, parse_target(stack.url, stack.aws))
        stack.clock.push(61 * 86400)
        asleep = survey(stack.aws, parse_target(stack.url, stack.aws))
    assert seen.aim.link_v2 is not None
    assert asleep.aim.link_v2 is not None
    assert (seen.aim.link_v2.status, asleep.aim.link_v2.status) == ("AVAILABLE", "INACTIVE")
    (told,) = [each for each in findings(asleep, parse_target(stack.url, stack.aws)) if each.hop == "vpc-link"]
    assert "60 days" in told.fix


def test_links_tells_who_uses_which(stack: Stack) -> None:
    other = by_hand(stack)
    stack.patch_integration(("replace", "/connectionId", "nolink"), deploy=False)
    uses = {(use.api, use.link): use for use in links(stack.aws)}
    literal = next(use for use in uses.values() if use.api == other.api_id)
    assert (literal.stage, literal.resource, literal.method) == ("v1", "/hello", "GET")
    assert (literal.deployed, literal.configured) == (True, True)
    assert literal.load_balancer.endswith(
        stack.aws.elbv2.describe_load_balancers(Names=["handmade"])["LoadBalancers"][0]["LoadBalancerArn"]
    )
    served = uses[stack.api_id, stack.link["id"]]
    assert (served.deployed, served.configured) == (True, False)
    wished = uses[stack.api_id, "nolink"]
    assert (wished.deployed, wished.configured, wished.status) == (False, True, "")
    text = drawn(draw_links(tuple(uses.values())))
    assert "deployed, no longer configured" in text


# --- what trace may not see -------------------------------------------------------------------------------------------


@pytest.fixture
def limited(stack: Stack) -> Callable[..., Aws]:
    """The same account with a login that may do only this."""

    def of(*denied: str, resource: str = "*") -> Aws:
        iam = stack.aws.session.client("iam", endpoint_url=stack.account.url)
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "*", "Resource": "*"},
                {"Effect": "Deny", "Action": list(denied), "Resource": resource},
            ],
        }
        iam.create_user(UserName="limited")
        iam.put_user_policy(UserName="limited", PolicyName="limits", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName="limited")["AccessKey"]
        session = boto3.Session(
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            region_name=stack.aws.region,
        )
        return Aws(session, endpoint_url=stack.account.url, invoke_url_form=stack.said["invoke_url"])

    return of


@pytest.mark.parametrize(
    ("action", "hops"),
    [
        ("ec2:DescribeSecurityGroupRules", {"security-group"}),
        ("ec2:DescribeNetworkAcls", {"network-acl"}),
        ("ec2:DescribeInstances", {"security-group", "network-acl"}),
        ("ec2:DescribeNetworkInterfaces", {"security-group", "network-acl"}),
        ("elasticloadbalancing:DescribeListeners", {"listener"}),
        ("elasticloadbalancing:DescribeTargetHealth", {"targets", "health-check"}),
    ],
)
def test_a_missing_permission_costs_only_its_hops(
    stack: Stack, limited: Callable[..., Aws], action: str, hops: set[str]
) -> None:
    aws = limited(action)
    told = trace(aws, parse_target(stack.url, aws))
    unknown = {hop.id for hop in told.hops if hop.state is State.UNKNOWN}
    assert unknown == hops, told.to_json()
    assert any(action in told[hop].evidence for hop in hops)
    assert told.verdict is None
    assert told.status == 200


def test_api_gateway_is_asked_by_http_verb(stack: Stack, limited: Callable[..., Aws]) -> None:
    aws = limited("apigateway:GET", resource=f"arn:aws:apigateway:{stack.aws.region}::/restapis/*")
    told = trace(aws, parse_target(stack.url, aws))
    assert told["stage"].state is State.UNKNOWN
    assert "apigateway:GET" in told["stage"].evidence
    assert f"/restapis/{stack.api_id}" in told["stage"].evidence


def test_what_may_not_be_seen_is_not_blamed_on_the_backend(stack: Stack, limited: Callable[..., Aws]) -> None:
    BY_NAME["no-rules"].apply(stack)
    stack.settle()
    aws = limited("ec2:DescribeSecurityGroupRules")
    told = trace(aws, parse_target(stack.url, aws))
    assert (told.status, told.verdict, told.exit_code) == (500, None, 1)
    assert {hop.id for hop in told.hops if hop.state is State.UNKNOWN} == {"security-group", "backend"}
    assert "security-group" in told["backend"].evidence


# --- targets ----------------------------------------------------------------------------------------------------------


def test_a_target_can_be_said_in_three_ways(stack: Stack) -> None:
    url = parse_target(f"{stack.url}?a=1", stack.aws)
    assert (url.api_id, url.stage, url.path, url.query) == (stack.api_id, "prod", "/hello", "a=1")
    api = parse_target(f"{stack.api_id}/prod/hello", stack.aws)
    assert (api.api_id, api.stage, api.path) == (stack.api_id, "prod", "/hello")
    ours = parse_target("demo", stack.aws)
    assert (ours.api_id, ours.stage, ours.path, ours.url) == (stack.api_id, "prod", "/hello", stack.url)


def test_what_a_stack_remembers_is_asked(stack_with: Callable[..., Stack]) -> None:
    stack = stack_with(stage="live", test_path="/missing", expect_status=200)
    target = parse_target("demo", stack.aws)
    assert (target.stage, target.path, target.expect_status) == ("live", "/missing", 200)


def test_an_expected_404_is_healthy(stack_with: Callable[..., Stack]) -> None:
    stack = stack_with(test_path="/missing", expect_status=404)
    stack.machines(status={"/": 200, "*": 404})
    told = stack.trace("demo")
    assert (told.status, told.verdict, told.exit_code) == (404, None, 0), told.to_json()
    assert "Healthy" in drawn(draw(told))
    stack.machines(status={"*": 200})
    assert stack.trace("demo").exit_code == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("no-such-stack", "neither an invoke URL"),
        ("abcdef1234", "needs a stage"),
        ("ftp://example.org/", "not a URL"),
        ("https://abcdef1234.execute-api.eu-west-1.amazonaws.com/prod", "region eu-west-1"),
    ],
)
def test_what_is_no_target(stack: Stack, text: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        parse_target(text, stack.aws)


def test_an_invoke_url_of_aws(stack: Stack) -> None:
    url = "https://abcdef1234.execute-api.us-east-1.amazonaws.com/prod/a%2Fb?x=1"
    target = parse_target(url, stack.aws)
    assert (target.api_id, target.stage, target.path, target.query) == ("abcdef1234", "prod", "/a%2Fb", "x=1")
    assert target.url == url


def test_a_custom_domain_is_not_followed(stack: Stack) -> None:
    told = stack.trace(f"{stack.account.url}/_practice")
    assert told["dns-name"].state is State.UNKNOWN
    assert told.verdict is None
    assert {hop.state for hop in told.hops[1:]} == {State.NOT_REACHED}


def test_a_key_that_is_sent_is_no_reason(stack: Stack) -> None:
    BY_NAME["asks-for-api-key"].apply(stack)
    gateway = stack.aws.apigateway
    key = gateway.create_api_key(name="caller", enabled=True)
    plan = gateway.create_usage_plan(name="plan", apiStages=[{"apiId": stack.api_id, "stage": stack.stage}])
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    target = parse_target(stack.url, stack.aws, headers={"x-api-key": key["value"]})
    told = trace(stack.aws, target)
    assert (told.status, told.verdict) == (200, None), told.to_json()


# --- extras -----------------------------------------------------------------------------------------------------------


def test_test_invoke_runs_what_is_configured(stack: Stack) -> None:
    stack.patch_integration(("remove", "/requestParameters/integration.request.path.proxy", None), deploy=False)
    told = stack.trace(test_invoke=True)
    assert told.status == 200
    assert told.test_invoke is not None
    assert told.test_invoke.status == 500
    assert "Illegal character in path" in told.test_invoke.log


def test_logs_are_the_stages_own(stack: Stack) -> None:
    assert stack.trace(logs=True).logs == ("Execution logging of stage prod is off.",)
    role = log_role(stack.aws.session.client("iam", endpoint_url=stack.account.url))
    stack.aws.apigateway.update_account(
        patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
    )
    stack.patch_stage("/*/*/logging/loglevel", "INFO")
    told = stack.trace(logs=True)
    assert told.logs is not None
    assert any("Successfully completed execution" in line for line in told.logs), told.logs


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_the_picture_tells_where_it_breaks(stack: Stack) -> None:
    BY_NAME["listener-deleted"].apply(stack)
    told = stack.trace()
    text = drawn(draw(told))
    assert "✗ listener  ← here it breaks" in text
    assert "Verdict: listener" in text
    lines = text.splitlines()
    assert f"  {told['listener'].command}" in lines, "a command is copied, so it is one line"
    assert "  runbook step listener do --stack demo --region us-east-1" in lines
    assert max(len(line) for line in lines if not line.startswith(("  aws ", "  runbook "))) <= 80
    assert all(hop in drawn(table(told), 200) for hop in HOPS)


def test_text_from_outside_is_never_markup(stack: Stack) -> None:
    stack.patch_stage("/variables/VPCNLB", "red.example")
    stack.aws.apigateway.update_rest_api(
        restApiId=stack.api_id, patchOperations=[{"op": "replace", "path": "/name", "value": "[red]x[/red] [/]"}]
    )
    told = stack.trace()
    assert "[red]x[/red] [/]" in drawn(draw(told))
    assert "[red]x[/red] [/]" in drawn(table(told), 200)


def test_responses_that_fit_nothing_hide_no_closed_filter() -> None:
    with BUILDERS["console"].build() as stack:
        assert isinstance(stack, ConsoleStack)
        stack.answer_with("200", "404")
        url = stack.url.replace("/orders", "/status")
        assert stack.trace(url).verdict == "integration"
        stack.aws.ec2.revoke_security_group_ingress(
            GroupId=stack.security_group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"] for rule in stack.rules]
        )
        stack.settle()
        assert stack.trace(url).verdict == "security-group"


def test_a_url_of_aws_on_a_practice_account_is_known_for_one(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    of_aws = "https://abcdef1234.execute-api.us-east-1.amazonaws.com/prod/hello"
    assert is_elsewhere(of_aws, stack.aws)
    assert not is_elsewhere(stack.url, stack.aws)
    assert not is_elsewhere("https://api.example.com/hello", stack.aws)
    assert not is_elsewhere(of_aws, Aws(stack.aws.session))


def test_what_hides_behind_a_missing_listener_is_told_too(stack: Stack) -> None:
    for name in ("no-rules", "listener-deleted"):
        BY_NAME[name].apply(stack)
    told = stack.trace()
    assert told.verdict == "listener"
    assert states(told)["security-group"] is State.BROKEN
    assert "no listener on the port leads there" in told["target-group"].evidence


def test_where_all_are_leaving_the_filters_are_judged_all_the_same(stack: Stack) -> None:
    stack.clock.stop()  # else they would be gone by the time that trace looks
    BY_NAME["everybody-leaving"].apply(stack)
    BY_NAME["no-rules"].apply(stack)
    told = stack.trace()
    assert told.verdict == "targets"
    assert told["security-group"].state is State.BROKEN


def test_stopped_instances_are_started_by_their_ids_where_addresses_are_registered(stack: Stack) -> None:
    other = by_hand(stack, target_type="ip")
    stack.aws.ec2.stop_instances(InstanceIds=stack.instances)
    stack.settle()
    command = other.trace()["targets"].command
    assert {word for word in command.split() if word.startswith("i-")} == set(stack.instances)
    carry_out(stack.aws, command)
    stack.settle(600)
    assert other.trace().verdict is None


def test_a_check_that_passes_elsewhere_is_not_to_be_changed(stack: Stack) -> None:
    one, *_ = stack.instances
    machine, headers = f"{stack.account.url}/_practice/machines/{one}", stack.account.control_headers
    http.patch(machine, json={"listening": False}, headers=headers).raise_for_status()
    stack.settle(600)
    told = stack.trace()["health-check"]
    assert told.state is State.SUSPICIOUS
    assert "elsewhere it passes" in told.fix
    assert told.command == ""


def test_a_check_that_one_node_cannot_make_is_put_down_to_the_filters(stack: Stack) -> None:
    BY_NAME["cross-zone"].apply(stack)
    BY_NAME["one-address-missing"].apply(stack)
    stack.settle(600)
    told = stack.trace()["health-check"]
    assert "packet filters keep the check out" in told.evidence
    assert told.command == ""


def test_it_is_told_at_which_end_a_group_keeps_requests_back(stack: Stack) -> None:
    ec2 = stack.aws.ec2
    own = ec2.create_security_group(GroupName="own", Description="own", VpcId=stack.vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=own, IpProtocol="tcp", FromPort=8080, ToPort=8080, CidrIp="0.0.0.0/0")
    other = by_hand(stack, groups=[own])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [own]}])["SecurityGroupRules"]
    out = [rule["SecurityGroupRuleId"] for rule in rules if rule["IsEgress"]]
    ec2.revoke_security_group_egress(GroupId=own, SecurityGroupRuleIds=out)
    stack.settle()
    told = other.trace()
    assert told.verdict == "security-group"
    assert f"{own} (the load balancer's) does not let" in told["security-group"].evidence
    assert f"{stack.security_group} does not let" not in told["security-group"].evidence


def test_what_a_prefix_list_may_let_in_is_not_said_to_be_let_in(stack: Stack) -> None:
    BY_NAME["no-rules"].apply(stack)
    ec2 = stack.aws.ec2
    entries = [{"Cidr": f"{address}/32"} for address in stack.addresses]
    listed = ec2.create_managed_prefix_list(
        PrefixListName="nlb",
        MaxEntries=5,
        AddressFamily="IPv4",
        Entries=entries,  # type: ignore[arg-type]
    )["PrefixList"]["PrefixListId"]
    ec2.authorize_security_group_ingress(
        GroupId=stack.security_group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "PrefixListIds": [{"PrefixListId": listed}]}
        ],
    )
    told = stack.trace()["security-group"]
    assert told.state is State.UNKNOWN
    assert "let in on port" not in told.evidence


def test_what_a_redirect_makes_of_it_is_not_blamed_on_the_backend() -> None:
    with BUILDERS["v2-application"].build() as stack:
        to = {"Port": "443", "Protocol": "HTTPS", "StatusCode": "HTTP_301"}
        stack.aws.elbv2.modify_listener(
            ListenerArn=stack.listener["ListenerArn"],
            DefaultActions=[{"Type": "redirect", "RedirectConfig": to}],  # type: ignore[typeddict-item]
        )
        told = stack.trace()
        assert told.verdict is None
        assert told["listener"].state is State.UNKNOWN


def test_without_its_link_nobody_is_said_to_be_kept_out() -> None:
    with BUILDERS["v2-application"].build() as stack:
        stack.aws.apigatewayv2.delete_vpc_link(VpcLinkId=stack.link["VpcLinkId"])
        stack.settle(600)
        told = stack.trace()
        assert told.verdict == "vpc-link"
        assert told["security-group"].state is State.UNKNOWN
