"""Exercise: which choice gets which row of an expert's buffer, and which is dropped (lesson 02)."""

import torch

from softmoe_edu.routers.tokens_choice import assign_tokens
from softmoe_edu.teaching.exercise import Exercise, Finding, Hint, Property
from softmoe_edu.teaching.exercises.assign_mistakes import MISTAKES, queue
from softmoe_edu.teaching.exercises.assign_variants import VARIANTS
from softmoe_edu.teaching.properties import as_defined, by_hand, changed, close


def assign_with_capacity(indices, weights, capacity, priority):
    """Give each choice of a group of tokens a row in the buffer of its expert, as long as there is one.

    indices (n, k): the experts that each of n tokens chooses, best first; -1 asks for none: padding has no choice at
    all, another token may have fewer than k, and -1 after them. weights (n, k): the gates of these choices, largest
    first. capacity: the rows of each expert's buffer, at least 1.
    All first choices are served before any second one. Within each round tokens come in order of priority:
    "position" in their order, "gate" by their largest weight, the largest first (of equal ones, either may be first).
    Returns positions (n, k), whole numbers: the row that the choice takes, an expert's first arrival in row 0, the
    next in row 1, and so on; and kept (n, k), bool: whether it found a row. Where it found none, any position will do.
    """
    n, k = indices.shape
    order = range(n)
    if priority == "gate":
        order = weights.amax(1).argsort(descending=True, stable=True).tolist()
    positions = torch.full_like(indices, -1)
    kept = torch.zeros_like(indices, dtype=torch.bool)
    taken = {}
    for choice in range(k):
        for token in order:
            expert = int(indices[token, choice])
            row = taken.get(expert, 0)
            if expert >= 0 and row < capacity:
                positions[token, choice] = row
                kept[token, choice] = True
                taken[expert] = row + 1
    return positions, kept


def case(n, k, e, capacity, priority="gate", padding=(), partly=()):
    """Give a maker of arguments of these sizes; the first experts are wanted most, and no two weights are near.

    padding: tokens without a choice. partly: tokens without their last choice.
    """

    def make(draw):
        wanted = torch.linspace(1.5, 0, e, dtype=torch.float64)
        while True:
            gates = (draw.normal(n, e).double().cpu() + wanted).softmax(-1)
            gaps = gates.flatten().sort().values.diff()
            if n * e == 1 or float(gaps.min()) > 1e-5:
                break
        weights, indices = gates.topk(k)
        indices[list(padding)] = -1
        indices[list(partly), -1] = -1
        return indices.to(draw.device), weights.to(draw.device, draw.dtype), capacity, priority

    return make


def hand(priority):
    """Four tokens, three experts of two rows (lesson 02, section 2)."""

    def make(draw):
        indices = torch.tensor([[0, 1], [0, 2], [0, 1], [1, 0]], device=draw.device)
        return indices, draw.tensor([[0.5, 0.3], [0.6, 0.25], [0.7, 0.2], [0.85, 0.1]]), 2, priority

    return make


def some_choices(priority):
    """Three tokens, of which the first has one choice; two experts of two rows."""

    def make(draw):
        indices = torch.tensor([[0, -1], [0, 1], [1, 0]], device=draw.device)
        return indices, draw.tensor([[0.6, 0.3], [0.5, 0.2], [0.7, 0.1]]), 2, priority

    return make


def crossing(draw):
    """Give a case in which sorting tokens, sorting all choices and sorting each round's choices serve others."""
    indices = torch.tensor([[0, 1], [1, 0], [0, 1]], device=draw.device)
    return indices, draw.tensor([[0.9, 0.05], [0.5, 0.45], [0.4, 0.35]]), 2, "gate"


def rows_of(args, output):
    """Write the rows of each token's choices in one line, - where a choice is dropped."""
    lines = zip(*(part.tolist() for part in output), strict=True)
    words = (", ".join(str(row) if kept else "-" for row, kept in zip(*line, strict=True)) for line in lines)
    return f"[{'], ['.join(words)}]  (a row of its expert for each choice, - if dropped)"


def comparable(args, output):
    """Give the output with -1 as the position of every dropped choice."""
    positions, kept = output
    return positions.long().where(kept, -1), kept


def observe(function, draw):
    """Give what is assigned in cases on which all mistakes differ; one that raises leaves its error's name."""
    cases = (
        *(case(9, 2, 4, 3, priority, (1, 6)) for priority in ("gate", "position")),
        case(7, 3, 5, 2),
        case(8, 1, 3, 2),
        crossing,
        *(some_choices(priority) for priority in ("position", "gate")),
    )
    try:
        given = [make(draw.sub("assigned", number)) for number, make in enumerate(cases)]
        return {"assigned": [comparable(args, function(*args)) for args in given]}
    except Exception as error:
        return {"assigned": type(error).__name__}


def _full_buffers(answer, draw):
    for priority in ("position", "gate"):
        args = case(9, 2, 4, 3, priority)(draw.sub(priority))
        positions, kept = answer(*args)
        for expert in range(4):
            here = args[0] == expert
            rows = sorted(positions[here & kept].tolist())
            count = min(int(here.sum()), 3)
            if rows != list(range(count)):
                return Finding(
                    "an expert fills its rows from 0 on, each with one choice, until all who ask have one or it is "
                    "full",
                    f"9 tokens, 4 experts of 3 rows; {int(here.sum())} choices ask for expert {expert}",
                    f"rows {list(range(count))}",
                    f"rows {rows}",
                )
    return None


