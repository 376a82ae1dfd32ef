"""Mistakes in experts choice: each runs, but fills other slots or weighs them in another way."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

COMPARES = "a token's gates sum to 1 over the experts, S = softmax(X W): only the choice runs along the tokens"


def _chosen(gates, capacity):
    weights, chosen = gates.mT.topk(capacity)
    return weights, chosen


@mistake(
    "M24",
    does="lets each token choose experts, as in lesson 01",
    belief="The k best are those of a row.",
    refuted="in experts choice an expert reads its column and takes the tokens with the largest gates in it",
    seen="topk along the last axis of (b, n, e)",
)
def tokens_choose(logits, capacity):
    """Rows in place of columns."""
    return logits.softmax(-1).topk(min(capacity, logits.shape[-1]))


@mistake(
    does="takes the softmax over the tokens",
    belief="Who chooses also normalises: an expert's gates sum to 1.",
    refuted=COMPARES,
    seen="softmax(dim=1) before topk(dim=1)",
)
def over_tokens(logits, capacity):
    """The softmax along the choice."""
    return _chosen(logits.softmax(1), capacity)


@mistake(
    does="chooses by the scores as they are, and weighs by the gates",
    belief="The order of gates is the order of scores.",
    refuted="that is so within a token's row, not within an expert's column: a token with high scores everywhere has "
    "no larger gates than others",
    seen="logits.topk(dim=1), then gather from the gates",
)
def chosen_by_score(logits, capacity):
    """Scores along the column."""
    chosen = logits.mT.topk(capacity).indices
    return logits.softmax(-1).mT.gather(-1, chosen), chosen


@mistake(
    does="takes one softmax over all tokens and experts of an example",
    belief="All pairs of a table compete.",
    refuted=COMPARES,
    seen="softmax over flattened scores",
)
def over_everything(logits, capacity):
    """One softmax over the table."""
    return _chosen(logits.flatten(1).softmax(-1).view_as(logits), capacity)


@mistake(
    "M02",
    does="takes the softmax over the batch",
    belief="Axis 0 of the paper's matrix is axis 0 of the tensor.",
    refuted="axis 0 of (b, n, e) is the batch; " + COMPARES,
    seen="softmax(dim=0) taken from a formula without a batch",
)
def over_batch(logits, capacity):
    """The softmax over examples."""
    return _chosen(logits.softmax(0), capacity)


@mistake(
    does="takes the tokens with the smallest gates",
    belief="Sorting puts the best first.",
    refuted="sort and argsort begin with the smallest unless descending=True",
    seen="argsort(dim=1)[:, :capacity]",
)
def worst_tokens(logits, capacity):
    """The wrong end."""
    return logits.softmax(-1).mT.topk(capacity, largest=False)


@mistake(
    does="takes the first tokens of an example, whatever their gates",
    belief="Slots are filled in order.",
    refuted="no token is served before another here: an expert takes its largest gates, wherever they stand",
    seen="a buffer as in lesson 02",
)
def first_tokens(logits, capacity):
    """By position."""
    b, _, e = logits.shape
    chosen = torch.arange(capacity, device=logits.device).expand(b, e, capacity)
    return logits.softmax(-1).mT.gather(-1, chosen), chosen


@mistake(
    "M24",
    does="gives a token to one expert at most: what an expert has taken, later experts cannot take",
    belief="In the end every token has one expert.",
    refuted="experts choose independently, so a token may have several of them, or none",
    seen="a loop over experts with a set of tokens that are left",
)
def each_token_once(logits, capacity):
    """Experts in turn."""
    gates, taken, found = logits.softmax(-1).mT, torch.zeros_like(logits[..., 0], dtype=torch.bool), []
    for expert in range(logits.shape[2]):
        left = gates[:, expert].detach().masked_fill(taken, -1)
        found.append(left.topk(capacity).indices)
        taken = taken.scatter(1, found[-1], True)
    chosen = torch.stack(found, 1)
    return gates.gather(-1, chosen), chosen


@mistake(
    "M24",
    does="lets an expert prefer the tokens that have it as their best expert, and fills up with others at weight 0",
    belief="A token goes to its best expert only.",
    refuted="a token's other scores do not matter: an expert takes its largest gates, also those of tokens that "
    "score another expert higher",
    seen="a mask by argmax before topk",
)
def own_tokens_only(logits, capacity):
    """Masked by each token's best."""
    gates = logits.softmax(-1)
    return _chosen(gates * (gates == gates.amax(-1, keepdim=True)), capacity)


@mistake(
    "M42",
    does="lets each expert choose from the whole batch, and not from each example",
    belief="A batch is one long sequence.",
    refuted="the task makes each example a group of its own; over the batch other examples take the slots",
    seen="flatten(0, 1) before topk",
)
def whole_batch(logits, capacity):
    """One group."""
    b, n, e = logits.shape
    weights, chosen = logits.softmax(-1).flatten(0, 1).mT.topk(b * capacity)  # (e, b * capacity)
    return weights.view(e, b, capacity).transpose(0, 1), chosen.view(e, b, capacity).transpose(0, 1) % n


