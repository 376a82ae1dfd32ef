import matplotlib
import numpy as np
import pytest
import torch
from capture.tracekit import drawn, trace_of
from matplotlib import pyplot as plt
from test_report import BY_HAND

from softmoe_edu import figures
from softmoe_edu.capture.served import Chosen, CountTrace
from softmoe_edu.figures.routing_report import panels_of
from softmoe_edu.report import routing_report
from softmoe_edu.routers import SoftRouter

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def closed():
    """Figures are closed again."""
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def whole():
    """A report with every panel: six groups, three layers, domains, tokens and two checkpoints."""
    ids = torch.randint(0, 4, (6, 9), generator=torch.Generator().manual_seed(0))
    trace = trace_of(*(Chosen(drawn(9, seed=i), ids[i]) for i in range(6)))
    early = trace_of(*(Chosen(drawn(9, seed=i + 1), ids[i]) for i in range(6)))
    return routing_report(trace, domains=["code", "law"] * 3, checkpoints={100: early, "end": trace})


def panel(axes, title):
    """Return the Axes whose title begins so."""
    (found,) = [ax for ax in axes.ravel() if ax.get_title().startswith(title)]
    return found


def test_each_panel_has_title_axes_and_units(whole):
    """Six panels for a report that knows all: each has a title and names on both axes."""
    axes = figures.routing_report(whole)

    assert axes.shape == (3, 2)
    assert all(ax.get_title() and ax.get_xlabel() and ax.get_ylabel() for ax in axes.ravel())
    assert panel(axes, "Lost at capacity factor 1.25").get_ylabel() == "share [%]"
    assert panel(axes, "What a token's experts tell").get_ylabel() == "of what there is to know [%]"
    assert panel(axes, "Saturation").get_xlabel() == "checkpoint"


def test_what_is_drawn_is_what_was_counted(whole):
    """Maps and lines hold the report's numbers, layer by layer."""
    axes = figures.routing_report(whole)

    over = np.stack([layer.load / layer.load.mean() for layer in whole.layers])
    assert np.allclose(panel(axes, "Load of each expert").images[0].get_array(), over)
    balanced, entropy = panel(axes, "How even").lines[:2]
    lines = {line.get_label(): line for line in panel(axes, "How even").lines}
    balanced, entropy = lines["balancedness (mean over largest)"], lines["entropy of the load, over even"]
    assert np.allclose(balanced.get_ydata(), [layer.balancedness.value for layer in whole.layers])
    assert np.allclose(entropy.get_ydata(), [layer.entropy.value for layer in whole.layers])
    lost = {line.get_label(): line for line in panel(axes, "Lost").lines}
    assert np.allclose(lost["choices lost"].get_ydata(), [100 * layer.would_lose.value for layer in whole.layers])
    told = {line.get_label(): line for line in panel(axes, "What").lines}
    assert np.allclose(told["domain"].get_ydata(), [100 * layer.by_domain.told for layer in whole.layers])
    assert np.allclose(told["token"].get_ydata(), [100 * layer.by_token.told for layer in whole.layers])
    high = [100 * layer.by_domain.chance_high for layer in whole.layers]
    assert np.allclose(told["domain: chance exceeds it once in 20"].get_ydata(), high)
    (bars, _) = panel(axes, "How even").containers
    ends = [segment[:, 1] for segment in bars[2][0].get_segments()]
    assert np.allclose(ends, [[layer.balancedness.low, layer.balancedness.high] for layer in whole.layers])


def test_pairs_by_hand():
    """Of the four tokens of expert 0 half chose expert 1; an expert is not drawn against itself."""
    axes = figures.routing_report(routing_report(trace_of(BY_HAND, num_experts=4)))
    shares = panel(axes, "Chosen together: layer 0").images[0].get_array()

    assert np.isnan(np.asarray(shares)[range(4), range(4)].astype(float)).all()
    assert shares[0, 1:].tolist() == [50, 50, 0]
    assert shares[3].tolist()[:3] == [0, 100, 0]
    assert "100.0 % of the tokens of expert 2 chose expert 0 too" in figures.alt_text(axes)


def test_only_what_is_known_is_drawn():
    """Counts alone have no panel of tokens, and soft routing none of lost choices or pairs."""
    counts = routing_report(CountTrace(3, (0,), "made", torch.tensor([[[3, 2, 1]], [[1, 1, 1]]])))
    titles = [ax.get_title() for ax in figures.routing_report(counts).ravel()]
    assert titles == ["Load of each expert", "How even loads are", "Lost at capacity factor 1.25", ""]
    torch.manual_seed(0)
    soft = routing_report({"a": SoftRouter(5, 3, 2)(torch.randn(2, 4, 5))})
    assert len(panels_of(soft)) == 2
    assert [ax.get_title() for ax in figures.routing_report(soft).ravel()] == [
        "Load of each expert",
        "How even loads are",
    ]


def test_the_description_has_the_numbers(whole):
    """Who does not see the figure reads what it shows, and how its intervals were made."""
    text = figures.alt_text(figures.routing_report(whole))

    busiest = max(float(layer.load.max() / layer.load.mean()) for layer in whole.layers)
    assert f"the busiest has {busiest:.3g} times the mean" in text
    assert "54 tokens in 6 groups, 3 layers" in text
    assert "bootstrap over 6 groups" in text
    assert "100.0 % at the last of 2 checkpoints (end)" in text


def test_panels_of_their_own(whole):
    """Each panel can stand alone, in a figure of its own and with a description of its own."""
    axes = figures.routing_panels(whole)

    assert len({ax.figure for ax in axes}) == len(axes) == 6
    texts = [figures.alt_text(ax) for ax in axes]
    assert len(set(texts)) == 6
    assert all(text.endswith(".") for text in texts)


def test_lines_are_told_apart_without_colour(whole):
    """Lines of a panel differ in their marker or their dashes, and text is no colour of its own."""
    for dark in (False, True):
        with figures.theme(dark):
            axes = figures.routing_report(whole)
        for ax in axes.ravel():
            named = [line for line in ax.lines if not line.get_label().startswith("_")]
            looks = [(line.get_marker(), line.get_linestyle()) for line in named if line.get_marker() != "None"]
            assert len(set(looks)) == len(looks)


def test_axes_that_are_given(whole):
    """The figure is drawn on as many Axes as it needs, and says how many that is."""
    _, axes = plt.subplots(3, 2)
    assert figures.routing_report(whole, ax=axes).shape == (3, 2)
    with pytest.raises(ValueError, match="ax must hold 6 Axes"):
        figures.routing_report(whole, ax=axes[:2])


def test_many_layers_and_long_names():
    """Sixty layers with long names and no load in one of them are drawn, with few ticks."""
    passes = torch.ones(2, 60, 4).long()
    passes[:, 7] = 0
    axes = figures.routing_report(routing_report(CountTrace(4, tuple(range(60)), "made", passes)))

    assert len(panel(axes, "How even").get_xticks()) <= 16
    assert len(panel(axes, "Load").get_yticks()) <= 16
    axes[0, 0].figure.canvas.draw()
