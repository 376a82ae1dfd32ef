"""Wrong answers to `routing_logits`."""

import math

import torch
from torch.nn.functional import normalize

from softmoe_edu.teaching.exercise import mistake, mistakes_in

ALG2 = "Algorithm 2 normalises x along d, the numbers of a token, and phi along d, the numbers of a slot's vector"
SCALED = "Algorithm 2 multiplies the cosines by one learned scale, once"


def unit(vectors, axis):
    """Return vectors of length 1, as the official code makes them."""
    return vectors * torch.rsqrt(vectors.square().sum(axis, keepdim=True) + 1e-6)


def product(x, phi):
    """Return the products of tokens and slot vectors, (b, n, e, p)."""
    return torch.einsum("bnd,dep->bnep", x, phi)


@mistake(
    "M35",
    does="takes the plain product of token and slot vector, times the scale",
    belief="The scale is all that Algorithm 2 adds.",
    refuted="Algorithm 2 divides both by their lengths; without that, scores grow with the width of tokens (App. E)",
    seen="Algorithm 1 with a scale",
)
def plain_product(x, phi, scale):
    """No lengths at all."""
    return scale * product(x, phi)


@mistake(
    does="divides the tokens by their lengths, and leaves phi as it is",
    belief="Only tokens vary in length.",
    refuted="phi is learned, and its lengths grow in training; Algorithm 2 divides by both",
    seen="half of Algorithm 2",
)
def tokens_only(x, phi, scale):
    """Only x normalised."""
    return scale * product(unit(x, -1), phi)


@mistake(
    does="divides the slot vectors by their lengths, and leaves the tokens as they are",
    belief="LayerNorm has already normalised the tokens.",
    refuted="LayerNorm makes tokens about the root of d long, so scores still grow with d (App. E)",
    seen="half of Algorithm 2",
)
def slots_only(x, phi, scale):
    """Only phi normalised."""
    return scale * product(x, unit(phi, 0))


@mistake(
    does="divides phi along its last axis, the slots of an expert",
    belief="Vectors lie along the last axis.",
    refuted="phi is (d, e, p): the numbers of a slot's vector lie along axis 0",
    seen="F.normalize(phi, dim=-1), the habit of x",
)
def phi_over_slots(x, phi, scale):
    """Phi along p."""
    return scale * product(unit(x, -1), unit(phi, -1))


@mistake(
    does="divides phi along the experts",
    belief="Axis 1 is the one to normalise, as F.normalize does by default.",
    refuted="phi is (d, e, p): the numbers of a slot's vector lie along axis 0",
    seen="F.normalize(phi) without dim",
)
def phi_over_experts(x, phi, scale):
    """Phi along e."""
    return scale * product(unit(x, -1), unit(phi, 1))


@mistake(
    does="divides phi by one length, that of all its numbers together",
    belief="phi has a norm.",
    refuted="each slot's vector has its own length; phi.norm() is that of the whole tensor",
    seen="phi / phi.norm()",
)
def phi_as_one(x, phi, scale):
    """Phi by its Frobenius norm."""
    return scale * product(unit(x, -1), unit(phi, (0, 1, 2)))


@mistake(
    does="divides x along the tokens of an example",
    belief="Axis 1 is the one to normalise, as F.normalize does by default.",
    refuted="a token's numbers lie along the last axis of x, and tokens know nothing of each other here",
    seen="F.normalize(x) without dim",
)
def tokens_over_tokens(x, phi, scale):
    """X along n."""
    return scale * product(unit(x, 1), unit(phi, 0))


@mistake(
    does="divides x by one length, that of the whole batch",
    belief="x has a norm.",
    refuted="each token has its own length; x.norm() is that of the whole tensor",
    seen="x / x.norm()",
)
def tokens_as_one(x, phi, scale):
    """X by its norm."""
    return scale * product(unit(x, (0, 1, 2)), unit(phi, 0))


