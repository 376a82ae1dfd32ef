"""What a right `expert_choice_route` does: inputs, what makes two outputs comparable, and properties of its own."""

import torch

from softmoe_edu.teaching.check.gradient import gradients
from softmoe_edu.teaching.check.properties import (
    FAR,
    as_defined,
    brief,
    by_hand,
    changed,
    close,
    telling_apart,
)
from softmoe_edu.teaching.exercise import Finding, Property

EXAMPLE = (
    (0.7, 0.2, 0.1),
    (0.5, 0.4, 0.1),
    (0.6, 0.05, 0.35),
    (0.2, 0.5, 0.3),
    (0.1, 0.3, 0.6),
    (0.4, 0.35, 0.25),
)
"""The gates of six tokens with three experts (lesson 04, section 3)."""


def scores(draw, b, n, e, shift=0.0, gap=0.0):
    """Draw scores for which no two tokens have gates close to each other at an expert, in any dtype.

    shift is added to all scores, gap to those of every other token, from the first on.
    """
    while True:
        logits = 1.5 * draw.normal(b, n, e)
        gates = logits.cpu().double().softmax(-1)
        if e == 1 or n == 1 or float(gates.sort(1).values.diff(dim=1).min()) > 1e-4:
            logits[:, ::2] += gap
            return logits + shift


def case(b, n, e, capacity, shift=0.0, gap=0.0):
    """Return a function that draws arguments of these sizes."""
    return lambda draw: (scores(draw, b, n, e, shift, gap), capacity)


def comparable(args, output):
    """Return the output with each expert's tokens in their order; one that cannot be sorted is left as it is."""
    weights, chosen = output
    if not isinstance(weights, torch.Tensor) or not isinstance(chosen, torch.Tensor):
        return output
    if weights.shape != chosen.shape or chosen.is_floating_point() or not chosen.ndim:
        return output
    order = weights.argsort(dim=-1, descending=True, stable=True)
    weights, chosen = weights.gather(-1, order), chosen.long().gather(-1, order)
    chosen = chosen.masked_fill(weights.isnan(), -1)
    order = chosen.argsort(dim=-1, stable=True)
    return weights.gather(-1, order), chosen.gather(-1, order)


def show(args, output):
    """Write each expert's tokens and weights in one line."""
    weights, chosen = comparable(args, output)
    words = []
    for expert in range(weights.shape[1]):
        pairs = zip(chosen[0, expert].tolist(), weights[0, expert].tolist(), strict=True)
        words.append(f"expert {expert}: " + ", ".join(f"token {t} ({brief(w)})" for t, w in pairs))
    return "; ".join(words)


def twice(answer, draw):
    """Require the same answer in two calls."""
    args = case(3, 7, 5, 2)(draw)
    if close(*(comparable(args, answer(*args)) for _ in range(2))):
        return None
    should = "the same scores give the same answer: no noise is added here"
    return Finding(should, "3 x 7 tokens, 5 experts, capacity 2, twice", "the same answer twice", "two different ones")


def full(answer, draw):
    """Require `capacity` different tokens for every expert, the ones with its largest gates, with these gates."""
    tied = draw.integers(0, 3, 3, 7, 4).to(draw.device, draw.dtype)
    cases = ((scores(draw, 3, 7, 4), 3, ""), (scores(draw, 2, 5, 4), 5, ""), (tied, 2, ", many of them equal"))
    for logits, capacity, which in cases:
        b, n, e = logits.shape
        given = f"scores of {b} x {n} tokens with {e} experts{which}; capacity {capacity}"
        weights, chosen = answer(logits, capacity)
        if chosen.dtype != torch.int64:
            should = "token_idx is int64, as topk and argsort return it: gather takes nothing else"
            return Finding(should, given, "int64", str(chosen.dtype).removeprefix("torch."))
        if not bool(((chosen >= 0) & (chosen < n)).all()):
            span = f"{int(chosen.min())} to {int(chosen.max())}"
            return Finding("token_idx holds the numbers of an example's tokens", given, f"0 to {n - 1}", span)
        gates = logits.softmax(-1).mT
        taken = torch.zeros_like(gates, dtype=torch.bool).scatter(-1, chosen, True)
        if not bool((taken.sum(-1) == capacity).all()):
            should = "every expert is exactly full: it takes `capacity` different tokens"
            return Finding(should, given, f"{capacity}", f"{int(taken.sum(-1).min())} for some expert")
        worst, best = gates.masked_fill(~taken, torch.inf).amin(-1), gates.masked_fill(taken, -1).amax(-1)
        if bool((worst < best - 1e-6).any()):
            place = int((best - worst).argmax())
            row, picked = gates.flatten(0, 1)[place], chosen.flatten(0, 1)[place].sort().values
            words = (f"the {capacity} tokens with the largest of these gates", f"tokens {brief(picked)}")
            should = "no token that an expert leaves out has a larger gate for it than one that it takes"
            return Finding(should, f"an expert's gates {brief(row)}, capacity {capacity}", *words)
        if not close(gates.gather(-1, chosen), weights):
            gap = (gates.gather(-1, chosen) - weights).abs().amax(-1)
            place = int(gap.argmax())
            right, got = (part.flatten(0, 1)[place] for part in (gates.gather(-1, chosen), weights))
            should = "weights[..., j] is the gate, softmax over experts, of token token_idx[..., j] with the expert"
            where = f"{given}; an expert that took tokens {brief(chosen.flatten(0, 1)[place])}"
            return Finding(should, where, *telling_apart(lambda pair=(right, got): tuple(map(brief, pair))))
    return None


