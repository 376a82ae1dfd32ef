"""Wrong answers as learners write them, with faults beside the main one: each hears of that first, by its name."""

import math

import pytest
import torch
from torch.nn.functional import normalize

from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.discovery import find_exercise


def layer_without_multiple(tokens, experts, k, factor, multiple_of=1):
    """Slots of the layer, and multiple_of not used."""
    return math.ceil(tokens * k * factor)


def all_buffers(tokens, experts, k, factor, multiple_of=1):
    capacity = math.ceil(tokens * k * factor / experts)
    return (capacity + -capacity % multiple_of) * experts


def block_always_added(tokens, experts, k, factor, multiple_of=1):
    return (math.ceil(tokens * k * factor / experts) // multiple_of + 1) * multiple_of


def assigning(start=0, through=False):
    """Make an assignment that counts slots from `start`, or through all experts."""

    def assign_with_capacity(indices, weights, capacity, priority):
        order = list(range(len(indices)))
        if priority == "gate":
            order.sort(key=lambda token: -float(weights[token, 0]))
        positions, kept, taken = torch.zeros_like(indices), torch.zeros_like(indices, dtype=torch.bool), {}
        for choice in range(indices.shape[1]):
            for token in order:
                expert = int(indices[token, choice])
                slot = taken.get(expert, 0)
                if expert >= 0 and slot < capacity:
                    positions[token, choice] = slot + start + (expert * capacity if through else 0)
                    kept[token, choice], taken[expert] = True, slot + 1
        return positions, kept

    return assign_with_capacity


def in_loops(zeros=torch.zeros_like, add=True, gated=True):
    """Make a sparse layer in loops over examples, tokens and choices."""

    def token_choice_moe(x, w_router, experts, k):
        gates, indices = (x @ w_router).softmax(-1).topk(k)
        y = zeros(x)
        for b, n, j in ((b, n, j) for b in range(x.shape[0]) for n in range(x.shape[1]) for j in range(k)):
            answer = experts[int(indices[b, n, j])](x[b, n]) * (gates[b, n, j] if gated else 1)
            y[b, n] = y[b, n] + answer if add else answer
        return y

    return token_choice_moe


def in_float32(x):
    return torch.zeros(x.shape)


def combining(zeros=torch.zeros_like, add=True, share=1.0):
    """Make what adds up answers in loops over tokens and choices."""

    def combine_with_residual(x, expert_out, weights, kept):
        layer = zeros(x)
        for token, choice in kept.nonzero().tolist():
            answer = weights[token, choice] * expert_out[token, choice] * share
            layer[token] = layer[token] + answer if add else answer
        return layer, x + layer

    return combine_with_residual


def outputs(weights, indices, answers, k):
    return (weights * answers.gather(-1, indices)).sum()


def mean_of_outputs(weights, indices, answers, k):
    return outputs(weights, indices, answers, k) / weights[..., 0].numel()


def twice_over_slots(logits):
    return over_slots(over_slots(logits))


def measuring(loss=outputs, size=torch.Tensor.norm):
    """Make a measurement that raises where no path leads to the scores."""

    def router_gradient(route, logits, answers, k):
        logits = logits.clone().requires_grad_()
        loss(*route(logits, k), answers, k).backward()
        return size(logits.grad)

    return router_gradient


def scores_of(x, phi):
    return torch.einsum("bnd,dep->bnep", x, phi)


def cosines_of(x, phi):
    return scores_of(normalize(x, dim=-1), normalize(phi, dim=0))


def over_slots(logits):
    return logits.flatten(2).softmax(-1).view_as(logits)


def own_slots(slots, experts):
    return torch.stack([expert(slots[:, i]) for i, expert in enumerate(experts)], 1)


def layer_of(
    score=scores_of, fill=lambda z: z.softmax(1), weigh=over_slots, read=lambda x: x, run=own_slots, dtype=None
):
    """Make a Soft MoE layer of its steps."""

    def soft_moe(x, phi, experts):
        logits = score(x, phi)
        slots = torch.einsum("bnep,bnd->bepd", fill(logits), read(x))
        return torch.einsum("bnep,bepd->bnd", weigh(logits), run(slots, experts)).to(dtype or x.dtype)

    return soft_moe


def routing(weigh):
    """Make a router in loops, whose weights are collected in float32."""

    def top_k_route(logits, k):
        b, n, _ = logits.shape
        weights, indices = torch.zeros(b, n, k), torch.zeros(b, n, k, dtype=torch.long)
        for i in range(b):
            for j in range(n):
                weights[i, j], indices[i, j] = weigh(logits[i, j], k)
        return weights, indices

    return top_k_route


def divided(logits, k):
    weights, indices = logits.softmax(-1).topk(k)
    return weights / weights.sum(-1, keepdim=True), indices


def softmax_last(logits, k):
    best, indices = logits.topk(k)
    return best.softmax(-1), indices


def softmax_again(logits, k):
    gates, indices = logits.softmax(-1).topk(k)
    return gates.softmax(-1), indices


def softmax_first(logits, k):
    return logits.softmax(-1).topk(k)


ANSWERS = {
    "rows of the layer": ("expert-capacity", layer_without_multiple, "rows-of-the-layer"),
    "rows of all buffers": ("expert-capacity", all_buffers, "all-buffers-together"),
    "a whole multiple": ("expert-capacity", block_always_added, "a-whole-multiple-more"),
    "from 1": ("assign-with-capacity", assigning(1), "counted-from-one"),
    "through all experts": ("assign-with-capacity", assigning(through=True), "numbered-through"),
    "no gate": ("token-choice-moe", in_loops(gated=False), "no-gate"),
    "no gate, float32": ("token-choice-moe", in_loops(in_float32, gated=False), "no-gate"),
    "overwritten": ("token-choice-moe", in_loops(add=False), "last-choice-left"),
    "overwritten, float32": ("token-choice-moe", in_loops(in_float32, add=False), "last-choice-left"),
    "float32": ("token-choice-moe", in_loops(in_float32), "stored-in-float32"),
    "answers overwritten": ("combine-with-residual", combining(add=False), "overwritten"),
    "mean, float32": ("combine-with-residual", combining(in_float32, share=0.5), "mean-of-choices"),
    "answers in float32": ("combine-with-residual", combining(in_float32), "stored-in-float32"),
    "mean loss": (
        "router-gradient",
        measuring(lambda w, i, a, k: outputs(w, i, a, k) / w[..., 0].numel()),
        "mean-for-sum",
    ),
    "slice": ("router-gradient", measuring(lambda w, i, a, k: (w * a[..., :k]).sum()), "first-answers"),
    "no root": ("router-gradient", measuring(size=lambda g: g.square().sum()), "no-root"),
    "absolute values": ("router-gradient", measuring(size=lambda g: g.abs().sum()), "absolute-values-added"),
    "no path": ("router-gradient", measuring(), "raises-without-path"),
    "cosines": ("soft-moe", layer_of(cosines_of), "cosine-scores"),
    "cosines, float32": ("soft-moe", layer_of(cosines_of, dtype=torch.float32), "cosine-scores"),
    "normalised in slots": ("soft-moe", layer_of(read=lambda x: normalize(x, dim=-1)), "mixes-normalised-tokens"),
    "softmax twice": ("soft-moe", layer_of(fill=lambda z: z.softmax(1).softmax(1)), "dispatch-softmax-twice"),
    "softmax twice, combine": (
        "soft-moe",
        layer_of(weigh=twice_over_slots),
        "combine-softmax-twice",
    ),
    "softmax of dispatch": ("soft-moe", layer_of(weigh=lambda z: over_slots(z.softmax(1))), "combine-of-dispatch"),
    "all slots to all": ("soft-moe", layer_of(run=lambda s, f: sum(g(s) for g in f)), "all-slots-to-all"),
    "dispatch, twice": ("dispatch-weights", lambda logits: logits.softmax(1).softmax(1), "softmax-twice"),
    "combine, twice": ("combine-weights", twice_over_slots, "softmax-twice"),
    "divided": ("top-k-route", divided, "top-k-then-softmax"),
    "the other order, float32": ("top-k-route", routing(softmax_last), "top-k-then-softmax"),
    "gates, twice": ("top-k-route", softmax_again, "softmax-twice"),
    "gates in float32": ("top-k-route", routing(softmax_first), "stored-in-float32"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_named(name):
    """The suspicion is the mistake that was made, whatever else is wrong with the answer."""
    exercise, answer, expected = ANSWERS[name]
    report = examine(find_exercise(exercise), answer)

    assert report.status == "failed"
    assert report.mistake == expected, report
    if "float32" in name and "stored" not in (expected or ""):
        assert report.failed.startswith("the example"), report


@pytest.mark.parametrize("name", [name for name, (*_, expected) in ANSWERS.items() if expected == "stored-in-float32"])
def test_right_numbers_in_another_dtype_lose_a_quarter(name):
    """Everything that an answer means is right: only the last property fails, and a quarter of the points is lost."""
    exercise, answer, _ = ANSWERS[name]
    report = examine(find_exercise(exercise), answer)

    assert report.fails == ("dtype",) and report.points(2) == 1.5


def test_a_softmax_before_top_k_is_not_said_to_come_after_it():
    """Who divides the gates by their sum is not accused of choosing first: both ways give these numbers."""
    said = str(examine(find_exercise("top-k-route"), divided))

    assert "makes the weights of the chosen experts sum to 1" in said and "division" in said
    assert "chooses first" not in said


@pytest.mark.parametrize("name", ["mean loss", "slice"])
def test_ordinary_values_come_before_edge_cases(name):
    """A wrong number on ordinary input is told before the missing case of a router without a path."""
    exercise, answer, _ = ANSWERS[name]
    report = examine(find_exercise(exercise), answer)

    assert report.failed == "tokens, experts and choices" and "no path" in report.fails
    assert "does not require grad" not in str(report)
