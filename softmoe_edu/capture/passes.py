"""Which tokens a pass through a model is about: their place in the text, their padding, their numbers.

One call of a model is a pass. Step by step, as in `generate`, each pass goes on where the cache ends.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from softmoe_edu.capture.layers import named_arguments


@dataclass(eq=False)
class Pass:
    """One call of a model or of a model inside it, such as a decoder.

    Attributes:
        arguments: what it was called with, by name.
        cache: what keeps the tokens for later steps, known at the latest when the pass ends; None without one.
        start: tokens that the cache held when the pass began.
    """

    arguments: dict[str, Any]
    cache: Any
    start: int

    @classmethod
    def of(cls, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> "Pass":
        """Read a call of a module."""
        arguments = named_arguments(module, args, kwargs)
        cache = _cache_in(arguments.values())
        return cls(arguments, cache, length_of(cache))

    def end(self, output: object) -> None:
        """Note the cache that the model made itself, and let go of what the pass was called with."""
        if self.cache is None:
            self.cache = _cache_in(output.values() if isinstance(output, Mapping) else ())
        self.arguments = {}

    @property
    def shape(self) -> tuple[int, int] | None:
        """Return (b, n), examples and tokens of the call, or None where it is not about text."""
        for name in ("decoder_input_ids", "input_ids", "inputs_embeds"):
            value = self.arguments.get(name)
            if isinstance(value, Tensor) and value.ndim >= 2:
                return value.shape[0], value.shape[1]
        return None


def _cache_in(values: Iterable[Any]) -> Any:
    return next((value for value in values if hasattr(value, "get_seq_length")), None)


def length_of(cache: Any) -> int:
    """Return how many tokens a cache holds; 0 where none is there, or none that counts tokens."""
    try:
        return 0 if cache is None else int(cache.get_seq_length())
    except ValueError:  # of a cache whose layers count no tokens, as those of linear attention
        return 0


@dataclass(frozen=True, eq=False)
class Place:
    """Where the tokens of a call of a layer belong.

    Attributes:
        start: of these tokens in their text.
        within: the pass, None where no model was called.
        mask: (b, n) for them, None when all are real.
        ids: (b, n), None where they are no words.
    """

    start: int
    within: Pass | None
    mask: Tensor | None
    ids: Tensor | None

    def first(self, n: int) -> "Place":
        """Return the place of the first n tokens."""
        mask, ids = (None if part is None else part[:, :n] for part in (self.mask, self.ids))
        return Place(self.start, self.within, mask, ids)


def locate(passes: list[Pass], shape: tuple[int, int], given: Tensor | None) -> Place:
    """Return where b x n tokens belong, asking the innermost model first.

    Args:
        passes: those that are running, the outermost first.
        shape: (b, n).
        given: the attention mask that the user gave, which is taken where its rows fit.

    Raises:
        ValueError: the model was given a mask from which padding cannot be read.
    """
    inner = passes[::-1]
    if not inner:
        return Place(0, None, None, None)
    start = inner[0].start
    ids = next((found for each in inner if (found := _ids(each, shape)) is not None), None)
    reads_text = inner[0].shape == shape and not _decodes(inner[0])
    if given is not None and len(given) == shape[0] and reads_text:
        return Place(start, inner[0], _columns(given, start, shape[1]), ids)
    return Place(start, inner[0], _mask(inner, shape), ids)


def _ids(each: Pass, shape: tuple[int, int]) -> Tensor | None:
    for name in ("decoder_input_ids", "input_ids"):
        ids = each.arguments.get(name)
        if isinstance(ids, Tensor) and tuple(ids.shape) == shape:
            return ids
    return None


def _decodes(each: Pass) -> bool:
    """Return whether a model reads an encoder, whose padding the user's mask is about."""
    return each.arguments.get("encoder_hidden_states") is not None


def _mask(inner: list[Pass], shape: tuple[int, int]) -> Tensor | None:
    """Return the mask of the tokens of a call, from the innermost model that was given one (batch, tokens)."""
    b, n = shape
    for each in inner:
        mask = each.arguments.get("attention_mask")
        if mask is None:
            return None  # a model that is given none takes all tokens for real
        if isinstance(mask, Tensor) and mask.ndim == 2 and len(mask) == b and mask.shape[1] >= n:
            return mask[:, -n:].bool()
        if _decodes(each):
            break
    raise ValueError(
        "the model was given an attention mask that is not (batch, tokens), from which padding cannot be read: "
        "give capture the mask that is, attention_mask=..., or one of ones where nothing is padding"
    )


def _columns(mask: Tensor, start: int, n: int) -> Tensor:
    """Return the columns of a mask from start on; what is past its end was generated, and real."""
    part = mask[:, start : start + n].bool()
    return torch.cat((part, part.new_ones(len(mask), n - part.shape[1])), 1)


def last_keys(cache: Any) -> Tensor | None:
    """Return what the first layer of a cache that keeps keys has of the last token, (b, heads, width), or None.

    Where the examples change places, as in beam search, so do these.
    """
    cache = getattr(cache, "self_attention_cache", cache)
    for layer in getattr(cache, "layers", ()):
        keys = getattr(layer, "keys", None)
        if isinstance(keys, Tensor) and keys.ndim == 4 and keys.numel():
            return keys[:, :, min(length_of(layer), keys.shape[2]) - 1].detach()
    return None
