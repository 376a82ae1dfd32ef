"""What a routing decision did: load, dropped tokens, slot usage, contribution, entropy, specialisation, similarity.

Routing in, tensors out; the inputs are left alone. A padded token counts nowhere: its own entries are 0 or False, and
means, fractions and extremes are taken over real tokens. Names and thresholds follow Puigcerver et al. 2023,
appendices B, E, G and I; `official_metrics` are what google-research/vmoe logs.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from softmoe_edu.routing import Routing, SparseRouting
from softmoe_edu.shapes import Mask, Scalar, SlotGates, check_at_least, without_padding

TokenValues = Float[Tensor, "b n"]
ExpertValues = Float[Tensor, "b e"]


def expert_load(routing: Routing) -> ExpertValues:
    """Compute the load of each expert: dispatch summed over tokens and its p slots, at most p.

    Args:
        routing: any routing.

    Returns:
        (b, e).
    """
    return routing.slot_load().sum(-1)


def expert_importance(routing: Routing) -> ExpertValues:
    """Compute how much each expert contributes to the answers: combine summed over tokens and its slots.

    Args:
        routing: any routing.

    Returns:
        (b, e), as in appendix G.
    """
    if isinstance(routing, SparseRouting):
        return routing.answer_gate().sum(-1)
    return without_padding(routing.combine, routing.mask).sum((1, 3))


def token_contribution(routing: Routing) -> TokenValues:
    """Compute how much each token contributes to the slots: dispatch summed over experts and slots.

    Args:
        routing: any routing.

    Returns:
        (b, n), as in appendix G (> 2).
    """
    return routing.token_load()


def experts_per_token(routing: Routing) -> Int[Tensor, "b n"]:
    """Count the experts that took each token: 0 for a dropped token, all e for a softmax.

    Args:
        routing: any routing.

    Returns:
        (b, n).
    """
    b, n, e, _ = routing.sizes
    if isinstance(routing, SparseRouting):
        # One column more than tokens takes what empty slots hold.
        token = torch.where(routing.filled, routing.token, n)
        taken = token.new_zeros(b, e, n + 1, dtype=torch.bool).scatter(2, token, True)
        return taken[..., :n].sum(1)
    return (without_padding(routing.dispatch, routing.mask) > 0).any(-1).sum(-1)


def dropped(routing: Routing) -> Bool[Tensor, "b n"]:
    """Find the real tokens that no slot received.

    A softmax drops no token, unless its weight underflows to 0 in every slot.

    Args:
        routing: any routing.

    Returns:
        (b, n), True for a dropped token.
    """
    return _dropped_and_real(routing)[0]


def dropped_fraction(routing: Routing) -> Scalar:
    """Compute the fraction of real tokens that were dropped, over all groups together (appendix B).

    Args:
        routing: any routing.

    Returns:
        A scalar; 0 where no token is real.
    """
    return _fraction(*_dropped_and_real(routing))


def dropped_per_example(routing: Routing, examples_per_group: int = 1) -> Float[Tensor, " examples"]:
    """Compute the fraction of each example's real tokens that was dropped; 0 for an example without any.

    Args:
        routing: any routing.
        examples_per_group: how many consecutive examples, of n / examples_per_group tokens, a group holds.

    Returns:
        (b * examples_per_group,), examples in order.

    Raises:
        ValueError: the tokens of a group do not divide.
    """
    return _fraction(*_by_example(routing, examples_per_group), axis=1)


def dropped_per_position(routing: Routing, examples_per_group: int = 1) -> Float[Tensor, " position"]:
    """Compute the fraction of examples that lost the token at each position, of those where it is real.

    Args:
        routing: any routing.
        examples_per_group: as in `dropped_per_example`.

    Returns:
        (n / examples_per_group,), 0 for a position that is padding everywhere.

    Raises:
        ValueError: the tokens of a group do not divide.
    """
    return _fraction(*_by_example(routing, examples_per_group), axis=0)


def expected_drop_fraction(tokens: int, num_experts: int, capacity: int) -> float:
    """Compute the fraction of tokens that a uniformly random top-1 router drops on average, from the binomial.

    An expert is chosen by N ~ Binomial(tokens, 1 / num_experts) tokens and answers min(N, capacity) of them,
    whatever their order. 49 tokens on 32 experts of capacity 2 lose 0.187.

    Args:
        tokens: tokens of a group.
        num_experts: experts that they choose from.
        capacity: slots of an expert.

    Raises:
        TypeError: a size is no whole number.
        ValueError: a size is under 1.
    """
    num_experts, capacity = check_at_least("num_experts", num_experts), check_at_least("capacity", capacity)
    return float(expected_drop_curve(tokens, [1 / num_experts] * num_experts)[min(capacity, tokens)])


def expected_drop_curve(tokens: int, shares: Sequence[float | int]) -> Float[Tensor, " capacities"]:
    """Compute the fraction of choices that find no slot, on average, at every capacity, from the binomial.

    Expert i is chosen by N ~ Binomial(tokens, shares[i]) tokens, whatever the others choose, and answers
    min(N, capacity) of them. With one choice of each token the shares add up to 1, and choices are tokens.

    Args:
        tokens: tokens of a group.
        shares: how likely a token chooses each expert, from 0 to 1; with k choices of a token they add up to k.

    Returns:
        (tokens + 1,) in float64 on the CPU, at capacities 0 to tokens.

    Raises:
        TypeError: tokens is no whole number.
        ValueError: tokens is under 1, or a share is out of range, or all are 0.
    """
    tokens = check_at_least("tokens", tokens)
    chances = torch.as_tensor(shares, dtype=torch.float64, device="cpu")
    if not (chances.numel() and bool(((chances >= 0) & (chances <= 1)).all()) and bool(chances.any())):
        raise ValueError(f"shares must be from 0 to 1 and not all 0, got {shares}: divide them by their sum")
    chosen = torch.arange(tokens + 1, dtype=torch.float64, device="cpu")
    factorials = (chosen + 1).lgamma()
    ways = factorials[-1] - factorials - factorials.flip(0)
    answered = torch.zeros_like(chosen)
    for share, experts in zip(*chances.unique(return_counts=True), strict=True):
        chance = (ways + torch.xlogy(chosen, share) + torch.xlogy(tokens - chosen, 1 - share)).exp()
        # The mean of min(N, c) adds the chances of at least 1, of at least 2, up to c.
        answered[1:] += experts * chance.flip(0).cumsum(0).flip(0)[1:].cumsum(0)
    return (1 - answered / (tokens * chances.sum())).clamp(0, 1)


def slot_usage(routing: Routing, share: float = 0.9) -> Int[Tensor, "b e p"]:
    """Count how few tokens hold a share of each slot's dispatch weight (appendix G, at 0.9); 0 for an empty slot.

    Up to 1e-5 of the slot's weight may miss, so that rounding adds no token: 10 equal weights hold 0.9 in 9 tokens.
    A filled slot of a sparse routing holds 1 token.

    Args:
        routing: any routing.
        share: over 0 and at most 1.

    Raises:
        ValueError: share is out of range.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be over 0 and at most 1, got {share}: 0.9 asks for 90 % of a slot's weight")
    if isinstance(routing, SparseRouting):
        return routing.filled.long()
    dispatch = without_padding(routing.dispatch, routing.mask)
    dispatch = dispatch.to(torch.promote_types(dispatch.dtype, torch.float32))
    held = dispatch.sort(dim=1, descending=True).values.cumsum(1)
    total = held[:, -1]
    return ((held < total[:, None] * (share - 1e-5)).sum(1) + 1) * (total > 0)


