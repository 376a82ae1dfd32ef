"""One palette for figures and widgets."""

from pathlib import Path

import matplotlib
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from test_architecture import load

from softmoe_edu import figures, palette
from softmoe_edu.figures.style import contrast
from softmoe_edu.routing import SoftRouting

matplotlib.use("agg")
ROOT = Path(__file__).resolve().parents[1]
written = load(ROOT / "js" / "palette.py")


def test_the_module_of_the_widgets_is_up_to_date(monkeypatch, tmp_path):
    """js/shared/palette.js holds the numbers of palette.py; --check reports one that does not."""
    assert written.MODULE.read_text(encoding="utf-8") == written.module()
    assert str([int(palette.EXPERTS[1][i : i + 2], 16) for i in (1, 3, 5)]) == "[255, 169, 14]"
    assert all(colour in written.module() for colour in palette.EXPERTS)

    monkeypatch.setattr(written, "MODULE", tmp_path / "palette.js")
    with pytest.raises(SystemExit, match=r"run python js/palette\.py"):
        written.main(["--check"])
    written.main([])
    written.main(["--check"])


def test_the_palette_is_that_of_matplotlib():
    """The ramp is viridis at nine even steps, within one level of each colour; experts are the first of petroff10."""
    ramp = matplotlib.colormaps[palette.WEIGHTS]
    for i, colour in enumerate(palette.RAMP):
        exact = [round(255 * channel) for channel in ramp(i / 8)[:3]]
        assert written.rgb(colour) == pytest.approx(exact, abs=1)
    assert list(palette.EXPERTS) == [to_hex(colour) for colour in matplotlib.color_sequences["petroff10"][:8]]


def test_figures_paint_weights_like_widgets():
    """Maps of dispatch and combine, alone and side by side, and slots over an image have the palette's colour map."""
    weights = torch.full((1, 4, 2, 3), 0.25)
    routing = SoftRouting(weights, weights)
    drawn = [
        figures.dispatch_map(routing),
        figures.combine_map(routing),
        *figures.compare_routers({"a": routing})[0, :2],
        *figures.slot_views(routing, torch.rand(1, 6, 6)).flat,
    ]
    maps = [image for ax in drawn for image in ax.images]
    plt.close("all")

    assert len(maps) == 2 + 2 + 6
    assert {image.get_cmap().name for image in maps} == {palette.WEIGHTS}


def test_every_colour_has_one_that_stands_out_from_a_dark_page():
    """3:1 or more; a colour that already stands out is not replaced."""
    page = palette.DARK["page"]
    for colour in palette.EXPERTS:
        assert contrast(palette.ON_DARK.get(colour, colour), page) >= 3, colour
    assert all(contrast(colour, page) < 4.5 for colour in palette.ON_DARK)
