"""Routing of models that are not written here: in memory, or from the trace that a server recorded.

Nothing is imported before it is asked for, since each source needs packages that the others do not.
"""

import importlib

_HOMES = {
    "capture": "huggingface",
    "Captured": "huggingface",
    "RoutingCallback": "trainer",
    "read_trace": "traces",
    "write_trace": "traces",
    "Trace": "served",
    "CountTrace": "served",
}


def __getattr__(name: str) -> object:
    """Import the module that defines a public name."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return sorted({*globals(), *_HOMES})
