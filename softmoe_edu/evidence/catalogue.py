"""The claims that there are: each file of the folder `claims` is one, and nothing else lists them."""

import functools
import importlib
import pkgutil
from difflib import get_close_matches

from softmoe_edu.evidence import claims as folder
from softmoe_edu.evidence.claim import Claim


@functools.cache
def names() -> tuple[str, ...]:
    """Return the ids of all claims, in the order of the files."""
    return tuple(found.name.replace("_", "-") for found in pkgutil.iter_modules(folder.__path__))


def find_claim(name: str) -> Claim:
    """Return a claim by its id.

    Raises:
        KeyError: there is none; the error names the nearest.
    """
    if name not in names():
        near = get_close_matches(str(name), names(), 1, 0.0)
        raise KeyError(f"there is no claim {name!r}: did you mean {near[0]!r}? There are {', '.join(names())}")
    claim: Claim = importlib.import_module(f"{folder.__name__}.{name.replace('-', '_')}").CLAIM
    return claim
