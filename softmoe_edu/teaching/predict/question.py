"""What a prediction asks, how an answer is read, and when it counts as right."""

import functools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from softmoe_edu.teaching.check.isolation.kept_state import plain_defaults
from softmoe_edu.teaching.predict.misses import kind_of_miss
from softmoe_edu.text import number

CONFIDENCES = (50, 70, 90)


@dataclass(frozen=True)
class Question:
    """A question about what is about to be seen, aimed at one misconception.

    id: the misconception and a few words, in lower case. misconception: such as "M15". lesson: such as "02".
    choices: what can be answered; empty where the answer is a number, which then has a unit, and which counts as right
    when it is at most `tolerance` away.
    belief, predicts, because: many think that {belief}; that predicts {predicts}; the truth is different because
    {because}. truth: computes the right answer, a number or one of the choices; None where only a lesson's own cell can
    measure it. replies: why another wrong answer is not so, in a sentence or two, for each wrong choice and for numbers
    that people give; what the belief predicts needs none.
    measured: makes an answer of what a lesson's reveal returns, where that is not an answer already.
    giveaways: regular expressions of what would tell the answer; a lesson shows none of them before it is locked.
    again: the same misconception in other words, for one lesson later and for three lessons later; these have the
    misconception and the lesson of their question.
    """

    id: str
    text: str
    belief: str
    predicts: float | str
    because: str
    truth: Callable[[], float | str] | None
    misconception: str = ""
    lesson: str = ""
    choices: tuple[str, ...] = ()
    unit: str = ""
    tolerance: float = 0.0
    measured: Callable[[object], float | str] | None = None
    replies: Mapping[float | str, str] = field(default_factory=dict, hash=False)
    giveaways: tuple[str, ...] = ()
    again: tuple["Question", ...] = ()

    def __post_init__(self) -> None:
        if self.truth is not None:
            object.__setattr__(self, "truth", _undisturbed(self.truth))
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

    def why_not(self, answer: float | str, truth: float | str) -> str:
        """Return why this wrong answer is not so: what it goes by, and the reason."""
        thought = next((reply for known, reply in self.replies.items() if self._says_the_same(answer, known)), "")
        if not thought and self.is_right(answer, self.predicts):
            thought = f"Many think that {self.belief}."
        elif not thought and not self.choices:
            thought = kind_of_miss(answer, truth, self.unit)
        return f"{thought} The reason: {self.because}.".strip()

    def _says_the_same(self, answer: float | str, known: float | str) -> bool:
        return answer == known if self.choices else abs(answer - known) <= min(self.tolerance, abs(known) / 20)

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
        bare = re.sub(r"\s", "", text.strip().removesuffix(self.unit))
        # 25,088 is read as it is printed here; of a share in % nobody gives thousands, so 12,345 has a decimal comma.
        if self.unit != "%" and re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", bare):
            bare = bare.replace(",", "")
        elif re.fullmatch(r"[+-]?\d*,\d+", bare):
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


def _undisturbed(truth: Callable[[], float | str]) -> Callable[[], float | str]:
    """Return a function that measures the same whatever defaults a learner has set."""

    @functools.wraps(truth)
    def measured() -> float | str:
        with plain_defaults():
            return truth()

    return measured
