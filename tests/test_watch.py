"""A watch notes what routers do while a model trains, in numbers that can be checked by hand."""

import math

import pytest
import torch

from softmoe_edu import Experts, MoE, SoftRouter, TokensChoiceRouter, ViT, figures, record
from softmoe_edu.data import digits
from softmoe_edu.routers.tokens_choice import assign_tokens
from softmoe_edu.routing import SparseRouting
from softmoe_edu.training import train
from softmoe_edu.watch import RoutingWatch


def routing_of(choices, experts, capacity, mask=None):
    """Return a top-1 routing of one group in which each token asks for the expert that is given, with gate 0.5."""
    choices = torch.tensor(choices)[None, :, None]
    token, gate = assign_tokens(choices, torch.full(choices.shape, 0.5), experts, capacity, mask=mask)
    return SparseRouting(token, gate, num_tokens=choices.shape[1], mask=mask)


def test_the_numbers_are_those_of_a_hand_count():
    """Seven tokens, four experts with two slots: 4, 2, 1 and 0 ask, 2, 2, 1 and 0 get in, and two are dropped."""
    watch = RoutingWatch()
    watch.see(1, {"one": routing_of([0, 0, 0, 0, 1, 1, 2], 4, 2)})

    seen = {name: values[0] for name, values in watch.layers["one"].items()}
    shares = [2 / 5, 2 / 5, 1 / 5]
    assert seen["step"] == 1
    assert seen["busiest"] == pytest.approx(2 / (5 / 4))
    assert seen["idle"] == pytest.approx(1 / 4)
    assert seen["dropped"] == pytest.approx(2 / 7)
    assert seen["entropy"] == pytest.approx(-sum(share * math.log(share) for share in shares) / math.log(4))
    assert str(watch) == "busiest expert 1.6 × the mean, 29 % dropped, entropy 0.76"


def test_the_line_speaks_of_the_worst_layer():
    """The busiest expert of all layers, the mean of what is dropped, the lowest entropy; a layer with one is even."""
    watch = RoutingWatch()
    watch.see(1, {"even": routing_of([0, 1, 2], 3, 1), "uneven": routing_of([0, 0, 0], 3, 2)})
    watch.see(2, {"single": routing_of([0, 0], 1, 2)})

    assert str(watch).startswith("busiest expert 3 × the mean, 11 % dropped, entropy 0.00")
    assert watch.layers["single"]["entropy"] == [1.0]


def test_padding_alone_has_no_numbers():
    """They are NaN, and no warning is printed."""
    watch = RoutingWatch()
    watch.see(1, {"one": routing_of([0, 1, 0], 2, 3, mask=torch.zeros(1, 3, dtype=torch.bool))})

    assert all(math.isnan(watch.layers["one"][name][0]) for name in ("busiest", "idle", "dropped", "entropy"))


def small():
    """Return a model with a sparse and a Soft MoE layer."""
    torch.manual_seed(0)
    makers = iter([TokensChoiceRouter(12, 3, noise_std=0.5), SoftRouter(12, 5)])

    def layer(dim):
        router = next(makers)
        return MoE(router, Experts(dim, 5 if isinstance(router, SoftRouter) else 3, 7))

    return ViT(dim=12, hidden_dim=16, moe_layers=(1, 2), moe=layer)


def test_train_fills_a_watch_and_is_not_changed_by_it(capsys):
    """It looks at steps 1, 3 and 6 of 7; the bar shows it; the model is bit for bit what it is without."""
    data, watch = digits()[0], RoutingWatch(3)
    watched, plain = small(), small()
    train(watched, data, steps=7, batch_size=8, watch=watch)
    shown = capsys.readouterr().err
    train(plain, data, steps=7, batch_size=8, progress=False)

    assert [columns["step"] for columns in watch.layers.values()] == [[1, 3, 6]] * 2
    assert watch.layers["blocks.2.mlp.router"]["busiest"] == pytest.approx([1, 1, 1])  # slots of Soft MoE weigh alike
    assert str(watch) in shown
    for a, b in zip(watched.parameters(), plain.parameters(), strict=True):
        assert torch.equal(a, b)


def test_numbers_equal_what_is_recorded():
    """The last look is at the last batch's routing, taken before its step."""
    data, watch = digits()[0], RoutingWatch(1)
    model = small()
    with record(model.eval()) as seen:
        model(data.images[:8])
    watch.see(4, seen)
    routing = seen["blocks.1.mlp.router"]
    load = [int((routing.token[:, expert] >= 0).sum()) for expert in range(3)]

    assert watch.layers["blocks.1.mlp.router"]["busiest"][0] == pytest.approx(max(load) / (sum(load) / 3))


@pytest.mark.parametrize("layers", [1, 3, 11])
def test_the_figure_has_its_numbers(layers):
    """Three panels with names and units; each line is a layer's; the description gives the ends."""
    one = {"step": [1, 10], "busiest": [3.0, 2.0], "dropped": [0.5, 0.25], "entropy": [0.5, 0.75]}
    given = {f"layer {i}": {**one, "dropped": [0.5, 0.25 + i / 100]} for i in range(layers)}
    axes = figures.routing_watch(given)

    assert [ax.get_ylabel() for ax in axes[0]] == [
        "load over the mean load (1: even)",
        "% of tokens",
        "entropy over its maximum (1: even)",
    ]
    dropped = [line.get_ydata()[-1] for line in axes[0, 1].lines]
    assert dropped == pytest.approx([25 + i for i in range(layers)])
    assert f"busiest expert at the end 2 to 2; dropped tokens at the end 25 to {24 + layers}" in figures.alt_text(axes)
    named = [text.get_text() for text in axes[0, 0].get_legend().get_texts()]
    assert named == (list(given) if layers <= 8 else ["layer 0", "layer 5", "layer 10"])


def test_bad_input_is_refused():
    """No layers, a missing column, and no whole number of steps."""
    with pytest.raises(ValueError, match="one layer or more, got none"):
        figures.routing_watch({})
    with pytest.raises(ValueError, match="layer 'a' lacks dropped, entropy"):
        figures.routing_watch({"a": {"step": [1], "busiest": [1]}})
    with pytest.raises(ValueError, match="every must be at least 1"):
        RoutingWatch(0)
