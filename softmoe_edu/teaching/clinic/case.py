"""What a lesson says about its clinic: the patient, the complaint, and what may be wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from softmoe_edu.teaching.draw import Draw


@dataclass(frozen=True)
class Clinic:
    """One lesson's case: `make(draw)` returns (what to examine, the ids of what is wrong with it).

    complaint: what somebody saw, in sentences. suspects: id -> what is wrong, in words; true and false ones.
    findings: id -> how it could be seen, shown after the diagnosis. instruments: expressions that work on every patient
    of the lesson, with the names that its examination cell defines -> what they tell.
    """

    lesson: str
    complaint: str
    make: Callable[[Draw], tuple[object, Sequence[str]]]
    suspects: dict[str, str]
    findings: dict[str, str]
    instruments: dict[str, str] = field(default_factory=dict)
