"""What was typed from paper, compared with exact fractions."""

from collections.abc import Sequence
from fractions import Fraction


def compared(typed: object, exact: Sequence[Fraction]) -> str:
    """Return whether the numbers that were typed, such as "1/2, 3/4", are these; the exact ones stand in it then.

    Args:
        typed: numbers with commas between them, with or without brackets, or a list of numbers; "?" for none yet.
        exact: what they should be.
    """
    if isinstance(typed, str) and typed.strip() in ("?", ""):
        return "not filled in; the exact numbers appear here once it is"
    parts = (
        typed if isinstance(typed, Sequence) and not isinstance(typed, str) else str(typed).strip(" []()").split(",")
    )
    shown = f"[{', '.join(map(str, exact))}]"
    try:
        numbers = [Fraction(str(part).replace(" ", "")).limit_denominator(1000) for part in parts]
    except (ValueError, ZeroDivisionError):
        return f"{typed!r} cannot be read: write two numbers with a comma between them, such as '1/2, 3/4'"
    if len(numbers) == len(exact) and all(abs(a - b) <= Fraction(1, 100) for a, b in zip(numbers, exact, strict=True)):
        return f"right, {shown}"
    return f"you have [{', '.join(map(str, numbers))}], exact is {shown}: at which step do they begin to differ?"
