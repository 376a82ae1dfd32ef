"""Exercise: each token's k best experts and the weights of their answers (lesson 01)."""

import torch

from softmoe_edu.routers.tokens_choice import TokensChoiceRouter, choose_experts
from softmoe_edu.teaching.answer import copied
from softmoe_edu.teaching.diagnosis import flat, observations
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise, Finding, Hint, Property
from softmoe_edu.teaching.exercises.top_k_route_mistakes import MISTAKES
from softmoe_edu.teaching.exercises.top_k_route_variants import VARIANTS
from softmoe_edu.teaching.properties import as_defined, brief, by_hand, changed, close


def top_k_route(logits, k):
    """Choose k experts for each token, and give the weights with which their answers will count.

    logits (b, n, e): the score of each of n tokens with each of e experts, for b examples.
    Returns weights (b, n, k) in the dtype of logits, and indices (b, n, k), int64: weights[..., j] belongs to expert
    indices[..., j]. Convention: softmax over all e experts, then the k largest, not divided again, so that the
    weights of a token sum to less than 1 unless k = e. The k may stand in any order, and where scores are equal any
    of the equal experts will do. A gradient must flow through the weights, so use torch.
    """
    gates = logits.softmax(dim=-1)
    indices = gates.argsort(dim=-1, descending=True)[..., :k]
    return gates.gather(-1, indices), indices


def scores(draw, b, n, e, shift=0.0, gap=0.0):
    """Draw scores of which no two of a token are near each other, so that every dtype chooses alike.

    shift is added to all scores, gap to those of every other token, from the first on.
    """
    while True:
        logits = 1.5 * draw.normal(b, n, e)
        if e == 1 or float(logits.sort(-1).values.diff(dim=-1).min()) > 2e-3:
            logits[:, ::2] += gap
            return logits + shift


def case(b, n, e, k, shift=0.0, gap=0.0):
    """Give a maker of arguments of these sizes."""
    return lambda draw: (scores(draw, b, n, e, shift, gap), k)


def hand(draw: Draw) -> tuple:
    """Three tokens with four experts: the gates are tenths."""
    return draw.tensor([[[4, 1, 2, 3], [1, 5, 3, 1], [1, 2, 1, 6]]]).log(), 2


