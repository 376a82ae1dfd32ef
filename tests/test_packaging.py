import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import softmoe_edu

CHECKOUT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"pytorch": "torch"}


def bounds(requirements):
    """Map each package to its version bounds."""
    parsed = [Requirement(text) for text in requirements]
    return {CONDA_NAMES.get(one.name, one.name): one.specifier for one in parsed}


def test_conda_environment_is_the_same():
    """environment.yml names the packages of pyproject.toml with the same bounds, one Python and nothing else."""
    entries = yaml.safe_load((CHECKOUT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    python, *others = [entry for entry in entries if isinstance(entry, str) and entry != "pip"]
    name, version = python.split("=")

    assert bounds(others) == bounds(PROJECT["dependencies"])
    # Binder reads one exact version, without spaces.
    assert name == "python" and re.fullmatch(r"\d\.\d+", version)
    assert version in SpecifierSet(PROJECT["requires-python"])
    assert {"pip": ["--editable ."]} in entries


@pytest.mark.parametrize("extra", ["dependencies", *PROJECT["optional-dependencies"]])
def test_every_package_has_both_bounds(extra):
    """Each requirement says from which version on, and below which."""
    requirements = PROJECT["optional-dependencies"].get(extra, PROJECT["dependencies"])
    found = bounds(text for text in requirements if not text.startswith(PROJECT["name"]))

    assert found
    assert [name for name in found if {one.operator for one in found[name]} != {">=", "<"}] == []


def test_one_version():
    """pyproject.toml, the package, CITATION.cff and the newest entry of CHANGELOG.md name one version."""
    citation = yaml.safe_load((CHECKOUT / "CITATION.cff").read_text(encoding="utf-8"))
    newest = re.search(r"^## \[(\d[^\]]*)\]", (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert {softmoe_edu.__version__, citation["version"], newest and newest[1]} == {PROJECT["version"]}


def test_the_packages_of_node_are_pinned_and_come_from_no_named_host():
    """Each tool has one exact version, each package a checksum, and the lock file names no registry."""
    wanted = json.loads((CHECKOUT / "package.json").read_text(encoding="utf-8"))
    packages = json.loads((CHECKOUT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    own = packages.pop("")

    assert "dependencies" not in wanted
    assert own["devDependencies"] == wanted["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted["devDependencies"].values())
    assert packages
    assert [name for name, one in packages.items() if "resolved" in one or not one["integrity"].startswith("sha")] == []


def test_scripts_of_other_packages_run_in_the_checkout():
    """`.venv` lies below package.json, whose "type" would make modules of scripts such as JupyterLab's yarn.js."""
    assert "type" not in json.loads((CHECKOUT / "package.json").read_text(encoding="utf-8"))
