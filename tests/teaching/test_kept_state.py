"""Every line of the table of kept state: an answer changes the thing, and after the check it is what it was."""

import builtins
import decimal
import gc
import io
import locale
import logging
import math
import os
import random
import resource
import signal
import sys
import threading
import time
import tracemalloc
import types
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.check.isolation.borrowed import Traps
from softmoe_edu.teaching.check.isolation.isolated import isolated
from softmoe_edu.teaching.check.isolation.kept_state import TABLE, Kept, plain_defaults, state_kept
from softmoe_edu.teaching.discovery import find_exercise

DISPATCH = find_exercise("dispatch-weights")
for name in ("known", "py.warnings"):  # a logger that an answer makes stays, without its handlers
    logging.getLogger(name)


def borrowed(x):
    return x


def configure_logging():
    logging.basicConfig(level=logging.DEBUG)
    logging.captureWarnings(True)
    logging.disable(logging.INFO)
    logging.getLogger("known").disabled = True
    logging.getLogger("known").addHandler(logging.StreamHandler())
    logging.getLogger("known").setLevel(logging.ERROR)
    logging.lastResort = None


def close_and_replace_streams():
    sys.stdout = sys.stderr = sys.__stdout__ = io.StringIO()
    sys.stdin = None


def replace_hooks():
    sys.excepthook = sys.unraisablehook = lambda *arguments: None
    sys.displayhook = sys.breakpointhook = print


def forget_modules():
    sys.modules["torch"] = types.ModuleType("torch")
    del sys.modules["math"]


def decimals():
    decimal.getcontext().prec = 3
    decimal.getcontext().traps[decimal.Inexact] = True


def lower_limits():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft // 2, hard))


def patch(owner, **names):
    for name, value in names.items():
        setattr(owner, name, value)


# For each line of the table: what an answer may do to the thing.
CHANGES = {
    "streams": close_and_replace_streams,
    "built-in names": lambda: patch(builtins, max=min, invented=1),
    "functions under a trap": lambda: Traps([borrowed]).__enter__(),
    "methods of Tensor": lambda: patch(torch.Tensor, softmax=lambda *a, **k: 1, __add__=None, invented=1),
    "functions of torch": lambda: patch(torch, softmax=None),
    "functions of torch.nn.functional": lambda: patch(torch.nn.functional, softmax=None),
    "functions of math": lambda: patch(math, exp=None),
    "functions of random": lambda: patch(random, seed=print),
    "functions of time": lambda: patch(time, sleep=print),
    "hooks of all torch modules": lambda: torch.nn.modules.module.register_module_forward_hook(lambda *given: None),
    "modules": forget_modules,
    "sys.path": lambda: sys.path.insert(0, "/nowhere"),
    "sys.argv": lambda: sys.argv.append("-x"),
    "importers": lambda: sys.meta_path.clear(),
    "hooks": replace_hooks,
    "hook of threads": lambda: patch(threading, excepthook=print),
    "profile functions": lambda: sys.setprofile(lambda *event: None),
    "trace functions": lambda: (sys.settrace(lambda *event: None), threading.settrace(print)),
    "working directory": lambda: os.chdir("/"),
    "environment variables": lambda: os.environ.update(SOFTMOE_CLASS_KEY="mine", HOME="/", INVENTED="1"),
    "umask": lambda: os.umask(0o123),
    "resource limits": lower_limits,
    "open figures": lambda: plt.subplots(),
    "locale": lambda: locale.setlocale(locale.LC_ALL, "C" if "C.UTF" in locale.setlocale(locale.LC_ALL) else "C.UTF-8"),
    "timers of CPU time": lambda: signal.setitimer(signal.ITIMER_VIRTUAL, 1000),
    "recursion limit": lambda: sys.setrecursionlimit(5000),
    "digits of whole numbers": lambda: sys.set_int_max_str_digits(5000),
    "switch interval": lambda: sys.setswitchinterval(0.5),
    "garbage collector": gc.disable,
    "callbacks of the garbage collector": lambda: gc.callbacks.append(lambda *event: None),
    "tracemalloc": tracemalloc.start,
    "logging": configure_logging,
    "warnings": lambda: warnings.simplefilter("ignore"),
    "decimal context": decimals,
    "print options of NumPy": lambda: np.set_printoptions(precision=1),
    "errors of NumPy": lambda: np.seterr(all="raise"),
    "print options of torch": lambda: torch.set_printoptions(precision=1, sci_mode=True),
    "default dtype": lambda: torch.set_default_dtype(torch.float64),
    "default device": lambda: torch.set_default_device("meta"),
    "gradient mode": lambda: torch.set_grad_enabled(False),
    "autocast": lambda: torch.autocast("cpu").__enter__(),
    "anomaly mode": lambda: torch.autograd.set_detect_anomaly(True, check_nan=False),
    "threads of torch": lambda: torch.set_num_threads(2),
    "deterministic algorithms": lambda: torch.use_deterministic_algorithms(True, warn_only=True),
    "filling of new memory": lambda: patch(torch.utils.deterministic, fill_uninitialized_memory=False),
    "float32 matmul precision": lambda: torch.set_float32_matmul_precision("medium"),
    "flags of cuDNN": lambda: patch(torch.backends.cudnn, benchmark=True, deterministic=True),
    "random states": lambda: (random.seed(1), np.random.seed(1), torch.manual_seed(1)),
    "blocked signals": lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]),
    "signal handlers": lambda: [signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGTERM)],
}


def readable(value):
    """Return a value of the table in a form that `==` compares."""
    if isinstance(value, torch.Tensor | np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: readable(item) for key, item in value.items()}
    return tuple(map(readable, value)) if isinstance(value, tuple | list) else value


