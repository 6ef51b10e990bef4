"""Which AWS operations the account carries out: the one list, looked at before moto sees a request.

moto serves hundreds of services. Here are those that this path needs, and of each the operations that the account
answers as AWS does, or that its clients (AWS CLI, SDKs, Terraform) ask beside it. What is not listed is refused before
anything is made: a half-made answer is worse than none, and some of moto's services call other machines.

Which operation a request asks for is read from botocore's service models, and only here: what was admitted is what is
run (`practice.control_plane`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

__all__ = ["ALLOWED", "FormError", "Service", "is_allowed", "operation_of", "parameters_of", "service_of"]

Environ = Mapping[str, Any]

_MOST_PARAMETERS: Final = 10_000


class FormError(ValueError):
    """The parameters of a query request that cannot be read, in words."""


@dataclass(frozen=True)
class Service:
    """A service that answers. What is written here is in botocore's model too, which takes a second to read."""

    name: str
    """botocore's name of its model."""
    signing_name: str
    moto: str
    protocol: str
    """`ec2`, `query`, `json` or `rest-json`."""
    version: str = ""
    """Of a query service: the API version; another generation may share its host (classic load balancers)."""
    target: str = ""
    """Of a JSON service: what precedes the operation in X-Amz-Target."""

    @property
    def is_query(self) -> bool:
        """Whether a request's operation is its parameter `Action`."""
        return self.protocol in {"ec2", "query"}


_EC2_NETWORK = """
    DescribeAccountAttributes DescribeAvailabilityZones DescribeRegions CreateTags DeleteTags DescribeTags
    CreateVpc DeleteVpc DescribeVpcs DescribeVpcAttribute ModifyVpcAttribute ModifyVpcTenancy AssociateVpcCidrBlock
    DisassociateVpcCidrBlock CreateDefaultVpc CreateDefaultSubnet
    DescribeVpcClassicLink DescribeVpcClassicLinkDnsSupport
    CreateDhcpOptions DeleteDhcpOptions DescribeDhcpOptions AssociateDhcpOptions
    CreateSubnet DeleteSubnet DescribeSubnets ModifySubnetAttribute AssociateSubnetCidrBlock DisassociateSubnetCidrBlock
    CreateSubnetCidrReservation DeleteSubnetCidrReservation GetSubnetCidrReservations
    CreateSecurityGroup DeleteSecurityGroup DescribeSecurityGroups DescribeSecurityGroupRules ModifySecurityGroupRules
    AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress RevokeSecurityGroupEgress
    UpdateSecurityGroupRuleDescriptionsIngress UpdateSecurityGroupRuleDescriptionsEgress
    CreateNetworkAcl DeleteNetworkAcl DescribeNetworkAcls CreateNetworkAclEntry DeleteNetworkAclEntry
    ReplaceNetworkAclEntry ReplaceNetworkAclAssociation
    CreateNetworkInterface DeleteNetworkInterface DescribeNetworkInterfaces DescribeNetworkInterfaceAttribute
    ModifyNetworkInterfaceAttribute AttachNetworkInterface DetachNetworkInterface
    AssignPrivateIpAddresses UnassignPrivateIpAddresses AssignIpv6Addresses UnassignIpv6Addresses
    CreateRouteTable DeleteRouteTable DescribeRouteTables CreateRoute DeleteRoute ReplaceRoute AssociateRouteTable
    DisassociateRouteTable ReplaceRouteTableAssociation
    CreateInternetGateway DeleteInternetGateway DescribeInternetGateways AttachInternetGateway DetachInternetGateway
    CreateEgressOnlyInternetGateway DeleteEgressOnlyInternetGateway DescribeEgressOnlyInternetGateways
    CreateNatGateway DeleteNatGateway DescribeNatGateways
    AllocateAddress ReleaseAddress DescribeAddresses DescribeAddressesAttribute AssociateAddress DisassociateAddress
    CreateManagedPrefixList DeleteManagedPrefixList DescribeManagedPrefixLists GetManagedPrefixListEntries
    ModifyManagedPrefixList DescribePrefixLists
    CreateVpcEndpoint DeleteVpcEndpoints DescribeVpcEndpoints ModifyVpcEndpoint DescribeVpcEndpointServices
    CreateVpcEndpointServiceConfiguration DeleteVpcEndpointServiceConfigurations
    DescribeVpcEndpointServiceConfigurations DescribeVpcEndpointServicePermissions
    ModifyVpcEndpointServiceConfiguration ModifyVpcEndpointServicePermissions
    CreateVpcPeeringConnection DeleteVpcPeeringConnection DescribeVpcPeeringConnections AcceptVpcPeeringConnection
    RejectVpcPeeringConnection ModifyVpcPeeringConnectionOptions
"""

