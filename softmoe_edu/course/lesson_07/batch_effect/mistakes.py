"""Mistakes in measuring whether the other examples of a batch matter."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

SERVED = "slots are filled in the order of the batch: who stands in front is served first and notices nothing"


def _answers(layer, x, others):
    return [layer(torch.cat([company, x]))[len(company) :] for company in others]


def _changed(answers):
    first = answers[0]
    return torch.stack([(each - first).abs() > 1e-4 * first.abs().max() for each in answers[1:]])


def _share(answers):
    return _changed(answers).any(-1).any(0).float().mean()


@mistake(
    "M42",
    does="puts x in front of its company",
    belief="Where an example stands in the batch makes no difference.",
    refuted=SERVED,
    seen="torch.cat([x, others])",
)
def x_in_front(layer, x, others):
    """The example first."""
    return _share([layer(torch.cat([x, company]))[: len(x)] for company in others])


@mistake(
    does="reads the first answers of the batch, which are those of the company",
    belief="The answers to x come first.",
    refuted="x stands behind its company, and so do its answers",
    seen="[:len(x)] after torch.cat([company, x])",
)
def answers_of_the_company(layer, x, others):
    """The wrong rows."""
    return _share([layer(torch.cat([company, x]))[: len(x)] for company in others])


@mistake(
    does="reads the last answer of the batch alone, that of the last example of x",
    belief="x is one example.",
    refuted="x holds b examples, and all their answers stand behind those of the company",
    seen="layer(torch.cat([company, x]))[-1]",
)
def last_of_x(layer, x, others):
    """One example of x."""
    return _share([each[-1:] for each in _answers(layer, x, others)])


@mistake(
    does="compares the answers to x with company and without",
    belief="Alone is what it should be compared with.",
    refuted="a smaller batch differs in more than its company, such as the place of x: compare batches of equal size",
    seen="layer(x) against layer(batch)",
)
def against_x_alone(layer, x, others):
    """Alone and in company."""
    return _share([layer(x), *_answers(layer, x, others)])


@mistake(
    does="compares the first two batches and leaves out the others",
    belief="If the company matters, any two show it.",
    refuted="an example may happen to get the same answers in two batches: use all that are given",
    seen="others[0] and others[1]",
)
def two_batches_only(layer, x, others):
    """Two of them."""
    return _share(_answers(layer, x, others[:2]))


@mistake(
    does="compares the first batch with the last one and leaves out the others",
    belief="If the company matters, the last batch shows it.",
    refuted="an example may happen to get the same answers in two batches: use all that are given",
    seen="a variable that a loop overwrites",
)
def last_batch_only(layer, x, others):
    """The first and the last."""
    answers = _answers(layer, x, others)
    return _share([answers[0], answers[-1]])


@mistake(
    does="counts tokens that change in all of the other batches",
    belief="A token that changes, changes always.",
    refuted="one batch in which it changes is enough: any, not all",
    seen="all() for any()",
)
def changed_in_all(layer, x, others):
    """All for any."""
    return _changed(_answers(layer, x, others)).any(-1).all(0).float().mean()


@mistake(
    does="takes the mean over batches, tokens and all",
    belief="A share is a mean.",
    refuted="a token that changes in one batch of five has changed, not by a fifth: any over the batches first",
    seen="mean() of everything",
)
def mean_over_batches(layer, x, others):
    """A mean over batches."""
    return _changed(_answers(layer, x, others)).any(-1).float().mean()


@mistake(
    does="counts single numbers instead of tokens",
    belief="Every number is an answer.",
    refuted="a token has changed if any of its d numbers has: reduce the last axis first",
    seen="(a != b).mean()",
)
def numbers_counted(layer, x, others):
    """Share of numbers."""
    return _changed(_answers(layer, x, others)).any(0).float().mean()


@mistake(
    does="counts examples in which any token changes",
    belief="An example changes, or it does not.",
    refuted="the task asks for the share of tokens",
    seen="amax over tokens and numbers",
)
def examples_counted(layer, x, others):
    """Share of examples."""
    return _changed(_answers(layer, x, others)).flatten(2).any(-1).any(0).float().mean()


@mistake(
    does="counts how many tokens change, and returns no share",
    belief="The number tells it all.",
    refuted="a share is from 0 to 1: divide by b · n",
    seen="sum() for mean()",
)
def count_for_share(layer, x, others):
    """A count."""
    return _changed(_answers(layer, x, others)).any(-1).any(0).float().sum()


@mistake(
    does="counts the tokens that stay",
    belief="The function measures how reliable a layer is.",
    refuted="the task asks for those that change: 0 where nothing is shared",
    seen="== in place of !=",
)
def those_that_stay(layer, x, others):
    """1 minus it."""
    return 1 - _share(_answers(layer, x, others))


@mistake(
    does="counts every difference, down to the last bit",
    belief="The same computation gives the same numbers.",
    refuted="another batch may be summed in another order: up to 1e-4 of the largest answer is rounding",
    seen="torch.equal and !=",
)
def to_the_last_bit(layer, x, others):
    """No tolerance."""
    answers = _answers(layer, x, others)
    changed = torch.stack([(each != answers[0]).any(-1) for each in answers[1:]])
    return changed.any(0).float().mean()


@mistake(
    does="compares with a fixed tolerance, whatever the size of the answers",
    belief="1e-4 is small.",
    refuted="small and large are relative: compare the difference with the largest answer",
    seen="torch.isclose with its defaults",
)
def fixed_tolerance(layer, x, others):
    """An absolute tolerance."""
    answers = _answers(layer, x, others)
    changed = torch.stack([((each - answers[0]).abs() > 1e-4).any(-1) for each in answers[1:]])
    return changed.any(0).float().mean()


@mistake(
    does="returns how much the answers change instead of how many do",
    belief="The effect is the size of the change.",
    refuted="the task asks for the share of tokens: one that changes a little counts as much as one that changes a lot",
    seen="abs().max()",
)
def size_of_change(layer, x, others):
    """The largest change."""
    answers = _answers(layer, x, others)
    return max((each - answers[0]).abs().max() for each in answers[1:])


MISTAKES = mistakes_in(globals())
