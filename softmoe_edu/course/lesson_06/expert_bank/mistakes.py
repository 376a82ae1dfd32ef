"""Wrong answers to `expert_bank`."""

import torch
from torch.nn.functional import gelu, relu

from softmoe_edu.teaching.exercise import mistake, mistakes_in

OWN = "Section 2.1: expert i computes its own p slots with its own parameters"


def act(hidden):
    """GELU in its tanh form."""
    return gelu(hidden, approximate="tanh")


def beside_slots(bias):
    """Return a bias (e, f) beside slots, (e, 1, f)."""
    return bias[:, None]


@mistake(
    does="reshapes (b, e, p, d) to (e, b p, d) without exchanging axes: experts get slots of other experts",
    belief="A reshape brings any axes.",
    refuted="reshape keeps the order of the numbers; exchange the axes with transpose first",
    seen="slots.reshape(e, b * p, d)",
)
def reshaped(slots, w_in, b_in, w_out, b_out):
    """Rows of the wrong experts."""
    b, e, p, d = slots.shape
    rows = slots.reshape(e, b * p, d)
    return (act(rows @ w_in + beside_slots(b_in)) @ w_out + beside_slots(b_out)).reshape(b, e, p, d)


@mistake(
    does="exchanges the axes on the way in, and only reshapes on the way out",
    belief="The way back is the same reshape.",
    refuted="reshape keeps the order of the numbers: transpose back before the examples are seen again",
    seen="a forgotten transpose at the end",
)
def reshaped_back(slots, w_in, b_in, w_out, b_out):
    """Answers of the wrong slots."""
    b, e, p, d = slots.shape
    rows = slots.transpose(0, 1).reshape(e, b * p, d)
    return (act(rows @ w_in + beside_slots(b_in)) @ w_out + beside_slots(b_out)).reshape(b, e, p, d)


@mistake(
    does="runs the first expert on every slot",
    belief="The experts differ only in their slots.",
    refuted=OWN,
    seen="w_in[0]",
)
def first_expert(slots, w_in, b_in, w_out, b_out):
    """Parameters of expert 0."""
    return act(slots @ w_in[0] + b_in[0]) @ w_out[0] + b_out[0]


@mistake(
    "M07",
    does="averages the experts' parameters first",
    belief="A mixture of experts mixes parameters.",
    refuted=OWN,
    seen="w_in.mean(0)",
)
def mean_expert(slots, w_in, b_in, w_out, b_out):
    """One expert of mean parameters."""
    return act(slots @ w_in.mean(0) + b_in.mean(0)) @ w_out.mean(0) + b_out.mean(0)


@mistake(
    "M06",
    does="runs every expert on all slots and averages the answers",
    belief="Every expert sees everything.",
    refuted=OWN,
    seen="an einsum that sums over e",
)
def all_to_all(slots, w_in, b_in, w_out, b_out):
    """Answers of all experts to every slot."""
    hidden = act(torch.einsum("bepd,gdf->begpf", slots, w_in) + beside_slots(b_in))
    return (torch.einsum("begpf,gfd->begpd", hidden, w_out) + beside_slots(b_out)).mean(2)


@mistake(
    does="leaves out the activation",
    belief="Two matrices make an MLP.",
    refuted="two linear maps are one linear map",
    seen="slots @ w_in @ w_out",
)
def no_activation(slots, w_in, b_in, w_out, b_out):
    """A linear map."""
    return (slots @ w_in + beside_slots(b_in)) @ w_out + beside_slots(b_out)


@mistake(
    does="applies the activation after the second product, too",
    belief="Every layer ends in an activation.",
    refuted="the official MLP has one GELU, between its two products",
    seen="a Sequential that ends in GELU",
)
def second_activation(slots, w_in, b_in, w_out, b_out):
    """GELU at the end."""
    return act(act(slots @ w_in + beside_slots(b_in)) @ w_out + beside_slots(b_out))


@mistake(
    does="leaves out both biases",
    belief="Biases hardly matter.",
    refuted="they are parameters of the layer: with other values, the answers differ",
    seen="slots @ w_in, then gelu, then @ w_out",
)
def no_biases(slots, w_in, b_in, w_out, b_out):
    """Products only."""
    return act(slots @ w_in) @ w_out + 0 * (b_in.sum() + b_out.sum())


@mistake(
    does="leaves out the first bias",
    belief="One bias is enough.",
    refuted="b_in moves the point at which GELU opens; b_out cannot replace it",
    seen="a forgotten b_in",
)
def no_first_bias(slots, w_in, b_in, w_out, b_out):
    """Without b_in."""
    return act(slots @ w_in) @ w_out + beside_slots(b_out) + 0 * b_in.sum()


@mistake(
    does="leaves out the second bias",
    belief="One bias is enough.",
    refuted="b_out is added to every answer of its expert",
    seen="a forgotten b_out",
)
def no_second_bias(slots, w_in, b_in, w_out, b_out):
    """Without b_out."""
    return act(slots @ w_in + beside_slots(b_in)) @ w_out + 0 * b_out.sum()


@mistake(
    does="takes relu for GELU",
    belief="Any activation will do.",
    refuted="the official MLP uses GELU, which lets a little through below 0",
    seen="torch.relu",
)
def rectified(slots, w_in, b_in, w_out, b_out):
    """ReLU."""
    return relu(slots @ w_in + beside_slots(b_in)) @ w_out + beside_slots(b_out)


@mistake(
    does="adds the slots to their answers",
    belief="The residual connection is part of an expert.",
    refuted="the block adds the tokens once, after combine",
    seen="MLP blocks with a skip connection",
)
def adds_slots(slots, w_in, b_in, w_out, b_out):
    """Answers plus slots."""
    return slots + act(slots @ w_in + beside_slots(b_in)) @ w_out + beside_slots(b_out)


@mistake(
    does="takes GELU in its exact form",
    belief="GELU is GELU.",
    refuted='the official code uses the tanh form, which differs by up to 0.0005: approximate="tanh"',
    seen="F.gelu(hidden)",
)
def exact_gelu(slots, w_in, b_in, w_out, b_out):
    """GELU by erf."""
    return gelu(slots @ w_in + beside_slots(b_in)) @ w_out + beside_slots(b_out)


MISTAKES = mistakes_in(globals())
