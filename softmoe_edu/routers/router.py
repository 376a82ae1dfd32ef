"""What all routers share: checked input, float32 arithmetic, and the parameters' initial distribution."""

import contextlib
import math
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from softmoe_edu.routers.outline import outline, score_shape
from softmoe_edu.routing import Routing, SparseRouting
from softmoe_edu.shapes import (
    HALF,
    autocast_to,
    check_at_least,
    check_dtype,
    check_number,
    check_tokens,
)


class Router(nn.Module):
    """Read tokens (b, n, d), score them, and decide: a subclass owns parameters and defines `score` and `decide`.

    Half-precision tokens are widened to float32, and autocast is off inside, so that a routing decision does not
    depend on rounding; float64 stays float64. Padding takes no part in a decision, whatever it holds.

    What others need to know of a router they ask it: `score_per`, `is_sparse`, `capacity`, `score_macs` and
    `experts_per_token`. Here the answers are found by letting a copy of the router decide with fake tensors, which have
    shapes and no numbers. A subclass may define these methods, and must where its slots depend on the tokens' numbers.
    Registered in `ROUTERS`, it is built as `kind(dim, num_experts)`, with settings by name, which have defaults and
    stay under the names of their arguments.

    Args:
        dim: width d of a token.
        num_experts: number e of experts.
    """

    def __init__(self, dim: int, num_experts: int):
        super().__init__()
        self.dim = check_at_least("dim", dim)
        self.num_experts = check_at_least("num_experts", num_experts)

    def score(self, x: Tensor) -> Tensor:
        """Score tokens.

        Args:
            x: tokens (b, n, dim) as `forward` has checked them, in float32 or float64.

        Returns:
            Logits of tokens and experts (b, n, e), or of tokens and slots (b, n, e, p), without noise; from a router
            that reads no scores x[..., :0], nothing for each token.

        Raises:
            NotImplementedError: the subclass does not define it.
        """
        raise NotImplementedError(self._undefined("score(x) -> logits"))

    def decide(self, logits: Tensor, mask: Tensor | None = None) -> Routing:
        """Decide from scores; in training, noise on them is drawn here.

        Args:
            logits: what `score` returns, or any scores of that shape; padding may hold anything.
            mask: (b, n), True for real tokens; None when all are real.

        Returns:
            The decision.

        Raises:
            NotImplementedError: the subclass does not define it.
        """
        raise NotImplementedError(self._undefined("decide(logits, mask) -> Routing"))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Routing:
        """Route tokens.

        Args:
            x: tokens (b, n, dim).
            mask: (b, n), True for real tokens; None when all are real. Padding may hold anything, NaN too.

        Returns:
            The decision.

        Raises:
            TypeError: tokens or mask are of the wrong type or dtype.
            ValueError: their shapes do not fit, or a real token holds NaN (`shapes.check_tokens`).
        """
        check_tokens(x, self.dim, mask)
        x = widen(x)
        for parameter in self.parameters(recurse=False):
            if parameter.dtype != x.dtype and parameter.dtype not in HALF:
                check_dtype("tokens", x, parameter, "with x")
        with without_autocast(x.device.type):
            return self.route(x if mask is None else with_tame_padding(x, mask), mask)

    def route(self, x: Tensor, mask: Tensor | None) -> Routing:
        """Score checked tokens, whose padding has no gradient (`with_tame_padding`), and decide.

        A form that never builds the logits takes its shorter way here.
        """
        return self.decide(self.score(x), mask)

    @property
    def has_scores(self) -> bool:
        """Return whether `score` and `decide` are all that the router does, so that `decide` can be given other scores.

        They are not where `forward` or `route` was written alone, or in a subclass of the class that has the steps.
        """
        owner = partial(_owner, type(self))
        steps, whole = (owner("score"), owner("decide")), (owner("route"), owner("forward"))
        return Router not in map(type(self).__mro__.__getitem__, steps) and min(whole) >= min(steps)

    def score_per(self) -> str | None:
        """Return what each token has a score for: "expert", logits (b, n, e), "slot", (b, n, e, p), or None.

        Raises:
            ValueError: it cannot be known without the tokens' numbers.
        """
        e = self.num_experts
        shape = score_shape(self, e, "score_per()") if self.has_scores else (0,)
        if 0 in shape:
            return None
        if shape[:2] != (1, e) or shape[2:3] != (e,) or len(shape) > 4:
            raise ValueError(
                f"the logits of {type(self).__name__} must be (b, n, e) or (b, n, e, p), got {shape} for "
                f"(b, n, e) = (1, {e}, {e}): return one of these from score(x)"
            )
        return "expert" if len(shape) == 3 else "slot"

    def is_sparse(self) -> bool:
        """Return whether a slot holds one token at most, which is moved by its index, or a mixture, a product.

        Without an answer of the subclass, what decides is whether it returns a `SparseRouting`.

        Raises:
            ValueError: it cannot be known without the tokens' numbers.
        """
        return isinstance(outline(self, self.num_experts, "is_sparse()").routing, SparseRouting)

    def capacity(self, tokens: int) -> int | None:
        """Compute the slots of an expert for a group of this many tokens; None where their numbers decide.

        Raises:
            ValueError: it cannot be known without the tokens' numbers.
        """
        return outline(self, tokens, "capacity(tokens)").routing.sizes[3]

    def score_macs(self, tokens: int) -> int:
        """Count the MACs of the router's own matrix products for a group of this many tokens.

        Raises:
            ValueError: they cannot be known without the tokens' numbers.
        """
        return outline(self, tokens, "score_macs(tokens)").macs

    def experts_per_token(self, tokens: int, slots_per_expert: int) -> float | int:
        """Compute how many experts the answer of a token depends on, in the mean, when every slot is filled.

        Args:
            tokens: tokens of a group.
            slots_per_expert: slots of an expert.
        """
        e = self.num_experts
        return min(e * slots_per_expert / tokens, e) if ask(self, "is_sparse") else e

    def _undefined(self, method: str) -> str:
        defined = [each for each in ("forward", "route") if getattr(type(self), each) is not getattr(Router, each)]
        beside = f" beside {defined[0]}, which cannot be given other scores" if defined else ""
        return f"{type(self).__name__} must define {method}{beside}: see `Router`"

    def extra_repr(self) -> str:
        """Show the sizes where the module is printed."""
        return f"dim={self.dim}, num_experts={self.num_experts}"


