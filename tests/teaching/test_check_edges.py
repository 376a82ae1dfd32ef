"""Wrong answers that are right for most inputs: equal and far apart numbers, inf and NaN, gradients switched off."""

import math

import pytest
import torch
from answerkit import SEEDS, found

from softmoe_edu.course.lesson_01.router_gradient.properties import learned_apart
from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.kill_matrix import from_text


def right(name):
    return from_text(find_exercise(name), find_exercise(name).solution)


def layer_and_block(x, products):
    layer = products.sum(1)
    return layer, x + layer


@pytest.mark.parametrize(
    "products",
    [
        lambda y, w, kept: torch.where(kept[..., None], y * w[..., None], 0.0),
        lambda y, w, kept: (y * w[..., None]).masked_fill(~kept.unsqueeze(-1), 0),
        lambda y, w, kept: (y * (w * kept)[..., None]).nan_to_num(0),
    ],
)
def test_a_nan_in_the_gradient_is_a_failure(products):
    """Products taken out after the multiplication are right numbers with a gradient of NaN, and named."""

    def answer(x, expert_out, weights, kept):
        return layer_and_block(x, products(expert_out, weights, kept))

    assert found("combine-with-residual", answer) == ("gradients beside inf and NaN", "chosen-after-the-product")


def test_a_sum_that_forgets_nan_is_a_failure_too():
    """nansum hides the NaN of the output and not that of the gradient."""

    def answer(x, expert_out, weights, kept):
        layer = (expert_out * (weights * kept)[..., None]).nansum(1)
        return layer, x + layer

    assert found("combine-with-residual", answer) == ("gradients beside inf and NaN", "chosen-after-the-product")


def test_nan_taken_out_before_the_product_is_right():
    """nan_to_num on the answers, before weights that are 0, has finite gradients: accepted."""

    def answer(x, expert_out, weights, kept):
        return layer_and_block(x, expert_out.nan_to_num(0, 0, 0) * (weights * kept)[..., None])

    assert all(examine(find_exercise("combine-with-residual"), answer, seed=seed).passed for seed in SEEDS)


@pytest.mark.parametrize(
    "name",
    ["dispatch-weights", "combine-weights", "soft-moe", "combine-with-residual", "token-choice-moe", "top-k-route"],
)
def test_gradients_switched_off_inside_are_missing(name):
    """An answer that switches gradient mode off and computes the right numbers fails where a gradient is asked for."""
    function = right(name)

    def answer(*args):
        torch.set_grad_enabled(False)
        return function(*args)

    failed, _ = found(name, answer)

    assert failed.startswith("gradient")
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(("name", "axes"), [("dispatch-weights", 1), ("combine-weights", (2, 3))])
def test_one_maximum_for_an_example_is_not_stable(name, axes):
    """Scores far apart are asked for at a fixed distance: exp under an example's maximum is 0 / 0 for some."""

    def answer(logits):
        powers = (logits - logits.amax((1, 2, 3), keepdim=True)).exp()
        return powers / powers.sum(axes, keepdim=True)

    assert all(examine(find_exercise(name), answer, seed=seed).failed == "large scores" for seed in range(20))


def mixture(x, gates, choice, experts):
    answers = torch.zeros_like(x)
    for number, expert in enumerate(experts):
        g, t, j = (choice == number).nonzero(as_tuple=True)
        if len(t):
            answers = answers.index_put((g, t), gates[g, t, j, None] * expert(x[g, t]), accumulate=True)
    return answers


def all_at_the_threshold(x, w_router, experts, k):
    gates = (x @ w_router).softmax(-1)
    kept = gates >= gates.topk(k).values[..., -1:]
    return mixture(x, gates, torch.arange(len(experts)).where(kept, -1), experts)


def first_of_equal_gates(x, w_router, experts, k):
    gates = (x @ w_router).softmax(-1)
    choice = (gates[..., None, :] == gates.topk(k).values[..., :, None]).int().argmax(-1)
    return mixture(x, gates.gather(-1, choice), choice, experts)


def zeros_skipped(x, w_router, experts, k):
    gates, choice = (x @ w_router).softmax(-1).topk(k)
    return mixture(x, gates, choice.where((x != 0).any(-1, keepdim=True), -1), experts)


