"""What a right `causal_leak` does: layers whose leak is known, and what it measures of them."""

import torch

from softmoe_edu.teaching.check.properties import as_defined, brief, close
from softmoe_edu.teaching.exercise import Finding, Property


def each_alone(x):
    """A layer that looks at one token at a time."""
    return torch.tanh(x) + 2 * x


def mean_of_all(x):
    """Every output has a share of every token."""
    return x + x.mean(1, keepdim=True)


def mean_of_the_past(x):
    """Every output has a share of the tokens up to its own."""
    return x.cumsum(1) / torch.arange(1, x.shape[1] + 1, device=x.device, dtype=x.dtype)[:, None]


def one_behind(x):
    """Every output is the token before it."""
    return torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], 1)


def sum_of_the_future(x):
    """Every output has a share of its own token and those after it."""
    return x.flip(1).cumsum(1).flip(1)


def even_places(x):
    """Only the outputs 0, 2, 4, ... read the last token."""
    place = torch.arange(x.shape[1], device=x.device) % 2 == 0
    return x + place[:, None] * x[:, -1:]


def first_example(x):
    """Only the outputs of example 0 read its last token."""
    example = torch.arange(len(x), device=x.device) == 0
    return x + example[:, None, None] * x[:, -1:]


def other_examples(x):
    """Every output reads the last token of the example before it in the batch."""
    return x + x.roll(1, 0)[:, -1:]


def mean_of_the_batch(x):
    """Every output has a share of all tokens of all examples."""
    return x + x.mean((0, 1), keepdim=True)


def one_number(x):
    """Of each output one number reads the last token."""
    first = torch.arange(x.shape[2], device=x.device) == 1
    return x + first * x[:, -1:]


def cancelling(x):
    """What is added to one number of an output is taken from the next."""
    mean = x[:, -1:].sum(-1, keepdim=True)
    signs = torch.zeros(x.shape[2], device=x.device, dtype=x.dtype)
    signs[0], signs[1] = 1, -1
    return x + signs * mean


def faint(x):
    """The last token counts a thousandth."""
    return x + 1e-3 * x[:, -1:].sign()


def through_rounding(x):
    """All tokens are added and subtracted again, which leaves nothing but rounding."""
    total = x.mean(1, keepdim=True)
    return (x + total) - total


def by_length(x):
    """Outputs are divided by the number of tokens."""
    return x / x.shape[1]


def size_of_the_last(x):
    """Outputs read how large the numbers of the last token are, and not their signs."""
    return x + x[:, -1:].abs()


def experts_choose(x):
    """Experts choice with an expert for each number of a token, two slots each; an expert adds its number."""
    e = x.shape[2]
    gates = (2 * x).softmax(-1)
    chosen = gates.mT.topk(min(2, x.shape[1])).indices
    taken = torch.zeros_like(gates.mT).scatter(2, chosen, 1.0)
    numbers = torch.arange(1, e + 1, device=x.device, dtype=x.dtype)
    return x + (taken.mT * gates * numbers).sum(-1, keepdim=True)


LAYERS = (
    each_alone,
    mean_of_all,
    mean_of_the_past,
    one_behind,
    sum_of_the_future,
    even_places,
    first_example,
    other_examples,
    mean_of_the_batch,
    one_number,
    cancelling,
    faint,
    through_rounding,
    by_length,
    size_of_the_last,
)


def case(layer, b, n, d):
    """Return a function that draws tokens for a layer; no number of a token is near 0."""

    def make(draw):
        x = draw.normal(b, n, d)
        return layer, x + 0.2 * x.sign()

    return make


def leak_of(layer, should, name="", b=3, n=7, d=5):
    """Return the property that the right share is measured of a layer."""

    def test(answer, draw):
        for dtype in (torch.float64, torch.float32):
            args = case(layer, b, n, d)(draw.sub(dtype=dtype))
            expected, got = answer.beside(*args)
            if not close(expected, got):
                given = f"layer: {layer.__doc__.rstrip('.').lower()}; x ({b}, {n}, {d}) {str(dtype)[6:]}"
                return Finding(should, given, *(brief(float(value), 4) for value in (expected, got)))
        return None

    return Property(name or layer.__name__.replace("_", " "), test)


def twice(answer, draw):
    """Require the same number in two calls."""
    for number in range(3):
        args = case(experts_choose, 12, 16, 4)(draw.sub(number))
        first, second = (float(answer(*args)) for _ in range(2))
        if first != second:
            should = "the last token becomes its negative, which is the same change in every call"
            given = "experts choice; the same tokens, twice"
            return Finding(should, given, "the same number twice", f"{brief(first, 4)} and {brief(second, 4)}")
    return None


def grads(answer, draw):
    """Require a number of a layer whose answers carry a graph."""
    weight = draw.normal(4, 4).requires_grad_()

    def learns(x):
        """A layer with parameters."""
        return x @ weight + x.mean(1, keepdim=True) @ weight

    got = answer.raw(learns, draw.normal(2, 6, 4))
    if close(1.0, float(got)):
        return None
    return Finding("a layer may have parameters", "a layer that mixes all tokens", "1", brief(float(got), 4))


PROPERTIES = (
    leak_of(each_alone, "a layer that treats tokens one by one leaks nothing: 0"),
    leak_of(mean_of_all, "where every output reads every token, all b · (n - 1) earlier outputs change: 1"),
    leak_of(mean_of_the_past, "a layer that only looks back is causal: 0"),
    leak_of(sum_of_the_future, "where every output reads what comes after it, all earlier ones change: 1"),
    Property("the same twice", twice),
    leak_of(even_places, "the share of the earlier outputs that change: here of 6 in each example, those at 0, 2, 4"),
    leak_of(first_example, "all examples count: here the outputs of one of 3 change"),
    leak_of(other_examples, "the last token of every example is changed, at once"),
    leak_of(mean_of_the_batch, "a layer may mix examples: it gets x in one call and the changed x in another"),
    leak_of(one_number, "an output has changed as soon as one of its d numbers has"),
    leak_of(cancelling, "numbers that move up and others that move down do not cancel"),
    leak_of(faint, "a small change is a change too, down to 1e-6"),
    leak_of(through_rounding, "computers round: what moves by less than 1e-6 has not changed"),
    leak_of(by_length, "the number of tokens stays the same: the last one is replaced, not taken away"),
    leak_of(size_of_the_last, "the last token becomes its negative and nothing else: the sizes of its numbers stay"),
    Property("a layer that learns", grads),
    as_defined(
        "earlier outputs that changed, over all b · (n - 1) of them",
        case(experts_choose, 6, 9, 4),
        case(experts_choose, 2, 16, 3),
        case(mean_of_all, 1, 2, 3),
        case(even_places, 2, 5, 3),
        case(size_of_the_last, 3, 7, 5),
        repeats=2,
        show_output=True,
    ),
)
