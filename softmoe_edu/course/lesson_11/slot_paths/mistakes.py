"""Mistakes in counting the slots between a token and an output."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def _both(dispatch, combine):
    """Return whether slot (e, p) is a path from j to i, (b, i, j, e, p)."""
    return (combine != 0)[:, :, None] & (dispatch != 0)[:, None]


@mistake(
    does="has a row for each token and a column for each output",
    belief="The token comes first, since it is dispatched first.",
    refuted="row i is output i, as in the leak matrix: combine gives the rows",
    seen="holds @ reads.mT",
)
def rows_are_tokens(dispatch, combine):
    """The transposed count."""
    return _both(dispatch, combine).sum((-2, -1)).mT


@mistake(
    "M27",
    does="counts the slots that output i reads, whatever they hold",
    belief="An output that reads only early slots reads only early tokens.",
    refuted="a slot holds tokens, and a mask of combine does not change which: both weights count",
    seen="(combine != 0).sum",
)
def reads_alone(dispatch, combine):
    """Combine only."""
    return _both(torch.ones_like(dispatch), combine).sum((-2, -1))


@mistake(
    does="counts the slots that hold token j, whether or not output i reads them",
    belief="What is dispatched arrives.",
    refuted="a slot that output i does not read is no path to it",
    seen="(dispatch != 0).sum",
)
def holds_alone(dispatch, combine):
    """Dispatch only."""
    return _both(dispatch, torch.ones_like(combine)).sum((-2, -1))


@mistake(
    does="multiplies the weights and adds the products up",
    belief="The influence is what counts.",
    refuted="the task asks how many slots; the sum of products says how much arrives if experts did nothing",
    seen="combine @ dispatch.mT",
)
def sum_of_products(dispatch, combine):
    """Weights for counts."""
    return combine.flatten(2) @ dispatch.flatten(2).mT


@mistake(
    does="says whether there is a path, and not how many there are",
    belief="A path is a path.",
    refuted="count the slots: how far the number falls tells what a mask does",
    seen="any for sum",
)
def any_path(dispatch, combine):
    """Yes or no."""
    return _both(dispatch, combine).flatten(3).any(-1).long()


@mistake(
    does="counts experts that have a slot which is a path",
    belief="Slots of one expert are one path.",
    refuted="each slot holds a mix of its own: count all e · p of them",
    seen="any over p, sum over e",
)
def counts_experts(dispatch, combine):
    """Experts for slots."""
    return _both(dispatch, combine).any(-1).sum(-1)


@mistake(
    does="lets a token enter by one slot and leave by another slot of the same expert",
    belief="An expert holds what any of its slots holds.",
    refuted="an expert computes each slot by itself: both weights have to be those of one slot",
    seen="any over p before the two are compared",
)
def through_the_expert(dispatch, combine):
    """Any slot of the expert."""
    return ((combine != 0).any(-1)[:, :, None] & (dispatch != 0).any(-1)[:, None]).sum(-1)


@mistake(
    does="leaves out weights up to a hundredth",
    belief="A small weight is as good as none.",
    refuted="no weight of a softmax is 0 unless it is masked, and small ones grow in training: compare with 0",
    seen="> 0.01",
)
def large_weights_only(dispatch, combine):
    """A limit for zero."""
    return _both(dispatch.where(dispatch > 0.01, 0), combine.where(combine > 0.01, 0)).sum((-2, -1))


@mistake(
    does="adds up the counts of all examples",
    belief="The batch has one matrix.",
    refuted="each example has weights of its own, and a matrix of its own",
    seen="einsum without b in the result",
)
def all_examples_together(dispatch, combine):
    """Summed over the batch."""
    total = _both(dispatch, combine).sum((-2, -1)).sum(0, keepdim=True)
    return total.expand(len(dispatch), -1, -1)


@mistake(
    does="counts later tokens only: 0 on and below the diagonal",
    belief="Only the future matters.",
    refuted="the result has all pairs; look at its upper half afterwards",
    seen="triu(1)",
)
def future_alone(dispatch, combine):
    """The upper half."""
    return _both(dispatch, combine).sum((-2, -1)).triu(1)


@mistake(
    "M27",
    does="counts earlier tokens only: 0 above the diagonal",
    belief="With a mask there is nothing above the diagonal.",
    refuted="count, do not assume: the slots were filled before the mask",
    seen="tril()",
)
def past_alone(dispatch, combine):
    """The lower half."""
    return _both(dispatch, combine).sum((-2, -1)).tril()


@mistake(
    does="counts slots where one of the two weights is not 0",
    belief="Either connects them.",
    refuted="a path needs both: the token in the slot, and the slot in the output",
    seen="| for &",
)
def either(dispatch, combine):
    """Or for and."""
    return ((combine != 0)[:, :, None] | (dispatch != 0)[:, None]).sum((-2, -1))


MISTAKES = mistakes_in(globals())
