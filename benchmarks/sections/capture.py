"""A forward pass of models of transformers, with and without `capture` around it."""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from benchmarks.case import Case, Comparison, Work, Works
from softmoe_edu.capture.huggingface import capture

PLAIN, CAPTURED = "the model alone", "the model inside capture"
WITHIN_TENTH = {"forward": ("<=", 1.10)}


def olmoe(dim: int, hidden: int, e: int) -> nn.Module:
    """Build OLMoE's architecture, whose tokens choose 8 experts, with two layers of random weights."""
    from transformers import OlmoeConfig, OlmoeForCausalLM

    sizes = {"hidden_size": dim, "intermediate_size": hidden, "num_hidden_layers": 2, "vocab_size": 1000}
    heads = {"num_attention_heads": 8, "num_key_value_heads": 8}
    return OlmoeForCausalLM(OlmoeConfig(**sizes, **heads, num_experts=e, num_experts_per_tok=min(8, e)))


def mixtral(dim: int, hidden: int, e: int) -> nn.Module:
    """Build Mixtral's architecture, whose tokens choose 2 experts, with two layers of random weights."""
    from transformers import MixtralConfig, MixtralForCausalLM

    sizes = {"hidden_size": dim, "intermediate_size": hidden, "num_hidden_layers": 2, "vocab_size": 1000}
    heads = {"num_attention_heads": 8, "num_key_value_heads": 8}
    return MixtralForCausalLM(MixtralConfig(**sizes, **heads, num_local_experts=e, num_experts_per_tok=2))


def plain(works: Works, build: Callable[..., nn.Module], hidden: int, e: int) -> Work:
    """Run the model on embeddings."""
    model = build(works.x.shape[-1], hidden, e).to(works.device, works.case.dtype)
    return Work(lambda: model(inputs_embeds=works.x).logits, module=model)


def captured(works: Works) -> Work:
    """Run the same model, and read what it decided."""
    model = works[PLAIN].module

    def run() -> Tensor:
        with capture(model) as routings:
            logits = model(inputs_embeds=works.x).logits
        assert len(routings) == 2
        return logits

    return Work(run, module=model)


def passes(quick: bool, device: str) -> list[Case]:
    """Both models at 2,048 tokens and 64 experts."""
    n, dim, hidden, e = (32, 32, 16, 4) if quick else (2048, 512, 256, 64)
    return [
        Case(
            "capture",
            f"{name}, {n} tokens, dim {dim}, 2 layers, {e} experts",
            (1, n, dim),
            {PLAIN: partial(plain, build=build, hidden=hidden, e=e), CAPTURED: captured},
            [Comparison(CAPTURED, PLAIN, WITHIN_TENTH)],
            passes=("forward",),
        )
        for name, build in (("OLMoE", olmoe), ("Mixtral", mixtral))
    ]
