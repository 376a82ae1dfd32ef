"""Lesson 05: its patient shows what its findings say and nothing else; its pictures and paper agree with the layer."""

from fractions import Fraction
from pathlib import Path

import nbformat
import pytest
import torch
from torch.nn.functional import normalize

from softmoe_edu import ViT, figures, record
from softmoe_edu.course.lesson_05.clinic import CASES, CLINIC, DIM, NUM_EXPERTS, SLOTS, build, make
from softmoe_edu.course.lesson_05.on_paper import compared
from softmoe_edu.course.lesson_05.pictures import FACTORS, POWERS, by_hand, flow, shapes
from softmoe_edu.course.lesson_05.pictures import TOKENS as BY_HAND
from softmoe_edu.course.lesson_05.soft_moe.exercise import soft_moe
from softmoe_edu.routers.weights import soft_weights
from softmoe_edu.teaching.draw import Draw

TOKENS = torch.randn(5, 7, DIM, generator=torch.Generator().manual_seed(0))


def layer(*ids):
    return build(ids, Draw("test"))


def route(patient, x=TOKENS):
    with torch.no_grad():
        return patient.router(x)


def through(patient, x=TOKENS, mixed=None):
    with torch.no_grad():
        return route(patient, x).through(x if mixed is None else mixed, patient.experts)


def are(sums, value=1.0):
    return torch.allclose(sums, torch.full_like(sums, value), atol=1e-5)


def answers_otherwise(patient, mixed=None):
    with torch.no_grad():
        return not torch.allclose(patient(TOKENS), through(patient, mixed=mixed), atol=1e-4)


def softmax_over_slots(patient):
    return soft_weights(route(patient).logits)[1]


# What each finding says, as a measurement.
SEEN = {
    "dispatch-over-slots": lambda p: (
        not are(route(p).dispatch.sum(1)) and torch.allclose(route(p).dispatch, softmax_over_slots(p))
    ),
    "dispatch-over-batch": lambda p: are(route(p, TOKENS[:1]).dispatch),
    "dispatch-over-everything": lambda p: are(route(p).dispatch.sum((1, 2, 3))),
    "dispatch-both-sums": lambda p: (
        are(route(p).dispatch.sum((2, 3))) and not torch.allclose(route(p).dispatch, softmax_over_slots(p), atol=1e-4)
    ),
    "dispatch-batch-is-one-group": lambda p: (
        bool((route(p).dispatch.sum(1) < 1).all()) and are(route(p).dispatch.sum((0, 1)))
    ),
    "combine-over-tokens": lambda p: not are(route(p).combine.sum((2, 3))) and are(route(p).combine.sum(1)),
    "combine-per-expert": lambda p: are(route(p).combine.sum((2, 3)), NUM_EXPERTS),
    "combine-experts-only": lambda p: are(route(p).combine.sum((2, 3)), SLOTS),
    "combine-equal-experts": lambda p: are(route(p).combine.sum(3), 1 / NUM_EXPERTS),
    "slots-round-robin": lambda p: answers_otherwise(p) and answers_otherwise(p, normalize(TOKENS, dim=-1)),
    "mixes-normalised-tokens": lambda p: answers_otherwise(p) and not answers_otherwise(p, normalize(TOKENS, dim=-1)),
}


@pytest.mark.parametrize("id", CLINIC.findings)
def test_a_finding_is_seen_where_it_is_and_nowhere_else(id):
    """What a finding tells can be measured in a layer that has it, and in neither the right one nor any other."""
    others = [other for other in CLINIC.findings if other != id]

    assert SEEN[id](layer(id))
    assert not SEEN[id](layer())
    assert not [other for other in others if SEEN[id](layer(other))]


def test_without_a_mistake_the_layer_is_soft_moe():
    """The layer itself is right: both softmaxes are those of Algorithm 1, and each slot meets its own expert."""
    right = layer()
    dispatch, combine = soft_weights(route(right).logits)

    torch.testing.assert_close(route(right).dispatch, dispatch)
    torch.testing.assert_close(route(right).combine, combine)
    assert not answers_otherwise(right)


def test_every_case_has_suspects_and_findings_and_no_case_is_another():
    """Mistakes are suspects with findings; false suspects have none; any two cases answer differently."""
    named = {id for case in CASES for id in case}
    with torch.no_grad():
        answers = [layer(*case)(TOKENS) for case in CASES]
    gaps = [(a - b).abs().max() for i, a in enumerate(answers) for b in answers[:i]]

    assert named == set(CLINIC.findings) < set(CLINIC.suspects)
    assert min(gaps) > 1e-3


def test_the_false_suspects_are_false():
    """No case has noise, a second matrix, or a token without weight."""
    for case in CASES:
        patient = layer(*case)

        assert torch.equal(route(patient).logits, route(patient).logits)
        assert [name for name, _ in patient.router.named_parameters()] == ["phi"]
        assert bool((route(patient).dispatch.sum((2, 3)) > 0).all())


