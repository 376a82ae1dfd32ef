"""Properties that many exercises share, each made from what the exercise says about itself."""

from collections.abc import Callable
from contextvars import ContextVar

import torch
from torch import Tensor

from softmoe_edu.teaching.check.attempt import Attempt, copied
from softmoe_edu.teaching.check.diagnosis import equal, flat
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Finding, Property
from softmoe_edu.text import plural

FAR = "try your function on scores such as [1000, 0] and print what exp returns"  # for properties of large scores
TOLERANCE = 1e-4  # of the largest value: ten times what right answers lose in float32
_least = ContextVar("least digits", default=0)


def brief(value: object, digits: int = 3) -> str:
    """Write a small tensor or number in one line, rounded for reading; inside `telling_apart` with more digits."""
    digits = max(digits, _least.get())
    if isinstance(value, (tuple, list)):
        return ", ".join(brief(part, digits) for part in value)
    if isinstance(value, Tensor):
        return _nested(value.detach().cpu().tolist(), digits)
    return _number(value, digits)


def _nested(value: object, digits: int) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_nested(part, digits) for part in value) + "]"
    return _number(value, digits)


def _number(value: object, digits: int) -> str:
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def telling_apart(words: Callable[[], tuple[str, str]], alike: Callable[[str, str], bool] = str.__eq__) -> tuple:
    """Return two texts made by `brief`, with as many digits as it takes to tell them apart."""
    for digits in (0, 4, 6, 9, 12, 17):
        token = _least.set(digits)
        try:
            texts = words()
        finally:
            _least.reset(token)
        if not alike(*texts):
            break
    return texts


def span_of_sums(values: Tensor) -> str:
    """Return the range of sums that should be 1, with enough digits to show that they are not."""
    low, high = telling_apart(lambda: (brief(values.min(), 2), brief(values.max(), 2)), lambda *both: {*both} == {"1"})
    return f"from {low} to {high}"


def close(a: object, b: object) -> bool:
    """Whether two outputs are the same up to the rounding of float32."""
    return equal(flat(a), flat(b), TOLERANCE) if not _mixed(a, b) else equal(_numbers(a), _numbers(b), TOLERANCE)


def _mixed(a: object, b: object) -> bool:
    return [type(x) for x in flat(a)] != [type(x) for x in flat(b)]


def _numbers(output: object) -> list[Tensor]:
    # An int64 tensor and an int32 one, or 1.0 and a 0-dim tensor, are the same answer.
    return [torch.as_tensor(part).detach().cpu().double() for part in flat(output)]


def by_hand(
    args: Callable[[Draw], tuple],
    should: str,
    given: str,
    *,
    show: Callable[[tuple, object], str] = lambda args, output: brief(output),
    name: str = "the example by hand",
    next_step: str = "",
) -> Property:
    """Compare with the reference on an example that can be done on paper; `show` writes an output in one line."""

    def test(answer: Attempt, draw: Draw) -> Finding | None:
        case = args(draw)
        expected, got = answer.beside(*case)
        same = answer.exercise.same
        if close(same(case, expected), same(case, got)):
            return None
        return Finding(should, given, *telling_apart(lambda: (show(case, expected), show(case, got))))

    return Property(name, test, next_step)


def as_defined(
    should: str,
    *cases: Callable[[Draw], tuple],
    name: str = "the definition",
    repeats: int = 3,
    show_output: bool = False,
    tell: Callable[..., tuple[str, str]] | None = None,
    next_step: str = "",
) -> Property:
    """Compare with the reference on random inputs, in float64 and float32, where a right answer is one of a kind.

    `show_output` shows both outputs in full; otherwise the report says where the largest difference is, or, with
    `tell`, what tell(expected, got) returns.
    """

    def test(answer: Attempt, draw: Draw) -> Finding | None:
        for number, case in enumerate(cases):
            for repeat in range(repeats):
                for dtype in (torch.float64, torch.float32):
                    args = case(draw.sub(number, repeat, dtype=dtype))
                    same = answer.exercise.same
                    expected, got = (same(args, output) for output in answer.beside(*args))
                    if not close(expected, got):
                        in_full = telling_apart(lambda pair=(expected, got): tuple(map(brief, pair)))
                        words = in_full if show_output else (tell or _farthest_of(answer))(expected, got)
                        return Finding(should, answer.given(args), *words)
        return None

    return Property(name, test, next_step)


