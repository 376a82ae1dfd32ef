"""Mistakes in the sparse layer: each returns the right shape, but other answers or other work."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

SPARSE = "a token's answer is the sum of gate times answer over the k experts that it chose"


def combined(x, gates, choice, answered):
    """Sum gate times answer over the choices; answered(number, rows, their gates) is the expert's output."""
    total = torch.zeros_like(x)
    for number in range(int(choice.max()) + 1):
        g, t, j = (choice == number).nonzero(as_tuple=True)
        if len(t):
            rows = answered(number, x[g, t], gates[g, t, j, None])
            total = total.index_put((g, t), rows, accumulate=True)
    return total


def usual(x, gates, choice, experts):
    """Sum gate times answer over the chosen experts."""
    return combined(x, gates, choice, lambda number, rows, gate: gate * experts[number](rows))


def _chosen(x, w_router, k):
    return (x @ w_router).softmax(-1).topk(k)


@mistake(
    "M21",
    does="makes each token's k gates sum to 1, by a softmax over the chosen scores",
    belief="Top-k then softmax is the same as softmax then top-k.",
    refuted="the paper's code, vmoe, takes the softmax over all experts first and does not divide again; with k = 1 "
    "the other order gives every token the gate 1 and the router no gradient",
    seen="Mixtral does it on purpose, with k = 2",
)
def top_k_then_softmax(x, w_router, experts, k):
    """The other convention."""
    values, choice = (x @ w_router).topk(k)
    return usual(x, values.softmax(-1), choice, experts)


@mistake(
    "M22",
    does="adds up the chosen experts' answers without their gates",
    belief="Once the experts are chosen, the gate has done its work.",
    refuted="the gate is the only way from the loss back to the router; without it the router never learns",
    seen="combine written as a plain sum",
)
def no_gate(x, w_router, experts, k):
    """Weights of 1."""
    gates, choice = _chosen(x, w_router, k)
    return usual(x, torch.ones_like(gates) + 0 * gates, choice, experts)


@mistake(
    "M22",
    does="cuts the gradient between gates and router",
    belief="Top-k blocks every gradient anyway.",
    refuted="the choice has no slope, but the gate has one; cut it off and the router never learns",
    seen=".detach() or torch.no_grad() around the router",
)
def detached_gates(x, w_router, experts, k):
    """The right numbers, and a router that is never taught."""
    gates, choice = _chosen(x.detach(), w_router.detach(), k)
    return usual(x, gates, choice, experts)


@mistake(
    "M23",
    does="adds random noise to the scores at every call, so that no two calls agree",
    belief="Noise is part of the router.",
    refuted="the task adds no noise, so that two calls on the same tokens agree; section 8 says when noise has a place",
    seen="makeMoE, whose router adds noise in evaluation too",
)
def noise(x, w_router, experts, k):
    """Gaussian noise, always."""
    logits = x @ w_router
    gates, choice = (logits + torch.randn_like(logits)).softmax(-1).topk(k)
    return usual(x, gates, choice, experts)


@mistake(
    does="runs every expert on every token and multiplies the answers that were not chosen by 0: right numbers, and "
    "the work of a dense mixture",
    belief="Multiplying by 0 saves the work.",
    refuted="that computes b * n * e rows; a sparse layer computes b * n * k",
    seen="masked dense mixtures in introductions",
)
def everybody_computes(x, w_router, experts, k):
    """A mask after the work."""
    gates, choice = _chosen(x, w_router, k)
    kept = torch.zeros_like(x @ w_router).scatter(-1, choice, gates)
    return sum(kept[..., i, None] * expert(x) for i, expert in enumerate(experts))


@mistake(
    does="mixes the answers of all experts: nothing is selected",
    belief="The softmax is the selection.",
    refuted=SPARSE,
    seen="the dense mixture of lesson 00",
)
def dense(x, w_router, experts, k):
    """Every expert by its gate."""
    gates = (x @ w_router).softmax(-1)
    return sum(gates[..., i, None] * expert(x) for i, expert in enumerate(experts))


