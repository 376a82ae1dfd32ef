"""What an answer starts and leaves running ends with its check, and what belongs to others goes on."""

import atexit
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.discovery import find_exercise

pytestmark = pytest.mark.slow

DISPATCH = find_exercise("dispatch-weights")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
alone = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


def soon(holds, seconds=20):
    """Wait until this is true; tell whether it became so."""
    end = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def test_a_thread_that_runs_on_is_ended():
    """An endless thread of an answer is gone after the check, and later checks find none."""
    started = []

    def busy():
        while True:
            time.sleep(0.001)

    def dispatch_weights(logits):
        started.append(threading.Thread(target=busy, daemon=True))
        started[-1].start()
        return logits.softmax(1)

    assert examine(DISPATCH, dispatch_weights).passed
    assert started and not any(thread.is_alive() for thread in started)


def test_a_thread_that_will_not_end_is_told_of():
    """One that catches everything goes on, and the report says so; nothing waits for it."""
    done = threading.Event()

    def stubborn():
        while not done.is_set():
            try:
                time.sleep(0.001)
            except BaseException:
                pass

    started = []

    def dispatch_weights(logits):
        if not started:
            started.append(threading.Thread(target=stubborn, daemon=True))
            started[0].start()
        return logits.softmax(1)

    start = time.monotonic()
    report = examine(DISPATCH, dispatch_weights)
    took = time.monotonic() - start
    done.set()

    assert report.passed and took < 5
    assert "1 thread that it started would not end." in report.printed


def test_threads_of_others_and_of_libraries_go_on():
    """A thread that ran before, one that another thread starts meanwhile, and a pool that waits for work all live."""
    done, inside, pool, others = threading.Event(), threading.Event(), ThreadPoolExecutor(1), []

    def waits():
        while not done.wait(0.001):
            pass

    def starts():
        inside.wait()
        while not done.wait(0.001):
            if len(others) < 3:
                others.append(threading.Thread(target=waits))
                others[-1].start()

    def dispatch_weights(logits):
        inside.set()
        pool.submit(int).result()
        assert soon(lambda: len(others) == 3)
        return logits.softmax(1)

    starter = threading.Thread(target=starts)
    starter.start()
    report = examine(DISPATCH, dispatch_weights)
    alive = [thread.is_alive() for thread in (starter, *others)]
    worked = pool.submit(lambda: 7).result(20)
    done.set()
    pool.shutdown()

    assert report.passed and alive == [True] * 4 and worked == 7


@forks
@alone
def test_a_copy_of_the_process_ends_where_the_check_ends(tmp_path):
    """os.fork in an answer: the copy never comes out of the check, and what is done after it is done once."""
    program = (
        "import os\n"
        "from softmoe_edu.teaching.check.examine import examine\n"
        "from softmoe_edu.teaching.discovery import find_exercise\n"
        "forked = []\n"
        "def answer(logits):\n"
        "    if not forked:\n        forked.append(1); os.fork()\n"
        "    return logits.softmax(1)\n"
        "report = examine(find_exercise('dispatch-weights'), answer)\n"
        "print(report.status, flush=True)\n"
        "print(os.wait()[1], flush=True)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=120)

    assert done.stdout.split() == ["passed", "0"], done.stderr


@forks
@alone
@pytest.mark.parametrize("by", ["fork", "multiprocessing"])
def test_a_copy_that_never_ends_is_stopped_at_the_limit_of_the_check(by):
    """A forked process in an endless loop has the check's own time, and is gone a moment after it."""
    children = []

    def loop():
        while True:
            pass

    def dispatch_weights(logits):
        if not children and by == "fork":
            children.append(os.fork())
            if not children[0]:
                loop()
        elif not children:
            process = multiprocessing.get_context("fork").Process(target=loop)
            process.start()
            children.append(process.pid)
        return logits.softmax(1)

    start = time.monotonic()
    report = examine(DISPATCH, dispatch_weights, seconds=5)
    ended = soon(lambda: os.waitpid(children[0], os.WNOHANG)[0] == children[0])
    took = time.monotonic() - start
    if not ended:
        os.kill(children[0], signal.SIGKILL)

    assert report.passed and ended and 4.9 < took < 20


def test_functions_for_the_end_of_the_program_are_forgotten():
    """What an answer registers by atexit is not called at the end; what a library registers meanwhile is."""
    program = (
        "import atexit, sys\n"
        "from softmoe_edu.teaching.check.examine import examine\n"
        "from softmoe_edu.teaching.discovery import find_exercise\n"
        "def answer(logits):\n"
        "    atexit.register(print, 'from the answer')\n"
        "    import logging.config, xml.dom.minidom, concurrent.futures.process\n"
        "    return logits.softmax(1)\n"
        "before = atexit._ncallbacks()\n"
        "print(examine(find_exercise('dispatch-weights'), answer).status)\n"
        "atexit.register(print, 'the end')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)

    assert done.stdout.split("\n") == ["passed", "the end", ""], done.stderr
    assert atexit.register.__module__ == "atexit"


def test_a_program_that_goes_on_holds_nothing_up():
    """A process that an answer starts and leaves writing is let alone; the check ends, and so does its output."""
    started = []

    def dispatch_weights(logits):
        if not started:
            started.append(subprocess.Popen([sys.executable, "-c", "while True: print('x' * 1000)"]))
        return logits.softmax(1)

    start = time.monotonic()
    report = examine(DISPATCH, dispatch_weights)
    took = time.monotonic() - start

    assert report.passed and took < 10
    assert started[0].wait(20) != 0  # the pipe that it writes into has nobody who reads
