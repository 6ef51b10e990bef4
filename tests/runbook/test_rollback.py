"""The stage goes back to the deployment before; the configuration stays."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from runbook.errors import BadInput, CannotContinue, NotOurs
from runbook.events import Outcome
from runbook.path.gateway import deployments
from runbook.rollback import rollback
from steps.deployment import KEPT
from tests.stack import Stack


def _api(stack: Stack) -> str:
    (api,) = stack.aws.apigateway.get_rest_apis()["items"]
    return str(api["id"])


def _configure(stack: Stack, timeout: int) -> None:
    """Change something that only a deployment makes live."""
    gateway: Any = stack.aws.apigateway
    (resource,) = [item for item in gateway.get_resources(restApiId=_api(stack))["items"] if item["path"] != "/"]
    stack.clock.advance(60)
    gateway.update_integration(
        restApiId=_api(stack),
        resourceId=resource["id"],
        httpMethod="ANY",
        patchOperations=[{"op": "replace", "path": "/timeoutInMillis", "value": str(timeout)}],
    )


def test_serves_again_what_it_served(finished: Stack) -> None:
    stack = finished
    (first,) = deployments(stack.aws, _api(stack))
    stack.clock.advance(60)
    assert stack.up(route_root=True).outcomes["deployment"] is Outcome.DONE
    (stage,) = stack.aws.apigateway.get_stages(restApiId=_api(stack))["item"]
    url = stack.aws.invoke_url(_api(stack), "prod")
    assert httpx.get(f"{url}/").status_code == 200

    back = rollback(stack.aws, "demo")
    assert (back.served, back.before) == (stage["deploymentId"], first["id"])
    assert back.made == first["createdDate"]
    assert back.invoke_url == url
    assert httpx.get(f"{url}/").status_code == 403  # the root was not routed then
    assert httpx.get(f"{url}/hello").status_code == 200

    looked = stack.check()
    assert looked.outcomes["deployment"] is Outcome.DRIFTED
    assert looked.reason("deployment").startswith(f"deployment is {first['id']}, should be {stage['deploymentId']}; ")
    assert looked.written == []
    with pytest.raises(CannotContinue, match="none to go back to"):
        rollback(stack.aws, "demo", "prod")
    stack.clock.advance(60)
    again = stack.up()
    assert again.finished.worst is None
    assert again.written == ["UpdateStage"]  # what is configured was deployed before, and still is there
    assert httpx.get(f"{url}/").status_code == 200


def test_the_last_few_deployments_are_kept(finished: Stack) -> None:
    for number in range(KEPT + 2):
        _configure(finished, 20000 + number)
        assert finished.up().finished.worst is None
    assert len(deployments(finished.aws, _api(finished))) == KEPT
    for _ in range(KEPT - 1):
        rollback(finished.aws, "demo")
    with pytest.raises(CannotContinue):
        rollback(finished.aws, "demo")


def test_says_what_is_wrong(stack: Stack) -> None:
    with pytest.raises(BadInput, match="no REST API"):
        rollback(stack.aws, "demo")
    stack.aws.apigateway.create_rest_api(name="demo-api")
    with pytest.raises(NotOurs):
        rollback(stack.aws, "demo")


def test_several_stages_must_be_told_apart(finished: Stack) -> None:
    (deployment,) = deployments(finished.aws, _api(finished))
    finished.aws.apigateway.create_stage(restApiId=_api(finished), stageName="test", deploymentId=deployment["id"])
    with pytest.raises(BadInput, match=r"several stages.*prod, test"):
        rollback(finished.aws, "demo")
    with pytest.raises(BadInput, match="no stage 'nix'"):
        rollback(finished.aws, "demo", "nix")
