"""Wrong answers to `masked_weights`."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

COMPETES = "a score of 0 has exp(0) = 1, not 0: it competes with the others; only a score of -inf has the weight 0"
SHARE = "a slot is an average of real tokens, so its weights must sum to 1 over these"


def at(mask):
    """Return the mask beside experts and slots, (b, n, 1, 1)."""
    return mask[:, :, None, None]


def over_tokens(logits, mask, fill=None):
    """Return the softmax over the real tokens, 0 at padding and in an example without any."""
    lowest = torch.finfo(logits.dtype).min if fill is None else fill
    return logits.masked_fill(~at(mask), lowest).softmax(1)


def over_slots(logits):
    """Return the softmax over all slots."""
    return logits.flatten(2).softmax(-1).view_as(logits)


def dispatch_of(logits, mask):
    """Return right dispatch weights."""
    return over_tokens(logits, mask).masked_fill(~at(mask), 0)


def combine_of(logits, mask):
    """Return right combine weights."""
    return over_slots(logits).masked_fill(~at(mask), 0)


@mistake(
    "M40",
    does="does not use the mask",
    belief="Padding tokens do no harm.",
    refuted="padding takes its share of every slot, and real tokens get less",
    seen="layers without a mask, as in the paper's code, whose images need none",
)
def no_mask(logits, mask):
    """No mask anywhere."""
    return logits.softmax(1), over_slots(logits)


@mistake(
    "M40",
    does="takes the softmax over all tokens and removes padding afterwards, so that real tokens do not sum to 1",
    belief="Weights of 0 at padding are all that is needed.",
    refuted=f"the softmax has already given padding its share; {SHARE}",
    seen="logits.softmax(1) * mask",
)
def mask_after_softmax(logits, mask):
    """Multiplied afterwards."""
    return logits.softmax(1) * at(mask), over_slots(logits) * at(mask)


@mistake(
    "M40",
    does="multiplies the scores by the mask, which makes a padding's score 0",
    belief="A score of 0 is no score.",
    refuted=COMPETES,
    seen="(logits * mask).softmax(1)",
)
def scores_times_mask(logits, mask):
    """A score of 0 for padding."""
    logits = logits * at(mask)
    return logits.softmax(1), over_slots(logits)


@mistake(
    "M40",
    does="makes a padding's score 0 for dispatch, and removes its weights afterwards",
    belief="A score of 0 is no score.",
    refuted=COMPETES,
    seen="logits.masked_fill(~mask, 0)",
)
def scores_of_zero(logits, mask):
    """A score of 0 for padding, and zeros at the end."""
    return (logits * at(mask)).softmax(1) * at(mask), over_slots(logits) * at(mask)


@mistake(
    does="gives padding answers: combine is not 0 there",
    belief="Only dispatch needs the mask.",
    refuted="the padding's rows would leave the layer as averages of all answers, and a mean over tokens reads them",
    seen="lucidrains/soft-moe-pytorch",
)
def padding_is_answered(logits, mask):
    """Combine as if all were real."""
    return dispatch_of(logits, mask), over_slots(logits)


@mistake(
    "M40",
    does="masks combine and not dispatch",
    belief="What matters is that padding gets no answer.",
    refuted="padding still takes its share of every slot, and so reaches every real token's answer",
    seen="a mask on the output alone",
)
def combine_only(logits, mask):
    """Dispatch as if all were real."""
    return logits.softmax(1), combine_of(logits, mask)


@mistake(
    does="reads the mask the wrong way round: it keeps the padding",
    belief="True means: leave this one out.",
    refuted="here True marks a real token; attention in PyTorch has a key_padding_mask with the opposite meaning",
    seen="masked_fill(mask, ...) without ~",
)
def inverted(logits, mask):
    """The mask upside down."""
    return dispatch_of(logits, ~mask), combine_of(logits, ~mask)


@mistake(
    does="fills with -inf and leaves it there: in an example without real tokens, every dispatch weight is NaN",
    belief="Every example has a real token.",
    refuted="the last batch of an epoch is often filled up with examples of nothing but padding",
    seen="masked_fill(~mask, float('-inf')).softmax(1)",
)
def nan_without_tokens(logits, mask):
    """0 / 0 in dispatch."""
    return over_tokens(logits, mask, float("-inf")), combine_of(logits, mask)


@mistake(
    does="uses the scores with -inf at padding for combine too: softmax of a row of -inf is NaN",
    belief="Masked once, masked for both.",
    refuted="combine compares the slots of one token; in a row where all scores are -inf nothing is left to compare",
    seen="one masked tensor for both softmaxes",
)
def nan_in_combine(logits, mask):
    """0 / 0 in every padding's row."""
    logits = logits.masked_fill(~at(mask), float("-inf"))
    return logits.softmax(1), over_slots(logits)


