import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]

STEADY = ["--dist", "loadfile", "--no-loadscope-reorder", "--max-worker-restart=1"]


class Interrupted(Exception):
    """The learner's Ctrl-C while packages arrive."""


@pytest.fixture
def make(tmp_path, monkeypatch):
    """make.py in an empty checkout, where making a .venv and installing only leave a trace in `make.log`."""
    spec = importlib.util.spec_from_file_location("make", CHECKOUT / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("ROOT", "VENV", "SCRIPTS", "PYTHON", "STAMP"):
        monkeypatch.setattr(module, name, tmp_path / getattr(module, name).relative_to(CHECKOUT))
    (tmp_path / "pyproject.toml").write_text("first")
    module.log, module.failing = [], None

    def call(command, cwd=None):
        if command[-2] == "venv":
            module.PYTHON.parent.mkdir()
            module.PYTHON.touch()
            (module.VENV / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
            module.log.append("venv")
        else:
            module.log.append(command[-1])
        if module.failing:
            raise module.failing
        return 0

    monkeypatch.setattr(module.subprocess, "call", call)
    return module


def test_the_second_call_installs_nothing(make):
    """What was installed is used again; the test extra is added to a .venv made for the lessons, and then stays."""
    for extra in ("", "", "[test]", "", "[test]"):
        make.prepare(extra)

    assert make.log == ["venv", ".", ".[test]"]


def test_extras_add_up(make):
    """What one tool needs stays installed when another tool adds its own."""
    for extra in ("[test]", "[bench]", "[test]", "", "[bench]"):
        make.prepare(extra)

    assert make.log == ["venv", ".[test]", ".[bench,test]"]


def test_a_changed_project_is_installed_again(make):
    """A new pyproject.toml is installed into the same .venv, with the extra that it has."""
    make.prepare("[test]")
    (make.ROOT / "pyproject.toml").write_text("second")
    make.prepare("")
    make.prepare("[test]")

    assert make.log == ["venv", ".[test]", ".[test]"]


def test_an_interrupted_install_is_made_again(make):
    """After an interrupted install, the first one or a later one, the .venv is emptied and made again."""
    make.failing = Interrupted
    with pytest.raises(Interrupted):
        make.prepare("")
    (make.VENV / "half").mkdir()
    with pytest.raises(Interrupted):
        make.prepare("")
    assert not (make.VENV / "half").exists()
    make.failing = None
    make.prepare("")
    make.prepare("")

    assert make.log == ["venv", "venv", "venv", "."]
    make.failing = Interrupted
    with pytest.raises(Interrupted):
        make.prepare("[test]")
    make.failing = None
    make.prepare("")

    assert make.log[4:] == [".[test]", "venv", "."]


def test_a_broken_python_is_made_again(make):
    """A .venv whose Python was removed from the system is made again."""
    make.prepare("")
    make.PYTHON.unlink()
    make.PYTHON.parent.rmdir()
    make.prepare("")

    assert make.log == ["venv", ".", "venv", "."]


def test_paths_with_accents_are_read_whatever_the_systems_encoding(tmp_path):
    """Python writes pyvenv.cfg in UTF-8, and an account may be called Zoë; ASCII is stricter here than cp1252."""
    (tmp_path / "make.py").write_bytes((CHECKOUT / "make.py").read_bytes())
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("home = C:\\Users\\Zoë\nversion = 3.12.9\n", encoding="utf-8")
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", "import locale, make; print(locale.getencoding(), make.version_of_venv())"],
        cwd=tmp_path,
        env=os.environ | ascii_only,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    encoding, version = done.stdout.split()
    assert version == "3.12.9"
    assert os.name == "nt" or encoding.upper() != "UTF-8"  # else the test could not fail


def test_another_environment_is_left_alone(make):
    """A .venv that somebody else made is refused, and nothing in it is deleted."""
    (make.VENV / "lib").mkdir(parents=True)

    with pytest.raises(SystemExit, match=r"\.venv exists and was not made by make\.py: rename or delete it"):
        make.prepare("")
    assert (make.VENV / "lib").exists()
    assert make.log == []


def test_a_failed_install_says_so(make, monkeypatch):
    """When pip fails the command ends with a sentence, and the next call does not take the .venv for complete."""
    made = make.subprocess.call
    monkeypatch.setattr(make.subprocess, "call", lambda command, cwd=None: made(command, cwd) or command[-2] != "venv")
    with pytest.raises(SystemExit, match="check the network connection, then run this again"):
        make.prepare("")
    monkeypatch.setattr(make.subprocess, "call", made)
    make.prepare("")

    assert make.log == ["venv", ".", "venv", "."]


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["lab"], ["softmoe_edu.cli", "lab", "lab"]),
        (["lab", "--port", "80"], ["softmoe_edu.cli", "lab", "lab", "--port", "80"]),
        (["lab", "mine", "--no-browser"], ["softmoe_edu.cli", "lab", "mine", "--no-browser"]),
        (["test", "-m", "quick"], ["pytest", "-n", "logical", *STEADY, "-m", "quick"]),
        (["test", "a_test.py", "b_test.py"], ["pytest", "-n", "logical", *STEADY, "a_test.py", "b_test.py"]),
        (["test", "tests/a_test.py::test_b", "-q"], ["pytest", "tests/a_test.py::test_b", "-q"]),
        (["test", "-n0"], ["pytest", "-n0"]),
        (["test", "--dist=load", "-x"], ["pytest", "--dist=load", "-x"]),
        (["test", "--capture=no"], ["pytest", "--capture=no"]),
        (["sync", "--check"], ["softmoe_edu.lessons", "--check"]),
        (["bench", "--only", "toy"], ["benchmarks", "--only", "toy"]),
        (["bench-smoke"], ["benchmarks", "--quick"]),
    ],
)
def test_arguments_reach_the_tool(make, monkeypatch, arguments, command):
    """Each tool gets what follows its name; lessons go to ./lab and tests to every core unless the call differs."""
    commands = []
    monkeypatch.setattr(make, "become", commands.append)
    make.main(arguments)

    assert commands == [[str(make.PYTHON), "-m", *command]]


