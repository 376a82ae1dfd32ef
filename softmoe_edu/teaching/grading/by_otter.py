"""The points of one submission as Otter's tests give them: the other way to grade for `softmoe-edu grade`.

Otter runs the whole notebook as whoever grades; what is done here is to bound it and to read what it says.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from softmoe_edu import lessons as shipped
from softmoe_edu.teaching.exports.collecting import readable
from softmoe_edu.teaching.exports.lesson import LessonNotebook, Place
from softmoe_edu.teaching.exports.settling import answers, join_halves
from softmoe_edu.teaching.grading.collect import Submission
from softmoe_edu.teaching.grading.extract import Code, code_of, find
from softmoe_edu.teaching.grading.judge import Graded, Mark
from softmoe_edu.teaching.grading.suspicion import suspicions

CELL_S, SUBMISSION_S = 120, 600  # for one cell, and for all of one submission
LATE_S = 30.0  # after which a process that should have ended itself is ended
# How the process ends that runs a submission: its time was over, or its kernel ended or hung.
LATE, ENDED = 3, 4
FORM = 0.75  # of the points: right but for its form
LACKING = ["your account: Otter runs each whole notebook as you, with your files, your network and your memory"]


@dataclass(frozen=True)
class Limits:
    """Seconds for one cell and for a submission."""

    cell: int = CELL_S
    submission: int = SUBMISSION_S


LIMITS = Limits()


def autograders(dist: Path, lessons: Sequence[LessonNotebook]) -> dict[str, Path]:
    """Return the newest autograder of each lesson that `otter assign LESSON.ipynb dist/LESSON` made one for.

    Raises:
        ValueError: If there is none.
    """
    if importlib.util.find_spec("otter") is None:
        raise ValueError("Otter is not installed here: python -m pip install 'otter-grader>=6,<8'")
    found = {}
    for lesson in lessons:
        folders = (dist / lesson.name / "autograder", dist / "autograder")
        zips = [path for folder in folders for path in folder.glob(f"{lesson.name}-autograder_*.zip")]
        if zips:
            found[lesson.name] = max(zips, key=lambda path: path.name)
    if not found:
        names = ", ".join(each.name for each in lessons) if len(lessons) < 4 else "LESSON"
        raise ValueError(
            f"{dist} holds no autograder of {names}: run otter assign LESSON.ipynb {dist / 'LESSON'} first"
        )
    return found


def key_of(autograder: Path, limits: Limits) -> str:
    """Return what a grade depends on besides the submission and the version, as one word."""
    return f"{hashlib.sha256(autograder.read_bytes()).hexdigest()} {limits}"


def run(
    jobs: dict[int, tuple[Submission, LessonNotebook]], zips: dict[str, Path], workers: int, limits: Limits
) -> Iterator[tuple[int, Graded]]:
    """Yield the grades as they come."""
    with ThreadPoolExecutor(workers) as pool:
        futures = {
            pool.submit(graded, submission, lesson, zips[lesson.name], limits): place
            for place, (submission, lesson) in jobs.items()
        }
        try:
            for done in as_completed(futures):
                yield futures[done], done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def graded(submission: Submission, lesson: LessonNotebook, autograder: Path, limits: Limits = LIMITS) -> Graded:
    """Grade a submission with Otter, in a folder and a process of its own.

    Args:
        submission: One that can be read.
        lesson: Its lesson.
        autograder: The zip that `otter assign` made.
        limits: After which a cell is interrupted, and the submission ended.
    """
    start = time.monotonic()
    notebook = prepared(nbformat.reads(readable(submission), as_version=4), lesson)
    with tempfile.TemporaryDirectory(prefix="softmoe-otter-", ignore_cleanup_errors=True) as folder:
        path = Path(folder, f"{lesson.name}.ipynb")
        nbformat.write(notebook, path)
        words = [autograder.resolve(), path, folder, limits.cell, limits.submission]
        env = os.environ | {"SOFTMOE_PROGRESS": "off", "SOFTMOE_PLAIN": "1", "OMP_NUM_THREADS": "1"}
        said = Path(folder, "errors")
        # Not a pipe: a kernel that outlives its parent holds it open, and who reads it would wait for that kernel.
        with said.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "softmoe_edu.teaching.exports.otter_run", *map(str, words)],
                cwd=folder,
                env=env,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        try:
            process.wait(limits.submission + LATE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            process.returncode = LATE
        errors = said.read_text("utf-8", errors="replace")
        tests = _tests(Path(folder, "results.json"))
    took = time.monotonic() - start
    failed, why = ("", "") if tests else _why(process.returncode, errors, limits)
    code, given = code_of(submission.cells), code_of(_cells(lesson))
    marks = tuple(_mark(place, code, given, tests, failed, why) for place in lesson.places)
    signs = suspicions(submission.cells, _cells(lesson))
    return Graded(lesson.name, marks, tuple(signs), tuple(code.notes), round(took, 2))


def prepared(notebook: NotebookNode, lesson: LessonNotebook) -> NotebookNode:
    """Return a submission as Otter grades it: split cells joined, each answer tested where it counts, once."""
    join_halves(notebook)
    names = {place.exercise.id: place.name for place in lesson.places}
    for cell in notebook.cells:
        cell.metadata.pop("otter", None)
        # In an assignment of an earlier version; the answers are tested without.
        if cell.cell_type == "code" and cell.source.startswith(("# Initialize Otter", "grader.check")):
            cell.source = ""
    for id, (place, _) in answers(notebook, names, _cells(lesson)).items():
        notebook.cells[place].metadata.setdefault("otter", {"tests": []})["tests"].append(id)
    notebook.metadata.kernelspec = shipped.KERNEL
    notebook.metadata.otter = {"assignment_name": lesson.name}
    return notebook


def _cells(lesson: LessonNotebook) -> list[str]:
    return [cell.source for cell in lesson.notebook.cells if cell.cell_type == "code"]


def _tests(path: Path) -> dict[str, dict]:
    """Return Otter's results by exercise; none where it has none."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(path.read_text(encoding="utf-8"))["tests"]
        return {each["name"]: each for each in known if "score" in each}
    return {}


