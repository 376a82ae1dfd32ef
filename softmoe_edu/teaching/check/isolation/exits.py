"""Turn the ways to leave the program into SystemExit, which a check can catch."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator

from softmoe_edu.teaching.check.isolation.replaced import replaced
from softmoe_edu.teaching.shell import current_shell

ENDINGS = ("_exit", "abort", "execv", "execve")  # of the module os, where the program ends or becomes another one


@contextlib.contextmanager
def staying() -> Iterator[None]:
    """Let exit, quit, IPython's own ones, sys.exit and os._exit raise SystemExit in this thread, for the block.

    What was imported by name before the block, a signal that ends the process, and a crash in C are beyond it.
    """
    shell = current_shell()
    with contextlib.ExitStack() as turned:
        for name in ENDINGS:
            turned.enter_context(replaced(os, name, _unless_elsewhere(getattr(os, name))))
        # site's exit() closes sys.stdin before it raises.
        turned.enter_context(replaced(sys.stdin, "close", lambda: None))
        # A kernel would stop its loop a moment after the cell; a terminal would leave after it.
        turned.enter_context(replaced(shell, "ask_exit", _leave))
        turned.enter_context(replaced(shell, "notify_change", _unless_exit(getattr(shell, "notify_change", None))))
        try:
            yield
        finally:
            if getattr(shell, "exit_now", False):
                shell.exit_now = False  # nobody was told


def _leave(*_args: object, **_options: object) -> None:
    raise SystemExit


def _unless_elsewhere(original: Callable) -> Callable:
    process, thread = os.getpid(), threading.get_ident()

    def leave(*args: object, **options: object) -> None:
        # A process that was forked, and a thread that watches over this process, do mean it.
        if (os.getpid(), threading.get_ident()) != (process, thread):
            original(*args, **options)
        raise SystemExit

    return leave


def _unless_exit(original: Callable) -> Callable:
    def notify(change: dict) -> None:
        if change["name"] == "exit_now" and change["new"]:
            raise SystemExit
        original(change)

    return notify
