"""Capture the routing of any mixture-of-experts model of Hugging Face's transformers, through hooks alone."""

import contextlib
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from torch import Tensor, nn

from softmoe_edu.capture.choices import Choices
from softmoe_edu.capture.listening import Listener
from softmoe_edu.routing import SparseRouting


class Captured(dict[str, SparseRouting]):
    """The decisions of every MoE layer by its name, {layer: SparseRouting}; it is filled when the block ends.

    Attributes:
        choices: {layer: Choices}, what the experts received, token by token.
    """

    def __init__(self, tokenizer: Any = None):
        super().__init__()
        self.tokenizer = tokenizer
        self.choices: dict[str, Choices] = {}

    def fill(self, choices: dict[str, Choices]) -> None:
        self.choices = choices
        self.update({name: each.routing() for name, each in choices.items()})


@contextlib.contextmanager
def capture(
    model: nn.Module,
    tokenizer: Any = None,
    input_ids: Tensor | None = None,
    attention_mask: Tensor | None = None,
) -> Iterator[Captured]:
    listener = Listener(model, attention_mask)
    captured = Captured(tokenizer)
    with listener.attached():
        yield captured
    captured.fill(listener.choices())
