"""An error that an answer raised in another process, as it is raised in this one."""

import builtins
from collections.abc import Sequence


class Elsewhere(BaseException):
    """What is known of an error whose traceback stayed in another process.

    text: its own words. line, where: the line of the answer that raised, and where that is in words. unwritten: the
    function whose own `raise` said that it is not written. asserted: the assert that failed, with its values.
    """

    text = line = where = unwritten = asserted = ""

    def __str__(self) -> str:
        return self.text


def raised_elsewhere(name: str, bases: Sequence[str], **about: str) -> Elsewhere:
    """Return an error of this name that is caught as its nearest built-in base; about: fields of Elsewhere."""
    known = (getattr(builtins, base, None) for base in (name, *bases))
    found = (each for each in known if isinstance(each, type) and issubclass(each, Exception))
    kind = next(found, BaseException)
    bases_of = (Elsewhere,) if kind is BaseException else (Elsewhere, kind)
    error_class = type(name if name.isidentifier() else "Error", bases_of, dict(about))
    error = error_class.__new__(error_class)
    error.args = (about.get("text", ""),)
    return error
