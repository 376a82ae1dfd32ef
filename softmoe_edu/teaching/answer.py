"""A learner's function behind a counter: called with copies, held to the reference's shapes, its errors in words."""

import inspect
import linecache
import traceback
from collections.abc import Callable, Iterable
from dis import opname
from itertools import zip_longest
from numbers import Integral

import numpy as np
import torch
from torch import Tensor

from softmoe_edu.teaching.borrowed import Traps
from softmoe_edu.teaching.exercise import Exercise, Finding
from softmoe_edu.teaching.guard import ENDS
from softmoe_edu.teaching.kept_state import plain_again


class Refused(Exception):
    """A call of an answer gave nothing that a property could look at; holds the finding that says so."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.should)
        self.finding = finding


class NotStarted(Exception):
    """The answer, or a function that it calls, is still the stub; its name is the first argument."""


class Answer:
    """A learner's function, ready for properties: `answer(*args)` gives an output of the reference's structure.

    Arguments are copied for every call, so that one which writes into its input spoils no later property; `raw` calls
    with what it is given, and only it: `answer(*args)` calls the reference too, so that experts which count would count
    twice. Raises Refused where the function raises, or gives another structure, shape or dtype than the reference.
    returned: how many calls gave something. unwritten: the function that raised NotImplementedError itself, or "".
    """

    def __init__(self, exercise: Exercise, function: Callable) -> None:
        self.exercise, self.function = exercise, function
        functions = (exercise.answer, *exercise.variants, *exercise.library)
        self.traps = Traps([*functions, *(mistake.function for mistake in exercise.mistakes)])
        self.returned, self.unwritten = 0, ""

    @property
    def is_stub(self) -> bool:
        """Whether no call gave anything, because the answer or a function that it calls is still to be written."""
        return bool(self.unwritten) and not self.returned

    def __call__(self, *args: object) -> object:
        return self.beside(*args)[1]

    def beside(self, *args: object) -> tuple[object, object]:
        """Return what the reference gives and what the function gives for these arguments, as a call does."""
        got = self.raw(*copied(args))
        expected = self.exercise.answer(*copied(args))
        if problem := difference(expected, got, parts=self.exercise.parts):
            raise Refused(Finding(problem[0], self.given(args), *problem[1:]))
        return expected, got

    def raw(self, *args: object) -> object:
        """Call the function with exactly these arguments."""
        grad = torch.is_grad_enabled()
        try:
            with self.traps:
                output = self.function(*args)
        except ENDS:
            raise
        except BaseException as error:
            got = f"{in_words(error)}{_line_of(error, self.function)}"
            if is_stub(error):
                self.unwritten = self.unwritten or traceback.extract_tb(error.__traceback__)[-1].name
                got = f"{got}: other inputs get an answer, these none yet"
            should = f"{self.exercise.name} gives an answer for every allowed input, and raises nothing"
            raise Refused(Finding(should, self.given(args), got=got)) from error
        finally:
            # An answer that switches gradients off, or sets a default, would do so for the reference, too.
            plain_again()
            torch.set_grad_enabled(grad)
        self.returned += 1
        return output

    def given(self, args: tuple) -> str:
        """Say what these arguments are, by the parameters' names."""
        return described(args, inspect.signature(self.exercise.answer).parameters)

    def expected(self, *args: object) -> object:
        """Give the reference's output."""
        return self.exercise.answer(*copied(args))


