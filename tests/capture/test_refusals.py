"""What hooks cannot see as it is is refused by name, before or while the model runs."""

import types

import pytest
import torch
from torch import nn

pytest.importorskip("transformers")

import zoo

from softmoe_edu import MoE, TokensChoiceRouter
from softmoe_edu.capture.huggingface import capture
from softmoe_edu.experts import Experts


def refused(model, match, **batch):
    """Capture a pass that must end with an error."""
    with pytest.raises(ValueError, match=f"{type(model).__name__} cannot be captured: {match}"):
        with torch.no_grad(), capture(model):
            model(**batch or {"input_ids": zoo.text()})


def test_a_model_without_experts():
    """A dense model, of transformers or not, has no layer to capture, and this project's own are for `record`."""
    from transformers import LlamaConfig, LlamaForCausalLM

    sizes = {"hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 1, "vocab_size": 97}
    refused(LlamaForCausalLM(LlamaConfig(**sizes, num_attention_heads=4)), "it has no MoE layer")
    refused(nn.Linear(3, 4), "it has no MoE layer", input=torch.ones(2, 3))
    own = MoE(TokensChoiceRouter(8, 4), Experts(8, 4, 6))
    refused(nn.Sequential(own), r"it has no MoE layer.*softmoe_edu\.record", input=torch.ones(1, 3, 8))


def test_experts_in_mxfp4():
    """gpt_oss in MXFP4 runs router and experts in one kernel; the error says how to load it instead."""
    model = zoo.build("gpt_oss")

    class Mxfp4GptOssExperts(nn.Module):
        """Stands for what transformers puts there, which only a GPU can run."""

        def forward(self, hidden_states, routing_data, gather_idx, scatter_idx):
            return hidden_states

    from transformers.integrations import mxfp4

    assert mxfp4.Mxfp4GptOssExperts.__name__ == Mxfp4GptOssExperts.__name__
    model.model.layers[1].mlp.experts = Mxfp4GptOssExperts()
    refused(model, r"at model\.layers\.1\.mlp\.experts is Mxfp4GptOssExperts; .*Mxfp4Config\(dequantize=True\)")


def test_a_kernel_in_place_of_the_layer():
    """A layer whose forward was exchanged, as by MegaBlocks, is refused; one that accelerate wrapped is not."""
    model = zoo.build("gpt_oss")
    block = model.model.layers[0].mlp

    def kernel(self, hidden_states):
        return hidden_states, None

    block.forward = types.MethodType(kernel, block)
    refused(model, r"the forward of model\.layers\.0\.mlp \(GptOssMLP\) was replaced by .*kernel.*use_kernels=False")
    block.forward = lambda hidden_states: (hidden_states, None)
    refused(model, r"model\.layers\.0\.mlp ran without calling its experts or its router, as where a kernel stands in")
    block.forward = lambda hidden_states: type(block).forward(block, hidden_states)
    with torch.no_grad(), capture(model) as routings:
        model(input_ids=zoo.text())
    assert list(routings) == ["model.layers.0.mlp", "model.layers.1.mlp"]


@pytest.mark.parametrize("how", ["flag", "placements"])
def test_experts_on_several_devices(how):
    """Under expert parallelism a device sees numbers of its own experts; the error names the layer."""
    model = zoo.build("mixtral")
    experts = model.model.layers[1].mlp.experts
    if how == "flag":
        experts._is_expert_parallel = True
    else:
        experts.gate_up_proj.placements = ("Shard(0)",)  # as DTensors have
    refused(model, r"the experts of model\.layers\.1\.mlp are spread over devices \(expert parallelism\)")


def test_copies_that_run_at_the_same_time():
    """Data parallelism on several devices runs copies at once; on one device, or none, the model is itself."""
    parallel = nn.DataParallel(zoo.build("mixtral"))
    with torch.no_grad(), capture(parallel) as routings:
        parallel(input_ids=zoo.text())
    assert list(routings) == ["model.layers.0.mlp", "model.layers.1.mlp"]
    parallel.device_ids = [0, 1]
    refused(parallel, r"its copies on several devices run at the same time: capture its \.module")


def test_tokens_that_go_elsewhere():
    """A layer that routes a part of its tokens is refused, since which ones they are is not seen."""
    model = zoo.build("mixtral")
    block = model.model.layers[0].mlp
    inner = block.forward

    def half(hidden_states):
        return torch.cat((inner(hidden_states[:, :3].contiguous()), hidden_states[:, 3:]), 1)

    block.forward = half
    refused(model, r"model\.layers\.0\.mlp routed 9 tokens of 3 x 7")


def test_numbers_that_are_no_experts():
    """Placeholders for experts of other devices are refused, and not counted as an expert."""
    model = zoo.build("mixtral")
    gate = model.model.layers[0].mlp.gate
    inner = gate.forward

    def sentinels(hidden_states):
        logits, weights, index = inner(hidden_states)
        return logits, weights, index.masked_fill(index == 2, zoo.E)

    gate.forward = sentinels
    refused(model, r"model\.layers\.0\.mlp asks for expert 8 of 8")


def test_a_mask_from_which_padding_cannot_be_read():
    """A mask of four axes says who sees whom, not what is padding; the error asks for the other one."""
    model, whole = zoo.build("mixtral"), torch.ones(zoo.B, 1, zoo.N, zoo.N, dtype=torch.bool).tril()
    with pytest.raises(
        ValueError, match=r"attention mask that is not \(batch, tokens\).*give capture the mask that is"
    ):
        with torch.no_grad(), capture(model):
            model(input_ids=zoo.text(), attention_mask=whole)
    ones = torch.ones(zoo.B, zoo.N, dtype=torch.long)
    ones[2, 0] = 0
    with torch.no_grad(), capture(model, attention_mask=ones) as routings:
        model(input_ids=zoo.text(), attention_mask=whole)
    assert torch.equal(routings["model.layers.0.mlp"].mask, ones.bool())


def test_looking_before_the_end_of_the_block():
    """A layer that is not there yet is a KeyError that says when it will be, or what there is."""
    model = zoo.build("mixtral")
    with capture(model) as routings:
        with pytest.raises(KeyError, match="it is filled when the block ends"):
            routings["model.layers.0.mlp"]
        model(input_ids=zoo.text())
    with pytest.raises(KeyError, match=r"no layer 'mlp': it has model\.layers\.0\.mlp, model\.layers\.1\.mlp"):
        routings["mlp"]
