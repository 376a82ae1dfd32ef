"""Pictures of costs, of drop rates and of influence: the paper versions of the explorers."""

import re

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

from softmoe_edu import figures, metrics
from softmoe_edu.cost import Device, MoESizes, mlp_cost, moe_cost
from softmoe_edu.figures.capacity_curve import capacity_curve
from softmoe_edu.figures.causality_map import causality_map
from softmoe_edu.figures.cost_bars import cost_bars
from softmoe_edu.figures.style import contrast

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def nothing_stays():
    """A test's figures and rcParams end with it."""
    before = dict(matplotlib.rcParams)
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == before


COSTS = {
    "dense": mlp_cost(7, 5, 6),
    "soft": moe_cost(7, 5, 6, MoESizes(router="soft", num_experts=4, slots_per_expert=2)),
}
NUMBERS = {name: {part.name: vars(part) for part in cost.parts} for name, cost in COSTS.items()}
MEASURED = {1.0: [0.1, 0.2, 0.3], 1.5: torch.tensor([0.05])}
INFLUENCES = {
    "alone": torch.eye(4),
    "later": torch.tensor([[4.0, 0, 0, 0], [2, 4, 0, 0], [0, 2, 4, 0], [1, 1, 1, 4]]),
    "leaky": torch.tensor([[4.0, 1, 0, 0], [1, 4, 0, 1], [0, 0, 4, 0], [0, 0, 0, 4]]),
}
DRAWN = {
    "cost_bars": lambda: cost_bars(NUMBERS),
    "capacity_curve": lambda: capacity_curve(49, 32, MEASURED),
    "causality_map": lambda: causality_map(INFLUENCES, 3),
}


def test_bars_are_the_costs():
    """Each bar's stack has the parts' numbers in their order, and its end is the total that is written there."""
    panels = cost_bars(NUMBERS, ("parameters", "active", "macs"))

    assert panels.shape == (1, 3)
    for panel, quantity in zip(panels[0], ("parameters", "active", "macs"), strict=True):
        for layer, cost in enumerate(COSTS.values()):
            own = [c.patches[layer] for c in panel.containers if c.patches[layer].get_width() > 0]
            numbers = [getattr(part, quantity) for part in cost.parts if getattr(part, quantity)]
            assert [bar.get_width() for bar in own] == numbers
            assert own[-1].get_x() + own[-1].get_width() == getattr(cost, quantity)
    assert [text.get_text() for text in panels[0, 0].texts] == ["71", f"{COSTS['soft'].parameters}"]
    assert [label.get_text() for label in panels[0, 0].get_yticklabels()] == ["dense", "soft"]
    assert [panel.get_xlabel() for panel in panels[0]] == ["parameters", "active parameters", "MACs of an example"]
    (legend,) = panels[0, 0].figure.legends
    names = ["dense MLP", "routing logits", "dispatch", "experts", "combine"]
    assert [text.get_text() for text in legend.get_texts()] == names


def test_bars_of_bytes_and_seconds():
    """What is added to the numbers of a part is drawn with its unit, and a part differs by hatch from its neighbour."""
    device = Device(1e9, 1e8)
    numbers = {
        name: {p.name: {"bytes": p.bytes(3), "seconds": p.seconds(device, 3)} for p in cost.parts}
        for name, cost in COSTS.items()
    }
    panels = cost_bars(numbers, ("bytes", "seconds"))

    ends = [max(bar.get_x() + bar.get_width() for c in panel.containers for bar in c.patches) for panel in panels[0]]
    assert ends == [COSTS["soft"].whole.bytes(3), pytest.approx(COSTS["soft"].seconds(device, 3))]
    assert [panel.get_xlabel() for panel in panels[0]] == ["bytes of a batch", "least time of a batch (s)"]
    looks = {(c.patches[0].get_facecolor(), c.patches[0].get_hatch()) for c in panels[0, 0].containers}
    assert len(looks) == 5


