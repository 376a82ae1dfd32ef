"""Files of a learner that are imported in place of a library: a torch.py beside the lessons hides PyTorch.

In a notebook Python looks into the notebook's folder before it looks among the installed packages, and a kernel starts
with a look into that folder even before Python's own modules. Nothing here imports more than Python's own modules.
"""

import contextlib
import functools
import importlib.machinery
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

LIBRARIES = ("torch", "numpy", "jaxtyping", "sklearn", "tqdm", "matplotlib", "seaborn", "ipywidgets", "anywidget",
             "traitlets", "filelock", "babel", "IPython")  # fmt: skip
SUFFIXES = tuple(importlib.machinery.all_suffixes())

# Each prints the modules that its middle part loads.
BEFORE = """
import sys
def loaded():
    return {name.partition(".")[0] for name in sys.modules}
before = loaded()
"""
AFTER = """
found = sorted(loaded() - before)
import json
print(json.dumps(found))
"""
# What `python -m ipykernel_launcher` needs while the folder still comes first.
STARTS = f"{BEFORE}import pathlib, runpy{AFTER}"
LESSONS = f"""
import contextlib, ipykernel.kernelapp
with contextlib.suppress(ImportError):
    import debugpy, psutil  # a kernel loads them, where they are installed, before it looks into the folder
{BEFORE}
import torch, torch._dynamo, tqdm.auto
from softmoe_edu import ViT, data, figures, widgets
from softmoe_edu.teaching import check
from softmoe_edu.training import train
digits, _ = data.digits()
history = train(ViT(), digits, steps=1, batch_size=8, progress=False)
figures.described(figures.training_curves({{"": [history.columns]}}, y="loss"))
{AFTER}
"""


def harmful(folder: Path) -> dict[Path, str]:
    """Find the files of a workspace that keep a kernel or a lesson in it from running.

    A name that a kernel has loaded before it looks into the folder, such as random, does no harm. Where a name may do
    some, a new Python that runs elsewhere finds out what kernels and lessons import; no file of the folder is run.

    Args:
        folder: The workspace.

    Returns:
        What each of these files is imported in place of, in words.
    """
    found = _importable(folder)
    hidden: dict[Path, str] = {}
    if own := [name for name in found if _is_pythons_own(name)]:
        starts = _loaded(STARTS)
        hidden |= {found[name]: f"{_what(name)}, without which no kernel starts" for name in own if name in starts}
    if packages := [name for name in found if _is_installed(name, folder)]:
        needed = _loaded(LESSONS) or LIBRARIES
        hidden |= {found[name]: _what(name) for name in packages if name in needed}
    return dict(sorted(hidden.items()))


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Import the libraries inside: an error whose reason is a file in the notebook's or script's folder names it.

    Raises:
        ImportError: If a file there has the name of a library, or took part in an error in place of a package.
    """
    folders = _first_on_path()
    for folder in folders:
        for name in LIBRARIES:
            path = folder / f"{name}.py"
            if name not in sys.modules and path.is_file():
                raise ImportError(in_place_of(path, _what(name)))
    try:
        yield
    except Exception as error:
        files = {path: name for folder in folders for name, path in _importable(folder).items() if path.is_file()}
        for path, name in files.items():
            if _took_part(name, path, error) and (_is_pythons_own(name) or _is_installed(name, *folders)):
                raise ImportError(in_place_of(path, _what(name))) from error
        raise


def in_place_of(path: Path, what: str) -> str:
    """Return the error text that says what a file is imported in place of, and what to do."""
    return f"{path} is imported in place of {what}: rename it, and start again"


def _importable(folder: Path) -> dict[str, Path]:
    """Return the modules and packages that Python would find in a folder, by name."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        suffix = next((suffix for suffix in SUFFIXES if path.name.endswith(suffix)), None)
        if any((path / f"__init__{each}").is_file() for each in SUFFIXES):
            found[path.name] = path
        elif suffix and path.is_file():
            found.setdefault(path.name.removesuffix(suffix), path)
    return found


def _what(name: str) -> str:
    return f"Python's own {name}" if name in sys.stdlib_module_names else f"the package {name}"


def _is_pythons_own(name: str) -> bool:
    """Return whether a module is a part of Python that Python looks for in folders, and not in itself."""
    inside = name in sys.builtin_module_names or importlib.machinery.FrozenImporter.find_spec(name) is not None
    return name in sys.stdlib_module_names and not inside


def _is_installed(name: str, *folders: Path) -> bool:
    """Return whether an installed module has this name: one that is no part of Python and lies outside the folders."""
    if name in sys.stdlib_module_names:
        return False
    path = [entry for entry in sys.path if entry and Path(entry).resolve() not in folders]
    spec = importlib.machinery.PathFinder.find_spec(name, path)
    return spec is not None and spec.origin is not None


@functools.cache
def _loaded(code: str) -> frozenset[str]:
    """Run code in a new Python, in an empty folder, and return the modules that it prints; none if it fails."""
    with tempfile.TemporaryDirectory() as empty:
        environment = os.environ | {"SOFTMOE_PROGRESS": "off", "MPLBACKEND": "agg"}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True)
    return frozenset(json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else ())


def _first_on_path() -> list[Path]:
    """Return the folders in which Python looks before it looks among the installed packages."""
    entries = dict.fromkeys([*sys.path[:1], *(entry for entry in sys.path if not entry)])
    try:
        here = os.getcwd()
    except OSError:  # the folder was deleted
        here = ""
    folders = [Path(entry or here).resolve() for entry in entries if os.path.isdir(entry or here)]
    return [folder for folder in folders if folder != Path(os.__file__).resolve().parent]


def _took_part(name: str, path: Path, error: BaseException) -> bool:
    """Return whether a file was imported by this name, or raised the error while it was."""
    if getattr(sys.modules.get(name), "__file__", None) == str(path):
        return True
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != str(path):
        trace = trace.tb_next
    return trace is not None
