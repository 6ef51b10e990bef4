"""What of moto's EC2 and ELBv2 the practice account stands on. A failure after an upgrade says what moved."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from moto.core.base_backend import BackendDict
from moto.ec2.models import EC2Backend
from moto.ec2.models import amis as moto_amis
from moto.ec2.models import instances as moto_instances
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.subnets import Subnet
from moto.elb.models import elb_backends
from moto.elbv2 import models as moto_elbv2
from moto.moto_server import werkzeug_app

import practice.ec2.instances
import practice.ec2.models
import practice.elbv2.models
import practice.elbv2.target_groups


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize(
    "module",
    [practice.ec2.models.EC2Backend, practice.elbv2.models.ELBv2Backend, practice.ec2.instances.Instance],
)
def test_every_method_that_says_it_overrides_does(module: type) -> None:
    base = module.__mro__[1]
    overriding = [name for name, member in vars(module).items() if getattr(member, "__override__", False)]
    assert overriding
    assert [name for name in overriding if not hasattr(base, name)] == []


@pytest.mark.parametrize(
    ("ours", "name"),
    [
        (practice.elbv2.models.ELBv2Backend, name)
        for name in ("create_listener", "modify_listener", "set_subnets", "describe_load_balancers")
    ]
    + [(practice.elbv2.models.ELBv2Backend, "modify_target_group")]
    + [(practice.ec2.models.EC2Backend, name) for name in ("create_security_group", "describe_security_groups")],
)
def test_their_parameters_are_motos(ours: type, name: str) -> None:
    assert parameters(getattr(ours, name)) == parameters(getattr(ours.__mro__[1], name))


def test_moto_builds_what_its_module_names() -> None:
    assert moto_elbv2.FakeTargetGroup is practice.elbv2.target_groups.TargetGroup
    assert moto_instances.Instance is practice.ec2.instances.Instance
    for function, name in [
        (moto_elbv2.ELBv2Backend.create_target_group, "FakeTargetGroup("),
        (moto_instances.InstanceBackend.run_instances, "Instance("),
    ]:
        assert name in inspect.getsource(function)


def test_both_generations_of_load_balancers_come_through_the_classic_backend() -> None:
    practice.elbv2.install()
    assert elb_backends.backend is practice.elbv2.models.ClassicELBBackend
    backend = practice.elbv2.models.ClassicELBBackend("us-east-1", "123456789012")
    assert list(backend.flask_paths.values()) == [
        practice.elbv2.models.ClassicELBBackend._url_module.fget(backend).elastic_load_balancing
    ]  # type: ignore[attr-defined]


def test_subnets_hand_out_and_take_back_addresses() -> None:
    assert parameters(Subnet.get_available_subnet_ip) == ["self", "instance"]
    assert parameters(Subnet.request_ip) == ["self", "ip", "instance"]
    assert parameters(Subnet.del_subnet_ip) == ["self", "ip"]


def test_an_interfaces_constructor() -> None:
    assert parameters(NetworkInterface.__init__)[:5] == [
        "self",
        "ec2_backend",
        "subnet",
        "private_ip_address",
        "private_ip_addresses",
    ]


def test_images_are_loaded_by_one_method() -> None:
    assert hasattr(EC2Backend, "_load_amis")
    assert any(image["name"].startswith("amzn2-ami-hvm-2.") for image in moto_amis.AMIS)


def test_backends_in_use_are_listed() -> None:
    assert isinstance(BackendDict._instances, list)


def test_web_pages_are_let_in_by_one_switch() -> None:
    assert "DISABLE_GLOBAL_CORS" in inspect.getsource(werkzeug_app.create_backend_app)
