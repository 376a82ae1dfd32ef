"""What a right `tokens_per_expert` does."""

import torch

from softmoe_edu.teaching.check.properties import as_defined, by_hand, changed


def case(n, k, experts):
    """Return a function that draws choices of these sizes; no token chooses the last expert."""
    return lambda draw: (torch.stack([draw.permutation(experts - 1)[:k] for _ in range(n)]), experts)


def _shuffled(args, draw):
    indices, experts = args
    return (indices[draw.permutation(len(indices))], experts), None


PROPERTIES = (
    by_hand(
        lambda draw: (torch.tensor([[0, 1], [0, 2]], device=draw.device), 4),
        "two tokens chose expert 0, one each chose 1 and 2, and none chose 3",
        "experts [[0, 1], [0, 2]], 4 experts",
    ),
    changed(
        "the order of the tokens does not matter",
        case(7, 2, 5),
        _shuffled,
        lambda before, words: before,
        name="order of tokens",
    ),
    as_defined("each choice counts once", case(7, 2, 5), case(3, 1, 4), case(1, 2, 6), show_output=True),
)
