"""A learner's function behind a counter: called with copies, held to the reference's shapes, its errors in words."""

import builtins
import inspect
import linecache
import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace
from dis import opname
from itertools import zip_longest
from numbers import Integral
from typing import NoReturn

import numpy as np
import torch
from torch import Tensor

from softmoe_edu.teaching.check.elsewhere import Elsewhere
from softmoe_edu.teaching.check.isolation.borrowed import Traps
from softmoe_edu.teaching.check.isolation.isolated import ENDS
from softmoe_edu.teaching.check.isolation.kept_state import plain_again
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise, Finding, Kind, Property

OWN_ERROR = "an error of its own"
# torch has one class for most errors, so that its words alone tell what one is about.
OF_SHAPES = ("shape", "size", "dimension", "einsum", "mat1", "broadcast", "subscript")


class NotStarted(Exception):
    """A function is still the stub, or calls one that is; the name of that one is the first argument."""


class _Stop(Exception):
    """Leave a property: there is nothing more to look at than this finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.should)
        self.finding = finding


class Attempt:
    """A learner's function, ready for properties: `attempt(*args)` gives an output of the reference's structure.

    Arguments are copied for every call, so that one which writes into its input spoils no later property; `raw` calls
    with what it is given, and only it: `attempt(*args)` calls the reference too, and experts that count would count
    twice. A call without an output ends the property with a finding of its own, which `look` returns.
    form: whether the form of an answer counts, too. Without it, the function is given private copies, so that it may
    change them, and an output is taken in the dtype and on the device of the reference's.
    returned: how many calls had an output. unwritten: the function that raised NotImplementedError itself, or "".
    """

    def __init__(self, exercise: Exercise, function: Callable, *, form: bool = True) -> None:
        self.exercise, self.function, self.form = exercise, function, form
        functions = (exercise.answer, *exercise.variants, *exercise.library)
        self.traps = Traps([*functions, *(mistake.function for mistake in exercise.mistakes)])
        self.returned, self.unwritten = 0, ""

    def look(self, each: Property, draw: Draw) -> Finding | None:
        """Return what a property finds, or what kept it from looking; None where it holds."""
        try:
            return each.test(self, draw.sub(each.name))
        except _Stop as stop:
            return stop.finding
        except ENDS:
            raise
        except BaseException as error:
            # An output may be anything: what a property cannot look at is no right answer either.
            should = f'further computations can use what {self.exercise.name} returns (here for "{each.name}")'
            over = isinstance(error, RuntimeError) and "inplace" in str(error)
            return Finding(should, got=in_words(error), kind=Kind.WRITES_OVER if over else Kind.OTHER)

    def stop(self, finding: Finding) -> NoReturn:
        """End the property that is being looked at; this is what it finds."""
        raise _Stop(finding)

    def stop_unwritten(self, name: str, given: str = "", got: str = "NotImplementedError") -> NoReturn:
        """End the property: what it called has yet to be written, or leaves out a case."""
        self.unwritten = self.unwritten or name
        got = f"{got}: other inputs get an answer, these do not yet"
        self.stop(Finding(self._answers, given, got=got, kind=Kind.UNWRITTEN))

    def tried(self, *args: object) -> tuple[object, Finding | None]:
        """Return an output and None, or None and a finding that says why there is no output."""
        try:
            return self(*args), None
        except _Stop as stop:
            return None, stop.finding

    def __call__(self, *args: object) -> object:
        return self.beside(*args)[1]

    def beside(self, *args: object) -> tuple[object, object]:
        """Return the outputs of the reference and of the function for these arguments, checked as in a call.

        A float32 output in place of a float64 one, or the reverse, is compared for its numbers: its dtype is looked at
        when everything else is right.
        """
        got = self.raw(*copied(args))
        expected = self.exercise.answer(*copied(args))
        got = _converted(expected, got) if self.form else _in_form(expected, got)
        if finding := difference(expected, got, parts=self.exercise.parts):
            self.stop(replace(finding, given=self.given(args)))
        return expected, got

    def in_its_dtype(self, *args: object) -> None:
        """End the property unless the output has the dtype of the reference's; without form, any will do."""
        if not self.form:
            self(*args)
            return
        got, expected = self.raw(*copied(args)), self.expected(*args)
        if finding := difference(expected, got, parts=self.exercise.parts):
            self.stop(replace(finding, given=self.given(args)))

    def raw(self, *args: object) -> object:
        """Call the function with exactly these arguments; without form, with copies that pass gradients on to them."""
        grad = torch.is_grad_enabled()
        given = args if self.form else _private(args)
        try:
            with self.traps:
                output = self.function(*given)
        except ENDS:
            raise
        except BaseException as error:
            line, where = _line_of(error, self.function)
            got, given = f"{in_words(error)}{where}", self.given(args)
            if name := unwritten_in(error):
                self.stop_unwritten(name, given, got)
            kind = _kind_of(error, line if where else None)
            self.stop(Finding(self._answers, given, got=got, kind=kind, error=error_name(error)))
        finally:
            # An answer that switches gradients off, or sets a default, would do so for the reference, too.
            plain_again()
            torch.set_grad_enabled(grad)
        self.returned += 1
        return output

    def given(self, args: tuple) -> str:
        """Describe these arguments, by the parameters' names."""
        return described(args, inspect.signature(self.exercise.answer).parameters)

    def expected(self, *args: object) -> object:
        """Return the reference's output."""
        return self.exercise.answer(*copied(args))

    @property
    def _answers(self) -> str:
        return f"{self.exercise.name} returns an answer for every allowed input, and raises nothing"


