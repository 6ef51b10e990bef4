"""What AWS answers, bounded: an endpoint that is not AWS may never end its answer.

botocore bounds each read, but neither the whole answer nor its size.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

import urllib3.exceptions
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from runbook.errors import CannotContinue

__all__ = ["LIMIT", "BoundedSession"]

LIMIT: Final = 64 << 20
"""Bytes of one answer. The largest pages of the operations that are used here have a few megabytes."""
_PART: Final = 1 << 16


class BoundedSession:
    """botocore's HTTP session; takes the place of a client's own."""

    def __init__(self, session: Any, seconds: float) -> None:
        self._session, self._seconds = session, seconds

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send a request. Raises what botocore raises, and CannotContinue for an answer above the limit."""
        streamed, request.stream_output = request.stream_output, True  # or else it is read in there
        deadline = time.monotonic() + self._seconds
        response: AWSResponse = self._session.send(request)
        response.raw = _Body(response.raw, request.url, deadline)
        if not streamed:
            try:
                _ = response.content  # read, and kept
            except urllib3.exceptions.ReadTimeoutError as error:
                raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
            except urllib3.exceptions.ProtocolError as error:
                raise ConnectionClosedError(error=error, request=request, endpoint_url=request.url) from error
        return response

    def close(self) -> None:
        """Close its connections."""
        self._session.close()


class _Body:
    """The body of an answer, read until its end, the limit or the deadline."""

    def __init__(self, raw: Any, url: str, deadline: float) -> None:
        self._raw, self._url, self._deadline = raw, url, deadline
        self._left = LIMIT

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """All of it, part by part."""
        # One read of the socket at a time, where urllib3 has it: a full part may take for ever to come together.
        read = getattr(self._raw, "read1", None) or self._raw.read
        while part := read(_PART):
            self._count(part)
            yield part
        self._raw.read()  # at the end of a body of known length only this gives the connection back

    def read(self, amount: int | None = None) -> bytes:
        """So much of it, or all that is left."""
        if amount is None:
            return b"".join(self.stream())
        part: bytes = self._raw.read(amount)
        self._count(part)
        return part

    def _count(self, part: bytes) -> None:
        self._left -= len(part)
        if self._left < 0:
            self._raw.close()
            raise CannotContinue(
                f"{self._url.partition('?')[0]} answers with more than {LIMIT >> 20} MB, which AWS does not. "
                "Check --endpoint-url and AWS_ENDPOINT_URL."
            )
        if time.monotonic() > self._deadline:
            self._raw.close()
            raise ReadTimeoutError(endpoint_url=self._url, error="the answer did not end in time")
