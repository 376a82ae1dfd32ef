"""How sure a learner was, and how often right: the share of right predictions at each stated confidence."""

from math import sqrt
from typing import TYPE_CHECKING

from softmoe_edu.teaching.lesson import lesson_name
from softmoe_edu.teaching.predict.prediction import revealed
from softmoe_edu.teaching.predict.question import CONFIDENCES
from softmoe_edu.teaching.say import Sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from softmoe_edu.figures import Described


def calibration(lesson: str | int | None = None) -> "Described | Sentence":
    """Show the predictions of a lesson, or all of them: stated confidence against the share that was right.

    Returns a figure with its alt text and a sentence, or a sentence alone if nothing has been predicted yet.
    """
    counts = tally(lesson)
    if not counts:
        return Sentence(
            f"Nothing has been predicted{_in(lesson)} yet: lock an answer to a question to see your calibration here."
        )
    from softmoe_edu.figures import described

    return described(draw(counts, lesson), in_words(counts))


def tally(lesson: str | int | None = None) -> dict[int, tuple[int, int]]:
    """Count {confidence: (right, all)} over predictions that were revealed; a confidence without any is left out."""
    told = [(event["confidence"], event["right"]) for event in revealed(lesson)]
    counts = {sure: [right for stated, right in told if stated == sure] for sure in CONFIDENCES}
    return {sure: (sum(rights), len(rights)) for sure, rights in counts.items() if rights}


def in_words(counts: dict[int, tuple[int, int]]) -> str:
    """Return in words how often the learner was right at each confidence, and how that compares overall."""
    parts = [f"{right} of {all} right where you were {sure} % sure" for sure, (right, all) in counts.items()]
    total = sum(all for _, all in counts.values())
    stated = sum(sure * all for sure, (_, all) in counts.items()) / total
    measured = 100 * sum(right for right, _ in counts.values()) / total
    gap = round(stated) - round(measured)
    more = "overconfident" if gap > 0 else "underconfident"
    compared = f"{abs(gap)} points {more}" if gap else "perfectly calibrated"
    few = " With so few predictions that may be chance." if total < 10 else ""
    return f"{'; '.join(parts)}. On average you were {stated:.0f} % sure and {measured:.0f} % right: {compared}.{few}"


def draw(counts: dict[int, tuple[int, int]], lesson: str | int | None = None, ax: "Axes | None" = None) -> "Axes":
    """Draw a dot for each confidence, as large as its count, and how far it is from where both would agree."""
    from matplotlib.lines import Line2D

    from softmoe_edu.figures.canvas import one_axes
    from softmoe_edu.figures.description import describe
    from softmoe_edu.figures.style import categories, text_colour

    ax = one_axes(ax, 5.6, 4.4)
    dot, away = categories()[:2]
    ink = text_colour()
    ax.plot([32, 100], [32, 100], color=ink, linestyle="--", linewidth=1, label="as sure as right")
    shares = [100 * right / all for right, all in counts.values()]
    for sure, share in zip(counts, shares, strict=True):
        ax.plot([sure, sure], [sure, share], color=away, linewidth=3, solid_capstyle="butt", zorder=2, label="the gap")
    sizes = [60 + 20 * min(all, 20) for _, all in counts.values()]
    ax.scatter(list(counts), shares, sizes, color=dot, edgecolor=ink, linewidth=1, zorder=3)
    for (sure, (right, all)), share, size in zip(counts.items(), shares, sizes, strict=True):
        below = share <= sure  # on the side of the dot where the diagonal is not, and between lines of the grid
        away_by = sqrt(size) / 2 + 3
        ax.annotate(
            f"{right} of {all}", (sure, share), (away_by, -3) if below else (-away_by, 3), textcoords="offset points",
            va="top" if below else "bottom", ha="left" if below else "right",
        )  # fmt: skip
    ax.text(33, 118, "underconfident", va="top", fontstyle="italic")
    ax.text(109, -20, "overconfident", ha="right", fontstyle="italic")
    ax.set(xlim=(32, 110), ylim=(-22, 120), xticks=CONFIDENCES, yticks=range(0, 101, 20))
    ax.set_title(f"{_verdict(counts)}{_in(lesson)}", loc="left", fontweight="bold")
    ax.set_xlabel("how sure you were (%)")
    ax.set_ylabel("how often you were right (%)")
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(True, linewidth=0.6)
    ax.set_axisbelow(True)
    you = Line2D([], [], linestyle="", marker="o", markersize=9, color=dot, markeredgecolor=ink, label="you")
    ax.legend(
        handles=[*ax.get_lines()[:2], you], loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, frameon=False
    )  # a dot may be anywhere inside
    dots = "; ".join(f"{sure} % stated, {share:.0f} % right" for sure, share in zip(counts, shares, strict=True))
    describe(ax, f"Stated confidence against the share of right predictions: {dots}. {in_words(counts)}")
    return ax


def _verdict(counts: dict[int, tuple[int, int]]) -> str:
    """Return what `in_words` concludes, with a capital: "15 points overconfident"."""
    compared = in_words(counts).rpartition("right: ")[2].partition(".")[0]
    return compared[0].upper() + compared[1:]


def _in(lesson: str | int | None) -> str:
    return "" if lesson is None else f" in lesson {lesson_name(lesson)}"