def in_words(error: BaseException, most: int = 160) -> str:
    """Return an error's class and text in one line, which ends with a whole word."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""  # the author of the exception wrote its text, too
    if len(text) > most:
        text = f"{text[:most].rsplit(' ', 1)[0]} ..."
    return f"{type(error).__name__}: {text}".rstrip(": ")


def error_name(error: BaseException) -> str:
    """Return the name of an error of Python's or torch's; a class of the learner's own could be called anything."""
    for each in type(error).__mro__:
        if getattr(builtins, each.__name__, None) is each and each not in (Exception, BaseException, object):
            return each.__name__
    return OWN_ERROR


def unwritten_in(error: BaseException) -> str:
    """Return the name of the function whose own `raise` says that it is not written; "" for other errors.

    torch raises NotImplementedError too, from C++.
    """
    if isinstance(error, Elsewhere):
        return error.unwritten
    frame = error.__traceback__
    if not isinstance(error, NotImplementedError) or frame is None:
        return ""
    while frame.tb_next:
        frame = frame.tb_next
    code = frame.tb_frame.f_code
    return code.co_name if opname[code.co_code[frame.tb_lasti]] == "RAISE_VARARGS" else ""


def told_of(error: BaseException, function: Callable) -> tuple[str, str, str]:
    """Return the line of the function's file that raised, where that is in words, and what is not written yet."""
    return *_line_of(error, function), unwritten_in(error)


def _kind_of(error: BaseException, line: str | None) -> Kind:
    """Return the kind of error that a call raised in this line of the learner's code, None if the line is unknown."""
    if isinstance(error, SyntaxError):
        return Kind.NO_PYTHON
    if line is None:
        return Kind.OTHER
    if isinstance(error, NameError):
        return Kind.NO_SUCH_NAME
    if "raise" in line.split():
        return Kind.RAISES
    words = f"{in_words(error)} {line}".lower()
    return Kind.FAILS_ON_SHAPES if any(word in words for word in OF_SHAPES) else Kind.FAILS_ON_VALUES


def copied(args: tuple) -> tuple:
    """Return the arguments with copies of tensors and lists; a tensor that requires a gradient starts a new graph."""
    return tuple(_copied(a) for a in args)


def _copied(a: object) -> object:
    if isinstance(a, Tensor):
        return a.detach().clone().requires_grad_(a.requires_grad)
    return list(a) if isinstance(a, list) else a


def described(args: tuple, names: Iterable[str] = ()) -> str:
    """Describe arguments in words: shapes of tensors, other values as they are, with names where there are any."""
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


def _converted(expected: object, got: object) -> object:
    """Return an output in the dtypes of the reference's where only the precision differs."""
    if isinstance(expected, tuple) and isinstance(got, (tuple, list)) and len(expected) == len(got):
        return tuple(_converted(*pair) for pair in zip(expected, got, strict=True))
    both = isinstance(expected, Tensor) and isinstance(got, Tensor)
    if both and {expected.dtype, got.dtype} == {torch.float32, torch.float64} and got.layout == torch.strided:
        return got.to(expected.dtype)
    return got


