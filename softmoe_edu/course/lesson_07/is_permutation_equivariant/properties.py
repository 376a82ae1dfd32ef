"""What a right `is_permutation_equivariant` does: the layers that it is asked about, and what is true of them."""

import torch

from softmoe_edu.teaching.check.properties import each_of
from softmoe_edu.teaching.exercise import Finding, Property

EXAMPLES, TOKENS, DIM = 3, 5, 4


def tokens(draw):
    """Draw tokens (3, 5, 4)."""
    return draw.normal(EXAMPLES, TOKENS, DIM)


def _places(x):
    return torch.arange(1, x.shape[1] + 1, device=x.device, dtype=x.dtype)[:, None]


def each_alone(draw):
    """Make an MLP that sees one token at a time."""
    w = draw.normal(DIM, DIM)
    return lambda x: torch.tanh(x @ w.to(x))


def soft(draw):
    """Make a Soft MoE layer of three experts with one slot each."""
    phi, gains = draw.normal(DIM, 3), draw.normal(3, 1)

    def layer(x):
        scores = x @ phi.to(x)
        slots = scores.softmax(1).mT @ x
        return scores.softmax(2) @ torch.tanh(gains.to(x) * slots)

    return layer


def knows_places(draw):
    """Make a layer that adds a vector for each place before it mixes."""
    w = draw.normal(DIM, DIM)
    return lambda x: torch.tanh((x + _places(x) / 2) @ w.to(x)) + x.mean(1, keepdim=True)


def sorts(draw):
    """Make a layer that returns the same in whatever order its tokens come."""
    return lambda x: x.sort(dim=1).values


def past_mean(draw):
    """Make a layer that answers with the mean of a token and those before it."""
    return lambda x: x.cumsum(1) / _places(x)


def both_neighbours(draw):
    """Make a layer that adds the neighbours on both sides, in a ring."""
    return lambda x: x + (x.roll(1, 1) + x.roll(-1, 1)) / 2


def left_neighbour(draw):
    """Make a layer that adds the neighbour on one side, in a ring."""
    return lambda x: x + x.roll(1, 1)


def last_is_special(draw):
    """Make a layer that doubles the last token."""

    def layer(x):
        return torch.cat([x[:, :-1], 2 * x[:, -1:]], 1)

    return layer


def first_come(draw):
    """Make a tokens choice layer of two experts with two slots each, which serve tokens in their order."""
    w = draw.normal(DIM)

    def layer(x):
        wants = x @ w.to(x) > 0
        served = torch.where(wants, wants.cumsum(1) <= 2, (~wants).cumsum(1) <= 2)
        return torch.where(wants, 3.0, -2.0)[..., None].to(x) * x * served[..., None]

    return layer


def one_example(draw):
    """Make a layer that adds something for each place in the second example alone, to the last number."""

    def layer(x):
        y = x.clone()
        y[1, :, -1:] = y[1, :, -1:] + _places(x)
        return y

    return layer


def first_of_two(draw):
    """Make a layer that adds 1 to the last example if its largest first number stands before its smallest."""

    def layer(x):
        first = x[-1, :, 0]
        before = first.argmax() < first.argmin()
        return torch.cat([x[:-1], x[-1:] + before.to(x)])

    return layer


def hundredths(draw):
    """Make a layer that adds a hundredth of its place to each token."""
    return lambda x: x + _places(x) / 100


def rounds(draw):
    """Make a layer each of whose answers is off by a few millionths, more for later places."""
    alone = each_alone(draw)
    return lambda x: alone(x) * (1 + 1e-6 * _places(x))


def rounds_large(draw):
    """Make a layer that rounds as much, with answers in the millions."""
    layer = rounds(draw)
    return lambda x: 1e6 * layer(x)


def small_answers(draw):
    """Make a layer that knows places, with answers of a millionth."""
    layer = knows_places(draw)
    return lambda x: 1e-6 * layer(x)


def zeros(draw):
    """Make a layer that answers 0."""
    return torch.zeros_like


