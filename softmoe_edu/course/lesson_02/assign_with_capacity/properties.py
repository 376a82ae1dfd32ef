"""What a right `assign_with_capacity` does: inputs, what makes two outputs comparable, and properties of its own."""

import itertools

import torch

from softmoe_edu.course.lesson_02.assign_with_capacity.mistakes import queue, serve
from softmoe_edu.teaching.check.properties import as_defined, by_hand, changed, close, each_of
from softmoe_edu.teaching.exercise import Finding, Kind, Property

NTH = ("first", "second", "third")


def case(n, k, e, capacity, priority="gate", padding=(), partly=()):
    """Return a function that draws such arguments; the first experts are in most demand, and no weights are close.

    padding: tokens without a choice. partly: tokens without their last choice.
    """

    def make(draw):
        wanted = torch.linspace(1.5, 0, e, dtype=torch.float64)
        while True:
            gates = (draw.normal(n, e).cpu().double() + wanted).softmax(-1)
            gaps = gates.flatten().sort().values.diff()
            if n * e == 1 or float(gaps.min()) > 1e-5:
                break
        weights, indices = gates.topk(k)
        indices[list(padding)] = -1
        indices[list(partly), -1] = -1
        return indices.to(draw.device), weights.to(draw.dtype).to(draw.device), capacity, priority

    return make


def some_choices(priority):
    """Return a function that makes three tokens, the first with one choice, for two experts of two slots."""

    def make(draw):
        indices = torch.tensor([[0, -1], [0, 1], [1, 0]], device=draw.device)
        return indices, draw.tensor([[0.6, 0.3], [0.5, 0.2], [0.7, 0.1]]), 2, priority

    return make


def crossing(draw):
    """Return a case in which sorting the tokens, all choices and each round's choices have different results."""
    indices = torch.tensor([[0, 1], [1, 0], [0, 1]], device=draw.device)
    return indices, draw.tensor([[0.9, 0.05], [0.5, 0.45], [0.4, 0.35]]), 2, "gate"


def rows_of(args, output):
    """Write the slots of each token's choices in one line, - where a choice is dropped."""
    lines = zip(*(part.tolist() for part in output), strict=True)
    words = (", ".join(str(row) if kept else "-" for row, kept in zip(*line, strict=True)) for line in lines)
    return f"[{'], ['.join(words)}]  (a slot of its expert for each choice, - if dropped)"


def comparable(args, output):
    """Return the output with -1 as the position of every dropped choice."""
    positions, kept = output
    return positions.long().where(kept, -1), kept


def full_buffers(answer, draw):
    """Require that every expert's slots are filled from 0 on."""
    for priority in ("position", "gate"):
        args = case(9, 2, 4, 3, priority)(draw.sub(priority))
        positions, kept = answer(*args)
        for expert in range(4):
            here = args[0] == expert
            slots = sorted(positions[here & kept].tolist())
            count = min(int(here.sum()), 3)
            if slots != list(range(count)):
                return Finding(
                    "an expert fills its slots from 0 on, one choice each, until every choice of it has a slot or it "
                    "is full",
                    f"9 tokens, 4 experts of 3 slots; {int(here.sum())} choices are for expert {expert}",
                    f"slots {list(range(count))}",
                    f"slots {slots}",
                )
    return None


def prefix(answer, draw):
    """Require that the first choices in the queue of an expert are kept."""
    for priority in ("position", "gate"):
        indices, weights, capacity, _ = args = case(9, 2, 4, 3, priority)(draw.sub(priority))
        kept = answer(*args)[1]
        for expert in range(4):
            asked = [pair for pair in queue(indices, weights, priority) if int(indices[pair]) == expert]
            found = [bool(kept[pair]) for pair in asked]
            if found != [place < capacity for place in range(len(asked))]:
                words = [f"token {token} ({NTH[choice]} choice)" for token, choice in asked]
                return Finding(
                    f'an expert keeps the first {capacity} of its queue: first choices, then second, by "{priority}"',
                    f"the queue of expert {expert} is {'; '.join(words)}",
                    f"the first {min(capacity, len(asked))} kept",
                    f"kept: {'; '.join(w for w, k in zip(words, found, strict=True) if k) or 'none'}",
                )
    return None


