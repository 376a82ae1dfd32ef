"""Mistakes in `tokens_per_expert`."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in


@mistake(
    "M15",
    does="counts first choices alone",
    belief="A token has one expert.",
    refuted="with k = 2 a token is sent to two experts, and both have a slot for it",
    seen="indices[:, 0]",
)
def first_choices(indices, experts):
    """The first column."""
    return torch.bincount(indices[:, 0], minlength=experts)


@mistake(
    does="leaves out the experts after the last one that somebody chose",
    belief="Who is not chosen need not be counted.",
    refuted="an expert without tokens has load 0, and 0 is the number that a balance loss looks for",
    seen="bincount without minlength",
)
def no_empty_experts(indices, experts):
    """As long as the largest number."""
    return torch.bincount(indices.flatten())


MISTAKES = mistakes_in(globals())
