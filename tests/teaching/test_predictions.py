import pytest
import torch

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.discovery import find_question
from softmoe_edu.teaching.predict.asking import due_in, predict
from softmoe_edu.teaching.predict.calibration import tally
from softmoe_edu.teaching.predict.prediction import Prediction

pytestmark = pytest.mark.usefixtures("workspace", "plain")
RIGHT = "dispatch over the tokens of each slot, combine over the slots of each token"
SWAPPED = "dispatch over the slots of each token, combine over the tokens of each slot"
BELIEF = find_question("m01-sums").belief


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
    assert "Right: you predicted 16 %, measured: 18.5 %. Answers from 13.5 % to 23.5 % count as right." in out
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
    assert out.count("locked: 40 %, 50 % sure.") == out.count("Not this time: you predicted 40 %") == 2
    assert out.count("drawn") == 2
    assert [event["kind"] for event in progress.events()] == ["prediction", "reveal"]


def test_of_two_notebooks_the_first_answer_counts(capfd):
    """A form that was opened before another one locked an answer shows that one."""
    late = Prediction(find_question("m01-sums"), measured(RIGHT))
    predict("m01-sums", answer="b", confidence=70)
    late.lock("a", 50)

    assert (late.locked["answer"], late.locked["confidence"]) == (SWAPPED, 70)


@pytest.mark.parametrize(("answer", "confidence", "refuted"), [("b", 90, 1), ("b", 70, 1), ("b", 50, 0), ("a", 90, 0)])
def test_a_confident_miss_is_refuted_first(capfd, answer, confidence, refuted):
    """From 70 % on a wrong answer gets the refutation before the verdict; no other answer gets it."""
    predict("m01-sums", reveal=measured(RIGHT), answer=answer, confidence=confidence)

    last = capfd.readouterr().out.split("drawn\n")[1].splitlines()
    assert [line.startswith("Many think that") for line in last] == [True] * refuted + [False]
    assert last[-1].startswith("Right: " if answer == "a" else "Not this time: ")


@pytest.mark.parametrize(
    ("id", "truth", "answer", "start"),
    [
        ("m01-sums", RIGHT, "b", f"Many think that {BELIEF}. That predicts “{SWAPPED}”"),
        ("m01-sums", RIGHT, "c", f"A common answer is “{SWAPPED}”, because it seems that {BELIEF}."),
        ("m15-drop-rate", 18.5, 5, f"Many think that {find_question('m15-drop-rate').belief}. That predicts 0 %"),
        ("m15-drop-rate", 18.5, 5.1, "A common answer is 0 %, because it seems that"),
    ],
)
def test_many_think_is_said_only_of_what_was_answered(capfd, id, truth, answer, start):
    """A miss that the belief predicts, within the tolerance, is met as the belief; any other hears what is frequent."""
    predict(id, reveal=measured(truth), answer=answer, confidence=90)

    refutation, _ = capfd.readouterr().out.split("drawn\n")[1].splitlines()
    assert refutation.startswith(start)
    assert f"measured {find_question(id).show(truth)}. The reason: {find_question(id).because}." in refutation


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
    assert "Right: you predicted 16 %" in capfd.readouterr().out


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

    assert f"measured: {truth}." in capfd.readouterr().out


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
