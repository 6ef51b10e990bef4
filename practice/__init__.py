"""The practice AWS account: a real HTTP endpoint on the loopback that answers as AWS does on this path.

It is moto plus what moto lacks here: states that take their time, network judging, a data plane, and machines that
really serve. It imports nothing of the runbook, but for the rules by which a user's private files are kept
(``background``); the runbook does not know whether it talks to AWS or to this.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["ACCOUNT_ID", "ALLOW_HOST_VARIABLE", "CREDENTIALS", "DEFAULT_REGION", "VERSION", "Credentials"]

VERSION: Final = "0.1.0"

# moto's own default: the account of every access key that it does not know.
ACCOUNT_ID: Final = "123456789012"
DEFAULT_REGION: Final = "us-east-1"

ALLOW_HOST_VARIABLE: Final = "RUNBOOK_PRACTICE_ALLOW_HOST"
"""The environment variable with the hosts that integrations may lead to, divided by white space or commas."""


class Credentials(NamedTuple):
    """An access key. The practice account's is the same for everybody, and good for nothing on AWS."""

    access_key_id: str
    secret_access_key: str


CREDENTIALS: Final = Credentials("AKIAPRACTICEEXAMPLE0", "practice/account/secret/EXAMPLE/nothing00")
