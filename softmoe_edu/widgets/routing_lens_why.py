"""Why a sparse routing came out as it did: who chose, how many, and who came first, found by choosing again.

A Routing carries gates and filled slots, no settings. So the known rules are tried on its gates, and a rule counts only
if it fills every slot with the same token; otherwise nothing is said.
"""

from typing import TypedDict

import torch
from torch import Tensor

from softmoe_edu.routing import SparseRouting

MOST_LOST = 2
"""Choices that every token may have lost where the number of choices is still found."""


class Reasons(TypedDict, total=False):
    """What explains a routing; arrays are bytes, in the rows and slots of an `Entry`."""

    chooser: str  # "tokens", "experts", "either" where both rules fill the same slots, "" where none does
    asks: int  # experts that each token asked for
    priority: str  # "position", "gate", or "either" where both serve the tokens in the same way
    holders: bytes  # int32 (b, e, p): the token of the group in each slot, -1 for none
    gates: bytes  # float32 (b, n, e)


def reasons_of(routing: object) -> Reasons:
    """Return what explains a routing, nothing for one that mixes."""
    if not isinstance(routing, SparseRouting):
        return {}
    token = routing.token.detach().cpu()
    found: Reasons = {"chooser": "", "asks": 0, "priority": "", "holders": token.int().numpy().tobytes()}
    gates = _gates_of(routing)
    if gates is None:
        return found
    b, n, e = gates.shape
    found["gates"] = gates.contiguous().numpy().tobytes()
    real = torch.ones(b, n, dtype=torch.bool, device="cpu") if routing.mask is None else routing.mask.detach().cpu()
    taken = torch.equal(_taken(gates, token.shape[2], real), token)
    if taken:
        found["chooser"] = "experts"
    # A token in as many slots as any other usually lost no choice; tries are few, or unknown rules would take seconds.
    least = max(1, int(routing.token_load().max()))
    for asks in range(least, min(least + MOST_LOST, e) + 1):
        rules = [name for name in ("position", "gate") if torch.equal(_served(gates, asks, token, real, name), token)]
        if rules:
            return found | {
                "chooser": "either" if taken else "tokens",
                "asks": asks,
                "priority": rules[0] if len(rules) == 1 else "either",
            }
    return found


def _gates_of(routing: SparseRouting) -> Tensor | None:
    """Return the gates (b, n, e) that a routing carries, or those of its logits; None where it has neither."""
    logits = routing.logits if routing.noisy_logits is None else routing.noisy_logits
    gates = logits.float().softmax(-1) if routing.gates is None and logits is not None else routing.gates
    return None if gates is None or tuple(gates.shape) != routing.sizes[:3] else gates.detach().float().cpu()


def _taken(gates: Tensor, slots: int, real: Tensor) -> Tensor:
    """Return the tokens (b, e, p) that experts take where each takes those with its largest gates."""
    scores = gates.masked_fill(~real[..., None], -1).mT
    order = scores.argsort(dim=-1, descending=True, stable=True)[..., :slots]
    token = torch.where(scores.gather(-1, order) >= 0, order, -1)
    return torch.nn.functional.pad(token, (0, slots - token.shape[-1]), value=-1)


def _served(gates: Tensor, asks: int, like: Tensor, real: Tensor, priority: str) -> Tensor:
    """Return the tokens (b, e, p) where each token asks for experts: all first choices first, then by priority."""
    b, n, e = gates.shape
    slots = like.shape[2]
    choices = gates.argsort(dim=-1, descending=True, stable=True)[..., :asks].masked_fill(~real[..., None], e)
    order = torch.arange(n, device="cpu").expand(b, n)
    if priority == "gate":
        order = gates.amax(-1).argsort(dim=1, descending=True, stable=True)
    queue = choices.gather(1, order[..., None].expand(-1, -1, asks)).mT.flatten(1)
    expert, arrival = queue.sort(dim=1, stable=True)
    # How many arrivals in the sorted queue belong to the experts before each one.
    before = (
        torch.zeros(b, e + 2, dtype=torch.long, device="cpu")
        .scatter_add(1, expert + 1, torch.ones_like(expert))
        .cumsum(1)
    )
    place = torch.arange(n * asks, device="cpu").expand(b, -1) - before.gather(1, expert)
    kept = (expert < e) & (place < slots)
    token = torch.full((b, e * slots + 1), -1, dtype=torch.long, device="cpu")
    where = torch.where(kept, expert * slots + place, e * slots)
    token.scatter_(1, where, order.gather(1, arrival % n))
    return token[:, :-1].view(b, e, slots)
