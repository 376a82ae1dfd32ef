"""What routers share: the largest values in a stated order."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from softmoe_edu.routers.router import top_in_order


@given(st.data())
def test_top_in_order_is_a_stable_sort(data):
    """For floats of any sign, zeros of both signs, infinities and many ties: best first, equal ones by index."""
    numbers = st.sampled_from([-float("inf"), -2.5, -1e-30, -0.0, 0.0, 1e-38, 0.5, 0.5000001, 3.0, float("inf")])
    rows = data.draw(st.lists(st.lists(numbers, min_size=6, max_size=6), min_size=1, max_size=4))
    k = data.draw(st.integers(1, 6))
    for dtype in (torch.float32, torch.float64):
        scores = torch.tensor(rows, dtype=dtype)
        values, index = top_in_order(scores, k)
        expected = [sorted(range(6), key=lambda i: (-row[i], i))[:k] for row in scores.tolist()]

        assert expected == index.tolist()
        assert torch.equal(values, scores.gather(-1, index))


def test_top_in_order_of_a_transposed_view():
    """A view whose last axis does not lie in one piece gives the same."""
    scores = torch.randn(3, 7, 5, generator=torch.Generator().manual_seed(0))
    values, index = top_in_order(scores.mT, 4)

    torch.testing.assert_close(values, scores.mT.topk(4).values)
    assert torch.equal(values, scores.mT.gather(-1, index))
