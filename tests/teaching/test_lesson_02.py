"""Lesson 02: the lines to put in order, the patients of the clinic, and where the exercises meet the library."""

import itertools
from pathlib import Path

import nbformat
import pytest
import torch

from softmoe_edu import metrics, record
from softmoe_edu.capacity import capacity_for
from softmoe_edu.course.lesson_02.assign_with_capacity import exercise
from softmoe_edu.course.lesson_02.assign_with_capacity.exercise import LINES, in_order, numbered
from softmoe_edu.course.lesson_02.card import CARD
from softmoe_edu.course.lesson_02.clinic import CLINIC, PATIENTS, PatientLayer
from softmoe_edu.routers.tokens_choice import assign_tokens, choose_experts
from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.clinic.patient import clinic
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.draw import Draw

ASSIGN = find_exercise("assign-with-capacity")
RIGHT = [8, 19, 10, 17, 16, 11, 2, 14, 1, 9, 18, 12, 15, 5, 4]


def instead(*pairs):
    """Return RIGHT with some lines replaced."""
    return [dict(pairs).get(number, number) for number in RIGHT]


def layer_of(*ids):
    """Return a patient's layer with these ids, in float64."""
    torch.manual_seed(0)
    return PatientLayer(frozenset(ids)).double().eval()


def looked_at(*ids):
    """Return (input, output, routing) of a patient on tokens that crowd."""
    layer, x = layer_of(*ids), torch.randn(30, 16, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad(), record(layer) as seen:
        y = layer(x)
    return x, y, seen["router"]


def stub(indices, weights, capacity, priority):
    """Nothing yet."""
    raise NotImplementedError


def mine(indices, weights, capacity, priority):
    """What a learner wrote."""
    return torch.zeros_like(indices), indices >= 0


def test_lines_do_not_replace_what_a_learner_wrote(capsys):
    """A filled order keeps what was written and replaces a stub or an earlier order; it says which it did."""
    assert in_order(RIGHT, instead_of=mine) is mine
    assert "assign_with_capacity stays the one that you wrote" in capsys.readouterr().out

    first = in_order(RIGHT, instead_of=stub)
    assert "now made of your lines" in capsys.readouterr().out
    again = in_order(RIGHT, instead_of=in_order(RIGHT[:2], instead_of=first))
    assert capsys.readouterr().out.count("now made of your lines") == 2
    assert examine(ASSIGN, again).passed and examine(ASSIGN, first).passed


def lesson_cell(words):
    """Return the one code cell of the lesson that holds these words."""
    (path,) = (Path(__file__).parents[2] / "notebooks").glob("02_*.ipynb")
    (cell,) = [c.source for c in nbformat.read(path, 4).cells if c.cell_type == "code" and words in c.source]
    return cell


def test_the_lesson_s_lines_give_way_to_its_exercise(capsys):
    """Run All with both an answer and an order goes on with the answer; with a stub it goes on with the lines."""
    cell, found = lesson_cell("instead_of=assign_with_capacity"), {}
    for name, function in (("mine", mine), ("stub", stub)):
        names = {"lines": exercise, "use": lambda id, used: used, "assign_with_capacity": function, "order": RIGHT}
        exec(cell, names)
        found[name] = names["assign"]

    said = capsys.readouterr().out
    assert found["mine"] is mine and "stays the one that you wrote" in said
    assert examine(ASSIGN, found["stub"]).passed and "now made of your lines" in said


def test_lines_are_checked_before_the_function_is_written():
    """The cell of the order says nothing while it is empty, and checks the lines once it is filled."""
    cell, shown = lesson_cell("order = []"), []
    names = {"lines": exercise, "check": lambda id, function: examine(ASSIGN, function), "display": shown.append}
    exec(cell, names)
    assert shown == []

    exec(cell.replace("order = []", f"order = {instead((12, 3))}"), names)
    assert [report.mistake for report in shown] == ["padding-kept"]


def test_the_lines_in_order_are_a_right_answer():
    """One order is known to pass the check, and every line is shown with its number."""
    assert examine(ASSIGN, in_order(RIGHT)).passed
    assert numbered().splitlines() == [f"{i:2d} |{line}" for i, line in enumerate(LINES.lines, 1)]


@pytest.mark.parametrize(
    ("order", "named"),
    [
        (instead((17, 7)), "least-sure-first"),
        (instead((14, 6), (1, 20)), "token-by-token"),
        (instead((12, 3)), "padding-kept"),
        ([8, 19, 10, 17, 16, 11, 14, 13, 1, 9, 18, 12, 15, 5, 4], "count-starts-again"),
    ],
)
def test_a_distractor_is_named(order, named):
    """Each line that people write by mistake leads to a mistake that the check names."""
    assert examine(ASSIGN, in_order(order)).mistake == named


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ([8, 1, 14], "Line 1 (the second in your order) has an indentation that does not fit the line above it."),
        ([8, 14, 18, 1], "Line 1 (the 4th in your order) has an indentation that does not fit the line above it."),
        (
            [8, 14],
            "Line 14 (the second in your order) ends in a colon and needs a line below it that is indented further.",
        ),
        ([14, 6, 9, 4], "Line 14 (the first in your order) ends in a colon and needs a line below it that is indented"),
    ],
)
def test_a_line_that_does_not_fit_is_named(order, sentence):
    """A wrong indentation is a failed check with the line and its place, and shows nothing of how it was found."""
    report = examine(ASSIGN, in_order(order))

    assert report.status == "failed"
    assert f"Got: SyntaxError: {sentence}" in str(report)
    assert "raise" not in str(report).replace("raises nothing", "")


