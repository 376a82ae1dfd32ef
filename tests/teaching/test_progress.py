import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from softmoe_edu.teaching import progress


def python(code, **options):
    """Run code in a process of its own, with progress and sys imported."""
    head = "import sys\nfrom softmoe_edu.teaching import progress\n"
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", head + code], env=env, **pipes, **options)


def ids():
    return [event["id"] for event in progress.events()]


def test_an_event_is_one_readable_line(workspace):
    """A line holds version, a UTC time of now, kind, id and the data, in this order."""
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    progress.note("check", "soft-moe", status="failed", mistake=None, attempt=3)

    (line,) = (workspace / progress.FILE).read_text("utf-8").splitlines()
    event = json.loads(line)
    assert list(event) == ["version", "time", "kind", "id", "status", "mistake", "attempt"]
    assert (event["version"], event["kind"], event["id"], event["attempt"]) == (1, "check", "soft-moe", 3)
    assert before <= datetime.fromisoformat(event["time"]) <= datetime.now(UTC)


def test_events_are_found_by_kind_and_id_after_a_restart(workspace, new_session):
    """What was noted is found by a new session, in its order, by kind, by id and by both."""
    for kind, id in (("check", "a"), ("hint", "a"), ("check", "b"), ("check", "a")):
        progress.note(kind, id)
    new_session()

    assert ids() == ["a", "a", "b", "a"]
    assert [event["kind"] for event in progress.events(id="a")] == ["check", "hint", "check"]
    assert [event["id"] for event in progress.events("check")] == ["a", "b", "a"]
    assert progress.attempts("check", "a") == 2
    assert progress.attempts("check", "c") == 0


def test_the_nearest_workspace_upwards_counts(workspace, monkeypatch):
    """A workspace inside another one has a file of its own."""
    inner = workspace / "lessons" / "mine"
    (inner / ".softmoe").mkdir(parents=True)
    monkeypatch.chdir(inner)
    progress.note("check", "inner")

    assert (inner / progress.FILE).exists()
    assert not (workspace / progress.FILE).exists()


def test_a_notebook_that_goes_elsewhere_keeps_its_workspace(workspace, tmp_path_factory, monkeypatch, capfd):
    """After %cd out of the workspace attempts go on, a locked answer stays, and every event is in the file."""
    from softmoe_edu.teaching.discovery import asked
    from softmoe_edu.teaching.predict.prediction import Prediction

    question = asked()[0]
    progress.note("check", "a")
    Prediction(question).lock(question.choices[0] if question.choices else 1, 90)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    progress.note("check", "a")

    assert progress.attempts("check", "a") == 2
    assert Prediction(question).locked
    assert len((workspace / progress.FILE).read_text("utf-8").splitlines()) == 3
    assert capfd.readouterr().out == ""


@pytest.mark.slow
def test_a_cell_may_go_elsewhere_before_the_first_event(workspace, tmp_path_factory):
    """The workspace is known from the import on, and a kernel's from its start, whatever the first cell does."""
    elsewhere = str(tmp_path_factory.mktemp("elsewhere"))
    first = f"import os\nos.chdir({elsewhere!r})\nprogress.note('check', 'imported first')"
    out, err = python(first, cwd=workspace / "lessons").communicate()
    assert (out, err) == ("", "")

    shell = "import IPython, types\nIPython.get_ipython = lambda: types.SimpleNamespace(starting_dir=START)\n"
    code = f"START = {str(workspace / 'lessons')!r}\n{shell}progress.note('check', 'kernel')"
    out, err = python(code, cwd=elsewhere).communicate()
    assert (out, err) == ("", "")
    assert ids() == ["imported first", "kernel"]


def test_a_workspace_that_is_gone_is_known_no_longer(workspace, tmp_path_factory, monkeypatch, capfd):
    """Where .softmoe was deleted and the notebook is elsewhere, events are kept for the session, which is said."""
    progress.note("check", "a")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    if progress._upwards(Path.cwd()):
        pytest.skip("a folder above the temporary one is a workspace")
    (workspace / ".softmoe").rename(workspace / "gone")
    progress.note("check", "b")

    assert ids() == ["b"]
    assert "for this session only" in capfd.readouterr().out


def test_an_answer_that_goes_elsewhere_loses_no_event(workspace):
    """os.chdir inside an answer: the check's own event stands in the file."""
    from softmoe_edu.teaching import check

    def dispatch_weights(logits):
        os.chdir("/")
        return logits.softmax(1)

    check("dispatch-weights", dispatch_weights)

    assert len((workspace / progress.FILE).read_text("utf-8").splitlines()) == 1
    assert Path.cwd() == workspace / "lessons"


