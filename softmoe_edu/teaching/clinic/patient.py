"""The clinic: a layer or a run that works and is wrong; the learner finds out why with the field's own tools."""

import hashlib
import html
import re

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.check.isolation.kept_state import plain_defaults
from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.discovery import find_clinic
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.say import Sentence, fitting

STYLE = "max-width:60em;border-left:5px solid #7a4988;padding:.4em .9em;color:var(--jp-ui-font-color1, inherit)"


class Patient:
    """A patient of the clinic: `layer` to examine, `suspects` to read, `diagnose(...)` to answer."""

    def __init__(self, clinic: Clinic, number: int) -> None:
        self.lesson, self.complaint, self.number = clinic.lesson, clinic.complaint, number
        self.suspects, self.instruments = dict(clinic.suspects), dict(clinic.instruments)
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

    def diagnose(self, *ids: str) -> Sentence:
        """Say whether exactly these suspects are right, and ask for some if none is named.

        Raises ValueError for an unknown one.
        """
        named = self._named(ids)
        if not named:
            some = next(iter(self.suspects))
            return Sentence(
                f"Name what you found, in quotes, such as patient.diagnose({some!r}), or several names with commas "
                f"between them. Of the suspects, {self._count.replace(' of them', '')}; naming none is no diagnosis."
            )
        for id in named:
            if id not in self.suspects:
                raise ValueError(f"{id!r} is not a suspect: choose among {', '.join(self.suspects)}")
        said = {self._hash(id) for id in named}
        right = said == self._true
        progress.note("clinic", f"clinic-{self.lesson}", number=self.number, right=right, said=sorted(named))
        if right:
            return Sentence("\n".join(["Right.", *(f"{id}: {self._findings[id]}" for id in sorted(set(named)))]))
        part = f"{self.how_many} thing{'s are' if self.how_many > 1 else ' is'} wrong with it; you named {len(said)}"
        if said < self._true:
            return Sentence(f"Incomplete: {part}. What you measured may be right; look for one more.")
        both = " and ".join(named)
        return Sentence(f"Not right: {part}. What would you see if {both} were true? Measure each by itself.")

    def _named(self, ids: tuple) -> tuple[str, ...]:
        """Return the names that were meant: of a list or tuple its members, of letters the name that they spell."""
        named = tuple(each for id in ids for each in (id if isinstance(id, list | tuple | set) else (id,)))
        spelled = "".join(map(str, named))  # diagnose(*("noisy")): without a comma that is no tuple
        return (spelled,) if spelled in self.suspects else named

    def __repr__(self) -> str:
        lines = [f"Patient {self.number} of lesson {self.lesson}: {self.complaint}", f"Suspects ({self._count}):"]
        lines += [f"  {id}: {words}" for id, words in self.suspects.items()]
        if self.instruments:
            lines += ["Instruments:", *(f"  {code}: {what}" for code, what in self.instruments.items())]
        return fitting("\n".join(lines))

    def _repr_html_(self) -> str:
        tools = ""
        if self.instruments:
            tools = f"<p style='margin:.6em 0 .2em 0'>Instruments that work on it:</p>{_rows(self.instruments)}"
        return (
            f"<section role='region' aria-label='Patient of lesson {self.lesson}' style='{STYLE}'>"
            f"<p style='margin:0 0 .4em 0'><strong>Patient {self.number}.</strong> {html.escape(self.complaint)} "
            f"Of these suspects, {self._count.replace(' of them', '')}.</p>{_rows(self.suspects)}{tools}</section>"
        )


def _rows(described: dict[str, str]) -> str:
    """Return codes beside what they are; below each other where both have no room, since no style sheet is trusted."""
    wide = min(27, 2 + 0.65 * max(map(len, described)))
    rows = "".join(
        f"<div style='display:flex;flex-wrap:wrap;gap:0 .9em;margin:0 0 .3em 0'>"
        f"<dt style='flex:0 1 {wide:.3g}em;width:auto;min-width:0'>"
        f"<code style='overflow-wrap:anywhere;box-decoration-break:clone'>{_breaking(code)}</code></dt>"
        f"<dd style='flex:1 1 14em;margin:0;width:auto'>{html.escape(words)}</dd></div>"
        for code, words in described.items()
    )
    return f"<dl style='margin:0'>{rows}</dl>"


def _breaking(code: str) -> str:
    """Return code as HTML that breaks where its parts end, rather than within a name."""
    return re.sub(r"(?<=[(,.=])", "<wbr>", html.escape(code))


def clinic(lesson: str | int, number: int = 1) -> Patient:
    """Return a lesson's patient of this number; other numbers are other cases.

    Raises ValueError for a lesson that has none, or a number under 1.
    """
    lesson = str(lesson).zfill(2)
    case = find_clinic(lesson)
    if not isinstance(number, int) or number < 1:
        raise ValueError(f"number must be a whole number from 1 on, got {number!r}")
    return Patient(case, number)
