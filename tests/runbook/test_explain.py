"""Exceptions become sentences that say what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from hypothesis import given
from hypothesis import strategies as st

from runbook.errors import BadInput, Stopped
from runbook.explain import explain


def refused(code: str, message: str = "said so", operation: str = "CreateVpcLink") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize("error", [BadInput("port", "is wrong.", "Give another."), Stopped()])
def test_our_own_errors_speak_for_themselves(error: Exception) -> None:
    assert explain(error) == str(error)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (SSOTokenLoadError(error_msg="x"), "aws sso login"),
        (UnauthorizedSSOTokenError(), "aws sso login"),
        (TokenRetrievalError(provider="sso", error_msg="x"), "aws sso login"),
        (NoCredentialsError(), "name a profile"),
        (PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), "name a profile"),
        (CredentialRetrievalError(provider="custom-process", error_msg="exit 3"), "exit 3. Renew the login"),
        (EndpointConnectionError(endpoint_url="https://ec2.eu-nowhere-1.amazonaws.com"), "region exists"),
        (
            EndpointConnectionError(endpoint_url="http://127.0.0.1:4599/restapis?limit=500"),
            "Nothing answers at http://127.0.0.1:4599. A practice account ends",
        ),
        (ReadTimeoutError(endpoint_url="https://x"), "AWS could not be asked"),
        (BotoCoreError(), "AWS could not be asked"),
        (refused("ExpiredToken"), "it goes on from here"),
        (refused("ExpiredTokenException"), "(ExpiredTokenException). Renew it"),
        (refused("RequestExpired"), "Renew it"),
        (refused("InvalidClientTokenId"), "does not accept the credentials"),
        (refused("AuthFailure"), "region is not enabled for the account: said so (AuthFailure)"),
        (refused("InvalidSignatureException"), "does not accept the credentials"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_to_do_is_said(error: Exception, remedy: str) -> None:
    assert remedy in explain(error)


def test_an_unreachable_endpoint_is_named() -> None:
    error = EndpointConnectionError(endpoint_url="https://ec2.eu-nowhere-1.amazonaws.com")

    assert "https://ec2.eu-nowhere-1.amazonaws.com" in explain(error)


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
def test_what_is_not_allowed_is_said_in_awss_words(code: str) -> None:
    assert explain(refused(code, "User x may not do this")) == "Not allowed: User x may not do this"


def test_the_encoded_blob_of_ec2_is_left_out() -> None:
    message = f"You are not authorized. Encoded authorization failure message: {'xY-_' * 250}"

    assert explain(refused("UnauthorizedOperation", message)) == "Not allowed: You are not authorized."


def test_a_denial_without_a_message_names_the_operation() -> None:
    assert explain(refused("AccessDenied", "")) == "Not allowed: CreateVpcLink"


def test_any_other_refusal_names_the_operation_and_the_code() -> None:
    assert explain(refused("ConflictException", "busy ")) == "CreateVpcLink: busy (ConflictException)"
    assert explain(refused("ConflictException", "")) == "CreateVpcLink: no message (ConflictException)"


def test_what_nobody_foresaw_is_named_by_its_kind() -> None:
    assert explain(KeyError("items")) == "KeyError: 'items'"


@given(st.text(), st.text(), st.text(min_size=1))
def test_whatever_aws_answers_there_is_something_to_read(code: str, message: str, operation: str) -> None:
    assert explain(refused(code, message, operation))


@given(st.sampled_from([{}, {"Error": {}}, {"Error": {"Code": "X"}}, {"Error": {"Message": "m"}}]))
def test_an_answer_without_its_parts_is_explained_too(answer: dict[str, dict[str, str]]) -> None:
    error = ClientError.__new__(ClientError)
    Exception.__init__(error, "bare")
    error.response, error.operation_name = answer, "GetStage"  # type: ignore[assignment]

    assert explain(error).startswith("GetStage: ")


@pytest.mark.parametrize(
    "code", ["SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired", "AuthFailure"]
)
@pytest.mark.parametrize(("ahead", "said"), [(1200, "20 minutes fast"), (-420, "7 minutes slow")])
def test_a_wrong_clock_is_told_from_a_wrong_login(code: str, ahead: float, said: str) -> None:
    error = refused(code, "Signature expired")
    answered = format_datetime(datetime.now(UTC) - timedelta(seconds=ahead), usegmt=True)
    error.response["ResponseMetadata"] = {"HTTPHeaders": {"date": answered}}
    assert f"This machine's clock is {said}" in explain(error)


def test_a_right_clock_is_not_blamed() -> None:
    error = refused("SignatureDoesNotMatch")
    error.response["ResponseMetadata"] = {"HTTPHeaders": {"date": format_datetime(datetime.now(UTC), usegmt=True)}}
    assert "clock" not in explain(error)


def test_the_region_that_may_not_be_enabled_is_named() -> None:
    said = explain(refused("UnrecognizedClientException"), region="eu-south-1")
    assert "region eu-south-1 is not enabled for the account" in said
    assert "--region-name eu-south-1" in said
