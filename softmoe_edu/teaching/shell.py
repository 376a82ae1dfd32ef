"""The shell of IPython, in a notebook or a terminal, where there is one."""

import sys


def current_shell() -> object | None:
    """Return IPython's shell, or None; IPython is not imported for that."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None
