"""Time two contenders in turns and compare them pair by pair."""

import math
import statistics
import time
from collections.abc import Callable, Sequence

import torch

SAMPLE_MS = 5  # a sample repeats short calls until it is this long
WARM_S = 2  # a first call slower than this is warm enough
FEWEST = 3  # pairs that even the slowest contender gets
PATIENCE = 8  # times the wanted seconds, after which FEWEST pairs are enough

Sample = dict[str, float]


def time_calls(run: Callable[[], object], calls: int, device: str) -> Sample:
    """Return milliseconds per call: "cpu" of this process and "wall"; on CUDA "wall" is between two device events."""
    if device == "cuda":
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        start.record()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(calls):
        run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if device == "cuda":
        end.record()
        torch.cuda.synchronize()
        wall = start.elapsed_time(end) / 1e3
    return {"cpu": 1e3 * cpu / calls, "wall": 1e3 * wall / calls}


def clock_for(device: str, threads: int) -> str:
    """Name the clock of the ratios: CPU time with one thread, since other processes share a machine, else wall."""
    return "cpu" if device == "cpu" and threads == 1 else "wall"


def compare(
    subject: Callable[[], object],
    against: Callable[[], object],
    *,
    device: str = "cpu",
    threads: int = 1,
    seconds: float = 2.0,
    pairs: int = 7,
    most: int = 200,
    timer: Callable[[Callable[[], object], int, str], Sample] = time_calls,
) -> dict:
    """Warm both up, then time them in turns, changing which is first, and return what `summarize` says.

    Pairs are taken for `seconds`, at least `pairs` and at most `most` of them. Contenders so slow that this takes
    8 times as long get 3.
    """
    runs = (subject, against)
    calls = [_calls(run, device, timer) for run in runs]
    samples: tuple[list[Sample], list[Sample]] = ([], [])
    begin = time.perf_counter()
    while len(samples[0]) < most:
        done, spent = len(samples[0]), time.perf_counter() - begin
        if (done >= pairs and spent > seconds) or (done >= FEWEST and spent > PATIENCE * seconds):
            break
        for i in (0, 1) if done % 2 == 0 else (1, 0):
            samples[i].append(timer(runs[i], calls[i], device))
    return summarize(*samples, clock=clock_for(device, threads))


def _calls(run: Callable[[], object], device: str, timer: Callable) -> int:
    """Warm run up, and return how many calls make one sample."""
    sample = timer(run, 1, device)
    if sample["wall"] < 1e3 * WARM_S:
        timer(run, 1, device)
        sample = timer(run, 1, device)
    return max(1, math.ceil(SAMPLE_MS / max(sample["wall"], 1e-3)))


def summarize(subject: Sequence[Sample], against: Sequence[Sample], *, clock: str) -> dict:
    """Return median and quartiles of the paired ratios subject / against, and both median times in ms."""
    ratios = [a[clock] / b[clock] for a, b in zip(subject, against, strict=True)]
    low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
    times = [
        {f"{name}_ms": statistics.median(sample[name] for sample in samples) for name in ("cpu", "wall")}
        for samples in (subject, against)
    ]
    return {
        "value": median,
        "low": low,
        "high": high,
        "pairs": len(ratios),
        "clock": clock,
        "subject_time": times[0],
        "against_time": times[1],
    }
