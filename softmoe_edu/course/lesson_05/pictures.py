"""Two pictures of lesson 05: the way of the hand example through a Soft MoE layer, and the shapes of its products."""

from fractions import Fraction

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from softmoe_edu.figures.canvas import one_axes
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import categories, text_colour

TOKENS = ((1, 0), (0, 2))
POWERS = ((3, 1, 2), (1, 2, 1))
FACTORS = (4, 3, 3)

# Where the columns of boxes stand, and how far the two rows of tokens are from the middle of the three slots.
FROM, SLOT, EXPERT, ANSWER, TO = 0.0, 3.6, 5.2, 6.8, 10.4
WIDE, HIGH = 1.15, 0.62


def by_hand() -> tuple[list[list[Fraction]], list[list[Fraction]], list[list[Fraction]], list[list[Fraction]]]:
    """Return the hand example in fractions: dispatch and combine (token, slot), slots and answers (row, number)."""
    columns = [sum(column) for column in zip(*POWERS, strict=True)]
    dispatch = [[Fraction(power, total) for power, total in zip(row, columns, strict=True)] for row in POWERS]
    combine = [[Fraction(power, sum(row)) for power in row] for row in POWERS]
    slots = [[sum(dispatch[t][s] * TOKENS[t][i] for t in (0, 1)) for i in (0, 1)] for s in range(3)]
    answers = [
        [sum(combine[t][s] * FACTORS[s] * slots[s][i] for s in range(3)) for i in (0, 1)] for t in range(len(TOKENS))
    ]
    return dispatch, combine, slots, answers


def flow(numbers: bool = False, ax: Axes | None = None) -> Axes:
    """Draw how two tokens become three slots, run through three experts and come back as two answers.

    Args:
        numbers: write weights and vectors into the picture, and draw a line as thick as its weight.
        ax: where to draw; a new figure by default.
    """
    ax = one_axes(ax, 8.4, 4.1)
    dispatch, combine, slots, answers = by_hand()
    colours, ink = categories(), text_colour()
    high, low = (1.0, -0.45), (1.35, 0.275, -0.8)
    for t, y in enumerate(high):
        for s, z in enumerate(low):
            for start, end, (a, b), weight in (
                ((FROM + WIDE, y), (SLOT, z), (0.72, 0.28), dispatch[t][s]),
                ((ANSWER + WIDE, z), (TO, y), (0.72, 0.28), combine[t][s]),
            ):
                width = 0.6 + 4 * float(weight) if numbers else 1.4
                line = [(p, q) for p, q in zip(start, end, strict=True)]
                ax.plot(*line, color=colours[s], lw=width, solid_capstyle="round", zorder=1)
                if numbers:
                    at = (start[0] * b + end[0] * a, start[1] * b + end[1] * a)
                    ax.text(*at, str(weight), ha="center", va="center", fontsize=8.5, zorder=3, bbox=_ground(ax))
    for t, y in enumerate(high):
        _box(ax, FROM, y, f"token {t}", _vector(TOKENS[t]), ink)
        _box(ax, TO, y, f"for token {t}", _vector(answers[t]) if numbers else "?", ink)
    for s, z in enumerate(low):
        _box(ax, SLOT, z, f"slot {s}", _vector(slots[s]) if numbers else "?", colours[s])
        _box(ax, EXPERT, z, f"expert {s}", f"times {FACTORS[s]}", colours[s], strong=True)
        done = [FACTORS[s] * number for number in slots[s]]
        _box(ax, ANSWER, z, f"of slot {s}", _vector(done) if numbers else "?", colours[s])
        for x in (SLOT + WIDE, EXPERT + WIDE):
            ax.annotate("", (x + EXPERT - SLOT - WIDE, z), (x, z), arrowprops={"arrowstyle": "->", "color": ink})
    for x, words in (
        (FROM + WIDE / 2, "tokens"),
        ((FROM + WIDE + SLOT) / 2, "dispatch"),
        (SLOT + WIDE / 2, "slots"),
        (EXPERT + WIDE / 2, "compute"),
        (ANSWER + WIDE / 2, "slots' answers"),
        ((ANSWER + WIDE + TO) / 2, "combine"),
        (TO + WIDE / 2, "answers"),
    ):
        ax.text(x, 2.0, words, ha="center", va="center", fontweight="bold")
    _table(ax, colours)
    ax.set(xlim=(-0.15, TO + WIDE + 0.15), ylim=(-3.0, 2.25))
    ax.axis("off")
    describe(ax, _told(numbers))
    return ax


