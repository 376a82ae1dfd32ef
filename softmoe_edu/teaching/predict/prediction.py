"""One question and its answer, which is locked before anything is shown and then compared with what is measured."""

import traceback
from collections.abc import Callable
from typing import NamedTuple

import torch

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.discovery import asked, find_question, questions
from softmoe_edu.teaching.lesson import lesson_name
from softmoe_edu.teaching.predict.question import CONFIDENCES, Question
from softmoe_edu.teaching.say import say

CONFIDENT = 70  # from here on a miss is refuted and returns

Reveal = Callable[[], object]


class Outcome(NamedTuple):
    """What is said after a reveal: sentences, and whether the answer was "right", "wrong", or could not be told."""

    kind: str
    lines: list[str]


def revealed(lesson: str | int | None = None) -> list[dict]:
    """Return the first reveal of each question, those of one lesson or all, with "confidence" and "right"."""
    known = progress.events("reveal")
    firsts = [first for id in questions() if (first := first_event("reveal", id, known))]
    return [first for first in firsts if lesson is None or first.get("lesson") == lesson_name(lesson)]


class Prediction:
    """One question and its answer; the lesson is where it is asked, by default the question's own."""

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
        return first_event("prediction", self.question.id)

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
            truth = self.measure()
        except Exception as error:
            _print_frames(error)
            what = f"The reveal stopped with {type(error).__name__}: {error}"
            return Outcome("error", [what, "Your answer stays locked. Correct the cell and run it again."])
        question, answer = self.question, given["answer"]
        right = question.is_right(answer, truth)
        if not first_event("reveal", question.id):
            self._note("reveal", answer=answer, confidence=given["confidence"], truth=truth, right=right)
        reason = f"The reason: {question.because}." if right else question.why_not(answer, truth)
        lines = [self._verdict(answer, truth, right), reason]
        if not right and given["confidence"] >= CONFIDENT and question.again:
            lines.append(
                f"You were {given['confidence']} % sure, so a later lesson asks you about this again, in other words."
            )
        return Outcome("right" if right else "wrong", lines)

    @property
    def why_again(self) -> str:
        """Why a question returns: what was said to the one that it rephrases, and where; "" if it does not return."""
        id = self.question.id
        before = next((first for first in asked() if any(again.id == id for again in first.again)), None)
        told = before and first_event("reveal", before.id)
        if not told or told["right"]:
            return ""
        return (
            f"This returns from lesson {told.get('lesson') or before.lesson}, in other words. There you were "
            f"{told['confidence']} % sure of {before.show(told['answer'])}, and it was not so."
        )

    def given_words(self) -> str:
        """Return the locked answer in words."""
        given = self.locked
        return f"Your answer, locked: {self.question.show(given['answer'])}, {given['confidence']} % sure."

    def how_to_answer(self) -> list[str]:
        """Return, line by line, what is asked and how to answer it in code."""
        question = self.question
        if question.choices:
            listed = [f"  {letter}) {choice}" for letter, choice in question.letters().items()]
            kind = 'a letter in quotes, such as answer="a"'
        else:
            listed, kind = [], f"a number{f' in {question.unit}' if question.unit else ''}"
        reveal = "reveal=..., " if self._reveal else ""
        return [
            "Predict before you look",
            *filter(None, [self.why_again]),
            question.text,
            *listed,
            f'Answer in code: predict("{question.id}", {reveal}answer=?, confidence=?)',
            f"  answer: {kind}; confidence: {', '.join(map(str, CONFIDENCES))} (%). The first answer stays.",
        ]

    def measure(self) -> float | str:
        """Return what reveal returns, else the given truth, else the question's own; locked or not."""
        question = self.question
        truth = self._reveal() if self._reveal else None
        if truth is None:
            truth = self._truth() if callable(self._truth) else self._truth
        elif question.measured and not isinstance(truth, str):
            truth = question.measured(truth)
        if truth is None and question.truth is None:
            raise TypeError("reveal must return what was measured: only this lesson's own cell can measure it")
        if truth is None:
            # A learner's random numbers are the same with and without a question.
            with torch.random.fork_rng(devices=[]):
                truth = question.truth()
        try:
            return question.read(truth)
        except ValueError as error:
            raise TypeError(f"reveal must return what was measured, or None where truth says it: {error}") from None

    def _verdict(self, answer: float | str, truth: float | str, right: bool) -> str:
        """Return whether the answer is right, and what is; measured is only what a reveal has just measured."""
        question, show = self.question, self.question.show
        head = f"{'Right.' if right else 'Not so:'} {'You' if right else 'you'} predicted {show(answer)}"
        found = "the result is" if self._reveal else "it is"
        if right and question.choices:
            return f"{head}, and {'that is the result' if self._reveal else 'so it is'}."
        near = ""
        if question.tolerance:
            low, high = (show(truth + sign * question.tolerance) for sign in (-1, 1))
            near = f" Answers from {low} to {high} count as right."
        return f"{head}, and {found} {show(truth)}.{near}"

    def _note(self, kind: str, **data: object) -> None:
        question = self.question
        progress.note(kind, question.id, misconception=question.misconception, lesson=self.lesson, **data)


def _print_frames(error: Exception) -> None:
    """Print where an error came from, without the frames of this file; to stdout, as all that a reveal prints."""
    frame = error.__traceback__
    while frame and frame.tb_frame.f_code.co_filename == __file__:
        frame = frame.tb_next
    if frame:
        say("".join(traceback.format_exception(type(error), error, frame)).rstrip())


def first_event(kind: str, id: str, known: list[dict] | None = None) -> dict | None:
    """Return the first event that fits the question as it is now: of two notebooks, the first to lock counts."""
    question = find_question(id)
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
