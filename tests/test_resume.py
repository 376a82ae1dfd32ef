"""Stopping and going on: whatever ends a run early, what is resumed ends as if nothing had happened."""

import errno
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset
from toy import parameters, toy_data, toy_model

from softmoe_edu import Experts, MoE, SoftRouter, ViT, data
from softmoe_edu.training import loop as loop_module
from softmoe_edu.training import train
from softmoe_edu.training.checkpoint import load_checkpoint

DATA, TEST = toy_data(40), toy_data(23, seed=1)
SETTINGS = {
    "steps": 8,
    "batch_size": 8,
    "seed": 2,
    "evaluate_every": 3,
    "snapshot_at": (0, 4, -1),
    "progress": False,
}


@pytest.fixture(autouse=True)
def sigint():
    """Ctrl-C raises KeyboardInterrupt, also where the tests were started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def run(model=None, data=DATA, test=TEST, **arguments):
    """Train a Toy by SETTINGS, and give it with its history."""
    model = model or toy_model()
    return model, train(model, data, test, **SETTINGS | arguments)


def everything(model, history):
    """All that a run leaves but its seconds: parameters, figures and snapshots, as comparable text and bytes."""
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in history.rows]
    snapshots = {
        step: {name: (r.token.tolist(), r.gate.numpy().tobytes(), repr(r)) for name, r in routings.items()}
        for step, routings in history.snapshots.items()
    }
    return parameters(model).numpy().tobytes(), repr(rows), repr(history.test_rows), snapshots


@pytest.fixture(scope="module")
def whole():
    """What an uninterrupted run leaves."""
    return everything(*run())


def interrupted_at(step, place="model", signals=1):
    """A model to which Ctrl-C comes in the given training step (from 1), before its forward or its backward pass."""
    model, calls = toy_model(), []

    def stop(*_):
        if model.training:
            calls.append(None)
            if len(calls) == step:
                for _ in range(signals):
                    signal.raise_signal(signal.SIGINT)

    if place == "model":
        model.register_forward_pre_hook(stop)
    else:
        model.head.register_full_backward_hook(stop)
    return model


@pytest.mark.parametrize("place", ["model", "backward"])
@pytest.mark.parametrize("step", [1, 3, 8])
def test_an_interrupted_run_goes_on_in_memory(whole, step, place):
    """Ctrl-C lets the step finish; resume=history ends as the uninterrupted run, and a second time, too."""
    model, history = run(interrupted_at(step, place))
    assert history.interrupted and history.steps_done == step
    assert "interrupted" in repr(history)
    before = everything(model, history)
    for _ in range(2):
        fresh = toy_model(seed=9)
        assert everything(*run(fresh, resume=history)) == whole
    assert everything(model, history) == before
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    _, finished = run(model, resume=history)
    assert not finished.interrupted
    assert everything(model, finished) == whole


def test_the_notebooks_own_handler_comes_back():
    """The handler of SIGINT is the one from before, after an end, an interruption and an error."""
    mine = lambda *_: None  # noqa: E731
    before = signal.signal(signal.SIGINT, mine)
    try:
        for model in (toy_model(), interrupted_at(2), interrupted_at(2, signals=2)):
            try:
                run(model)
            except KeyboardInterrupt:
                pass
            assert signal.getsignal(signal.SIGINT) is mine
        with pytest.raises(RuntimeError):
            run(data=Failing(RuntimeError, 2))
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("place", ["model", "backward"])
def test_a_second_signal_stops_at_once(whole, tmp_path, place):
    """The second Ctrl-C raises KeyboardInterrupt from inside the step, which then has not happened."""
    path = tmp_path / "run.pt"
    model = interrupted_at(3, place, signals=2)
    with pytest.raises(KeyboardInterrupt) as caught:
        run(model, checkpoint=path)
    history = caught.value.history
    assert (history.steps_done, history.interrupted) == (2, True)
    assert all(p.grad is None for p in model.parameters())
    for source in (history, path):
        assert everything(*run(toy_model(seed=9), resume=source)) == whole
    # Buffers, too, are as before the step: the model itself goes on without being put back.
    model._forward_pre_hooks.clear()
    twin = toy_model()
    _, two = run(interrupted_at(2))
    twin.load_state_dict(two.state["model"])
    assert torch.equal(parameters(model), parameters(twin))


def test_a_second_signal_waits_for_the_optimizer():
    """Ctrl-C twice during the update raises KeyboardInterrupt only after the update is whole and logged."""
    model, clean = toy_model(), toy_model()
    original = torch.optim.AdamW.step
    calls = []

    def step(self, *arguments, **keywords):
        calls.append(None)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return original(self, *arguments, **keywords)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", step)
        with pytest.raises(KeyboardInterrupt) as caught:
            run(model)
    assert caught.value.history.steps_done == 2
    _, two = run(interrupted_at(2))
    clean.load_state_dict(two.state["model"])
    assert torch.equal(parameters(model), parameters(clean))


class Failing(Dataset):
    """The toy data, which raises in the middle of reading the batch of a step."""

    def __init__(self, error, step):
        self.error, self.left = error, 12 + 8 * (step - 1) + 4

    def __len__(self):
        return len(DATA)

    def __getitem__(self, i):
        self.left -= 1
        if self.left < 0:
            raise self.error
        return DATA[i]


def test_an_interrupt_raised_by_the_data_returns_cleanly(whole):
    """A KeyboardInterrupt from inside the data set ends the run before that step, without an error."""
    _, history = run(data=Failing(KeyboardInterrupt, 4))
    assert (history.steps_done, history.interrupted) == (3, True)
    assert everything(*run(toy_model(seed=9), resume=history)) == whole


def test_an_interrupt_during_an_evaluation_is_repeated_after_it(whole):
    """An evaluation that was broken off is not logged, and is made up for."""
    model, calls = toy_model(), []

    def stop(*_):
        calls.append(model.training)
        if calls.count(False) == 4:
            raise KeyboardInterrupt

    handle = model.register_forward_pre_hook(stop)
    _, history = run(model)
    handle.remove()
    assert history.interrupted
    assert (history.steps_done, history.test_columns["step"].tolist()) == (6, [3])
    assert model.training
    assert everything(*run(model, resume=history)) == whole


def test_a_run_in_another_thread_touches_no_signal():
    """Outside the main thread, where Python allows no handler, training works."""
    results = []
    thread = threading.Thread(target=lambda: results.append(run()[1]))
    thread.start()
    thread.join()
    assert results[0].steps_done == 8


@pytest.mark.slow
def test_a_checkpoint_goes_on_in_another_process(whole, tmp_path):
    """A killed process leaves its last checkpoint; resumed here it ends as the uninterrupted run."""
    path, copy = tmp_path / "run.pt", tmp_path / "copy.pt"
    code = """