def ask(router: Router, question: str, *arguments: int) -> Any:
    """Ask a router what it says of itself, or look, where a subclass changed what the answer was about.

    So a router that decides in its own way is not taken for the one that it was derived from.

    Args:
        router: any router.
        question: the method to ask, such as "capacity".
        *arguments: of the method.

    Returns:
        The answer.

    Raises:
        ValueError: as the method does.
    """
    kind, scoring, deciding = type(router), ("score",), ("decide", "route", "forward")
    steps: dict[str, list[tuple[str, ...]]] = {"score_per": [scoring], "score_macs": [scoring, deciding]}
    about = steps.get(question, [deciding])
    known = all(_speaks_for(kind, question, each) for each in about)
    return getattr(kind if known else Router, question)(router, *arguments)


def _speaks_for(kind: type[Router], question: str, steps: tuple[str, ...]) -> bool:
    """Return whether the class that answers a question has these steps itself, or is the base of the first that has."""
    owner = _owner(kind, question)
    has_steps = any(getattr(kind.__mro__[owner], step) is not getattr(Router, step) for step in steps)
    later = [base for base in kind.__mro__[:owner] if vars(base).keys() & set(steps)]
    return len(later) <= (0 if has_steps else 1)


def _owner(kind: type[Router], name: str) -> int:
    """Return the index, in the order of inheritance, of the class that defines a method."""
    return next(i for i, base in enumerate(kind.__mro__) if name in vars(base))


def check_has_scores(router: Router) -> None:
    """Raise a NotImplementedError that names what to define unless a router decides from scores."""
    if not router.has_scores:
        raise NotImplementedError(router._undefined("score(x) and decide(logits, mask)"))


LARGEST_PADDING = 1e15
"""Up to here no score of a padded token overflows."""


def with_tame_padding(x: Tensor, mask: Tensor) -> Tensor:
    """Return tokens whose padding can be scored without harm and has no gradient.

    Padding keeps its numbers, so that its scores can be looked at, but for those that are not finite or so large that
    scores would not be: these become 0.
    """
    padding = x.detach()
    return torch.where(mask[..., None], x, torch.where(padding.abs() <= LARGEST_PADDING, padding, 0))


def widen(x: Tensor) -> Tensor:
    """Return x in float32 if it has a narrower floating type, else x itself."""
    return x.float() if x.dtype in HALF else x


def without_autocast(device: str) -> contextlib.AbstractContextManager[Any]:
    """Return a context in which autocast is off on this type of device."""
    return torch.autocast(device, enabled=False) if autocast_to(device) else contextlib.nullcontext()


def top_in_order(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k largest values along the last axis and their indices, best first, equal ones by index.

    `torch.topk` leaves the order of equal values open, and a stable sort of everything is many times slower.
    """
    if scores.dtype != torch.float32:
        values, index = scores.sort(dim=-1, descending=True, stable=True)
        return values[..., :k], index[..., :k]
    # A float's bits, read as an integer, keep its order; the index in the low half makes every key different.
    bits = (scores.detach() + 0.0).contiguous().view(torch.int32)
    ordered = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).long()  # of negative numbers all bits but the sign turn round
    last = scores.shape[-1] - 1
    keys = (ordered << 32) | (last - torch.arange(last + 1, device=scores.device))
    index = last - (keys.topk(k).values & 0xFFFFFFFF)
    return scores.gather(-1, index), index


def add_noise(logits: Tensor, std: float) -> Tensor:
    """Add Gaussian noise of standard deviation `std` from the global generator."""
    return logits + std * torch.randn_like(logits)


def check_noise(noise_std: float) -> float:
    """Return noise_std as a float, or raise an error unless it is a finite number of at least 0."""
    return check_number("noise_std", noise_std, 0)


def lecun_normal_(parameter: Tensor, fan_in: int) -> Tensor:
    """Fill with a normal distribution cut at two standard deviations, of variance 1 / fan_in after the cut."""
    # What is left of a unit normal's deviation after the cut.
    return cut_normal_(parameter, math.sqrt(1 / fan_in) / 0.87962566103423978)


def cut_normal_(parameter: Tensor, std: float) -> Tensor:
    """Fill with a normal distribution of this standard deviation, cut at two of them."""
    # PyTorch draws again what lies outside, and cannot look at the numbers of a fake tensor, which has none.
    if isinstance(parameter, torch._subclasses.FakeTensor):
        return parameter
    return nn.init.trunc_normal_(parameter, std=std, a=-2 * std, b=2 * std)
