"""Lesson 03: the patients of the clinic, where the exercises meet the library, and what the questions go by."""

import itertools

import pytest
import torch

from softmoe_edu import losses, record
from softmoe_edu.course.lesson_03 import questions
from softmoe_edu.course.lesson_03.card import CARD
from softmoe_edu.course.lesson_03.clinic import CLINIC, CONSTANT, EXPERTS, PATIENTS, PatientLayer
from softmoe_edu.routers.tokens_choice import TokensChoiceRouter
from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.clinic.patient import clinic
from softmoe_edu.teaching.discovery import find_exercise, find_question
from softmoe_edu.teaching.draw import Draw

SHARES, LOSS = find_exercise("load-fraction"), find_exercise("switch-aux-loss")
MASK = torch.arange(11).expand(3, 11) < torch.tensor([11, 7, 4])[:, None]


def scores(seed=0):
    """Return scores of 3 groups of 11 tokens for 6 experts, one of which most tokens prefer."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(3, 11, 6, generator=generator, dtype=torch.float64) + torch.tensor([2.0, 0, 0, 0, 0, 0])


def layer_of(*ids):
    """Return a patient's layer with these ids, in float64, with a bias."""
    torch.manual_seed(0)
    layer = PatientLayer(frozenset(ids)).double()
    layer.router.bias.copy_(0.1 * torch.tensor([2.0, -1.0, 1.0, -2.0, 0.0]))
    return layer


def looked_at(*ids, x=None):
    """Return (layer, tokens, mask, routing) of a patient on examples with padding."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(7, 16, 8, dtype=torch.float64, generator=generator) if x is None else x
    mask = torch.arange(16).expand(7, 16) < torch.tensor([16, 12, 9, 16, 14, 3, 10])[:, None]
    layer = layer_of(*ids)
    with record(layer) as seen:
        layer(x, mask)
    return layer, x, mask, seen["router"]


def signs(*ids):
    """Return which suspects an examination with the clinic's instruments finds in a patient."""
    layer, x, mask, routing = looked_at(*ids)
    share, gate = layer.shares(routing)
    value = layer.auxiliary(routing)
    _, _, _, other = looked_at(*ids, x=torch.where(mask[..., None], x, x + 1))
    slopes = torch.autograd.grad(value, layer.router.w_gate, allow_unused=True)[0] if value.requires_grad else None
    wanted = routing.gates * routing.dispatch.sum(-1)
    found = {
        "sums-multiplied": not torch.isclose(value, EXPERTS * (share * gate).sum(-1).mean()),
        "softmax-over-tokens": torch.allclose(gate, torch.full_like(gate, 1 / EXPERTS)),
        "counts-every-expert": torch.allclose(share, torch.full_like(share, 1 / EXPERTS)),
        "gates-cut-off": slopes is None,
        "padding-counted": not all(
            torch.allclose(a, b) for a, b in zip((share, gate), layer.shares(other), strict=True)
        ),
        "bias-in-the-gate": not torch.allclose(routing.combine.sum(-1), wanted),
    }
    return {id for id, there in found.items() if there}, value, slopes


def test_the_loss_is_the_librarys():
    """With one choice per token switch_aux_loss and load_balancing_loss agree, with padding and without."""
    for seed, mask in itertools.product(range(3), (None, MASK)):
        gates = scores(seed).softmax(-1)
        assert torch.isclose(
            LOSS.answer(gates, gates.topk(1).indices, mask), losses.load_balancing_loss(gates, mask), rtol=1e-6
        )


def test_the_other_losses_are_the_librarys():
    """router_z_loss is z_loss, and importance_cv2 is importance_loss."""
    logits = scores()
    assert torch.isclose(find_exercise("router-z-loss").answer(logits), losses.z_loss(logits))
    gates = logits.softmax(-1)
    assert torch.isclose(find_exercise("importance-cv2").answer(gates), losses.importance_loss(gates))


