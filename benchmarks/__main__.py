"""The command: choose sections, measure, print the table, write record and figure."""

import argparse
import math
import time
from pathlib import Path

import torch

from benchmarks import figure, record, report
from benchmarks.case import Case
from benchmarks.run import ROOT, run
from benchmarks.sections import SECTIONS, cases
from benchmarks.settings import Settings

START_S = 3  # a case's process: loading torch, building layers


def parse(argv: list[str] | None = None) -> tuple[Settings, Path]:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", default=",".join(SECTIONS), help=f"sections, separated by commas, from {', '.join(SECTIONS)}"
    )
    parser.add_argument("--quick", action="store_true", help="tiny sizes without goals, to check that everything runs")
    parser.add_argument("--threads", type=int, default=1, help="torch's threads; with 1, ratios are of CPU time")
    parser.add_argument("--seconds", type=float, help="of pairs for each comparison in each pass; default 2")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--default-allocator", action="store_true", help="leave the C allocator as it is, for every contender"
    )
    parser.add_argument("--output", type=Path, help="folder of record and figure; default benchmarks/records")
    options = parser.parse_args(argv)
    only = tuple(options.only.split(","))
    unknown = [name for name in only if name not in SECTIONS]
    if unknown:
        parser.error(f"--only must name sections of {', '.join(SECTIONS)}, got {', '.join(unknown)}")
    if options.threads < 1:
        parser.error(f"--threads must be at least 1, got {options.threads}")
    if options.seconds is not None and not options.seconds > 0:
        parser.error(f"--seconds must be over 0, got {options.seconds}")
    seconds = options.seconds or (0.02 if options.quick else 2.0)
    settings = Settings(
        only,
        options.device,
        options.threads,
        seconds,
        3 if options.quick else 7,
        options.quick,
        not options.default_allocator,
    )
    default = ROOT / ("build/benchmarks" if options.quick else "benchmarks/records")
    return settings, options.output or default


def main(argv: list[str] | None = None) -> None:
    """Run the benchmark; what is measured until Ctrl-C is written too."""
    settings, folder = parse(argv)
    chosen = cases(settings.only, quick=settings.quick, device=settings.device)
    taken = record.begin(settings)
    print(report.preface(taken))
    print(f"{len(chosen)} cases, {sum(len(case.rows()) for case in chosen)} rows, {estimate(chosen, settings)}\n")
    begin = time.monotonic()
    try:
        measure(chosen, settings, taken)
    except KeyboardInterrupt:
        taken["interrupted"] = True
        print("\nInterrupted: record and figure hold the rows so far.")
    taken["seconds"] = round(time.monotonic() - begin)
    print(report.summary(taken["rows"]))
    print(report.legend(taken["rows"]))
    taken["figure_text"] = figure.describe(taken)
    path = record.write(taken, folder)
    figure.draw(taken, path.with_suffix(".svg"))
    print(f"\nRecord {path}\nFigure {path.with_suffix('.svg')}")


def measure(chosen: list[Case], settings: Settings, taken: dict) -> None:
    """Measure the cases, printing each row when it is there, and put the rows into the record."""

    def tell(row: dict) -> None:
        print(report.line(row), flush=True)
        taken["rows"].append(row)

    before = {"section": None}
    print(report.HEAD, flush=True)
    for number, case in enumerate(chosen):
        heading = {"section": case.section, "case": case.name}
        if before["section"] != case.section:
            print(report.section(heading))
        print(report.case(heading), flush=True)
        taken["process"] = run(case, number, settings, tell) or taken["process"]
        before = heading


def estimate(chosen: list[Case], settings: Settings) -> str:
    """Estimate in words how long it takes: slow contenders need more than their seconds."""
    rows = sum(len(case.rows()) for case in chosen)
    seconds = START_S * len(chosen) + rows * (settings.seconds if settings.quick else 3 * settings.seconds)
    return f"about {math.ceil(seconds / 60)} min"


if __name__ == "__main__":
    main()
