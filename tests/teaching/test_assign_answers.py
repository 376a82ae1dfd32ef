"""Wrong answers to assign-with-capacity that are right for most inputs: equal and near weights, padding alone."""

import pytest
import torch
from answerkit import SEEDS, found

from softmoe_edu.course.lesson_02.assign_with_capacity.mistakes import queue, serve
from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.discovery import exercises, find_exercise


def by_rank(indices, weights, capacity, priority):
    n, k = indices.shape
    best = weights[:, 0]
    rank = (best[None] > best[:, None]).sum(1) if priority == "gate" else torch.arange(n)
    turn = (torch.arange(k)[None] * n + rank[:, None]).flatten()
    flat = indices.flatten()
    rows = ((turn[None] < turn[:, None]) & (flat[None] == flat[:, None])).sum(1).view(n, k)
    return rows, (rows < capacity) & (indices >= 0)


def by_index_of_weight(indices, weights, capacity, priority):
    order = list(range(len(indices)))
    if priority == "gate":
        best = weights[:, 0].tolist()
        order = [best.index(value) for value in sorted(best, reverse=True)]
    return serve(indices, [(t, j) for j in range(indices.shape[1]) for t in order], capacity)


def one_of_unique(indices, weights, capacity, priority):
    order = list(range(len(indices)))
    if priority == "gate":
        order = list({-w: t for t, w in sorted(enumerate(weights[:, 0].tolist()), key=lambda pair: -pair[1])}.values())
    return serve(indices, [(t, j) for j in range(indices.shape[1]) for t in order], capacity)


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [(by_rank, "equal-ranks"), (by_index_of_weight, "one-of-equals"), (one_of_unique, "one-of-equals")],
)
def test_equal_weights_get_rows_of_their_own(answer, mistake):
    """An answer in which tokens with equal weights share a slot, or get two or none, fails and is named."""
    assert found("assign-with-capacity", answer) == ("equal weights", mistake)


def test_equal_weights_may_come_in_any_order():
    """Serving the last of equal tokens first is as right as serving the first one first."""

    def answer(indices, weights, capacity, priority):
        pairs = queue(indices, weights, priority)
        if priority == "gate":
            n = len(indices)
            order = sorted(range(n), key=lambda t: (-float(weights[t, 0]), -t))
            pairs = [(t, j) for j in range(indices.shape[1]) for t in order]
        return serve(indices, pairs, capacity)

    assert all(examine(find_exercise("assign-with-capacity"), answer, seed=seed).passed for seed in SEEDS)


def by_key(key):
    def answer(indices, weights, capacity, priority):
        order = sorted(range(len(indices)), key=lambda t: -float(key(weights[t])))
        order = order if priority == "gate" else range(len(indices))
        return serve(indices, [(t, j) for j in range(indices.shape[1]) for t in order], capacity)

    return answer


KEYS = {
    "near": lambda w: (16 * w.max()).round(),
    "half": lambda w: w.half().max(),
    "sum": torch.sum,
    "gap": lambda w: w[0] - w[-1] if len(w) > 1 else w[0],
    "last": lambda w: w[-1],
    "product": torch.prod,
}


@pytest.mark.parametrize("key", KEYS)
def test_the_order_of_weights_is_asked_at_fixed_examples(key):
    """An order by rounded weights, or by another number of a token's weights, fails whatever is drawn."""
    reports = [examine(find_exercise("assign-with-capacity"), by_key(KEYS[key]), seed=seed) for seed in SEEDS]
    assert all("order by the largest weight" in report.fails for report in reports)


def test_experts_are_not_counted_by_those_that_are_chosen():
    """A list with one entry for each expert that was chosen is too short, whatever is drawn."""

    def answer(indices, weights, capacity, priority):
        if int(indices.max()) >= len({*indices.flatten().tolist()} - {-1}) > 0:
            raise IndexError
        return serve(indices, queue(indices, weights, priority), capacity)

    for seed in SEEDS:
        assert (
            "experts that no token chooses" in examine(find_exercise("assign-with-capacity"), answer, seed=seed).fails
        )


def test_a_group_of_padding_alone_is_answered():
    """A one_hot without classes raises for padding alone and is rejected with that input."""

    def answer(indices, weights, capacity, priority):
        torch.nn.functional.one_hot(indices.clamp(min=0), int(indices.max()) + 1)
        return serve(indices, queue(indices, weights, priority), capacity)

    assert found("assign-with-capacity", answer) == ("padding", None)
    report = str(examine(find_exercise("assign-with-capacity"), answer))
    assert "a group of padding alone is valid" in report and "indices [[-1, -1], [-1, -1]]" in report


def test_no_listed_right_answer_shares_rows_between_equal_tokens():
    """Each variant gives three tokens of equal weight three slots, and keeps one of them if there is one slot."""
    exercise = exercises()["assign-with-capacity"]
    indices, weights = torch.zeros(3, 1, dtype=torch.long), torch.full((3, 1), 0.6)
    for function in (exercise.answer, *exercise.variants):
        positions, kept = function(indices, weights, 3, "gate")
        assert kept.all() and sorted(positions.flatten().tolist()) == [0, 1, 2], function.__name__
        assert int(function(indices, weights, 1, "gate")[1].sum()) == 1, function.__name__
