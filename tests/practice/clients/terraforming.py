"""The tutorial's chain from HCL, by the real Terraform and its real AWS provider."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from practice import CREDENTIALS
from practice.server import Account
from tests.practice.clients.running import bare_environment, run

__all__ = ["Terraform", "why_not"]

HCL = Path(__file__).parent / "terraform" / "main.tf"


@dataclass
class Terraform:
    """A working directory of Terraform's, for an account."""

    account: Account
    defaults: Mapping[str, Any]
    """The account's private service."""
    home: Path
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        shutil.copy(HCL, self.home)
        configuration = self.home / "cli.tfrc"
        mirror = f'  filesystem_mirror {{\n    path = "{_provider_mirror()}"\n  }}\n'
        configuration.write_text(f"provider_installation {{\n{mirror}}}\n")
        variables = {
            "endpoint": self.account.url,
            "access_key": CREDENTIALS.access_key_id,
            "secret_key": CREDENTIALS.secret_access_key,
            **self.defaults,
        }
        (self.home / "terraform.tfvars.json").write_text(json.dumps(variables))
        self.environment = bare_environment(
            self.home,
            TF_CLI_CONFIG_FILE=str(configuration),
            CHECKPOINT_DISABLE="1",
            TF_IN_AUTOMATION="1",
            GOGC="400",  # collecting garbage is a third of the provider's start, of which there are several
        )

    def __call__(self, *arguments: str) -> str:
        """Run a command, which has to succeed; answer what it printed."""
        done = run(["terraform", *arguments, "-no-color"], self.environment, self.home)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def apply(self) -> dict[str, Any]:
        """Make the chain; answer the outputs."""
        self("init", "-input=false")
        self("apply", "-auto-approve", "-input=false")
        return {name: entry["value"] for name, entry in json.loads(self("output", "-json")).items()}


def _provider_mirror() -> Path | None:
    """A directory on this machine that holds the AWS provider: Terraform's own places, what its configuration
    names, TF_PROVIDER_MIRROR, or wherever a system keeps optional software."""
    candidates = [
        Path(value) for name in ("TF_PROVIDER_MIRROR", "TF_PLUGIN_CACHE_DIR") if (value := os.environ.get(name))
    ]
    for configuration in (os.environ.get("TF_CLI_CONFIG_FILE"), "~/.terraformrc"):
        file = Path(configuration or "").expanduser()
        if file.is_file():
            candidates += [Path(path) for path in re.findall(r'path\s*=\s*"([^"]+)"', file.read_text())]
    candidates += [
        Path("~/.terraform.d/plugins").expanduser(),
        Path("/usr/local/share/terraform/plugins"),
        Path("/usr/share/terraform/plugins"),
        *sorted(Path("/opt").glob("*")),
    ]
    return next((each for each in candidates if (each / "registry.terraform.io/hashicorp/aws").is_dir()), None)


def why_not() -> str:
    """Why Terraform cannot be run on this machine; empty when it can."""
    if shutil.which("terraform") is None:
        return "Terraform is not installed"
    return "" if _provider_mirror() else "the AWS provider is not on this machine (TF_PROVIDER_MIRROR)"
