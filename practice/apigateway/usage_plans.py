"""Usage plans, as values: what a request makes of one, what a patch changes, and how it is answered.

R localstack test_apigateway_common.snapshot.json test_usage_plan_crud, test_apigateway_extended.snapshot.json
test_create_usage_plan_with_throttle; D "Patch operations", UpdateUsagePlan. Numbers are numbers in every answer, as
botocore's shapes (QuotaSettings, ThrottleSettings) have them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from practice.apigateway.errors import BadRequest, NotFound
from practice.apigateway.patch import Patch, require_op

__all__ = ["PlanStage", "UsagePlan"]

_PERIODS: Final = ("DAY", "WEEK", "MONTH")


@dataclass(frozen=True, slots=True)
class PlanStage:
    """A stage that a plan lets its keys into, with limits of its own by ``/path/METHOD``."""

    api_id: str
    stage: str
    throttle: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As the service answers it."""
        throttle = {key: dict(limits) for key, limits in self.throttle.items()}
        return {"apiId": self.api_id, "stage": self.stage, **({"throttle": throttle} if throttle else {})}


@dataclass(frozen=True, slots=True)
class UsagePlan:
    """A usage plan. The keys that it lets in are beside it, in the order in which they were added."""

    id: str
    name: str
    description: str | None = None
    product_code: str | None = None
    stages: tuple[PlanStage, ...] = ()
    throttle: Mapping[str, float] = field(default_factory=dict)
    """``rateLimit`` in requests a second, ``burstLimit`` in requests."""
    quota: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, plan_id: str, body: Mapping[str, Any], *, exists: Callable[[str, str], bool]) -> UsagePlan:
        """What CreateUsagePlan makes; ``exists`` tells whether an API has a stage.

        Raise BadRequest or NotFound for what it does not take.
        """
        plan = cls(
            plan_id,
            body.get("name") or "",
            body.get("description") or None,
            body.get("productCode") or None,
            throttle=_throttle(body.get("throttle") or {}),
            quota=_quota(body.get("quota") or {}),
            tags=dict(body.get("tags") or {}),
        )
        for each in body.get("apiStages") or ():
            if not each.get("apiId") or not each.get("stage"):
                # T aws/aws-sdk#354, aws/aws-cdk#6169: AWS leaves the placeholders in.
                raise BadRequest("Invalid API Stage {api: %s, stage: %s} specified for usageplan %s")
            limits = {key: _throttle(value) for key, value in (each.get("throttle") or {}).items()}
            stage = PlanStage(each["apiId"], each["stage"], limits)
            plan = plan._with_stage(stage, exists)
        return plan

    def lets_into(self, api_id: str, stage: str) -> bool:
        """Whether the plan's keys are taken there."""
        return any((each.api_id, each.stage) == (api_id, stage) for each in self.stages)

    def patched(self, patch: Patch, *, exists: Callable[[str, str], bool]) -> UsagePlan:
        """The plan after one patch of UpdateUsagePlan. Raise BadRequest or NotFound for what it does not take."""
        match patch.segments:
            case ("name" | "description" | "productCode" as member,):
                require_op(patch, "replace")
                names = {"name": "name", "description": "description", "productCode": "product_code"}
                change: dict[str, Any] = {names[member]: patch.value or (None if member != "name" else self.name)}
                return replace(self, **change)
            case ("apiStages",):
                require_op(patch, "add", "remove")
                return self._with_stages(patch, exists)
            case ("apiStages", name, "throttle", *where):
                return self._with_limits(name, [part for part in where if part], patch)
            case ("throttle",):
                require_op(patch, "remove")
                return replace(self, throttle={})
            case ("throttle", member):
                return replace(self, throttle=_patched(self.throttle, member, patch, _throttle))
            case ("quota",):
                require_op(patch, "remove")
                return replace(self, quota={})
            case ("quota", member):
                return replace(self, quota=_patched(self.quota, member, patch, _quota))
        raise BadRequest(f"Invalid patch path {patch.path}")

    def _with_stage(self, stage: PlanStage, exists: Callable[[str, str], bool]) -> UsagePlan:
        if not exists(stage.api_id, stage.stage):
            # T serverless/serverless#2831, aws/serverless-application-model#1560; the code is K.
            raise BadRequest(f"API Stage not found: {stage.api_id}:{stage.stage}")
        return replace(self, stages=(*self._without(stage.api_id, stage.stage), stage))

    def _with_stages(self, patch: Patch, exists: Callable[[str, str], bool]) -> UsagePlan:
        api_id, colon, stage = (patch.value or "").partition(":")
        if not api_id or not colon or not stage:
            raise BadRequest("Invalid API Stage specified")
        if patch.op == "add":
            return self._with_stage(PlanStage(api_id, stage), exists)
        self._stage(api_id, stage)
        return replace(self, stages=self._without(api_id, stage))

    def _with_limits(self, name: str, where: list[str], patch: Patch) -> UsagePlan:
        """Limits of one method of a stage: ``/apiStages/API:STAGE/throttle/PATH/METHOD/rateLimit``, or all of them."""
        api_id, _, stage = name.partition(":")
        found = self._stage(api_id, stage)
        limits = {key: dict(value) for key, value in found.throttle.items()}
        if where and where[-1] in ("rateLimit", "burstLimit"):
            *path, member = where
            key = f"/{'/'.join(path).lstrip('/')}"
            limits[key] = dict(_patched(limits.get(key, {}), member, patch, _throttle))
        else:
            require_op(patch, "remove")
            wanted = f"/{'/'.join(where).lstrip('/')}"
            limits = {key: value for key, value in limits.items() if where and key != wanted}
        changed = PlanStage(api_id, stage, limits)
        return replace(self, stages=tuple(changed if each == found else each for each in self.stages))

    def _stage(self, api_id: str, stage: str) -> PlanStage:
        for each in self.stages:
            if (each.api_id, each.stage) == (api_id, stage):
                return each
        raise NotFound(f"Invalid API Stage {{api: {api_id}, stage: {stage}}} specified for usageplan {self.id}")

    def _without(self, api_id: str, stage: str) -> tuple[PlanStage, ...]:
        return tuple(each for each in self.stages if (each.api_id, each.stage) != (api_id, stage))

    def to_json(self, *, with_tags: bool) -> dict[str, Any]:
        """As the service answers it."""
        members = {
            "description": self.description,
            "productCode": self.product_code,
            "throttle": dict(self.throttle),
            "quota": dict(self.quota),
        }
        return {
            "id": self.id,
            "name": self.name,
            "apiStages": [stage.to_json() for stage in self.stages],
            **{member: value for member, value in members.items() if value},
            **({"tags": dict(self.tags)} if with_tags else {}),
        }


