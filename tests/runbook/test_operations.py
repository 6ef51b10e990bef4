"""What steps declare of AWS's operations decides what is sent again, what is forgotten, and how long a quota takes."""

from __future__ import annotations

import botocore.session
import pytest

from runbook.errors import StepsInvalid
from runbook.operations import Operation, Operations
from runbook.quotas import EDGE_CREATION, request_quota
from runbook.step import Plan
from steps.tracks import TRACKS
from tests.runbook.toys import First, Second, Toy

OPERATIONS = TRACKS.default.plan.operations
SERVICES = ("apigateway", "apigatewayv2", "ec2", "elbv2")
ALL = [
    (service, str(name))
    for service in SERVICES
    for name in botocore.session.get_session().get_service_model(service).operation_names
]


def test_what_has_no_name_of_its_own_is_never_sent_again_blindly() -> None:
    assert OPERATIONS.not_idempotent == {"CreateVpcLink", "CreateRestApi", "CreateDeployment", "CreateResource"}
    for service, name in ALL:
        again = OPERATIONS.may_be_sent_again(service, name)
        if (service, name) in {(each.service, each.name) for each in OPERATIONS.declared}:
            assert again is (name not in OPERATIONS.not_idempotent)
        else:
            assert again is not name.startswith("Create")


def test_no_word_of_a_topic_is_found_in_an_operation_of_another() -> None:
    """So that the order in which steps declare them does not matter."""
    words = OPERATIONS.topics
    for _, name in ALL:
        fitting = {topics for word, topics in words.items() if word in name}
        assert len(fitting) < 2 or name.startswith(("Delete", "Tag", "Untag")), name


def test_what_is_about_nothing_known_is_about_everything() -> None:
    everything = OPERATIONS.about("TagResource")
    assert all(OPERATIONS.about(name) <= everything for _, name in ALL)
    assert OPERATIONS.about("DeleteRestApi") == everything
    assert OPERATIONS.about("GetVpcLink") == {"link"}
    nothing = Operations()
    assert nothing.about("GetVpcLink") & nothing.about("PutMethod")
    assert not nothing.may_be_sent_again("apigateway", "CreateVpcLink")
    assert nothing.may_be_sent_again("apigateway", "GetVpcLink")


def test_only_the_creation_of_an_edge_optimized_api_has_that_quota() -> None:
    for types, quota in ((["EDGE"], EDGE_CREATION), (["REGIONAL"], request_quota("apigateway", "CreateRestApi"))):
        request = {"name": "an-api", "endpointConfiguration": {"types": types}}
        assert OPERATIONS.quota("apigateway", "CreateRestApi", request) == quota
    named = {"name": "EDGE", "endpointConfiguration": {"types": ["REGIONAL"]}}
    assert OPERATIONS.quota("apigateway", "CreateRestApi", named) != EDGE_CREATION


def test_two_steps_that_repair_the_same_hop_are_refused() -> None:
    one, other = Toy("one", First).module, Toy("other", Second).module
    one.HOPS = other.HOPS = {"toy": ""}  # type: ignore[attr-defined]
    with pytest.raises(StepsInvalid, match="both repair hop toy"):
        Plan.of([one, other])


def test_two_steps_may_know_of_the_same_operation() -> None:
    one, other = Toy("one", First).module, Toy("other", Second).module
    one.OPERATIONS = other.OPERATIONS = (Operation("toy", "MakeToy", again=False),)  # type: ignore[attr-defined]
    one.TOPICS, other.TOPICS = {"Toy": ("a",)}, {"Toy": ("b",)}  # type: ignore[attr-defined]
    operations = Plan.of([one, other]).operations
    assert not operations.may_be_sent_again("toy", "MakeToy")
    assert operations.about("MakeToy") == {"a", "b"}
