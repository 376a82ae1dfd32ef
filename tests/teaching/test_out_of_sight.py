"""A prediction is worth something only while its answer is out of sight."""

import nbformat
import pytest
from sightkit import LESSONS, cards, choices_in_code, in_sight, open_text, said_by_checks, tells

from softmoe_edu.teaching.discovery import asked, find_question, questions

IDS = [path.stem for path in LESSONS]


def read(path):
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("path", LESSONS, ids=IDS)
def test_a_lesson_asks_its_own_questions(path):
    """Every question of a lesson has its card there, and no lesson asks another one's."""
    assert {*cards(read(path))} == {question.id for question in asked() if question.lesson == path.stem[:2]}


@pytest.mark.parametrize("path", LESSONS, ids=IDS)
def test_no_text_tells_an_answer(path):
    """Neither above a card nor below it in its section is the answer in sight: what tells it is folded away."""
    notebook = read(path)
    for id, card in cards(notebook).items():
        question = find_question(id)
        seen = {i: tells(open_text(notebook.cells[i]), question) for i in in_sight(notebook, card)}
        assert {i: (open_text(notebook.cells[i])[:80], found) for i, found in seen.items() if found} == {}, id


@pytest.mark.parametrize("path", LESSONS, ids=IDS)
def test_no_code_decides_between_the_choices(path):
    """The code that reveals returns what it measured; which choice that is, the question knows."""
    notebook = read(path)
    for id, card in cards(notebook).items():
        code = [cell.source for cell in notebook.cells[: card + 1] if cell.cell_type == "code"]
        assert [found for source in code if (found := choices_in_code(source, find_question(id)))] == [], id


@pytest.mark.parametrize("path", LESSONS, ids=IDS)
def test_no_earlier_check_tells_an_answer(path):
    """What a check above a card may say about a wrong function does not answer the card."""
    notebook = read(path)
    for id, card in cards(notebook).items():
        question = find_question(id)
        assert [(said, found) for said in said_by_checks(notebook, card) if (found := tells(said, question))] == [], id


def test_every_question_names_what_would_tell_it():
    """A question that a lesson asks first lists phrases, and its own reason is one of the texts that they find."""
    for question in asked():
        assert question.giveaways, question.id
        assert all(other.giveaways == () for other in question.again)


def test_what_tells_is_found():
    """The finder sees a phrase, the right choice, the number with its unit, and choices in code; nothing in a fold."""
    order, rows = questions()["m21-order"], questions()["m06-expert-rows"]
    fold = nbformat.v4.new_markdown_cell("<details><summary>Locked?</summary>\n\nIt is exactly zero.\n\n</details>")
    assert tells("The softmax of a\n# single number is 1", order)
    assert tells("The experts compute 128 rows.", rows) and not tells("There are 1,128 rows, 128 experts.", rows)
    assert tells(find_question("m01-sums").truth(), find_question("m01-sums"))
    assert choices_in_code('return "exactly zero"', order) and not choices_in_code('print("zero")', order)
    assert not tells(open_text(fold), order) and tells(fold.source, order)
