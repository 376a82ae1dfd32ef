"""What a right `leak_matrix` does: layers of which it is known who moves whom."""

from itertools import product

import torch

from softmoe_edu.teaching.exercise import Finding, Property

B, N, D = 3, 6, 4


def each_alone(x):
    """Each token by itself."""
    return torch.tanh(x) + 2 * x


def mean_of_the_past(x):
    """Each output is the mean of the tokens up to its own."""
    return x.cumsum(1) / torch.arange(1, x.shape[1] + 1, device=x.device, dtype=x.dtype)[:, None]


def mean_of_all(x):
    """Each output has a share of every token."""
    return x + x.mean(1, keepdim=True)


def one_behind(x):
    """Each output is the token before it, and the first one is 0."""
    return torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], 1)


def two_ahead(x):
    """Each output adds the token two places after it."""
    return x + torch.cat([x[:, 2:], torch.zeros_like(x[:, :2])], 1)


def last_example(x):
    """Only in the last example outputs read the first token."""
    row = torch.arange(len(x), device=x.device) == len(x) - 1
    return x + row[:, None, None] * x[:, :1]


def first_example(x):
    """Only in the first example outputs read the first token."""
    row = torch.arange(len(x), device=x.device) == 0
    return x + row[:, None, None] * x[:, :1]


def second_reads_first(x):
    """In example 1 outputs read the first token of example 0."""
    row = torch.arange(len(x), device=x.device) == 1
    return x + row[:, None, None] * x[:1, :1]


def one_number(x):
    """One number of each output reads the last token."""
    first = torch.arange(x.shape[2], device=x.device) == 1
    return x + first * x[:, -1:]


def other_examples(x):
    """Each output reads the token at the same place of the example before it."""
    return 2 * x.roll(1, 0)


def whole_batch(x):
    """Each output has a share of all tokens of all examples."""
    return x + x.mean((0, 1), keepdim=True)


def cancelling(x):
    """What the last token adds to one number of an output, it takes from the next."""
    signs = torch.zeros(x.shape[2], device=x.device, dtype=x.dtype)
    signs[0], signs[1] = 1, -1
    return x + signs * x[:, -1:].sum(-1, keepdim=True)


def faint(x):
    """The last token counts a thousandth."""
    return x + 1e-3 * x[:, -1:]


def large(x):
    """Answers in the millions, in which rounding moves more than a small number does."""
    total = 1e6 * x.mean(1, keepdim=True)
    return (1e6 * x + total) - total


def small(x):
    """Answers of a millionth, with a share of every token."""
    return 1e-6 * mean_of_all(x)


def hard_choice(x):
    """Outputs read the sign of the last token's first number."""
    return x + x[:, -1:, :1].sign()


def only_positive(x):
    """Outputs read whether the last token's first number is positive."""
    return x + (x[:, -1:, :1] > 0)


def only_down(x):
    """Outputs lose the mean size of all numbers of their example."""
    return x - 3 * x.abs().mean((1, 2), keepdim=True)


def by_size(x):
    """Outputs are divided by the typical size of all tokens of their example."""
    return x / x.square().mean((1, 2), keepdim=True).sqrt()


def writes_over(x):
    """A layer that writes over what it is given."""
    return x.mul_(2).clone()


LAYERS = (
    each_alone,
    mean_of_the_past,
    mean_of_all,
    one_behind,
    two_ahead,
    last_example,
    first_example,
    second_reads_first,
    one_number,
    other_examples,
    whole_batch,
    cancelling,
    faint,
    large,
    small,
    hard_choice,
    only_down,
    by_size,
)


def case(layer, b=B, n=N, d=D):
    """Return a function that draws tokens for a layer; no number of a token is near 0."""

    def make(draw):
        x = draw.normal(b, n, d)
        x = x + 0.2 * x.sign()
        # The sum of a token's numbers decides what `cancelling` adds.
        x[..., 0] = x[..., 0] + 3 * x.sum(-1).sign()
        return layer, x

    return make


def rows(matrix):
    """Write a matrix of True and False, a word of 0 and 1 for each row."""
    return " ".join("".join(str(int(cell)) for cell in row) for row in matrix.tolist())


