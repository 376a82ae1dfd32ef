"""What tests of the router explorer share: scores with known numbers, and hands and eyes on its parts."""

from lenskit import NEXT_FRAME, into_view, part
from playwright.sync_api import Locator, Page, expect

# Gates in quarters: in image 0, tokens 0, 1 (equal scores) and 2 choose expert 0, and token 3 expert 1. In image 1
# all choose expert 1. Every second slot scores 0 for every token.
SCORES = """
import torch
from softmoe_edu.widgets.router_explorer import RouterExplorer

first = torch.tensor([[[3., 1.], [1., 1.], [3., 1.], [1., 3.]], [[1., 3.], [1., 3.], [1., 7.], [1., 3.]]]).log()
logits = torch.stack([first, torch.zeros(2, 4, 2)], -1)
images = torch.linspace(0.2, 0.6, 2 * 64).view(2, 1, 8, 8)
explorer = RouterExplorer(logits, images, labels=["seven", "two"], dim=5, hidden_dim=11)
explorer
"""
# Two empty cells behind it are for each test.
CELLS = (SCORES, "", "")
CONTROLS = ("top_k", "capacity_factor", "slots_per_expert", "priority", "gating", "scale", "noise", "seed")


def explorer_of(page: Page, index: int = 0) -> Locator:
    """An explorer that has drawn itself."""
    found = page.locator(".router-explorer").nth(index)
    expect(found.get_by_role("status")).not_to_be_empty()
    into_view(found)
    return found


def take(explorer: Locator, step: str) -> None:
    """Go to a step by its button."""
    part(explorer, step).check()
    expect(part(explorer, step)).to_be_checked()


def unread(explorer: Locator) -> list[str]:
    """The controls that are hidden because the router in use does not read them."""
    explorer.page.evaluate(NEXT_FRAME)
    return [name for name in CONTROLS if part(explorer, name).evaluate("e => e.parentElement.hidden")]


def more(explorer: Locator) -> None:
    """Unfold the controls that are seldom needed."""
    part(explorer, "more").locator("summary").click()
    expect(part(explorer, "group")).to_be_visible()


def figures(explorer: Locator) -> list[list[str]]:
    """The rows of the table of numbers."""
    explorer.page.evaluate(NEXT_FRAME)
    rows = part(explorer, "figures").locator("tr").all()
    return [row.locator("th, td").all_inner_texts() for row in rows]
