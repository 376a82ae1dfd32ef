"""Rows that travel between ranks: each all-to-all of a layer, forward and backward.

Every rank holds the same number of experts, in order: of 4 experts on 2 ranks, rank 0 holds experts 0 and 1. Rows that
leave are sorted by expert, so the rows for a rank stand in one run; rows that arrive are sorted by the rank that they
come from, and then by expert.
"""

from collections.abc import Callable, Sequence

import torch
import torch.distributed._functional_collectives as collectives
from jaxtyping import Float, Int
from torch import Tensor
from torch.distributed.device_mesh import DeviceMesh

from softmoe_edu.shapes import Slots

Rows = Float[Tensor, "r d"]
Counts = Int[Tensor, " e"]


def exchange_rows(rows: Rows, count: Counts, mesh: DeviceMesh, answer: Callable[[Rows, Counts], Rows]) -> Rows:
    """Send each row to the rank that holds its expert, let it be answered there, and return the answers.

    Nobody knows how many rows will come until all routers have chosen, so the counts are exchanged first: one more
    all-to-all, for which the CPU has to wait. A rank without rows takes part in all of it, in the backward pass too.

    Args:
        rows: (r, d), sorted by expert.
        count: (e,), how many of the rows belong to each expert of all ranks; on the device of the rows.
        mesh: the ranks that hold the experts.
        answer: what computes this rank's experts: rows sorted by expert, and how many belong to each of them.

    Returns:
        Answers (r, d), in the order of rows.
    """
    ranks = mesh.size()
    arriving = collectives.wait_tensor(collectives.all_to_all_single(count, None, None, mesh)).view(ranks, -1)
    # One look at the device for all that Python has to know.
    leave, arrive = torch.stack((count.view(ranks, -1).sum(1), arriving.sum(1))).tolist()
    there = _travel(rows, leave, arrive, mesh)
    order = _by_expert(arriving, sum(arrive))
    answers = answer(there.index_select(0, order), arriving.sum(0))
    return _travel(answers.index_select(0, order.argsort()), arrive, leave, mesh)


def exchange_slots(slots: Slots, groups: Sequence[int], mesh: DeviceMesh, answer: Callable[[Slots], Slots]) -> Slots:
    """Send the slots of every expert to the rank that holds it, let them be answered, and return the answers.

    Every group fills the same number of slots, so that all ranks know beforehand what comes: no counts are exchanged.

    Args:
        slots: (b, e, p, d) of this rank's groups.
        groups: how many groups each rank has, in order.
        mesh: the ranks that hold the experts.
        answer: what computes this rank's experts: slots (groups of all ranks, experts of this one, p, d).

    Returns:
        Answers (b, e, p, d).
    """
    ranks = mesh.size()
    b, e, p, d = slots.shape
    own = e // ranks
    leave, arrive = [b * own * p] * ranks, [g * own * p for g in groups]
    there = _travel(slots.transpose(0, 1).reshape(-1, d), leave, arrive, mesh)
    parts = [part.view(own, g, p, d) for g, part in zip(groups, there.split(arrive), strict=True)]
    answers = answer(torch.cat(parts, 1).transpose(0, 1))
    blocks = [part.transpose(0, 1).reshape(-1, answers.shape[-1]) for part in answers.split(list(groups))]
    back = _travel(torch.cat(blocks), arrive, leave, mesh)
    return back.view(e, b, p, answers.shape[-1]).transpose(0, 1)


def _travel(rows: Rows, leave: list[int], arrive: list[int], mesh: DeviceMesh) -> Float[Tensor, "arriving d"]:
    """Send leave[i] rows to rank i and return the arrive[i] rows of each; gradients travel the other way."""
    if torch.is_grad_enabled() and not rows.requires_grad:
        # Whether a rank takes part in the backward pass must not depend on what its own rows come from.
        rows = rows.detach().requires_grad_()
    moved = collectives.all_to_all_single_autograd(rows.contiguous(), arrive, leave, mesh)
    return collectives.wait_tensor(moved)


def _by_expert(arriving: Int[Tensor, "ranks own"], total: int) -> Int[Tensor, " r"]:
    """Return the order that sorts rows by expert, which stand sorted by rank and then by expert."""
    ranks, own = arriving.shape
    expert = torch.arange(own, device=arriving.device).repeat(ranks)
    return expert.repeat_interleave(arriving.flatten(), output_size=total).argsort(stable=True)
