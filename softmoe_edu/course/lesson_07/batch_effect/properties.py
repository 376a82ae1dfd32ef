"""What a right `batch_effect` does: the layers that it is asked about, and in how many tokens they change."""

import torch

from softmoe_edu.teaching.check.properties import brief, close, each_of
from softmoe_edu.teaching.exercise import Finding, Property

EXAMPLES, COMPANY, TOKENS, DIM, BATCHES = 2, 3, 5, 4, 6


def each_alone(x):
    """Answer each token alone."""
    return torch.tanh(2 * x)


def soft(x):
    """Soft MoE with four slots, each example a group of its own."""
    scores = 2 * x
    return scores.softmax(2) @ torch.tanh(scores.softmax(1).mT @ x)


def soft_shared(x):
    """Soft MoE with four slots that all examples share."""
    return soft(x.flatten(0, 1)[None]).view_as(x)


def shared_slots(x):
    """Tokens choice in which two experts have six slots each for the whole batch, filled in order."""
    wants = x.flatten(0, 1)[:, :1] > 0
    served = torch.where(wants, wants.cumsum(0) <= 6, (~wants).cumsum(0) <= 6).view(*x.shape[:2], 1)
    return torch.where(x[..., :1] > 0, 3.0, -2.0).to(x) * x * served


def chosen_by_experts(x):
    """Experts choice in which one expert takes the nine best tokens of the whole batch."""
    gates = x.flatten(0, 1)[:, 1]
    taken = torch.zeros_like(gates).index_fill(0, gates.topk(9).indices, 1)
    return 2 * x * taken.view(*x.shape[:2], 1)


def one_number(x):
    """Add a mean over the batch to one number of each example's first token."""
    y = x.clone()
    y[:, 0, 2] = y[:, 0, 2] + x.mean((0, 1, 2)) * 20
    return y


def last_row(x):
    """Add a mean over the batch to the last example alone."""
    return torch.cat([x[:-1], x[-1:] + x.mean((0, 1), keepdim=True) * 20])


def by_place(x):
    """Add a number for the place in the batch."""
    return x + torch.arange(len(x), device=x.device, dtype=x.dtype)[:, None, None]


def rounds(x):
    """Round a little differently in every batch, with answers in the thousands."""
    return 1000 * torch.tanh(x) * (1 + 1e-6 * torch.tanh(x.mean() * 100))


def small(x):
    """Share slots, with answers of a millionth."""
    return 1e-6 * soft_shared(x)


LAYERS = {
    "shared slots": shared_slots,
    "each token alone": each_alone,
    "Soft MoE": soft,
    "Soft MoE, one group": soft_shared,
    "experts choice": chosen_by_experts,
    "one number": one_number,
    "last example": last_row,
    "place in the batch": by_place,
    "rounds": rounds,
    "small answers": small,
}


def case(name, examples=EXAMPLES, company=COMPANY):
    """Return a function that gives this layer and draws an x and its company."""

    def make(draw):
        x = draw.normal(examples, TOKENS, DIM)
        others = [draw.normal(company, TOKENS, DIM) for _ in range(BATCHES)]
        if name == "shared slots":
            # In two batches the company wants one expert, or the other one, so that slots run out.
            others[1][..., 0], others[2][..., 0] = others[1][..., 0].abs(), -others[2][..., 0].abs()
        return LAYERS[name], x, others

    return make


def _share(name, should, described, **sizes):
    """Return the property that this layer's share is the definition's."""

    def test(answer, draw):
        for repeat in range(5):
            for dtype in (torch.float64, torch.float32):
                args = case(name, **sizes)(draw.sub(repeat, dtype=dtype))
                expected, got = answer.beside(*args)
                if not close(float(expected), float(got)):
                    shapes = f"x {tuple(args[1].shape)}, {len(args[2])} companies {tuple(args[2][0].shape)}"
                    return Finding(should, f"{described}; {shapes}", brief(float(expected)), brief(float(got)))
        return None

    return Property(name, test, "print the answers to x that you compare, and their shapes, for two of the batches")


PROPERTIES = (
    each_of(
        "nothing shared",
        _share("each token alone", "where nothing is shared, nothing changes", "a layer for each token alone"),
        _share("Soft MoE", "Soft MoE mixes the tokens of one example", "Soft MoE, each example a group"),
    ),
    _share("Soft MoE, one group", "in shared slots every token is changed", "Soft MoE, all examples one group"),
    _share(
        "shared slots",
        "x comes behind its company, which is served first; a token counts if it changes in any of the batches",
        "tokens choice with slots that all examples share, filled in order",
    ),
    _share("experts choice", "a token counts if it changes in any of the batches", "experts choice over the batch"),
    _share("one number", "a token has changed if any of its numbers has", "a layer that changes one number of a token"),
    _share("last example", "tokens are counted, in all examples of x", "a layer that changes the last example alone"),
    _share(
        "place in the batch",
        "x stands in the same place in every batch; whoever compares two places, or two companies, measures those",
        "a layer that adds a number for the place in the batch",
    ),
    each_of(
        "rounding",
        _share("rounds", "up to 1e-4 of the largest answer is rounding", "answers in the thousands that round"),
        _share("small answers", "small answers differ by little: compare with the largest", "answers of a millionth"),
    ),
    each_of(
        "other sizes",
        _share("Soft MoE, one group", "x may be one example", "Soft MoE, one group", examples=1, company=2),
        _share("shared slots", "the company may be smaller than x", "shared slots", examples=3, company=1),
        _share("experts choice", "the company may be larger than x", "experts choice", examples=1, company=4),
    ),
)
