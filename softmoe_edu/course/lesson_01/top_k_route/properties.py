"""What a right `top_k_route` does: inputs, what makes two outputs comparable, and properties of its own."""

import torch

from softmoe_edu.teaching.check.attempt import copied
from softmoe_edu.teaching.check.diagnosis import flat, observations
from softmoe_edu.teaching.check.gradient import FLOW
from softmoe_edu.teaching.check.properties import (
    FAR,
    as_defined,
    brief,
    by_hand,
    changed,
    close,
    farthest,
    telling_apart,
)
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Finding, Kind, Property


def scores(draw, b, n, e, shift=0.0, gap=0.0):
    """Draw scores, no two of a token close to each other, so that every dtype chooses the same experts.

    shift is added to all scores, gap to those of every other token, from the first on.
    """
    while True:
        logits = 1.5 * draw.normal(b, n, e)
        if e == 1 or float(logits.sort(-1).values.diff(dim=-1).min()) > 2e-3:
            logits[:, ::2] += gap
            return logits + shift


def case(b, n, e, k, shift=0.0, gap=0.0):
    """Return a function that draws arguments of these sizes."""
    return lambda draw: (scores(draw, b, n, e, shift, gap), k)


def comparable(args, output):
    """Return the output with each token's experts in the order of their numbers, the larger weight of equal ones first.

    An expert chosen by a weight that is NaN has no meaning and becomes -1. An output of another shape is left as it is.
    """
    weights, indices = output
    if not isinstance(weights, torch.Tensor) or not isinstance(indices, torch.Tensor):
        return output
    if weights.shape != indices.shape or indices.is_floating_point() or not indices.ndim:
        return output
    order = weights.argsort(dim=-1, descending=True, stable=True)
    weights, indices = weights.gather(-1, order), indices.long().gather(-1, order)
    indices = indices.masked_fill(weights.isnan(), -1)
    order = indices.argsort(dim=-1, stable=True)
    return weights.gather(-1, order), indices.gather(-1, order)


def what_was_chosen(exercise, function, draw, case, far):
    """Return what tells answers of a choice apart: whether two calls agree and, if they do, numbers and gradients."""
    args = case(draw.sub("twice"))
    try:
        first, second = (flat(exercise.same(args, function(*copied(args)))) for _ in range(2))
        steady = all(bool(torch.equal(a, b)) for a, b in zip(first, second, strict=True))
    except Exception:
        steady = True
    if not steady:
        return {"two calls agree": False}
    seen = {"two calls agree": True, **told(observations(exercise, function, draw))}
    try:
        weights, chosen = function(*far(draw))
        different = [len(set(row)) for row in chosen[0].tolist()]
        seen["one far above"] = [different, bool(weights.isfinite().all())]
    except Exception as error:
        seen["one far above"] = type(error).__name__
    return seen


def told(seen):
    """Return observations without the gradients of outputs that contain NaN: those depend on where NaN came from."""
    for key, parts in list(seen.items()):
        if key.startswith("values") and any(isinstance(p, torch.Tensor) and bool(p.isnan().any()) for p in parts):
            seen[key.replace("values", "gradient")] = None
    return seen


def show(args, output):
    """Write each token's experts and weights in one line."""
    weights, indices = comparable(args, output)
    words = []
    for token in range(weights.shape[1]):
        pairs = zip(indices[0, token].tolist(), weights[0, token].tolist(), strict=True)
        words.append(f"token {token}: " + ", ".join(f"expert {i} with {brief(w)}" for i, w in pairs))
    return f"{'; '.join(words)}; sums {brief(weights[0].sum(-1))}"


