"""Mistakes in counting which expert gets what share of the choices."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def _chosen(indices, num_experts, mask=None):
    """Return which choice is which expert, (b, n, k, e), without padding."""
    chosen = indices[..., None] == torch.arange(num_experts, device=indices.device)
    return chosen if mask is None else chosen & mask[..., None, None]


def _shares(chosen):
    counts = chosen.sum((1, 2))
    return counts / counts.sum(-1, keepdim=True).clamp(min=1)


def _real(indices, mask):
    return torch.ones(indices.shape[:2], dtype=torch.bool, device=indices.device) if mask is None else mask


@mistake(
    does="divides by the number of tokens instead of the number of choices, so that the shares sum to k",
    belief="A share is a share of the tokens.",
    refuted="with two choices per token that makes 2 at balance: a loss of 1 would become one of k",
    seen="the balance loss of Mixtral in Hugging Face's library, where it is the convention",
)
def per_token(indices, num_experts, mask=None):
    """Counts over tokens."""
    tokens = _real(indices, mask).sum(1, keepdim=True).clamp(min=1)
    return _chosen(indices, num_experts, mask).sum((1, 2)) / tokens


@mistake(
    does="counts first choices only",
    belief="A token belongs to the expert that it likes best.",
    refuted="an expert computes a token whichever choice it is: with k = 2 every token is computed twice",
    seen="argmax in place of top-k; with k = 1 it is the same",
)
def first_choices(indices, num_experts, mask=None):
    """Column 0."""
    return _shares(_chosen(indices[..., :1], num_experts, mask))


@mistake(
    "M40",
    does="counts padding like real tokens",
    belief="Padding does no harm.",
    refuted="padding is routed too, and all of it alike: the expert that gets it looks busy and is not",
    seen="a mask that is an argument and nothing else",
)
def padding_counted(indices, num_experts, mask=None):
    """The mask unused."""
    return _shares(_chosen(indices, num_experts))


@mistake(
    "M40",
    does="leaves padding out of the counts but not out of the number that it divides by",
    belief="The mask concerns the numerator.",
    refuted="the shares of a group with padding then sum to less than 1",
    seen="(one_hot * mask).mean(1)",
)
def divided_by_all(indices, num_experts, mask=None):
    """A mean over all tokens."""
    return _chosen(indices, num_experts, mask).sum((1, 2)) / indices[0].numel()


@mistake(
    "M40",
    does="gives all choices of padding to expert 0",
    belief="Multiplying by the mask removes a choice.",
    refuted="0 is the number of an expert: a choice times 0 is a choice of expert 0",
    seen="indices * mask",
)
def padding_to_expert_0(indices, num_experts, mask=None):
    """Indices times mask."""
    return _shares(_chosen(indices * _real(indices, mask)[..., None], num_experts))


@mistake(
    "M40",
    does="counts padding instead of the real tokens",
    belief="True in a mask marks what is masked.",
    refuted="in this course True means real, as the task says; some of PyTorch's own masks mean the opposite",
    seen="key_padding_mask of nn.MultiheadAttention, which is True for padding",
)
def mask_inverted(indices, num_experts, mask=None):
    """The other tokens."""
    return _shares(_chosen(indices, num_experts, None if mask is None else ~mask))


@mistake(
    "M42",
    does="counts over the whole batch and gives every group the same shares",
    belief="The batch is what is balanced.",
    refuted="each group has shares of its own: a group that fills one expert is not helped by another that fills the "
    "next one",
    seen="flatten() before counting",
)
def whole_batch(indices, num_experts, mask=None):
    """One count for all groups."""
    counts = _chosen(indices, num_experts, mask).sum((0, 1, 2))
    return (counts / counts.sum().clamp(min=1)).repeat(len(indices), 1)


@mistake(
    does="returns the numbers of choices without dividing",
    belief="A load is a number of tokens.",
    refuted="the task asks for shares, which sum to 1 however many tokens there are",
    seen="bincount",
)
def not_divided(indices, num_experts, mask=None):
    """Counts."""
    return _chosen(indices, num_experts, mask).sum((1, 2)).float()


@mistake(
    does="divides by the largest count, so that the busiest expert has 1",
    belief="Loads are compared with the busiest expert.",
    refuted="the task asks for shares of all choices; they sum to 1",
    seen="normalising for a plot",
)
def share_of_the_largest(indices, num_experts, mask=None):
    """Relative to the maximum."""
    counts = _chosen(indices, num_experts, mask).sum((1, 2))
    return counts / counts.amax(-1, keepdim=True).clamp(min=1)


@mistake(
    does="divides by the number of experts",
    belief="An average over experts divides by e.",
    refuted="a share is a part of all choices; e plays no role in it",
    seen="counts / num_experts",
)
def over_experts(indices, num_experts, mask=None):
    """Counts over e."""
    return _chosen(indices, num_experts, mask).sum((1, 2)) / num_experts


@mistake(
    does="numbers the experts from 1",
    belief="Experts are 1 to e.",
    refuted="indices come from topk, which counts from 0: expert 0 would be lost",
    seen="torch.arange(1, num_experts + 1)",
)
def numbered_from_1(indices, num_experts, mask=None):
    """One too high."""
    chosen = indices[..., None] == torch.arange(1, num_experts + 1, device=indices.device)
    return _shares(chosen if mask is None else chosen & mask[..., None, None])


@mistake(
    does="leaves out experts without tokens, so that the ones after them move up",
    belief="Only experts that occur are counted.",
    refuted="an expert without tokens has a share of 0, in its own place: such experts are what the lesson is about",
    seen="torch.unique(indices, return_counts=True)",
)
def only_those_in_use(indices, num_experts, mask=None):
    """Counts of those that occur, then zeros."""
    rows = []
    for group in range(len(indices)):
        real = indices[group] if mask is None else indices[group][mask[group]]
        counts = real.unique(return_counts=True)[1]
        empty = torch.zeros(max(0, num_experts - len(counts)), device=indices.device)
        rows.append(torch.cat([counts / max(1, real.numel()), empty]))
    return torch.stack(rows)


@mistake(
    does="divides 0 by 0 in a group that is all padding, and is right elsewhere",
    belief="Every group has a token.",
    refuted="the last batch of an epoch is often filled up with padding: NaN in one group is NaN in the mean over all",
    seen="counts / counts.sum() without a clamp",
)
def nothing_by_nothing(indices, num_experts, mask=None):
    """0 / 0."""
    counts = _chosen(indices, num_experts, mask).sum((1, 2))
    return counts / counts.sum(-1, keepdim=True)


@mistake(
    raises=True,
    does="fails where the choice of a padding token is not an expert's number, and is right elsewhere",
    belief="Choices are numbers of experts.",
    refuted="padding may hold anything, as -1 in lesson 02: replace or remove it before you count",
    seen="one_hot(indices) * mask",
)
def padding_must_be_an_expert(indices, num_experts, mask=None):
    """one_hot first."""
    rows = torch.nn.functional.one_hot(indices, num_experts)
    return _shares(rows if mask is None else rows * mask[..., None, None])


MISTAKES = mistakes_in(globals())
