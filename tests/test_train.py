"""The loop: what a run logs, repeats, refuses, and leaves alone. Stopping and going on: test_resume.py."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import Dataset
from toy import DATA, TEST, Toy, parameters, run, toy_data, toy_model

from softmoe_edu.data import Images
from softmoe_edu.routing import SparseRouting
from softmoe_edu.training import parameter_groups
from softmoe_edu.training.batches import batch_indices
from softmoe_edu.training.history import History
from softmoe_edu.training.loop import learning_rate_at


def timeless(history):
    """What a history logged but the seconds, as text, in which NaN equals NaN."""
    return repr([{k: v for k, v in row.items() if k != "seconds"} for row in history.rows] + history.test_rows)


def test_training_learns():
    """The loss falls far, and the test accuracy passes 80 % where chance is 35 %."""
    _, history = run(test=TEST, steps=150, learning_rate=0.02)
    loss = history.columns["loss"]
    assert loss[:10].mean() > 0.9 and loss[-10:].mean() < 0.5
    assert history.test_accuracy > 0.8


def test_one_step_by_hand():
    """A step is AdamW's on the clipped gradient of cross entropy plus auxiliary loss, at the first rate."""
    model, data = toy_model(routed=False), toy_data(8)
    model.drop.p = 0.0
    twin = toy_model(routed=False)
    twin.drop.p = 0.0
    _, history = run(model, data, steps=1, learning_rate=0.01, weight_decay=0.1, clip_norm=0.5, warmup=0.0)

    index = batch_indices(8, 8, 0, 0)
    loss = F.cross_entropy(twin(data.images[index]), data.labels[index])
    loss.backward()
    nn.utils.clip_grad_norm_(twin.parameters(), 0.5)
    kernels = {"embed.weight", "head.weight"}
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for name, p in twin.named_parameters() if name in kernels], "weight_decay": 0.1},
            {"params": [p for name, p in twin.named_parameters() if name not in kernels], "weight_decay": 0.0},
        ],
        lr=0.01,
    )
    optimizer.step()
    torch.testing.assert_close(parameters(model), parameters(twin), atol=1e-7, rtol=1e-6)
    assert history.rows[0]["loss"] == pytest.approx(loss.item())


def test_history_logs_every_step():
    """One row per step, numbered from 1; rates follow the schedule; half of four tokens is dropped."""
    _, history = run(test=TEST, steps=10, evaluate_every=4)
    assert list(history.columns) == ["step", "loss", "auxiliary", "accuracy", "learning_rate", "dropped", "seconds"]
    assert history.columns["step"].tolist() == list(range(1, 11))
    assert history.columns["learning_rate"].tolist() == [learning_rate_at(i, 10, 4e-3) for i in range(10)]
    assert history.columns["dropped"].tolist() == [0.5] * 10
    assert history.columns["auxiliary"].tolist() == [0.0] * 10
    assert all(0 < seconds < 60 for seconds in history.columns["seconds"])
    assert history.test_columns["step"].tolist() == [4, 8, 10]
    assert [row["dropped"] for row in history.test_rows] == [0.5] * 3
    assert history.rows[3] == {name: values[3] for name, values in history.columns.items()}
    assert (history.steps_done, history.interrupted) == (10, False)


def test_without_a_router_nothing_counts_as_dropped():
    """Dropped is NaN, not 0, where nothing is routed."""
    _, history = run(toy_model(routed=False), test=TEST)
    assert all(math.isnan(value) for value in [*history.columns["dropped"], *history.test_columns["dropped"]])


def test_dropped_is_the_mean_over_layers():
    """A layer that drops half and one that drops nothing give a quarter."""

    class Everyone(nn.Module):
        def forward(self, x):
            token = torch.arange(4).expand(len(x), 1, 4)
            return SparseRouting(token, torch.ones(len(x), 1, 4), 4)

    class Two(Toy):
        def __init__(self):
            super().__init__()
            self.second = Everyone()

        def forward(self, images):
            self.second(self.embed(images).flatten(2).mT)
            return super().forward(images)

    _, history = run(Two(), steps=1)
    assert history.columns["dropped"].tolist() == [0.25]