import os, sys
sys.path[:0] = sys.argv[2:]
import torch
torch.set_num_threads(1)
from test_resume import *
model, calls = toy_model(), []
def die(*_):
    calls.append(model.training)
    if sum(calls) == 6:
        os._exit(9)
model.register_forward_pre_hook(die)
run(model, checkpoint=sys.argv[1], checkpoint_every=2)
"""
    folder = os.path.dirname(__file__)
    done = subprocess.run([sys.executable, "-c", code, str(path), folder, os.path.dirname(folder)], check=False)
    assert done.returncode == 9
    assert load_checkpoint(path).steps_done == 4
    copy.write_bytes(path.read_bytes())
    assert everything(*run(toy_model(seed=9), resume=path)) == whole
    assert everything(*run(toy_model(seed=9), checkpoint=copy, checkpoint_every=2, resume=True)) == whole
    # The finished file gives the trained model and its history back without a step.
    assert everything(*run(toy_model(seed=9), resume=copy)) == whole


def test_resume_true_begins_without_a_file(whole, tmp_path):
    """A notebook's cell with resume=True is the same on the first and on every further run."""
    path = tmp_path / "run.pt"
    for _ in range(2):
        assert everything(*run(toy_model(), checkpoint=path, resume=True)) == whole


@pytest.mark.parametrize(
    "changed",
    [
        {"steps": 9, "snapshot_at": (0, 4, 8)},
        {"seed": 3},
        {"batch_size": 4},
        {"learning_rate": 0.1},
        {"weight_decay": 0.0},
        {"warmup": 0.1},
        {"clip_norm": None},
        {"evaluate_every": 2},
        {"snapshot_at": (0,)},
        {"auxiliary": lambda routings: torch.tensor(0.0)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_other_settings_are_not_resumed(changed):
    """The error names the setting, what it is and what it was; neither model nor history is touched."""
    model, history = run(interrupted_at(2))
    before = everything(model, history)
    name = next(iter(changed))
    with pytest.raises(ValueError, match=f"resumed with the settings that it began with, got {name}="):
        run(model, resume=history, **changed)
    assert everything(model, history) == before


def test_other_data_or_another_model_is_not_resumed():
    """Data with other labels and a model of another shape are told apart."""
    _, history = run(interrupted_at(2))
    with pytest.raises(ValueError, match=r"got train_data='40 images \(1, 4, 4\) with labels"):
        run(data=toy_data(40, seed=5), resume=history)
    with pytest.raises(ValueError, match=r"with the model that it began with, got layer.router.w_gate of shape None"):
        run(toy_model(routed=False), resume=history)


def test_resume_asks_for_what_it_needs(tmp_path):
    """resume=True without a file name, a path without a file, and a history without a state have their sentences."""
    with pytest.raises(ValueError, match="resume=True needs to know the file: pass checkpoint=path"):
        run(resume=True)
    with pytest.raises(FileNotFoundError, match=r"checkpoint must be a file, got .*nothing.pt', which does not exist"):
        run(resume=tmp_path / "nothing.pt")
    _, history = run(interrupted_at(2))
    history.state = {}
    with pytest.raises(ValueError, match="got one without a state: start a new run"):
        run(resume=history)


@pytest.mark.parametrize("kind", [SystemExit, GeneratorExit, MemoryError])
def test_whatever_is_raised_carries_the_history(whole, kind):
    """An exit inside the data is no ordinary exception, and takes the run along all the same."""
    with pytest.raises(kind) as caught:
        run(data=Failing(kind("out"), 4))
    assert caught.value.history.steps_done == 3
    assert everything(*run(toy_model(seed=9), resume=caught.value.history)) == whole


def test_a_full_disk_after_an_interruption_loses_no_history(whole, tmp_path, monkeypatch):
    """The second Ctrl-C writes the checkpoint; where it cannot be written, that error carries the run."""

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        run(interrupted_at(3, signals=2), checkpoint=tmp_path / "run.pt")
    assert caught.value.history.steps_done == 2
    assert list(tmp_path.iterdir()) == []
    assert everything(*run(toy_model(seed=9), resume=caught.value.history)) == whole


def test_a_state_that_cannot_be_copied_is_not_the_one_of_fewer_steps(tmp_path, monkeypatch):
    """When the copy of the state fails at the end, the error is told, and the history goes on from no older one."""
    copied = loop_module.copy.deepcopy
    calls = []

    def fail(value, *inside):
        calls.extend([] if inside else [None])
        if len(calls) > 2:
            raise RuntimeError("out of memory")
        return copied(value, *inside)

    with monkeypatch.context() as patch:
        patch.setattr(loop_module.copy, "deepcopy", fail)
        with pytest.raises(RuntimeError, match="out of memory") as caught:
            run(checkpoint=tmp_path / "run.pt", checkpoint_every=3)
    assert (caught.value.history.steps_done, caught.value.history.state) == (8, {})
    with pytest.raises(ValueError, match="got one without a state"):
        run(resume=caught.value.history)
    assert load_checkpoint(tmp_path / "run.pt").steps_done == 6


def test_columns_are_arrays():
    """Columns are NumPy arrays, ready to plot, and changing them changes no history."""
    _, history = run()
    column = history.columns["loss"]
    assert isinstance(column, np.ndarray)
    column[:] = 0
    assert history.columns["loss"].min() > 0


def test_a_scale_without_an_axis_is_taken_for_its_number():
    """A run goes on bit for bit from a state in which a router's scale and its moments have no axis, as 0.1.0 wrote."""

    def make():
        torch.manual_seed(3)
        return ViT(moe_layers=(1,), moe=lambda dim: MoE(SoftRouter(dim, 4), Experts(dim, 4, 16)))

    digits, _ = data.digits()
    settings = {"steps": 6, "batch_size": 8, "progress": False}
    whole, halves, resumed = make(), make(), make()
    train(whole, digits, **settings)
    calls = iter(range(6))

    def stop(*_):
        if next(calls) == 3:
            raise KeyboardInterrupt

    halves.register_forward_hook(stop)
    history = train(halves, digits, **settings)
    state = history.state
    del state["identity"]
    state["model"]["blocks.1.mlp.router.scale"] = state["model"]["blocks.1.mlp.router.scale"][0]
    moments = [kept for kept in state["optimizer"]["state"].values() if kept["exp_avg"].shape == (1,)]
    for kept in moments:
        kept.update({name: kept[name][0] for name in ("exp_avg", "exp_avg_sq")})
    train(resumed, digits, **settings, resume=history)

    assert len(moments) == 1
    assert torch.equal(parameters(resumed), parameters(whole))


def test_numbers_of_numpy_and_torch_are_settings_too(tmp_path):
    """Settings that come from NumPy or a tensor are those that Python's integers are, in the file as well."""
    path = tmp_path / "run.pt"
    one = {"steps": np.int64(4), "batch_size": torch.tensor(8), "seed": np.uint8(2), "evaluate_every": np.int32(2)}
    digits, test = data.digits(seed=np.int64(1))
    train(toy_vit := ViT(), digits, test, **one, snapshot_at=np.linspace(0, 4, 3).astype(int), checkpoint=path,
          checkpoint_every=np.int64(2), threads=np.int64(1), progress=False)  # fmt: skip
    history = load_checkpoint(path)
    plain = {"steps": 4, "batch_size": 8, "seed": 2, "evaluate_every": 2}

    assert {name: (type(history.settings[name]), history.settings[name]) for name in plain} == {
        name: (int, value) for name, value in plain.items()
    }
    assert history.settings["snapshot_at"] == (0, 2, 4)
    train(toy_vit, digits, test, **plain, snapshot_at=(0, 2, -1), checkpoint=path, resume=True, progress=False)
    with pytest.raises(TypeError, match=r"snapshot_at must be a sequence of steps, got 3: write \(3,\)"):
        train(toy_vit, digits, **plain | {"evaluate_every": None}, snapshot_at=np.int64(3), progress=False)
