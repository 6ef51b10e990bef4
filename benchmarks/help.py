"""How long ``runbook --help`` takes, and that it loads nothing heavy."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

HEAVY = ("boto3", "botocore", "textual", "moto", "papermill", "httpx")


def main() -> None:
    """Print the figures."""
    times = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run([sys.executable, "-m", "runbook.cli", "--help"], check=True, capture_output=True)
        times.append(time.monotonic() - began)
    code = (
        "import sys; from runbook.cli import app; "
        f"print([name for name in {HEAVY!r} if name in sys.modules] or 'none of them')"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    print(f"runbook --help      {statistics.median(times):.2f} s median of {len(times)}")
    print(f"                    of {', '.join(HEAVY)} it loads {loaded}")


if __name__ == "__main__":
    main()
