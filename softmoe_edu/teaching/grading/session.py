"""`softmoe-edu grade`: from a folder to grades; what is done stays done, whatever interrupts it."""

import contextlib
import functools
import hashlib
import json
import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from softmoe_edu import __version__
from softmoe_edu.files import write_atomically
from softmoe_edu.teaching.check.examine import CLASS_KEY, SECONDS
from softmoe_edu.teaching.discovery import course_folders
from softmoe_edu.teaching.exports.lesson import SEED, LessonNotebook, chosen
from softmoe_edu.teaching.grading import by_otter, pages, roster
from softmoe_edu.teaching.grading.attempts import Unclear, by_student, counted
from softmoe_edu.teaching.grading.collect import Submission, collect
from softmoe_edu.teaching.grading.judge import Graded, Mark, graded
from softmoe_edu.teaching.grading.notebook import Notebook
from softmoe_edu.teaching.grading.result import Result, status_of
from softmoe_edu.teaching.grading.sandbox import missing
from softmoe_edu.teaching.say import say
from softmoe_edu.text import plural

CACHE = ".graded"
SLOW = ("time", "process")  # what a mark says that failed where an answer was stopped
_worker = 0


def grade(
    folder: Path,
    out: Path,
    *,
    roster_file: Path | None = None,
    lesson: str | None = None,
    deadline: datetime | None = None,
    workers: int = 1,
    agreed: Callable[[list[str]], bool] = lambda missing: False,
    seconds: float = SECONDS,
    otter: Path | None = None,
    limits: by_otter.Limits = by_otter.LIMITS,
) -> list[Result]:
    """Grade a folder and write grades.csv, exercises.csv, class.html and the pages of feedback into `out`.

    Args:
        folder: What the class handed in.
        out: Where the results go. What was graded there before is not graded again.
        roster_file: A CSV of the class; without one, students are called what their files are called.
        lesson: The number of a lesson; without one, each notebook's lesson is told by the functions in it.
        deadline: Of several attempts, the last one until then counts.
        workers: How many are graded at the same time.
        agreed: Asked, with what is not isolated here, whether to go on nevertheless.
        seconds: Time for each exercise.
        otter: A folder with autograders that `otter assign` made: Otter runs the notebooks, and its tests give points.
        limits: For Otter: after which a cell is interrupted, and a submission ended.

    Raises:
        Unclear: If there is nothing to grade, or nobody agreed.
    """
    lessons = [each for each in chosen([lesson] if lesson else None) if each.places]
    zips = by_otter.autograders(otter, lessons) if otter else {}
    lessons = [each for each in lessons if not otter or each.name in zips]
    students = roster.read(roster_file) if roster_file else []
    found = collect(folder, [each.name for each in chosen(None)], out.resolve(), raw=otter is not None)
    if not found.submissions:
        raise Unclear(f"{folder} holds no notebook: name the folder, notebook or zip that your class handed in")
    notes = list(found.notes)
    groups = by_student(found.submissions, lessons, students, notes, forced=lesson is not None)
    results, jobs = [], {}
    for (student, name, lesson_name), attempts in groups.items():
        used, late = counted(attempts, deadline)
        remarks = []
        if len(attempts) > 1:
            others = ", ".join(each.path for each in attempts if each is not used)
            remarks.append(f"not used: {others}")
        result = Result(student, name, lesson_name, attempt=used.path, attempts=len(attempts), late=late)
        if late:
            remarks.append("handed in after the deadline")
        if used.cells is None or not lesson_name:
            why = used.unreadable or "no function of any exercise is in it"
            results.append(replace(result, status="unreadable", why=why, remarks=(why, *remarks)))
        else:
            results.append(replace(result, remarks=tuple(remarks)))
            jobs[len(results) - 1] = (used, next(each for each in lessons if each.name == lesson_name))
    handed = {(each.student) for each in results}
    results += [Result(each.id, each.name, why="nothing was handed in") for each in students if each.id not in handed]
    if otter:
        keys = {place: by_otter.key_of(zips[each.name], limits) for place, (_, each) in jobs.items()}
        known = _graded(jobs, out, agreed, seconds, lambda todo: by_otter.run(todo, zips, workers, limits), keys)
    else:
        known = _graded(jobs, out, agreed, seconds, lambda todo: _in_fair_time(todo, workers, seconds))
    for place, marks in known.items():
        result = results[place]
        remarks = [*result.remarks, *(f"{each}" for each in marks.suspicious)]
        remarks += _crashes(marks)
        results[place] = replace(result, graded=marks, status=status_of(marks, result.late), remarks=tuple(remarks))
    results.sort(key=lambda each: (each.student.casefold(), each.student, each.lesson))
    return _written(results, notes, out)


