"""What a check says: at most eight lines, as text and as HTML that a screen reader reads."""

import html
from dataclasses import dataclass, field

from softmoe_edu.teaching.exercise import Finding
from softmoe_edu.teaching.progress import IN_NOTEBOOKS
from softmoe_edu.teaching.say import encodable, fitting

MOST_LINES = 8
LINE = 320  # characters; longer lines lose their middle
RIGHT_BUT_FORM, MOST_WRONG = 0.75, 0.5  # of the points
MARKS = {"passed": "✓", "failed": "✗", "not started": "○"}
COLOURS = {"passed": "#0a8f7e", "failed": "#c8622a", "not started": "#7b8494"}  # 3:1 on light and on dark pages


@dataclass(frozen=True)
class Report:
    """What a check found: a value to print, show or turn into points, not an error.

    status: "passed", "failed" or "not started". mistake: the id of the mistake that the answer matches, else None.
    holds: the properties that hold up to the first that does not. failed: that one, else None. fails: all that do not.
    form: those of `fails` that hold as soon as the form does not matter: dtype, device, what is written over.
    share: how much of the exercise's own properties holds, form apart, where each cause counts once (0 to 1).
    printed: what the answer wrote.
    finding: what was found of `failed`, else None. event: what no progress file took, for the notebook to keep.
    """

    exercise: str
    status: str
    holds: tuple[str, ...] = ()
    total: int = 0
    failed: str | None = None
    fails: tuple[str, ...] = ()
    form: tuple[str, ...] = ()
    mistake: str | None = None
    share: float = 0.0
    printed: str = ""
    lines: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    finding: Finding | None = field(default=None, repr=False, compare=False)
    event: dict | None = field(default=None, repr=False, compare=False)

    @property
    def passed(self) -> bool:
        """Whether every property holds."""
        return self.status == "passed"

    @property
    def only_form(self) -> bool:
        """Whether the answer is right but for its form."""
        return self.status == "failed" and bool(self.fails) and set(self.fails) == set(self.form)

    def points(self, maximum: float = 1.0) -> float:
        """Return points for a grader.

        A right answer gets all, one that is right but for its form three quarters, and a wrong one at most half, by the
        share that holds.
        """
        if self.passed:
            return float(maximum)
        return float(maximum) * (RIGHT_BUT_FORM if self.only_form else self.share * MOST_WRONG)

    def raise_if_failed(self) -> None:
        """Raise AssertionError with the report's text unless the answer is right, for graders that want an error."""
        if not self.passed:
            raise AssertionError(str(self))

    @property
    def _head(self) -> str:
        counts = {
            "passed": f"passed: all {self.total} properties hold",
            "failed": f"not yet right: {len(self.holds)} of {self.total} properties hold",
            "not started": "not started",
        }
        return f"{self.exercise} · {counts[self.status]}"

    def __str__(self) -> str:
        lines = [f"{MARKS[self.status]} {self._head}", *(f"{label}: {text}" for label, text in self._shown())]
        return fitting("\n".join(lines[:MOST_LINES]))

    def _shown(self) -> list[tuple[str, str]]:
        return [(label, _short(text)) for label, text in self.lines][: MOST_LINES - 1]

    __repr__ = __str__

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict, dict]:
        """Leave the event in the metadata of the cell's output, where nothing shows it and `hand-in` finds it."""
        return {}, {IN_NOTEBOOKS: self.event} if self.event else {}

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<dt style='font-weight:600;width:auto'>{html.escape(label)}</dt>"
            f"<dd style='margin:0 0 .3em 0;width:auto;white-space:pre-wrap'>{html.escape(text)}</dd>"
            for label, text in self._shown()
        )
        colour = COLOURS[self.status]
        return (
            f"<section role='region' aria-label='Check {html.escape(self._head)}' "
            f"style='border-left:5px solid {colour};border-radius:3px;background:color-mix(in srgb, {colour} 9%, "
            "transparent);padding:.6em 1em;max-width:60em;color:var(--jp-ui-font-color1, inherit)'>"
            "<p style='margin:0 0 .4em 0;font-size:1.1em'><strong>"
            f"<span aria-hidden='true'>{MARKS[self.status]}</span> {html.escape(self._head)}</strong></p>"
            f"{self._progress(colour)}"
            f"<dl style='display:grid;grid-template-columns:max-content 1fr;gap:0 .9em;margin:0'>{rows}</dl></section>"
        )

    def _progress(self, colour: str) -> str:
        """Return one box for each property, filled where it holds; the head says the same in words."""
        if self.status == "not started" or not self.total:
            return ""
        held = self.total if self.passed else len(self.holds)
        boxes = "".join(
            f"<i style='width:1.6em;height:.5em;border:1px solid {colour};border-radius:2px;"
            f"background:{colour if i < held else 'none'};forced-color-adjust:none'></i>"
            for i in range(self.total)
        )
        return f"<p aria-hidden='true' style='display:flex;flex-wrap:wrap;gap:3px;margin:0 0 .5em 0'>{boxes}</p>"


def _short(text: str) -> str:
    text = encodable(" ".join(text.split()))
    return text if len(text) <= LINE else f"{text[: LINE // 2 - 3]} ... {text[-LINE // 2 + 2 :]}"
