"""What every place that does runs must offer: it takes calls, and gives their answers back as they come."""

from collections.abc import Callable, Generator, Sequence
from typing import Any

Call = Callable[[], Any]
"""A run, or a question to a worker; it has to survive pickling."""

Send = Callable[[Sequence[Call]], Generator[Any]]
"""Does the calls in any order and yields each answer as soon as it is there; an error of a call is raised as it is."""


class RunsLost(RuntimeError):
    """Calls without an answer, because the process or the machine that did them has ended. They can be sent again."""


def first_line(error: BaseException) -> str:
    """Return what an error says first, or its kind where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
