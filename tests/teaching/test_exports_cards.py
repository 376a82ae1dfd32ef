"""The teacher's card: built of what the lesson's files say and do, and refused where they contradict it."""

import dataclasses
import re

import pytest
from graders.course import card_of, small_lesson

from softmoe_edu.teaching.card import Part, Vote
from softmoe_edu.teaching.discovery import cards, exercises, find_exercise, sources
from softmoe_edu.teaching.exports import answers, instructor
from softmoe_edu.teaching.exports.lesson import chosen
from softmoe_edu.teaching.exports.printed import page

SOFT_MOE = find_exercise("soft-moe")
DISPATCH, LAYER = f"1 · {find_exercise('dispatch-weights').title}", f"2 · ★ {SOFT_MOE.title}"


@pytest.fixture
def lesson(tmp_path):
    """A lesson with two exercises."""
    return small_lesson(tmp_path, ["dispatch-weights", "soft-moe"])


@pytest.mark.slow
def test_a_card_says_all_that_the_files_say(lesson):
    """A card holds timing, vote, questions with computed answers, the clinic's key, and every mistake once."""
    text = instructor.card_text(card_of(lesson), lesson)

    assert text.startswith("# 05 · A small lesson: for the teacher\n\nWrite a layer.\n")
    assert "## Timing: 15 minutes, 5 without what can be cut" in text
    assert "| 5 to 15 | 2 · ★ The whole layer | cut this first |" in text
    assert "Right: **b**, each softmax has its axis." in text
    assert "`m06-expert-rows`" in text and "| 128 rows |" in text
    assert SOFT_MOE.solution in text
    distinct = [mistake for mistake in SOFT_MOE.mistakes if not mistake.same_as]
    part = text[text.index("soft-moe: The whole layer") :]
    assert [part.count(f"(`{mistake.id}`)") for mistake in distinct] == [1] * len(distinct)
    assert all(mistake.belief.replace("|", "\\|") in text for mistake in distinct)


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        ({"parts": (Part(DISPATCH),)}, "the card's parts are .*, the lesson's are .*"),
        ({"vote": Vote("?", ("a", "b"), "c", "", "")}, "right answer 'c' is not one of its choices"),
    ],
    ids=["part", "vote"],
)
def test_a_card_that_does_not_fit_is_refused(lesson, new, sentence):
    """A card whose parts, minutes or vote contradict the lesson or themselves is not built."""
    with pytest.raises(ValueError, match=sentence):
        instructor.card_text(card_of(lesson, **new), lesson)


def test_a_heading_without_minutes_is_refused(lesson):
    """The minutes stand in the headings and nowhere else."""
    for cell in lesson.notebook.cells:
        cell.source = cell.source.replace(" (10 min)", "")

    with pytest.raises(ValueError, match="The whole layer' has no minutes; write it as"):
        instructor.timing_lines(card_of(lesson), lesson)


@pytest.mark.slow
def test_a_card_is_built_of_what_was_run():
    """A mistake that passes, one that is named wrongly, and a right answer that fails stop the card."""
    right, wrong = SOFT_MOE.variants[1], SOFT_MOE.mistakes[0]
    passing = dataclasses.replace(wrong, function=right)
    misnamed = dataclasses.replace(wrong, id="another")

    for new in ({"mistakes": (passing,)}, {"mistakes": (wrong, misnamed)}):
        with pytest.raises(ValueError, match="soft-moe: the check does not name"):
            answers.exercise_lines(dataclasses.replace(SOFT_MOE, variants=(), **new))
    with pytest.raises(ValueError, match="soft-moe: a right answer is rejected"):
        answers.exercise_lines(dataclasses.replace(SOFT_MOE, variants=(wrong.function,), mistakes=()))


def test_real_cards_fit_their_lessons():
    """Every lesson has a card, which its headings time, and which hunts misconceptions by their ids."""
    by_number = {lesson.number: lesson for lesson in chosen()}
    assert cards().keys() == by_number.keys()
    for number, each in cards().items():
        assert instructor.timing_lines(each, by_number[number])
        assert all(id.startswith("M") for id in each.hunt)


@pytest.mark.notebook
def test_real_cards_are_built(tmp_path):
    """Every lesson with a card is exported with it, and everything in the card has been run."""
    said = instructor.export(tmp_path, chosen())

    assert {path.stem[:2] for path in tmp_path.iterdir()} == cards().keys()
    assert said[-1].startswith(f"Wrote {len(cards())} cards for the teacher")


VAGUE = r"write-ups?|public|several|most \w+ (code|layers|models)|people often|issues? \d|pull request|\brepo"


def test_where_a_mistake_was_seen_can_be_opened():
    """What sounds like a source has an address, each address is used, and code is linked at a fixed commit."""
    seen = [mistake.seen for exercise in exercises().values() for mistake in exercise.mistakes]

    assert [words for words in seen if re.search(VAGUE, words) and "](https://" not in answers.linked(words)] == []
    assert [name for name in sources() if not any(f"[{name}](" in answers.linked(words) for words in seen)] == []
    assert all(re.search(r"/blob/[0-9a-f]{40}/", address) for address in sources().values() if "/blob/" in address)
    assert all(address.startswith("https://") for address in sources().values())


def test_the_longest_name_is_linked():
    """The tests of a repository are another page than its code; the words around a name stay."""
    assert answers.linked("x, as in the tests of bwconrad/soft-moe") == (
        f"x, as in [the tests of bwconrad/soft-moe]({sources()['the tests of bwconrad/soft-moe']})"
    )


@pytest.mark.slow
@pytest.mark.parametrize("id", ["sort-soft-moe", "check-soft-moe", "soft-moe"])
def test_the_table_of_mistakes_says_what_it_lists(id):
    """Its head is the exercise's own, a violated property does not read like a success, and lines have their text."""
    exercise = find_exercise(id)
    short = dataclasses.replace(exercise, mistakes=exercise.mistakes[:2], variants=())
    text = "\n".join(answers.exercise_lines(short))

    assert f"| {exercise.matches} … | belief | refuted by | how it comes about |" in text
    assert ("your numbers equal" in text) == (id == "soft-moe")
    assert text.count("| violates “") == sum(not mistake.same_as for mistake in short.mistakes)
    assert ("The lines:\n\n```text\n 1  " in text) == bool(exercise.listing) == (id == "sort-soft-moe")
    assert ("1 point, " in text) == (exercise.points == 1)


def test_a_card_is_printed_without_asking_for_anything(lesson):
    """The page is one file, its solutions begin a new sheet, what stands in a cell is text, and bars are bars."""
    text = instructor.card_text(card_of(lesson), lesson) + "\n| a |\n| --- |\n| `p\\|q` <script>x</script> |\n"
    found = page(text, solutions=instructor.ANSWERS)

    assert '<h2 class="solutions">Answers</h2>' in found and "h2.solutions { break-before: page" in found
    assert "<code>p|q</code> &lt;script&gt;" in found and "<script" not in found
    assert re.findall(r"src=|@import|url\(", found) == []
    assert found.count("<h1>") == 1 and "<title>05 · A small lesson: for the teacher</title>" in found
    before, after = found.split('<h2 class="solutions">')
    assert "The whole layer" in before and SOFT_MOE.solution.splitlines()[0] not in before
    assert "m06-expert-rows" in after and "m06-expert-rows" not in before
