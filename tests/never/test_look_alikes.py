"""In accounts full of look-alikes nothing of others is changed or deleted, or so much as named, whatever is run.

Which look-alikes there are, when they come, and what is run among them is generated.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import Phase, event, example, given, settings
from hypothesis import strategies as st

from drills import training
from drills.bench import Bench
from drills.catalogue import cut_line, doorbell, half_asleep, lost_number, not_me, wrong_connection, wrong_key
from drills.model import Drill
from runbook.accounts import Account, Kind, connect
from runbook.errors import NotOurs, RunbookError
from runbook.events import Outcome
from runbook.parameters import validated
from runbook.record import STACK
from runbook.rollback import rollback
from runbook.trace import parse_target, trace
from tests.never.crowd import KINDS, Crowd, LookAlike, look_alikes
from tests.never.recorder import Recorder
from tests.stack import PLAN, Ended, Stack
from tests.steps.parts import Parts

FEW = settings(
    max_examples=max(settings().max_examples // 12, 5),
    phases=[Phase.explicit, Phase.generate],
    report_multiple_bugs=False,
)
"""An example takes a second or two; to shrink one would take as many minutes."""


# --- what is run ------------------------------------------------------------------------------------------------------


def _up(stack: Stack) -> Ended:
    return stack.up()


def _check(stack: Stack) -> Ended:
    ended = stack.check()
    assert ended.written == []
    return ended


def _adopt(stack: Stack) -> None:
    """Told to adopt, it takes nothing while there is one of ours."""
    if stack.check().unlike_ok == {}:
        assert stack.up(adopt=True).written == []


def _replace(stack: Stack) -> Ended:
    """What cannot be changed in place, too."""
    stack.machines(port=8080)
    return stack.up(port=8080, replace=True, route_root=True, tags={"team": "payments"})


def _repair(stack: Stack) -> Ended:
    """What is ours is changed by hand, as far as it is there."""
    parts = Parts(stack)
    for api in parts.gateway.get_rest_apis()["items"]:
        if api.get("tags", {}).get(STACK) == stack.name:
            for stage in parts.gateway.get_stages(restApiId=api["id"])["item"]:
                wrong = {"op": "replace", "path": "/variables/VPCLINK", "value": "wrong"}
                parts.gateway.update_stage(restApiId=api["id"], stageName=stage["stageName"], patchOperations=[wrong])
    parts.let_in("10.201.0.1/32", low=9, high=9, tags={STACK: stack.name})
    return stack.up()


def _trace(stack: Stack) -> None:
    with stack.watching() as written:
        for target in (stack.name, *(f"{api['id']}/prod/x" for api in stack.aws.apigateway.get_rest_apis()["items"])):
            with contextlib.suppress(RunbookError):  # there may be no such stack
                trace(stack.aws, parse_target(target, stack.aws, path="/hello"))
    assert written == []


def _rollback(stack: Stack) -> None:
    with contextlib.suppress(RunbookError):
        rollback(stack.aws, stack.name)


def _down(stack: Stack) -> Ended:
    return stack.down()


def _undo(step: str) -> Callable[[Stack], Ended]:
    return lambda stack: stack.run_step_undo(step)


RUNS: Mapping[str, Callable[[Stack], Ended | None]] = {
    "up": _up,
    "check": _check,
    "adopt": _adopt,
    "replace": _replace,
    "repair": _repair,
    "trace": _trace,
    "rollback": _rollback,
    "down": _down,
    **{f"undo {step}": _undo(step) for step in PLAN.ids},
}


# --- the steps --------------------------------------------------------------------------------------------------------


ONE_OF_EACH = [
    LookAlike(kind, name, ((STACK, "demo2"),))
    for kind, name in zip(KINDS, itertools.cycle(("demo2", "Demo")), strict=False)
]
OF_THE_VERY_NAME = [
    LookAlike("rest api", "demo", ((STACK, "Demo"),), part_tagged=True),
    LookAlike("rest api", "demo"),
    LookAlike("vpc link", "demo", ((STACK, "demo "),)),
    LookAlike("vpc link", "demo", ((STACK, "dem"),), to_ours=True),
    LookAlike("rule", "demo", ((STACK, "DEMO"),)),
    LookAlike("load balancer", "demo", (("Runbook:Stack", "demo"),), part_tagged=True, to_ours=True),
]


@FEW
@given(
    crowd=st.one_of(*(look_alikes("demo", in_the_way=each) for each in (False, True))),
    there=st.sampled_from(["", *PLAN.ids, *[PLAN.ids[-1]] * len(PLAN.ids)]),
    runs=st.lists(st.sampled_from([*RUNS]), max_size=3),
)
@example(crowd=ONE_OF_EACH, there="", runs=["up", "replace"])
@example(crowd=OF_THE_VERY_NAME, there=PLAN.ids[-1], runs=["trace", "adopt", "repair", "replace"])
def test_nothing_of_others_is_touched(
    stack: Stack, recorder: Recorder, crowd: list[LookAlike], there: str, runs: list[str]
) -> None:
    """Before the stack is begun, half-way (all up to a step is there), or beside a finished one."""
    stack.account.reset()
    others = Crowd(stack, "demo", recorder)
    others.look()
    if there:
        stack.up_to(there)
    others.gather(crowd)
    blocked = any(each.is_in_the_way("demo") for each in crowd)

    for name in (*runs, "up", "down"):
        ended = RUNS[name](stack)
        assert others.hurt() == [], name
        if ended is not None and not blocked and name in ("up", "down"):
            assert ended.finished.worst is None, {step: ended.reason(step) for step in ended.unlike_ok}
        event(f"{name}: {ended.finished.worst if ended else None}")
    if not blocked:
        assert others.more() == []


def test_what_is_in_the_way_stops_it(stack: Stack, recorder: Recorder) -> None:
    kinds = ("target group", "load balancer", "vpc link", "rest api")
    others = Crowd(stack, "demo", recorder)
    others.look()
    others.gather([LookAlike(kind, "demo") for kind in kinds])

    ended = stack.up()

    failed = {name for name, outcome in ended.outcomes.items() if outcome is Outcome.FAILED}
    assert failed == {"target-group", "load-balancer", "rest-api"}
    assert all(isinstance(ended.steps[name].cause, NotOurs) for name in failed)
    assert recorder.changes == []


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


# --- the drills -------------------------------------------------------------------------------------------------------


DRILLS = {
    drill.id: drill
    for drill in map(Drill.of, (cut_line, doorbell, half_asleep, lost_number, not_me, wrong_connection, wrong_key))
}


@pytest.fixture
def practice(stack: Stack) -> Account:
    return replace(connect(Kind.PRACTICE, validated({}), endpoint_url=stack.account.url), aws=stack.aws)


@settings(FEW, max_examples=FEW.max_examples // 2)
@given(
    crowd=st.one_of(*(look_alikes("drill", in_the_way=each, reaching=False) for each in (False, True))),
    when=st.sampled_from(["first", "begun", "gone"]),
    drills=st.lists(st.sampled_from([*DRILLS]), min_size=1, max_size=2),
    mended=st.booleans(),
)
@example(
    crowd=[replace(each, name="drill", to_ours=False) for each in OF_THE_VERY_NAME],
    when="begun",
    drills=["lost-number"],
    mended=True,
)
@example(
    crowd=[LookAlike(kind, "drill", ((STACK, "Drill"),)) for kind in KINDS],
    when="gone",
    drills=["doorbell"],
    mended=False,
)
@example(crowd=[LookAlike("load balancer", "drill", elsewhere=True)], when="first", drills=["doorbell"], mended=True)
def test_drills_touch_nothing_of_others(
    stack: Stack,
    practice: Account,
    recorder: Recorder,
    crowd: list[LookAlike],
    when: str,
    drills: list[str],
    mended: bool,
) -> None:
    """They were there first, come when a drill has its stack, or when that is gone; outside the drill's own VPC."""
    stack.account.reset()
    bench = Bench(practice, validated({"stack": "drill"}))
    others = Crowd(stack, "drill", recorder)
    others.look()
    if when != "first":
        training.reset(bench, DRILLS[drills[0]])
    if when == "gone":
        bench.down()
    others.gather(crowd)
    blocked = any(each.is_in_the_way("drill") for each in crowd)

    for name in drills:
        work: tuple[Callable[[Bench, Drill], object], ...] = (training.start, lambda bench, drill: drill.mend(bench))
        for act in (*work[: 1 + mended], training.reset):
            try:
                act(bench, DRILLS[name])
            except RunbookError:
                assert blocked
            assert others.hurt() == [], name
    try:
        bench.down()
    except RunbookError:
        assert blocked
    assert others.hurt() == []
