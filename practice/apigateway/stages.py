"""Stages: their variables, method settings and access log, and UpdateStage's patch operations.

Recorded on AWS (localstack tests/aws/services/apigateway: TestStages, test_stage_access_log_settings*) unless said
otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from practice.apigateway.errors import BadRequest
from practice.apigateway.patch import Patch, as_bool

__all__ = ["Stage", "check_stage_name", "check_variables"]

# D: "Stage names can only contain alphanumeric characters, hyphens, and underscores. Maximum length is 128
# characters." The refusal's words are older than the hyphen (T: klotho#235, Zappa#356).
_STAGE_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_VARIABLE_NAME: Final = re.compile(r"\w+", re.ASCII)
# D: "the values must match [A-Za-z0-9-._~:/?#&=,]+".
_VARIABLE_VALUE: Final = re.compile(r"[A-Za-z0-9\-._~:/?#&=,]+")

# One setting a path below a method, as UpdateStage names it, with the member GetStage answers and its type.
_SETTINGS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "metrics/enabled": ("metricsEnabled", as_bool),
    "logging/dataTrace": ("dataTraceEnabled", as_bool),
    "logging/loglevel": ("loggingLevel", str),
    "throttling/burstLimit": ("throttlingBurstLimit", int),
    "throttling/rateLimit": ("throttlingRateLimit", float),
    "caching/ttlInSeconds": ("cacheTtlInSeconds", int),
    "caching/enabled": ("cachingEnabled", as_bool),
    "caching/dataEncrypted": ("cacheDataEncrypted", as_bool),
    "caching/requireAuthorizationForCacheControl": ("requireAuthorizationForCacheControl", as_bool),
    "caching/unauthorizedCacheControlHeaderStrategy": ("unauthorizedCacheControlHeaderStrategy", str),
}
_DEFAULT_SETTINGS: Final[Mapping[str, Any]] = {
    "metricsEnabled": False,
    "dataTraceEnabled": False,
    "throttlingBurstLimit": 5000,
    "throttlingRateLimit": 10000.0,
    "cachingEnabled": False,
    "cacheTtlInSeconds": 300,
    "cacheDataEncrypted": False,
    "requireAuthorizationForCacheControl": True,
    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}
# AWS's own list, with the separators it leaves out.
_PATHS: Final = (
    "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, "
    "/accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, "
    + "{0}/metrics/enabled, {0}/logging/dataTrace, {0}/logging/loglevel, {0}/throttling/burstLimit"
    "{0}/throttling/rateLimit{0}/caching/ttlInSeconds, {0}/caching/enabled, {0}/caching/dataEncrypted, "
    "{0}/caching/requireAuthorizationForCacheControl, "
    "{0}/caching/unauthorizedCacheControlHeaderStrategy, ".format("/{resourcePath}/{httpMethod}")
    + "{0}/metrics/enabled, {0}/logging/dataTrace, {0}/logging/loglevel, {0}/throttling/burstLimit "
    "{0}/throttling/rateLimit {0}/caching/ttlInSeconds, {0}/caching/enabled, {0}/caching/dataEncrypted, "
    "{0}/caching/requireAuthorizationForCacheControl, "
    "{0}/caching/unauthorizedCacheControlHeaderStrategy, ".format("/*/*")
    + "/variables/{variable_name}, /tracingEnabled"
)
# T: zappa/Zappa#793 for execution logs, aws-samples/serverless-patterns#620 for access logs.
_NO_ROLE: Final = "CloudWatch Logs role ARN must be set in account settings to enable logging"
_ACCESS_LOG_MEMBERS: Final = ("destinationArn", "format")


@dataclass(slots=True)
class Stage:
    """A stage. Its name is `name` (moto's base path mappings read it), its times are AWS seconds since the epoch."""

    name: str
    deployment_id: str
    created: float
    updated: float
    description: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    tracing_enabled: bool = False
    documentation_version: str | None = None
    client_certificate_id: str | None = None
    cache_cluster_enabled: bool = False
    cache_cluster_size: str | None = None
    web_acl_arn: str | None = None
    method_settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    access_log_settings: dict[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """The stage as GetStage answers it."""
        answer: dict[str, Any] = {
            "stageName": self.name,
            "deploymentId": self.deployment_id,
            "createdDate": int(self.created),
            "lastUpdatedDate": int(self.updated),
            "cacheClusterEnabled": self.cache_cluster_enabled,
            "cacheClusterStatus": "AVAILABLE" if self.cache_cluster_enabled else "NOT_AVAILABLE",
            "methodSettings": self.method_settings,
            "tracingEnabled": self.tracing_enabled,
        }
        optional = {
            "description": self.description,
            "documentationVersion": self.documentation_version,
            "clientCertificateId": self.client_certificate_id,
            "cacheClusterSize": self.cache_cluster_size,
            "webAclArn": self.web_acl_arn,
            "accessLogSettings": self.access_log_settings,
            "variables": self.variables,
            "tags": self.tags,
        }
        return answer | {member: value for member, value in optional.items() if value}

    def apply(self, patch: Patch, *, has_deployment: Callable[[str], bool], can_log: bool) -> None:
        """Carry out one patch operation of UpdateStage.

        `can_log` says whether the account names a role that API Gateway may write CloudWatch Logs with.

        Raise BadRequest for what AWS refuses.
        """
        if patch.op == "remove":
            self._remove(patch)
            return
        value = patch.value
        match patch.segments:
            case ("variables", name):
                check_variables({name: value})
                self.variables[name] = value or ""
            case ("deploymentId",):
                if not has_deployment(value or ""):
                    raise BadRequest("Deployment id does not exist")
                self.deployment_id = value or ""
            case ("description",):
                self.description = value
            case ("tracingEnabled",):
                self.tracing_enabled = as_bool(value)
            case ("clientCertificateId",):
                self.client_certificate_id = value
            case ("cacheClusterEnabled",):
                self.cache_cluster_enabled = as_bool(value)
            case ("cacheClusterSize",):
                self.cache_cluster_size = value
            case ("accessLogSettings", *rest):
                self._set_access_log(rest, value, can_log=can_log)
            case (_, _, group, name) if f"{group}/{name}" in _SETTINGS:
                self._set_method_setting(patch, f"{group}/{name}", can_log=can_log)
            case _:
                raise BadRequest(f"Invalid method setting path: {patch.path}. Must be one of: [{_PATHS}]")

    def _remove(self, patch: Patch) -> None:
        key = patch.path.removeprefix("/")
        match patch.segments:
            case ("variables", name) if name in self.variables:
                del self.variables[name]
            case ("accessLogSettings",):
                self.access_log_settings = None
            case ("description",):
                self.description = None
            case ("clientCertificateId",):
                self.client_certificate_id = None
            case (_, _) if key in self.method_settings:
                del self.method_settings[key]
            case _:
                raise BadRequest(
                    f"Cannot remove method setting {key} because there is no method setting for this method "
                )

    def _set_access_log(self, rest: list[str], value: str | None, *, can_log: bool) -> None:
        if len(rest) != 1 or rest[0] not in _ACCESS_LOG_MEMBERS:
            paths = ", ".join(f"/accessLogSettings/{member}" for member in _ACCESS_LOG_MEMBERS)
            raise BadRequest(f"Invalid accessLogSettings path. Must be one of : [{paths}]")
        if not value:
            raise BadRequest("Access Log value must not be empty")
        if ":logs:" in value and not can_log:
            raise BadRequest(_NO_ROLE)
        self.access_log_settings = (self.access_log_settings or {}) | {rest[0]: value}

    def _set_method_setting(self, patch: Patch, setting: str, *, can_log: bool) -> None:
        member, convert = _SETTINGS[setting]
        if member == "loggingLevel" and patch.value != "OFF" and not can_log:
            raise BadRequest(_NO_ROLE)
        # A method's own settings begin as the stage's, and are kept when the stage's change later.
        key = "/".join(patch.path.split("/")[1:3])
        inherited = self.method_settings.get("*/*", _DEFAULT_SETTINGS)
        settings = self.method_settings.setdefault(key, dict(inherited))
        try:
            settings[member] = convert(patch.value or "")
        except ValueError:
            # What AWS says to a value of the wrong kind is not known; see UNKNOWN.md.
            raise BadRequest(f"Invalid value for {patch.path}: {patch.value}") from None


def check_stage_name(name: str) -> None:
    """Raise BadRequest for a name that is not a stage's."""
    if not _STAGE_NAME.fullmatch(name):
        raise BadRequest("Stage name only allows a-zA-Z0-9_")


def check_variables(variables: Mapping[str, str | None]) -> None:
    """Raise BadRequest for the first stage variable that AWS does not take (T: serverless#6133, aws-lambda-blog#10)."""
    for name, value in variables.items():
        if not _VARIABLE_NAME.fullmatch(name):
            raise BadRequest(f"Invalid stage variable name: {name}.  Please use names with only word characters.")
        if value is None or not _VARIABLE_VALUE.fullmatch(value):
            shown = "null" if value is None else value
            raise BadRequest(
                f"Invalid stage variable value: {shown}.  Please use values with alphanumeric characters and the "
                "symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
            )
