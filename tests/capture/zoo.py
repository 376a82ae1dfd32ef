"""Tiny random models of every type that transformers knows to have experts, and something to give them."""

import importlib
import inspect
from pathlib import Path

import torch
import transformers
from transformers import CONFIG_MAPPING
from transformers.models.auto import modeling_auto
from transformers.models.auto.configuration_auto import model_type_to_module_name

MODELS = Path(transformers.__file__).parent / "models"
B, N, E, K, VOCABULARY = 3, 7, 8, 2, 97

HYBRID = ["linear_attention", "full_attention"]
ROPE = {"rope_type": "default", "rope_theta": 1e4}

# What the types call their sizes; each takes those that it has.
SIZES = {
    **dict.fromkeys(("hidden_size", "d_model"), 32),
    **dict.fromkeys(("num_hidden_layers", "num_layers", "num_decoder_layers", "encoder_layers", "decoder_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "num_key_value_heads", "num_heads"), 4),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(("head_dim", "d_kv", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"), 8),
    **dict.fromkeys(("intermediate_size", "moe_intermediate_size", "d_ff", "encoder_ffn_dim", "decoder_ffn_dim"), 24),
    **dict.fromkeys(("q_lora_rank", "kv_lora_rank"), 16),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"), E),
    **dict.fromkeys(("num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_k", "top_k_experts"), K),
    **dict.fromkeys(("n_group", "num_expert_group", "topk_group", "n_shared_experts", "num_shared_experts"), 1),
    **dict.fromkeys(("first_k_dense_replace", "moe_layer_start_index", "num_dense_layers"), 0),
    "moe_layer_freq": 1,
    "max_position_embeddings": 64,
    "vocab_size": VOCABULARY,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}

# What a type needs besides, to have a layer with experts or to fit these sizes.
SPECIAL = {
    "bailing_hybrid": {"layer_types": HYBRID},
    "beam": {"mlp_layer_types": ["dense", "sparse"]},
    "dbrx": {
        "n_heads": 4,
        "n_layers": 2,
        "attn_config": {"kv_n_heads": 4, "clip_qkv": 8.0, "rope_theta": 1e4},
        "ffn_config": {"moe_num_experts": E, "moe_top_k": K, "ffn_hidden_size": 24},
    },
    "deepseek_ocr2_text": {"mlp_layer_types": ["dense", "sparse"]},
    "deepseek_v4": {"mlp_layer_types": ["hash_moe", "moe"]},
    "doge": {"is_moe": True, "num_experts": 16},
    "dots3_note_vision_encoder": {"mlp_layer_types": ["dense", "sparse"], "adapter_in_dim": 32, "adapter_out_dim": 16},
    "ernie4_5_vl_moe_text": {
        "moe_intermediate_size": [24, 16],
        "head_dim": 16,
        "rope_parameters": {**ROPE, "mrope_section": [3, 3, 2]},
    },
    "flint": {"mlp_only_layers": [0]},
    "gemma4_text": {"enable_moe_block": True, "vocab_size_per_layer_input": 97, "hidden_size_per_layer_input": 8},
    "glm4v_moe_text": {"rope_parameters": {**ROPE, "mrope_section": [1, 1, 0]}},
    "glm5_next_text": {
        "qk_rope_head_dim": 0,
        "layer_types": HYBRID,
        "mlp_layer_types": ["dense", "sparse"],
        "index_topk": 4,
        "index_kpool": 2,
        "linear_head_dim": 8,
        "linear_num_heads": 4,
    },
    "granitemoehybrid": {
        "mamba_n_heads": 8,
        "mamba_d_head": 8,
        "mamba_d_state": 4,
        "layer_types": ["mamba", "attention"],
    },
    "hy_v4_vl_text": {"rope_parameters": {**ROPE, "mrope_section": [2, 1, 1]}},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1, "mamba_d_state": 4},
    "kimi_linear": {"layer_types": HYBRID},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"]},
    "longcat_flash": {"zero_expert_num": 2, "expert_ffn_hidden_size": 24, "ffn_hidden_size": 24},
    "mimo_v2_flash": {"num_key_value_heads": 2, "sliding_window": 5},
    "mistral4": {"head_dim": 16},
    "nllb-moe": {"encoder_sparse_step": 2, "decoder_sparse_step": 2},
    "qwen3_5_moe_text": {"layer_types": HYBRID},
    "qwen3_next": {"layer_types": HYBRID},
    "qwen3_omni_moe_talker_text": {"shared_expert_intermediate_size": 24},
    "qwen4_exp_text": {
        "layer_types": HYBRID,
        "indexer_n_heads": 2,
        "indexer_kv_heads": 1,
        "indexer_head_dim": 8,
        "indexer_budget": 4,
        "indexer_compress_ratio": 2,
    },
    "step3p5": {"mlp_layer_types": ["dense", "sparse"], "sliding_window": 5},
    "switch_transformers": {"num_sparse_encoder_layers": 1, "num_sparse_decoder_layers": 1, "expert_capacity": 2},
    "vitpose_backbone": {"num_experts": 3, "part_features": 8, "image_size": 32},
    "zaya": {"num_experts_per_tok": 1},
}

