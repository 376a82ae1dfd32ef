"""How much of an answer is right: form apart, and each cause of a failure counted once."""

import functools
import re
import types

from softmoe_edu.teaching.check.attempt import Attempt
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise, Finding, Kind, Mistake, Property

# One of these shows wherever the answer is called: in whatever properties, it is the same one.
EVERYWHERE = {
    Kind.TOO_SLOW,
    Kind.SIGNATURE,
    Kind.NO_RESULT,
    Kind.UNWRITTEN,
    Kind.NO_PYTHON,
    Kind.STRUCTURE,
    Kind.SHAPE,
    Kind.DTYPE,
    Kind.CUTS_GRADIENT,
}
RAISED = {Kind.NO_SUCH_NAME, Kind.RAISES, Kind.FAILS_ON_SHAPES, Kind.FAILS_ON_VALUES}


class Tally:
    """What holds and what fails of an exercise's own properties.

    form: the names of properties that fail only because of an answer's form.
    """

    def __init__(self, exercise: Exercise) -> None:
        self.exercise = exercise
        self.form: set[str] = set()
        self._good = 0.0
        self._costs: dict[tuple[str, ...], float] = {}  # of each cause, how much of a property it takes

    def holds(self, each: Property) -> None:
        """Count a property that holds."""
        self._good += each in self.exercise.properties

    def fails(self, each: Property, finding: Finding | None) -> None:
        """Count a property that fails; finding: what it finds where form does not count, None if it then holds."""
        if finding is None or finding.kind is Kind.WRITES_OVER:
            self.form.add(each.name)
            self.holds(each)
            return
        if each in self.exercise.properties:
            self._good += finding.share
        self._add(cause_of(each, finding), 1 - finding.share)

    def stopped(self, finding: Finding) -> None:
        """Count what ended the check before all properties were looked at: those count as failed."""
        self._costs = {(finding.kind.name,): len(self.exercise.properties) - self._good}

    def _add(self, cause: tuple[str, ...], cost: float) -> None:
        self._costs[cause] = max(cost, self._costs.get(cause, 0.0))

    def explain(self, mistake: Mistake | None, draw: Draw) -> None:
        """Count as one what the mistake that the answer matches explains: the properties that it fails itself."""
        single = [cause for cause in self._costs if cause[0] == "property"]
        if mistake is None or len(single) < 2:
            return
        explained = _failing(self.exercise.id, mistake.id, draw.device)
        for cause in single:
            if cause[1] in explained:
                self._add(("mistake",), self._costs.pop(cause))

    @property
    def share(self) -> float:
        """The share that holds, from 0 to 1."""
        return self._good / whole if (whole := self._good + sum(self._costs.values())) else 0.0


def cause_of(each: Property, finding: Finding) -> tuple[str, ...]:
    """Return what made a property fail: two properties with the same cause fail for one reason."""
    if finding.kind in EVERYWHERE:
        return (finding.kind.name,)
    if finding.kind in RAISED:
        error, _, line = finding.got.partition(" (in the line: ")
        return ("raised", error.partition(":")[0], line or re.sub(r"\d+", "#", error))
    return ("property", each.name)


@functools.cache
def _failing(exercise: str, mistake: str, device: str) -> frozenset[str]:
    """Return the properties that a mistake fails, form apart."""
    of = find_exercise(exercise)
    (function,) = (each.function for each in of.mistakes if each.id == mistake)
    # A copy: the mistake itself is among what an answer may not call.
    code, name = function.__code__.replace(), function.__name__
    copy = types.FunctionType(code, function.__globals__, name, function.__defaults__, function.__closure__)
    attempt, draw = Attempt(of, copy, form=False), Draw(exercise, mistake, device=device)
    return frozenset(each.name for each in of.properties if attempt.look(each, draw))
