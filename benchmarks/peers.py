"""Other packages' layers at the same sizes, each in its fastest settings that compute the same thing.

A peer is imported when it is built, so that one that is missing or broken is reported and the others still run.
"""

import time

from torch import Tensor, nn

from benchmarks.case import Work, Works

TEXT = {
    "soft-moe-pytorch": "as it comes, which asks each expert in turn to move to its device",
    "soft-moe-pytorch, no offload": "the same with offload_unused_experts_to_cpu=False",
    "soft-mixture-of-experts": (
        "its routed linear layer twice with a GELU between: a different function, since its expert is one linear layer"
    ),
    "mixture-of-experts": "top-2, or top-1 by dropping the second choice; GELU; the same capacity in rows",
    "st-moe-pytorch": "top-2 or more; GEGLU of the same multiply-adds; the same capacity in rows",
    "transformers Mixtral": "the faster of its eager and grouped_mm experts; SwiGLU of the same multiply-adds",
}


def soft_moe_pytorch(works: Works, e: int, p: int, hidden: int, *, offload: bool) -> Work:
    """SoftMoE of soft-moe-pytorch."""
    from soft_moe_pytorch import SoftMoE

    dim = works.x.shape[-1]
    layer = SoftMoE(dim, num_experts=e, num_slots=p, expert_mult=hidden // dim, offload_unused_experts_to_cpu=offload)
    return works.module(layer)


def soft_mixture_of_experts(works: Works, e: int, p: int, hidden: int) -> Work:
    """SoftMoE of soft-mixture-of-experts, once for each linear layer of an MLP."""
    from soft_mixture_of_experts.soft_moe import SoftMoE

    dim = works.x.shape[-1]
    return works.module(nn.Sequential(SoftMoE(dim, hidden, e, p), nn.GELU(), SoftMoE(hidden, dim, e, p)))


def mixture_of_experts(works: Works, e: int, k: int, hidden: int, factor: float) -> Work:
    """MoE of mixture-of-experts; its capacity leaves top_k out, so the factor takes it in."""
    from mixture_of_experts import MoE

    policy = {1: "none", 2: "all"}[k]
    layer = MoE(
        works.x.shape[-1],
        num_experts=e,
        hidden_dim=hidden,
        activation=nn.GELU,
        second_policy_train=policy,
        second_policy_eval=policy,
        capacity_factor_train=k * factor,
        capacity_factor_eval=k * factor,
    )
    return works.module(layer)


def st_moe(works: Works, e: int, k: int, hidden: int, factor: float) -> Work:
    """MoE of st-moe-pytorch; a threshold of 0 keeps every chosen expert."""
    if k < 2:
        raise ValueError("top_k must be 2 or more in st-moe-pytorch")
    from st_moe_pytorch import MoE

    dim = works.x.shape[-1]
    layer = MoE(
        dim,
        num_experts=e,
        expert_hidden_mult=hidden // dim,
        gating_top_n=k,
        threshold_train=0.0,
        threshold_eval=0.0,
        capacity_factor_train=k * factor,
        capacity_factor_eval=k * factor,
    )
    return works.module(layer)


def mixtral(works: Works, e: int, k: int, hidden: int) -> Work:
    """Sparse block of transformers' Mixtral; each pass uses the implementation that is faster in it."""
    from transformers import MixtralConfig
    from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock

    config = MixtralConfig(
        hidden_size=works.x.shape[-1], intermediate_size=2 * hidden // 3, num_local_experts=e, num_experts_per_tok=k
    )
    block = MixtralSparseMoeBlock(config)
    for parameter in block.parameters():
        nn.init.normal_(parameter, std=0.02)
    return works.module(Fastest(block, config))


class Fastest(nn.Module):
    """Run a block with the implementation of its experts that its first calls in this mode found faster."""

    IMPLEMENTATIONS = ("eager", "grouped_mm")

    def __init__(self, block: nn.Module, config: object):
        super().__init__()
        self.block, self.config, self.best = block, config, {}

    def forward(self, x: Tensor) -> Tensor:
        """Answer tokens."""
        if self.training not in self.best:
            self.best[self.training] = min(self.IMPLEMENTATIONS, key=lambda name: self._time(name, x))
        self.config._experts_implementation = self.best[self.training]
        return self.block(x)

    def _time(self, name: str, x: Tensor) -> float:
        self.config._experts_implementation = name
        times = []
        for _ in range(2):
            begin = time.perf_counter()
            output = self.block(x)
            if self.training:
                output.sum().backward()
                self.zero_grad()
                x.grad = None
            float(output.detach().sum())  # waits for the device
            times.append(time.perf_counter() - begin)
        return min(times)
