"""What a hub needs beside this package, and the command that installs it."""

import importlib.util
import shutil
import sys
from importlib.metadata import version

JUPYTERHUB = 6
"""The major version of JupyterHub that this was tested with."""
PROXY = "configurable-http-proxy"
PIP = "python -m pip install 'softmoe-edu[hub]'"


def missing(path: str | None = None) -> list[str]:
    """Return a sentence for each thing that a hub needs and that is missing here; path is another PATH to look at."""
    if sys.platform != "linux":
        return [f"a class hub needs Linux, which separates and limits its users; this is {sys.platform}"]
    found = []
    if importlib.util.find_spec("jupyterhub") is None:
        found.append(f"JupyterHub is not installed: {PIP}")
    elif (major := int(version("jupyterhub").partition(".")[0])) != JUPYTERHUB:
        found.append(f"JupyterHub {JUPYTERHUB} is needed, but {major} is installed: {PIP}")
    if importlib.util.find_spec("nbgrader") is None:
        found.append(f"nbgrader is not installed: {PIP}")
    if shutil.which(PROXY, path=path) is None:
        found.append(f"{PROXY} is not on the PATH: install it with Node, sudo npm install --global {PROXY}@5.2")
    return found
