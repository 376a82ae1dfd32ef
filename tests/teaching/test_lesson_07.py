"""Lesson 07: the patients of the clinic, the card, and where the exercises meet the library."""

import re

import pytest
import torch

from softmoe_edu import Experts, ExpertsChoiceRouter, MoE, SoftRouter, TokensChoiceRouter, cost
from softmoe_edu.course.lesson_05.soft_moe.exercise import soft_moe
from softmoe_edu.course.lesson_07.card import CARD
from softmoe_edu.course.lesson_07.clinic import CLINIC, EXPERTS, PATIENTS, SLOTS, build
from softmoe_edu.teaching.clinic.patient import clinic
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.draw import Draw

FOLLOWS, PROBE, EFFECT, FLOPS = (
    find_exercise(id).answer
    for id in ("is-permutation-equivariant", "smoothness-probe", "batch-effect", "soft-moe-flops")
)
TOKENS, DIM = 7, 8


def drawn(*shape, seed=1):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def layer_of(router, group=1):
    torch.manual_seed(0)
    return MoE(router, Experts(DIM, 3, 12), examples_per_group=group).double().eval()


def rows(layer, x):
    seen = []
    hook = layer.experts.register_forward_hook(lambda _, given, answers: seen.append(answers[..., 0].numel()))
    layer(x)
    hook.remove()
    return sum(seen)


@pytest.mark.parametrize(
    ("router", "follows"),
    [
        (SoftRouter(DIM, 3, 2), True),
        (TokensChoiceRouter(DIM, 3, capacity_factor=None), True),
        (ExpertsChoiceRouter(DIM, 3), True),
        (TokensChoiceRouter(DIM, 3, capacity_factor=0.5), False),
        (TokensChoiceRouter(DIM, 3, capacity_factor=0.5, priority="gate"), True),
    ],
    ids=["soft", "tokens choice", "experts choice", "by position", "by gate"],
)
def test_which_layers_follow_the_order_of_their_tokens(router, follows):
    """Of the library's layers only the one that serves tokens in their order depends on it."""
    assert FOLLOWS(layer_of(router), drawn(2, TOKENS, DIM)) is follows


def test_sparse_layers_jump_and_soft_ones_do_not():
    """With ten times the steps, the largest one of a jump stays and that of Soft MoE becomes a tenth."""
    start, way = drawn(1, TOKENS, DIM, seed=3), drawn(1, TOKENS, DIM, seed=4)

    def kept(router):
        layer = layer_of(router)
        with torch.no_grad():
            return PROBE(layer, start, way, 800) / PROBE(layer, start, way, 80)

    assert kept(SoftRouter(DIM, 3, 2)) == pytest.approx(0.1, rel=0.1)
    assert kept(ExpertsChoiceRouter(DIM, 3)) > 0.5
    assert kept(TokensChoiceRouter(DIM, 3, capacity_factor=None)) > 0.5


def test_the_group_decides_what_the_batch_does():
    """In groups of one nothing changes in any layer; four examples that share slots change each other's answers."""
    x, others = drawn(1, TOKENS, DIM), [drawn(3, TOKENS, DIM, seed=seed) for seed in range(2, 7)]
    for router in (SoftRouter(DIM, 3, 2), TokensChoiceRouter(DIM, 3), ExpertsChoiceRouter(DIM, 3)):
        assert EFFECT(layer_of(router), x, others) == 0
        assert EFFECT(layer_of(router, group=4), x, others) > 0
    in_front = layer_of(TokensChoiceRouter(DIM, 3), group=4)
    first = [in_front(torch.cat([x, company]))[:1] for company in others]
    assert all(torch.allclose(each, first[0]) for each in first)


@pytest.mark.parametrize("sizes", [(196, 768, 3072, 128, 1), (49, 6, 10, 3, 5), (4096, 384, 1536, 2, 7)])
def test_flops_are_the_librarys(sizes):
    """Routing and experts are what `cost` counts in its parts."""
    tokens, dim, hidden_dim, num_experts, slots = sizes
    layer = cost.MoESizes(router="soft", num_experts=num_experts, slots_per_expert=slots)
    counted = cost.moe_cost(tokens, dim, hidden_dim, layer)

    assert FLOPS(*sizes) == (counted.flops - counted["experts"].flops, counted["experts"].flops)


def test_a_healthy_layer_is_soft_moe():
    """Without anything wrong the patient computes Algorithm 1; a cut gradient leaves its answers as they are."""
    x = drawn(2, 6, DIM)
    layer, cut = (build(ids, Draw("a patient")).double() for ids in ((), ("gradient-cut",)))

    def expert(i):
        slots = torch.zeros(2, EXPERTS, SLOTS, DIM, dtype=torch.float64)

        def run(rows):
            slots[:, i] = rows
            return layer.experts(slots)[:, i]

        return run

    phi = layer.router.phi.detach().unflatten(1, (EXPERTS, SLOTS))
    with torch.no_grad():
        torch.testing.assert_close(layer(x), soft_moe(x, phi, [expert(i) for i in range(EXPERTS)]))
    assert torch.equal(layer(x), cut(x))


@pytest.mark.parametrize("ids", [*PATIENTS, ()], ids=str)
def test_every_patient_lacks_what_it_lacks_and_nothing_else(ids):
    """Each finding of the clinic is seen in the patients that have it, and in no other; the rest is as it should be."""
    layer = build(ids, Draw("a patient")).double()
    start, way = drawn(1, 6, DIM, seed=2), drawn(1, 6, DIM, seed=3)
    others = [drawn(2, 6, DIM, seed=seed) for seed in (4, 5, 6)]
    with torch.no_grad():
        few, many = (PROBE(layer, start, way, steps) for steps in (100, 1000))
        found = {
            "knows-places": not FOLLOWS(layer, start),
            "batch-shares-slots": EFFECT(layer, start, others) == 1,
            "listens-to-few": many > few / 2,
            "computes-tokens": rows(layer, start) != EXPERTS * SLOTS,
        }
        assert found["batch-shares-slots"] or EFFECT(layer, start, others) == 0
        assert torch.equal(layer(start), layer(start)) and bool(layer(start).abs().amax(-1).min() > 0)
    leaf = start.clone().requires_grad_()
    found["gradient-cut"] = not torch.autograd.gradcheck(layer, (leaf,), raise_exception=False)

    assert {id for id, there in found.items() if there} == set(ids)
    assert set(ids) <= set(CLINIC.findings) <= set(CLINIC.suspects)
    if "computes-tokens" in ids:
        (said,) = re.findall(r"(\d+) for 6 tokens", CLINIC.findings["computes-tokens"])
        assert rows(layer, start) == int(said)


def test_patients_differ():
    """Twelve patients have at least five illnesses, and the first is told by its own diagnosis alone."""
    illnesses = [CLINIC.make(Draw("clinic", "07", number))[1] for number in range(1, 13)]

    assert clinic("07").diagnose(*illnesses[0]).startswith("Right.")
    assert clinic("07").diagnose("noisy").startswith("Not right")
    assert len(set(illnesses)) >= 5


def test_the_card_has_a_right_choice():
    """The vote's right answer is one of its choices, and a part can be cut."""
    assert CARD.vote.right in CARD.vote.choices
    assert any(part.cut_first for part in CARD.parts)
