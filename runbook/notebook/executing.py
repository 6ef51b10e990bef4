"""The notebook run by papermill from the command line, with the command line's exit codes.

papermill itself exits with 1 whatever ended the notebook. Here a process of its own runs it (papermill takes over the
signals of the process it is in), and exits by the class of the error that ended it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ipykernel needs it too

from runbook.aws import ANSWERS_WITHIN
from runbook.errors import BadInput, named, quoted
from runbook.notebook.options import EXAMPLES, OPTIONS
from runbook.parameters import Parameters

__all__ = ["CODES", "Execution", "checked"]

CODES = {"BadNotebookParameter": 2, "NotUpToDate": 3}
"""Exit codes by the error's class, see ``running``; 1 for every other."""

# The kernel is this environment's own, as with `make notebook`.
_KERNEL = {"JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_PATH": ""}


def checked(notebook: Path, out: Path, given: Iterable[str]) -> dict[str, str]:
    """The parameters, each as it was typed (``NAME=VALUE``). Raises :class:`BadInput` before anything is run."""
    parameters: dict[str, str] = {}
    for each in given:
        name, equals, parameters[name] = each.partition("=")
        if not equals:
            raise BadInput("-p", f"{quoted(each)} is not NAME=VALUE.", "For example: -p stack=demo")
        if name not in {*OPTIONS, *Parameters.model_fields}:
            raise BadInput("-p", f"unknown parameter {quoted(name)}.", f"There are: {', '.join(EXAMPLES)}.")
    if notebook.resolve() == out.resolve():
        raise BadInput("out", f"{named(out)} is the notebook itself.", "Name another file for the executed notebook.")
    if not out.absolute().parent.is_dir() or out.is_dir():
        raise BadInput("out", f"{named(out)} cannot be written: there is no such directory, or it is one.")
    return parameters


class Execution:
    """papermill at work on a notebook."""

    def __init__(self, notebook: Path, out: Path, parameters: dict[str, str]) -> None:
        order = json.dumps([str(notebook), str(out), parameters])
        # In a session of its own: a Ctrl-C reaches it once, by `stop`.
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, order], env=os.environ | _KERNEL, start_new_session=True
        )

    def stop(self) -> None:
        """Interrupt the kernel: its run ends every wait, and the notebook is written as far as it went.

        papermill itself would kill the kernel, and the log of the run would break off. It is ended where no kernel runs
        yet, and where the interrupt met none of the notebook's cells.
        """
        kernels = self._kernels()
        for kernel in kernels:
            kernel.send_signal(signal.SIGINT)
        if not kernels:
            self._process.terminate()
        last = threading.Timer(ANSWERS_WITHIN + 10, self._process.terminate)
        last.daemon = True
        last.start()

    def _kernels(self) -> list[psutil.Process]:
        try:
            children = psutil.Process(self._process.pid).children(recursive=True)
            return [child for child in children if any("ipykernel" in word for word in child.cmdline())]
        except psutil.Error:  # it ends at this moment
            return []

    def ended(self) -> int:
        """Wait for its end, and give its exit code."""
        code = self._process.wait()
        return code if code >= 0 else 128 - code


def main() -> int:
    """Run the notebook that the command line names, in this process."""
    notebook, out, parameters = json.loads(sys.argv[1])
    from papermill import PapermillExecutionError, execute_notebook  # type: ignore[import-untyped]

    try:
        execute_notebook(notebook, out, parameters, progress_bar=sys.stderr.isatty())
    except PapermillExecutionError as error:
        # The notebook has no credentials and no control codes in it: its cells take them out.
        sys.stderr.write(f"error: {' '.join(str(error.evalue).split())}\n")
        return CODES.get(error.ename, 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
