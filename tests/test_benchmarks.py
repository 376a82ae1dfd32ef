"""The benchmark: ratios, goals, rows of what failed, and the record. Clocks are written by hand, nothing is timed."""

import json
import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from benchmarks import __main__ as command
from benchmarks import child, figure, record, report, timing
from benchmarks.case import OURS, Case, Comparison, Work
from benchmarks.run import ROOT, row, run, verdict
from benchmarks.sections import SECTIONS, cases
from benchmarks.settings import RESIDENT, Settings, environment

QUICK = Settings(tuple(SECTIONS), seconds=1e-6, pairs=3, quick=True)


class Clock:
    """Time that passes only when a contender says so; CPU time runs at half the speed of wall time."""

    def __init__(self, monkeypatch):
        self.seconds = 0.0
        self.order = []
        clock = SimpleNamespace(process_time=lambda: self.seconds / 2, perf_counter=lambda: self.seconds)
        monkeypatch.setattr(timing, "time", clock)

    def takes(self, *seconds):
        """Return a contender whose calls take these times in turn, repeatedly."""
        calls = []

        def contender():
            self.order.append(contender)
            self.seconds += seconds[len(calls) % len(seconds)]
            calls.append(1)
            return torch.zeros(1, requires_grad=True)

        return contender


def planted(contenders, comparisons, passes=("step",)):
    """A case of contenders that are callables, or errors to raise when they are built."""

    def build(made):
        def builder(works):
            if isinstance(made, Exception):
                raise made
            return Work(made)

        return builder

    return Case("toy", "planted", (1, 2), {k: build(v) for k, v in contenders.items()}, comparisons, passes)


def measured(case, settings=QUICK):
    """Measure in this process and give the table's rows."""
    events = []
    child.measure(case, settings, events.append)
    assert sum(event["event"] == "start" for event in events) == len(case.rows())
    done = [event for event in events if event["event"] == "row"]
    return [row(case, *asked, event) for asked, event in zip(case.rows(), done, strict=True)]


def test_ratios_of_given_times():
    """Median and quartiles are those of the paired ratios, on the clock that is named."""
    times = [(2, 1), (9, 3), (8, 2), (5, 1), (6, 1)]  # ratios 2 3 4 5 6; wall the other way round
    subject, against = ([{"cpu": pair[i], "wall": pair[1 - i]} for pair in times] for i in (0, 1))

    found = timing.summarize(subject, against, clock="cpu")
    assert (found["low"], found["value"], found["high"]) == (3, 4, 5)
    assert found["subject_time"] == {"cpu_ms": 6, "wall_ms": 1}
    assert timing.summarize(subject, against, clock="wall")["value"] == 1 / 4


def test_the_clock():
    """CPU time where one thread runs on a CPU, else wall time."""
    assert [timing.clock_for("cpu", 1), timing.clock_for("cpu", 2), timing.clock_for("cuda", 1)] == [
        "cpu",
        "wall",
        "wall",
    ]


def test_contenders_take_turns(monkeypatch):
    """Both are warmed up, then pairs alternate in who is first, for the wanted seconds or number."""
    clock = Clock(monkeypatch)
    slow, fast = clock.takes(0.3), clock.takes(0.1)

    found = timing.compare(slow, fast, seconds=1.5, pairs=2)
    assert found["value"] == pytest.approx(3)
    assert found["subject_time"] == {"cpu_ms": pytest.approx(150), "wall_ms": pytest.approx(300)}
    assert clock.order == [slow] * 3 + [fast] * 3 + [slow, fast, fast, slow] * 2
    assert timing.compare(slow, fast, seconds=0.01, pairs=9, most=7)["pairs"] == 3  # 8 times as long: the fewest
    assert timing.compare(slow, fast, seconds=0.3, pairs=5)["pairs"] == 5