def again_and_again(gates, k):
    left, found = gates.detach().clone(), []
    for _ in range(k):
        found.append(left.argmax(-1, keepdim=True))
        left = left.scatter(-1, found[-1], 0.0)
    return torch.cat(found, -1)


def same_again(x, w_router, experts, k):
    gates = (x @ w_router).softmax(-1)
    choice = again_and_again(gates, k)
    return mixture(x, gates.gather(-1, choice), choice, experts)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (all_at_the_threshold, ("equal scores", "all-above-the-kth")),
        (zeros_skipped, ("equal scores", "zeros-are-padding")),
        (first_of_equal_gates, ("equal scores", None)),
        (same_again, ("one score far above", "same-expert-again")),
    ],
)
def test_equal_and_far_apart_scores_use_k_different_experts(answer, expected):
    """More experts than k, fewer, or one of them twice: each fails by a property of its own."""
    assert found("token-choice-moe", answer) == expected


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (lambda logits, k: softmax_about(logits, logits.mean(-1, keepdim=True)).topk(k), "minus-the-mean"),
        (lambda logits, k: gathered(logits.softmax(-1), again_and_again(logits.softmax(-1), k)), "same-expert-again"),
    ],
)
def test_one_score_far_above_the_others(answer, mistake):
    """exp that overflows for one high score, and an expert chosen twice because other gates are 0, are named."""
    assert found("top-k-route", answer) == ("one score far above", mistake)


def softmax_about(logits, middle):
    powers = (logits - middle).exp()
    return powers / powers.sum(-1, keepdim=True)


def gathered(gates, indices):
    return gates.gather(-1, indices), indices


def rows(share, multiple_of):
    return share + -share % multiple_of


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda s, m, t, e, k, f: (math.ceil(s) + m - 1) & ~(m - 1), ("multiples", "powers-of-two-only")),
        (lambda s, m, t, e, k, f: ((math.ceil(s) - 1) | (m - 1)) + 1, ("multiples", None)),
        (lambda s, m, t, e, k, f: rows(round(s + 0.5), m), ("nothing to round", "half-added")),
        (lambda s, m, t, e, k, f: rows(min(t, math.ceil(s)), m), ("no other limit", "at-most-tokens")),
        (lambda s, m, t, e, k, f: rows(max(k, math.ceil(s)), m), ("no other limit", "at-least-k")),
        (lambda s, m, t, e, k, f: rows(math.ceil(math.ceil(t * f) * k / e), m), ("rounded once", "tokens-rounded")),
        (lambda s, m, t, e, k, f: t if e == 1 else rows(math.ceil(s), m), ("one expert, many choices", None)),
        (lambda s, m, t, e, k, f: rows(math.ceil(s * {1: 1, 2: 1, 3: 1}[k]), m), ("one expert, many choices", None)),
    ],
)
def test_sizes_that_tell_roundings_apart_are_asked_each_time(answer, expected):
    """Each wrong way of rounding and limiting fails at a fixed example, whatever is drawn."""

    def expert_capacity(tokens, experts, k, factor, multiple_of=1):
        return answer(tokens * k * factor / experts, multiple_of, tokens, experts, k, factor)

    assert found("expert-capacity", expert_capacity) == expected


def by_transform(route, logits, answers, k):
    def loss(scores):
        weights, indices = route(scores, k)
        return (weights * answers.gather(-1, indices)).sum()

    return torch.func.grad(loss)(logits).norm()


def test_no_path_to_the_scores_although_the_loss_has_a_gradient():
    """A router whose weights depend on a parameter of its own is measured as 0; raising there is named."""

    def answer(route, logits, answers, k):
        leaf = logits.clone().requires_grad_()
        weights, indices = route(leaf, k)
        loss = (weights * answers.gather(-1, indices)).sum()
        if not loss.requires_grad:
            return 0.0
        loss.backward()
        return leaf.grad.norm()

    assert found("router-gradient", answer) == ("no path", "asks-the-loss-alone")
    assert all(examine(find_exercise("router-gradient"), by_transform, seed=seed).passed for seed in SEEDS)
    exercise, z = find_exercise("router-gradient"), torch.randn(1, 2, 5)
    for function in (exercise.answer, *exercise.variants):
        assert float(function(learned_apart(), z, z, 2)) == 0, function.__name__