@mistake(
    does="overwrites the answers of earlier experts, so that a token keeps one answer of k",
    belief="Each token's answer is written once.",
    refuted=f"{SPARSE}: with k = 2 every token is visited twice",
    seen="y[mask] = ... instead of adding",
)
def overwritten(x, w_router, experts, k):
    """The last expert wins."""
    gates, choice = _chosen(x, w_router, k)
    total = torch.zeros_like(x)
    for number, expert in enumerate(experts):
        g, t, j = (choice == number).nonzero(as_tuple=True)
        total = total.index_put((g, t), gates[g, t, j, None] * expert(x[g, t]))
    return total


@mistake(
    does="uses each token's first choice alone, whatever k is",
    belief="A token goes to one expert.",
    refuted=f"{SPARSE}; that is one expert only for k = 1",
    seen="argmax in place of topk",
)
def first_choice_only(x, w_router, experts, k):
    """One choice, and k forgotten."""
    return usual(x, *_chosen(x, w_router, 1), experts)


@mistake(
    does="sends the j-th choice of every token to expert j: the index of the choice is taken for the expert's number",
    belief="Column j of the result of topk belongs to expert j.",
    refuted="column j holds j-th choices; the expert's number is its value in indices",
    seen="zip(experts, indices)",
)
def place_for_expert(x, w_router, experts, k):
    """Indices unread."""
    gates, choice = _chosen(x, w_router, k)
    return usual(x, gates, torch.arange(k, device=x.device).expand_as(choice), experts)


@mistake(
    does="multiplies the token by its gate before the expert, instead of the answer after it",
    belief="A factor may be applied before or after.",
    refuted=f"{SPARSE}; an expert is not linear, so f(g x) is not g f(x)",
    seen="some models do it on purpose",
)
def gate_before_expert(x, w_router, experts, k):
    """The gate on the wrong side."""
    gates, choice = _chosen(x, w_router, k)
    return combined(x, gates, choice, lambda number, rows, gate: experts[number](gate * rows))


@mistake(
    does="divides the sum by k",
    belief="k answers are averaged.",
    refuted=f"{SPARSE}; the gates are already weights",
    seen="a mean instead of a sum over choices",
)
def mean_of_choices(x, w_router, experts, k):
    """A mean over choices."""
    return usual(x, *_chosen(x, w_router, k), experts) / k


@mistake(
    does="takes the softmax over the tokens of an example, so that a token's gate depends on the others",
    belief="Axis 1 is the one to normalise over.",
    refuted="in tokens choice a token compares experts: softmax over the last of the axes (b, n, e)",
    seen="softmax(dim=1), as for (tokens, experts) without a batch",
)
def over_tokens(x, w_router, experts, k):
    """Softmax over n."""
    return usual(x, *(x @ w_router).softmax(1).topk(k), experts)


@mistake(
    does="multiplies answers by scores, without a softmax",
    belief="The scores are the weights.",
    refuted="a gate is a softmax over experts, between 0 and 1",
    seen="the step normalise left out",
)
def scores_for_gates(x, w_router, experts, k):
    """Top-k of the scores."""
    return usual(x, *(x @ w_router).topk(k), experts)


@mistake(
    does="adds the tokens to their answers",
    belief="The layer returns the token with its answer.",
    refuted="the residual connection belongs to the block, x + layer(x); here it would be added twice",
    seen="return x + y",
)
def adds_residual(x, w_router, experts, k):
    """The block in place of the layer."""
    return x + usual(x, *_chosen(x, w_router, k), experts)