def test_check_runs_all_and_fails_for_one(make, monkeypatch, capsys):
    """The check runs to its end though one part fails, prints the lines of each folder, and fails then."""
    (make.ROOT / "softmoe_edu").mkdir()
    (make.ROOT / "softmoe_edu" / "moe.py").write_text("one\ntwo\n")
    (make.ROOT / "make.py").touch()
    monkeypatch.delenv("CI", raising=False)
    (make.ROOT / "node_modules").mkdir()
    for lock in ("package-lock.json", "node_modules/.package-lock.json"):
        (make.ROOT / lock).touch()
    make.prepare("[test]")
    monkeypatch.setattr(make.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(
        make.subprocess,
        "call",
        lambda command, cwd: make.log.append(tuple(command[1:])) or "mypy" in command,
    )

    with pytest.raises(SystemExit) as ended:
        make.main(["check"])
    assert ended.value.code == 1
    assert make.log[2:] == [
        ("-m", "ruff", "check"),
        ("-m", "ruff", "format", "--check"),
        ("-m", "codespell_lib"),
        ("-m", "mypy"),
        ("-m", "softmoe_edu.lessons", "--check"),
        (os.path.join("docs", "architecture.py"), "--check"),
        (os.path.join("docs", "glossary.py"), "--check"),
        (os.path.join("docs", "evidence.py"), "--check"),
        (os.path.join("docs", "seeds.py"), "--check"),
        (os.path.join("docs", "plans.py"), "--check"),
        (os.path.join("js", "palette.py"), "--check"),
        ("run", "check"),
    ]
    *_, lines, _, _, _, types, _, _, _, _, _, _, _, _ = (line.split() for line in capsys.readouterr().out.splitlines())
    assert lines == ["2", "lines", "softmoe_edu", "longest:", "moe.py", "(2)"]
    assert types[:2] == ["failed", "mypy"]


def test_an_unsupported_python_is_named(make, monkeypatch):
    """Without Python 3.11 to 3.13 the sentence says what is needed and what came."""
    monkeypatch.setattr(make.shutil, "which", lambda name: None)

    with pytest.raises(
        SystemExit, match=rf"needs Python 3\.11, 3\.12 or 3\.13 .* got 3\.{sys.version_info[1]} and found"
    ):
        make.supported_python()


def test_a_supported_python_can_make_environments(make):
    """The Python that is chosen starts and has the venv module."""
    done = subprocess.run([*make.supported_python(), "-m", "venv", "--help"], capture_output=True)

    assert done.returncode == 0


def test_unknown_tools_get_the_usage(make):
    """Anything else is answered with how to use make.py."""
    for arguments in ([], ["brew"]):
        with pytest.raises(SystemExit, match=r"python make\.py lab"):
            make.main(arguments)


@pytest.fixture
def npm(make, monkeypatch):
    """make.py where npm is found and is all that is checked; what it is called for is in `make.log`."""
    (make.ROOT / "package-lock.json").write_text("{}")
    monkeypatch.setattr(make, "CHECKS", ())
    monkeypatch.setattr(make.shutil, "which", lambda name: "/usr/bin/npm" if name == "npm" else None)
    monkeypatch.setattr(
        make.subprocess, "call", lambda command, cwd=None: make.log.append(command[1:]) or make.failing or 0
    )
    return make


def test_the_scripts_are_checked_with_the_packages_of_the_lock_file(npm):
    """Node's packages are installed once, again when the lock file changes, and a failing check fails."""
    assert npm.check("python") == []
    installed = npm.ROOT / "node_modules" / ".package-lock.json"
    installed.parent.mkdir()
    installed.write_text("{}")
    assert npm.check("python") == []
    os.utime(installed, (0, 0))
    assert npm.check("python") == []

    assert npm.log == [["ci"], ["run", "check"], ["run", "check"], ["ci"], ["run", "check"]]
    os.utime(installed)
    npm.failing = 1
    assert npm.check("python") == ["npm run check"]


def test_packages_of_node_that_cannot_be_installed_end_the_run(npm):
    """Nothing is checked with half of the tools."""
    npm.failing = 1
    with pytest.raises(SystemExit, match="Installing Node's packages failed"):
        npm.check("python")


def test_the_check_fails_for_the_scripts_alone(npm, monkeypatch):
    """Style and lessons that pass do not hide scripts that fail."""
    monkeypatch.setattr(npm, "prepare", lambda extra: None)
    monkeypatch.setattr(npm.subprocess, "call", lambda command, cwd: int(command[1:] == ["run", "check"]))

    with pytest.raises(SystemExit) as ended:
        npm.main(["check"])
    assert ended.value.code == 1


def test_without_node_the_scripts_are_not_checked_which_only_ci_minds(npm, monkeypatch, capsys):
    """The check says so where somebody works without Node, and fails where CI is set."""
    monkeypatch.setattr(npm.shutil, "which", lambda name: None)
    monkeypatch.setenv("CI", "")
    assert npm.check("python") == []
    assert "were not checked: Node with npm is missing" in capsys.readouterr().out
    monkeypatch.setenv("CI", "true")
    assert npm.check("python") == ["npm run check"]
    with pytest.raises(SystemExit, match="needs Node with npm"):
        npm.main(["js"])
    assert npm.log == []
