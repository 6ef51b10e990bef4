"""Whatever a drill and a trainee made of it: a reset brings the stack back, and touches nothing else."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from drills import training
from drills.bench import Bench
from drills.catalogue import double_booked, lost_number, night_shift
from drills.judging import judge
from drills.model import Drill
from runbook.accounts import Account
from runbook.errors import BadInput
from runbook.parameters import validated
from runbook.path.balancing import balancers
from tests.drills.picture import picture
from tests.drills.test_judging import a_link_of_the_second_kind
from tests.pager import one_per_page

LOST_NUMBER = Drill.of(lost_number)


def everything_deleted(bench: Bench) -> None:
    bench.down()


def an_instance_terminated(bench: Bench) -> None:
    bench.aws.ec2.terminate_instances(InstanceIds=bench.instances[:1])


def the_instances_under_another_group(bench: Bench) -> None:
    ec2 = bench.aws.ec2
    other = ec2.create_security_group(GroupName="open", Description="open", VpcId=bench.service.vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=other, IpProtocol="-1", CidrIp="0.0.0.0/0")
    for instance in bench.instances:
        ec2.modify_instance_attribute(InstanceId=instance, Groups=[other])


def a_load_balancer_of_the_trainee(bench: Bench) -> None:
    """With a link that the deployed API names by its id, so that AWS refuses to delete it."""
    balancer = bench.another_balancer("mine")["LoadBalancerArn"]
    group = bench.aws.elbv2.create_target_group(
        Name="mine", Protocol="TCP", Port=80, VpcId=bench.service.vpc, TargetType="instance"
    )["TargetGroups"][0]["TargetGroupArn"]
    bench.aws.elbv2.create_listener(
        LoadBalancerArn=balancer,
        Protocol="TCP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    bench.patch_integration("/connectionId", bench.another_link("mine", balancer).id)
    bench.deploy()


def an_api_key_for_all(bench: Bench) -> None:
    gateway = bench.aws.apigateway
    bench.patch_method("/apiKeyRequired", "true")
    bench.deploy()
    stages = [{"apiId": bench.api.id, "stage": bench.params.stage}]
    plan = gateway.create_usage_plan(name="all", apiStages=stages)["id"]  # type: ignore[arg-type]
    key = gateway.create_api_key(name="all", enabled=True)["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")


def the_load_balancer_made_anew_by_hand(bench: Bench) -> None:
    """Of the stack's name, without its tag: the steps will not touch it."""
    bench.down("load-balancer")
    bench.another_balancer("nlb")


def a_network_acl(bench: Bench) -> None:
    ec2 = bench.aws.ec2
    acl = ec2.create_network_acl(VpcId=bench.service.vpc)["NetworkAcl"]["NetworkAclId"]
    for found in ec2.describe_network_acls()["NetworkAcls"]:
        for each in found["Associations"]:
            if each["SubnetId"] in bench.service.balancer_subnets:
                ec2.replace_network_acl_association(AssociationId=each["NetworkAclAssociationId"], NetworkAclId=acl)
    (default,) = [
        acl
        for acl in ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [bench.service.vpc]}])["NetworkAcls"]
        if acl["IsDefault"]
    ]
    ec2.delete_network_acl_entry(NetworkAclId=default["NetworkAclId"], RuleNumber=100, Egress=True)


def brought_up_again_for_another_service(bench: Bench) -> None:
    """With the stack its parameters were forgotten, so that the account's own service is taken."""
    bench.down()
    Bench(bench.account, validated({"stack": "drill", "instances": bench.account.defaults["instances"]})).up()


MESSES = [
    brought_up_again_for_another_service,
    a_link_of_the_second_kind,
    everything_deleted,
    an_instance_terminated,
    the_instances_under_another_group,
    a_load_balancer_of_the_trainee,
    an_api_key_for_all,
    the_load_balancer_made_anew_by_hand,
    a_network_acl,
]


