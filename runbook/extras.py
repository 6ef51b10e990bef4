"""What a command says that needs an extra which is not installed.

An extra is installed as a whole (``pyproject.toml``), so one package of it shows whether it is there.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from runbook.errors import BadInput

__all__ = ["EXTRAS", "need"]

EXTRAS: Final = {
    "practice": ("moto", "the practice account"),
    "tui": ("textual", "the TUI"),
    "notebook": ("papermill", "the notebook"),
}
"""Each extra, with the package that shows whether it is installed, and what it is for."""


def need(extra: str, parameter: str = "", otherwise: str = "") -> None:
    """Raise :class:`BadInput` if an extra is not installed; it names the extra, and what works without."""
    package, what = EXTRAS[extra]
    if find_spec(package) is None:
        command = f"python -m pip install 'apigw-vpc-runbook[{extra}]'"
        raise BadInput(parameter or extra, f"{what} is not installed; install it with: {command}", otherwise)
