"""The state of the process that a check gives back as it found it: one line for each thing."""

import _signal  # as signal, without an enumeration around each of the sixty answers
import builtins
import contextlib
import decimal
import gc
import locale
import logging
import math
import os
import random
import signal
import sys
import threading
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from torch.overrides import _get_current_function_mode_stack as function_modes
from torch.overrides import _pop_mode, _push_mode
from torch.utils import _device

from softmoe_edu.teaching.check.isolation import borrowed

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None

NOTHING = object()


@dataclass(frozen=True)
class Kept:
    """One thing that is put back: `set(get())` changes nothing.

    Args:
        name: What it is, in words.
        get: Reads it; the value does not change with the thing.
        set: Makes it what it was.
        inside: Called at the beginning of a check, where it makes the thing what inputs are made for, whatever it was:
            a learner's defaults are not their business.
        compare: Whether it is set only where it has changed; else always, because a comparison costs more.
    """

    name: str
    get: Callable[[], object]
    set: Callable[[object], object]
    inside: Callable[[], object] | None = None
    compare: bool = True


@contextlib.contextmanager
def state_kept(
    failed: Callable[[str], object] = lambda name: None, rows: Iterable[Kept] | None = None
) -> Iterator[None]:
    """Put everything of the table back after the block.

    New modules stay imported, as after any function, and so do new attributes of modules.

    Args:
        failed: Called with the name of what could not be put back.
        rows: Those of the table that count, all of them without it.
    """
    rows = TABLE if rows is None else rows
    before = [(each, value) for each in rows if (value := _read(each)) is not NOTHING]
    try:
        for each in rows:
            if each.inside:
                each.inside()
        with torch.inference_mode(False) if torch.is_inference_mode_enabled() else contextlib.nullcontext():
            yield
    finally:
        for each, value in before:
            try:
                if not (each.compare and _same(each.get(), value)):
                    each.set(value)
            except Exception:
                failed(each.name)


def _read(row: Kept) -> object:
    try:
        return row.get()
    except Exception:
        return NOTHING  # torch, say, refuses to return a precision that was set in two ways


def _same(a: object, b: object) -> bool:
    try:
        return a is b or bool(a == b)
    except (ValueError, RuntimeError, TypeError):
        return False  # arrays, say: what cannot be compared is set again


def _names_of(module: object) -> Callable[[], dict]:
    return lambda: vars(module).copy()


def _names_back(module: object, *, new_ones_go: bool = False) -> Callable[[dict], None]:
    def back(before: dict) -> None:
        now = vars(module)
        for name in [*before, *now] if new_ones_go else before:
            if name not in before:
                delattr(module, name)
            elif now.get(name, NOTHING) is not before[name]:
                setattr(module, name, before[name])

    return back


def _attributes(owner: object, *names: str) -> tuple[Callable[[], tuple], Callable[[tuple], None]]:
    known = [name for name in names if hasattr(owner, name)]

    def back(values: tuple) -> None:
        for name, value in zip(known, values, strict=True):
            setattr(owner, name, value)

    return lambda: tuple(getattr(owner, name) for name in known), back


def _contents(owner: object, name: str) -> tuple[Callable[[], tuple], Callable[[tuple], None]]:
    """A list that belongs to a module: the list itself, and what is in it."""

    def back(value: tuple) -> None:
        whole, items = value
        whole[:] = items
        setattr(owner, name, whole)

    return lambda: (getattr(owner, name), list(getattr(owner, name))), back


def _profile_back(before: tuple) -> None:
    mine, of_threads = before
    threading.setprofile(of_threads)
    if mine is None or callable(mine):
        sys.setprofile(mine)
    else:
        mine.enable()  # cProfile, which has no Python function


def _trace_back(before: tuple) -> None:
    mine, of_threads = before
    threading.settrace(of_threads)
    if mine is None or callable(mine):
        sys.settrace(mine)


def _figures() -> set[int]:
    plots = sys.modules.get("matplotlib.pyplot")
    return set(plots.get_fignums()) if plots else set()


def _figures_back(before: set[int]) -> None:
    for number in _figures() - before:
        sys.modules["matplotlib.pyplot"].close(number)


