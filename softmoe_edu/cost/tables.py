"""Costs as text: one by its parts, or two side by side."""

from softmoe_edu.cost.parts import Cost, Device, Number
from softmoe_edu.text import abbreviated


def table(cost: Cost, *, batch: int = 1, width: int = 2, device: Device | None = None) -> str:
    """Return a line per part: parameters, active ones, GFLOP of an example, MB moved and FLOPs per byte of a batch.

    Args:
        cost: any cost.
        batch: examples of a batch.
        width: bytes per number.
        device: with it, a line also has the milliseconds of the batch by the roofline.
    """
    head = ["part", "parameters", "active", "GFLOP", "share", "MB", "FLOP/byte"] + ["ms"] * (device is not None)
    rows = [head]
    for part in (*cost.parts, cost.whole):
        row = [part.name, abbreviated(part.parameters), abbreviated(part.active), gflop(part.flops)]
        row += [f"{part.flops / cost.flops:.1%}", f"{part.bytes(batch, width) / 1e6:.1f}"]
        row.append(f"{part.intensity(batch, width):.1f}")
        if device:
            timed = cost if part.name == "total" else part
            row.append(f"{1e3 * timed.seconds(device, batch, width):.3f}")
        rows.append(row)
    return _lines(rows)


def comparison(first: tuple[str, Cost], second: tuple[str, Cost]) -> str:
    """Return a line per part for two named costs, with second / first in parameters and in GFLOP of an example.

    Args:
        first: (name, cost).
        second: (name, cost).
    """
    (name, a), (other, b) = first, second
    rows = [["", name, other, "ratio", name, other, "ratio"], ["part", "parameters", "", "", "GFLOP", "", ""]]
    for label in [part.name for part in (a + b).parts] + ["total"]:
        x, y = (cost.whole if label == "total" else cost[label] for cost in (a, b))
        row = [label, abbreviated(x.parameters), abbreviated(y.parameters), ratio(x.parameters, y.parameters)]
        rows.append([*row, gflop(x.flops), gflop(y.flops), ratio(x.flops, y.flops)])
    return _lines(rows)


def gflop(flops: Number) -> str:
    """Write FLOPs in units of 1e9."""
    return f"{flops / 1e9:.4g}"


def ratio(first: Number, second: Number) -> str:
    """Write second / first, the way round that is at least 1: x 4.00 for more, / 4.00 for less."""
    if not first or not second:
        return "=" if first == second else "-"
    return f"x {second / first:.2f}" if second >= first else f"/ {first / second:.2f}"


def _lines(rows: list[list[str]]) -> str:
    """Align columns: the first to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    cells = ([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))] for row in rows)
    return "\n".join("  ".join(row).rstrip() for row in cells)
