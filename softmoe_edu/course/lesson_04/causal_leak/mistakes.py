"""Mistakes in measuring a leak: each returns another number for some layer."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

CHANGED = 1e-6


def _negated(x):
    return torch.cat([x[:, :-1], -x[:, -1:]], 1)


def _apart(layer, x, other=None):
    return (layer(_negated(x) if other is None else other) - layer(x.clone())).detach()


def _share(moved):
    return moved.float().mean().item()


@mistake(
    "M26a",
    does="returns 0 for every layer",
    belief="Each token's output is computed from that token.",
    refuted="where tokens are mixed or compete for slots, an output depends on others, also on later ones",
    seen="the two calls made with the same tokens, as when a copy shares its memory with x",
)
def always_nothing(layer, x):
    """The belief as a function."""
    return 0.0


@mistake(
    does="counts the last output too, which of course changes",
    belief="All outputs are outputs.",
    refuted="only outputs before the changed token can show a leak: leave the last one out",
    seen="a mean over (b, n) in place of (b, n - 1)",
)
def last_one_too(layer, x):
    """N for n - 1."""
    return _share((_apart(layer, x).abs() > CHANGED).any(-1))


@mistake(
    does="looks at the last output, the only one that may change",
    belief="A leak shows in the last token's output.",
    refuted="the last output may depend on the last token; a leak is a change before it",
    seen="[:, -1] for [:, :-1]",
)
def last_one_alone(layer, x):
    """The wrong rows."""
    return _share((_apart(layer, x)[:, -1:].abs() > CHANGED).any(-1))


@mistake(
    "M42",
    does="puts both into one batch, so that a layer that mixes examples sees them together",
    belief="A batch is many calls in one.",
    refuted="a layer may mix the examples of its batch, as routers with shared slots do: call it twice",
    seen="layer(torch.cat([x, changed])).chunk(2)",
)
def both_in_one_batch(layer, x):
    """One call for two."""
    before, after = layer(torch.cat([x, _negated(x)])).detach().chunk(2)
    return _share(((after - before)[:, :-1].abs() > CHANGED).any(-1))


@mistake(
    does="changes the first token and looks at the later outputs",
    belief="A leak is any dependence between tokens.",
    refuted="a later output may depend on an earlier token; a leak goes the other way",
    seen="x[:, 0] for x[:, -1]",
)
def looks_forward(layer, x):
    """The wrong end."""
    other = torch.cat([-x[:, :1], x[:, 1:]], 1)
    return _share((_apart(layer, x, other)[:, 1:].abs() > CHANGED).any(-1))


@mistake(
    does="changes all tokens",
    belief="Any change will do.",
    refuted="an output may change with its own token: all but the last have to stay as they are",
    seen="layer(-x)",
)
def all_tokens(layer, x):
    """Everything negated."""
    return _share((_apart(layer, x, -x)[:, :-1].abs() > CHANGED).any(-1))


@mistake(
    does="counts numbers, b · (n - 1) · d of them, and not outputs",
    belief="An output is a number.",
    refuted="an output is a row of d numbers, and has changed as soon as one of them has: any(-1)",
    seen="a mean without any(-1)",
)
def counts_numbers(layer, x):
    """Without any."""
    return _share(_apart(layer, x)[:, :-1].abs() > CHANGED)


@mistake(
    does="takes an output for changed only where all of its numbers are",
    belief="any and all are the same here.",
    refuted="one number that moves is a leak",
    seen="all(-1) for any(-1)",
)
def all_numbers(layer, x):
    """All for any."""
    return _share((_apart(layer, x)[:, :-1].abs() > CHANGED).all(-1))


@mistake(
    does="returns the share of examples in which some earlier output changes",
    belief="An example leaks or does not.",
    refuted="the task asks for the share of outputs; in experts choice nearly every example leaks, but few outputs",
    seen="any over tokens and numbers",
)
def share_of_examples(layer, x):
    """Any over all of an example."""
    return _share((_apart(layer, x)[:, :-1].abs() > CHANGED).flatten(1).any(1))


@mistake(
    does="returns 1 as soon as anything leaks",
    belief="A layer leaks or does not.",
    refuted="the task asks for a share: how much leaks is what distinguishes experts choice from Soft MoE",
    seen="not torch.allclose(before, after)",
)
def yes_or_no(layer, x):
    """A verdict for a measure."""
    return float((_apart(layer, x)[:, :-1].abs() > CHANGED).any())


@mistake(
    does="returns the mean distance between the outputs",
    belief="The size of the change is the leak.",
    refuted="the task asks how many outputs change: a size depends on the layer's weights",
    seen="(after - before).abs().mean()",
)
def mean_distance(layer, x):
    """How far for how many."""
    return _apart(layer, x)[:, :-1].abs().mean().item()


@mistake(
    does="adds up the differences of an output, so that positive and negative ones cancel",
    belief="A sum of zero means that nothing changed.",
    refuted="+1 and -1 sum to 0: take absolute values first",
    seen="(after - before).sum(-1).abs()",
)
def cancels(layer, x):
    """A sum before abs."""
    return _share(_apart(layer, x)[:, :-1].sum(-1).abs() > CHANGED)


@mistake(
    does="counts outputs of which a number grew, and not those that only became smaller",
    belief="A difference is positive.",
    refuted="a difference has a sign: take its absolute value before you compare it",
    seen="(after - before) > 1e-6 without abs",
)
def only_growth(layer, x):
    """No abs."""
    return _share((_apart(layer, x)[:, :-1] > CHANGED).any(-1))


@mistake(
    does="counts large changes only, over 0.01",
    belief="Small changes do not matter.",
    refuted="a small leak is a leak too: training finds and enlarges it; the limit of 1e-6 is only for rounding",
    seen="a tolerance taken from plots",
)
def large_changes_only(layer, x):
    """A loose tolerance."""
    return _share((_apart(layer, x)[:, :-1].abs() > 0.01).any(-1))


@mistake(
    does="takes rounding for a change",
    belief="Equal numbers are equal.",
    refuted="(x + m) - m is not always x on a computer: compare with a tolerance, 1e-6",
    seen="before != after",
)
def exact(layer, x):
    """!= for a tolerance."""
    return _share((_apart(layer, x)[:, :-1] != 0).any(-1))


@mistake(
    does="looks at the first example alone",
    belief="One example is enough.",
    refuted="the share is over the outputs of all examples",
    seen="x[:1], or [0]",
)
def first_alone(layer, x):
    """A batch of one."""
    return _share((_apart(layer, x)[:1, :-1].abs() > CHANGED).any(-1))


@mistake(
    does="changes the last token of the first example only",
    belief="x[0, -1] is the last token.",
    refuted="every example has a last token: x[:, -1]",
    seen="an index without the batch",
)
def one_last_token(layer, x):
    """One for all."""
    other = torch.cat([_negated(x)[:1], x[1:]])
    return _share((_apart(layer, x, other)[:, :-1].abs() > CHANGED).any(-1))


@mistake(
    does="changes the last example and not the last tokens",
    belief="x[-1] is the last token.",
    refuted="axis 0 of (b, n, d) is the batch: the last tokens are x[:, -1]",
    seen="an index without the batch",
)
def last_example(layer, x):
    """x[-1]."""
    other = torch.cat([x[:-1], -x[-1:]])
    return _share((_apart(layer, x, other)[:, :-1].abs() > CHANGED).any(-1))


@mistake(
    does="takes the last token away and compares what is left",
    belief="Without its last token a sequence is the same sequence.",
    refuted="fewer tokens mean other capacities; keep the number, and change what the last one holds",
    seen="layer(x[:, :-1])",
)
def takes_it_away(layer, x):
    """One token fewer."""
    apart = layer(x[:, :-1].clone()) - layer(x.clone())[:, :-1]
    return _share((apart.abs() > CHANGED).any(-1))


@mistake(
    does="changes the last token by a thousandth, which no hard choice notices",
    belief="A small change shows what a large one does, as with derivatives.",
    refuted="a choice of the best stays the same until it flips: the last token has to become a different one",
    seen="a derivative by differences, or autograd",
)
def tiny_step(layer, x):
    """A step too small."""
    other = torch.cat([x[:, :-1], 1.001 * x[:, -1:]], 1)
    return _share((_apart(layer, x, other)[:, :-1].abs() > CHANGED).any(-1))


@mistake(
    does="replaces the last token by zeros",
    belief="Nothing is the best change.",
    refuted="the task asks for the negative: a token of zeros is not only different, its numbers are also smaller",
    seen="changed[:, -1] = 0",
)
def zeros(layer, x):
    """0 for the negative."""
    other = torch.cat([x[:, :-1], 0 * x[:, -1:]], 1)
    return _share((_apart(layer, x, other)[:, :-1].abs() > CHANGED).any(-1))


@mistake(
    does="replaces the last token by a random one, another in every call",
    belief="Any change will do.",
    refuted="the task asks for the negative, so that two calls agree and layers can be compared",
    seen="torch.randn_like",
)
def random_token(layer, x):
    """Its negative, each number times 1/30 to 30: what fails is then the same in every run of the kill matrix."""
    last = -x[:, -1:]
    other = torch.cat([x[:, :-1], last * 30 ** (2 * torch.rand_like(last) - 1)], 1)
    return _share((_apart(layer, x, other)[:, :-1].abs() > CHANGED).any(-1))


@mistake(
    does="returns a percentage",
    belief="A share is a number of percent.",
    refuted="a share goes from 0 to 1",
    seen="100 * mean",
)
def percent(layer, x):
    """Times 100."""
    return 100 * _share((_apart(layer, x)[:, :-1].abs() > CHANGED).any(-1))


@mistake(
    does="returns the share of outputs that stay",
    belief="isclose shows what changed.",
    refuted="isclose is True where nothing changed: take 1 minus its share",
    seen="isclose(...).all(-1).mean()",
)
def share_that_stays(layer, x):
    """The other share."""
    return 1 - _share((_apart(layer, x)[:, :-1].abs() > CHANGED).any(-1))


@mistake(
    does="returns a number of outputs",
    belief="A count is as good as a share.",
    refuted="a share can be compared between sizes: divide by b · (n - 1)",
    seen=".sum() for .mean()",
)
def a_count(layer, x):
    """A sum."""
    return float((_apart(layer, x)[:, :-1].abs() > CHANGED).any(-1).sum())


MISTAKES = mistakes_in(globals())