@mistake(
    "M22",
    does="gives every slot the weight 1",
    belief="What is chosen counts in full.",
    refuted="the answer of a slot is multiplied by the gate; a constant has no slope, and the router would not learn",
    seen="one-hot dispatch used as combine",
)
def hard_choice(logits, capacity):
    """Ones, tied to the graph."""
    weights, chosen = _chosen(logits.softmax(-1), capacity)
    return torch.ones_like(weights) + 0 * weights, chosen


@mistake(
    "M22",
    does="lets no gradient through its weights",
    belief="Top-k blocks every gradient anyway.",
    refuted="the choice has no slope, but the gates of the tokens that are chosen have one",
    seen=".detach(), .data or .tolist() on the gates",
)
def detached(logits, capacity):
    """The right numbers, cut off."""
    return _chosen(logits.detach().softmax(-1), capacity)


@mistake(
    does="divides the weights of an expert's slots by their sum",
    belief="An expert's weights have to sum to 1.",
    refuted="the gates stay as they are: neither an expert's nor a token's weights sum to 1 after the choice",
    seen="renormalised top-k, as in some token choice routers",
)
def divided(logits, capacity):
    """Sums of 1 over slots."""
    weights, chosen = _chosen(logits.softmax(-1), capacity)
    return weights / weights.sum(-1, keepdim=True), chosen


@mistake(
    does="divides the gates that a token got by their sum, so that its weights sum to 1",
    belief="A token's weights have to sum to 1.",
    refuted="the gates stay as they are: a token's weights sum to 0 if no expert took it, and need not sum to 1",
    seen="renormalised gates, as in some token choice routers",
)
def divided_by_token(logits, capacity):
    """Sums of 1 over a token's experts."""
    weights, chosen = _chosen(logits.softmax(-1), capacity)
    kept = torch.zeros_like(logits.mT).scatter(-1, chosen, weights)
    return weights / kept.sum(1, keepdim=True).expand_as(kept).gather(-1, chosen), chosen


@mistake(
    does="numbers the tokens through the whole batch",
    belief="Every token of a batch has a number of its own.",
    refuted="token_idx counts from 0 in every example, so that it can index the tokens of that example",
    seen="offsets for a flattened batch, left in the result",
)
def numbered_through(logits, capacity):
    """Example after example."""
    weights, chosen = _chosen(logits.softmax(-1), capacity)
    first = logits.shape[1] * torch.arange(len(logits), device=logits.device)
    return weights, chosen + first[:, None, None]


@mistake(
    "M21",
    does="takes a softmax of the chosen scores over an expert's slots",
    belief="Top-k then softmax is the same as softmax then top-k.",
    refuted="the softmax comes first and runs over experts; what is chosen keeps its gate",
    seen="topk, then softmax(-1)",
)
def softmax_after(logits, capacity):
    """The other order, along the slots."""
    chosen = logits.softmax(-1).mT.topk(capacity).indices
    return logits.mT.gather(-1, chosen).softmax(-1), chosen


@mistake(
    "M21",
    does="takes the softmax twice",
    belief="One more softmax does no harm.",
    refuted="a softmax of gates flattens them: with 0.7, 0.2 and 0.1 the largest becomes 0.46",
    seen="a layer that returns gates to a router that expects scores (transformers, pull request 45111)",
)
def softmax_twice(logits, capacity):
    """Softmax of gates."""
    return _chosen(logits.softmax(-1).softmax(-1), capacity)


@mistake(
    does="returns the chosen scores themselves, without a softmax",
    belief="The scores are the weights.",
    refuted="an answer is multiplied by its gate, between 0 and 1; a score may be negative and of any size",
    seen="the step normalise left out",
)
def scores_as_weights(logits, capacity):
    """Top-k of the scores."""
    weights, chosen = _chosen(logits, capacity)
    return 1 * weights, chosen


@mistake(
    does="chooses by the gates, and weighs by the scores",
    belief="The softmax is only for the choice.",
    refuted="an answer is multiplied by its gate, between 0 and 1; a score may be negative and of any size",
    seen="indices from the gates, gather from the scores",
)
def weighed_by_score(logits, capacity):
    """Scores at the right places."""
    chosen = logits.softmax(-1).mT.topk(capacity).indices
    return logits.mT.gather(-1, chosen), chosen


@mistake(
    does="takes the sigmoid of each score, so that experts do not compete for a token",
    belief="Any function that squeezes into 0 to 1 makes a gate.",
    refuted="the task names the softmax over experts; a sigmoid looks at one expert alone",
    seen="later routers, on purpose",
)
def sigmoid(logits, capacity):
    """One gate at a time."""
    return _chosen(logits.sigmoid(), capacity)


