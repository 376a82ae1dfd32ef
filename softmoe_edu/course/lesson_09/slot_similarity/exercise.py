"""Exercise: whether slots of the same expert are alike, more than chance (lesson 09)."""

import torch

from softmoe_edu.course.lesson_09.slot_similarity.mistakes import MISTAKES
from softmoe_edu.course.lesson_09.slot_similarity.properties import PROPERTIES, case, hand, opposite
from softmoe_edu.course.lesson_09.slot_similarity.variants import VARIANTS
from softmoe_edu.metrics import slot_similarity as library_similarity
from softmoe_edu.teaching.exercise import Exercise, Hint


def slot_similarity(phi, deals):
    """Test whether slots of one expert are more alike than slots of different ones.

    phi (d, e, p): a vector for each of p slots of e experts, e and p at least 2.
    deals (r, e * p): in deal i, slot number deals[i, j] takes the place of slot j.

    Returns (gap, chance), two numbers.
    """
    _, e, p = phi.shape
    unit = phi.flatten(1) / phi.flatten(1).norm(dim=0)
    cosine = unit.T @ unit
    expert = torch.arange(e, device=phi.device).repeat_interleave(p)
    same = expert[:, None] == expert
    pairs = ~torch.eye(e * p, dtype=torch.bool, device=phi.device)

    def gap(table):
        return table[same & pairs].mean() - table[~same].mean()

    true = gap(cosine)
    dealt = torch.stack([gap(cosine[deal][:, deal]) for deal in deals])
    chance = (1 + (dealt >= true).sum()) / (1 + len(deals))
    return true.item(), chance.item()


EXERCISE = Exercise(
    id="slot-similarity",
    lesson="09",
    order=4,
    title="Are an expert's slots alike?",
    answer=slot_similarity,
    probe=case(5, 4, 3, 41, alike=0.2),
    probes=(case(6, 3, 2, 40), case(4, 2, 5, 60, alike=0.1), hand, opposite),
    parts=("gap", "chance"),
    properties=PROPERTIES,
    hints=(
        Hint(
            "First the cosines: divide each slot's vector by its length; then all cosines are one matrix product, "
            "(e p, e p). Which of its cells are pairs of slots of the same expert? Which belong to no pair?",
            "def slot_similarity(phi, deals):\n"
            "    d, e, p = phi.shape\n"
            "    print('expert of each slot:', torch.arange(e).repeat_interleave(p))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Write the gap as a function of a table of cosines: the mean over pairs in one expert less the mean over "
            "the other pairs, without the diagonal. A deal gives you a new table: its rows and columns in the order "
            "of the deal. Count the deals whose gap is at least yours, and count your own deal as one.",
            "def slot_similarity(phi, deals):\n"
            "    table = torch.arange(9).view(3, 3)\n"
            "    order = torch.tensor([2, 0, 1])\n"
            "    print(table[order][:, order])\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def slot_similarity(phi, deals):\n"
            "    d, e, p = phi.shape\n"
            "    unit = torch.nn.functional.normalize(phi.flatten(1), dim=0)\n"
            "    cosine = unit.T @ unit\n"
            "    expert = torch.arange(e * p) // p\n"
            "    same = expert[:, None] == expert[None]\n"
            "    own = torch.eye(e * p).bool()\n"
            "    def gap(order):\n"
            "        table = cosine[order][:, order]\n"
            "        return table[same & ~own].mean() - table[~same].mean()\n"
            "    true = gap(torch.arange(e * p))\n"
            "    more = sum(bool(gap(deal) >= true) for deal in deals)\n"
            "    return true, (1 + more) / (1 + len(deals))",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=3,
    points=3,
    library=(library_similarity,),
)