def test_words_of_the_bars():
    """Totals by quantity with their units, and the largest part of each layer."""
    numbers = {"a": {"x": {"parameters": 1_500_000}, "y": {"parameters": 12}}, "b": {"y": {"parameters": 0.5}}}

    assert figures.alt_text(cost_bars(numbers, ("parameters",))) == (
        "Cost of 2 layers by part. parameters: a 1.5M, b 0.5; largest part in parameters: a x, b y."
    )
    equal = {"a": {"x": {"macs": 3}, "y": {"macs": 3}}, "b": {"x": {"macs": 0}}}
    text = figures.alt_text(cost_bars(equal, ("macs",)))
    assert text.endswith("largest part in MACs of an example: a x and y, b none.")


def test_the_curve_is_the_expectation():
    """The line holds the exact value of every factor's capacity, in percent, in steps."""
    ax = capacity_curve(49, 32)
    line = ax.lines[0]

    assert line.get_drawstyle() == "steps-post"
    drawn = dict(zip(np.round(line.get_xdata(), 3), line.get_ydata(), strict=True))
    for factor, capacity in ((0.5, 1), (1.0, 2), (1.3, 2), (1.31, 3), (4.0, 7)):
        assert drawn[factor] == pytest.approx(100 * metrics.expected_drop_fraction(49, 32, capacity))
    assert figures.alt_text(ax) == (
        "Share of 49 tokens that 32 experts drop, over the capacity factor: at 1, 2 slots per expert, a uniform top-1 "
        "router drops 18.7 % (exact); at 4, 0.0 %."
    )
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "capacity factor (dotted: 1, 2 slots per expert)",
        "dropped tokens (%)",
    )


def test_measured_points_of_the_curve():
    """Dots are means, whiskers go from least to most, and the description tells those of the marked factor."""
    ax = capacity_curve(49, 32, MEASURED)
    (container,) = ax.containers
    points, _, (bars,) = container.lines

    assert points.get_xdata().tolist() == [1.0, 1.5]
    np.testing.assert_allclose(points.get_ydata(), [20, 5], rtol=1e-6)
    np.testing.assert_allclose([[s[0][1], s[1][1]] for s in bars.get_segments()], [[10, 30], [5, 5]], rtol=1e-6)
    assert "drops 18.7 % (exact), and 10.0 to 30.0 % in 3 samples; at 4" in figures.alt_text(ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()][1] == (
        "measured: mean of 1 to 3 samples, least to most"
    )


def test_maps_hold_what_moves():
    """A cell is empty where the output stays, rows are outputs, and the stairs run above the diagonal."""
    panels = causality_map(INFLUENCES)

    for panel, matrix in zip(panels[0], INFLUENCES.values(), strict=True):
        shown = panel.images[0].get_array()
        assert (~np.ma.getmaskarray(shown)).tolist() == (matrix > 0).tolist()
        np.testing.assert_array_equal(shown.filled(0), matrix.numpy())
        assert panel.images[0].get_clim() == (0, float(matrix.max()))
        assert panel.images[0].norm(matrix.max() / 4) == pytest.approx(0.5)
        (stairs,) = [line for line in panel.lines if line.get_gid() == "stairs"]
        corners = list(zip(stairs.get_xdata(), stairs.get_ydata(), strict=True))
        assert corners[:4] == [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (1.5, 0.5)]
    assert panels[0, 0].get_ylabel() == "output"
    assert panels[0, 2].get_xlabel() == "token that changes"
    assert panels[0, 2].get_title() == "leaky\n33.3 % of earlier outputs move"


def test_words_of_the_maps():
    """Shares, and what the marked token moves; a tolerance leaves small changes out."""
    assert figures.alt_text(causality_map({"leaky": INFLUENCES["leaky"]}, 3)) == (
        "Earlier outputs that move when one of 4 tokens changes: leaky 33.3 %, largest change 4, token 3 moves 2 of 4 "
        "outputs, 1 of 3 earlier ones."
    )
    assert "leaky 0.0 %" in figures.alt_text(causality_map({"leaky": INFLUENCES["leaky"]}, tolerance=0.25))
    assert "still 0.0 %, largest change 0." in figures.alt_text(causality_map({"still": torch.zeros(3, 3)}))


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_in_both_themes(name, dark):
    """Every title, axis name, tick label and legend text has a contrast of 7 with its page."""
    with figures.theme(dark):
        axes = DRAWN[name]()
    figure = np.ravel(axes)[0].figure
    figure.canvas.draw()

    page = figure.get_facecolor()
    assert (sum(to_rgb(page)) < 1) == dark
    texts = [text for text in figure.findobj(matplotlib.text.Text) if text.get_text()]
    assert len(texts) > 10
    assert all(contrast(text.get_color(), page) >= 7 for text in texts)