def test_shares_are_the_metrics():
    """load_fraction is what metrics.expert_load counts where nothing is dropped."""
    from softmoe_edu import metrics

    router = TokensChoiceRouter(5, 6, top_k=2, capacity_factor=None)
    x = torch.randn(3, 11, 5, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        routing = router(x, MASK)
    load = metrics.expert_load(routing)
    shares = SHARES.answer(routing.gates.topk(2).indices, 6, MASK)

    assert torch.allclose(shares, load / load.sum(-1, keepdim=True))


def test_a_loss_under_1_exists():
    """The example of section 8: three tokens choose expert 0 by a hair, the fourth expert 1 with certainty."""
    gates = torch.tensor([[[0.5, 0.5]] * 3 + [[0.0, 1.0]]], dtype=torch.float64)
    value = LOSS.answer(gates, torch.tensor([[[0], [0], [0], [1]]]))

    assert value == 0.875
    assert questions.least_value() == pytest.approx(0.875, abs=1e-6)


def test_a_planted_mistake_is_seen_in_float32_too():
    """The check names a loss that is constant, and passes the right one, in both dtypes and for other inputs."""

    def mine(probs, indices, mask=None):
        f = torch.nn.functional.one_hot(indices, probs.shape[-1]).float().mean((1, 2))
        return probs.shape[-1] * (f * probs.mean(-1).mean(1, keepdim=True)).sum(-1).mean()

    report = examine(LOSS, mine, seed=3)
    assert report.status == "failed" and report.mistake == "gates-averaged-over-experts"
    assert all(examine(LOSS, variant_of(index), seed=3).passed for index in range(3))


def variant_of(index):
    """Return a right answer as a learner would have written it."""
    from softmoe_edu.teaching.kill_matrix import own

    return own(LOSS.variants[index])


def test_every_patient_shows_what_it_has_and_nothing_else():
    """Each finding of the clinic is seen in the patients that have it, and in no other."""
    for ids in (*PATIENTS, ()):
        found, value, slopes = signs(*ids)
        assert found == set(ids), ids
        assert set(ids) <= set(CLINIC.suspects)
        constant = bool(set(ids) & set(CONSTANT))
        assert bool(torch.isclose(value, torch.ones_like(value))) == constant, ids
        if slopes is not None:
            assert bool(slopes.abs().max() < 1e-9) == constant, ids


def test_the_instruments_work_on_every_patient():
    """Every instrument is an expression that gives something with the names of the examination cell, twice."""
    for number in range(1, 10):
        patient = clinic("03", number)
        x = torch.randn(6, 16, 8, generator=torch.Generator().manual_seed(number))
        mask = torch.arange(16).expand(6, 16) < 12
        with record(patient.layer) as seen:
            y = patient.layer(x, mask)
        names = {"torch": torch, "patient": patient, "x": x, "y": y, "mask": mask, "routing": seen["router"]}
        for code in (*patient.instruments, *patient.instruments):
            assert eval(code, names) is not None


def test_three_patients_are_constant_for_three_reasons():
    """Patients 1, 3 and 5, which the lesson names, have the three faults that make the loss 1 in every step."""
    met = [set(CLINIC.make(Draw("clinic", "03", number))[1]) & set(CONSTANT) for number in (1, 3, 5)]

    assert set().union(*met) == set(CONSTANT) and all(len(each) == 1 for each in met)
    assert clinic("03").how_many == 1
    assert clinic("03").diagnose("sums-multiplied").startswith("Right.")
    assert clinic("03").diagnose("gates-cut-off").startswith("Not right")
    assert len({CLINIC.make(Draw("clinic", "03", number))[1] for number in range(1, 16)}) >= 5


def test_a_healthy_layer_is_the_specification():
    """Without a fault the layer's shares and loss are those of the exercises, on real tokens alone."""
    layer, _, mask, routing = looked_at()
    chosen = (routing.gates + layer.router.bias).argmax(-1, keepdim=True)

    assert torch.allclose(layer.shares(routing)[0], SHARES.answer(chosen, EXPERTS, mask).double())
    assert torch.isclose(layer.auxiliary(routing), LOSS.answer(routing.gates, chosen, mask), rtol=1e-6)


def test_a_patient_learns():
    """A patient's task has a gradient in every parameter."""
    for ids in PATIENTS:
        layer, x, mask, _ = looked_at(*ids)
        layer(x, mask).square().sum().backward()
        assert all(p.grad is not None and p.grad.any() for p in layer.parameters()), ids


@pytest.mark.parametrize(("errors", "choice"), [((0.2, 0.1), 2), ((0.1, 0.2), 0), ((0.109, 0.1), 1), ((0.111, 0.1), 2)])
def test_what_was_measured_decides_the_card(errors, choice):
    """The card about balance goes by the errors that the lesson's cell returns, whatever they are."""
    assert questions.better_in_words(errors) == questions.BETTER[choice]
    assert find_question("m18-balanced").measured is questions.better_in_words


def test_the_cards_vote_has_its_right_choice():
    """The vote's right answer is one of its choices."""
    assert CARD.vote.right in CARD.vote.choices
    f, gate = torch.tensor([1.0, 0, 0, 0]), torch.full((4,), 0.25)
    assert 4 * (f * gate).sum() == 1  # what the card has the class compute