@mistake(
    does="sorts the numbers of the chosen tokens but leaves the weights as they were, so that pairs are mixed up",
    belief="The order of indices does not matter.",
    refuted="any order will do for the pairs; the weight and the token of a pair have to stay together",
    seen="token_idx.sort() for tidiness",
)
def misaligned(logits, capacity):
    """Indices in order, weights by size."""
    weights, chosen = _chosen(logits.softmax(-1), capacity)
    return weights, chosen.sort(-1).values


@mistake(
    does="chooses the right tokens, but takes the gates of tokens 0 to capacity - 1 as weights",
    belief="gates[:, :capacity] are those of the chosen tokens.",
    refuted="the gates are in the order of the tokens; read them at token_idx",
    seen="argsort and a slice, without gather",
)
def first_gates(logits, capacity):
    """A slice for a gather."""
    gates = logits.softmax(-1).mT
    return gates[..., :capacity], gates.topk(capacity).indices


@mistake(
    does="returns (b, capacity, e), with the experts last",
    belief="The axes stay where topk left them.",
    refuted="the task asks for (b, e, capacity): each expert has its row of slots",
    seen="topk(dim=1) without swapping the axes",
)
def not_transposed(logits, capacity):
    """Slots before experts."""
    return logits.softmax(-1).topk(capacity, dim=1)


@mistake(
    does="reshapes (b, capacity, e) to (b, e, capacity), which mixes up the experts' slots",
    belief="A view with the right shape has the right numbers.",
    refuted="reshape keeps the numbers in their order; .mT or transpose swaps the axes",
    seen=".reshape(b, e, capacity)",
)
def reshaped(logits, capacity):
    """A view for a transpose."""
    b, _, e = logits.shape
    weights, chosen = logits.softmax(-1).topk(capacity, dim=1)
    return weights.reshape(b, e, capacity), chosen.reshape(b, e, capacity)


@mistake(
    does="returns token_idx first and weights second",
    belief="The choice comes first.",
    refuted="the task asks for (weights, token_idx), the order in which topk returns them too",
    seen="routers differ in this",
)
def parts_swapped(logits, capacity):
    """The other order of the two."""
    weights, chosen = _chosen(logits.softmax(-1), capacity)
    return chosen, weights


@mistake(
    "M23",
    does="adds random noise to the scores at every call, so that no two calls agree",
    belief="Noise is part of the router.",
    refuted="the task adds no noise, so that two calls on the same scores agree",
    seen="routers that keep their noise in evaluation",
)
def noisy(logits, capacity):
    """Gaussian noise, always."""
    return _chosen((logits + torch.randn_like(logits) / logits.shape[-1]).softmax(-1), capacity)


@mistake(
    does="turns the weights into float32",
    belief="Everything is float32.",
    refuted="weights keep the dtype of the scores, or models in other dtypes break",
    seen="softmax(dtype=torch.float32) without converting back",
    form=True,
)
def float32_only(logits, capacity):
    """A softmax in float32."""
    return _chosen(logits.softmax(-1, dtype=torch.float32), capacity)


@mistake(
    does="takes exp of the scores as they are, which overflows",
    belief="softmax(z) is exp(z) / sum(exp(z)), on a computer too.",
    refuted="in float64 exp(710) is infinite, in float32 exp(89); subtract a token's largest score first",
    seen="softmax written by hand",
)
def unstable(logits, capacity):
    """Exp without the maximum."""
    powers = logits.exp()
    return _chosen(powers / powers.sum(-1, keepdim=True), capacity)


@mistake(
    does="subtracts one largest score for all tokens, so that a token with far lower ones divides 0 by 0",
    belief="Subtracting a maximum makes every softmax safe.",
    refuted="in float64 exp(-746) is 0, in float32 exp(-104): each token subtracts the largest of its own scores",
    seen="logits.max() without an axis",
)
def one_maximum(logits, capacity):
    """The maximum of the whole tensor."""
    powers = (logits - logits.max()).exp()
    return _chosen(powers / powers.sum(-1, keepdim=True), capacity)


@mistake(
    does="sets the gate of the token just chosen to 0 and looks for the largest again: where the others' gates are 0 "
    "too, it finds the same token",
    belief="A gate of 0 is out of the race.",
    refuted="in floating point the gates of others can be 0 as well; mark chosen tokens with a number below 0",
    seen="argmax in a loop",
)
def same_token_again(logits, capacity):
    """0 as a mark."""
    gates, found = logits.softmax(-1).mT, []
    left = gates.detach().clone()
    for _ in range(capacity):
        found.append(left.argmax(-1, keepdim=True))
        left = left.scatter(-1, found[-1], 0.0)
    chosen = torch.cat(found, -1)
    return gates.gather(-1, chosen), chosen


MISTAKES = mistakes_in(globals())
