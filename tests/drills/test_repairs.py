"""Any right repair counts, and a reset brings the stack back whatever was made of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drills import training
from drills.bench import Bench
from drills.catalogue import COURSE
from drills.judging import judge
from drills.model import Course
from drills.network import guard, vpc_range

ALL = Course.of(COURSE)


def name_the_port(bench: Bench) -> None:
    """The listener stays where it is; the endpoint URL asks for it there."""
    bench.patch_integration("/uri", f"http://${{stageVariables.VPCNLB}}:{bench.listener.port}/{{proxy}}")
    bench.deploy()


def a_second_listener(bench: Bench) -> None:
    bench.aws.elbv2.create_listener(
        LoadBalancerArn=bench.balancer.arn,
        Protocol="TCP",
        Port=bench.params.port,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": bench.group.arn}],
    )


def register_with_the_new_group(bench: Bench) -> None:
    groups = bench.aws.elbv2.describe_target_groups(LoadBalancerArn=bench.balancer.arn)["TargetGroups"]
    bench.aws.elbv2.register_targets(
        TargetGroupArn=groups[0]["TargetGroupArn"], Targets=[{"Id": each} for each in bench.instances]
    )


def check_what_both_know(bench: Bench) -> None:
    bench.check_health("/")


def a_rule_for_the_links_port(bench: Bench) -> None:
    guard(bench, bench.params.port)


def back_to_the_default_acl(bench: Bench) -> None:
    found = bench.aws.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [bench.service.vpc]}])
    default, own = sorted(found["NetworkAcls"], key=lambda acl: not acl["IsDefault"])
    for each in own["Associations"]:
        bench.aws.ec2.replace_network_acl_association(
            AssociationId=each["NetworkAclAssociationId"], NetworkAclId=default["NetworkAclId"]
        )


@pytest.mark.parametrize(
    ("name", "repair"),
    [
        ("doorbell", name_the_port),
        ("doorbell", a_second_listener),
        ("next-release", register_with_the_new_group),
        ("old-hand", check_what_both_know),
        ("only-needed", back_to_the_default_acl),
        ("bouncer", a_rule_for_the_links_port),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_another_right_repair_counts(name: str, repair: Callable[[Bench], None], bench: Bench) -> None:
    drill = ALL[name]
    training.start(bench, drill)
    assert judge(bench, drill)
    repair(bench)
    bench.wait(lambda: judge(bench, drill) is None or None, what="the service to be well")


def test_a_wider_rule_that_works_does_not_count(bench: Bench) -> None:
    drill = ALL["wrong-key"]
    training.start(bench, drill)
    bench.let_in(vpc_range(bench))
    bench.wait(lambda: {target.state for target in bench.targets} == {"healthy"} or None, what="healthy targets")
    assert {answer.status_code for answer in bench.ask()} == {200}
    assert judge(bench, drill) == "More than the load balancer is let in to the instances."


@pytest.mark.parametrize(("name", "anew"), [("next-release", False), ("new-colleague", False), ("bouncer", True)])
def test_a_reset_brings_it_back(name: str, anew: bool, bench: Bench) -> None:
    drill = ALL[name]
    training.start(bench, drill)
    told: list[str] = []
    bench.tell = told.append
    training.reset(bench, drill)
    assert ("building the stack anew" in told) is anew
    assert judge(bench) is None
