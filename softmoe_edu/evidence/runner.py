"""Run claims: one thread a run, and every result is on the disk before the next one counts."""

import sys
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from softmoe_edu.evidence.catalogue import find_claim
from softmoe_edu.evidence.claim import Figures, Result, Settings
from softmoe_edu.evidence.cluster.calls import Call, RunsLost, Send
from softmoe_edu.evidence.cluster.on_joblib import through_joblib
from softmoe_edu.evidence.records import (
    Record,
    RecordError,
    here,
    making,
    only_writer,
    read_record,
    same_making,
    write_record,
)
from softmoe_edu.files import StrPath
from softmoe_edu.shapes import check_at_least

LOSSES = 3
"""How often in a row runs may be lost before the claim gives up."""

_ALONE = threading.Lock()
"""Held by the run of a process: a backend may have threads, and runs draw from PyTorch's global generator."""


def run_claim(
    name: str,
    folder: StrPath,
    *,
    workers: int = 1,
    device: str = "cpu",
    smoke: bool = False,
    fresh: bool = False,
    progress: bool = True,
    send: Send | None = None,
) -> Record:
    """Run what a claim's record still lacks, and return the whole record.

    Runs go through joblib: processes on this machine, or whatever `joblib.parallel_config` around the call says, such
    as a Dask cluster; or to where `send` takes them. Workers must all be alike. Each run computes with one thread and
    alone in its process, so that its figures do not depend on how many run at once. The record is written after every
    run; interrupted, the call goes on from there the next time. A run that is lost with its worker is sent again.

    Args:
        name: the claim's id, such as "model-sizes".
        folder: where the record lies, as `NAME.json`.
        workers: runs at the same time. A claim whose figures are times runs here and alone, whatever this says.
        device: where PyTorch computes.
        smoke: the short runs; their record is `NAME.smoke.json`.
        fresh: begin again, whatever the record holds.
        progress: whether to show a bar with the time left.
        send: where runs go, see `softmoe_edu.evidence.cluster`; None for joblib.

    Returns:
        The record, complete.

    Raises:
        KeyError: there is no such claim.
        RecordError: the record is damaged, does not match the claim, or was begun with other versions or elsewhere;
            two workers of a cluster differ in these; or another command is at work on it.
        RunsLost: workers ended LOSSES times in a row, and no run came to its end in between.
    """
    claim, path = find_claim(name), record_path(folder, name, smoke)
    send = send or through_joblib(check_at_least("workers", workers))
    if claim.timed:
        send = through_joblib(1, backend="sequential")
    with only_writer(path):
        # Runs may happen on another machine: what describes it is asked for there, as one more run.
        (made,) = _answers([partial(here, device)], send)
        record = Record(name, smoke, made)
        if path.exists() and not fresh:
            found = read_record(path, name)
            missing = found.missing(claim)
            differ = same_making(found.made, record.made)
            if missing and differ:
                raise RecordError(
                    f"the record of {name!r} was begun with another {' and '.join(differ)}, so its runs could not be "
                    "compared: go on where it was begun, or run the claim with --fresh"
                )
            record = found
        while todo := record.missing(claim):  # again, because further runs may follow from these
            runs = [partial(_run, name, each, device) for each in todo]
            with (
                tqdm(total=len(todo), desc=name, disable=not progress) as bar,
                closing(_answers(runs, send)) as answers,
            ):
                for result, made in answers:
                    if differ := same_making(made, record.made):
                        raise RecordError(
                            f"a worker has another {' and '.join(differ)} than the record of {name!r}, so its runs "
                            "could not be compared: let all workers be alike"
                        )
                    record = replace(record, results=(*record.results, result))
                    write_record(path, record)
                    bar.update()
            wanted = record.wanted(claim)
            in_order = sorted(record.results, key=lambda each: wanted.index(dict(each.settings)))
            record = replace(record, results=tuple(in_order))
            write_record(path, record)
        return record


def record_path(folder: StrPath, name: str, smoke: bool = False) -> Path:
    """Return the file that holds the record of a claim in a folder."""
    return Path(folder) / f"{name}{'.smoke' if smoke else ''}.json"


def run_once(name: str, settings: Settings, device: str) -> Result:
    """Do one run of a claim, here and now, with one thread and alone in this process."""
    with _ALONE, one_thread():
        began = time.perf_counter()
        figures: Figures = find_claim(name).measure(settings, device)
        return Result(dict(settings), figures, round(time.perf_counter() - began, 3))


@contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch compute with one thread in the block: sums of another number differ in the last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _answers(calls: Sequence[Call], send: Send) -> Generator[Any]:
    """Yield the answer of each call once, as it comes; what is lost on the way is sent again."""
    left, losses = dict(enumerate(calls)), 0
    while left:
        numbered = [partial(_numbered, number, call) for number, call in left.items()]
        try:
            with closing(send(numbered)) as answers:
                for number, answer in answers:
                    del left[number]
                    losses = 0
                    yield answer
        except RunsLost as error:
            losses += 1
            if losses == LOSSES:
                raise RunsLost(
                    f"{error}. That is {LOSSES} times in a row: see whether a run needs more memory or time than it "
                    "has there. What was measured is kept"
                ) from error
            tqdm.write(f"{error}; sent again.", file=sys.stderr)


def _numbered(number: int, call: Call) -> tuple[int, Any]:
    return number, call()


def _run(name: str, settings: Settings, device: str) -> tuple[Result, Mapping[str, Any]]:
    """Do one run, and say where and with what."""
    return run_once(name, settings, device), making(device)
