"""Which account is worked on, and with whose credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from practice import CREDENTIALS
from practice.clock import ScaledClock
from practice.server import Account, serve
from runbook.accounts import Kind, connect
from runbook.errors import BadInput, CannotContinue
from runbook.parameters import Parameters, validated
from tests.hiding import Hiding


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize("kind", Kind)
def test_a_practice_account_is_recognised_wherever_it_is(practice_account: Account, kind: Kind) -> None:
    account = connect(kind, Parameters(), endpoint_url=f"{practice_account.url}/")

    assert account.kind is Kind.PRACTICE
    assert not account.costs
    assert account.endpoint_url == practice_account.url
    assert len(account.defaults["instances"]) == 2
    assert account.aws.invoke_url("abc", "prod") == f"{practice_account.url}/_aws/execute-api/abc/prod"


def test_a_home_that_cannot_be_written_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RUNBOOK_PRACTICE_HOME", str(tmp_path / "file" / "practice"))
    with pytest.raises(CannotContinue, match=r"file/practice: Not a directory.*RUNBOOK_PRACTICE_HOME"):
        connect(Kind.PRACTICE, Parameters())


def test_the_environment_may_name_the_endpoint(practice_account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", practice_account.url)

    assert connect(Kind.AWS, Parameters()).kind is Kind.PRACTICE


def test_a_practice_account_never_gets_real_credentials_nor_goes_by_the_users_files(
    practice_account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREALREALREALREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    monkeypatch.setenv("AWS_PROFILE", "gone")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    aws = connect(Kind.PRACTICE, Parameters(), endpoint_url=practice_account.url).aws

    credentials = aws.session.get_credentials()
    assert credentials is not None
    frozen = credentials.get_frozen_credentials()
    assert frozen.access_key == CREDENTIALS.access_key_id
    assert not frozen.token
    assert aws.identity().account == practice_account.account_id


def test_another_region_has_a_private_service_of_its_own(practice_account: Account) -> None:
    here = connect(Kind.PRACTICE, Parameters(), endpoint_url=practice_account.url)
    there = connect(Kind.PRACTICE, validated({"region": "eu-west-1"}), endpoint_url=practice_account.url)

    assert there.aws.region == "eu-west-1"
    assert set(there.defaults["instances"]).isdisjoint(here.defaults["instances"])
    assert there.aws.identity().region == "eu-west-1"


def test_a_region_that_aws_does_not_have(practice_account: Account) -> None:
    with pytest.raises(BadInput, match="has no region xx-nowhere-1"):
        connect(Kind.PRACTICE, validated({"region": "xx-nowhere-1"}), endpoint_url=practice_account.url)


def test_waits_follow_the_accounts_clock() -> None:
    with serve(clock=ScaledClock(50)) as served:
        assert connect(Kind.PRACTICE, Parameters(), endpoint_url=served.url).aws.pace == pytest.approx(1 / 50)


@pytest.mark.parametrize("url", ["127.0.0.1:4566", "ftp://127.0.0.1", "http://", "http:///x"])
def test_what_is_no_url_is_bad_input(url: str) -> None:
    with pytest.raises(BadInput, match="is not a URL") as raised:
        connect(Kind.PRACTICE, Parameters(), endpoint_url=url)

    assert raised.value.parameter == "endpoint_url"


def test_an_endpoint_where_nobody_answers_is_no_practice_account() -> None:
    with pytest.raises(BadInput, match=r"no practice account answers at http://127\.0\.0\.1:9"):
        connect(Kind.PRACTICE, Parameters(), endpoint_url="http://127.0.0.1:9")


def test_any_other_endpoint_is_taken_for_aws_and_costs(
    practice_account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Hiding(practice_account.url).serving() as hiding:
        account = connect(Kind.AWS, validated({"region": "us-east-1"}), endpoint_url=hiding.url)
        assert account.kind is Kind.AWS
        assert account.costs
        assert account.aws.pace == 1.0

        with pytest.raises(BadInput, match="no practice account answers"):
            connect(Kind.PRACTICE, Parameters(), endpoint_url=hiding.url)


def test_aws_without_a_region_is_bad_input() -> None:
    with pytest.raises(BadInput, match="the AWS configuration names none") as raised:
        connect(Kind.AWS, Parameters())

    assert raised.value.parameter == "region"


def test_the_profiles_region_and_the_known_profiles(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile work]\nregion = ap-south-1\n")

    assert connect(Kind.AWS, Parameters(), profile="work").aws.region == "ap-south-1"
    with pytest.raises(BadInput, match=r"no AWS profile 'play'\. Known profiles: work"):
        connect(Kind.AWS, Parameters(), profile="play")


def test_a_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile work\n")

    with pytest.raises(BadInput, match="the AWS configuration cannot be read"):
        connect(Kind.AWS, Parameters(), profile="work")


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-west-1", "https://abc.execute-api.eu-west-1.amazonaws.com/prod"),
        ("cn-north-1", "https://abc.execute-api.cn-north-1.amazonaws.com.cn/prod"),
    ],
)
def test_invoke_urls_of_aws(region: str, url: str) -> None:
    assert connect(Kind.AWS, validated({"region": region})).aws.invoke_url("abc", "prod") == url
