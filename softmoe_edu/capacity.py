"""How many slots an expert has: all rounding of the project is here.

Source: compute_capacity in google-research/vmoe moe.py, with which it agrees on every input that it takes,
and the slots that its Soft MoE router derives from a capacity factor (Python's rounding: 2.5 -> 2).
"""

import math

import torch

from softmoe_edu.shapes import check_at_least, check_choice, check_number, is_symbol, read_size


def capacity_for(
    tokens: int,
    num_experts: int,
    *,
    top_k: int = 1,
    factor: float = 1.0,
    rounding: str = "ceil",
    multiple_of: int | None = 1,
) -> int:
    """Compute the slots of each expert: tokens * top_k * factor / num_experts, rounded.

    Args:
        tokens: tokens of a group.
        num_experts: experts that share them.
        top_k: experts that each token chooses.
        factor: slots over choices; finite and not negative.
        rounding: "ceil" rounds up; "round" is Python's, where halves go to the even number.
        multiple_of: what the result is then raised to a multiple of (the official sparse routers use 4); None, 0 and
            1 change nothing.

    Returns:
        Slots of one expert, at least 1.

    Raises:
        TypeError: a size is no whole number, or factor is no number.
        ValueError: an argument is out of range, or the result is under one slot.
    """
    tokens = check_at_least("tokens", tokens, 0)
    num_experts = check_at_least("num_experts", num_experts)
    top_k = check_at_least("top_k", top_k)
    factor = check_number("factor", factor, 0)
    check_choice("rounding", rounding, ("ceil", "round"))
    multiple_of = check_multiple(multiple_of)
    if is_symbol(tokens):
        return _symbolic(tokens * top_k, factor, num_experts, rounding, multiple_of or 1)
    share = tokens * top_k * factor / num_experts
    try:
        capacity = math.ceil(share) if rounding == "ceil" else round(share)
    except OverflowError:
        raise ValueError(f"factor must leave a finite capacity, got {factor} for {tokens} tokens: lower it") from None
    if capacity < 1:
        raise ValueError(
            f"capacity must be at least 1 slot per expert, got {capacity} from {tokens} tokens x top_k {top_k} x "
            f"factor {factor} / {num_experts} experts: raise the capacity factor or use fewer experts"
        )
    if multiple_of and multiple_of > 1:
        capacity += -capacity % multiple_of
    return capacity


def _symbolic(choices: int, factor: float, num_experts: int, rounding: str, multiple: int) -> int:
    """Compute the same in tensors, which an exported program can be saved with, and math.ceil and round cannot."""
    share = torch.full((), choices, dtype=torch.float64, device="cpu") * factor / num_experts
    capacity = (share.ceil() if rounding == "ceil" else share.round()).long()
    return read_size(capacity + (-capacity).remainder(multiple))


def check_multiple(multiple_of: int | None) -> int | None:
    """Return multiple_of as an int or None, or raise an error unless it is None or a whole number of at least 0."""
    return None if multiple_of is None else check_at_least("multiple_of", multiple_of, 0)


def check_factor(capacity_factor: float, num_experts: int, top_k: int = 1) -> float:
    """Return a router's capacity factor as a float, or raise an error where no group of tokens could be routed with it.

    A factor of num_experts / top_k gives every expert a slot for every token. More than a thousand times as many are
    taken for a typing error, since the empty slots are laid out and computed.

    Raises:
        TypeError: capacity_factor is no number.
        ValueError: it is negative, 0, NaN, infinite or absurdly large.
    """
    factor = check_number("capacity_factor", capacity_factor, 0)
    enough = num_experts / top_k
    if factor == 0:
        raise ValueError("capacity_factor must be over 0, got 0: no expert would have a slot; 1.0 is usual")
    if factor > 1000 * enough:
        raise ValueError(
            f"capacity_factor must be at most 1000 x num_experts / top_k = {1000 * enough:g}, got {factor:g}: "
            f"{enough:g} already gives every expert a slot for every token"
        )
    return factor