def comparable(args, output):
    """Give the output with each token's experts in the order of their numbers, of equal ones the larger weight first.

    Which experts were chosen by weights that are NaN means nothing: -1. An output of another shape is left as it is.
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


def told(seen):
    """Give observations without gradients of outputs that hold NaN: where NaN comes from decides where it goes to."""
    for key, parts in list(seen.items()):
        if key.startswith("values") and any(isinstance(p, torch.Tensor) and bool(p.isnan().any()) for p in parts):
            seen[key.replace("values", "gradient")] = None
    return seen


def observe(function, draw):
    """Tell answers apart: whether two calls agree and, where they do, numbers and gradients."""
    args = case(3, 7, 5, 2)(draw.sub("twice"))
    try:
        first, second = (flat(comparable(args, function(*copied(args)))) for _ in range(2))
        steady = all(bool(torch.equal(a, b)) for a, b in zip(first, second, strict=True))
    except Exception:
        steady = True
    if not steady:
        return {"two calls agree": False}
    return {"two calls agree": True, **told(observations(EXERCISE, function, draw))}


def _show(args, output):
    weights, indices = comparable(args, output)
    words = []
    for token in range(weights.shape[1]):
        pairs = zip(indices[0, token].tolist(), weights[0, token].tolist(), strict=True)
        words.append(f"token {token}: " + ", ".join(f"expert {i} with {brief(w)}" for i, w in pairs))
    return f"{'; '.join(words)}; sums {brief(weights[0].sum(-1))}"


def _best(answer, draw):
    # The second case has equal scores, of which any may be chosen.
    tied = draw.integers(0, 3, 3, 7, 5).to(draw.device, draw.dtype)
    for logits, k, which in ((scores(draw, 3, 7, 5), 3, ""), (tied, 2, ", many of them equal")):
        given = f"3 x 7 tokens, 5 experts, k = {k}{which}"
        weights, indices = answer(logits, k)
        if indices.dtype != torch.int64:
            should = "indices are int64, as topk and argsort give them: gather reads with no others"
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
            should = "no expert that is left out scores higher than one that is chosen"
            picked = indices.flatten(0, 1)[place].sort().values
            return Finding(should, f"scores {brief(row)}, k = {k}", got=f"experts {brief(picked)}")
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


def _twice(answer, draw):
    args = case(3, 7, 5, 2)(draw)
    if close(*(comparable(args, answer(*args)) for _ in range(2))):
        return None
    should = "the same scores give the same answer: no noise is added here"
    return Finding(should, "3 x 7 tokens, 5 experts, k = 2, twice", "the same twice", "two different answers")


def _alone(args, draw):
    logits, k = args
    return (torch.cat([logits[:, :1], scores(draw, *logits.shape)[:, 1:]], 1), k), None


def _relabelled(args, draw):
    logits, k = args
    order = draw.permutation(logits.shape[-1])
    return (logits[..., order], k), order


def _names_of_old(before, words):
    weights, indices = before
    return comparable((), (weights, words[0].argsort()[indices.long()]))


def _gradient(answer, draw):
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
            "each weight has the gradient of a softmax over all experts, or the router learns otherwise, or nothing"
        )
        if found[1] is None:
            return Finding(should, given, "a gradient for logits", "none: the path from logits to weights is cut")
        if not close(*found):
            norms = [f"a gradient of norm {brief(each.norm())}" for each in found]
            return Finding(should, given, norms[0], f"{norms[1]}, or of another direction")
    return None


EXERCISE = Exercise(
    id="top-k-route",
    lesson="01",
    order=1,
    title="Choose k experts and weigh them",
    answer=top_k_route,
    probe=case(3, 7, 5, 2),
    probes=(case(2, 6, 4, 1), case(2, 5, 4, 3, shift=1000.0), case(1, 4, 5, 3, gap=1000.0)),
    observe=observe,
    same=comparable,
    properties=(
        by_hand(
            hand,
            "a token's gates are exp(score) over their sum, and the two largest are kept as they are",
            "exp(scores) of 3 tokens and 4 experts: [[4, 1, 2, 3], [1, 5, 3, 1], [1, 2, 1, 6]], k = 2",
            show=_show,
        ),
        Property("no noise", _twice),
        Property("the best, with their gates", _best),
        changed(
            "a token's choice and weights do not change with the other tokens",
            case(3, 7, 5, 2),
            _alone,
            lambda before, words: tuple(part[:, :1] for part in comparable((), before)),
            name="tokens apart",
            view=lambda output: tuple(part[:, :1] for part in comparable((), output)),
        ),
        changed(
            "experts in another order are chosen under their new numbers, with the same weights",
            case(3, 7, 5, 2),
            _relabelled,
            _names_of_old,
            name="order of experts",
            view=lambda output: comparable((), output),
        ),
        Property("gradient", _gradient),
        as_defined(
            "softmax over all experts, then the k largest, whatever the sizes",
            case(3, 7, 5, 2),
            case(2, 6, 4, 1),
            case(2, 3, 4, 4),
            case(1, 1, 6, 3),
            case(2, 5, 1, 1),
        ),
        as_defined(
            "scores of about 1000 give finite weights: subtract a token's largest score before exp",
            case(2, 5, 4, 3, shift=1000.0),
            name="large scores",
        ),
        as_defined(
            "a token with scores 1000 below another's has weights like any other: subtract its own largest score",
            case(2, 4, 5, 3, gap=1000.0),
            name="scores far apart",
        ),
    ),
    hints=(
        Hint(
            "Two of the six steps, in this order: normalise over all experts, then select. In (b, n, e), which axis is "
            "that of the experts? Look at one token's gates first.",
            "def top_k_route(logits, k):\n"
            "    print('scores of the first token:', logits[0, 0])\n"
            "    print('experts:', logits.shape[-1], 'to choose:', k)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "tensor.topk(k) gives two tensors, the k largest values of the last axis and where they stand. Try it on "
            "four numbers. Which tensor do you want to call it on, the scores or the gates?",
            "def top_k_route(logits, k):\n"
            "    values, places = torch.tensor([0.4, 0.1, 0.2, 0.3]).topk(2)\n"
            "    print('values', values, 'at', places)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "An answer, in one way of several.",
            "def top_k_route(logits, k):\n"
            "    weights, indices = torch.softmax(logits, -1).topk(k, -1)\n"
            "    return weights, indices",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=5,
    difficulty=2,
    points=2,
    essential=True,
    library=(choose_experts, TokensChoiceRouter),
)
