"""Wrong answers to `soft_moe_layer`: each is a layer in which one method is wrong."""

import torch
from torch import nn
from torch.nn.functional import gelu

from softmoe_edu.teaching.exercise import mistake, mistakes_in

ALG2 = "Algorithm 2 normalises only for the scores"
SHARE = "a slot is an average of real tokens, so its weights must sum to 1 over these"


def unit(vectors, axis):
    """Return vectors of length 1, as the official code makes them."""
    return vectors * torch.rsqrt(vectors.square().sum(axis, keepdim=True) + 1e-6)


def over_slots(logits):
    """Return the softmax over all slots."""
    return logits.flatten(2).softmax(-1).view_as(logits)


class Layer(nn.Module):
    """A right layer, in steps; the wrong ones replace one of them."""

    def __init__(self, dim, num_experts, slots_per_expert, hidden_dim):
        super().__init__()
        d, e, p, f = dim, num_experts, slots_per_expert, hidden_dim
        self.phi = nn.Parameter(torch.randn(d, e, p) / (d * e) ** 0.5)
        self.scale = nn.Parameter(torch.ones(1))
        self.w_in = nn.Parameter(torch.randn(e, d, f) / d**0.5)
        self.b_in = nn.Parameter(torch.zeros(e, f))
        self.w_out = nn.Parameter(torch.randn(e, f, d) / f**0.5)
        self.b_out = nn.Parameter(torch.zeros(e, d))

    def read(self, x):
        """Return what the slots mix."""
        return x

    def score(self, x):
        """Return the scores (b, n, e, p)."""
        return self.scale * torch.einsum("bnd,dep->bnep", unit(x, -1), unit(self.phi, 0))

    def dispatch(self, logits, mask):
        """Return dispatch weights, 0 at padding."""
        low = logits.masked_fill(~mask[:, :, None, None], torch.finfo(logits.dtype).min)
        return low.softmax(1).masked_fill(~mask[:, :, None, None], 0)

    def combine(self, logits, mask):
        """Return combine weights, 0 at padding."""
        return over_slots(logits).masked_fill(~mask[:, :, None, None], 0)

    def compute(self, slots):
        """Return the experts' answers."""
        hidden = gelu(slots @ self.w_in + self.b_in[:, None], approximate="tanh")
        return hidden @ self.w_out + self.b_out[:, None]

    def forward(self, x, mask=None):
        """Return the tokens' answers."""
        if mask is None:
            mask = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        logits = self.score(x)
        slots = torch.einsum("bnep,bnd->bepd", self.dispatch(logits, mask), self.read(x))
        return torch.einsum("bnep,bepd->bnd", self.combine(logits, mask), self.compute(slots))


class MixesNormalised(Layer):
    """Slots of normalised tokens."""

    def read(self, x):
        """Return tokens of length 1."""
        return unit(x, -1)


@mistake(
    "M34",
    does="mixes the tokens that were divided by their length into the slots",
    belief="What is normalised once stays normalised.",
    refuted=f"{ALG2}; the slots mix the tokens as they came",
    seen="bwconrad/soft-moe and lucidrains/soft-moe-pytorch: x = F.normalize(x), then x is mixed",
)
def mixes_normalised_tokens(dim, num_experts, slots_per_expert, hidden_dim):
    """Slots of normalised tokens."""
    return MixesNormalised(dim, num_experts, slots_per_expert, hidden_dim)


class PlainProduct(Layer):
    """Scores of Algorithm 1, times the scale."""

    def score(self, x):
        """Return products."""
        return self.scale * torch.einsum("bnd,dep->bnep", x, self.phi)


@mistake(
    "M35",
    does="takes the plain product of token and slot vector for its scores",
    belief="Algorithm 1 is the layer.",
    refuted="Algorithm 2 divides both by their lengths for the scores",
    seen="Algorithm 1 with a scale",
)
def plain_product(dim, num_experts, slots_per_expert, hidden_dim):
    """No normalisation."""
    return PlainProduct(dim, num_experts, slots_per_expert, hidden_dim)


