"""What routers share: what they say of themselves, two steps, and the largest values in a stated order."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from softmoe_edu import ROUTERS, SoftRouter, TokensChoiceRouter
from softmoe_edu.routers import Router
from softmoe_edu.routers.registry import settings_taken
from softmoe_edu.routers.router import ask, top_in_order

B, N, D, E = 3, 8, 5, 4


def router_of(name, **more):
    torch.manual_seed(0)
    return ROUTERS[name](D, E, **more)


@pytest.mark.parametrize("name", ROUTERS)
@pytest.mark.parametrize("tokens", [4, 7, 8])
def test_what_a_router_says_of_itself_is_what_it_does(name, tokens):
    """Slots, sparsity, scores and their MACs are those that its decision with fake tensors has."""
    router = router_of(name, **({"slots_per_expert": 2} if "slots_per_expert" in settings_taken(name) else {}))

    assert router.capacity(tokens) == Router.capacity(router, tokens)
    assert router.is_sparse() == Router.is_sparse(router)
    assert router.score_per() == Router.score_per(router)
    assert router.score_macs(tokens) == Router.score_macs(router, tokens)


@pytest.mark.parametrize("name", [name for name, kind in ROUTERS.items() if kind.is_sparse is not Router.is_sparse])
def test_a_router_that_says_what_it_does_is_not_looked_at(name, monkeypatch):
    """Where a router answers itself, nobody lets it decide to find out."""
    router = router_of(name)
    monkeypatch.setattr("softmoe_edu.routers.router.outline", None)
    monkeypatch.setattr("softmoe_edu.routers.router.score_shape", None)

    assert ask(router, "is_sparse") == router.is_sparse() and ask(router, "score_per") == router.score_per()
    assert ask(router, "capacity", N) == router.capacity(N) and ask(router, "score_macs", N) == router.score_macs(N)
    assert ask(router, "experts_per_token", N, 2) == router.experts_per_token(N, 2)


@pytest.mark.parametrize("name", ROUTERS)
@pytest.mark.parametrize("training", [False, True])
def test_a_decision_is_score_and_decide(name, training):
    """forward is the two steps, noise and padding included, and other scores can be given to the second."""
    more = {"noise_std": 3.0} if training and name in ("soft", "tokens choice", "experts choice") else {}
    router = router_of(name, **more).train(training)
    x = torch.randn(B, N, D, generator=torch.Generator().manual_seed(1))
    mask = torch.arange(N) < torch.tensor([N, 6, 5])[:, None]
    torch.manual_seed(2)
    whole = router(x, mask)
    torch.manual_seed(2)
    logits = router.score(x)
    parts = router.decide(logits, mask)

    assert torch.equal(whole.dispatch, parts.dispatch) and torch.equal(whole.combine, parts.combine)
    assert tuple(logits.shape) in {(B, N, E), (B, N, E, whole.sizes[3]), (B, N, 0)}
    if more:
        torch.manual_seed(2)
        assert (router.decide(2 * logits, mask).combine != whole.combine).any()
        assert torch.equal(router.score(x), logits)


def test_jitter_belongs_to_the_score_and_noise_to_the_decision():
    """In training two scores of the same tokens differ by jitter alone, two decisions by noise alone."""
    x = torch.randn(B, N, D, generator=torch.Generator().manual_seed(1))
    shaken, noisy = (TokensChoiceRouter(D, E, **more).train() for more in ({"jitter": 0.5}, {"noise_std": 5.0}))

    assert (shaken.score(x) != shaken.score(x)).any()
    assert torch.equal(noisy.score(x), noisy.score(x))
    logits = noisy.score(x)
    assert (noisy.decide(logits).noisy_logits != noisy.decide(logits).noisy_logits).any()
    assert torch.equal(shaken.decide(logits).combine, shaken.decide(logits).combine)


def test_soft_attention_decides_without_scores_as_with_them():
    """The form that never builds the logits gives the decision of the two steps."""
    router = SoftRouter(D, E, 2, form="attention", scale_init=4.0)
    x = torch.randn(B, N, D, generator=torch.Generator().manual_seed(1))
    parts = router.decide(router.score(x))

    torch.testing.assert_close(router(x).combine, parts.combine)
    torch.testing.assert_close(router(x).dispatch, parts.dispatch)


@given(st.data())
def test_top_in_order_is_a_stable_sort(data):
    """For floats of any sign, zeros of both signs, infinities and many ties: best first, equal ones by index."""
    numbers = st.sampled_from([-float("inf"), -2.5, -1e-30, -0.0, 0.0, 1e-38, 0.5, 0.5000001, 3.0, float("inf")])
    rows = data.draw(st.lists(st.lists(numbers, min_size=6, max_size=6), min_size=1, max_size=4))
    k = data.draw(st.integers(1, 6))
    for dtype in (torch.float32, torch.float64):
        scores = torch.tensor(rows, dtype=dtype)
        values, index = top_in_order(scores, k)
        expected = [sorted(range(6), key=lambda i: (-row[i], i))[:k] for row in scores.tolist()]

        assert expected == index.tolist()
        assert torch.equal(values, scores.gather(-1, index))


def test_top_in_order_of_a_transposed_view():
    """A view whose last axis does not lie in one piece gives the same."""
    scores = torch.randn(3, 7, 5, generator=torch.Generator().manual_seed(0))
    values, index = top_in_order(scores.mT, 4)

    torch.testing.assert_close(values, scores.mT.topk(4).values)
    assert torch.equal(values, scores.mT.gather(-1, index))