def _patched(
    current: Mapping[str, Any], member: str, patch: Patch, checked: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Mapping[str, Any]:
    require_op(patch, "add", "replace", "remove")
    if patch.op == "remove":
        return {name: value for name, value in current.items() if name != member}
    return checked({**current, member: patch.value})


def _throttle(given: Mapping[str, Any]) -> Mapping[str, float]:
    kinds: dict[str, Callable[[Any], float]] = {"rateLimit": float, "burstLimit": int}
    return _numbers(given, kinds, "throttle")


def _quota(given: Mapping[str, Any]) -> Mapping[str, Any]:
    if not given:
        return {}
    period = given.get("period")
    if period is not None and period not in _PERIODS:
        raise BadRequest(f"Invalid quota period specified. Must be one of: [{', '.join(_PERIODS)}]")  # words unknown
    kinds: dict[str, Callable[[Any], float]] = {"limit": int, "offset": int}
    numbers = _numbers({name: value for name, value in given.items() if name != "period"}, kinds, "quota")
    return {"offset": 0, **numbers, **({"period": period} if period else {})}


def _numbers(given: Mapping[str, Any], kinds: Mapping[str, Callable[[Any], float]], where: str) -> dict[str, float]:
    """The members as numbers. Raise BadRequest for another member or what is not a number (AWS's words: unknown)."""
    found: dict[str, float] = {}
    for name, value in given.items():
        if name not in kinds:
            raise BadRequest(f"Invalid patch path /{where}/{name}")
        try:
            found[name] = kinds[name](value)
        except (TypeError, ValueError):
            raise BadRequest(f"Invalid value for {where} {name} specified") from None
    return found
