"""What a right `prefix_soft_moe` does: no leak, the last row of Soft MoE, and answers that stay as a text grows."""

import math

from softmoe_edu.course.lesson_05.soft_moe.properties import mlps
from softmoe_edu.course.lesson_11.causal import full
from softmoe_edu.teaching.check.gradient import gradients
from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, close, each_of, farthest, finite
from softmoe_edu.teaching.exercise import Finding, Property


def layer(b, n, d, e, p, scale=1.0):
    """Return a function that draws arguments of these sizes."""
    return lambda draw: (draw.normal(b, n, d), scale * draw.normal(d, e, p), mlps(draw, d, e))


def _hand(draw):
    """Two tokens, two experts of one slot: token 0 alone in its slots, then 3/4 of it and 1/4 of token 1, or half."""
    phi = draw.tensor([[math.log(3), 0.0], [0.0, 0.0]])
    return draw.tensor([[[1, 0], [0, 2]]]), phi[..., None], [lambda s: 4 * s, lambda s: s]


def _no_leak(answer, draw):
    for n in (5, 6):
        x, phi, experts = layer(2, n, 4, 3, 2)(draw.sub(n))
        before = answer(x.clone(), phi, experts)
        for j in range(1, n):
            changed = x.clone()
            changed[:, j] = -2 * x[:, j]
            after = answer(changed, phi, experts)
            moved = [i for i in range(j) if not close(before[:, i], after[:, i])]
            if moved:
                given = f"x (2, {n}, 4), 3 experts of 2 slots; token {j} becomes -2 times itself"
                got = f"output {moved[0]} moved by {brief((after - before)[:, moved[0]].abs().max().item(), 4)}"
                return Finding("no output moves when a later token changes", given, f"output {j - 1} stays", got)
    return None


def _reads_the_past(answer, draw):
    x, phi, experts = layer(2, 5, 4, 3, 2)(draw)
    before = answer(x.clone(), phi, experts)
    for j in range(5):
        changed = x.clone()
        changed[:, j] = -2 * x[:, j]
        after = answer(changed, phi, experts)
        still = [i for i in range(j, 5) if close(before[:, i], after[:, i])]
        if still:
            given = f"x (2, 5, 4); token {j} becomes -2 times itself"
            should = "every output reads all tokens up to its own, and its own"
            return Finding(should, given, f"output {still[0]} moves", "it stays")
    return None


def _last_row(answer, draw):
    for sizes in ((2, 5, 4, 3, 2), (3, 6, 5, 2, 4)):
        x, phi, experts = layer(*sizes)(draw.sub(*sizes))
        expected, got = full(x, phi, experts)[:, -1], answer(x.clone(), phi, experts)[:, -1]
        if not close(expected, got):
            should = "the last answer is that of full Soft MoE: its prefix is the whole sequence"
            return Finding(should, answer.given((x, phi, experts)), *farthest(expected, got))
    return None


def _grows(answer, draw):
    x, phi, experts = layer(2, 7, 4, 3, 2)(draw)
    whole = answer(x.clone(), phi, experts)
    for k in (1, 2, 5):
        part = answer(x[:, :k].clone(), phi, experts)
        if not close(whole[:, :k], part):
            should = "answers do not change while the text grows: the first k are those to the first k tokens"
            words = farthest(whole[:, :k].contiguous(), part)
            return Finding(should, f"x (2, 7, 4), and its first {k} tokens alone", *words)
    return None


def _alone(answer, draw):
    x, phi, experts = layer(3, 4, 4, 2, 3)(draw)
    together, alone = answer(x.clone(), phi, experts), answer(x[:1].clone(), phi, experts)
    if close(together[:1], alone):
        return None
    should = "each example of the batch is computed by itself"
    return Finding(should, "x (3, 4, 4), and its first example alone", *farthest(alone, together[:1].contiguous()))


PROPERTIES = (
    by_hand(
        _hand,
        "token 0 is alone in its slots; in those of token 1, slot 0 holds 3/4 and 1/4, slot 1 half of each",
        "tokens [1, 0], [0, 2]; exp(score) [[3, 1], [1, 1]]; expert 0 multiplies by 4, expert 1 by 1",
        next_step="work out answer 0: each slot holds token 0, and the combine weights are 3/4 and 1/4",
    ),
    Property("no leak", _no_leak, "print leak_matrix(lambda x: prefix_soft_moe(x, phi, experts), x).int()"),
    Property("all of the past", _reads_the_past, "print leak_matrix(lambda x: prefix_soft_moe(x, phi, experts), x)"),
    Property("the last row", _last_row, "compare your last answer with that of soft_moe of lesson 05"),
    Property("a growing text", _grows, "call your function with x[:, :2] and with x, and compare the first two rows"),
    Property("examples alone", _alone),
    as_defined(
        "answer i is the last one of Soft MoE on tokens 0 to i",
        layer(3, 7, 5, 4, 2),
        layer(2, 4, 6, 3, 5),
        layer(2, 6, 3, 1, 2),
        layer(1, 1, 4, 2, 1),
    ),
    each_of(
        "large scores",
        finite(
            "scores of a few thousand give finite answers: subtract the largest before exp", layer(2, 6, 4, 3, 2, 900)
        ),
    ),
    gradients("gradients reach x and phi", layer(2, 5, 4, 3, 2), ("x", "phi")),
)