def _crashes(graded: Graded) -> list[str]:
    """Return what crashed, each reason once with the exercises that it is about."""
    reasons: dict[str, list[str]] = {}
    for mark in graded.marks:
        if mark.status == "crashed":
            reasons.setdefault(dict(mark.said).get("Got", "crashed")[:200], []).append(mark.exercise)
    return [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]


def _graded(
    jobs: dict[int, tuple[Submission, LessonNotebook]],
    out: Path,
    agreed: Callable[[list[str]], bool],
    seconds: float,
    run: Callable[[dict[int, tuple[Submission, LessonNotebook]]], Iterator[tuple[int, Graded]]],
    otter: Mapping[int, str] | None = None,
) -> dict[int, Graded]:
    """Return the grades of these jobs; those that are known are not worked out again.

    Args:
        jobs: Submissions and their lessons by a number.
        out: The folder of the results.
        agreed: As in `grade`.
        seconds: As in `grade`.
        run: Yields the grades of some of the jobs by their number.
        otter: What a grade by Otter depends on besides, by number.
    """
    known: dict[int, Graded] = {}
    keys = {place: key_of(*job, seconds, (otter or {}).get(place, "")) for place, job in jobs.items()}
    for place, key in keys.items():
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            known[place] = Graded.from_json(json.loads((out / CACHE / f"{key}.json").read_text(encoding="utf-8")))
    # Two copies of one notebook are graded once.
    first = {}
    for place, key in keys.items():
        if place not in known:
            first.setdefault(key, place)
    if first:
        lacking = by_otter.LACKING if otter is not None else missing()
        if lacking and not agreed(lacking):
            or_else = "without --otter" if otter is not None else "on Linux"
            raise Unclear(f"nothing was graded: answers would not be isolated. Go on with --yes, or grade {or_else}")
    if known:
        say(f"{plural(len(known), 'submission')} graded before; {len(first)} to grade.")
    count = 0
    todo = {place: jobs[place] for place in first.values()}
    with contextlib.closing(run(todo)) as running:
        for place, marks in running:
            if not any(mark.failed == "grader" for mark in marks.marks):  # what failed here may go well the next time
                write_atomically(out / CACHE / f"{keys[place]}.json", json.dumps(marks.as_json()).encode())
            known[place] = marks
            count += 1
            say(
                f"[{count}/{len(first)}] {jobs[place][0].path}: "
                f"{pages.number(marks.points)} points, {marks.seconds:.1f} s"
            )
    return {place: known[place if place in known else first[key]] for place, key in keys.items()}


