"""The commands for teachers, and what happens when nobody reads on."""

import json
import subprocess
import sys

import pytest

from softmoe_edu import cli


def test_report_sums_up_files_without_names(tmp_path, capsys):
    """Two learners' files give counts; neither file's name is printed."""
    for name, mistake in (("ada", "swapped-axes"), ("bob", "swapped-axes")):
        event = {"version": 1, "time": "2026-01-01T00:00:00+00:00", "kind": "check", "id": "soft-moe"}
        event |= {"status": "failed", "mistake": mistake, "property": "the example by hand", "attempt": 1}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(event) + "\n")

    cli.main(["report", str(tmp_path / "ada.jsonl"), str(tmp_path / "bob.jsonl")])

    out = capsys.readouterr().out
    assert "swapped-axes" in out and "soft-moe" in out
    assert "ada" not in out and "bob" not in out


def test_a_hand_in_becomes_a_page_and_tables(tmp_path, capsys):
    """`hand-in` in a workspace writes what `report --page --csv` reads; a name that is not there ends with status 1."""
    (tmp_path / "lab" / ".softmoe").mkdir(parents=True)
    event = {"version": 1, "time": "2026-01-01T00:00:00+00:00", "kind": "check", "id": "soft-moe", "status": "passed"}
    (tmp_path / "lab" / ".softmoe" / "progress.jsonl").write_text(json.dumps(event) + "\n")

    cli.main(["hand-in", str(tmp_path / "lab"), "--out", str(tmp_path / "mine.jsonl")])
    command = ["report", str(tmp_path / "mine.jsonl"), "--page", str(tmp_path / "a.html"), "--csv", str(tmp_path)]
    cli.main(command)
    assert (
        "soft-moe" in (tmp_path / "a.html").read_text() and "soft-moe,1,1" in (tmp_path / "exercises.csv").read_text()
    )

    with pytest.raises(SystemExit, match=r"gone\.zip: not found"):
        cli.main(["report", str(tmp_path / "mine.jsonl"), str(tmp_path / "gone.zip")])


def test_bench_of_an_installed_package_says_where_the_benchmark_is(monkeypatch, tmp_path):
    """Without a checkout there is a sentence, and no traceback."""
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "softmoe_edu" / "cli.py"))

    with pytest.raises(SystemExit, match="belongs to the repository"):
        cli.main(["bench"])


@pytest.mark.slow
def test_bench_hands_its_arguments_on():
    """`softmoe-edu bench --only nothing` is answered by the benchmark's own sentence."""
    run = subprocess.run(
        [sys.executable, "-m", "softmoe_edu.cli", "bench", "--only", "nothing"], capture_output=True, text=True
    )

    assert run.returncode == 2 and "--only must name sections" in run.stderr


def test_an_unknown_argument_of_another_command_is_refused(capsys):
    """Only bench takes arguments that the command line does not know."""
    with pytest.raises(SystemExit):
        cli.main(["cost", "--colour"])
    assert "unrecognized arguments: --colour" in capsys.readouterr().err


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_error():
    """`softmoe-edu cost | head -1` ends quietly."""
    command = f"{sys.executable} -m softmoe_edu.cli cost | head -1"
    run = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True)

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("model")
