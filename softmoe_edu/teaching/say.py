"""Print on whatever stands in place of a terminal: a pipe in another encoding, a closed stream, none at all."""

import sys
import unicodedata

# What an encoding may lack, in characters that every one of them has. Escaped are quotes, dashes and a minus.
PLAIN = {
    "✓": "OK",
    "✗": "X",
    "○": "o",
    "★": "*",
    "·": "*",
    "×": "x",
    "√": "sqrt ",
    "⌊": "floor(",
    "⌋": ")",
    "“": '"',
    "”": '"',
    "\u2018": "'",
    "\u2019": "'",
    "\u2013": "-",
    "\u2014": "-",
    "…": "...",
    "→": "->",
    "←": "<-",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "≈": "~",
    "\u2212": "-",
}


class Sentence(str):
    """Text that a notebook shows as it is, without quotes and with its lines."""

    __slots__ = ()

    def __repr__(self) -> str:
        return fitting(str(self))


def say(*lines: object) -> None:
    """Print these lines to sys.stdout, and nothing where there is none or where it was closed.

    Args:
        lines: What is printed, one a line; an object as `str` gives it.
    """
    stream = sys.stdout
    if stream is None or getattr(stream, "closed", False):
        return
    try:
        print(*(fitting(str(line)) for line in lines), sep="\n", file=stream)
    except (BrokenPipeError, UnicodeError):
        raise  # the reader has gone, which ends a command; the other would be a fault of `fitting`
    except (OSError, ValueError):
        pass  # what is below the stream was closed or taken away


def fitting(text: str) -> str:
    """Return a text that sys.stdout can take: what its encoding lacks is written in plainer characters.

    Lone surrogates, which no encoding has, become escapes. A stream without an encoding of its own takes everything
    else as it is.
    """
    text = encodable(text)
    encoding = getattr(sys.stdout, "encoding", None)
    if not isinstance(encoding, str):
        return text
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_plainer(character, encoding) for character in text)
    except LookupError:
        pass  # not an encoding that Python knows: the stream decides
    return text


def encodable(text: str) -> str:
    """Return a text with lone surrogates written as escapes, so that every file and message can hold it."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _plainer(character: str, encoding: str) -> str:
    # Accents fall off where the letter alone can be written: é becomes e.
    bare = unicodedata.normalize("NFKD", character)
    for form in (character, PLAIN.get(character, bare)):
        try:
            form.encode(encoding)
            return form
        except UnicodeEncodeError:
            continue
    return bare.encode(encoding, "ignore").decode(encoding) or "?"