def the_best(answer, draw):
    """Require the k best experts, all different, each with its own gate; scores may be equal."""
    # The second case has equal scores, of which any may be chosen.
    tied = draw.integers(0, 3, 3, 7, 5).to(draw.device, draw.dtype)
    for logits, k, which in ((scores(draw, 3, 7, 5), 3, ""), (tied, 2, ", many of them equal")):
        given = f"3 x 7 tokens, 5 experts, k = {k}{which}"
        weights, indices = answer(logits, k)
        if indices.dtype != torch.int64:
            should = "indices are int64, as topk and argsort return them: gather takes no others"
            return Finding(should, given, "int64", str(indices.dtype).removeprefix("torch."))
        if not bool(((indices >= 0) & (indices < 5)).all()):
            span = f"{int(indices.min())} to {int(indices.max())}"
            return Finding("indices are numbers of experts", given, "0 to 4", span)
        gates = logits.softmax(-1)
        chosen = torch.zeros_like(gates, dtype=torch.bool).scatter(-1, indices, True)
        if not bool((chosen.sum(-1) == k).all()):
            least = int(chosen.sum(-1).min())
            return Finding("each token chooses k different experts", given, f"{k}", f"{least} for some token")
        worst, best = (
            logits.masked_fill(~chosen, torch.inf).amin(-1),
            logits.masked_fill(chosen, -torch.inf).amax(-1),
        )
        if bool((worst < best).any()):
            place = int((best - worst).argmax())
            row = logits.flatten(0, 1)[place]
            should = "no expert that is left out has a higher score than a chosen one"
            picked = indices.flatten(0, 1)[place].sort().values
            words = (f"{k} experts with the highest of these scores", f"experts {brief(picked)}")
            return Finding(should, f"scores {brief(row)}, k = {k}", *words)
        if not close(gates.gather(-1, indices), weights):
            should = "weights[..., j] is the gate, softmax over all experts, of expert indices[..., j]"
            gap = (gates.gather(-1, indices) - weights).abs().amax(-1)
            place = int(gap.argmax())
            right, got = (part.flatten(0, 1)[place] for part in (gates.gather(-1, indices), weights))
            asked = f"{given}; a token that chose experts {brief(indices.flatten(0, 1)[place])}"
            return Finding(
                should, asked, f"{brief(right)}, sum {brief(right.sum())}", f"{brief(got)}, sum {brief(got.sum())}"
            )
    return None


def twice(answer, draw):
    """Require the same answer in two calls."""
    args = case(3, 7, 5, 2)(draw)
    if close(*(comparable(args, answer(*args)) for _ in range(2))):
        return None
    should = "the same scores give the same answer: no noise is added here"
    return Finding(should, "3 x 7 tokens, 5 experts, k = 2, twice", "the same answer twice", "two different answers")


def alone(args, draw):
    """Return the arguments with all tokens but the first changed."""
    logits, k = args
    return (torch.cat([logits[:, :1], scores(draw, *logits.shape)[:, 1:]], 1), k), None


def relabelled(args, draw):
    """Return the experts in another order, and that order."""
    logits, k = args
    order = draw.permutation(logits.shape[-1])
    return (logits[..., order], k), order


def names_of_old(before, words):
    """Return what was chosen, under the experts' new numbers."""
    weights, indices = before
    return comparable((), (weights, words[0].argsort()[indices.long()]))


def gradient(answer, draw):
    """Require the gradient of a softmax over all experts."""
    for k in (1, 2):
        logits, _ = args = case(3, 7, 5, k)(draw)
        pull = draw.sub("pull").normal(3, 7, k)
        found = []
        for function in (answer.exercise.answer, answer.raw):
            leaf = logits.clone().requires_grad_()
            total = (comparable(args, function(leaf, k))[0] * pull).sum()
            # An answer may be a new leaf with a graph of its own, which leads nowhere.
            slope = torch.autograd.grad(total, leaf, allow_unused=True)[0] if total.requires_grad else None
            found.append(slope)
        given = f"3 x 7 tokens, 5 experts, k = {k}"
        should = (
            "each weight has the gradient of a softmax over all experts; with another one the router learns wrongly"
        )
        if found[1] is None:
            none = "none: the path from logits to weights is cut"
            return Finding(should, given, "a gradient for logits", none, kind=Kind.CUTS_GRADIENT)
        if not close(*found):
            return Finding(should, f"{given}; gradient of logits", *farthest(*found))
    return None


