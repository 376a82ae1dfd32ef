"""What `softmoe-edu grade --otter` starts for one submission: `otter run`, with limits of time that Otter lacks.

python -m softmoe_edu.teaching.exports.otter_run AUTOGRADER SUBMISSION FOLDER CELL_SECONDS SECONDS
"""

import contextlib
import os
import signal
import sys
import threading
from typing import Any

import nbconvert.preprocessors
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from otter.run import main as otter_run
from traitlets import Bool, Dict

from softmoe_edu.teaching.exports.patience import Impatient
from softmoe_edu.teaching.grading.by_otter import ENDED, LATE


class Plain(nbconvert.preprocessors.ExecutePreprocessor):
    """nbconvert's executor, in which what follows a cell is a method and no trait."""

    def on_cell_executed(self, **about: Any) -> None:
        """Do nothing."""


class Execute(Impatient, Plain):
    """Otter's executor, which interrupts a cell whose time is over and goes on with the next one."""

    interrupt_on_timeout = Bool(True).tag(config=True)
    error_on_timeout = Dict({"ename": "CellTimeoutError", "evalue": "", "traceback": []}).tag(config=True)
    running: "Execute | None" = None
    cell_seconds = 0

    def preprocess(self, *arguments: Any, **named: Any) -> Any:
        """Execute a notebook."""
        Execute.running, self.timeout = self, self.cell_seconds
        return super().preprocess(*arguments, **named)


def end(_signal: object = None, _frame: object = None) -> None:
    """End this process, its kernel first: a kernel has a session of its own, and outlives who only ends its parent."""
    with contextlib.suppress(AttributeError, OSError):
        os.killpg(Execute.running.km.provisioner.pid, signal.SIGKILL)
    os._exit(LATE)


def main(autograder: str, submission: str, folder: str, cell_seconds: str, seconds: str) -> None:
    """Grade one submission; results.json lies in the folder then."""
    timer = threading.Timer(float(seconds), end)
    timer.daemon = True
    timer.start()
    Execute.cell_seconds = int(cell_seconds)
    # Otter asks for it by this name each time that it grades.
    nbconvert.preprocessors.ExecutePreprocessor = Execute
    try:
        otter_run(submission, autograder=autograder, output_dir=folder, no_logo=True)
    except (DeadKernelError, CellTimeoutError):
        sys.exit(ENDED)


if __name__ == "__main__":
    main(*sys.argv[1:])
