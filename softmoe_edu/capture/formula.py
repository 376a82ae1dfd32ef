"""What turns a router's logits into weights and choices, recovered from the numbers and checked on every token.

A formula is reported only where it gives every weight that the experts received. Where several do, as with one choice
whose weight is always 1, all are named; where none does, the answer is "no formula".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from softmoe_edu.text import plural

SCORES: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax": lambda logits: logits.softmax(-1),
    "sigmoid": torch.sigmoid,
    "sqrt_softplus": lambda logits: F.softplus(logits).sqrt(),
}
"""What a logit becomes, by name."""

FIRST_LOOK = 64
"""Tokens on which every formula is tried; only those that pass are checked on all tokens, which takes longer."""

LEAST_PAIRS = 3
"""Choices for each expert that a factor of its own must explain, or any weights would do."""


@dataclass(frozen=True)
class Formula:
    """How a layer's weights follow from its logits.

    Attributes:
        score: a name of `SCORES`, what is made of a logit; "" where nothing known gives the weights.
        renormalised: whether the scores of a token's choices are divided by their sum.
        factor: what then multiplies them.
        per_expert: whether each expert has a factor of its own besides.
        also: other formulas that give the same weights on these tokens, in words.
        choice: how a token's experts are chosen, in words; "" where no known rule chooses them.
        top_k: experts of a token.
        tokens: on how many tokens this was checked.
        error: the largest difference of a weight, as a part of it.
    """

    score: str
    renormalised: bool
    factor: float
    per_expert: bool
    also: tuple[str, ...]
    choice: str
    top_k: int
    tokens: int
    error: float

    def __bool__(self) -> bool:
        """Return whether the weights follow from the logits."""
        return bool(self.score)

    def gates(self, logits: Tensor) -> Tensor | None:
        """Return the score of every expert, before any division by a sum, (..., e) as the logits; None if unknown."""
        return SCORES[self.score](logits) if self.score and not self.also else None

    def __str__(self) -> str:
        seen = f"checked on {plural(self.tokens, 'token')}"
        chosen = f"chosen are {self.choice}" if self.choice else "no known rule makes the choices"
        if not self:
            return f"no formula gives the weights; {chosen} ({seen})"
        or_ = "".join(f", or {each}" for each in self.also) + (": these tokens cannot tell" if self.also else "")
        text = _text(self.score, self.renormalised, self.factor, self.per_expert)
        return f"weight = {text}{or_}; {chosen} ({seen}, largest error {self.error:.0e})"


def _text(score: str, renormalised: bool, factor: float, per_expert: bool) -> str:
    times = "" if factor == 1 else f"{factor:.6g} x "
    over = " / its sum over the choices" if renormalised else ""
    return f"{times}{score}(logit){over}{' x a factor of each expert' if per_expert else ''}"


def recover(
    index: Tensor,
    weight: Tensor,
    logits: Tensor | None,
    *,
    numbers: Mapping[str, Tensor] | None = None,
    groups: tuple[int, int] | None = None,
    ids: Tensor | None = None,
) -> Formula:
    """Find what turns logits into weights, and what chooses the experts.

    Args:
        index: (tokens, k), the experts that were asked; where the weight is 0, as of a dropped choice, nothing counts.
        weight: (tokens, k), what they were asked with.
        logits: (tokens, e), or None.
        numbers: tensors that the layer keeps beside its kernels, by name, which may shift or fix the choices.
        groups: (groups of experts, groups that a token may choose from), as the layer's settings say.
        ids: (tokens,), the tokens' numbers in the vocabulary, for layers that choose by a table.

    Returns:
        The formula, which is false where no known one gives the weights.
    """
    tokens, k = index.shape
    used = weight != 0
    if logits is None or not bool(used.any()):
        return Formula("", False, 1.0, False, (), "", k, tokens, 0.0)
    # A weight in half precision was rounded, and so were the logits that it was made of.
    coarse = max((weight, logits), key=lambda part: torch.finfo(part.dtype).eps)
    tolerance = max(8 * torch.finfo(coarse.dtype).eps, 1e-5)
    index = index.clamp(0, logits.shape[-1] - 1)
    wide, asked = logits.to(torch.promote_types(logits.dtype, torch.float32)), weight.double()
    look = torch.linspace(0, tokens - 1, min(tokens, FIRST_LOOK), device=index.device).long()
    few = _Numbers(wide[look], index[look], asked[look], used[look], tolerance)
    every = _Numbers(wide, index, asked, used, tolerance)
    tried = [(name, renormalised) for renormalised in (False, True) for name in SCORES]
    if tokens > FIRST_LOOK and bool(few.used.any()):
        tried = [each for each in tried if few.fit(*each) is not None]
    found = [fit for each in tried if (fit := every.fit(*each)) is not None]
    if not found:  # one factor for each expert, which few tokens cannot tell
        tried = [(name, renormalised) for renormalised in (False, True) for name in SCORES]
        found = [fit for each in tried if (fit := every.fit(*each, per_expert=True)) is not None]
    found.sort(key=lambda fit: fit.factor != 1)
    choice = _choice(wide, index, used, numbers or {}, groups, ids, found[0].score if found else "", tolerance)
    if not found:
        return Formula("", False, 1.0, False, (), choice, k, tokens, 0.0)
    best, *others = found
    also = tuple(_text(each.score, each.renormalised, each.factor, each.per_expert) for each in others)
    return Formula(best.score, best.renormalised, best.factor, best.per_expert, also, choice, k, tokens, best.error)


@dataclass(frozen=True)
class _Fit:
    score: str
    renormalised: bool
    factor: float
    per_expert: bool
    error: float


@dataclass(frozen=True, eq=False)
class _Numbers:
    """Logits, choices and weights of some tokens, against which a formula is held."""

    logits: Tensor
    index: Tensor
    asked: Tensor
    used: Tensor
    tolerance: float

    def fit(self, score: str, renormalised: bool, per_expert: bool = False) -> _Fit | None:
        """Return the formula with the factor that gives these weights, None where no factor does."""
        value = self._chosen(score)
        if renormalised:
            value = value / value.sum(1, keepdim=True)
        ratio = (self.asked / value)[self.used]
        if not bool(ratio.isfinite().all()):
            return None
        factor = float(ratio.median())
        own: Tensor | float = factor
        if per_expert:
            expert = self.index[self.used]
            times = expert.bincount()
            if int(times[times > 0].min()) < LEAST_PAIRS:
                return None
            own = torch.full_like(ratio, factor)
            for each in times.nonzero().flatten().tolist():
                own[expert == each] = ratio[expert == each].median()
        error = float((ratio / own - 1).abs().max())
        if error > self.tolerance:
            return None
        return _Fit(score, renormalised, 1.0 if per_expert else _rounded(factor, self.tolerance), per_expert, error)

    def _chosen(self, score: str) -> Tensor:
        """Return the scores of the chosen experts, (tokens, k): only a softmax has to look at the others."""
        chosen = self.logits.gather(1, self.index).double()
        if score == "softmax":
            return (chosen - self.logits.logsumexp(1, keepdim=True)).exp()
        return SCORES[score](chosen)


def _rounded(factor: float, tolerance: float) -> float:
    """Return the number with fewest digits that is the factor, within the tolerance."""
    return next(
        short for digits in range(1, 17) if abs((short := float(f"{factor:.{digits}g}")) / factor - 1) <= tolerance
    )


def _choice(
    logits: Tensor,
    index: Tensor,
    used: Tensor,
    numbers: Mapping[str, Tensor],
    groups: tuple[int, int] | None,
    ids: Tensor | None,
    score: str,
    tolerance: float,
) -> str:
    """Return in words a rule that gives the choices of every token; "" where no known one does.

    What the layer declares comes first, a table or groups of experts, since a few tokens may choose as if there were
    none; then the simplest rule, with the bias beside it that would choose the same.
    """
    k, e = index.shape[1], logits.shape[1]
    whole = used.all(1)  # where a choice was dropped, which one it was cannot be seen
    if not bool(whole.any()):
        return ""
    chosen = torch.zeros_like(logits, dtype=torch.bool).scatter(1, index, True)[whole]
    made, mine = logits[whole], index[whole]
    largest = f"the {k} largest" if k > 1 else "the largest"
    for name, table in numbers.items():
        if ids is not None and not table.is_floating_point() and table.ndim == 2 and table.shape[1] == k:
            rows = table[ids[whole].clamp(max=len(table) - 1)]
            if torch.equal(rows.sort(1).values, mine.sort(1).values):
                return f"those in the table {name} of the token's number"
    biases = {name: part.to(logits).flatten() for name, part in numbers.items() if _is_bias(part, e)}
    sums: list[tuple[str, Tensor]] = []
    for title in (*([score] if score else SCORES), ""):  # biases are added to scores, or to the logits themselves
        scores, text = (SCORES[title](made), f"{title}(logit)") if title else (made, "logit")
        sums += [(f"{text} + {name}", scores + bias) for name, bias in biases.items()]
        sums.append((text, scores))
    if groups is not None and groups[1] < groups[0] and e % groups[0] == 0:
        for (text, scores), best in ((each, best) for each in sums for best in (2, 1)):
            if _best(_limited(scores, groups, best), chosen, tolerance):
                by = "their two largest together" if best == 2 else "their largest"
                return f"{largest} {text} within the {groups[1]} best of {groups[0]} groups, by {by}"
    shifted = [text for text, scores in sums if "+" in text and _best(scores, chosen, tolerance)]
    if _best(made, chosen, tolerance):
        also = f" (so are those of {shifted[0]})" if shifted else ""
        return f"{largest} logit{'s' if k > 1 else ''}{also}"
    return f"{largest} {shifted[0]}" if shifted else ""


def _is_bias(part: Tensor, e: int) -> bool:
    """Return whether a tensor has a number for each expert that shifts some against others."""
    shaped = part.is_floating_point() and part.numel() == e and max(part.shape, default=0) == e
    return shaped and bool((part != part.flatten()[0]).any())


def _best(scores: Tensor, chosen: Tensor, tolerance: float) -> bool:
    """Return whether no expert that was left out scores higher than one that was chosen."""
    least = scores.masked_fill(~chosen, torch.inf).amin(1)
    most = scores.masked_fill(chosen, -torch.inf).amax(1)
    close = tolerance * least.abs().clamp(1e-6, torch.finfo(scores.dtype).max)
    return bool((most - least <= close).all())


def _limited(scores: Tensor, groups: tuple[int, int], best: int) -> Tensor:
    """Return scores of experts in a token's best groups, by the sum of the best few of each, and -inf elsewhere."""
    count, allowed = groups
    parts = scores.unflatten(1, (count, -1))
    ranks = parts.topk(min(best, parts.shape[2]), dim=2).values.sum(2)
    kept = torch.zeros_like(ranks, dtype=torch.bool).scatter(1, ranks.topk(min(allowed, count), 1).indices, True)
    return parts.masked_fill(~kept[..., None], -torch.inf).flatten(1)
