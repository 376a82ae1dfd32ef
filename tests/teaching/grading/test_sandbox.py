"""What an answer tries to do besides answering fails, costs its own points, and no others."""

import os
import sys
import time
from pathlib import Path

import pytest
from gradekit import DISPATCH, LESSON, marked, solved, source

from softmoe_edu.teaching.check.isolation.isolated import TimeUp
from softmoe_edu.teaching.grading import sandbox as module
from softmoe_edu.teaching.grading.judge import graded
from softmoe_edu.teaching.grading.notebook import Notebook
from softmoe_edu.teaching.grading.suspicion import suspicions

RIGHT = DISPATCH.solution
BODY = RIGHT[len(DISPATCH.stub) - len("raise NotImplementedError") :].strip()
linux = pytest.mark.skipif(sys.platform != "linux", reason="name spaces and Landlock are Linux's")


def answer(before):
    """Return the right answer, after these lines in its function."""
    head = DISPATCH.stub.splitlines()[:-1]
    return "\n".join([*head, *(f"    {line}" for line in source(before).splitlines()), f"    {BODY}"])


@linux
@pytest.mark.slow
def test_nothing_is_missing_here():
    """As root, and where name spaces are open to users, an answer reaches neither network nor files nor you."""
    lacking = module.missing()
    if os.geteuid() != 0 and lacking:
        pytest.skip(f"this system isolates less: {lacking}")
    assert lacking == []


@pytest.mark.slow
def test_what_is_not_isolated_is_said(monkeypatch):
    """Without name spaces, another user and Landlock, each thing that an answer can do then has its sentence."""
    real = module.wanted_of

    def open_wide(folder, **settings):
        return real(folder, **settings) | {"uid": 0, "open": True}

    monkeypatch.setattr(module, "wanted_of", open_wide)
    lacking = module.missing()
    assert [words.partition(":")[0] for words in lacking] == [
        "the network",
        "your files",
        "your files",
        "your processes",
    ]


@linux
@pytest.mark.slow
def test_files_of_others(sandbox, tmp_path):
    """Neither another submission nor a gradebook beside it can be read or written, nor anything outside the folder."""
    tmp_path.chmod(0o777)
    other = tmp_path / "other.ipynb"
    other.write_text("secret")
    other.chmod(0o666)
    code = answer(
        f"""
        import pathlib
        try:
            stolen = pathlib.Path({str(other)!r}).read_text()
        except OSError:
            stolen = ""
        try:
            pathlib.Path({str(other)!r}).write_text("rewritten")
            pathlib.Path({str(tmp_path / "new")!r}).write_text("made")
        except OSError:
            pass
        if stolen:
            raise ValueError(stolen)
        """
    )
    mark, acts = marked(sandbox, "dispatch-weights", code)
    assert mark.status == "passed" and other.read_text() == "secret" and not (tmp_path / "new").exists()
    assert any(str(other) in act for act in acts)


@linux
@pytest.mark.slow
def test_the_network_and_other_processes(sandbox):
    """Connecting, and ending the process that grades, both fail."""
    code = answer(
        f"""
        import os, signal, socket
        for reach in (lambda: socket.create_connection(("127.0.0.1", 22), 1), lambda: os.kill({os.getpid()}, 9)):
            try:
                reach()
            except OSError:
                continue
            raise ValueError("reached")
        """
    )
    mark, acts = marked(sandbox, "dispatch-weights", code)
    assert mark.status == "passed" and {"socket.connect", "os.kill"} <= set(acts)


@pytest.mark.slow
def test_an_endless_loop_a_flood_and_an_exit(sandbox):
    """Each is stopped from inside and told apart, and the process goes on to the next exercise."""
    start = time.monotonic()
    loop, _ = marked(sandbox, "dispatch-weights", answer("while True:\n    pass"), seconds=2.0)
    assert dict(loop.said)["Got"].startswith("it was stopped after") and time.monotonic() - start < 10
    leaves, _ = marked(sandbox, "dispatch-weights", answer("import os\nos._exit(0)"))
    assert "it exits the program" in dict(leaves.said)["Got"]
    flood, _ = marked(sandbox, "dispatch-weights", answer("for _ in range(20):\n    print('x' * 100_000)"))
    assert flood.status == "passed"
    right, _ = marked(sandbox, "dispatch-weights", RIGHT)
    assert right.status == "passed" and not sandbox.link.broken


