"""Mistakes in choosing k experts and weighing them: each runs, but returns other experts or other weights."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

ORDER = (
    "the task's convention is that of the paper's code, vmoe: a softmax over all e experts, of which the k largest "
    "stay as they are"
)


@mistake(
    "M21",
    does="makes the weights of the chosen experts sum to 1, as a softmax over their scores alone does, or a "
    "division of "
    "their gates by the sum",
    belief="Top-k then softmax is the same as softmax then top-k.",
    refuted=ORDER,
    seen="a question in the issues of sonic-moe; Mixtral and Shazeer et al. 2017 do it on purpose, with k over 1",
)
def top_k_then_softmax(logits, k):
    """The other convention."""
    values, indices = logits.topk(k)
    return values.softmax(-1), indices


@mistake(
    "M21",
    does="divides the chosen gates by their sum, so that they sum to 1",
    belief="The weights of the chosen experts have to sum to 1.",
    refuted=ORDER,
    seen="GShard does it on purpose, with k = 2",
    same_as="top-k-then-softmax",
)
def renormalised(logits, k):
    """GShard's gates."""
    weights, indices = logits.softmax(-1).topk(k)
    return weights / weights.sum(-1, keepdim=True), indices


@mistake(
    "M22",
    does="gives every chosen expert the weight 1",
    belief="The choice is all that a router decides; its scores only serve to choose.",
    refuted="the weight of an answer is the gate, the softmax's share, which says how much the answer counts",
    seen="one_hot(argmax) as a router",
)
def hard_choice(logits, k):
    """Ones, tied to the graph."""
    weights, indices = logits.softmax(-1).topk(k)
    return torch.ones_like(weights) + 0 * weights, indices


@mistake(
    "M22",
    does="lets no gradient through its weights",
    belief="Top-k blocks every gradient anyway.",
    refuted="top-k only selects: the selected values have the slope of the softmax",
    seen=".detach(), .data or .tolist() on the gates",
)
def detached(logits, k):
    """The right numbers, cut off."""
    return logits.detach().softmax(-1).topk(k)


@mistake(
    "M23",
    does="adds random noise to the scores at every call, so that no two calls agree",
    belief="Noise is part of the router.",
    refuted="the task adds no noise, so that two calls on the same scores agree; section 8 says when noise has a place",
    seen="makeMoE, whose router adds noise in evaluation too",
)
def noisy(logits, k):
    """Gaussian noise, always."""
    return (logits + torch.randn_like(logits) / logits.shape[-1]).softmax(-1).topk(k)


@mistake(
    does="takes the softmax over the tokens of an example and then each token's largest",
    belief="Axis 1 is the one to normalise over.",
    refuted="in tokens choice a token compares experts: its gates sum to 1 over the last of the axes (b, n, e)",
    seen="softmax(dim=1), as for (tokens, experts) without a batch",
)
def over_tokens(logits, k):
    """Softmax over n."""
    return logits.softmax(1).topk(k)


@mistake(
    does="lets every expert choose k tokens",
    belief="Either side may choose.",
    refuted="in tokens choice every token chooses its top-K experts; the transposed choice is experts choice",
    seen="topk(dim=1)",
)
def experts_choose(logits, k):
    """Top-k over n, with what there is of tokens."""
    weights, indices = logits.softmax(-1).topk(min(k, logits.shape[1]), dim=1)
    return weights.mT, indices.mT


@mistake(
    does="returns the chosen scores themselves, without a softmax",
    belief="The scores are the weights.",
    refuted="a gate is a softmax over experts, between 0 and 1; a score may be negative and of any size",
    seen="the step normalise left out",
)
def scores_as_weights(logits, k):
    """Top-k of the scores."""
    values, indices = logits.topk(k)
    return 1 * values, indices


@mistake(
    does="takes the sigmoid of each chosen score, so that experts do not compete",
    belief="Any function that squeezes into 0 to 1 makes a gate.",
    refuted="the task names the softmax over all experts; a sigmoid looks at one expert alone",
    seen="DeepSeek-V3, on purpose",
)
def sigmoid(logits, k):
    """One gate at a time."""
    return logits.sigmoid().topk(k)


@mistake(
    does="chooses the k experts with the lowest scores",
    belief="Sorting puts the best first.",
    refuted="sort and argsort go from the lowest to the highest unless descending=True",
    seen="argsort()[..., :k]",
)
def worst_experts(logits, k):
    """The wrong end."""
    return logits.softmax(-1).topk(k, largest=False)