def dispatch_entropy(routing: Routing, *, normalized: bool = False) -> SlotGates:
    """Compute the entropy of each slot's dispatch: 0 for one token (or none), log n for a uniform mix of n.

    Weights are divided by their sum first. The gradient is finite where a weight is 0.

    Args:
        routing: any routing.
        normalized: divide by the log of the real tokens, so that a uniform mix gives 1 (and a group of one token 0).

    Returns:
        (b, e, p), in nats unless normalized.
    """
    if isinstance(routing, SparseRouting):
        return torch.zeros_like(routing.gate)
    entropy = _entropy(without_padding(routing.dispatch, routing.mask), 1)
    most = _real(routing).sum(1).clamp(min=1).to(entropy.dtype).log()[:, None, None]
    return _over(entropy, most) if normalized else entropy


def combine_entropy(routing: Routing, *, normalized: bool = False) -> TokenValues:
    """Compute the entropy of each token's combine: 0 for one slot (or none), log s for a uniform answer of s.

    Weights are divided by their sum first. The gradient is finite where a weight is 0.

    Args:
        routing: any routing.
        normalized: divide by log(e p), so that a uniform answer gives 1.

    Returns:
        (b, n), in nats unless normalized.
    """
    _, _, e, p = routing.sizes
    if isinstance(routing, SparseRouting):
        gate = routing.answer_gate()
        total = routing.to_tokens(torch.ones_like(gate)[..., None])
        share = torch.where(gate > 0, _over(gate, routing.to_slots(total)[..., 0]), 1.0)
        entropy = _over(routing.to_tokens(-share.log()[..., None]), total)[..., 0]
    else:
        entropy = _entropy(without_padding(routing.combine, routing.mask).flatten(2), 2)
    return _over(entropy, entropy.new_tensor(math.log(e * p))) if normalized else entropy


