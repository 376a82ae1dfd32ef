"""Whatever a class hands in is read or named, nothing leaves its place, and nobody is mistaken for somebody else."""

import io
import os
import zipfile
from datetime import datetime

import pytest
from gradekit import as_bytes

from softmoe_edu.teaching.grading import collect as module
from softmoe_edu.teaching.grading import roster
from softmoe_edu.teaching.grading.collect import cleaned, collect

LESSONS = ["05_soft_moe_by_hand", "06_the_layer"]
ONE, TWO = as_bytes("a = 1"), as_bytes("a = 2")


def zipped(**files):
    """Return a zip with these files; names are given with their paths."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def hand_in(folder, files):
    """Write files into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return collect(folder, LESSONS)


def labels(found):
    """Return the label of each path."""
    return {each.path: each.label for each in found.submissions}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # Files side by side, with what platforms and browsers add.
        (
            {"anna_mueller_05_soft_moe_by_hand.ipynb": ONE, "ben-05_soft_moe_by_hand (2).ipynb": TWO, "Zoë.ipynb": ONE},
            ["anna mueller", "ben", "Zoë"],
        ),
        # A folder for each student, as Moodle writes them: the number tells two of one name apart.
        (
            {
                "Anna Müller_123456_assignsubmission_file/05_soft_moe_by_hand.ipynb": ONE,
                "Anna Müller_987654_assignsubmission_file/05_soft_moe_by_hand.ipynb": TWO,
            },
            ["Anna Müller 123456", "Anna Müller 987654"],
        ),
        # nbgrader's folders, below one that all share.
        (
            {"submitted/ada/05_soft_moe_by_hand/x.ipynb": ONE, "submitted/ben/05_soft_moe_by_hand/x.ipynb": TWO},
            ["ada", "ben"],
        ),
        # A zip of the class, and a zip of one student.
        ({"class.zip": zipped(**{"ada.ipynb": ONE, "ben.ipynb": TWO})}, ["ada", "ben"]),
        (
            {"ada.zip": zipped(**{"05_soft_moe_by_hand.ipynb": ONE}), "ben.zip": zipped(**{"hw.ipynb": TWO})},
            ["ada", "ben"],
        ),
    ],
)
def test_who_handed_it_in(tmp_path, files, expected):
    """The student is named by the outermost folder or file name that is unique and is not a lesson's."""
    assert sorted(labels(hand_in(tmp_path, files)).values()) == sorted(expected)


def test_names_that_say_nothing_are_not_merged(tmp_path):
    """Two notebooks called only by their lesson are two students whose names nobody knows."""
    found = hand_in(tmp_path, {"05_soft_moe_by_hand.ipynb": ONE, "05_soft_moe_by_hand (1).ipynb": TWO})
    assert len({each.label for each in found.submissions}) == 2


def test_attempts_have_numbers():
    """Copies are numbered as browsers, JupyterLab and people number them."""
    assert cleaned("ada (3)", LESSONS) == ("ada", 3)
    assert cleaned("ada_05_soft_moe_by_hand-Copy2", LESSONS) == ("ada", 2)
    assert cleaned("ada_v4_2026-03-05_18-20", LESSONS) == ("ada", 4)
    assert cleaned("05 soft moe by hand", LESSONS) == ("", 0)


def test_a_zip_leads_nowhere(tmp_path):
    """Names with .., absolute ones and links in a zip are labels: nothing is written by them."""
    raw = zipped(**{"../../escape.ipynb": ONE, "/etc/evil.ipynb": TWO, "..\\..\\win.ipynb": ONE})
    found = hand_in(tmp_path / "in", {"bad.zip": raw})
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["bad.zip", "in"]
    assert [each.cells for each in found.submissions] == [("a = 1",), ("a = 2",), ("a = 1",)]


