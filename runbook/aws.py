"""One AWS account and region, as the steps talk to it.

Steps use ordinary typed boto3 clients (``aws.elbv2.describe_load_balancers(...)``). What the runbook adds hangs on
botocore's own event hooks, so that a step reads like any other boto3 code: every request is told to the observer,
reads are remembered within a pass, throttling is waited out at the pace of the quota that was hit, and what AWS does
not make idempotent is never resent blindly.
"""

from __future__ import annotations

import contextlib
import contextvars
import copy
import ipaddress
import itertools
import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit
from xml.etree import ElementTree

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from botocore.hooks import HierarchicalEmitter

from runbook.answers import readable
from runbook.bounded import BoundedSession
from runbook.control import Control
from runbook.errors import Stopped, TookTooLong
from runbook.events import CallAnswered, CallSent, Event, Noted, QuotaWaited, Waited
from runbook.operations import Operations
from runbook.quotas import RequestQuota, is_throttled

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef, NetworkInterfaceTypeDef
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import TagTypeDef
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sts import STSClient

__all__ = ["CURRENT_STEP", "LOST", "Aws", "Identity", "code_of", "on_loopback"]

T = TypeVar("T")
U = TypeVar("U")

CURRENT_STEP: contextvars.ContextVar[str | None] = contextvars.ContextVar("step", default=None)
"""The step on whose behalf this thread talks to AWS; set by the engine, told with every call."""

_WAITING: contextvars.ContextVar[bool] = contextvars.ContextVar("waiting", default=False)
_FRESH: contextvars.ContextVar[bool] = contextvars.ContextVar("fresh", default=False)

LOST = (HTTPClientError, NoConnection)
"""No answer came: the request may have been carried out, or not."""

ANSWERS_WITHIN = 30.0
"""Wall seconds that an answer may take before it counts as lost. AWS answers within seconds on this path."""

_FAULT_TRIES = 4
_CONCURRENT_TRIES = 8

_LONGEST_BACKOFF = 20.0
"""AWS seconds added at most, at random, to the interval of a quota."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking: 12-digit account, the caller's ARN, region and partition (``aws``, ``aws-cn``, ``aws-us-gov``)."""

    account: str
    arn: str
    region: str
    partition: str


REGION = "Region"
SERVICE = "Service"
"""What the metadata of an error that AWS answered has besides: the region and the service that were asked."""


def code_of(error: ClientError) -> str:
    """AWS's error code, such as ``NotFoundException``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def on_loopback(url: str) -> bool:
    """Whether a URL leads to this machine itself, as a practice account's do."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_read(operation: str) -> bool:
    return operation.startswith(("Get", "Describe", "List"))


@dataclass
class _Memory:
    """Reads of one pass: who asks while the same question is under way shares its answer."""

    enabled: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    answers: dict[tuple[str, str, str], Future[tuple[AWSResponse, dict[str, Any]]]] = field(default_factory=dict)

    def forget(self) -> None:
        """Forget everything."""
        with self.lock:
            self.answers.clear()

    def forget_after(self, service: str, operation: str, about: Callable[[str], frozenset[str]]) -> None:
        """Forget what a write may have changed."""
        topics = about(operation)
        with self.lock:
            for key in [key for key in self.answers if key[0] == service and topics & about(key[1])]:
                del self.answers[key]


class _Crowding:
    """How far apart looks are, so that many runs of one account leave each other room in its quota."""

    LONGEST = 30.0
    MOST = 8.0

    def __init__(self) -> None:
        self._factor = 1.0

    def more(self) -> None:
        """A request was throttled: look half as often."""
        self._factor = min(self.MOST, self._factor * 2.0)

    def less(self) -> None:
        """A look was answered: look somewhat more often again."""
        self._factor = max(1.0, self._factor * 0.9)

    def between_looks(self, every: float, to_go: float) -> float:
        """AWS seconds until the next look at what usually takes so long yet, or is so much overdue.

        A tenth of that costs little beside the wait itself; alone, and close to the usual time, it is ``every``.
        """
        longest = min(max(every, self.LONGEST), max(every, abs(to_go) / 10.0) * self._factor)
        return every + (longest - every) * random.uniform(0.75, 1.0)


