"""The gate through which every file goes that a student receives."""

import io
import json
import zipfile

from softmoe_edu import lessons
from softmoe_edu.teaching.discovery import exercises
from softmoe_edu.teaching.exports.leaks import leaks

RENAMED = """
def my_layer(tokens, slots, experts):
    '''Other words.'''
    a = torch.einsum('bnd,dep->bnep', tokens, slots)
    b = a.softmax(dim=1)
    c = a.flatten(2).softmax(dim=-1).view_as(a)
    d = torch.einsum('bnep,bnd->bepd', b, tokens)
    e = torch.stack([expert(d[:, i]) for i, expert in enumerate(experts)], dim=1)
    return torch.einsum('bnep,bepd->bnd', c, e)
"""


def test_the_leak_gate_sees_every_kind_of_leak(tmp_path):
    """A marker, one line with other spaces and quotes, a renamed solution, metadata and a zip are all seen."""
    everything = list(exercises().values())

    def found(content, name="lesson.ipynb"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return leaks(path, everything)

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as inside:
        inside.writestr("tests/q.py", "x = 1\n  # BEGIN SOLUTION NO PROMPT")
    line = "slots = torch.einsum( 'bnep,bnd->bepd',dispatch, x )"

    assert found("# BEGIN SOLUTION", "a.py") == ["a.py: a marker of a solution"]
    assert found(packed.getvalue(), "a.zip") == ["a.zip/tests/q.py: a marker of a solution"]
    assert found(json.dumps({"metadata": {"tests": [line]}}))[0].startswith("lesson.ipynb: soft-moe, the line 'slots =")
    assert "a.py: soft-moe, its whole solution" in found(RENAMED, "a.py")
    assert found(json.dumps([each.stub for each in everything])) == []


def test_lessons_of_the_wheel_hold_no_solution():
    """What the wheel carries as lessons has no line and no shape of any reference in it."""
    paths = sorted(lessons.folder().glob("*.ipynb"))

    assert paths
    assert [fault for path in paths for fault in leaks(path, exercises().values())] == []
