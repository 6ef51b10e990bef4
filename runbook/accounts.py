"""Choosing the account a face works on: AWS, or a practice account.

The only module of the runbook that knows that there is a practice account. Steps and engine get an
:class:`~runbook.aws.Aws` and cannot tell.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import boto3
import botocore.session
import httpx
from botocore.exceptions import BotoCoreError, ProfileNotFound

from runbook import command_line
from runbook.aws import Aws, on_loopback
from runbook.calling import caller
from runbook.errors import BadInput, CannotContinue, named, quoted
from runbook.extras import need
from runbook.operations import Operations
from runbook.parameters import Parameters
from steps.tracks import TRACKS

__all__ = ["Account", "Kind", "connect", "pointing_at"]


# Name in the file, environment variables, default, conversion: the user's own profile and files have no say here.
_NO_CONFIGURATION: dict[str, tuple[str | None, str | list[str] | None, Any, Any]] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


_WITHOUT_ITS_KEY: Final = "If it is yours, set RUNBOOK_PRACTICE_TOKEN to what `runbook practice token` prints there."


_OPERATIONS: Final = TRACKS.union.operations


class Kind(enum.StrEnum):
    """Which kind of account."""

    PRACTICE = "practice"
    AWS = "aws"


@dataclass(frozen=True)
class Account:
    """An account to work on."""

    aws: Aws
    kind: Kind
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Parameters this account has a value for when nobody gives one: a practice account's private service."""
    endpoint_url: str | None = None
    practice: Mapping[str, Any] = field(default_factory=dict)
    """What a practice account says of itself; empty on AWS."""
    control_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What a request must bring that changes a practice account by `/_practice`; empty where that is not known."""

    @property
    def shell(self) -> str:
        """What points the AWS CLI and boto3 of a shell at a practice account, and at no other; empty on AWS."""
        if self.kind is Kind.AWS or self.endpoint_url is None:
            return ""
        return pointing_at(self.endpoint_url, self.aws.region)

    @property
    def costs(self) -> bool:
        """Whether what is made here costs money and is seen by others."""
        return self.kind is Kind.AWS


def pointing_at(endpoint: str, region: str) -> str:
    """A shell's command after which the AWS CLI and boto3 ask this practice account, and no other."""
    return command_line.export(
        AWS_ENDPOINT_URL=endpoint,
        AWS_REGION=region,
        AWS_DEFAULT_REGION=region,
        AWS_ACCESS_KEY_ID="practice",
        AWS_SECRET_ACCESS_KEY="practice",  # noqa: S106 (good for nothing on AWS)
    )


def connect(
    kind: Kind,
    params: Parameters,
    *,
    profile: str | None = None,
    endpoint_url: str | None = None,
    operations: Operations | None = None,
) -> Account:
    """Connect to an account.

    ``operations`` is what the steps that are to work there know of AWS's; without it, what the tutorial's do.

    ``endpoint_url`` (else ``AWS_ENDPOINT_URL``) names a served practice account, or any other endpoint that answers as
    AWS does; without it, the practice account is the user's shared one in the background. Nothing of AWS is asked yet.
    Raises :class:`BadInput`.
    """
    operations = operations or _OPERATIONS
    endpoint_url = (endpoint_url or os.environ.get("AWS_ENDPOINT_URL") or "").rstrip("/") or None
    if endpoint_url:
        _check_url(endpoint_url)
        said = _ask(endpoint_url)
        if said:
            return _practice(endpoint_url, said, params, operations)
        if kind is Kind.PRACTICE:
            raise BadInput(
                "endpoint_url",
                f"no practice account answers at {named(endpoint_url)}.",
                "Start one with: runbook practice --port PORT; or leave the endpoint out.",
            )
    if kind is Kind.PRACTICE:
        need("practice", "account", "(To work on AWS: --account aws)")
        from practice import background  # loads moto only where it is asked for

        try:
            url = background.ensure()
        except (OSError, RuntimeError) as error:
            why = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
            raise CannotContinue(
                f"The practice account cannot be started in the background ({why}). {background.HOME_VARIABLE} chooses "
                "another directory for it; or serve one in the foreground: runbook practice --port PORT."
            ) from None
        return _practice(url, _ask(url), params, operations)
    return _aws(params, profile, endpoint_url, operations)


def _aws(params: Parameters, profile: str | None, endpoint_url: str | None, operations: Operations) -> Account:
    try:
        session = boto3.Session(profile_name=profile, region_name=params.region)
    except ProfileNotFound:
        known = ", ".join(boto3.Session().available_profiles) or "none"
        raise BadInput("profile", f"there is no AWS profile {quoted(profile)}.", f"Known profiles: {known}.") from None
    except BotoCoreError as error:
        raise BadInput("profile", f"the AWS configuration cannot be read: {named(error)}.") from None
    if not session.region_name:
        raise BadInput("region", "is not given, and the AWS configuration names none.")
    return Account(Aws(session, endpoint_url=endpoint_url, operations=operations), Kind.AWS, endpoint_url=endpoint_url)


def _practice(url: str, said: Mapping[str, Any], params: Parameters, operations: Operations) -> Account:
    from practice.runtime_files import control_headers as headers_for

    control_headers = headers_for(str(said.get("id", "")))
    region = params.region or said["region"]
    defaults = said["defaults"]
    if region != defaults["region"]:
        # Another region gets a private service of its own, as soon as somebody works there.
        place = f"{url}/_practice/regions/{region}"
        with caller(url) as client:
            answer = client.request("GET", place)
            if answer.status_code == 404:
                answer = client.request("PUT", place, headers=control_headers)
        if answer.status_code == 403:
            raise BadInput("endpoint_url", f"{named(url)} is the practice account of another user.", _WITHOUT_ITS_KEY)
        if answer.status_code >= 400:
            raise BadInput("region", f"the practice account has no region {region}.")
        defaults = answer.json().get("defaults", answer.json())
    credentials = said["credentials"]
    session = boto3.Session(
        botocore_session=botocore.session.Session(_NO_CONFIGURATION),
        aws_access_key_id=credentials["access_key_id"],
        aws_secret_access_key=credentials["secret_access_key"],
        region_name=region,
    )
    # A clock that is moved by hand has no scale: whoever moves it decides how long a wait is.
    pace = 1 / said["time_scale"] if said.get("time_scale") else 1.0
    aws = Aws(session, endpoint_url=url, pace=pace, invoke_url_form=said["invoke_url"], operations=operations)
    return Account(aws, Kind.PRACTICE, {"instances": tuple(defaults["instances"])}, url, said, control_headers)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # brackets without an address, a port that is no number
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise BadInput("endpoint_url", f"{quoted(url)} is not a URL such as http://127.0.0.1:4566.")


def _ask(url: str) -> dict[str, Any]:
    """What a practice account says of itself; nothing when this is none. Only the loopback is asked."""
    if not on_loopback(url):
        return {}
    try:
        with caller(url, timeout=httpx.Timeout(10.0)) as client:
            answer = client.get(f"{url}/_practice")
        said = answer.json() if answer.status_code == 200 else {}
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return {}
    return said if isinstance(said, dict) and said.get("practice") is True else {}