def test_every_line_alone_is_python():
    """Only the indentation of an order can be wrong: each line, with a body where it needs one, compiles."""
    for line in LINES.lines:
        text = line.strip() + (" pass" if line.endswith(":") else "")
        compile(f"def f():\n    {text}", "a line", "exec")


def test_numbers_of_lines_are_checked():
    """A number that is not there, or is used twice, is answered with a sentence."""
    with pytest.raises(ValueError, match=r"numbers 1 to 20, got \[21\]"):
        in_order([8, 21])
    with pytest.raises(ValueError, match=r"used once, got \[8\]"):
        in_order([8, 8])


@pytest.mark.parametrize("order", [[], [1.0], ["1"], [True], None, "8, 19", {8: 1}])
def test_what_is_no_list_of_numbers_is_told(order):
    """An order of another kind, or without a line, is answered with an example."""
    with pytest.raises(ValueError, match=r"an order is a list of line numbers, such as \[8, 19, 4\], got "):
        in_order(order)


def test_capacity_is_the_librarys():
    """expert_capacity and capacity_for agree, also where floating point is a little over a whole number."""
    for tokens, experts, k, factor, multiple in itertools.product(
        (1, 7, 49, 100), (1, 2, 5, 32), (1, 2), (0.5, 1.0, 1.1, 1.05), (1, 4)
    ):
        rows = capacity_for(tokens, experts, top_k=k, factor=factor, multiple_of=multiple)
        assert find_exercise("expert-capacity").answer(tokens, experts, k, factor, multiple) == rows


@pytest.mark.parametrize("priority", ["position", "gate"])
def test_rows_are_the_librarys(priority):
    """assign_with_capacity fills the same slots as assign_tokens, padding included."""
    logits = torch.randn(3, 11, 5, generator=torch.Generator().manual_seed(4))
    indices, weights = choose_experts(logits, 2)
    mask = torch.ones(3, 11, dtype=torch.bool)
    mask[:, [2, 9]] = False
    score = weights[..., 0] if priority == "gate" else None
    token, _ = assign_tokens(indices, weights, 5, 3, score=score, mask=mask)
    for group in range(3):
        asked = indices[group].masked_fill(~mask[group, :, None], -1)
        rows, kept = ASSIGN.answer(asked, weights[group], 3, priority)
        filled = torch.full((5, 3), -1)
        filled[asked[kept], rows[kept]] = kept.nonzero()[:, 0]
        assert torch.equal(filled, token[group])


def test_every_patient_shows_what_it_has_and_nothing_else():
    """Each finding of the clinic is seen in the patients that have it, and in no other."""
    for ids in (*PATIENTS, ()):
        x, y, routing = looked_at(*ids)
        lost = metrics.dropped(routing).view(30, 16)
        groups, _, _, rows = routing.sizes
        with torch.no_grad():
            alone = layer_of(*ids)(torch.cat([x[:1], x[1:].flip(0)]))[0]
        times = lost.float().mean(0)
        seen = {
            "returned-times-p": bool((y[lost] != 0).any()),
            "gates-are-one": bool((routing.gate[routing.filled] == 1).all()),
            "whole-batch": groups == 1,
            "rounded-down": rows == 3,
            "sequence-shorter": y.shape != x.shape,
        }
        assert {id for id, there in seen.items() if there} == set(ids) - {"last-come-first"}, ids
        assert lost.any() and set(ids) <= set(CLINIC.suspects)
        if groups > 1:
            assert bool(times[:5].sum() > times[-5:].sum()) == ("last-come-first" in ids)
            assert torch.equal(alone, y[0])


def test_a_healthy_layer_is_the_librarys():
    """Without anything wrong the layer routes as TokensChoiceRouter does."""
    x, _, routing = looked_at()
    router = layer_of().router
    with torch.no_grad():
        expected = super(type(router), router).decide(router.score(x))

    assert torch.equal(routing.token, expected.token)
    assert torch.equal(routing.gate, expected.gate)


def test_patients_differ_and_are_diagnosed():
    """The first patients have two faults each; the right names are confirmed and others rejected."""
    first = clinic("02")
    assert first.how_many == 2
    assert first.diagnose("returned-times-p", "last-come-first").startswith("Right.")
    assert first.diagnose("rounded-down").startswith("Not right")
    met = {CLINIC.make(Draw("clinic", "02", number))[1] for number in range(1, 13)}
    assert len(met) >= 4


def test_the_layer_of_a_patient_learns():
    """A patient's loss has a gradient in every parameter, except the router's where its gates are 1."""
    for ids in PATIENTS:
        layer = layer_of(*ids)
        layer(torch.randn(4, 16, 8, dtype=torch.float64)).square().sum().backward()
        still = {name for name, p in layer.named_parameters() if p.grad is None or not p.grad.any()}
        assert still <= ({"router.w_gate"} if "gates-are-one" in ids else set()), ids


def test_the_card_has_a_right_choice():
    """The vote's right answer is one of its choices, and its number is computed."""
    assert CARD.vote.right in CARD.vote.choices
    assert round(metrics.expected_drop_fraction(49, 32, 2), 3) == 0.187
