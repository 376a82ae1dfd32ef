"""Mistakes in the test of slots' similarity: each compares slots, runs, and tests something else."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

GAP = "the gap compares pairs of different slots: inside an expert, and between experts"
P_VALUE = "a permutation test counts the deals with at least the true gap, and the true deal is one of them"


def cosines(phi):
    """Return the cosines of all slots."""
    unit = torch.nn.functional.normalize(phi.flatten(1), dim=0)
    return unit.T @ unit


def masks(phi):
    """Return which pairs are of one expert, and which are a slot with itself."""
    _, e, p = phi.shape
    number = torch.arange(e * p, device=phi.device)
    return (number[:, None] // p) == (number // p), torch.eye(e * p, dtype=torch.bool, device=phi.device)


def tested(phi, deals, table=None, gap=None, count=None):
    """Return gap and chance, with one part exchanged."""
    table = cosines(phi) if table is None else table
    same, own = masks(phi)
    gap = gap or (lambda t: t[same & ~own].mean() - t[~same].mean())
    true = gap(table)
    dealt = torch.stack([gap(table[deal][:, deal]) for deal in deals])
    chance = count(true, dealt) if count else (1 + (dealt >= true).sum()) / (1 + len(dealt))
    return true.item(), chance.item()


@mistake(
    does="counts each slot's cosine with itself, which is 1, among the pairs of its expert",
    belief="All cells of an expert's block are pairs.",
    refuted=GAP,
    seen="a block mean that includes the diagonal",
)
def with_itself(phi, deals):
    """Diagonal included."""
    same, _ = masks(phi)
    return tested(phi, deals, gap=lambda t: t[same].mean() - t[~same].mean())


@mistake(
    does="takes products of the vectors instead of cosines, so that long vectors decide",
    belief="Similarity is the product of two vectors.",
    refuted="a cosine divides by both lengths; lengths differ between slots and say nothing of direction",
    seen="phi.T @ phi",
)
def plain_products(phi, deals):
    """No normalisation."""
    flat = phi.flatten(1)
    return tested(phi, deals, table=flat.T @ flat)


@mistake(
    does="divides each row of phi by its length (over slots) instead of each slot's vector (over numbers)",
    belief="Normalising is dividing by the norm over the last axis.",
    refuted="a slot's vector has d numbers, the first axis of phi: the norm runs over them",
    seen="normalize(phi.flatten(1)), whose default is the last axis, or dim=1",
)
def normalised_over_slots(phi, deals):
    """The wrong axis."""
    unit = torch.nn.functional.normalize(phi.flatten(1), dim=1)
    return tested(phi, deals, table=unit.T @ unit)


@mistake(
    "M10",
    does="counts slots round by round: it takes slot j of all experts for one expert",
    belief="Slots are counted first by their number, then by expert.",
    refuted="phi is (d, e, p): flattened, the p slots of expert 0 come first",
    seen="arange(e * p) % e",
)
def round_robin(phi, deals):
    """Experts by remainder."""
    _, e, p = phi.shape
    number = torch.arange(e * p, device=phi.device) % e
    same, (_, own) = number[:, None] == number, masks(phi)
    return tested(phi, deals, gap=lambda t: t[same & ~own].mean() - t[~same].mean())


@mistake(
    does="subtracts the mean over all pairs instead of the mean over pairs of different experts",
    belief="The comparison is with the average pair.",
    refuted=GAP,
    seen="the grand mean as a baseline",
)
def less_all_pairs(phi, deals):
    """Baseline of all pairs."""
    same, own = masks(phi)
    return tested(phi, deals, gap=lambda t: t[same & ~own].mean() - t[~own].mean())


@mistake(
    does="returns the difference of the other order: between less within",
    belief="The order of a difference does not matter.",
    refuted="the gap is above 0 where slots of one expert are more alike",
    seen="arguments exchanged",
)
def between_less_within(phi, deals):
    """Sign turned."""
    same, own = masks(phi)
    return tested(phi, deals, gap=lambda t: t[~same].mean() - t[same & ~own].mean())


@mistake(
    does="ignores the sign of cosines, so that opposite slots count as alike",
    belief="Similarity is the size of the cosine.",
    refuted="opposite vectors give a token opposite scores: they are as unlike as can be",
    seen="cosine.abs()",
)
def sign_ignored(phi, deals):
    """Absolute cosines."""
    return tested(phi, deals, table=cosines(phi).abs())


@mistake(
    does="leaves the true deal out of the count, so that chance can be 0",
    belief="The p-value is the share of random deals that reach the true gap.",
    refuted=P_VALUE,
    seen="(dealt >= true).mean()",
)
def true_deal_left_out(phi, deals):
    """No + 1."""
    return tested(phi, deals, count=lambda true, dealt: (dealt >= true).float().mean())


@mistake(
    does="counts only deals with a larger gap, and not those with an equal one",
    belief="Only more than the true gap counts.",
    refuted=P_VALUE,
    seen="> in place of >=",
)
def only_larger(phi, deals):
    """Strict."""
    return tested(phi, deals, count=lambda true, dealt: (1 + (dealt > true + 1e-9).sum()) / (1 + len(dealt)))


@mistake(
    does="returns the share of deals with a smaller gap, one less the chance",
    belief="The more deals lie below, the larger the p-value.",
    refuted=P_VALUE,
    seen="<= in place of >=",
)
def other_tail(phi, deals):
    """The lower tail."""
    return tested(phi, deals, count=lambda true, dealt: (1 + (dealt <= true).sum()) / (1 + len(dealt)))


@mistake(
    does="deals only the rows of the table and leaves its columns in place",
    belief="Shuffling the table is shuffling its rows.",
    refuted="a deal moves slots, and each slot is a row and a column: the diagonal must stay the diagonal",
    seen="cosine[deal]",
)
def rows_only(phi, deals):
    """Rows dealt, columns not."""
    table = cosines(phi)
    same, own = masks(phi)

    def gap(t):
        return t[same & ~own].mean() - t[~same].mean()

    true = gap(table)
    dealt = torch.stack([gap(table[deal]) for deal in deals])
    return true.item(), ((1 + (dealt >= true).sum()) / (1 + len(deals))).item()


@mistake(
    does="takes sums instead of means, although there are more pairs between experts than inside",
    belief="Sum or mean, the comparison is the same.",
    refuted=GAP,
    seen="sum in place of mean",
)
def sums(phi, deals):
    """Sums over pairs."""
    same, own = masks(phi)
    return tested(phi, deals, gap=lambda t: t[same & ~own].sum() - t[~same].sum())


@mistake(
    does="returns the similarity inside experts alone, without comparing it with that between experts",
    belief="Alike slots have a high cosine.",
    refuted="all slots of a layer may be alike: only the difference speaks of experts",
    seen="a heat map with a bright diagonal",
)
def within_alone(phi, deals):
    """No comparison."""
    same, own = masks(phi)
    return tested(phi, deals, gap=lambda t: t[same & ~own].mean())


@mistake(
    does="counts how often the size of the gap is reached, in either direction",
    belief="A test is two-sided.",
    refuted="the claim is that slots of one expert are *more* alike: only gaps that are at least as high count",
    seen="abs() around both gaps",
)
def two_sided(phi, deals):
    """Absolute gaps."""
    return tested(phi, deals, count=lambda true, dealt: (1 + (dealt.abs() >= true.abs()).sum()) / (1 + len(dealt)))


MISTAKES = mistakes_in(globals())
