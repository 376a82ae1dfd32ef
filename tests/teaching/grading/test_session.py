"""A class is graded from end to end: whoever hands in what, everybody gets what is theirs."""

import csv
import io
import re
import subprocess
import sys
import zipfile
from datetime import datetime
from html.parser import HTMLParser

import pytest
from gradekit import DISPATCH, LESSON, as_bytes, solved

from benchmarks import grading as benchmark
from softmoe_edu import cli
from softmoe_edu.teaching.grading import pages, session
from softmoe_edu.teaching.grading.attempts import Unclear
from softmoe_edu.teaching.grading.extract import code_of, find
from softmoe_edu.teaching.grading.judge import Graded, Mark
from softmoe_edu.teaching.grading.notebook import read
from softmoe_edu.teaching.grading.result import Result, status_of
from softmoe_edu.teaching.grading.roster import file_name
from softmoe_edu.teaching.grading.session import grade

pytestmark = pytest.mark.slow

OVER_SLOTS = "def dispatch_weights(logits):\n    return logits.flatten(2).softmax(-1).view_as(logits)"
LOOP = "def dispatch_weights(logits):\n    while True:\n        pass"
GRABS = """
def dispatch_weights(logits):
    open("../../../gradebook.db", "a")
    return logits
"""
SCRIPT = "</pre><script>alert(1)</script>"
PAINTS = f"def dispatch_weights(logits):\n    print({SCRIPT!r})\n    raise ValueError({SCRIPT!r})"
NAMES = ("Ada Byron", "Ben Li", "Cleo Wu", "Dan Ek", "Eve Ho", "Fay Om", "Gus Ny", "Hal Oz", "Hal Oz", "Ida Pi")
ROSTER = "\n".join(["id,name", *(f"s{i},{name}" for i, name in enumerate(NAMES, 1))])


def written(folder):
    """Write what a class of ten hands in."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("../../s2/anything.ipynb", as_bytes(OVER_SLOTS))
    files = {
        "Ada Byron_1234567_file/05_soft_moe_by_hand.ipynb": as_bytes("import math, torch", *solved()),
        "ben.li.zip": b"",
        "Ben Li.zip": zipped.getvalue(),
        "cleo_wu_05.ipynb": as_bytes(LOOP, DISPATCH.stub.replace("dispatch_weights", "combine_weights")),
        "dan_ek/first.ipynb": as_bytes(DISPATCH.stub),
        "dan_ek/second (2).ipynb": as_bytes(DISPATCH.solution),
        "eve_ho.ipynb": as_bytes(DISPATCH.solution)[:-40],
        "fay_om.ipynb": as_bytes(GRABS),
        "gus_ny.ipynb": as_bytes(PAINTS, "def combine_weights(logits:\n    return logits"),
        "hal_oz.ipynb": as_bytes(DISPATCH.stub),
        "nobody.ipynb": as_bytes("x = 1\ndef soft_moe(x, phi, experts):\n    raise NotImplementedError"),
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Return where a class was graded, its results, and the number of submissions that were run."""
    top = tmp_path_factory.mktemp("class")
    written(top / "in")
    (top / "class.csv").write_text(ROSTER)
    results = grade(top / "in", top / "out", roster_file=top / "class.csv", agreed=lambda lacking: True)
    return top, {each.student: each for each in results}


def test_everybody_gets_what_is_theirs(done):
    """Right, wrong, endless, twice, damaged, suspicious and crashed answers have their status and points."""
    _, by = done
    assert {id: each.status for id, each in by.items() if id.startswith("s")} == {
        "s1": "graded",
        "s2": "graded",
        "s3": "graded",
        "s4": "graded",
        "s5": "unreadable",
        "s6": "suspicious",
        "s7": "crashed",
        "s8": "missing",
        "s9": "missing",
        "s10": "missing",
    }
    assert by["s1"].points == by["s1"].of == 13
    assert 0 < by["s2"].points <= 1 and by["s3"].points == 0 and by["s4"].points == 2
    assert by["s2"].attempts == 2 and by["s2"].attempt.startswith("Ben Li.zip!")
    assert by["s4"].attempt == "dan_ek/second (2).ipynb" and by["s4"].attempts == 2
    assert "mentions gradebook" in by["s6"].remarks


def test_two_of_one_name_are_reported_and_not_guessed(done):
    """A name that fits two students is graded under the name of its file; who fits nobody is named, too."""
    top, by = done
    assert "? hal_oz.ipynb" in by and "? nobody" in by
    told = (top / "out" / "class.html").read_text()
    assert "hal_oz.ipynb may be of Hal Oz (s8), Hal Oz (s9)" in told and "nobody.ipynb fits nobody" in told