def shuffled(args, draw):
    """Return the tokens in another order, and that order."""
    order = draw.permutation(len(args[0])).to(args[0].device)
    return (args[0][order], args[1][order], *args[2:]), order


def padding(answer, draw):
    """Require that -1 is never kept and takes no slot, even in a group of padding alone."""
    indices, weights, *rest = case(9, 2, 4, 3, "position", (1, 6))(draw)
    real = indices[:, 0] >= 0
    given = f"9 tokens, of which {int((~real).sum())} are padding, 4 experts of 3 slots"
    whole = comparable((), answer(indices, weights, *rest))
    if count := int(whole[1][~real].sum()):
        return Finding("padding (-1) chooses no expert: it is never kept", given, "no choice kept", f"{count} kept")
    expected = comparable((), answer(indices[real], weights[real], *rest))
    got = tuple(part[real] for part in whole)
    if not close(expected, got):
        words = (rows_of((), output) for output in (expected, got))
        return Finding(
            "padding (-1) takes no slot: the other tokens get the same slots with it and without it", given, *words
        )
    args = padding_alone(draw)
    output, none = answer.tried(*args)
    if none or bool(output[1].any()):
        got, kind = (none.got, none.kind) if none else (f"{int(output[1].sum())}", Kind.OTHER)
        should = "a group of padding alone is valid: no choice is kept"
        given = f'indices [[-1, -1], [-1, -1]], 2 slots, "{args[3]}"'
        return Finding(should, given, "no choice kept", got, kind=kind)
    for priority in ("position", "gate"):
        args = some_choices(priority)(draw)
        expected, got = answer.beside(*args)
        if not close(comparable(args, expected), comparable(args, got)):
            words = (rows_of(args, output) for output in (expected, got))
            given = f'experts [[0, -1], [0, 1], [1, 0]], weights [[.6, .3], [.5, .2], [.7, .1]], 2 slots, "{priority}"'
            return Finding("-1 stands for one choice alone: the token's other choices are served", given, *words)
    return None


def padding_alone(draw):
    """Return two tokens of padding and nothing else."""
    return draw.tensor([[-1, -1]] * 2).long(), draw.tensor([[0.6, 0.4], [0.5, 0.5]]), 2, "gate"


def tied(draw, capacity, priority):
    """Return four tokens, of which three have the same largest weight and choose the same expert first."""
    indices = draw.tensor([[0, 1], [0, 1], [1, 0], [0, 2]]).long()
    return indices, draw.tensor([[0.6, 0.3], [0.6, 0.3], [0.9, 0.05], [0.6, 0.2]]), capacity, priority


def in_any_order(args):
    """Yield all right outputs if tokens with equal weights may come in any order, a new one in each round."""
    indices, weights, capacity, priority = args
    n, k = indices.shape
    orders = [range(n)]
    if priority == "gate":
        places = itertools.permutations(range(n))
        best = weights.amax(1).tolist()
        orders = [order for order in places if all(best[a] >= best[b] for a, b in itertools.pairwise(order))]
    for rounds in itertools.product(orders, repeat=k):
        yield serve(indices, [(token, choice) for choice in range(k) for token in rounds[choice]], capacity)


def equal_weights(answer, draw):
    """Require that tokens with equal weights are served one after the other, in whatever order."""
    for capacity, priority in ((4, "gate"), (2, "gate"), (4, "position")):
        args = tied(draw, capacity, priority)
        got = comparable(args, answer(*args))
        right = [comparable(args, output) for output in in_any_order(args)]
        if any(close(each, got) for each in right):
            continue
        order = ", in any order" if priority == "gate" else ""
        return Finding(
            f"tokens with equal weights are served one after the other{order}: each once, in a slot of its own",
            "experts [[0, 1], [0, 1], [1, 0], [0, 2]], weights [[.6, .3], [.6, .3], [.9, .05], [.6, .2]], "
            f'{capacity} slots, priority "{priority}"',
            f"such as {rows_of(args, right[0])}",
            rows_of(args, got),
        )
    return None