@pytest.mark.parametrize("name", DRAWN)
def test_figures_are_shown_with_their_words(name):
    """`described` takes each of them."""
    shown = figures.described(DRAWN[name]())

    assert shown.png.startswith(b"\x89PNG") and len(shown.alt) > 60
    assert not plt.get_fignums()


def test_figures_draw_on_the_axes_they_are_given():
    """Given Axes come back, and a wrong number of them is answered with a sentence."""
    _, axes = plt.subplots(1, 3)

    assert causality_map(INFLUENCES, ax=axes)[0].tolist() == axes.tolist()
    assert capacity_curve(7, 4, ax=axes[0]) is axes[0]
    with pytest.raises(ValueError, match="ax must hold 1 Axes"):
        cost_bars(NUMBERS, ("macs",), ax=axes)


ODD = {"a": {"x": {"macs": -1.0}}}
WRONG = {
    "no layers": (lambda: cost_bars({}), "costs must be {layer: {part: {quantity: number}}} with at least one part"),
    "a cost": (lambda: cost_bars({"a": [1]}), "got list for a layer: make it of a Cost with {p.name: vars(p)"),
    "no parts": (lambda: cost_bars({"a": {}}), "with at least one part each, got none"),
    "no quantity": (lambda: cost_bars(NUMBERS, ()), "quantities must name at least one of parameters, active, macs"),
    "a quantity": (lambda: cost_bars(NUMBERS, ("flops",)), "must be among parameters, active, macs, activations, got"),
    "negative": (lambda: cost_bars(ODD, ("macs",)), "macs must be finite and at least 0, got -1.0 to -1.0"),
    "a factor": (lambda: capacity_curve(49, 32, factor=0), "a capacity factor must be over 0 and at most 4, got 0"),
    "a large factor": (lambda: capacity_curve(49, 32, {5: [0.1]}), "must be over 0 and at most 4, got 5"),
    "no choice": (lambda: capacity_curve(49, 32, top_k=0), "top_k must be at least 1, got 0"),
    "many choices": (lambda: capacity_curve(9, 2, top_k=3), "top_k must be at most num_experts=2, got 3: lower top_k"),
    "a skew": (lambda: capacity_curve(49, 32, skew=-1), "skew must be at least 0 and finite, got -1"),
    "no skew": (lambda: capacity_curve(49, 32, skew=float("nan")), "skew must be at least 0 and finite, got nan"),
    "percent": (lambda: capacity_curve(49, 32, {1: [18.7]}), "measured[1] must hold dropped fractions from 0 to 1"),
    "no samples": (lambda: capacity_curve(49, 32, {1: []}), "measured[1] must hold dropped fractions from 0 to 1"),
    "no tokens": (lambda: capacity_curve(0, 32), "capacity must be at least 1 slot per expert, got 0"),
    "no matrix": (lambda: causality_map({}), "influences must hold at least one matrix, got none"),
    "no square": (lambda: causality_map({"a": torch.ones(2, 3)}), "influence of 'a' must be (2, 2), got (2, 3)"),
    "another size": (
        lambda: causality_map({"a": torch.ones(2, 2), "b": torch.ones(3, 3)}),
        "influence of 'b' must be (2, 2), got (3, 3): measure the same x",
    ),
    "NaN": (lambda: causality_map({"a": torch.full((2, 2), torch.nan)}), "must be finite and at least 0: take it from"),
    "a token": (lambda: causality_map(INFLUENCES, 4), "token must be from 0 to 3, got 4"),
    "a tolerance": (lambda: causality_map(INFLUENCES, tolerance=1), "tolerance must be over 0 and under 1, got 1"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", WRONG)
def test_wrong_numbers_are_answered_with_a_sentence(name):
    """What was expected and what came."""
    make, sentence = WRONG[name]

    with pytest.raises((ValueError, TypeError), match=re.escape(sentence)):
        make()