_EC2_INSTANCES = """
    RunInstances TerminateInstances StartInstances StopInstances RebootInstances DescribeInstances
    DescribeInstanceStatus DescribeInstanceAttribute ModifyInstanceAttribute ModifyInstanceMetadataOptions
    DescribeInstanceCreditSpecifications DescribeInstanceTypes DescribeInstanceTypeOfferings GetConsoleOutput
    GetPasswordData
    DescribeImages DescribeImageAttribute DescribeVolumes DescribeVolumesModifications
    CreateKeyPair DeleteKeyPair DescribeKeyPairs ImportKeyPair
    CreateLaunchTemplate CreateLaunchTemplateVersion DeleteLaunchTemplate DescribeLaunchTemplates
    DescribeLaunchTemplateVersions GetLaunchTemplateData ModifyLaunchTemplate
    AssociateIamInstanceProfile DisassociateIamInstanceProfile DescribeIamInstanceProfileAssociations
    ReplaceIamInstanceProfileAssociation
"""

# Load balancers without trust stores, capacity reservations and address pools.
_ELBV2 = """
    CreateLoadBalancer DeleteLoadBalancer DescribeLoadBalancers DescribeLoadBalancerAttributes
    ModifyLoadBalancerAttributes SetIpAddressType SetSecurityGroups SetSubnets
    CreateTargetGroup DeleteTargetGroup DescribeTargetGroups ModifyTargetGroup DescribeTargetGroupAttributes
    ModifyTargetGroupAttributes RegisterTargets DeregisterTargets DescribeTargetHealth
    CreateListener DeleteListener DescribeListeners ModifyListener DescribeListenerAttributes ModifyListenerAttributes
    AddListenerCertificates RemoveListenerCertificates DescribeListenerCertificates DescribeSSLPolicies
    CreateRule DeleteRule DescribeRules ModifyRule SetRulePriorities
    AddTags RemoveTags DescribeTags DescribeAccountLimits DescribeCapacityReservation
"""

# REST APIs without custom domain names, documentation, client certificates and generated SDKs.
_APIGATEWAY = """
    CreateRestApi DeleteRestApi GetRestApi GetRestApis ImportRestApi PutRestApi UpdateRestApi
    CreateResource DeleteResource GetResource GetResources UpdateResource
    PutMethod DeleteMethod GetMethod UpdateMethod
    PutMethodResponse DeleteMethodResponse GetMethodResponse UpdateMethodResponse
    PutIntegration DeleteIntegration GetIntegration UpdateIntegration
    PutIntegrationResponse DeleteIntegrationResponse GetIntegrationResponse UpdateIntegrationResponse
    CreateDeployment DeleteDeployment GetDeployment GetDeployments UpdateDeployment
    CreateStage DeleteStage GetStage GetStages UpdateStage GetExport TestInvokeMethod
    CreateVpcLink DeleteVpcLink GetVpcLink GetVpcLinks UpdateVpcLink
    CreateAuthorizer DeleteAuthorizer GetAuthorizer GetAuthorizers UpdateAuthorizer
    CreateModel DeleteModel GetModel GetModels UpdateModel
    CreateRequestValidator DeleteRequestValidator GetRequestValidator GetRequestValidators UpdateRequestValidator
    PutGatewayResponse DeleteGatewayResponse GetGatewayResponse GetGatewayResponses UpdateGatewayResponse
    CreateApiKey DeleteApiKey GetApiKey GetApiKeys UpdateApiKey
    CreateUsagePlan DeleteUsagePlan GetUsagePlan GetUsagePlans UpdateUsagePlan
    CreateUsagePlanKey DeleteUsagePlanKey GetUsagePlanKey GetUsagePlanKeys
    GetAccount UpdateAccount GetTags TagResource UntagResource
"""

