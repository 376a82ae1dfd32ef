"""What a prediction asks, how an answer is read, and when it counts as right."""

import functools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from softmoe_edu.teaching.check.isolation.kept_state import plain_defaults
from softmoe_edu.text import number

CONFIDENCES = (50, 70, 90)


@dataclass(frozen=True)
class Question:
    """A question about what is about to be seen, aimed at one misconception.

    id: the misconception and a few words, in lower case. misconception: such as "M15". lesson: such as "02".
    choices: what can be answered; empty where the answer is a number, which then has a unit, and which counts as right
    when it is at most `tolerance` away.
    belief, predicts, because: many think that {belief}; that predicts {predicts}; the truth is different because
    {because}. truth: computes the right answer, a number or one of the choices.
    again: the same misconception in other words, for one lesson later and for three lessons later; these have the
    misconception and the lesson of their question.
    """

    id: str
    text: str
    belief: str
    predicts: float | str
    because: str
    truth: Callable[[], float | str]
    misconception: str = ""
    lesson: str = ""
    choices: tuple[str, ...] = ()
    unit: str = ""
    tolerance: float = 0.0
    again: tuple["Question", ...] = ()

    def __post_init__(self) -> None:
        # What is measured does not depend on the defaults that a learner has set.
        truth = self.truth

        @functools.wraps(truth)
        def measured() -> float | str:
            with plain_defaults():
                return truth()

        object.__setattr__(self, "truth", measured)
        for again in self.again:
            object.__setattr__(again, "misconception", self.misconception)
            object.__setattr__(again, "lesson", self.lesson)

    def read(self, answer: object) -> float | str:
        """Return an answer as a number, or as one of the choices, which may be given by its letter.

        Raises ValueError with a sentence for anything else.
        """
        if self.choices:
            return self._choice(answer)
        if isinstance(answer, str):
            return self._number(answer)
        try:
            number = float(answer)  # also a tensor of one number
        except (TypeError, ValueError, OverflowError, RuntimeError):
            number = math.nan
        if isinstance(answer, bool) or not math.isfinite(number):
            raise ValueError(f"the answer must be a number{self._in_unit()}, got {answer!r}")
        return number

    def is_right(self, answer: float | str, truth: float | str) -> bool:
        """Return whether an answer is the truth, within the tolerance."""
        return answer == truth if self.choices else abs(answer - truth) <= self.tolerance * (1 + 1e-9)

    def show(self, value: float | str) -> str:
        """Return an answer in words: a number with its unit, or the choice in quotes."""
        if self.choices:
            return f"“{value}”"
        return f"{number(value)} {self.unit}".rstrip()

    def refutation(self, truth: float | str) -> str:
        """Return what many think, what it predicts, what was measured, and why."""
        return (
            f"Many think that {self.belief}. That predicts {self.show(self.predicts)}; "
            f"you just measured {self.show(truth)}. The reason: {self.because}."
        )

    def letters(self) -> dict[str, str]:
        """Return the choices by their letters: {"a": ..., "b": ...}."""
        return dict(zip("abcdefgh", self.choices, strict=False))

    def _choice(self, answer: object) -> str:
        text = str(answer).strip()
        if text in self.choices:
            return text
        try:
            return self.letters()[text.lower()]
        except KeyError:
            listed = ", ".join(f"{letter} ({choice})" for letter, choice in self.letters().items())
            raise ValueError(f"the answer must be one of {listed}; got {answer!r}") from None

    def _number(self, text: str) -> float:
        bare = text.strip().removesuffix(self.unit).replace(" ", "")
        if re.fullmatch(r"[+-]?\d*,(\d{1,2}|\d{4,})", bare):  # a decimal comma; 25,088 could be either
            bare = bare.replace(",", ".")
        try:
            number = float(bare)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"type a number{self._in_unit()}, digits and at most one point; got {text.strip()!r}")
        return number

    def _in_unit(self) -> str:
        return f" in {self.unit}" if self.unit else ""
