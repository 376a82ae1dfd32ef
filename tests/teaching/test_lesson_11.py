"""Lesson 11: causal layers, the patients of the clinic, the two streams, and where exercises meet the library."""

import math

import pytest
import torch

from softmoe_edu import Experts, MoE, SoftRouter, TokensChoiceRouter
from softmoe_edu.cost import MoESizes, moe_cost
from softmoe_edu.course.lesson_05.soft_moe.exercise import soft_moe
from softmoe_edu.course.lesson_11 import causal, contest, next_token, on_paper
from softmoe_edu.course.lesson_11.card import CARD
from softmoe_edu.course.lesson_11.clinic import CLINIC, DIM, EXPERTS, PATIENTS, SLOTS, build
from softmoe_edu.influence import influence, moves
from softmoe_edu.seeds import generator_of
from softmoe_edu.teaching.clinic.patient import clinic
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.draw import Draw

LEAK, PATHS, PREFIX, MACS = (
    find_exercise(id).answer for id in ("leak-matrix", "slot-paths", "prefix-soft-moe", "generation-macs")
)


def drawn(*shape, seed=1):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def layer_of(d, e, p):
    """Return phi and experts of a layer."""
    maps = [drawn(d, d, seed=10 + i) / d**0.5 for i in range(e)]
    return drawn(d, e, p, seed=5), [lambda s, each=each: torch.tanh(s @ each) for each in maps]


def test_the_answer_on_paper_is_that_of_the_layer():
    """Token 0 of the hand example, alone in its slots, has [7/2, 0], in the exercise and in what is compared."""
    phi = torch.tensor([[3.0, 1, 2], [1, 2**0.5, 1]], dtype=torch.float64).log()[:, :, None]
    x = torch.tensor([[[1.0, 0], [0, 2]]], dtype=torch.float64)
    got = PREFIX(x, phi, [lambda slots, by=by: by * slots for by in (4, 3, 3)])

    torch.testing.assert_close(got[0], torch.tensor([[7 / 2, 0], [7 / 4, 3]], dtype=torch.float64))
    assert on_paper.first_answer("?").startswith("not filled in")
    assert all(on_paper.first_answer(typed) == "right, [7/2, 0]" for typed in ("7/2, 0", "[3.5,0]", [3.5, 0]))
    assert on_paper.first_answer("7/3, 7/3").startswith("you have [7/3, 7/3], exact is [7/2, 0]")


