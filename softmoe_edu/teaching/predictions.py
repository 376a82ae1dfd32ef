"""Predict before you look: a question is answered and locked, and only then the plot that answers it appears.

A prediction is made with a confidence. A confident miss is answered with a refutation and returns one and three
lessons later in other words. Predictions are never graded; they are kept in the progress file and nowhere else.
"""

import os
import traceback
from collections.abc import Callable
from typing import NamedTuple

import torch

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.questions import ASKED, CONFIDENCES, QUESTIONS, Question, find, lesson_name
from softmoe_edu.teaching.say import say
from softmoe_edu.teaching.shell import current_shell

PLAIN = "SOFTMOE_PLAIN"
CONFIDENT = 70  # from here on a miss is refuted and returns
RETURNS = (1, 3)  # lessons later

Reveal = Callable[[], object]


class Outcome(NamedTuple):
    """What is said after a reveal: sentences, and whether the answer was "right", "wrong", or could not be told."""

    kind: str
    lines: list[str]


def predict(
    id: str,
    *,
    reveal: Reveal | None = None,
    truth: object = None,
    answer: object = None,
    confidence: int | None = None,
) -> None:
    """Ask a question, lock the answer, and only then call `reveal` and say how the answer compares.

    reveal: draws or prints what is to be seen and returns the measured truth, a number or one of the choices; where it
    returns None, `truth` counts (a value or a function), and without both what the question computes itself.
    answer, confidence: answer in code, where no widget can be shown. The first locked answer stays.

    Raises ValueError for an id, an answer or a confidence that does not exist, TypeError for a reveal that cannot be
    called; what `reveal` raises is shown, and the answer stays locked.
    """
    if reveal is not None and not callable(reveal):
        raise TypeError(
            f"reveal must be a function that draws and returns what was measured, got {type(reveal).__name__}: "
            "write reveal=show, without calling it"
        )
    prediction = Prediction(find(id), reveal, truth)
    if answer is not None or confidence is not None:
        prediction.lock(answer, confidence)
    prediction.show()


def returning(lesson: str | int) -> None:
    """Ask again, in other words, what was confidently missed one and three lessons ago, or earlier and not yet.

    lesson: the one that asks, such as "05"; raises ValueError for what is no number.
    """
    due = [Prediction(question, lesson=lesson_name(lesson)) for question in due_in(lesson)]
    if not due:
        say("No earlier prediction returns in this lesson.")
    for prediction in due:
        prediction.show()


def due_in(lesson: str | int) -> list[Question]:
    """Give the questions that return in a lesson; those that were answered in it stay."""
    lesson = lesson_name(lesson)
    found, known = [], progress.events()
    for question in ASKED:
        first = _first("reveal", question.id, known)
        if not first or first["right"] or first["confidence"] < CONFIDENT:
            continue
        due = question.again[: sum(int(lesson) - int(question.lesson) >= later for later in RETURNS)]
        answers = {again: _first("prediction", again.id, known) for again in due}
        here = [again for again, given in answers.items() if given and given.get("lesson") == lesson]
        found += here or [again for again, given in answers.items() if not given][:1]
    return found


def revealed(lesson: str | int | None = None) -> list[dict]:
    """Give the first reveal of each question, those of one lesson or all, with "confidence" and "right"."""
    known = progress.events("reveal")
    firsts = [first for id in QUESTIONS if (first := _first("reveal", id, known))]
    return [first for first in firsts if lesson is None or first.get("lesson") == lesson_name(lesson)]