@mistake(
    does="leaves out the scale, or divides it away: its scores are the cosines themselves",
    belief="Cosines are scores.",
    refuted=f"cosines lie between -1 and 1, where a softmax is nearly even; {SCALED}",
    seen="Algorithm 2 without its scale",
)
def no_scale(x, phi, scale):
    """Cosines."""
    return product(unit(x, -1), unit(phi, 0)) + 0 * scale


@mistake(
    does="leaves the scale out of the computation altogether, so that no gradient reaches it",
    belief="Cosines are scores.",
    refuted=f"cosines lie between -1 and 1, where a softmax is nearly even; {SCALED}",
    seen="an argument that is never used",
)
def unused_scale(x, phi, scale):
    """Cosines, and no scale anywhere."""
    return product(unit(x, -1), unit(phi, 0))


@mistake(
    does="multiplies both tokens and slot vectors by the scale, which counts it twice",
    belief="Both sides are scaled.",
    refuted=SCALED,
    seen="scale * normalize(x) and scale * normalize(phi)",
)
def scale_twice(x, phi, scale):
    """Scale squared."""
    return product(scale * unit(x, -1), scale * unit(phi, 0))


@mistake(
    does="divides by the scale",
    belief="The scale is a temperature.",
    refuted="a temperature divides; the scale of Algorithm 2 multiplies, so that a larger one is sharper",
    seen="logits / temperature",
)
def divided_by_scale(x, phi, scale):
    """Scale as temperature."""
    return product(unit(x, -1), unit(phi, 0)) / scale


@mistake(
    does="multiplies before it divides by the length, so that the scale is divided away with it",
    belief="The order does not matter.",
    refuted="a normalised vector has length 1, whatever its length was before: multiply by the scale afterwards",
    seen="normalize(scale * phi)",
)
def scale_divided_away(x, phi, scale):
    """The scale inside the normalisation."""
    return product(unit(x, -1), unit(scale * phi, 0))


@mistake(
    does="divides the cosines by the square root of d as well",
    belief="Scores are scaled as in attention.",
    refuted="cosines do not grow with d, so there is nothing to divide by",
    seen="habit from attention",
)
def sqrt_d(x, phi, scale):
    """Scores as in attention."""
    return scale * product(unit(x, -1), unit(phi, 0)) / math.sqrt(x.shape[-1])


@mistake(
    does="divides by the root of the mean of squares: its tokens have the length √d, not 1",
    belief="RMSNorm and L2 normalisation are the same.",
    refuted="RMSNorm leaves the length √d, so that scores grow with the width again",
    seen="RMSNorm in place of L2, as in lucidrains/soft-moe-pytorch",
)
def root_mean_square(x, phi, scale):
    """RMSNorm on both sides."""
    d = x.shape[-1]
    return scale * product(unit(x, -1) * math.sqrt(d), unit(phi, 0) * math.sqrt(d))


@mistake(
    does="divides by the root of the mean of squares for the tokens: they have the length √d, not 1",
    belief="RMSNorm and L2 normalisation are the same.",
    refuted="RMSNorm leaves the length √d, so that scores grow with the width again",
    seen="F.rms_norm(x, ...)",
)
def tokens_by_root_mean_square(x, phi, scale):
    """RMSNorm on the tokens."""
    return scale * product(unit(x, -1) * math.sqrt(x.shape[-1]), unit(phi, 0))


@mistake(
    does="divides by the sum of squares, without the root",
    belief="The sum of squares is the length.",
    refuted="a length is the root of the sum of squares; [3, 4] is 5 long, not 25",
    seen="x / x.square().sum(-1, keepdim=True)",
)
def no_root(x, phi, scale):
    """Divided by squares."""
    tokens, slots = x.square().sum(-1, keepdim=True), phi.square().sum(0, keepdim=True)
    return scale * product(x / (tokens + 1e-6), phi / (slots + 1e-6))


@mistake(
    does="divides by the sum of absolute values",
    belief="Any norm will do.",
    refuted="Algorithm 2 uses the L2 norm: the root of the sum of squares",
    seen="norm(p=1), or abs().sum()",
)
def sum_of_sizes(x, phi, scale):
    """L1."""
    tokens, slots = x.abs().sum(-1, keepdim=True), phi.abs().sum(0, keepdim=True)
    return scale * product(x / (tokens + 1e-6), phi / (slots + 1e-6))


