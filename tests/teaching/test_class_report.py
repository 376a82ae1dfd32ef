import json
import re

import pytest

from softmoe_edu.teaching import class_report, progress
from softmoe_edu.teaching.class_report import report
from softmoe_edu.teaching.discovery import asked, find_question


def line(kind, id, **data):
    return json.dumps({"version": 1, "time": "2026-01-01T00:00:00.000+00:00", "kind": kind, "id": id, **data})


def check(id, status, mistake=None, property=None):
    return line("check", id, status=status, mistake=mistake, property=property, attempt=1, seconds=0.1)


def reveal(id, confidence, right, misconception):
    answers = {"answer": 1, "truth": 2, "lesson": "02"}
    return line("reveal", id, confidence=confidence, right=right, misconception=misconception, **answers)


LEARNERS = {
    "ada": [
        check("soft-moe", "not started"),
        check("soft-moe", "failed", "swapped-axes", "sums of the weights"),
        check("soft-moe", "failed", "swapped-axes", "sums of the weights"),
        line("hint", "soft-moe", level=1),
        line("hint", "soft-moe", level=2),
        check("soft-moe", "passed"),
        reveal("m15-drop-rate", 90, False, "M15"),
        reveal("m15-drop-rate", 50, True, "M15"),
        reveal("m01-sums", 70, True, "M01"),
        line("clinic", "clinic-02", right=False),
        line("clinic", "clinic-02", right=True),
    ],
    "bob": [
        check("soft-moe", "failed", None, "gradients"),
        check("capacity", "not started"),
        reveal("m15-drop-rate", 70, False, "M15"),
        reveal("m01-sums", 90, False, "M01"),
        line("clinic", "clinic-02", right=False),
    ],
    "zoe": [
        check("soft-moe", "failed", "swapped-axes", "sums of the weights"),
        check("capacity", "passed"),
        reveal("m15-drop-rate", 90, False, "M15"),
    ],
}


@pytest.fixture
def files(tmp_path):
    """Three learners' files, each in a folder with the learner's name."""
    for name, lines in LEARNERS.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "progress.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return sorted(tmp_path.glob("*/progress.jsonl"))


def rows(text, title):
    """Return the cells of the table under a title, its head first."""
    (block,) = [part for part in text.split("\n\n") if part.startswith(title)]
    table = block.partition("\nBeliefs")[0].splitlines()[1:]
    return [re.split(r" {2,}", row.strip()) for row in table]


def test_exercises_count_learners(files):
    """Tried means checked beyond not started; passed once is passed; hints count learners, not hints."""
    assert rows(report(files), "Exercises") == [
        ["exercise", "tried", "passed", "took hints", "attempts (median)"],
        ["soft-moe", "3", "1", "1", "1"],
        ["capacity", "1", "1", "0", "1"],
    ]


def test_mistakes_come_most_common_first(files):
    """A mistake is counted by learners and by times; a failure without a mistake shows its property."""
    assert rows(report(files), "Mistakes")[1:] == [
        ["swapped-axes", "soft-moe", "2", "3"],
        ["(gradients)", "soft-moe", "1", "1"],
    ]


def test_predictions_tell_with_what_confidence_they_were_missed(files):
    """The first reveal of each learner counts; missed ones are split by confidence."""
    assert rows(report(files), "Predictions") == [
        ["prediction", "belief", "missed", "of", "50 % sure", "70 % sure", "90 % sure"],
        ["m15-drop-rate", "M15", "3", "3", "0", "1", "2"],
        ["m01-sums", "M01", "1", "2", "0", "0", "1"],
    ]
    believed = [f"  {each.misconception}: {each.belief}" for each in asked() if each.misconception in ("M15", "M01")]
    assert f"  M15: {find_question('m15-drop-rate').belief}" in believed
    assert "\n".join(["Beliefs behind the missed ones:", *believed]) in report(files)


