import json
import subprocess
import sys

import pytest

import softmoe_edu

pytestmark = pytest.mark.slow

HEAVY = {"matplotlib", "seaborn", "ipywidgets", "anywidget", "IPython", "jupyterlab", "jupytext", "sklearn", "tqdm"}


def loaded(statement):
    """Return the top-level modules that a fresh Python has loaded after a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps([name.partition('.')[0] for name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def added(statement):
    """Return the heavy modules that a statement loads, except those that torch loads itself (it may load tqdm)."""
    return (loaded(statement) - loaded("import torch")) & HEAVY


def test_import_is_light():
    """Importing softmoe_edu loads no plotting, widget, notebook or data library."""
    assert added("import softmoe_edu") == set()


def test_listing_the_package_is_light():
    """Looking up names, those of submodules too, loads none of them."""
    assert added("import softmoe_edu; dir(softmoe_edu); hasattr(softmoe_edu, 'nothing')") == set()


def test_submodules_load_when_asked_for():
    """After `import softmoe_edu` alone every submodule is an attribute, and the very thing that an import gives."""
    code = """
import importlib
import softmoe_edu as se

names = (
    "losses metrics upcycling rerouting influence data cost paper training figures widgets teaching "
    "capacity experts moe routers routing shapes vit"
).split()
assert not {"losses", "metrics", "figures", "data", "training", "widgets", "teaching"} & set(vars(se))
for name in names:
    assert name in dir(se), name
    first = getattr(se, name)
    scope = {}
    exec(f"from softmoe_edu import {name}", scope)
    assert first is scope[name] is getattr(se, name), name
se.losses.importance_loss, se.metrics.dropped, se.figures, se.data.digits, se.widgets.RoutingLens, se.cost.cost_of
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_name_that_does_not_exist():
    """Asking for what the package does not have is an AttributeError that names both."""
    with pytest.raises(AttributeError, match="module 'softmoe_edu' has no attribute 'routres'"):
        _ = softmoe_edu.routres


def test_a_heavy_import_is_found():
    """The check can fail: what a package imports on the way is seen."""
    assert added("import softmoe_edu, seaborn") >= {"seaborn", "matplotlib"}
