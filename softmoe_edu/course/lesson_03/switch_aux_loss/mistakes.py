"""Mistakes in the balance loss: each runs, most have a value near the right one, and none balances as it should."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

SWITCH = "Switch Transformer, Eq. 4: loss = weight · N · Σ f_i · P_i"


def _real(probs, mask):
    return torch.ones(probs.shape[:2], dtype=torch.bool, device=probs.device) if mask is None else mask


def _chosen(probs, indices, real):
    """Return which choice is which expert, (b, n, k, e), as numbers; 0 for padding."""
    chosen = indices[..., None] == torch.arange(probs.shape[-1], device=probs.device)
    return (chosen & real[..., None, None]).to(probs.dtype)


def _shares(probs, indices, real):
    counts = _chosen(probs, indices, real).sum((1, 2))
    return counts / counts.sum(-1, keepdim=True).clamp(min=1)


def _tokens(real):
    return real.sum(1, keepdim=True).clamp(min=1)


def _gates(probs, real):
    return probs.masked_fill(~real[..., None], 0).sum(1) / _tokens(real)


def _loss(shares, gates):
    return shares.shape[-1] * (shares * gates).sum(-1).mean()


@mistake(
    "M20",
    does="averages the gates over experts instead of tokens: every mean is 1/e, the loss is 1 in every step, and its "
    "gradient is 0",
    belief="A mean over the last axis is the mean gate.",
    refuted="a token's gates sum to 1, so their mean over experts is 1/e whatever the router does: P_i is a mean over "
    "tokens",
    seen="probs.mean(-1) in place of probs.mean(1)",
)
def gates_averaged_over_experts(probs, indices, mask=None):
    """P is 1/e."""
    real = _real(probs, mask)
    each = probs.masked_fill(~real[..., None], 0).mean(-1).sum(1, keepdim=True) / _tokens(real)
    return _loss(_shares(probs, indices, real), each.expand(len(probs), probs.shape[-1]))


@mistake(
    "M20",
    does="multiplies the sum of the shares by the sum of the gates: the loss is 1 in every step, and its gradient is 0",
    belief="Multiply the two, add over experts: the order does not matter.",
    refuted="both sums are 1 whatever the router does; first multiply expert by expert, then add",
    seen="two tensors broadcast against each other and then averaged",
    same_as="gates-averaged-over-experts",
)
def product_of_sums(probs, indices, mask=None):
    """1 times 1."""
    real = _real(probs, mask)
    return (_shares(probs, indices, real).sum(-1) * _gates(probs, real).sum(-1)).mean()


@mistake(
    "M20",
    does="multiplies the shares by themselves: there is no gradient at all",
    belief="What should be even is the load, so the loss is taken of the load.",
    refuted="a share is a count: it moves in steps, and its slope is 0; P is there to carry the gradient",
    seen="the question whether counts have a gradient: minimind, issue 290",
)
def shares_alone(probs, indices, mask=None):
    """E · Σ f²."""
    shares = _shares(probs, indices, _real(probs, mask))
    return _loss(shares, shares)


@mistake(
    "M20",
    does="multiplies the mean gates by themselves: a smooth loss, which does not look at where tokens go",
    belief="The mean gate is the load, only smoother.",
    refuted="gates of 0.51 and 0.49 are nearly even, but every token goes to the first expert: the share says so",
    seen="a formula made differentiable",
)
def gates_alone(probs, indices, mask=None):
    """E · Σ P²."""
    gates = _gates(probs, _real(probs, mask))
    return _loss(gates, gates)


@mistake(
    "M20",
    does="cuts the gradient of the mean gates",
    belief="The loss is a statistic, and statistics are detached.",
    refuted="the gates are the only part with a gradient; without them the router never hears of the loss",
    seen="torch.no_grad() around both means",
)
def gates_cut_off(probs, indices, mask=None):
    """P detached."""
    real = _real(probs, mask)
    return _loss(_shares(probs, indices, real), _gates(probs.detach(), real))


@mistake(
    "M20",
    does="takes the mean over the gates of chosen experts only",
    belief="A gate that is not used does not count.",
    refuted="P_i is the mean of all tokens' gates for expert i: what pulls tokens to a quiet expert are the gates of "
    "those who do not choose it yet",
    seen="the weights of top_k_route in place of the gates",
)
def gates_of_the_chosen(probs, indices, mask=None):
    """Top-k gates."""
    real = _real(probs, mask)
    kept = probs.masked_fill(~real[..., None], 0) * _chosen(probs, indices, real).sum(2)
    return _loss(_shares(probs, indices, real), kept.sum(1) / _tokens(real))


@mistake(
    "M20",
    does="divides a token's chosen gates by their sum first; with one choice they are then 1, and have no gradient",
    belief="Weights sum to 1.",
    refuted="P_i is a mean over the softmax of all experts",
    seen="a router that divides its weights by their sum and hands these to the loss",
)
def gates_divided_again(probs, indices, mask=None):
    """Renormalised top-k gates."""
    real = _real(probs, mask)
    kept = probs.masked_fill(~real[..., None], 0) * _chosen(probs, indices, real).sum(2)
    kept = kept / kept.sum(-1, keepdim=True).clamp(min=1e-9)
    return _loss(_shares(probs, indices, real), kept.sum(1) / _tokens(real))


@mistake(
    does="takes the softmax of the gates again",
    belief="probs are scores.",
    refuted="gates are a softmax already; a second one makes them nearly even, and the loss nearly 1",
    seen="a loss function that expects scores and is given gates; transformers pull request 45111 repairs such a pair",
)
def softmax_again(probs, indices, mask=None):
    """softmax(softmax)."""
    real = _real(probs, mask)
    return _loss(_shares(probs, indices, real), _gates(probs.masked_fill(~real[..., None], 0).softmax(-1), real))


@mistake(
    does="leaves out the factor e: the loss is 1/e at balance",
    belief="The sum over experts is the loss.",
    refuted=SWITCH + "; with it the value at balance is 1 for any number of experts, and its weight means the same",
    seen="a formula read in haste, or mean() in place of sum() over experts",
)
def without_e(probs, indices, mask=None):
    """Σ f P."""
    real = _real(probs, mask)
    return _loss(_shares(probs, indices, real), _gates(probs, real)) / probs.shape[-1]


@mistake(
    does="multiplies by e twice: the loss is e at balance",
    belief="Both means are divided by e.",
    refuted=SWITCH + "; e² belongs to a mean over experts, not to a sum",
    seen="the official code's e² · mean, written with a sum",
)
def e_squared(probs, indices, mask=None):
    """e² Σ f P."""
    real = _real(probs, mask)
    return _loss(_shares(probs, indices, real), _gates(probs, real)) * probs.shape[-1]


@mistake(
    does="divides the counts by the number of tokens, so that the loss is k at balance",
    belief="f is a share of the tokens.",
    refuted="the task counts shares of all choices; for one choice per token there is no difference",
    seen="the balance loss of Mixtral in Hugging Face's library, where it is the convention",
)
def per_token(probs, indices, mask=None):
    """K times the loss."""
    real = _real(probs, mask)
    return _loss(_shares(probs, indices, real), _gates(probs, real)) * indices.shape[-1]


@mistake(
    does="counts first choices only",
    belief="The loss is defined by the argmax.",
    refuted="that is so in Switch, where k = 1; with more choices each one is work for an expert",
    seen="probs.argmax(-1) in place of indices",
)
def first_choices(probs, indices, mask=None):
    """Column 0."""
    real = _real(probs, mask)
    return _loss(_shares(probs, indices[..., :1], real), _gates(probs, real))


@mistake(
    "M40",
    does="counts padding like real tokens",
    belief="Padding does no harm.",
    refuted="all padding is routed alike: it makes one expert look busy, and the loss drives real tokens away from it",
    seen="a mask that the loss is not given",
)
def padding_counted(probs, indices, mask=None):
    """The mask unused."""
    real = _real(probs, None)
    return _loss(_shares(probs, indices, real), _gates(probs, real))


@mistake(
    "M40",
    does="leaves padding out of the shares but not out of the mean gates",
    belief="Only what is routed has to be masked.",
    refuted="P is a mean over real tokens too",
    seen="a mask applied to one of two factors",
)
def padding_in_the_gates(probs, indices, mask=None):
    """A mean over all tokens."""
    return _loss(_shares(probs, indices, _real(probs, mask)), probs.mean(1))


@mistake(
    "M40",
    does="adds the gates of real tokens and divides by the number of all",
    belief="A masked mean is the mean of the masked.",
    refuted="the zeros of padding are part of that mean: divide by the number of real tokens",
    seen="(probs * mask).mean(1)",
)
def divided_by_all(probs, indices, mask=None):
    """Sum over n."""
    real = _real(probs, mask)
    gates = probs.masked_fill(~real[..., None], 0).mean(1)
    return _loss(_shares(probs, indices, real), gates)


@mistake(
    "M42",
    does="takes shares and mean gates over the whole batch",
    belief="The batch is what is balanced.",
    refuted="a group that fills expert 0 and one that fills expert 1 are even together, but each drops tokens; "
    "the task asks for the loss of each group",
    seen="probs.view(-1, e), which balances whole batches",
)
def whole_batch(probs, indices, mask=None):
    """One group."""
    real = _real(probs, mask).flatten()[None]
    probs, indices = probs.flatten(0, 1)[None], indices.flatten(0, 1)[None]
    return _loss(_shares(probs, indices, real), _gates(probs, real))


@mistake(
    does="adds the losses of all groups instead of taking their mean",
    belief="Losses add up.",
    refuted="the loss would grow with the batch, and its weight would mean something else for every batch size",
    seen=".sum() at the end",
)
def sum_over_groups(probs, indices, mask=None):
    """B times the loss."""
    real = _real(probs, mask)
    return _loss(_shares(probs, indices, real), _gates(probs, real)) * len(probs)


@mistake(
    does="computes another balance loss: the squared coefficient of variation of the summed gates",
    belief="Balance losses are all the same.",
    refuted="the importance loss is 0 at balance and looks at gates alone; this one is 1 there and looks at counts too",
    seen="the importance loss of Shazeer et al. (2017)",
)
def importance(probs, indices, mask=None):
    """Var / mean²."""
    total = probs.masked_fill(~_real(probs, mask)[..., None], 0).sum(1)
    return (total.var(-1, correction=0) / total.mean(-1).square().clamp(min=1e-30)).mean()


@mistake(
    "M40",
    does="multiplies the gates of padding by 0, which gives NaN where they are inf or NaN",
    belief="Multiplying by 0 removes a number.",
    refuted="0 times inf and 0 times NaN are NaN: use masked_fill or torch.where",
    seen="(probs * mask).sum(1) / mask.sum(1)",
)
def times_zero(probs, indices, mask=None):
    """A mask by multiplication."""
    real = _real(probs, mask)
    gates = (probs * real[..., None]).sum(1) / _tokens(real)
    return _loss(_shares(probs, indices, real), gates)


@mistake(
    does="leaves groups that are all padding out of the mean over groups",
    belief="An empty group is no group.",
    refuted="the task counts it as 0, as the library does: a group's weight does not depend on how full the others are",
    seen="boolean indexing",
)
def empty_groups_left_out(probs, indices, mask=None):
    """A mean over the others."""
    real = _real(probs, mask)
    some = real.any(1)
    return _loss(_shares(probs, indices, real)[some], _gates(probs, real)[some])


@mistake(
    does="divides 0 by 0 in a group that is all padding, and is right elsewhere",
    belief="Every group has a token.",
    refuted="the last batch of an epoch is often filled up with padding: one NaN makes the whole loss NaN",
    seen="a division by mask.sum(1) without a clamp",
)
def nothing_by_nothing(probs, indices, mask=None):
    """0 / 0."""
    real = _real(probs, mask)
    counts = _chosen(probs, indices, real).sum((1, 2))
    gates = probs.masked_fill(~real[..., None], 0).sum(1) / real.sum(1, keepdim=True)
    return _loss(counts / counts.sum(-1, keepdim=True), gates)


MISTAKES = mistakes_in(globals())