def test_rate_rises_stays_and_falls():
    """Warm-up over 5 % of 100 steps, the peak until the half, then down to a step before 0."""
    rates = [learning_rate_at(step, 100, 2.0) for step in range(100)]
    assert rates[:6] == pytest.approx([0.4, 0.8, 1.2, 1.6, 2.0, 2.0])
    assert rates[50] == 2.0
    assert rates[75] == pytest.approx(1.0)
    assert rates[99] == pytest.approx(0.04)
    assert learning_rate_at(0, 100, 2.0, warmup=0.0) == 2.0


def test_only_kernels_decay():
    """Phi, position, biases of layers and of stacked experts, norms and scale do not decay."""
    model = nn.Module()
    for name in ("w_in", "w_gate", "weight", "phi", "position", "b_in", "b_out"):
        setattr(model, name, nn.Parameter(torch.zeros(2, 3)))
    model.scale, model.bias, model.frozen = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.zeros(3)), None
    kernels, rest = parameter_groups(model, 0.3)
    assert [p is q for p, q in zip(kernels["params"], (model.w_in, model.w_gate, model.weight), strict=True)] == [
        True
    ] * 3
    assert (kernels["weight_decay"], rest["weight_decay"], len(rest["params"])) == (0.3, 0.0, 6)


def test_frozen_parameters_stay():
    """A parameter without gradient is neither changed nor decayed."""
    model = toy_model()
    model.embed.weight.requires_grad_(False)
    before = model.embed.weight.clone()
    run(model)
    assert torch.equal(model.embed.weight, before)


def test_auxiliary_loss_is_added_and_logged():
    """The auxiliary function gets the routings by name with their graph, and trains what it looks at."""
    names = []

    def pull(routings):
        names.append(list(routings))
        return 5.0 * sum(r.logits.square().mean() for r in routings.values())

    model, history = run(auxiliary=pull, steps=30, learning_rate=0.02)
    plain, _ = run(steps=30, learning_rate=0.02)
    assert names == [["layer.router"]] * 30
    assert history.columns["auxiliary"][0] > history.columns["auxiliary"][-1] > 0
    assert model.layer.router.w_gate.norm() < plain.layer.router.w_gate.norm()


def test_two_runs_are_equal_bit_for_bit():
    """Same model, data and seed: same figures and parameters, whatever the global generator's state; seeds differ."""
    torch.manual_seed(1)
    first, log = run(test=TEST, seed=3)
    torch.manual_seed(2)
    again, again_log = run(test=TEST, seed=3)
    other, _ = run(test=TEST, seed=4)
    assert torch.equal(parameters(first), parameters(again))
    assert timeless(log) == timeless(again_log)
    assert not torch.equal(parameters(first), parameters(other))


def test_looking_changes_nothing():
    """Evaluations and snapshots do not change what is learned."""
    plain, _ = run()
    looked, _ = run(test=TEST, evaluate_every=1, snapshot_at=(0, 2, -1))
    assert torch.equal(parameters(plain), parameters(looked))


@pytest.mark.slow
def test_the_world_is_left_as_it_was():
    """Global random state, threads, gradient mode, module modes and gradients are as before; with an error, too."""
    model = toy_model()
    model.norm.eval()
    torch.manual_seed(5)
    state = torch.get_rng_state()
    threads = torch.get_num_threads()
    with torch.no_grad():
        run(model, test=TEST, threads=threads + 1, snapshot_at=(0,))
        assert not torch.is_grad_enabled()
        with pytest.raises(RuntimeError, match="broken"):
            run(model, Broken(), threads=threads + 1)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert model.training and not model.norm.training
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
def test_training_needs_no_gradients_switched_on(off):
    """Inside a block without gradients, or without autograd, a run learns what it learns outside."""
    model = toy_model()
    with off():
        run(model)
    assert torch.equal(parameters(model), parameters(run()[0]))


