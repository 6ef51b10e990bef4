"""What is gone already is removed."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from runbook.removing import unless_gone


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "Delete")


@pytest.mark.parametrize(
    "code",
    ["NotFoundException", "TargetGroupNotFound", "InvalidPermission.NotFound", "InvalidSecurityGroupRuleId.NotFound"],
)
def test_nothing_to_remove_is_no_error(code: str) -> None:
    with unless_gone():
        raise refused(code)


@pytest.mark.parametrize("code", ["BadRequestException", "ResourceInUse", "AccessDeniedException", ""])
def test_any_other_refusal_is_told(code: str) -> None:
    with pytest.raises(ClientError), unless_gone():
        raise refused(code)
