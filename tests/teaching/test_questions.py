import pytest
import torch

from softmoe_edu.teaching.discovery import asked, find_question, lessons, questions

RIGHT = "dispatch over the tokens of each slot, combine over the slots of each token"
MEASURABLE = [id for id, question in questions().items() if question.truth]
NO_NUMBERS = ["", "none", "1,2,3", "1.2.3", "nan", "inf", True, float("nan"), 10**400, [1, 2], object()]


@pytest.mark.parametrize("id", MEASURABLE)
def test_a_question_refutes_its_belief(id):
    """What a question computes is accepted as an answer and right; what the belief predicts is one too, and wrong."""
    question = find_question(id)
    truth = question.truth()

    assert question.read(truth) == truth
    assert question.read(question.predicts) == question.predicts
    assert question.is_right(truth, truth)
    assert not question.is_right(question.predicts, truth)
    said = question.why_not(question.predicts, truth)
    assert said == f"Many think that {question.belief}. The reason: {question.because}."


@pytest.mark.parametrize("id", questions())
def test_every_wrong_answer_has_its_own_explanation(id):
    """Each wrong choice, and each wrong number, is answered with a sentence of its own, beside the reason."""
    question = find_question(id)
    truth = question.truth() if question.truth else question.choices[0]
    tried = question.choices or [truth * factor + more for factor in (0.01, 0.5, 1, 3, 12, 400) for more in (0, 1.7)]
    wrong = [each for each in tried if not question.is_right(each, truth)]
    said = {each: question.why_not(each, truth).split("The reason: ")[0] for each in wrong}

    assert wrong and all(len(text) > 12 for text in said.values()), said
    if question.choices:
        assert len({*said.values()}) == len(wrong)
    else:
        known = [*question.replies, question.predicts]
        assert [value for value in known if question.is_right(value, truth)] == []
        assert all(question.replies[value] in question.why_not(value, truth) for value in question.replies)


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
    [
        (18, 18),
        ("18", 18),
        ("18,5", 18.5),
        ("18,519", 18.519),
        (" 18.5 % ", 18.5),
        ("10 %", 10),
        ("-.5", -0.5),
        ("1 000", 1000),
        ("1e2%", 100),
    ],
)
def test_numbers_are_read_as_people_write_them(answer, number):
    """A number may be typed with a decimal comma, spaces and its unit."""
    assert find_question("m15-drop-rate").read(answer) == number
    assert find_question("m15-drop-rate").read(torch.tensor(18.0)) == 18


@pytest.mark.parametrize(
    ("answer", "number"),
    [("25,088", 25088), ("25\u202f088 rows", 25088), ("1,025,088.0", 1025088), ("25.088", 25.088), ("2,5", 2.5)],
)
def test_thousands_are_read_as_the_lessons_print_them(answer, number):
    """A comma before three digits groups them, unless a share is asked for, of which nobody has thousands."""
    assert find_question("m06-expert-rows").read(answer) == number


@pytest.mark.parametrize("answer", NO_NUMBERS, ids=range(len(NO_NUMBERS)))
def test_what_is_no_number_is_answered_with_a_sentence(answer):
    """Words, infinities and several points or commas are refused."""
    with pytest.raises(ValueError, match=r"a number in %.*got"):
        find_question("m15-drop-rate").read(answer)


def test_choices_are_read_by_their_letter_or_text():
    """The letter a stands for the first choice; an answer that is no choice is met with a list of all of them."""
    question = find_question("m01-sums")
    assert question.read("a") == question.read(" A ") == question.read(RIGHT) == RIGHT
    with pytest.raises(ValueError, match=r"must be one of a \(dispatch .* d \(both over .*got 'e'"):
        question.read("e")


@pytest.mark.parametrize("id", MEASURABLE)
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
