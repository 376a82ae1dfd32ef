"""How long a trace of a served model takes to be summarised, in which memory; and how long experts take to be placed.

`python -m benchmarks.traces` from a checkout: a trace of a million tokens, 16 layers and 8 of 64 experts is written in
each form, and read, counted and reported on in a process of its own. Time is wall clock and the processor's; the goal
is of the wall clock. Memory is the most that was resident.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.record import device_name, versions, write
from benchmarks.run import ROOT

DRAWN = 20
"""Groups that are drawn; the trace has them in turn."""
GOALS = {"report": {"seconds": 20, "bytes": 2**30}, "placement": {"seconds": 1, "bytes": None}}


@dataclass(frozen=True)
class Settings:
    """The sizes of the trace, and of the placement's loads."""

    quick: bool = False
    tokens: int = 1_000_000
    layers: int = 16
    top_k: int = 8
    experts: int = 64
    group: int = 1000
    placed: tuple[int, int, int] = (64, 256, 64)


QUICK = Settings(quick=True, tokens=600, layers=2, top_k=2, experts=5, group=100, placed=(3, 16, 4))


def write_traces(settings: Settings, folder: Path) -> list[Path]:
    """Write the trace as answers and as a recorder's file: drawn choices, some experts busier than others."""
    from softmoe_edu.capture import Trace, write_trace
    from softmoe_edu.capture.served import Chosen

    generator = torch.Generator().manual_seed(0)
    busy = 0.7 * torch.randn(settings.layers, settings.experts, generator=generator)
    some = []
    for _ in range(DRAWN):
        drawn = torch.rand(settings.group, settings.layers, settings.experts, generator=generator)
        scores = busy - (-drawn.log()).log()  # by the largest of these, experts are drawn without replacement
        ids = torch.randint(50_000, (settings.group,), generator=generator)
        some.append(Chosen(scores.topk(settings.top_k, -1).indices.int(), ids))

    def groups() -> Iterator[Chosen]:
        return (some[i % DRAWN] for i in range(settings.tokens // settings.group))

    trace = Trace(settings.experts, tuple(range(settings.layers)), settings.top_k, "drawn", groups)
    return [write_trace(folder / f"trace.{ending}", trace) for ending in ("jsonl", "pt")]


def report(path: Path, experts: int) -> None:
    """Read and report on a trace, in this process."""
    from softmoe_edu.capture import read_trace
    from softmoe_edu.report import routing_report

    routing_report(read_trace(path, num_experts=experts))


def place(sizes: tuple[int, int, int]) -> None:
    """Place experts on devices, with one more place on each, in this process."""
    from softmoe_edu.placement import replicate

    layers, experts, devices = sizes
    loads = torch.randn(layers, experts, generator=torch.Generator().manual_seed(0)).exp()
    replicate(loads, devices, devices)


def child(job: str) -> None:
    """Do one thing, and print what it took."""
    import resource

    settings = json.loads(job)
    if settings["what"] == "write":
        print(
            json.dumps([str(path) for path in write_traces(Settings(**settings["settings"]), Path(settings["path"]))])
        )
        return
    torch.set_num_threads(1)
    begin, clock = time.perf_counter(), time.process_time()
    if settings["what"] == "report":
        report(Path(settings["path"]), settings["experts"])
    else:
        place(tuple(settings["placed"]))
    took = {"seconds": time.perf_counter() - begin, "processor_seconds": time.process_time() - clock}
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps(took | {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}))


def ask(name: str, job: dict) -> Any:
    """Return what a process of its own says. One that is started counts the memory of the process that starts it."""
    command = [sys.executable, "-m", "benchmarks.traces", "--child", json.dumps(job)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name}: {(done.stderr.strip().splitlines() or ['it failed'])[-1]}")
    return json.loads(done.stdout)


def row(name: str, what: str, settings: Settings, **more: object) -> dict:
    """Measure one thing in a process of its own, and hold it against its goal."""
    took = ask(name, {"what": what, "experts": settings.experts, "placed": settings.placed, **more})
    goal = None if settings.quick else GOALS[what]
    met = goal and took["seconds"] <= goal["seconds"] and took["bytes"] <= (goal["bytes"] or took["bytes"])
    return {"case": name, **took, "goal": goal, "verdict": "no goal" if goal is None else "met" if met else "missed"}


def measure(settings: Settings, folder: Path) -> Iterator[dict]:
    """Measure every row."""
    sizes = f"{settings.tokens:,} tokens x {settings.layers} layers x {settings.top_k} of {settings.experts} experts"
    for path in map(Path, ask("writing", {"what": "write", "settings": asdict(settings), "path": str(folder)})):
        yield row(f"report on {sizes}, {path.suffix}", "report", settings, path=str(path))
    layers, experts, devices = settings.placed
    yield row(f"placement of {layers} layers x {experts} experts x {devices} devices", "placement", settings)


def line(one: dict) -> str:
    """Write one row of the table."""
    took = f"{one['seconds']:8.2f} s {one['processor_seconds']:8.2f} s {one['bytes'] / 2**30:8.2f} GiB"
    return f"{one['case']:<78}{took}   {one['verdict']}"


def main(argv: list[str] | None = None) -> None:
    """Run the benchmark and write its record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.traces", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tiny size without goals, to check that everything runs")
    parser.add_argument("--output", type=Path, help="folder of the record; default benchmarks/records")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.child:
        child(options.child)
        return
    settings = QUICK if options.quick else Settings()
    machine = {"device": device_name("cpu"), "kind": "cpu", "cores": os.cpu_count(),
               "system": f"{platform.system()} {platform.machine()}"}  # fmt: skip
    record = {"format": 1, "date": datetime.date.today().isoformat(), "machine": machine,
              "versions": {"python": platform.python_version(), **versions()}, "settings": asdict(settings),
              "load_average": list(os.getloadavg()), "rows": []}  # fmt: skip
    print(f"{'':<78}{'wall':>10} {'processor':>10} {'memory':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for one in measure(settings, Path(folder)):
            print(line(one), flush=True)
            record["rows"].append(one)
    output = options.output or ROOT / ("build/benchmarks" if options.quick else "benchmarks/records")
    print(f"\nRecord {write(record, output, '-traces')}")


if __name__ == "__main__":
    main()
