"""Predict before you look: a question is answered and locked, and only then the plot that answers it appears.

A prediction is made with a confidence. The reply says whether it is right, and why what was answered is not so; a
confident miss returns one and three lessons later in other words. Predictions are never graded; they are kept in the
progress file and nowhere else.
"""

import os

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.discovery import asked, find_question
from softmoe_edu.teaching.lesson import lesson_name
from softmoe_edu.teaching.predict.prediction import CONFIDENT, Prediction, Reveal, first_event
from softmoe_edu.teaching.predict.question import Question
from softmoe_edu.teaching.say import say
from softmoe_edu.teaching.shell import current_shell

PLAIN = "SOFTMOE_PLAIN"
RETURNS = (1, 3)  # lessons later


def predict(
    id: str,
    *,
    reveal: Reveal | None = None,
    truth: object = None,
    answer: object = None,
    confidence: int | None = None,
) -> None:
    """Ask a question, lock the answer, and only then call `reveal` and show how the answer compares.

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
    prediction = Prediction(find_question(id), reveal, truth)
    if answer is not None or confidence is not None:
        prediction.lock(answer, confidence)
    show(prediction)


def returning(lesson: str | int) -> None:
    """Ask again, in other words, what was confidently missed one and three lessons ago, or earlier and not yet asked.

    Shows nothing where nothing returns. lesson: the one that asks, such as "05"; raises ValueError for what is no
    number.
    """
    for question in due_in(lesson):
        show(Prediction(question, lesson=lesson_name(lesson)))


def due_in(lesson: str | int) -> list[Question]:
    """Return the questions that return in a lesson; those that were answered in it stay."""
    lesson = lesson_name(lesson)
    found, known = [], progress.events()
    for question in asked():
        first = first_event("reveal", question.id, known)
        if not first or first["right"] or first["confidence"] < CONFIDENT:
            continue
        due = question.again[: sum(int(lesson) - int(question.lesson) >= later for later in RETURNS)]
        answers = {again: first_event("prediction", again.id, known) for again in due}
        here = [again for again, given in answers.items() if given and given.get("lesson") == lesson]
        found += here or [again for again, given in answers.items() if not given][:1]
    return found


def show(prediction: Prediction) -> None:
    """Show the question, or what was answered and the reveal: as a widget, or as text where there is none."""
    if shows_widgets():
        from softmoe_edu.teaching.predict.prediction_view import show_widget

        show_widget(prediction)
    elif prediction.locked:
        again = filter(None, [prediction.why_again])
        say("Predict before you look", *again, prediction.question.text, prediction.given_words())
        say(*prediction.look().lines)
    else:
        say(*prediction.how_to_answer())


def shows_widgets() -> bool:
    """Return whether this is an IPython kernel whose front end may show widgets; SOFTMOE_PLAIN=1 says no."""
    if os.environ.get(PLAIN, "").strip() not in ("", "0"):
        return False
    return getattr(current_shell(), "kernel", None) is not None
