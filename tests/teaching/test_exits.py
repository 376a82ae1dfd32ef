"""An answer that leaves the program is a finding, in a script and in a real kernel, and the program goes on."""

import os
import subprocess
import sys

import pytest

from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.discovery import find_exercise

DISPATCH = find_exercise("dispatch-weights")
WORDS = "it exits the program"
EXITS = (
    "exit()",
    "quit()",
    "exit(3)",
    "raise SystemExit",
    "import sys; sys.exit('bye')",
    "import os; os._exit(3)",
    "import os; os.abort()",
    "import os; os.execv('/bin/true', ['true'])",
)
KERNELS = (
    *EXITS,
    "get_ipython().ask_exit()",
    "get_ipython().exit_now = True",
    "exit(keep_kernel=True)",
    "exit",
    "try:\n        exit()\n    except BaseException:\n        return logits.softmax(1)",
)


def answer(how):
    return f"def dispatch_weights(logits):\n    {how}\n"


@pytest.mark.parametrize("how", EXITS)
def test_leaving_is_a_finding_with_no_points(how):
    """The report says that the answer exits the program, and stdin, which exit() closes, is open afterwards."""
    namespace = {}
    exec(answer(how), namespace)
    report = examine(DISPATCH, namespace["dispatch_weights"])

    assert (report.failed, report.points(2)) == ("no exit", 0.0)
    assert WORDS in str(report) and "remove the exit" in str(report)
    assert not sys.stdin.closed
    assert (os._exit.__module__, os.execv.__module__) == ("posix" if os.name == "posix" else "nt",) * 2


@pytest.mark.slow
def test_a_script_goes_on_after_every_exit():
    """A script in its own process gets a report on every way to exit, and reaches its last line."""
    lines = [
        "from softmoe_edu.teaching.check.examine import examine",
        "from softmoe_edu.teaching.discovery import find_exercise",
    ]
    for how in EXITS:
        lines += [answer(how), "print(examine(find_exercise('dispatch-weights'), dispatch_weights).failed)"]
    lines.append("print(input())")
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], input="alive\n", capture_output=True, text=True, timeout=120
    )

    assert done.stdout.splitlines() == ["no exit"] * len(EXITS) + ["alive"], done.stderr


@pytest.fixture(scope="module")
def cells():
    """Run a notebook in a kernel: for each way to leave an answer, its check, and a cell half a second later."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    sources = ["from softmoe_edu.teaching import check"]
    for how in KERNELS:
        sources += [answer(how), "print(check('dispatch-weights', dispatch_weights))"]
        sources += ["import time\ntime.sleep(0.5)\nprint('alive')"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    environment = os.environ | {"SOFTMOE_PROGRESS": "off", "SOFTMOE_PLAIN": "1"}
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute(env=environment)
    texts = ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells[1:]]
    return {how: tuple(texts[3 * i + 1 : 3 * i + 3]) for i, how in enumerate(KERNELS)}


@pytest.mark.notebook
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("how", KERNELS)
def test_a_kernel_survives_then_and_a_cell_later(how, cells):
    """A name alone does nothing, a caught exit is none, and all others are told; the next cell runs in each case."""
    said, later = cells[how]

    assert later == "alive\n"
    if how.startswith("try"):
        assert "passed" in said
    elif how == "exit":
        assert "None: does every path of the function end in a return?" in said
    else:
        assert WORDS in said
