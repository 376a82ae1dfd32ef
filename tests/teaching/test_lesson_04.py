"""Lesson 04: the patients of the clinic, the card, and where the exercises meet the library."""

import pytest
import torch

from softmoe_edu import (
    Experts,
    ExpertsChoiceRouter,
    MoE,
    Routing,
    SoftRouter,
    SparseRouting,
    TokensChoiceRouter,
    metrics,
    record,
)
from softmoe_edu.course.lesson_04.card import CARD
from softmoe_edu.course.lesson_04.clinic import CLINIC, PATIENTS, PatientLayer
from softmoe_edu.course.lesson_04.questions import share_of_tokens
from softmoe_edu.influence import earlier_share, influence
from softmoe_edu.routers.experts_choice import assign_experts
from softmoe_edu.teaching.clinic.patient import clinic
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.draw import Draw

ROUTE, COVERAGE, LEAK = (
    find_exercise(id).answer for id in ("expert-choice-route", "coverage-histogram", "causal-leak")
)


def drawn(*shape, seed=1):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def layer_of(*ids):
    """Return a patient's layer with these ids, in float64."""
    torch.manual_seed(0)
    return PatientLayer(frozenset(ids)).double()


@pytest.mark.parametrize("capacity", [1, 3, 9])
def test_choices_are_the_librarys(capacity):
    """expert_choice_route returns what assign_experts returns, slot by slot."""
    logits = drawn(3, 9, 5)
    weights, chosen = ROUTE(logits, capacity)
    expected_chosen, expected_weights = assign_experts(logits.softmax(-1), capacity)

    assert torch.equal(expected_chosen, chosen)
    torch.testing.assert_close(weights, expected_weights)


@pytest.mark.parametrize("router", [ExpertsChoiceRouter(4, 6), TokensChoiceRouter(4, 6, 2, capacity_factor=0.75)])
def test_counts_are_the_librarys(router):
    """coverage_histogram counts what metrics.experts_per_token finds, with empty slots and without."""
    routing = router.decide(drawn(5, 17, 6))
    assert isinstance(routing, SparseRouting)
    taken = metrics.experts_per_token(routing)

    assert COVERAGE(routing.token, 17).tolist() == [int((taken == j).sum()) for j in range(7)]


@pytest.mark.parametrize(
    ("router", "expected"),
    [
        (TokensChoiceRouter(6, 4), 0.0),
        (SoftRouter(6, 4), 1.0),
        (ExpertsChoiceRouter(6, 4), None),
    ],
)
def test_the_leak_agrees_with_influence(router, expected):
    """causal_leak is 0 for causal layers and 1 for Soft MoE, and is over 0 exactly where influence sees a leak."""
    torch.manual_seed(0)
    layer = MoE(router, Experts(6, 4, 7)).double().eval()
    x = drawn(30, 12, 6)
    leak = LEAK(layer, x)

    assert leak == expected if expected is not None else 0.02 < leak < 0.4
    assert (leak > 0) == (earlier_share(influence(layer, x[:4], draws=2)) > 0)


def test_a_softmax_over_experts_makes_experts_agree_less():
    """Fewer tokens are left out than by lot, (1 - 1/e)^e, and more if experts choose by scores, which is about that."""
    by_lot = (1 - 1 / 8) ** 8
    scores = drawn(300, 64, 8)
    token = scores.mT.topk(8).indices
    by_score = COVERAGE(token, 64)[0].item() / (300 * 64)

    assert share_of_tokens(0) < by_lot - 0.1
    assert abs(by_score - by_lot) < 0.02


def measured(layer, x) -> tuple[Routing, torch.Tensor]:
    with record(layer) as seen, torch.no_grad():
        y = layer(x)
    return seen["router"], y


def test_every_patient_shows_what_it_has_and_nothing_else():
    """Each finding of the clinic is seen in the patients that have it, and in no other."""
    x = drawn(20, 15, 8)
    for ids in (*PATIENTS, ()):
        layer = layer_of(*ids)
        routing, y = measured(layer, x)
        with torch.no_grad():
            alone = layer(x[:1])
        gates, chosen = routing.gates.mT, routing.gates.mT.gather(-1, routing.token)
        rest = gates.scatter(-1, routing.token, torch.nan).nanmean(-1)
        over_experts = torch.allclose(routing.gates.sum(-1), torch.ones_like(routing.gates[..., 0]))
        found = {
            "over-tokens": torch.allclose(routing.gates.sum(1), torch.ones_like(routing.gates[:, 0])),
            "softmax-twice": over_experts and not torch.allclose(routing.gates, routing.logits.softmax(-1)),
            "worst-tokens": bool((chosen.mean(-1) < rest).all()),
            "each-token-once": bool((metrics.experts_per_token(routing) == 1).all()),
            "gates-divided": torch.allclose(routing.gate.sum(-1), torch.ones_like(routing.gate[..., 0])),
            "whole-batch": not torch.allclose(alone, y[:1]),
            "slots-empty": bool((routing.token < 0).any()),
        }
        assert {id for id, there in found.items() if there} == set(ids), ids
        assert set(ids) <= set(CLINIC.suspects)


def test_a_healthy_layer_is_the_librarys():
    """Without anything wrong the layer routes and answers as ExpertsChoiceRouter does."""
    layer, x = layer_of(), drawn(4, 15, 8)
    router = ExpertsChoiceRouter(8, 5).double()
    router.load_state_dict(layer.router.state_dict())

    torch.testing.assert_close(layer(x), MoE(router, layer.experts)(x))


def test_patients_differ_and_diagnoses_are_read():
    """Twelve patients have at least five illnesses; a right diagnosis is accepted, a wrong one is not."""
    illnesses = [CLINIC.make(Draw("clinic", "04", number))[1] for number in range(1, 13)]

    assert clinic("04").diagnose(*illnesses[0]).startswith("Right.")
    assert clinic("04").diagnose("slots-empty").startswith("Not right")
    assert len(set(illnesses)) >= 5


def test_the_cards_vote_has_its_right_choice():
    """The vote's right answer is one of its choices."""
    assert CARD.vote.right in CARD.vote.choices
