"""What a wrong answer returns on its exercise's probe, as a short text that is the same for everybody who gave it.

Teachers find by it that many in a class give one wrong answer which no listed mistake matches.
"""

import hashlib
import itertools
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from numbers import Real

import numpy as np
import torch
from torch import Tensor

from softmoe_edu.teaching.check.attempt import copied, error_name
from softmoe_edu.teaching.check.isolation.isolated import ENDS, isolated
from softmoe_edu.teaching.check.isolation.kept_state import plain_again
from softmoe_edu.teaching.check.isolation.time_limit import forget_handled
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise

SECONDS = 3.0
STEPS = 1e4  # to a unit: values are compared with four decimals
# What numbers of short fractions lie on, such as 1/32 = 0.03125, is no border between two steps.
OFFSET = 0.6180339
MOST_NUMBERS, MOST_PARTS, DEEPEST = 100_000, 1000, 20
SHOWN = 4  # numbers of a part


@dataclass(frozen=True)
class Part:
    """A tensor or a value of an output.

    place: where it stands. shape: of a tensor, else "". exact: what is compared, number by number. shown: the same for
    people to read, in which nothing that a learner wrote can stand.
    """

    place: str
    shape: str
    exact: tuple[str, ...]
    shown: tuple[str, ...]

    def begins(self, at: int) -> str:
        """Return the shape and a few numbers from this one on."""
        few = self.shown[at : at + SHOWN]
        more = at + SHOWN < len(self.shown)
        return " ".join(filter(None, [self.shape, "..." * (at > 0), *few, "..." * more]))


def fingerprint(exercise: Exercise, function: Callable, seconds: float = SECONDS) -> dict[str, str] | None:
    """Return what a function gives for the exercise's probes; equal up to rounding means an equal key.

    Inputs are in float64 on the CPU and the same for everybody, whatever the attempt or the key of a class is. Never
    raises, and nothing that the function does outlives the call.

    Args:
        exercise: Whose probes are used, or its own way to observe an answer.
        function: A learner's answer.
        seconds: Time for all of it.

    Returns:
        "key", twelve hexadecimal digits; "shows" and "right", what the function and the reference return where they
        first differ, both "" where they do not. None where there was no end or nothing to look at.
    """
    handled = sys.exc_info()[1]
    told = None
    try:
        with isolated(seconds):
            right = _seen(exercise, exercise.answer)
            told = _told(_seen(exercise, function), right)
    except BaseException:
        told = None  # it was stopped, or left: there is nothing to compare
    forget_handled(handled)
    return told


def _told(parts: list[Part], right: list[Part]) -> dict[str, str] | None:
    if not parts:
        return None
    whole = "\n".join(f"{part.place}: {part.shape} {' '.join(part.exact)}" for part in parts)
    key = hashlib.sha256(whole.encode("utf-8", "backslashreplace")).hexdigest()[:12]
    for one, other in itertools.zip_longest(parts, right):
        if one is None or other is None:
            return {"key": key, "shows": f"{len(parts)} values", "right": f"{len(right)} values"}
        if (one.shape, one.exact) != (other.shape, other.exact):
            pairs = enumerate(zip(one.exact, other.exact, strict=False))
            at = next((i for i, (a, b) in pairs if a != b), 0) if one.shape == other.shape else 0
            return {"key": key, "shows": one.begins(at), "right": other.begins(at)}
    return {"key": key, "shows": "", "right": ""}


def _seen(exercise: Exercise, function: Callable) -> list[Part]:
    """Return the parts of all outputs."""
    with torch.enable_grad():
        return list(itertools.islice(_outputs(exercise, function, Draw("fingerprint", exercise.id)), MOST_PARTS))


def _outputs(exercise: Exercise, function: Callable, draw: Draw) -> Iterator[Part]:
    plain_again()
    torch.manual_seed(0)  # an answer that draws numbers draws the same ones
    if exercise.observe:
        for name, value in exercise.observe(function, draw).items():
            yield from _parts(name, value)
        return
    for number, probe in enumerate((exercise.probe, *exercise.probes)):
        args = probe(draw.sub(number))
        try:
            output = function(*copied(args))
        except ENDS:
            raise
        except BaseException as error:
            raised = f"raises {error_name(error)}"
            yield Part(str(number), "", (raised,), (raised,))
        else:
            yield from _parts(str(number), _comparable(exercise, args, output))
        plain_again()


def _comparable(exercise: Exercise, args: tuple, output: object) -> object:
    try:
        return exercise.same(args, output)
    except Exception:
        return output  # of another structure than the reference's


def _parts(place: str, value: object, depth: int = 0) -> Iterator[Part]:
    if isinstance(value, (tuple, list)) and value and depth < DEEPEST:
        for number, part in enumerate(value):
            yield from _parts(f"{place}.{number}", part, depth + 1)
    elif isinstance(value, np.ndarray | np.number) or (isinstance(value, Tensor) and value.numel() <= MOST_NUMBERS):
        yield _tensor(place, torch.as_tensor(value).detach().cpu())
    elif isinstance(value, Real) and not isinstance(value, bool):
        yield Part(place, "", (_exact(float(value)),), (_shown(float(value)),))
    elif value is None or isinstance(value, bool | np.bool_):
        yield Part(place, "", (str(value),), (str(value),))
    elif isinstance(value, str):
        yield Part(place, "", (f"text {value}",), ("text",))
    else:
        kind = next((kind.__name__ for kind in (Tensor, tuple, list, dict, set) if isinstance(value, kind)), "object")
        yield Part(place, "", (kind.lower(),), (kind.lower(),))


def _tensor(place: str, value: Tensor) -> Part:
    shape = f"({','.join(map(str, value.shape))})" if value.ndim else ""
    value = value.to_dense() if value.layout != torch.strided else value
    value = torch.view_as_real(value) if value.is_complex() else value
    numbers = value.double().flatten().tolist()
    return Part(place, shape, tuple(map(_exact, numbers)), tuple(map(_shown, numbers)))


def _exact(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    return str(math.floor(value * STEPS + OFFSET)) if abs(value) < STEPS else f"{value:.5g}"


def _shown(value: float) -> str:
    return f"{value:.4g}" if abs(value) * STEPS >= 1 or not math.isfinite(value) else "0"
