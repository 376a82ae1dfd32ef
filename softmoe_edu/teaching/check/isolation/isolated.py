"""Run a learner's function so that nothing it does outlives the check: output, time, state, exits, what it started."""

import contextlib
import signal
import threading
from collections.abc import Iterator

from softmoe_edu.teaching.check.isolation.borrowed import UsedReference
from softmoe_edu.teaching.check.isolation.exits import staying
from softmoe_edu.teaching.check.isolation.hard_limit import hard_limit
from softmoe_edu.teaching.check.isolation.kept_state import LIMITS, state_kept
from softmoe_edu.teaching.check.isolation.left_behind import nothing_left_behind
from softmoe_edu.teaching.check.isolation.printed import Printed, output_in
from softmoe_edu.teaching.check.isolation.time_limit import TimeUp, callers_alarm, time_limit


class Gone(BaseException):
    """The process that ran an answer for this one has ended, or says what cannot be understood."""


# What ends a check as a whole. Any other exception of an answer, pytest's Failed included, is something that it did.
ENDS = (KeyboardInterrupt, SystemExit, TimeUp, UsedReference, Gone)
STUCK = (
    "The check has run out of time, but your function is still in one long call that Python cannot interrupt, "
    "such as a product of huge matrices. Wait, or restart the kernel; check the sizes before you run it again."
)

_turn = threading.RLock()


@contextlib.contextmanager
def isolated(seconds: float) -> Iterator[Printed]:
    """Run the block as a check runs an answer; yields what it wrote.

    Args:
        seconds: Time for the block. When it is over, TimeUp is raised in it.

    Raises:
        TimeUp: In the block, see `time_limit`.
        SystemExit: In the block, in place of an end of the program, see `staying`.
    """
    printed, second_stop = Printed(), _SecondStop()

    def not_put_back(name: str) -> None:
        printed.tell(f"Of what it changed, one thing could not be put back: {name}.")

    with (
        _turn,  # what is kept belongs to the process: of two checks, one waits for the other
        second_stop.comes(),
        hard_limit(seconds),
        callers_alarm(),
        state_kept(not_put_back),
        output_in(printed),
        state_kept(not_put_back, LIMITS),
        nothing_left_behind(printed),
        staying(),
        time_limit(seconds, lambda: printed.say_now(STUCK)),
        second_stop.waits(),
    ):
        yield printed


class _SecondStop:
    """A click on "stop" while everything is put back: it waits until that is done."""

    def __init__(self) -> None:
        self._came = False

    @contextlib.contextmanager
    def waits(self) -> Iterator[None]:
        """Hold interrupts from the end of the block on, until their handler is put back."""
        try:
            yield
        finally:
            main = threading.current_thread() is threading.main_thread()
            if main and signal.getsignal(signal.SIGINT) is not None:  # a handler that is not Python's stays
                signal.signal(signal.SIGINT, self._note)

    @contextlib.contextmanager
    def comes(self) -> Iterator[None]:
        """Let it come after the block, if there was one."""
        try:
            yield
        finally:
            if self._came:
                signal.raise_signal(signal.SIGINT)

    def _note(self, _number: int, _frame: object) -> None:
        self._came = True