@mistake(
    does="takes a softmax of the tokens, so that their numbers sum to 1",
    belief="To normalise is to take a softmax.",
    refuted="two steps share a word: here vectors get length 1; the softmax comes later, over the scores",
    seen="the word normalise in the six steps",
)
def softmax_of_tokens(x, phi, scale):
    """Softmax for L2."""
    return scale * product(x.softmax(-1), phi.softmax(0))


@mistake(
    does="subtracts the mean first, as LayerNorm does",
    belief="Normalising includes centring.",
    refuted="Algorithm 2 only divides by the length",
    seen="layer_norm in place of normalize",
)
def centred(x, phi, scale):
    """Cosines of centred vectors."""
    return scale * product(unit(x - x.mean(-1, keepdim=True), -1), unit(phi - phi.mean(0, keepdim=True), 0))


@mistake(
    does="lets no gradient through the lengths",
    belief="Lengths are constants.",
    refuted="a token's length depends on the token; without its gradient, the slope points the wrong way",
    seen="norm().detach(), or with torch.no_grad() around the lengths",
)
def detached_lengths(x, phi, scale):
    """Lengths without gradient."""
    tokens, slots = x.square().sum(-1, keepdim=True).detach(), phi.square().sum(0, keepdim=True).detach()
    return scale * product(x * (tokens + 1e-6).rsqrt(), phi * (slots + 1e-6).rsqrt())


@mistake(
    does="turns the scale into a plain number, so that it cannot be learned",
    belief="A scale is a constant.",
    refuted="Algorithm 2 learns it: with scale 1 the weights are nearly even, and the layer has to find a larger one",
    seen="float(scale) or scale.item()",
)
def scale_as_number(x, phi, scale):
    """Scale without gradient."""
    return scale.detach() * product(unit(x, -1), unit(phi, 0))


@mistake(
    does="counts the slots of all experts in another order: (p, e) where phi is (d, e, p)",
    belief="A reshape brings any axes.",
    refuted="slot (i, j) belongs to expert i: reshape keeps the order of numbers, and does not exchange axes",
    seen="a reshape to (p, e) on the way",
)
def slot_order(x, phi, scale):
    """Scores of another slot."""
    logits = product(unit(x, -1), unit(phi, 0))
    return scale * logits.transpose(2, 3).reshape(logits.shape)


@mistake(
    does="divides by the length alone: for a token of zeros, 0 / 0 is NaN",
    belief="No token is all zeros.",
    refuted="padding often is a token of zeros: the official code adds 1e-6 under the root",
    seen="x / x.norm(dim=-1, keepdim=True)",
)
def no_epsilon(x, phi, scale):
    """0 / 0."""
    return scale * product(x / x.norm(dim=-1, keepdim=True), phi / phi.norm(dim=0, keepdim=True))


@mistake(
    does="adds 1e-6 to the length, as Algorithm 2 prints it, and not under the root as its authors' code does",
    belief="Paper and code say the same.",
    refuted="for a token 0.001 long, the paper's formula gives length 0.999, the code's 0.707; the task is the code's",
    seen="Algorithm 2 as printed",
)
def as_printed(x, phi, scale):
    """Lengths plus 1e-6."""
    return scale * product(x / (x.norm(dim=-1, keepdim=True) + 1e-6), phi / (phi.norm(dim=0, keepdim=True) + 1e-6))


@mistake(
    does="uses a smallest length far below the official code's, as F.normalize does",
    belief="F.normalize is the same.",
    refuted="it divides by max(length, 1e-12); the official code adds 1e-6 under the root: short tokens stay short",
    seen="F.normalize",
)
def smallest_length(x, phi, scale):
    """F.normalize."""
    return scale * product(normalize(x, dim=-1), normalize(phi, dim=0))


MISTAKES = mistakes_in(globals())
