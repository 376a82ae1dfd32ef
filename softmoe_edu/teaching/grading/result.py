"""What became of one student's lesson."""

from dataclasses import dataclass

from softmoe_edu.teaching.grading.judge import Graded


@dataclass(frozen=True)
class Result:
    """One line of the grades.

    status: "graded", "crashed", "unreadable", "missing", "late" or "suspicious": the first of unreadable, suspicious,
    crashed, late and graded that fits. attempt: the path of the notebook that counts, of so many attempts. remarks: for
    the teacher. why: why there is no grade. page: the file of the feedback.
    """

    student: str
    name: str = ""
    lesson: str = ""
    status: str = "missing"
    graded: Graded | None = None
    attempt: str = ""
    attempts: int = 0
    late: bool = False
    remarks: tuple[str, ...] = ()
    why: str = ""
    page: str = ""

    @property
    def points(self) -> float:
        """All points together."""
        return self.graded.points if self.graded else 0.0

    @property
    def of(self) -> float:
        """The points that can be had."""
        return sum(mark.of for mark in self.graded.marks) if self.graded else 0.0


def status_of(graded: Graded, late: bool) -> str:
    """Return the status of a submission that was read."""
    if graded.suspicious:
        return "suspicious"
    if any(mark.status == "crashed" for mark in graded.marks):
        return "crashed"
    return "late" if late else "graded"