def _limits() -> dict[int, tuple[int, int]]:
    if resource is None:
        return {}
    kinds = (getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_"))
    return {kind: resource.getrlimit(kind) for kind in kinds}


def _limits_back(before: Mapping[int, tuple[int, int]]) -> None:
    for kind, limits in before.items():
        if resource.getrlimit(kind) != limits:
            resource.setrlimit(kind, limits)


def _module_hooks() -> dict[str, dict]:
    return {name: dict(hooks) for name, hooks in MODULE_HOOKS.items()}


def _module_hooks_back(before: Mapping[str, dict]) -> None:
    for name, hooks in MODULE_HOOKS.items():
        hooks.clear()
        hooks.update(before[name])


def _folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None  # it was deleted


def _folder_back(folder: str | None) -> None:
    if folder is not None:
        os.chdir(folder)


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _environment_back(before: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name not in before]:
        del os.environ[name]
    os.environ.update({name: value for name, value in before.items() if os.environ.get(name) != value})


def _modules_back(before: Mapping[str, object]) -> None:
    sys.modules.update({name: module for name, module in before.items() if module is not None})


def _handlers() -> dict[int, object]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: _signal.getsignal(number) for number in SIGNALS}


def _handlers_back(before: Mapping[int, object]) -> None:
    for number, handler in before.items():
        # None: it was not set from Python, and cannot be.
        if handler is not None and _signal.getsignal(number) != handler:
            signal.signal(number, handler)


def _blocked_signals() -> object:
    return signal.pthread_sigmask(signal.SIG_BLOCK, []) if hasattr(signal, "pthread_sigmask") else None


def _blocked_signals_back(before: object) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _cpu_timers() -> tuple[bool, ...]:
    """Whether the timers of CPU time run; what is left on them changes as they run, so it is not compared."""
    if not hasattr(signal, "getitimer"):
        return ()
    return tuple(signal.getitimer(which)[0] > 0 for which in (signal.ITIMER_VIRTUAL, signal.ITIMER_PROF))


def _cpu_timers_back(before: tuple[bool, ...]) -> None:
    for which, ran in zip((signal.ITIMER_VIRTUAL, signal.ITIMER_PROF), before, strict=True):
        if not ran:
            signal.setitimer(which, 0)


def _logging() -> dict:
    loggers = dict(_loggers())
    handlers = {id(handler): handler for each in loggers.values() for handler in each.handlers}
    if logging.lastResort is not None:
        handlers[id(logging.lastResort)] = logging.lastResort
    return {
        "loggers": {
            name: (each, each.level, each.disabled, each.propagate, list(each.handlers), list(each.filters))
            for name, each in loggers.items()
        },
        "handlers": [(each, each.level, each.formatter, list(each.filters)) for each in handlers.values()],
        "disabled": logging.root.manager.disable,
        "module": (logging.lastResort, logging.raiseExceptions, logging._warnings_showwarning),
    }


def _loggers() -> Iterator[tuple[str, logging.Logger]]:
    yield "", logging.root
    yield from ((n, each) for n, each in logging.root.manager.loggerDict.items() if isinstance(each, logging.Logger))


def _logging_back(before: dict) -> None:
    logging.lastResort, logging.raiseExceptions, logging._warnings_showwarning = before["module"]
    for name, each in _loggers():
        # A logger that an answer made writes to what was there during the check alone.
        fresh = (each, logging.NOTSET, False, True, [], [])
        _, level, each.disabled, each.propagate, each.handlers[:], each.filters[:] = before["loggers"].get(name, fresh)
        if each.level != level:
            each.setLevel(level)
    for handler, level, formatter, filters in before["handlers"]:
        handler.level, handler.formatter, handler.filters[:] = level, formatter, filters
    logging.disable(before["disabled"])


def _warnings() -> tuple:
    return warnings.filters, list(warnings.filters), warnings.showwarning, warnings.formatwarning


def _warnings_back(before: tuple) -> None:
    warnings.filters, items, warnings.showwarning, warnings.formatwarning = before
    warnings.filters[:] = items
    warnings._filters_mutated()


def _random_back(before: tuple) -> None:
    random.setstate(before[0])
    np.random.set_state(before[1])
    torch.set_rng_state(before[2])
    if before[3] is not None:
        torch.cuda.set_rng_state_all(before[3])


