"""AWS's managed policies: there as on AWS, and nobody's to change.

moto brings them, and reads all of them whenever it starts or is reset, or none. Here they are read once an operation
asks for managed policies at all.
"""

# ruff: noqa: D102 - operations are AWS's and named after them

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from moto.iam import models as stock
from moto.iam.aws_managed_policies import aws_managed_policies_data
from typing_extensions import override

__all__ = ["IamBackend", "install"]


class IamBackend(stock.IAMBackend):
    """moto's IAM with AWS's managed policies."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        # moto has set both, empty; from now on they are read when they are first asked for.
        del self.aws_managed_policies, self.managed_policies

    @property
    @override
    def _url_module(self) -> Any:
        from moto.iam import urls

        return urls

    @cached_property
    def aws_managed_policies(self) -> list[stock.ManagedPolicy]:  # type: ignore[override]
        found: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
        return [
            stock.AWSManagedPolicy.from_data(name, self.account_id, self.region_name, data)
            for name, data in found.items()
        ]

    @cached_property
    def managed_policies(self) -> dict[str, stock.ManagedPolicy]:  # type: ignore[override]
        return {policy.arn: policy for policy in self.aws_managed_policies}

    # What changes a policy ------------------------------------------------------------------------------------------

    def _check_own(self, arn: str) -> None:
        if isinstance(self.managed_policies.get(arn), stock.AWSManagedPolicy):
            # D: "You cannot delete AWS managed policies" (IAM user guide); the code and the words are not known.
            raise NotImplementedError(f"{arn} is a policy of AWS and cannot be changed")

    @override
    def create_policy_version(self, policy_arn: str, *args: Any, **kwargs: Any) -> stock.PolicyVersion:
        self._check_own(policy_arn)
        return super().create_policy_version(policy_arn, *args, **kwargs)

    @override
    def delete_policy_version(self, policy_arn: str, version_id: str) -> None:
        self._check_own(policy_arn)
        super().delete_policy_version(policy_arn, version_id)

    @override
    def set_default_policy_version(self, policy_arn: str, version_id: str) -> bool:
        self._check_own(policy_arn)
        return super().set_default_policy_version(policy_arn, version_id)

    @override
    def delete_policy(self, policy_arn: str) -> None:
        self._check_own(policy_arn)
        super().delete_policy(policy_arn)

    @override
    def tag_policy(self, policy_arn: str, tags: list[dict[str, str]]) -> None:
        self._check_own(policy_arn)
        super().tag_policy(policy_arn, tags)

    @override
    def untag_policy(self, policy_arn: str, tag_keys: list[str]) -> None:
        self._check_own(policy_arn)
        super().untag_policy(policy_arn, tag_keys)


def install() -> None:
    """Put our backend in the place of moto's. May be called again."""
    if stock.iam_backends.backend is not IamBackend:
        stock.iam_backends.backend = IamBackend
        stock.iam_backends.clear()
