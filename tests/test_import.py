import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

HEAVY = {"matplotlib", "seaborn", "ipywidgets", "anywidget", "IPython", "jupyterlab", "jupytext", "sklearn", "tqdm"}


def loaded(statement):
    """Give the top-level modules that a fresh Python holds after a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps([name.partition('.')[0] for name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def added(statement):
    """Give the heavy modules that a statement loads and torch, which may load tqdm itself, does not."""
    return (loaded(statement) - loaded("import torch")) & HEAVY


def test_import_is_light():
    """Importing softmoe_edu loads no plotting, widget, notebook or data library."""
    assert added("import softmoe_edu") == set()


def test_a_heavy_import_is_found():
    """The check can fail: what a package imports on the way is seen."""
    assert added("import softmoe_edu, seaborn") >= {"seaborn", "matplotlib"}
