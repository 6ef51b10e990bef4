"""The console script, and ``python -m runbook``."""

from __future__ import annotations

import signal

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    # While the program is being read nothing is under way that would have to end well: Ctrl-C just ends it, and shows
    # nobody a traceback of imports.
    if quiet := signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from runbook.cli import main as command_line

    if quiet:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command_line()


if __name__ == "__main__":
    main()
