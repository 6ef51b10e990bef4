"""A finished stack's parts, to change them by hand as somebody in the console would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.stack import Stack


@dataclass
class Parts:
    """A finished stack's parts, to change them by hand."""

    stack: Stack

    @property
    def ec2(self) -> Any:
        return self.stack.aws.ec2

    @property
    def elb(self) -> Any:
        return self.stack.aws.elbv2

    @property
    def gateway(self) -> Any:
        return self.stack.aws.apigateway

    @property
    def group(self) -> str:
        return str(self.elb.describe_target_groups(Names=["demo-targets"])["TargetGroups"][0]["TargetGroupArn"])

    @property
    def balancer(self) -> str:
        return str(self.elb.describe_load_balancers(Names=["demo-nlb"])["LoadBalancers"][0]["LoadBalancerArn"])

    @property
    def listener(self) -> str:
        return str(self.elb.describe_listeners(LoadBalancerArn=self.balancer)["Listeners"][0]["ListenerArn"])

    @property
    def link(self) -> str:
        return str(self.gateway.get_vpc_links()["items"][0]["id"])

    @property
    def api(self) -> str:
        return str(self.gateway.get_rest_apis()["items"][0]["id"])

    @property
    def route(self) -> dict[str, str]:
        items = self.gateway.get_resources(restApiId=self.api)["items"]
        found = next(item["id"] for item in items if item["path"] == "/{proxy+}")
        return {"restApiId": self.api, "resourceId": found, "httpMethod": "ANY"}

    @property
    def security_group(self) -> str:
        return self.stack.service.security_group

    @property
    def rules(self) -> list[Any]:
        """The inbound rules of the instances' security group."""
        return self.rules_of(self.security_group)

    def rules_of(self, group: str) -> list[Any]:
        found = self.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
        return [rule for rule in found["SecurityGroupRules"] if not rule["IsEgress"]]

    def let_in(self, cidr: str, *, low: int = 80, high: int = 80, tags: dict[str, str] | None = None) -> str:
        """A rule in the instances' security group; its id."""
        specifications = [
            {"ResourceType": "security-group-rule", "Tags": [{"Key": k, "Value": v} for k, v in (tags or {}).items()]}
        ]
        made = self.ec2.authorize_security_group_ingress(
            GroupId=self.security_group,
            IpPermissions=[{"IpProtocol": "tcp", "FromPort": low, "ToPort": high, "IpRanges": [{"CidrIp": cidr}]}],
            **({"TagSpecifications": specifications} if tags else {}),
        )
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def new_instance(self, *, subnet: str | None = None, group: str | None = None, name: str = "new") -> str:
        """Another instance, running."""
        image = self.ec2.describe_instances()["Reservations"][0]["Instances"][0]["ImageId"]
        made = self.ec2.run_instances(
            ImageId=image,
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet or self.stack.service.subnets[0],
            SecurityGroupIds=[group or self.security_group],
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}],
        )["Instances"][0]["InstanceId"]
        self.stack.clock.advance(120)
        return str(made)

    def patch_integration(self, path: str, value: str, op: str = "replace") -> None:
        self.gateway.update_integration(
            **self.route, patchOperations=[{"op": op, "path": path, **({"value": value} if value else {})}]
        )

    def patch_stage(self, op: str, path: str, value: str = "") -> None:
        operation = {"op": op, "path": path, **({"value": value} if value else {})}
        self.gateway.update_stage(restApiId=self.api, stageName="prod", patchOperations=[operation])

    def untag(self, path: str, key: str) -> None:
        arn = f"arn:aws:apigateway:{self.stack.account.region}::{path}"
        self.gateway.untag_resource(resourceArn=arn, tagKeys=[key])