# HTTP and WebSocket APIs as moto has them: without custom domain names and what moto does not know.
_APIGATEWAYV2 = """
    CreateApi DeleteApi GetApi GetApis ReimportApi UpdateApi DeleteCorsConfiguration
    CreateVpcLink DeleteVpcLink GetVpcLink GetVpcLinks UpdateVpcLink
    CreateIntegration DeleteIntegration GetIntegration GetIntegrations UpdateIntegration
    CreateIntegrationResponse DeleteIntegrationResponse GetIntegrationResponse GetIntegrationResponses
    UpdateIntegrationResponse
    CreateRoute DeleteRoute GetRoute GetRoutes UpdateRoute DeleteRouteRequestParameter
    CreateRouteResponse DeleteRouteResponse GetRouteResponse
    CreateAuthorizer DeleteAuthorizer GetAuthorizer UpdateAuthorizer
    CreateModel DeleteModel GetModel UpdateModel CreateStage DeleteStage GetStage GetStages
    GetTags TagResource UntagResource
"""

# Callers and their permissions; no other ways to log in.
_IAM = """
    CreateUser DeleteUser GetUser ListUsers UpdateUser TagUser UntagUser ListUserTags
    CreateAccessKey DeleteAccessKey ListAccessKeys UpdateAccessKey GetAccessKeyLastUsed
    CreateGroup DeleteGroup GetGroup ListGroups UpdateGroup AddUserToGroup RemoveUserFromGroup ListGroupsForUser
    CreateRole DeleteRole GetRole ListRoles UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy TagRole UntagRole
    ListRoleTags PutRolePermissionsBoundary DeleteRolePermissionsBoundary
    CreateServiceLinkedRole DeleteServiceLinkedRole GetServiceLinkedRoleDeletionStatus
    CreatePolicy DeletePolicy GetPolicy ListPolicies CreatePolicyVersion DeletePolicyVersion GetPolicyVersion
    ListPolicyVersions SetDefaultPolicyVersion TagPolicy UntagPolicy ListPolicyTags ListEntitiesForPolicy
    AttachUserPolicy DetachUserPolicy ListAttachedUserPolicies PutUserPolicy DeleteUserPolicy GetUserPolicy
    ListUserPolicies
    AttachGroupPolicy DetachGroupPolicy ListAttachedGroupPolicies PutGroupPolicy DeleteGroupPolicy GetGroupPolicy
    ListGroupPolicies
    AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies PutRolePolicy DeleteRolePolicy GetRolePolicy
    ListRolePolicies
    CreateInstanceProfile DeleteInstanceProfile GetInstanceProfile ListInstanceProfiles ListInstanceProfilesForRole
    AddRoleToInstanceProfile RemoveRoleFromInstanceProfile TagInstanceProfile UntagInstanceProfile
    GetAccountAuthorizationDetails GetAccountSummary ListAccountAliases
    UploadServerCertificate GetServerCertificate ListServerCertificates DeleteServerCertificate
"""

# Not the ways to log in whose callers the account could not judge.
_STS = "GetCallerIdentity AssumeRole GetSessionToken GetAccessKeyInfo"

# Access logs of stages. Nothing that sends log events on to another service.
_LOGS = """
    CreateLogGroup DeleteLogGroup DescribeLogGroups PutRetentionPolicy DeleteRetentionPolicy
    CreateLogStream DeleteLogStream DescribeLogStreams PutLogEvents GetLogEvents FilterLogEvents
    PutResourcePolicy DeleteResourcePolicy DescribeResourcePolicies
    ListTagsForResource TagResource UntagResource ListTagsLogGroup TagLogGroup UntagLogGroup
"""

