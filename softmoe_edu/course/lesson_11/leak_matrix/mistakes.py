"""Mistakes in finding out who moves whom: each finds another matrix for some layer."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def _other(x, j):
    return torch.cat([x[:, :j], -2 * x[:, j : j + 1], x[:, j + 1 :]], 1)


def _apart(layer, x):
    """How far each number moves, (tokens, b, n, d), and the largest answer."""
    before = layer(x.clone()).detach()
    after = torch.stack([layer(_other(x, j)).detach() for j in range(x.shape[1])])
    return after - before, before.abs().max()


def _columns(moved):
    """From (tokens, b, n, d) to (n, tokens)."""
    return moved.any(-1).any(1).T


@mistake(
    does="has a row for each changed token and a column for each output",
    belief="Rows come first, and the token comes first.",
    refuted="row i is output i, column j is the token that changes: set the columns side by side",
    seen="torch.stack(rows) without .T",
)
def rows_are_tokens(layer, x):
    """The transposed matrix."""
    apart, top = _apart(layer, x)
    return _columns(apart.abs() > 1e-5 * top).T


@mistake(
    does="changes token j and all tokens after it",
    belief="The future is everything from j on.",
    refuted="one token at a time, or a later column cannot be told from an earlier one",
    seen="x[:, j:] for x[:, j]",
)
def changes_the_rest(layer, x):
    """A slice without an end."""
    before = layer(x.clone()).detach()
    n = x.shape[1]
    after = torch.stack([layer(torch.cat([x[:, :j], -2 * x[:, j:]], 1)).detach() for j in range(n)])
    return _columns((after - before).abs() > 1e-5 * before.abs().max())


@mistake(
    does="never puts a changed token back, so changes pile up",
    belief="One copy of x is enough.",
    refuted="each column needs a fresh copy of x",
    seen="x.clone() before the loop",
)
def changes_pile_up(layer, x):
    """One copy for all columns."""
    before = layer(x.clone()).detach()
    n = x.shape[1]
    after = torch.stack([layer(torch.cat([-2 * x[:, : j + 1], x[:, j + 1 :]], 1)).detach() for j in range(n)])
    return _columns((after - before).abs() > 1e-5 * before.abs().max())


@mistake(
    does="looks at the first example alone",
    belief="All examples show the same.",
    refuted="a pair is True if output i moves in any example",
    seen="[0] for any over the batch",
)
def first_example_alone(layer, x):
    """Example 0."""
    apart, top = _apart(layer, x)
    return (apart.abs() > 1e-5 * top)[:, 0].any(-1).T


@mistake(
    does="asks that output i moves in all examples",
    belief="A layer that leaks, leaks everywhere.",
    refuted="one example in which it moves is enough: any over the batch",
    seen="all() for any()",
)
def in_all_examples(layer, x):
    """All for any."""
    apart, top = _apart(layer, x)
    return (apart.abs() > 1e-5 * top).any(-1).all(1).T


@mistake(
    does="asks that all d numbers of an output move",
    belief="An output moves as a whole.",
    refuted="one number that moves is a leak: any over the last axis",
    seen="all(-1) for any(-1)",
)
def all_numbers(layer, x):
    """All numbers."""
    apart, top = _apart(layer, x)
    return (apart.abs() > 1e-5 * top).all(-1).any(1).T


@mistake(
    does="adds up the differences of an output, so positive and negative ones cancel",
    belief="A sum of 0 means that nothing moved.",
    refuted="+1 and -1 sum to 0: take absolute values first",
    seen="sum(-1).abs()",
)
def cancels(layer, x):
    """A sum before abs."""
    apart, top = _apart(layer, x)
    return (apart.sum(-1).abs() > 1e-5 * top).any(1).T


@mistake(
    does="counts numbers that grow, and not those that become smaller",
    belief="A difference is positive.",
    refuted="a difference has a sign: abs() before the comparison",
    seen="(after - before) > limit",
)
def only_growth(layer, x):
    """No abs."""
    apart, top = _apart(layer, x)
    return _columns(apart > 1e-5 * top)


@mistake(
    does="counts a move only if it is over a hundredth of the largest answer",
    belief="Small moves do not matter.",
    refuted="training finds a faint leak and enlarges it; the limit is for rounding alone",
    seen="a tolerance of 0.01",
)
def large_moves_only(layer, x):
    """A loose limit."""
    apart, top = _apart(layer, x)
    return _columns(apart.abs() > 0.01 * top)


@mistake(
    does="takes rounding for a move",
    belief="Equal numbers are equal.",
    refuted="(x + m) - m is not always x on a computer: leave room of 1e-5 of the largest answer",
    seen="before != after",
)
def exact(layer, x):
    """!= for a limit."""
    return _columns(_apart(layer, x)[0] != 0)


@mistake(
    does="compares with 1e-5 itself, whatever size the answers have",
    belief="1e-5 is small.",
    refuted="for answers of a millionth 1e-5 is huge, for answers in the millions it is less than rounding",
    seen="> 1e-5 without a factor",
)
def fixed_limit(layer, x):
    """An absolute limit."""
    return _columns(_apart(layer, x)[0].abs() > 1e-5)


@mistake(
    does="changes a token by a thousandth, which no hard choice notices",
    belief="A small change shows what a large one does.",
    refuted="a choice stays until it flips: the token becomes -2 times itself",
    seen="a derivative by differences, or autograd's Jacobian",
)
def tiny_step(layer, x):
    """A step too small."""
    before = layer(x.clone()).detach()
    steps = [torch.cat([x[:, :j], 1.001 * x[:, j : j + 1], x[:, j + 1 :]], 1) for j in range(x.shape[1])]
    after = torch.stack([layer(step).detach() for step in steps])
    return _columns((after - before).abs() > 1e-5 * before.abs().max())


def _times(layer, x, factor):
    """The matrix with another factor."""
    before = layer(x.clone()).detach()
    others = [torch.cat([x[:, :j], factor * x[:, j : j + 1], x[:, j + 1 :]], 1) for j in range(x.shape[1])]
    after = torch.stack([layer(other).detach() for other in others])
    return _columns((after - before).abs() > 1e-5 * before.abs().max())


@mistake(
    does="turns the sign of a token and keeps its size",
    belief="The negative is as different as can be.",
    refuted="a layer may read nothing but sizes, as when it divides by the mean square of all tokens",
    seen="-x[:, j], as in lesson 04",
)
def sign_alone(layer, x):
    """The negative."""
    return _times(layer, x, -1)


@mistake(
    does="doubles a token and keeps its sign",
    belief="Any change will do.",
    refuted="a choice that goes by the sign does not flip: the token becomes -2 times itself",
    seen="2 * x[:, j]",
)
def size_alone(layer, x):
    """Twice the token."""
    return _times(layer, x, 2)


@mistake(
    does="changes token j of the first example only",
    belief="x[0, j] is token j.",
    refuted="every example has a token j: x[:, j]",
    seen="an index without the batch",
)
def one_example_changes(layer, x):
    """One example."""
    before = layer(x.clone()).detach()
    steps = [torch.cat([_other(x, j)[:1], x[1:]]) for j in range(x.shape[1])]
    after = torch.stack([layer(step).detach() for step in steps])
    return _columns((after - before).abs() > 1e-5 * before.abs().max())


@mistake(
    "M42",
    does="puts x and the changed x into one batch, where a layer that mixes examples sees both",
    belief="A batch is many calls in one.",
    refuted="a layer may mix the examples of its batch: call it once for each",
    seen="layer(torch.cat([x, changed])).chunk(2)",
)
def one_batch_for_both(layer, x):
    """One call for two."""
    pairs = [layer(torch.cat([x, _other(x, j)])).detach().chunk(2) for j in range(x.shape[1])]
    top = pairs[0][0].abs().max()
    return _columns(torch.stack([(after - before).abs() > 1e-5 * top for before, after in pairs]))


@mistake(
    does="leaves out the diagonal",
    belief="An output moves with its own token anyway.",
    refuted="it need not: a layer that reads the token before has a diagonal of False",
    seen="a loop that skips i == j",
)
def no_diagonal(layer, x):
    """The diagonal is False."""
    apart, top = _apart(layer, x)
    moved = _columns(apart.abs() > 1e-5 * top)
    return moved & ~torch.eye(len(moved), dtype=torch.bool, device=moved.device)


@mistake(
    does="looks at later tokens only: True above the diagonal",
    belief="A leak is all that matters.",
    refuted="the matrix has all pairs: what a layer uses of the past is below the diagonal",
    seen="triu(1)",
)
def leaks_only(layer, x):
    """The upper half."""
    apart, top = _apart(layer, x)
    return _columns(apart.abs() > 1e-5 * top).triu(1)


@mistake(
    does="returns True where an output does not move",
    belief="isclose tells who moves.",
    refuted="isclose is True where nothing moved: turn it around with ~",
    seen="isclose(...).all()",
)
def who_stays(layer, x):
    """The opposite."""
    apart, top = _apart(layer, x)
    return ~_columns(apart.abs() > 1e-5 * top)


@mistake(
    "M27",
    does="returns the lower left half for every layer",
    belief="A causal mask makes every layer causal.",
    refuted="ask the layer: Soft MoE moves earlier outputs, too",
    seen="torch.ones(n, n).tril() as an answer",
)
def always_causal(layer, x):
    """The belief as a matrix."""
    n = x.shape[1]
    return torch.ones(n, n, dtype=torch.bool, device=x.device).tril()


MISTAKES = mistakes_in(globals())
