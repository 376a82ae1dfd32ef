"""The page that a student gets from nbgrader: what each check said, and the code that it is about.

The course's configuration names the class. What stands in a notebook comes into the page as text and no other way: a
page made from it runs nothing and fetches nothing.
"""

import re
from typing import Any

from nbconvert.exporters.exporter import Exporter
from nbformat import NotebookNode
from traitlets import default

from softmoe_edu.teaching.discovery import exercises
from softmoe_edu.teaching.exports.collecting import UNREADABLE
from softmoe_edu.teaching.exports.nbgrader import ANSWER, CHECK
from softmoe_edu.teaching.grading import pages

LONGEST = 20_000  # characters of an answer
CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")  # a terminal's colours


class FeedbackPage(Exporter):
    """Exports a graded notebook as a page."""

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(self, nb: NotebookNode, resources: Any = None, **kw: Any) -> tuple[str, dict[str, Any]]:
        """Return the page, and what nbconvert knows of it."""
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        resources["output_extension"] = ".html"
        return page_of(nb, resources["nbgrader"]), resources


def page_of(notebook: NotebookNode, about: dict) -> str:
    """Return the page of a notebook in which nbgrader has noted points and comments.

    Args:
        notebook: The graded notebook.
        about: nbgrader's `notebook`, `score`, `max_score` and `late_penalty`.
    """
    roles = [(cell, cell.metadata.get("nbgrader", {})) for cell in notebook.cells]
    answers = {role["grade_id"]: (cell, role) for cell, role in roles if "grade_id" in role}
    title, body = f"Feedback: {about['notebook']}", [f"<h1>{pages.shown(about['notebook'])}</h1>"]
    for cell in notebook.cells:
        if cell.get("id") == UNREADABLE:
            body.append(f"<p>There are no points. {pages.shown(cell.source)}</p>")
            body.append("<p>Open the notebook, save it, and hand it in again; if it does not open, ask for help.</p>")
            return pages.page(title, "\n".join(body))
    body.append(f"<p><strong>{_points(about['score'], about['max_score'])} points.</strong></p>")
    if about.get("late_penalty"):
        body.append(f"<p>For handing in late, {pages.number(about['late_penalty'])} points were taken off.</p>")
    for cell, role in roles:
        if role.get("grade") or role.get("task"):
            body.append(_section(cell, role, *answers.get(f"{ANSWER}{_exercise(role)}", (None, {}))))
    return pages.page(title, "\n".join(body))


def _section(cell: NotebookNode, role: dict, answer: NotebookNode | None, about_answer: dict) -> str:
    """Return one exercise: its name and points, what the check said, the teacher's comments, and the answer."""
    known = exercises().get(_exercise(role))
    title = f"{known.title} ({known.id})" if known else role["grade_id"]
    # The teacher's own questions hold the answer themselves.
    answer = cell if answer is None and role.get("solution") else answer
    comments = [text for text in (role.get("comment"), about_answer.get("comment")) if text]
    parts = [f"<h2>{pages.shown(title)}: {_points(role.get('score'), role.get('points'))}</h2>"]
    parts += [f"<p>{pages.shown(text)}</p>" for text in comments]
    parts += [f"<pre>{pages.shown(text)}</pre>" for text in said(cell)]
    if answer is not None:
        parts.append(
            f"<details open><summary>Your answer</summary><pre>{pages.shown(answer.source, LONGEST)}</pre></details>"
        )
    full = role.get("score") is not None and role["score"] == role.get("points")
    return f'<section class="{"good" if full else "bad"}">{"".join(parts)}</section>'


def said(cell: NotebookNode) -> list[str]:
    """Return what a check printed, and the errors in it."""
    found = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            found.append(CODES.sub("", output.text).strip())
        elif output.output_type == "error":
            found.append(f"{output.ename}: {output.evalue}".strip(": "))
    return [text for text in found if text]


def _exercise(role: dict) -> str:
    return role.get("grade_id", "").removeprefix(CHECK)


def _points(score: float | None, of: float | None) -> str:
    return f"{pages.number(score or 0)} of {pages.number(of or 0)}"
