"""What an answer writes, and how much of it is kept: bounded in memory and time, wherever it is written."""

import ctypes
import io
import json
import logging
import os
import resource
import subprocess
import sys
import time
import warnings

import pytest

from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.check.isolation.isolated import isolated
from softmoe_edu.teaching.check.isolation.printed import KEPT, Ends
from softmoe_edu.teaching.discovery import find_exercise

pytestmark = pytest.mark.slow

DISPATCH = find_exercise("dispatch-weights")
LINE = "x" * 10_000


def test_the_ends_of_a_text_are_kept_and_the_rest_is_counted():
    """Of ten digits three are kept at each end; a text that fits is kept whole, in whatever parts it comes."""
    for parts in (["0123456789"], list("0123456789"), ["01", "234567", "89"]):
        long, whole = Ends(kept=3), Ends(kept=5)
        for part in parts:
            long.write(part)
            whole.write(part)
        assert long.text == "012\n[4 characters are left out here]\n789"
        assert whole.text == "0123456789"
        assert long.length == 10
    below = Ends(b"", kept=2)
    below.write("aé".encode())
    assert below.text == "aé"


def flood_by_print(logits):
    while True:
        print(LINE)


def flood_of_a_growing_list(logits):
    seen = []
    while True:
        seen.append(len(seen))
        print(seen)


def flood_below_python(logits):
    while True:
        os.write(2, LINE.encode())


def flood_of_warnings(logits):
    number = 0
    while True:
        number += 1
        warnings.warn(f"{number} {LINE}", stacklevel=1)


def flood_by_a_handler(logits):
    handler = logging.StreamHandler(sys.__stderr__)
    while True:
        handler.emit(logging.makeLogRecord({"msg": LINE}))


def flood_of_a_process(logits):
    subprocess.run([sys.executable, "-c", f"while True: print({LINE!r})"], check=False)


FLOODS = (
    flood_by_print,
    flood_of_a_growing_list,
    flood_below_python,
    flood_of_warnings,
    flood_by_a_handler,
    flood_of_a_process,
)


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_ends_in_time_and_costs_no_memory(flood, capfd):
    """An endless answer that writes without end is stopped at its limit, with a few kilobytes kept of it."""
    start = time.monotonic()
    report = examine(DISPATCH, flood, seconds=2.5)
    took = time.monotonic() - start

    assert report.failed == "time" and took < 2 * 2.5
    assert 0 < len(report.printed) < 6 * KEPT
    assert capfd.readouterr() == ("", "")


def test_warnings_are_kept_once_each_and_not_many():
    """Of a hundred different warnings twenty are kept, and one that comes again is kept once."""
    with isolated(60) as printed:
        for number in range(100):
            for _ in range(2):
                warnings.warn(f"number {number}", stacklevel=1)

    assert printed.text.splitlines() == [f"UserWarning: number {number}" for number in range(20)]


