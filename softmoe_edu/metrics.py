"""What a routing decision did: load, dropped tokens, slot usage, contribution, entropy, similarity.

Routing in, tensors out; the inputs are left alone. A padded token counts nowhere: its own entries are 0 or False, and
means, fractions and extremes are taken over real tokens. Names and thresholds follow Puigcerver et al. 2023,
appendices B, E, G and I; `official_metrics` are what google-research/vmoe logs.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from softmoe_edu.routing import Routing, SparseRouting
from softmoe_edu.shapes import Mask, Scalar, SlotGates, Weights, check_at_least

TokenValues = Float[Tensor, "b n"]
ExpertValues = Float[Tensor, "b e"]


def expert_load(routing: Routing) -> ExpertValues:
    """How many tokens' worth each expert received; its p slots hold p at most."""
    return routing.slot_load().sum(-1)


def expert_importance(routing: Routing) -> ExpertValues:
    """How much each expert speaks in the answers: combine summed over tokens and its slots (appendix G)."""
    if isinstance(routing, SparseRouting):
        return routing.gate.sum(-1)
    return _real_rows(routing, routing.combine).sum((1, 3))


def token_contribution(routing: Routing) -> TokenValues:
    """How many slots' worth each token gave: dispatch summed over experts and slots (appendix G asks for > 2)."""
    return routing.token_load()


def experts_per_token(routing: Routing) -> Int[Tensor, "b n"]:
    """How many experts gave each token a place: 0 for a dropped token, all e for a softmax."""
    b, n, e, _ = routing.sizes
    if isinstance(routing, SparseRouting):
        # One column more than tokens takes what empty slots hold.
        place = torch.where(routing.filled, routing.token, n)
        held = place.new_zeros(b, e, n + 1, dtype=torch.bool).scatter(2, place, True)
        return held[..., :n].sum(1)
    return (_real_rows(routing, routing.dispatch) > 0).any(-1).sum(-1)


def dropped(routing: Routing) -> Bool[Tensor, "b n"]:
    """True for each real token that no slot received.

    A softmax drops nobody, unless a token's weight underflows to 0 in every slot.
    """
    return (routing.token_load() == 0) & _real(routing)


def dropped_fraction(routing: Routing) -> Scalar:
    """Dropped tokens over real tokens, of all groups together; 0 where no token is real (appendix B)."""
    return _fraction(dropped(routing), _real(routing))


def dropped_per_example(routing: Routing, examples_per_group: int = 1) -> Float[Tensor, " examples"]:
    """Which fraction of each example's real tokens was dropped, for b * examples_per_group examples in order.

    A group holds that many consecutive examples of n / examples_per_group tokens. An example without real tokens
    gives 0. Raises ValueError when the tokens of a group do not divide.
    """
    return _fraction(*_by_example(routing, examples_per_group), axis=1)


def dropped_per_position(routing: Routing, examples_per_group: int = 1) -> Float[Tensor, " position"]:
    """In which fraction of the examples the token at each position was dropped, of those where it is real.

    Examples are as in `dropped_per_example`. A position that is padding everywhere gives 0.
    """
    return _fraction(*_by_example(routing, examples_per_group), axis=0)


def expected_drop_fraction(tokens: int, num_experts: int, capacity: int) -> float:
    """Fraction of tokens that a uniformly random top-1 router drops on average: exact, from the binomial.

    An expert is chosen by N ~ Binomial(tokens, 1 / num_experts) tokens and answers min(N, capacity) of them,
    whatever their order. 49 tokens on 32 experts of capacity 2 lose 0.187.
    """
    for name, value in (("tokens", tokens), ("num_experts", num_experts), ("capacity", capacity)):
        check_at_least(name, value)
    capacity = min(capacity, tokens)
    chosen = torch.arange(capacity, dtype=torch.float64, device="cpu")
    share = torch.tensor(1 / num_experts, dtype=torch.float64, device="cpu")
    ways = math.lgamma(tokens + 1) - torch.lgamma(chosen + 1) - torch.lgamma(tokens - chosen + 1)
    chance = (ways + torch.xlogy(chosen, share) + torch.xlogy(tokens - chosen, 1 - share)).exp()
    answered = capacity - ((capacity - chosen) * chance).sum()
    return max(0.0, float(1 - num_experts * answered / tokens))


