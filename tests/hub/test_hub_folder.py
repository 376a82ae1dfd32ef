"""What `softmoe-edu hub` writes, what it keeps, and what it says where something is missing."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from softmoe_edu import cli
from softmoe_edu.hub import accounts, folder, needs, ready, rights
from softmoe_edu.hub.classroom import Classroom, read

CLASS = {"teachers": ("root",), "students": ("nobody",)}


@pytest.fixture
def quick(monkeypatch):
    """Without the course, whose export takes seconds and is tested with the exports."""
    monkeypatch.setattr(folder, "_course", lambda course: course.mkdir(exist_ok=True) or [])


def contents(top):
    """Return what every file in a folder holds."""
    return {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def test_the_same_class_gives_the_same_files(quick, tmp_path):
    """Twice into one folder and once into another: no byte differs, and a new setting changes class.toml alone."""
    for name in ("one", "one", "two"):
        folder.write(tmp_path / name, CLASS)
    first = contents(tmp_path / "one")
    assert first == contents(tmp_path / "two")
    assert {"jupyterhub_config.py", "class.toml", "README.md", "settings/student/nbgrader_config.py"} <= set(first)

    folder.write(tmp_path / "one", {"port": 8123})
    second = contents(tmp_path / "one")
    assert {name for name in first if first[name] != second[name]} == {"class.toml", ".written.json"}
    assert read(tmp_path / "one" / "class.toml") == Classroom(**CLASS, port=8123)


def test_a_changed_file_is_named_and_kept(quick, tmp_path, monkeypatch):
    """A file that somebody changed stops an update before anything is written; one that nobody changed is updated."""
    folder.write(tmp_path / "hub", CLASS)
    newer = tmp_path / "files"
    for name, content in contents(folder.FILES).items():
        if not name.endswith(".pyc"):
            (newer / name).parent.mkdir(parents=True, exist_ok=True)
            (newer / name).write_bytes(content)
    (newer / "jupyterhub_config.py").write_text("newer = 1\n")
    (newer / "README.md").write_text("newer\n")
    monkeypatch.setattr(folder, "FILES", newer)
    mine = tmp_path / "hub" / "jupyterhub_config.py"
    shipped = mine.read_bytes()
    mine.write_text("mine = 1\n")
    before = contents(tmp_path / "hub")

    with pytest.raises(FileExistsError, match=r"^jupyterhub_config\.py in .* was changed by hand"):
        folder.write(tmp_path / "hub", {})
    assert contents(tmp_path / "hub") == before
    mine.write_bytes(shipped)
    folder.write(tmp_path / "hub", {})
    assert mine.read_text() == "newer = 1\n"


def test_a_class_that_was_edited_is_read_and_not_written_over(quick, tmp_path):
    """Without a setting in the command the edited class stays; a command that would change it names the file."""
    folder.write(tmp_path, CLASS)
    path = tmp_path / "class.toml"
    edited = path.read_text().replace("idle = 60", "idle = 5  # we are impatient")
    path.write_text(edited)

    assert folder.write(tmp_path, {})[0].startswith("A hub for 1 teacher and 1 student")
    assert folder.write(tmp_path, {"port": 8000}) and path.read_text() == edited
    with pytest.raises(FileExistsError, match=r"class\.toml in .* was changed by hand"):
        folder.write(tmp_path, {"port": 8001})


def test_the_course_is_written_once(tmp_path):
    """An assignment that a teacher changed is theirs; the folder is closed to others from the start."""
    folder.write(tmp_path, CLASS)
    source = tmp_path / "course" / "source" / "05_soft_moe_by_hand" / "05_soft_moe_by_hand.ipynb"
    assert "BEGIN SOLUTION" in source.read_text("utf-8")
    assert (tmp_path / "course").stat().st_mode & 0o077 == 0
    source.write_text("mine")

    assert "was kept" in folder.write(tmp_path, {})[-1]
    assert source.read_text() == "mine"


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ("jupyterhub", "JupyterHub is not installed: python -m pip install 'softmoe-edu[hub]'"),
        ("nbgrader", "nbgrader is not installed: python -m pip install 'softmoe-edu[hub]'"),
        ("proxy", "sudo npm install --global configurable-http-proxy@5.2"),
    ],
)
def test_what_is_missing_is_named_with_its_command(quick, tmp_path, monkeypatch, lacking, words):
    """Without JupyterHub, nbgrader or the proxy nothing is written, and the sentence says how to install it."""
    there = needs.importlib.util.find_spec
    monkeypatch.setattr(needs.importlib.util, "find_spec", lambda name: None if name == lacking else there("sys"))
    monkeypatch.setattr(needs, "version", lambda name: "6.9.9")
    monkeypatch.setattr(needs.shutil, "which", lambda name, path=None: None if lacking == "proxy" else f"/bin/{name}")
    monkeypatch.setattr(sys, "platform", "linux")

    assert [words in each for each in needs.missing()] == [True]
    with pytest.raises(SystemExit) as ended:
        cli.main(["hub", str(tmp_path / "hub"), "--teachers", "root", "--students", "nobody"])
    assert words in str(ended.value.code) and not (tmp_path / "hub").exists()


def test_another_jupyterhub_or_system_is_refused(monkeypatch):
    """A major version that was not tested is named, and so is a system other than Linux."""
    monkeypatch.setattr(needs.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(needs, "version", lambda name: "5.4.0")
    monkeypatch.setattr(needs.shutil, "which", lambda name, path=None: f"/bin/{name}")
    monkeypatch.setattr(sys, "platform", "linux")
    assert needs.missing() == ["JupyterHub 6 is needed, but 5 is installed: python -m pip install 'softmoe-edu[hub]'"]

    monkeypatch.setattr(sys, "platform", "darwin")
    assert [each for each in needs.missing() if "needs Linux" in each and "darwin" in each] == needs.missing()


def test_an_account_without_its_password_is_none(quick, tmp_path, monkeypatch):
    """Where the password is refused, the account goes again, so that the next try makes it."""
    asked = []

    def run(*words, given=None):
        asked.append(words[0])
        if words[0] == "chpasswd":
            raise OSError("chpasswd failed: too simple")

    monkeypatch.setattr(accounts, "run", run)
    monkeypatch.setattr(accounts, "_known", lambda name: False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(OSError, match="too simple"):
        accounts.make(tmp_path, Classroom(**CLASS))

    assert asked == ["useradd", "chpasswd", "userdel"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_link_in_the_course_is_not_followed(tmp_path, monkeypatch):
    """Files of the course become the group's; what a link in it names stays as it is."""
    outside, course = tmp_path / "shadow", tmp_path / "hub" / "course"
    (course / "source").mkdir(parents=True)
    outside.write_text("root's")
    outside.chmod(0o600)
    (course / "source" / "link").symlink_to(outside)
    (course / "source" / "file").write_text("theirs")
    (course / "source" / "file").chmod(0o600)
    rights.share_below(course, 65534)

    assert (outside.stat().st_gid, outside.stat().st_mode & 0o777) == (0, 0o600)
    assert ((course / "source" / "file").stat().st_gid, (course / "source" / "file").stat().st_mode & 0o777) == (
        65534,
        0o660,
    )
    assert (course / "source").stat().st_mode & 0o7777 == 0o2775 | 0o2770


