"""Mistakes in testing the order of tokens: each is a test that says yes where it should say no, or the reverse."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

MEANING = "the property is layer(x in another order) = layer(x), put into that order"


def _same(a, b, largest):
    return bool((a - b).abs().max() <= 1e-4 * largest)


def _orders(x):
    generator = torch.Generator().manual_seed(0)
    return [torch.randperm(x.shape[1], generator=generator) for _ in range(10)]


def _all_same(layer, x, orders):
    y = layer(x)
    return all(_same(layer(x[:, order]), y[:, order], y.abs().max()) for order in orders)


@mistake(
    "M11",
    does="reorders the tokens and compares with the answers in the old order",
    belief="If order does not matter, the answers stay as they are.",
    refuted=f"that is invariance, which a layer that sorts has and a layer for each token has not; {MEANING}",
    seen="a first test of one's own",
)
def input_only(layer, x):
    """Invariance."""
    y = layer(x)
    return all(_same(layer(x[:, order]), y, y.abs().max()) for order in _orders(x))


@mistake(
    does="puts the answers into the inverse order",
    belief="What was shuffled has to be shuffled back, so the inverse goes on the other side.",
    refuted="either the inverse brings the new answers back, or the order itself is applied to the old ones",
    seen="argsort on the wrong side",
)
def inverse_order(layer, x):
    """The inverse on the wrong side."""
    y = layer(x)
    return all(_same(layer(x[:, order]), y[:, order.argsort()], y.abs().max()) for order in _orders(x))


@mistake(
    does="draws one order for the tokens and another one for the answers",
    belief="Random is random.",
    refuted="both sides need the same order: draw it once and keep it",
    seen="two calls of randperm",
    same_as="inverse-order",
)
def two_orders(layer, x):
    """Two draws."""
    y = layer(x)
    return all(_same(layer(x[:, order]), y[:, order.roll(1)], y.abs().max()) for order in _orders(x))


@mistake(
    does="reorders the examples of the batch instead of the tokens",
    belief="Axis 0 is the axis of the tokens.",
    refuted="in (b, n, d) axis 0 counts examples, and tokens are axis 1; nearly every layer follows the order of "
    "examples",
    seen="x[order] in place of x[:, order]",
)
def examples_reordered(layer, x):
    """Axis 0."""
    y = layer(x)
    orders = ([1, 2, 0], [2, 1, 0], [1, 0, 2])
    return all(_same(layer(x[order]), y[order], y.abs().max()) for order in orders)


@mistake(
    does="reorders the numbers inside each token",
    belief="The last axis is the one to shuffle.",
    refuted="in (b, n, d) the last axis holds the numbers of a token; tokens are axis 1",
    seen="x[..., order]",
)
def numbers_reordered(layer, x):
    """Axis 2."""
    y = layer(x)
    orders = [torch.randperm(x.shape[2], generator=torch.Generator().manual_seed(seed)) for seed in range(5)]
    return all(_same(layer(x[..., order]), y[..., order], y.abs().max()) for order in orders)


@mistake(
    does="turns the tokens round and tries no other order",
    belief="One other order is enough.",
    refuted="a layer that adds both neighbours follows this order and not others: try several, at random",
    seen="x.flip(1)",
)
def reversed_only(layer, x):
    """One order: backwards."""
    return _all_same(layer, x, [list(range(x.shape[1]))[::-1]])


@mistake(
    does="moves all tokens along by one place and tries no other order",
    belief="One other order is enough.",
    refuted="a layer that adds a neighbour follows this order, in a ring: try several, at random",
    seen="x.roll(1, dims=1)",
)
def moved_along_only(layer, x):
    """One order: shifted."""
    count = x.shape[1]
    return _all_same(layer, x, [[(i - 1) % count for i in range(count)]])


@mistake(
    does="exchanges the first two tokens and tries no other order",
    belief="If two tokens can be exchanged, all can.",
    refuted="a layer that treats only the last token differently does not notice: every token has to move",
    seen="a test on two tokens",
)
def first_two_only(layer, x):
    """One order: a swap."""
    return _all_same(layer, x, [[1, 0, *range(2, x.shape[1])]])


@mistake(
    does="says True if any one of the orders holds",
    belief="If it can be done once, the layer can do it.",
    refuted="the property is about every order: a single one that fails settles it",
    seen="return True inside the loop",
)
def any_order(layer, x):
    """Any instead of all."""
    y = layer(x)
    orders = [list(range(x.shape[1]))[::-1], [1, 0, *range(2, x.shape[1])], *_orders(x)]
    return any(_same(layer(x[:, order]), y[:, order], y.abs().max()) for order in orders)


@mistake(
    does="compares the sums over all tokens",
    belief="If the same answers come out, their sum is the same.",
    refuted="equal sums do not say which token got which answer: a layer that sorts has them too",
    seen="y.sum() in a test",
)
def sums_compared(layer, x):
    """Sums over tokens."""
    y = layer(x)
    return all(_same(layer(x[:, order]).sum(1), y.sum(1), y.abs().max()) for order in _orders(x))


@mistake(
    does="requires equal numbers to the last bit",
    belief="The same computation gives the same numbers.",
    refuted="sums in another order round differently: up to 1e-4 of the largest answer is rounding",
    seen="torch.equal",
)
def to_the_last_bit(layer, x):
    """torch.equal."""
    y = layer(x)
    return all(torch.equal(layer(x[:, order]), y[:, order]) for order in _orders(x))


@mistake(
    does="compares with a fixed tolerance, whatever the size of the answers",
    belief="1e-5 is small.",
    refuted="small and large are relative: compare the difference with the largest answer",
    seen="torch.allclose with its defaults",
)
def fixed_tolerance(layer, x):
    """An absolute tolerance."""
    y = layer(x)
    return all(bool((layer(x[:, order]) - y[:, order]).abs().max() <= 1e-4) for order in _orders(x))


@mistake(
    does="looks at the first example alone",
    belief="All examples are treated alike.",
    refuted="whether all examples are treated alike is what a test has to find out: compare all b of them",
    seen="layer(x)[0]",
)
def first_example_only(layer, x):
    """Example 0."""
    y = layer(x)
    return all(_same(layer(x[:, order])[0], y[0, order], y.abs().max()) for order in _orders(x))


@mistake(
    does="compares shapes alone, and says True to every layer",
    belief="If the shape is right, the layer works.",
    refuted="no order of the tokens changes a shape",
    seen="a first test of one's own, which looks at shapes",
)
def shapes_compared(layer, x):
    """Shapes."""
    return all(layer(x[:, order]).shape == layer(x).shape for order in _orders(x))


@mistake(
    does="answers the opposite: True where an order makes a difference",
    belief="The function tells whether the order matters.",
    refuted="True means that the answers follow the order",
    seen="a comparison that is turned round",
)
def opposite(layer, x):
    """Not."""
    return not _all_same(layer, x, _orders(x))


MISTAKES = mistakes_in(globals())
