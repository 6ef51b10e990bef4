"""In accounts full of look-alikes nothing of others is changed or deleted, whatever is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from drills import training
from drills.bench import Bench
from drills.catalogue import cut_line, doorbell, lost_number, wrong_key
from drills.judging import judge
from drills.model import Drill
from runbook.accounts import Kind, connect
from runbook.errors import CannotContinue, NotOurs
from runbook.events import Outcome
from runbook.parameters import validated
from runbook.trace import parse_target, trace
from tests.never.crowd import Crowd
from tests.stack import Stack
from tests.steps.parts import Parts


def test_among_look_alikes_a_stack_is_made_changed_replaced_and_taken_down(stack: Stack) -> None:
    """Names that only begin or end like ours, tags that only look like ours."""
    crowd = Crowd(stack, "demo").gather(also_our_names=False)
    # The name itself with marks that are not ours stands in the way of APIs and links: see below.
    for kind in ("api", "link"):
        _rename(crowd, kind)
    crowd.before = crowd.stock()

    assert stack.up().finished.worst is None
    assert crowd.hurt() == {}
    assert stack.check().unlike_ok == {}

    stack.machines(port=8080)
    ended = stack.up(port=8080, replace=True, route_root=True, tags={"team": "payments"})
    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    assert crowd.hurt() == {}

    assert stack.down().finished.worst is None
    assert crowd.hurt() == {}
    assert crowd.more() == {}


def _rename(crowd: Crowd, kind: str) -> None:
    gateway = crowd.clients["apigateway"]
    if kind == "api":
        for api in gateway.get_rest_apis()["items"]:
            if api["name"] == f"{crowd.name}-api":
                patch = {"op": "replace", "path": "/name", "value": f"{crowd.name}-api-"}
                gateway.update_rest_api(restApiId=api["id"], patchOperations=[patch])
        return
    for link in gateway.get_vpc_links()["items"]:
        if link["name"] == f"{crowd.name}-link":
            patch = {"op": "replace", "path": "/name", "value": f"{crowd.name}-link-"}
            gateway.update_vpc_link(vpcLinkId=link["id"], patchOperations=[patch])


@pytest.fixture
def surrounded(finished: Stack) -> Crowd:
    """A finished stack, and then others come: of the same names too, where names are not unique."""
    finished.clock.advance(3600)
    return Crowd(finished, "demo").gather(also_our_names=True)


def _check(stack: Stack) -> None:
    assert stack.check().unlike_ok == {}


def _up(stack: Stack) -> None:
    assert stack.up().written == []


def _drift(stack: Stack) -> None:
    """What is ours is changed by hand, and repaired."""
    parts = Parts(stack)
    api = next(each["id"] for each in parts.gateway.get_rest_apis()["items"] if _is_ours(each))
    stage = {"restApiId": api, "stageName": "prod"}
    parts.gateway.update_stage(
        **stage, patchOperations=[{"op": "replace", "path": "/variables/VPCLINK", "value": "wrong"}]
    )
    parts.let_in("10.201.0.1/32", low=9, high=9, tags={"runbook:stack": "demo"})
    parts.elb.deregister_targets(TargetGroupArn=parts.group, Targets=[{"Id": stack.service.instances[0]}])
    stack.clock.advance(600)
    ended = stack.up()
    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}


def _is_ours(item: object) -> bool:
    assert isinstance(item, dict)
    return item.get("tags", {}).get("runbook:stack") == "demo"


def _trace(stack: Stack) -> None:
    with stack.watching() as written:
        for target in ("demo", *(each["id"] + "/prod/x" for each in _apis(stack))):
            trace(stack.aws, parse_target(target, stack.aws, path="/hello"))
    assert written == []


def _apis(stack: Stack) -> list[dict[str, str]]:
    return list(stack.aws.apigateway.get_rest_apis()["items"])[:3]  # type: ignore[arg-type]


def _adopt(stack: Stack) -> None:
    """Told to adopt, it takes nothing while there is one of ours."""
    assert stack.up(adopt=True).written == []


def test_beside_look_alikes_of_the_very_name_only_what_is_ours_is_touched(surrounded: Crowd) -> None:
    stack = surrounded.stack
    mine = surrounded.before
    runs: tuple[Callable[[Stack], None], ...] = (_check, _up, _adopt, _trace)
    for run in runs:
        run(stack)
        assert surrounded.stock() == mine, run.__name__

    _drift(stack)
    theirs = _without_ours(surrounded)
    assert theirs == [], theirs

    for step in ("stage-variables", "targets", "listener", "deployment", "integration", "security-group-ingress"):
        assert stack.run_step_undo(step).finished.worst is None
        assert _without_ours(surrounded) == [], step

    assert stack.down().finished.worst is None
    assert _without_ours(surrounded) == []
    assert not any("demo" in str(each) for each in surrounded.more().values())


def _without_ours(crowd: Crowd) -> list[object]:
    """What is lost of what was there and was not ours."""
    lost = [item for items in crowd.hurt().values() for item in items]
    return [item for item in lost if not _of_ours(item)]


def _of_ours(item: object) -> bool:
    text = str(item)
    return (
        "'Key': 'runbook:stack', 'Value': 'demo'}" in text
        or "'runbook:stack': 'demo'}" in text
        or "'runbook:stack': 'demo'," in text
        or "ELB net/demo-nlb/" in text
    )


def test_look_alikes_that_are_in_the_way_stop_it_before_anything_of_theirs_is_touched(stack: Stack) -> None:
    crowd = Crowd(stack, "demo").gather(also_our_names=True)

    ended = stack.up()

    failed = {name for name, outcome in ended.outcomes.items() if outcome is Outcome.FAILED}
    assert "rest-api" in failed
    assert all(isinstance(ended.steps[name].cause, NotOurs) for name in failed)
    assert crowd.hurt() == {}
    assert stack.down().finished.worst is None
    assert crowd.hurt() == {}
    assert crowd.more() == {}


def test_a_rule_of_others_that_lets_in_the_same_is_used_and_left(stack: Stack) -> None:
    stack.up_to("nlb-addresses")
    parts = Parts(stack)
    address = next(
        each["PrivateIpAddress"]
        for each in parts.ec2.describe_network_interfaces()["NetworkInterfaces"]
        if each["InterfaceType"] == "network_load_balancer"
    )
    theirs = parts.let_in(f"{address}/32")
    assert stack.up().finished.worst is None
    assert stack.down().finished.worst is None
    assert [rule["SecurityGroupRuleId"] for rule in parts.rules] == [theirs]


@pytest.fixture
def bench(stack: Stack) -> Bench:
    account = replace(connect(Kind.PRACTICE, validated({}), endpoint_url=stack.account.url), aws=stack.aws)
    return Bench(account, validated({"stack": "drill"}))


@pytest.mark.timeout(300)
def test_drills_change_nothing_of_look_alikes(stack: Stack, bench: Bench) -> None:
    """Drills of three hops, each started, judged, mended and reset; all of the very name came after the first began."""
    crowd = Crowd(stack, "drill")
    theirs = [(kind, item) for kind, items in crowd.stock().items() for item in items]
    drills = [Drill.of(module) for module in (lost_number, doorbell, wrong_key)]
    training.reset(bench, drills[0])
    mine = crowd.stock()
    crowd.gather(also_our_names=True)
    theirs += [(kind, item) for kind, items in crowd.before.items() for item in items if item not in mine[kind]]

    def hurt() -> list[object]:
        now = crowd.stock()
        return [item for kind, item in theirs if item not in now[kind]]

    for drill in drills:
        training.strike(bench, drill)
        assert hurt() == [], drill.id
        assert judge(bench, drill)
        drill.mend(bench)
        bench.wait(lambda drill=drill: judge(bench, drill) is None or None, what="it")  # type: ignore[misc]
        assert hurt() == [], drill.id
        drill.sabotage(bench)
        training.reset(bench, drill)
        assert judge(bench) is None
        assert hurt() == [], drill.id

    # With no link of ours left, those of the name stand in the way: that is said, and they are left alone.
    cut = Drill.of(cut_line)
    cut.sabotage(bench)
    with pytest.raises(CannotContinue, match="Stack drill has no VPC link"):
        bench.link.id  # noqa: B018
    for work in (cut.mend, lambda bench: training.reset(bench, cut)):
        with pytest.raises(CannotContinue, match="is not tagged as part of stack 'drill', so it is left alone"):
            work(bench)
    bench.down()
    assert hurt() == []
