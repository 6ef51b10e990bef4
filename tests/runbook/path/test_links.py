"""Both kinds of VPC links, as API Gateway answers them and as one model holds them."""

from __future__ import annotations

from dataclasses import replace

from runbook.path.links import Link, LinkV2, get, get_v2, listed, listed_v2
from steps import _links
from tests.stack import Stack


def test_a_listed_link_and_the_single_one_are_the_same_but_for_the_tags(finished: Stack) -> None:
    (link,) = listed(finished.aws).values()
    single = get(finished.aws, link.id)

    assert single is not None
    assert replace(single, tags={}) == replace(link, tags={})
    assert single.is_of(finished.name)
    assert _links.ours(finished.aws, finished.name) == [single]


def test_a_v2_link_is_read_alike_from_the_list_and_by_itself(finished: Stack) -> None:
    subnets = [item["SubnetId"] for item in finished.aws.ec2.describe_subnets()["Subnets"]][:2]
    made = finished.aws.apigatewayv2.create_vpc_link(Name="second", SubnetIds=subnets, SecurityGroupIds=[])["VpcLinkId"]

    found = listed_v2(finished.aws)

    assert set(found[made].subnets) == set(subnets)
    assert found[made].name == "second"
    assert found[made] == get_v2(finished.aws, made)


def test_a_link_that_is_not_there_is_none(finished: Stack) -> None:
    assert get(finished.aws, "nowhere") is None
    assert get_v2(finished.aws, "nowhere") is None


def test_a_link_of_which_aws_says_only_the_id_is_read() -> None:
    assert str(Link.of({"id": "abc123"})) == "in an unknown state"
    assert LinkV2.of({"VpcLinkId": "abc123"}).subnets == ()  # type: ignore[typeddict-item]
