"""What users give to widgets, as the plain Python values that a page can hold: numbers, text, lists and pictures."""

from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import islice
from typing import Any

import numpy as np
import torch
import traitlets
from torch import Tensor

Pictures = Tensor | np.ndarray | Sequence[Tensor | np.ndarray]

SHADINGS = ("auto", "linear", "root")
"""How the colours of a map stand for its weights, as in js/shared/shading.js; "auto" is whatever fits."""


def plain(value: object) -> Any:
    """Return the Python number inside a NumPy scalar, or inside an array or tensor without axes; others as they are.

    Args:
        value: anything, such as `np.int64(3)`, `torch.tensor(3)` or 3.
    """
    if isinstance(value, np.generic | np.ndarray | Tensor) and not value.ndim:
        return value.item()
    return value


class Index(traitlets.Int[int, Any]):
    """A trait for a whole number: a Python, NumPy or torch one, kept as a Python int."""

    def validate(self, obj: traitlets.HasTraits, value: object) -> int:
        number = plain(value)
        if isinstance(number, bool) or not isinstance(number, int):
            raise TypeError(f"{self.name} must be a whole number, got {value!r} ({type(value).__name__})")
        return number


def text(value: object) -> str:
    """Return a value as text that can be sent and saved: half a surrogate pair, which no encoding has, becomes U+FFFD.

    Args:
        value: a string, or what str() makes one of.
    """
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def sendable(value: Any) -> Any:
    """Return a trait's value with every string in it as `text` makes it, keys and lists within lists included."""
    if isinstance(value, str):
        return value if value.isascii() else text(value)
    if isinstance(value, dict):
        return {sendable(key): sendable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [sendable(inner) for inner in value]
    return value


def items(values: Any, expected: str, most: int) -> list[Any]:
    """Return what an iterable gives, in its order: a list, array, tensor, Series, generator or map.

    Args:
        values: the iterable; a single string is none, nor is a dict or a set.
        expected: how the error begins, such as "labels must be one label for each of 4 images".
        most: how many items are wanted; of an iterable without a length one more is taken, to see that there is more.

    Raises:
        ValueError: for a string, for what has no order of its own and for what cannot be iterated over.
    """
    if isinstance(values, str | bytes):
        raise ValueError(f"{expected}, got the single string {values!r}: give a list of strings")
    if isinstance(values, Mapping | Set):
        raise ValueError(f"{expected}, got a {type(values).__name__}: give a list in the order of the images")
    if not isinstance(values, Iterable) or getattr(values, "ndim", 1) == 0:
        raise ValueError(f"{expected}, got {values!r}: give a list")
    if isinstance(values, Tensor):
        values = values.tolist()
    return list(values if hasattr(values, "__len__") else islice(values, most + 1))


def labels_of(labels: object, images: int) -> list[str]:
    """Return one label for each image as text; none for None.

    Args:
        labels: strings or numbers in any iterable that has an order.
        images: how many labels there must be.

    Raises:
        ValueError: for another number of labels, and for labels that are neither strings nor numbers.
    """
    if labels is None:
        return []
    expected = f"labels must be one string or number for each of {images} images"
    found = [plain(label) for label in items(labels, expected, images)]
    if len(found) != images:
        sized = hasattr(labels, "__len__")
        got = f"{len(found)}{' or more' if len(found) > images and not sized else ''}"
        hint = (
            "an iterator is empty once it has been read"
            if not found and not sized
            else "give those of the images shown"
        )
        raise ValueError(f"{expected}, got {got}: {hint}")
    for label in found:
        if not isinstance(label, str | int | float):
            rows = getattr(labels, "ndim", 1) == 2
            hint = "take the class of each row with labels.argmax(1)" if rows else "make it a string"
            raise ValueError(f"{expected}, got {_told(label)} among them: {hint}")
    return [text(label) for label in found]


def words_of(words: object, images: int, tokens: int) -> list[list[str]]:
    """Return the text of each token of each image: one list for all of them, or a list for each; none for None.

    Args:
        words: strings, or iterables of strings, in any iterable that has an order.
        images: how many texts there are.
        tokens: how many tokens each of them has.

    Raises:
        ValueError: for another number of words or texts, and for words that are no strings.
    """
    if words is None:
        return []
    expected = f"words must be {tokens} strings, one for each token, or such a list for each of {images} texts"
    found = items(words, expected, max(images, tokens))
    if not found:
        raise ValueError(f"{expected}, got none: leave words out to see the tokens' numbers")
    if all(isinstance(each, str) for each in found):
        texts = [found] * images
    else:
        texts = [_strings(each, expected, tokens) for each in found]
    if len(texts) != images:
        raise ValueError(f"{expected}, got {len(texts)} lists: give one for each text")
    for each in texts:
        if len(each) != tokens:
            raise ValueError(f"{expected}, got {len(each)} strings: give one for each token, special tokens too")
    return [[text(word) for word in each] for each in texts]


def _strings(words: object, expected: str, tokens: int) -> list[str]:
    """Return the strings of one text."""
    single = isinstance(words, str | bytes) or not isinstance(words, Iterable) or getattr(words, "ndim", 1) == 0
    found: list[Any] = [words] if single else items(words, expected, tokens)
    for word in [words] if single else found:
        if single or not isinstance(word, str):
            hint = "decode it first" if isinstance(word, bytes) else "give the text of each token, not its number"
            raise ValueError(f"{expected}, got {_told(word)} among them: {hint}")
    return found


def images_of(images: object) -> Tensor | None:
    """Return images as a tensor (images, channels, height, width); None for None.

    Args:
        images: a tensor, a NumPy array, or a list of either with one for each image; numbers of any kind.

    Raises:
        ValueError: for another shape, with the way from there to this one.
    """
    if images is None:
        return None
    expected = "images must be (images, 1 or 3 channels, height, width)"
    found = images
    if isinstance(found, list | tuple) and found and all(isinstance(each, Tensor) for each in found):
        if len({tuple(each.shape) for each in found}) > 1:
            shapes = ", ".join(map(str, dict.fromkeys(tuple(each.shape) for each in found)))
            raise ValueError(f"{expected}, got a list of several shapes, {shapes}: give images of one size")
        found = torch.stack(list(found))
    elif not isinstance(found, Tensor):
        try:
            array = np.array(found, dtype=None if hasattr(found, "dtype") else float)
            # torch takes no array that runs backwards, nor one in another machine's order of bytes.
            found = torch.as_tensor(np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="))))
        except (TypeError, ValueError):
            got = f"a {type(images).__name__}: convert it with torch.as_tensor"
            raise ValueError(f"{expected} in a tensor or an array, got {got}") from None
    shape = tuple(found.shape)
    if len(shape) != 4 or shape[1] not in (1, 3):
        raise ValueError(f"{expected}, got {shape}: {_way(shape)}")
    if found.is_complex():
        raise ValueError(f"{expected} of real numbers, got {found.dtype}: give images.abs() or images.real")
    return found


def _way(shape: tuple[int, ...]) -> str:
    """Return how images of this shape become (images, channels, height, width)."""
    if len(shape) == 4 and shape[3] in (1, 3):
        return "the channels stand last, so move them with np.moveaxis(images, -1, 1) or images.movedim(-1, 1)"
    if len(shape) == 4 and shape[1] == 2:
        return "show one of the two channels with images[:, :1]"
    if len(shape) == 4 and 4 in (shape[1], shape[3]):
        return f"leave the fourth channel out with {'images[:, :3]' if shape[1] == 4 else 'images[..., :3]'}"
    if len(shape) == 3:
        axis, code = ("images", "images[None]") if shape[0] in (1, 3) else ("channel", "images[:, None]")
        return f"add the axis of the {axis} with {code}"
    return "give the images that the model saw"


def grid_of(grid: object) -> tuple[int, int] | None:
    """Return (rows, columns) of patches as Python numbers; None for None.

    Args:
        grid: two whole numbers, in any iterable that has an order.

    Raises:
        ValueError: for what is no pair of whole numbers over 0.
    """
    if grid is None:
        return None
    expected = "grid must be (rows, columns), two whole numbers"
    found = [plain(number) for number in items(grid, expected, 2)]
    whole = all(isinstance(number, int) and not isinstance(number, bool) and number > 0 for number in found)
    if len(found) != 2 or not whole:
        raise ValueError(f"{expected}, got {grid!r}: give the number of patches down and across")
    return tuple(found)


def _told(value: object) -> str:
    return f"{value!r} ({type(value).__name__})"