LAYERS = {
    "each token alone": each_alone,
    "Soft MoE": soft,
    "a vector for each place": knows_places,
    "sorts": sorts,
    "a mean over the past": past_mean,
    "both neighbours": both_neighbours,
    "left neighbour": left_neighbour,
    "the last token doubled": last_is_special,
    "first come, first served": first_come,
    "places in one example": one_example,
    "one before another": first_of_two,
    "hundredths": hundredths,
    "rounds": rounds,
    "rounds, large answers": rounds_large,
    "places, small answers": small_answers,
    "answers 0": zeros,
}
FOLLOWS = ("each token alone", "Soft MoE", "rounds", "rounds, large answers", "answers 0")


def case(name):
    """Return a function that makes a layer of this name and draws tokens."""
    return lambda draw: (LAYERS[name](draw.sub("layer")), tokens(draw))


def _verdict(name, should, described):
    """Return the property that the verdict on this layer is right, in both dtypes and for several draws."""

    def test(answer, draw):
        for repeat in range(3):
            for dtype in (torch.float64, torch.float32):
                drawn = draw.sub(repeat, dtype=dtype)
                got = answer(*case(name)(drawn))
                if got != (name in FOLLOWS):
                    given = f"{described}; x {(EXAMPLES, TOKENS, DIM)}, {str(dtype).removeprefix('torch.')}"
                    return Finding(should, given, str(name in FOLLOWS), str(got))
        return None

    next_step = "print, for this layer, the largest difference that you find, and the largest answer"
    return Property(name, test, next_step)


NOT = "answers that depend on where a token stands do not follow its order"
PROPERTIES = (
    each_of(
        "layers that follow",
        _verdict("each token alone", "a layer for each token alone follows any order", "an MLP for each token"),
        _verdict("Soft MoE", "Soft MoE's weights come from the tokens, not from their places", "a Soft MoE layer"),
    ),
    _verdict("a vector for each place", NOT, "a layer that adds a vector for each place"),
    _verdict(
        "sorts",
        "equal answers to every order are another property (invariance): here a token's answer has to go with it",
        "a layer that sorts the numbers of its tokens",
    ),
    _verdict("a mean over the past", NOT, "a layer that answers with the mean of a token and all before it"),
    each_of(
        "neighbours",
        *(
            _verdict(name, "it has to hold for every order, not only for one that keeps neighbours together", given)
            for name, given in (
                ("both neighbours", "a layer that adds the neighbours on both sides, in a ring"),
                ("left neighbour", "a layer that adds the neighbour on the left, in a ring"),
            )
        ),
    ),
    each_of(
        "few tokens differ",
        _verdict("the last token doubled", "it has to hold for every token", "a layer that doubles the last token"),
        _verdict(
            "first come, first served",
            "who is served first is a matter of order",
            "tokens choice with two slots for each expert, filled in the order of the tokens",
        ),
        _verdict(
            "places in one example",
            "it has to hold in every example of the batch",
            "a layer that adds a number for each place, in the second example alone",
        ),
    ),
    _verdict(
        "one before another",
        "a single order that fails settles it: most orders, or one that holds, are not enough",
        "a layer that adds 1 where one token stands before another, which half of all orders change",
    ),
    each_of(
        "rounding",
        _verdict(
            "rounds",
            "a difference of up to 1e-4 of the largest answer is rounding",
            "an MLP for each token, off by a few millionths of each answer",
        ),
        _verdict(
            "hundredths",
            "a hundredth of the answers is no rounding: the limit is 1e-4 of the largest",
            "a layer that adds a hundredth of its place to each token",
        ),
        _verdict(
            "rounds, large answers",
            "rounding grows with the answers: compare with the largest of them",
            "the same with answers in the millions",
        ),
        _verdict(
            "places, small answers",
            "small answers differ by little: compare with the largest of them",
            "a layer that adds a vector for each place, and answers a millionth of that",
        ),
    ),
    _verdict("answers 0", "answers that are all 0 are in any order", "a layer that always answers 0"),
)
