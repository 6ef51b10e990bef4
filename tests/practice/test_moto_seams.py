"""What of moto's insides the practice account stands on. A test that fails here after an upgrade says what moved."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import moto
import pytest
from moto.apigateway import models as gateway_models
from moto.apigateway.responses import APIGatewayResponse
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import BaseResponse
from moto.ec2.models import EC2Backend
from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer
from moto.iam.models import IAMBackend
from moto.sts.models import AssumedRole


def attributes_set_by(function: Any) -> str:
    return inspect.getsource(function)


def test_the_version_is_one_that_was_looked_at() -> None:
    assert moto.__version__.startswith("5.2.")


class TestBackends:
    def test_a_backend_class_is_looked_up_when_an_account_is_first_asked(self) -> None:
        class Mine(BaseBackend):
            pass

        backends: BackendDict[Any] = BackendDict(BaseBackend, "apigateway")
        backends.backend = Mine
        assert isinstance(backends["111111111111"]["us-east-1"], Mine)
        backends.clear()

    def test_urls_are_found_beside_the_class(self) -> None:
        from practice.apigateway.models import ApiGatewayBackend

        backend = ApiGatewayBackend("us-east-1", "111111111111")
        assert backend._url_module is importlib.import_module("practice.apigateway.urls")

    def test_a_reset_calls_the_constructor_with_region_and_account(self) -> None:
        assert list(inspect.signature(BaseBackend.__init__).parameters) == ["self", "region_name", "account_id"]


class TestResponses:
    @pytest.mark.parametrize(
        "name", ["call_action", "_get_action", "_get_action_from_method_and_request_uri", "_enrich_response"]
    )
    def test_methods_that_are_overridden_or_called(self, name: str) -> None:
        assert callable(getattr(BaseResponse, name))

    def test_the_methods_of_a_class_are_listed_by_a_function_that_can_be_replaced(self) -> None:
        assert "method_names_from_class(self.__class__)" in inspect.getsource(BaseResponse.call_action)

    def test_the_request_is_kept_as_werkzeugs(self) -> None:
        assert "self.normalized_request = request" in attributes_set_by(BaseResponse.setup_class)

    def test_the_router_gives_the_paths_parameters_under_botocores_names(self) -> None:
        source = inspect.getsource(BaseResponse._get_action_from_method_and_request_uri)
        assert "self.uri_match = uri_params" in source

    def test_an_operation_is_a_method_in_snake_case(self) -> None:
        assert "camelcase_to_underscores(self._get_action())" in inspect.getsource(BaseResponse.call_action)

    def test_no_operation_of_ours_shadows_a_helper(self) -> None:
        from practice.apigateway.responses import ApiGatewayResponse

        ours = {name for name in vars(ApiGatewayResponse) if not name.startswith("_")}
        helpers = {name for name in vars(BaseResponse) if not name.startswith("_")} - {"call_action"}
        assert not ours & helpers


class TestApiGateway:
    def test_the_constructor_makes_the_root_with_add_child(self) -> None:
        source = inspect.getsource(gateway_models.RestAPI.__init__)
        assert 'self.default = self.add_child("/")' in source
        assert "self.root_resource_id = self.default.id" in source

    @pytest.mark.parametrize(
        "name",
        ["authorizers", "gateway_responses", "models", "request_validators", "resources", "stages", "deployments"],
    )
    def test_dictionaries_of_an_api(self, name: str) -> None:
        assert f"self.{name}: dict[str, " in inspect.getsource(gateway_models.RestAPI.__init__)

    @pytest.mark.parametrize("name", ["account", "apis", "keys", "usage_plans", "vpc_links"])
    def test_what_a_backend_holds(self, name: str) -> None:
        assert f"self.{name}: " in inspect.getsource(gateway_models.APIGatewayBackend.__init__)

    def test_the_accounts_role_for_logs(self) -> None:
        assert gateway_models.Account().cloudwatch_role_arn is None

    def test_operations_that_stay_motos(self) -> None:
        for name in ("create_authorizer", "create_domain_name", "create_model"):
            assert callable(getattr(APIGatewayResponse, name))


class TestPermissions:
    def test_users_groups_and_roles_are_dictionaries(self) -> None:
        iam = IAMBackend("aws", "111111111111")
        assert iam.users == {}
        assert iam.groups == {}
        assert iam.roles == {}

    def test_a_user_has_keys_and_policies(self) -> None:
        iam = IAMBackend("aws", "111111111111")
        user = iam.create_user("us-east-1", "ann")
        key = iam.create_access_key("ann", prefix="AKIA")
        assert user.access_keys == [key]
        assert key.status == "Active"
        assert user.policies == {}
        assert user.managed_policies == {}

    def test_a_managed_policy_has_versions(self) -> None:
        iam = IAMBackend("aws", "111111111111")
        text = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}'
        policy = iam.create_policy("", "/", text, "p", [])
        assert [version.version_id for version in policy.versions] == [policy.default_version_id]
        assert policy.versions[0].document == text

    def test_a_role_names_its_boundary(self) -> None:
        from moto.iam.models import Role

        assert "self.permissions_boundary_arn" in attributes_set_by(Role.__init__)

    @pytest.mark.parametrize("name", ["access_key_id", "session_token", "role_arn", "policy"])
    def test_an_assumed_role_keeps_its_session(self, name: str) -> None:
        assert f"self.{name} = " in attributes_set_by(AssumedRole.__init__)

    def test_tags_can_be_asked_for(self) -> None:
        assert "filters" in inspect.signature(EC2Backend.describe_tags).parameters
        assert "self.tagging_service" in attributes_set_by(ELBv2Backend.__init__)

    def test_a_load_balancer_tells_its_type(self) -> None:
        assert 'self.type = loadbalancer_type or "application"' in attributes_set_by(FakeLoadBalancer.__init__)