def far_above(draw):
    """Return two tokens with one score far above all others: one gate is 1, several are 0."""
    return draw.tensor([[[1000, 0, -5, 3], [0, 120, 0, 0]]]), 2


def one_far_above(answer, draw):
    """Require different experts and finite weights where a token's other gates are 0 in floating point."""
    for dtype in (torch.float64, torch.float32):
        logits, k = far_above(draw.sub(dtype=dtype))
        weights, indices = answer(logits, k)
        gates = logits.softmax(-1)
        different = all(len(set(chosen)) == k for chosen in indices[0].tolist())
        known = bool(((indices >= 0) & (indices < 4)).all())
        if different and known and close(gates.gather(-1, indices.long()), weights):
            continue
        return Finding(
            "a score far above the others of its token has gate 1, without overflow, and the second chosen expert is a "
            "different one, with gate 0",
            f"scores [1000, 0, -5, 3] and [0, 120, 0, 0] ({str(dtype).removeprefix('torch.')}), k = 2",
            "weights [1, 0] and [1, 0], each of two different experts",
            f"weights {brief(weights[0, 0])} and {brief(weights[0, 1])} of experts {brief(indices[0, 0])} and "
            f"{brief(indices[0, 1])}",
        )
    return None


def where_they_differ(expected, got):
    """Name the first token with other experts or weights, and show both."""
    apart = [~torch.isclose(a.cpu().double(), b.cpu().double(), atol=1e-4) for a, b in zip(expected, got, strict=True)]
    example, token = (apart[0] | apart[1]).any(-1).nonzero()[0].tolist()

    def words(weights, indices):
        pairs = zip(indices[example, token].tolist(), weights[example, token].tolist(), strict=True)
        return f"token {token} of example {example}: " + ", ".join(f"expert {i} with {brief(w)}" for i, w in pairs)

    return telling_apart(lambda: (words(*expected), words(*got)))


def hand(draw: Draw) -> tuple:
    """Return three tokens with four experts: the gates are tenths."""
    return draw.tensor([[[4, 1, 2, 3], [1, 5, 3, 1], [1, 2, 1, 6]]]).log(), 2


PROPERTIES = (
    by_hand(
        hand,
        "a token's gates are exp(score) over their sum, and the two largest are kept as they are",
        "exp(scores) of 3 tokens and 4 experts: [[4, 1, 2, 3], [1, 5, 3, 1], [1, 2, 1, 6]], k = 2",
        show=show,
    ),
    Property("no noise", twice),
    Property("the best, with their gates", the_best),
    changed(
        "a token's choice and weights do not change with the other tokens",
        case(3, 7, 5, 2),
        alone,
        lambda before, words: tuple(part[:, :1] for part in comparable((), before)),
        name="tokens apart",
        view=lambda output: tuple(part[:, :1] for part in comparable((), output)),
        tell=where_they_differ,
    ),
    changed(
        "experts in another order are chosen under their new numbers, with the same weights",
        case(3, 7, 5, 2),
        relabelled,
        names_of_old,
        name="order of experts",
        view=lambda output: comparable((), output),
        tell=where_they_differ,
    ),
    Property("gradient", gradient, FLOW),
    as_defined(
        "softmax over all experts, then the k largest, whatever the sizes",
        case(3, 7, 5, 2),
        case(2, 6, 4, 1),
        case(2, 3, 4, 4),
        case(1, 1, 6, 3),
        case(2, 5, 1, 1),
        tell=where_they_differ,
    ),
    as_defined(
        "scores of about 1000 give finite weights: subtract a token's largest score before exp",
        case(2, 5, 4, 3, shift=1000.0),
        name="large scores",
        next_step=FAR,
        tell=where_they_differ,
    ),
    as_defined(
        "a token with scores 1000 below another's has weights like any other: subtract its own largest score",
        case(2, 4, 5, 3, gap=1000.0),
        name="scores far apart",
        next_step=FAR,
        tell=where_they_differ,
    ),
    Property("one score far above", one_far_above, FAR),
)
