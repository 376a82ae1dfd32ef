"""What a notebook keeps of a widget beside its view, and the small pictures in it."""

import base64
import io
import json
import re
from xml.etree import ElementTree

import nbformat
import numpy as np
import pytest
import torch
from nbconvert import HTMLExporter
from PIL import Image

from softmoe_edu.cost import Device, MoESizes, mlp_cost, moe_cost
from softmoe_edu.metrics import expected_drop_curve
from softmoe_edu.routing import SoftRouting, SparseRouting
from softmoe_edu.widgets import CapacityExplorer, CausalityExplorer, CostExplorer, RouterExplorer, RoutingLens
from softmoe_edu.widgets.stills import curve_still, map_still
from softmoe_edu.widgets.twin import MARK, PICTURE, WORDS, twin_of

VIEW = "application/vnd.jupyter.widget-view+json"


def decoded(address: str) -> np.ndarray:
    """The pixels of a PNG that an address holds."""
    kind, _, content = address.partition(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGBA")).astype(int)


def bundle_of(widget) -> dict:
    """What a cell's output keeps of a widget."""
    bundle = widget._repr_mimebundle_()
    return bundle[0] if isinstance(bundle, tuple) else bundle


def lens_of(weights: torch.Tensor, **more) -> RoutingLens:
    return RoutingLens(SoftRouting(weights, weights.flip(1)), **more)


def sparse_lens() -> RoutingLens:
    """Two images of four tokens in one group; most weights are 0, so that only the others are packed."""
    token = torch.tensor([[[0, 4, -1], [5, 2, 1], [3, -1, -1]]])
    gate = torch.tensor([[[0.5, 0.25, 0.0], [0.75, 1.0, 0.125], [0.875, 0.0, 0.0]]])
    return RoutingLens(SparseRouting(token, gate, 8), torch.rand(2, 1, 8, 8), image_index=1)


def test_a_map_is_painted_in_viridis_from_the_least_to_the_most():
    """Cells are equal boxes of pixels; the ends of the scale have its first and its last colour."""
    picture = decoded(map_still(np.array([[0.0, 1.0, 0.5], [0.5, 0.5, -1.0]], np.float32)))
    high, wide, _ = picture.shape
    cells = picture.reshape(2, high // 2, 3, wide // 3, 4)

    assert min(high, wide) >= 100
    assert (cells == cells[:, :1, :, :1]).all()
    first, last = cells[1, 0, 2, 0], cells[0, 0, 1, 0]
    assert first.tolist() == [68, 1, 84, 255] and last.tolist() == [253, 231, 37, 255]
    assert (cells[0, 0, 2, 0] == cells[1, 0, 0, 0]).all()


def test_maps_stand_side_by_side_with_the_page_between():
    """Each by its own scale, and a map of zeros is all of the first colour; only the gap lets the page show."""
    picture = decoded(map_still(np.zeros((3, 3), np.float32), np.eye(5, dtype=np.float32), least=0))
    clear, picture = picture[..., 3] == 0, picture[..., :3]

    gap = np.flatnonzero(clear.all(0)).tolist()
    assert len(gap) == 12 and gap == list(range(gap[0], gap[-1] + 1))
    assert clear.sum() == 12 * len(picture)
    assert (picture[: 3 * 80, : gap[0]] == [68, 1, 84]).all()
    assert (picture[0, -1] == [68, 1, 84]).all() and (picture[0, gap[-1] + 1] == [253, 231, 37]).all()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_do_not_spoil_a_map(odd):
    """The others keep their scale."""
    picture = decoded(map_still(np.array([[0.0, odd, 1.0]], np.float32)))
    assert picture[0, 0].tolist() == [68, 1, 84, 255] and picture[0, -1].tolist() == [253, 231, 37, 255]


def test_a_large_map_keeps_its_largest_cells():
    """One weight among a million is still seen, and the picture is small."""
    weights = np.zeros((1024, 700), np.float32)
    weights[1000, 333] = 1
    address = map_still(weights)
    picture = decoded(address)

    assert max(picture.shape) <= 256 and len(address) < 3000
    assert ((picture == [253, 231, 37, 255]).all(-1)).sum() == 1


def test_a_curve_goes_through_its_points():
    """From left to right and from below up, with a mark on the one that was asked for."""
    address = curve_still([(0.5, 1.0), (1.0, 0.25), (2.0, 0.0)], (1.0, 0.25), "factor", "lost")
    root = ElementTree.fromstring(base64.b64decode(address.partition(",")[2]))
    line = root.find("{*}polyline").get("points")
    circle = root.find("{*}circle")

    assert line == "129.0,20.0 214.0,147.5 384.0,190.0"
    assert (circle.get("cx"), circle.get("cy")) == ("214.0", "147.5")
    assert {"25.0%", "100 %", "factor", "lost"} <= {each.text for each in root.iter() if each.text}


def test_the_lens_shows_the_weights_of_its_image():
    """Of the view and the image that are set, whether all weights are packed or only those that are not 0."""
    weights = torch.rand(2, 4, 3, 2, generator=torch.Generator().manual_seed(0))
    dense = lens_of(weights, image_index=1, view="combine")
    sparse = sparse_lens()

    address, shown = dense.still()
    assert address == map_still(weights.flip(1)[1].flatten(1).numpy(), least=0)
    assert shown == "Combine of image 1: 4 tokens (rows) by 3 experts x 2 slots (columns)."
    own = np.zeros((4, 9), np.float32)
    own[[0, 1], [1, 3]] = 1  # tokens 4 and 5 of the group, in slot 1 of expert 0 and in slot 0 of expert 1
    assert "counts" in sparse._entries[0]
    assert sparse.still()[0] == map_still(own, least=0)


def test_the_explorers_show_what_they_hold():
    """The scores of the image, the layers' matrices, and the loss at the capacity factor."""
    logits = torch.randn(3, 6, 5, 2, generator=torch.Generator().manual_seed(0))
    scores = RouterExplorer(logits, image_index=2)
    causality = CausalityExplorer({"alone": lambda x: 2 * x, "sum": lambda x: x.cumsum(1)}, torch.randn(1, 5, 3))
    capacity = CapacityExplorer(6, tokens=44, capacity_factor=0.75)

    assert scores.still()[0] == map_still(logits[2].flatten(1).numpy())
    assert "alone, sum" in causality.still()[1]
    matrices = [each.sqrt().numpy() for each in causality.influences.values()]
    assert causality.still()[0] == map_still(*matrices, least=0)
    expected = float(expected_drop_curve(44, [1 / 6] * 6)[6])
    assert capacity.still()[1].endswith(f" by capacity factor: {expected:.1%} at 0.75.")
    many = CapacityExplorer(6, tokens=44, top_k=2, capacity_factor=0.5)
    lost = float(expected_drop_curve(44, [2 / 6] * 6)[many.capacity])
    assert (
        many.still()[1] == f"Expected choices without a slot of a uniform router by capacity factor: {lost:.1%} at 0.5."
    )


def bars_of(explorer: CostExplorer) -> tuple[list[list[tuple[str, float]]], list[str]]:
    """Each bar of a picture as its parts with their pixels, from above down, and all its words."""
    root = ElementTree.fromstring(base64.b64decode(explorer.still()[0].partition(",")[2]))
    pieces = [each for each in root.findall("{*}rect") if each.get("stroke") and each.get("height") != "13"]
    bars: dict[str, list[tuple[str, float]]] = {}
    for each in pieces:
        bars.setdefault(each.get("y"), []).append((each.find("{*}title").text, float(each.get("width"))))
    return list(bars.values()), [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("pinned", [{}, {"router": "experts choice", "num_experts": 3}])
def test_the_costs_are_bars_of_the_packages_numbers(pinned):
    """Each quantity has a bar of the layer and one of the pin or of a dense MLP, on one scale, cut into parts."""
    explorer = CostExplorer(tokens=7, dim=48, slots_per_expert=5, hidden_dim=96, batch=11, width=4, pinned=pinned)
    bars, words = bars_of(explorer)
    now = moe_cost(7, 48, 96, MoESizes(router="soft", num_experts=32, slots_per_expert=5))
    few = MoESizes(router="experts choice", num_experts=3, slots_per_expert=5)
    was = moe_cost(7, 48, 96, few) if pinned else mlp_cost(7, 48, 96)
    device = Device(100e12, 1000e9)
    read = [
        lambda part: part.parameters,
        lambda part: part.active,
        lambda part: part.macs,
        lambda part: part.bytes(11, 4),
        lambda part: part.seconds(device, 11, 4),
    ]
    expected = [[(part.name, quantity(part)) for part in cost] for quantity in read for cost in (now, was)]

    assert [[name for name, _ in bar] for bar in bars] == [[name for name, _ in bar] for bar in expected]
    for at in range(0, len(expected), 2):
        shown, numbers = bars[at : at + 2], expected[at : at + 2]
        most = max(sum(number for _, number in bar) for bar in numbers)
        pixels = [wide / 290 for bar in shown for _, wide in bar]
        assert pixels == pytest.approx([number / most for bar in numbers for _, number in bar], abs=2e-4)
    assert f"{was.whole.parameters:,}, {'the pin' if pinned else 'one dense MLP'}" in words
    assert f"{now.whole.macs / 1e6:.4g} M" in words
    assert f"parameters {now.whole.parameters:,};" in explorer.still()[1]


def test_a_dense_layer_is_compared_with_nothing():
    """One bar a quantity, and a sentence that names nothing beside it."""
    bars, words = bars_of(CostExplorer("dense", tokens=7))
    assert [[name for name, _ in bar] for bar in bars] == 5 * [["dense MLP"]]
    assert not any("one dense MLP" in each for each in words)
    assert CostExplorer("dense").still()[1].startswith("What the layer costs, part by part: parameters 1.182 M; ")


@pytest.mark.parametrize(
    "make",
    [
        lambda: CostExplorer(tokens=7),
        lambda: CapacityExplorer(7),
        lambda: sparse_lens(),
        lambda: lens_of(torch.rand(1, 196, 16, 8)),
        lambda: RouterExplorer(torch.randn(3, 196, 16, 8)),
        lambda: CausalityExplorer(lambda x: x.cumsum(1), torch.randn(1, 256, 3)),
    ],
    ids=["cost", "capacity", "sparse", "lens", "router", "causality"],
)
def test_an_output_holds_a_small_twin(make):
    """Beside the view, in less than 60 kB, and made in no time."""
    widget = make()
    bundle = bundle_of(widget)

    assert set(bundle) == {"text/plain", VIEW, "text/html"}
    assert len(json.dumps(bundle)) < 60_000
    assert f'<div class="{MARK}">' in bundle["text/html"]
    assert (PICTURE in bundle["text/html"]) == ("<img" in bundle["text/html"]) != (WORDS in bundle["text/html"])


def test_a_twin_shows_names_as_they_are_written():
    """Markup in a layer's name stays text, in the description and in what the picture shows."""
    odd = '<img src=x onerror="alert(1)">'
    html = bundle_of(CausalityExplorer({odd: lambda x: x}, torch.randn(1, 3, 2)))["text/html"]
    assert "<img src=x" not in html and html.count("&lt;img src=x") >= 2
    assert twin_of('a "b" <c>').count("&lt;c&gt;") == 1


def test_a_page_of_nbconvert_shows_the_twin():
    """Of a notebook without the state of its widgets; the view that it cannot show is left out."""
    widget = CapacityExplorer(7)
    output = nbformat.v4.new_output("display_data", bundle_of(widget))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("CapacityExplorer(7)", outputs=[output])])
    page, _ = HTMLExporter().from_notebook_node(notebook)

    assert PICTURE in page
    assert re.search(r'<img[^>]+src="data:image/svg\+xml;base64,', page)
    assert widget.model_id not in page
