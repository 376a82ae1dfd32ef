import pytest
import torch

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.discovery import find_question
from softmoe_edu.teaching.predict.asking import due_in, predict, returning
from softmoe_edu.teaching.predict.calibration import tally
from softmoe_edu.teaching.predict.prediction import Prediction

pytestmark = pytest.mark.usefixtures("workspace", "plain")
RIGHT = "dispatch over the tokens of each slot, combine over the slots of each token"
SWAPPED = "dispatch over the slots of each token, combine over the tokens of each slot"
BELIEF = find_question("m01-sums").belief
OTHERS = ("Many think", "Combine is so", "Dispatch is so", "That is about what", "A common answer")


def never():
    raise AssertionError("revealed before an answer was locked")


def measured(value):
    """A reveal that prints a word and returns what was measured."""

    def reveal():
        print("drawn")
        return value

    return reveal


@pytest.mark.parametrize("id", ["m15-drop-rate", "m01-sums"])
def test_an_untouched_question_reveals_nothing(capfd, id):
    """Run All shows the question and how to answer; nothing is revealed, noted or written to stderr."""
    predict(id, reveal=never)

    out, err = capfd.readouterr()
    assert find_question(id).text in out
    assert f'predict("{id}", reveal=..., answer=?, confidence=?)' in out
    assert all(choice in out for choice in find_question(id).choices)
    assert err == ""
    assert progress.events() == []


def test_an_answer_is_locked_before_the_reveal(capfd):
    """The reveal finds the answer in the progress file; its truth is compared and noted."""

    def reveal():
        assert progress.events("prediction", "m15-drop-rate")[0]["answer"] == 16
        return 18.5

    predict("m15-drop-rate", reveal=reveal, answer=16, confidence=70)

    out = capfd.readouterr().out
    assert "Your answer, locked: 16 %, 70 % sure." in out
    assert "Right. You predicted 16 %, and the result is 18.5 %. Answers from 13.5 % to 23.5 % count as right." in out
    locked, seen = progress.events()
    assert (locked["kind"], locked["answer"], locked["confidence"]) == ("prediction", 16, 70)
    assert (seen["kind"], seen["truth"], seen["right"], seen["confidence"]) == ("reveal", 18.5, True, 70)
    assert (seen["misconception"], seen["lesson"]) == ("M15", "02")


def test_a_locked_answer_cannot_be_changed(capfd, new_session):
    """Answered again, after a restart too, the first answer stays, and the reveal comes at once."""
    predict("m15-drop-rate", reveal=measured(18.5), answer=40, confidence=50)
    new_session()
    capfd.readouterr()
    predict("m15-drop-rate", reveal=measured(18.5), answer=18.5, confidence=90)
    predict("m15-drop-rate", reveal=measured(18.5))

    out = capfd.readouterr().out
    assert out.count("locked: 40 %, 50 % sure.") == out.count("Not so: you predicted 40 %") == 2
    assert out.count("drawn") == 2
    assert [event["kind"] for event in progress.events()] == ["prediction", "reveal"]


def test_of_two_notebooks_the_first_answer_counts(capfd):
    """A form that was opened before another one locked an answer shows that one."""
    late = Prediction(find_question("m01-sums"), measured(RIGHT))
    predict("m01-sums", answer="b", confidence=70)
    late.lock("a", 50)

    assert (late.locked["answer"], late.locked["confidence"]) == (SWAPPED, 70)


@pytest.mark.parametrize("confidence", [50, 70, 90])
@pytest.mark.parametrize("answer", "abcd")
def test_the_verdict_comes_first_then_why(capfd, answer, confidence):
    """However sure, an answer hears first whether it is right; then why, and where it returns, that it does."""
    predict("m01-sums", reveal=measured(RIGHT), answer=answer, confidence=confidence)

    verdict, why, *again = capfd.readouterr().out.split("drawn\n")[1].splitlines()
    assert verdict.startswith("Right. You" if answer == "a" else "Not so: you")
    assert find_question("m01-sums").because in why
    assert bool(again) == (answer != "a" and confidence >= 70)
    assert all(f"{confidence} % sure" in line and "again" in line for line in again)


@pytest.mark.parametrize(
    ("id", "truth", "answer", "start"),
    [
        ("m01-sums", RIGHT, "a", "The reason: a slot is"),
        ("m01-sums", RIGHT, "b", f"Many think that {BELIEF}. The reason: "),
        ("m01-sums", RIGHT, "c", "Combine is so."),
        ("m01-sums", RIGHT, "d", "Dispatch is so."),
        ("m15-drop-rate", 18.5, 5, f"Many think that {find_question('m15-drop-rate').belief}. The reason: "),
        ("m15-drop-rate", 18.5, 10, "That is about what 128 tokens on 8 experts lose"),
        ("m15-drop-rate", 18.5, "10 %", "That is about what 128 tokens on 8 experts lose"),
        ("m15-drop-rate", 18.5, 0.185, f"Many think that {find_question('m15-drop-rate').belief}."),
        ("m15-drop-rate", 18.5, 81.5, "That is the rest: 81.5 % and 18.5 % make 100 %. The reason: "),
        ("m06-expert-rows", 128, "25,088", "Many think that in Soft MoE every token goes through every expert"),
        ("m06-expert-rows", 128, 196, "That is one row for each token."),
        ("m06-expert-rows", 128, 64, "That is one half of it. The reason: "),
        ("m06-expert-rows", 128, 1280, "That is 10 times as much. The reason: "),
    ],
)
def test_every_wrong_answer_hears_about_itself(capfd, id, truth, answer, start):
    """The second line speaks of what was chosen or typed, and never of another answer."""
    predict(id, reveal=measured(truth), answer=answer, confidence=90)

    why = capfd.readouterr().out.split("drawn\n")[1].splitlines()[1]
    assert why.startswith(start)
    assert [other for other in OTHERS if other in why and not start.startswith(other)] == []