def test_bombs_and_damaged_zips(tmp_path, monkeypatch):
    """A zip that unpacks to too much, too many files, too deep a nest and damage cost nothing but their own."""
    monkeypatch.setattr(module, "LARGEST", 1 << 20)
    monkeypatch.setattr(module, "ENTRIES", 50)
    nested = ONE
    for _ in range(6):
        nested = zipped(**{"inner.zip": nested})
    good = zipped(**{"ada.ipynb": ONE})
    files = {
        "bomb.zip": zipped(**{"big.ipynb": bytes(4 << 20)}),
        "many.zip": zipped(**{f"{i}.ipynb": ONE for i in range(60)}),
        "nested.zip": nested,
        "cut.zip": good[: len(good) // 2],
        "wrong.zip": good[:40] + b"\xff\xff\xff" + good[43:],
        "good.ipynb": ONE,
        "long.zip": zipped(**{"_" * 60_000 + ".ipynb": ONE}),
    }
    found = hand_in(tmp_path, files)
    told = {each.path.partition("!")[0]: each.unreadable for each in found.submissions}
    assert "too large" in told["bomb.zip"] and "60 files" in told["many.zip"] and "damaged" in told["cut.zip"]
    assert told["wrong.zip"] and told["good.ipynb"] == "" and any("too many others" in note for note in found.notes)


def test_a_zip_that_lies_about_a_size(tmp_path):
    """Nothing is unpacked beyond the size that the zip says: the rest is damage."""
    raw = bytearray(zipped(**{"x.ipynb": b" " * (1 << 18)}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = raw.index(mark) + offset
        raw[at : at + 4] = (100).to_bytes(4, "little")
    (one,) = hand_in(tmp_path, {"liar.zip": bytes(raw)}).submissions
    assert one.cells is None and one.unreadable


def test_what_is_passed_over_is_named(tmp_path):
    """Other files are named, links are not followed, and what belongs to the tools is not a student's."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.ipynb").write_bytes(ONE)
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    os.mkfifo(inside / "pipe.ipynb")
    files = {"essay.docx": b"PK\x03\x04", ".ipynb_checkpoints/x.ipynb": ONE, "renamed.txt": ONE, "empty.ipynb": b""}
    found = hand_in(inside, files)
    assert {each.path: bool(each.cells) for each in found.submissions} == {"renamed.txt": True, "empty.ipynb": False}
    assert sorted(note.partition(":")[0] for note in found.notes) == ["essay.docx", "pipe.ipynb"]


def test_when_it_was_handed_in(tmp_path):
    """A time in the name counts before nbgrader's stamp beside it, else that, else the time of the file."""
    stamp = b"2026-03-05 17:00:00.5 UTC"
    files = {
        "ada/x_2026-03-05_18-20-00.ipynb": ONE,
        "ada/timestamp.txt": stamp,
        "ben/x.ipynb": TWO,
        "ben/timestamp.txt": stamp,
    }
    found = {each.label: each.when for each in hand_in(tmp_path, files).submissions}
    assert found["ada"] == datetime(2026, 3, 5, 18, 20).timestamp()
    assert found["ben"] == datetime.fromisoformat("2026-03-05T17:00:00.500000+00:00").timestamp()


CLASS = [
    roster.Student("s101", "Anna Müller", "anna@x.org"),
    roster.Student("s102", "Anna Müller", "am2@x.org"),
    roster.Student("s103", "Ben O'Neil", "ben@x.org"),
    roster.Student("77", "Al", ""),
]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("s102_05",), ["s102"]),
        (("anna mueller", "05"), ["s101", "s102"]),
        (("Muller-Anna", "s101"), ["s101"]),
        (("muelleranna_12345_67890_hw",), ["s101", "s102"]),
        (("am2",), ["s102"]),
        (("oneilben_LATE_3_4",), ["s103"]),
        (("ben.o.neil",), ["s103"]),
        (("s1021",), []),
        (("annabel mueller",), []),
        (("hw77x",), []),
        (("77_hw",), ["77"]),
        (("Alan",), []),
    ],
)
def test_a_roster_is_matched_and_never_guessed(parts, expected):
    """Id first, then address, then all words of a name; two who fit are both returned, a part of a word is no name."""
    assert [each.id for each in roster.candidates(parts, CLASS)] == expected


def test_rosters_as_platforms_write_them(tmp_path):
    """Semicolons, other column names, first and last names, Latin-1; an id that stands twice is an error."""
    path = tmp_path / "class.csv"
    path.write_bytes("Vorname;Nachname;Username\nZoë;Åberg;za1\n\nJo;Li;jl2\n".encode("latin-1"))
    assert roster.read(path) == [roster.Student("za1", "Zoë Åberg"), roster.Student("jl2", "Jo Li")]
    path.write_text("id,name\n1,A\n1,B\n")
    with pytest.raises(ValueError, match="'1' twice"):
        roster.read(path)
    path.write_text("Ada,Byron\n")
    with pytest.raises(ValueError, match="names its columns"):
        roster.read(path)
