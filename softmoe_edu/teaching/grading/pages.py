"""What a class gets to read: a page for each student and one for the teacher. No script, nothing fetched, wrapped."""

import csv
import html
import io
import re
from collections import Counter
from collections.abc import Sequence

from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.grading.judge import Graded, Mark
from softmoe_edu.teaching.grading.result import Result
from softmoe_edu.teaching.say import encodable
from softmoe_edu.text import plural

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --line: #8886; --good: #0a7f6f; --bad: #b4531c; --none: #6b7280; }
@media (prefers-color-scheme: dark) { :root { --good: #35c2ac; --bad: #f0945c; --none: #a3acba; } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 0; }
section { border-left: 5px solid var(--none); padding: .3rem 0 .3rem 1rem; margin: 1.2rem 0; }
section.good { border-color: var(--good); } section.bad { border-color: var(--bad); }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .4rem 0; } summary { cursor: pointer; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem .9rem; margin: .4rem 0; }
dt { font-weight: 600; } dd { margin: 0; white-space: pre-wrap; }
body.class { max-width: 84rem; } body.class h2 { margin: 1.5rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .5rem; text-align: left; vertical-align: top; }
th, td.short { white-space: nowrap; font-variant-numeric: tabular-nums; }
td { min-width: 7rem; max-width: 24rem; } td.short { min-width: 0; }
@media (max-width: 40rem) { dl { grid-template-columns: minmax(0, 1fr); } dd { margin-bottom: .4rem; } }
"""
SAID = {
    "passed": "right",
    "failed": "not yet right",
    "form": "right, but for the form of what it returns or changes",
    "not started": "not started",
    "missing": "no cell defines the function",
    "crashed": "it could not be run",
}
LONGEST = 2_000
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def shown(text: object, longest: int = LONGEST) -> str:
    """Return a text for HTML, of so many characters at most."""
    words = CONTROL.sub(" ", encodable(str(text)))
    return html.escape(words if len(words) <= longest else f"{words[:longest]} ...")


def page(title: str, body: str, kind: str = "student") -> str:
    """Return a page that runs nothing and asks for nothing."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{shown(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f'<body class="{kind}">\n{body}\n</body>\n</html>\n'
    )


def number(value: float) -> str:
    """Return points with at most two digits behind the point."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def feedback(result: Result) -> str:
    """Return a student's page."""
    about = [f"<h1>{shown(result.name or result.student)}: {shown(result.lesson or 'no lesson')}</h1>"]
    if result.graded is None:
        why = result.why or "nothing was handed in"
        about.append(f"<p>There are no points: {shown(why)}.</p>")
        if result.status == "unreadable":
            about.append("<p>Open the notebook, save it, and hand it in again; if it does not open, ask for help.</p>")
        return page(f"Feedback for {result.student}", "\n".join(about))
    graded = result.graded
    of = sum(mark.of for mark in graded.marks)
    which = f", one of {result.attempts} attempts: the last one in time counts" if result.attempts > 1 else ""
    points = f"<strong>{number(graded.points)} of {number(of)} points.</strong>"
    about.append(f"<p>{points} Graded: {shown(result.attempt)}{which}.</p>")
    if result.late:
        about.append("<p>This was handed in after the deadline.</p>")
    about += [f"<p>{shown(each)}.</p>" for each in graded.notes]
    about += [_exercise(mark) for mark in graded.marks]
    return page(f"Feedback for {result.student}", "\n".join(about))


def _exercise(mark: Mark) -> str:
    kind = {"passed": "good", "not started": "", "missing": ""}.get(mark.status, "bad")
    rows = "".join(f"<dt>{shown(label)}</dt><dd>{shown(text)}</dd>" for label, text in mark.said)
    notes = "".join(f"<p>{shown(each)}.</p>" for each in mark.notes)
    title = find_exercise(mark.exercise).title
    head = f"{title} ({mark.exercise}): {number(mark.points)} of {number(mark.of)}, {SAID[mark.status]}"
    return f'<section class="{kind}"><h2>{shown(head)}</h2>{notes}<dl>{rows}</dl></section>'


