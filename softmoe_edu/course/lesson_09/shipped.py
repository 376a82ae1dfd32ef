"""A shipped architecture at random: a small Mixtral that reads characters and has learned nothing (lesson 09)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from softmoe_edu.course.optional import has_transformers
from softmoe_edu.routing import SparseRouting

EXPERTS, TOP_K = 8, 2


def numbered(text: Sequence[Sequence[str]]) -> tuple[list[str], Tensor]:
    """Return the characters of a text in order, and each token's number among them, (examples, tokens)."""
    letters = sorted({letter for row in text for letter in row})
    known = {letter: number for number, letter in enumerate(letters)}
    return letters, torch.tensor([[known[letter] for letter in row] for row in text])


def random_mixtral(ids: Tensor, real: Tensor, seed: int = 0) -> dict[str, SparseRouting]:
    """Return how a random Mixtral of two layers routes texts; nothing, and a sentence, without transformers.

    Its routers are drawn anew with standard deviation 1: the 0.02 that models begin with makes gates nearly even.

    Args:
        ids: (examples, tokens), numbers of characters from 0 on.
        real: (examples, tokens), False at padding.
        seed: of all weights.
    """
    if not has_transformers():
        return {}
    from transformers import MixtralConfig, MixtralModel

    from softmoe_edu.capture.huggingface import capture

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
        heads = {"num_attention_heads": 4, "num_key_value_heads": 4}
        experts = {"num_local_experts": EXPERTS, "num_experts_per_tok": TOP_K}
        model = MixtralModel(MixtralConfig(vocab_size=int(ids.max()) + 1, **sizes, **heads, **experts)).eval()
        for name, parameter in model.named_parameters():
            if name.endswith("mlp.gate.weight"):
                nn.init.normal_(parameter)
    with torch.no_grad(), capture(model) as routings:
        model(ids, attention_mask=real.long())
    return {f"Mixtral {layer.removesuffix('.mlp')}": routing for layer, routing in routings.items()}


def loyal(shares: Tensor, ids: Tensor) -> float:
    """Return how much of a character's answers comes from the expert that gives most of them, over all tokens.

    1 if each character has an expert of its own; with even shares, one over the number of experts.

    Args:
        shares: (tokens, e), how much of each token's answer comes from each expert; rows sum to 1.
        ids: (tokens,), which character each is.
    """
    totals = shares.new_zeros(int(ids.max()) + 1, shares.shape[1]).index_add_(0, ids, shares)
    return float(totals.amax(1).sum() / totals.sum())
