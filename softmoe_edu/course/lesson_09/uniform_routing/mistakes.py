"""Mistakes in the uniform rows of Table 2: each makes weights, runs, and is another ablation or none."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

NAMES = "Appendix A: dispatch 1/n over the n tokens, combine 1/(e p) over all slots, and only the named side"
SIDE = {"dispatch": (True, False), "combine": (False, True), "both": (True, True)}


def learned(logits):
    """Return both sides as Soft MoE has them."""
    return logits.softmax(1), logits.flatten(2).softmax(-1).view_as(logits)


def equal(logits):
    """Return both sides uniform."""
    _, n, e, p = logits.shape
    return torch.full_like(logits, 1 / n), torch.full_like(logits, 1 / (e * p))


def chosen(uniform, even, soft):
    """Return for each side the even or the soft weights."""
    return tuple(e if is_uniform else s for is_uniform, e, s in zip(SIDE[uniform], even, soft, strict=True))


@mistake(
    "M01",
    does="makes the other side uniform: combine where dispatch was named, and the reverse",
    belief="uniform / soft says what happens to the answers first.",
    refuted="Table 2 names dispatch first and combine second; here the argument names the side that is uniform",
    seen="the names of Table 2 read from the wrong end",
)
def other_side(logits, uniform):
    """Sides swapped."""
    return chosen({"dispatch": "combine", "combine": "dispatch"}.get(uniform, uniform), equal(logits), learned(logits))


@mistake(
    "M05",
    does="shares a uniform dispatch out among slots: 1/(e p) in place of 1/n",
    belief="A token is shared out equally among the slots.",
    refuted=NAMES,
    seen="one uniform tensor used for both sides",
)
def dispatch_over_slots(logits, uniform):
    """1 / (e p) for dispatch."""
    even = equal(logits)
    return chosen(uniform, (even[1], even[1]), learned(logits))


@mistake(
    "M05",
    does="takes 1/n for a uniform combine, as for dispatch",
    belief="Uniform means one over the number of tokens.",
    refuted=NAMES,
    seen="one uniform tensor used for both sides",
)
def combine_over_tokens(logits, uniform):
    """1 / n for combine."""
    even = equal(logits)
    return chosen(uniform, (even[0], even[0]), learned(logits))


@mistake(
    "M03",
    does="takes 1/e for a uniform combine, so that a token's weights sum to p",
    belief="Combine is an average over experts.",
    refuted=NAMES,
    seen="experts of one slot in mind",
)
def combine_over_experts(logits, uniform):
    """1 / e for combine."""
    return chosen(uniform, (equal(logits)[0], torch.full_like(logits, 1 / logits.shape[2])), learned(logits))


@mistake(
    "M03",
    does="takes 1/p for a uniform combine, so that a token's weights sum to e",
    belief="Combine is an average inside each expert.",
    refuted=NAMES,
    seen="a mean over the last axis",
)
def combine_over_own_slots(logits, uniform):
    """1 / p for combine."""
    return chosen(uniform, (equal(logits)[0], torch.full_like(logits, 1 / logits.shape[3])), learned(logits))


@mistake(
    does="uses weights of 1: sums in place of averages",
    belief="Uniform means that everything counts, with weight 1.",
    refuted=NAMES,
    seen="torch.ones_like",
)
def ones(logits, uniform):
    """Weights of 1."""
    one = torch.ones_like(logits)
    return chosen(uniform, (one, one), learned(logits))


@mistake(
    does="makes all weights of an example sum to 1, over tokens and slots together",
    belief="A uniform distribution sums to 1 over everything.",
    refuted=NAMES,
    seen="1 / logits[0].numel()",
)
def over_everything(logits, uniform):
    """1 / (n e p)."""
    even = torch.full_like(logits, 1 / logits[0].numel())
    return chosen(uniform, (even, even), learned(logits))


@mistake(
    does="makes both sides uniform, whatever is asked",
    belief="Uniform routing has nothing learned.",
    refuted="two rows of Table 2 keep one side learned; only `both` has none",
    seen="the argument unused",
)
def always_both(logits, uniform):
    """Nothing learned."""
    return equal(logits)


@mistake(
    does='learns both sides with uniform="both"',
    belief="Two conditions cover all cases.",
    refuted='"both" names both sides: neither depends on the scores',
    seen='if uniform == "dispatch" ... if uniform == "combine" ...',
)
def both_forgotten(logits, uniform):
    """Soft MoE for "both"."""
    return learned(logits) if uniform == "both" else chosen(uniform, equal(logits), learned(logits))


@mistake(
    "M01",
    does="takes the softmax of a learned dispatch over slots instead of tokens",
    belief="Each token's dispatch weights sum to 1.",
    refuted="Eq. 1: a slot is an average of tokens; its weights sum to 1 over them",
    seen="both sides from one softmax",
)
def dispatch_softmax_over_slots(logits, uniform):
    """Learned dispatch with the axes of combine."""
    combine = learned(logits)[1]
    return chosen(uniform, equal(logits), (combine, combine))


@mistake(
    "M01",
    does="takes the softmax of a learned combine over tokens instead of slots",
    belief="Combine weights sum to 1 over tokens.",
    refuted="Eq. 2: an answer is an average of slots; its weights sum to 1 over them",
    seen="both sides from one softmax",
)
def combine_softmax_over_tokens(logits, uniform):
    """Learned combine with the axes of dispatch."""
    dispatch = learned(logits)[0]
    return chosen(uniform, equal(logits), (dispatch, dispatch))


@mistake(
    "M03",
    does="takes the softmax of a learned combine inside each expert",
    belief="Combine is normalised inside each expert.",
    refuted="Eq. 2: one softmax over the slots of all experts",
    seen="softmax(-1) of (b, n, e, p)",
)
def combine_softmax_per_expert(logits, uniform):
    """Learned combine over the last axis."""
    return chosen(uniform, equal(logits), (logits.softmax(1), logits.softmax(-1)))


@mistake(
    "M18",
    does="deals tokens out evenly, each to one slot, instead of mixing all of them",
    belief="Uniform routing is balanced routing: every slot gets equally many tokens.",
    refuted=NAMES,
    seen="uniform mistaken for round robin",
)
def balanced(logits, uniform):
    """One-hot weights, round robin."""
    _, n, e, p = logits.shape
    place = torch.arange(n, device=logits.device) % (e * p)
    even = torch.nn.functional.one_hot(place, e * p).to(logits.dtype).view(n, e, p).expand_as(logits)
    return chosen(uniform, (even.clone(), even.clone()), learned(logits))


@mistake(
    "M22",
    does="lets no gradient through the learned side",
    belief="An ablation is only compared, not trained.",
    refuted="every row of Table 2 is a model of its own, trained from the start",
    seen="a detach or no_grad around the whole function",
)
def detached(logits, uniform):
    """The right numbers, cut off."""
    return chosen(uniform, equal(logits), learned(logits.detach()))


@mistake(
    does="makes uniform weights in float32, whatever the dtype of the scores",
    belief="Everything is float32.",
    refuted="weights keep the dtype of the scores: torch.full_like or zeros_like",
    seen="torch.full(shape, 1 / n)",
    form=True,
)
def uniform_in_float32(logits, uniform):
    """Constants of the default dtype."""
    return chosen(uniform, tuple(part.float() for part in equal(logits)), learned(logits))


@mistake(
    does="overwrites the scores of the caller with zeros",
    belief="The scores are not needed any more.",
    refuted="the caller still has this tensor: use zeros_like",
    seen="logits.zero_()",
    form=True,
)
def zeroed_in_place(logits, uniform):
    """zero_ on the argument."""
    dispatch, combine = chosen(uniform, equal(logits), tuple(part.clone() for part in learned(logits)))
    with torch.no_grad():
        logits.zero_()
    return dispatch, combine


MISTAKES = mistakes_in(globals())