def _random() -> tuple:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    return random.getstate(), np.random.get_state(), torch.get_rng_state(), cuda


def _default_device() -> tuple:
    context = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
    return tuple(function_modes()), context, _device.CURRENT_DEVICE


def _default_device_back(before: tuple) -> None:
    modes, context, current = before
    # Nothing that is already set is set again: a default device of a thread can abort the process at its end.
    for _ in function_modes():
        _pop_mode()
    for mode in modes:
        _push_mode(mode)
    torch._GLOBAL_DEVICE_CONTEXT.device_context, _device.CURRENT_DEVICE = context, current


def _on_the_cpu() -> None:
    modes, context = function_modes(), getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
    if (not modes and context is None) or torch.get_default_device().type == "cpu":
        return
    others = tuple(mode for mode in function_modes() if not isinstance(mode, _device.DeviceContext))
    _default_device_back((others, None, None))


def _autocast_kinds() -> list[str]:
    return ["cpu", *(["cuda"] if torch.cuda.is_initialized() else [])]


def _autocast() -> tuple:
    kinds = [(kind, torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)) for kind in _autocast_kinds()]
    return (*kinds, torch.is_autocast_cache_enabled())


def _autocast_back(before: tuple) -> None:
    *kinds, cache = before
    for kind, enabled, dtype in kinds:
        torch.set_autocast_enabled(kind, enabled)
        torch.set_autocast_dtype(kind, dtype)
    torch.set_autocast_cache_enabled(cache)


def _autocast_off() -> None:
    if torch._C._is_any_autocast_enabled():
        for kind in _autocast_kinds():
            torch.set_autocast_enabled(kind, False)


def _float32() -> None:
    if torch.get_default_dtype() != torch.float32:
        torch.set_default_dtype(torch.float32)


def _with_gradients() -> None:
    if not torch.is_grad_enabled():
        torch.set_grad_enabled(True)


def _one_thread() -> None:
    # Inputs are small: on a busy machine threads that wait for each other cost ten times what they compute.
    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)


def _decimal() -> tuple:
    context = decimal.getcontext()
    return context, [(name, getattr(context, name)) for name in DECIMAL], dict(context.flags), dict(context.traps)


def _decimal_back(before: tuple) -> None:
    context, numbers, flags, traps = before
    for name, value in numbers:
        setattr(context, name, value)
    context.flags.update(flags)
    context.traps.update(traps)
    decimal.setcontext(context)


def _deterministic() -> tuple:
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


def _anomaly() -> tuple:
    return torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()


def _trace_memory_back(before: tuple) -> None:
    if tracemalloc.is_tracing():
        tracemalloc.stop()
    if before[0]:
        tracemalloc.start(before[1])


def _set_collecting(before: tuple) -> None:
    (gc.enable if before[0] else gc.disable)()
    gc.set_threshold(*before[1])
    gc.set_debug(before[2])


SIGNALS = tuple(map(int, signal.valid_signals()))
STREAMS = ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__")
HOOKS = ("excepthook", "displayhook", "unraisablehook", "breakpointhook")
MODULES = (
    "builtins",
    "math",
    "numpy",
    "os",
    "random",
    "softmoe_edu",
    "sys",
    "torch",
    "torch.nn",
    "torch.nn.functional",
)
MODULE_HOOKS = {
    name: hooks
    for name, hooks in vars(torch.nn.modules.module).items()
    if name.startswith("_global_") and isinstance(hooks, dict)
}
DECIMAL = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")
CUDNN = ("enabled", "benchmark", "deterministic", "allow_tf32")