class OverBatch(Layer):
    """Dispatch along axis 0."""

    def dispatch(self, logits, mask):
        """Return the softmax over examples."""
        low = logits.masked_fill(~mask[:, :, None, None], torch.finfo(logits.dtype).min)
        return low.softmax(0).masked_fill(~mask[:, :, None, None], 0)


@mistake(
    "M02",
    does="takes the dispatch softmax over the batch",
    belief="Algorithm 1 says axis 0.",
    refuted="Algorithm 1 has no batch axis: its axis 0, the tokens, is axis 1 of (b, n, e, p)",
    seen="fkodom/soft-mixture-of-experts before pull request 1",
)
def dispatch_over_batch(dim, num_experts, slots_per_expert, hidden_dim):
    """Softmax over examples."""
    return OverBatch(dim, num_experts, slots_per_expert, hidden_dim)


class OneGroup(Layer):
    """All examples as one sequence."""

    def forward(self, x, mask=None):
        """Return the answers of one long example."""
        mask = None if mask is None else mask.flatten()[None]
        return super().forward(x.flatten(0, 1)[None], mask).view_as(x)


@mistake(
    "M42",
    does="routes the tokens of all examples as one group",
    belief="(b, n, d) may be flattened to (b n, d), as for an MLP.",
    refuted="Section 2.2: routing is per sequence, so an example's answers depend on that example alone",
    seen="flatten before the router",
)
def batch_is_one_group(dim, num_experts, slots_per_expert, hidden_dim):
    """Examples merged."""
    return OneGroup(dim, num_experts, slots_per_expert, hidden_dim)


class NoMask(Layer):
    """A mask that is never read."""

    def forward(self, x, mask=None):
        """Return the answers of all tokens."""
        return super().forward(x)


@mistake(
    "M40",
    does="takes a mask and does not use it",
    belief="Padding tokens do no harm.",
    refuted="padding takes its share of every slot, and real tokens get less",
    seen="an argument that is never used",
)
def ignores_mask(dim, num_experts, slots_per_expert, hidden_dim):
    """No mask."""
    return NoMask(dim, num_experts, slots_per_expert, hidden_dim)


class ZeroesTokens(Layer):
    """Padding made zero, and routed."""

    def forward(self, x, mask=None):
        """Return the answers of tokens of which padding is zero."""
        return super().forward(x if mask is None else x * mask[..., None])


@mistake(
    "M40",
    does="sets the padding to 0 on the way in, and routes it like any token",
    belief="Zeros do nothing.",
    refuted="a token of zeros scores 0 with every slot, and exp(0) is 1: it competes with the others",
    seen="x * mask",
)
def zeroes_padding(dim, num_experts, slots_per_expert, hidden_dim):
    """Zeros for padding."""
    return ZeroesTokens(dim, num_experts, slots_per_expert, hidden_dim)


class ZeroesBoth(ZeroesTokens):
    """Padding made zero on the way in and out."""

    def forward(self, x, mask=None):
        """Return answers with zeros at padding."""
        y = super().forward(x, mask)
        return y if mask is None else y * mask[..., None]


@mistake(
    "M40",
    does="sets the padding to 0 on the way in and on the way out, and routes it like any token between",
    belief="Zeros do nothing.",
    refuted="a token of zeros scores 0 with every slot, and exp(0) is 1: it competes with the others",
    seen="x * mask at both ends",
)
def zeroes_at_both_ends(dim, num_experts, slots_per_expert, hidden_dim):
    """Zeros for padding, twice."""
    return ZeroesBoth(dim, num_experts, slots_per_expert, hidden_dim)


class MaskAfter(Layer):
    """Padding's share given away and lost."""

    def dispatch(self, logits, mask):
        """Return the softmax over all tokens, without padding."""
        return logits.softmax(1) * mask[:, :, None, None]


@mistake(
    "M40",
    does="removes padding from dispatch after the softmax, so that real tokens do not sum to 1",
    belief="Weights of 0 at padding are all that is needed.",
    refuted=f"the softmax has already given padding its share; {SHARE}",
    seen="logits.softmax(1) * mask",
)
def mask_after_softmax(dim, num_experts, slots_per_expert, hidden_dim):
    """Multiplied afterwards."""
    return MaskAfter(dim, num_experts, slots_per_expert, hidden_dim)