def information(joint: Float[Tensor, "*layers kinds e"]) -> Float[Tensor, "*layers"]:
    """Compute how much the expert of a token tells of its kind: mutual information over the entropy of the kind.

    0 where experts are chosen alike for every kind, 1 where the expert gives the kind away. Few tokens tell more than 0
    by chance; compare with tables in which kinds are dealt anew.

    Args:
        joint: how much of each kind's tokens each expert answered: counts, or sums of weights.

    Returns:
        A share for each table; NaN where there is but one kind, of which there is nothing to tell.
    """
    joint = joint / joint.sum((-2, -1), keepdim=True)
    kind, expert = joint.sum(-1, keepdim=True), joint.sum(-2, keepdim=True)
    nats = torch.xlogy(joint, joint / (kind * expert).clamp(min=1e-300)).sum((-2, -1))
    return nats / -torch.xlogy(kind, kind).sum((-2, -1))


def slot_similarity(routing: Routing) -> Float[Tensor, "b s s"]:
    """Compute the cosine of every two slots' dispatch, slots expert-major (appendix I); an empty slot gives 0.

    Args:
        routing: any routing.

    Returns:
        (b, e p, e p).
    """
    if isinstance(routing, SparseRouting):
        token = routing.token.flatten(1)
        same = (token[:, :, None] == token[:, None, :]) & (token >= 0)[:, :, None]
        return same.to(routing.gate.dtype)
    return _cosine(without_padding(routing.dispatch, routing.mask).flatten(2).mT)


def token_similarity(routing: Routing) -> Float[Tensor, "b n n"]:
    """Compute the cosine of every two tokens' combine; a token without weight gives 0. Builds the dense combine.

    Args:
        routing: any routing.

    Returns:
        (b, n, n).
    """
    return _cosine(without_padding(routing.combine, routing.mask).flatten(2))


def official_metrics(
    routing: Routing, phi: Float[Tensor, "d e p"] | None = None, scale: Float[Tensor, "*one"] | float | int = 1.0
) -> dict[str, Scalar]:
    """Compute what the official soft router logs, by its names, each a scalar over all groups.

    Mean of the smallest and largest combine weight of a token and dispatch weight of a slot; smallest, largest and
    mean cosine of two different tokens' combine, two different slots' dispatch and, with phi, two slot parameters
    (there `mu`). As in the official code, a largest cosine is at least 0, and a mean takes every vector's cosine with
    itself for 1, which it is not for one that is zero or tiny. Without a pair to compare (one token, one slot) all
    three cosines are nan; the official code then logs 0, 0 and a mean that is not finite.
    google-research/vmoe 942a78b, projects/soft_moe/router.py, get_metrics.

    Args:
        routing: any routing.
        phi: the router's slot parameters (d, e, p), as they are learned.
        scale: the router's scale. Cosines hardly depend on it unless it is tiny.

    Returns:
        {name: scalar}.
    """
    real = _real(routing)
    present = real.any(1)
    b, n, e, p = routing.sizes
    dispatch, combine = routing.dispatch.flatten(2), routing.combine.flatten(2)[real]
    padded = ~real[..., None]
    metrics = {
        "combine_weights_min_mean": combine.amin(1).mean(),
        "combine_weights_max_mean": combine.amax(1).mean(),
        "dispatch_weights_min_mean": dispatch.masked_fill(padded, torch.inf).amin(1)[present].mean(),
        "dispatch_weights_max_mean": dispatch.masked_fill(padded, -torch.inf).amax(1)[present].mean(),
    }
    metrics |= _extremes("combine_weights_similarity", token_similarity(routing), real)
    metrics |= _extremes("dispatch_weights_similarity", slot_similarity(routing), present[:, None].expand(b, e * p))
    if phi is not None:
        mu = phi.flatten(1).mT
        mu = mu * torch.rsqrt(mu.square().sum(-1, keepdim=True) + 1e-6)
        # The official code multiplies tokens or parameters by the scale, whichever are fewer numbers, and logs these.
        mu = mu * scale if b * n >= e * p else mu
        metrics |= _extremes("mu_similarity", _cosine(mu[None]), present.new_ones(1, e * p))
    return metrics