def test_threads_are_used():
    """The step runs on as many threads as asked for."""
    seen = []
    model = toy_model()
    model.register_forward_hook(lambda *_: seen.append(torch.get_num_threads()))
    run(model, steps=1, threads=2)
    assert seen == [2]


class Broken(Dataset):
    """Fails after the first 20 items that are read."""

    def __init__(self):
        self.read = 0

    def __len__(self):
        return 40

    def __getitem__(self, i):
        self.read += 1
        if self.read > 28:
            raise RuntimeError("broken disk")
        return DATA[i]


def test_any_error_carries_the_history():
    """What was logged before an error in the data is on the error."""
    with pytest.raises(RuntimeError, match="broken disk") as caught:
        run(data=Broken())
    assert caught.value.history.steps_done == 2


def test_batches_are_full_and_cover_the_data():
    """A pass has no image twice, passes differ, and no two seeds agree."""
    size, batch = 40, 8
    passes = [torch.cat([batch_indices(size, batch, 0, 5 * i + step) for step in range(5)]) for i in range(7)]
    assert all(order.sort().values.tolist() == list(range(40)) for order in passes)
    assert len({tuple(order.tolist()) for order in passes}) == 7
    assert not torch.equal(batch_indices(size, batch, 1, 0), passes[0][:8])
    assert all(len(batch_indices(11, 4, 0, step)) == 4 for step in range(9))


class Plain(Dataset):
    """A map-style data set as users write them; each image gets noise of its own."""

    def __init__(self, noise=0.0):
        self.noise = noise

    def __len__(self):
        return len(DATA)

    def __getitem__(self, i):
        image, label = DATA[i]
        return (image + self.noise * torch.randn(image.shape) if self.noise else image), label


def test_any_map_style_data_set_trains():
    """A data set of items trains as Images do, and its random augmentation is a function of the seed."""
    images, log = run(test=DATA)
    plain, plain_log = run(data=Plain(), test=Plain())
    assert torch.equal(parameters(images), parameters(plain)) and timeless(log) == timeless(plain_log)
    noisy, again = (run(data=Plain(noise=1.0))[0] for _ in range(2))
    assert torch.equal(parameters(noisy), parameters(again))
    assert not torch.equal(parameters(noisy), parameters(plain))


def test_a_subclass_of_images_reads_its_own_items():
    """What `__getitem__` of a subclass does to an image is seen by training and evaluation."""

    class Darker(Images):
        def __getitem__(self, i):
            image, label = super().__getitem__(i)
            return image - 5, label

    darker = Darker(DATA.images, DATA.labels, num_classes=3, patch_size=2)
    by_hand = Images(DATA.images - 5, DATA.labels, num_classes=3, patch_size=2)
    (first, log), (second, by_hand_log) = (run(data=data, test=data) for data in (darker, by_hand))

    assert torch.equal(parameters(first), parameters(second)) and timeless(log) == timeless(by_hand_log)


def test_progress_shows_loss_accuracy_and_drops(capsys):
    """The bar names what is shown; without a router no drops; progress=False is silent."""
    run(progress=True)
    shown = capsys.readouterr().err
    assert "6/6" in shown and "loss=" in shown and "accuracy=" in shown and "dropped=50%" in shown
    run(toy_model(routed=False), progress=True)
    assert "dropped" not in capsys.readouterr().err
    run()
    assert capsys.readouterr() == ("", "")


def test_repr_of_a_history():
    """The repr tells how far the run is and what came out."""
    _, history = run(test=TEST, snapshot_at=(0,))
    loss, right = history.columns["loss"][-1], 100 * history.test_accuracy
    assert repr(history) == f"History(6 of 6 steps; loss {loss:.3f}; test accuracy {right:.1f} %; snapshots at 0)"
    assert repr(History({"steps": 9})) == "History(0 of 9 steps)"
    assert math.isnan(History({}).test_accuracy)
