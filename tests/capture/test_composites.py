"""Text models inside models of text and images: the layers know their text, its padding and its words from outside."""

import pytest
import torch

pytest.importorskip("transformers")

import zoo
from received import Received, weights_in
from transformers import CONFIG_MAPPING

from softmoe_edu.capture.huggingface import capture

SMALL = {"depth": 1, "num_hidden_layers": 1, "hidden_size": 32, "intermediate_size": 24, "num_heads": 4}
SMALL |= {"num_attention_heads": 4, "out_hidden_size": 32}


def around(kind):
    """Build a model of text and images around the tiny text model of its type."""
    whole = CONFIG_MAPPING[kind]()
    settings = {"text_config": zoo.config_of(whole.text_config.model_type).to_dict()}
    if whole.vision_config is not None:
        known = zoo.names_of(type(whole.vision_config))
        settings["vision_config"] = {name: value for name, value in SMALL.items() if name in known}
    tokens = {name: 90 for name in ("image_token_id", "image_token_index", "video_token_id") if hasattr(whole, name)}
    config = CONFIG_MAPPING[kind](**settings, **tokens)
    torch.manual_seed(0)
    model = zoo.class_of(config)(config).eval()
    zoo.draw_routers(model)
    return model


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.parametrize("kind", ["aria", "gemma4", "glm4v_moe", "qwen3_vl_moe"])
def test_text_inside_a_model_of_images(kind):
    """The inner model is given embeddings and masks of its own; padding and words are those of the whole model."""
    model, ids = around(kind), zoo.text().clamp(max=80)
    mask = torch.ones(zoo.B, zoo.N, dtype=torch.long)
    mask[1, 5:] = 0
    received = Received(model)
    with torch.no_grad(), capture(model) as routings:
        model(input_ids=ids, attention_mask=mask)
    assert len(routings) == len([name for name, calls in received.calls.items() if calls]) == 2
    for name, routing in routings.items():
        ((asked, _),) = received.calls[name]
        assert torch.equal(routing.mask, mask.bool())
        assert torch.equal(routings.choices[name].ids, ids)
        wanted = weights_in(asked, zoo.E).view(zoo.B, zoo.N, zoo.E) * mask[..., None]
        torch.testing.assert_close(routing.combine.sum(-1), wanted)