class Prediction:
    """One question and its answer; the lesson is where it is asked, and unless given the question's own."""

    def __init__(
        self, question: Question, reveal: Reveal | None = None, truth: object = None, lesson: str | None = None
    ):
        self.question = question
        self.lesson = lesson or question.lesson
        self._reveal = reveal
        self._truth = truth

    @property
    def locked(self) -> dict | None:
        """The locked answer and its confidence, {"answer": ..., "confidence": ...}, or None."""
        return _first("prediction", self.question.id)

    def lock(self, answer: object, confidence: object) -> None:
        """Lock an answer; one that was locked earlier, here or in another notebook, stays.

        Raises ValueError with a sentence for an answer or a confidence that is missing or does not fit.
        """
        if self.locked:
            return
        if answer is None or answer == "":
            raise ValueError("choose or type an answer first" if self.question.choices else "type a number first")
        try:
            value = self.question.read(answer)
        except ValueError as error:
            raise ValueError(f'{error}: write answer="a"' if self.question.choices else str(error)) from None
        if confidence not in CONFIDENCES:
            listed = ", ".join(map(str, CONFIDENCES))
            raise ValueError(f"say how sure you are: confidence must be one of {listed} (%), got {confidence!r}")
        self._note("prediction", answer=value, confidence=int(confidence))

    def look(self) -> Outcome:
        """Call the reveal and compare; what it raises becomes sentences, and its traceback is printed."""
        given = self.locked
        assert given  # nothing is revealed before an answer is locked
        try:
            truth = self._measure()
        except Exception as error:
            _print_frames(error)
            what = f"What was to be shown stopped with {type(error).__name__}: {error}"
            return Outcome("error", [what, "Your answer stays locked. Correct the cell and run it again."])
        question, answer = self.question, given["answer"]
        right = question.is_right(answer, truth)
        if not _first("reveal", question.id):
            self._note("reveal", answer=answer, confidence=given["confidence"], truth=truth, right=right)
        refuted = not right and given["confidence"] >= CONFIDENT
        lines = [self._refutation(answer, truth)] if refuted else []
        return Outcome("right" if right else "wrong", [*lines, self._verdict(answer, truth, right)])

    def given_words(self) -> str:
        """Say what was locked."""
        given = self.locked
        return f"Your answer, locked: {self.question.show(given['answer'])}, {given['confidence']} % sure."

    def how_to_answer(self) -> list[str]:
        """Say in lines what is asked and how it is answered in code."""
        question = self.question
        if question.choices:
            listed = [f"  {letter}) {choice}" for letter, choice in question.letters().items()]
            kind = 'a letter in quotes, such as answer="a"'
        else:
            listed, kind = [], f"a number{f' in {question.unit}' if question.unit else ''}"
        reveal = "reveal=..., " if self._reveal else ""
        return [
            "Predict before you look",
            question.text,
            *listed,
            f'Answer in code: predict("{question.id}", {reveal}answer=?, confidence=?)',
            f"  answer: {kind}; confidence: {', '.join(map(str, CONFIDENCES))} (%). The first answer stays.",
        ]

    def show(self) -> None:
        """Show the question, or what was answered and the reveal: as a widget, or as text where there is none."""
        if shows_widgets():
            from softmoe_edu.teaching.prediction_view import show_widget

            show_widget(self)
        elif self.locked:
            say("Predict before you look", self.question.text, self.given_words())
            say(*self.look().lines)
        else:
            say(*self.how_to_answer())

    def _measure(self) -> float | str:
        """Give what reveal returns, else the given truth, else the question's own."""
        question = self.question
        truth = self._reveal() if self._reveal else None
        if truth is None:
            truth = self._truth() if callable(self._truth) else self._truth
        if truth is None:
            # A learner's random numbers are the same with and without a question.
            with torch.random.fork_rng(devices=[]):
                truth = question.truth()
        try:
            return question.read(truth)
        except ValueError as error:
            raise TypeError(f"reveal must return what was measured, or None where truth says it: {error}") from None

    def _refutation(self, answer: float | str, truth: float | str) -> str:
        """Say why; that many think so is said only to somebody whose answer the belief predicts."""
        question, show = self.question, self.question.show
        if question.is_right(answer, question.predicts):
            return question.refutation(truth)
        return (
            f"A frequent answer is {show(question.predicts)}, because it seems that {question.belief}. "
            f"You just measured {show(truth)}. The reason: {question.because}."
        )

    def _verdict(self, answer: float | str, truth: float | str, right: bool) -> str:
        question, show = self.question, self.question.show
        near = ""
        if question.tolerance and not question.choices:
            low, high = (show(truth + sign * question.tolerance) for sign in (-1, 1))
            near = f" Answers from {low} to {high} count as right."
        return f"{'Right' if right else 'Not this time'}: you predicted {show(answer)}, measured: {show(truth)}.{near}"

    def _note(self, kind: str, **data: object) -> None:
        question = self.question
        progress.note(kind, question.id, misconception=question.misconception, lesson=self.lesson, **data)


def shows_widgets() -> bool:
    """Tell whether this is an IPython kernel whose front end may show widgets; SOFTMOE_PLAIN=1 says no."""
    if os.environ.get(PLAIN, "").strip() not in ("", "0"):
        return False
    return getattr(current_shell(), "kernel", None) is not None


def _print_frames(error: Exception) -> None:
    """Print where an error came from, without the frames of this file; to stdout, as all that a reveal prints."""
    frame = error.__traceback__
    while frame and frame.tb_frame.f_code.co_filename == __file__:
        frame = frame.tb_next
    if frame:
        say("".join(traceback.format_exception(type(error), error, frame)).rstrip())


def _first(kind: str, id: str, known: list[dict] | None = None) -> dict | None:
    """Give the first event that fits the question as it is now: of two notebooks, the one that locked first counts."""
    question = find(id)
    found = progress.events(kind, id) if known is None else known
    own = (event for event in found if (event["kind"], event["id"]) == (kind, id))
    return next((event for event in own if _fits(event, question)), None)


def _fits(event: dict, question: Question) -> bool:
    try:
        same = question.read(event.get("answer")) == event["answer"]
    except ValueError:
        return False
    told = event["kind"] != "reveal" or isinstance(event.get("right"), bool)
    return same and told and event.get("confidence") in CONFIDENCES
