"""Run each case in a process of its own, and make rows of what it tells."""

import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.case import Case, Comparison
from benchmarks.settings import Settings, environment

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 1200  # for one case
CHILD = (sys.executable, "-m", "benchmarks.child")

Tell = Callable[[dict], None]


def run(case: Case, number: int, settings: Settings, tell: Tell, command: Sequence[str] = CHILD) -> dict:
    """Measure a case, `tell` each of its rows, every one of them, and give the facts of the process."""
    job = json.dumps({"settings": asdict(settings), "case": number})
    told, facts, at = set(), {}, None
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [*command, job], cwd=ROOT, env=environment(settings), stdout=subprocess.PIPE, stderr=errors, text=True
        ) as child,
    ):
        timer = threading.Timer(LIMIT_S, child.kill)
        timer.start()
        try:
            for line in child.stdout:
                event = json.loads(line)
                if event["event"] == "child":
                    facts = {key: value for key, value in event.items() if key != "event"}
                elif event["event"] == "start":
                    at = event["row"]
                else:
                    told.add(event["row"])
                    tell(row(case, *case.rows()[event["row"]], event))
            child.wait()
        finally:
            timer.cancel()
            child.kill()
        errors.seek(0)
        last = (errors.read().strip().splitlines() or [""])[-1][:160]
    missing = ended(child.returncode, last)
    for i, asked in enumerate(case.rows()):
        if i not in told:
            where = "while this was measured" if i == at else "before this was measured"
            tell(row(case, *asked, {"reason": f"{missing} {where}"}))
    return facts


def ended(code: int, last: str) -> str:
    """Return how the process ended."""
    if code < 0:
        return f"the measuring process was ended by {signal.Signals(-code).name}"
    return f"the measuring process ended with status {code}" + (f" ({last})" if last else "")


def row(case: Case, comparison: Comparison, name: str, event: dict) -> dict:
    """Join what was asked with what came: one row of the table and of the record."""
    goal, result = comparison.goals.get(name), event.get("result", {})
    return {
        "section": case.section,
        "case": case.name,
        "pass": name,
        "subject": comparison.subject,
        "against": comparison.against,
        "measure": comparison.measure,
        "value": None,
        **result,
        "goal": None if goal is None else {"sign": goal[0], "bound": goal[1]},
        "verdict": verdict(result.get("value"), goal),
        "reason": event.get("reason"),
    }


def verdict(value: float | None, goal: tuple[str, float] | None) -> str:
    """Compare a value with its goal: met, missed, no goal, or not measured."""
    if value is None:
        return "not measured"
    if goal is None:
        return "no goal"
    sign, bound = goal
    return "met" if (value <= bound if sign == "<=" else value >= bound) else "missed"
