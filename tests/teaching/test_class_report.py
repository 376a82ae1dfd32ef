"""What the report counts, on a class of six that is worked out by hand."""

import csv
import json
import re
from html.parser import HTMLParser

import pytest
from classkit import HALF, LEARNERS, NONE, TO_SLOTS, TO_TOKENS, hand_in_of, line, of, rows, text_of

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.class_report import session
from softmoe_edu.teaching.class_report.page import page
from softmoe_edu.teaching.class_report.plain import text, unformulated, write_csv
from softmoe_edu.teaching.class_report.reading import Reading
from softmoe_edu.teaching.class_report.report import ClassReport, report
from softmoe_edu.teaching.class_report.table import Table
from softmoe_edu.teaching.discovery import find_question


@pytest.fixture
def folder(tmp_path):
    """Six learners' progress files, each in a folder with the learner's name."""
    for name, lines in LEARNERS.items():
        (tmp_path / "class" / name).mkdir(parents=True)
        (tmp_path / "class" / name / "progress.jsonl").write_text(text_of(lines), "utf-8")
    return tmp_path / "class"


def test_exercises_count_learners(folder):
    """Tried, passed, matched, crashed and hinted are learners; attempts and minutes are medians up to the first pass.

    Minutes on dispatch-weights: 12, 3 (a pause of 50 does not count), 6, 3, 2 and 7, of which the median is 4.5.
    """
    found = report([folder])

    assert found.sentences == ("Progress of 6 learners, from 6 files.",)
    assert rows(found, "exercises") == [
        ["dispatch-weights", "6", "3", "2", "1", "1", "2", "4.5"],
        ["soft-moe", "2", "1", "0", "1", "0", "1.5", "6"],
    ]


def test_a_crash_is_no_mistake(folder):
    """What an answer raised has a table of its own; an event of an older version shows the property that failed."""
    found = report([folder])

    assert rows(found, "mistakes") == [
        ["over-slots", "dispatch-weights", "2", "3"],
        ["(the example by hand)", "dispatch-weights", "1", "1"],
    ]
    assert rows(found, "crashes") == [
        ["NameError", "soft-moe", "1", "1"],
        ["TypeError", "dispatch-weights", "1", "1"],
    ]


def test_wrong_answers_that_return_the_same_are_one_group(folder):
    """Two learners returned halves, three times; what is right on the probe goes by the property that it fails."""
    assert rows(report([folder]), "clusters") == [
        ["dispatch-weights", "2", "3", HALF["shows"], HALF["right"], "the example by hand", "a" * 12],
        ["dispatch-weights", "1", "1", "None", NONE["right"], "shape", "b" * 12],
        ["soft-moe", "1", "1", "the same", "the same", "order of tokens", "c" * 12],
    ]


def test_predictions_tell_with_what_confidence_they_were_missed(folder):
    """The first reveal of each learner counts; missed ones are split by confidence, and their beliefs are listed."""
    found = report([folder])

    assert rows(found, "predictions") == [
        ["m15-drop-rate", "M15", "3", "4", "1", "1", "1"],
        ["m01-sums", "M01", "1", "2", "0", "0", "1"],
    ]
    (table,) = [table for table in found.tables if table.id == "predictions"]
    assert table.notes == tuple(
        f"{find_question(id).misconception}: {find_question(id).belief}." for id in ("m15-drop-rate", "m01-sums")
    )


def test_answers_are_spread_against_the_truth(folder):
    """Numbers go by size and choices in the question's order, with the truth and with how sure people were."""
    assert rows(report([folder]), "answers") == [
        ["m01-sums", TO_TOKENS, "right", "1", "0", "1", "0", TO_TOKENS],
        ["m01-sums", TO_SLOTS, "wrong", "1", "0", "0", "1", TO_TOKENS],
        ["m15-drop-rate", "5 %", "wrong", "2", "0", "1", "1", "18.7 %"],
        ["m15-drop-rate", "18 %", "right", "1", "1", "0", "0", "18.7 %"],
        ["m15-drop-rate", "30 %", "wrong", "1", "1", "0", "0", "18.7 %"],
    ]


def test_clinics_count_learners(folder):
    """Two learners diagnosed, one of them rightly in the end."""
    assert rows(report([folder]), "clinics") == [["clinic-02", "2", "1"]]


