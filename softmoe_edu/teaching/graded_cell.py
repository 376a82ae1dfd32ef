"""What a cell that nbgrader grades shows: the report, and as its result the points, which is what nbgrader reads."""

import os
import sys
import textwrap

from IPython import get_ipython

from softmoe_edu.teaching.check.report import Report
from softmoe_edu.teaching.say import say

VALIDATING = "NBGRADER_VALIDATING"  # set by nbgrader while a student has a notebook validated
WIDTH = 80  # nbgrader cuts longer lines


def show_points(report: Report, points: float) -> None:
    """Print a report and show its points, a float, by IPython's own hook.

    To nbgrader another result, an object or False, is full points, and so is none: the hook itself shows them, which no
    setting of the notebook (`ast_node_interactivity`) silences. Of a cell that fails `nbgrader validate` shows errors
    and stderr alone, so the report is printed there while it validates.

    Args:
        report: What the check found.
        points: What a right answer gets.
    """
    if os.environ.get(VALIDATING) and not report.passed:
        lines = (textwrap.fill(line, WIDTH, subsequent_indent="  ") for line in str(report).splitlines())
        sys.stderr.write("\n".join(lines) + "\n")
    else:
        say(report)
    get_ipython().displayhook(report.points(points))