def test_a_flood_does_not_grow_the_process():
    """In a process of its own, a second of prints and of writes below them adds less than 60 MiB at the peak."""
    program = (
        "import os, resource\n"
        "from softmoe_edu.teaching.check.examine import examine\n"
        "from softmoe_edu.teaching.discovery import find_exercise\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "def answer(logits):\n    while True:\n        print('x' * 100_000); os.write(1, b'y' * 100_000)\n"
        "examine(find_exercise('dispatch-weights'), lambda logits: logits.softmax(1))\n"
        "before = peak()\n"
        "report = examine(find_exercise('dispatch-weights'), answer, seconds=1)\n"
        "print(report.failed, peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)

    failed, grown = done.stdout.split()
    unit = 1024 if sys.platform != "darwin" else 1
    assert failed == "time" and int(grown) * unit < 60 * 2**20, done.stderr
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # the unit is a kilobyte, on macOS a byte


def test_every_way_of_writing_is_collected_in_its_order(capfd):
    """Prints, bytes on the stream's buffer, streams held from before, C code and processes: all of it, none outside."""
    held, handler = sys.stdout, logging.StreamHandler(sys.stderr)
    with isolated(20) as printed:
        print("printed")
        sys.stdout.buffer.write(b"bytes\n")
        print("held", file=held)
        handler.emit(logging.makeLogRecord({"msg": "logged"}))
        sys.__stdout__.write("the first stdout\n")
        subprocess.run([sys.executable, "-c", "print('a process')"], check=True)
        library = ctypes.CDLL(None)
        library.puts(b"puts in C")

    assert capfd.readouterr() == ("", "")
    words = ["printed", "bytes", "held", "logged", "the first stdout", "a process", "puts in C"]
    assert [line for line in printed.text.splitlines() if line in words] == words


def test_what_is_not_text_is_refused_as_by_any_stream():
    """sys.stdout.write(3) is a TypeError in an answer, too, and closing or reconfiguring the stream harms nothing."""
    with isolated(20) as printed:
        with pytest.raises(TypeError, match="must be str, not int"):
            sys.stdout.write(3)
        sys.stdout.reconfigure(encoding="ascii")
        sys.stdout.close()
        print("é after all")

    assert printed.text == "é after all"


STREAMS = {
    "both are there": "",
    "stderr is closed": "sys.stderr.close()",
    "stdout is closed": "sys.stdout.close()",
    "both are missing": "sys.stdout = sys.stderr = None",
    "the first ones are missing, too": "sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = None",
    "descriptor 2 is closed": "os.close(2)",
    "all descriptors are closed": "os.close(0); os.close(1); os.close(2)",
    "a stream without anything": "class Bare: write = staticmethod(len)\nsys.stdout = sys.stderr = Bare",
}


@pytest.mark.parametrize("case", STREAMS)
def test_closed_and_missing_streams_raise_nothing(case, tmp_path):
    """A check returns its report and leaves the streams and descriptors as they were: closed, missing, or there."""
    program = (
        f"import os, sys, warnings\nfrom pathlib import Path\n"
        f"from softmoe_edu.teaching import check, use, hint, predict, returning, progress\n{STREAMS[case]}\n"
        "def answer(logits):\n    print('hello'); warnings.warn('look'); os.write(2, b'below')\n"
        "    return logits.softmax(1)\n"
        "def state():\n"
        "    streams = [repr((s, getattr(s, 'closed', 0))) for s in (sys.stdout, sys.stderr)]\n"
        "    return streams + [opened(n) for n in (1, 2)]\n"
        "def opened(n):\n    try: return os.fstat(n).st_ino\n    except OSError: return None\n"
        "before = state()\n"
        "report = check('dispatch-weights', answer)\n"
        "assert state() == before, (state(), before)\n"
        "use('dispatch-weights', answer); repr(hint('soft-moe')); predict('m15-drop-rate'); returning('05')\n"
        "progress._say('a sentence')\n"
        f"Path({str(tmp_path / 'said')!r}).write_text(report.status + report.printed)"
    )
    env = os.environ | {"SOFTMOE_PROGRESS": "off"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, env=env)

    assert (tmp_path / "said").exists(), done.stderr
    said = (tmp_path / "said").read_text()
    assert said.startswith("passed") and all(word in said for word in ("hello", "below", "UserWarning: look"))


def test_lone_surrogates_raise_nothing_anywhere(workspace, tmp_path):
    """Printed, raised or returned by an answer, they stand as escapes in text, HTML, the progress file and exports."""
    from softmoe_edu.teaching import check, progress
    from softmoe_edu.teaching.exports import files

    class Odd(Exception):
        pass

    def prints(logits):
        print("one \ud83d")
        raise Odd("two \ude00")

    report = check("dispatch-weights", prints)
    for text in (str(report), report._repr_html_(), report.printed, str(report.lines)):
        text.encode()
    assert "one \\ud83d" in report.printed and "two \\ude00" in str(report)
    progress.note("check", "\ud83d", mistake="\ud83d")
    assert len((workspace / progress.FILE).read_text("utf-8").splitlines()) == 2
    files.put(tmp_path / "export", {"card.md": "\ud83d"})
    assert (tmp_path / "export" / "card.md").read_text("utf-8") == "\\ud83d"


def test_displays_of_a_notebook_are_collected(monkeypatch):
    """display() in an answer writes its text with the prints, so that an endless one floods no notebook."""
    display = pytest.importorskip("IPython.display").display
    from IPython.core.interactiveshell import InteractiveShell

    had, shown = InteractiveShell.initialized(), []
    shell = InteractiveShell.instance()
    monkeypatch.setattr(shell.display_pub, "publish", lambda *args, **options: shown.append(args))
    try:
        with isolated(20) as printed:
            display({"a": 1})
    finally:
        if not had:
            InteractiveShell.clear_instance()

    assert (printed.text, shown) == ("{'a': 1}", [])


def test_a_long_print_is_told_by_its_number_of_lines():
    """The report shows the first line and counts all of them, also those that were not kept."""

    def dispatch_weights(logits):
        for number in range(5000):
            print("line", number)
        return logits.softmax(1)

    report = examine(DISPATCH, dispatch_weights)

    first, lines = dict(report.lines)["Printed"].split(" ... ")
    assert first == "line 0"
    assert int(lines.strip("()").split()[0]) % 5000 == 0
    assert json.dumps(report.printed) and isinstance(io.StringIO(report.printed).read(), str)
