"""The one model behind options, environment, files, notebook and form."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook.errors import BadInput
from runbook.parameters import Parameters, load, validated

IDS = "i-0123456789abcdef0,i-0123456789abcdef1"


def test_lists_and_tags_may_be_given_as_text() -> None:
    params = validated({"instances": IDS, "tags": "team=payments,cost=7", "port": "8080", "route_root": "true"})

    assert params.instances == tuple(IDS.split(","))
    assert params.tags == {"team": "payments", "cost": "7"}
    assert params.port == 8080
    assert params.route_root is True


def test_a_number_is_taken_as_the_text_that_was_typed() -> None:
    assert validated({"stack": 7}).stack == "7"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("stack", "", "is not a stack name"),
        ("stack", "-a", "is not a stack name"),
        ("stack", "a" * 21, "is not a stack name"),
        ("stack", "internal", "is not a stack name"),  # the load balancer's name would start with internal-
        ("stack", "internal-x", "is not a stack name"),
        ("stack", "a\n", "is not a stack name"),
        ("stack", "$(reboot)", "is not a stack name"),
        ("stack", True, "valid string"),
        ("region", "eu", "is not an AWS region"),
        ("instances", "i-1", "is not an EC2 instance id"),
        ("instances", "i-0123456789abcdef0 i-0123456789abcdef0", "the same id is given twice"),
        ("vpc", "vpc", "is not a VPC id"),
        ("subnets", "subnet-ü", "is not a subnet id"),
        ("security_group", "sg_1", "is not a security group id"),
        ("port", 0, "greater than or equal to 1"),
        ("port", "http", "valid integer"),
        ("port", "8.0", "'8.0' is not a whole number"),
        ("health_check_port", "8_0", "'8_0' is not a whole number"),
        ("port", 65536, "less than or equal to 65535"),
        ("health_check_path", "health", "is not an absolute path"),
        ("health_check_path", "/a b", "is not an absolute path"),
        ("health_check_interval", 4, "greater than or equal to 5"),
        ("endpoint_type", "PRIVATE", "'REGIONAL' or 'EDGE'"),
        ("stage", "a/b", "is not a stage name"),
        ("test_path", "", "is not an absolute path"),
        ("expect_status", 42, "greater than or equal to 100"),
        ("tags", "novalue", "is not of the form key=value"),
        ("tags", {"a": "ü"}, "is not a tag that API Gateway takes"),
        ("tags", {"a": "x" * 257}, "is not a tag that API Gateway takes"),
        ("tags", {"a": " x"}, "is not a tag that API Gateway takes"),
        ("tags", {"aws:a": "x"}, "reserved"),
        ("tags", {"AWS:a": "x"}, "reserved"),
        ("tags", {"runbook:stack": "x"}, "reserved"),
        ("tags", {f"k{n}": "x" for n in range(31)}, "at most 30"),
        ("colour", "red", "is no parameter"),
    ],
)
def test_a_wrong_value_is_named_with_its_parameter(name: str, value: object, said: str) -> None:
    with pytest.raises(BadInput) as raised:
        validated({name: value})

    assert raised.value.parameter == name
    assert said in raised.value.problem
    assert "\n" not in str(raised.value)


@given(
    st.dictionaries(st.sampled_from(sorted(Parameters.model_fields)), st.one_of(st.text(), st.integers(), st.none()))
)
def test_any_value_is_either_taken_or_named_in_one_short_sentence(values: dict[str, object]) -> None:
    refused: BadInput | None = None
    try:
        validated(values)
    except BadInput as error:
        refused = error

    assert refused is None or refused.parameter in values
    assert len(str(refused)) < 1000


def test_what_is_given_by_hand_wins_over_the_environment_and_that_over_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "stack.toml"
    file.write_text('stack = "file"\nport = 81\nhealth-check-path = "/file"\n')
    monkeypatch.setenv("RUNBOOK_PORT", "82")
    monkeypatch.setenv("RUNBOOK_STACK", "environment")

    params = load({"stack": "hand"}, file)

    assert (params.stack, params.port, params.health_check_path) == ("hand", 82, "/file")
    assert params.given == {"stack", "port", "health_check_path"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "stack = ", "is not TOML"),
        ("a.yaml", "stack: [", "is not YAML"),
        ("a.yaml", "- stack", "should hold name and value pairs"),
        ("a.toml", "\udcff", "is not UTF-8"),
        ("a.toml", None, "cannot be read: No such file"),
        ("a.yaml", "#" * 1_000_001, "is longer than 1000 kB"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_so(tmp_path: Path, name: str, text: str | None, said: str) -> None:
    file = tmp_path / name
    if text is not None:
        file.write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(BadInput, match=said):
        load({}, file)


def test_an_empty_file_gives_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# nothing yet\n")

    assert load({}, tmp_path / "a.yaml").given == frozenset()


def test_filling_keeps_what_was_given() -> None:
    params = validated({"port": 80}).filled({"port": 8080, "stage": "v1"})

    assert (params.port, params.stage) == (80, "v1")
    assert params.given == {"port", "stage"}


def test_instances_that_are_given_by_tags_are_not_also_filled_in_by_id() -> None:
    params = validated({"instance_tags": "Name=web*"}).filled({"instances": tuple(IDS.split(","))})

    assert params.instances == ()
    assert params.instance_tags == {"Name": "web*"}