def test_short_calls_are_repeated(monkeypatch):
    """A sample of short calls is 5 ms long, and its time is that of one call."""
    clock = Clock(monkeypatch)
    first, second = clock.takes(1e-3), clock.takes(2e-3)

    found = timing.compare(first, second, seconds=0, pairs=3, most=3)
    assert len(clock.order) == 3 + 3 + 3 * (5 + 3)
    assert found["subject_time"]["wall_ms"] == pytest.approx(1)


def test_a_slow_contender_shows(monkeypatch):
    """A contender planted ten times slower is ten times slower in its row, misses its goal and is printed so."""
    clock = Clock(monkeypatch)
    goal = {"step": ("<=", 1.25)}
    case = planted(
        {OURS: clock.takes(1.0), "slow": clock.takes(10.0), "equal": clock.takes(1.0)},
        [Comparison("slow", OURS, goal), Comparison("equal", OURS, goal)],
    )

    slow, equal = measured(case)
    assert (slow["value"], slow["verdict"]) == (pytest.approx(10), "missed")
    assert (equal["value"], equal["verdict"]) == (pytest.approx(1), "met")
    assert report.line(slow).split() == "step slow / softmoe_edu 10.00 10.00 to 10.00 ≤ 1.25 MISSED".split()
    assert "Goals: 1 met, 1 missed, 0 not measured." in report.summary([slow, equal])


def test_goals():
    """At most and at least are held the right way round; without a value or a goal that is said."""
    assert [verdict(1.1, ("<=", 1.1)), verdict(1.2, ("<=", 1.1))] == ["met", "missed"]
    assert [verdict(2.0, (">=", 2.0)), verdict(1.9, (">=", 2.0))] == ["met", "missed"]
    assert [verdict(None, (">=", 2.0)), verdict(None, None), verdict(3.0, None)] == [
        "not measured",
        "not measured",
        "no goal",
    ]


def test_failing_contenders_are_named():
    """What cannot be imported or run keeps its row, with its name and the reason; the others are measured."""

    def broken():
        raise ValueError("no such width\nand more")

    missing = ModuleNotFoundError("No module named 'peer'")
    case = planted(
        {OURS: lambda: torch.zeros(1), "missing": missing, "broken": broken, "good": lambda: torch.zeros(1)},
        [Comparison(name, OURS, {"step": (">=", 2.0)}) for name in ("missing", "broken", "good")],
    )

    rows = measured(case)
    assert [one["reason"] for one in rows] == [
        "missing: ModuleNotFoundError: No module named 'peer'",
        "broken: ValueError: no such width",
        None,
    ]
    assert [one["verdict"] == "not measured" for one in rows] == [True, True, False]
    assert "not measured: missing: ModuleNotFoundError" in report.table(rows)
    assert "not measured, 1 rows: broken: ValueError: no such width" in report.summary(rows)


def test_a_contender_that_ends_the_process():
    """Rows measured before it stay; it and what follows say how the process ended."""
    case = planted({OURS: None, "big": None}, [Comparison("big", OURS)], passes=("forward", "training", "step"))
    lines = [
        {"event": "child", "threads": 1},
        {"event": "start", "row": 0},
        {"event": "row", "row": 0, "result": {"value": 2.0}},
        {"event": "start", "row": 1},
    ]
    script = f"import os, sys; print({chr(10).join(map(json.dumps, lines))!r}, flush=True); os.kill(os.getpid(), 9)"
    told = []

    facts = run(case, 0, QUICK, told.append, [sys.executable, "-c", script])
    assert facts == {"threads": 1}
    killed = f"the measuring process was ended by {signal.SIGKILL.name}"
    assert [one["reason"] for one in told] == [
        None,
        f"{killed} while this was measured",
        f"{killed} before this was measured",
    ]


