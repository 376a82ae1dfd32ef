"""Which mistake an answer is: its outputs, dtypes, gradients and errors, compared with those of each known one."""

from collections.abc import Callable

import torch
from torch import Tensor

from softmoe_edu.teaching.check.attempt import copied
from softmoe_edu.teaching.check.isolation.kept_state import plain_again
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise, Mistake

FIRST = "values 0"
ROUNDED = 1e-5  # between float32 and float64
CLOSE = 1e-6  # of the largest value; wrong answers differ by 0.48 and more, right ones by under 1e-4 in float32


def match(exercise: Exercise, function: Callable, draw: Draw) -> Mistake | None:
    """Return the mistake that behaves as the function does; None where none does.

    One that agrees in every observation comes first; then one that agrees wherever it differs from the reference, and
    then one that agrees in the plain case alone, the first observation: both only if that case tells it from the
    reference. Of several, the one that differs from the reference in most, so far as it agrees.
    """

    def observe(f: Callable, d: Draw) -> dict[str, object]:
        plain_again()  # whatever the answer before left
        with torch.enable_grad():
            return exercise.observe(f, d) if exercise.observe else observations(exercise, f, d)

    right, seen = observe(exercise.answer, draw), observe(function, draw)
    best: tuple[tuple[int, int], Mistake | None] = ((0, 0), None)
    for mistake in exercise.mistakes:
        wrong = observe(mistake.function, draw)
        telling = [key for key in wrong if not equal(wrong[key], right.get(key))]
        agreeing = [key for key in telling if equal(seen.get(key), wrong[key])]
        plain = FIRST if FIRST in wrong else next(iter(wrong))
        if telling and all(equal(seen.get(key), wrong[key]) for key in wrong):
            rank = 3
        # Beside something else that is wrong, only what shows in the plain case is worth a name.
        elif plain not in agreeing or isinstance(wrong[plain], str):
            continue
        else:
            rank = 2 if agreeing == telling else 1
        best = max(best, ((rank, len(agreeing)), mistake), key=lambda found: found[0])
    return best[1]


def observations(exercise: Exercise, function: Callable, draw: Draw) -> dict[str, object]:
    """Call the function on the exercise's probes in float64 and return its outputs and what became of the inputs."""
    seen: dict[str, object] = {}
    for number, probe in enumerate((exercise.probe, *exercise.probes)):
        args = probe(draw.sub("diagnosis", number))
        leaves = [a for a in args if isinstance(a, Tensor) and a.is_floating_point()]
        given = copied(args)
        for a in given:
            if isinstance(a, Tensor) and a.is_floating_point():
                a.requires_grad_()
        try:
            # Writing into inputs that require a gradient raises; a second, plain call shows that instead.
            plain = copied(args)
            output = exercise.same(args, function(*plain))
            seen[f"inputs {number}"] = [torch.equal(a, b) for a, b in zip(args, plain, strict=True) if _is_tensor(a)]
            parts = list(flat(output))
            seen[f"values {number}"] = parts
            seen[f"dtypes {number}"] = [getattr(part, "dtype", type(part)) for part in parts]
            if leaves:
                seen[f"gradient {number}"] = _gradient(exercise.same(args, function(*given)), given, draw)
        except Exception as error:
            seen.setdefault(f"values {number}", type(error).__name__)
    return seen


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


def _gradient(output: object, given: tuple, draw: Draw) -> list[Tensor | None]:
    leaves = [a for a in given if isinstance(a, Tensor) and a.requires_grad]
    parts = [p for p in flat(output) if isinstance(p, Tensor) and p.is_floating_point() and p.requires_grad]
    if not parts:
        return [None] * len(leaves)
    weights = draw.sub("weights")
    total = sum((part.to(draw.dtype) * weights.normal(*part.shape)).sum() for part in parts)
    return list(torch.autograd.grad(total, leaves, allow_unused=True))


def flat(output: object) -> list:
    """Return the tensors and numbers of an output, in order."""
    if isinstance(output, (tuple, list)):
        return [leaf for part in output for leaf in flat(part)]
    return [output.detach() if isinstance(output, Tensor) and not output.requires_grad else output]


def equal(a: object, b: object, close: float = CLOSE) -> bool:
    """Whether two observations are the same, numbers up to rounding; NaN equals NaN."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(equal(x, y, close) for x, y in zip(a, b, strict=True))
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        if a.shape != b.shape:
            return False
        close = close if a.dtype == b.dtype else max(close, ROUNDED)
        a, b = a.detach().cpu().double(), b.detach().cpu().double()
        size = max(1.0, float(a.nan_to_num(0, 0, 0).abs().max())) if a.numel() else 1.0
        return torch.allclose(a, b, rtol=0, atol=close * size, equal_nan=True)
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= close * max(1.0, abs(a)) or a == b or (a != a and b != b)
    return type(a) is type(b) and a == b
