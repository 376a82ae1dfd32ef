"""Right answers to `memory_per_device` in other styles."""

from fractions import Fraction


def device_by_device(shared, per_expert, experts, devices, states, bytes_per=4):
    """Deal the experts out, and look at the fullest device."""
    held = [shared] * devices
    for expert in range(experts):
        held[expert % devices] += per_expert
    return max(held) * bytes_per * (1 + 1 + states)


def in_pieces(shared, per_expert, experts, devices, states, bytes_per=4):
    """Parameters, gradients and states, each in bytes; the remainder by divmod."""
    whole, rest = divmod(experts, devices)
    weights = bytes_per * (shared + per_expert * (whole + (rest > 0)))
    gradients = weights
    return weights + gradients + states * weights


def with_fractions(shared, per_expert, experts, devices, states, bytes_per=4):
    """Round an exact fraction up."""
    here = -int(-Fraction(experts, devices) // 1)
    return (shared + here * per_expert) * (2 + states) * bytes_per


VARIANTS = (device_by_device, in_pieces, with_fractions)
