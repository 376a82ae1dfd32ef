"""How many slots an expert has: all rounding of the project is here.

Source: compute_capacity in google-research/vmoe moe.py, with which it agrees on every input,
and the slots that its Soft MoE router derives from a capacity factor (Python's rounding: 2.5 -> 2).
"""

import math

from softmoe_edu.shapes import check_at_least, check_choice


def capacity_for(
    tokens: int,
    num_experts: int,
    *,
    top_k: int = 1,
    factor: float = 1.0,
    rounding: str = "ceil",
    multiple_of: int | None = 1,
) -> int:
    """Give the slots of each expert: tokens * top_k * factor / num_experts, rounded.

    rounding "ceil" rounds up; "round" is Python's: halves go to the even number. The result is then raised to
    a multiple of `multiple_of` (the official sparse routers use 4; None, 0 and 1 change nothing).

    Raises ValueError if the result is under one slot.
    """
    check_at_least("tokens", tokens, 0)
    check_at_least("num_experts", num_experts)
    check_at_least("top_k", top_k)
    check_choice("rounding", rounding, ("ceil", "round"))
    share = tokens * top_k * factor / num_experts
    capacity = math.ceil(share) if rounding == "ceil" else round(share)
    if capacity < 1:
        raise ValueError(
            f"capacity must be at least 1 slot per expert, got {capacity} from {tokens} tokens x top_k {top_k} x "
            f"factor {factor} / {num_experts} experts: raise the capacity factor or use fewer experts"
        )
    if multiple_of and multiple_of > 0:
        capacity += -capacity % multiple_of
    return capacity
