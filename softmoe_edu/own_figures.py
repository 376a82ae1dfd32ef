"""Have each thread of a notebook's kernel draw and show the pyplot figures that it made, and no others.

A kernel may answer the messages of widgets in other threads than the cells (ipykernel 7 with JupyterLab 4.4 or later).
After every cell and every message, pyplot draws all open figures that have changed, and the inline backend shows and
closes them, including one that another thread is drawing just then. Two threads paint one picture, which arrives cut
off or blank.
"""

import sys
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HOOK = f"{__name__}:claim"

_makers: "WeakKeyDictionary[Figure, int]" = WeakKeyDictionary()


def claim(figure: "Figure") -> None:
    """Assign a figure to the current thread; pyplot calls it for each new one (rcParams["figure.hooks"]).

    Args:
        figure: a figure that pyplot has just made.
    """
    maker, draw_idle = threading.get_ident(), figure.canvas.draw_idle

    def draw_at_home(*args: object, **more: object) -> None:
        if threading.get_ident() == maker:
            draw_idle(*args, **more)

    _makers[figure] = maker
    if isinstance(figure.canvas, sys.modules["matplotlib_inline.backend_inline"].FigureCanvas):
        figure.canvas.draw_idle = draw_at_home


def open_here() -> list["Figure"]:
    """Return the open pyplot figures that the current thread made.

    Returns:
        The figures, the one that was active last at the end. One whose maker is unknown counts as the main thread's.
    """
    if "matplotlib.pyplot" not in sys.modules:
        return []
    from matplotlib._pylab_helpers import Gcf  # pyplot's own functions would change which figure is the current one

    here, main = threading.get_ident(), threading.main_thread().ident
    return [m.canvas.figure for m in Gcf.get_all_fig_managers() if _makers.get(m.canvas.figure, main) == here]


def keep_to_threads() -> None:
    """Have pyplot and the inline backend keep to the figures of the thread in which a cell or a message ends.

    Call it as often as you like. Outside an IPython kernel, which alone has such a backend, it does nothing.
    """
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is None:
        return
    from matplotlib_inline import backend_inline

    if backend_inline.flush_figures is flush_figures:
        return
    registered = backend_inline.flush_figures in shell.events.callbacks["post_execute"]
    if registered:
        shell.events.unregister("post_execute", backend_inline.flush_figures)
    # `%matplotlib inline` and the `interact` of ipywidgets look the function up here.
    backend_inline.flush_figures = flush_figures
    if registered:
        shell.events.register("post_execute", flush_figures)
    # Whoever resets rcParams resets the hook too.
    shell.events.register("pre_execute", _set_hook)
    _set_hook()


def _set_hook() -> None:
    from matplotlib import rcParams

    if HOOK not in rcParams["figure.hooks"]:
        rcParams["figure.hooks"] = [*rcParams["figure.hooks"], HOOK]


def flush_figures() -> None:
    """Show the figures that the current thread made and close them, in place of the inline backend's function.

    With `InlineBackend.close_figures = False` they stay open, and each is shown once.
    """
    from IPython.display import display
    from matplotlib import pyplot as plt
    from matplotlib_inline import backend_inline

    closes = backend_inline.InlineBackend.instance().close_figures  # type: ignore[attr-defined]
    waiting = backend_inline.show._to_draw  # type: ignore[attr-defined]
    figures = [figure for figure in open_here() if closes or figure in waiting]
    background = getattr(backend_inline, "_fetch_figure_metadata", lambda figure: None)
    try:
        for figure in figures:
            display(figure, metadata=background(figure))
    finally:
        for figure in figures if closes else ():
            plt.close(figure)
        # One by one: another thread may add to the list meanwhile.
        for figure in [each for each in waiting if each in figures or _makers.get(each) == threading.get_ident()]:
            waiting.remove(figure)