def _why(status: int, errors: str, limits: Limits) -> tuple[str, str]:
    """Return what failed where there is no result, the submission's "process" or the "grader", and why in words."""
    if status == LATE:
        return "process", f"it ran longer than {limits.submission} s and was ended"
    if status in (0, ENDED):  # Otter notes nothing where the kernel was ended before its last cell
        return "process", "its kernel ended, or no longer answered"
    said = (errors.strip().splitlines() or ["it says nothing"])[-1]
    return "grader", f"Otter could not grade it ({said[:200]})"


def _mark(place: Place, code: Code, given: Code, tests: dict[str, dict], failed: str, why: str) -> Mark:
    exercise, of = place.exercise, float(place.exercise.points)
    test = tests.get(exercise.id)
    found = find(code, place.name, given)
    if test is None:
        said = (("Got", f"{'Otter has no result for it' if tests else why}: your teacher looks at it"),)
        return Mark(exercise.id, "crashed", 0.0, of, said, failed=failed or "grader")
    points = round(float(test["score"]), 3)
    if points == of:
        status = "passed"
    elif points >= FORM * of:
        status = "form"
    elif found.error:
        status = "crashed"
    else:
        status = "not started" if found.stub else "failed" if found.statements else "missing"
    text = found.error or ("" if status in ("passed", "not started", "missing") else _said(str(test.get("output", ""))))
    return Mark(exercise.id, status, points, of, (("The check", text),) if text else (), notes=found.notes)


def _said(output: str) -> str:
    """Return what the first test that failed says, without Otter's words around it."""
    known = re.search(r"AssertionError: (.*?)(?:\n\n|\Z)", output, re.DOTALL)
    return "\n".join(line.strip() for line in (known[1] if known else output).strip().splitlines())