def _farthest_of(answer: Attempt) -> Callable[[object, object], tuple[str, str]]:
    return lambda expected, got: farthest(expected, got, answer.exercise.parts)


def farthest(expected: object, got: object, names: tuple[str, ...] = ()) -> tuple[str, str]:
    """Return both numbers at which two outputs differ most, and where; names are those of the outputs' parts."""
    parts = list(zip(_numbers(expected), _numbers(got), strict=True))
    gaps = [float((e - g).abs().nan_to_num(float("inf")).max()) if e.numel() else 0.0 for e, g in parts]
    number = gaps.index(max(gaps))
    e, g = parts[number]
    place = int((e - g).abs().nan_to_num(float("inf")).argmax())
    index = [int(i) for i in torch.unravel_index(torch.tensor(place), e.shape)] if e.ndim else []
    where = f" at {index}" if index else ""
    name = names[number] if len(names) == len(parts) else f"part {number + 1}"
    which = f"{name}, " if len(parts) > 1 else ""
    pair = e.flatten()[place].item(), g.flatten()[place].item()
    texts = telling_apart(lambda: tuple(brief(value, 4) for value in pair))
    if texts[0] == texts[1]:
        texts = tuple(f"{value:.17g}" for value in pair)  # both of them are tiny
    return f"{which}{texts[0]}{where}", f"{which}{texts[1]}{where}"


def finite(should: str, case: Callable[[Draw], tuple], *, name: str = "large scores") -> Property:
    """Return the property that the output is finite on these arguments, and as defined; put it after `as_defined`."""

    def test(answer: Attempt, draw: Draw) -> Finding | None:
        args = case(draw)
        same = answer.exercise.same
        expected, got = (same(args, output) for output in answer.beside(*args))
        count = sum(int((~part.isfinite()).sum()) for part in _numbers(got))
        if count:
            return Finding(should, answer.given(args), "only finite numbers", f"inf or NaN in {plural(count, 'place')}")
        if close(expected, got):
            return None
        words = _farthest_of(answer)(expected, got)
        return Finding("the definition holds for scores of any size", answer.given(args), *words)

    return Property(name, test, FAR)


def changed(
    should: str,
    case: Callable[[Draw], tuple],
    change: Callable[[tuple, Draw], tuple],
    expect: Callable[[object, tuple], object],
    *,
    name: str,
    view: Callable[[object], object] = lambda output: output,
    tell: Callable[..., tuple[str, str]] | None = None,
) -> Property:
    """Change the arguments, and compare the output with `expect(output before, change's result)`.

    `change(args, draw)` returns (new arguments, *what expect needs); `view` picks the part that is compared; `tell`
    describes where two such parts differ.
    """

    def test(answer: Attempt, draw: Draw) -> Finding | None:
        args = case(draw)
        after, *words = change(copied(args), draw.sub("change"))
        before, now = answer(*args), answer(*after)
        expected, got = view(expect(before, tuple(words))), view(now)
        if close(expected, got):
            return None
        return Finding(should, answer.given(args), *(tell or _farthest_of(answer))(expected, got))

    return Property(name, test)


def each_of(name: str, *properties: Property) -> Property:
    """Combine several properties into one, which holds where all of them do; its next step is the first one's."""

    def test(answer: Attempt, draw: Draw) -> Finding | None:
        findings = (each.test(answer, draw.sub(number)) for number, each in enumerate(properties))
        return next(filter(None, findings), None)

    return Property(name, test, properties[0].next_step)
