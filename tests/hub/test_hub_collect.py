"""What a hub's course collects, from folders in which students may put anything."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

if importlib.util.find_spec("nbgrader") is None and os.environ.get("CI") != "true":
    pytest.skip("nbgrader is not installed: python -m pip install 'softmoe-edu[hub]'", allow_module_level=True)

LESSON = "05_small"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course and its exchange, with a secret that teachers can read; returns the folder."""
    # nbgrader starts alembic to make its gradebook.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for name in ("exchange/softmoe/inbound", "course/submitted", "secret"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "secret" / f"{LESSON}.ipynb").write_text("the solution")
    return tmp_path


def collect(folder: Path) -> None:
    """Collect as a teacher of the hub does."""
    from nbgrader.auth import Authenticator
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    from softmoe_edu.hub.collect import OwnersCollect

    config = Config()
    config.Exchange.root = str(folder / "exchange")
    config.CourseDirectory.root = str(folder / "course")
    config.CourseDirectory.course_id = "softmoe"
    config.CourseDirectory.assignment_id = LESSON
    directory = CourseDirectory(config=config)
    OwnersCollect(coursedir=directory, authenticator=Authenticator(config=config), config=config).start()


def handed_in(folder: Path, name: str, when: str = "2026-03-05 18:00:00 UTC") -> Path:
    """Make a submission and return its folder."""
    place = folder / "exchange" / "softmoe" / "inbound" / f"{name}+{LESSON}+{when}+x1"
    place.mkdir()
    (place / f"{LESSON}.ipynb").write_text(f"of {name}")
    (place / "timestamp.txt").write_text(when)
    return place


def collected(folder: Path) -> dict[str, str]:
    """What lies in submitted/ now, by path."""
    top = folder / "course" / "submitted"
    return {str(path.relative_to(top)): path.read_text() for path in top.rglob("*") if path.is_file()}


def owner() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.filterwarnings("default")  # nbgrader's own are not ours
def test_a_link_in_a_submission_is_left_out(course):
    """A student cannot hand in somebody else's notebook, or the solution, by a link to it: file, folder or pipe."""
    place = handed_in(course, owner())
    (place / f"{LESSON}.ipynb").unlink()
    (place / f"{LESSON}.ipynb").symlink_to(course / "secret" / f"{LESSON}.ipynb")
    (place / "more").symlink_to(course / "secret")
    os.mkfifo(place / "pipe")
    (place / "notes.txt").write_text("mine")
    collect(course)

    found = collected(course)
    assert f"{owner()}/{LESSON}/notes.txt" in found
    assert not [path for path, text in found.items() if "solution" in text or "more" in path or "pipe" in path]


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("kind", ["dangling", "folder", "no date"])
def test_what_is_no_submission_stops_nobody(course, kind):
    """A link that stands for a submission, or a name without a date: the others are collected, and it is nobody's."""
    handed_in(course, owner())
    inbound = course / "exchange" / "softmoe" / "inbound"
    if kind == "no date":
        (inbound / f"eve+{LESSON}+tomorrow+x2").mkdir()
    else:
        target = course / ("nothing" if kind == "dangling" else "secret")
        (inbound / f"eve+{LESSON}+2026-03-06 18:00:00 UTC+x2").symlink_to(target)
    collect(course)

    assert collected(course)[f"{owner()}/{LESSON}/{LESSON}.ipynb"] == f"of {owner()}"
    assert not [path for path in collected(course) if path.startswith("eve")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.filterwarnings("default")
def test_a_file_of_somebody_else_is_left_out(course):
    """A hard link to another's file is that file."""
    place = handed_in(course, owner())
    other = place / "other.txt"
    other.write_text("theirs")
    os.chown(other, 65534, -1)
    collect(course)

    assert "theirs" not in collected(course).values()
    assert f"{owner()}/{LESSON}/{LESSON}.ipynb" in collected(course)
