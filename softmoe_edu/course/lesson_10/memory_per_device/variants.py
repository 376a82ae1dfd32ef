"""Right answers to `memory_per_device` in other styles."""

from fractions import Fraction


def device_by_device(params_shared, params_expert, experts, devices, optimizer_states, bytes_per=4):
    """Deal the experts out, and look at the fullest device."""
    held = [params_shared] * devices
    for expert in range(experts):
        held[expert % devices] += params_expert
    return max(held) * bytes_per * (1 + 1 + optimizer_states)


def in_pieces(params_shared, params_expert, experts, devices, optimizer_states, bytes_per=4):
    """Parameters, gradients and states, each in bytes; the remainder by divmod."""
    whole, rest = divmod(experts, devices)
    weights = bytes_per * (params_shared + params_expert * (whole + (rest > 0)))
    gradients = weights
    return weights + gradients + optimizer_states * weights


def with_fractions(params_shared, params_expert, experts, devices, optimizer_states, bytes_per=4):
    """Round an exact fraction up."""
    here = -int(-Fraction(experts, devices) // 1)
    return (params_shared + here * params_expert) * (2 + optimizer_states) * bytes_per


VARIANTS = (device_by_device, in_pieces, with_fractions)
