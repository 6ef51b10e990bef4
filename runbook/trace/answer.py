"""The real request, and what its answer says about how far it got.

What API Gateway itself answers carries ``x-amzn-ErrorType``; what comes from the service does not ("Gateway response
types" in the API Gateway documentation, and AWS's own recordings).
"""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx

from runbook.calling import TIMEOUT, USER_AGENT, caller
from runbook.trace.model import Symptom
from runbook.trace.target import Target

__all__ = ["Answer", "send"]

WAITED_IN_VAIN = f"none within {TIMEOUT.read:.0f} s"
_SHOWN = 300  # characters of an answer that are quoted

_BY_ERROR_TYPE = {
    "MissingAuthenticationTokenException": Symptom.NOT_ROUTED,
    "ForbiddenException": Symptom.FORBIDDEN,
    "AccessDeniedException": Symptom.DENIED,
    "UnauthorizedException": Symptom.DENIED,
    "AuthorizerConfigurationException": Symptom.DENIED,
    "AuthorizerFailureException": Symptom.DENIED,
    "InvalidSignatureException": Symptom.DENIED,
    "UnrecognizedClientException": Symptom.DENIED,
    "ExpiredTokenException": Symptom.DENIED,
    "TooManyRequestsException": Symptom.THROTTLED,
    "LimitExceededException": Symptom.THROTTLED,
    "BadRequestException": Symptom.REFUSED,
    "RequestTooLargeException": Symptom.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int | None
    latency: int
    """Milliseconds."""
    error_type: str = ""
    """``x-amzn-ErrorType``: the gateway itself answered."""
    message: str = ""
    """The gateway's message, or the beginning of the service's body."""
    request_id: str = ""
    balancer: bool = False
    """An Application Load Balancer answered in its own name."""
    practice: bool = False
    """A practice account answered in its own name, to what it does not practise."""
    location: str = ""
    """Where a redirect leads."""
    addresses: tuple[str, ...] | None = None
    """What the name that a redirect leads to resolves to from here; None where it was not asked for."""
    problem: str = ""
    """Why no answer came."""
    expected: int | None = None

    @property
    def by_gateway(self) -> bool:
        """Whether API Gateway answered, and not the service."""
        return bool(self.error_type)

    @property
    def redirects(self) -> bool:
        """Whether it sends the caller elsewhere."""
        return self.status is not None and 300 <= self.status < 400 and bool(self.location)

    @property
    def symptom(self) -> Symptom:
        """What kind of trouble this is, if any."""
        if self.status is None:
            return Symptom.TIMED_OUT if self.problem == WAITED_IN_VAIN else Symptom.NO_ANSWER
        if self.status == self.expected or (self.expected is None and self.status < 400):
            return Symptom.FINE
        if self.by_gateway:
            return self._from_gateway(self.status)
        if self.balancer:
            return Symptom.BALANCER
        if self.status < 500:
            return Symptom.BACKEND_4XX
        # The practice account answers 501 in its own name to what it cannot carry out; that is no service's answer.
        return Symptom.BACKEND_5XX

    def _from_gateway(self, status: int) -> Symptom:
        if known := _BY_ERROR_TYPE.get(self.error_type):
            return known
        if status == 504:
            return Symptom.NETWORK_ERROR if "network error" in self.message.lower() else Symptom.TIMED_OUT
        if status >= 500:
            return Symptom.INTERNAL
        return Symptom.OTHER

    @property
    def sentence(self) -> str:
        """Who answered what, in one sentence without a full stop."""
        if self.status is None:
            return f"no answer: {self.problem}"
        who = "API Gateway itself" if self.by_gateway else "the service"
        who = "the Application Load Balancer itself" if self.balancer else who
        who = "the practice account itself" if self.practice else who
        if self.redirects:
            return f"{who} answered {self.status} in {self.latency} ms: a redirect to {self.location}"
        said = f": {self.message}" if self.message and self.symptom is not Symptom.FINE else ""
        return f"{who} answered {self.status} in {self.latency} ms{said}"


def send(target: Target) -> Answer:
    """Send the request, once, and do not follow redirects."""
    began = time.monotonic()
    headers = {**USER_AGENT, **target.headers}
    try:
        with caller(target.url) as client:
            response = client.request(target.method, target.url, headers=headers)
    except httpx.ReadTimeout:
        return Answer(None, _since(began), problem=WAITED_IN_VAIN, expected=target.expect_status)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Answer(None, _since(began), problem=str(error) or type(error).__name__, expected=target.expect_status)
    error_type = response.headers.get("x-amzn-errortype", "").partition(":")[0]
    return Answer(
        status=response.status_code,
        latency=_since(began),
        error_type=error_type,
        message=_message(response) if error_type else _excerpt(response.text),
        request_id=response.headers.get("x-amzn-requestid", ""),
        # API Gateway renames the Server header of what it hands on.
        balancer=response.headers.get("x-amzn-remapped-server", "").startswith("awselb/"),
        location=response.headers.get("location", ""),
        addresses=_resolved(target.url, response),
        practice=response.headers.get("x-practice-refused") == "true",
        expected=target.expect_status,
    )


def _resolved(url: str, response: httpx.Response) -> tuple[str, ...] | None:
    """The addresses of the name that a redirect leads to, if that is another than the caller's."""
    try:
        there = urlsplit(urljoin(url, response.headers.get("location", "")))
        host, port = there.hostname, there.port
    except ValueError:
        return None
    if not response.is_redirect or not host or host == urlsplit(url).hostname:
        return None
    try:
        found = socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


def _since(began: float) -> int:
    return round(1000 * (time.monotonic() - began))


def _message(response: httpx.Response) -> str:
    try:
        body = json.loads(response.text)
    except ValueError:
        return _excerpt(response.text)
    if isinstance(body, dict):
        for key in ("message", "Message"):
            if key in body:
                return str(body[key] or "")
    return _excerpt(response.text)


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
