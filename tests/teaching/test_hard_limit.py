"""While a class is graded, a check that one call into C holds up ends its process; otherwise it ends nothing."""

import os
import signal
import subprocess
import sys
import time

import pytest

from softmoe_edu.teaching.check.isolation import hard_limit

pytestmark = pytest.mark.slow

HANGS = "def answer(logits):\n    return sum(range(10**15)) * logits\n"
RIGHT = "def answer(logits):\n    return logits.softmax(1)\n"
FORKS = (
    "import os, time\nforked = []\ndef answer(logits):\n"
    "    if not forked:\n        forked.append(1)\n        os.fork() or time.sleep(1000)\n"
    "    return logits.softmax(1)\n"
)
RUN = """
from softmoe_edu.teaching.check.isolation import hard_limit
from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.discovery import find_exercise
hard_limit.PATIENCE_S = PATIENCE
report = examine(find_exercise('dispatch-weights'), answer, seconds=SECONDS)
print(report.status, flush=True)
"""


def python(code, patience=1, seconds=2, **environment):
    code = f"PATIENCE, SECONDS = {patience}, {seconds}\n{code}"
    known = {name: value for name, value in os.environ.items() if name not in ("SOFTMOE_GRADING", "NBGRADER_EXECUTION")}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-W", "ignore", "-c", code], env=known | environment, **pipes)


@pytest.mark.parametrize(
    ("environment", "head"),
    [
        ({"SOFTMOE_GRADING": "1"}, ""),
        ({"NBGRADER_EXECUTION": "autograde"}, ""),
        (
            {},
            "import sys\nfrom types import SimpleNamespace as Space\n"
            "sys.modules['otter'] = Space(Notebook=Space(_grading_mode=True))\n",
        ),
    ],
    ids=["set", "nbgrader", "otter"],
)
def test_a_process_that_hangs_is_ended(environment, head):
    """Of a grader's kernel nothing is left a second after the limit, whichever grader it is."""
    process = python(head + HANGS + RUN, **environment)
    out, _ = process.communicate(timeout=60)

    assert (process.returncode, out) == (-signal.SIGKILL if os.name == "posix" else 15, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
def test_nobody_is_ended_who_comes_back_in_time():
    """A right answer, one that loops in Python and one whose copy lives on have their reports, and nothing waits."""
    loops = "def answer(logits):\n    while True: pass\n"
    for answer, status, seconds in ((RIGHT, "passed", 30), (loops, "failed", 1), (FORKS, "passed", 60)):
        start = time.monotonic()
        process = python(answer + RUN + "print('alive')", 60, seconds, SOFTMOE_GRADING="1")
        said = [process.stdout.readline().strip() for _ in range(2)]
        process.wait(60)
        process.stdout.close()
        process.stderr.close()
        assert (said, process.returncode) == ([status, "alive"], 0)
        assert time.monotonic() - start < 50  # the copy of the last one lives for 60 s


def test_a_learner_who_waits_is_not_interrupted():
    """Without a grader a call that takes longer than all limits comes back, late; meanwhile it is said why."""
    slow = (
        "import hashlib\ndef answer(logits):\n    hashlib.pbkdf2_hmac('sha256', b'', b'', ROUNDS)\n    return logits\n"
    )
    start = time.monotonic()
    import hashlib

    hashlib.pbkdf2_hmac("sha256", b"", b"", 100_000)
    rounds = int(12 * 100_000 / (time.monotonic() - start))  # of a machine that may be less busy in a moment
    out, err = python(f"ROUNDS = {rounds}\n{slow}{RUN}print(dict(report.lines)['Got'])", 1, 1).communicate(timeout=120)

    meanwhile, status, got = out.splitlines()
    assert meanwhile.startswith("The check has run out of time, but your function is still in one long call"), err
    assert status == "failed" and "because one long call in it cannot be interrupted" in got


def test_a_process_without_a_grader_starts_no_other(monkeypatch):
    """The second process is for graders alone: a learner's check costs none."""
    for name in ("SOFTMOE_GRADING", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(hard_limit.subprocess, "Popen", pytest.fail)

    assert not hard_limit.is_grading()
    with hard_limit.hard_limit(1):
        pass
