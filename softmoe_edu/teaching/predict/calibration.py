"""How sure a learner was, and how often right: the share of right predictions at each stated confidence."""

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
    from softmoe_edu.figures.canvas import one_axes
    from softmoe_edu.figures.description import describe
    from softmoe_edu.figures.style import categories, text_colour

    ax = one_axes(ax, 5.2, 4.2)
    dot, away = categories()[:2]
    ink = text_colour()
    ax.plot([40, 100], [40, 100], color=ink, linestyle="--", linewidth=1, label="as sure as right")
    shares = [100 * right / all for right, all in counts.values()]
    for sure, share in zip(counts, shares, strict=True):
        ax.plot([sure, sure], [sure, share], color=away, linewidth=2, solid_capstyle="butt", zorder=2)
    sizes = [60 + 20 * min(all, 20) for _, all in counts.values()]
    ax.scatter(list(counts), shares, sizes, color=dot, edgecolor=ink, linewidth=1, zorder=3, label="you")
    for (sure, (right, all)), share in zip(counts.items(), shares, strict=True):
        below = share <= sure  # on the side of the dot where the diagonal is not
        ax.annotate(
            f"{right} of {all} right", (sure, share), (0, -13 if below else 13), textcoords="offset points",
            va="top" if below else "bottom", ha="center",
        )  # fmt: skip
    ax.text(41.5, 110, "underconfident", va="top")
    ax.text(107, -11, "overconfident", ha="right")
    ax.set(xlim=(40, 108), ylim=(-14, 112), xticks=CONFIDENCES, yticks=range(0, 101, 20))
    ax.set_title(f"{_verdict(counts)}{_in(lesson)}", loc="left", fontweight="bold")
    ax.set_xlabel("how sure you were (%)")
    ax.set_ylabel("how often you were right (%)")
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(True, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False)  # a dot may be anywhere inside
    dots = "; ".join(f"{sure} % stated, {share:.0f} % right" for sure, share in zip(counts, shares, strict=True))
    describe(ax, f"Stated confidence against the share of right predictions: {dots}. {in_words(counts)}")
    return ax


def _verdict(counts: dict[int, tuple[int, int]]) -> str:
    """Return what `in_words` concludes, with a capital: "15 points overconfident"."""
    compared = in_words(counts).rpartition("right: ")[2].partition(".")[0]
    return compared[0].upper() + compared[1:]


def _in(lesson: str | int | None) -> str:
    return "" if lesson is None else f" in lesson {lesson_name(lesson)}"