def test_what_was_not_measured_is_not_called_so(capfd):
    """Where a lesson reveals nothing itself, the answer is said to be so, not to have been measured."""
    predict("m06-expert-rows", answer=64, confidence=50)

    out = capfd.readouterr().out
    assert "Not so: you predicted 64 rows, and it is 128 rows." in out
    assert "measured" not in out


def test_a_lesson_may_return_what_it_measured(capfd):
    """The question turns a number that a lesson measured into the choice that fits it."""
    predict("m15-as-many-slots", reveal=measured(0.31), answer="b", confidence=50)

    assert "the result is “more than a tenth”." in capfd.readouterr().out


def test_a_question_that_only_its_lesson_can_answer(capfd):
    """Without a reveal a training run cannot be compared: a sentence says what is missing, and nothing is noted."""
    predict("m37-more-parameters", answer="a", confidence=50)

    assert "only this lesson's own cell can measure it" in capfd.readouterr().out
    assert progress.events("reveal") == []


def test_a_returning_card_says_why_it_returns(capfd):
    """It names the lesson and the answer of then; nothing returns, and nothing is said, where nothing was missed."""
    returning("03")
    assert capfd.readouterr().out == ""
    predict("m15-drop-rate", reveal=measured(18.5), answer=1, confidence=90)
    capfd.readouterr()
    returning("03")

    why = "This returns from lesson 02, in other words. There you were 90 % sure of 1 %, and it was not so."
    assert capfd.readouterr().out.splitlines()[1] == why
    predict("m15-drop-rate-2", answer=20, confidence=50)
    assert why in capfd.readouterr().out


def test_a_reveal_that_raises_leaves_the_lock(capfd):
    """A reveal's error is printed to stdout with its place; once the cell is right, the same answer is compared."""

    def reveal():
        raise KeyError("no such column")

    predict("m15-drop-rate", reveal=reveal, answer=16, confidence=50)
    out, err = capfd.readouterr()
    assert "stopped with KeyError: 'no such column'" in out
    assert "Your answer stays locked" in out
    assert "test_predictions.py" in out
    assert "teaching/predict/prediction.py" not in out
    assert err == ""
    assert [event["kind"] for event in progress.events()] == ["prediction"]

    predict("m15-drop-rate", reveal=measured(18.5))
    assert "Right. You predicted 16 %" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "truth"),
    [
        ({"reveal": measured(torch.tensor(21.0)), "truth": 3}, "21 %"),
        ({"reveal": measured(None), "truth": 3}, "3 %"),
        ({"reveal": measured(None), "truth": lambda: 4.25}, "4.25 %"),
        ({"reveal": measured(None)}, "18.7 %"),
        ({}, "18.7 %"),
    ],
)
def test_the_truth_is_what_was_measured_else_given_else_computed(capfd, arguments, truth):
    """The reveal's result counts first, then the given value or function, then the question's own."""
    predict("m15-drop-rate", **arguments, answer=50, confidence=50)

    assert f" {truth}. Answers from" in capfd.readouterr().out


def test_a_reveal_that_returns_something_else_is_told(capfd):
    """Axes in place of a number give a sentence about reveal, and nothing is noted as wrong."""
    predict("m15-drop-rate", reveal=measured("Axes"), answer=50, confidence=50)

    assert "reveal must return what was measured, or None where truth says it: type a number" in capfd.readouterr().out
    assert progress.events("reveal") == []


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"id": "m15-drop"}, ValueError, "no question 'm15-drop': did you mean 'm15-drop-rate'"),
        ({"id": "m15-drop-rate", "reveal": 18}, TypeError, "reveal must be a function .* got int"),
        ({"id": "m15-drop-rate", "answer": 18}, ValueError, r"confidence must be one of 50, 70, 90 \(%\), got None"),
        ({"id": "m15-drop-rate", "answer": 18, "confidence": 0.7}, ValueError, "got 0.7"),
        ({"id": "m15-drop-rate", "confidence": 70}, ValueError, "type a number first"),
        ({"id": "m01-sums", "answer": "e", "confidence": 70}, ValueError, "got 'e': write answer=\"a\"$"),
        ({"id": "m15-drop-rate", "answer": "e", "confidence": 70}, ValueError, "one point; got 'e'$"),
        ({"id": "m01-sums", "confidence": 70}, ValueError, "choose or type an answer first"),
    ],
)
def test_a_mistake_in_the_call_locks_nothing(arguments, error, words):
    """Each answer that does not fit gets its own sentence, and none is kept."""
    with pytest.raises(error, match=words):
        predict(arguments.pop("id"), **arguments)
    assert progress.events() == []


def test_events_that_fit_no_question_are_not_used(capfd):
    """An answer, confidence or result that somebody edited into nonsense counts as not given."""
    for answer, confidence in (("18", 70), (None, 70), (18.0, 60), (float("inf"), 70)):
        progress.note("prediction", "m15-drop-rate", answer=answer, confidence=confidence)
    progress.note("reveal", "m15-drop-rate", answer=18.0, confidence=70, right="no")
    predict("m15-drop-rate", reveal=never)

    assert "Answer in code" in capfd.readouterr().out
    assert due_in("03") == []
    assert tally() == {}


def test_a_learner_s_random_numbers_stay_the_same():
    """A question that computes its truth leaves torch's generator where it was."""
    before = torch.get_rng_state()
    predict("m06-expert-rows", answer=128, confidence=50)

    assert torch.equal(torch.get_rng_state(), before)