@pytest.mark.parametrize("mess", MESSES, ids=lambda mess: mess.__name__)
def test_a_mess_is_cleared_away(mess: Callable[[Bench], None], bench: Bench, hurried: Account) -> None:
    training.reset(bench, LOST_NUMBER)
    before = picture(hurried)
    LOST_NUMBER.sabotage(bench)
    mess(bench)
    bench.passing(600)
    assert picture(hurried) != before
    training.reset(Bench(hurried, validated({"stack": "drill"})), LOST_NUMBER)
    bench.passing(600)
    assert judge(Bench(hurried, validated({"stack": "drill"}))) is None
    assert picture(hurried) == before


@pytest.mark.parametrize("module", [double_booked, night_shift], ids=lambda module: module.__name__.split(".")[-1])
def test_what_is_not_the_drills_stays_as_it_is(module: object, bench: Bench, hurried: Account) -> None:
    beside = Bench(hurried, validated({"stack": "beside", "instances": hurried.defaults["instances"]}))
    beside.up()
    before = _of("beside", picture(hurried))
    drill = Drill.of(module)  # type: ignore[arg-type]
    training.start(bench, drill)
    assert _of("beside", picture(hurried)) == before
    assert {answer.status_code for answer in beside.ask()} == {200}
    training.reset(bench, drill)
    assert _of("beside", picture(hurried)) == before
    beside.down()


def test_a_key_that_somebody_else_uses_too_stays(bench: Bench) -> None:
    training.reset(bench, LOST_NUMBER)
    an_api_key_for_all(bench)
    gateway = bench.aws.apigateway
    (theirs,) = gateway.get_api_keys()["items"]
    plan = gateway.create_usage_plan(name="theirs")["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=theirs["id"], keyType="API_KEY")

    training.reset(bench, LOST_NUMBER)

    assert [each["id"] for each in gateway.get_usage_plans()["items"]] == [plan]
    assert [each["id"] for each in gateway.get_api_keys()["items"]] == [theirs["id"]]
    gateway.delete_usage_plan(usagePlanId=plan)
    gateway.delete_api_key(apiKey=theirs["id"])


def _of(stack: str, found: dict[str, list[str]]) -> list[str]:
    """What concerns this stack, or the service that every practice account begins with."""
    return [item for items in found.values() for item in items if stack in item or "practice-" in item]


def test_a_drill_that_is_started_twice(bench: Bench) -> None:
    training.start(bench, LOST_NUMBER)
    training.start(bench, LOST_NUMBER)
    LOST_NUMBER.mend(bench)
    assert judge(bench, LOST_NUMBER) is None


def test_a_stack_that_no_drill_made_is_left_alone(hurried: Account) -> None:
    own = Bench(hurried, validated({"stack": "mine", "instances": hurried.defaults["instances"]}))
    own.up()
    before = _of("mine", picture(hurried))
    for work in (training.start, training.reset):
        with pytest.raises(BadInput, match="mine is there already, and no drill made it"):
            work(Bench(hurried, validated({"stack": "mine"})), LOST_NUMBER)
    assert _of("mine", picture(hurried)) == before
    own.down()


def test_an_account_that_was_stopped_in_between(bench: Bench, hurried: Account) -> None:
    training.start(bench, LOST_NUMBER)
    httpx.post(
        f"{hurried.endpoint_url}/_practice/reset", headers=hurried.control_headers, trust_env=False
    ).raise_for_status()
    again = Bench(hurried, validated({"stack": "drill"}))
    training.reset(again, LOST_NUMBER)
    assert judge(again) is None


def test_a_drill_begins_and_is_judged_in_an_account_whose_lists_have_many_pages(bench: Bench) -> None:
    with one_per_page(bench.aws) as pager:
        training.reset(bench, LOST_NUMBER)
        a_load_balancer_of_the_trainee(bench)
        an_api_key_for_all(bench)
        training.start(bench, LOST_NUMBER)
        assert judge(bench, LOST_NUMBER) is not None
        assert [item["LoadBalancerName"] for item in balancers(bench.aws).values()] == ["drill-nlb"]
        LOST_NUMBER.mend(bench)
        bench.wait(lambda: judge(bench, LOST_NUMBER) is None or None, what="the repair to be seen", usual=60.0)

    assert {"DescribeLoadBalancers", "DescribeTargetGroups", "DescribeInstances"} <= pager.paged
    assert pager.unread == set()
