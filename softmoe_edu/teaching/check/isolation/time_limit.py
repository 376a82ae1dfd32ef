"""Stop a block that takes too long, whatever it catches, and give a caller's alarm back with the time that is left."""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

CHECK = f"{Path(__file__).parents[1]}{os.sep}"
AGAIN_S = 0.1  # an answer that catches everything is interrupted again and again
TAMPERED_S = 1.0  # after so much more, an alarm that should have rung was taken away
STUCK_S = 3.0  # after so much more, nothing in Python can stop it
SOON_S = 1e-3
# Where a debugger waits for a person.
PROMPTS = {"cmdloop", "_cmdloop", "do_wait_suspend", "_do_wait_suspend"}
DEBUGGERS = ("pdb", "cmd", "IPython.", "pydevd", "_pydevd")


class TimeUp(BaseException):
    """The time of a check is up; no `except Exception` of an answer catches it."""


@contextlib.contextmanager
def time_limit(seconds: float, stuck: Callable[[], None] | None = None) -> Iterator[None]:
    """Raise TimeUp in the block when the seconds are over, and again until the block is left.

    One long call into C cannot be interrupted: TimeUp is raised when it returns. A person at the prompt of a debugger
    is not interrupted, and the full time starts again afterwards.

    Args:
        seconds: Time for the block, in seconds.
        stuck: Called once in another thread, STUCK_S after the limit, where the block still runs and other threads can.
    """
    alarm, clock = _can_ring(), _Clock(seconds)
    with _watched(clock, TAMPERED_S if alarm else 0.0, stuck):
        with _alarm(clock) if alarm else contextlib.nullcontext():
            yield


@contextlib.contextmanager
def callers_alarm() -> Iterator[None]:
    """Hold a real-time alarm that was running, and let it run on after the block, less the time that the block took.

    One that would have rung in the block rings right after it.
    """
    if not _can_ring():
        yield
        return
    start = time.monotonic()
    left, every = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        yield
    finally:
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - start), SOON_S), every)


class _Clock:
    """The seconds that a block still has, for the alarm and for the other thread alike."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.start()

    def start(self) -> None:
        self.end = time.monotonic() + self.seconds

    def over(self) -> float:
        """Seconds since the block's time was over; less than 0 until then."""
        return time.monotonic() - self.end


def _can_ring() -> bool:
    # A signal also ends a sleep; it can only be had in the main thread of a POSIX system.
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def _alarm(clock: _Clock) -> Iterator[None]:
    armed, rang = True, False
    tracer, traced = sys.gettrace(), {}

    def ring(signum: int, frame: FrameType | None) -> None:
        nonlocal rang
        if not armed:
            return
        if _at_a_prompt(frame):
            clock.start()
        # The other thread may have seen a prompt, too.
        if clock.over() < -SOON_S:
            signal.setitimer(signal.ITIMER_REAL, -clock.over(), AGAIN_S)
            return
        if tracer is None or callable(tracer):
            rang = True
            # An answer that catches everything meets the next TimeUp inside its `except`, and leaves it.
            while frame is not None and not frame.f_code.co_filename.startswith(CHECK):
                traced.setdefault(frame, frame.f_trace)
                frame.f_trace = _time_is_up
                frame = frame.f_back
            sys.settrace(_look_away)
        raise TimeUp

    def disarm() -> None:
        nonlocal armed
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        if rang:
            sys.settrace(tracer)
        for frame, own in traced.items():
            frame.f_trace = own
        traced.clear()
        # None: it was not set from Python, and only Python's own can be.
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)

    before = signal.signal(signal.SIGALRM, ring)
    _clocks.append(clock)
    try:
        with _left_by(disarm):
            signal.setitimer(signal.ITIMER_REAL, max(-clock.over(), SOON_S), AGAIN_S)
            yield
    finally:
        _clocks.pop()


_clocks: list[_Clock] = []  # of the blocks that an alarm guards


def _ring_in_a_fork() -> None:
    # A copy of the process that an answer forks has no alarm: with one of its own it ends, too.
    if _clocks:
        signal.setitimer(signal.ITIMER_REAL, max(-_clocks[-1].over(), SOON_S), AGAIN_S)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ring_in_a_fork)


def _at_a_prompt(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name in PROMPTS and frame.f_globals.get("__name__", "").startswith(DEBUGGERS):
            return True
        frame = frame.f_back
    return False


def _time_is_up(frame: FrameType, event: str, arg: object) -> Callable:
    if event == "line":
        raise TimeUp
    return _time_is_up


def _look_away(frame: FrameType, event: str, arg: object) -> None:
    """Trace no function that is entered from here on."""


@contextlib.contextmanager
def _watched(clock: _Clock, grace: float, stuck: Callable[[], None] | None) -> Iterator[None]:
    """Send TimeUp to this thread from another one, where no alarm can be had or an answer took it away."""
    done = threading.Event()
    ident = threading.get_ident()
    worker = ctypes.c_ulong(ident)

    def watch() -> None:
        told = False
        while not done.wait(AGAIN_S):
            if _at_a_prompt(sys._current_frames().get(ident)):
                clock.start()
            if clock.over() < grace or done.is_set():
                continue
            ctypes.pythonapi.PyThreadState_SetAsyncExc(worker, ctypes.py_object(TimeUp))
            if not told and stuck and clock.over() > STUCK_S and not done.is_set():
                told = True
                stuck()

    def end() -> None:
        done.set()
        # One that was sent and has not yet arrived does so here: taking it back leaves CPython 3.11 waiting for it.
        while watcher.is_alive():
            watcher.join()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    with _left_by(end):
        yield


@contextlib.contextmanager
def _left_by(finish: Callable[[], None]) -> Iterator[None]:
    # Twice: a TimeUp may come on the way into the first `finally`, and the next one comes later than the second.
    try:
        try:
            yield
        finally:
            _surely(finish)
    finally:
        _surely(finish)


def _surely(finish: Callable[[], None]) -> None:
    """Run this to its end, however often a TimeUp interrupts it."""
    while True:
        try:
            return finish()
        except TimeUp:
            continue


def forget_handled(before: BaseException | None) -> None:
    """Let `before` be the exception that this thread is handling.

    An answer that was stopped inside its `except` leaves its TimeUp there, and every later traceback would name it.
    """
    if sys.exc_info()[1] is not before:
        ctypes.pythonapi.PyErr_SetHandledException(None if before is None else ctypes.py_object(before))
