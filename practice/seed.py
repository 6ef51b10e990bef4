"""What is in the account when it begins: a private service, and nobody who can reach it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from practice import ACCOUNT_ID, CREDENTIALS

if TYPE_CHECKING:
    from practice.ec2.instances import Instance

__all__ = ["Defaults", "defaults", "forget_all", "seed"]

VPC_CIDR = "10.0.0.0/16"
SUBNET_CIDRS = ("10.0.1.0/24", "10.0.2.0/24")
NAME = "practice"


@dataclass(frozen=True)
class Defaults:
    """Where the private service of a region is."""

    region: str
    vpc: str
    subnets: tuple[str, ...]
    instances: tuple[str, ...]
    security_group: str

    def as_json(self) -> dict[str, Any]:
        """The same as ``/_practice`` shows it."""
        return {
            "region": self.region,
            "instances": list(self.instances),
            "vpc": self.vpc,
            "subnets": list(self.subnets),
            "security_group": self.security_group,
        }


_seeded: dict[str, Defaults] = {}


def defaults(region: str) -> Defaults | None:
    """What was seeded in a region; None when nothing was."""
    return _seeded.get(region)


def forget_all() -> None:
    """For a reset of the account."""
    _seeded.clear()


def seed(region: str) -> Defaults:
    """Put the private service into a region, once. Raise KeyError for a region that AWS does not have."""
    if region in _seeded:
        return _seeded[region]
    from moto.ec2.models import ec2_backends

    from practice.apigatewayv2.zones import offers_links

    _seed_operator(region)
    ec2 = ec2_backends[ACCOUNT_ID][region]
    vpc = ec2.create_vpc(VPC_CIDR, tags=[{"Key": "Name", "Value": f"{NAME}-vpc"}])
    ec2.modify_vpc_attribute(vpc.id, "enable_dns_hostnames", "true")
    # Zones that links V2 can be made in come first: the service can be reached in either way.
    offered = sorted(ec2.describe_availability_zones(), key=lambda zone: not offers_links(region, zone.zone_id))
    zones = [zone.name for zone in offered][: len(SUBNET_CIDRS)]
    group = ec2.create_security_group(
        f"{NAME}-service",
        "The private service: nobody is let in",
        vpc_id=vpc.id,
        tags={"Name": f"{NAME}-service"},
    )
    subnets: list[str] = []
    instances: list[str] = []
    for number, (cidr, zone) in enumerate(zip(SUBNET_CIDRS, zones, strict=True), start=1):
        subnet = ec2.create_subnet(
            vpc.id, cidr, availability_zone=zone, tags={"subnet": {"Name": f"{NAME}-private-{zone}"}}
        )
        reservation = ec2.run_instances(
            _image(ec2),
            1,
            None,
            [],
            security_group_ids=[group.id],
            subnet_id=subnet.id,
            instance_type="t3.micro",
            is_instance_type_default=False,
            region_name=region,
            tags={"instance": {"Name": f"{NAME}-service-{number}"}},
        )
        subnets.append(subnet.id)
        for instance in reservation.instances:
            cast("Instance", instance).skip_transition()
            instances.append(instance.id)
    _seeded[region] = Defaults(region, vpc.id, tuple(subnets), tuple(instances), group.id)
    return _seeded[region]


def _image(ec2: Any) -> str:
    """An Amazon Linux image of the region; any image does, because the machines run none."""
    images = ec2.describe_images(filters={"name": "amzn2-ami-hvm-2.*", "architecture": "x86_64"})
    return str((images or ec2.describe_images())[0].id)


def _seed_operator(region: str) -> None:
    """The user whose access key everybody gets."""
    from moto.iam.models import AccessKey, iam_backends
    from moto.utilities.utils import get_partition

    iam = iam_backends[ACCOUNT_ID][get_partition(region)]
    if CREDENTIALS.access_key_id in iam.access_keys:
        return
    user = iam.create_user(region, "operator")
    iam.put_user_policy("operator", "everything", _ADMINISTRATOR)
    key = AccessKey("operator", "AKIA", ACCOUNT_ID)  # type: ignore[abstract]  # a method of CloudFormation's
    key.access_key_id, key.secret_access_key = CREDENTIALS
    user.access_keys.append(key)
    iam.access_keys[key.access_key_id] = key


_ADMINISTRATOR = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
