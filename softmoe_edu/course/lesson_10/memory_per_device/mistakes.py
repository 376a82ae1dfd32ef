"""Mistakes in how many bytes a device holds."""

import math

from softmoe_edu.teaching.exercise import mistake, mistakes_in


@mistake(
    "M13",
    does="puts all experts on every device",
    belief="A device needs the whole model.",
    refuted="the point of expert parallelism is that each expert is on one device only",
    seen="data parallelism, which copies the model",
)
def everything_everywhere(shared, per_expert, experts, devices, states, bytes_per=4):
    """No division."""
    return (shared + experts * per_expert) * (2 + states) * bytes_per


@mistake(
    does="divides the shared parameters among the devices too",
    belief="Parallel means that everything is divided.",
    refuted="attention and router run on every device, on its own sequences, and each needs all their parameters",
    seen="total / devices, which fully sharded training does and expert parallelism alone does not",
)
def shared_spread_too(shared, per_expert, experts, devices, states, bytes_per=4):
    """The whole model over devices."""
    return math.ceil((shared + experts * per_expert) / devices) * (2 + states) * bytes_per


@mistake(
    does="rounds the experts of a device down",
    belief="10 experts on 4 devices are 2 each.",
    refuted="then 2 experts would be on no device; two of the devices hold 3",
    seen="experts // devices",
)
def rounded_down(shared, per_expert, experts, devices, states, bytes_per=4):
    """//."""
    return (shared + experts // devices * per_expert) * (2 + states) * bytes_per


@mistake(
    does="rounds the experts of a device down, but to one at least",
    belief="10 experts on 4 devices are 2 each.",
    refuted="then 2 experts would be on no device; two of the devices hold 3",
    seen="max(1, experts // devices)",
)
def at_least_one(shared, per_expert, experts, devices, states, bytes_per=4):
    """// with a floor of 1."""
    return (shared + max(1, experts // devices) * per_expert) * (2 + states) * bytes_per


@mistake(
    does="gives every device one expert more, even where nothing is left over",
    belief="Rounding up is // plus 1.",
    refuted="8 experts on 4 devices are 2 each, with nothing left over",
    seen="experts // devices + 1",
)
def always_one_more(shared, per_expert, experts, devices, states, bytes_per=4):
    """// + 1."""
    return (shared + (experts // devices + 1) * per_expert) * (2 + states) * bytes_per


@mistake(
    does="returns the mean over devices instead of the fullest one",
    belief="Experts are shared evenly.",
    refuted="an expert is not cut in two; memory runs out on the fullest device first",
    seen="experts / devices",
)
def mean_of_the_devices(shared, per_expert, experts, devices, states, bytes_per=4):
    """/."""
    return (shared + experts / devices * per_expert) * (2 + states) * bytes_per


@mistake(
    does="forgets the gradient",
    belief="In training the optimizer's numbers come on top of the parameters.",
    refuted="each parameter gets a number in .grad from backward(), of the same size",
    seen="1 + states",
)
def gradient_forgotten(shared, per_expert, experts, devices, states, bytes_per=4):
    """1 + states."""
    return (shared + math.ceil(experts / devices) * per_expert) * (1 + states) * bytes_per


@mistake(
    does="counts the optimizer's numbers alone",
    belief="The optimizer keeps the parameters.",
    refuted="the optimizer keeps its states beside the parameter and its gradient",
    seen="states as the factor",
)
def states_alone(shared, per_expert, experts, devices, states, bytes_per=4):
    """States."""
    return (shared + math.ceil(experts / devices) * per_expert) * states * bytes_per


@mistake(
    does="counts the parameters alone, as if nothing were trained",
    belief="The model is its parameters.",
    refuted="training needs the gradient and the optimizer's numbers for each of them",
    seen="a model's size on disk",
)
def as_in_inference(shared, per_expert, experts, devices, states, bytes_per=4):
    """No gradient, no states."""
    return (shared + math.ceil(experts / devices) * per_expert) * bytes_per


@mistake(
    "M13",
    does="counts one expert on each device",
    belief="A token uses one expert, so one is loaded.",
    refuted="which expert the next token needs is not known before: all of them have to be in memory",
    seen="active parameters taken for memory",
)
def active_expert_only(shared, per_expert, experts, devices, states, bytes_per=4):
    """One expert."""
    return (shared + per_expert) * (2 + states) * bytes_per


@mistake(
    does="adds up all devices",
    belief="The cluster has to hold it.",
    refuted="only one device is asked for; and a sum counts the shared parameters once for each device",
    seen="a sum over devices",
)
def of_all_devices(shared, per_expert, experts, devices, states, bytes_per=4):
    """Times devices."""
    return devices * (shared + math.ceil(experts / devices) * per_expert) * (2 + states) * bytes_per


@mistake(
    does="returns numbers, not bytes",
    belief="A parameter takes one unit of memory.",
    refuted="a float32 number takes 4 bytes",
    seen="a count of parameters read as bytes",
)
def numbers_not_bytes(shared, per_expert, experts, devices, states, bytes_per=4):
    """No bytes_per."""
    return (shared + math.ceil(experts / devices) * per_expert) * (2 + states)


@mistake(
    does="takes 4 bytes for a number whatever bytes_per says",
    belief="A float has 4 bytes.",
    refuted="in 16 bits a number has 2 bytes: use bytes_per",
    seen="a literal 4",
)
def always_four_bytes(shared, per_expert, experts, devices, states, bytes_per=4):
    """4."""
    return (shared + math.ceil(experts / devices) * per_expert) * (2 + states) * 4


@mistake(
    does="gives gradients and states to the experts alone",
    belief="The shared part is not trained here.",
    refuted="every parameter is trained: attention and router have gradients and states as well",
    seen="a bracket in the wrong place",
)
def states_for_experts_only(shared, per_expert, experts, devices, states, bytes_per=4):
    """The factor on one term."""
    return (shared + math.ceil(experts / devices) * per_expert * (2 + states)) * bytes_per


@mistake(
    does="divides the experts by one device fewer",
    belief="One device leads and holds no experts.",
    refuted="all devices hold experts, the first as well",
    seen="devices - 1",
)
def one_device_counted_out(shared, per_expert, experts, devices, states, bytes_per=4):
    """One device fewer."""
    return (shared + math.ceil(experts / max(1, devices - 1)) * per_expert) * (2 + states) * bytes_per


MISTAKES = mistakes_in(globals())
