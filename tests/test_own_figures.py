"""Figures of a notebook whose kernel answers widgets in other threads than its cells."""

import sys

import nbformat
import pytest
from nbclient import NotebookClient

from softmoe_edu import own_figures

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the kernel's event loop warns there"),
]

# As the kernel does around every message of a widget: here in another thread than the cell, and in its middle.
HEAD = """
import threading
from IPython import get_ipython
from matplotlib import pyplot as plt
from softmoe_edu import figures

def message(answer=lambda: None):
    def receive():
        get_ipython().events.trigger("pre_execute")
        answer()
        get_ipython().events.trigger("post_execute")
    thread = threading.Thread(target=receive)
    thread.start()
    thread.join()

def figure(*number):
    plt.figure(*number).add_subplot()
"""


# By test: the cells of one notebook, which are run in this order in one kernel.
CELLS = {
    "a message": ["figure()\nmessage()\nprint(plt.get_fignums())", "print(plt.get_fignums())"],
    "drawing": [
        """
from matplotlib.axes import Axes
class Heard(Axes):
    def draw(self, renderer):
        print("drawn", threading.current_thread() is threading.main_thread())
        super().draw(renderer)
plt.figure().add_axes(Heard(plt.gcf(), (0, 0, 1, 1)))
message()
print("end")
"""
    ],
    "a cell": [
        """
opened, may_end = threading.Event(), threading.Event()
def draw():
    figure()
    opened.set()
    may_end.wait(60)
    print("drawn")
waiting = threading.Thread(target=message, args=[draw])
waiting.start()
assert opened.wait(60)
""",
        "may_end.set()\nwaiting.join()\nprint(plt.get_fignums())",
    ],
    "interact": [
        """
from ipywidgets.widgets.interaction import show_inline_matplotlib_plots
figure(5)
message(lambda: (figure(6), show_inline_matplotlib_plots(), print(plt.get_fignums())))
"""
    ],
    "reset": [
        "%matplotlib inline\nplt.rcdefaults()\nfigure()\nmessage()\nprint('end')",
        "plt.rcdefaults()\nmessage(lambda: (figure(), print(plt.get_fignums())))\nprint(plt.get_fignums())",
    ],
    "error": [
        """
class Broken(Axes):
    def draw(self, renderer):
        raise ZeroDivisionError
figure()
plt.figure().add_axes(Broken(plt.gcf(), (0, 0, 1, 1)))
print("made")
""",
        "print(plt.get_fignums())",
    ],
    "stay open": [
        "%config InlineBackend.close_figures = False\nfigure()\nmessage()\nprint('one')",
        "message()\nprint(plt.get_fignums())",
        "from matplotlib_inline import backend_inline\nfigure()\nplt.close()\nprint(len(backend_inline.show._to_draw))",
        "print(len(backend_inline.show._to_draw))",
    ],
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What each cell printed, line by line, with "picture" for each image that it showed."""
    cells = [nbformat.v4.new_code_cell(cell) for cell in (HEAD, *(cell for case in CELLS.values() for cell in case))]
    folder = str(tmp_path_factory.mktemp("kernel"))
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": folder}}).execute()

    def said(output):
        # What one print writes may arrive in two pieces.
        if output.output_type == "stream":
            return output.text
        return f"{'picture' if 'image/png' in output.get('data', ()) else output.output_type}\n"

    head, *lines = ["".join(map(said, cell.outputs)).splitlines() for cell in cells]
    assert head == []
    return {name: [lines.pop(0) for _ in case] for name, case in CELLS.items()}


@pytest.mark.slow
def test_a_message_leaves_the_figure_of_a_running_cell_alone(told):
    """It is neither shown half-drawn nor closed, and the cell's end shows it once."""
    assert told["a message"] == [["[1]", "picture"], ["[]"]]


@pytest.mark.slow
def test_a_message_draws_no_figure_of_a_running_cell(told):
    """Its artists are drawn in the thread of the cell alone, when the cell ends."""
    (lines,) = told["drawing"]
    assert lines[0] == "end" and lines[-1] == "picture" and set(lines[1:-1]) == {"drawn True"}


def test_a_cell_leaves_the_figure_of_a_message_alone(told):
    """What a message opened is shown at the end of that message, and not by a cell that ends before."""
    first, second = told["a cell"]
    assert first + second == ["drawn", "picture", "[]"]


def test_a_figure_that_a_message_shows_itself_is_shown_once(told):
    """`interact` of ipywidgets asks the backend to show what its function drew; the end of the message adds nothing."""
    assert told["interact"] == [["picture", "[5]", "picture"]]


def test_the_magic_and_a_reset_change_nothing(told):
    """`%matplotlib inline` registers no second function, and resetting rcParams loses no figure's maker."""
    assert told["reset"] == [["end", "picture"], ["[1]", "picture", "[]"]]


def test_an_error_while_drawing_stands_below_the_cell(told):
    """The traceback is the cell's output, the other figures are shown, and none stays open."""
    lines, after = told["error"]
    assert lines[0] == "made" and lines.count("picture") == 1 and "error" in lines
    assert after == ["[]"]


def test_figures_that_stay_open_are_shown_once(told):
    """With close_figures off a cell shows what it made, still only its own, and no closed figure is kept alive."""
    assert told["stay open"] == [["one", "picture"], ["[1]"], ["1"], ["0"]]


def test_outside_a_kernel_nothing_is_changed():
    """In plain Python matplotlib keeps its hooks and its backend."""
    from matplotlib import rcParams

    own_figures.keep_to_threads()
    assert own_figures.HOOK not in rcParams["figure.hooks"]