@pytest.mark.slow
def test_the_command(tmp_path, capsys):
    """The smoke form ends with a table and a record in which every row is there, and the allocator is resident."""
    command.main(["--quick", "--only", "toy", "--output", str(tmp_path)])

    taken = json.loads(next(tmp_path.glob("*.json")).read_text(encoding="utf-8"))
    assert record.faults(taken) == []
    assert taken["process"]["allocator"] == RESIDENT
    assert taken["process"]["large_blocks_mapped"] in (False, None)
    assert taken["process"]["threads"] == 1
    assert len(taken["rows"]) == sum(len(case.rows()) for case in cases(("toy",), quick=True, device="cpu"))
    assert [one for one in taken["rows"] if one["subject"] == OURS and one["value"] is None] == []
    printed = capsys.readouterr().out
    assert report.table(taken["rows"]) in printed
    assert "C allocator: resident" in printed
    assert taken["figure_text"] in next(tmp_path.glob("*.svg")).read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_default_allocator():
    """Without the settings the child has none, whatever its parent has, and large blocks are mapped."""
    plain = environment(Settings(("toy",), resident=False), {**os.environ, **RESIDENT, "MALLOC_ARENA_MAX": "1"})
    script = "import json; from benchmarks.child import facts; print(json.dumps(facts()))"
    told = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=plain, check=True, capture_output=True)

    facts = json.loads(told.stdout)
    assert facts["allocator"] == {}
    assert facts["large_blocks_mapped"] in (True, None)


def test_faults_of_a_record():
    """A record that lacks something, or a row without value and reason, is found."""
    good = row(planted({}, []), Comparison("a", "b"), "step", {"reason": "none here"})
    begun = {**record.begin(QUICK), "rows": [good]}

    assert record.faults(begun) == []
    assert record.faults({**begun, "rows": [{**good, "reason": None}]}) == [
        "row 0 was not measured and gives no reason"
    ]
    assert record.faults({**begun, "rows": [{**good, "value": 2.0}]}) == ["row 0 has value 2.0 and is not measured"]
    del begun["machine"], good["goal"]
    assert record.faults(begun) == ["no machine", "row 0 has no goal"]


def test_records_are_not_replaced(tmp_path):
    """A second record of one day and machine gets a number; the default allocator is in the name."""
    begun = record.begin(QUICK)
    first, second = record.write(begun, tmp_path), record.write(begun, tmp_path)

    assert json.loads(first.read_text(encoding="utf-8")) == json.loads(json.dumps(begun))
    assert second.stem == f"{first.stem}-2"
    begun["settings"]["allocator"] = "default"
    assert record.write(begun, tmp_path).stem == f"{first.stem}-default-allocator"


def test_the_figure_says_what_was_missed(tmp_path):
    """Its text names the missed goal; a record without values still gives a figure."""
    case = Case("soft", "wide", (1, 2), {}, [])
    rows = [
        row(
            case,
            Comparison(OURS, "floor", {"step": ("<=", 1.1)}),
            "step",
            {"result": {"value": 1.3, "low": 1.2, "high": 1.4}},
        ),
        row(case, Comparison("gone", OURS), "step", {"reason": "not there"}),
    ]

    text = figure.draw({**record.begin(QUICK), "rows": rows}, tmp_path / "one.svg")
    assert "1 measured, 0 goals met, 1 missed." in text
    assert "Missed: wide, step, softmoe_edu over floor 1.30, goal <= 1.10." in text
    assert "0 measured" in figure.draw({**record.begin(QUICK), "rows": rows[1:]}, tmp_path / "two.svg")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--only", "soft,flying"], "--only must name sections of soft, toy, .*, got flying"),
        (["--threads", "0"], "--threads must be at least 1, got 0"),
        (["--seconds", "0"], "--seconds must be over 0, got 0"),
    ],
)
def test_mistakes_in_the_command(arguments, sentence, capsys):
    """A wrong argument is answered with what was expected and what came."""
    with pytest.raises(SystemExit):
        command.parse(arguments)
    assert re.search(sentence, capsys.readouterr().err)
