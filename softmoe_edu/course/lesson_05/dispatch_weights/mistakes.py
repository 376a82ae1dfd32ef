"""Mistakes in the dispatch weights of Soft MoE: each weighs tokens for a slot, runs, and is not Eq. 1."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

EQ1 = "Eq. 1: D[i, j] = exp(x_i · phi_j) / sum over tokens i' of exp(x_i' · phi_j)"


@mistake(
    "M01",
    does="takes the softmax over all slots: each token's weights sum to 1, each slot's do not",
    belief="Each token's dispatch weights sum to 1.",
    refuted="Algorithm 1 takes D = softmax(logits, axis=0), over tokens",
    seen="Ekoda/SoftMoE, src/model.py",
)
def over_slots(logits):
    """The combine weights."""
    return logits.flatten(2).softmax(-1).view_as(logits)


@mistake(
    "M02",
    does="takes the softmax over axis 0, the examples of the batch",
    belief="axis=0 of Algorithm 1 is axis 0 of my batched tensor.",
    refuted="Algorithm 1 is written for one example: its axis 0 is the tokens",
    seen="fkodom/soft-mixture-of-experts, before its pull request 1",
)
def over_batch(logits):
    """Softmax over axis 0."""
    return logits.softmax(0)


@mistake(
    "M05",
    does="takes the softmax over experts, separately for each token and slot number",
    belief="A router's softmax runs over experts.",
    refuted=EQ1,
    seen="habit from sparse routers",
)
def over_experts(logits):
    """Softmax over axis 2."""
    return logits.softmax(2)


@mistake(
    "M05",
    does="takes the softmax over the last axis, an expert's own slots",
    belief="A softmax runs over the last axis.",
    refuted=EQ1,
    seen="softmax(dim=-1), as in attention",
)
def over_last_axis(logits):
    """Softmax over axis 3."""
    return logits.softmax(-1)


@mistake(
    "M05",
    does="takes one softmax over tokens and slots together, so that all weights of an example sum to 1",
    belief="All weights of an example sum to 1.",
    refuted=EQ1,
    seen="logits.flatten(1).softmax(-1)",
)
def over_everything(logits):
    """Softmax over n, e and p."""
    return logits.flatten(1).softmax(-1).view_as(logits)


@mistake(
    "M05",
    does="takes the softmax over tokens and then divides each token's weights by their sum",
    belief="Dispatch sums to 1 for slots and for tokens.",
    refuted="Eq. 1 divides once; a token's weights over all slots may have any sum, and it differs between tokens",
    seen="a wrong answer to the question which sums are 1",
)
def both_sums(logits):
    """Columns, then rows."""
    columns = logits.softmax(1)
    return columns / columns.sum((2, 3), keepdim=True)


@mistake(
    "M42",
    does="takes the softmax over the tokens of all examples together",
    belief="(b, n) may be flattened to (b n), as for an MLP.",
    refuted="Section 2.2: routing is per sequence, so an example's result depends on that example alone",
    seen="flatten before the router",
)
def batch_is_one_group(logits):
    """Softmax over b and n."""
    return logits.flatten(0, 1).softmax(0).view_as(logits)


@mistake(
    "M08",
    does="fills each slot with its best token alone",
    belief="A slot holds one token, as in experts choice.",
    refuted="Section 2.1: every slot is a convex combination of all tokens",
    seen="habit from sparse routers",
)
def best_token(logits):
    """One-hot weights."""
    best = logits.argmax(1, keepdim=True)
    return torch.zeros_like(logits).scatter(1, best, 1.0) + 0 * logits


@mistake(
    does="returns the scores themselves",
    belief="The scores are the weights.",
    refuted=EQ1,
    seen="a line left out",
)
def no_softmax(logits):
    """Raw scores."""
    return logits * 1.0


@mistake(
    does="divides the scores by their sum without exp, so that some weights are below 0",
    belief="Normalising is dividing by the sum.",
    refuted=EQ1,
    seen="softmax mistaken for a plain share",
)
def no_exp(logits):
    """Shares of the scores."""
    return logits / logits.sum(1, keepdim=True)


@mistake(
    does="takes exp of the scores as they are, which overflows",
    belief="softmax(z) is exp(z) / sum(exp(z)), on a computer too.",
    refuted="in float64 exp(710) is infinite, in float32 exp(89); subtract each slot's largest score first",
    seen="softmax written by hand",
)
def unstable(logits):
    """Exp without the maximum."""
    powers = logits.exp()
    return powers / powers.sum(1, keepdim=True)


@mistake(
    does="subtracts one maximum from all scores, so that a slot with much lower scores becomes 0 / 0",
    belief="Any maximum makes a softmax stable.",
    refuted="in float64 exp of less than -745 is 0: a slot whose scores are all that far down is 0 / 0",
    seen="logits - logits.max()",
)
def one_maximum(logits):
    """Exp with the maximum of everything."""
    powers = (logits - logits.max()).exp()
    return powers / powers.sum(1, keepdim=True)


@mistake(
    "M22",
    does="lets no gradient through",
    belief="Dispatch is a decision, and decisions have no gradient.",
    refuted="Section 2.2: all operations are continuous and fully differentiable",
    seen="habit from top-k, and .detach() or .data for speed",
)
def detached(logits):
    """The right numbers, cut off."""
    return logits.detach().softmax(1)


@mistake(
    does="turns everything into float32",
    belief="Everything is float32.",
    refuted="weights keep the dtype of the scores, or float64 models break",
    seen="softmax(dtype=torch.float32)",
    form=True,
)
def float32_only(logits):
    """A softmax in float32."""
    return logits.float().softmax(1)


@mistake(
    does="takes the softmax of the softmax",
    belief="Twice normalised does no harm.",
    refuted="the second softmax takes weights between 0 and 1 for scores, which leaves nearly equal weights",
    seen="a softmax in the router and another one in the layer",
)
def softmax_twice(logits):
    """The right axis, twice."""
    return logits.softmax(1).softmax(1)


MISTAKES = mistakes_in(globals())
