"""A learner's file with the name of a library is named in a sentence, and one with a harmless name is left alone."""

import subprocess
import sys
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

import softmoe_edu
from softmoe_edu.shadowing import harmful

pytestmark = pytest.mark.slow

SCRATCH = "print('a file of my own')\nx = 1\n"
LESSON = """
from softmoe_edu import ViT, data
from softmoe_edu.teaching import check
from softmoe_edu.training import train
digits, _ = data.digits()
print(train(ViT(), digits, steps=1, batch_size=8, progress=False).steps_done)
"""


@pytest.fixture(autouse=True)
def at_hand(monkeypatch):
    """Kernels and scripts find this package, and write no progress."""
    monkeypatch.setenv("PYTHONPATH", str(Path(softmoe_edu.__file__).parents[1]))
    monkeypatch.setenv("SOFTMOE_PROGRESS", "off")


def beside(folder, *names):
    """Files of a learner's, each in a folder of its own or all in this one."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SCRATCH)
    return folder


def first_cell(folder):
    """What a notebook's first cell says in a kernel that starts in this folder."""
    notebook = new_notebook(cells=[new_code_cell(LESSON)])
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, kernel_name="python3", allow_errors=True, resources=resources).execute()
    return "".join(output.get("text", "") + output.get("evalue", "") for output in notebook.cells[0].outputs)


def starts(folder):
    """Whether the program that runs a kernel starts in this folder."""
    command = [sys.executable, "-m", "ipykernel_launcher", "--version"]
    return subprocess.run(command, cwd=folder, capture_output=True).returncode == 0


HARMLESS = ["random.py", "copy.py", "statistics.py", "secrets.py", "code.py", "check.py", "data.py", "my_router.py"]
HARMLESS += ["math.py", "six.py", "torch/notes.py", "torch.txt", "numpy.ipynb", "sub/torch.py", "runpy.py"]


def test_harmless_files_keep_nothing_from_running(tmp_path):
    """Names that a kernel has loaded already, or that no lesson needs, are not spoken of, and a lesson runs."""
    beside(tmp_path, *HARMLESS)

    assert harmful(tmp_path) == {}
    assert starts(tmp_path)
    assert first_cell(tmp_path) == "1\n"


@pytest.mark.parametrize("name", ["types", "re", "enum", "operator", "pathlib"])
def test_a_file_beside_which_no_kernel_starts_is_named(tmp_path, name):
    """Python's own modules that a kernel needs at once: the kernel is dead, and the file is named beforehand."""
    beside(tmp_path, f"{name}.py", "random.py")

    assert harmful(tmp_path) == {tmp_path / f"{name}.py": f"Python's own {name}, without which no kernel starts"}
    assert not starts(tmp_path)


def test_a_library_that_is_hidden_is_named_by_the_first_cell(tmp_path):
    """The kernel starts, and the first import says which file to rename."""
    beside(tmp_path, "numpy.py", "random.py")

    assert first_cell(tmp_path) == (
        f"{tmp_path / 'numpy.py'} is imported in place of the package numpy: rename it, and start again"
    )


def test_libraries_of_all_depths_are_named_beforehand(tmp_path):
    """What lessons import, what that imports, the package itself and a package of the learner's."""
    names = ["torch.py", "softmoe_edu.py", "sympy.py", "joblib.py", "matplotlib/__init__.py", "tqdm.pyc"]
    beside(tmp_path, *names, *HARMLESS)

    assert harmful(tmp_path) == {
        tmp_path / name.partition("/")[0]: f"the package {name.replace('/', '.').partition('.')[0]}" for name in names
    }
    assert not list(tmp_path.glob("__pycache__"))


def script(folder, code="import softmoe_edu\nprint('imported')"):
    """Run a script that lies in this folder."""
    (folder / "main_script.py").write_text(code)
    return subprocess.run([sys.executable, "main_script.py"], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize(
    "name, content",
    [
        ("torch.py", SCRATCH),
        ("numpy.py", SCRATCH),
        ("seaborn.py", SCRATCH),
        ("typing_extensions.py", SCRATCH),
        ("typing_extensions.py", "import typing_extensions\ntyping_extensions.Self\n"),
    ],
)
def test_a_script_says_which_file_is_in_the_way(tmp_path, name, content):
    """Files beside a script are named, too: libraries before they are imported, others by the error they lead to."""
    (tmp_path / name).write_text(content)
    done = script(tmp_path)

    package = name.removesuffix(".py")
    said = f"ImportError: {tmp_path / name} is imported in place of the package {package}: rename it, and start again"
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == said


def test_pythons_own_module_beside_a_script_is_named(tmp_path):
    """A script's folder comes before Python's own modules."""
    done = script(beside(tmp_path, "tokenize.py", "inspect.py"))

    assert "inspect.py is imported in place of Python's own inspect: rename it" in done.stderr.splitlines()[-1]


def test_other_errors_and_files_are_left_alone(tmp_path):
    """A script beside harmless files runs; an error that no file explains stays what it is."""
    beside(tmp_path, "my_router.py", "data.py", "torch/notes.py")
    assert script(tmp_path).stdout == "imported\n"

    broken = "import sys\nsys.modules['jaxtyping'] = None\nimport softmoe_edu"
    assert "ModuleNotFoundError: import of jaxtyping halted" in script(tmp_path, broken).stderr
    loaded = "import sys, torch\nsys.path.insert(0, 'late')\nimport softmoe_edu\nprint('imported')"
    beside(tmp_path, "late/torch.py")
    assert script(tmp_path, loaded).stdout == "imported\n"


def test_pythons_own_folder_is_not_in_its_own_way():
    """A script of Python's own, which looks into the folder of Python's modules first, hides none of them."""
    broken = "import os, sys\nsys.path.insert(0, os.path.dirname(os.__file__))\nsys.modules['jaxtyping'] = None\n"
    done = subprocess.run([sys.executable, "-c", f"{broken}import softmoe_edu"], capture_output=True, text=True)

    assert "ModuleNotFoundError: import of jaxtyping halted" in done.stderr.splitlines()[-1]


def test_the_installed_packages_are_not_in_their_own_way(tmp_path):
    """In the folder of the installed packages itself, a library is the library."""
    packages = Path(pytest.__file__).parents[1]
    code = "import softmoe_edu\nprint('imported')"
    done = subprocess.run([sys.executable, "-c", code], cwd=packages, capture_output=True, text=True)

    assert done.stdout == "imported\n"
