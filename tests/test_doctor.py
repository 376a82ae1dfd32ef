"""The doctor finds what is wrong with an installation, says what to do, and is content with one that works."""

import importlib.metadata
import shutil
import sys
import types
import webbrowser

import pytest
import torch

from softmoe_edu import doctor
from softmoe_edu.cli import main


def signs(look):
    """Return what a look finds, by what it is about."""
    return {sign.about: sign for sign in look()}


@pytest.mark.slow
def test_this_installation_is_well(capsys, monkeypatch, tmp_path):
    """Everything is looked at, the kernel is started, and the command ends with 0."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(webbrowser, "get", lambda: types.SimpleNamespace(name="a browser"))
    monkeypatch.setattr(doctor, "LEAST_DISK", 0)
    monkeypatch.setattr(doctor, "LEAST_MEMORY", 0)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    with pytest.raises(SystemExit) as ended:
        main(["doctor"])
    said = capsys.readouterr().out

    assert ended.value.code == 0, said
    assert said.endswith("All is well.\n")
    for about in (
        "Python",
        "packages",
        "lessons",
        "disk",
        "threads",
        "GPU",
        "JupyterLab",
        "widgets",
        "kernel",
        "browser",
    ):
        assert f"ok    {about}" in said
    assert "python3 starts, and imports softmoe-edu" in said


def test_packages_out_of_bounds_are_named(monkeypatch):
    """A version that is too old, and a package that is missing; extras do not count."""
    versions = {"torch": "2.1.0"}

    def version(name):
        if name == "numpy":
            raise importlib.metadata.PackageNotFoundError
        return versions.get(name, "1.5")

    needs = ["torch<2.14,>=2.8", "numpy>=2.1", "tqdm<2,>=1", 'nbgrader>=9; extra == "graders"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: needs)
    monkeypatch.setattr(importlib.metadata, "version", version)
    sign = signs(doctor.packages)["packages"]

    assert sign.found == "torch 2.1.0, wanted <2.14,>=2.8; numpy is missing"
    assert sign.stops and "pip install --upgrade softmoe-edu" in sign.remedy
    assert str(sign).startswith("FAILS packages")


def test_an_unsupported_python_stops(monkeypatch):
    """The versions that are supported are named."""
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))

    assert signs(doctor.packages)["Python"].remedy == "install Python 3.11, 3.12 or 3.13"


def test_a_file_in_the_way_of_a_package_stops(monkeypatch, tmp_path):
    """A learner's torch.py is named, with what to do."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "torch.py").write_text("x = 1\n")
    sign = signs(doctor.files)["files"]

    assert sign.found == "torch.py" and sign.stops and "rename it" in sign.remedy


def test_little_room_is_a_note(monkeypatch, tmp_path):
    """A full disk, a folder and a home that cannot be written, and little memory: told, and no reason to stop."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=0.3 * 2**30))
    monkeypatch.setattr(doctor, "why_not_written", lambda folder: "Read-only file system")
    monkeypatch.setattr(doctor, "_memory", lambda: int(1.5 * 2**30))
    found = signs(doctor.files) | signs(doctor.machine)

    assert found["disk"].found == "0.3 GiB free here" and "free some" in found["disk"].remedy
    assert "Read-only file system" in found["folder"].found and "softmoe-edu lab DIR" in found["folder"].remedy
    assert "Jupyter will not remember" in found["home"].remedy
    assert found["memory"].found == "1.5 GiB to be had" and found["memory"].remedy
    assert not any(sign.stops for sign in found.values() if sign.remedy)


def test_more_threads_than_cores_are_told(monkeypatch):
    """The number to set is named."""
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2}, raising=False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)

    assert "OMP_NUM_THREADS=3" in signs(doctor.machine)["threads"].remedy


def test_missing_widgets_and_no_browser_are_told(monkeypatch, tmp_path):
    """Without the widgets' scripts a lesson shows text in their place; without a browser there is an address."""

    def none():
        raise webbrowser.Error

    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *parts: [str(tmp_path)])
    monkeypatch.setattr(webbrowser, "get", none)
    monkeypatch.setattr(doctor, "_kernel", lambda: doctor.Sign("kernel", "starts"))
    found = signs(doctor.jupyter)

    assert found["widgets"].remedy == "python -m pip install --force-reinstall jupyterlab_widgets anywidget"
    assert "copy the address" in found["browser"].remedy


@pytest.mark.slow
def test_a_kernel_without_the_package_stops(monkeypatch):
    """What the kernel said is shown."""
    monkeypatch.setattr(doctor, "PROBE", "import no_such_package_as_this")
    sign = doctor._kernel()

    assert sign.stops and "No module named 'no_such_package_as_this'" in sign.found


def test_a_look_that_fails_is_told_and_the_rest_goes_on(capsys, monkeypatch):
    """Nothing that goes wrong while looking hides what comes after it."""

    def broken():
        raise OSError("no such device")
        yield

    def fails():
        yield doctor.Sign("thing", "is broken", "mend it", stops=True)

    monkeypatch.setattr(doctor, "LOOKS", (broken, fails))
    status = doctor.main()
    said = capsys.readouterr().out

    assert status == 1
    assert "note  broken      OSError: no such device" in said
    assert "FAILS thing       is broken\n                  mend it" in said
    assert said.endswith("1 thing to repair before the lessons run, 1 note.\n")
