"""Mistakes in Soft MoE by prefixes; most of them leak, and none of them looks wrong from its shapes."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def _scores(x, phi):
    return torch.einsum("bnd,dep->bnep", x, phi)


def _over_slots(scores):
    return scores.flatten(2).softmax(-1).view_as(scores)


def _lower(n, device, diagonal=0):
    return torch.ones(n, n, dtype=torch.bool, device=device).tril(diagonal)[:, :, None, None]


def _each(scores):
    return scores[:, None].expand(-1, scores.shape[1], -1, -1, -1)


def _through(dispatch, combine, x, experts):
    """Return answers from dispatch (b, i, j, e, p) and combine (b, i, e, p)."""
    slots = torch.einsum("bijep,bjd->biepd", dispatch, x)
    answers = torch.stack([expert(slots[:, :, k]) for k, expert in enumerate(experts)], 2)
    return torch.einsum("biep,biepd->bid", combine, answers)


def _prefix_dispatch(scores, diagonal=0):
    keep = _lower(scores.shape[1], scores.device, diagonal)
    return _each(scores).masked_fill(~keep, -torch.inf).softmax(2)


@mistake(
    "M27",
    does="computes full Soft MoE, with slots of the whole sequence",
    belief="Soft MoE is causal as long as attention has a mask.",
    refuted="every slot holds later tokens, and every output reads every slot (section 6 of the paper)",
    seen="soft_moe in a decoder",
)
def full_soft_moe(x, phi, experts):
    """No prefix at all."""
    scores = _scores(x, phi)
    slots = torch.einsum("bnep,bnd->bepd", scores.softmax(1), x)
    answers = torch.stack([expert(slots[:, k]) for k, expert in enumerate(experts)], 1)
    return torch.einsum("bnep,bepd->bnd", _over_slots(scores), answers)


@mistake(
    "M27",
    does="sets weights of later tokens to 0 after a softmax over the whole sequence",
    belief="A weight of 0 is as good as none.",
    refuted="the sum that the softmax divides by still counts later tokens: mask the scores, before the softmax",
    seen="scores.softmax(1) * mask",
)
def masked_after_softmax(x, phi, experts):
    """The mass of the future stays in the denominator."""
    scores = _scores(x, phi)
    keep = _lower(x.shape[1], x.device)
    return _through(_each(scores).softmax(2) * keep, _over_slots(scores), x, experts)


@mistake(
    does="masks with 0 instead of minus infinity",
    belief="A score of 0 is no score.",
    refuted="a score of 0 has exp(0) = 1, so a later token still takes a share. The mask is minus infinity",
    seen="scores * mask before the softmax",
)
def masked_with_zero(x, phi, experts):
    """Scores of 0."""
    scores = _scores(x, phi)
    keep = _lower(x.shape[1], x.device)
    return _through((_each(scores) * keep).softmax(2), _over_slots(scores), x, experts)


@mistake(
    does="lets token i + 1 into the slots of position i",
    belief="x[:, : i + 1] is one token too few.",
    refuted="x[:, : i + 1] ends with token i; the next one is what is to be predicted",
    seen="x[:, : i + 2], or tril(1)",
)
def one_ahead(x, phi, experts):
    """Off by one into the future."""
    scores = _scores(x, phi)
    return _through(_prefix_dispatch(scores, 1), _over_slots(scores), x, experts)


@mistake(
    does="leaves token i itself out of its slots",
    belief="The past ends before token i.",
    refuted="token i is known when the next one is predicted: the prefix is 0 to i",
    seen="x[:, :i], or tril(-1)",
)
def one_behind(x, phi, experts):
    """Off by one into the past; the first token has empty slots."""
    scores = _scores(x, phi)
    dispatch = _prefix_dispatch(scores, -1).nan_to_num(0)
    return _through(dispatch, _over_slots(scores), x, experts)


@mistake(
    does="mirrors the mask: the slots of position i hold token i and later ones",
    belief="triu and tril are easily told apart.",
    refuted="row i is the position, column j the token: keep j up to i",
    seen="triu for tril",
)
def mirrored(x, phi, experts):
    """Suffixes for prefixes."""
    scores = _scores(x, phi)
    keep = _lower(x.shape[1], x.device).transpose(0, 1)
    return _through(_each(scores).masked_fill(~keep, -torch.inf).softmax(2), _over_slots(scores), x, experts)


@mistake(
    does="gives each token equal shares of its prefix",
    belief="A running mean is what a prefix needs.",
    refuted="dispatch is a softmax of the scores, also within a prefix",
    seen="cumsum / counts",
)
def running_mean(x, phi, experts):
    """Uniform dispatch."""
    scores = _scores(x, phi)
    return _through(_prefix_dispatch(torch.zeros_like(scores)), _over_slots(scores), x, experts)


@mistake(
    does="adds the prefix's tokens times exp(score) and does not divide",
    belief="Sums over a prefix are what slots hold.",
    refuted="dispatch weights of a slot sum to 1 in every prefix: divide by the running sum",
    seen="cumsum without a division",
)
def not_divided(x, phi, experts):
    """Running sums as slots."""
    scores = _scores(x, phi)
    weights = _each(scores).exp() * _lower(x.shape[1], x.device)
    return _through(weights, _over_slots(scores), x, experts)


@mistake(
    does="takes combine weights from a softmax over positions",
    belief="Both softmaxes run over tokens.",
    refuted="combine is a softmax over all slots (Eq. 2); over positions it looks ahead, too",
    seen="softmax(1) for combine",
)
def combine_over_positions(x, phi, experts):
    """The wrong axis."""
    scores = _scores(x, phi)
    return _through(_prefix_dispatch(scores), scores.softmax(1), x, experts)


@mistake(
    "M03",
    does="normalises combine weights inside each expert",
    belief="Each expert's slots share a token.",
    refuted="one softmax over all slots of all experts (Eq. 2)",
    seen="softmax(-1) of (b, n, e, p)",
)
def combine_inside_experts(x, phi, experts):
    """A softmax for each expert."""
    scores = _scores(x, phi)
    return _through(_prefix_dispatch(scores), scores.softmax(-1), x, experts)


@mistake(
    "M01",
    does="takes dispatch weights from a softmax over slots",
    belief="A token divides itself among the slots.",
    refuted="a slot is an average of tokens: the softmax runs over the tokens of the prefix (Eq. 1)",
    seen="one softmax for both",
)
def dispatch_over_slots(x, phi, experts):
    """The combine softmax as dispatch."""
    scores = _scores(x, phi)
    combine = _over_slots(scores)
    return _through(_each(combine) * _lower(x.shape[1], x.device), combine, x, experts)


@mistake(
    "M27",
    does="masks combine instead of dispatch: token i reads the first i + 1 slots",
    belief="A causal mask on what tokens read keeps the future out.",
    refuted="the slots were filled from the whole sequence before",
    seen="a mask on combine",
)
def masks_combine(x, phi, experts):
    """Slot k counts as position k."""
    scores = _scores(x, phi)
    early = torch.arange(x.shape[1], device=x.device)[:, None] >= torch.arange(phi[0].numel(), device=x.device)
    combine = scores.flatten(2).masked_fill(~early, -torch.inf).softmax(-1).view_as(scores)
    slots = torch.einsum("bnep,bnd->bepd", scores.softmax(1), x)
    answers = torch.stack([expert(slots[:, k]) for k, expert in enumerate(experts)], 1)
    return torch.einsum("bnep,bepd->bnd", combine, answers)


@mistake(
    does="takes the combine weights of the last token for every position",
    belief="Combine weights belong to the prefix's end, which is the last token.",
    refuted="the answer to token i takes token i's own combine weights",
    seen="combine[:, -1] outside the loop",
)
def last_combine(x, phi, experts):
    """One row of combine for all."""
    scores = _scores(x, phi)
    combine = _over_slots(scores)[:, -1:].expand_as(scores)
    return _through(_prefix_dispatch(scores), combine, x, experts)


@mistake(
    "M02",
    does="mixes the examples of the batch in the softmax of dispatch",
    belief="Axis 0 of Algorithm 1 is axis 0 here.",
    refuted="axis 0 is the batch here; tokens are on axis 1",
    seen="softmax(0)",
)
def over_the_batch(x, phi, experts):
    """The wrong axis for dispatch."""
    scores = _scores(x, phi)
    dispatch = _each(scores.softmax(0)) * _lower(x.shape[1], x.device)
    return _through(dispatch, _over_slots(scores), x, experts)


@mistake(
    does="gives slot i of the whole layer to expert i mod e",
    belief="Slots are dealt out in turn.",
    refuted="the p slots of one expert are neighbours: phi is (d, e, p)",
    seen="reshape to (p, e)",
)
def dealt_out(x, phi, experts):
    """Round-robin slots."""
    scores = _scores(x, phi)
    e, p = scores.shape[2:]
    slots = torch.einsum("bijep,bjd->biepd", _prefix_dispatch(scores), x).flatten(2, 3)
    answers = torch.stack([experts[s % e](slots[:, :, s]) for s in range(e * p)], 2)
    return torch.einsum("bis,bisd->bid", _over_slots(scores).flatten(2), answers)


MISTAKES = mistakes_in(globals())