def _private(args: tuple) -> tuple:
    """Return arguments that may be written into; gradients reach the tensors that they are copies of."""
    with torch.enable_grad():
        return tuple(a.clone() if isinstance(a, Tensor) else list(a) if isinstance(a, list) else a for a in args)


def _in_form(expected: object, got: object) -> object:
    """Return an output in the dtypes and on the devices of the reference's, where that loses no meaning."""
    if isinstance(expected, tuple) and isinstance(got, (tuple, list)) and len(expected) == len(got):
        return tuple(_in_form(*pair) for pair in zip(expected, got, strict=True))
    both = isinstance(expected, Tensor) and isinstance(got, Tensor)
    if both and got.layout == torch.strided and expected.is_floating_point() and got.is_floating_point():
        return got.to(expected)
    return got.to(expected.device) if both and got.layout == torch.strided else got


def difference(expected: object, got: object, part: str = "the answer", parts: tuple[str, ...] = ()) -> Finding | None:
    """Return how two outputs differ in kind, shape, dtype or device; None where they agree.

    parts: the names of a tuple's parts.
    """

    def finding(should: str, wanted: str, found: str = "", kind: Kind = Kind.STRUCTURE) -> Finding:
        kind = Kind.NO_RESULT if got is None else kind
        return Finding(f"{part} {should}", expected=wanted, got=found or _what(got), kind=kind)

    if expected is None:
        return None
    if isinstance(expected, tuple):
        if not isinstance(got, (tuple, list)) or len(got) != len(expected):
            return finding(f"is a tuple of {len(expected)} parts", f"a tuple of {len(expected)}")
        names = parts if len(parts) == len(expected) else [f"part {i + 1} of {part}" for i in range(len(expected))]
        found = (difference(*pair, name) for name, *pair in zip(names, expected, got, strict=True))
        return next(filter(None, found), None)
    if isinstance(expected, Tensor):
        if not isinstance(got, Tensor):
            return finding("is a tensor", f"a tensor of shape {tuple(expected.shape)}")
        if got.layout != expected.layout or got.is_quantized:
            kind = "quantized" if got.is_quantized else str(got.layout).removeprefix("torch.")
            return finding("is an ordinary (dense) tensor", "a dense tensor", f"a {kind} tensor")
        if got.device != expected.device:
            return finding("stays on the input's device", str(expected.device), str(got.device))
        if got.shape != expected.shape:
            shapes = (f"shape {tuple(each.shape)}" for each in (expected, got))
            return finding("has the right shape", *shapes, kind=Kind.SHAPE)
        return _other_dtype(expected.dtype, got.dtype, finding)
    if isinstance(expected, bool):
        right, word = isinstance(got, bool), "True or False"
    elif isinstance(expected, int):
        right, word = isinstance(got, Integral) and not isinstance(got, bool), "a whole number (int)"
    else:
        # A Fraction is a Real too, and no tensor can be made of it.
        number = isinstance(got, (int, float, np.number)) or (isinstance(got, Tensor) and got.ndim == 0)
        right, word = number and not isinstance(got, bool), "a number"
    return None if right else finding(f"is {word}", word)


def _other_dtype(expected: torch.dtype, got: torch.dtype, finding: Callable[..., Finding]) -> Finding | None:
    whole = [not d.is_floating_point and not d.is_complex and d != torch.bool for d in (expected, got)]
    if expected == got or all(whole):
        return None
    names = [str(d).removeprefix("torch.") for d in (expected, got)]
    if whole[0]:
        return finding("holds whole numbers", f"{names[0]} or another whole number type", names[1])
    why = ", the dtype of the input" if expected.is_floating_point else ""
    return finding(f"has dtype {names[0]}{why}", *names, kind=Kind.DTYPE)


def _what(value: object) -> str:
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


def _line_of(error: BaseException, function: Callable) -> tuple[str, str]:
    """Return the line of the learner's own code that raised, and where that is in words, as far as they are known."""
    if isinstance(error, Elsewhere):
        return error.line, error.where
    home = getattr(inspect.unwrap(function), "__code__", None)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if home and f.filename == home.co_filename]
    if not frames:
        return "", ""
    line = linecache.getline(frames[-1].filename, frames[-1].lineno or 0).strip()[:70]
    return line, f" (in the line: {line})" if line else f" (line {frames[-1].lineno})"
