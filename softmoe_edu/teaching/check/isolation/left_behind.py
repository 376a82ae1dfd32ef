"""End what an answer started and left running: copies of the process, threads, functions for the end of the program."""

import atexit
import contextlib
import ctypes
import os
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from softmoe_edu.teaching.check.isolation.printed import Printed
from softmoe_edu.teaching.check.isolation.replaced import replaced

PATIENCE_S = 0.5  # for threads that are asked to end
PACKAGE = f"{Path(__file__).parents[3]}{os.sep}"
LIBRARIES = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "purelib", "platlib")})


@contextlib.contextmanager
def nothing_left_behind(printed: Printed) -> Iterator[None]:
    """End, after the block, what it started and left running, and report in `printed` what keeps running.

    A copy of this process (os.fork) ends where it would leave the block. A thread that runs code outside the libraries
    gets SystemExit. Functions that such code registered with atexit.register are forgotten. Threads of libraries, such
    as pools that wait for work, and other programs (subprocess) are left alone; these write into a closed pipe.
    """
    process, leave = os.getpid(), os._exit
    # Other threads of this process may start some of their own meanwhile.
    mine = {threading.current_thread()}
    registered: list[Callable] = []
    register, start = atexit.register, threading.Thread.start

    def note_function(function: Callable, *args: object, **options: object) -> Callable:
        if threading.current_thread() in mine and not _is_library(sys._getframe(1)):
            registered.append(function)
        return register(function, *args, **options)

    def note_thread(thread: threading.Thread) -> None:
        if threading.current_thread() in mine:
            mine.add(thread)
        start(thread)

    try:
        with replaced(atexit, "register", note_function), replaced(threading.Thread, "start", note_thread):
            yield
    finally:
        if os.getpid() != process:
            leave(0)
        for function in registered:
            atexit.unregister(function)
        mine.discard(threading.current_thread())
        if left := [each for each in mine if each.is_alive() and _runs_own_code(each)]:
            _end(left, printed)


def _end(threads: list[threading.Thread], printed: Printed) -> None:
    asked, hook, until = {*threads}, threading.excepthook, time.monotonic() + PATIENCE_S

    def quiet(error: threading.ExceptHookArgs) -> None:
        if error.thread not in asked:
            hook(error)

    with replaced(threading, "excepthook", quiet):
        while threads and time.monotonic() < until:
            for thread in threads:
                ident = ctypes.c_ulong(thread.ident)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(SystemExit))
            threads[0].join(0.01)
            threads = [each for each in threads if each.is_alive()]
    if threads:
        printed.tell(f"{len(threads)} thread{'s' * (len(threads) > 1)} that it started would not end.")


def _runs_own_code(thread: threading.Thread) -> bool:
    frame = sys._current_frames().get(thread.ident)
    while frame is not None:
        if not _is_library(frame):
            return True
        frame = frame.f_back
    return False


def _is_library(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return file.startswith((*LIBRARIES, "<frozen ", PACKAGE))