class AnswersPadding(Layer):
    """Combine without a mask."""

    def combine(self, logits, mask):
        """Return combine weights of all tokens."""
        return over_slots(logits)


@mistake(
    does="answers padding like any token",
    belief="Only dispatch needs the mask.",
    refuted="the next layer would find an average of answers where nothing was; the task asks for 0 there",
    seen="lucidrains/soft-moe-pytorch",
)
def answers_padding(dim, num_experts, slots_per_expert, hidden_dim):
    """No zeros at the end."""
    return AnswersPadding(dim, num_experts, slots_per_expert, hidden_dim)


class Infinite(Layer):
    """NaN in an example without tokens."""

    def dispatch(self, logits, mask):
        """Return a softmax that may be 0 / 0."""
        return logits.masked_fill(~mask[:, :, None, None], float("-inf")).softmax(1)


@mistake(
    does="fills with -inf and leaves it there: in an example without real tokens every answer is NaN",
    belief="Every example has a real token.",
    refuted="the last batch of an epoch is often filled up with examples of nothing but padding",
    seen="masked_fill(~mask, float('-inf')).softmax(1)",
)
def nan_without_tokens(dim, num_experts, slots_per_expert, hidden_dim):
    """0 / 0."""
    return Infinite(dim, num_experts, slots_per_expert, hidden_dim)


class UpsideDown(Layer):
    """Keeps the padding."""

    def forward(self, x, mask=None):
        """Return the answers of padding."""
        return super().forward(x, None if mask is None else ~mask)


@mistake(
    does="reads the mask the wrong way round: it keeps the padding",
    belief="True means: leave this one out.",
    refuted="here True marks a real token; attention in PyTorch has a key_padding_mask with the opposite meaning",
    seen="masked_fill(mask, ...) without ~",
)
def inverted_mask(dim, num_experts, slots_per_expert, hidden_dim):
    """The mask upside down."""
    return UpsideDown(dim, num_experts, slots_per_expert, hidden_dim)


@mistake(
    does="keeps the scale as a plain tensor, which is neither trained nor saved",
    belief="self.scale = torch.ones(1) is enough.",
    refuted="a module trains and saves what is a torch.nn.Parameter; Algorithm 2 learns the scale",
    seen="self.scale = 1.0",
)
def scale_is_plain(dim, num_experts, slots_per_expert, hidden_dim):
    """No parameter of this name."""
    layer = Layer(dim, num_experts, slots_per_expert, hidden_dim)
    del layer.scale
    layer.scale = torch.ones(1)
    return layer


@mistake(
    does="keeps the scale as a buffer, which is saved and not trained",
    belief="A scale is a constant.",
    refuted="Algorithm 2 learns it: with scale 1 the weights are nearly even, and the layer has to find a larger one",
    seen="register_buffer('scale', ...)",
)
def scale_is_a_buffer(dim, num_experts, slots_per_expert, hidden_dim):
    """A buffer of this name."""
    layer = Layer(dim, num_experts, slots_per_expert, hidden_dim)
    del layer.scale
    layer.register_buffer("scale", torch.ones(1))
    return layer


@mistake(
    does="keeps the experts' weights in plain tensors, which are neither trained nor saved",
    belief="What stands in self is part of the module.",
    refuted="a module trains and saves what is a torch.nn.Parameter, or in a ParameterList",
    seen="self.w_in = torch.randn(...)",
)
def experts_are_plain(dim, num_experts, slots_per_expert, hidden_dim):
    """Weights that no optimiser sees."""
    layer = Layer(dim, num_experts, slots_per_expert, hidden_dim)
    for name in ("w_in", "b_in", "w_out", "b_out"):
        value = getattr(layer, name).detach()
        delattr(layer, name)
        setattr(layer, name, value)
    return layer