def test_what_everybody_got_right_is_no_belief_of_the_class(tmp_path):
    """Beliefs are listed only where somebody missed; an unknown question has none."""
    lines = [reveal("m01-sums", 70, True, "M01"), reveal("unheard-of", 70, False, "M99")]
    (tmp_path / "progress.jsonl").write_text("\n".join(lines))
    text = report([tmp_path])

    assert rows(text, "Predictions")[1:] == [
        ["unheard-of", "-", "1", "1", "0", "1", "0"],
        ["m01-sums", "M01", "0", "1", "0", "0", "0"],
    ]
    assert "Beliefs behind the missed ones" not in text


def test_clinics_count_learners(files):
    """The table counts two learners who diagnosed, one of them right in the end."""
    assert rows(report(files), "Clinics")[1:] == [["clinic-02", "2", "1"]]


def test_columns_are_aligned(files):
    """Every row of a table ends its last number in the same column."""
    for block in report(files).strip().split("\n\n")[1:]:
        table = block.partition("\nBeliefs")[0].splitlines()[1:]
        assert len({len(row) for row in table}) == 1


def test_no_name_leaves_the_folder(files):
    """Neither files nor folders are named, nor what somebody typed into an id."""
    with files[0].open("a", encoding="utf-8") as file:
        file.write(check("Ada Lovelace", "failed", "by Ada", "Ada's") + "\n")
    text = report(files)

    assert "Progress of 3 learners." in text
    assert ["(other)", "(other)", "1", "1"] in rows(text, "Mistakes")
    for word in ("ada", "bob", "zoe", "progress.jsonl", str(files[0].parents[1])):
        assert word.lower() not in text.lower()


def test_a_folder_stands_for_its_progress_files(files):
    """Files put aside as damaged and other files in it are left out."""
    folder = files[0].parents[1]
    (folder / "ada" / "progress.damaged.jsonl").write_text(LEARNERS["ada"][0])
    (folder / "ada" / "notes.txt").write_text("x")

    assert report([folder]) == report(files)


def test_damaged_and_other_files_are_counted_in_a_sentence(files, tmp_path):
    """Damage, a newer version, emptiness, a copy and a missing file each have their sentence; good lines count."""
    files[0].write_bytes(files[0].read_bytes() + b"damaged\n\xff\n")
    files[1].write_text(files[1].read_text() + '{"version": 2}\n')
    empty, copy = tmp_path / "empty", tmp_path / "copy"
    empty.write_text("")
    copy.write_bytes(files[2].read_bytes())
    text = report([*files, empty, copy, tmp_path / "missing"])

    assert text.splitlines()[:6] == [
        "Progress of 3 learners.",
        "1 file held 2 damaged lines, left out.",
        "1 file held events of a newer softmoe-edu, left out: update to count them.",
        "1 file held no events, left out.",
        "1 file duplicated another; duplicates count once.",
        "1 file could not be read.",
    ]
    assert rows(text, "Exercises")[1] == ["soft-moe", "3", "1", "1", "1"]


def test_lines_that_another_program_wrote_are_harmless(files):
    """Events of unknown kinds and with odd values are counted nowhere and stop nothing."""
    expected = report(files)
    with files[0].open("a", encoding="utf-8") as file:
        file.write(line("dance", "x") + "\n" + line("check", "capacity", status=["passed"]) + "\n")
        file.write(line("reveal", "m15-drop-rate", right="yes", confidence=[70]) + "\n")

    assert report(files) == expected


def test_nobody_is_a_report_too(tmp_path):
    """A folder without files gives a count of none and no table."""
    assert report([tmp_path]) == "Progress of 0 learners.\n"


def test_the_command_prints_the_report(files, capsys):
    """Files and folders are its arguments; without any it ends with a sentence."""
    class_report.main([str(files[0].parents[1])])

    assert capsys.readouterr().out == report(files)
    with pytest.raises(SystemExit, match="name the progress files"):
        class_report.main([])


def test_what_progress_writes_is_what_the_report_reads(tmp_path, monkeypatch):
    """A file made by `note` is counted."""
    (tmp_path / ".softmoe").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(progress.SWITCH, raising=False)
    progress.note("check", "soft-moe", status="failed", mistake="swapped-axes", property="x", attempt=1, seconds=0.4)

    assert rows(report([tmp_path]), "Mistakes")[1] == ["swapped-axes", "soft-moe", "1", "1"]
