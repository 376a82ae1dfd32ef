"""What every widget of the course shares: an unknown keyword is answered with a sentence."""

from difflib import get_close_matches
from inspect import signature

import anywidget


class Instrument(anywidget.AnyWidget):
    """A widget of one `.py`, one or more `.js` and one `.css`, whose state is all in its traits."""

    @classmethod
    def refuse_unknown(cls, unknown: dict[str, object]) -> None:
        """Raise TypeError for the first keyword that the widget does not take, and name the nearest that it does."""
        for name in unknown:
            known = [p for p in signature(cls.__init__).parameters if p not in ("self", "unknown")]
            near = get_close_matches(name, known, 1, 0)[0]
            raise TypeError(
                f"{cls.__name__} has no keyword {name!r}: did you mean {near!r}? It takes {', '.join(known)}"
            )
