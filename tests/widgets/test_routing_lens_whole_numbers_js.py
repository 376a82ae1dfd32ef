"""What the lens marks in whole numbers: a learner's answers that are no softmax, and hard choices that are wrong."""

import pytest
import torch
from routing_lens_values import both, seven
from test_routing_lens_words_js import off, told
from torch import Tensor

from softmoe_edu.routers import ROUTERS
from softmoe_edu.routing import SoftRouting
from softmoe_edu.widgets import RoutingLens


def answer(dispatch: Tensor, combine: Tensor) -> RoutingLens:
    """A learner's weights of two texts of three tokens for two experts of two slots."""
    return RoutingLens.of(lambda logits: (dispatch, combine), torch.zeros(2, 3, 2, 2))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_weights_that_are_all_alike_are_no_hard_choice(value: float) -> None:
    """All 1 or all 0: no column of dispatch and no row of combine sums to 1, and each is marked."""
    every = torch.full((2, 3, 2, 2), value)

    assert off(answer(every, every)) == ([0, 1, 2], [0, 1, 2, 3])


def test_two_whole_tokens_in_one_slot_are_marked() -> None:
    """One-hot by token: slot 0 gets all three; the slots that get nothing miss 1 too."""
    one_hot = torch.zeros(2, 3, 2, 2)
    one_hot[:, :, 0, 0] = 1

    assert off(answer(one_hot, one_hot)) == ([], [0, 1, 2, 3])


def test_slots_without_a_token_are_no_softmax() -> None:
    """Each token in the slot of its own: of a learner the empty slot is marked, of a hard routing it is not."""
    each = torch.eye(3, 4).view(1, 3, 2, 2).expand(2, -1, -1, -1)

    assert off(answer(each, each)) == ([], [3])
    assert off(RoutingLens(SoftRouting(each, each))) == ([], [])


def warnings(lens: RoutingLens, count: int = 1) -> list[str]:
    """What the box above the map says of the first image of each router."""
    return told(lens, f"[...Array({count}).keys()].map(i => warning(scene(i, 0, 'dispatch'), 'dispatch'))")


def one_hot(logits: Tensor) -> tuple[Tensor, Tensor]:
    """The largest logit alone, whose sums are all 1."""
    return tuple(
        (soft == soft.amax(dim, keepdim=True)).float() for soft, dim in zip(both(logits), (1, (2, 3)), strict=True)
    )


def test_a_choice_of_the_largest_logit_is_told_where_a_softmax_mixes() -> None:
    """Its sums are right; of logits that are far apart a softmax chooses too, and nothing is told."""
    wide = 1e4 * seven().logits
    near, far = RoutingLens.of(one_hot, seven().logits, reference=both), RoutingLens.of(both, wide)

    assert off(near) == ([], [])
    said = [
        f"0/1: every weight of {name} is 0 or 1: a choice, where a softmax of these logits mixes."
        for name in ("dispatch", "combine")
    ]
    assert warnings(near, 2) == [" ".join(said), ""]
    assert (far._entries[0]["unmixed"], warnings(far)) == ([], [""])


@pytest.mark.parametrize("name", ["tokens choice", "experts choice", "identity"])
def test_beside_a_hard_reference_a_hard_answer_is_right(name: str) -> None:
    """A true hard routing is not marked, one whose gates are doubled is."""
    torch.manual_seed(0)
    with torch.no_grad():
        routing = ROUTERS[name](5, 4).eval()(torch.randn(3, 8, 5))
    right = routing.dispatch, routing.combine
    lens = RoutingLens.of(lambda _: right, torch.zeros(routing.sizes), reference=lambda _: right)
    wrong = RoutingLens.of(lambda _: (right[0], 4 * right[1]), torch.zeros(routing.sizes), reference=lambda _: right)

    assert warnings(lens, 2) == ["", ""]
    assert "rows of combine sum to more than 1" in warnings(wrong)[0]


def test_gates_of_a_hard_choice_may_not_sum_to_more_than_one() -> None:
    """Each token in a slot of its own: a gate of a half is fine, one of two is not."""
    dispatch = torch.zeros(2, 3, 2, 2)
    dispatch.flatten(2)[:, range(3), range(3)] = 1
    combine = 0.5 * dispatch
    combine[0, 1] *= 4

    lens = RoutingLens(SoftRouting(dispatch, combine))
    assert off(lens) == ([1], [])
    text = told(lens, "warning(scene(0, 0, 'combine'), 'combine')")
    assert text.startswith("≠1: 1 of 3 rows of combine sum to more than 1 (token 1: 2.0000).")