class Reshaped(Layer):
    """Slots of other experts."""

    def compute(self, slots):
        """Return answers of the wrong experts."""
        b, e, p, d = slots.shape
        rows = slots.reshape(e, b * p, d)
        hidden = gelu(rows @ self.w_in + self.b_in[:, None], approximate="tanh")
        return (hidden @ self.w_out + self.b_out[:, None]).reshape(b, e, p, d)


@mistake(
    does="reshapes (b, e, p, d) to (e, b p, d) without exchanging axes: experts get slots of other experts",
    belief="A reshape brings any axes.",
    refuted="reshape keeps the order of the numbers; exchange the axes with transpose first",
    seen="slots.reshape(e, b * p, d)",
)
def bank_reshaped(dim, num_experts, slots_per_expert, hidden_dim):
    """Rows of the wrong experts."""
    return Reshaped(dim, num_experts, slots_per_expert, hidden_dim)


class FirstExpert(Layer):
    """One expert for all slots."""

    def compute(self, slots):
        """Return answers of expert 0, with no use of the others."""
        hidden = gelu(slots @ self.w_in[0] + self.b_in[0], approximate="tanh")
        return hidden @ self.w_out[0] + self.b_out[0]


@mistake(
    does="runs the first expert on every slot",
    belief="The experts differ only in their slots.",
    refuted="Section 2.1: each expert processes its own p slots",
    seen="w_in[0]",
)
def first_expert(dim, num_experts, slots_per_expert, hidden_dim):
    """Parameters of expert 0."""
    return FirstExpert(dim, num_experts, slots_per_expert, hidden_dim)


class Swapped(Layer):
    """Each softmax along the other's axes."""

    def dispatch(self, logits, mask):
        """Return combine weights."""
        return super().combine(logits, mask)

    def combine(self, logits, mask):
        """Return dispatch weights."""
        return super().dispatch(logits, mask)


@mistake(
    "M01",
    does="takes dispatch by the softmax over slots and combine by the softmax over tokens",
    belief="Both sum to 1, so it does not matter which is which.",
    refuted="Eq. 1 averages tokens into slots, Eq. 2 averages slots into tokens",
    seen="Ekoda/SoftMoE",
)
def swapped_axes(dim, num_experts, slots_per_expert, hidden_dim):
    """Axes exchanged."""
    return Swapped(dim, num_experts, slots_per_expert, hidden_dim)


class PerExpert(Layer):
    """Combine within each expert."""

    def combine(self, logits, mask):
        """Return weights that sum to the number of experts."""
        return logits.softmax(-1).masked_fill(~mask[:, :, None, None], 0)


@mistake(
    "M03",
    does="takes the combine softmax within each expert",
    belief="The last axis is the one of the slots.",
    refuted="Eq. 2 sums over all slots of all experts: two axes of the tensor",
    seen="softmax(-1)",
)
def combine_per_expert(dim, num_experts, slots_per_expert, hidden_dim):
    """Softmax over p."""
    return PerExpert(dim, num_experts, slots_per_expert, hidden_dim)


class Twice(Layer):
    """A softmax of a softmax."""

    def dispatch(self, logits, mask):
        """Return nearly even weights."""
        return super().dispatch(super().dispatch(logits, mask), mask)


@mistake(
    does="takes the softmax of the softmax for dispatch",
    belief="Twice normalised does no harm.",
    refuted="the second softmax takes weights between 0 and 1 for scores, which leaves nearly equal weights",
    seen="a softmax in the router and another in the layer, as in transformers before pull request 45111",
)
def dispatch_softmax_twice(dim, num_experts, slots_per_expert, hidden_dim):
    """Softmax over tokens, twice."""
    return Twice(dim, num_experts, slots_per_expert, hidden_dim)


class Residual(Layer):
    """Answers plus tokens."""

    def forward(self, x, mask=None):
        """Return the tokens plus their answers."""
        return x + super().forward(x, mask)


@mistake(
    does="adds the tokens to their answers",
    belief="The residual connection is part of the layer.",
    refuted="the algorithm returns the combined slots; the block adds the residual",
    seen="layers cut out of a block",
)
def adds_residual(dim, num_experts, slots_per_expert, hidden_dim):
    """The answer plus x."""
    return Residual(dim, num_experts, slots_per_expert, hidden_dim)