def relabelled(args, draw):
    """Return the experts in another order, and that order."""
    logits, capacity = args
    order = draw.permutation(logits.shape[2]).to(logits.device)
    return (logits[..., order], capacity), order


def shuffled(args, draw):
    """Return the tokens in another order, and the place of each old one."""
    logits, capacity = args
    order = draw.permutation(logits.shape[1]).to(logits.device)
    return (logits[:, order], capacity), order.argsort()


def at_new_places(before, words):
    """Return the output with the tokens' new numbers, each expert's in order."""
    weights, chosen = before
    return comparable((), (weights, words[0][chosen]))


def others(args, draw):
    """Return the arguments with all examples but the first changed."""
    logits, capacity = args
    return (torch.cat([logits[:1], 2 + scores(draw, *logits.shape)[1:]]), capacity), None


def far_above(draw):
    """Return six tokens, of which one is far above all others at each expert: its rivals have gates of 0."""
    logits = torch.zeros(1, 6, 3, dtype=torch.float64)
    logits[0, :, 0] = 2000.0
    logits[0, 2, 1] = logits[0, 4, 2] = 5000.0
    return draw.tensor(logits.tolist()), 3


def one_far_above(answer, draw):
    """Require different tokens and finite weights where all gates of an expert but one are 0 in floating point."""
    for dtype in (torch.float64, torch.float32):
        logits, capacity = far_above(draw.sub(dtype=dtype))
        weights, chosen = answer(logits, capacity)
        gates = logits.softmax(-1).mT
        different = all(len(set(tokens)) == capacity for tokens in chosen[0].tolist())
        known = bool(((chosen >= 0) & (chosen < 6)).all())
        if different and known and close(gates.gather(-1, chosen.long()), weights):
            continue
        return Finding(
            "an expert fills its slots with different tokens even where their gates are 0 in floating point",
            f"scores up to 5000 ({str(dtype).removeprefix('torch.')}): token 2 is the only one with a gate for expert "
            "1; capacity 3",
            "weights 1, 0, 0 of three different tokens, token 2 first",
            f"weights {brief(weights[0, 1])} of tokens {brief(chosen[0, 1])}",
        )
    return None


def where_they_differ(expected, got):
    """Name the first expert with other tokens or weights, and show both."""
    apart = [~torch.isclose(a.cpu().double(), b.cpu().double(), atol=1e-4) for a, b in zip(expected, got, strict=True)]
    example, expert = (apart[0] | apart[1]).any(-1).nonzero()[0].tolist()

    def words(weights, chosen):
        pairs = zip(chosen[example, expert].tolist(), weights[example, expert].tolist(), strict=True)
        return f"expert {expert} of example {example}: " + ", ".join(f"token {t} ({brief(w)})" for t, w in pairs)

    return telling_apart(lambda: (words(*expected), words(*got)))


def hand(draw):
    """Return six tokens with three experts of two slots (lesson 04, section 3)."""
    return draw.tensor([EXAMPLE]).log(), 2


PROPERTIES = (
    by_hand(
        hand,
        "each expert takes the two tokens with the largest gates in its column, and keeps these gates as weights",
        "the six tokens of section 3, scores log of the gates; capacity 2",
        show=show,
    ),
    Property("no noise", twice),
    Property("exactly full, by the largest gates", full),
    changed(
        "each example is a group of its own: what its experts choose does not depend on other examples",
        case(3, 7, 5, 2),
        others,
        lambda before, words: tuple(part[:1] for part in comparable((), before)),
        name="examples apart",
        view=lambda output: tuple(part[:1] for part in comparable((), output)),
        tell=where_they_differ,
    ),
    changed(
        "experts in a different order choose the same tokens, with the same weights",
        case(3, 7, 5, 2),
        relabelled,
        lambda before, words: tuple(part[:, words[0]] for part in comparable((), before)),
        name="order of experts",
        view=lambda output: comparable((), output),
        tell=where_they_differ,
    ),
    changed(
        "tokens in a different order are chosen under their new numbers: position does not count",
        case(3, 7, 5, 2),
        shuffled,
        at_new_places,
        name="order of tokens",
        view=lambda output: comparable((), output),
        tell=where_they_differ,
    ),
    gradients("a gradient flows through the weights to the scores", case(2, 7, 4, 3), ("logits",)),
    as_defined(
        "softmax over experts, then each expert's largest gates over tokens, whatever the sizes",
        case(3, 7, 5, 2),
        case(2, 9, 4, 3),
        case(2, 5, 3, 5),
        case(1, 4, 6, 1),
        case(1, 1, 4, 1),
        tell=where_they_differ,
    ),
    as_defined(
        "scores of about 1000 give finite weights: subtract a token's largest score before exp",
        case(2, 6, 3, 4, shift=1000.0),
        name="large scores",
        next_step=FAR,
        tell=where_they_differ,
    ),
    as_defined(
        "a token with scores 1000 below another's has gates like any other: subtract its own largest score",
        case(2, 8, 3, 2, gap=1000.0),
        name="scores far apart",
        next_step=FAR,
        tell=where_they_differ,
    ),
    Property("one far above", one_far_above, FAR),
)