def test_two_files_of_one_pseudonym_are_one_learner(tmp_path):
    """Files that share no event, and a pseudonym, are counted as one learner with the events of both."""
    (tmp_path / "monday.jsonl").write_text(hand_in_of("ada", "0" * 16, LEARNERS["ada"][:4]))
    (tmp_path / "friday.jsonl").write_text(hand_in_of("ada", "0" * 16, LEARNERS["ada"][4:]))
    (tmp_path / "bob.jsonl").write_text(hand_in_of("bob", "1" * 16))
    found = report([tmp_path])

    assert found.sentences[0] == "Progress of 2 learners, from 3 files."
    assert rows(found, "exercises")[1] == ["soft-moe", "1", "1", "0", "1", "0", "2", "6"]


def test_an_earlier_copy_is_no_other_learner(folder):
    """A copy, an earlier state of a file and the hand-in made of it add nothing; what only one holds is counted."""
    expected = report([folder])
    (folder / "copy.jsonl").write_text(text_of(LEARNERS["bob"]))
    (folder / "early.jsonl").write_text(text_of(LEARNERS["ada"][:5]))
    (folder / "later.jsonl").write_text(hand_in_of("cem", "2" * 16))
    found = report([folder])

    assert found.sentences[0] == "Progress of 6 learners, from 9 files."
    assert found.tables == expected.tables


def test_two_learners_with_one_event_in_common_stay_two(tmp_path):
    """Of many events one may coincide: that makes no one learner of two."""
    (tmp_path / "a.jsonl").write_text(text_of(LEARNERS["ada"]))
    (tmp_path / "b.jsonl").write_text(text_of([LEARNERS["ada"][3], *LEARNERS["bob"]]))

    assert report([tmp_path]).sentences[0] == "Progress of 2 learners, from 2 files."


def test_three_files_that_overlap_in_a_chain_are_one_learner(tmp_path):
    """The middle file joins the outer ones, in whatever order they are read."""
    ada = LEARNERS["ada"]
    for name, lines in (("1", ada[:4]), ("2", ada[8:]), ("3", ada[2:10])):
        (tmp_path / f"{name}.jsonl").write_text(text_of(lines))
    (found,) = {report([tmp_path / f"{n}.jsonl" for n in order]).tables for order in ("123", "312", "231")}

    assert [row[1] for row in found[0].rows] == [1, 1]


def test_the_text_names_nobody_and_is_aligned(folder):
    """Neither files nor folders stand in it; the rows of a table end their last number in the same column."""
    said = text(report([folder]))

    for word in (*LEARNERS, "progress.jsonl", str(folder)):
        assert not re.search(rf"\b{re.escape(word)}\b", said)
    (block,) = [block for block in said.split("\n\n") if block.startswith("Mistakes")]
    assert len({len(row) for row in block.splitlines()[1:4]}) == 1