def where_they_differ(expected, got):
    """Name the first choice with another result, and both results."""
    (slots, kept), (other_slots, other_kept) = expected, got
    token, choice = ((slots != other_slots) | (kept != other_kept)).nonzero()[0].tolist()
    words = []
    for slot, found in ((slots, kept), (other_slots, other_kept)):
        fate = f"slot {int(slot[token, choice])}" if found[token, choice] else "dropped"
        words.append(f"token {token} (counted from 0), {NTH[choice]} choice: {fate}")
    return tuple(words)


def telling(weights):
    """Return a function that makes three tokens with these weights that choose an expert with one slot."""

    def make(draw):
        indices = draw.tensor([[0, 1], [0, 2], [0, 1]]).long()
        return indices, draw.tensor(weights), 1, "gate"

    return make


def far_expert(draw):
    """Return two tokens that choose experts 5 and 3; no token chooses the others."""
    return draw.tensor([[5, 3], [5, -1]]).long(), draw.tensor([[0.6, 0.3], [0.5, 0.2]]), 1, "gate"


def hand(priority):
    """Return a function that makes four tokens for three experts of two slots (lesson 02, section 2)."""

    def make(draw):
        indices = torch.tensor([[0, 1], [0, 2], [0, 1], [1, 0]], device=draw.device)
        return indices, draw.tensor([[0.5, 0.3], [0.6, 0.25], [0.7, 0.2], [0.85, 0.1]]), 2, priority

    return make


WEIGHTS = "experts [[0, 1], [0, 2], [0, 1], [1, 0]], weights [[.5, .3], [.6, .25], [.7, .2], [.85, .1]], 2 slots"
GATE = '1 slot, priority "gate"'
TELLING = (
    ("the largest weight comes first, however close the others are", [[0.5001, 0.3], [0.5003, 0.2], [0.5002, 0.3]]),
    (
        "the largest weight alone decides, neither the sum of a token's weights nor their difference",
        [[0.6, 0.3], [0.5, 0.05], [0.55, 0.44]],
    ),
)

PROPERTIES = (
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
    Property("buffers filled in order", full_buffers),
    Property("who is kept", prefix),
    Property("padding", padding),
    Property("equal weights", equal_weights),
    each_of(
        "order by the largest weight",
        *(
            by_hand(
                telling(weights),
                should,
                f"experts [[0, 1], [0, 2], [0, 1]], weights {weights}, {GATE}",
                show=rows_of,
            )
            for should, weights in TELLING
        ),
    ),
    by_hand(
        far_expert,
        "an expert's index may be larger than the number of experts that are chosen",
        f"experts [[5, 3], [5, -1]], weights [[.6, .3], [.5, .2]], {GATE}",
        show=rows_of,
        name="experts that no token chooses",
    ),
    changed(
        'with priority "gate" the order of the tokens does not matter: shuffled tokens keep their slots',
        case(9, 2, 4, 3),
        shuffled,
        lambda before, words: tuple(part[words[0]] for part in comparable((), before)),
        name="order of tokens",
        view=lambda output: comparable((), output),
        tell=where_they_differ,
    ),
    as_defined(
        "slots in the order of service, as long as any are free",
        case(7, 2, 4, 3, "position"),
        case(9, 3, 5, 2, "gate", (0, 8), partly=(1, 4)),
        case(8, 2, 4, 3, "position", partly=(0, 5)),
        case(6, 2, 3, 6, "gate"),
        case(8, 1, 3, 1, "position"),
        case(1, 1, 1, 1, "gate"),
        case(2, 2, 7, 1, "gate"),
        tell=where_they_differ,
    ),
)
