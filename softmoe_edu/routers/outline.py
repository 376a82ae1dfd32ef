"""What a router does in outline: found with fake tensors, which know shapes and compute no numbers."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode

from softmoe_edu.routing import Routing
from softmoe_edu.shapes import check_at_least

T = TypeVar("T")


@dataclass(frozen=True)
class Outline:
    """A decision without numbers.

    Attributes:
        routing: the decision.
        macs: multiplications with their additions in the router's own matrix products.
    """

    routing: Routing
    macs: int


def outline(router: nn.Module, tokens: int, method: str) -> Outline:
    """Let a copy of the router decide about one group of tokens that have no numbers.

    Args:
        router: a `Router`, which is left as it is.
        tokens: tokens of the group.
        method: the method whose answer is looked for; the error says to define it.

    Raises:
        ValueError: the router cannot decide without numbers, as when its slots depend on them, or decides for other
            tokens or experts than its own.
    """
    from torch.utils.flop_counter import FlopCounterMode  # not before somebody asks

    def run(copied: Any, x: Tensor) -> tuple[Routing, tuple[int, ...], int]:
        with FlopCounterMode(display=False) as counter:
            # In two steps where there are two: a form that builds no logits has other products.
            routing = copied.decide(copied.score(x), None) if router.has_scores else copied(x)
        return routing, tuple(routing.sizes), counter.get_total_flops() // 2

    routing, sizes, macs = _without_numbers(run, router, tokens, method)
    experts: Any = router.num_experts
    if sizes[:3] != (1, tokens, experts):
        raise ValueError(
            f"{type(router).__name__} must decide for 1 group of {tokens} tokens and {experts} experts, "
            f"got a routing of {sizes[0]}, {sizes[1]} and {sizes[2]}"
        )
    return Outline(routing, macs)


def score_shape(router: nn.Module, tokens: int, method: str) -> tuple[int, ...]:
    """Compute the shape of the scores of one group of tokens; arguments and errors are those of `outline`."""
    return _without_numbers(lambda copied, x: tuple(copied.score(x).shape), router, tokens, method)


def _without_numbers(run: Callable[[Any, Tensor], T], router: nn.Module, tokens: int, method: str) -> T:
    tokens = check_at_least("tokens", tokens)
    try:
        with _Detached():
            copied = copy.deepcopy(router).eval()
        with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad(), torch.device("cpu"):
            copied.to_empty(device="cpu")
            for module in copied.modules():
                for name, value in list(vars(module).items()):
                    if isinstance(value, Tensor) and value.device.type != "cpu":
                        setattr(module, name, torch.empty_like(value, device="cpu"))
            double = any(parameter.dtype == torch.float64 for parameter in copied.parameters())
            dim: Any = router.dim
            return run(copied, torch.empty(1, tokens, dim, dtype=torch.float64 if double else torch.float32))
    except Exception as error:  # a user's router may raise anything
        raise ValueError(
            f"{type(router).__name__} must define {method}, {WANTED[method]}: it was looked for in a decision about "
            f"{tokens} tokens without numbers, which raised {type(error).__name__}: {error}"
        ) from error


class _Detached(TorchFunctionMode):
    """Let tensors with a graph be copied, as a router may keep of its last decision."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if function is Tensor.__deepcopy__:
            return args[0].detach()
        return function(*args, **(kwargs or {}))


WANTED = {
    "score_per()": "what it scores",
    "is_sparse()": "whether a slot holds one token",
    "capacity(tokens)": "how many slots an expert has",
    "score_macs(tokens)": "how many MACs its own products take",
}
