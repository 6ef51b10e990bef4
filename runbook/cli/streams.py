"""Standard output and error: signs that a terminal's encoding lacks, and output that cannot be written."""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import sys
import unicodedata
from pathlib import Path
from typing import IO

from runbook.cli.codes import BROKEN_PIPE

__all__ = ["ASCII", "encodable", "finish", "let_go", "lost", "output_lost", "prepare", "reader_gone"]

ASCII = "runbook-ascii"
"""How an encoding's errors are treated: see :func:`prepare`."""

_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF)

# One form each, different wherever the signs are: a check that passed and one that failed never look alike.
_FORMS = {
    "✓": "v",
    "✗": "x",
    "○": "o",
    "≠": "!",
    "»": ">",
    "·": ".",
    "■": "#",
    "…": "...",
    "→": "->",
    "←": "<-",
    "⇒": "=>",
    "–": "-",
    "—": "-",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "×": "x",
    "•": "*",
    "│": "|",
    "┃": "|",
    "╎": ":",
    "─": "-",
    "━": "-",
    "═": "=",
    "▏": "|",
    "█": "#",
    "▁": "_",
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛┡┩╇╞╡╪", "+"),
    **{chr(0x2800 + dots): "*" for dots in range(256)},
}


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_FORMS.get(letter) or _plain(letter) for letter in lost), error.end


def _plain(letter: str) -> str:
    return unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode() or "?"


codecs.register_error(ASCII, _in_ascii)


def prepare() -> None:
    """A terminal that cannot show ✓ is no reason to fail: what it cannot show has a form of its own in ASCII."""
    if sys.stdout is None:  # closed by who started us; a file that is opened next would take its place
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ASCII)


def encodable(text: str, stream: IO[str]) -> bool:
    """Whether the stream can show a text as it is."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeError, LookupError):
        return False
    return True


def reader_gone(error: OSError) -> bool:
    """Whether a write failed because its reader is gone: a pipe's other end, or a terminal that was closed."""
    return error.errno in (errno.EPIPE, errno.EIO)


def output_lost(error: OSError) -> bool:
    """Whether it is standard output or error that could not be written, and no file of ours."""
    return error.filename is None and (reader_gone(error) or error.errno in _UNWRITABLE)


def let_go() -> None:
    """Write to the null device from now on, so that what is left in a buffer is no further error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def finish(code: int, failed: int) -> int:
    """Write what is still in the buffers, and give the exit code: ``failed`` where that changes it.

    Python would do so too, but after the last line of ours, with a traceback and a code of its own.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        code = code or lost(error, failed)
    except ValueError:  # closed before we began
        pass
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    return code


def lost(error: OSError, failed: int) -> int:
    """The exit code of a command whose output could not be written. Said in a sentence, unless its reader is gone."""
    code = BROKEN_PIPE if reader_gone(error) else failed
    if not reader_gone(error):
        more = "".join(f" {note}" for note in getattr(error, "__notes__", ()))
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"error: the output cannot be written: {error.strerror}.{more}\n")
            sys.stderr.flush()
    let_go()
    return code
