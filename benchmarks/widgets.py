"""How fast widgets answer and how smoothly a flow moves, in a saved page and in JupyterLab, and what memory they keep.

`python -m benchmarks.widgets` from a checkout; needs playwright and Chromium.
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import browser as driver
from benchmarks.record import device_name
from benchmarks.run import ROOT
from benchmarks.widget_cases import CASES, TINY, Case, FlowCase, RunsCase

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PACKAGES = ("softmoe-edu", "torch", "anywidget", "ipywidgets", "jupyterlab", "playwright")
HEAD = f"{'':30}{'median':>10}{'p95':>10}   {'goal':<18}verdict"

OPENING_GOAL = {"median": 1000, "p95": 1000}


@dataclass(frozen=True)
class Settings:
    """How many inputs are timed, how many loads, and how many slider steps the heap is watched for."""

    quick: bool = False
    only: str = ""
    jupyterlab: bool = False
    steps: int = 40
    warm: int = 5
    loads: int = 5
    frames: int = 720
    heap_steps: int = 1000
    heap_warm: int = 500


QUICK = {"quick": True, "steps": 3, "warm": 1, "loads": 2, "frames": 30, "heap_steps": 5, "heap_warm": 1}


def row(place: str, case: str, measure: str, values: list[float], unit: str, goal: dict | None) -> dict:
    """Make a row of what was measured: median, 95th percentile and whether both reach the goal."""
    p95 = statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
    median = statistics.median(values)
    met = goal and median <= goal["median"] and p95 <= goal["p95"]
    verdict = "no goal" if goal is None else "met" if met else "missed"
    facts = {"place": place, "case": case, "measure": measure, "unit": unit, "count": len(values)}
    return facts | {"median": median, "p95": p95, "goal": goal, "verdict": verdict}


def measure(browser: "Browser", settings: Settings) -> Iterator[dict]:
    """Measure every case in every place and yield its rows."""
    cases = [case for case in (TINY if settings.quick else CASES) if settings.only in case.name]
    if not cases:
        names = "; ".join(case.name for case in CASES)
        raise RuntimeError(f"no case has {settings.only!r} in its name: choose from {names}")
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            names = {}
            exec(case.source(), names)
            saved = names["widget"].save_html(Path(folder) / "widget.html")
            goal = None if settings.quick else OPENING_GOAL
            loads = driver.opening(browser, saved, case.root, settings.loads)
            yield row("saved page", case.name, "opening", loads, "ms", goal) | {"bytes": saved.stat().st_size}
            with driver.open_saved(browser, saved, case.root) as page:
                yield from _inputs(page, "saved page", case, settings)
        if settings.jupyterlab:
            with driver.open_in_jupyterlab(browser, case.source(), case.root) as page:
                yield from _inputs(page, "JupyterLab", case, settings)


def _inputs(page: "Page", place: str, case: Case | FlowCase | RunsCase, settings: Settings) -> Iterator[dict]:
    if case.frame:
        times = driver.frame_times(page, case.root, settings.frames)
        yield row(place, case.name, "frame", times, "ms", None if settings.quick else case.frame)
    for action in case.actions:
        times = driver.latencies(page, case.root, action, settings.steps, settings.warm)
        yield row(place, case.name, action.name, times, "ms", case.goal)
    grown = driver.heap_growth(page, case.root, settings.heap_steps, settings.heap_warm, case.stepped)
    yield row(place, case.name, "heap growth", [grown["heap_bytes"] / 1024], "KiB", None) | grown


def line(one: dict) -> str:
    """Write one row of the table."""
    goal = one["goal"] and f"≤ {one['goal']['median']:g}, {one['goal']['p95']:g} {one['unit']}"
    said = one["verdict"].upper() if one["verdict"] == "missed" else one["verdict"]
    begins = f"    {one['measure']:<26}{one['median']:>10.1f}"
    if one["measure"] == "heap growth":
        rest = f"over {one['heap_bytes_before'] / 1024:.0f}; {one['nodes']} nodes, {one['listeners']} listeners more"
        return f"{begins} {one['unit']} {rest}"
    return f"{begins}{one['p95']:>10.1f}   {goal or '':<18}{said if goal else ''}".rstrip()


def begin(settings: Settings) -> dict:
    """Return a record without rows: machine kind, versions and settings."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "format": 1,
        "date": datetime.date.today().isoformat(),
        "machine": {
            "device": device_name("cpu"),
            "kind": "cpu",
            "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "versions": {"python": platform.python_version(), **found},
        "settings": vars(settings),
        "interrupted": False,
        "rows": [],
    }


def write(record: dict, folder: Path) -> Path:
    """Write the record under its date and machine; an earlier record of that name is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    kind = re.sub(r"[^a-z0-9]+", "-", record["machine"]["device"].lower()).strip("-")
    stem = f"{record['date']}-{kind}-widgets"
    names = (stem, *(f"{stem}-{i}" for i in range(2, 1000)))
    path = next((path for name in names if not (path := folder / f"{name}.json").exists()), None)
    if path is None:
        raise FileExistsError(f"{folder} holds 999 records of {stem}: delete some")
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def parse(argv: list[str] | None = None) -> tuple[Settings, Path]:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.widgets", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tiny size without goals, to check that everything runs")
    parser.add_argument("--jupyterlab", action="store_true", help="measure in JupyterLab too")
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only cases with this text in their name, such as 'explorer'"
    )
    parser.add_argument("--output", type=Path, help="folder of the record; default benchmarks/records")
    options = parser.parse_args(argv)
    settings = Settings(jupyterlab=options.jupyterlab, only=options.only, **(QUICK if options.quick else {}))
    return settings, options.output or ROOT / ("build/benchmarks" if options.quick else "benchmarks/records")


def preface(record: dict) -> str:
    """Describe what was measured."""
    machine, settings = record["machine"], record["settings"]
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    return "\n".join(
        [
            f"{machine['device']}, {machine['cores']} cores, {machine['system']}; {versions}",
            f"From input to paint in ms, {settings['steps']} inputs each; "
            f"heap over {settings['heap_steps']} slider steps.\n\n{HEAD}",
        ]
    )


def run(settings: Settings, taken: dict) -> None:
    """Measure, printing each row when it is there, and put the rows into the record."""
    heading = None
    with driver.chromium() as browser:
        taken["versions"]["chromium"] = browser.version
        print(preface(taken))
        for one in measure(browser, settings):
            if heading != (heading := f"  {one['case']}, {one['place']}"):
                print(heading)
            print(line(one), flush=True)
            taken["rows"].append(one)


def main(argv: list[str] | None = None) -> None:
    """Run the benchmark; what is measured until Ctrl-C or until the browser fails is written too."""
    settings, folder = parse(argv)
    taken, failure = begin(settings), None
    try:
        run(settings, taken)
    except KeyboardInterrupt:
        taken["interrupted"] = True
        print("\nInterrupted: the record holds the rows so far.")
    except RuntimeError as error:
        failure = f"benchmarks.widgets: {error}"
    if taken["rows"]:
        goals = [one["verdict"] for one in taken["rows"] if one["goal"]]
        print(f"\nGoals: {goals.count('met')} met, {goals.count('missed')} missed.\nRecord {write(taken, folder)}")
    sys.exit(failure)


if __name__ == "__main__":
    main()
