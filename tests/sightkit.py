"""What a reader of a lesson sees around a card that is not locked yet, and whether it tells the answer."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat

from softmoe_edu.teaching.discovery import exercises, find_question
from softmoe_edu.teaching.predict.question import Question
from softmoe_edu.text import number

LESSONS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
CARD = re.compile(r'^\s*predict\(\s*"([^"]+)"', re.MULTILINE)
FOLDED = re.compile(r"(<details>\s*<summary>.*?</summary>).*?</details>", re.DOTALL)
LONG = 16  # characters; a shorter choice, such as "both", stands in many texts


def cards(notebook: nbformat.NotebookNode) -> dict[str, int]:
    """Return the index of the cell that asks each question."""
    code = ((i, cell.source) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    return {id: i for i, source in code for id in CARD.findall(source)}


def in_sight(notebook: nbformat.NotebookNode, card: int) -> range:
    """Return the cells above a card, its own, and those below it up to the next heading or exercise."""
    return range(
        next((i for i in range(card + 1, len(notebook.cells)) if _ends(notebook.cells[i])), len(notebook.cells))
    )


def _ends(cell: nbformat.NotebookNode) -> bool:
    if cell.cell_type == "markdown":
        return re.search(r"^##+ ", cell.source, re.MULTILINE) is not None
    return any(tag.startswith("exercise:") for tag in cell.metadata.get("tags", []))


def open_text(cell: nbformat.NotebookNode) -> str:
    """Return what a cell shows before anything is unfolded or run."""
    return FOLDED.sub(r"\1", cell.source) if cell.cell_type == "markdown" else cell.source


def said_by_checks(notebook: nbformat.NotebookNode, card: int) -> Iterator[str]:
    """Yield what the checks above a card may say about wrong answers."""
    for cell in notebook.cells[:card]:
        for tag in cell.metadata.get("tags", []):
            if tag.startswith("check:"):
                for mistake in exercises()[tag.removeprefix("check:")].mistakes:
                    yield f"{mistake.does}. {mistake.refuted}"


def printed(cell: nbformat.NotebookNode) -> str:
    """Return the text of a cell's outputs, without cards: those list all answers."""
    texts = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.get("outputs", [])]
    return "\n".join(text for text in texts if "Predict before you look" not in text)


def tells(text: str, question: Question) -> list[str]:
    """Return what in a text tells the answer: a phrase that the question names, the right choice, or the number."""
    words = " ".join(re.sub(r"(?m)^# ?", "", text).split())
    found = [pattern for pattern in question.giveaways if re.search(pattern, words, re.IGNORECASE)]
    truth = _truth(question.id) if question.truth else ""
    if question.choices:
        found += [truth] if len(truth) >= LONG and truth.lower() in words.lower() else []
    elif re.search(rf"(?<![\d.,]){re.escape(number(truth))} ?{re.escape(question.unit)}(?!\w)", words):
        found.append(question.show(truth))
    return found


@functools.cache
def _truth(id: str) -> float | str:
    return find_question(id).truth()


def choices_in_code(source: str, question: Question) -> list[str]:
    """Return the choices that stand as whole strings in code, where they show how the answer is decided."""
    constants = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    return [choice for choice in question.choices if choice in constants]
