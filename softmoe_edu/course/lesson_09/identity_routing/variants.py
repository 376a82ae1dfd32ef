"""Right answers to `identity_routing` in other styles."""

import torch


def in_a_loop(tokens, experts, slots):
    """One token after the other."""
    dispatch = torch.zeros(tokens, experts, slots)
    for t in range(tokens):
        round_, expert = divmod(t, experts)
        dispatch[t, expert, round_] = 1
    return dispatch, dispatch


def rows_of_an_identity_matrix(tokens, experts, slots):
    """Slots counted round by round are the columns of an identity matrix."""
    dispatch = torch.eye(tokens, slots * experts).view(tokens, slots, experts).transpose(1, 2)
    return dispatch, dispatch.clone()


def by_comparison(tokens, experts, slots):
    """A token is where its number is that of the place."""
    place = torch.arange(experts)[:, None] + experts * torch.arange(slots)
    dispatch = (torch.arange(tokens)[:, None, None] == place).to(torch.float32)
    return dispatch, 1.0 * dispatch


def by_one_hot(tokens, experts, slots):
    """Expert and round, each one-hot, multiplied."""
    t = torch.arange(tokens)
    expert = torch.nn.functional.one_hot(t % experts, experts)
    turn = torch.nn.functional.one_hot(torch.div(t, experts, rounding_mode="floor"), slots)
    dispatch = torch.einsum("ne,np->nep", expert, turn).float()
    return [dispatch, dispatch]


VARIANTS = (in_a_loop, rows_of_an_identity_matrix, by_comparison, by_one_hot)