def _table(ax: Axes, colours: list[str]) -> None:
    """Draw the table of exp(scores) below, and what is made of its columns and rows."""
    left, top, cell = 5.0, -1.75, 0.52
    ax.text(left + 1.5 * cell, top + 0.17, "exp(scores)", ha="center", va="bottom", fontsize=8.5)
    for t, row in enumerate(POWERS):
        ax.text(left - 0.12, top - (t + 0.5) * cell, f"token {t}", ha="right", va="center", fontsize=8)
        for s, power in enumerate(row):
            x, y = left + s * cell, top - (t + 1) * cell
            ax.add_patch(Rectangle((x, y), cell, cell, fill=False, edgecolor=colours[s], lw=1.4))
            ax.text(x + cell / 2, y + cell / 2, str(power), ha="center", va="center")
    pointing = {"arrowstyle": "->", "color": text_colour(), "connectionstyle": "arc3,rad=-0.25"}
    ax.annotate("", (2.4, -0.75), (left - 1.0, top - cell), arrowprops=pointing)
    ax.text(2.5, -2.2, "column / its sum\n(over tokens)", ha="center", va="center", fontsize=8.5)
    pointing = pointing | {"connectionstyle": "arc3,rad=0.25"}
    ax.annotate("", (9.2, -0.75), (left + 3 * cell + 0.1, top - cell), arrowprops=pointing)
    ax.text(9.2, -2.2, "row / its sum\n(over slots)", ha="center", va="center", fontsize=8.5)


def _box(ax: Axes, x: float, y: float, name: str, holds: str, colour: str, strong: bool = False) -> None:
    ground = ax.get_facecolor()
    box = Rectangle((x, y - HIGH / 2), WIDE, HIGH, facecolor=ground, edgecolor=colour, lw=2.4 if strong else 1.2)
    box.set_zorder(2)
    ax.add_patch(box)
    ax.text(x + WIDE / 2, y + 0.14, name, ha="center", va="center", fontsize=8, zorder=3)
    ax.text(x + WIDE / 2, y - 0.14, holds, ha="center", va="center", fontsize=8, zorder=3)


def _ground(ax: Axes) -> dict[str, object]:
    return {"boxstyle": "round,pad=0.12", "facecolor": ax.get_facecolor(), "edgecolor": "none"}


def _vector(numbers: object) -> str:
    return f"[{', '.join(map(str, numbers))}]"


def _told(numbers: bool) -> str:
    dispatch, combine, slots, answers = by_hand()
    told = (
        "Two tokens on the left, each joined to three slots (dispatch). Each slot goes to its own expert, which "
        "multiplies it by 4, 3 and 3 (compute). The three answers are each joined to both tokens on the right "
        "(combine). Below, one table of exp(scores), token 0: 3, 1, 2; token 1: 1, 2, 1. Its columns, each divided by "
        "its sum, weigh the lines on the left; its rows, each divided by its sum, those on the right."
    )
    if not numbers:
        return told
    for t in (0, 1):
        told += f" Token {t}: dispatch {', '.join(map(str, dispatch[t]))}; combine {', '.join(map(str, combine[t]))}."
    told += f" Slots: {', '.join(map(_vector, slots))}. Answers: {', '.join(map(_vector, answers))}."
    return told


SIZES = {"n": 4.2, "d": 2.4, "e·p": 3.2}
PRODUCTS = (
    ("score", ("X", "n", "d"), ("Φ", "d", "e·p"), ("L", "n", "e·p")),
    ("dispatch", ("Dᵀ", "e·p", "n"), ("X", "n", "d"), ("X̃", "e·p", "d")),
    ("combine", ("C", "n", "e·p"), ("Ỹ", "e·p", "d"), ("Y", "n", "d")),
)


def shapes(ax: Axes | None = None) -> Axes:
    """Draw the three matrix products of one example as rectangles whose sides are axes: n, d and e·p."""
    ax = one_axes(ax, 6.8, 4.9)
    colours = dict(zip(SIZES, categories(), strict=False))
    for row, (step, *matrices) in enumerate(PRODUCTS):
        middle = -5.9 * row
        ax.text(0, middle, step, ha="left", va="center", fontweight="bold")
        for (name, down, across), x, sign in zip(matrices, (6.4, 12.2, 18.0), ("", "·", "="), strict=True):
            height, width = SIZES[down], SIZES[across]
            left, top = x - width / 2, middle + height / 2
            ax.add_patch(Rectangle((left, top - height), width, height, fill=False, lw=0))
            for at, to in (((left, top), (left + width, top)), ((left, top - height), (left + width, top - height))):
                ax.plot(*zip(at, to, strict=True), color=colours[across], lw=2.6)
            for at, to in (((left, top), (left, top - height)), ((left + width, top), (left + width, top - height))):
                ax.plot(*zip(at, to, strict=True), color=colours[down], lw=2.6)
            ax.text(x, middle, name, ha="center", va="center")
            ax.text(left - 0.3, middle, down, ha="right", va="center", fontsize=9, style="italic")
            ax.text(x, top + 0.2, across, ha="center", va="bottom", fontsize=9, style="italic")
            ax.text(x - 3.3, middle, sign, ha="center", va="center", fontsize=14)
    ax.set(xlim=(-0.2, 20.2), ylim=(-14.2, 3.2), aspect="equal")
    ax.axis("off")
    told = "; ".join(
        f"{step}: {a[0]} ({a[1]} rows, {a[2]} columns) times {b[0]} ({b[1]}, {b[2]}) gives {c[0]} ({c[1]}, {c[2]})"
        for step, a, b, c in PRODUCTS
    )
    describe(ax, f"Three matrix products of one example, as rectangles whose sides are named by their axes. {told}.")
    return ax