def test_a_hub_that_cannot_start_says_why(quick, tmp_path, monkeypatch):
    """Somebody without an account, a starter who is not root, and a folder that students cannot reach are named."""
    folder.write(tmp_path, CLASS)
    monkeypatch.setattr(ready.needs, "missing", list)
    monkeypatch.setattr(accounts, "_known", lambda name: name != "nobody")
    with pytest.raises(SystemExit, match=r"nobody: no such account on this machine\. Make them with"):
        ready.ready(tmp_path)

    monkeypatch.setattr(accounts, "_known", lambda name: True)
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    with pytest.raises(SystemExit, match="a class hub is started by root"):
        ready.ready(tmp_path)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    tmp_path.chmod(0o700)
    (tmp_path / "hub").mkdir()
    with pytest.raises(ValueError, match=r"students cannot reach .*/hub, since .* is closed to them"):
        rights.give(tmp_path / "hub", Classroom(**CLASS))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as two students")
def test_what_one_student_handed_in_no_other_can_take_away():
    """Though both may write into the folder, and one may learn the other's random name."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        inbound = Path(name, "inbound")
        rights._give(inbound, 0, rights.EXCHANGE[f"exchange/{rights.COURSE}/inbound"])

        def does(user, *words):
            return subprocess.run(words, user=user, group=user, extra_groups=[], capture_output=True).returncode == 0

        assert does(61001, "mkdir", inbound / "ada+1")
        assert not does(61002, "mv", inbound / "ada+1", inbound / "ben+1")
        assert not does(61002, "ls", inbound)
        assert does(61001, "mv", inbound / "ada+1", inbound / "ada+2")
