"""The oldest version of transformers that the extra `hf` allows is swept like the installed one."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytest.importorskip("transformers")

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = (
    "test_every_type.py",
    "test_composites.py",
    "test_passes.py",
    "test_huggingface.py",
    "test_experts.py",
    "test_shown.py",
)
# Newer versions of what transformers asks for are installed already; its own check of them would refuse some.
PIP = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target")


def oldest():
    """Return the oldest minor version that pyproject.toml allows."""
    extras = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    (requirement,) = map(Requirement, extras["hf"])
    (version,) = (bound.version for bound in requirement.specifier if bound.operator == ">=")
    return version


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder that holds the oldest version, in front of which nothing else is changed."""
    path = tmp_path_factory.mktemp("oldest")
    done = subprocess.run([*PIP, str(path), f"transformers=={oldest()}.*"], capture_output=True, text=True, timeout=300)
    if done.returncode:
        sentence = f"transformers {oldest()} cannot be installed here: {done.stderr.strip()[-300:]}"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)
    return path


@pytest.mark.slow
@pytest.mark.wheel
def test_every_type_of_the_oldest_version(folder):
    """Its types are captured or refused, steps joined and words read, by the same tests in a process of its own."""
    inherited = os.environ.get("PYTHONPATH")
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), inherited]))}
    look = "import transformers; print(transformers.__version__, transformers.__file__)"
    found = subprocess.run([sys.executable, "-c", look], env=env, capture_output=True, text=True, check=True).stdout
    version, file = found.split()
    assert version.startswith(f"{oldest()}.")
    assert Path(file).is_relative_to(folder)
    tests = [str(Path(__file__).parent / name) for name in FILES]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=540)
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
