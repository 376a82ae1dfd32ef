"""What tests of the flow share: where its patches are, and what its stage shows."""

import math

from lenskit import HASH, NEXT_FRAME, frame_of, into_view, part
from playwright.sync_api import Locator, Page, expect

STILLS = ["1.3 s", "2.4 s", "5.4 s", "8.4 s", "10.1 s", "11.9 s"]
WHY = "its 4 slots already hold 2, 5, 6 and 9, which came first: it is dropped"
WORDS_ABOVE, HEAD, HIGH, BELOW = 22, 76, 152, 52


def flow_of(page: Page) -> Locator:
    """The widget, once it has told its story."""
    flow = page.locator(".routing-flow")
    expect(flow.get_by_role("status")).to_contain_text("Tokens choice: ")
    into_view(part(flow, "stage"))
    return flow


def patch_of(flow: Locator, token: int, columns: int = 4, rows: int = 4) -> dict[str, float]:
    """Where on the stage the middle of a patch of the first lane is."""
    cell = math.floor(min(frame_of(part(flow, "stage"))["width"] / 8 / columns, HIGH / rows))
    top = HEAD + WORDS_ABOVE + (HIGH - cell * rows) / 2
    return {"x": 6 + cell * (token % columns + 0.5), "y": top + cell * (token // columns + 0.5)}


def stage(flow: Locator) -> int:
    """A number that changes with the pixels of the stage."""
    flow.page.evaluate(NEXT_FRAME)
    return part(flow, "stage").evaluate(HASH)