@mistake(
    does="adds -inf at padding and replaces the NaN afterwards, so that its gradient is NaN all the same",
    belief="nan_to_num repairs it.",
    refuted="backwards, the softmax of nothing but -inf gives NaN again: start from a finite lowest number",
    seen="(logits + bias).softmax(1).nan_to_num(0), as in masked attention",
)
def hidden_nan(logits, mask):
    """NaN in the gradient alone."""
    bias = torch.zeros_like(logits).masked_fill(~at(mask), float("-inf"))
    return (logits + bias).softmax(1).nan_to_num(0.0), combine_of(logits, mask)


@mistake(
    does="averages padding where an example has no real token: every dispatch weight there is 1 / n",
    belief="A very low score is enough.",
    refuted="where all scores are equally low, a softmax is even; set the weights at padding to 0 as well",
    seen="masked_fill(~mask, -1e9).softmax(1)",
)
def even_without_tokens(logits, mask):
    """Lowest numbers, evenly shared."""
    return over_tokens(logits, mask), combine_of(logits, mask)


@mistake(
    does="uses the scores with a very low number at padding for combine too: padding gets an even average",
    belief="Masked once, masked for both.",
    refuted="combine compares the slots of one token; where all are equally low, each gets the same weight, not 0",
    seen="one masked tensor for both softmaxes",
)
def even_combine(logits, mask):
    """1 / (e p) in every padding's row."""
    low = logits.masked_fill(~at(mask), torch.finfo(logits.dtype).min)
    return low.softmax(1), over_slots(low)


@mistake(
    does="fills with -10, which is not low enough",
    belief="Any low number will do.",
    refuted="a padding's weight is then exp(-10) of a token's, and more where scores are low: fill with -inf",
    seen="masked_fill(~mask, -10)",
)
def not_low_enough(logits, mask):
    """A score of -10 for padding."""
    return over_tokens(logits, mask, -10.0), combine_of(logits, mask)


@mistake(
    "M02",
    does="takes the dispatch softmax over the batch",
    belief="Algorithm 1 says axis 0.",
    refuted="Algorithm 1 has no batch axis: its axis 0, the tokens, is axis 1 of (b, n, e, p)",
    seen="fkodom/soft-mixture-of-experts before pull request 1",
)
def over_batch(logits, mask):
    """Softmax along axis 0."""
    low = logits.masked_fill(~at(mask), torch.finfo(logits.dtype).min)
    return low.softmax(0) * at(mask), combine_of(logits, mask)


@mistake(
    "M42",
    does="takes one softmax over the tokens of all examples together",
    belief="(b, n) may be flattened, as for an MLP.",
    refuted="Section 2.2: routing is per sequence; every example fills its own slots",
    seen="flatten before the softmax",
)
def batch_is_one_group(logits, mask):
    """Softmax over b and n."""
    low = logits.masked_fill(~at(mask), torch.finfo(logits.dtype).min)
    return low.flatten(0, 1).softmax(0).view_as(logits) * at(mask), combine_of(logits, mask)


@mistake(
    "M01",
    does="exchanges the two: dispatch is the softmax over slots, combine the one over tokens",
    belief="Both sum to 1, so it does not matter which is which.",
    refuted="Eq. 1 averages tokens into slots, Eq. 2 averages slots into tokens",
    seen="Ekoda/SoftMoE",
)
def swapped(logits, mask):
    """Both softmaxes along the other's axes."""
    return combine_of(logits, mask), dispatch_of(logits, mask)


@mistake(
    "M03",
    does="takes the combine softmax within each expert",
    belief="The last axis is the one of the slots.",
    refuted="Eq. 2 sums over all slots of all experts: two axes of the tensor",
    seen="softmax(-1)",
)
def combine_per_expert(logits, mask):
    """Softmax over p."""
    return dispatch_of(logits, mask), logits.softmax(-1) * at(mask)


@mistake(
    does="uses the first example's mask for all",
    belief="All examples are equally long.",
    refuted="(b, n) has a row for each example",
    seen="mask[0], or a mask of tokens without the batch",
)
def first_mask(logits, mask):
    """mask[0] everywhere."""
    mask = mask[:1].expand_as(mask)
    return dispatch_of(logits, mask), combine_of(logits, mask)


@mistake(
    does="divides dispatch by the number of tokens that are real: an even average",
    belief="Masked mean pooling is dispatch.",
    refuted="Eq. 1 weighs the tokens by their scores",
    seen="mask / mask.sum(1)",
)
def even_dispatch(logits, mask):
    """A masked mean."""
    real = at(mask) * torch.ones_like(logits)
    return real / real.sum(1, keepdim=True).clamp(min=1) + 0 * logits, combine_of(logits, mask)


@mistake(
    does="lets no gradient through dispatch",
    belief="A mask is a decision, and decisions have no gradient.",
    refuted="Section 2.2: all operations are continuous and fully differentiable; the mask changes nothing in that",
    seen="weights filled into a new tensor by .data or .detach()",
)
def detached(logits, mask):
    """Dispatch without gradient."""
    return dispatch_of(logits.detach(), mask), combine_of(logits, mask)


MISTAKES = mistakes_in(globals())
