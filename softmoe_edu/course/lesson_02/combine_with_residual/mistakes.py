"""Mistakes in returning experts' answers to their tokens."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def kept_sum(expert_out, weights, kept):
    """Return the layer's output as it should be."""
    return (expert_out.masked_fill(~kept[..., None], 0) * weights[..., None]).sum(1)


@mistake(
    "M16b",
    does="returns the token itself, times its weight, where an expert had no free slot",
    belief="A token that no expert takes passes through the layer, like any other, weighted by its gate.",
    refuted="the residual connection already carries the token: with p = 0.6 the block returns it 1.6 times",
    seen="Switch Transformers in Hugging Face's library until pull request 37123; labml's Switch Transformer",
)
def returned_times_p(x, expert_out, weights, kept):
    """The token in place of the missing answer."""
    layer = (torch.where(kept[..., None], expert_out, x[:, None]) * weights[..., None]).sum(1)
    return layer, x + layer


@mistake(
    "M16b",
    does="returns a dropped token itself from the layer",
    belief="A layer that does nothing returns its input.",
    refuted="the residual connection already carries the token: the block returns it twice",
    seen="layers written for use without a residual connection",
)
def returned_whole(x, expert_out, weights, kept):
    """Where no choice is kept, x."""
    layer = torch.where(kept.any(1, keepdim=True), kept_sum(expert_out, weights, kept), x)
    return layer, x + layer


@mistake(
    "M16a",
    does="leaves out the rows of dropped tokens",
    belief="A dropped token is gone from the sequence.",
    refuted="the attention of the next block needs every token: only the expert's answer is missing",
    seen="boolean indexing",
)
def gone_from_the_sequence(x, expert_out, weights, kept):
    """Only tokens that some expert kept."""
    found = kept.any(1)
    layer = kept_sum(expert_out, weights, kept)[found]
    return layer, x[found] + layer


@mistake(
    "M16a",
    does="returns 0 from the block for a dropped token",
    belief="A dropped token is deleted.",
    refuted="x + 0 is x: dropping concerns the experts only",
    seen="a mask after the addition",
)
def zero_from_the_block(x, expert_out, weights, kept):
    """The residual masked as well."""
    layer = kept_sum(expert_out, weights, kept)
    return layer, (x + layer) * kept.any(1, keepdim=True)


@mistake(
    does="divides by the sum of the weights that were kept",
    belief="The weights of a token sum to 1.",
    refuted="a gate stays what the softmax gave, whatever else was dropped; the official code does not divide after "
    "dropping",
    seen="habit from averages",
)
def renormalised(x, expert_out, weights, kept):
    """A weighted average over kept choices."""
    total = (weights * kept).sum(1, keepdim=True)
    layer = kept_sum(expert_out, weights, kept) / torch.where(total > 0, total, 1)
    return layer, x + layer


@mistake(
    does="uses the numbers of dropped choices as answers",
    belief="Where no expert wrote an answer, there is a zero.",
    refuted="where kept is False there may be any numbers, for example another token's answer",
    seen="a gather whose index was clamped",
)
def kept_unused(x, expert_out, weights, kept):
    """All choices."""
    layer = (expert_out * weights[..., None]).sum(1)
    return layer, x + layer


@mistake(
    "M22",
    does="adds the kept answers without their weights",
    belief="The gate only selects.",
    refuted="every answer is multiplied by its gate; without it the router gets no gradient at all",
    seen="routing written as a lookup",
)
def weights_unused(x, expert_out, weights, kept):
    """A plain sum."""
    layer = expert_out.masked_fill(~kept[..., None], 0).sum(1)
    return layer, x + layer


@mistake(
    does="returns the layer's output as the block's",
    belief="The layer is the block.",
    refuted="the block adds its input: without it a dropped token would be lost",
    seen="a missing x +",
)
def no_residual(x, expert_out, weights, kept):
    """Layer twice."""
    layer = kept_sum(expert_out, weights, kept)
    return layer, layer.clone()


@mistake(
    "M16b",
    does="adds the token inside the layer and once more in the block",
    belief="The residual connection is part of the layer.",
    refuted="the block has one residual connection, outside the layer: every token would be counted twice",
    seen="layers that were cut out of a block",
)
def residual_in_the_layer(x, expert_out, weights, kept):
    """Two residual connections."""
    layer = x + kept_sum(expert_out, weights, kept)
    return layer, x + layer


@mistake(
    does="multiplies the numbers of dropped choices by 0, which gives NaN where they are inf or NaN",
    belief="Multiplying by 0 removes a number.",
    refuted="0 times inf and 0 times NaN are NaN: choose with torch.where or masked_fill before you multiply",
    seen="buffers made by torch.empty, which hold whatever was in memory",
)
def times_zero(x, expert_out, weights, kept):
    """A mask by multiplication."""
    layer = (expert_out * (weights * kept)[..., None]).sum(1)
    return layer, x + layer


@mistake(
    does="multiplies first and replaces the product where kept is False: right numbers, but a gradient of NaN where an "
    "answer was inf or NaN",
    belief="What torch.where does not choose takes no part.",
    refuted="the product that is not chosen gets the gradient 0, and one step further back 0 times inf or NaN is NaN: "
    "choose before you multiply",
    seen="masked losses and attention, where torch.where still multiplies a gradient by 0",
)
def chosen_after_the_product(x, expert_out, weights, kept):
    """torch.where around the product."""
    layer = torch.where(kept[..., None], expert_out * weights[..., None], 0.0).sum(1)
    return layer, x + layer


@mistake(
    does="overwrites a token's first answer with that of a later choice, instead of adding",
    belief="Each token's answer is written once.",
    refuted="a token with two kept choices has two answers, which are added up, each times its weight",
    seen="layer[kept[:, j]] = ... in a loop over the choices",
)
def overwritten(x, expert_out, weights, kept):
    """The last kept choice wins."""
    layer = torch.zeros_like(x)
    for choice in range(weights.shape[1]):
        answer = expert_out[:, choice].masked_fill(~kept[:, choice, None], 0) * weights[:, choice, None]
        layer = torch.where(kept[:, choice, None], answer, layer)
    return layer, x + layer


@mistake(
    does="takes the mean over a token's choices instead of the sum",
    belief="Several answers are averaged.",
    refuted="the weights say already how much each answer counts: they are added up, not divided by k",
    seen="mean(1) in place of sum(1)",
)
def mean_of_choices(x, expert_out, weights, kept):
    """A mean over k."""
    layer = kept_sum(expert_out, weights, kept) / weights.shape[1]
    return layer, x + layer


@mistake(
    does="collects the answers in a float32 tensor, as torch.zeros makes it, whatever the dtype of the input",
    belief="Everything is float32.",
    refuted="the layer keeps the dtype of its input: torch.zeros_like(x), or zeros with dtype=x.dtype",
    seen="torch.zeros(n, d) before a loop",
    form=True,
)
def stored_in_float32(x, expert_out, weights, kept):
    """The right numbers, stored in float32."""
    layer = kept_sum(expert_out, weights, kept).float()
    return layer, x + layer


MISTAKES = mistakes_in(globals())