def slot_usage(routing: Routing, share: float = 0.9) -> Int[Tensor, "b e p"]:
    """How few tokens hold `share` of each slot's dispatch weight (appendix G, at 0.9); 0 for an empty slot.

    Up to 1e-5 of the slot's weight may miss, so that rounding adds no token: 10 equal weights hold 0.9 in 9 tokens.
    A filled slot of a sparse routing holds 1 token. Raises ValueError unless 0 < share <= 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be over 0 and at most 1, got {share}: 0.9 asks for 90 % of a slot's weight")
    if isinstance(routing, SparseRouting):
        return routing.filled.long()
    dispatch = _real_rows(routing, routing.dispatch)
    dispatch = dispatch.to(torch.promote_types(dispatch.dtype, torch.float32))
    held = dispatch.sort(dim=1, descending=True).values.cumsum(1)
    total = held[:, -1]
    return ((held < total[:, None] * (share - 1e-5)).sum(1) + 1) * (total > 0)


def dispatch_entropy(routing: Routing, *, normalized: bool = False) -> SlotGates:
    """Entropy of each slot's dispatch over tokens, in nats: 0 for one token (or none), log n for a uniform mix.

    Weights are divided by their sum first. `normalized` divides by the log of the real tokens, so that a uniform mix
    gives 1 (and a group of one token 0). The gradient is finite where a weight is 0.
    """
    if isinstance(routing, SparseRouting):
        return torch.zeros_like(routing.gate)
    entropy = _entropy(_real_rows(routing, routing.dispatch), 1)
    most = _real(routing).sum(1).clamp(min=1).to(entropy.dtype).log()[:, None, None]
    return _over(entropy, most) if normalized else entropy


def combine_entropy(routing: Routing, *, normalized: bool = False) -> TokenValues:
    """Entropy of each token's combine over all slots, in nats: 0 for one slot (or none), log s for a uniform answer.

    As in `dispatch_entropy`; `normalized` divides by log(e p).
    """
    _, _, e, p = routing.sizes
    if isinstance(routing, SparseRouting):
        gate = routing.gate
        total = routing.to_tokens(torch.ones_like(gate)[..., None])
        share = torch.where(gate > 0, _over(gate, routing.to_slots(total)[..., 0]), 1.0)
        entropy = _over(routing.to_tokens(-share.log()[..., None]), total)[..., 0]
    else:
        entropy = _entropy(_real_rows(routing, routing.combine).flatten(2), 2)
    return _over(entropy, entropy.new_tensor(math.log(e * p))) if normalized else entropy


def slot_similarity(routing: Routing) -> Float[Tensor, "b s s"]:
    """Cosine of every two slots' dispatch over tokens, slots expert-major (appendix I); an empty slot gives 0."""
    if isinstance(routing, SparseRouting):
        token = routing.token.flatten(1)
        same = (token[:, :, None] == token[:, None, :]) & (token >= 0)[:, :, None]
        return same.to(routing.gate.dtype)
    return _cosine(_real_rows(routing, routing.dispatch).flatten(2).mT)


def token_similarity(routing: Routing) -> Float[Tensor, "b n n"]:
    """Cosine of every two tokens' combine over slots; a token without weight gives 0. Builds the dense combine."""
    return _cosine(_real_rows(routing, routing.combine).flatten(2))


def official_metrics(routing: Routing, phi: Float[Tensor, "d e p"] | None = None) -> dict[str, Scalar]:
    """What the official soft router logs, by its names, each a scalar over all groups.

    Mean of the smallest and largest combine weight of a token and dispatch weight of a slot; smallest, largest and
    mean cosine of two different tokens' combine, two different slots' dispatch and, with phi, two slot parameters
    (there `mu`). Without a pair to compare (one token, one slot) the cosines are nan, where the official code
    gives infinities and nan. google-research/vmoe 942a78b, projects/soft_moe/router.py, get_metrics.
    """
    real = _real(routing)
    present = real.any(1)
    dispatch, combine = routing.dispatch.flatten(2), routing.combine.flatten(2)[real]
    padded = ~real[..., None]
    metrics = {
        "combine_weights_min_mean": combine.amin(1).mean(),
        "combine_weights_max_mean": combine.amax(1).mean(),
        "dispatch_weights_min_mean": dispatch.masked_fill(padded, torch.inf).amin(1)[present].mean(),
        "dispatch_weights_max_mean": dispatch.masked_fill(padded, -torch.inf).amax(1)[present].mean(),
    }
    pairs = real[:, :, None] & real[:, None, :]
    metrics |= _extremes("combine_weights_similarity", token_similarity(routing), pairs)
    metrics |= _extremes("dispatch_weights_similarity", slot_similarity(routing), present[:, None, None])
    if phi is not None:
        everything = present.new_ones(1, 1, 1)
        metrics |= _extremes("mu_similarity", _cosine(phi.flatten(1).mT[None]), everything)
    return metrics


