"""What a person has chosen of the looks, remembered from one start to the next."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import private_files
from runbook.log import HOME_VARIABLE

__all__ = ["Preferences"]


@dataclass(frozen=True, slots=True)
class Preferences:
    """Empty texts for what was never chosen."""

    theme: str = ""
    pane: str = ""
    """The pane in view, where not all are."""
    zoomed: bool = False

    @classmethod
    def remembered(cls) -> Preferences:
        """Those of the last start. A file that cannot be read, or holds something else, is as good as none."""
        try:
            found = json.loads(_path().read_text(encoding="utf-8"))
            theme, pane, zoomed = (found.get(name) for name in ("theme", "pane", "zoomed"))
            return cls(
                theme=theme if isinstance(theme, str) else "",
                pane=pane if isinstance(pane, str) else "",
                zoomed=zoomed is True,
            )
        except (OSError, ValueError, AttributeError):
            return cls()

    def remember(self) -> None:
        """Keep them for the next start; looks are not worth failing for."""
        path = _path()
        with contextlib.suppress(OSError):
            private_files.make_directory(path.parent)
            private_files.replace(path, json.dumps(asdict(self), indent=2) + "\n")


def _path() -> Path:
    home = os.environ.get(HOME_VARIABLE)
    return (Path(home) if home else private_files.state_directory()) / "tui" / "looks.json"