def test_every_line_of_the_table_has_a_change():
    """A new line needs a change here, or nothing shows that it works."""
    assert [each.name for each in TABLE] == list(CHANGES)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_what_an_answer_changes_is_put_back(row):
    """The change is seen by the line itself, an error comes between, and afterwards everything is as before."""
    before = readable(row.get())

    with pytest.raises(ZeroDivisionError), state_kept(pytest.fail):
        CHANGES[row.name]()
        assert readable(row.get()) != before
        _ = 1 / 0

    assert readable(row.get()) == before


@pytest.mark.slow
def test_a_check_puts_everything_back_at_once():
    """An answer that does all of this passes, and leaves nothing of it; only what breaks torch itself is left out."""
    before = {row.name: readable(row.get()) for row in TABLE}
    beyond = {"modules", "functions of torch", "methods of Tensor", "importers", "gradient mode"}

    def dispatch_weights(logits):
        for name, change in CHANGES.items():
            if name not in beyond:
                change()
        return logits.softmax(1)

    assert examine(DISPATCH, dispatch_weights, seconds=120).passed
    assert {row.name: readable(row.get()) for row in TABLE} == before


def test_what_cannot_be_put_back_is_told_and_hinders_nothing_else():
    """The name is handed on, and the next line is still put back."""
    values, told = {"a": 1, "b": 1}, []

    def broken(value):
        raise OSError

    rows = [
        Kept("broken", lambda: values["a"], broken),
        Kept("whole", lambda: values["b"], lambda value: values.update(b=value)),
    ]
    with state_kept(told.append, rows):
        values.update(a=2, b=2)

    assert (told, values) == (["broken"], {"a": 2, "b": 1})


def test_a_folder_that_an_answer_deleted_is_told(tmp_path, monkeypatch):
    """Where the working directory is gone, the report says that it could not be put back."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)

    def dispatch_weights(logits):
        if os.path.isdir(gone):
            os.chdir(tmp_path)
            gone.rmdir()
        return logits.softmax(1)

    report = examine(DISPATCH, dispatch_weights)
    monkeypatch.chdir(tmp_path)

    assert report.passed
    assert "one thing could not be put back: working directory" in report.printed


def test_later_log_lines_of_the_notebook_appear(capfd):
    """logging.basicConfig in an answer keeps the check's own stream no longer than the check."""

    def dispatch_weights(logits):
        logging.basicConfig(level=logging.INFO, force=True)
        logging.info("inside")
        logging.getLogger("fresh").addHandler(logging.StreamHandler())
        return logits.softmax(1)

    root, handlers = logging.getLogger(), list(logging.getLogger().handlers)
    report = examine(DISPATCH, dispatch_weights)
    logging.lastResort.handle(logging.makeLogRecord({"msg": "a later line"}))

    assert "INFO:root:inside" in report.printed
    assert (root.handlers, logging.getLogger("fresh").handlers) == (handlers, [])
    assert "a later line" in capfd.readouterr().err


@pytest.mark.parametrize("setting", ["device", "with", "dtype", "autocast", "no_grad", "inference_mode", "anomaly"])
def test_a_right_answer_passes_under_every_default_of_a_learner(setting):
    """The inputs are made on the CPU in float32 and float64 whatever is in force, and it is in force afterwards."""
    context = {
        "with": lambda: torch.device("meta"),
        "autocast": lambda: torch.autocast("cpu"),
        "no_grad": torch.no_grad,
        "inference_mode": torch.inference_mode,
        "anomaly": lambda: torch.autograd.set_detect_anomaly(True, check_nan=False),
    }.get(setting, lambda: plain_defaults())
    with context():
        if setting == "device":
            torch.set_default_device("meta")
        elif setting == "dtype":
            torch.set_default_dtype(torch.float64)
        before = readable([row.get() for row in TABLE if row.name != "functions under a trap"])
        assert examine(DISPATCH, lambda logits: logits.softmax(1)).passed
        with isolated(60):
            made = torch.zeros(1, requires_grad=True) * 2
            assert (made.device.type, made.dtype, made.requires_grad) == ("cpu", torch.float32, True)
            assert not torch.is_autocast_enabled("cpu") and not torch.is_inference_mode_enabled()
        assert readable([row.get() for row in TABLE if row.name != "functions under a trap"]) == before

    assert torch.zeros(1).device.type == "cpu" and torch.zeros(1).dtype == torch.float32


def test_defaults_that_an_answer_sets_do_not_reach_the_reference():
    """After each call the inputs' defaults hold again: an answer that sets others in its first line may be right."""

    def dispatch_weights(logits):
        torch.set_default_device("meta")
        torch.set_default_dtype(torch.float64)
        torch.autocast("cpu").__enter__()
        return logits.softmax(1)

    with isolated(60):
        assert examine(DISPATCH, dispatch_weights).passed
        assert (torch.zeros(1).device.type, torch.zeros(1).dtype) == ("cpu", torch.float32)


def test_what_cannot_be_read_is_left_alone():
    """A line whose value is refused costs no check its report."""

    def refused():
        raise RuntimeError

    with state_kept(pytest.fail, [Kept("refused", refused, pytest.fail)]):
        pass


def test_the_next_program_finds_nothing_of_figures_that_an_answer_drew():
    """A learner's own figure stays open; those that the answer opened at each call are closed."""
    others = plt.get_fignums()  # of tests that ran before this one
    own = plt.figure().number

    def dispatch_weights(logits):
        plt.figure()
        return logits.softmax(1)

    assert examine(DISPATCH, dispatch_weights).passed
    assert plt.get_fignums() == [*others, own]
    plt.close(own)
