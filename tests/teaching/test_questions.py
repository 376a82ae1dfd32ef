import pytest
import torch

from softmoe_edu.teaching.discovery import asked, find_question, lessons, questions

RIGHT = "dispatch over the tokens of each slot, combine over the slots of each token"
NO_NUMBERS = ["", "none", "25,088", "1.2.3", "nan", "inf", True, float("nan"), 10**400, [1, 2], object()]


@pytest.mark.parametrize("id", questions())
def test_a_question_refutes_its_belief(id):
    """What a question computes is accepted as an answer and right; what the belief predicts is one too, and wrong."""
    question = find_question(id)
    truth = question.truth()

    assert question.read(truth) == truth
    assert question.read(question.predicts) == question.predicts
    assert question.is_right(truth, truth)
    assert not question.is_right(question.predicts, truth)
    said = question.refutation(truth)
    assert f"Many think that {question.belief}." in said
    assert f"predicts {question.show(question.predicts)}; you just measured {question.show(truth)}" in said


def test_a_lesson_asks_at_most_three_and_each_returns_twice_in_other_words():
    """Each question has two more of the same misconception and lesson, no two share a text or an id."""
    numbers = [question.lesson for question in asked()]
    assert max(map(numbers.count, numbers)) <= 3
    assert numbers == sorted(numbers) and {*numbers} <= {*lessons()}
    assert len(questions()) == len({question.text for question in questions().values()}) == 3 * len(asked())
    for question in asked():
        assert question.id.startswith(f"{question.misconception.lower()}-")
        assert [(each.misconception, each.lesson) for each in question.again] == [
            (question.misconception, question.lesson)
        ] * 2


@pytest.mark.parametrize(
    ("answer", "number"),
    [(18, 18), ("18", 18), ("18,5", 18.5), (" 18.5 % ", 18.5), ("-.5", -0.5), ("1 000", 1000), ("1e2%", 100)],
)
def test_numbers_are_read_as_people_write_them(answer, number):
    """A number may be typed with a decimal comma, spaces and its unit."""
    assert find_question("m15-drop-rate").read(answer) == number
    assert find_question("m15-drop-rate").read(torch.tensor(18.0)) == 18


@pytest.mark.parametrize("answer", NO_NUMBERS, ids=range(len(NO_NUMBERS)))
def test_what_is_no_number_is_answered_with_a_sentence(answer):
    """A comma before three digits can be read in two ways, and is refused like words and infinities."""
    with pytest.raises(ValueError, match=r"a number in %.*got"):
        find_question("m15-drop-rate").read(answer)


def test_choices_are_read_by_their_letter_or_text():
    """The letter a stands for the first choice; an answer that is no choice is met with a list of all of them."""
    question = find_question("m01-sums")
    assert question.read("a") == question.read(" A ") == question.read(RIGHT) == RIGHT
    with pytest.raises(ValueError, match=r"must be one of a \(dispatch .* d \(both over .*got 'e'"):
        question.read("e")


@pytest.mark.parametrize("id", questions())
def test_what_is_measured_does_not_depend_on_a_learners_defaults(id):
    """The truth of every question is the same under another default device and dtype."""
    truth = find_question(id).truth()
    torch.set_default_device("meta")
    torch.set_default_dtype(torch.float64)
    try:
        other = find_question(id).truth()
        assert torch.zeros(1).device.type == "meta"
    finally:
        torch.set_default_device("cpu")
        torch.set_default_dtype(torch.float32)

    assert other == truth
