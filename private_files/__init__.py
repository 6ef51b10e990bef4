"""Directories and files that belong to their user alone, whatever the umask: 0700 and 0600.

What the runbook keeps for itself (logs of runs, records of drills, where the practice account is) tells of an account's
inside, and some of it is believed. So a directory that another user owns, or can write in, is not used, and a file is
never opened through a link. What a person asks to be written somewhere (a report, a plan, a notebook) is another
matter: that is written as their umask has it.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

import platformdirs

__all__ = ["check_directory", "make_directory", "open_new", "overwrite", "replace", "state_directory"]

_APPLICATION: Final = "apigw-vpc-runbook"
# Not on Windows, where others cannot write into a user's own folders to begin with.
_NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)
_USER: Final = getattr(os, "geteuid", None)


def state_directory() -> Path:
    """The system's place for what the runbook keeps of a user."""
    return Path(platformdirs.user_state_dir(_APPLICATION))


def make_directory(path: Path) -> None:
    """Make sure that it is there and the user's alone. Raise OSError, with a reason in words, when it is not."""
    for each in (*reversed(path.parents), path):
        with suppress(FileExistsError):
            each.mkdir(mode=0o700)
            each.chmod(0o700)  # the umask may take from the mode
    if path.parent == state_directory():
        _tighten(path.parent)
    check_directory(path)


def _tighten(path: Path) -> None:
    """Versions before made this one by the umask."""
    found = path.stat()
    if _USER and found.st_uid == _USER() and found.st_mode & 0o022:
        path.chmod(stat.S_IMODE(found.st_mode) & ~0o022)


def check_directory(path: Path) -> None:
    """Raise OSError, with a reason in words, for a directory that is not there or not the user's alone."""
    found = path.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    if _USER is None:
        return
    for owner in (path.lstat().st_uid, found.st_uid):
        if owner != _USER():
            raise PermissionError(errno.EPERM, f"it belongs to another user (uid {owner})", str(path))
    if found.st_mode & 0o022:
        raise PermissionError(errno.EPERM, "other users can write in it; chmod go-w would end that", str(path))


def open_new(path: Path) -> int:
    """A descriptor to write a file that must not be there yet."""
    return _opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)


def overwrite(path: Path) -> int:
    """A descriptor to write a file from its beginning; several writers add to its end."""
    return _opened(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)


def _opened(path: Path, flags: int) -> int:
    descriptor = os.open(path, flags | _NO_LINKS, 0o600)
    if _USER:
        os.fchmod(descriptor, 0o600)  # the umask may have taken from it, or an earlier version have made it
    return descriptor


def replace(path: Path, text: str) -> None:
    """Write a file whole or not at all: who reads it sees the former text or this one."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)  # a writer was killed
    descriptor = open_new(new)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        new.replace(path)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise
