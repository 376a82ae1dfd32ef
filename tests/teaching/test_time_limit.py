"""A check beside the alarms, profilers, debuggers and tracers of others: it works, and they go on afterwards."""

import bdb
import cProfile
import hashlib
import pdb
import pstats
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.check.examine import check, examine
from softmoe_edu.teaching.check.isolation import time_limit as time_limit_module
from softmoe_edu.teaching.check.isolation.isolated import isolated
from softmoe_edu.teaching.check.isolation.time_limit import TimeUp, callers_alarm, time_limit
from softmoe_edu.teaching.discovery import find_exercise

DISPATCH = find_exercise("dispatch-weights")
posix = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no such timers")


class Late(Exception):
    pass


def right(logits):
    return logits.softmax(1)


def endless(logits):
    while True:
        pass


@pytest.fixture
def late():
    """The alarm raises Late; afterwards there is none."""

    def ring(*_):
        raise Late

    before = signal.signal(signal.SIGALRM, ring)
    yield ring
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@posix
def test_an_alarm_of_the_caller_goes_on_less_the_time_of_the_check(late):
    """Of 60 s with an interval of 7 s, what is left afterwards is 60 s less what the check took."""
    start = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, 60, 7)
    report = examine(DISPATCH, endless, seconds=0.3)
    left, every = signal.getitimer(signal.ITIMER_REAL)

    assert report.failed == "time"
    assert signal.getsignal(signal.SIGALRM) is late
    assert abs(60 - (time.monotonic() - start) - left) < 0.1 and every == 7


@pytest.mark.slow
@posix
def test_an_alarm_that_was_due_in_the_check_rings_right_after_it(late, workspace, monkeypatch):
    """An alarm of 0.1 s cuts no check of 0.5 s short; it rings when the check has noted what it found, not before."""
    note = progress.note

    def slowly(*words, **data):
        time.sleep(0.2)
        note(*words, **data)

    monkeypatch.setattr(progress, "note", slowly)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    with pytest.raises(Late):
        check("dispatch-weights", endless, seconds=0.5)
        time.sleep(20)

    assert [event["property"] for event in progress.events("check")] == ["time"]


@posix
def test_without_an_alarm_of_the_caller_none_is_left():
    """Nothing rings after a check, and the timers of CPU time are those of the caller."""
    signal.setitimer(signal.ITIMER_PROF, 1000)
    try:
        with callers_alarm():
            examine(DISPATCH, right)
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
        # The kernel rounds up to its ticks.
        assert 900 < signal.getitimer(signal.ITIMER_PROF)[0] <= 1001
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


@pytest.mark.slow
@posix
@pytest.mark.parametrize("how", ["ignored", "off", "blocked"])
def test_an_answer_that_takes_the_alarm_away_is_stopped_all_the_same(how):
    """An own handler, a timer set to 0 or a blocked signal: another thread stops the answer a second later."""

    def answer(logits):
        if how == "ignored":
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
        elif how == "off":
            signal.alarm(0)
        else:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        endless(logits)

    report = examine(DISPATCH, answer, seconds=0.3)

    assert report.failed == "time"
    assert signal.SIGALRM not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_profile_sees_the_answer_and_goes_on_after_the_check():
    """Under cProfile, as in %prun, a check passes; its statistics hold the answer and what comes after the check."""

    def afterwards():
        return 1

    profile = cProfile.Profile()
    profile.enable()
    report = examine(DISPATCH, right)
    afterwards()
    profile.disable()

    names = {name for _, _, name in pstats.Stats(profile).stats}
    assert report.passed and {"right", "afterwards"} <= names


@pytest.mark.parametrize("kind", ["profile", "trace"])
def test_a_profile_or_trace_function_sees_the_answer_and_is_given_back(kind):
    """A function of sys.setprofile or sys.settrace is called for the answer's frame, and is the same afterwards."""
    seen = []

    def look(frame, event, arg):
        if frame.f_code is right.__code__:
            seen.append(event)
        return look

    set_, get = {"profile": (sys.setprofile, sys.getprofile), "trace": (sys.settrace, sys.gettrace)}[kind]
    before = get()
    set_(look)
    try:
        reports = examine(DISPATCH, right), examine(DISPATCH, endless, seconds=0.3)
        assert get() is look
    finally:
        set_(before)

    assert [report.failed for report in reports] == [None, "time"] and "call" in seen


