"""What a learner's function may do, and what is left of it afterwards."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings

import numpy as np
import pytest
import torch

from softmoe_edu.teaching.check.attempt import Attempt
from softmoe_edu.teaching.check.isolation import printed as printed_module
from softmoe_edu.teaching.check.isolation.borrowed import Traps, UsedReference, trapped
from softmoe_edu.teaching.check.isolation.isolated import isolated
from softmoe_edu.teaching.check.isolation.time_limit import TimeUp, forget_handled
from softmoe_edu.teaching.discovery import exercises


def state():
    """Everything that a check promises to leave as it was."""
    return (
        random.getstate(),
        np.random.get_state()[1].tolist(),
        torch.get_rng_state().tolist(),
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.is_grad_enabled(),
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
    )


def test_global_state_comes_back():
    """Random states, default dtype and device, gradient mode and threads are as before, even after an error."""
    before = state()

    with pytest.raises(ZeroDivisionError), isolated(120):
        random.seed(1)
        np.random.seed(1)
        torch.manual_seed(1)
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        torch.set_grad_enabled(False)
        torch.set_num_threads(3 - min(2, torch.get_num_threads()))
        torch.use_deterministic_algorithms(True)
        assert state() != before
        _ = 1 / 0

    assert state() == before


def test_a_learners_defaults_do_not_reach_the_block_and_come_back():
    """Inside, tensors are float32 on the CPU; afterwards the learner's own default dtype holds again."""
    torch.set_default_dtype(torch.float64)
    try:
        with isolated(5):
            assert torch.zeros(1).dtype == torch.float32
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_everything_written_is_collected_and_nothing_reaches_stderr(capfd):
    """Prints, warnings, sys.stderr and the descriptor below it are kept as text."""
    with isolated(5) as printed:
        print("hello")
        warnings.warn("take care", stacklevel=1)
        print("on stderr", file=sys.stderr)
        os.write(2, b"from C++\n")

    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
    for words in ("hello", "UserWarning: take care", "on stderr", "from C++"):
        assert words in printed.text


def test_an_endless_loop_is_stopped():
    """The time limit ends a loop, a sleep, and a loop that catches every exception."""

    def loop():
        while True:
            pass

    def stubborn():
        while True:
            try:
                time.sleep(0.01)
            except BaseException:
                pass

    for function in (loop, lambda: time.sleep(60), stubborn):
        start = time.monotonic()
        with pytest.raises(TimeUp), isolated(0.2):
            function()
        assert time.monotonic() - start < 10
        forget_handled(None)
        assert sys.exc_info()[1] is None


def test_an_endless_loop_is_stopped_in_another_thread():
    """Where no signal can be had, an exception is sent to the thread."""
    caught = []

    def work():
        try:
            with isolated(0.2):
                while True:
                    pass
        except TimeUp:
            caught.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)

    assert caught == [True]


def test_time_that_is_not_used_up_leaves_nothing_behind():
    """After the block no alarm rings, in this thread or another."""
    with isolated(0.2):
        pass
    thread = threading.Thread(target=lambda: isolated(0.2).__enter__)
    thread.start()
    thread.join()
    time.sleep(0.4)


def test_a_forbidden_function_is_found_however_it_is_reached():
    """Calling the reference is noticed under another name, in another function, and if exceptions are caught."""

    def secret(x):
        return x + 1

    alias = secret

    def sly(x):
        try:
            return max(map(alias, [x]))
        except Exception:
            return x

    with pytest.raises(UsedReference, match="secret"), Traps([secret]):
        sly(1)
    with Traps([secret]):
        assert max([1, 2]) == 2
    assert secret(1) == 2


def test_other_threads_call_what_they_always_call():
    """A thread that was not started by the block may use the function meanwhile, defaults and closure included."""
    inside, done, added = threading.Event(), threading.Event(), 10

    def secret(x, y=5, *, z=7):
        return x + y + z + added

    sums = []

    def other():
        inside.wait(20)
        sums.append(secret(1, z=2))
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with Traps([secret]):
        inside.set()
        assert done.wait(20)
        with pytest.raises(UsedReference) as caught:
            secret(1)
    thread.join(20)

    assert sums == [18] and secret(1) == 23 and trapped() == {}
    # Debuggers and tracebacks look at the variables of every frame.
    frames = [frame for frame, _ in traceback.walk_tb(caught.tb)]
    assert [frame.f_locals["added"] for frame in frames if frame.f_code.co_name == "secret"] == [10]


def test_every_function_that_is_forbidden_anywhere_can_be_trapped():
    """For each exercise all its right functions are trapped and released, with closures, methods and defaults."""
    for exercise in exercises().values():
        answer = Attempt(exercise, print)
        before = {function: function.__code__ for function, *_ in answer.traps._each}
        with answer.traps:
            assert trapped() == before and before
            assert not any(function.__code__ is code for function, code in before.items())
        assert {function: function.__code__ for function in before} == before and trapped() == {}


@pytest.mark.skipif(os.name == "nt", reason="os.kill sends no interrupt on Windows")
def test_a_second_click_on_stop_comes_when_everything_is_put_back(monkeypatch, capfd, request):
    """An interrupt that arrives while output is given back breaks nothing: it is raised at the end."""
    put_back = printed_module._put_back

    def interrupted(fd, copy):
        os.kill(os.getpid(), signal.SIGINT)
        put_back(fd, copy)

    monkeypatch.setattr(printed_module, "_put_back", interrupted)
    # A shell that starts tests in the background lets them ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    stream, limit = sys.stdout, sys.getrecursionlimit()
    with pytest.raises(KeyboardInterrupt), isolated(60):
        sys.setrecursionlimit(5000)

    os.write(1, b"the descriptor is back")
    assert capfd.readouterr().out == "the descriptor is back"
    assert (sys.stdout, sys.getrecursionlimit()) == (stream, limit)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_function_of_the_same_text_is_the_learners_own():
    """Code is told apart by what object it is: whoever writes the same lines has written them."""
    text = "def answer(x):\n    return x + 1\n"
    theirs, mine = {}, {}
    exec(text, theirs)
    exec(text, mine)

    with Traps([theirs["answer"]]):
        assert mine["answer"](1) == 2
    with pytest.raises(UsedReference), Traps([theirs["answer"]]):
        theirs["answer"](1)


@pytest.mark.slow
def test_the_kernel_survives_an_endless_answer():
    """In a process of its own, a check of an endless answer returns and the process goes on to its end."""
    program = (
        "from softmoe_edu.teaching.check.examine import examine\n"
        "from softmoe_edu.teaching.discovery import find_exercise\n"
        "def answer(x, phi, experts):\n    while True: pass\n"
        "print(examine(find_exercise('soft-moe'), answer, seconds=0.5).failed)\nprint('alive')"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)

    assert run.stdout.split() == ["time", "alive"], run.stderr
