"""AWS does not accept who is asking: the run stops asking, says what to do, and goes on once that is done.

What the services answer, each in its own words:

- An expired token: STS and Elastic Load Balancing 403 ExpiredToken (miquella/vaulted#107, miasma-rb/miasma#23), EC2 400
  RequestExpired (aws/aws-sdk-java#1443), API Gateway 403 ExpiredTokenException (botocore knows both codes).
- A region that is not enabled: STS 403 InvalidClientTokenId (aws/aws-sdk-ruby#2850, ekristen/aws-nuke#774), API Gateway
  403 UnrecognizedClientException (aws/chalice#1445), EC2 401 AuthFailure (EC2 API reference, client error codes).
- A clock that is wrong by more than five minutes: "Signature expired: … is now earlier than …", from STS and Elastic
  Load Balancing as SignatureDoesNotMatch (convox/rack#235), from API Gateway as InvalidSignatureException, and
  "Signature not yet current" the other way (aws/aws-sdk-js#2565); from EC2, after fifteen, RequestExpired (EC2 API
  reference).
"""

from __future__ import annotations

import time
from functools import partial

from ..disturb import At, answers_by_service
from ..proxy import Exchange, Fault, Response
from ..row import NotReached, Position, Row, afterwards, begin, cut_short, each_operation, reference
from ..world import World

__all__ = ["ROWS"]

_EXPIRED = "The security token included in the request is expired"
_INVALID = "The security token included in the request is invalid."
EXPIRED = answers_by_service(
    {
        "sts": (403, "ExpiredToken", _EXPIRED),
        "elbv2": (403, "ExpiredToken", _EXPIRED),
        "ec2": (400, "RequestExpired", "Request has expired."),
        "apigateway": (403, "ExpiredTokenException", _EXPIRED),
    }
)
NOT_ENABLED = answers_by_service(
    {
        "sts": (403, "InvalidClientTokenId", _INVALID),
        "elbv2": (403, "InvalidClientTokenId", _INVALID),
        "ec2": (401, "AuthFailure", "AWS was not able to validate the provided access credentials"),
        "apigateway": (403, "UnrecognizedClientException", _INVALID),
    }
)


def wrong_clock(off: float) -> Fault:
    """Answer as AWS does when the caller's clock is so many seconds ahead of its own."""
    codes = {"apigateway": "InvalidSignatureException", "ec2": "RequestExpired"}

    def fault(exchange: Exchange) -> None:
        now = time.time() - off
        signed, here, limit = (_stamp(when) for when in (time.time(), now, now + (300 if off > 0 else -300)))
        told = (
            f"Signature not yet current: {signed} is still later than {limit} ({here} + 5 min.)"
            if off > 0
            else f"Signature expired: {signed} is now earlier than {limit} ({here} - 5 min.)"
        )
        if exchange.service == "ec2":
            told = "Request has expired."
        code = codes.get(exchange.service, "SignatureDoesNotMatch")
        status = 400 if exchange.service == "ec2" else 403
        exchange.answer(Response.error(exchange, status, code, told, date=now))

    return fault


def _stamp(when: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(when))


def _refused(world: World, position: Position, *, fault: Fault, says: tuple[str, ...]) -> None:
    """From a request on, AWS accepts none; the command says what to do, changes nothing more, and resumes."""
    command = position.command
    begin(world, command)
    at = At(position.nth, position.chosen, fault, onwards=True)
    ended = world.run(command, fault=at)
    if not at.happened.is_set():
        raise NotReached
    if cut_short(ended):
        for words in says:
            assert words in ended.said, f"does not say {words!r}: {ended.said[-1500:]}"
    # Each step that is under way may ask once more; none is asked again.
    most = len(reference().operations(command)) + 20
    assert len(world.proxy.counted) <= most, f"{len(world.proxy.counted)} requests, {most} at most"
    afterwards(world, command)


ROWS = (
    Row(
        "the login expires in mid-run",
        each_operation,
        partial(_refused, fault=EXPIRED, says=("login has expired", "aws sso login", "goes on from here")),
    ),
    Row(
        "this machine's clock is twenty minutes slow",
        each_operation,
        partial(_refused, fault=wrong_clock(-1200), says=("clock is 20 minutes slow",)),
    ),
    Row(
        "this machine's clock is twenty minutes fast",
        each_operation,
        partial(_refused, fault=wrong_clock(1200), says=("clock is 20 minutes fast",)),
    ),
    Row(
        "the region is not enabled",
        lambda world: [Position(command, "GetCallerIdentity", 1) for command in ("up", "down")],
        partial(_refused, fault=NOT_ENABLED, says=("region us-east-1 is not enabled", "enable-region")),
    ),
)
