"""Notice an answer that calls the function which it is to write, and leave every profiler and debugger alone."""

import functools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType

_own: dict[FunctionType, CodeType] = {}


class UsedReference(BaseException):
    """An answer called the very function that it was to write."""


def plain_functions(callables: Iterable[object]) -> tuple[FunctionType, ...]:
    """Return what runs where these are called: functions themselves, and the `forward` of modules' classes."""
    found = (getattr(each, "forward", each) for each in callables)
    return tuple(each for each in found if isinstance(each, FunctionType))


@contextmanager
def without(forbidden: Iterable[FunctionType]) -> Iterator[None]:
    """Raise UsedReference where the block calls one of these functions, by whatever name and from whatever thread.

    Args:
        forbidden: Functions as `plain_functions` returns them. One of the same text is the learner's own.
    """
    # Their code is exchanged for the time of the block. A profile or trace function could look for calls as well, but
    # the interpreter has one of each, and it may belong to %prun, to a debugger or to coverage.
    before = trapped()
    try:
        for function in forbidden:
            if function not in _own:
                _own[function] = function.__code__
                function.__code__ = _trap(function.__code__)
        yield
    finally:
        release(before)


def trapped() -> dict[FunctionType, CodeType]:
    """Return the functions that raise UsedReference at present, with their own code."""
    return dict(_own)


def release(but: dict[FunctionType, CodeType]) -> None:
    """Give every trapped function its own code back, except these; where an error cut a block short, too."""
    for function in [each for each in _own if each not in but]:
        function.__code__ = _own[function]
        del _own[function]


@functools.cache
def _trap(code: CodeType) -> CodeType:
    # Whatever globals the function has, the trap finds its exception; a closure keeps its number of variables, and who
    # asks for the source text gets the function's own.
    raises = f"__import__({__name__!r}, fromlist=['UsedReference']).UsedReference({code.co_name!r})"
    namespace: dict[str, FunctionType] = {}
    exec(f"def trap(*args, **kwargs):\n    raise {raises}", namespace)
    kept = ("co_name", "co_qualname", "co_filename", "co_firstlineno", "co_freevars")
    return namespace["trap"].__code__.replace(**{name: getattr(code, name) for name in kept})