def test_the_first_patient_has_both_softmaxes_swapped():
    """Patient 1 is the fault of published code; the next ones are other cases."""
    first, *others = (make(Draw("clinic", "05", number))[1] for number in range(1, 6))

    assert first == ("dispatch-over-slots", "combine-over-tokens")
    assert first not in others and len(set(others)) == 4


def test_every_patient_trains_in_a_vit_and_can_be_recorded():
    """Gradients reach phi and the experts of each case, and its routing is seen by `record`."""
    images = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    for case in CASES:
        patient = layer(*case)
        model = ViT(moe_layers=(1,), moe=lambda dim, patient=patient: patient)
        torch.nn.init.normal_(model.head.weight)
        with record(model) as seen:
            model(images).square().sum().backward()

        assert seen["blocks.1.mlp.router"].sizes == (3, 16, NUM_EXPERTS, SLOTS)
        assert patient.router.phi.grad.isfinite().all() and patient.router.phi.grad.abs().sum() > 0
        assert all(w.grad.isfinite().all() and w.grad.abs().sum() > 0 for w in patient.experts.parameters())


def test_the_numbers_in_the_picture_are_those_of_the_layer():
    """The reference, on the hand example, answers what the picture shows."""
    dispatch, combine, slots, answers = by_hand()
    x = torch.tensor([BY_HAND], dtype=torch.float64)
    phi = torch.linalg.solve(x[0], torch.tensor(POWERS, dtype=torch.float64).log())[..., None]
    given = soft_moe(x, phi, [lambda slot, factor=factor: factor * slot for factor in FACTORS])

    torch.testing.assert_close(given[0], torch.tensor([[float(number) for number in row] for row in answers]).double())
    assert slots[0] == [Fraction(3, 4), Fraction(1, 2)] and answers[0] == [Fraction(7, 3)] * 2
    assert [sum(column) for column in zip(*dispatch, strict=True)] == [1] * 3 and [*map(sum, combine)] == [1] * 2


@pytest.mark.parametrize(("numbers", "told"), [(False, False), (True, True)])
def test_the_flow_tells_its_numbers_only_when_asked(numbers, told):
    """Before the exercise on paper neither the picture nor its description tells what is to be computed."""
    axes = flow(numbers)
    words = [text.get_text() for text in axes.texts]
    described = figures.described(axes)

    assert any("7/3" in text for text in words) is told
    assert ("7/3" in described.alt) is told and "Two tokens" in described.alt
    widths = {line.get_linewidth() for line in axes.lines}
    assert (len(widths) > 1) is told


def test_the_shapes_fit():
    """In each product the letters that touch agree, and the result has the others; the description says so."""
    axes = shapes()
    described = figures.described(axes).alt

    for sentence in (
        "X (n rows, d columns) times Φ (d, e·p) gives L (n, e·p)",
        "Dᵀ (e·p rows, n columns) times X (n, d)",
    ):
        assert sentence in described
    assert "C (n rows, e·p columns) times Ỹ (e·p, d) gives Y (n, d)" in described


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("?", "not filled in"),
        ("", "not filled in"),
        ("1/3, 4/3", "right, [1/3, 4/3]"),
        ("[ 1/3 , 4 / 3 ]", "right, [1/3, 4/3]"),
        ("0.333, 1.33", "right, [1/3, 4/3]"),
        ([1 / 3, 4 / 3], "right, [1/3, 4/3]"),
        ("4/3, 1/3", "you have [4/3, 1/3], exact is [1/3, 4/3]"),
        ("1/3", "you have [1/3], exact is"),
        ("1/0, 2", "cannot be read"),
        ("a third", "cannot be read"),
        (7, "you have [7], exact is"),
    ],
)
def test_what_was_typed_from_paper_is_compared(typed, said):
    """Right numbers in any notation are right; others are shown beside the exact ones; nothing raises."""
    assert said in compared(typed, [Fraction(1, 3), Fraction(4, 3)])
    assert ("1/3, 4/3" in compared(typed, [Fraction(1, 3), Fraction(4, 3)])) is (
        "not filled" not in said and "read" not in said
    )


@pytest.mark.parametrize("number", ["02", "05"])
def test_code_is_seen_whole_and_runs_in_small_cells(number):
    """No line of code is wider than 88 characters, and no cell longer than 25 lines."""
    (path,) = (Path(__file__).parents[2] / "notebooks").glob(f"{number}_*.ipynb")
    cells = [cell.source.splitlines() for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]

    assert [line for lines in cells for line in lines if len(line) > 88] == []
    assert [lines[0] for lines in cells if len(lines) > 25] == []