def in_words(error: BaseException, most: int = 160) -> str:
    """Give an error's kind and text in one line, which ends with a whole word."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""  # whoever wrote the exception wrote its text, too
    if len(text) > most:
        text = f"{text[:most].rsplit(' ', 1)[0]} ..."
    return f"{type(error).__name__}: {text}".rstrip(": ")


def is_stub(error: BaseException) -> bool:
    """Whether a `raise` in Python says that something is not written; torch raises NotImplementedError from C++ too."""
    frame = error.__traceback__
    if not isinstance(error, NotImplementedError) or frame is None:
        return False
    while frame.tb_next:
        frame = frame.tb_next
    return opname[frame.tb_frame.f_code.co_code[frame.tb_lasti]] == "RAISE_VARARGS"


def copied(args: tuple) -> tuple:
    """Give arguments whose tensors and lists are copies, tensors with a graph of their own where they take one."""
    return tuple(_copied(a) for a in args)


def _copied(a: object) -> object:
    if isinstance(a, Tensor):
        return a.detach().clone().requires_grad_(a.requires_grad)
    return list(a) if isinstance(a, list) else a


def described(args: tuple, names: Iterable[str] = ()) -> str:
    """Say in words what was given: shapes of tensors, other values as they are, with names where there are any."""
    words, known = [], [*names][: len(args)]  # an argument with a default may be left out
    for a, name in zip_longest(args, known):
        if isinstance(a, Tensor):
            word = f"{tuple(a.shape)} {str(a.dtype).removeprefix('torch.')}"
        elif isinstance(a, (list, tuple)) and a and callable(a[0]):
            word = f"{len(a)} functions"
        elif callable(a):
            word = getattr(a, "__name__", type(a).__name__)
        else:
            word = repr(a)
        words.append(f"{name} {word}" if name else word)
    return ", ".join(words)


def difference(
    expected: object, got: object, part: str = "the answer", parts: tuple[str, ...] = ()
) -> tuple[str, str, str] | None:
    """Say (should, expected, got) where the two differ in kind, shape, dtype or device; None where they agree.

    parts: what the things of a tuple are called.
    """
    if expected is None:
        return None
    if isinstance(expected, tuple):
        if not isinstance(got, (tuple, list)) or len(got) != len(expected):
            return f"{part} is {len(expected)} things in a tuple", f"a tuple of {len(expected)}", _kind(got)
        names = parts if len(parts) == len(expected) else [f"part {i + 1} of {part}" for i in range(len(expected))]
        parts = (difference(*pair, name) for name, *pair in zip(names, expected, got, strict=True))
        return next(filter(None, parts), None)
    if isinstance(expected, Tensor):
        if not isinstance(got, Tensor):
            return f"{part} is a tensor", f"a tensor of shape {tuple(expected.shape)}", _kind(got)
        if got.layout != expected.layout or got.is_quantized:
            kind = "quantized" if got.is_quantized else str(got.layout).removeprefix("torch.")
            return f"{part} is an ordinary (dense) tensor", "a dense tensor", f"a tensor of the kind {kind}"
        if got.device != expected.device:
            return f"{part} stays on the input's device", str(expected.device), str(got.device)
        if got.shape != expected.shape:
            return f"{part} has the right shape", f"shape {tuple(expected.shape)}", f"shape {tuple(got.shape)}"
        kinds = expected.dtype, got.dtype
        both_whole = all(not d.is_floating_point and not d.is_complex and d != torch.bool for d in kinds)
        if got.dtype != expected.dtype and not both_whole:
            names = [str(d).removeprefix("torch.") for d in kinds]
            if names[0].startswith("int"):
                return f"{part} holds whole numbers", f"{names[0]} or another whole number type", names[1]
            why = ", the dtype of the input" if expected.dtype.is_floating_point else ""
            return f"{part} has dtype {names[0]}{why}", names[0], names[1]
        return None
    if isinstance(expected, bool):
        right, word = isinstance(got, bool), "True or False"
    elif isinstance(expected, int):
        right, word = isinstance(got, Integral) and not isinstance(got, bool), "a whole number (int)"
    else:
        # A Fraction is a Real too, and no tensor can be made of it.
        number = isinstance(got, (int, float, np.number)) or (isinstance(got, Tensor) and got.ndim == 0)
        right, word = number and not isinstance(got, bool), "a number"
    return None if right else (f"{part} is {word}", word, _kind(got))


def _kind(value: object) -> str:
    if value is None:
        return "None: does every path of the function end in a return?"
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    try:
        return f"{value!r} ({type(value).__name__})"[:80]
    except Exception:
        return f"an object of the class {type(value).__name__}"


def _line_of(error: BaseException, function: Callable) -> str:
    """Give the line of the learner's own code that raised, as far as it can be known."""
    home = getattr(inspect.unwrap(function), "__code__", None)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if home and f.filename == home.co_filename]
    if not frames:
        return ""
    text = linecache.getline(frames[-1].filename, frames[-1].lineno or 0).strip()
    return f" (in the line: {text[:70]})" if text else f" (line {frames[-1].lineno})"
