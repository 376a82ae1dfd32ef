"""Influence of tokens on outputs: which layers leak, and what layers that cannot be measured are told."""

import re

import pytest
import torch
from torch import nn

from softmoe_edu import Experts, ExpertsChoiceRouter, MoE, SoftRouter, TokensChoiceRouter
from softmoe_edu.influence import earlier_share, influence, moves

B, N, D, E, P = 3, 7, 5, 4, 2


def tokens(n: int = N) -> torch.Tensor:
    return torch.randn(B, n, D, generator=torch.Generator().manual_seed(1))


def layer(router: type, *args: int, **settings: object) -> MoE:
    torch.manual_seed(0)
    return MoE(router(D, E, *args, **settings), Experts(D, E, 6))


def test_an_mlp_of_each_token_moves_its_own_output_only() -> None:
    """The matrix is the diagonal, and no earlier output moves."""
    torch.manual_seed(0)
    measured = influence(nn.Sequential(nn.Linear(D, 9), nn.GELU(), nn.Linear(9, D)), tokens())

    assert torch.equal(moves(measured), torch.eye(N, dtype=torch.bool))
    assert earlier_share(measured) == 0


def test_soft_moe_moves_every_output() -> None:
    """Every token is in every slot, and every slot in every answer."""
    measured = influence(layer(SoftRouter, P), tokens())

    assert bool(moves(measured).all())
    assert earlier_share(measured) == 1


def test_tokens_choice_in_order_of_position_moves_later_outputs_only() -> None:
    """With one choice a token can only turn away who comes after it: the lower triangle, with some of it filled."""
    measured = moves(influence(layer(TokensChoiceRouter, 1), tokens(14)))

    assert torch.equal(measured, measured.tril())
    assert bool(measured.diagonal().any())
    assert int(measured.tril(-1).sum()) > 5


def test_experts_choice_moves_earlier_outputs() -> None:
    """A later token can take the place of an earlier one."""
    assert 0 < earlier_share(influence(layer(ExpertsChoiceRouter), tokens(14))) < 1


def test_the_matrix_by_hand() -> None:
    """Row: output, column: token. x_i + 2 x_0 moves twice as far in column 0, three times at (0, 0)."""
    x = tokens()
    measured = influence(lambda x: x + 2 * x[:, :1], x, draws=1)
    own = measured.diagonal().clone()
    own[0] /= 3

    expected = torch.diag(own)
    expected[:, 0] = 2 * own[0]
    expected[0, 0] = 3 * own[0]
    torch.testing.assert_close(measured, expected)


def test_a_change_is_as_large_as_asked() -> None:
    """The identity moves by the noise itself, `size` times the spread of x, and the largest of more draws is larger."""
    x = tokens()
    one, half = (influence(lambda x: x, 10 * x, size=size, draws=1) for size in (1.0, 0.5))
    noise = torch.randn(B, D, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    spread = float((10 * x).double().std(correction=0))
    assert float(one[0, 0]) == pytest.approx(spread * float(noise.abs().max()), rel=1e-5)
    torch.testing.assert_close(half, one / 2)
    assert float(influence(lambda x: x, 10 * x, draws=9)[0, 0]) > float(one[0, 0])


def test_the_same_seed_gives_the_same_matrix_and_the_world_stays_as_it_was() -> None:
    """Mode of every part, tokens and global random state are left alone; another seed gives another matrix."""
    soft, x = layer(SoftRouter, P, noise_std=1.0), tokens()
    soft.train()
    soft.experts.eval()
    before, state = x.clone(), torch.get_rng_state()
    first, same, other = influence(soft, x), influence(soft, x), influence(soft, x, seed=1)

    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    assert (soft.training, soft.router.training, soft.experts.training) == (True, True, False)
    assert torch.equal(x, before) and torch.equal(torch.get_rng_state(), state)


def test_a_layer_that_writes_into_its_tokens_is_measured_all_the_same() -> None:
    """Each call gets a copy."""
    assert torch.equal(moves(influence(lambda x: x.mul_(2), tokens())), torch.eye(N, dtype=torch.bool))


def test_shares_by_hand() -> None:
    """Of three pairs of an earlier output and a later token one moves; changes at the tolerance do not count."""
    measured = torch.tensor([[4.0, 2.0, 1.0], [0.0, 4.0, 0.0], [3.0, 3.0, 4.0]])

    assert moves(measured, 0.25).tolist() == [[True, True, False], [False, True, False], [True, True, True]]
    assert earlier_share(measured, 0.25) == pytest.approx(1 / 3)
    assert earlier_share(measured, 0.0) == pytest.approx(2 / 3)
    assert earlier_share(torch.zeros(3, 3)) == 0
    assert earlier_share(torch.ones(1, 1)) == 0


def broken(x: torch.Tensor) -> torch.Tensor:
    raise RuntimeError("no such expert")


def only_the_changed(x: torch.Tensor) -> torch.Tensor:
    return x / (x - x) if bool((x[:, 2] != tokens()[:, 2]).any()) else x


WRONG = {
    "no callable": (lambda: influence(3, tokens()), "layer must be callable, (b, n, d) -> (b, n, d), got int"),
    "two axes": (
        lambda: influence(broken, tokens()[0]),
        "x must be a tensor of tokens (b, n, d), got (7, 5): add the axis",
    ),
    "a list": (lambda: influence(broken, [1.0]), "x must be a tensor of tokens (b, n, d), got list"),
    "whole numbers": (lambda: influence(broken, tokens().long()), "tokens must be floating point, got torch.int64"),
    "no draws": (lambda: influence(broken, tokens(), draws=0), "draws must be at least 1, got 0"),
    "no size": (lambda: influence(broken, tokens(), size=0.0), "size must be over 0 and finite, got 0.0"),
    "NaN size": (lambda: influence(broken, tokens(), size=float("nan")), "size must be over 0 and finite, got nan"),
    "equal tokens": (lambda: influence(broken, torch.ones(B, N, D)), "x must hold numbers that differ"),
    "it raises": (
        lambda: influence(broken, tokens(), name="mine"),
        "mine must answer tokens of shape (3, 7, 5), it raised RuntimeError: no such expert",
    ),
    "no tensor": (
        lambda: influence(lambda x: (x, x), tokens()),
        "layer must return one tensor of shape (3, 7, 5), got",
    ),
    "a shape": (
        lambda: influence(lambda x: x.mT, tokens()),
        "outputs of shape (3, 7, 5), as its tokens, got (3, 5, 7)",
    ),
    "NaN": (lambda: influence(only_the_changed, tokens()), "layer must return finite outputs, got NaN or infinity"),
    "dropout": (
        lambda: influence(lambda x: x + torch.rand_like(x), tokens()),
        "same tokens the same way twice, got two answers",
    ),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_measured_is_answered_with_a_sentence(name: str) -> None:
    """What was expected and what came."""
    make, sentence = WRONG[name]

    with pytest.raises((TypeError, ValueError), match=re.escape(sentence)):
        make()


def test_the_mode_comes_back_after_an_error() -> None:
    """A module that raises is left in its mode."""
    module = nn.Linear(D + 1, D)
    with pytest.raises(ValueError, match="it raised RuntimeError"):
        influence(module, tokens())

    assert module.training