def test_without_a_workspace_the_session_remembers_and_says_so_once(tmp_path, monkeypatch, new_session, capfd):
    """No folder is made; events are kept in memory; one sentence is printed for two events."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(progress.SWITCH, raising=False)
    if progress.workspace():
        pytest.skip("a folder above the temporary one is a workspace")
    progress.note("check", "a")
    progress.note("check", "a")

    assert list(tmp_path.iterdir()) == []
    assert progress.attempts("check", "a") == 2
    out, err = capfd.readouterr()
    assert out.count("for this session only") == 1
    assert err == ""


def test_progress_can_be_switched_off(workspace, monkeypatch, capfd):
    """With SOFTMOE_PROGRESS=off no file is read or written and nothing is said; the session still remembers."""
    progress.note("check", "a")
    size = (workspace / progress.FILE).stat().st_size
    monkeypatch.setenv(progress.SWITCH, "off")
    progress.note("check", "b")

    assert ids() == ["b"]
    assert (workspace / progress.FILE).stat().st_size == size
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_processes_that_write_at_once_lose_nothing(workspace):
    """Two kernels write while a third finds damage and repairs it: every event is there, each kernel's in its order."""
    code = "for i in range(200): progress.note('check', {!r}, number=i, text='x' * 3000)"
    writers = [python(code.format(name)) for name in "ab"]
    mended = 0
    while any(writer.poll() is None for writer in writers):
        with (workspace / progress.FILE).open("ab") as file:
            file.write(b"damaged\n")
        mended += len(progress.events()) > 0
        time.sleep(0.02)

    assert [writer.communicate() for writer in writers] == [("", "")] * 2
    assert mended > 3
    for name in "ab":
        assert [event["number"] for event in progress.events("check", name)] == list(range(200))


@pytest.mark.slow
def test_a_lock_that_stays_taken_keeps_the_event_in_memory(workspace, monkeypatch, capfd):
    """Another process holds the lock: the event is kept for the session, and a sentence says why."""
    lock = progress._lock(workspace / progress.FILE).lock_file
    code = f"held = progress.FileLock({str(lock)!r})\nheld.acquire()\nprint('held', flush=True)\nsys.stdin.read()"
    holder = python(code, stdin=subprocess.PIPE)
    assert holder.stdout.readline() == "held\n"
    monkeypatch.setattr(progress, "_lock", lambda path: progress.FileLock(lock, timeout=0.05))
    progress.note("check", "a")
    holder.communicate()

    assert not (workspace / progress.FILE).exists()
    assert ids() == ["a"]
    assert "for this session only" in capfd.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="folders have no such permissions")
def test_a_folder_that_cannot_be_written_costs_a_sentence_and_nothing_else():
    """In a read-only workspace earlier events count, new ones live in memory, and one sentence is printed."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        hidden = Path(name) / ".softmoe"
        hidden.mkdir()
        line = {"version": 1, "time": "2026-01-01T00:00:00.000+00:00", "kind": "check", "id": "old"}
        (hidden / "progress.jsonl").write_text(json.dumps(line) + "\ndamaged\n")
        hidden.chmod(0o555)
        # root may write anywhere, and nobody may not read Python's modules: all are loaded before
        code = "import os\nprogress.parse(b'{}')\nos.geteuid() or os.setuid(65534)\n"
        code += "for id in 'ab': progress.note('check', id)\nprint([event['id'] for event in progress.events()])"
        out, err = python(code, cwd=name).communicate()
        hidden.chmod(0o755)
        assert [path.name for path in hidden.iterdir()] == ["progress.jsonl"]

    assert err == ""
    said, mending, events = out.splitlines()
    assert "for this session only" in said
    assert "cannot be written" in said
    assert "repairing it failed" in mending
    assert events == "['old', 'a', 'b']"


@pytest.mark.slow
def test_importing_progress_and_predictions_is_light():
    """Neither module loads matplotlib, ipywidgets, anywidget or IPython."""
    code = "from softmoe_edu.teaching.predict import asking, calibration\nprint(sorted(sys.modules))"
    out, err = python(code).communicate()

    assert err == ""
    assert "softmoe_edu.teaching.predict.asking" in out
    for name in ("matplotlib", "ipywidgets", "anywidget", "IPython"):
        assert f"'{name}'" not in out