def test_the_limit_alone_gives_a_trace_function_back():
    """Whoever uses the time limit without the rest of a check has the own trace function afterwards."""

    def look(frame, event, arg):
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        with pytest.raises(TimeUp), time_limit(0.1):
            endless(None)
        assert sys.gettrace() is look
    finally:
        sys.settrace(before)


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="sys.monitoring came with Python 3.12")
def test_tools_that_monitor_see_the_answer_and_go_on():
    """Debuggers, coverage and line profilers of Python 3.12 and later keep their events; none is taken from them."""
    monitoring, seen = sys.monitoring, []
    tools, start = [monitoring.DEBUGGER_ID, monitoring.COVERAGE_ID, 3], monitoring.events.PY_START
    for tool in tools:
        monitoring.use_tool_id(tool, f"tool {tool}")
        monitoring.register_callback(tool, start, lambda code, _, tool=tool: seen.append((tool, code)))
        monitoring.set_events(tool, start)
    try:
        passed = examine(DISPATCH, right).passed
        events = [monitoring.get_events(tool) for tool in tools]
    finally:
        for tool in tools:
            monitoring.set_events(tool, 0)
            monitoring.free_tool_id(tool)

    assert passed and events == [start] * 3
    assert {tool for tool, code in seen if code is right.__code__} == set(tools)


def test_an_endless_answer_ends_under_a_debugger_too():
    """bdb, on which pdb is built, steps through every line; the answer is stopped and the debugger traces on."""
    debugger, seen = bdb.Bdb(), []
    debugger.user_line = lambda frame: seen.append(frame.f_code.co_name)
    before = sys.gettrace()
    debugger.reset()
    debugger.set_step()
    sys.settrace(debugger.trace_dispatch)
    try:
        report = examine(DISPATCH, endless, seconds=0.5)
        traced = sys.gettrace()
    finally:
        sys.settrace(before)

    assert report.failed == "time" and "endless" in seen
    assert traced == debugger.trace_dispatch


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "prompt"), [("main", 1.8), ("main", 2.7), ("main", 3.5), ("other", 1.8), ("other", 3.5)]
)
def test_a_person_at_the_prompt_of_a_debugger_is_not_interrupted(where, prompt):
    """While pdb waits for a command, in any thread, the time stands still; then the full time starts again."""

    class Slow(pdb.Pdb):
        def cmdloop(self, intro=None):
            time.sleep(prompt)
            self.set_continue()

    def block():
        before = sys.gettrace()
        try:
            with time_limit(2):
                Slow(nosigint=True).set_trace()
                time.sleep(0.6)
        except TimeUp:
            return "interrupted"
        finally:
            sys.settrace(before)
        return "done"

    if where == "main":
        assert block() == "done"
    else:
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(block).result() == "done"


def test_two_checks_in_two_threads_wait_for_each_other():
    """Checks in eight threads at once all pass: what one of them keeps, no other one finds half changed."""
    reports = []
    threads = [threading.Thread(target=lambda: reports.append(examine(DISPATCH, right))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert [report.status for report in reports] == ["passed"] * 8


@pytest.mark.slow
def test_one_long_call_into_c_is_told_of_once_while_it_lasts(monkeypatch):
    """A call that cannot be interrupted is reported from another thread meanwhile; then TimeUp ends the block."""
    monkeypatch.setattr(time_limit_module, "STUCK_S", 0.2)
    start = time.monotonic()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 100_000)
    rounds = int(3 * 100_000 / (time.monotonic() - start))  # three seconds of this machine, without the interpreter
    told = []
    start = time.monotonic()
    with pytest.raises(TimeUp), time_limit(0.1, lambda: told.append(time.monotonic() - start)):
        hashlib.pbkdf2_hmac("sha256", b"", b"", rounds)

    assert len(told) == 1 and 0.3 < told[0] < time.monotonic() - start


def test_the_sentence_about_a_hanging_call_comes_through_while_output_is_collected(capfd):
    """What is said during a check is on the learner's stream, and not among what the answer printed."""
    with isolated(5) as printed:
        print("of the answer")
        printed.say_now("of the check")

    assert (printed.text, capfd.readouterr().out) == ("of the answer", "of the check\n")


@pytest.mark.slow
@posix
def test_coverage_of_a_process_goes_on(tmp_path):
    """A tracer in C that is given back as an object, as coverage has it, is called like the function it stands for."""
    program = (
        "import sys\n"
        "from softmoe_edu.teaching.check.examine import examine\n"
        "from softmoe_edu.teaching.discovery import find_exercise\n"
        "class Tracer:\n    seen = 0\n    def __call__(self, *event):\n        Tracer.seen += 1\n        return self\n"
        "tracer = Tracer(); sys.settrace(tracer)\n"
        "def endless(logits):\n    while True: pass\n"
        "print(examine(find_exercise('dispatch-weights'), endless, seconds=0.3).failed)\n"
        "print(sys.gettrace() is tracer, Tracer.seen > 0); sys.settrace(None)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)

    assert done.stdout.split() == ["time", "True", "True"], done.stderr
