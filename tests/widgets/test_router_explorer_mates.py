"""Batch mates: other images take the other places, and the answers that change are those that the library changes."""

import pytest
import torch
from routingkit import near
from test_router_explorer_scripts import LOGITS, shown
from torch import Tensor

from softmoe_edu import Experts, Routing
from softmoe_edu.rerouting import route_scores
from softmoe_edu.widgets.router_explorer import IN_BROWSER

SETTINGS = {"gating": "vmoe", "priority": "position", "top_k": 1, "capacity_factor": 0.5}


def routed(name: str, members: list[int]) -> Routing:
    """The batch as one group, its places held by these images."""
    return route_scores(LOGITS[members].reshape(1, 18, 4, 2), {"router": name, **SETTINGS})


def answers(name: str, members: list[int]) -> Tensor:
    """What image 1 gets from a layer of random experts, in float64."""
    torch.manual_seed(0)
    tokens = torch.randn(3, 6, 5, dtype=torch.float64)[members].reshape(1, 18, 5)
    with torch.no_grad():
        return routed(name, members).map(_wide).through(tokens, Experts(5, 4, 7).double())[0, 6:12]


def _wide(x: Tensor) -> Tensor:
    return x.double() if x.is_floating_point() else x


def shares(name: str, members: list[int]) -> Tensor:
    """For each token of image 1, how much of its slots' mix is of other tokens than in the given order."""
    before = routed(name, [0, 1, 2])
    source = torch.zeros(18, 8)
    source.index_add_(
        0, torch.cat([6 * m + torch.arange(6) for m in members]), routed(name, members).dispatch[0].flatten(1)
    )
    mixed = (source - before.dispatch[0].flatten(1)).clamp(min=0).sum(0)
    return before.combine[0, 6:12].flatten(1) @ mixed


@pytest.mark.parametrize("kind", ["shuffled", "swapped"])
def test_other_mates_change_the_answers_that_the_library_changes(kind: str) -> None:
    """The image keeps its place among others in another order, or other ones, and its changed answers are counted."""
    views = [
        {"router": name, "group": group, "image": 1, "capacity_factor": 0.5, "mates": {"seed": seed, "kind": kind}}
        for seed in range(1, 9)
        for name in IN_BROWSER
        for group in ("whole batch", "one image")
    ]
    seen = set()
    for view, answer in zip(views, shown(LOGITS, *views), strict=True):
        members, name = answer["members"], view["router"]
        assert members[1] == 1 and 1 not in (members[0], members[2])
        if kind == "shuffled":
            assert sorted(members) == [0, 1, 2]
        seen.add(tuple(members))
        if view["group"] == "one image":
            assert answer["change"] == {"tokens": 0, "most": 0}
            continue
        moved = (answers(name, members) - answers(name, [0, 1, 2])).abs().amax(1)
        assert answer["change"]["tokens"] == int((moved > 1e-6).sum()), (name, members)
        if routed(name, members).dispatch.min() > 0:
            share = shares(name, members).max()
            near([answer["change"]["most"]], share * (share > 1e-5), 2e-6)
    assert len(seen) > 1


def test_the_mean_of_the_batch_changes_with_its_images() -> None:
    """Uniform routing: one of two mates replaced by the other changes a third of every answer, an exchange nothing."""
    views = [
        {"router": "uniform", "group": "whole batch", "image": 1, "mates": {"seed": seed, "kind": "swapped"}}
        for seed in range(1, 9)
    ]
    changes = {tuple(answer["members"]): answer["change"] for answer in shown(LOGITS, *views)}

    assert changes.keys() >= {(0, 1, 0), (2, 1, 2)}
    for members, change in changes.items():
        assert (change["tokens"], change["most"]) == ((6, pytest.approx(1 / 3)) if members[0] == members[2] else (0, 0))
