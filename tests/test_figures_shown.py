"""Themes, descriptions and what figures answer to bad input."""

import base64
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

from softmoe_edu import figures
from softmoe_edu.figures.following import ON_PAPER
from softmoe_edu.routing import SoftRouting, SparseRouting

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def nothing_stays():
    """A test's figures and rcParams end with it."""
    before = dict(matplotlib.rcParams)
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == before


def uniform(b=2, n=4, e=2, p=2):
    """Equal weights."""
    return SoftRouting(torch.full((b, n, e, p), 1 / n), torch.full((b, n, e, p), 1 / (e * p)))


def one_dropped():
    """One group of four tokens; token 2 is dropped."""
    return SparseRouting(torch.tensor([[[0, 1], [3, -1]]]), torch.tensor([[[1.0, 1.0], [1.0, 0.0]]]), 4)


IMAGE = torch.linspace(0, 1, 16).view(1, 4, 4)
RUNS = {name: [{"step": [0, 1], "loss": [1.0, float(k)]}] * 2 for k, name in enumerate("abcdefgh")}
DRAWN = {
    "dispatch_map": lambda: figures.dispatch_map(uniform()),
    "combine_map": lambda: figures.combine_map(uniform()),
    "slot_views": lambda: figures.slot_views(uniform(), IMAGE),
    "expert_load": lambda: figures.expert_load(uniform()),
    "dropped_tokens": lambda: figures.dropped_tokens(one_dropped(), IMAGE[None]),
    "slot_usage": lambda: figures.slot_usage(uniform()),
    "compare_routers": lambda: figures.compare_routers({"<b>": uniform(1), '"&"': one_dropped()}),
    "training_curves": lambda: figures.training_curves(RUNS, y="loss"),
}


def ratio(first, second):
    """WCAG 2.2 contrast, written out again."""
    luminances = []
    for colour in (first, second):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        luminances.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_in_both_themes(name, dark):
    """Every title, axis name, tick label and legend text has a contrast of 7 with its page, also after the block."""
    with figures.theme(dark):
        axes = DRAWN[name]()
    figure = np.ravel(axes)[0].figure
    figure.canvas.draw()

    page = figure.get_facecolor()
    assert (sum(to_rgb(page)) < 1) == dark
    everything = [ax for top in figure.axes for ax in (top, *top.child_axes)]
    texts = [text for ax in everything for text in ax.findobj(matplotlib.text.Text) if text.get_text()]
    assert texts
    assert all(ratio(text.get_color(), page) >= 7 for text in texts)
    assert all(ratio(ax.get_facecolor(), page) == 1 for ax in everything)


@pytest.mark.parametrize("dark", [False, True])
def test_categories_stand_out_and_differ_in_more_than_colour(dark):
    """Lines and bars have a contrast of 3 with their page, and eight models share no combination of colour and mark."""
    with figures.theme(dark):
        ax = figures.training_curves(RUNS, y="loss")
        bars = figures.expert_load(uniform())

    assert all(ratio(line.get_color(), ax.get_facecolor()) >= 3 for line in ax.lines)
    assert all(ratio(bar.get_facecolor(), bars.get_facecolor()) >= 3 for bar in bars.patches)
    assert len({line.get_marker() for line in ax.lines}) == 8


def test_a_theme_ends_with_its_block():
    """The global rcParams come back, also after an error, and `style` gives them for a whole notebook."""
    before = dict(matplotlib.rcParams)
    with pytest.raises(ZeroDivisionError), figures.theme(dark=True):
        assert matplotlib.rcParams["figure.facecolor"] == figures.style(dark=True)["figure.facecolor"]
        1 / 0  # noqa: B018

    assert dict(matplotlib.rcParams) == before
    assert figures.style()["figure.facecolor"] != figures.style(dark=True)["figure.facecolor"]


