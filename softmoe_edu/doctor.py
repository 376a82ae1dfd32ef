"""What of an installation works, and what to do about the rest: `softmoe-edu doctor`."""

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from softmoe_edu import __version__, lessons
from softmoe_edu.files import why_not_written
from softmoe_edu.shadowing import harmful, in_place_of
from softmoe_edu.text import plural

GIB = 2**30
LEAST_DISK, LEAST_MEMORY = 1 * GIB, 2 * GIB
KERNEL_S = 60.0
WIDGETS = ("@jupyter-widgets/jupyterlab-manager", "anywidget")
PROBE = "import sys, torch, softmoe_edu, anywidget; print(sys.prefix, softmoe_edu.__version__)"


@dataclass(frozen=True)
class Sign:
    """One thing that was looked at: what was found, and what to do if it is not right.

    Attributes:
        about: what was looked at.
        found: what was found, in a few words.
        remedy: what to do; "" where all is well.
        stops: whether lessons cannot run without the remedy.
    """

    about: str
    found: str
    remedy: str = ""
    stops: bool = False

    def __str__(self) -> str:
        state = "ok" if not self.remedy else "FAILS" if self.stops else "note"
        first = f"{state:6}{self.about:12}{self.found}"
        return f"{first}\n{'':18}{self.remedy}" if self.remedy else first


def main() -> int:
    """Print what was found, one thing a line, and return 1 if lessons cannot run."""
    print(f"softmoe-edu {__version__}, {platform.platform()}")
    found = []
    for look in LOOKS:
        for sign in _told(look):
            print(sign, flush=True)
            found.append(sign)
    stops, notes = (sum(bool(sign.remedy) and sign.stops is stop for sign in found) for stop in (True, False))
    print(
        f"{plural(stops, 'thing')} to repair before the lessons run, {plural(notes, 'note')}."
        if stops or notes
        else "All is well."
    )
    return 1 if stops else 0


def _told(look: Callable[[], Iterator[Sign]]) -> Iterator[Sign]:
    """Yield what a look finds; a look that fails is itself something found."""
    try:
        yield from look()
    except Exception as error:
        yield Sign(
            look.__name__, f"{type(error).__name__}: {error}", "this could not be looked at: tell us about it", False
        )


def packages() -> Iterator[Sign]:
    """Python and what the package asks for, within the bounds that it states."""
    from packaging.requirements import Requirement

    version = platform.python_version()
    fits = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Sign("Python", version, "" if fits else "install Python 3.11, 3.12 or 3.13", stops=True)
    wrong, right = [], 0
    for text in importlib.metadata.requires("softmoe-edu") or []:
        wanted = Requirement(text)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            have = importlib.metadata.version(wanted.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{wanted.name} is missing")
            continue
        if wanted.specifier.contains(have, prereleases=True):
            right += 1
        else:
            wrong.append(f"{wanted.name} {have}, wanted {wanted.specifier}")
    remedy = 'python -m pip install --upgrade softmoe-edu, or "pip install -e ." in a checkout' if wrong else ""
    yield Sign("packages", "; ".join(wrong) or f"all {right} within their bounds", remedy, stops=True)


def files() -> Iterator[Sign]:
    """Lessons, a folder that can be written, and files that would be imported in place of packages."""
    count = len(list(lessons.folder().glob("*.ipynb")))
    yield Sign("lessons", f"{count} in {lessons.folder()}")
    here = Path.cwd()
    hidden = harmful(here)
    for path, what in hidden.items():
        yield Sign("files", str(path.name), in_place_of(path, what), stops=True)
    reason = why_not_written(here)
    free = shutil.disk_usage(here).free
    yield Sign(
        "folder",
        f"{here} ({reason})" if reason else str(here),
        "name a folder that you can write to: softmoe-edu lab DIR" if reason else "",
    )
    short = "little room for checkpoints and notebooks: free some" if free < LEAST_DISK else ""
    yield Sign("disk", f"{free / GIB:.1f} GiB free here", short)
    home = why_not_written(Path.home())
    forgets = "Jupyter will not remember its settings" if home else ""
    yield Sign("home", f"{Path.home()} ({home})" if home else str(Path.home()), forgets)


def machine() -> Iterator[Sign]:
    """Memory, cores, PyTorch's threads, and a GPU if there is one."""
    import torch

    memory = _memory()
    if memory is not None:
        little = "close other programs: training in lessons 03 and 08 may be slow" if memory < LEAST_MEMORY else ""
        yield Sign("memory", f"{memory / GIB:.1f} GiB to be had", little)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = torch.get_num_threads()
    many = f"more threads than cores wait for each other: set OMP_NUM_THREADS={cores}" if threads > cores else ""
    yield Sign("threads", f"PyTorch uses {threads}, this process may use {cores} of the machine's cores", many)
    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
        yield Sign("GPU", f"{names} (CUDA {torch.version.cuda})")
    elif torch.backends.mps.is_available():
        yield Sign("GPU", "Apple's, through MPS")
    else:
        yield Sign("GPU", "none; every lesson runs on the CPU")


def jupyter() -> Iterator[Sign]:
    """JupyterLab, its widgets, a kernel that runs this package, and a browser."""
    from jupyter_core.paths import jupyter_path
    from jupyterlab import __version__ as version

    yield Sign("JupyterLab", version)
    folders = [Path(folder) for folder in jupyter_path("labextensions")]
    missing = [name for name in WIDGETS if not any((folder / name).is_dir() for folder in folders)]
    remedy = f"python -m pip install --force-reinstall {' '.join(missing)}" if missing else ""
    said = f"no {', '.join(missing)} in {folders[0]}" if missing else "the manager and anywidget are installed"
    yield Sign(
        "widgets", said.replace(WIDGETS[0], "jupyterlab_widgets"), remedy.replace(WIDGETS[0], "jupyterlab_widgets")
    )
    yield _kernel()
    try:
        yield Sign("browser", webbrowser.get().name if hasattr(webbrowser.get(), "name") else "the system's own")
    except webbrowser.Error:
        yield Sign("browser", "none that can be opened from here", "copy the address that softmoe-edu lab prints")


def _kernel() -> Sign:
    """Start the kernel that lessons name and import the package in it."""
    from jupyter_client.manager import start_new_kernel

    name = lessons.KERNEL["name"]
    manager, client = start_new_kernel(kernel_name=name, startup_timeout=KERNEL_S, stderr=subprocess.DEVNULL)
    try:
        heard: list[str] = []

        def listen(message: dict[str, Any]) -> None:
            content = message["content"]
            heard.extend([content["text"]] if message["msg_type"] == "stream" else [])
            heard.extend([content["evalue"]] if message["msg_type"] == "error" else [])

        reply = client.execute_interactive(PROBE, timeout=KERNEL_S, output_hook=listen)
        text = "".join(heard).strip()
        if reply["content"]["status"] != "ok":
            return Sign(
                "kernel", text, f"in the kernel's own environment: pip install softmoe-edu ({name})", stops=True
            )
        prefix, found = text.splitlines()[-1].rsplit(" ", 1)
        if Path(prefix).resolve() == Path(sys.prefix).resolve():
            return Sign("kernel", f"{name} starts, and imports softmoe-edu {found}")
        return Sign(
            "kernel",
            f"{name} runs another Python, in {prefix}",
            f"python -m ipykernel install --sys-prefix --name {name}, with the Python of {sys.prefix}",
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _memory() -> int | None:
    """Return the bytes of memory that can be had; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return None


LOOKS = (packages, files, machine, jupyter)