@mistake(
    does="sorts the numbers of the chosen experts but leaves the weights as they were, so that pairs are mixed up",
    belief="The order of indices does not matter.",
    refuted="any order will do for the pairs; the weight and the expert of a pair have to stay together",
    seen="indices.sort() for tidiness",
)
def misaligned(logits, k):
    """Indices in order, weights by size."""
    weights, indices = logits.softmax(-1).topk(k)
    return weights, indices.sort(-1).values


@mistake(
    does="chooses the right experts, but takes the gates of experts 0 to k - 1 as weights",
    belief="gates[..., :k] are the gates of the k best.",
    refuted="the gates are in the order of the experts; read them at the indices",
    seen="argsort and a slice, without gather",
)
def first_k_gates(logits, k):
    """A slice for a gather."""
    gates = logits.softmax(-1)
    return gates[..., :k], gates.topk(k).indices


@mistake(
    does="returns indices first and weights second",
    belief="The choice comes first.",
    refuted="the task asks for (weights, indices), the order in which topk returns them too",
    seen="routers differ in this",
)
def parts_swapped(logits, k):
    """The other order of the two."""
    weights, indices = logits.softmax(-1).topk(k)
    return indices, weights


@mistake(
    does="turns the weights into float32",
    belief="Everything is float32.",
    refuted="weights keep the dtype of the scores, or models in other dtypes break",
    seen="softmax(dtype=torch.float32) without converting back",
    form=True,
)
def float32_only(logits, k):
    """A softmax in float32."""
    return logits.softmax(-1, dtype=torch.float32).topk(k)


@mistake(
    does="takes exp of the scores as they are, which overflows",
    belief="softmax(z) is exp(z) / sum(exp(z)), on a computer too.",
    refuted="in float64 exp(710) is infinite, in float32 exp(89); subtract a token's largest score first",
    seen="softmax written by hand",
)
def unstable(logits, k):
    """Exp without the maximum."""
    powers = logits.exp()
    return (powers / powers.sum(-1, keepdim=True)).topk(k)


@mistake(
    does="subtracts one largest score for all tokens, so that a token with far lower ones has only exp(...) = 0 left "
    "and divides 0 by 0",
    belief="Subtracting a maximum makes every softmax safe.",
    refuted="in float64 exp(-746) is 0, in float32 exp(-104): each token subtracts the largest of its own scores",
    seen="logits.max() without an axis",
)
def one_maximum(logits, k):
    """The maximum of the whole tensor."""
    powers = (logits - logits.max()).exp()
    return (powers / powers.sum(-1, keepdim=True)).topk(k)


@mistake(
    does="subtracts the mean of a token's scores before exp, which does not keep one high score from overflowing",
    belief="Subtracting anything of about the right size makes a softmax safe.",
    refuted="only with the largest score subtracted is every exp at most 1; with [1000, 0, -5, 3] the mean leaves 750",
    seen="standardised scores",
)
def minus_the_mean(logits, k):
    """The mean for the maximum."""
    powers = (logits - logits.mean(-1, keepdim=True)).exp()
    return (powers / powers.sum(-1, keepdim=True)).topk(k)


@mistake(
    does="sets the gate of the expert just chosen to 0 and looks for the largest again: where the others' gates are 0 "
    "too, it finds the same expert",
    belief="A gate of 0 is out of the race.",
    refuted="in floating point the gates of others can be 0 as well; mark chosen experts with minus infinity",
    seen="argmax in a loop",
)
def same_expert_again(logits, k):
    """0 as a mark."""
    gates, found = logits.softmax(-1), []
    left = gates.detach().clone()
    for _ in range(k):
        found.append(left.argmax(-1, keepdim=True))
        left = left.scatter(-1, found[-1], 0.0)
    indices = torch.cat(found, -1)
    return gates.gather(-1, indices), indices


@mistake(
    does="takes a second softmax, of the chosen gates",
    belief="Weights have to come out of a softmax.",
    refuted="the softmax over all experts has been taken; a second one flattens the gates and makes them sum to 1",
    seen="softmax, topk, softmax",
)
def softmax_twice(logits, k):
    """Softmax of gates."""
    gates, indices = logits.softmax(-1).topk(k)
    return gates.softmax(-1), indices


@mistake(
    does="collects its weights in a float32 tensor, as torch.zeros makes it, whatever the dtype of the scores",
    belief="Everything is float32.",
    refuted="weights keep the dtype of the scores: torch.zeros(..., dtype=logits.dtype), or new_zeros",
    seen="torch.zeros(b, n, k) before a loop",
    form=True,
)
def stored_in_float32(logits, k):
    """The right numbers, stored in float32."""
    weights, indices = logits.softmax(-1).topk(k)
    return weights.float(), indices


MISTAKES = mistakes_in(globals())