class Elements(HTMLParser):
    """The tags of a page, and the numbers of cells in its rows."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.rows = [], []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append(0)
        if tag in ("th", "td"):
            self.rows[-1] += 1


def test_the_page_has_no_script_and_asks_for_nothing(folder):
    """A policy allows style alone; each table has headers of columns and of rows, and a name; nobody is named."""
    source = page(report([folder]))
    tags = Elements(source).tags
    names = [tag for tag, _ in tags]

    assert not {"script", "link", "img", "iframe", "form"} & set(names)
    assert not [key for _, attrs in tags for key in attrs if key.startswith("on") or key in ("href", "src")]
    assert any("default-src 'none'" in str(attrs.get("content")) for tag, attrs in tags if tag == "meta")
    assert names.count("table") == 7 == sum(tag == "table" and "aria-labelledby" in attrs for tag, attrs in tags)
    scopes = [attrs.get("scope") for tag, attrs in tags if tag == "th"]
    assert set(scopes) == {"col", "row"}
    assert not [word for word in LEARNERS if re.search(rf"\b{word}\b", source)]


def test_whatever_stands_in_a_table_is_text_on_the_page():
    """No cell, head, note or sentence of a table can become a tag."""
    tag = "<script>alert('x')</script>"
    table = Table("x", tag, (tag, "n"), ((tag, 1), (tag, tag)), notes=(tag,), legend=((tag, tag),))
    source = page(ClassReport((tag,), (table,), Reading()))

    assert "<script" not in source and source.count("&lt;script&gt;") == 9


def test_tables_as_csv_hold_what_the_page_holds(folder, tmp_path):
    """One file for each table; a cell that a spreadsheet would compute begins with an apostrophe."""
    found = report([folder])
    written = write_csv(found, tmp_path / "tables")

    assert [path.stem for path in written] == [table.id for table in found.tables]
    with (tmp_path / "tables" / "mistakes.csv").open(encoding="utf-8-sig") as file:
        assert list(csv.reader(file))[1:] == rows(found, "mistakes")


def test_formulas_are_text(tmp_path):
    """Numbers below zero stay numbers, and what begins as a formula does not."""
    assert [unformulated(cell) for cell in ("-0.5", "-", "=1+1", "@x", "-1+1", "a=b")] == [
        "-0.5",
        "-",
        "'=1+1",
        "'@x",
        "'-1+1",
        "a=b",
    ]


def test_rows_beyond_what_people_read_stand_in_the_csv(tmp_path):
    """Of 45 groups of wrong answers 40 are shown, and a sentence says where the others are."""
    check, _, _ = of(0)
    lines = [check(i, "soft-moe", "failed", None, "shape", returned=NONE | {"key": f"{i:012x}"}) for i in range(45)]
    (tmp_path / "a.jsonl").write_text(text_of(lines))
    found = report([tmp_path])

    assert len(rows(found, "clusters")) == 45
    assert "5 more rows are in the file clusters.csv" in text(found) and "5 more rows" in page(found)
    assert page(found).count(NONE["right"]) == 40


def test_the_command_prints_and_writes(folder, tmp_path, capsys):
    """The report is printed; tables and the page are written where they are asked for."""
    session.main([folder], csv=tmp_path / "tables", page=tmp_path / "class.html")
    out = capsys.readouterr().out

    assert out.startswith(text(report([folder])).rstrip("\n"))
    assert (tmp_path / "class.html").read_text("utf-8") == page(report([folder]))
    assert len(list((tmp_path / "tables").iterdir())) == 7


def test_a_missing_file_ends_with_an_error_after_the_report(folder, tmp_path, capsys):
    """What is there is counted; the exit status is 1, and the sentence names what is not there."""
    with pytest.raises(SystemExit) as end:
        session.main([folder, tmp_path / "gone.jsonl"])

    assert "gone.jsonl: not found" in str(end.value.code)
    assert "Progress of 6 learners" in capsys.readouterr().out


def test_nothing_read_is_an_error(tmp_path, capsys):
    """An empty folder, and a folder with nothing readable, end with status 1."""
    for name in ("empty", "photos"):
        (tmp_path / name).mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"\xff\xd8")
    for name in ("empty", "photos"):
        with pytest.raises(SystemExit, match="nothing was read"):
            session.main([tmp_path / name])


def test_a_page_under_another_ending_is_refused(folder, tmp_path):
    """The sentence says how to name it."""
    with pytest.raises(SystemExit, match=r"must end in \.html"):
        session.main([folder], page=tmp_path / "class.txt")


def test_what_progress_writes_is_what_the_report_reads(workspace):
    """A file made by `note` is counted, from the workspace itself."""
    data = {"status": "failed", "mistake": "swapped-axes", "property": "x", "attempt": 1, "seconds": 0.4}
    progress.note("check", "soft-moe", **data)

    assert rows(report([workspace]), "mistakes") == [["swapped-axes", "soft-moe", "1", "1"]]


def test_events_with_odd_values_stop_nothing(folder):
    """Unknown kinds, other types and unknown choices are counted nowhere."""
    expected = report([folder]).tables
    odd = [
        line(70, "dance", "x"),
        line(71, "check", "soft-moe", status=["passed"]),
        line(72, "reveal", "m15-drop-rate", right="yes", confidence=[70]),
        line(73, "reveal", "m15-drop-rate", right=True, confidence=70.0),
        json.dumps({"version": 1, "time": "yesterday", "kind": "clinic", "id": "clinic-02", "right": 1}),
    ]
    with (folder / "ada" / "progress.jsonl").open("a", encoding="utf-8") as file:
        file.write(text_of(odd))

    assert report([folder]).tables == expected
