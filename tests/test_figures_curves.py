import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt

from softmoe_edu import figures

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def nothing_stays():
    """A test's figures end with it."""
    yield
    plt.close("all")


RUNS = {
    "soft": [{"step": [0, 10, 20], "loss": [4.0, 2.0, 1.0]}, {"step": [0, 10, 20], "loss": [6.0, 4.0, 2.0]}],
    "dense": [{"step": np.array([0, 10]), "loss": np.array([5.0, 3.0])}],
}


def test_training_curves():
    """Lines are means over runs with their own marks; legend and description say what the band is and who has none."""
    ax = figures.training_curves(RUNS, y="loss")

    assert [line.get_ydata().tolist() for line in ax.lines] == [[5, 3, 1.5], [5, 3]]
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["soft (2 runs)", "dense (1 run, no band)"]
    assert len({line.get_marker() for line in ax.lines}) == 2
    assert ax.get_ylabel() == "loss (nats)"
    assert legend.get_title().get_text() == "line: mean; band: smallest to largest run"
    assert figures.alt_text(ax) == (
        "Loss over step: soft ends at 1.5 (2 runs, 1 to 2) at step 20; dense ends at 3 (1 run, no band) at step 10. "
        "Band: smallest to largest run."
    )


@pytest.mark.parametrize("band, reach", [("range", (3, 6)), ("error", (4 - 1, 4 + 1))])
def test_bands(band, reach):
    """Of 3, 3 and 6 the range is 3 to 6, and the mean 4 has a standard error of sqrt(3) / sqrt(3) = 1."""
    runs = [{"step": [0, 1], "loss": [value, value]} for value in (3.0, 3.0, 6.0)]

    (area,) = figures.training_curves({"a": runs}, y="loss", band=band).collections

    heights = area.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx(reach)


def test_curves_use_the_steps_that_all_runs_have():
    """A run that stopped early shortens the line, and order does not matter."""
    runs = [{"step": [1, 8, 20], "loss": [1.0, 2.0, 3.0]}, {"step": [8, 1], "loss": [4.0, 5.0]}]

    (line,) = figures.training_curves({"a": runs}, y="loss").lines

    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([1, 8], [3, 3])
