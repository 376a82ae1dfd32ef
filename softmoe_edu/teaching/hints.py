"""`hint`: help in up to three levels, one more with each call."""

import html

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.say import fitting


class HintShown:
    """A hint as text and as HTML."""

    def __init__(self, head: str, text: str, code: str) -> None:
        self.head, self.text, self.code = head, text, code

    def __repr__(self) -> str:
        return fitting("\n".join(filter(None, [self.head, self.text, self.code])))

    def _repr_html_(self) -> str:
        code = f"<pre style='margin:.4em 0'>{html.escape(self.code)}</pre>" if self.code else ""
        return (
            f"<section role='region' aria-label='{html.escape(self.head)}' style='border-left:5px solid #2f5d9b;"
            "padding:.4em .9em;max-width:60em;color:var(--jp-ui-font-color1, inherit)'>"
            f"<p style='margin:0'><strong>{html.escape(self.head)}</strong></p>"
            f"<p style='margin:.3em 0'>{html.escape(self.text)}</p>{code}</section>"
        )


def hint(name: str, level: int | None = None) -> HintShown:
    """Show the next hint of an exercise, or that of a level from 1 on.

    The last one holds a whole answer, and is shown only when its level is asked for. Raises ValueError for an unknown
    name or a level that does not exist.
    """
    exercise = find_exercise(name)
    count = len(exercise.hints)
    if level is None:
        levels = (event.get("level") for event in progress.events("hint", exercise.id))
        seen = [known for known in levels if isinstance(known, int)]
        level = min(max(1, count - 1), max(seen, default=0) + 1)
    if not isinstance(level, int) or not 1 <= level <= count:
        raise ValueError(f"{name} has hints 1 to {count}, got level {level!r}")
    progress.note("hint", exercise.id, level=level)
    chosen = exercise.hints[level - 1]
    if level == count:
        more = ", which holds an answer"
    elif level == count - 1:
        more = f'; the last one holds an answer: hint("{name}", {count})'
    else:
        more = f'; hint("{name}") again gives the next'
    return HintShown(f"Hint {level} of {count} for {name}{more}", chosen.text, chosen.code)
