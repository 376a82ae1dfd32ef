"""Figures as SVG that follow the page: what is a variable in them, and what stays as it is."""

import io
import re

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from softmoe_edu import figures
from softmoe_edu.figures.following import as_svg
from softmoe_edu.figures.style import contrast
from softmoe_edu.palette import DARK, LIGHT, ON_DARK, OVER_DARK, OVER_LIGHT
from softmoe_edu.routing import SoftRouting, SparseRouting

pytestmark = pytest.mark.slow

matplotlib.use("agg")
COLOURS = re.compile(r"""(?:fill|stroke)(?:: |=")([^;"]+)""")


@pytest.fixture(autouse=True)
def nothing_stays():
    """A test's figures end with it."""
    yield
    plt.close("all")


def soft():
    """Weights that rise from token to token."""
    weights = torch.arange(1.0, 31.0).view(1, 5, 2, 3)
    return SoftRouting(weights / weights.sum(1, keepdim=True), weights / weights.sum((2, 3), keepdim=True))


def one_dropped():
    """Token 2 of four finds no slot."""
    return SparseRouting(torch.tensor([[[0, 1], [3, -1]]]), torch.tensor([[[1.0, 1.0], [1.0, 0.0]]]), 4)


DRAWN = {
    "dispatch_map": lambda: figures.dispatch_map(soft()),
    "expert_load": lambda: figures.expert_load(soft()),
    "slot_views": lambda: figures.slot_views(soft(), torch.rand(1, 1, 5)),
    "compare_routers": lambda: figures.compare_routers({"a": soft()}),
    "training_curves": lambda: figures.training_curves({"a": [{"step": [0, 1], "loss": [2.0, 1.0]}]}, y="loss"),
    "cost_bars": lambda: figures.cost_bars({"a": {"dense MLP": {"macs": 7}, "combine": {"macs": 2}}}, ("macs",)),
}


def svg_of(axes):
    return figures.described(axes).svg


def variables(text, scheme):
    """Values of the variables on a light or a dark page."""
    dark_page = re.escape("@media (prefers-color-scheme:dark)")
    light, dark = re.search(r"<style>svg\{(.*?)\}" + dark_page + r"\{svg\{(.*?)\}\}", text).groups()
    return dict(re.findall(r"--([\w-]+):(#\w+);", light if scheme == "light" else dark))


@pytest.mark.parametrize("styled", [False, True])
@pytest.mark.parametrize("name", DRAWN)
def test_no_colour_of_a_light_page_is_left(name, styled):
    """Page, text, lines and grid are variables, in matplotlib's own style too; letters have a colour of the page."""
    with matplotlib.rc_context(figures.style() if styled else {}):
        text = svg_of(DRAWN[name]())
    used = set(COLOURS.findall(text))

    assert "var(--page)" in used
    assert not used & {*LIGHT.values(), *ON_DARK, "#000000", "#b0b0b0", "#cccccc"}
    assert "fill:var(--text)}" in text
    named = {colour[6:-1] for colour in used if colour.startswith("var(")}
    for scheme in ("light", "dark"):
        assert named <= variables(text, scheme).keys()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_on_both_pages(scheme):
    """7:1 for text, 4.5:1 for lines, and the page is light or dark."""
    values = variables(svg_of(figures.expert_load(soft())), scheme)

    assert contrast(values["text"], values["page"]) >= 7
    assert contrast(values["line"], values["page"]) >= 4.5
    assert values["page"] == {"light": LIGHT, "dark": DARK}[scheme]["page"]


def test_a_dark_figure_stays_dark():
    """Who asked for a dark figure gets one on every page."""
    with figures.theme(dark=True):
        text = svg_of(figures.expert_load(soft()))

    assert "prefers-color-scheme" not in text and "var(" not in text
    assert DARK["page"] in COLOURS.findall(text)


def test_marks_on_a_picture_stay():
    """The hatching of a dropped token is as light on a dark page: the picture beneath is the same there."""
    text = svg_of(figures.dropped_tokens(one_dropped(), torch.rand(1, 1, 4, 4)))

    assert OVER_DARK in COLOURS.findall(text)


def test_words_in_the_cells_of_a_map_stay():
    """Black on a bright cell and white on a dark one are readable on every page; names beside the map follow it."""
    ax = plt.subplots()[1]
    ax.imshow([[0.0, 1.0]], cmap="viridis")
    for x, colour in enumerate(("white", "black")):
        ax.text(x, 0, "7", color=colour)
    ax.text(0.5, 1.1, "beside", color="black", transform=ax.transAxes)
    used = COLOURS.findall(as_svg(ax.figure, 110))

    assert {OVER_DARK, OVER_LIGHT} <= set(used)
    assert [text.get_color() for text in ax.texts] == ["white", "black", "black"]
    assert used.count(OVER_LIGHT) == used.count(OVER_DARK) == 1


def test_one_figure_gives_one_file():
    """A notebook that ran again has the same output."""
    first, second = (as_svg(figures.dispatch_map(soft()).figure, 110) for _ in range(2))

    assert first == second


def test_saved_files_keep_the_colours_for_print():
    """`savefig` and the PNG are those of the figure as it was drawn: dark on white."""
    ax = figures.expert_load(soft())
    shown = figures.described(ax)
    corner = plt.imread(io.BytesIO(shown.png))[0, 0, :3]

    assert np.all(corner == 1)
    assert ax.figure.get_facecolor()[:3] == (1, 1, 1)