@pytest.mark.parametrize(
    ("function", "leak", "batch", "rows"),
    [
        (causal.full, 1, 0, 1),
        (causal.masked_combine, 1, 0, 1),
        (causal.masked_both, 0, 0, 1),
        (PREFIX, 0, 0, 12),
        (causal.previous_segment, 0, 0, 2),
        (causal.same_position, 0, 1, 6),
        (causal.own_token, 0, 0, 4),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_each_layer_leaks_shares_and_costs(function, leak, batch, rows):
    """The lesson's table: leak, batch effect, and expert rows per token of a text of 12."""
    assert contest.properties(function, LEAK) == {"leak": leak, "batch": batch, "rows": rows}


def test_the_leak_matrix_agrees_with_influence():
    """Of layers in which all tokens are mixed, or none, both find the same pairs."""
    torch.manual_seed(0)
    x = drawn(2, 7, 6)
    for router in (SoftRouter(6, 3, 2), TokensChoiceRouter(6, 3, capacity_factor=None)):
        layer = MoE(router, Experts(6, 3, 10)).double().eval()
        assert torch.equal(LEAK(layer, x), moves(influence(layer, x)))


def test_answers_are_those_of_soft_moe_on_prefixes():
    """Each answer is the last one of lesson 05's layer on the tokens so far."""
    x, (phi, experts) = drawn(2, 6, 5), layer_of(5, 3, 4)
    expected = torch.stack([soft_moe(x[:, : i + 1], phi, experts)[:, -1] for i in range(6)], 1)

    torch.testing.assert_close(PREFIX(x, phi, experts), expected)
    torch.testing.assert_close(causal.full(x, phi, experts), soft_moe(x, phi, experts))


def test_the_answer_by_hand():
    """Token 0 of lesson 05's example: [7/3, 7/3] with the future, [7/2, 0] without it; token 1 stays [7/4, 3]."""
    phi = torch.tensor([[math.log(v) for v in (3, 1, 2)], [math.log(v) / 2 for v in (1, 2, 1)]])[..., None]
    x, experts = torch.tensor([[[1.0, 0], [0, 2]]]), [lambda s: 4 * s, lambda s: 3 * s, lambda s: 3 * s]

    torch.testing.assert_close(causal.full(x, phi, experts), torch.tensor([[[7 / 3, 7 / 3], [7 / 4, 3]]]))
    torch.testing.assert_close(PREFIX(x, phi, experts), torch.tensor([[[7 / 2, 0], [7 / 4, 3]]]))


def test_paths_explain_the_leak():
    """A pair moves if and only if there is a path: i + 1 of them with a mask on combine, i - j + 1 with two masks."""
    n, x, (phi, experts) = 6, drawn(1, 6, 5), layer_of(5, 3, 2)
    scores = causal.scores_of(x, phi)
    place = torch.arange(n)
    one, both = (PATHS(*causal.masked_weights(scores, mask_dispatch=mask))[0] for mask in (False, True))

    assert torch.equal(one, (place[:, None] + 1).expand(n, n))
    assert torch.equal(both, (place[:, None] - place + 1).clamp(min=0))
    for function, paths in ((causal.masked_combine, one), (causal.masked_both, both)):
        later = torch.ones(n, n, dtype=torch.bool).triu(1)
        moved = LEAK(lambda x, function=function: function(x, phi, experts), x)
        assert torch.equal(moved[later], paths[later] > 0)


@pytest.mark.parametrize(("n", "slots"), [(7, 5), (16, 16)])
def test_macs_are_the_librarys(n, slots):
    """At once is what the library counts, and every prefix is the sum of that for all lengths."""

    def library(tokens):
        return moe_cost(tokens, 6, 20, MoESizes(router="soft", num_experts=1, slots_per_expert=slots)).macs

    at_once, every_prefix, running = MACS(n, 6, 20, slots)
    assert at_once == library(n)
    assert every_prefix == sum(map(library, range(1, n + 1)))
    assert running == n * library(1)


def test_every_patient_shows_what_it_has_and_nothing_else():
    """Each finding of the clinic is seen in the patients that have it, and in no other."""
    draw = Draw("lesson 11", dtype=torch.float32)
    x, others = draw.normal(1, 8, DIM), draw.normal(2, 3, 8, DIM)
    n, slots = 8, EXPERTS * SLOTS
    for ids in (*PATIENTS, ()):
        layer = build(ids, draw)
        with torch.no_grad():
            apart = (layer(x) - causal.full(x, layer.phi, layer.experts))[0].abs().amax(-1) > 1e-4
        later = LEAK(layer, x).triu(1)
        all_leak, like_full = int(later.sum()) == n * (n - 1) // 2, (~apart).tolist()
        found = {
            "one-ahead": torch.equal(later, torch.ones(n, n, dtype=torch.bool).triu(1).tril(1)),
            "one-behind": not bool(later.any()) and bool(apart[-1]),
            "mask-after-softmax": all_leak and like_full == [False] * (n - 1) + [True],
            "mask-on-combine": all_leak and like_full == [False] * (slots - 1) + [True] * (n - slots + 1),
            "length-of-text": all_leak and not any(like_full),
            "examples-compared": causal.batch_effect(layer, x, others) > 0,
        }
        assert {id for id, there in found.items() if there} == set(ids), ids
        assert set(ids) <= set(CLINIC.suspects)


def test_a_healthy_layer_is_the_exercise():
    """Without anything wrong the layer answers as prefix_soft_moe does."""
    layer = build((), Draw("healthy", dtype=torch.float32))
    x = drawn(3, 7, DIM).float()

    torch.testing.assert_close(layer(x), PREFIX(x, layer.phi, layer.experts))


def test_patients_differ_and_diagnoses_are_read():
    """Twelve patients have at least five illnesses; a right diagnosis is accepted, a wrong one is not."""
    illnesses = [CLINIC.make(Draw("clinic", "11", number))[1] for number in range(1, 13)]

    assert clinic("11").diagnose(*illnesses[0]).startswith("Right.")
    assert clinic("11").diagnose("noisy").startswith("Not right")
    assert len(set(illnesses)) >= 5


def test_the_ideal_reader_multiplies_all_it_has_read():
    """The best possible loss is that of Bayes' rule, worked out topic by topic and product by product."""
    source = next_token.TopicStream(generator_of(3))
    text = source.draw(5)
    expected = []
    for tokens in text.tolist():
        for i in range(1, len(tokens) - 1):
            products = [
                math.prod(float(table[tokens[k], tokens[k + 1]]) for k in range(i - 1)) for table in source.follows
            ]
            nexts = [float(table[tokens[i - 1], tokens[i]]) for table in source.follows]
            expected.append(-math.log(sum(p * q for p, q in zip(products, nexts, strict=True)) / sum(products)))

    assert source.best(text) == pytest.approx(sum(expected) / len(expected), rel=1e-4)


@pytest.mark.slow
def test_a_leak_shows_in_the_loss_and_a_causal_layer_learns_nothing():
    """Of random tokens a masked combine reads the next one off its slots; masks for both let nothing through."""
    leaky, fair = (
        next_token.train(function, stream=next_token.RandomStream, steps=steps)
        for function, steps in ((causal.masked_combine, 150), (causal.masked_both, 40))
    )

    assert leaky["best"] == pytest.approx(math.log(8))
    assert leaky["loss"] < 1 and fair["loss"] > math.log(8) - 0.01


def test_an_entry_is_judged_by_five_things(capsys, monkeypatch):
    """The contest prints leak, batch effect, rows, loss with its control, and whether a limitation was written."""
    monkeypatch.setattr(contest, "train", lambda function, num_experts, seed: {"loss": 2 + num_experts, "best": 1.0})
    contest.enter(None, "?", LEAK)
    assert "No entry yet" in capsys.readouterr().out
    contest.enter(causal.full, "It reads the future, and it cannot be used at all in a decoder.", LEAK)
    said = capsys.readouterr().out.splitlines()

    assert [line.split()[-1] for line in said] == ["0", "ok", "1.0", "5.000", "5", "ok"]
    assert "100.0 %" in said[0] and "5.000 nats" in said[3] and "2.000 nats; several are better in 0 of 5" in said[4]


def test_the_cards_vote_has_its_right_choice():
    """The vote's right answer is one of its choices."""
    assert CARD.vote.right in CARD.vote.choices
