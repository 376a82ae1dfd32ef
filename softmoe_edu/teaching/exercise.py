"""What an exercise is: a function to write, what a right one does, and the mistakes that people make in it."""

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from softmoe_edu.teaching.draw import Draw

NOT_STARTED = "raise NotImplementedError"


@dataclass(frozen=True)
class Finding:
    """Where an answer is not what it should be.

    should: what should be true, in words and as an equation. given, expected, got: the smallest input that shows it,
    what should come out and what came, each in one line with the sums that matter; "" where there is nothing to say.
    share: how much of the property holds all the same, for points.
    """

    should: str
    given: str = ""
    expected: str = ""
    got: str = ""
    share: float = 0.0


@dataclass(frozen=True)
class Property:
    """One thing that every right answer does; `test(answer, draw)` gives a Finding where it does not."""

    name: str
    test: Callable[..., Finding | None]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give: it runs, it diagnoses, it makes clinic cases and quiz questions.

    does: what it computes, as the end of "your numbers equal those of a function that ...". belief: what somebody
    thinks who writes it. refuted: the line of the paper, or the fact, against it. seen: where it was seen.
    misconception: its id in the course's table, M01 to M45, or "". same_as: the id of an earlier mistake that is the
    same function.
    """

    id: str
    function: Callable
    does: str
    belief: str
    refuted: str
    seen: str
    misconception: str = ""
    same_as: str = ""


def mistake(id: str, misconception: str = "", *, same_as: str = "", **words: str) -> Callable[[Callable], Mistake]:
    """Make a Mistake of the function below it; the words are `does`, `belief`, `refuted` and `seen`."""
    return lambda function: Mistake(id, function, misconception=misconception, same_as=same_as, **words)


@dataclass(frozen=True)
class Hint:
    """One step of help: a sentence or two and code that runs and defines the function; only the last one is right."""

    text: str
    code: str = ""


@dataclass(frozen=True)
class Exercise:
    """A function to write and all that belongs to it, in one file.

    answer: the reference; its signature and docstring are what the learner sees. probe: gives arguments of sizes that
    all differ. properties: what is tested after the signature, shapes and dtypes, in this order. library: functions
    of this package that do the same, which an answer may not call. probes: further arguments on which mistakes differ.
    observe: in place of calling it on probes, what tells answers of this exercise apart (a dict of comparable values).
    same: makes two outputs comparable that are equal up to an order that does not matter.
    parts: what the things are called that an answer returns, where it returns several. slow: what a stopped answer did.
    basics: whether shapes, dtypes and inputs are looked at first. matches: how a named mistake's `does` begins.
    minutes: planned time. difficulty: 1 to 5.
    order: its place among the exercises of its lesson. points: for graders. essential: on the 40-minute path.
    """

    id: str
    lesson: str
    title: str
    answer: Callable
    probe: Callable[[Draw], tuple]
    properties: tuple[Property, ...]
    hints: tuple[Hint, ...]
    variants: tuple[Callable, ...]
    mistakes: tuple[Mistake, ...]
    minutes: int
    difficulty: int
    points: int
    essential: bool = False
    order: int = 0
    library: tuple[Callable, ...] = ()
    probes: tuple[Callable[[Draw], tuple], ...] = ()
    observe: Callable[[Callable, Draw], dict[str, object]] | None = None
    same: Callable[[tuple, object], object] = lambda args, output: output
    parts: tuple[str, ...] = ()
    slow: str = "look for a loop that never ends, or one over far too much"
    basics: bool = True
    matches: str = "your numbers equal those of a function that"

    @property
    def name(self) -> str:
        """The function's name."""
        return self.answer.__name__

    @property
    def signature(self) -> str:
        """The function's name and parameters, as in the stub."""
        return f"{self.name}{inspect.signature(self.answer)}"

    @property
    def module(self) -> ModuleType:
        """The file of the exercise, imported."""
        return inspect.getmodule(self.answer)

    @functools.cached_property
    def solution(self) -> str:
        """The reference's source text, which needs nothing but `torch` and `math`."""
        return textwrap.dedent(inspect.getsource(self.answer)).strip()

    @functools.cached_property
    def stub(self) -> str:
        """What a learner's cell holds at first: signature, docstring, and NotImplementedError."""
        function = ast.parse(self.solution).body[0]
        end = function.body[0].end_lineno
        return "\n".join([*self.solution.splitlines()[:end], f"    {NOT_STARTED}"])

    @property
    def misconceptions(self) -> list[str]:
        """The misconceptions that its mistakes come from."""
        return sorted({mistake.misconception for mistake in self.mistakes} - {""})
