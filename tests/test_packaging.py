import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import softmoe_edu
from softmoe_edu import version

CHECKOUT = Path(__file__).resolve().parents[1]
SETTINGS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, HATCH = SETTINGS["project"], SETTINGS["tool"]["hatch"]
spec = importlib.util.spec_from_file_location("lock", CHECKOUT / "container" / "lock.py")
lock = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lock)
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
    # One exact version, as conda's own files have it: the lessons are tried with what everybody gets.
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


def test_one_newest_release():
    """pyproject.toml, CITATION.cff and the newest entry of CHANGELOG.md name one release, and this is no older one."""
    citation = yaml.safe_load((CHECKOUT / "CITATION.cff").read_text(encoding="utf-8"))
    newest = re.search(r"^## \[(\d[^\]]*)\]", (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    release = HATCH["version"]["fallback-version"]

    assert {citation["version"], newest and newest[1]} == {release}
    assert PROJECT["dynamic"] == ["version"]
    assert Version(softmoe_edu.__version__) >= Version(release)


def git(folder, *words):
    """Run git in a folder with no settings but these."""
    who = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = os.environ | who | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", *words], cwd=folder, env=env, check=True, capture_output=True)


def test_the_version_is_that_of_the_tag(tmp_path, monkeypatch):
    """A checkout says of itself what its build says: with tags or without, changed, between tags, without git."""
    from hatch_vcs.version_source import VCSVersionSource

    def versions():
        built = VCSVersionSource(str(tmp_path), HATCH["version"]).get_version_data()["version"]
        return version.of_checkout(tmp_path), built

    (tmp_path / "pyproject.toml").write_bytes((CHECKOUT / "pyproject.toml").read_bytes())
    release = HATCH["version"]["fallback-version"]
    assert versions() == (None, release)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    git(tmp_path, "tag", "before_v7")  # no version
    assert versions() == (f"{release}.post1.dev1", f"{release}.post1.dev1")
    git(tmp_path, "tag", "v3.2.0rc1")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "two")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "three")
    assert versions() == ("3.2.0rc1.post1.dev2", "3.2.0rc1.post1.dev2")
    git(tmp_path, "tag", "v3.2.0")
    assert versions() == ("3.2.0", "3.2.0")
    # A hook of git names a repository; a checkout has its own.
    monkeypatch.setenv("GIT_DIR", str(CHECKOUT / ".git"))
    assert version.of_checkout(tmp_path) == "3.2.0"
    monkeypatch.delenv("GIT_DIR")
    with (tmp_path / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    assert versions() == ("3.2.0.post1.dev0", "3.2.0.post1.dev0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert version.of_checkout(tmp_path) is None


def test_an_installed_package_has_the_version_of_its_metadata(tmp_path, monkeypatch):
    """Away from a checkout git is not asked; files that nobody installed have no version, which is no error."""
    monkeypatch.setattr(version, "ROOT", tmp_path)
    assert version.version() == importlib.metadata.version("softmoe-edu")
    monkeypatch.setattr(version, "NAME", "softmoe-edu-that-nobody-installed")
    assert version.version() == "0+unknown"


@pytest.mark.parametrize("project", [None, "[project]\nname = 'theirs'\n", "no = toml = at all"])
def test_somebody_elses_repository_has_no_say(tmp_path, monkeypatch, project):
    """The package may lie in one, vendored or installed into a folder of it: its own metadata count."""
    (tmp_path / ".git").mkdir()
    if project is not None:
        (tmp_path / "pyproject.toml").write_text(project, encoding="utf-8")
    monkeypatch.setattr(version, "ROOT", tmp_path)

    assert version.version() == importlib.metadata.version("softmoe-edu")


def test_the_image_has_one_version_of_each_package_within_the_bounds():
    """container/constraints.txt pins everything that the image may hold and is built with, as pyproject.toml allows."""
    lines = (CHECKOUT / "container" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {name: Version(pin) for name, pin in (line.split("==") for line in lines if not line.startswith("#"))}
    wanted = [Requirement(text) for text in lock.wanted()]

    assert list(pins) == sorted(map(canonicalize_name, pins))
    assert [
        str(one) for one in wanted if pins.get(canonicalize_name(one.name), Version("0")) not in one.specifier
    ] == []
    assert {*bounds(PROJECT["dependencies"]), "nbgrader", "transformers", "hatchling"} <= {one.name for one in wanted}
    assert lock.python_of_image() in lines[0]
    assert lock.python_of_image() in SpecifierSet(PROJECT["requires-python"])


def test_the_image_is_built_from_what_the_wheel_needs():
    """Every source of the wheel passes .dockerignore; no file of the history, the tests or a student does."""
    rules = (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    wheel = HATCH["build"]["targets"]["wheel"]
    sources = [*wheel["include"], *wheel["shared-data"], PROJECT["readme"], *PROJECT["license-files"], "pyproject.toml"]

    assert rules[1] == "*" and let == {path for path in let if (CHECKOUT / path).exists()}
    assert [path for path in sources if not any(path.lstrip("/").startswith(start) for start in let)] == []
    assert [path for path in (".git", "tests/", "docs/", "lab/") if any(path.startswith(start) for start in let)] == []


def test_the_image_runs_as_a_user_from_a_pinned_base():
    """The base has a digest, pip is held to the pinned versions, and what is started belongs to Binder's user."""
    lines = re.sub(r"\\\n", " ", (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")).splitlines()
    words = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    runs = [rest for word, rest in words if word == "RUN"]

    assert re.fullmatch(r"BASE=python:\d+\.\d+\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", words[0][1])
    assert [rest for word, rest in words if word == "FROM"] == ["${BASE} AS wheel", "${BASE}"]
    installs = [part for run in runs for part in run.split("&&") if "pip install" in part]
    assert len(installs) == 3 and all("--constraint" in each and "constraints.txt" in each for each in installs)
    assert [rest for word, rest in words if word == "USER"] == ["${NB_USER}"]
    assert {"NB_USER=jovyan", "NB_UID=1000"} <= {rest for word, rest in words if word == "ARG"}
    last = json.loads(words[-1][1])
    assert words[-1][0] == "CMD" and last[:2] == ["softmoe-edu", "lab"] and not [w for w in last if "token" in w]


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
