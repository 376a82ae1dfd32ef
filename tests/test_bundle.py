"""A bundle for a room without a network: what is in it installs there, and what is missing is said before."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from softmoe_edu import __version__, bundle, cli, lessons

CHECKOUT = Path(__file__).resolve().parents[1]
SCRIPTS = "Scripts" if os.name == "nt" else "bin"


def without_network():
    """The words before a command that give it no network but itself; none where the system cannot."""
    words = ["unshare", "--map-root-user", "--net"]
    can = shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
    return words if can else []


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A bundle that holds the package alone, built from the checkout."""
    folder = tmp_path_factory.mktemp("room") / "bundle"
    said = bundle.bundle(folder, dependencies=False)
    return folder, said


@pytest.mark.wheel
def test_a_bundle_installs_without_a_network(own, tmp_path):
    """In a fresh environment, with no network, the command of the README installs the package with all its lessons."""
    folder, said = own
    venv.create(tmp_path / "env", symlinks=os.name != "nt")
    python = tmp_path / "env" / SCRIPTS / "python"
    # pip of the tests installs into the fresh environment, whose own pip would only have to be unpacked first.
    words = f"-m pip --python {python} install --no-deps --no-index --find-links wheels softmoe-edu"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [*without_network(), sys.executable, *words.split()], cwd=folder, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pip install --no-index --find-links wheels softmoe-edu" in (folder / "README.txt").read_text("utf-8")
    (site,) = (tmp_path / "env").glob("[Ll]ib/**/softmoe_edu") if os.name != "nt" else [None]
    found = {path.name: path.read_bytes() for path in (site / "lessons").glob("*.ipynb")}

    assert found == {path.name: path.read_bytes() for path in (folder / "lessons").glob("*.ipynb")}
    assert found.keys() == {path.name for path in (CHECKOUT / "notebooks").glob("*.ipynb")}
    assert said[0].startswith("1 wheel (") and f"and {len(found)} lessons in {folder}, for Python 3." in said[0]


@pytest.mark.wheel
def test_a_wheel_that_is_missing_is_named(own):
    """Wheels that do not suffice are refused before anybody carries them into the room."""
    folder, _ = own
    with pytest.raises(ValueError, match=r"pip install failed: Could not find a version that satisfies .* [\w.-]+ "):
        bundle._complete(folder / "wheels", __version__, ["--only-binary=:all:"])


@pytest.mark.wheel
def test_a_bundle_goes_on_where_it_stopped(own):
    """A second run replaces what it made, and keeps wheels that are there."""
    folder, _ = own
    other = folder / "wheels" / "other-1-py3-none-any.whl"
    other.write_bytes(b"fetched before")
    # Of two versions pip might take the older one.
    (folder / "wheels" / "softmoe_edu-0.0.9-py3-none-any.whl").write_bytes(b"of an earlier bundle")
    (folder / "README.txt").write_text("half")
    try:
        again = bundle.bundle(folder, dependencies=False)
        assert again[0].startswith("2 wheels (") and other.read_bytes() == b"fetched before"
        assert f"softmoe-edu {__version__}, for machines" in (folder / "README.txt").read_text("utf-8")
    finally:
        other.unlink()


def test_what_this_machine_has_does_not_count(tmp_path, monkeypatch):
    """Whether the wheels suffice is asked without any setting of pip, which may name more wheels than there are."""
    seen = []

    def run(command, env, **rest):
        seen.append({name: value for name, value in env.items() if name.startswith("PIP_")})
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setattr(bundle.subprocess, "run", run)
    bundle._complete(tmp_path, __version__, [])
    bundle._pip("download", "softmoe-edu")

    assert seen[0] == {"PIP_CONFIG_FILE": os.devnull}
    assert seen[1]["PIP_FIND_LINKS"] == str(tmp_path)


def test_an_installed_package_is_fetched(tmp_path, monkeypatch):
    """Without a checkout the wheel of this very version is asked for, then all that it needs, for that room."""
    asked = []

    def pip(*words, settings=True):
        asked.append(words)
        if "--dest" in words:
            (Path(words[words.index("--dest") + 1]) / f"softmoe_edu-{__version__}-py3-none-any.whl").write_bytes(b"w")

    monkeypatch.setattr(bundle, "checkout", lambda: None)
    monkeypatch.setattr(bundle, "_pip", pip)
    said = bundle.bundle(tmp_path / "b", python="3.12", platforms=("win_amd64", "any"))

    assert asked[0][-1] == f"softmoe-edu=={__version__}" and "--no-deps" in asked[0]
    room = ("--only-binary=:all:", "--python-version=3.12", "--platform=win_amd64", "--platform=any")
    assert asked[1][1:5] == room and asked[1][-1].endswith(f"softmoe_edu-{__version__}-py3-none-any.whl")
    assert "--dry-run" in asked[2] and "--no-index" in asked[2] and set(room) < set(asked[2])
    assert "py -3.12 -m venv softmoe" in (tmp_path / "b" / "README.txt").read_text("utf-8")
    assert "for Python 3.12 on win_amd64, any." in said[0]


def test_this_is_a_checkout(monkeypatch, tmp_path):
    """The package of the tests lies in one; where the project's file is missing, it is an installed one."""
    assert bundle.checkout() == CHECKOUT
    monkeypatch.setattr(lessons, "PACKAGE", tmp_path / "softmoe_edu")
    assert bundle.checkout() is None


def test_what_cannot_be_bundled_is_said(tmp_path, monkeypatch):
    """A file, a folder with other things, and an environment without pip get a sentence; nothing is written."""
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")

    with pytest.raises(ValueError, match="is a file: name a folder"):
        bundle.bundle(tmp_path / "file")
    with pytest.raises(ValueError, match=r"full holds thesis\.txt, which is no part of a bundle: name a new folder"):
        bundle.bundle(tmp_path / "full")

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(ValueError, match="has no pip, which collects the wheels: python -m ensurepip"):
        bundle.bundle(tmp_path / "new")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "full", "thesis.txt"]


@pytest.mark.slow
def test_without_a_network_the_command_says_what_failed(tmp_path, monkeypatch):
    """pip's own complaint comes first, then what may help; the command ends with status 1."""
    monkeypatch.setattr(bundle, "checkout", lambda: None)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "elsewhere"))

    with pytest.raises(
        SystemExit, match=rf"pip download failed: .*softmoe-edu=={__version__} .*\nIs there a network\?"
    ):
        cli.main(["bundle", str(tmp_path / "b")])
    assert not (tmp_path / "elsewhere").exists() and not (tmp_path / "b" / "README.txt").exists()
