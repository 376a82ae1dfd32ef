import json
from pathlib import Path

import numpy as np
import pytest
import torch

from softmoe_edu.teaching import progress


def ids():
    return [event["id"] for event in progress.events()]


@pytest.mark.parametrize(
    "damage",
    [
        b'{"version": 1, "time": "2026-01-01T00:00:00.000+00:00", "kind": "che',
        b"\xff\xfe\x00",
        b"[1, 2]",
        b'{"version": 1, "time": "2026", "kind": "check"}',
        b'{"version": "1", "time": "2026", "kind": "check", "id": "x"}',
        b"[" * 100_000,
    ],
    ids=["cut off", "bytes", "list", "no id", "version in words", "deep"],
)
def test_a_damaged_line_is_put_aside_and_the_rest_goes_on(workspace, capfd, damage):
    """Good lines before and after a damaged one count; the file as it was is kept, and one sentence says so."""
    file = workspace / progress.FILE
    progress.note("check", "before")
    with file.open("ab") as handle:
        handle.write(damage)
    progress.note("check", "after")
    as_it_was = file.read_bytes()

    assert ids() == ["before", "after"]
    assert ids() == ["before", "after"]
    assert file.with_name("progress.damaged.jsonl").read_bytes() == as_it_was
    assert file.read_bytes() == as_it_was.replace(damage + b"\n", b"")
    out, err = capfd.readouterr()
    assert "without 1 line that cannot be read" in out
    assert "progress.damaged.jsonl" in out
    assert out.count("\n") == 1
    assert err == ""


def test_each_damaged_file_is_kept_under_its_own_name(workspace):
    """A second damage goes to progress.damaged-2.jsonl and leaves the first where it is."""
    file = workspace / progress.FILE
    for damage in (b"one\n", b"two\n"):
        with file.open("ab") as handle:
            handle.write(damage)
        progress.events()

    assert file.with_name("progress.damaged.jsonl").read_bytes() == b"one\n"
    assert file.with_name("progress.damaged-2.jsonl").read_bytes() == b"two\n"
    assert file.read_bytes() == b""


def test_lines_of_a_newer_version_stay_and_do_not_count(workspace, capfd):
    """A newer event is in no count, is left byte for byte even when the file is mended, and is spoken of once."""
    newer = b'{"version": 2,  "what": "unheard of"}\r\n'
    file = workspace / progress.FILE
    file.write_bytes(newer + b"damaged\n")
    progress.note("check", "a")

    assert ids() == ["a"]
    assert ids() == ["a"]
    assert file.read_bytes().startswith(newer)
    assert b"damaged" not in file.read_bytes()
    assert capfd.readouterr().out.count("newer softmoe-edu") == 1


def test_a_file_that_an_editor_saved_is_read(workspace):
    """A byte order mark, carriage returns, blank lines and a missing last line end do no damage."""
    progress.note("check", "a")
    progress.note("check", "b")
    file = workspace / progress.FILE
    edited = file.read_bytes().replace(b"\n", b"\r\n\r\n").rstrip()
    file.write_bytes(b"\xef\xbb\xbf" + edited)
    progress.note("check", "c")

    assert ids() == ["a", "b", "c"]
    assert not file.with_name("progress.damaged.jsonl").exists()


@pytest.mark.parametrize("call", [progress.events, lambda: progress.note("check", "a")])
def test_a_folder_in_place_of_the_file_costs_a_sentence(workspace, capfd, call):
    """What is no file at all raises nothing, reading or writing."""
    (workspace / progress.FILE).mkdir()
    call()

    out, err = capfd.readouterr()
    assert out.count("\n") == 1
    assert err == ""


def test_a_deleted_current_folder_is_no_workspace(workspace, monkeypatch):
    """The folder of a running kernel can vanish: events go to memory."""
    gone = workspace / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    progress.note("check", "a")

    assert ids() == ["a"]
    monkeypatch.chdir(workspace)


def test_any_value_can_be_noted(workspace):
    """Numbers of NumPy and torch become numbers, infinity and unknown objects text, in strictly valid JSON."""
    progress.note(
        "check",
        "ä \ud800",
        seconds=np.float32(0.5),
        share=torch.tensor(0.25),
        rows=np.arange(2),
        worst=float("nan"),
        deep={1: (torch.tensor(3), {float("inf")})},
        object=Path("x"),
    )

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    event = json.loads((workspace / progress.FILE).read_text("utf-8"), parse_constant=refuse)
    assert event["id"] == "ä ?"
    assert (event["seconds"], event["share"], event["rows"]) == (0.5, 0.25, [0, 1])
    assert (event["worst"], event["deep"], event["object"]) == ("nan", {"1": [3, ["inf"]]}, "x")
