"""What the widgets' benchmark times: widgets of a given size, and the inputs that each is given."""

from dataclasses import dataclass

# A notebook's only cell, and what makes the saved page: scores of three images, random but of a fixed seed.
SCORES = """
import torch

generator = torch.Generator().manual_seed(0)
logits = 2 * torch.randn(3, {tokens}, {experts}, {slots}, generator=generator)
images = torch.rand(3, 1, 4 * {down}, 4 * {across}, generator=generator)
"""
LENS = """
from softmoe_edu.routing import SoftRouting
from softmoe_edu.widgets import RoutingLens

routing = SoftRouting(logits.softmax(1), logits.flatten(2).softmax(2).view_as(logits))
widget = RoutingLens(routing, images)
widget
"""
EXPLORER = """
from softmoe_edu.widgets import RouterExplorer

widget = RouterExplorer(logits, images, router={router!r}, group={group!r}, top_k={top_k})
widget
"""
FLOW = """
from softmoe_edu.widgets import RoutingFlow

widget = RoutingFlow(logits, images, grid=({down}, {across}), playing=False)
widget
"""
# Two tasks, four routers and twelve seeds, each with a curve that goes up and down at random.
RUNS = """
import random
import tempfile
from pathlib import Path
from softmoe_edu.evidence import Record, Result, RunBrowser, write_record

drawn = random.Random(0)
names = ("dense", "tokens choice", "experts choice", "soft")
settings = [{{"task": t, "router": r, "seed": s, "steps": 1000}} for t in "ab" for r in names for s in range({seeds})]
results = [Result(each, {{"curve": [drawn.random() for _ in range({points})]}}, 1.0) for each in settings]
with tempfile.TemporaryDirectory() as folder:
    write_record(Path(folder) / "accuracy.json", Record("accuracy", False, {{}}, tuple(results)))
    widget = RunBrowser(folder, figure="curve")
widget
"""


@dataclass(frozen=True)
class Action:
    """Inputs of one kind to one part of a widget, and the part whose text shows that each was answered.

    keys: pressed in turn; none for moves of the pointer over the part. first: keys that bring the part to where
    it begins. step: the explorer's step that is chosen before. area: where the pointer moves, from left and top to
    right and bottom as shares of the part.
    """

    name: str
    part: str
    witness: str
    keys: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    step: str | None = None
    area: tuple[float, float, float, float] = (0.2, 0.2, 0.8, 0.8)

    @property
    def event(self) -> str:
        """Return the event that the browser gets."""
        return "keydown" if self.keys else "pointermove"


STATUS = "[role=status]"
BACK_AND_FORTH = ("ArrowRight", "ArrowLeft")
LENS_ACTIONS = (
    Action("slider", "image_index", '[data-part="caption"]', BACK_AND_FORTH, ("Home",)),
    Action("pointing", "map", STATUS),
    Action("keyboard", "map", STATUS, BACK_AND_FORTH, ("Home",)),
)
EXPLORER_ACTIONS = (
    Action("image slider", "image_index", '[data-part="tokens-title"]', BACK_AND_FORTH, ("Home",)),
    Action("scale slider", "scale", '[data-part="most"]', BACK_AND_FORTH, step="normalise"),
    Action("pointing", "map", STATUS, step="combine"),
    Action("keyboard", "map", STATUS, BACK_AND_FORTH, ("Home",), step="dispatch"),
    # Radio buttons: the arrow key goes round through all six.
    Action("stepping", "score", '[data-part="words"]', ("ArrowRight",), step="score"),
)
# From the largest factor, where a step is large: elsewhere one may leave the rounded capacity as it is.
CAPACITY = Action(
    "capacity slider",
    "capacity_factor",
    '[data-part="load-note"]',
    BACK_AND_FORTH[::-1],
    ("End", "ArrowLeft"),
    step="dispatch",
)
SERVING = Action("serving", "served", '[data-part="count"]', BACK_AND_FORTH, ("Home",), step="dispatch")


@dataclass(frozen=True)
class Case:
    """A widget of so many tokens, a square of patches, by experts of so many slots; its goals in ms.

    router: None for the lens, else what the explorer routes by; group and top_k are the explorer's. more: inputs that
    this router alone listens to.
    """

    side: int
    experts: int
    slots: int
    median: float | None = None
    p95: float | None = None
    router: str | None = None
    group: str = "one image"
    top_k: int = 1
    more: tuple[Action, ...] = ()
    frame: dict | None = None  # nothing moves by itself

    stepped = "image_index"

    @property
    def name(self) -> str:
        """Return the widget and its sizes in words."""
        widget = f"explorer, {self.router}, {self.group}" if self.router else "lens"
        return f"{widget}: {self.side**2:,} tokens x {self.experts * self.slots} slots"

    @property
    def root(self) -> str:
        """Return the selector of the widget's root element."""
        return ".router-explorer" if self.router else ".routing-lens"

    @property
    def goal(self) -> dict | None:
        """Return what median and 95th percentile may be."""
        return None if self.median is None else {"median": self.median, "p95": self.p95}

    @property
    def actions(self) -> tuple[Action, ...]:
        """Return the inputs that this widget is timed with."""
        return (EXPLORER_ACTIONS if self.router else LENS_ACTIONS) + self.more

    def source(self) -> str:
        """Return the code that makes the widget."""
        sizes = {
            "tokens": self.side**2,
            "down": self.side,
            "across": self.side,
            "experts": self.experts,
            "slots": self.slots,
        }
        choices = {"router": self.router, "group": self.group, "top_k": self.top_k}
        return SCORES.format(**sizes) + (EXPLORER if self.router else LENS).format(**choices)