@pytest.mark.slow
@pytest.mark.parametrize("needs", ["K = exit()", "K = sum(0 for _ in iter(int, 1))", "K = 1 / 0"])
def test_what_an_answer_needs_cannot_be_run(needs, sandbox):
    """A constant that leaves, never ends or fails makes the exercise a crash or a failure; the process goes on."""
    code = f"{needs}\n" + answer("K")
    mark, _ = marked(sandbox, "dispatch-weights", code, seconds=2.0)
    assert mark.status in ("crashed", "failed") and mark.points == 0 and not sandbox.link.broken
    assert any(word in str(mark.said) for word in ("exits", "stopped", "NameError"))
    right, _ = marked(sandbox, "dispatch-weights", RIGHT)
    assert right.status == "passed"


@pytest.mark.slow
def test_time_that_ends_between_two_calls(sandbox):
    """Wherever the time of an answer ends, the link stays in step: in a call, between calls, in a call back."""
    for _ in range(4):
        begin = {"do": "begin", "exercise": "dispatch-weights", "name": "f", "seconds": 0.3}
        found, numbers = sandbox.link.ask(begin | {"statements": ["def f(g):\n    return g(1) if g else 2"]})
        f = sandbox.link._in(found["function"], numbers, [])
        with pytest.raises(TimeUp):
            while True:
                f(None)
                f(lambda one: one)
        with pytest.raises(TimeUp):
            f(None)
        over, _ = sandbox.link.ask({"do": "end"})
        assert over["do"] == "ended" and not sandbox.link.broken
        sandbox.link.forget()


@pytest.mark.slow
def test_memory_and_files_are_bounded(sandbox):
    """Asking for 40 GB, and writing 1 GB, raise an error in the answer; the process goes on."""
    hog, _ = marked(sandbox, "dispatch-weights", answer("torch.ones(5_000_000_000)"))
    assert hog.status == "failed" and "memory" in dict(hog.said)["Got"]
    code = "with open('big', 'wb') as file:\n    for _ in range(1000):\n        file.write(bytes(1 << 20))"
    writes, _ = marked(sandbox, "dispatch-weights", answer(code))
    assert writes.status == "failed" and "OSError" in dict(writes.said)["Got"]
    right, _ = marked(sandbox, "dispatch-weights", RIGHT)
    assert right.status == "passed"


@linux
@pytest.mark.slow
def test_a_fork_bomb_and_a_copy_that_stays(own_sandbox, tmp_path):
    """Processes are bounded in number, and all of them end with the sandbox, also one with a session of its own."""
    bomb = answer(
        """
        import os, time
        if not os.path.exists("stays"):
            open("stays", "w").close()
            if os.fork() == 0:
                os.setsid()
                time.sleep(600)
            started = 0
            for _ in range(500):
                try:
                    if os.fork() == 0:
                        time.sleep(600)
                    started += 1
                except OSError:
                    break
            assert started < 100, started
        """
    )
    mark, acts = marked(own_sandbox, "dispatch-weights", bomb)
    assert mark.status == "passed" and "os.fork" in acts
    uid = module.UIDS + 7
    assert _processes(uid) if os.geteuid() == 0 else True
    own_sandbox.close()
    limit = time.monotonic() + 20  # the pipe is closed a moment before a process is gone
    while _processes(uid) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not _processes(uid)


def _processes(uid):
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if (
                folder.name.isdigit()
                and folder.stat().st_uid == uid
                and "State:\tZ" not in (folder / "status").read_text()
            ):
                found.append(folder.name)
        except OSError:
            continue
    return found


