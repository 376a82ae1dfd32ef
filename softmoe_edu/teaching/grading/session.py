"""`softmoe-edu grade`: from a folder to grades; what is done stays done, whatever interrupts it."""

import contextlib
import functools
import hashlib
import json
import multiprocessing
import os
import re
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
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
from softmoe_edu.teaching.grading import pages, roster
from softmoe_edu.teaching.grading.collect import Submission, collect
from softmoe_edu.teaching.grading.extract import code_of
from softmoe_edu.teaching.grading.judge import Graded, Mark, graded
from softmoe_edu.teaching.grading.notebook import Notebook
from softmoe_edu.teaching.grading.result import Result, status_of
from softmoe_edu.teaching.grading.sandbox import missing
from softmoe_edu.teaching.say import say
from softmoe_edu.text import plural

CACHE = ".graded"
SLOW = ("time", "process")  # what a mark says that failed where an answer was stopped
_worker = 0


class Unclear(ValueError):
    """The command cannot go on; the message says why and what to do."""


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

    Raises:
        Unclear: If there is nothing to grade, or nobody agreed.
    """
    lessons = [each for each in chosen([lesson] if lesson else None) if each.places]
    students = roster.read(roster_file) if roster_file else []
    found = collect(folder, [each.name for each in chosen(None)], out.resolve())
    if not found.submissions:
        raise Unclear(f"{folder} holds no notebook: name the folder, notebook or zip that your class handed in")
    notes = list(found.notes)
    groups = _by_student(found.submissions, lessons, students, notes, forced=lesson is not None)
    results, jobs = [], {}
    for (student, name, lesson_name), attempts in groups.items():
        used, late = _counted(attempts, deadline)
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
    known = _graded(jobs, out, workers, agreed, seconds)
    for place, marks in known.items():
        result = results[place]
        remarks = [*result.remarks, *(f"{each}" for each in marks.suspicious)]
        remarks += [
            f"{m.exercise}: {dict(m.said).get('Got', 'crashed')[:200]}" for m in marks.marks if m.status == "crashed"
        ]
        results[place] = replace(result, graded=marks, status=status_of(marks, result.late), remarks=tuple(remarks))
    results.sort(key=lambda each: (each.student.casefold(), each.student, each.lesson))
    return _written(results, notes, out)


def _by_student(
    submissions: Sequence[Submission],
    lessons: Sequence[LessonNotebook],
    students: Sequence[roster.Student],
    notes: list[str],
    *,
    forced: bool,
) -> dict[tuple[str, str, str], list[Submission]]:
    """Return the attempts by student, name and lesson; what cannot be told is said in the notes."""
    told = {each.path: lessons[0].name if forced else lesson_of(each, lessons) for each in submissions}
    usual = Counter(name for name in told.values() if name).most_common(1)
    groups: dict[tuple[str, str, str], list[Submission]] = defaultdict(list)
    for each in submissions:
        # A file that cannot be read, or in which nothing is left, is taken for the lesson of the others.
        lesson = told[each.path] or (usual[0][0] if usual and each.cells is None else "")
        student, name = each.label, ""
        if students:
            fitting = roster.candidates(each.parts, students)
            if len(fitting) == 1:
                student, name = fitting[0].id, fitting[0].name
            elif fitting:
                who = ", ".join(f"{one.name or one.id} ({one.id})" for one in fitting)
                notes.append(f"{each.path} may be of {who}: it is graded as {each.label!r}; put an id into its name")
                student = f"? {each.path}"
            else:
                notes.append(f"{each.path} fits nobody on the roster: it is graded as {each.label!r}")
                student = f"? {each.label}"
        groups[student, name, lesson].append(each)
    if not students:
        alike = defaultdict(set)
        for student, _, _ in groups:
            for form in roster.folded(student):
                alike[re.sub(r"[^a-z]+|\d+", "", form)].add(student)
        for who in {tuple(sorted(each)) for letters, each in alike.items() if letters and len(each) > 1}:
            notes.append(
                f"{' and '.join(map(repr, who))} may be one student, or several of one name: they are graded apart"
            )
    return groups


def lesson_of(submission: Submission, lessons: Sequence[LessonNotebook]) -> str:
    """Return the name of the lesson whose functions a notebook defines most of, "" where it defines none."""
    if submission.cells is None:
        return ""
    code = code_of(submission.cells)
    text = "\n".join(part for part, _ in code.broken)

    def has(name: str) -> bool:
        return code.defines(name) or re.search(rf"^def\s+{re.escape(name)}\b", text, re.MULTILINE) is not None

    counts = {each.name: sum(has(place.name) for place in each.places) / len(each.places) for each in lessons}
    best = max(counts, key=lambda name: (counts[name], name in submission.path))
    return best if counts[best] else ""


def _counted(attempts: Sequence[Submission], deadline: datetime | None) -> tuple[Submission, bool]:
    """Return the attempt that counts, and whether it is late: the last one that can be read, and in time if one is."""
    limit = deadline.timestamp() if deadline else None
    in_time = [each for each in attempts if limit is None or each.when <= limit]
    pool = in_time or attempts
    pool = [each for each in pool if each.cells is not None] or pool
    return max(pool, key=lambda each: (each.when, each.number, each.path)), not in_time


def _graded(
    jobs: dict[int, tuple[Submission, LessonNotebook]],
    out: Path,
    workers: int,
    agreed: Callable[[list[str]], bool],
    seconds: float,
) -> dict[int, Graded]:
    """Return the grades of these jobs; those that are known are not worked out again."""
    known: dict[int, Graded] = {}
    keys = {place: key_of(job[0], job[1], seconds) for place, job in jobs.items()}
    for place, key in keys.items():
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            known[place] = Graded.from_json(json.loads((out / CACHE / f"{key}.json").read_text(encoding="utf-8")))
    # Two copies of one notebook are graded once.
    first = {}
    for place, key in keys.items():
        if place not in known:
            first.setdefault(key, place)
    if first:
        lacking = missing()
        if lacking and not agreed(lacking):
            raise Unclear("nothing was graded: answers would not be isolated. Go on with --yes, or grade on Linux")
    if known:
        say(f"{plural(len(known), 'submission')} graded before; {len(first)} to grade.")
    count = 0
    todo = {place: jobs[place] for place in first.values()}
    with contextlib.closing(_in_fair_time(todo, workers, seconds)) as running:
        for place, marks in running:
            write_atomically(out / CACHE / f"{keys[place]}.json", json.dumps(marks.as_json()).encode())
            known[place] = marks
            count += 1
            say(
                f"[{count}/{len(first)}] {jobs[place][0].path}: "
                f"{pages.number(marks.points)} points, {marks.seconds:.1f} s"
            )
    return {place: known[place if place in known else first[key]] for place, key in keys.items()}


def key_of(submission: Submission, lesson: LessonNotebook, seconds: float) -> str:
    """Return what a grade depends on, as one word: the notebook's code, the lesson, and the version that grades."""
    parts = (submission.digest, lesson.name, os.environ.get(CLASS_KEY, ""), SEED, seconds, version(lesson.number))
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
        name = file_name(f"{each.student} {each.lesson}".strip(), taken)
        each = replace(each, page=f"{name}.html")
        write_atomically(out / "feedback" / each.page, pages.feedback(each).encode())
        told.append(each)
    write_atomically(out / "grades.csv", ("\ufeff" + pages.grades(told)).encode())
    write_atomically(out / "exercises.csv", ("\ufeff" + pages.exercises(told)).encode())
    write_atomically(out / "class.html", pages.class_page(told, notes).encode())
    return told


def file_name(words: str, taken: set[str]) -> str:
    """Return a name for a file that every system takes, that leads nowhere else, and that no other has."""
    form = min(roster.folded(words))
    plain = re.sub(r"[^a-z0-9]+", "-", form).strip("-")[:60] or "student"
    if plain in taken or plain in ("con", "prn", "aux", "nul"):
        plain = f"{plain}-{hashlib.sha256(words.encode(errors='surrogatepass')).hexdigest()[:8]}"
    taken.add(plain)
    return plain


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
