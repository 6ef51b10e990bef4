"""Invoke: call it, and check the promise

Calls the invoke URL with the test path, and looks once more at what this was all for: that the service is reached
through the API and in no other way.

**Why.** Everything can look right and still answer 500; only a call shows that it works.

**What is public now.** The API itself: anybody on the internet can call the invoke URL. AWS offers throttling
(stage settings, usage plans), resource policies (who, from where), and authorizers (IAM, Cognito, Lambda) against that.

**Takes** a moment; a fresh deployment may answer 403 or 500 for some seconds while it spreads. **Costs** one request.

**In the console:** Stages → the stage → Invoke URL.

```console
$ curl -i https://API.execute-api.REGION.amazonaws.com/prod/hello
```
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import httpx

from runbook import command_line
from runbook.aws import Aws
from runbook.calling import USER_AGENT, caller
from runbook.closing import Closing
from runbook.errors import CannotContinue
from runbook.outcome import Missing
from runbook.parameters import Parameters
from runbook.picture import Box, Place
from steps.load_balancer import LoadBalancer
from steps.preflight import PrivateService
from steps.roles import PublicEndpoint
from steps.security_group_ingress import Ingress
from steps.stage_variables import StageVariables
from steps.target_group import TargetGroup
from steps.targets import Targets

READS = ("expect_status", "test_path")
ONLY_LOOKS = True
SPREADS_WITHIN = 60.0  # AWS seconds we go on trying after a deployment; AWS gives no bound
_SHOWN = 2000  # characters of an answer that are kept

PUBLIC_NOTE = (
    "The API is public and asks nobody who they are. "
    "Against that AWS offers throttling, resource policies and authorizers."
)

BOX = Box(Place.URL, "Invoke URL", ("{url}", "{status} in {latency} ms"), hops=("dns-name",), short="Answer")
OUTPUTS = {"invoke-url": "url"}
CLOSING = Closing("Promise: through the API and in no other way", (("Invoke URL", "url"), ("Answer", "answered")))
CALLS = True


@dataclass(frozen=True, slots=True)
class Promise:
    """One part of "through the API and in no other way"."""

    promise: str
    kept: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class Invocation:
    """What the invoke URL answered."""

    url: str
    status: int
    # What differs from call to call says nothing about the stack, so two invocations that differ only there are equal.
    latency: int = field(compare=False)
    """Milliseconds, as seen from here."""
    served_by: str = field(compare=False)
    """The instance that the answer names; empty when it names none."""
    content_type: str
    answer: str = field(compare=False)
    promises: tuple[Promise, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def answered(self) -> str:
        """How it answered, and which instance."""
        return f"{self.status} in {self.latency} ms{f', served by {self.served_by}' if self.served_by else ''}"

    @property
    def summary(self) -> str:
        """In a line, how it stands."""
        return f"GET {self.url} answers {self.status}"


def check(
    aws: Aws,
    params: Parameters,
    service: PrivateService,
    group: TargetGroup,
    balancer: LoadBalancer,
    ingress: Ingress,
    targets: Targets,
    endpoint: PublicEndpoint,
    variables: StageVariables,
) -> Invocation | Missing:
    """Call the invoke URL once."""
    del aws, targets, variables
    url = f"{endpoint.invoke_url}{params.test_path}"
    began = time.monotonic()
    try:
        with caller(url) as client:
            response = client.get(url, headers=USER_AGENT)
    except httpx.HTTPError as error:
        return Missing(f"GET {url} got no answer: {error or type(error).__name__}")
    latency = round(1000 * (time.monotonic() - began))
    answer = response.text[:_SHOWN]
    if not _as_expected(response.status_code, params):
        wanted = f"{params.expect_status}" if params.expect_status else "below 400"
        return Missing(f"GET {url} answered {response.status_code} (wanted {wanted}): {_one_line(answer)}")
    return Invocation(
        url=url,
        status=response.status_code,
        latency=latency,
        served_by=next((instance.id for instance in service.instances if instance.id in response.text), ""),
        content_type=response.headers.get("content-type", ""),
        answer=answer,
        promises=_promises(group, balancer, ingress),
        notes=(PUBLIC_NOTE,),
    )


def do(
    aws: Aws,
    params: Parameters,
    service: PrivateService,
    group: TargetGroup,
    balancer: LoadBalancer,
    ingress: Ingress,
    targets: Targets,
    endpoint: PublicEndpoint,
    variables: StageVariables,
) -> Invocation:
    """Call the invoke URL until it answers as expected. Raises :class:`CannotContinue` with the last answer."""
    latest = ""
    waited = 0.0

    def ready() -> Invocation | None:
        nonlocal latest, waited
        match check(aws, params, service, group, balancer, ingress, targets, endpoint, variables):
            case Missing(why):
                latest = why
            case invocation:
                return invocation
        waited += 3.0
        if waited > SPREADS_WITHIN:
            command = command_line.runbook("trace", arguments=[f"{endpoint.invoke_url}{params.test_path}"])
            raise CannotContinue(f"{latest}. To see which hop breaks it: {command}")
        return None

    return aws.wait_until(
        ready,
        what="the invoke URL to answer as expected",
        state=lambda: latest,
        usual=5.0,
        every=3.0,
        limit=2 * SPREADS_WITHIN,
    )


def undo(aws: Aws, params: Parameters) -> None:
    """Nothing was made here."""


def _as_expected(status: int, params: Parameters) -> bool:
    return status == params.expect_status if params.expect_status else status < 400


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:200]}…"


def _promises(group: TargetGroup, balancer: LoadBalancer, ingress: Ingress) -> tuple[Promise, ...]:
    public = "; ".join(f"{rule.id} lets in {rule.source} on {rule.ports}" for rule in ingress.open_to_internet)
    return (
        Promise("the load balancer is internal", balancer.scheme == "internal", balancer.scheme),
        Promise(
            "the instances see the real client, not the load balancer, unless it came over the link",
            group.preserves_client_ip,
            f"preserve_client_ip.enabled={str(group.preserves_client_ip).lower()}",
        ),
        Promise(
            "no rule lets the internet reach the instances on the traffic port",
            not ingress.open_to_internet,
            public or f"{ingress.security_group} has none",
        ),
    )