def test_the_tables(done):
    """grades.csv has a line for each student, a column for each exercise, and the attempt that counted."""
    top, by = done
    rows = list(csv.DictReader(io.StringIO((top / "out" / "grades.csv").read_text("utf-8-sig"))))
    assert len(rows) == len(by)
    row = next(each for each in rows if each["student"] == "s1")
    assert [row[id] for id in (place.exercise.id for place in LESSON.places)] == ["2", "2", "1", "4", "4"]
    assert (row["points"], row["of"], row["attempt"]) == (
        "13",
        "13",
        "Ada Byron_1234567_file/05_soft_moe_by_hand.ipynb",
    )
    lines = list(csv.DictReader(io.StringIO((top / "out" / "exercises.csv").read_text("utf-8-sig"))))
    (ben,) = [each for each in lines if each["student"] == "s2" and each["exercise"] == "dispatch-weights"]
    assert (ben["status"], ben["mistake"]) == ("failed", "over-slots")


class _Tags(HTMLParser):
    """Notes every tag and attribute of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs


def test_pages_run_nothing_and_ask_for_nothing(done):
    """What a student writes is text in the pages, which have no script, no handler and no address elsewhere."""
    top, _ = done
    for path in [top / "out" / "class.html", *(top / "out" / "feedback").glob("*.html")]:
        read = _Tags()
        read.feed(path.read_text("utf-8"))
        assert not read.tags & {"script", "iframe", "img", "link", "object", "base", "form"}, path
        names = {name for name, _ in read.attributes}
        assert not any(name.startswith("on") for name in names) and "src" not in names
        links = [value for name, value in read.attributes if name == "href"]
        assert all(re.fullmatch(r"feedback/[a-z0-9-]+\.html", each) for each in links)
    assert "&lt;script&gt;" in (top / "out" / "feedback" / "s7-05-soft-moe-by-hand.html").read_text("utf-8")


def test_nothing_lands_outside(done):
    """However students and their files are called, what is written lies in the folder of results."""
    top, _ = done
    assert sorted(each.name for each in top.iterdir()) == ["class.csv", "in", "out"]


def test_regrading_runs_only_what_is_new(done, monkeypatch, capsys):
    """The same command again runs nothing; a changed notebook is run, alone."""
    top, by = done
    ran = []
    real = session._one
    monkeypatch.setattr(
        session, "_one", lambda cells, lesson, seconds: ran.append(cells) or real(cells, lesson, seconds)
    )
    monkeypatch.setattr(session, "missing", list)
    again = grade(top / "in", top / "out", roster_file=top / "class.csv")
    assert ran == [] and {each.student: each for each in again} == by
    (top / "in" / "dan_ek" / "third (3).ipynb").write_bytes(as_bytes(OVER_SLOTS))
    again = grade(top / "in", top / "out", roster_file=top / "class.csv")
    # A copy of Ben's wrong answer: the same code is known already.
    assert ran == [] and next(each for each in again if each.student == "s4").points == by["s2"].points
    (top / "in" / "dan_ek" / "third (3).ipynb").unlink()


def test_an_interruption_keeps_what_is_done(tmp_path, monkeypatch):
    """Stopped after the first submission, the same command goes on with the second."""
    for name in ("ada", "ben"):
        path = tmp_path / "in" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(as_bytes(f"# {name}", DISPATCH.stub))
    monkeypatch.setattr(session, "missing", list)
    real, ran = session._one, []

    def stopped(cells, lesson, seconds):
        if ran:
            raise KeyboardInterrupt
        ran.append(cells)
        return real(cells, lesson, seconds)

    monkeypatch.setattr(session, "_one", stopped)
    with pytest.raises(KeyboardInterrupt):
        grade(tmp_path / "in", tmp_path / "out")
    monkeypatch.setattr(session, "_one", lambda *job: ran.append(job[0]) or real(*job))
    assert len(grade(tmp_path / "in", tmp_path / "out")) == 2 and len(ran) == 2


def test_a_deadline(tmp_path, monkeypatch):
    """The last attempt in time counts; where none is in time, the last one, which is late."""
    monkeypatch.setattr(session, "missing", list)
    for name, more in (("ada_2026-03-05_17-00", 1), ("ada_2026-03-05_19-00", 2), ("ben_2026-03-06_08-00", 3)):
        path = tmp_path / "in" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(as_bytes(f"# {more}", DISPATCH.stub))
    ada, ben = grade(tmp_path / "in", tmp_path / "out", deadline=datetime(2026, 3, 5, 18))
    assert (ada.attempt, ada.status, ada.remarks) == (
        "ada_2026-03-05_17-00.ipynb",
        "graded",
        ("not used: ada_2026-03-05_19-00.ipynb",),
    )
    assert (ben.status, ben.remarks) == ("late", ("handed in after the deadline",))


def test_a_class_without_isolation_is_asked_first(tmp_path, monkeypatch):
    """What is not isolated is told and asked; without a yes nothing is run."""
    (tmp_path / "ada.ipynb").write_bytes(as_bytes(DISPATCH.solution))
    monkeypatch.setattr(session, "missing", lambda: ["the network: open"])
    monkeypatch.setattr(session, "_one", lambda *job: pytest.fail("it was run"))
    asked = []
    with pytest.raises(Unclear, match="nothing was graded"):
        grade(tmp_path, tmp_path / "out", agreed=lambda lacking: asked.append(lacking))
    assert asked == [["the network: open"]]
    with pytest.raises(Unclear, match="holds no notebook"):
        grade(tmp_path / "nothing", tmp_path / "out")


def test_what_ran_out_of_time_beside_others_is_graded_alone(monkeypatch):
    """One submission cannot make another one late: that one has its time again, with nobody beside it."""
    slow, quick = Graded("05", (Mark("a", "failed", 0, 2, failed="time"),)), Graded("05", (Mark("a", "passed", 2, 2),))
    ran = []

    def run(jobs, workers, seconds):
        ran.append((sorted(jobs), workers))
        yield from ((place, slow if workers > 1 and place == 2 else quick) for place in jobs)

    monkeypatch.setattr(session, "_run", run)
    assert dict(session._in_fair_time({1: None, 2: None, 3: None}, 2, 1.0)) == {1: quick, 2: quick, 3: quick}
    assert ran == [([1, 2, 3], 2), ([2], 1)]


def test_a_fault_of_the_grader_costs_one_submission(monkeypatch):
    """Whatever happens while one submission is graded, it has a line of its own, and the others go on."""
    monkeypatch.setattr(session, "graded", lambda *args, **about: [][0])
    marks = session._one(("x = 1",), LESSON.name, 1.0)
    assert status_of(marks, late=False) == "crashed" and len(marks.marks) == len(LESSON.places)
    assert "IndexError" in marks.notes[0] and "by hand" in marks.notes[0]


def test_names_of_files():
    """Every name becomes a plain one that leads nowhere; no two are the same."""
    taken: set[str] = set()
    names = [
        file_name(words, taken)
        for words in ("..", "../..", "Zoë Åberg", "zoe aberg", "con", "a" * 300, "学生", "学生2")
    ]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"[a-z0-9-]{1,80}", name) for name in names)


def test_cells_are_no_formulas():
    """A name that a spreadsheet would run is text."""
    text = pages.grades([Result("=cmd|'/c calc'!A0", "-1+1", "@x")])
    assert "'=cmd" in text and "'-1+1" in text and "'@x" in text


def test_the_first_status_that_fits():
    """Suspicious comes before crashed, crashed before late."""
    crashed, right = Mark("a", "crashed", 0, 1), Mark("a", "passed", 1, 1)
    assert status_of(Graded("05", (crashed,), ("forks",)), late=True) == "suspicious"
    assert status_of(Graded("05", (crashed,)), late=True) == "crashed"
    assert status_of(Graded("05", (right,)), late=True) == "late"
    assert status_of(Graded("05", (right,)), late=False) == "graded"


def test_grades_survive_their_file():
    """What is kept of a submission is what was graded."""
    known = Graded("05", (Mark("a", "failed", 0.5, 2, (("Got", "x"),), "m", "p", ("n",)),), ("s",), ("t",), 1.5)
    assert Graded.from_json(known.as_json()) == known


def test_generated_submissions_are_those_of_a_class(tmp_path):
    """What the benchmark grades differs from file to file and holds right answers, stubs and wrong ones."""
    benchmark.write(tmp_path, LESSON, 12)
    cells = {read(path.read_bytes()).cells for path in tmp_path.iterdir()}
    assert len(cells) == 12
    for place in LESSON.places:
        texts = benchmark.answers(place.exercise)
        found = [find(code_of([text]), place.name) for text in texts]
        assert len(set(texts)) > 2 and all(each.statements for each in found) and any(each.stub for each in found)


def test_the_command(tmp_path, capsys):
    """Mistakes in the command end with a sentence."""
    with pytest.raises(SystemExit, match="holds no notebook"):
        cli.main(["grade", str(tmp_path)])
    with pytest.raises(SystemExit):
        cli.main(["grade", str(tmp_path), "--deadline", "tomorrow"])
    assert "expected a time such as" in capsys.readouterr().err


def test_two_workers_in_a_terminal(tmp_path):
    """The command grades two submissions at the same time and ends with what to open."""
    for name, answer in (("ada", DISPATCH.solution), ("ben", OVER_SLOTS)):
        (tmp_path / f"{name}.ipynb").write_bytes(as_bytes(answer))
    line = [sys.executable, "-m", "softmoe_edu.cli", "grade", str(tmp_path), "--workers", "2", "--yes"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    assert "2 lines of grades: 2 graded." in done.stdout and "2 points" in done.stdout