def key_of(submission: Submission, lesson: LessonNotebook, seconds: float, otter: str = "") -> str:
    """Return what a grade depends on, as one word: the notebook's code, the lesson, and the version that grades."""
    parts = (submission.digest, lesson.name, os.environ.get(CLASS_KEY, ""), SEED, seconds, version(lesson.number))
    parts += (otter,) if otter else ()
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def version(number: str) -> str:
    """Return a word for the code that grades a lesson."""
    digest = hashlib.sha256(__version__.encode())
    folders = [Path(__file__).parents[1], *(each / f"lesson_{number}" for each in course_folders())]
    for path in sorted(path for folder in folders for path in folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _in_fair_time(
    jobs: dict[int, tuple[Submission, LessonNotebook]], workers: int, seconds: float
) -> Iterator[tuple[int, Graded]]:
    """Yield the grades as they come; what ran out of time beside others is graded again, alone."""
    again = {}
    for place, marks in _run(jobs, workers, seconds):
        if workers > 1 and len(jobs) > 1 and any(mark.failed in SLOW for mark in marks.marks):
            again[place] = jobs[place]
        else:
            yield place, marks
    yield from _run(again, 1, seconds)


def _run(
    jobs: dict[int, tuple[Submission, LessonNotebook]], workers: int, seconds: float
) -> Iterator[tuple[int, Graded]]:
    """Yield the grades as they come."""
    if workers == 1 or len(jobs) == 1:
        for place, (submission, lesson) in jobs.items():
            yield place, _one(submission.cells, lesson.name, seconds)
        return
    left = dict(jobs)
    alone = False
    while left:
        # A process of ours that ends takes those of its pool with it: then each submission has a pool of its own.
        batch = dict([next(iter(left.items()))]) if alone else left
        try:
            for place, marks in _in_pool(batch, 1 if alone else workers, seconds):
                del left[place]
                yield place, marks
        except BrokenProcessPool:
            if alone:
                place, (_, lesson) = batch.popitem()
                del left[place]
                yield place, by_hand(lesson, "the process that grades it ended")
            alone = True


def _in_pool(
    jobs: dict[int, tuple[Submission, LessonNotebook]], workers: int, seconds: float
) -> Iterator[tuple[int, Graded]]:
    context = multiprocessing.get_context("spawn")
    count = context.Value("i", 0)
    pool = ProcessPoolExecutor(workers, context, _take_number, (count,))
    try:
        futures: dict[Future, int] = {
            pool.submit(_one, submission.cells, lesson.name, seconds): place
            for place, (submission, lesson) in list(jobs.items())
        }
        for done in as_completed(futures):
            yield futures[done], done.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _take_number(count: object) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process above decides
    with count.get_lock():
        _worker = count.value
        count.value += 1


def _one(cells: tuple[str, ...], lesson: str, seconds: float) -> Graded:
    try:
        return graded(Notebook(cells), _lesson(lesson), seconds=seconds, worker=_worker)
    except Exception as error:
        # One submission that we did not think of costs itself and no other.
        return by_hand(_lesson(lesson), f"the grader failed at it ({type(error).__name__}: {str(error)[:200]})")


def by_hand(lesson: LessonNotebook, why: str) -> Graded:
    """Return what a submission gets that cannot be graded here: nothing yet, and a word for the teacher."""
    said = (("Got", f"{why}: your teacher looks at it"),)
    exercises = [place.exercise for place in lesson.places]
    marks = (Mark(each.id, "crashed", 0.0, float(each.points), said, failed="grader") for each in exercises)
    return Graded(lesson.name, tuple(marks), notes=(f"{why}: look at it by hand",))


@functools.cache
def _lesson(name: str) -> LessonNotebook:
    (found,) = chosen([name])
    return found


def _written(results: Sequence[Result], notes: Sequence[str], out: Path) -> list[Result]:
    """Write all pages and tables; return the results with the names of their pages."""
    taken: set[str] = set()
    told = []
    for each in results:
        name = roster.file_name(f"{each.student} {each.lesson}".strip(), taken)
        each = replace(each, page=f"{name}.html")
        write_atomically(out / "feedback" / each.page, pages.feedback(each).encode())
        told.append(each)
    write_atomically(out / "grades.csv", ("\ufeff" + pages.grades(told)).encode())
    write_atomically(out / "exercises.csv", ("\ufeff" + pages.exercises(told)).encode())
    write_atomically(out / "class.html", pages.class_page(told, notes).encode())
    return told


def main(arguments: object) -> None:
    """Run the command with its parsed arguments."""
    out = arguments.out or arguments.folder.resolve().with_name(f"{arguments.folder.resolve().name}_graded")
    try:
        results = grade(
            arguments.folder,
            out,
            roster_file=arguments.roster,
            lesson=arguments.lesson,
            deadline=arguments.deadline,
            workers=arguments.workers,
            agreed=lambda lacking: _agrees(lacking, yes=arguments.yes),
            otter=arguments.otter,
        )
    except (ValueError, OSError, RuntimeError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        say("Stopped. What was graded is kept: the same command goes on from here.")
        sys.exit(130)
    say(*summary(results, out))


def _agrees(lacking: Iterable[str], *, yes: bool) -> bool:
    say("On this machine answers are not isolated from:", *(f"  - {each}" for each in lacking))
    if yes:
        return True
    if not sys.stdin or not sys.stdin.isatty():
        return False
    return input("Run the answers of your class nevertheless? [y/N] ").strip().lower() in ("y", "yes")


def summary(results: Sequence[Result], out: Path) -> list[str]:
    """Return what was found, in a few lines."""
    counts = Counter(each.status for each in results)
    told = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    return [
        f"{plural(len(results), 'line')} of grades: {told}.",
        f"Open {out / 'class.html'}; points are in {out / 'grades.csv'}.",
    ]
