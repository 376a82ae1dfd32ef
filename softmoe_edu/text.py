"""Numbers in words: plurals, numbers as people read them, and ranges."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def plural(count: int, what: str, several: str = "") -> str:
    """Return a count with its noun: "1 slot", "2 slots"; `several` is the plural where it does not end in a mere s."""
    return f"{count} {what}" if count == 1 else f"{count} {several or what + 's'}"


def number(value: float | int) -> str:
    """Return three significant digits, and one of less than 0.001; powers of ten only of less than a millionth."""
    if abs(value) >= 999.5:
        return f"{value:.0f}"
    if value == 0 or abs(value) >= 1e-3:
        return f"{value:.3g}"
    digit = f"{value:.1g}"
    return f"{Decimal(digit):f}" if abs(value) >= 1e-6 else digit


def percent(share: float) -> str:
    """Return a share with one decimal, a half rounded up as in the widgets: 0.0625 is 6.3 %."""
    return f"{Decimal(100 * share).quantize(Decimal('0.1'), ROUND_HALF_UP)} %"


def span(low: float | int, high: float | int, show: Callable[[float | int], str] = number) -> str:
    """Return the smallest to the largest as text, or one number where they print the same."""
    return show(low) if show(low) == show(high) else f"{show(low)} to {show(high)}"


def abbreviated(value: float | int, digits: int = 4) -> str:
    """Return a number with some significant digits and its unit of thousands: 33083929 is 33.08M."""
    value = float(f"{value:.{digits}g}")  # 999999 is 1M
    for unit, letter in UNITS:
        if value >= unit:
            return f"{value / unit:.{digits}g}{letter}"
    return f"{value:.{digits}g}"
