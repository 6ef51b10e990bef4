"""The partner moved

The API is for one partner only: a policy admits the partner's network and nobody else, as the contract says. The
partner has moved to another provider, and its new network is the one that you call from. Since then its calls are
answered **403** `User: anonymous is not authorized to perform: execute-api:Invoke ...`. The contract still holds: it
must not become open.

## Debrief

**What broke.** The API's resource policy allows only the partner's former network, 198.51.100.0/24. What no statement
allows is denied, without a word about "explicit".

**How it shows.** 403 that names `execute-api:Invoke`, on every path, and no `explicit deny` in it: nothing forbids the
call, nothing allows it either.

**Finding it fast.** `aws apigateway get-rest-api --query policy`, next to the address that the access log shows
(`$context.identity.sourceIp`). `runbook trace` shows `access` as broken. `runbook check` only sees the call fail:
policies are left to people.

**Preventing it.** Keep networks of others in one place, with a name and an owner. When a partner moves, admit the new
network before the old one goes, and deploy: a policy is live only after a deployment.
"""

from __future__ import annotations

import json

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 10
HOP = "access"
HINTS = (
    "The answer names an action, and says nothing of an explicit deny. What would have to allow it?",
    "aws apigateway get-rest-api: policy. Which network does it allow, and from where do you call?",
    "Add the network that you call from (on the practice account 127.0.0.0/8) to the condition, and deploy.",
)
SYMPTOM = Symptom(status=403)
FORMER, NEW = "198.51.100.0/24", "127.0.0.0/8"


def _admit(bench: Bench, *networks: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*",
        "Condition": {"IpAddress": {"aws:SourceIp": list(networks)}},
    }
    bench.patch_api("/policy", json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    bench.deploy()


def sabotage(bench: Bench) -> None:
    _admit(bench, FORMER)


def mismend(bench: Bench) -> None:
    """Take the policy away: the partner gets in, and so does everybody else."""
    bench.patch_api("/policy", "")
    bench.deploy()


def mend(bench: Bench) -> None:
    """Admit the new network and deploy: write the policy with `127.0.0.0/8` in `aws:SourceIp` to a file, then `aws
    apigateway update-rest-api --rest-api-id ... --patch-operations op=replace,path=/policy,value=...` and `aws
    apigateway create-deployment`.
    """
    _admit(bench, NEW)


def judge(bench: Bench) -> str | None:
    open_to_all = "The API is open to everybody, and the contract is with one partner."
    allows = [each for each in (bench.policy or {}).get("Statement", []) if each["Effect"] == "Allow"]
    if not allows:
        return open_to_all
    for statement in allows:
        condition = statement.get("Condition", {}).get("IpAddress", {})
        networks = next((value for name, value in condition.items() if name.lower() == "aws:sourceip"), None)
        listed = [networks] if isinstance(networks, str) else networks
        if not listed or any(network.endswith("/0") for network in listed):
            return open_to_all
    return None