def _prefix(answer, draw):
    for priority in ("position", "gate"):
        indices, weights, capacity, _ = args = case(9, 2, 4, 3, priority)(draw.sub(priority))
        kept = answer(*args)[1]
        for expert in range(4):
            asked = [pair for pair in queue(indices, weights, priority) if int(indices[pair]) == expert]
            found = [bool(kept[pair]) for pair in asked]
            if found != [place < capacity for place in range(len(asked))]:
                words = [f"token {token}, choice {choice + 1}" for token, choice in asked]
                return Finding(
                    f'kept are the first {capacity} who ask: first choices, then second, each by "{priority}"',
                    f"expert {expert} is asked, in this order, by {'; '.join(words)}",
                    f"the first {min(capacity, len(asked))} kept",
                    f"kept: {'; '.join(w for w, k in zip(words, found, strict=True) if k) or 'none'}",
                )
    return None


def _shuffled(args, draw):
    order = draw.permutation(len(args[0])).to(args[0].device)
    return (args[0][order], args[1][order], *args[2:]), order


def _padding(answer, draw):
    indices, weights, *rest = case(9, 2, 4, 3, "position", (1, 6))(draw)
    real = indices[:, 0] >= 0
    given = f"9 tokens, of which {int((~real).sum())} are padding, 4 experts of 3 rows"
    whole = comparable((), answer(indices, weights, *rest))
    if count := int(whole[1][~real].sum()):
        return Finding("padding (-1) asks for no expert: it is never kept", given, "no choice kept", f"{count} kept")
    expected = comparable((), answer(indices[real], weights[real], *rest))
    got = tuple(part[real] for part in whole)
    if not close(expected, got):
        words = (rows_of((), output) for output in (expected, got))
        return Finding("padding (-1) takes no row: with it and without it the others get the same", given, *words)
    for priority in ("position", "gate"):
        args = some_choices(priority)(draw)
        expected, got = answer.expected(*args), answer(*args)
        if not close(comparable(args, expected), comparable(args, got)):
            words = (rows_of(args, output) for output in (expected, got))
            given = f'experts [[0, -1], [0, 1], [1, 0]], weights [[.6, .3], [.5, .2], [.7, .1]], 2 rows, "{priority}"'
            return Finding("-1 concerns one choice alone: a token's other choices are served", given, *words)
    return None


WEIGHTS = "experts [[0, 1], [0, 2], [0, 1], [1, 0]], weights [[.5, .3], [.6, .25], [.7, .2], [.85, .1]], 2 rows"

EXERCISE = Exercise(
    id="assign-with-capacity",
    lesson="02",
    order=2,
    title="Who gets a row",
    answer=assign_with_capacity,
    probe=case(7, 2, 4, 3, padding=(2,), partly=(4,)),
    observe=observe,
    same=comparable,
    properties=(
        by_hand(
            hand("position"),
            "first choices of tokens 0, 1, 2, 3, then their second choices; an expert takes two",
            f'{WEIGHTS}, priority "position"',
            show=rows_of,
        ),
        by_hand(
            hand("gate"),
            "first choices of tokens 3, 2, 1, 0 (by their largest weight), then second choices in the same order",
            f'{WEIGHTS}, priority "gate"',
            show=rows_of,
            name="the example with priority",
        ),
        Property("full buffers", _full_buffers),
        Property("who is kept", _prefix),
        Property("padding", _padding),
        changed(
            'with priority "gate" the order of the tokens does not matter: shuffled tokens keep their rows',
            case(9, 2, 4, 3),
            _shuffled,
            lambda before, words: tuple(part[words[0]] for part in comparable((), before)),
            name="order of tokens",
            view=lambda output: comparable((), output),
        ),
        as_defined(
            "rows in the order of service, as long as there are any",
            case(7, 2, 4, 3, "position"),
            case(9, 3, 5, 2, "gate", (0, 8), partly=(1, 4)),
            case(8, 2, 4, 3, "position", partly=(0, 5)),
            case(6, 2, 3, 6, "gate"),
            case(8, 1, 3, 1, "position"),
            case(1, 1, 1, 1, "gate"),
            case(2, 2, 7, 1, "gate"),
        ),
    ),
    hints=(
        Hint(
            "Write the queue first: who is served before whom? A choice is a pair (token, choice). Which of the two "
            "loops is outside?",
            "def assign_with_capacity(indices, weights, capacity, priority):\n"
            "    print('tokens, choices:', tuple(indices.shape))\n"
            "    print('largest weight of each token:', weights.amax(1))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Rounds of choices outside, tokens in order of priority inside. Keep one count for each expert: it is the "
            "next free row. Write results to the token's own place, not to its place in the queue, and skip -1.",
            "def assign_with_capacity(indices, weights, capacity, priority):\n"
            "    positions = torch.full_like(indices, -1)\n"
            "    kept = torch.zeros_like(indices, dtype=torch.bool)\n"
            "    taken = {}  # expert -> how many of its rows are taken\n"
            "    return positions, kept",
        ),
        Hint(
            "An answer, in one way of several.",
            "def assign_with_capacity(indices, weights, capacity, priority):\n"
            "    n, k = indices.shape\n"
            "    tokens = list(range(n))\n"
            "    if priority == 'gate':\n"
            "        tokens.sort(key=lambda token: float(weights[token, 0]), reverse=True)\n"
            "    positions = torch.zeros(n, k, dtype=torch.long)\n"
            "    kept = torch.zeros(n, k, dtype=torch.bool)\n"
            "    free = [0] * (int(indices.max()) + 1)\n"
            "    for choice in range(k):\n"
            "        for token in tokens:\n"
            "            expert = int(indices[token, choice])\n"
            "            if expert >= 0 and free[expert] < capacity:\n"
            "                positions[token, choice], kept[token, choice] = free[expert], True\n"
            "                free[expert] += 1\n"
            "    return positions, kept",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=4,
    points=4,
    essential=True,
    library=(assign_tokens,),
)
