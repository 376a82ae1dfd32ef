"""Whatever this package prints can be printed: in any encoding, on closed streams, with any characters."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import softmoe_edu
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.say import fitting, say

pytestmark = pytest.mark.slow

PACKAGE = Path(softmoe_edu.__file__).parent


class Pipe(io.TextIOWrapper):
    """A stream that encodes, as a pipe on Windows or in a bare Linux does."""

    def __init__(self, encoding):
        super().__init__(io.BytesIO(), encoding=encoding, newline="\n")

    @property
    def text(self):
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "✓ a · b × c … “d” é \\ud83d 中"),
        ("cp1252", "OK a · b × c … “d” é \\ud83d ?"),
        ("latin-1", 'OK a · b × c ... "d" é \\ud83d ?'),
        ("ascii", 'OK a * b x c ... "d" e \\ud83d ?'),
    ],
)
def test_characters_become_plainer_where_they_must(encoding, said, monkeypatch):
    """What an encoding has stays; marks and signs become letters, accents fall off, a lone surrogate is an escape."""
    pipe = Pipe(encoding)
    monkeypatch.setattr(sys, "stdout", pipe)
    say("✓ a · b × c … “d” é \ud83d 中", 3)

    assert pipe.text == f"{said}\n3\n"


def test_streams_without_an_encoding_take_everything(monkeypatch):
    """A StringIO has none; an encoding that Python does not know is the stream's business."""
    for encoding in (None, "nonsense", 3):
        stream = type("Stream", (io.StringIO,), {"encoding": encoding})()
        monkeypatch.setattr(sys, "stdout", stream)
        assert fitting("✓ \ud83d") == "✓ \\ud83d"


def test_a_reader_who_has_gone_is_told_to_the_caller(monkeypatch):
    """A broken pipe ends a command, and is no closed stream."""

    class Broken(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Broken())
    with pytest.raises(BrokenPipeError):
        say("hello")


def test_only_one_place_prints():
    """In the teaching package nothing but say.py calls print, apart from what learners and exercises write."""
    call = re.compile(r"(?<![\w.'\"])print\(")
    found = {
        path.relative_to(PACKAGE / "teaching").as_posix()
        for path in (PACKAGE / "teaching").rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if call.search(line) and not line.lstrip().startswith(('"', "'", "f'", 'f"'))
    }

    assert found == {"say.py"}


PROGRAMS = {
    "a failed check": "print(check('dispatch-weights', lambda logits: logits))",
    "a passed check": "e = find_exercise('soft-moe'); print(check('soft-moe', from_text(e, e.solution)))",
    "a check not started": "e = find_exercise('soft-moe'); print(check('soft-moe', from_text(e, e.stub)))",
    "mistakes": "for id in ('soft-moe', 'router-gradient'):\n"
    "    for m in find_exercise(id).mistakes: print(examine(find_exercise(id), own(m.function)))",
    "use": "use('dispatch-weights', lambda logits: logits.softmax(1))",
    "hints": "for e in exercises(): [print(hint(e, level)) for level in (1, 2)]",
    "predictions": "for q in asked():\n"
    "    predict(q.id); predict(q.id, answer=q.choices[0] if q.choices else 1, confidence=90)",
    "clinics": "for n in ('01', '02', '05'): p = clinic(n); print(p); print(p.diagnose(*p.suspects))",
    "calibration": "print(calibration()); returning('05')",
    "report": "main(['report', 'class.jsonl'])",
    "export": "main(['export', 'otter', 'course'])",
    "cost": "main(['cost']); main(['cost', 'soft_moe_b16_128e']); main(['cost', 'soft_moe_b16_128e', 'vit_h14'])",
}
HEAD = """
from softmoe_edu.cli import main
from softmoe_edu.teaching import calibration, check, clinic, hint, predict, returning, use
from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.discovery import exercises, find_exercise
from softmoe_edu.teaching.kill_matrix import from_text, own
from softmoe_edu.teaching.discovery import asked
"""


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_everything_that_is_printed_gets_through_a_pipe(encoding, tmp_path):
    """Reports, hints, questions, patients and the commands for teachers raise nothing in cp1252 and ASCII."""
    event = {"version": 1, "time": "2026-01-01T00:00:00.000+00:00", "kind": "check", "id": "soft-moe"}
    event |= {"status": "failed", "mistake": None, "property": find_exercise("soft-moe").properties[0].name}
    (tmp_path / "class.jsonl").write_text(json.dumps(event) + "\n")
    body = "".join(f"print({name!r})\n{program}\n" for name, program in PROGRAMS.items())
    env = os.environ | {
        "PYTHONIOENCODING": encoding,
        "PYTHONUTF8": "0",
        "SOFTMOE_PROGRESS": "off",
        "SOFTMOE_PLAIN": "1",
    }
    done = subprocess.run([sys.executable, "-c", HEAD + body], cwd=tmp_path, env=env, capture_output=True, timeout=280)

    assert done.returncode == 0, done.stderr.decode()[-2000:]
    said = done.stdout.decode(encoding)
    assert all(f"{name}\n" in said for name in PROGRAMS)
    assert "OK soft-moe" in said and "X dispatch-weights" in said and "o soft-moe" in said
    assert f"({event['property']})" in said