@mistake(
    does="takes exp of the scores as they are, which overflows",
    belief="softmax(z) is exp(z) / sum(exp(z)), on a computer too.",
    refuted="in float64 exp(710) is infinite, in float32 exp(89); subtract a token's largest score first",
    seen="softmax written by hand",
)
def unstable(x, w_router, experts, k):
    """Exp without the maximum."""
    powers = (x @ w_router).exp()
    return usual(x, *(powers / powers.sum(-1, keepdim=True)).topk(k), experts)


@mistake(
    does="subtracts one largest score for all tokens, so that a token with far lower ones has only exp(...) = 0 left "
    "and divides 0 by 0",
    belief="Subtracting a maximum makes every softmax safe.",
    refuted="in float64 exp(-746) is 0, in float32 exp(-104): each token subtracts the largest of its own scores",
    seen="logits.max() without an axis",
)
def one_maximum(x, w_router, experts, k):
    """The maximum of the whole tensor."""
    logits = x @ w_router
    powers = (logits - logits.max()).exp()
    return usual(x, *(powers / powers.sum(-1, keepdim=True)).topk(k), experts)


@mistake(
    does="sets the gate of the expert just chosen to 0 and looks for the largest again: where the others' gates are 0 "
    "too, it finds the same expert and adds its answer twice",
    belief="A gate of 0 is out of the race.",
    refuted="in floating point the gates of others can be 0 as well; mark chosen experts with minus infinity",
    seen="argmax in a loop",
)
def same_expert_again(x, w_router, experts, k):
    """0 as a mark."""
    gates, found = (x @ w_router).softmax(-1), []
    left = gates.detach().clone()
    for _ in range(k):
        found.append(left.argmax(-1, keepdim=True))
        left = left.scatter(-1, found[-1], 0.0)
    choice = torch.cat(found, -1)
    return usual(x, gates.gather(-1, choice), choice, experts)


@mistake(
    does="runs every expert whose gate is at least the k-th largest: more than k experts where gates are equal",
    belief="gates >= the k-th largest gate picks k experts.",
    refuted="a token of zeros has equal scores, so all its gates are the k-th largest; topk always returns k indices",
    seen="a threshold from topk(k).values[..., -1]",
)
def all_above_the_kth(x, w_router, experts, k):
    """A threshold in place of indices."""
    gates = (x @ w_router).softmax(-1)
    kept = gates >= gates.topk(k).values[..., -1:]
    choice = torch.arange(len(experts), device=x.device).where(kept, -1)
    return usual(x, gates, choice, experts)


@mistake(
    does="leaves out tokens that are zero",
    belief="A row of zeros is padding.",
    refuted="an expert with a bias answers a token of zeros too; do not guess from its numbers that a token is padding",
    seen="(x != 0).any(-1) as a mask",
)
def zeros_are_padding(x, w_router, experts, k):
    """A guessed mask."""
    gates, choice = (x @ w_router).softmax(-1).topk(k)
    return usual(x, gates, choice.where((x != 0).any(-1, keepdim=True), -1), experts)


@mistake(
    does="overwrites the answer of a token's better choice with that of the next one, so that the last choice is left",
    belief="Each token's answer is written once.",
    refuted=f"{SPARSE}: with k = 2 every token is visited twice",
    seen="y[b, n] = ... in a loop over the choices",
)
def last_choice_left(x, w_router, experts, k):
    """The k-th choice wins; all are computed."""
    gates, choice = _chosen(x, w_router, k)
    last = torch.arange(k, device=x.device) == k - 1
    return usual(x, gates * last, choice, experts)


@mistake(
    does="collects the answers in a float32 tensor, as torch.zeros makes it, whatever the dtype of the tokens",
    belief="Everything is float32.",
    refuted="the answers keep the dtype of the tokens: torch.zeros_like(x)",
    seen="torch.zeros(x.shape) before a loop",
    form=True,
)
def stored_in_float32(x, w_router, experts, k):
    """The right numbers, stored in float32."""
    return usual(x, *_chosen(x, w_router, k), experts).float()


MISTAKES = mistakes_in(globals())
