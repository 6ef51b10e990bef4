"""What AWS answers, as data, and the machinery that asks a served account the same.

A case is one YAML file under `cases/`:

    claim:   what holds, in one sentence
    kind:    R recorded on AWS | D documented | T reported in public | K commonly known
    source:  where that can be looked up
    given:   names of setups from setups.yaml, run in order before the steps (optional)
    steps:   further steps of the case's own (optional)
    request: the call that is judged
    answer:  what AWS answers

A step, and the request, is one of

    {call: service.Operation, with: {parameters}, keep: {name: JMESPath}}   an API call by boto3; `document: {…}` is
                                                                            sent as JSON in its body
    {invoke: METHOD path, api: id, stage: name, headers: {..}, body: text}  a request to the invoke URL
    {advance: seconds}                                                      AWS time goes by

A call may say `as: {id: <key>, secret: <secret>, token: <token>}` to be made by another caller than the account's own.

`<name>` in any text is the value kept under that name. An answer names `status`, and either `error` and `message`
(optionally `message_has`), or `has` (a subset of the answer; lists must match in full; `<any>` is anything but
nothing), `lacks` (member names that must not be there) and `headers`.
"""

from __future__ import annotations

import copy
import functools
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import boto3
import httpx
import jmespath
import yaml
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from practice import CREDENTIALS

HERE: Final = Path(__file__).parent
KINDS: Final = {"R": "recorded", "D": "documented", "T": "reported", "K": "commonly known"}
ANY: Final = "<any>"
OWNER: Final = {"id": CREDENTIALS.access_key_id, "secret": CREDENTIALS.secret_access_key}


@dataclass(frozen=True)
class Case:
    """One answer of AWS, and how to ask for it."""

    id: str
    claim: str
    kind: str
    source: str
    request: Mapping[str, Any]
    answer: Mapping[str, Any]
    given: tuple[str, ...] = ()
    steps: tuple[Mapping[str, Any], ...] = ()

    @property
    def area(self) -> str:
        return self.id.partition("/")[0]


def _yaml(path: Path) -> Any:
    # libyaml, where PyYAML has it: every worker of the tests reads all cases.
    return yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def load() -> list[Case]:
    """All cases, by their file's path."""
    cases = []
    for path in sorted((HERE / "cases").rglob("*.yaml")):
        data = _yaml(path)
        name = path.relative_to(HERE / "cases").with_suffix("").as_posix()
        unknown = set(data) - {"claim", "kind", "source", "given", "steps", "request", "answer"}
        if unknown:
            raise ValueError(f"{name}: unknown keys {sorted(unknown)}")
        cases.append(
            Case(
                id=name,
                claim=data["claim"],
                kind=data["kind"],
                source=data["source"],
                request=data["request"],
                answer=data["answer"],
                given=tuple(data.get("given", ())),
                steps=tuple(data.get("steps", ())),
            )
        )
    return cases


@functools.cache
def setups() -> Mapping[str, list[dict[str, Any]]]:
    """The named setups."""
    return _yaml(HERE / "setups.yaml")


class Account(Protocol):
    """Something that is asked: the practice account, or stock moto."""

    url: str

    def reset(self) -> None: ...
    def advance(self, seconds: float) -> None: ...
    def invoke_url(self, api_id: str, stage: str) -> str: ...


