import json

import pytest

from benchmarks import traces

pytestmark = pytest.mark.slow


def test_the_command(tmp_path, capsys):
    """A quick run measures both forms and the placement in processes of their own, and writes a record."""
    traces.main(["--quick", "--output", str(tmp_path)])
    printed = capsys.readouterr().out

    (path,) = tmp_path.glob("*-traces.json")
    record = json.loads(path.read_text("utf-8"))
    assert [one["case"].partition(",")[0].split()[0] for one in record["rows"]] == ["report", "report", "placement"]
    assert all(one["seconds"] > 0 and one["bytes"] > 2**20 and one["verdict"] == "no goal" for one in record["rows"])
    assert all(one["case"] in printed for one in record["rows"])


@pytest.mark.parametrize(
    ("seconds", "size", "verdict"), [(19.9, 2**30, "met"), (20.1, 2**20, "missed"), (1, 2**30 + 1, "missed")]
)
def test_goals(monkeypatch, seconds, size, verdict):
    """A report misses its goal by its time or by its memory."""
    took = json.dumps({"seconds": seconds, "processor_seconds": 1, "bytes": size})
    done = type("Done", (), {"returncode": 0, "stdout": took})
    monkeypatch.setattr(traces.subprocess, "run", lambda *arguments, **options: done)

    assert traces.row("a", "report", traces.Settings(), path="b")["verdict"] == verdict


def test_a_failure_is_named(tmp_path):
    """What a child could not do is said in its own words."""
    with pytest.raises(RuntimeError, match=r"a: FileNotFoundError: .*missing\.jsonl"):
        traces.row("a", "report", traces.QUICK, path=str(tmp_path / "missing.jsonl"))
