"""Notice an answer that calls the function which it is to write, and leave every profiler and debugger alone."""

import functools
from collections.abc import Iterable
from types import CodeType, FunctionType

_own: dict[FunctionType, CodeType] = {}


class UsedReference(BaseException):
    """An answer called the very function that it was to write."""


class Traps:
    """Raise UsedReference in a `with` block that calls one of these, by whatever name and from whatever thread.

    What is trapped are functions themselves, and the `forward` of modules' classes. A function of the same text is the
    learner's own.
    """

    # Their code is exchanged for the time of the block. A profile or trace function could look for calls as well, but
    # the interpreter has one of each, and it may belong to %prun, to a debugger or to coverage.

    def __init__(self, callables: Iterable[object]) -> None:
        found = dict.fromkeys(getattr(each, "forward", each) for each in callables)
        functions = [each for each in found if isinstance(each, FunctionType)]
        self._each = [(each, code := _own.get(each, each.__code__), _trap(code)) for each in functions]
        self._set: list[list[tuple[FunctionType, CodeType, CodeType]]] = []

    def __enter__(self) -> None:
        # Those that an outer block has trapped stay so when this one ends.
        self._set.append([each for each in self._each if each[0] not in _own] if _own else self._each)
        for function, code, trap in self._set[-1]:
            _own[function] = code
            function.__code__ = trap

    def __exit__(self, *_error: object) -> None:
        for function, code, _ in self._set.pop():
            function.__code__ = code
            _own.pop(function, None)


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
