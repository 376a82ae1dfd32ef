"""What a router does in outline: found on the meta device, which knows shapes and computes no numbers."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from softmoe_edu.routing import Routing
from softmoe_edu.shapes import check_at_least


@dataclass(frozen=True)
class Outline:
    """A decision without numbers.

    Attributes:
        routing: the decision, on the meta device.
        logits: the scores that it was made of; None for a router that shows none.
        macs: multiplications with their additions in the router's own matrix products.
    """

    routing: Routing
    logits: Tensor | None
    macs: int


def outline(router: nn.Module, tokens: int, method: str) -> Outline:
    """Let a copy of the router decide about one group of tokens on the meta device.

    Args:
        router: a `Router`, which is left as it is.
        tokens: tokens of the group.
        method: the method whose answer is looked for, which the error tells to define.

    Raises:
        ValueError: the router cannot decide without numbers, as when its slots depend on them.
    """
    from torch.utils.flop_counter import FlopCounterMode  # not before somebody asks

    tokens = check_at_least("tokens", tokens)
    try:
        copied = copy.deepcopy(router).to("meta").eval()
        double = any(parameter.dtype == torch.float64 for parameter in copied.parameters())
        x = torch.empty(1, tokens, router.dim, dtype=torch.float64 if double else torch.float32, device="meta")
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            if router.has_scores:
                logits = copied.score(x)
                routing = copied.decide(logits, None)
            else:
                routing = copied(x)
                logits = getattr(routing, "logits", None)
        sizes = routing.sizes
    except Exception as error:  # a user's router may raise anything
        name = type(router).__name__
        raise ValueError(
            f"{name} must say {WANTED[method]}, and its decision about {tokens} tokens on the meta device, which would "
            f"tell, raised {type(error).__name__}: {error}: define {method} in {name}"
        ) from error
    if sizes[:3] != (1, tokens, router.num_experts):
        raise ValueError(
            f"{type(router).__name__} must decide for 1 group of {tokens} tokens and {router.num_experts} experts, "
            f"got a routing of {sizes[0]}, {sizes[1]} and {sizes[2]}"
        )
    return Outline(routing, logits, counter.get_total_flops() // 2)


WANTED = {
    "score_per()": "what it scores",
    "is_sparse()": "whether a slot holds one token",
    "capacity(tokens)": "how many slots an expert has",
    "score_macs(tokens)": "how many MACs its scores take",
}