@dataclass
class Answer:
    """What came back. `body` is boto3's parsed answer, or an HTTP answer's text."""

    status: int
    body: Any = None
    error: str | None = None
    message: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class Asker:
    """Runs cases against an account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._clients: dict[tuple[str, str], Any] = {}

    def judge(self, case: Case) -> list[str]:
        """What of the account's answer to a case is not as AWS gives it; the account is as new each time."""
        self._account.reset()
        kept: dict[str, Any] = {"account": "123456789012", "region": "us-east-1"}
        given = [step for name in case.given for step in setups()[name]]
        for step in (*given, *case.steps):
            answer = self._run(step, kept)
            if answer is not None and answer.error is not None:
                return [f"{step.get('call')}, before the request, was refused: {answer.error}: {answer.message}"]
        answer = self._run(case.request, kept)
        if answer is None:
            raise ValueError(f"{case.id}: the request is no request")
        return differences(_interpolated(copy.deepcopy(dict(case.answer)), kept), answer)

    def _run(self, step: Mapping[str, Any], kept: dict[str, Any]) -> Answer | None:
        step = _interpolated(step, kept)
        if "advance" in step:
            self._account.advance(float(step["advance"]))
            return None
        if "invoke" in step:
            return self._invoke(step)
        service, _, operation = step["call"].partition(".")
        parameters = dict(step.get("with") or {})
        if "document" in step:
            parameters["body"] = json.dumps(step["document"]).encode()
        answer = self._call(self._client(service, step.get("as")), operation, parameters)
        for name, expression in (step.get("keep") or {}).items():
            kept[name] = jmespath.search(expression, answer.body)
        return answer

    @staticmethod
    def _call(client: Any, operation: str, parameters: Mapping[str, Any]) -> Answer:
        method = getattr(client, xform_name(operation))
        start = time.perf_counter()
        try:
            body = method(**parameters)
        except ClientError as error:
            meta, details = error.response["ResponseMetadata"], error.response["Error"]
            return Answer(
                meta["HTTPStatusCode"],
                error=details["Code"],
                message=details.get("Message"),
                headers=meta["HTTPHeaders"],
                seconds=time.perf_counter() - start,
            )
        meta = body.pop("ResponseMetadata")
        if hasattr(body.get("body"), "read"):
            body["body"] = yaml.safe_load(body["body"].read())
        return Answer(meta["HTTPStatusCode"], body, headers=meta["HTTPHeaders"], seconds=time.perf_counter() - start)

    def _invoke(self, step: Mapping[str, Any]) -> Answer:
        method, _, path = step["invoke"].partition(" ")
        url = self._account.invoke_url(step["api"], step.get("stage", "prod"))
        start = time.perf_counter()
        response = httpx.request(
            method, url + path, headers=step.get("headers"), content=step.get("body"), timeout=30, trust_env=False
        )
        body: Any
        try:
            body = response.json()
        except ValueError:
            body = response.text
        return Answer(response.status_code, body, headers=response.headers, seconds=time.perf_counter() - start)

    def _client(self, service: str, caller: Mapping[str, str] | None) -> Any:
        caller = caller or OWNER
        key = (service, caller["id"])
        if key not in self._clients:
            self._clients[key] = boto3.session.Session().client(
                service,
                region_name="us-east-1",
                endpoint_url=self._account.url,
                aws_access_key_id=caller["id"],
                aws_secret_access_key=caller["secret"],
                aws_session_token=caller.get("token"),
                config=Config(parameter_validation=False, retries={"total_max_attempts": 1}, read_timeout=30),
            )
        return self._clients[key]


def differences(expected: Mapping[str, Any], answer: Answer) -> list[str]:
    """What of an answer is not as AWS gives it."""
    found: list[str] = []
    if "status" in expected and answer.status != expected["status"]:
        found.append(f"status {answer.status} instead of {expected['status']}")
    if answer.error != expected.get("error"):
        found.append(f"{answer.error or 'no error'} instead of {expected.get('error') or 'no error'}")
    if "message" in expected and answer.message != expected["message"]:
        found.append(f"message {answer.message!r} instead of {expected['message']!r}")
    if "message_has" in expected and expected["message_has"] not in (answer.message or ""):
        found.append(f"message {answer.message!r} lacks {expected['message_has']!r}")
    if "has" in expected:
        found += _subset_differences(expected["has"], answer.body, "answer")
    for path in expected.get("lacks", ()):
        if jmespath.search(path, answer.body) is not None:
            found.append(f"{path} is there")
    for name, value in (expected.get("headers") or {}).items():
        if name.lower() not in answer.headers or value not in (ANY, answer.headers[name.lower()]):
            found.append(f"header {name} is {answer.headers.get(name.lower())!r} instead of {value!r}")
    return found


def _subset_differences(expected: Any, actual: Any, path: str) -> Iterator[str]:
    if expected == ANY:
        if actual is None:
            yield f"{path} is missing"
    elif isinstance(expected, Mapping):
        if not isinstance(actual, Mapping):
            yield f"{path} is {actual!r} instead of {expected!r}"
            return
        for key, value in expected.items():
            if key not in actual:
                yield f"{path}.{key} is missing"
            else:
                yield from _subset_differences(value, actual[key], f"{path}.{key}")
    elif isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            yield f"{path} is {actual!r} instead of {expected!r}"
            return
        for number, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from _subset_differences(one, other, f"{path}[{number}]")
    elif expected != actual or isinstance(expected, bool) is not isinstance(actual, bool):
        yield f"{path} is {actual!r} instead of {expected!r}"


_NAME: Final = re.compile(r"<([a-z_0-9]+)>")


def _interpolated(value: Any, kept: Mapping[str, Any]) -> Any:
    match value:
        case str():
            whole = _NAME.fullmatch(value)
            if whole and whole[1] in kept:
                return kept[whole[1]]
            return _NAME.sub(lambda found: str(kept.get(found[1], found[0])), value)
        case Mapping():
            return {key: _interpolated(item, kept) for key, item in value.items()}
        case list():
            return [_interpolated(item, kept) for item in value]
    return value
