"""Write `constraints.txt`: one version of every package in the image, chosen by pip within the bounds of the project.

    python container/lock.py

Run it with the Python of the image (see the Dockerfile) on Linux, with a network; then build the image and try it, as
`container/try.sh` does. PyTorch's packages for GPUs are left out: each of its builds names its own versions of them.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "container" / "constraints.txt"
# What the image may be built with (EXTRAS), and the command that Binder starts.
EXTRAS = ("dask", "graders", "hf", "voila")
BINDER = ["notebook>=7.4,<8"]
HEAD = """# Built by container/lock.py for Python {python} on Linux: one version of every package in the image.
"""
FOR_GPUS = re.compile(r"nvidia-|cuda-|triton$")


def wanted() -> list[str]:
    """Return what is installed into the image, and what its wheel is built with."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    chosen = [text for extra in EXTRAS for text in extras[extra]]
    return [*project["project"]["dependencies"], *chosen, *BINDER, *project["build-system"]["requires"]]


def python_of_image() -> str:
    """Return the minor version of Python that the Dockerfile begins with, such as "3.11"."""
    (version,) = re.findall(r"^ARG BASE=python:(\d+\.\d+)\.", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.M)
    return str(version)


def main() -> None:
    """Ask pip which versions fit together, and write them."""
    python, here = python_of_image(), "{}.{}".format(*sys.version_info[:2])
    if python != here or sys.platform != "linux":
        sys.exit(f"expected Python {python} on Linux, as the image has, got {here} on {sys.platform}")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = ("--dry-run", "--ignore-installed", "--only-binary=:all:", "--quiet", "--report", str(report))
        command = [sys.executable, "-m", "pip", "install", *options, *wanted()]
        # Away from the checkout, whose packages of Python would count as installed.
        subprocess.run(command, cwd=folder, check=True)
        found = [each["metadata"] for each in json.loads(report.read_text(encoding="utf-8"))["install"]]
    names = {re.sub(r"[-_.]+", "-", each["name"]).lower(): each["version"] for each in found}
    # PyTorch's indexes add what a build is for, such as 2.13.0+cpu.
    pins = [f"{name}=={version.partition('+')[0]}" for name, version in sorted(names.items())]
    lines = [pin for pin in pins if not FOR_GPUS.match(pin.partition("==")[0])]
    LOCK.write_text(HEAD.format(python=python) + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} versions in {LOCK.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
