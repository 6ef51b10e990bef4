"""Examples of each command, as its help shows them."""

from __future__ import annotations

from collections import UserDict

__all__ = ["EXAMPLES"]


class _Examples(UserDict[str, tuple[str, ...]]):
    """By command; those of the commands of a group are named with it."""

    def shown(self, command: str) -> str | None:
        """As a part of the help; None where there is none."""
        lines = self.data.get(command, ())
        return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)]) if lines else None


EXAMPLES = _Examples(
    {
        "tui": ("runbook tui", "runbook tui --stack demo --account aws --profile work"),
        "plan": (
            "runbook plan --stack demo",
            "runbook plan --stack demo --port 8080 --out plan.json",
        ),
        "up": (
            "runbook up",
            "runbook up --account aws --profile work --instances i-0123456789abcdef0,i-0fedcba9876543210",
            "runbook up --stack demo --account aws --yes --expect-account 123456789012",
            "runbook up --plan plan.json",
        ),
        "check": ("runbook check --stack demo", "runbook check --stack demo --json"),
        "down": ("runbook down --stack demo", "runbook down --stack demo --if-exists", "runbook down --all-expired"),
        "step": (
            "runbook step target-group",
            "runbook step listener do --stack demo",
            "runbook step vpc-link undo --stack demo",
        ),
        "rollback": ("runbook rollback --stack demo", "runbook rollback --stack demo --stage prod"),
        "trace": (
            "runbook trace demo",
            "runbook trace https://abc123defg.execute-api.eu-west-1.amazonaws.com/prod/orders --account aws",
            "runbook trace demo --path /orders/7 -X POST -H 'accept: application/json'",
        ),
        "output": (
            "runbook output",
            "runbook output invoke-url --stack demo",
            "runbook output --json --account aws --region eu-west-1",
        ),
        "report": ("runbook report", "runbook report demo --out report.html"),
        "links": ("runbook links", "runbook links --account aws --region eu-west-1 --json"),
        "list": ("runbook list", "runbook list --account aws --region eu-west-1 --json"),
        "policy": (
            "runbook policy up --stack demo",
            "runbook policy check --stack demo --account-id 123456789012 --region eu-west-1",
        ),
        "practice": (
            "runbook practice --port 4566",
            "runbook practice --port 4566 --realtime",
            "runbook practice status",
        ),
        "practice status": ("runbook practice status",),
        "practice machines": ("runbook practice machines", "runbook practice machines --json"),
        "practice machine": (
            "runbook practice machine i-0123456789abcdef0",
            "runbook practice machine i-0123456789abcdef0 start",
            "runbook practice machine i-0123456789abcdef0 set port=8080 status./health=200 delay=",
        ),
        "practice stop": ("runbook practice stop",),
        "practice token": ("runbook practice token",),
        "drill": ("runbook drill list", "runbook drill start 1", "runbook drill verify"),
        "drill list": ("runbook drill list", "runbook drill list --json"),
        "drill start": ("runbook drill start 1", "runbook drill start --random --level easy --closed-book"),
        "drill status": ("runbook drill status", "runbook drill status --json"),
        "drill hint": ("runbook drill hint",),
        "drill verify": ("runbook drill verify", "runbook drill verify --hop listener --why b"),
        "drill solution": ("runbook drill solution", "runbook drill solution --apply"),
        "drill reset": ("runbook drill reset",),
        "drill exam": (
            "runbook drill exam 5 --seed 7",
            "runbook drill exam 5 --seed 7 --closed-book",
            "runbook drill exam --report --out results",
        ),
        "drill scores": ("runbook drill scores results", "runbook drill scores results --csv"),
        "notebook": (
            "runbook notebook",
            "runbook notebook my-runbook.ipynb",
            "runbook notebook --run -p stack=demo -p mode=check",
        ),
    }
)
