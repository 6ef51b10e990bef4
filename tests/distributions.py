"""What a built source distribution and wheel hold: ``python -m tests.distributions dist``, by ``make dist``.

Compares them with the files that git knows, so that nothing is forgotten when a folder is added; lists them by folder.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

PACKAGES = ("drills", "practice", "private_files", "runbook", "steps", "tui")
NOT_SHIPPED = (".gitignore",)


def tracked() -> set[str]:
    """The project's files."""
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    return {name for name in listed.split("\0") if name and name not in NOT_SHIPPED}


def wrong_in_sdist(names: set[str], project: set[str]) -> list[str]:
    """What is forgotten, and what does not belong there."""
    made = {"PKG-INFO", "setup.cfg"}
    return [f"sdist lacks {name}" for name in sorted(project - names)] + [
        f"sdist has {name}" for name in sorted(names - project - made) if ".egg-info/" not in name
    ]


def wrong_in_wheel(names: set[str], project: set[str]) -> list[str]:
    """The same of the wheel, which has the packages and nothing else."""
    wanted = {name for name in project if name.split("/")[0] in PACKAGES}
    extra = {name for name in names - wanted if ".dist-info/" not in name}
    return [f"wheel lacks {name}" for name in sorted(wanted - names)] + [f"wheel has {name}" for name in sorted(extra)]


def listed(title: str, names: Iterable[str]) -> str:
    """The number of files in each folder at the top."""
    counted = Counter(name.split("/")[0] + "/" * ("/" in name) for name in names)
    return "\n".join([title, *(f"  {number:5}  {name}" for name, number in sorted(counted.items()))])


def main(where: Path) -> int:
    """List both, and exit with 1 if something is wrong with one."""
    (sdist,), (wheel,) = where.glob("*.tar.gz"), where.glob("*.whl")
    with tarfile.open(sdist) as archive:
        in_sdist = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    with zipfile.ZipFile(wheel) as archive_:
        in_wheel = {name for name in archive_.namelist() if not name.endswith("/")}
    print(listed(sdist.name, in_sdist))
    print(listed(wheel.name, in_wheel))
    project = tracked()
    wrong = [*wrong_in_sdist(in_sdist, project), *wrong_in_wheel(in_wheel, project)]
    print("\n".join(wrong) or "nothing is missing, and nothing else is in them")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