def class_page(results: Sequence[Result], notes: Sequence[str]) -> str:
    """Return the teacher's page: everybody's points, what went wrong how often, and what to look at."""
    counts = Counter(each.status for each in results)
    told = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    body = [f"<h1>Grades of {plural(len(results), 'student')}</h1>", f"<p>{shown(told)}.</p>"]
    if notes:
        body.append("<h2>To look at</h2><ul>" + "".join(f"<li>{shown(each)}</li>" for each in notes) + "</ul>")
    body += ['<div class="wide"><table><thead><tr><th>student</th><th>lesson</th><th>status</th><th>points</th>']
    body += ["<th>attempt</th><th>notes</th></tr></thead><tbody>"]
    for each in results:
        name = shown(f"{each.name} ({each.student})" if each.name and each.name != each.student else each.student)
        link = f'<a href="feedback/{each.page}">{name}</a>' if each.page else name
        points = f"{number(each.points)} of {number(each.of)}" if each.graded else ""
        cells = (
            link,
            shown(each.lesson),
            shown(each.status),
            points,
            shown(each.attempt),
            shown("; ".join(each.remarks)),
        )
        body.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    body.append("</tbody></table></div>")
    body += _exercises([each.graded for each in results if each.graded])
    return page("Grades", "\n".join(body), "class")


def _exercises(graded: Sequence[Graded]) -> list[str]:
    marks: dict[str, list[Mark]] = {}
    for each in graded:
        for mark in each.marks:
            marks.setdefault(mark.exercise, []).append(mark)
    if not marks:
        return []
    lines = ['<h2>Exercises</h2><div class="wide"><table><thead><tr><th>exercise</th><th>right</th><th>of</th>']
    lines.append("<th>mean points</th><th>mistakes that were recognised</th></tr></thead><tbody>")
    for exercise, each in marks.items():
        mistakes = Counter(mark.mistake for mark in each if mark.mistake)
        told = ", ".join(f"{name} ({count})" for name, count in mistakes.most_common(5))
        mean = f"{number(sum(mark.points for mark in each) / len(each))} of {number(each[0].of)}"
        right = sum(mark.status == "passed" for mark in each)
        short = "".join(f'<td class="short">{shown(cell)}</td>' for cell in (exercise, right, len(each), mean))
        lines.append(f"<tr>{short}<td>{shown(told)}</td></tr>")
    return [*lines, "</tbody></table></div>"]


def grades(results: Sequence[Result]) -> str:
    """Return the table of all points as CSV, one line for each student and lesson."""
    columns = list(dict.fromkeys(mark.exercise for each in results if each.graded for mark in each.graded.marks))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["student", "name", "lesson", "status", "points", "of", *columns, "attempt", "attempts", "notes"])
    for each in results:
        marks = {mark.exercise: number(mark.points) for mark in each.graded.marks} if each.graded else {}
        points = [number(each.points), number(each.of)] if each.graded else ["", ""]
        row = [
            each.student,
            each.name,
            each.lesson,
            each.status,
            *points,
            *(marks.get(column, "") for column in columns),
        ]
        writer.writerow([_cell(cell) for cell in [*row, each.attempt, each.attempts, "; ".join(each.remarks)]])
    return out.getvalue()


def exercises(results: Sequence[Result]) -> str:
    """Return a line for each student and exercise as CSV: status, points, mistake, and what failed first."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["student", "lesson", "exercise", "status", "points", "of", "mistake", "failed first", "notes"])
    for each in results:
        for mark in each.graded.marks if each.graded else ():
            row = [each.student, each.lesson, mark.exercise, mark.status, number(mark.points), number(mark.of)]
            writer.writerow([_cell(cell) for cell in [*row, mark.mistake, mark.failed, "; ".join(mark.notes)]])
    return out.getvalue()


def _cell(value: object) -> object:
    """Return what a spreadsheet takes for text, and not for a formula."""
    text = CONTROL.sub(" ", encodable(str(value))) if isinstance(value, str) else value
    return f"'{text}" if isinstance(text, str) and text[:1] in ("=", "+", "-", "@", "\t") else text
