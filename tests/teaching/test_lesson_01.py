"""Lesson 01: the patients of the clinic, the card, and where the exercises meet the library."""

import pytest
import torch

from softmoe_edu import Experts, MoE, TokensChoiceRouter, metrics, record
from softmoe_edu.course.lesson_01.card import CARD
from softmoe_edu.course.lesson_01.clinic import CLINIC, PATIENTS, PatientRouter
from softmoe_edu.routers.tokens_choice import choose_experts
from softmoe_edu.teaching.clinic.patient import clinic
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.draw import Draw

ROUTE, MEASURE, LAYER = (find_exercise(id).answer for id in ("top-k-route", "router-gradient", "token-choice-moe"))


def drawn(*shape, seed=1):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def layer_of(*ids):
    """Return a patient's layer with these ids, in float64 and evaluation mode."""
    torch.manual_seed(0)
    return MoE(PatientRouter(frozenset(ids)), Experts(8, 5, 12)).double().eval()


@pytest.mark.parametrize("k", [1, 2, 5])
def test_choices_are_the_librarys(k):
    """top_k_route returns what choose_experts returns under the name "vmoe"."""
    logits = drawn(3, 7, 5)
    weights, indices = ROUTE(logits, k)
    expected_indices, expected_weights = choose_experts(logits, k, "vmoe")

    assert torch.equal(expected_indices, indices)
    torch.testing.assert_close(weights, expected_weights)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_layer_is_the_librarys(k):
    """token_choice_moe has the same answers as an MoE layer whose router drops nothing."""
    torch.manual_seed(0)
    layer = MoE(TokensChoiceRouter(5, 4, k, capacity_factor=None), Experts(5, 4, 6)).double()
    x = drawn(3, 7, 5)

    def expert(number):
        def run(rows):
            slots = torch.zeros(1, 4, len(rows), 5, dtype=rows.dtype)
            slots[0, number] = rows
            return layer.experts(slots)[0, number]

        return run

    answers = LAYER(x, layer.router.w_gate, [expert(number) for number in range(4)], k)

    torch.testing.assert_close(answers, layer(x))


def test_one_choice_and_a_late_softmax_teach_nothing():
    """Of the library's ways to make gates, those whose single gate is 1 have gradient 0 with k = 1, the others not."""
    logits, answers = drawn(3, 7, 5), drawn(3, 7, 5, seed=2)
    for gating, taught in (("vmoe", True), ("switch", True), ("gshard", False), ("top_k_then_softmax", False)):

        def route(scores, k, gating=gating):
            return choose_experts(scores, k, gating)[::-1]

        assert (MEASURE(route, logits, answers, 1) > 1e-6) == taught, gating
        assert MEASURE(route, logits, answers, 2) > 1e-6, gating


def test_every_patient_shows_what_it_has_and_nothing_else():
    """Each finding of the clinic is seen in the patients that have it, and in no other."""
    x = drawn(20, 16, 8)
    for ids in (*PATIENTS, ()):
        layer = layer_of(*ids)
        with record(layer) as seen:
            y = layer(x)
        routing, again = seen["router"], layer(x)
        y.sum().backward()
        slope = layer.router.w_gate.grad
        chosen = routing.dispatch.sum(-1) > 0
        sums = routing.combine.sum((2, 3))
        found = {
            "noise-in-evaluation": not torch.equal(y, again),
            "gates-sum-to-one": bool((sums > 0.9999).all()),
            "no-gradient": slope is None or not slope.any(),
            "one-choice": bool((metrics.experts_per_token(routing) == 1).all()),
            "worst-experts": bool(routing.logits[chosen].mean() < routing.logits[~chosen].mean()),
        }
        assert {id for id, there in found.items() if there} == set(ids), ids
        assert set(ids) <= set(CLINIC.suspects)
        if "noise-in-evaluation" not in ids:
            torch.testing.assert_close(layer(x[:, :1]), y[:, :1])


def test_a_healthy_layer_is_the_librarys():
    """Without anything wrong the layer routes as TokensChoiceRouter does, and shakes in training only."""
    layer, x = layer_of(), drawn(4, 16, 8)
    router = layer.router
    with torch.no_grad():
        routing, expected = router(x), super(PatientRouter, router).decide(router.score(x))
        shaken = router.train().decide(router.score(x))

    assert torch.equal(routing.token, expected.token)
    assert torch.equal(routing.gate, expected.gate)
    assert routing.noisy_logits is None and shaken.noisy_logits is not None


def test_patients_differ_and_the_first_is_shaken():
    """The first patient has noise in evaluation mode, and twelve patients have at least five illnesses."""
    illnesses = [CLINIC.make(Draw("clinic", "01", number))[1] for number in range(1, 13)]

    assert "noise-in-evaluation" in illnesses[0]
    assert clinic("01").diagnose(*illnesses[0]).startswith("Right.")
    assert clinic("01").diagnose("others-matter").startswith("Not right")
    assert len(set(illnesses)) >= 5


def test_the_cards_vote_has_its_right_choice():
    """The vote's right answer is one of its choices."""
    assert CARD.vote.right in CARD.vote.choices
