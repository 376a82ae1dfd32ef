"""Two shipped architectures that do something else than they seem to: what is captured is what they do."""

import pytest
import torch

pytest.importorskip("transformers")

import zoo

from softmoe_edu.capture.huggingface import capture


def test_logits_behind_the_probabilities_of_gemma():
    """Gemma 4's router records probabilities; the logits are those of its projection."""
    model, projected = zoo.build("gemma4_text"), []
    layer = next(layer for layer in model.modules() if type(layer).__name__ == "Gemma4TextDecoderLayer")
    layer.router.proj.register_forward_hook(lambda _, args, output: projected.append(output))
    with torch.no_grad(), capture(model) as routings:
        model(**zoo.given(model))
    routing = next(iter(routings.values()))
    assert torch.equal(routing.logits.flatten(0, 1), projected[0])
    assert (routing.logits < 0).any()


def test_nllb_asks_experts_0_and_1_alone():
    """NLLB-MoE gives its experts a mask where they expect numbers: without the others its answers are the same."""
    model = zoo.build("nllb-moe")
    batch = zoo.given(model)
    with torch.no_grad(), capture(model) as routings:
        plain = model(**batch).logits
    for name, routing in routings.items():
        assert not routing.filled[:, 2:].any()
        assert routing.filled[:, :2].any()
        assert (routing.logits.argmax(-1) > 1).any()  # the router itself prefers others
        for expert, module in enumerate(routings.experts[name].values()):
            if expert > 1:
                for parameter in module.parameters():
                    parameter.data.fill_(torch.nan)
    with torch.no_grad():
        torch.testing.assert_close(model(**batch).logits, plain)
