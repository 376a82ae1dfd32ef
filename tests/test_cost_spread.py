"""A layer on several devices, on paper: by hand, by plain loops, and from real routings."""

import pytest
import torch

from softmoe_edu.cost import Link, Network, Spread, rows_of
from softmoe_edu.cost.spread import COUNT_BYTES
from softmoe_edu.routers import SoftRouter, TokensChoiceRouter

NETWORK = Network(2, 2, Link(1000.0, 0.5))
SIZES = {"dim": 5, "hidden_dim": 7, "network": NETWORK, "operations_per_second": 1000.0, "bytes_per_number": 4}
ROWS = torch.tensor([[3, 1, 0, 2], [4, 0, 6, 1]])  # from two devices to four experts


def test_by_hand():
    """Device 0 has experts 0 and 1: 2 of its rows leave, 4 of the other's come."""
    one = Spread(rows=ROWS, **SIZES)

    assert one.travelling.tolist() == [[4, 2], [4, 7]]
    assert one.work.tolist() == [8, 9]
    assert one.sent.tolist() == [(2 + 4) * 20, (4 + 2) * 20]
    assert one.compute.tolist() == pytest.approx([4 * 5 * 7 * 8 / 1000, 4 * 5 * 7 * 9 / 1000])
    assert one.travel == pytest.approx(2 * (0.5 + 4 * 20 / 1000))  # the longer of 2 and 4 rows, there and back
    assert one.waits.tolist() == pytest.approx([0.14, 0])
    assert one.seconds == pytest.approx(1.16 + 1.26)
    assert one.calls == 2
    parameters = 2 * (2 * 5 * 7 + 5 + 7)
    assert one.memory.tolist() == [4 * (parameters + 6 * 10 + 8 * 17), 4 * (parameters + 11 * 10 + 9 * 17)]


def test_training_and_counts():
    """Three times the computing, two more all-to-alls; counts are told once, 8 bytes for each expert over there."""
    one = Spread(rows=ROWS, **SIZES)
    train = Spread(rows=ROWS, training=True, counts=True, shared=11, states=3, **SIZES)

    assert train.calls == 5
    assert train.compute.tolist() == pytest.approx((3 * one.compute).tolist())
    assert train.travel == pytest.approx(2 * one.travel + 0.5 + 2 * COUNT_BYTES / 1000)
    each = 2 * (2 * 5 * 7 + 5 + 7)
    assert (train.memory - one.memory).tolist() == [4 * (5 * (each + 11) - each)] * 2


def test_homes():
    """Experts stand where they are put: with 0 and 2 together, other rows travel."""
    one = Spread(rows=ROWS, homes=[1, 0, 1, 0], **SIZES)

    assert one.travelling.tolist() == [[3, 3], [1, 10]]
    assert one.home.tolist() == [1, 0, 1, 0]
    assert Spread(
        rows=torch.ones(3, 7, dtype=torch.long), **SIZES | {"network": Network(3, 3, Link(1.0))}
    ).home.tolist() == [0, 0, 0, 1, 1, 2, 2]


def test_rows_of_a_soft_routing_are_known_beforehand():
    """All slots, whatever the tokens are: 6 sequences on 3 devices, 4 experts of 2 slots."""
    routing = SoftRouter(5, 4, 2)(torch.randn(6, 7, 5))

    assert rows_of(routing, 3).tolist() == [[4] * 4] * 3


def test_rows_of_a_sparse_routing_are_counted():
    """Tokens that have a slot, group by group, counted with a loop."""
    routing = TokensChoiceRouter(5, 4, capacity_factor=1.0)(
        torch.randn(6, 7, 5, generator=torch.Generator().manual_seed(0))
    )
    expected = torch.zeros(3, 4, dtype=torch.long)
    for b in range(6):
        for e in range(4):
            expected[b // 2, e] += int((routing.dispatch[b, :, e] > 0).sum())

    assert rows_of(routing, 3).tolist() == expected.tolist()
    assert expected.unique().numel() > 2
    with pytest.raises(ValueError, match="devices must divide the 6 groups of the routing, got 4"):
        rows_of(routing, 4)


@pytest.mark.parametrize(
    "changed, sentence",
    [
        ({"rows": torch.ones(3, 4, dtype=torch.long)}, r"rows must be \(m=2 devices, e experts\), got \[3, 4\]"),
        ({"rows": ROWS.double()}, "rows must be whole numbers of at least 0"),
        ({"rows": -ROWS}, "rows must be whole numbers of at least 0"),
        ({"homes": [0, 1, 2, 0]}, "homes must name a device from 0 to 1 for each of 4 experts"),
        ({"homes": [0, 1]}, "homes must name a device from 0 to 1 for each of 4 experts"),
        ({"operations_per_second": 0.0}, "operations_per_second must be over 0, got 0"),
        ({"dim": 0}, "dim must be at least 1"),
    ],
)
def test_what_cannot_be_is_refused(changed, sentence):
    """Sizes that disagree or make no sense."""
    with pytest.raises(ValueError, match=sentence):
        Spread(**{"rows": ROWS} | SIZES | changed)