@pytest.mark.slow
def test_a_process_that_dies_costs_one_exercise():
    """An exercise that crashes in C has no points and says so; the others of the notebook have theirs."""
    dies = answer("import ctypes\nctypes.string_at(0)")
    result = graded(Notebook((dies, *solved("dispatch-weights"))), LESSON)
    crashed, *others = result.marks
    assert (crashed.status, crashed.points) == ("crashed", 0) and "SIGSEGV" in dict(crashed.said)["Got"]
    assert [mark.status for mark in others] == ["passed"] * 4
    assert "imports ctypes" in result.suspicious


HANG = """
import ctypes
library, lock = ctypes.PyDLL(None), ctypes.create_string_buffer(128)
library.pthread_mutex_init(lock, None)
library.pthread_mutex_lock(lock)
library.pthread_mutex_lock(lock)
"""


@linux
@pytest.mark.slow
def test_a_call_into_c_that_never_ends(own_sandbox):
    """What no signal reaches from inside is ended from outside, a few seconds after its time."""
    start = time.monotonic()
    mark, _ = marked(own_sandbox, "dispatch-weights", answer(HANG), seconds=1.0)
    assert mark.status in ("crashed", "failed") and mark.points == 0 and time.monotonic() - start < 20
    assert own_sandbox.link.broken


@pytest.mark.slow
def test_patched_checks_gain_nothing(sandbox):
    """A check that is rewritten in the process of the answer changes no points."""
    patched = answer(
        """
        import softmoe_edu.teaching.check.report as report
        import softmoe_edu.teaching.check.diagnosis as diagnosis
        report.Report.points = lambda self, maximum=1: 100
        diagnosis.equal = lambda *args: True
        return logits
        """
    )
    mark, _ = marked(sandbox, "dispatch-weights", patched)
    assert mark.status == "failed" and mark.points <= 1
    cells = ["import softmoe_edu.teaching.check.report as r\nr.Report.points = lambda self, m=1: m", patched]
    signs = suspicions(cells)
    assert "changes r.Report.points" in signs and "changes report.Report.points" in signs


@pytest.mark.slow
@pytest.mark.parametrize(
    "speaks",
    [
        "os.write(out, b'nonsense')",
        "os.write(out, len(head).to_bytes(8, 'little') + head)",
    ],
)
def test_an_answer_that_takes_the_pipe(speaks):
    """Whatever is sent in the link's place is no point: the exercise has crashed, and the grader goes on."""
    code = answer(
        f"""
        import os
        head = b'{{"message": {{"do": "return", "value": {{"tensor": 3}}}}, "sizes": []}}'
        for out in range(3, 40):
            try:
                {speaks}
            except OSError:
                pass
        """
    )
    with module.Sandbox(seconds=20) as one:
        mark, _ = marked(one, "dispatch-weights", code)
        assert (mark.status, mark.points) == ("crashed", 0) and one.link.broken


def test_signs_in_the_text():
    """What has no place in an answer is named, and what the lesson itself does is not."""
    cells = [
        "from os import fork\nimport subprocess",
        "open('../../../gradebook.db')",
        "import sys\nsys._getframe(1).f_globals",
        "import softmoe_edu\nsetattr(softmoe_edu.teaching, 'check', print)",
    ]
    signs = suspicions(cells)
    expected = ["uses os.fork", "imports subprocess", "mentions gradebook", "uses sys._getframe", "uses f_globals"]
    assert set(expected) <= set(signs) and "changes softmoe_edu.teaching" in signs
    harmless = ["import os\nos.environ['OMP'] = '1'", "def check(layer):\n    return True", "import otter, inspect"]
    assert suspicions([*harmless, "from softmoe_edu.teaching import check, hint"]) == []
    assert suspicions(cells, handed_out=cells) == []
    handed_out = [cell.source for cell in LESSON.notebook.cells if cell.cell_type == "code"]
    assert suspicions([*handed_out, *solved()], handed_out) == []
