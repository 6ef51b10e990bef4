"""Running other people's clients, with nothing of this machine's own configuration."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from practice import CREDENTIALS

__all__ = ["bare_environment", "run"]


def bare_environment(home: Path, **more: str) -> dict[str, str]:
    """What a client gets to see: no credentials or configuration but the practice account's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    return kept | {
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key_id,
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_access_key,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        **more,
    }


def run(command: list[str], environment: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run it to its end, whatever that is; what it said is in the test's output."""
    done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)
    print(done.stdout[-4000:], done.stderr[-4000:])
    return done
