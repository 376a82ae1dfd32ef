"""Capture the routing of any mixture-of-experts model of Hugging Face's transformers, through hooks alone.

with capture(model, tokenizer) as routings:
    model(**tokenizer(["a text"], return_tensors="pt"))
RoutingLens(routings, words=routings.words)
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from softmoe_edu.capture.choices import Choices
from softmoe_edu.capture.formula import Formula
from softmoe_edu.capture.listening import Listener
from softmoe_edu.capture.words import words_of
from softmoe_edu.routing import SparseRouting


class Captured(dict[str, SparseRouting]):
    """What every MoE layer decided, {layer: SparseRouting}, filled when the block of `capture` ends.

    A group is an example of the batch. A `SparseRouting` here carries, for n tokens and e experts:

    - `token`, `gate`: which tokens each expert answers, and the weights that it was given; `Choices.routing` tells how
      slots are made of choices.
    - `logits`: (b, n, e), the router's scores; None where no module gives them.
    - `gates`: (b, n, e), the scores of all experts that the layer's formula makes of the logits, before any division;
      without a formula, the weights as used, and 0 for experts that were not asked.
    - `mask`: (b, n), False at padding.

    Layers are called as the modules that hold router and experts, and run in the order of the model. A layer that runs
    more than once in a pass, as in looped models, is listed again as `layer:2`, `layer:3`.

    Attributes:
        choices: {layer: Choices}, what the experts received, token by token.
        formulas: {layer: Formula}, what turns logits into weights and choices.
        experts: {layer: module}, what answers tokens, where it can be called with (tokens, experts, weights).
    """

    def __init__(self, tokenizer: Any = None, input_ids: Tensor | None = None):
        super().__init__()
        self._tokenizer, self._ids = tokenizer, input_ids
        self.choices: dict[str, Choices] = {}
        self.formulas: dict[str, Formula] = {}
        self.experts: dict[str, nn.Module] = {}

    def __missing__(self, name: str) -> SparseRouting:
        known = f"it has {', '.join(self)}" if self else "it is filled when the block ends"
        raise KeyError(f"no layer {name!r}: {known}")

    @property
    def words(self) -> list[list[str]]:
        """Return the text of every token, one list for each example, as `RoutingLens(words=...)` takes it.

        Raises:
            ValueError: there is no tokenizer, the layers did not read words, or not all read the same ones.
        """
        texts = {name: self.words_in(name) for name in self.choices}
        if not texts:
            raise ValueError("nothing was captured: run the model inside the block")
        first, *others = texts
        for name in others:
            if texts[name] != texts[first]:
                raise ValueError(
                    f"{first} and {name} must have read the same words, got different ones, as in an encoder and its "
                    "decoder: take words_in(layer)"
                )
        return texts[first]

    def words_in(self, layer: str) -> list[list[str]]:
        """Return the text of every token that a layer read, one list for each example.

        Args:
            layer: a name of `choices`.

        Raises:
            ValueError: there is no tokenizer, or the layer did not read words.
        """
        if self._tokenizer is None:
            raise ValueError("words need a tokenizer, got none: capture(model, tokenizer)")
        choices = self.choices[layer]
        ids = choices.ids
        if ids is None and self._ids is not None and self._ids.shape == choices.index.shape[:2]:
            ids = self._ids
        if ids is None:
            b, n, _ = choices.index.shape
            raise ValueError(
                f"{layer} read {b} x {n} tokens that are no numbers of a vocabulary: give capture their input_ids"
            )
        return words_of(self._tokenizer, ids)

    def _fill(self, listener: Listener) -> None:
        self.choices = listener.choices()
        for name, choices in self.choices.items():
            layer = listener.layer(name)
            formula = layer.formula(choices, self._ids)
            gates = None if choices.logits is None else formula.gates(choices.wide_logits())
            self[name] = choices.routing(choices.used_gates() if gates is None else gates)
            self.formulas[name] = formula
            if layer.experts is not None:
                self.experts[name] = layer.experts


@contextlib.contextmanager
def capture(
    model: nn.Module,
    tokenizer: Any = None,
    input_ids: Tensor | None = None,
    attention_mask: Tensor | None = None,
) -> Iterator[Captured]:
    """Capture what every MoE layer of a model decides inside the block.

    Works by forward hooks alone, which are gone after the block: for encoders, decoders and both together, in training
    and evaluation, with gradient checkpointing, which repeats a layer and decides nothing, in half precision, and with
    all implementations of experts (eager, batched_mm, grouped_mm). A compiled model runs uncompiled inside the block.
    What is captured has no autograd graph.

    A pass replaces an earlier one, as in `record`, unless it goes on where the cache of that one ends: the steps of
    `generate` are joined along the tokens. The last token that it returns was not read by the model and is not there.

    Args:
        model: a model of transformers, or any module around one.
        tokenizer: the model's; makes the words of `Captured.words`.
        input_ids: (b, n), the tokens' numbers, where the model is given embeddings in their place.
        attention_mask: (b, n), 1 or True for real tokens, where the model is given none from which padding can be read.
            In an encoder with its decoder it is that of the encoder.

    Yields:
        The decisions, {layer: SparseRouting}, once the block has ended without an error.

    Raises:
        ValueError: the model has no MoE layer, or one whose decisions hooks cannot see as they are: experts in MXFP4 or
            in the MegaBlocks kernel, experts spread over devices, examples that change places as in beam search.
    """
    listener = Listener(model, attention_mask)
    captured = Captured(tokenizer, input_ids)
    with listener.attached():
        yield captured
    captured._fill(listener)