def _as_matrix(got, n):
    """Return the answer as a bool tensor, or what is wrong with it."""
    matrix = got.detach().cpu() if isinstance(got, torch.Tensor) else None
    if matrix is None or matrix.shape != (n, n):
        shape = tuple(got.shape) if isinstance(got, torch.Tensor) else type(got).__name__
        return None, f"a tensor ({n}, {n})", str(shape)
    if matrix.dtype != torch.bool:
        return None, "a tensor of True and False (torch.bool)", str(matrix.dtype)
    return matrix, "", ""


def found_in(layer, should, b=B, n=N, d=D, name="", repeats=1):
    """Return the property that the right matrix is found for a layer."""

    def test(answer, draw):
        for number, dtype in product(range(repeats), (torch.float64, torch.float32)):
            make, numbers = case(layer, b, n, d), draw.sub(number, dtype=dtype)
            args = make(numbers)
            expected, got = answer.exercise.answer(*make(draw.sub(number, dtype=dtype))), answer.raw(*args)
            given = f"{layer.__doc__.rstrip('.')}; x ({b}, {n}, {d}) {str(dtype)[6:]}"
            matrix, kind, shown = _as_matrix(got, n)
            if matrix is None:
                return Finding("the result is a matrix of True and False, one row for each output", given, kind, shown)
            if not torch.equal(expected.cpu(), matrix):
                return Finding(should, given, f"rows {rows(expected)}", f"rows {rows(matrix)}")
        return None

    return Property(name or layer.__name__.replace("_", " "), test, "print the matrix for n = 3 with .int()")


def keeps_x(answer, draw):
    """Require that x is as before, also if the layer writes over what it is given."""
    for layer in (each_alone, writes_over):
        _, x = case(layer)(draw)
        kept = x.clone()
        got = answer.raw(layer, x)
        if layer is each_alone and not torch.equal(x, kept):
            return Finding("x itself stays as it is: change a copy", "x after the call", "as before", "changed")
        if layer is each_alone and not torch.equal(got.cpu(), torch.eye(N, dtype=torch.bool)):
            return Finding("a layer for each token alone moves the diagonal", "", "the diagonal", rows(got))
    return None


def learns(answer, draw):
    """Require the matrix of a layer with parameters."""
    weight = draw.normal(D, D).requires_grad_()

    def layer(x):
        """A layer with parameters that mixes all tokens."""
        return x @ weight + x.mean(1, keepdim=True) @ weight

    got = answer.raw(layer, draw.normal(2, 5, D))
    if got.shape == (5, 5) and bool(got.all()):
        return None
    return Finding("a layer may have parameters", "a layer that mixes all tokens", "all True", rows(got))


PROPERTIES = (
    found_in(each_alone, "a layer for each token alone: output i moves with token i, which is the diagonal"),
    found_in(mean_of_the_past, "rows are outputs, columns are tokens: a causal layer fills the lower left half"),
    found_in(mean_of_all, "where every output reads every token, all n · n pairs are True"),
    found_in(one_behind, "the diagonal counts like any other pair: here output i reads token i - 1 alone"),
    found_in(two_ahead, "a column for each token: change one after the other"),
    found_in(last_example, "a pair is True if output i moves in any of the examples"),
    found_in(one_number, "an output has moved as soon as one of its d numbers has"),
    found_in(only_down, "a number that becomes smaller has moved, too: take absolute values"),
    found_in(cancelling, "what moves up and what moves down do not make up for each other: take absolute values"),
    found_in(other_examples, "token j is changed in every example at once"),
    found_in(whole_batch, "x and each changed x go through the layer in calls of their own"),
    found_in(hard_choice, "a choice flips where numbers change their sign: token j becomes -2 times itself"),
    found_in(only_positive, "a number that is not positive has to become positive: no zeros", 1, 4, 3, repeats=8),
    found_in(by_size, "the size of the token has to change as well: token j becomes -2 times itself"),
    found_in(faint, "a small move is a move, down to 1e-5 of the largest answer"),
    found_in(large, "up to 1e-5 of the largest answer is rounding, however large the answers are"),
    found_in(small, "small answers move by little: compare with the largest of them"),
    Property("x is kept", keeps_x),
    Property("a layer that learns", learns),
    found_in(mean_of_the_past, "one example is enough, and n may be larger than d", 1, 9, 2, "other sizes"),
    found_in(one_behind, "two tokens", 2, 2, 3, "two tokens"),
)