class Detached(Layer):
    """Dispatch without gradient."""

    def dispatch(self, logits, mask):
        """Return weights that teach nothing."""
        return super().dispatch(logits, mask).detach()


@mistake(
    "M22",
    does="lets no gradient through the dispatch weights",
    belief="Dispatch is a decision, and decisions have no gradient.",
    refuted="Section 2.2: all operations are continuous and fully differentiable",
    seen="habit from top-k",
)
def detached_dispatch(dim, num_experts, slots_per_expert, hidden_dim):
    """D.detach()."""
    return Detached(dim, num_experts, slots_per_expert, hidden_dim)


class Cosines(Layer):
    """Scores without a scale."""

    def score(self, x):
        """Return cosines without a scale."""
        return torch.einsum("bnd,dep->bnep", unit(x, -1), unit(self.phi, 0)) + 0 * self.scale


@mistake(
    does="leaves out the scale: its scores are the cosines themselves",
    belief="Cosines are scores.",
    refuted="cosines lie between -1 and 1, where a softmax is nearly even; Algorithm 2 multiplies by a learned scale",
    seen="Algorithm 2 without its scale",
)
def no_scale(dim, num_experts, slots_per_expert, hidden_dim):
    """Cosines."""
    return Cosines(dim, num_experts, slots_per_expert, hidden_dim)


@mistake(
    does="starts every expert from the same weights",
    belief="Experts become different by training.",
    refuted="the task asks for different ones: with equal experts only the slots' vectors can tell them apart at first",
    seen="one MLP copied e times, as in the released configurations",
)
def equal_experts(dim, num_experts, slots_per_expert, hidden_dim):
    """Copies of expert 0."""
    layer = Layer(dim, num_experts, slots_per_expert, hidden_dim)
    with torch.no_grad():
        for kernel in (layer.w_in, layer.w_out):
            kernel.copy_(kernel[:1].expand_as(kernel))
    return layer


@mistake(
    does="starts phi from zeros, so that all slots are alike",
    belief="Parameters may start anywhere.",
    refuted="equal slots get equal weights: only experts tell them apart, and the slots of one expert never differ",
    seen="torch.zeros for a parameter that will be learned anyway",
)
def phi_of_zeros(dim, num_experts, slots_per_expert, hidden_dim):
    """All slots alike."""
    layer = Layer(dim, num_experts, slots_per_expert, hidden_dim)
    nn.init.zeros_(layer.phi)
    return layer


class Float32(Layer):
    """Float32 whatever comes."""

    def forward(self, x, mask=None):
        """Return answers of the tokens in float32."""
        layer = {name: value.float() for name, value in self.named_parameters()}
        return torch.func.functional_call(Layer(*self.phi.shape, self.w_in.shape[2]), layer, (x.float(), mask))


@mistake(
    does="turns everything into float32",
    belief="Everything is float32.",
    refuted="a layer keeps the dtype of its input, or bfloat16 and float64 models break",
    seen=".float() on the way",
    form=True,
)
def float32_only(dim, num_experts, slots_per_expert, hidden_dim):
    """float() at the beginning."""
    return Float32(dim, num_experts, slots_per_expert, hidden_dim)


class InPlace(Layer):
    """Overwrites its input."""

    def forward(self, x, mask=None):
        """Return the answers, and leave zeros in the caller's padding."""
        if mask is not None:
            with torch.no_grad():
                x[~mask] = 0
        return super().forward(x, mask)


@mistake(
    does="writes zeros into the padding of its input",
    belief="x is mine to change.",
    refuted="the block adds x to the answers afterwards: an input belongs to the caller",
    seen="x[~mask] = 0",
    form=True,
)
def in_place(dim, num_experts, slots_per_expert, hidden_dim):
    """X changed on the way."""
    return InPlace(dim, num_experts, slots_per_expert, hidden_dim)


MISTAKES = mistakes_in(globals())
