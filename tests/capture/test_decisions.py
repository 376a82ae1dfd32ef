"""Forms in which models ask their experts, each by hand, and logits that hide behind probabilities."""

import pytest
import torch
from torch import nn

from softmoe_edu.capture.decisions import Decision, Routed, read_experts, read_router

LOGITS = torch.tensor([[2.0, 0.0, 1.0], [0.0, 3.0, 1.0]])


class Stack(nn.Module):
    """Three experts without numbers."""

    num_experts = 3


def test_a_mask_stands_for_numbers():
    """Of a mask (rows, k, e) of ones the place of the one is the expert, and a row without any asks for nothing."""
    mask = torch.tensor([[[0, 0, 1]], [[0, 0, 0]]])
    found = read_experts(Stack(), (torch.ones(2, 4), mask, torch.tensor([[0.5], [0.7]])), [])
    assert (found.index.tolist(), found.num_experts) == ([[2], [0]], 3)
    torch.testing.assert_close(found.weight, torch.tensor([[0.5], [0.0]]))


def test_logits_stand_where_the_router_declares_them():
    """The part of a router's output that is declared is taken, and of an undeclared one that beside the choices."""
    index, weight = torch.tensor([[0, 2], [1, 2]]), torch.ones(2, 2)
    asked = (torch.ones(2, 4), index, weight)
    declared = read_experts(Stack(), asked, [Routed((torch.ones(2, 3), index, LOGITS), 2)])
    assert torch.equal(declared.logits, LOGITS)
    beside = read_experts(Stack(), asked, [Routed(torch.ones(2, 3), None), Routed((LOGITS, weight, index), None)])
    assert torch.equal(beside.logits, LOGITS)
    copied = read_experts(Stack(), asked, [Routed((LOGITS, weight, index.clone()), None)])
    assert copied.logits is None  # some other module's numbers
    assert copied.num_experts == 3


def test_probabilities_are_traced_back_to_logits():
    """What sums to 1 is no logit: the part of the router whose softmax it is, or else its logarithm, stands for it."""
    index, weight, chance = torch.zeros(2, 1, dtype=torch.long), torch.ones(2, 1), LOGITS.softmax(-1)
    for inner, wanted in ((LOGITS, LOGITS), (2 * LOGITS, chance.log()), (None, chance.log())):
        torch.testing.assert_close(Decision(index, weight, 3, chance, inner).real_logits(), wanted)
    assert Decision(index, weight, 3, LOGITS, 2 * LOGITS).real_logits() is LOGITS


def test_choices_sorted_by_expert():
    """Expert 0 gets token 1, expert 1 tokens 0 and 1, expert 2 token 0: told by counts, tokens and weights."""
    order, tokens = torch.tensor([2, 1, 3, 0]), torch.tensor([1, 0, 1, 0])
    output = (order, tokens, torch.tensor([0.4, 0.3, 0.6, 0.7]), [1, 2, 1], LOGITS)
    found = read_router(output, 4)
    assert found.index.tolist() == [[1, 2], [0, 1]]
    torch.testing.assert_close(found.weight, torch.tensor([[0.3, 0.7], [0.4, 0.6]]))
    assert torch.equal(found.logits, LOGITS)


def test_scores_of_all_experts():
    """Scores that are 0 for what was not chosen are read as choices, as many as the row with most has."""
    scores = torch.tensor([[0.9, 0.0, 0.7], [0.0, 0.95, 0.0]])
    found = read_router((scores, LOGITS), 1)
    assert found.weight.tolist() == [[pytest.approx(0.9), pytest.approx(0.7)], [pytest.approx(0.95), 0.0]]
    assert found.index[0].tolist() == [0, 2]
    assert found.index[1, 0] == 1


@pytest.mark.parametrize(
    "output",
    [
        LOGITS,
        (torch.ones(2, 5), LOGITS),
        (torch.tensor([0, 1, 0]), torch.ones(3), [1, 1, 1], LOGITS),
        (torch.tensor([0, 0, 0, 1]), torch.ones(4), [1, 2, 1], LOGITS),
    ],
    ids=["one tensor", "other shapes", "not as many for each", "a token three times"],
)
def test_what_is_no_decision(output):
    """An output in no known form gives nothing, and nothing is guessed."""
    assert read_router(output, len(output) - 1 if isinstance(output, tuple) else 0) is None
