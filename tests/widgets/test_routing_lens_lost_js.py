"""Choices that were lost where the token was not: told of routers in which tokens choose, of no other."""

import pytest
import torch
from routing_lens_values import seven
from test_routing_lens_words_js import told
from torch import Tensor

from softmoe_edu.routers import ROUTERS, ExpertsChoiceRouter, TokensChoiceRouter
from softmoe_edu.routing import SparseRouting
from softmoe_edu.widgets import RoutingLens

X = torch.randn(3, 16, 5, generator=torch.Generator().manual_seed(0))


def lost(lens: RoutingLens, entry: int = 0) -> list[list[int]]:
    """Tokens of each image that lost a choice and kept another."""
    return told(lens, f"[0, 1, 2].map(image => scene({entry}, image, 'dispatch').lost)")


def routed(router: torch.nn.Module, x: Tensor = X, mask: Tensor | None = None) -> SparseRouting:
    """What a router decides, without gradients."""
    with torch.no_grad():
        return router.eval()(x, mask)


@pytest.mark.parametrize("top_k", [1, 2, 3])
@pytest.mark.parametrize("factor", [0.5, 0.75, None])
def test_tokens_that_lost_some_of_their_choices_are_found(top_k: int, factor: float | None) -> None:
    """Those in at least one slot and in fewer than top_k, with padding too."""
    torch.manual_seed(0)
    mask = torch.ones(3, 16, dtype=torch.bool)
    mask[1, 9:] = False
    routing = routed(TokensChoiceRouter(5, 4, top_k, capacity_factor=factor), mask=mask)
    load = routing.token_load()
    expected = [[t for t in range(16) if 0 < load[image, t] < top_k] for image in range(3)]

    assert lost(RoutingLens(routing)) == expected
    assert any(expected) == (top_k > 1 and factor is not None)


def test_experts_that_choose_lose_no_choice() -> None:
    """A token in one expert beside one in three has lost nothing; nor is anything lost in mixtures."""
    torch.manual_seed(0)
    mask = torch.ones(3, 16, dtype=torch.bool)
    mask[1, 9:] = False
    router = ExpertsChoiceRouter(5, 4, capacity_factor=2.0)
    routings = {"plain": {"": routed(router)}, "padded": {"": routed(router, mask=mask)}}
    lens = RoutingLens(routings)

    assert len(set(routings["plain"][""].token_load().flatten().tolist())) > 2
    assert [lost(lens, entry) for entry in (0, 1)] == [[[], [], []]] * 2
    assert lost(RoutingLens(seven())) == [[], [], []]
    assert lost(RoutingLens(routed(ROUTERS["identity"](5, 4)))) == [[], [], []]


def test_equal_gates_do_not_hide_a_lost_choice() -> None:
    """All tokens like the same two experts, which have no room for all; the other two stay empty."""
    routing = routed(TokensChoiceRouter(5, 4, 2, capacity_factor=1.0), torch.zeros(1, 4, 5))
    short = SparseRouting(routing.token.clone(), routing.gate, 4, gates=routing.gates)
    short.token[0, 1, 1] = -1

    assert told(RoutingLens(short), "scene(0, 0, 'dispatch').lost") == [1]


def test_sentences_tell_what_was_lost() -> None:
    """In the caption with numbers, and of the token beside its slots."""
    token = torch.tensor([[[0, 1], [0, 2]]])
    lens = RoutingLens(SparseRouting(token, torch.full((1, 2, 2), 0.5), 4))

    caption = told(lens, "caption(scene(0, 0, 'dispatch'), 'dispatch')")
    assert caption.startswith(
        "1 of 4 tokens dropped (3). Hatched at the right: 2 tokens in fewer slots than the 2 of others (1, 2); "
        "where each makes as many choices, the rest were lost. Every slot's dispatch sums to 1. Sums of dispatch: "
        "rows 0 to 2."
    )
    facts = told(lens, "[0, 1, 3].map(t => sentence(scene(0, 0, 'dispatch'), at(t, -1, -1), 'dispatch'))")
    assert [text.split(", its")[0] for text in facts] == [
        "token 0: token 0 fills 2 slots",
        "token 1: token 1 fills 1 slot where others fill 2",
        "token 3: token 3 is dropped: it fills 0 slots",
    ]


@pytest.mark.parametrize("scores", ["any", "opposite"])
def test_mixtures_lose_no_choice_whatever_their_sums(scores: str) -> None:
    """Raw scores given as weights: rows that sum to less than 0, or to 0, are neither lost choices nor dropped."""
    logits = torch.randn(3, 16, 4, 2, generator=torch.Generator().manual_seed(0))
    if scores == "opposite":
        logits = torch.stack([logits[..., 0], -logits[..., 0]], -1)
    lens = RoutingLens.of(
        lambda x: (x, x), logits, reference=lambda x: (x.softmax(1), x.flatten(2).softmax(2).view_as(x))
    )
    assert (logits.sum((2, 3)) < 0).any() or scores == "opposite"

    assert lost(lens) == [[], [], []]
    caption = told(lens, "caption(scene(0, 0, 'dispatch'), 'dispatch')")
    folded = "Every token's dispatch sums to 0. " if scores == "opposite" else ""
    assert caption.startswith(f"0 of 16 tokens dropped. {folded}Sums of dispatch: ")
    fact = told(lens, "sentence(scene(0, 0, 'dispatch'), at(3, -1, -1), 'dispatch')")
    assert "where others fill" not in fact and "dropped" not in fact
