"""Run a learner's function so that nothing it does outlives the check: output, time, global state, borrowed answers."""

import contextlib
import ctypes
import io
import os
import random
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import CodeType, FrameType

import numpy as np
import torch

HERE = Path(__file__).parent
AGAIN_S = 0.1  # an answer that catches everything is interrupted again and again


class TimeUp(BaseException):
    """The time of a check is over; no `except Exception` of an answer catches it."""


class UsedReference(BaseException):
    """An answer called the very function that it was to write."""


# What ends a check as a whole. Any other exception of an answer, pytest's Failed included, is something that it did.
ENDS = (KeyboardInterrupt, SystemExit, TimeUp, UsedReference)


class _Collected(io.StringIO):
    def close(self) -> None:
        """Stay open: what was written before an answer closed sys.stdout is still to be read."""


class Printed:
    """What an answer wrote while it was guarded: prints, warnings, anything on stderr."""

    def __init__(self) -> None:
        self.stream = _Collected()

    @property
    def text(self) -> str:
        return self.stream.getvalue().strip()


@contextlib.contextmanager
def guarded(seconds: float) -> Iterator[Printed]:
    """Collect what is written, put global state back, and raise TimeUp in the block when the seconds are over.

    Kept: random state of Python, NumPy and torch (CUDA too, where it is in use), torch's default dtype and device,
    gradient mode and number of threads.
    """
    printed = Printed()
    with _state_kept(), _output_in(printed), _time_limit(seconds):
        yield printed


@contextlib.contextmanager
def without(forbidden: Iterable[CodeType]) -> Iterator[None]:
    """Raise UsedReference where the block calls one of these code objects, however it got hold of it."""
    # By identity: an answer that is the same text is the learner's own.
    codes = {id(code) for code in forbidden}

    def look(frame: FrameType, event: str, arg: object) -> None:
        if event == "call" and id(frame.f_code) in codes:
            raise UsedReference(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before)


@contextlib.contextmanager
def _state_kept() -> Iterator[None]:
    profile = sys.getprofile()
    python, numpy_, torch_ = random.getstate(), np.random.get_state(), torch.get_rng_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    dtype, device, grad = torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()
    threads, warn_only = torch.get_num_threads(), torch.is_deterministic_algorithms_warn_only_enabled()
    deterministic = torch.are_deterministic_algorithms_enabled()
    # A learner's defaults are not the probes' business: these are made on the CPU unless a check says otherwise.
    # Setting a device in a thread can abort the process at its end, so none is set that is set already.
    if device.type != "cpu":
        torch.set_default_device("cpu")
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)
    # Inputs are small: on a busy machine threads that wait for each other cost ten times what they compute.
    torch.set_num_threads(1)
    errors, anomaly = np.geterr(), torch.is_anomaly_enabled()
    try:
        yield
    finally:
        sys.setprofile(profile)  # a TimeUp may have come before `without` could put it back
        np.seterr(**errors)
        torch.autograd.set_detect_anomaly(anomaly)
        random.setstate(python)
        np.random.set_state(numpy_)
        if torch.get_default_device() != device:
            torch.set_default_device(device)
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)
        if torch.are_deterministic_algorithms_enabled() != deterministic:
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        torch.set_rng_state(torch_)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)


@contextlib.contextmanager
def _output_in(printed: Printed) -> Iterator[None]:
    # A grader gives 0 for any byte on stderr, torch's own C++ warnings included: the descriptor is turned away too.
    with tempfile.TemporaryFile() as raw, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(raw.fileno(), 2)
        try:
            with contextlib.redirect_stdout(printed.stream), contextlib.redirect_stderr(printed.stream):
                yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            raw.seek(0)
            printed.stream.write(raw.read().decode(errors="replace"))
            for text in dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in caught):
                printed.stream.write(f"{text}\n")


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    main = threading.current_thread() is threading.main_thread()
    with _alarm(seconds) if main and hasattr(signal, "setitimer") else _interrupter(seconds):
        yield


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    # A signal also ends a sleep; it can only be had in the main thread of a POSIX system.
    armed = True

    def ring(signum: int, frame: FrameType | None) -> None:
        if not armed:
            return
        # An answer that catches everything meets the next TimeUp inside its `except`, and leaves it.
        while frame is not None and Path(frame.f_code.co_filename).parent != HERE:
            frame.f_trace = _time_is_up
            frame = frame.f_back
        sys.settrace(_look_away)
        raise TimeUp

    tracer, before = sys.gettrace(), signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_S)
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.settrace(tracer)
        signal.signal(signal.SIGALRM, before)


def _time_is_up(frame: FrameType, event: str, arg: object) -> Callable:
    if event == "line":
        raise TimeUp
    return _time_is_up


def _look_away(frame: FrameType, event: str, arg: object) -> None:
    """Trace no function that is entered from here on."""


@contextlib.contextmanager
def _interrupter(seconds: float) -> Iterator[None]:
    done, lock = threading.Event(), threading.Lock()
    worker = ctypes.c_ulong(threading.get_ident())

    def watch() -> None:
        wait = seconds
        while not done.wait(wait):
            wait = AGAIN_S
            with lock:
                if not done.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(worker, ctypes.py_object(TimeUp))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        with lock:
            done.set()
        # One that was sent and has not yet arrived does so here: taking it back leaves CPython 3.11 waiting for it.
        while watcher.is_alive():
            with contextlib.suppress(TimeUp):
                watcher.join()


def forget_handled(before: BaseException | None) -> None:
    """Let `before` be the exception that this thread is handling.

    An answer that was stopped inside its `except` leaves its TimeUp there, and every later traceback would name it.
    """
    if sys.exc_info()[1] is not before:
        ctypes.pythonapi.PyErr_SetHandledException(None if before is None else ctypes.py_object(before))


def codes_of(functions: Iterable[Callable]) -> set[CodeType]:
    """Give the code objects of functions and of the `forward` of modules' classes."""
    found = (getattr(function, "forward", function) for function in functions)
    return {function.__code__ for function in found if hasattr(function, "__code__")}
