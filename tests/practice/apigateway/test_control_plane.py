"""The control plane where a single answer does not tell the story: what holds over several calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from practice.apigateway.snapshot import resolve, vpc_link
from practice.clock import ManualClock
from practice.server import Account
from tests.log_role import log_role


@pytest.fixture
def gateway(client: Callable[[str], Any]) -> Any:
    return client("apigateway")


@pytest.fixture
def api(gateway: Any) -> dict[str, str]:
    """An API with `ANY /{proxy+}` over a private integration, not deployed: its ids."""
    made = gateway.create_rest_api(name="demo", endpointConfiguration={"types": ["REGIONAL"]})
    resource = gateway.create_resource(restApiId=made["id"], parentId=made["rootResourceId"], pathPart="{proxy+}")
    where = {"restApiId": made["id"], "resourceId": resource["id"], "httpMethod": "ANY"}
    gateway.put_method(**where, authorizationType="NONE", requestParameters={"method.request.path.proxy": True})
    gateway.put_integration(
        **where,
        type="HTTP_PROXY",
        integrationHttpMethod="ANY",
        connectionType="VPC_LINK",
        connectionId="${stageVariables.VPCLINK}",
        uri="http://${stageVariables.VPCNLB}/{proxy}",
        requestParameters={"integration.request.path.proxy": "method.request.path.proxy"},
    )
    return {"api": made["id"], "root": made["rootResourceId"], "resource": resource["id"]}


@pytest.fixture
def nlb(client: Callable[[str], Any], defaults: dict[str, Any], clock: ManualClock) -> str:
    made = client("elbv2").create_load_balancer(
        Name="demo", Type="network", Scheme="internal", Subnets=defaults["subnets"]
    )
    clock.advance(600)
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


@pytest.fixture
def updated(gateway: Any, api: dict[str, str], nlb: str) -> dict[str, dict[str, Any]]:
    """Each operation that takes patches, with the parameters that name something to patch."""
    in_api, method = {"restApiId": api["api"]}, {"resourceId": api["resource"], "httpMethod": "ANY"}
    response = in_api | method | {"statusCode": "200"}
    gateway.put_method_response(**response, responseParameters={"method.response.header.x": False})
    gateway.put_integration_response(**response, responseParameters={"method.response.header.x": "'x'"})
    deployment = gateway.create_deployment(restApiId=api["api"], stageName="prod")["id"]
    return {
        "update_rest_api": in_api,
        "update_stage": in_api | {"stageName": "prod"},
        "update_deployment": in_api | {"deploymentId": deployment},
        "update_resource": in_api | {"resourceId": api["root"]},
        "update_method": in_api | method,
        "update_method_response": response,
        "update_integration": in_api | method,
        "update_integration_response": response,
        "update_gateway_response": in_api | {"responseType": "DEFAULT_5XX"},
        "update_vpc_link": {"vpcLinkId": gateway.create_vpc_link(name="demo", targetArns=[nlb])["id"]},
        "update_account": {},
    }


def refused(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Message"])


def exported(gateway: Any, api: dict[str, str], kind: str = "oas30") -> dict[str, Any]:
    answer = gateway.get_export(
        restApiId=api["api"], stageName="prod", exportType=kind, parameters={"extensions": "apigateway"}
    )
    return json.loads(answer["body"].read())


class TestDeployments:
    def test_a_snapshot_keeps_what_was_configured(self, gateway: Any, api: dict[str, str]) -> None:
        gateway.create_deployment(restApiId=api["api"], stageName="prod")
        before = exported(gateway, api)
        where = {"restApiId": api["api"], "resourceId": api["resource"], "httpMethod": "ANY"}
        gateway.update_integration(
            **where, patchOperations=[{"op": "replace", "path": "/uri", "value": "http://elsewhere/{proxy}"}]
        )
        gateway.update_method(**where, patchOperations=[{"op": "replace", "path": "/apiKeyRequired", "value": "true"}])
        gateway.update_resource(
            restApiId=api["api"],
            resourceId=api["resource"],
            patchOperations=[{"op": "replace", "path": "/pathPart", "value": "{all+}"}],
        )
        assert exported(gateway, api) == before
        gateway.delete_resource(restApiId=api["api"], resourceId=api["resource"])
        assert exported(gateway, api) == before

    def test_a_new_deployment_shows_the_change(self, gateway: Any, api: dict[str, str]) -> None:
        gateway.create_deployment(restApiId=api["api"], stageName="prod")
        gateway.update_integration(
            restApiId=api["api"],
            resourceId=api["resource"],
            httpMethod="ANY",
            patchOperations=[{"op": "replace", "path": "/timeoutInMillis", "value": "1000"}],
        )
        gateway.create_deployment(restApiId=api["api"], stageName="prod")
        operation = exported(gateway, api)["paths"]["/{proxy+}"]["x-amazon-apigateway-any-method"]
        assert operation["x-amazon-apigateway-integration"]["timeoutInMillis"] == 1000

    def test_a_stage_can_go_back(self, gateway: Any, api: dict[str, str]) -> None:
        first = gateway.create_deployment(restApiId=api["api"], stageName="prod")["id"]
        before = exported(gateway, api)
        gateway.delete_resource(restApiId=api["api"], resourceId=api["resource"])
        gateway.put_method(restApiId=api["api"], resourceId=api["root"], httpMethod="GET", authorizationType="NONE")
        gateway.put_integration(restApiId=api["api"], resourceId=api["root"], httpMethod="GET", type="MOCK")
        gateway.create_deployment(restApiId=api["api"], stageName="prod")
        assert exported(gateway, api) != before
        patch = {"op": "replace", "path": "/deploymentId", "value": first}
        gateway.update_stage(restApiId=api["api"], stageName="prod", patchOperations=[patch])
        assert exported(gateway, api)["paths"] == before["paths"]

    def test_times_are_the_clocks(self, gateway: Any, api: dict[str, str], clock: ManualClock) -> None:
        first = gateway.create_deployment(restApiId=api["api"], stageName="prod")["createdDate"]
        clock.advance(3600)
        second = gateway.create_deployment(restApiId=api["api"], stageName="prod")["createdDate"]
        assert (second - first).total_seconds() == 3600
        stage = gateway.get_stage(restApiId=api["api"], stageName="prod")
        assert stage["lastUpdatedDate"] == second
        assert stage["createdDate"] == first


class TestAllOrNothing:
    def test_a_stage(self, gateway: Any, api: dict[str, str]) -> None:
        gateway.create_deployment(restApiId=api["api"], stageName="prod")
        patches = [
            {"op": "replace", "path": "/variables/VPCLINK", "value": "abc123"},
            {"op": "replace", "path": "/variables/VPCNLB", "value": "no spaces"},
        ]
        assert "Invalid stage variable value" in refused(
            gateway.update_stage, restApiId=api["api"], stageName="prod", patchOperations=patches
        )
        assert "variables" not in gateway.get_stage(restApiId=api["api"], stageName="prod")

    def test_a_rest_api(self, gateway: Any, api: dict[str, str]) -> None:
        patches = [
            {"op": "replace", "path": "/name", "value": "changed"},
            {"op": "replace", "path": "/nothing", "value": "x"},
        ]
        refused(gateway.update_rest_api, restApiId=api["api"], patchOperations=patches)
        assert gateway.get_rest_api(restApiId=api["api"])["name"] == "demo"

    def test_an_integration(self, gateway: Any, api: dict[str, str]) -> None:
        where = {"restApiId": api["api"], "resourceId": api["resource"], "httpMethod": "ANY"}
        patches = [
            {"op": "replace", "path": "/connectionId", "value": "changed"},
            {"op": "replace", "path": "/timeoutInMillis", "value": "1"},
        ]
        assert "Timeout should be between" in refused(gateway.update_integration, **where, patchOperations=patches)
        assert gateway.get_integration(**where)["connectionId"] == "${stageVariables.VPCLINK}"

    def test_an_import(self, gateway: Any, api: dict[str, str]) -> None:
        operation = {"x-amazon-apigateway-integration": {"type": "http", "httpMethod": "GET", "uri": "nowhere"}}
        document = {"openapi": "3.0.1", "info": {"title": "x"}, "paths": {"/a": {"get": operation}}}
        before = gateway.get_resources(restApiId=api["api"])["items"]
        assert "Unable to put integration on 'GET' for resource at path '/a'" in refused(
            gateway.put_rest_api, restApiId=api["api"], mode="overwrite", body=json.dumps(document)
        )
        assert gateway.get_resources(restApiId=api["api"])["items"] == before


class TestOpenApi:
    @pytest.mark.parametrize("kind", ["oas30", "swagger"])
    def test_an_export_imported_is_the_same_api(self, gateway: Any, api: dict[str, str], kind: str) -> None:
        where = {"restApiId": api["api"], "resourceId": api["root"], "httpMethod": "GET"}
        gateway.put_method(
            **where,
            authorizationType="AWS_IAM",
            apiKeyRequired=True,
            operationName="Home",
            requestParameters={"method.request.querystring.page": False},
        )
        gateway.put_integration(**where, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        gateway.put_method_response(
            **where,
            statusCode="200",
            responseModels={"application/json": "Empty"},
            responseParameters={"method.response.header.X-Who": False},
        )
        gateway.put_integration_response(
            **where, statusCode="200", responseParameters={"method.response.header.X-Who": "'me'"}
        )
        gateway.create_deployment(restApiId=api["api"], stageName="prod")
        document = exported(gateway, api, kind)
        copy = {"api": gateway.import_rest_api(body=json.dumps(document))["id"]}
        gateway.create_deployment(restApiId=copy["api"], stageName="prod")
        assert exported(gateway, copy, kind)["paths"] == document["paths"]

    def test_yaml_is_taken_and_given(self, gateway: Any, api: dict[str, str]) -> None:
        gateway.create_deployment(restApiId=api["api"], stageName="prod")
        answer = gateway.get_export(
            restApiId=api["api"], stageName="prod", exportType="oas30", accepts="application/yaml"
        )
        assert answer["contentDisposition"].endswith('.yaml"')
        assert gateway.import_rest_api(body=answer["body"].read())["name"] == "demo"

    def test_what_is_no_document(self, gateway: Any) -> None:
        assert refused(gateway.import_rest_api, body=b"{nothing: [") == "Invalid OpenAPI input."

    def test_overwrite_takes_the_place_and_merge_adds(self, gateway: Any, api: dict[str, str]) -> None:
        mock = {"x-amazon-apigateway-integration": {"type": "mock"}}
        document = json.dumps({"openapi": "3.0.1", "info": {"title": "x"}, "paths": {"/a/b": {"get": mock}}})
        gateway.put_rest_api(restApiId=api["api"], mode="merge", body=document)
        assert paths(gateway, api) == ["/", "/a", "/a/b", "/{proxy+}"]
        gateway.put_rest_api(restApiId=api["api"], mode="overwrite", body=document)
        assert paths(gateway, api) == ["/", "/a", "/a/b"]


def paths(gateway: Any, api: dict[str, str]) -> list[str]:
    return [resource["path"] for resource in gateway.get_resources(restApiId=api["api"])["items"]]


class TestPaging:
    def test_all_come_once_in_pages(self, gateway: Any, api: dict[str, str]) -> None:
        for number in range(7):
            gateway.create_resource(restApiId=api["api"], parentId=api["root"], pathPart=f"p{number}")
        pages = list(
            gateway.get_paginator("get_resources").paginate(restApiId=api["api"], PaginationConfig={"PageSize": 3})
        )
        assert [len(page["items"]) for page in pages] == [3, 3, 3]
        found = [resource["path"] for page in pages for resource in page["items"]]
        assert found == paths(gateway, api)

    def test_the_last_page_has_no_position(self, gateway: Any, api: dict[str, str]) -> None:
        assert "position" not in gateway.get_resources(restApiId=api["api"], limit=2)
        first = gateway.get_resources(restApiId=api["api"], limit=1)
        assert "position" not in gateway.get_resources(restApiId=api["api"], limit=1, position=first["position"])


class TestLinks:
    def test_a_life(self, gateway: Any, nlb: str, clock: ManualClock) -> None:
        link = gateway.create_vpc_link(name="demo", targetArns=[nlb])["id"]
        seen = []
        for seconds in (0, 100, 100, 0):
            clock.advance(seconds)
            seen.append(gateway.get_vpc_link(vpcLinkId=link)["status"])
        assert seen == ["PENDING", "PENDING", "AVAILABLE", "AVAILABLE"]
        gateway.delete_vpc_link(vpcLinkId=link)
        assert gateway.get_vpc_link(vpcLinkId=link)["status"] == "DELETING"
        clock.advance(600)
        assert gateway.get_vpc_links()["items"] == []

    def test_the_nlb_serves_a_new_link_when_the_old_one_is_gone(
        self, gateway: Any, nlb: str, clock: ManualClock
    ) -> None:
        old = gateway.create_vpc_link(name="old", targetArns=[nlb])["id"]
        clock.advance(600)
        gateway.delete_vpc_link(vpcLinkId=old)
        early = gateway.create_vpc_link(name="early", targetArns=[nlb])["id"]
        clock.advance(600)
        late = gateway.create_vpc_link(name="late", targetArns=[nlb])["id"]
        clock.advance(600)
        assert gateway.get_vpc_link(vpcLinkId=early)["status"] == "FAILED"
        assert gateway.get_vpc_link(vpcLinkId=late)["status"] == "AVAILABLE"

    def test_deleting_a_failed_link_leaves_the_good_one_its_nlb(
        self, gateway: Any, client: Any, nlb: str, clock: ManualClock
    ) -> None:
        gateway.create_vpc_link(name="good", targetArns=[nlb])
        failed = gateway.create_vpc_link(name="failed", targetArns=[nlb])["id"]
        clock.advance(600)
        gateway.delete_vpc_link(vpcLinkId=failed)
        clock.advance(600)
        assert "associated with another service" in refused(client("elbv2").delete_load_balancer, LoadBalancerArn=nlb)

    def test_a_redeployment_without_the_link_frees_it(
        self, gateway: Any, api: dict[str, str], nlb: str, clock: ManualClock
    ) -> None:
        link = gateway.create_vpc_link(name="demo", targetArns=[nlb])["id"]
        clock.advance(600)
        where = {"restApiId": api["api"], "resourceId": api["resource"], "httpMethod": "ANY"}
        by_id = {"op": "replace", "path": "/connectionId", "value": link}
        gateway.update_integration(**where, patchOperations=[by_id])
        gateway.create_deployment(restApiId=api["api"], stageName="prod")
        by_variable = by_id | {"value": "${stageVariables.VPCLINK}"}
        gateway.update_integration(**where, patchOperations=[by_variable])
        assert "is referenced in" in refused(gateway.delete_vpc_link, vpcLinkId=link)
        gateway.create_deployment(restApiId=api["api"], stageName="prod")
        gateway.delete_vpc_link(vpcLinkId=link)


class TestViews:
    def test_the_data_plane_finds_an_api_by_its_id(self, gateway: Any, api: dict[str, str], account: Account) -> None:
        gateway.create_deployment(restApiId=api["api"], stageName="prod")
        patch = {"op": "replace", "path": "/variables/VPCLINK", "value": "abc123"}
        gateway.update_stage(restApiId=api["api"], stageName="prod", patchOperations=[patch])
        found = resolve(api["api"])
        assert found is not None
        assert (found.account_id, found.region, found.name) == (account.account_id, account.region, "demo")
        stage = found.stage("prod")
        assert stage is not None
        assert stage.variables == {"VPCLINK": "abc123"}
        assert list(stage.snapshot.routes) == ["/", "/{proxy+}"]
        assert found.stage("PROD") is None
        assert resolve("nothing") is None

    def test_a_view_does_not_change_under_its_reader(self, gateway: Any, api: dict[str, str]) -> None:
        gateway.create_deployment(restApiId=api["api"], stageName="prod")
        found = resolve(api["api"])
        assert found is not None
        stage = found.stage("prod")
        gateway.delete_rest_api(restApiId=api["api"])
        assert stage is not None
        assert stage.snapshot.routes["/{proxy+}"].methods["ANY"].integration is not None

    def test_settings_of_a_method_are_its_own_else_the_stages(self, gateway: Any, api: dict[str, str]) -> None:
        gateway.create_deployment(restApiId=api["api"], stageName="prod")
        patches = [
            {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": "7"},
            {"op": "replace", "path": "/~1{proxy+}/ANY/throttling/burstLimit", "value": "3"},
        ]
        gateway.update_stage(restApiId=api["api"], stageName="prod", patchOperations=patches)
        found = resolve(api["api"])
        assert found is not None
        stage = found.stage("prod")
        assert stage is not None
        assert stage.settings_for("/{proxy+}", "ANY").throttling_burst_limit == 3
        assert stage.settings_for("/", "GET").throttling_burst_limit == 7

    def test_a_key_is_admitted_by_a_usage_plan(self, gateway: Any, api: dict[str, str]) -> None:
        gateway.create_deployment(restApiId=api["api"], stageName="prod")
        key = gateway.create_api_key(name="k", value="a-key-of-twenty-characters", enabled=True)
        found = resolve(api["api"])
        assert found is not None
        assert found.api_key("prod", key["value"]) is None
        plan = gateway.create_usage_plan(name="p", apiStages=[{"apiId": api["api"], "stage": "prod"}])
        gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
        admitted = found.api_key("prod", key["value"])
        assert admitted is not None
        assert admitted.usage_plan_id == plan["id"]
        assert found.api_key("dev", key["value"]) is None

    def test_a_link_that_is_not_there(self, account: Account) -> None:
        assert vpc_link(account.account_id, account.region, "none") is None


def test_operations_that_moto_keeps_work_beside_ours(gateway: Any, api: dict[str, str]) -> None:
    where = {"restApiId": api["api"]}
    authorizer = gateway.create_authorizer(
        **where,
        name="a",
        type="TOKEN",
        authorizerUri="arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
        "arn:aws:lambda:us-east-1:123456789012:function:f/invocations",
        identitySource="method.request.header.Authorization",
    )["id"]
    method = {**where, "resourceId": api["resource"], "httpMethod": "ANY"}
    patches = [
        {"op": "replace", "path": "/authorizationType", "value": "CUSTOM"},
        {"op": "replace", "path": "/authorizerId", "value": authorizer},
    ]
    assert gateway.update_method(**method, patchOperations=patches)["authorizerId"] == authorizer
    validator = gateway.create_request_validator(**where, name="v", validateRequestParameters=True)["id"]
    assert gateway.get_request_validators(**where)["items"][0]["id"] == validator
    assert gateway.create_model(**where, name="Pet", contentType="application/json", schema="{}")["name"] == "Pet"
    gateway.create_deployment(**where, stageName="prod")
    assert gateway.get_model(**where, modelName="Pet")["contentType"] == "application/json"


def test_custom_domain_names_are_refused_before_one_is_made(gateway: Any, api: dict[str, str]) -> None:
    for call in (
        lambda: gateway.create_domain_name(domainName="api.example.com"),
        lambda: gateway.create_base_path_mapping(domainName="api.example.com", restApiId=api["api"], stage="prod"),
        gateway.get_domain_names,
    ):
        with pytest.raises(ClientError, match="the practice account does not carry out") as caught:
            call()
        assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["x-practice-refused"] == "true"


def test_two_regions_are_two_accounts_of_apis(account: Account, session: boto3.Session) -> None:
    here, there = (
        session.client("apigateway", endpoint_url=account.url, region_name=region)
        for region in ("us-east-1", "eu-west-1")
    )
    here.create_rest_api(name="here")
    assert there.get_rest_apis()["items"] == []


def test_what_would_be_lost_is_refused_not_ignored(gateway: Any, api: dict[str, str]) -> None:
    gateway.create_deployment(restApiId=api["api"], stageName="prod")
    with pytest.raises(ClientError) as caught:
        gateway.create_deployment(restApiId=api["api"], stageName="prod", canarySettings={"percentTraffic": 50})
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_the_role_for_logs_is_given_and_taken_away(gateway: Any, client: Any) -> None:
    path = "/cloudwatchRoleArn"
    role = log_role(client("iam"))
    given = gateway.update_account(patchOperations=[{"op": "replace", "path": path, "value": role}])
    assert given["cloudwatchRoleArn"] == role
    assert "cloudwatchRoleArn" not in gateway.update_account(patchOperations=[{"op": "remove", "path": path}])


def test_a_refused_update_of_the_account_changes_nothing(gateway: Any, client: Any) -> None:
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": log_role(client("iam"))}
    nobody = role | {"value": "arn:aws:iam::123456789012:role/nobody"}
    with pytest.raises(ClientError):
        gateway.update_account(patchOperations=[role, nobody])
    assert "cloudwatchRoleArn" not in gateway.get_account()


@pytest.mark.parametrize(
    "role", ["logs", "arn", "arn:aws:iam::210987654321:role/logs", "arn:aws:sts::123456789012:x", ":" * 9]
)
def test_what_is_no_role_of_the_account_is_refused(gateway: Any, role: str) -> None:
    patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
    assert "does not have required permissions" in refused(gateway.update_account, patchOperations=[patch])


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', "null", "{}", '{"name": null}', '{"name": {}}'])
def test_bad_bodies_are_the_clients_fault(account: Account, body: str) -> None:
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAPRACTICEEXAMPLE0/20261124/us-east-1/apigateway/aws4_request"
    }
    answer = httpx.post(f"{account.url}/restapis", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["x-amzn-errortype"] in ("SerializationException", "ValidationException")


def status(call: Callable[..., Any], **parameters: Any) -> int:
    try:
        return int(call(**parameters)["ResponseMetadata"]["HTTPStatusCode"])
    except ClientError as error:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


PATHS = [
    "/variables/a",
    "/*/*/throttling/burstLimit",
    "/~1/GET/throttling/rateLimit",
    "/*/*/caching/ttlInSeconds",
    "/*/*",
    "/accessLogSettings",
    "/deploymentId",
    "/minimumCompressionSize",
    "/endpointConfiguration/types/0",
    "/endpointConfiguration/vpcEndpointIds",
    "/binaryMediaTypes/a~1b",
    "/policy",
    "/parentId",
    "/requestParameters/method.request.path.proxy",
    "/requestParameters/method.request.multivalueheader.x",
    "/requestParameters/integration.request.path.proxy",
    "/requestTemplates/a",
    "/timeoutInMillis",
    "/cacheKeyParameters/x",
    "/tlsConfig/insecureSkipVerification",
    "/responseParameters/method.response.header.x",
    "/responseParameters/gatewayresponse.header.x",
    "/responseTemplates/application~1json",
    "/responseModels/application~1json",
    "/selectionPattern",
    "/contentHandling",
    "/statusCode",
    "/description",
    "/name",
    "/cloudwatchRoleArn",
    "/features",
    "/throttle/rateLimit",
]

VALUES = ["true", "0", "1e999", "nan", "[]", "{}", "null", "method.request.path.proxy"]


@given(
    data=st.data(),
    op=st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
    path=st.one_of(
        st.text(max_size=20),
        st.sampled_from(PATHS),
        st.lists(
            st.sampled_from(
                ["variables", "*", "throttling", "burstLimit", "requestParameters", "uri", "name", "~1", ""]
            ),
            max_size=5,
        ).map(lambda parts: "/" + "/".join(parts)),
    ),
    value=st.one_of(
        st.none(), st.sampled_from(["true", "0", "1e999", "method.request.path.proxy"]), st.text(max_size=10)
    ),
)
def test_no_patch_is_a_failure_of_ours(
    gateway: Any,
    api: dict[str, str],
    updated: dict[str, dict[str, Any]],
    data: st.DataObject,
    op: str,
    path: str,
    value: str | None,
) -> None:
    operation = data.draw(st.sampled_from(sorted(updated)))
    patch = {"op": op, "path": path} | ({} if value is None else {"value": value})
    # 501 says, in our own name, that the practice account does not practise this.
    assert status(getattr(gateway, operation), **updated[operation], patchOperations=[patch]) != 500
    assert status(gateway.create_deployment, restApiId=api["api"], stageName="prod") < 500
    assert (
        status(
            gateway.get_export,
            restApiId=api["api"],
            stageName="prod",
            exportType="oas30",
            parameters={"extensions": "apigateway"},
        )
        < 500
    )
    assert status(gateway.get_resources, restApiId=api["api"], embed=["methods"]) < 500