def official_experts_choice_metrics(routing: SparseRouting) -> dict[str, Float[Tensor, " b"]]:
    """What the official experts choice router logs, by its names, each per group.

    Fewest and most experts of a token, smallest and largest gate of a filled slot, and the fraction of tokens that at
    least 1, 2, 4, ... up to e experts process. google-research/vmoe 942a78b, nn/routing.py.
    """
    real, count = _real(routing), experts_per_token(routing)
    _, _, e, _ = routing.sizes
    metrics = {
        "num_experts_per_item_min": count.masked_fill(~real, e).amin(1).to(routing.gate.dtype),
        "num_experts_per_item_max": count.amax(1).to(routing.gate.dtype),
        "min_selected_gate": routing.gate.masked_fill(~routing.filled, torch.inf).amin((1, 2)),
        "max_selected_gate": routing.gate.amax((1, 2)),
    }
    for least in (2**i for i in range(e.bit_length())):
        name = f"ratio_processed_items_by_at_least_{least}_experts"
        metrics[name] = _fraction((count >= least) & real, real, axis=1)
    return metrics


def _real(routing: Routing) -> Mask:
    b, n, _, _ = routing.sizes
    return routing.token_load().new_ones(b, n, dtype=torch.bool) if routing.mask is None else routing.mask


def _real_rows(routing: Routing, weights: Weights) -> Weights:
    return weights if routing.mask is None else weights * routing.mask[:, :, None, None]


def _by_example(routing: Routing, examples_per_group: int) -> tuple[Tensor, Tensor]:
    """Dropped and real tokens as (examples, tokens of an example)."""
    b, n, _, _ = routing.sizes
    check_at_least("examples_per_group", examples_per_group)
    if n % examples_per_group:
        raise ValueError(
            f"examples_per_group must divide the {n} tokens of a group, got {examples_per_group}: "
            "give the number with which the layer was built"
        )
    shape = (b * examples_per_group, n // examples_per_group)
    return dropped(routing).reshape(shape), _real(routing).reshape(shape)


def _fraction(part: Tensor, whole: Tensor, axis: int | None = None) -> Tensor:
    # Counts divided by counts would take the default dtype.
    return part.sum(axis).float() / whole.sum(axis).clamp(min=1)


def _over(value: Tensor, by: Tensor) -> Tensor:
    """Divide, and give 0 where the divisor is 0, with finite gradients."""
    return torch.where(by > 0, value / torch.where(by > 0, by, 1.0), 0.0)


def _entropy(weights: Tensor, axis: int) -> Tensor:
    share = _over(weights, weights.sum(axis, keepdim=True))
    return -(share * torch.where(share > 0, share, 1.0).log()).sum(axis)


def _cosine(rows: Float[Tensor, "b r c"]) -> Float[Tensor, "b r r"]:
    unit = rows * torch.rsqrt(rows.square().sum(-1, keepdim=True) + 1e-9)
    return unit @ unit.mT


def _extremes(name: str, similarity: Float[Tensor, "b r r"], pairs: Tensor) -> dict[str, Scalar]:
    """Smallest, largest and mean of the chosen pairs without the diagonal."""
    different = ~torch.eye(similarity.shape[-1], dtype=torch.bool, device=similarity.device)
    values = similarity[(pairs & different).expand_as(similarity)]
    if not len(values):
        values = similarity.new_full((1,), torch.nan)
    return {f"{name}_min": values.min(), f"{name}_max": values.max(), f"{name}_mean": values.mean()}
