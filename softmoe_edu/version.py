"""Which version this is: what was installed, or in a checkout what its tags and commits say now.

An installation of a checkout (`pip install -e .`) keeps the version of the day on which it was made.
"""

import contextlib
import importlib.metadata
import os
import subprocess
import tomllib
from pathlib import Path

NAME = "softmoe-edu"
ROOT = Path(__file__).resolve().parents[1]
GIT_S = 10.0


def version() -> str:
    """Return the version, as a build of the same files has it; "0+unknown" for files that nobody installed."""
    # The package may lie in somebody else's repository.
    with contextlib.suppress(OSError, ValueError, KeyError):
        if (ROOT / ".git").exists() and (found := of_checkout(ROOT)):
            return found
    try:
        return importlib.metadata.version(NAME)
    except importlib.metadata.PackageNotFoundError:
        return "0+unknown"


def of_checkout(root: Path) -> str | None:
    """Return the version by the rule that `pyproject.toml` gives to the build; None where git does not tell."""
    rule = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["version"]
    described = _git(root, *rule["raw-options"]["scm"]["git"]["describe_command"][1:])
    if described is not None:
        dirty = described.endswith("-dirty")
        tag, since, _ = described.removesuffix("-dirty").rsplit("-", 2)
        tag = tag.removeprefix("v")
        return tag if since == "0" and not dirty else f"{tag}.post1.dev{since}"
    commits = _git(root, "rev-list", "--count", "HEAD")
    return commits and f"{rule['fallback-version']}.post1.dev{commits}"


def _git(root: Path, *words: str) -> str | None:
    """Return what git prints; None where there is no git, or it does not trust or know the checkout."""
    # A hook of git names its own repository in variables.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(["git", "-C", str(root), *words], env=env, capture_output=True, text=True, timeout=GIT_S)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
