"""Back to the deployment before: the stage serves again what it served, the configuration stays as it is.

Deployments are snapshots that AWS keeps until they are deleted, so going back is one change of the stage. What is
configured then differs from what is served: ``check`` says so, and the next ``up`` would deploy it again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from runbook.aws import CURRENT_STEP, Aws
from runbook.errors import BadInput, CannotContinue, NotOurs, quoted
from runbook.events import Action, Outcome, RunFinished, RunStarted, StepChecked, StepFinished, StepStarted
from runbook.failures import explained
from runbook.log import RunLog
from runbook.outcome import Change, Difference
from runbook.parameters import Parameters
from runbook.path import gateway
from runbook.permissions import CHANGE_OUR_API, LIST_APIS_AND_LINKS, LOOK_AT_OUR_API, ROLLBACK
from runbook.record import is_ours
from runbook.stacks import no_such_stack
from steps import rest_api
from steps.tracks import TRACKS

if TYPE_CHECKING:
    from runbook.accounts import Account

__all__ = ["Way", "kept", "rollback", "way_back"]

PERMISSIONS = (
    LIST_APIS_AND_LINKS.allow(ROLLBACK, actions="apigateway:GET"),
    LOOK_AT_OUR_API.allow(ROLLBACK, actions="apigateway:GET"),
    CHANGE_OUR_API.allow(ROLLBACK, actions="apigateway:PATCH"),
)


@dataclass(frozen=True, slots=True)
class Way:
    """The way back: what a stage serves, and what it served before."""

    api: str
    stage: str
    invoke_url: str
    served: str
    """Id of the deployment that the stage serves."""
    before: str
    """Id of the deployment that was made before that one, and when."""
    made: datetime


def rollback(aws: Aws, stack: str, stage: str | None = None) -> Way:
    """Point a stage of the stack's API at the deployment before the one that it serves. Raises as :func:`way_back`."""
    way = way_back(aws, stack, stage)
    aws.apigateway.update_stage(
        restApiId=way.api,
        stageName=way.stage,
        patchOperations=[{"op": "replace", "path": "/deploymentId", "value": way.before}],
    )
    return way


def way_back(aws: Aws, stack: str, stage: str | None = None) -> Way:
    """Look what :func:`rollback` would do.

    ``stage`` may be left out while there is one. Raises :class:`BadInput`, :class:`NotOurs` and
    :class:`CannotContinue` when there is no deployment before.
    """
    api = rest_api.find(aws, stack)
    if api is None:
        raise BadInput(
            "stack", f"{quoted(stack)} has no REST API in {aws.region}.", str(no_such_stack(aws, stack) or "")
        )
    if not is_ours(api.tags, stack):
        raise NotOurs("REST API", api.name, api.id, stack)
    stages = {item["stageName"]: item["deploymentId"] for item in gateway.stages(aws, api.id)}
    if stage is None and len(stages) == 1:
        (stage,) = stages
    if stage not in stages:
        given = f"API {api.name} has no stage {stage!r}" if stage else f"API {api.name} has several stages"
        raise BadInput("stage", f"{given}.", f"There are: {', '.join(sorted(stages)) or 'none'}.")
    history = gateway.deployments(aws, api.id)
    at = next((number for number, item in enumerate(history) if item["id"] == stages[stage]), len(history))
    if at + 1 >= len(history):
        raise CannotContinue(f"Stage {stage} serves the oldest deployment there is: there is none to go back to.")
    before = history[at + 1]
    return Way(api.id, stage, aws.invoke_url(api.id, stage), stages[stage], before["id"], before["createdDate"])


def kept(account: Account, params: Parameters, stage: str | None = None) -> Way:
    """:func:`rollback`, with a log as of any run: who, where, what was served before, and every AWS request."""
    aws, step, began = account.aws, "deployment", time.monotonic()
    plan = TRACKS.default.plan
    log = RunLog.of(TRACKS, account, stack=params.stack, action=Action.ROLLBACK, face="cli")
    outcome, cause = Outcome.FAILED, None
    change, done = Change.NONE, ""
    token = CURRENT_STEP.set(step)
    try:
        identity = aws.identity()
        log.write(
            RunStarted(
                action=Action.ROLLBACK,
                parameters=params,
                region=identity.region,
                steps=(step,),
                account=identity.account,
                caller=identity.arn,
            )
        )
        log.write(StepStarted(step=step, action=Action.ROLLBACK))
        with aws.observed(log.write, aws.control):
            way = rollback(aws, params.stack, stage)
        outcome = Outcome.DONE
        changes = (Difference("deployment", way.served, way.before),)
        change, done = Change.UPDATE, changes[0].repaired
        log.write(StepChecked(step=step, outcome=Outcome.DRIFTED, reason=str(changes[0]), differences=changes))
        return way
    except Exception as error:
        cause = error
        raise
    finally:
        CURRENT_STEP.reset(token)
        took, permissions = time.monotonic() - began, (*plan.permissions, *PERMISSIONS)
        why = explained(cause, permissions=permissions) if cause else done
        log.write(StepFinished(step=step, outcome=outcome, duration=took, reason=why, change=change, cause=cause))
        log.write(RunFinished(action=Action.ROLLBACK, outcomes={step: outcome}, duration=took))
        log.close()
