"""What a stack was made from comes back from its tags, whatever it was."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runbook.parameters import RUN_ONLY, Parameters, validated
from runbook.record import STACK, is_ours, parameters_from, record, stack_tags, tag_differences

# API Gateway's tags ("Tagging an API Gateway resource", tag restrictions) are the narrowest of the three services';
# spaces at the ends are refused by Elastic Load Balancing (Tag in the ELBv2 API reference).
TAKEN = re.compile(r"(?! )[A-Za-z0-9 +\-=._:/@]*(?<! )")

printable = st.characters().filter(str.isprintable)
hexadecimal = st.text("0123456789abcdef", min_size=17, max_size=17)
visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=400)
tag_text = st.from_regex(r"[A-Za-z0-9+\-=._:/@]([A-Za-z0-9 +\-=._:/@]{0,60}[A-Za-z0-9+\-=._:/@])?", fullmatch=True)


def ids(prefix: str) -> st.SearchStrategy[Any]:
    return st.lists(hexadecimal.map(lambda text: f"{prefix}-{text}"), unique=True, max_size=40).map(tuple)


values = st.fixed_dictionaries(
    {},
    optional={
        "instances": ids("i"),
        "subnets": ids("subnet"),
        "vpc": hexadecimal.map(lambda text: f"vpc-{text}"),
        "security_group": hexadecimal.map(lambda text: f"sg-{text}"),
        "instance_tags": st.dictionaries(
            st.text(printable, min_size=1, max_size=50), st.text(printable, max_size=50), max_size=5
        ),
        "port": st.integers(1, 65535),
        "health_check_path": visible.map(lambda text: f"/{text}"),
        "health_check_port": st.integers(1, 65535),
        "health_check_interval": st.integers(5, 300),
        "endpoint_type": st.sampled_from(["EDGE", "REGIONAL"]),
        "route_root": st.booleans(),
        "stage": st.from_regex(r"[A-Za-z0-9_-]{1,128}", fullmatch=True),
        "test_path": visible.map(lambda text: f"/{text}"),
        "expect_status": st.integers(100, 599),
        "tags": st.dictionaries(
            tag_text.filter(lambda key: not key.lower().startswith(("aws:", "runbook:"))), tag_text, max_size=8
        ),
        "adopt": st.booleans(),
        "replace": st.booleans(),
    },
)


@given(values)
def test_what_was_given_comes_back_from_the_tags(given_values: dict[str, Any]) -> None:
    params = validated(given_values)

    remembered = Parameters().filled(parameters_from(record(params)))

    for name in set(Parameters.model_fields) - RUN_ONLY - {"region", "stack"}:
        assert getattr(remembered, name) == getattr(params, name), name


@given(values)
def test_aws_takes_the_tags(given_values: dict[str, Any]) -> None:
    for key, value in record(validated(given_values)).items():
        assert 1 <= len(key) <= 128
        assert len(value) <= 256
        assert TAKEN.fullmatch(key), key
        assert TAKEN.fullmatch(value), value


def test_a_hundred_instances_and_thirty_tags_of_ones_own_fit() -> None:
    most = validated(
        {
            "instances": ",".join(f"i-{number:017x}" for number in range(100)),
            "tags": {f"key-{number}": "a value" for number in range(30)},
        }
    )

    assert len(record(most)) <= 50  # tags a resource can have


def test_ours_is_what_carries_the_stacks_tag() -> None:
    tags = stack_tags(validated({"stack": "demo"}))

    assert tags == {STACK: "demo"}
    assert is_ours(tags, "demo")
    assert not is_ours(tags, "other")
    assert not is_ours({"Name": "demo"}, "demo")


def test_tags_that_others_added_are_theirs_but_leftovers_of_our_record_are_not() -> None:
    found = {STACK: "demo", "team": "theirs", "runbook:port": "8080"}

    (difference,) = tag_differences(found, {STACK: "demo"})

    assert str(difference) == "tag runbook:port is 8080, should be not set"
