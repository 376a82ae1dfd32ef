"""Capacity: the rounding of the official code, on the numbers where roundings differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmoe_edu import capacity_for


@pytest.mark.parametrize(
    ("tokens", "experts", "changes", "expected"),
    [
        (49, 32, {}, 2),  # 1.53 up
        (32, 32, {"top_k": 2, "multiple_of": 4}, 4),  # 2 exactly, then to the multiple
        (10, 4, {"rounding": "round"}, 2),  # 2.5 to even
        (7, 2, {"rounding": "round"}, 4),  # 3.5 to even
        (9, 2, {"rounding": "round"}, 4),  # 4.5 to even
        (10, 4, {}, 3),
        (8, 4, {"factor": 1.05}, 3),
        (4, 16, {}, 1),
        (100, 10, {"factor": 1.1}, 12),  # 110.00000000000001 / 10: float noise goes up, as in the official code
        (10, 4, {"multiple_of": None}, 3),
        (10, 4, {"multiple_of": 0}, 3),
    ],
)
def test_by_hand(tokens, experts, changes, expected):
    """Each case's slots per expert, computed by hand."""
    assert expected == capacity_for(tokens, experts, **changes)


@given(st.integers(1, 3000), st.integers(1, 300), st.integers(1, 4), st.sampled_from([0.5, 1.0, 1.05, 1.25, 2.0]))
def test_ceil_has_room_for_every_choice(tokens, experts, top_k, factor):
    """Rounded up, all experts together hold at least factor x tokens x top_k, and without one slot they would not."""
    capacity = capacity_for(tokens, experts, top_k=top_k, factor=factor)

    assert capacity * experts >= tokens * top_k * factor - 1e-6
    assert (capacity - 1) * experts < tokens * top_k * factor


@given(st.integers(1, 3000), st.integers(1, 300), st.integers(1, 8))
def test_multiple_of(tokens, experts, multiple):
    """multiple_of raises the capacity to the next multiple and no further."""
    plain = capacity_for(tokens, experts)
    rounded = capacity_for(tokens, experts, multiple_of=multiple)

    assert rounded % multiple == 0 and plain <= rounded < plain + multiple


def test_under_one_slot():
    """4 tokens for 16 experts round to 0 slots: the sentence tells what to change."""
    with pytest.raises(ValueError, match=r"at least 1 slot per expert, got 0 from 4 tokens .* raise the capa"):
        capacity_for(4, 16, rounding="round")
    with pytest.raises(ValueError, match="at least 1 slot"):
        capacity_for(0, 4)


@pytest.mark.bad_input
def test_bad_arguments():
    """Each wrong argument is named."""
    with pytest.raises(ValueError, match="rounding must be one of 'ceil', 'round', got 'floor'"):
        capacity_for(4, 2, rounding="floor")
    with pytest.raises(ValueError, match="num_experts must be at least 1, got 0"):
        capacity_for(4, 0)
    with pytest.raises(TypeError, match=r"tokens must be a whole number, got 4\.0 \(float\)"):
        capacity_for(4.0, 2)