TABLE: tuple[Kept, ...] = (
    Kept("streams", *_attributes(sys, *STREAMS)),
    Kept("built-in names", _names_of(builtins), _names_back(builtins, new_ones_go=True)),
    Kept("functions under a trap", borrowed.trapped, borrowed.release),
    Kept("methods of Tensor", _names_of(torch.Tensor), _names_back(torch.Tensor, new_ones_go=True)),
    Kept("functions of torch", _names_of(torch), _names_back(torch)),
    Kept("functions of torch.nn.functional", _names_of(torch.nn.functional), _names_back(torch.nn.functional)),
    Kept("functions of math", _names_of(math), _names_back(math)),
    Kept("functions of random", _names_of(random), _names_back(random)),
    Kept("functions of time", _names_of(time), _names_back(time)),
    Kept("hooks of all torch modules", _module_hooks, _module_hooks_back),
    Kept("modules", lambda: {name: sys.modules.get(name) for name in MODULES}, _modules_back),
    Kept("sys.path", *_contents(sys, "path")),
    Kept("sys.argv", *_contents(sys, "argv")),
    Kept("importers", *_contents(sys, "meta_path")),
    Kept("hooks", *_attributes(sys, *HOOKS)),
    Kept("hook of threads", *_attributes(threading, "excepthook")),
    Kept("profile functions", lambda: (sys.getprofile(), threading.getprofile()), _profile_back),
    Kept("trace functions", lambda: (sys.gettrace(), threading.gettrace()), _trace_back),
    Kept("working directory", _folder, _folder_back),
    Kept("environment variables", lambda: dict(os.environ), _environment_back),
    Kept("umask", _mask, os.umask),
    Kept("resource limits", _limits, _limits_back),
    Kept("open figures", _figures, _figures_back),
    Kept("locale", lambda: locale.setlocale(locale.LC_ALL), lambda before: locale.setlocale(locale.LC_ALL, before)),
    Kept("timers of CPU time", _cpu_timers, _cpu_timers_back),
    Kept("recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    Kept("digits of whole numbers", sys.get_int_max_str_digits, sys.set_int_max_str_digits),
    Kept("switch interval", sys.getswitchinterval, sys.setswitchinterval),
    Kept("garbage collector", lambda: (gc.isenabled(), gc.get_threshold(), gc.get_debug()), _set_collecting),
    Kept("callbacks of the garbage collector", *_contents(gc, "callbacks")),
    Kept("tracemalloc", lambda: (tracemalloc.is_tracing(), tracemalloc.get_traceback_limit()), _trace_memory_back),
    Kept("logging", _logging, _logging_back),
    Kept("warnings", _warnings, _warnings_back),
    Kept("decimal context", _decimal, _decimal_back),
    Kept("print options of NumPy", np.get_printoptions, lambda before: np.set_printoptions(**before)),
    Kept("errors of NumPy", lambda: (np.geterr(), np.geterrcall()), lambda b: (np.seterr(**b[0]), np.seterrcall(b[1]))),
    Kept(
        "print options of torch",
        lambda: dict(vars(torch._tensor_str.PRINT_OPTS)),
        lambda before: vars(torch._tensor_str.PRINT_OPTS).update(before),
    ),
    Kept("default dtype", torch.get_default_dtype, torch.set_default_dtype, _float32),
    Kept("default device", _default_device, _default_device_back, _on_the_cpu),
    Kept("gradient mode", torch.is_grad_enabled, torch.set_grad_enabled, _with_gradients),
    Kept("autocast", _autocast, _autocast_back, _autocast_off),
    Kept("anomaly mode", _anomaly, lambda before: torch.autograd.set_detect_anomaly(*before)),
    Kept("threads of torch", torch.get_num_threads, torch.set_num_threads, _one_thread),
    Kept(
        "deterministic algorithms",
        _deterministic,
        lambda before: torch.use_deterministic_algorithms(before[0], warn_only=before[1]),
    ),
    Kept("filling of new memory", *_attributes(torch.utils.deterministic, "fill_uninitialized_memory")),
    Kept("float32 matmul precision", torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    Kept("flags of cuDNN", *_attributes(torch.backends.cudnn, *CUDNN)),
    Kept("random states", _random, _random_back, compare=False),
    Kept("blocked signals", _blocked_signals, _blocked_signals_back),
    # The last one: until here the check itself holds a second click on "stop".
    Kept("signal handlers", _handlers, _handlers_back),
)


# What the check itself needs to put the rest back.
LIMITS = tuple(each for each in TABLE if each.name == "resource limits")
DEFAULTS = tuple(each for each in TABLE if each.inside)


def plain_defaults() -> AbstractContextManager:
    """Make tensors on the CPU, in float32, with gradients and without autocast in the block, as in a new process."""
    return state_kept(rows=DEFAULTS)


def plain_again() -> None:
    """Let these defaults be in force again, inside `plain_defaults` or `state_kept`, whatever an answer has set."""
    for each in DEFAULTS:
        each.inside()
