"""Which expert answers which kind of token: the table, its picture, and how often chance tells as much."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib import pyplot as plt
from torch import Tensor

from softmoe_edu.data import Images
from softmoe_edu.data.language import script_of
from softmoe_edu.evidence.claims.specialisation import information
from softmoe_edu.figures.style import contrast
from softmoe_edu.routing import Routing
from softmoe_edu.text import span


def expert_shares(routing: Routing) -> Tensor:
    """Return how much of each token's answer comes from each expert, (b, n, e), rows that sum to 1."""
    share = routing.combine.sum(-1)
    return share / share.sum(-1, keepdim=True)


def topic_table(shares: Tensor, kinds: Tensor) -> Tensor:
    """Return the mean share of each expert for each kind, (kinds, e), from rows (N, e) and their kinds (N,)."""
    member = torch.nn.functional.one_hot(kinds).to(shares.dtype)
    return (member.mT @ shares) / member.sum(0)[:, None].clamp(min=1)


def chance(shares: Tensor, kinds: Tensor, shuffles: int = 99, seed: int = 0) -> float:
    """Return how often kinds that are dealt anew to the rows tell at least as much; the true deal counts as one."""
    generator = torch.Generator().manual_seed(seed)
    true = information(shares.double(), kinds)
    orders = [torch.randperm(len(kinds), generator=generator, device="cpu") for _ in range(shuffles)]
    reached = sum(information(shares.double(), kinds[order]) >= true for order in orders)
    return (1 + reached) / (1 + shuffles)


def topic_map(tables: Mapping[str, Tensor], names: Sequence[str], title: str) -> np.ndarray:
    """Draw tables of kinds and experts side by side, each share over the mean of its column, as published maps do.

    Args:
        tables: {what stands above it: (kinds, e), mean shares}.
        names: of the kinds.
        title: what stands above all.

    Returns:
        The Axes, which `figures.described` shows with the description that they carry.
    """
    width, height = 0.9 + 3.5 * len(tables) + 0.5, 1.4 + 0.27 * len(names)
    figure, panels = plt.subplots(1, len(tables), figsize=(width, height), layout="constrained", squeeze=False)
    said = []
    for panel, (name, table) in zip(panels[0], tables.items(), strict=True):
        over = table / table.mean(0).clamp(min=1e-9)
        picture = panel.imshow(over.numpy(), cmap="viridis", vmin=0, vmax=3, aspect="auto")
        for (row, column), value in np.ndenumerate(over.numpy()):
            cell = picture.cmap(picture.norm(value))
            colour = max(("black", "white"), key=lambda each: contrast(each, cell))
            panel.text(column, row, f"{value:.1f}", ha="center", va="center", fontsize=7, color=colour)
        panel.set_title(name, fontsize="medium")
        panel.set(xlabel="expert", xticks=range(table.shape[1]), yticks=range(len(names)))
        panel.set_yticklabels(names if panel is panels[0, 0] else [])
        panel.spines[:].set_visible(False)
        best = over.amax(0)
        said.append(f"{name}, {span(best.min().item(), best.max().item())}")
    figure.colorbar(picture, ax=panels, extend="max").set_label("share, over the mean")
    figure.suptitle(title, fontsize="large")
    panels[0, 0].set_label(
        f"{title}: {len(names)} kinds (rows) by {table.shape[1]} experts (columns), each cell the share of the answer, "
        f"over the mean of its column. Largest cell of a column: {'; '.join(said)}."
    )
    return panels


def characters(names: Images) -> list[list[str]]:
    """Return the tokens of each name of `data.languages` as text, "·" where there is none.

    Args:
        names: of whole characters, whose bits are the channels after the first.
    """
    bits = names.images[:, 1:].flatten(2).movedim(1, -1).long()
    codes = (bits << torch.arange(bits.shape[-1] - 1, -1, -1, device="cpu")).sum(-1)
    return [[chr(code) if code else "·" for code in row] for row in codes.tolist()]


def script_names(names: Images, most: int) -> tuple[list[str], Tensor]:
    """Return the commonest scripts of names, and each token's number among them, -1 for any other.

    Args:
        names: as `characters` takes them.
        most: how many scripts.

    Returns:
        What the scripts are called, and (tokens of all names,).
    """
    assert names.kinds is not None
    kinds = names.kinds.flatten()
    letters = [letter for row in characters(names) for letter in row]
    chosen = kinds[kinds > 0].bincount().argsort(descending=True, stable=True)[:most].tolist()
    number = torch.full_like(kinds, -1)
    for i, kind in enumerate(chosen):
        number[kinds == kind] = i
    first = [letters[int((kinds == kind).nonzero()[0])] for kind in chosen]
    return [script_of(letter).capitalize() for letter in first], number