# A TLS or HTTPS listener names a certificate.
_ACM = """
    RequestCertificate ImportCertificate DescribeCertificate GetCertificate ListCertificates DeleteCertificate
    AddTagsToCertificate RemoveTagsFromCertificate ListTagsForCertificate
"""

_SERVICES: Final = (
    (Service("ec2", "ec2", "ec2", "ec2", "2016-11-15"), _EC2_NETWORK + _EC2_INSTANCES),
    (Service("elbv2", "elasticloadbalancing", "elb", "query", "2015-12-01"), _ELBV2),
    (Service("apigateway", "apigateway", "apigateway", "rest-json"), _APIGATEWAY),
    (Service("apigatewayv2", "apigateway", "apigatewayv2", "rest-json"), _APIGATEWAYV2),
    (Service("iam", "iam", "iam", "query", "2010-05-08"), _IAM),
    (Service("sts", "sts", "sts", "query", "2011-06-15"), _STS),
    (Service("logs", "logs", "logs", "json", target="Logs_20140328"), _LOGS),
    (Service("acm", "acm", "acm", "json", target="CertificateManager"), _ACM),
)
ALLOWED: Final[Mapping[Service, frozenset[str]]] = {
    service: frozenset(operations.split()) for service, operations in _SERVICES
}


def service_of(signing_name: str, path: str) -> Service | None:
    """The service that a request is signed for; None when the account has none of that name."""
    for service in ALLOWED:
        # Both interfaces of API Gateway are signed for by one name.
        if service.signing_name == signing_name and (service.name == "apigatewayv2") == path.startswith("/v2/"):
            return service
    return None


def is_allowed(service: Service, operation: str) -> bool:
    """Whether the account carries the operation out."""
    return operation in ALLOWED[service]


def operation_of(service: Service, environ: Environ, parameters: Mapping[str, str]) -> str:
    """The operation that a request asks for, empty when that cannot be seen. `parameters`: of a query request."""
    if service.protocol != "rest-json" and environ["PATH_INFO"] != "/":
        return ""
    if service.is_query:
        return parameters.get("Action", "") if parameters.get("Version") == service.version else ""
    if service.protocol == "json":
        target, _, name = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")
        return name if target == service.target else ""
    query = dict(parse_qsl(environ["QUERY_STRING"]))
    for method, path, choice, name in _routes(service):
        if (
            method == environ["REQUEST_METHOD"]
            and path.fullmatch(environ["PATH_INFO"])
            and choice.items() <= query.items()
        ):
            return name
    return ""


def parameters_of(query: str, body: bytes) -> dict[str, str]:
    """The parameters of a query request, wherever they are. Raise FormError.

    Signature parameters are none of the operation's. A parameter that is given twice may mean one thing to who judges
    the request and another to who carries it out: it is refused.
    """
    try:
        pairs = [
            (name, value)
            for text in (query, body.decode())
            for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
            if not name.startswith("X-Amz-")
        ]
    except UnicodeDecodeError:
        raise FormError("the parameters are not UTF-8") from None
    except ValueError:
        raise FormError(f"more than {_MOST_PARAMETERS} parameters") from None
    parameters = dict(pairs)
    if len(parameters) < len(pairs):
        raise FormError("a parameter is given more than once")
    return parameters


@functools.cache
def _routes(service: Service) -> tuple[tuple[str, re.Pattern[str], dict[str, str], str], ...]:
    """Method, path, query and operation of a REST service, the most particular first."""
    from moto.core.utils import get_service_model  # which keeps what it has read

    found = []
    model = get_service_model(service.name)
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        particular = (path.count("{"), not query, -len(path))
        found.append((particular, (http["method"], _pattern(path), dict(parse_qsl(query)), name)))
    return tuple(route for _, route in sorted(found, key=lambda each: each[0]))


def _pattern(path: str) -> re.Pattern[str]:
    """The paths of an operation, decoded. An ARN holds slashes; all other names hold none."""
    text = re.sub(r"\{([^}]+?)\+?\}", lambda found: ".+" if "arn" in found[1].lower() else "[^/]+", path)
    return re.compile(text + "/?")
