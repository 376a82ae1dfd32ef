"""The clinic: a layer or a run that works and is wrong; the learner finds out why with the field's own tools."""

import hashlib
import html

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.check.isolation.kept_state import plain_defaults
from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.discovery import find_clinic
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.say import fitting

STYLE = "max-width:60em;border-left:5px solid #7a4988;padding:.4em .9em;color:var(--jp-ui-font-color1, inherit)"


class Patient:
    """A patient of the clinic: `layer` to examine, `suspects` to read, `diagnose(...)` to answer."""

    def __init__(self, clinic: Clinic, number: int) -> None:
        self.lesson, self.complaint, self.number = clinic.lesson, clinic.complaint, number
        self.suspects = dict(clinic.suspects)
        with plain_defaults():
            self.layer, ids = clinic.make(Draw("clinic", clinic.lesson, number))
        # Only hashes are kept: printing the patient reveals nothing.
        self._true, self._findings = {self._hash(id) for id in ids}, clinic.findings
        self.how_many = len(ids)

    @property
    def _count(self) -> str:
        return "one of them is right" if self.how_many == 1 else f"{self.how_many} of them are right"

    def _hash(self, id: str) -> str:
        return hashlib.sha256(repr((self.lesson, self.number, id)).encode()).hexdigest()

    def diagnose(self, *ids: str) -> str:
        """Return in words whether exactly these suspects are right. Raises ValueError for an unknown one."""
        for id in ids:
            if id not in self.suspects:
                raise ValueError(f"{id!r} is not a suspect: choose among {', '.join(self.suspects)}")
        said = {self._hash(id) for id in ids}
        right = said == self._true
        progress.note("clinic", f"clinic-{self.lesson}", number=self.number, right=right, said=sorted(ids))
        if right:
            return "\n".join(["Right.", *(f"{id}: {self._findings[id]}" for id in sorted(set(ids)))])
        part = f"{self.how_many} thing{'s are' if self.how_many > 1 else ' is'} wrong with it; you named {len(said)}"
        if said and said < self._true:
            return f"Incomplete: {part}. What you measured may be right; look for one more."
        named = " and ".join(ids) or "nothing"
        return f"Not right: {part}. What would you see in the layer if {named} were true? Measure each by itself."

    def __repr__(self) -> str:
        lines = [f"Patient {self.number} of lesson {self.lesson}: {self.complaint}", f"Suspects ({self._count}):"]
        return fitting("\n".join([*lines, *(f"  {id}: {words}" for id, words in self.suspects.items())]))

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<dt style='width:auto'><code style='white-space:nowrap'>{html.escape(id)}</code></dt>"
            f"<dd style='margin:0 0 .3em 0;width:auto'>{html.escape(words)}</dd>"
            for id, words in self.suspects.items()
        )
        return (
            f"<section role='region' aria-label='Patient of lesson {self.lesson}' style='{STYLE}'>"
            f"<p style='margin:0 0 .4em 0'><strong>Patient {self.number}.</strong> {html.escape(self.complaint)} "
            f"Of these suspects, {self._count.replace(' of them', '')}.</p>"
            f"<dl style='display:grid;grid-template-columns:max-content 1fr;gap:0 .9em;margin:0'>{rows}</dl></section>"
        )


def clinic(lesson: str | int, number: int = 1) -> Patient:
    """Return a lesson's patient of this number; other numbers are other cases.

    Raises ValueError for a lesson that has none, or a number under 1.
    """
    lesson = str(lesson).zfill(2)
    case = find_clinic(lesson)
    if not isinstance(number, int) or number < 1:
        raise ValueError(f"number must be a whole number from 1 on, got {number!r}")
    return Patient(case, number)