class Aws:
    """An account and region. ``pace`` is the wall seconds an AWS second takes: 1 on AWS, less on a practice account."""

    def __init__(
        self,
        session: boto3.Session,
        *,
        endpoint_url: str | None = None,
        pace: float = 1.0,
        invoke_url_form: str | None = None,
        control: Control | None = None,
        observe: Callable[[Event], None] | None = None,
        operations: Operations | None = None,
    ) -> None:
        self.session = session
        self.endpoint_url = endpoint_url
        self.pace = pace
        self.control = control or Control()
        self.region: str = session.region_name
        self._invoke_url_form = invoke_url_form
        self._observe = observe or (lambda _event: None)
        self._operations = operations or Operations()
        self._memory = _Memory()
        self._crowding = _Crowding()
        self._waited_in_vain: set[RequestQuota] = set()  # whose patience is over, until a request gets through again
        self._calls = itertools.count(1)
        self._making_client = threading.Lock()

    # --- clients ------------------------------------------------------------------------------------------------

    @cached_property
    def ec2(self) -> EC2Client:
        """EC2: instances, subnets, security groups, network interfaces."""
        return cast("EC2Client", self._client("ec2"))

    @cached_property
    def elbv2(self) -> ElasticLoadBalancingv2Client:
        """Elastic Load Balancing: load balancers, target groups, listeners."""
        return cast("ElasticLoadBalancingv2Client", self._client("elbv2"))

    @cached_property
    def apigateway(self) -> APIGatewayClient:
        """API Gateway: REST APIs and V1 VPC links."""
        return cast("APIGatewayClient", self._client("apigateway"))

    @cached_property
    def apigatewayv2(self) -> ApiGatewayV2Client:
        """API Gateway's second interface: V2 VPC links."""
        return cast("ApiGatewayV2Client", self._client("apigatewayv2"))

    @cached_property
    def sts(self) -> STSClient:
        """Who am I."""
        return cast("STSClient", self._client("sts"))

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """CloudWatch Logs: the execution logs of stages."""
        return cast("CloudWatchLogsClient", self._client("logs"))

    def _client(self, service: str) -> Any:
        with self._making_client:
            client = self.session.client(
                service,  # type: ignore[call-overload]  # one of those above
                endpoint_url=self.endpoint_url,
                config=Config(
                    # A proxy of the environment cannot reach this machine's own loopback.
                    proxies={} if self.endpoint_url and on_loopback(self.endpoint_url) else None,
                    # Resending is ours to decide, see _resend.
                    retries={"total_max_attempts": 1, "mode": "standard"},
                    max_pool_connections=32,
                    connect_timeout=10,
                    read_timeout=ANSWERS_WITHIN,
                    user_agent_extra="apigw-vpc-runbook",
                ),
            )
        # botocore has no hook for this: those before sending replace the answer, those after it come too late.
        client._endpoint.http_session = BoundedSession(client._endpoint.http_session, ANSWERS_WITHIN)
        client._make_api_call = partial(_readably, client)  # nor for what a call hands back
        hooks = cast("HierarchicalEmitter", client.meta.events)
        hooks.register("provide-client-params", self._note_question)
        hooks.register_first("before-call", self._recall_or_announce)
        hooks.register_last("after-call", self._remember_and_tell)
        hooks.register("before-parse", _leave_out_foreign_body)
        hooks.register("after-call-error", self._tell_lost)
        hooks.register_first("needs-retry", self._resend)  # type: ignore[arg-type]  # the stub knows no answers
        return client

    # --- who and where ------------------------------------------------------------------------------------------

    def identity(self) -> Identity:
        """Account, ARN, region and partition of the caller."""
        answer = self.sts.get_caller_identity()
        return Identity(answer["Account"], answer["Arn"], self.region, answer["Arn"].split(":")[1])

    def now(self) -> datetime:
        """The time by AWS's clock, to the second: what AWS says was made then must not be judged by a laptop's."""
        headers = self.sts.get_caller_identity()["ResponseMetadata"]["HTTPHeaders"]
        return parsedate_to_datetime(headers["date"])

    def invoke_url(self, api_id: str, stage: str) -> str:
        """The stage's invoke URL, without a slash at its end."""
        form = self._invoke_url_form
        if form is None:
            # The partition's domain, wherever the control plane is asked (FIPS, dual stack, a VPC endpoint).
            form = f"https://{{api_id}}.execute-api.{self.region}.{_domain(self.session)}/{{stage}}"
        return form.format(api_id=api_id, stage=stage)

    def export(self, api_id: str, stage: str) -> bytes:
        """What a stage serves, as OpenAPI 3 in JSON with API Gateway's extensions."""
        answer = self.apigateway.get_export(
            restApiId=api_id,
            stageName=stage,
            exportType="oas30",
            parameters={"extensions": "apigateway"},
            accepts="application/json",
        )
        return answer["body"].read()

    def interfaces(self, *filters: FilterTypeDef) -> list[NetworkInterfaceTypeDef]:
        """The network interfaces that all filters let pass.

        Always page by page: "If you have a large number of network interfaces, the operation fails unless you use
        pagination" or one of a few filters (EC2 API reference, DescribeNetworkInterfaces).
        """
        pages = self.ec2.get_paginator("describe_network_interfaces").paginate(
            Filters=filters, PaginationConfig={"PageSize": 1000}
        )
        return [item for page in pages for item in page["NetworkInterfaces"]]

    def tags(self, arns: Sequence[str]) -> Iterator[tuple[str, list[TagTypeDef]]]:
        """Of load balancers, target groups and listeners, by ARN.

        "You can specify up to 20 resources in a single call" (Elastic Load Balancing, DescribeTags).
        """
        for start in range(0, len(arns), 20):
            for item in self.elbv2.describe_tags(ResourceArns=arns[start : start + 20]).get("TagDescriptions", []):
                yield item["ResourceArn"], item.get("Tags", [])

    # --- observing and remembering ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def observed(self, observe: Callable[[Event], None], control: Control) -> Iterator[None]:
        """Tell every call and wait to ``observe`` and obey ``control``, for one run."""
        before = (self._observe, self.control)
        self._observe, self.control = observe, control
        try:
            yield
        finally:
            self._observe, self.control = before

    @contextlib.contextmanager
    def remembering(self) -> Iterator[None]:
        """Remember reads until a write to the same service: one pass over the steps asks each question once.

        It waits for a quota in vain once, too: what needs it after that is tried, and not waited for.
        """
        self._memory.forget()
        self._waited_in_vain.clear()
        self._memory.enabled = True
        try:
            yield
        finally:
            self._memory.enabled = False
            self._memory.forget()

    def note(self, text: str) -> None:
        """Tell something that a person should know."""
        self._observe(Noted(step=CURRENT_STEP.get(), text=text))

    # --- waiting ------------------------------------------------------------------------------------------------

    def wait_until(
        self,
        ready: Callable[[], T | None],
        *,
        what: str,
        state: Callable[[], str] = lambda: "",
        usual: float,
        every: float,
        limit: float | None = None,
        at_once: bool = True,
        steady: bool = False,
    ) -> T:
        """Ask ``ready`` until it answers something, and tell every so many AWS seconds what is waited for.

        Not ``at_once`` when it was just begun and cannot be there yet.

        ``usual`` is how long AWS usually takes, in AWS seconds; the limit is six times that unless given. The further
        from it, and the more the account's quota is crowded, the longer between two looks, and never less than
        ``every``: what takes minutes is not asked for every few seconds, by one run nor by forty. If ``ready`` counts
        how long something lasts, it is asked ``steady`` every so many seconds instead.
        Raises :class:`TookTooLong`, :class:`Stopped`, and whatever ``ready`` raises.
        """
        limit = limit if limit is not None else max(6 * usual, 60.0)
        elapsed = 0.0
        while True:
            if at_once or elapsed > 0:
                waiting, fresh = _WAITING.set(True), _FRESH.set(elapsed > 0)
                try:
                    answer = ready()
                finally:
                    _WAITING.reset(waiting)
                    _FRESH.reset(fresh)
                self._crowding.less()
                if answer is not None:
                    return answer
            if elapsed >= limit:
                raise TookTooLong(
                    f"waited {elapsed:.0f} s for {what}, which usually takes {usual:.0f} s"
                    + (f"; AWS says: {said}" if (said := state()) else "")
                    + ". Run it again to go on waiting."
                )
            between = every if steady else self._crowding.between_looks(every, usual - elapsed)
            look = min(elapsed + between, limit)
            while elapsed < look:
                self._observe(Waited(step=CURRENT_STEP.get(), what=what, state=state(), elapsed=elapsed, usual=usual))
                pause = min(every, look - elapsed)
                self.pause(pause)
                elapsed += pause

    def pause(self, seconds: float) -> None:
        """Wait so many AWS seconds. Raises :class:`Stopped`."""
        self.control.wait(seconds * self.pace)

    def both(self, one: Callable[[], T], other: Callable[[], U]) -> tuple[T, U]:
        """Ask two things of AWS side by side. Raises what either raises."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            asked = pool.submit(contextvars.copy_context().run, other)
            return one(), asked.result()

    def side_by_side(
        self,
        questions: Sequence[Callable[[], T]],
        quota: RequestQuota,
        answered: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> list[T]:
        """Ask many things of AWS at once, begun no faster than their quota lets pass; answers in the same order.

        ``answered`` hears how many of them are. Raises what any of them raises, and :class:`Stopped`.
        """
        began, paused = time.monotonic(), 0.0
        futures: list[Future[T]] = []
        done = itertools.count(1)
        with ThreadPoolExecutor(max_workers=8) as pool:
            try:
                for number, question in enumerate(questions):
                    due = (number - quota.requests) * quota.interval * 1.1  # not all of it: others ask too
                    if (early := due - max(paused, (time.monotonic() - began) / self.pace)) > 0:
                        self.pause(early)
                        paused += early
                    future = pool.submit(contextvars.copy_context().run, question)
                    future.add_done_callback(lambda _: answered(next(done), len(questions)))
                    futures.append(future)
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    # --- botocore's hooks ---------------------------------------------------------------------------------------

    def _note_question(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["runbook_question"] = json.dumps(params, sort_keys=True, default=repr)

    def _recall_or_announce(self, model: Any, context: dict[str, Any], **_: Any) -> Any:
        self.control.go_on()
        operation, service = model.name, model.service_model.service_name
        writes = not _is_read(operation)
        # A streamed answer can be read only once, so it is not remembered.
        if self._memory.enabled and not writes and not model.has_streaming_output:
            key = (service, operation, context.get("runbook_question", ""))
            with self._memory.lock:
                known = None if _FRESH.get() and self._is_answered(key) else self._memory.answers.get(key)
                if known is None:
                    self._memory.answers[key] = context["runbook_answer"] = Future()
                    context["runbook_key"] = key
            if known is not None:
                with contextlib.suppress(Exception):  # the one that asked failed: ask for ourselves
                    response, parsed = known.result()
                    context["runbook_remembered"] = True
                    return response, copy.deepcopy(parsed)
                self.control.go_on()  # a stop may be why it failed, and may have come while we waited for it
        call = next(self._calls)
        context["runbook_model"] = model  # botocore tells no model when an answer is lost
        context["runbook_call"] = (call, time.monotonic())
        context["runbook_step"] = CURRENT_STEP.get()
        self._observe(
            CallSent(
                step=CURRENT_STEP.get(),
                service=service,
                operation=operation,
                writes=writes,
                call=call,
                poll=_WAITING.get() and not writes,
            )
        )
        return None

    def _is_answered(self, key: tuple[str, str, str]) -> bool:
        known = self._memory.answers.get(key)
        return known is not None and known.done()

    def _remember_and_tell(
        self,
        http_response: AWSResponse,
        parsed: dict[str, Any],
        model: Any,
        context: dict[str, Any],
        **_: Any,
    ) -> None:
        if context.get("runbook_remembered"):
            return
        error = parsed.get("Error", {}).get("Code", "") if http_response.status_code >= 300 else ""
        if error:  # so that whoever explains it, far from here, knows where it was
            parsed.setdefault("ResponseMetadata", {}).update(
                {REGION: self.region, SERVICE: model.service_model.service_name}
            )
        if answer := context.get("runbook_answer"):
            if _was_throttled(http_response, parsed) or http_response.status_code >= 500:
                self._drop(context)
            answer.set_result((http_response, copy.deepcopy(parsed)))
        if not _is_read(model.name):
            self._memory.forget_after(model.service_model.service_name, model.name, self._operations.about)
        metadata = parsed.get("ResponseMetadata", {})
        self._tell(model, context, error=error, request_id=str(metadata.get("RequestId", "")))

    def _tell_lost(self, exception: Exception, context: dict[str, Any], **_: Any) -> None:
        if answer := context.get("runbook_answer"):
            self._drop(context)
            answer.set_exception(exception)
        self._memory.forget()
        error = context.get("runbook_error") or type(exception).__name__
        self._tell(context["runbook_model"], context, error=error, request_id="")

    def _drop(self, context: dict[str, Any]) -> None:
        with self._memory.lock:
            if self._memory.answers.get(context["runbook_key"]) is context["runbook_answer"]:
                del self._memory.answers[context["runbook_key"]]

    def _tell(self, model: Any, context: dict[str, Any], *, error: str, request_id: str) -> None:
        call, began = context["runbook_call"]
        self._observe(
            CallAnswered(
                step=context["runbook_step"],
                service=model.service_model.service_name,
                operation=model.name,
                writes=not _is_read(model.name),
                call=call,
                duration=time.monotonic() - began,
                request_id=request_id,
                error=error,
                attempts=context.get("runbook_attempts", 1),
                parameters=json.loads(context.get("runbook_question", "{}")),
            )
        )

    def _resend(
        self,
        response: tuple[AWSResponse, dict[str, Any]] | None,
        operation: Any,
        attempts: int,
        caught_exception: Exception | None,
        request_dict: dict[str, Any],
        **_: Any,
    ) -> float | None:
        """Decide on sending again: wait here, where a stop can end it, and answer 0, or None for no.

        botocore would sleep for what is answered, uninterruptibly.
        """
        context = request_dict["context"]
        context["runbook_attempts"] = attempts
        throttled: QuotaWaited | None = None
        if response is not None and _was_throttled(*response):
            throttled = self._throttled(_code(response), operation, attempts, request_dict)
            pause = throttled.pause if throttled else None
        else:
            if response is not None and self._waited_in_vain:
                self._waited_in_vain.discard(self._quota_of(operation, context))
            pause = self._pause_after_fault(response, operation, attempts, caught_exception)
        if pause is None:
            return None
        try:
            self.control.go_on()
            if throttled:
                self._observe(throttled)
            self.pause(pause)
        except Stopped:  # that the step is told; of the request, what came of it
            context["runbook_error"] = _code(response) if response else type(caught_exception).__name__
            raise
        return 0.0

    def _throttled(self, code: str, operation: Any, attempts: int, request_dict: dict[str, Any]) -> QuotaWaited | None:
        """The wait until the next try; None when the quota's patience is over, of this request or one before it."""
        service, context = operation.service_model.service_name, request_dict["context"]
        quota = self._quota_of(operation, context)
        waited = context.setdefault("runbook_waited", 0.0)
        if quota in self._waited_in_vain:
            return None
        if waited >= quota.patience:
            if self._memory.enabled:
                self._waited_in_vain.add(quota)
            return None
        if quota.shared:
            self._crowding.more()
        pause = _until_next_try(quota, attempts)
        context["runbook_waited"] += pause
        return QuotaWaited(
            step=context["runbook_step"],
            what=f"the account's quota: {quota}",
            state=code,
            elapsed=waited,
            usual=0.0,
            service=service,
            operation=operation.name,
            quota=str(quota),
            pause=pause,
        )

    def _quota_of(self, operation: Any, context: dict[str, Any]) -> RequestQuota:
        question = json.loads(context.get("runbook_question", "{}"))
        return self._operations.quota(operation.service_model.service_name, operation.name, question)

    def _pause_after_fault(
        self,
        response: tuple[AWSResponse, dict[str, Any]] | None,
        operation: Any,
        attempts: int,
        caught: Exception | None,
    ) -> float | None:
        if response is not None:
            if _was_concurrent(response[1]):  # refused, so not carried out
                return None if attempts >= _CONCURRENT_TRIES else _backoff(attempts, longest=10.0)
            if response[0].status_code < 500:
                return None
        elif not isinstance(caught, LOST):
            return None
        again = self._operations.may_be_sent_again(operation.service_model.service_name, operation.name)
        if not again or attempts >= _FAULT_TRIES:
            return None
        return _backoff(attempts, longest=5.0)


