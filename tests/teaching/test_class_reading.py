"""What a class sends is anything: folders, zips, other formats, damage, and files made to do harm."""

import json
import os
import tracemalloc
import zipfile
import zlib

import pytest
from classkit import LEARNERS, NONE, hand_in_of, line, of, rows, text_of

from softmoe_edu.teaching.class_report import reading
from softmoe_edu.teaching.class_report.page import page
from softmoe_edu.teaching.class_report.plain import text, write_csv
from softmoe_edu.teaching.class_report.reading import read
from softmoe_edu.teaching.class_report.report import report


def zipped(path, members):
    """Write a zip of names and contents."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def why(found, name):
    """Return why a file was left out."""
    (reason,) = [why for skipped, why in found.skipped if skipped.endswith(name)]
    return reason


def test_every_form_of_a_hand_in_is_read(tmp_path):
    """Lines under three endings, one JSON list, a mark of an editor, UTF-16, and a list over many lines."""
    lines = text_of(LEARNERS["bob"])
    whole = [json.loads(each) for each in LEARNERS["bob"]]
    forms = {
        "a.jsonl": lines.encode(),
        "b.json": lines.encode(),
        "c.TXT": lines.replace("\n", "\r\n").encode(),
        "d.json": json.dumps(whole).encode(),
        "e.json": json.dumps(whole, indent=2).encode(),
        "f.txt": lines.encode("utf-8-sig"),
        "g.txt": lines.encode("utf-16"),
        "h.json": json.dumps(whole).encode("utf-8-sig"),
    }
    for name, content in forms.items():
        (tmp_path / name).write_bytes(content)
    found = read([tmp_path])

    assert [len(each.events) for each in found.hand_ins] == [4] * len(forms)
    assert all(each.events == found.hand_ins[0].events for each in found.hand_ins)
    assert not found.skipped and not found.notes.total()


def test_a_folder_of_workspaces_and_a_zip_in_a_zip_are_read(tmp_path):
    """Only progress files are read; hidden folders other than .softmoe are skipped."""
    place = tmp_path / "ada" / ".softmoe"
    place.mkdir(parents=True)
    (place / "progress.jsonl").write_text(text_of(LEARNERS["ada"]))
    (place / "progress.damaged.jsonl").write_text(text_of(LEARNERS["bob"]))
    (place / "pseudonym").write_text("0" * 16 + "\n")
    (place / "delivered.json").write_text("{}")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.jsonl").write_text(text_of(LEARNERS["fen"]))
    inner = zipped(tmp_path / "inner.zip", {"hand_in.jsonl": hand_in_of("bob", "1" * 16), "__MACOSX/._x.jsonl": "?"})
    zipped(
        tmp_path / "all.zip", {"bob/a.zip": inner.read_bytes(), "cem/.softmoe/progress.jsonl": text_of(LEARNERS["cem"])}
    )
    inner.unlink()
    found = read([tmp_path])

    assert sorted(len(each.events) for each in found.hand_ins) == [3, 4, 12]
    assert sorted(each.pseudonym for each in found.hand_ins) == ["", "0" * 16, "1" * 16]
    assert not found.skipped


def test_what_is_left_out_is_named_with_the_reason(tmp_path):
    """Each file that is no hand-in has a sentence of its own, other kinds of files one for a folder."""
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "letter.txt").write_text("Dear teacher,\n")
    (tmp_path / "newer.jsonl").write_text('{"version": 2}\n')
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and then nothing")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    (tmp_path / "lesson.ipynb").write_text("{}")
    (tmp_path / "dance.jsonl").write_text(line(0, "dance", "x"))
    found = read([tmp_path, tmp_path / "lesson.ipynb", tmp_path / "gone.txt"])

    assert found.missing == [str(tmp_path / "gone.txt")] and not found.hand_ins
    assert why(found, "empty.jsonl") == why(found, "dance.jsonl") == "it holds no events"
    assert why(found, "letter.txt") == "it is damaged or no hand-in: no line of it is an event"
    assert why(found, "newer.jsonl") == "it was written by a newer softmoe-edu: update to count it"
    assert why(found, "broken.zip") == "it is a damaged zip (BadZipFile)"
    assert why(found, tmp_path.name).startswith("2 files in it of other kinds (1 .ipynb, 1 .jpg)")
    assert why(found, "lesson.ipynb") == "hand-ins end in .jsonl, .json, .txt or .zip"


def test_damaged_lines_are_counted_and_the_others_read(tmp_path):
    """Torn lines, other bytes, nesting without end and huge numbers cost their own line alone."""
    good = text_of(LEARNERS["bob"]).encode()
    nested = b'{"version": 1, "x": ' + b"[" * 20_000 + b"}\n"
    digits = line(0, "hint", "soft-moe", day=9, level=1).replace("1}", "9" * 4000 + "}").encode() + b"\n"
    infinite = line(1, "check", "soft-moe", day=9, seconds=1).replace(": 1}", ": 1e999}").encode() + b"\n"
    (tmp_path / "a.jsonl").write_bytes(
        b"\xff\xfe\xfa\n".replace(b"\xff\xfe", b"\xfd\xfd") + nested + digits + infinite + good
    )
    found = read([tmp_path])

    assert len(found.hand_ins[0].events) == 6
    assert found.notes == {"lines": 2, "damaged": 1}
    assert report([tmp_path]).sentences[1] == "1 file held 2 damaged lines, left out."


def test_a_huge_line_is_left_out(tmp_path, monkeypatch):
    """A line beyond the limit is damaged, whatever is in it; one just below it is read."""
    below = line(0, "hint", "soft-moe", level=1, more="x" * (reading.LONGEST_LINE - 200))
    above = line(1, "hint", "soft-moe", level=1, more="x" * reading.LONGEST_LINE)
    (tmp_path / "a.jsonl").write_text(text_of([below, above]))
    found = read([tmp_path])

    assert len(found.hand_ins[0].events) == 1 and found.notes["lines"] == 1


def test_a_huge_file_is_left_out(tmp_path):
    """Too many bytes or too many lines are no hand-in; a sparse file of a terabyte is not read to its end."""
    with (tmp_path / "large.jsonl").open("wb") as file:
        file.truncate(1 << 40)
    (tmp_path / "lines.txt").write_bytes(b"{}\n" * (reading.MOST_LINES + 1))
    found = read([tmp_path])

    assert why(found, "large.jsonl") == "it is larger than 8 MB: no hand-in is"
    assert why(found, "lines.txt") == "it has more than 50000 lines: no hand-in has"


def test_a_zip_bomb_is_left_out_and_the_next_file_read(tmp_path, monkeypatch):
    """Members that unpack to more than the limit cost no memory; the budget of a zip holds for zips inside it, too."""
    monkeypatch.setattr(reading, "LARGEST_FILE", 1 << 20)
    monkeypatch.setattr(reading, "LARGEST_ZIP", 3 << 20)
    bomb = zipped(tmp_path / "bomb.zip", {"0.jsonl": text_of(LEARNERS["bob"]), "1.txt": bytes(64 << 20)})
    many = zipped(tmp_path / "many.zip", {f"{i}.txt": bytes(1 << 20) for i in range(9)})
    zipped(tmp_path / "nested.zip", {"a.zip": many.read_bytes(), "b.jsonl": text_of(LEARNERS["cem"])})
    assert bomb.stat().st_size < 100_000
    (tmp_path / "z.jsonl").write_text(text_of(LEARNERS["ada"]))
    tracemalloc.start()
    found = read([tmp_path])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 16 << 20
    assert sorted(len(each.events) for each in found.hand_ins) == [4, 12]
    assert "larger than 1 MB" in why(found, "bomb.zip: 1.txt")
    assert why(found, "many.zip") == why(found, "nested.zip") == "it unpacks to more than 3 MB: the rest is left out"


def test_a_zip_that_lies_about_its_sizes_is_cut_off(tmp_path, monkeypatch):
    """What the directory of a zip says is not believed: only what is unpacked counts."""
    monkeypatch.setattr(reading, "LARGEST_FILE", 1 << 16)
    path = zipped(tmp_path / "a.zip", {"x.txt": bytes(1 << 22)})
    raw = path.read_bytes()
    path.write_bytes(raw.replace((1 << 22).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    found = read([path])

    assert not found.hand_ins and len(found.skipped) == 1


def test_a_name_that_leads_out_of_a_zip_is_not_read(tmp_path):
    """Nothing is ever written to disk, and a slip is named."""
    names = ["../../slip.jsonl", "/etc/slip.jsonl", "C:\\slip.jsonl", "..\\slip.jsonl", "fine/a.jsonl"]
    zipped(tmp_path / "a.zip", dict.fromkeys(names, text_of(LEARNERS["bob"])))
    before = sorted(tmp_path.parent.rglob("*"))
    found = read([tmp_path / "a.zip"])

    assert len(found.hand_ins) == 1
    assert [why for _, why in found.skipped] == ["its name leads out of the zip"] * 4
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_damaged_and_locked_members_are_named(tmp_path):
    """A member whose bytes were changed, and one with a password, are left out; the others are read."""
    content = os.urandom(2000)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("bad.txt", content)
        archive.writestr("good.jsonl", text_of(LEARNERS["bob"]))
    path.write_bytes(path.read_bytes().replace(content, zlib.compress(content)[:1000] + content[1000:]))
    locked = bytearray(zipped(tmp_path / "locked.zip", {"a.jsonl": text_of(LEARNERS["cem"])}).read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + at] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    found = read([tmp_path])

    assert len(found.hand_ins) == 1
    assert why(found, "bad.txt") == "it is damaged (BadZipFile)"
    assert why(found, "locked.zip: a.jsonl") == "it is locked with a password"


def test_zips_inside_zips_have_an_end(tmp_path):
    """Beyond three zips, one in another, a sentence says what to do."""
    path = zipped(tmp_path / "0.zip", {"a.jsonl": text_of(LEARNERS["bob"])})
    for depth in (1, 2, 3):
        path = zipped(tmp_path / f"{depth}.zip", {path.name: path.read_bytes()})

    assert len(read([tmp_path / "2.zip"]).hand_ins) == 1
    (skipped,) = read([path]).skipped
    assert skipped[1] == "it lies in 3 zips, one in another: unpack the outer ones"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with a name are POSIX")
def test_links_and_pipes_are_not_followed(tmp_path):
    """A pipe would wait for ever, a link may lead anywhere, and a folder that holds itself has no end."""
    (tmp_path / "class").mkdir()
    os.mkfifo(tmp_path / "class" / "a.jsonl")
    (tmp_path / "secret.txt").write_text(text_of(LEARNERS["bob"]))
    (tmp_path / "class" / "b.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "class" / "loop").symlink_to(tmp_path / "class")
    found = read([tmp_path / "class"])

    assert not found.hand_ins
    assert (why(found, "a.jsonl"), why(found, "b.txt")) == ("it is no ordinary file", "it is a link")


def test_names_and_tags_in_a_file_are_counted_as_other(tmp_path):
    """What somebody wrote into ids, errors, answers and outputs stands in no form of the report."""
    check, reveal, other = of(0)
    bad = "ada-lovelace"
    tag = "<script>alert(1)</script>"
    lines = [
        check(0, bad, "failed", bad, bad),
        check(1, tag, "failed", tag, tag),
        check(2, "soft-moe", "failed", bad, tag),
        check(3, "soft-moe", "failed", None, bad, error="AdaLovelaceError"),
        check(4, "soft-moe", "failed", None, bad, finding=bad),
        check(5, "soft-moe", "failed", None, "shape", returned=NONE | {"shows": bad, "right": tag}),
        check(6, "soft-moe", "failed", None, "shape", returned=NONE | {"key": bad}),
        check(7, "soft-moe", "failed", None, "shape", returned=NONE | {"key": "d" * 12, "shows": f"raises {bad}"}),
        reveal(8, bad, bad, tag, 90, False),
        reveal(9, "m01-sums", bad, tag, 90, False),
        reveal(10, "m15-drop-rate", tag, bad, 90, False),
        other(11, "clinic", f"clinic-{bad}", right=True),
        other(12, "hint", bad, level=bad),
        other(13, "hand-in", bad),
    ]
    (tmp_path / f"{bad}.jsonl").write_text(text_of(lines))
    found = report([tmp_path / f"{bad}.jsonl"])
    write_csv(found, tmp_path / "tables")
    tables = "".join(path.read_text("utf-8-sig") for path in (tmp_path / "tables").iterdir())

    assert ["(other)", "soft-moe", "1", "2"] in rows(found, "mistakes")
    assert ["(other)", "soft-moe", "1", "1"] in rows(found, "crashes")
    for form in (text(found), page(found), tables):
        assert bad not in form.lower() and "<script" not in form and "lovelace" not in form.lower()


def test_a_name_with_control_characters_is_shown_in_one_line(tmp_path):
    """A member's name can hold what a terminal obeys: it is replaced, and cut where it is long."""
    path = zipped(tmp_path / "a.zip", {"\x1b[2J\nevil" + "x" * 300 + ".txt": "?"})
    ((name, _),) = read([path]).skipped

    assert name.isprintable() and len(name) <= 120
