"""Runs the command line as if only some packages were installed: ``python -m tests.runbook.light EXTRA,… -- COMMAND…``.

Each further ``--`` begins another command. Exits with the code of the first that does not end with 0.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

_PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement.strip())[0].lower().replace("_", "-")


def distributions(extras: Iterable[str]) -> set[str]:
    """What is installed with these extras: the project's own requirements, and theirs."""
    optional = _PROJECT["optional-dependencies"]
    pending = [*_PROJECT["dependencies"], *(each for extra in extras for each in optional[extra])]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while pending:
        requirement = pending.pop()
        name, wanted = _name(requirement), tuple(re.findall(r"[\w-]+", "".join(re.findall(r"\[(.*?)\]", requirement))))
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            requires = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another system or Python
        for each in requires:
            of_extra = re.search(r"extra\s*==\s*['\"](.*?)['\"]", each)
            if of_extra is None or of_extra[1] in wanted:
                pending.append(each)
    return {name for name, _ in seen}


def missing(extras: Iterable[str]) -> set[str]:
    """The top-level modules that would not be there."""
    there = distributions(extras) | {_PROJECT["name"]}
    return {
        module
        for module, owners in metadata.packages_distributions().items()
        if not {owner.lower().replace("_", "-") for owner in owners} & there
    }


class _Finder:
    """Finds what is installed, but for some modules."""

    def __init__(self, hidden: set[str]) -> None:
        self.hidden = hidden

    def find_distributions(self, *context: Any) -> Any:
        return PathFinder.find_distributions(*context)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        return None if name.partition(".")[0] in self.hidden else PathFinder.find_spec(name, path, target)


def hide(extras: Iterable[str]) -> None:
    """Let this process find nothing but what is installed with these extras."""
    hidden = missing(extras)
    sys.meta_path = [_Finder(hidden) if finder is PathFinder else finder for finder in sys.meta_path]  # type: ignore[list-item]


def main(arguments: list[str]) -> int:
    extras, *rest = arguments
    hide([extra for extra in extras.split(",") if extra])
    from runbook.__main__ import main as runbook

    commands: list[list[str]] = []
    for word in rest:
        if word == "--":
            commands.append([])
        else:
            commands[-1].append(word)
    for command in commands:
        sys.argv = ["runbook", *command]
        try:
            runbook()
        except SystemExit as ended:
            if ended.code:
                return int(ended.code)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
