"""What an exercise is: a function to write, what a right one does, and the mistakes that people make in it."""

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from types import ModuleType

from softmoe_edu.teaching.draw import Draw

NOT_STARTED = "raise NotImplementedError"
SHORTEST_LINE = 16  # characters without spaces; shorter lines, such as `b, n = x.shape`, stand in any text
ORDINARY = {"with torch.no_grad():", "def __init__(self):", "super().__init__()"}  # say nothing of any answer


class Kind(Enum):
    """What was found, set by the code that found it; what to do next depends on this, not on any text."""

    OTHER = auto()  # nothing more is known than its property
    TOO_SLOW = auto()
    LEAVES = auto()  # ends the program
    BORROWED = auto()  # calls an answer that already exists
    SIGNATURE = auto()
    NO_RESULT = auto()
    UNWRITTEN = auto()  # raises NotImplementedError
    NO_PYTHON = auto()
    NO_SUCH_NAME = auto()
    RAISES = auto()  # by a `raise` of its own
    FAILS_ON_SHAPES = auto()
    FAILS_ON_VALUES = auto()
    STRUCTURE = auto()  # returns another kind of thing
    SHAPE = auto()
    DTYPE = auto()
    WRITES_OVER = auto()  # something that autograd needs
    CUTS_GRADIENT = auto()


@dataclass(frozen=True)
class Finding:
    """Where an answer is not what it should be.

    should: what should be true, in words and as an equation. given, expected, got: the smallest input that shows it,
    what was expected and what came, each in one line with the sums that matter; "" where there is nothing to say.
    share: how much of the property still holds, for points. error: the name of the error that the answer raised, or "".
    """

    should: str
    given: str = ""
    expected: str = ""
    got: str = ""
    share: float = 0.0
    kind: Kind = Kind.OTHER
    error: str = ""


@dataclass(frozen=True)
class Property:
    """One thing that every right answer does.

    test: called with an `Attempt` and a `Draw`, returns a Finding where the property does not hold. next_step: what to
    do then, unless the finding's kind says more; without it, work through a small input.
    """

    name: str
    test: Callable[..., Finding | None]
    next_step: str = ""


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give: it runs, and serves for diagnoses, clinic cases and quiz questions.

    does: what it computes, as the end of "your numbers equal those of a function that ...". belief: what its
    author thinks. refuted: the line of the paper, or the fact, that refutes it. seen: where it was seen.
    misconception: its id in the course's table, M01 to M45, or "". same_as: the id of an earlier mistake that is the
    same function. raises: whether it returns no numbers to compare with an answer's. form: whether the numbers are
    right and only their dtype is not, or what was written over: that costs a quarter of the points.
    """

    id: str
    function: Callable
    does: str
    belief: str
    refuted: str
    seen: str
    misconception: str = ""
    same_as: str = ""
    raises: bool = False
    form: bool = False


def mistake(misconception: str = "", **about: str | bool) -> Callable[[Callable], Mistake]:
    """Make a Mistake of the function below it: its name, with dashes, is the id; `about` holds the other fields."""
    return lambda function: Mistake(function.__name__.replace("_", "-"), function, misconception=misconception, **about)


def mistakes_in(module: dict[str, object]) -> tuple[Mistake, ...]:
    """Return the mistakes that a file defines, in its order; `module` is its `globals()`."""
    known = (each for each in module.values() if isinstance(each, Mistake))
    return tuple(each for each in known if each.function.__module__ == module["__name__"])


@dataclass(frozen=True)
class Hint:
    """One step of help: a sentence or two and code that runs and defines the function; only the last one is right."""

    text: str
    code: str = ""


@dataclass(frozen=True)
class Exercise:
    """A function to write and all that belongs to it, in one folder.

    answer: the reference; its signature and docstring are what the learner sees. probe: returns arguments of sizes that
    all differ. properties: what is tested after the signature, shapes and dtypes, in this order. library: functions
    of this package that do the same, which an answer may not call. probes: further arguments on which mistakes differ.
    observe: instead of calling it on probes, what tells answers of this exercise apart (a dict of comparable values).
    same: makes two outputs comparable that are equal up to an order that does not matter.
    parts: the names of what an answer returns, where it returns several things. slow: what a stopped answer did.
    basics: whether shapes, dtypes and inputs are checked first. matches: how a named mistake's `does` begins.
    minutes: planned time. difficulty: 1 to 5.
    given: lines of the reference with which the lesson's text begins the answer.
    listing: the numbered lines that an answer names, where the answer is an order of lines.
    order: its place among the exercises of its lesson. points: for graders. essential: on the core path.
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
    given: tuple[str, ...] = ()
    listing: str = ""

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
    def solution_lines(self) -> list[str]:
        """The lines of the reference's body that say something: no comments, no short ones, none that are given."""
        lines = (line.strip() for line in self.solution[len(self.stub) - len(NOT_STARTED) :].splitlines())
        known = ORDINARY.union(self.given)
        lines = (line for line in lines if line not in known and not line.startswith("#"))
        return [line for line in lines if len("".join(line.split())) >= SHORTEST_LINE]
