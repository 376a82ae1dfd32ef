"""Detect an answer that calls the function that it should write, and leave every profiler and debugger alone."""

import functools
import threading
from collections.abc import Callable, Iterable
from types import CodeType, FunctionType

_own: dict[FunctionType, CodeType] = {}  # the functions that are trapped at present
_threads: list[int] = []  # in which blocks are running
_twins: list[tuple[str, FunctionType]] = []  # for each trap, what it stands in front of


class UsedReference(BaseException):
    """An answer called the very function that it was to write."""


class Traps:
    """Raise UsedReference where a `with` block calls one of these in its own thread, by whatever name.

    What is trapped are functions themselves, and the `forward` of modules' classes. A function of the same text is the
    learner's own. Other threads, which may train a model meanwhile, call what they always call.
    """

    # Their code is exchanged for the time of the block. A profile or trace function could look for calls as well, but
    # the interpreter has one of each, and it may belong to %prun, to a debugger or to coverage.

    def __init__(self, callables: Iterable[object]) -> None:
        found = dict.fromkeys(getattr(each, "forward", each) for each in callables)
        functions = [each for each in found if isinstance(each, FunctionType)]
        self._each = [(each, _own.get(each, each.__code__), _trap(each)) for each in functions]
        self._set: list[list[tuple[FunctionType, CodeType, CodeType]]] = []

    def __enter__(self) -> None:
        # Those that an outer block has trapped stay so when this one ends.
        _threads.append(threading.get_ident())
        self._set.append([each for each in self._each if each[0] not in _own] if _own else self._each)
        for function, code, trap in self._set[-1]:
            _own[function] = code
            function.__code__ = trap

    def __exit__(self, *_error: object) -> None:
        for function, code, _ in self._set.pop():
            function.__code__ = code
            _own.pop(function, None)
        _threads.pop()


def met(number: int) -> Callable:
    """Raise UsedReference in the thread of a block, called by a trap; return the function itself in any other."""
    name, twin = _twins[number]
    if threading.get_ident() in _threads:
        raise UsedReference(name)
    return twin


def trapped() -> dict[FunctionType, CodeType]:
    """Return the functions that raise UsedReference at present, with their own code."""
    return dict(_own)


def release(but: dict[FunctionType, CodeType]) -> None:
    """Restore every trapped function's own code, except these; also where an error cut a block short."""
    for function in [each for each in _own if each not in but]:
        function.__code__ = _own[function]
        del _own[function]
    if not _own:
        _threads.clear()


@functools.cache
def _trap(function: FunctionType) -> CodeType:
    code = function.__code__
    twin = FunctionType(code, function.__globals__, code.co_name, function.__defaults__, function.__closure__)
    twin.__kwdefaults__ = function.__kwdefaults__
    # Whatever globals the function has, the trap finds its way here. It names the variables of a closure, which the
    # interpreter counts on, and a request for the source text gets the function's own.
    body = f"__import__({__name__!r}, fromlist=['met']).met({len(_twins)})(*args, **kwargs)"
    _twins.append((code.co_name, twin))
    variables = ", ".join(code.co_freevars)
    names = f"        if False:\n            {variables}\n" if variables else ""
    namespace: dict[str, Callable] = {}
    exec(
        f"def make({variables}):\n    def trap(*args, **kwargs):\n{names}        return {body}\n    return trap",
        namespace,
    )
    trap = namespace["make"](*code.co_freevars).__code__
    assert trap.co_freevars == code.co_freevars
    kept = ("co_name", "co_qualname", "co_filename", "co_firstlineno")
    return trap.replace(**{name: getattr(code, name) for name in kept})
