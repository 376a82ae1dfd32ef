"""The exercises: one file each, found by being here."""

import functools
import importlib
import pkgutil
from difflib import get_close_matches

from softmoe_edu.teaching.exercise import Exercise


@functools.cache
def exercises() -> dict[str, Exercise]:
    """Give every exercise by its id, in the order of lessons and, within one, of `order`."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    found = [module.EXERCISE for module in modules if hasattr(module, "EXERCISE")]
    return {exercise.id: exercise for exercise in sorted(found, key=lambda e: (e.lesson, e.order, e.id))}


def find(name: str) -> Exercise:
    """Give the exercise of this id; raises ValueError with the nearest ids for another one."""
    known = exercises()
    if name in known:
        return known[name]
    near = get_close_matches(str(name), known, 3, 0.3) or list(known)
    raise ValueError(f"there is no exercise {name!r}: did you mean {', '.join(map(repr, near))}?")
