"""Small traces, and the forms in which servers send them, built from their published description alone."""

import base64
import io

import numpy as np
import torch

from softmoe_edu.capture.served import Chosen, Trace

EXPERTS, LAYERS, TOP_K = 5, 3, 2


def drawn(tokens, layers=LAYERS, experts=EXPERTS, top_k=TOP_K, seed=0):
    """Draw choices (tokens, layers, k) of different experts for each token."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(tokens, layers, experts, generator=generator).argsort(-1)[..., :top_k].int()


def trace_of(*groups, num_experts=EXPERTS, layers=None):
    """Return a trace of tensors of choices, or of Chosen."""
    groups = [each if isinstance(each, Chosen) else Chosen(each) for each in groups]
    k, sent = groups[0].experts.shape[2], groups[0].experts.shape[1]
    return Trace(num_experts, tuple(range(sent)) if layers is None else layers, k, "made", lambda: iter(groups))


def base64_of(numbers):
    """Return int32 numbers in the order tokens, layers, k as base64, as SGLang sends them."""
    return base64.b64encode(np.asarray(numbers, "<i4").tobytes()).decode()


def npy_of(numbers, dtype="uint8", **more):
    """Return a NumPy file as base64, as vLLM sends it."""
    file = io.BytesIO()
    np.save(file, np.asarray(numbers, dtype), **more)
    return base64.b64encode(file.getvalue()).decode()


def sglang(numbers, **more):
    """Return an answer of SGLang's /generate."""
    return {"text": "a", "output_ids": [7], "meta_info": {"id": "0", "routed_experts": base64_of(numbers), **more}}


def record_of(numbers, physical, **more):
    """Return what SGLang's recorder keeps of one forward pass (per_token); numbers are (tokens, layers, k)."""
    numbers = torch.as_tensor(numbers, dtype=torch.int32).movedim(0, 1).contiguous()
    counts = torch.zeros(physical.shape, dtype=torch.int32)
    for layer in range(len(numbers)):
        for each in numbers[layer].flatten().tolist():
            if each >= 0:
                counts[layer, each] += 1
    n = numbers.shape[1]
    return {"forward_pass_id": 3, "rank": 0, "gatherer_key": "primary", "input_ids": list(range(40, 40 + n)),
            "positions": list(range(n)), "extend_seq_lens": [n], "forward_mode": 1, "topk_ids_of_layer": numbers,
            "misc_objects": [], "global_physical_count": counts, **more}  # fmt: skip


def dump_of(*groups, physical, **more):
    """Return a file of SGLang's recorder in the mode per_token."""
    return {"records": [record_of(each, physical, **more) for each in groups], "last_physical_to_logical_map": physical}
