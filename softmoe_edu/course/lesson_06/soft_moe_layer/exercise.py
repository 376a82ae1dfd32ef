"""Exercise: the layer as a module, with parameters of its own, a mask and a batch (lesson 06)."""

from collections.abc import Callable

import torch

from softmoe_edu.course.lesson_06.soft_moe_layer.mistakes import MISTAKES
from softmoe_edu.course.lesson_06.soft_moe_layer.properties import (
    PARAMETERS,
    PROPERTIES,
    SIZES,
    as_function,
    run_of,
    starts,
)
from softmoe_edu.course.lesson_06.soft_moe_layer.variants import VARIANTS
from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.routers.soft import SoftRouter
from softmoe_edu.teaching.check.diagnosis import observations
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise, Hint


def soft_moe_layer(dim, num_experts, slots_per_expert, hidden_dim):
    """Build the layer: a torch.nn.Module that is called as layer(x, mask=None).

    x (b, n, dim), mask (b, n) as before, None if all tokens are real. It returns
    (b, n, dim). Parameters: phi, scale, w_in, b_in, w_out, b_out, shaped as before.
    """
    d, e, p, f = dim, num_experts, slots_per_expert, hidden_dim
    nn = torch.nn

    class SoftMoELayer(nn.Module):
        def __init__(self):
            super().__init__()
            self.phi = nn.Parameter(torch.randn(d, e, p) / (d * e) ** 0.5)
            self.scale = nn.Parameter(torch.ones(1))
            self.w_in = nn.Parameter(torch.randn(e, d, f) / d**0.5)
            self.b_in = nn.Parameter(torch.zeros(e, f))
            self.w_out = nn.Parameter(torch.randn(e, f, d) / f**0.5)
            self.b_out = nn.Parameter(torch.zeros(e, d))

        def forward(self, x, mask=None):
            # score
            tokens = x / (x.square().sum(-1, keepdim=True) + 1e-6).sqrt()
            slots = self.phi / (self.phi.square().sum(0, keepdim=True) + 1e-6).sqrt()
            logits = self.scale * torch.einsum("bnd,dep->bnep", tokens, slots)
            # normalise
            if mask is None:
                mask = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
            padding = ~mask[:, :, None, None]
            dispatch = logits.masked_fill(padding, torch.finfo(logits.dtype).min).softmax(1).masked_fill(padding, 0)
            combine = logits.flatten(2).softmax(-1).view_as(logits).masked_fill(padding, 0)
            # dispatch, compute, combine
            filled = torch.einsum("bnep,bnd->bepd", dispatch, x)
            hidden = nn.functional.gelu(filled @ self.w_in + self.b_in[:, None], approximate="tanh")
            answers = hidden @ self.w_out + self.b_out[:, None]
            return torch.einsum("bnep,bepd->bnd", combine, answers)

    return SoftMoELayer()


def observe(build: Callable, draw: Draw) -> dict[str, object]:
    """Return what tells layers apart: answers and gradients as functions of parameters, names, and starting values."""
    # What a layer keeps outside its parameters starts alike, too.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return _seen(build, draw)


def _seen(build: Callable, draw: Draw) -> dict[str, object]:
    try:
        layer = build(*SIZES)
        named = [(name, tuple(value.shape), value.requires_grad) for name, value in layer.named_parameters()]
        start = starts(layer) if {name for name, *_ in named} >= set(PARAMETERS) else []
    except Exception as error:
        return {"values 0": type(error).__name__}
    seen = {**observations(as_function(EXERCISE), run_of(build), draw), "bfloat16": _kept(build, draw)}
    return {**seen, "parameters": [str(each) for each in named], "start": [str(each) for each in start]}


def _kept(build: Callable, draw: Draw) -> str:
    """Return the dtype of answers to bfloat16, or the name of the error: what a device without float64 shows of it."""
    try:
        x = draw.sub("bfloat16").normal(2, 3, SIZES[0]).cpu().bfloat16()
        return str(build(*SIZES).bfloat16()(x).dtype)
    except Exception as error:
        return type(error).__name__


_START = (
    "def soft_moe_layer(dim, num_experts, slots_per_expert, hidden_dim):\n"
    "    d, e, p, f = dim, num_experts, slots_per_expert, hidden_dim\n"
    "    nn = torch.nn\n\n"
    "    class Layer(nn.Module):\n"
    "        def __init__(self):\n"
    "            super().__init__()\n"
    "            self.phi, self.scale = nn.Parameter(torch.randn(d, e, p)), nn.Parameter(torch.ones(1))\n"
    "            self.w_in, self.w_out = (nn.Parameter(torch.randn(e, *s) / 4) for s in ((d, f), (f, d)))\n"
    "            self.b_in, self.b_out = (nn.Parameter(torch.zeros(e, size)) for size in (f, d))\n\n"
)

EXERCISE = Exercise(
    id="soft-moe-layer",
    lesson="06",
    order=4,
    title="The layer as a module",
    answer=soft_moe_layer,
    given=("d, e, p, f = dim, num_experts, slots_per_expert, hidden_dim",),
    probe=lambda draw: SIZES,
    properties=PROPERTIES,
    hints=(
        Hint(
            "Write a class with __init__ and forward inside the function, and return one object of it. Begin with the "
            "six parameters: self.phi = torch.nn.Parameter(...) and so on.",
            "def soft_moe_layer(dim, num_experts, slots_per_expert, hidden_dim):\n"
            "    class Layer(torch.nn.Module):\n"
            "        def __init__(self):\n"
            "            super().__init__()\n"
            "            self.phi = torch.nn.Parameter(torch.randn(dim, num_experts, slots_per_expert))\n\n"
            "    return Layer()",
        ),
        Hint(
            "forward calls what you have: routing_logits(x, self.phi, self.scale), then masked_weights (with a mask of "
            "True where there is none), an einsum that fills the slots from x itself, expert_bank, an einsum back.",
            _START + "        def forward(self, x, mask=None):\n"
            "            if mask is None:\n"
            "                mask = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)\n"
            "            print('mask', tuple(mask.shape))\n"
            "            raise NotImplementedError\n\n"
            "    return Layer()",
        ),
        Hint(
            "One right answer of several.",
            _START + "        def forward(self, x, mask=None):\n"
            "            def unit(v, axis):\n"
            "                return v * torch.rsqrt(v.square().sum(axis, keepdim=True) + 1e-6)\n\n"
            "            logits = self.scale * (unit(x, -1) @ unit(self.phi, 0).flatten(1))\n"
            "            real = torch.ones_like(x[..., :1]).bool() if mask is None else mask[..., None]\n"
            "            into = torch.where(real, logits, torch.finfo(x.dtype).min).softmax(1) * real\n"
            "            slots = (into.mT @ x).unflatten(1, (e, p))\n"
            "            hidden = nn.functional.gelu(slots @ self.w_in + self.b_in[:, None], approximate='tanh')\n"
            "            answers = hidden @ self.w_out + self.b_out[:, None]\n"
            "            return (logits.softmax(2) * real) @ answers.flatten(1, 2)\n\n"
            "    return Layer()",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=20,
    difficulty=4,
    points=5,
    essential=True,
    basics=False,
    observe=observe,
    matches="your layer behaves like one that",
    library=(MoE, SoftRouter, Experts),
)
