"""Put something in an attribute's place for a while."""

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def replaced(owner: object, name: str, value: object) -> Iterator[None]:
    """Let an object's attribute be this value in the block, and afterwards what it was.

    An attribute that comes from the object's class shows again. Nothing happens where the owner has no such attribute,
    None included, or does not let its attributes be set.
    """
    own = name in getattr(owner, "__dict__", {})
    before = getattr(owner, name, None)
    try:
        if hasattr(owner, name):
            setattr(owner, name, value)
    except (AttributeError, TypeError):
        own, before = False, None
    try:
        yield
    finally:
        if own:
            setattr(owner, name, before)
        else:
            with contextlib.suppress(AttributeError, TypeError, KeyError):
                delattr(owner, name)
