"""A sledgehammer to crack a nut

At night somebody scraped the whole catalogue from one network, 198.51.100.0/24, and the operator on duty kept them out
with a policy. It worked very well: now *everybody* is answered **403** `User: anonymous is not authorized to perform:
execute-api:Invoke ... with an explicit deny`. Customers must get in again; the scrapers need not.

## Debrief

**What broke.** The API's resource policy denies everybody. The statement that was meant for one network lost its
condition, and an explicit deny beats any allow.

**How it shows.** 403 that names `execute-api:Invoke` and says `explicit deny`. This is a policy that speaks; no other
hop knows these words.

**Finding it fast.** `aws apigateway get-rest-api --query policy`. Read each statement as: who, what, on which path,
*under which condition*. `runbook trace` shows `access` as broken. `runbook check` only sees the call fail.

**Preventing it.** A deny always with its condition, and tried from an address that it must not hit. Keep in mind that a
policy is live only after a deployment, the repair as well: a policy that was mended and not deployed denies on.
"""

from __future__ import annotations

import json

from drills.bench import Bench
from drills.model import Symptom

LEVEL = 2
MINUTES = 12
HOP = "access"
HINTS = (
    "The answer names an action, execute-api:Invoke. What allows or denies actions?",
    "aws apigateway get-rest-api: policy. Read the Deny statement: for whom does it hold?",
    "Take the policy away, or give the Deny its condition (aws:SourceIp); and deploy, or nothing changes.",
)
SYMPTOM = Symptom(status=403)

EVERYBODY = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}


def _set_policy(bench: Bench, *statements: object) -> None:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    bench.patch_api("/policy", json.dumps(document) if statements else "")
    bench.deploy()


def sabotage(bench: Bench) -> None:
    _set_policy(bench, EVERYBODY, {**EVERYBODY, "Effect": "Deny"})


def mismend(bench: Bench) -> None:
    """Let in the address one tests from: it works here, and for no customer."""
    _set_policy(bench, {**EVERYBODY, "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}})


def mend(bench: Bench) -> None:
    """Take the policy away and deploy: `aws apigateway update-rest-api --rest-api-id ... --patch-operations
    op=replace,path=/policy,value=`, then `aws apigateway create-deployment`. Or keep the deny, with its condition:
    `"Condition": {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}`.
    """
    _set_policy(bench)


def judge(bench: Bench) -> str | None:
    policy = bench.policy
    if policy is None:
        return None
    wide = [each for each in policy["Statement"] if each["Effect"] == "Allow" and not each.get("Condition")]
    return None if wide else "Only some callers are let in."
