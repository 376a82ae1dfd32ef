"""Everything for a room without a network, in one folder: wheels, lessons and how to install them.

`softmoe-edu bundle DIR`, on a machine with a network and the system of those in the room, or with --platform.
"""

import importlib.metadata
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from softmoe_edu import __version__, lessons
from softmoe_edu.files import why_not_written, write_atomically
from softmoe_edu.text import plural

NAME = "softmoe-edu"
WHEELS, LESSONS, README = "wheels", "lessons", "README.txt"
TEXT = """softmoe-edu {version}, for machines without a network
{line}

For Python {python} on {platform}: {wheels} ({size}).

Copy this folder to each machine, or share it, and open a terminal in it.

Windows:
    py -{python} -m venv softmoe
    softmoe\\Scripts\\activate

macOS and Linux:
    python{python} -m venv softmoe
    . softmoe/bin/activate

Then, on every system:
    python -m pip install --no-index --find-links wheels softmoe-edu
    softmoe-edu doctor
    softmoe-edu lab my_lessons

The last command puts the lessons into a folder my_lessons and opens them in a browser; nothing is fetched. The folder
lessons holds the same notebooks, to be read or handed out in another way.
"""


def bundle(
    folder: Path, *, python: str | None = None, platforms: Sequence[str] = (), dependencies: bool = True
) -> list[str]:
    """Collect wheels and lessons into a folder, and return sentences on what is there.

    An interrupted bundle goes on where it stopped.

    Args:
        folder: A new folder, an empty one, or an earlier bundle.
        python: The version of Python in the room, such as "3.12"; that of this machine without it.
        platforms: pip's names of the systems in the room, such as "win_amd64"; that of this machine without them.
        dependencies: Whether the wheels of what the package needs are collected too.

    Raises:
        ValueError: If the folder holds something else, or pip is missing or cannot get a wheel.
        OSError: If the folder cannot be written.
    """
    _refuse(folder)
    wheels = folder / WHEELS
    wheels.mkdir(parents=True, exist_ok=True)
    own = _own_wheel(wheels)
    version = own.name.split("-")[1]
    for path in sorted(lessons.folder().glob("*.ipynb")):
        write_atomically(folder / LESSONS / path.name, path.read_bytes())
    room = [*([f"--python-version={python}"] if python else []), *(f"--platform={each}" for each in platforms)]
    if dependencies:
        binary = ["--only-binary=:all:", *room]
        _pip("download", *binary, "--dest", str(wheels), str(own))
        _complete(wheels, version, binary)
    found = sorted(wheels.glob("*.whl"))
    size = f"{sum(path.stat().st_size for path in found) / 1e6:,.0f} MB"
    facts = {
        "version": version,
        "line": "=" * len(f"{NAME} {version}, for machines without a network"),
        "python": python or f"{sys.version_info.major}.{sys.version_info.minor}",
        "platform": ", ".join(platforms) or sysconfig.get_platform(),
        "wheels": plural(len(found), "wheel"),
        "size": size,
    }
    write_atomically(folder / README, TEXT.format(**facts).encode())
    count = len([*(folder / LESSONS).glob("*.ipynb")])
    return [
        f"{plural(len(found), 'wheel')} ({size}) and {plural(count, 'lesson')} in {folder}, "
        f"for Python {facts['python']} on {facts['platform']}.",
        f"{folder / README} says how to install them: copy the whole folder.",
    ]


def checkout() -> Path | None:
    """Return the checkout that this package lies in; None for an installed one."""
    root = lessons.PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "notebooks").is_dir() else None


def _refuse(folder: Path) -> None:
    """Raise ValueError for a folder in which a bundle would lie among other things, or without pip."""
    try:
        # Looking for the module itself would let setuptools put its own distutils in place.
        importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        raise ValueError("this environment has no pip, which collects the wheels: python -m ensurepip") from None
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: name a folder")
    others = sorted({path.name for path in folder.glob("*")} - {WHEELS, LESSONS, README})
    if others:
        raise ValueError(f"{folder} holds {others[0]}, which is no part of a bundle: name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    if reason := why_not_written(folder):
        raise ValueError(f"{folder} cannot be written ({reason}): name a folder that you can write to")


def _own_wheel(wheels: Path) -> Path:
    """Build this package's wheel from the checkout, or fetch that of the installed version; return its path."""
    with tempfile.TemporaryDirectory() as fresh:
        if root := checkout():
            _pip("wheel", "--no-deps", "--wheel-dir", fresh, str(root))
        else:
            _pip("download", "--no-deps", "--only-binary=:all:", "--dest", fresh, f"{NAME}=={__version__}")
        (built,) = Path(fresh).glob("*.whl")
        target = wheels / built.name
        write_atomically(target, built.read_bytes())
    # pip would take an older release rather than a version between two.
    for older in set(wheels.glob("softmoe_edu-*.whl")) - {target}:
        older.unlink()
    return target


def _complete(wheels: Path, version: str, room: Sequence[str]) -> None:
    """Raise ValueError unless this version can be installed of these wheels alone; nothing is installed."""
    with tempfile.TemporaryDirectory() as target:
        alone = ("--dry-run", "--ignore-installed", "--no-index", "--find-links", str(wheels), "--target", target)
        _pip("install", "--quiet", *alone, *room, f"{NAME}=={version}", settings=False)


def _pip(*words: str, settings: bool = True) -> None:
    """Run pip, whose progress is shown; raise ValueError with what it complains about first.

    Without `settings` it follows none of this machine's, such as one that names another folder of wheels.
    """
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *words]
    # Where this machine installs to is no matter of a download.
    left_out = ("PIP_TARGET", "PIP_USER", "PIP_PREFIX") if settings else ("PIP_",)
    env = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    if not settings:
        env["PIP_CONFIG_FILE"] = os.devnull
    done = subprocess.run(command, env=env, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        told = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        said = told[0] if told else (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ValueError(
            f"pip {words[0]} failed: {said}\nIs there a network? PIP_INDEX_URL names another index, PIP_PROXY a proxy. "
            "The same command goes on where it stopped."
        )
