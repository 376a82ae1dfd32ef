"""The time of an all-to-all: by hand, and beside a simulation that really passes pieces from device to device."""

import pytest
import torch

from softmoe_edu.cost import WAYS, Link, Network

INNER, OUTER = Link(1000.0, 0.25), Link(100.0, 2.0)


def link(network, i, j):
    return network.within if i // network.per_node == j // network.per_node else network.between


def taken(network, i, j, size):
    """Seconds of one message."""
    return link(network, i, j).start + size / link(network, i, j).bytes_per_second


def by_ring(network, sent):
    """Pass everything on, one device further in each step; a link's bytes add up over the steps."""
    m = network.devices
    held = [[(origin, to) for to in range(m) if to != origin] for origin in range(m)]
    over = [0.0] * m
    for _ in range(m - 1):
        for i in range(m):
            over[i] += sum(sent[piece] for piece in held[i])
        held = [[piece for piece in held[i - 1] if piece[1] != i] for i in range(m)]
    assert held == [[]] * m
    links = [link(network, i, (i + 1) % m) for i in range(m)]
    longest = max(size / each.bytes_per_second for size, each in zip(over, links, strict=True))
    return (m - 1) * max(each.start for each in links) + longest


def by_tree(network, sent):
    """In step i, every piece whose way still has 2^i in it goes 2^i further."""
    m, seconds = network.devices, 0.0
    held = [[(origin, to) for to in range(m) if to != origin] for origin in range(m)]
    step = 1
    while step < m:
        going = [[piece for piece in held[i] if (piece[1] - i) % m & step] for i in range(m)]
        times = [taken(network, i, (i + step) % m, sum(sent[piece] for piece in going[i])) for i in range(m)]
        seconds += max(times)
        held = [[piece for piece in held[i] if piece not in going[i]] + going[(i - step) % m] for i in range(m)]
        step *= 2
    assert all(piece[1] == i for i in range(m) for piece in held[i]) and sum(map(len, held)) == m * (m - 1)
    return seconds


def by_node(network, sent):
    """First to the number of the destination within the node, then to its node."""
    m, g = network.devices, network.per_node
    first, second = torch.zeros(2, m, m, dtype=torch.float64)
    for origin in range(m):
        for to in range(m):
            middle = origin // g * g + to % g
            first[origin, middle] += sent[origin, to]
            second[middle, to] += sent[origin, to]

    def stage(bytes_between, peers):
        gone = [sum(taken(network, i, j, bytes_between[i, j]) for j in peers(i)) for i in range(m)]
        came = [sum(taken(network, j, i, bytes_between[j, i]) for j in peers(i)) for i in range(m)]
        return max(*gone, *came)

    inner = stage(first, lambda i: [j for j in range(m) if j // g == i // g and j != i])
    return inner + stage(second, lambda i: [j for j in range(m) if j % g == i % g and j != i])


def by_pairs(network, sent):
    m = network.devices
    gone = [sum(taken(network, i, j, sent[i, j]) for j in range(m) if j != i) for i in range(m)]
    came = [sum(taken(network, j, i, sent[j, i]) for j in range(m) if j != i) for i in range(m)]
    return max(*gone, *came)


SIMULATED = {"pairwise": by_pairs, "ring": by_ring, "tree": by_tree, "hierarchical": by_node}


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("devices, per_node", [(2, 1), (4, 4), (6, 2), (6, 3), (7, 7), (8, 4), (9, 3), (12, 4)])
def test_it_is_what_passing_the_pieces_takes(how, devices, per_node):
    """Uneven pieces, one of them empty; what a device keeps costs nothing."""
    network = Network(devices, per_node, INNER, OUTER)
    sent = torch.randint(1, 900, (devices, devices), generator=torch.Generator().manual_seed(devices)).double()
    sent[0, -1] = 0

    assert network.seconds(sent, how) == pytest.approx(float(SIMULATED[how](network, sent)), rel=1e-9)
    assert network.seconds(sent.fill_diagonal_(10**9), how) == network.seconds(sent.fill_diagonal_(0), how)


def test_by_hand():
    """Four devices, two in a node, 100 bytes from each to each."""
    network, sent = Network(4, 2, INNER, OUTER), torch.full((4, 4), 100.0)

    # one message within (0.25 + 0.1), two between (2 + 1 each)
    assert network.seconds(sent, "pairwise") == pytest.approx(6.35)
    # 3 starts of the slowest links; 3 + 2 + 1 pieces over each
    assert network.seconds(sent, "ring") == pytest.approx(3 * 2 + 600 / 100)
    # to the next device 2 pieces, then to the one after it 2 pieces, from some device between nodes
    assert network.seconds(sent, "tree") == pytest.approx(2 * (2 + 2))
    # 2 pieces within (0.25 + 0.2), then 2 between (2 + 2)
    assert network.seconds(sent, "hierarchical") == pytest.approx(4.45)


@pytest.mark.parametrize("how", WAYS)
def test_one_device_sends_nothing(how):
    """Not even a start."""
    assert Network(1, 8, INNER).seconds(torch.tensor([[5.0]]), how) == 0


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda: Network(9, 4, INNER), "9 devices with 4 in a node are several nodes: pass between=Link"),
        (lambda: Network(0, 4, INNER), "devices must be at least 1"),
        (lambda: Link(0), "bytes_per_second must be over 0, got 0"),
        (lambda: Link(float("nan")), "bytes_per_second must be over 0, got nan"),
        (lambda: Link(1, -1), "start must be at least 0 seconds, got -1"),
        (lambda: Network(2, 2, INNER).seconds(torch.ones(3, 3)), "a row and a column for each of 2 devices, got"),
        (lambda: Network(2, 2, INNER).seconds(torch.ones(2, 2), "star"), "how must be one of pairwise, ring, tree, hi"),
        (
            lambda: Network(6, 4, INNER, OUTER).seconds(torch.ones(6, 6), "hierarchical"),
            "needs full nodes: 6 devices are not a multiple of 4 in a node",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, sentence):
    """A sentence says what was expected."""
    with pytest.raises(ValueError) as caught:
        make()
    assert sentence in str(caught.value)
