"""What is asked for beside the hops: TestInvokeMethod's log, and the stage's execution log lines."""

from __future__ import annotations

import time

from botocore.exceptions import ClientError

from runbook.aws import Aws, code_of
from runbook.errors import TookTooLong
from runbook.failures import explained
from runbook.path.configuration import Configuration
from runbook.redaction import redacted
from runbook.trace.aim import aim_at
from runbook.trace.answer import Answer
from runbook.trace.model import TestInvoke
from runbook.trace.permissions import PERMISSIONS
from runbook.trace.survey import Survey
from runbook.trace.target import Target

__all__ = ["execution_log", "invoke_test"]

# Log lines show up seconds after the request; AWS gives no bound.
_LOGGED_WITHIN = 30.0  # AWS seconds


def invoke_test(aws: Aws, seen: Survey, target: Target) -> TestInvoke:
    """Run what is configured once, with the stage's variables. It calls the backend."""
    front = seen.front
    if not isinstance(front.configured, Configuration):
        return TestInvoke(problem="What is configured could not be looked at.")
    method = aim_at(front, front.configured, target).met
    if method is None:
        return TestInvoke(problem=f"No configured method answers {target.method} {target.path}.")
    try:
        answer = aws.apigateway.test_invoke_method(
            restApiId=target.api_id,
            resourceId=method.resource,
            httpMethod=method.verb if method.verb != "ANY" else target.method,
            pathWithQueryString=target.path + (f"?{target.query}" if target.query else ""),
            headers=dict(target.headers),
            stageVariables=dict(front.variables),
        )
    except ClientError as error:
        return TestInvoke(problem=explained(error, permissions=PERMISSIONS))
    return TestInvoke(answer.get("status"), answer.get("latency"), redacted(answer.get("log", "")))


def execution_log(aws: Aws, seen: Survey, target: Target, answer: Answer) -> tuple[str, ...]:
    """The lines about the request that was sent, or one that says why there are none."""
    stage = seen.front.stage
    if not isinstance(stage, dict):
        return ("There is no stage whose log could be read.",)
    levels = {settings.get("loggingLevel", "OFF") for settings in stage.get("methodSettings", {}).values()} - {
        "OFF",
        None,
    }
    if not levels:
        return (f"Execution logging of stage {target.stage} is off.",)
    if not answer.request_id:
        return ("The answer names no request id to look for.",)
    group = f"API-Gateway-Execution-Logs_{target.api_id}/{target.stage}"
    since = int((time.time() - 300) * 1000)

    def look() -> tuple[str, ...] | None:
        pages = aws.logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=since, filterPattern=f'"{answer.request_id}"'
        )
        events = [event for page in pages for event in page["events"]]
        events.sort(key=lambda event: event.get("timestamp", 0))
        return tuple(redacted(event.get("message", "").rstrip("\n")) for event in events) or None

    try:
        return aws.wait_until(look, what="the request's log lines", usual=5.0, every=2.0, limit=_LOGGED_WITHIN)
    except TookTooLong:
        return (f"No line about request {answer.request_id} in {group} (level {', '.join(sorted(levels))}).",)
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return (f"There is no log group {group} yet.",)
        return (explained(error, permissions=PERMISSIONS),)