def _readably(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
    """Call an operation; its answer says what it lacks where a member is used that is not there."""
    answer = type(client)._make_api_call(client, operation, parameters)
    return readable(answer, operation, client.meta.service_model.operation_model(operation).output_shape)


def _was_concurrent(parsed: dict[str, Any]) -> bool:
    """Whether API Gateway refused a change because another was under way (T: terraform-provider-aws#776, #16439)."""
    error = parsed.get("Error", {})
    return error.get("Code") == "ConflictException" and "concurrent modification" in str(error.get("Message", ""))


def _leave_out_foreign_body(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    """Empty the body of a 5xx answer that is not the service's own, but that of a proxy or front before it.

    botocore would fail to parse most of them, instead of counting a lost answer.
    """
    if response_dict["status_code"] < 500:
        return
    body = response_dict["body"]
    try:
        if operation_model.service_model.resolved_protocol.endswith("json"):
            own = isinstance(json.loads(body), dict)
        else:
            own = any(each.tag.rpartition("}")[2] == "Error" for each in ElementTree.fromstring(body).iter())
    except (ElementTree.ParseError, UnicodeDecodeError, ValueError):
        own = False
    if not own:
        response_dict["body"] = b""


def _domain(session: boto3.Session) -> str:
    """What the names of a region's endpoints end with: ``amazonaws.com``, in China ``amazonaws.com.cn``, and so on."""
    region = session.region_name or ""
    partitions = session._session.get_component("data_loader").load_data("partitions")["partitions"]
    fitting = (each for each in partitions if region in each["regions"] or re.match(each["regionRegex"], region))
    return str(next(fitting, partitions[0])["outputs"]["dnsSuffix"])


def _code(response: tuple[AWSResponse, dict[str, Any]]) -> str:
    return str(response[1].get("Error", {}).get("Code", ""))


def _was_throttled(http: AWSResponse, parsed: dict[str, Any]) -> bool:
    error = parsed.get("Error", {})
    return http.status_code >= 300 and is_throttled(
        str(error.get("Code", "")), str(error.get("Message", "")), http.status_code
    )


def _until_next_try(quota: RequestQuota, attempts: int) -> float:
    """The quota's own interval, before which it cannot succeed, and as much again at random, or an exponential more.

    So that many runs that were refused at the same moment do not come back at the same moment.
    """
    spread = max(quota.interval, min(_LONGEST_BACKOFF, 0.5 * 2.0 ** min(attempts, 10)))
    return quota.interval + random.uniform(0.0, spread)


def _backoff(attempts: int, longest: float) -> float:
    """Exponential with half jitter, so that many runs do not come back at the same moment."""
    top: float = min(longest, 0.5 * 2.0**attempts)
    return top * (0.5 + random.random() / 2)