class Page(HTMLParser):
    """Collects start tags with their attributes, and text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Keep the tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        """Keep the text."""
        self.text += data


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_described_shows_picture_and_words(name):
    """HTML holds one picture with alt text and caption, escaped; print gives the alt text; no figure stays open."""
    before = plt.get_fignums()
    axes = DRAWN[name]()
    text = figures.alt_text(axes)
    shown = figures.described(axes)

    assert plt.get_fignums() == before
    assert repr(shown) == text
    assert any(character.isdigit() for character in text) and text.endswith(".")
    page = Page(shown._repr_html_())
    assert [tag for tag, _ in page.tags] == ["figure", "style", "div", "img", "figcaption"]
    picture = page.tags[3][1]
    assert picture["alt"] == text
    kind, _, source = picture["src"].partition(",")
    assert kind == "data:image/svg+xml;base64" and base64.b64decode(source).decode() == shown.svg
    assert shown.png.startswith(b"\x89PNG")
    assert page.text == ON_PAPER[7:-8] + text
    assert Page(figures.described(DRAWN[name](), "a < b")._repr_html_()).text.endswith("}}a < b")


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_is_drawn_where_it_is_told(name):
    """Given Axes are the ones that come back, and no other figure is made."""
    shape = {"slot_views": (1, 4), "dropped_tokens": (1, 1), "compare_routers": (2, 3)}.get(name)
    figure, axes = plt.subplots(*(shape or (1, 1)), squeeze=shape is None)
    draw = {
        "dispatch_map": lambda ax: figures.dispatch_map(uniform(), ax=ax),
        "combine_map": lambda ax: figures.combine_map(uniform(), ax=ax),
        "slot_views": lambda ax: figures.slot_views(uniform(), IMAGE, ax=ax),
        "expert_load": lambda ax: figures.expert_load(uniform(), ax=ax),
        "dropped_tokens": lambda ax: figures.dropped_tokens(one_dropped(), IMAGE[None], ax=ax),
        "slot_usage": lambda ax: figures.slot_usage(uniform(), ax=ax),
        "compare_routers": lambda ax: figures.compare_routers({"a": uniform(), "b": uniform()}, ax=ax),
        "training_curves": lambda ax: figures.training_curves(RUNS, y="loss", ax=ax),
    }[name]

    drawn = draw(axes)

    assert np.ravel(drawn).tolist() == np.ravel(axes).tolist()
    assert plt.get_fignums() == [figure.number]


def test_several_descriptions_are_joined():
    """Axes of one figure drawn by different functions give each text once, and colour bars none."""
    panels = figures.slot_views(uniform(), IMAGE)
    assert figures.alt_text(np.array(panels[0, 0].figure.axes)) == figures.alt_text(panels)

    _, (left, right) = plt.subplots(1, 2)
    figures.dispatch_map(uniform(), ax=left)
    figures.expert_load(uniform(), ax=right)

    assert figures.alt_text(np.array([left, right, left])) == f"{left.get_label()} {right.get_label()}"


def test_a_routing_keeps_its_graph():
    """Drawing weights that need a gradient warns of nothing and leaves them as they are."""
    weights = torch.full((1, 4, 2, 1), 0.25, requires_grad=True)
    figures.dispatch_map(SoftRouting(weights, weights))

    assert weights.requires_grad and weights.grad is None


BAD = {
    "group must be from 0 to 1, got 2: the routing has 2 groups": lambda: figures.dispatch_map(uniform(), 2),
    "group must be from 0 to 1, got -1": lambda: figures.slot_views(uniform(), IMAGE, group=-1),
    "vmax must be over 0, got 0": lambda: figures.combine_map(uniform(), vmax=0.0),
    "an image must divide into 4 square patches, one per token, got 4 x 5 pixels: give the images at the size": (
        lambda: figures.slot_views(uniform(), torch.zeros(1, 4, 5))
    ),
    "an image must divide into 4 square patches, one per token, got 4 x 6 pixels": (
        lambda: figures.slot_views(uniform(), torch.zeros(1, 4, 6))
    ),
    "image must be (channels, height, width), got 2 axes (4, 4): add the channel axis with x[None]": (
        lambda: figures.slot_views(uniform(), IMAGE[0])
    ),
    "images must have 1 or 3 channels (examples, channels, height, width), got (1, 4, 4, 1): move": (
        lambda: figures.dropped_tokens(one_dropped(), IMAGE.view(1, 4, 4, 1))
    ),
    "images must be the 1 examples of the routing (1 groups of 1), got 2: give the batch that was routed": (
        lambda: figures.dropped_tokens(one_dropped(), IMAGE.expand(2, 1, 4, 4))
    ),
    "examples_per_group must divide the 4 tokens of a group, got 3: give the number": (
        lambda: figures.dropped_tokens(one_dropped(), IMAGE[None], examples_per_group=3)
    ),
    "example must be from 0 to 0, got 1": lambda: figures.slot_views(uniform(), IMAGE, example=1),
    "slots must be numbers from 0 to 3, got [4]: number e * p + slot": (
        lambda: figures.slot_views(uniform(), IMAGE, [0, 4])
    ),
    "slots must be at least 1, got 0": lambda: figures.slot_views(uniform(), IMAGE, 0),
    "columns must be at least 1, got 0": lambda: figures.slot_views(uniform(), IMAGE, columns=0),
    "ax must hold 4 Axes (1 rows of 4), got 1: make them with plt.subplots(1, 4)": (
        lambda: figures.slot_views(uniform(), IMAGE, ax=np.array([plt.figure().add_subplot()]))
    ),
    "routings must be {name: Routing} with at least one router, got none": lambda: figures.compare_routers({}),
    "routings must read one batch of the same tokens in groups, got a 2 x 4, b 1 x 4: route the same x": (
        lambda: figures.compare_routers({"a": uniform(), "b": one_dropped()})
    ),
    "runs must be {name: [run, ...]} with at least one run each": lambda: figures.training_curves({"a": []}),
    "runs of 'a' must have the column 'accuracy', got step, loss: choose x and y": (
        lambda: figures.training_curves({"a": RUNS["a"]})
    ),
    "columns 'step' and 'loss' of 'a' must have the same length, at least 1, got (2,) and (1,)": (
        lambda: figures.training_curves({"a": [{"step": [0, 1], "loss": [1.0]}]}, y="loss")
    ),
    "runs of 'a' must share values of 'step', got none in common": (
        lambda: figures.training_curves({"a": [{"step": [k], "loss": [1.0]} for k in (0, 1)]}, y="loss")
    ),
    "band must be one of 'range', 'error', got 'std'": lambda: figures.training_curves(RUNS, y="loss", band="std"),
    "these Axes carry no description": lambda: figures.alt_text(plt.figure().add_subplot()),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("sentence", BAD)
def test_bad_input_gets_a_sentence(sentence):
    """What was expected, what came and what to do."""
    with pytest.raises(ValueError) as error:
        BAD[sentence]()

    assert sentence in str(error.value)