FLOW_ACTIONS = (
    Action("chapter slider", "t", '[data-part="clock"]', BACK_AND_FORTH, ("Home", "ArrowRight", "ArrowRight")),
    # Over the first lane's rows of scores, each of which is a token.
    Action("pointing", "stage", '[data-part="who"]', area=(0.17, 0.17, 0.3, 0.34)),
    Action("keyboard", "stage", '[data-part="who"]', ("ArrowDown", "ArrowUp")),
    Action("capacity slider", "capacity_factor", '[data-part="story"]', BACK_AND_FORTH),
    Action("scale slider", "scale", '[data-part="story"]', BACK_AND_FORTH),
)


@dataclass(frozen=True)
class FlowCase:
    """Three lanes of a flow, of so many rows and columns of patches; its goals in ms.

    frame: what the time from frame to frame may be while it plays.
    """

    down: int
    across: int
    experts: int
    slots: int
    frame: dict
    goal: dict | None = None

    root = ".routing-flow"
    actions = FLOW_ACTIONS
    stepped = "image_index"

    @property
    def name(self) -> str:
        """Return the widget and its sizes in words."""
        return f"flow: {self.down * self.across} tokens x {self.experts * self.slots} slots"

    def source(self) -> str:
        """Return the code that makes the widget."""
        tokens = self.down * self.across
        sizes = {"down": self.down, "across": self.across, "experts": self.experts, "slots": self.slots}
        return SCORES.format(tokens=tokens, **sizes) + FLOW.format(**sizes)


RUNS_ACTIONS = (
    Action("pointing", "chart", STATUS, area=(0.15, 0.15, 0.9, 0.75)),
    Action("keyboard", "chart", STATUS, BACK_AND_FORTH, ("Home",)),
    Action("pairs", "pairs", STATUS),
    Action("list", "where", '[data-part="title"]', ("ArrowDown", "ArrowUp")),
)


@dataclass(frozen=True)
class RunsCase:
    """A run browser that draws the curves of so many seeds of four routers; its goals in ms."""

    seeds: int
    points: int
    goal: dict | None = None

    root = ".run-browser"
    actions = RUNS_ACTIONS
    stepped = "where"
    frame = router = None

    @property
    def name(self) -> str:
        """Return the widget and its sizes in words."""
        return f"runs: {4 * self.seeds} curves x {self.points} points"

    def source(self) -> str:
        """Return the code that makes the widget."""
        return RUNS.format(seeds=self.seeds, points=self.points)


# A frame at 60 Hz is 16.7 ms: the usual size shall be painted in the next frame, and not miss more than one.
USUAL, LARGE = {"median": 20, "p95": 33}, {"median": 100, "p95": 100}
TOKENS_CHOICE = {"router": "tokens choice", "top_k": 2, "more": (CAPACITY, SERVING)}
EXPERTS_CHOICE = {"router": "experts choice", "more": (CAPACITY,)}
CASES = (
    Case(14, 16, 8, **USUAL),
    Case(32, 32, 8, **LARGE),
    Case(14, 16, 8, **USUAL, router="soft"),
    Case(14, 128, 1, **USUAL, **TOKENS_CHOICE),
    Case(14, 128, 1, **USUAL, **EXPERTS_CHOICE),
    Case(14, 16, 8, **USUAL, router="soft", group="whole batch"),
    Case(14, 128, 1, **USUAL, **TOKENS_CHOICE, group="whole batch"),
    Case(32, 32, 8, **LARGE, router="soft"),
    Case(32, 256, 1, **LARGE, **TOKENS_CHOICE),
    FlowCase(4, 4, 4, 4, {"median": 20, "p95": 20}, USUAL),
    FlowCase(4, 6, 8, 4, {"median": 33, "p95": 33}, USUAL),
    RunsCase(12, 20, USUAL),
)
# The run browser keeps enough points for one to lie within reach of the pointer everywhere.
TINY = (Case(3, 4, 2), Case(3, 4, 2, **TOKENS_CHOICE), FlowCase(3, 2, 2, 2, {"median": 20, "p95": 20}), RunsCase(8, 20))
