"""What kind of miss a wrong number is: the other share, a share for per cent, a factor, an order of magnitude."""

import math

from softmoe_edu.text import number

CLOSE = 0.02  # relative; guesses are round numbers
LARGEST_FACTOR = 1000


def kind_of_miss(answer: float, truth: float, unit: str = "") -> str:
    """Return in a sentence how a wrong number relates to the truth."""
    shown = f"{number(truth)} {unit}".rstrip()
    if not truth:
        return f"There is none at all: it is exactly {shown}."
    if not answer:
        return "It is not 0."
    if answer * truth < 0:
        return "The sign is wrong."
    factor = max(answer / truth, truth / answer)
    size = "large" if answer > truth else "small"
    if unit == "%":
        if _near(100 * answer, truth):
            return f"{number(answer)} is the share of 1; in % it is {shown}."
        if _near(answer, 100 - truth):
            return f"That is the rest: {number(100 - truth)} % and {shown} make 100 %."
        if answer > 100:
            return "A share is at most 100 %."
    if truth != 1 and _near(answer * truth, 1):
        return f"That is the reciprocal, 1 / {number(truth)}: you divided the wrong way round."
    if 1.5 < factor < LARGEST_FACTOR and _near(factor, round(factor)):
        whole = round(factor)
        return f"That is {whole} times as much." if answer > truth else f"That is one {_nth(whole)} of it."
    if factor > 7:
        return f"That is too {size} by a factor of about {number(round(factor) if factor < 100 else _round(factor))}."
    apart = abs(answer - truth)
    return f"That is too {size} by {number(apart)} {'points' if unit == '%' else unit}".rstrip() + "."


def _near(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=CLOSE)


def _nth(whole: int) -> str:
    return {2: "half", 3: "third", 4: "quarter", 5: "fifth"}.get(whole, f"{whole}th")


def _round(factor: float) -> float:
    """Return the nearest number with one digit that is not 0."""
    unit = 10 ** math.floor(math.log10(factor))
    return round(factor / unit) * unit