def official_experts_choice_metrics(routing: SparseRouting) -> dict[str, Float[Tensor, " b"]]:
    """Compute what the official experts choice router logs, by its names, each per group.

    Fewest and most experts of a token, smallest and largest gate of a filled slot, and the fraction of tokens that at
    least 1, 2, 4, ... and e experts process. google-research/vmoe 942a78b, moe.py.

    Args:
        routing: a routing in index form.

    Returns:
        {name: (b,)}.
    """
    real, count = _real(routing), experts_per_token(routing)
    _, _, e, _ = routing.sizes
    gate = routing.answer_gate()
    metrics = {
        "num_experts_per_item_min": count.masked_fill(~real, e).amin(1).to(gate.dtype),
        "num_experts_per_item_max": count.amax(1).to(gate.dtype),
        "min_selected_gate": gate.masked_fill(~routing.filled, torch.inf).amin((1, 2)),
        "max_selected_gate": gate.amax((1, 2)),
    }
    for least in sorted({2**i for i in range(e.bit_length())} | {e}):
        name = f"ratio_processed_items_by_at_least_{least}_experts"
        metrics[name] = _fraction((count >= least) & real, real, axis=1)
    return metrics


def _real(routing: Routing) -> Mask:
    b, n, _, _ = routing.sizes
    return routing.token_load().new_ones(b, n, dtype=torch.bool) if routing.mask is None else routing.mask


def _dropped_and_real(routing: Routing) -> tuple[Mask, Mask]:
    load = routing.token_load()
    real = torch.ones_like(load, dtype=torch.bool) if routing.mask is None else routing.mask
    return (load == 0) & real, real


def _by_example(routing: Routing, examples_per_group: int) -> tuple[Tensor, Tensor]:
    """Return the dropped and the real tokens, each (examples, tokens of an example)."""
    b, n, _, _ = routing.sizes
    examples_per_group = check_at_least("examples_per_group", examples_per_group)
    if n % examples_per_group:
        raise ValueError(
            f"examples_per_group must divide the {n} tokens of a group, got {examples_per_group}: "
            "give the number with which the layer was built"
        )
    shape = (b * examples_per_group, n // examples_per_group)
    lost, real = _dropped_and_real(routing)
    return lost.reshape(shape), real.reshape(shape)


def _fraction(part: Tensor, whole: Tensor, axis: int | None = None) -> Tensor:
    # Counts divided by counts would take the default dtype.
    return part.sum(axis).float() / whole.sum(axis).clamp(min=1)


def _over(value: Tensor, by: Tensor) -> Tensor:
    """Divide, and give 0 where the divisor is 0 and NaN where it is NaN, with finite gradients."""
    quotient = value / torch.where(by > 0, by, 1.0)
    # A tensor, since two plain numbers would take the default dtype.
    return torch.where(by > 0, quotient, torch.where(by.isnan(), torch.nan, torch.zeros_like(quotient)))


def _entropy(weights: Tensor, axis: int) -> Tensor:
    share = _over(weights, weights.sum(axis, keepdim=True))
    return -(share * torch.where(share > 0, share, 1.0).log()).sum(axis)


def _cosine(rows: Float[Tensor, "b r c"]) -> Float[Tensor, "b r r"]:
    unit = rows * torch.rsqrt(rows.square().sum(-1, keepdim=True) + 1e-9)
    return unit @ unit.mT


def _extremes(name: str, similarity: Float[Tensor, "b r r"], chosen: Bool[Tensor, "b r"]) -> dict[str, Scalar]:
    """Return the smallest, largest and mean cosine of two different chosen rows, as the official code takes them."""
    pairs = chosen[:, :, None] & chosen[:, None, :]
    different = ~torch.eye(similarity.shape[-1], dtype=torch.bool, device=similarity.device)
    values = similarity[pairs & different]
    if not len(values):
        values = similarity.new_full((1,), torch.nan)
    off_one = (similarity.diagonal(dim1=1, dim2=2)[chosen] - 1).sum()
    return {
        f"{name}_min": values.min(),
        f"{name}_max": values.max().clamp(min=0),
        f"{name}_mean": (values.sum() + off_one) / len(values),
    }
