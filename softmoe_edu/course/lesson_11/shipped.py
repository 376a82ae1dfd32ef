"""Three decoders that were shipped, built small with random weights, for the leak test of lesson 11."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from softmoe_edu.course.optional import has_transformers
from softmoe_edu.leaks import Leaks

VOCABULARY = 97
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4}
SIZES |= {"intermediate_size": 48, "vocab_size": VOCABULARY, "max_position_embeddings": 64, "num_experts_per_tok": 2}
NLLB = {"layers": 2, "attention_heads": 4, "ffn_dim": 48, "sparse_step": 1}


def models(capacity: float = 0.25) -> dict[str, Callable[..., Tensor]]:
    """Return {name: a function from input_ids (b, n) to logits}; nothing, and a sentence, without transformers.

    capacity: slots of an expert of nllb-moe, as a share of all tokens of the batch.
    """
    if not has_transformers():
        return {}
    from transformers import CONFIG_MAPPING, AutoModelForCausalLM

    torch.manual_seed(0)
    kinds = {"mixtral": {"num_local_experts": 8}, "doge": {"num_experts": 16, "is_moe": True}}
    built = {
        name: AutoModelForCausalLM.from_config(CONFIG_MAPPING[name](**SIZES | given)).eval()
        for name, given in kinds.items()
    }
    return {**built, "nllb-moe": nllb(capacity)}


def nllb(capacity: float) -> Callable[..., Tensor]:
    """Return the decoder of a translation model, which reads one source text for each example."""
    from transformers import NllbMoeConfig, NllbMoeForConditionalGeneration

    sizes = {f"{part}_{what}": size for part in ("encoder", "decoder") for what, size in NLLB.items()}
    config = NllbMoeConfig(
        vocab_size=VOCABULARY, d_model=32, num_experts=4, moe_eval_capacity_token_fraction=capacity, **sizes
    )
    model = NllbMoeForConditionalGeneration(config).eval()

    def decode(input_ids: Tensor) -> Tensor:
        source = texts(len(input_ids), 5, seed=5)
        return model(input_ids=source, decoder_input_ids=input_ids).logits

    return decode


def texts(examples: int, tokens: int, seed: int = 1) -> Tensor:
    """Return random token ids (examples, tokens), none of them a special token."""
    return torch.randint(3, VOCABULARY, (examples, tokens), generator=torch.Generator().manual_seed(seed))


def compare(guesses: Mapping[str, Sequence[str] | str], found: Mapping[str, Leaks]) -> None:
    """Print what each model leaks, beside what was guessed; "?" is no guess."""
    for name, leaks in found.items():
        guess = guesses.get(name, "?")
        measured = " and ".join(leaks.found) or "nothing"
        print(f"{name} leaks {measured}.")
        if guess != "?":
            right = set(guess) == set(leaks.found)
            print(f"    you said {' and '.join(guess) or 'nothing'}: {'right' if right else 'not so'}")
        print("    " + str(leaks).replace("\n", "\n    ") + "\n")
