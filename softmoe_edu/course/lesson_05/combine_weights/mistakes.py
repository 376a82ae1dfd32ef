"""Mistakes in the combine weights of Soft MoE: each weighs slots for a token, runs, and is not Eq. 2."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

EQ2 = "Eq. 2: C[i, j] = exp(x_i · phi_j) / sum over slots j' of exp(x_i · phi_j'), the slots of all experts"


@mistake(
    "M01",
    does="takes the softmax over tokens: each slot's weights sum to 1, each token's do not",
    belief="Combine weights sum to 1 over tokens.",
    refuted="Algorithm 1 takes C = softmax(logits, axis=(1, 2)), over slots",
    seen="Ekoda/SoftMoE, src/model.py",
)
def over_tokens(logits):
    """The dispatch weights."""
    return logits.softmax(1)


@mistake(
    "M02",
    does="takes the softmax over axis 0, the examples of the batch",
    belief="Axis numbers of Algorithm 1 fit my batched tensor.",
    refuted="Algorithm 1 is written for one example",
    seen="axis numbers copied from the paper",
)
def over_batch(logits):
    """Softmax over axis 0."""
    return logits.softmax(0)


@mistake(
    "M02",
    does="takes one softmax over axes 1 and 2 of the batched tensor: over tokens and experts",
    belief="axis=(1, 2) of Algorithm 1 are axes 1 and 2 of my batched tensor.",
    refuted="Algorithm 1 is written for one example; with a batch axis in front its (1, 2) are axes 2 and 3",
    seen="axis numbers copied from the paper",
)
def axes_as_printed(logits):
    """Softmax over n and e."""
    return logits.flatten(1, 2).softmax(1).view_as(logits)


@mistake(
    "M03",
    does="takes the softmax over each expert's slots alone, so that a token's weights sum to e",
    belief="Combine is normalised inside each expert.",
    refuted=EQ2,
    seen="a softmax over the last axis of (b, n, e, p)",
)
def per_expert(logits):
    """Softmax over p only."""
    return logits.softmax(-1)


@mistake(
    "M03",
    does="takes the softmax over experts, separately for each slot number, so that a token's weights sum to p",
    belief="A router's softmax runs over experts.",
    refuted=EQ2,
    seen="a softmax over axis 2 of (b, n, e, p)",
)
def experts_only(logits):
    """Softmax over e only."""
    return logits.softmax(2)


@mistake(
    "M03",
    does="takes the softmax over each expert's slots and divides by e: every expert gets the same share 1/e",
    belief="If the sums are e, dividing by e repairs them.",
    refuted="Eq. 2 lets all slots of all experts compete; experts with larger scores get more than 1/e",
    seen="a repair of nothing but the sums",
)
def equal_experts(logits):
    """Softmax over p, over e."""
    return logits.softmax(-1) / logits.shape[2]


@mistake(
    "M05",
    does="takes one softmax over tokens and slots together, so that all weights of an example sum to 1",
    belief="All weights of an example sum to 1.",
    refuted=EQ2,
    seen="logits.flatten(1).softmax(-1)",
)
def over_everything(logits):
    """Softmax over n, e and p."""
    return logits.flatten(1).softmax(-1).view_as(logits)


@mistake(
    "M05",
    does="takes the dispatch weights and divides each token's by their sum",
    belief="Combine is dispatch, made to sum to 1 for a token.",
    refuted=EQ2,
    seen="one softmax used for both",
)
def dispatch_normalised(logits):
    """Columns, then rows."""
    columns = logits.softmax(1)
    return columns / columns.sum((2, 3), keepdim=True)


@mistake(
    "M08",
    does="answers each token from its best slot alone",
    belief="Soft MoE sends each token to few experts.",
    refuted="Section 2.2: every output token depends on all slots",
    seen="habit from sparse routers",
)
def best_slot(logits):
    """One-hot weights."""
    flat = logits.flatten(2)
    best = torch.zeros_like(flat).scatter(2, flat.argmax(2, keepdim=True), 1.0)
    return best.view_as(logits) + 0 * logits


@mistake(
    does="returns the scores themselves",
    belief="The scores are the weights.",
    refuted=EQ2,
    seen="a line left out",
)
def no_softmax(logits):
    """Raw scores."""
    return logits * 1.0


@mistake(
    does="takes exp of the scores as they are, which overflows",
    belief="softmax(z) is exp(z) / sum(exp(z)), on a computer too.",
    refuted="in float64 exp(710) is infinite, in float32 exp(89); subtract each token's largest score first",
    seen="softmax over two axes written by hand",
)
def unstable(logits):
    """Exp without the maximum."""
    powers = logits.exp()
    return powers / powers.sum((2, 3), keepdim=True)


@mistake(
    does="subtracts one maximum from all scores, so that a token with much lower scores becomes 0 / 0",
    belief="Any maximum makes a softmax stable.",
    refuted="in float64 exp of less than -745 is 0: a token whose scores are all that far down is 0 / 0",
    seen="logits - logits.max()",
)
def one_maximum(logits):
    """Exp with the maximum of everything."""
    powers = (logits - logits.max()).exp()
    return powers / powers.sum((2, 3), keepdim=True)


@mistake(
    "M22",
    does="lets no gradient through",
    belief="Only one of the two softmaxes needs to learn.",
    refuted="Section 2.2: all operations are continuous and fully differentiable",
    seen="habit from top-k, and .detach() or .data for speed",
)
def detached(logits):
    """The right numbers, cut off."""
    return logits.detach().flatten(2).softmax(-1).view_as(logits)


@mistake(
    does="turns everything into float32",
    belief="Everything is float32.",
    refuted="weights keep the dtype of the scores, or float64 models break",
    seen="softmax(dtype=torch.float32)",
    form=True,
)
def float32_only(logits):
    """A softmax in float32."""
    return logits.float().flatten(2).softmax(-1).view_as(logits)


@mistake(
    does="takes the softmax of the softmax",
    belief="Twice normalised does no harm.",
    refuted="the second softmax takes weights between 0 and 1 for scores, which leaves nearly equal weights",
    seen="a softmax in the router and another one in the layer",
)
def softmax_twice(logits):
    """The right axis, twice."""
    return logits.flatten(2).softmax(-1).softmax(-1).view_as(logits)


MISTAKES = mistakes_in(globals())