CLASSES = ("FOR_IMAGE_TEXT_TO_TEXT", "FOR_CAUSAL_LM", "FOR_SEQ_TO_SEQ_CAUSAL_LM", "FOR_BACKBONE", "")


def names_of(maker):
    """Return what the settings of a class of configurations are called."""
    return {name for base in maker.__mro__ for name in (*vars(base).get("__annotations__", ()), *maker.attribute_map)}


def with_experts():
    """Return the types of model that have settings about experts, or whose code has a router."""
    about = {path.parent.name for path in MODELS.glob("*/configuration_*.py") if "expert" in path.read_text("utf-8")}
    # To import the others too would take seconds.
    kinds = [kind for kind in CONFIG_MAPPING if model_type_to_module_name(kind) in about]
    found = [kind for kind in kinds if any("expert" in name for name in names_of(CONFIG_MAPPING[kind]))]
    rest = folders_with_routers() - {folder_of(CONFIG_MAPPING[kind]) for kind in found}  # settings inside settings
    return found + [kind for kind in kinds if kind in rest]


def folder_of(kind):
    """Return the folder of the model that a class belongs to."""
    return kind.__module__.split(".")[2]


def config_of(kind, **more):
    """Return the tiny configuration of a type."""
    maker = CONFIG_MAPPING[kind]
    sizes = {name: value for name, value in SIZES.items() if name in names_of(maker)}
    return maker(**{**sizes, **SPECIAL.get(kind, {}), **more})


def class_of(config):
    """Return the class of the model that a configuration is of."""
    for name in CLASSES:
        mapping = getattr(modeling_auto, f"MODEL_{name}_MAPPING".replace("__", "_"))
        if type(config) in mapping.keys():  # to iterate over it would import every model
            found = mapping[type(config)]
            return found[0] if isinstance(found, tuple) else found
    module = importlib.import_module(type(config).__module__.replace(".configuration_", ".modeling_"))
    for name, kind in inspect.getmembers(module, inspect.isclass):
        if name.endswith("Model") and "PreTrained" not in name and getattr(kind, "config_class", None) is type(config):
            return kind
    raise LookupError(f"no model of {type(config).__name__}")


def build(kind, **more):
    """Build a tiny model in evaluation mode whose routers are far from uniform."""
    config = config_of(kind, **more)
    torch.manual_seed(0)
    model = class_of(config)(config).eval()
    draw_routers(model, getattr(config, "vocab_size", VOCABULARY))
    return model


def draw_routers(model, vocabulary=VOCABULARY):
    """Draw what has a row or a number for each expert from normals, since fresh routers are nearly uniform."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2 and E <= len(parameter) <= E + 2:
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
            elif parameter.ndim == 3:  # kernels of experts, which some models leave as they were in memory
                parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator))
        for name, part in (*model.named_parameters(), *model.named_buffers()):
            if name.endswith("bias") and part.is_floating_point() and E <= part.numel() <= E + 2:
                part.copy_(0.3 * torch.randn(part.shape, generator=generator))
            if not part.is_floating_point() and part.shape == (vocabulary, K):
                part.copy_(torch.rand(vocabulary, E, generator=generator).topk(K).indices)


def text(b=B, n=N, seed=1):
    """Return token numbers (b, n), none of them special."""
    return torch.randint(3, VOCABULARY, (b, n), generator=torch.Generator().manual_seed(seed))


def given(model):
    """Return what to call a model with, by name: text, or whatever else it reads."""
    generator = torch.Generator().manual_seed(2)
    takes = inspect.signature(type(model).forward).parameters
    if "grid_thw" in takes:
        patch = model.config.num_channels * model.config.patch_size**2
        return {"pixel_values": torch.randn(24, patch, generator=generator), "grid_thw": torch.tensor([[1, 4, 6]])}
    if "pixel_values" in takes:
        size = model.config.image_size
        return {
            "pixel_values": torch.randn(B, 3, size, size, generator=generator),
            "dataset_index": torch.arange(3),
        }
    if type(model).__name__.startswith("Qwen3OmniMoeTalker"):  # it embeds codes of sounds, under another name
        return {"inputs_embeds": torch.randn(B, N, model.config.hidden_size, generator=generator)}
    mask = torch.ones(B, N, dtype=torch.long)
    mask[1, 5:] = 0
    more = {"decoder_input_ids": text(n=5, seed=4)} if model.config.is_encoder_decoder else {}
    return {"input_ids": text(), "attention_mask": mask, **more}


def folders_with_routers():
    """Return the folders of models whose code declares that logits of a router can be recorded."""
    paths = MODELS.glob("*/modeling_*.py")
    return {path.parent.name for path in paths if '"router_logits":' in path.read_text("utf-8")}
