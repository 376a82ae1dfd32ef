"""What the documentation says is so."""

import importlib
import inspect
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

import softmoe_edu
from softmoe_edu import widgets
from softmoe_edu.paper import MODELS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def public_objects():
    """Every public function, class and method that the package defines, by its full name."""
    for module in pkgutil.walk_packages(softmoe_edu.__path__, "softmoe_edu."):
        names = vars(importlib.import_module(module.name))
        for name, thing in names.items():
            if name.startswith("_") or getattr(thing, "__module__", "") != module.name:
                continue
            if inspect.isfunction(thing) or inspect.isclass(thing):
                yield f"{module.name}.{name}", thing


def test_readme_blocks_run():
    """The README's Python blocks run, one after the other, in one namespace."""
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    namespace = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), namespace)

    assert len(blocks) >= 2
    assert namespace["y"].shape == namespace["x"].shape


def test_readme_lists_lessons_routers_and_widgets():
    """The README names every router and widget, and no lesson that is not there."""
    lessons = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert lessons >= set(re.findall(r"^\| `(\d\d_\w+)` \|", README, re.MULTILINE)) >= {"00_look_inside"}

    for router in softmoe_edu.ROUTERS.values():
        assert f"`{router.__name__}`" in README
    for widget in [name for name, thing in vars(widgets).items() if inspect.isclass(thing)]:
        assert f"`{widget}`" in README


def test_readme_links_lead_somewhere():
    """Files that the README names as links exist."""
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_links_of_the_guides_lead_somewhere():
    """Files and headings that the pages in docs link to are there."""
    pages = sorted((ROOT / "docs").glob("*.md"))
    links = [
        (page, target) for page in pages for target in re.findall(r"\]\((?!http)([^)\s]+)\)", page.read_text("utf-8"))
    ]
    missing = []
    for page, target in links:
        name, _, heading = target.partition("#")
        place = page.parent / name if name else page
        headings = re.findall(r"^#+ (.+)$", place.read_text("utf-8"), re.MULTILINE) if place.suffix == ".md" else []
        known = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
        known |= set(re.findall(r'id="([^"]+)"', place.read_text("utf-8"))) if headings else set()
        if not place.exists() or (heading and heading not in known):
            missing.append(f"{page.name}: {target}")

    assert len(links) > 20
    assert missing == []


@pytest.mark.filterwarnings("default")  # nbgrader's and Otter's own warnings while they are imported
def test_public_names_have_docstrings():
    """Every public function and class says what it does."""
    everything = dict(public_objects())
    silent = [name for name, thing in everything.items() if not inspect.getdoc(thing)]

    assert len(everything) > 50
    assert not silent


def test_all_is_complete():
    """`from softmoe_edu import *` gives exactly the names of `__all__`, each of which exists."""
    assert sorted(softmoe_edu.__all__) == sorted(set(softmoe_edu.__all__))
    assert all(hasattr(softmoe_edu, name) for name in softmoe_edu.__all__)


def test_readme_counts_the_models():
    """The README's number of the paper's models is that of `paper.MODELS`."""
    (number,) = re.findall(r"(\d+) models part by part", README)

    assert len(MODELS) == int(number)


def test_the_guide_installs_the_graders_that_are_tested():
    """The teacher's guide asks an index for the graders of the extra, and for no softmoe-edu."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    guide = (ROOT / "docs" / "teachers_guide.md").read_text("utf-8")
    (line,) = re.findall(r'^ +python -m pip install "(?!softmoe)(.*)"$', guide, re.MULTILINE)

    assert line.split('" "') == extras["graders"]
    assert "softmoe-edu[graders]" not in guide
