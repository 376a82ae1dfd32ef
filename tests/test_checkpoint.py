"""Files of a run: whole or absent, plain data, and an answer for whatever else is found there."""

import os
import subprocess
import sys

import pytest
import torch
from toy import toy_data, toy_model

from softmoe_edu.routing import SoftRouting, SparseRouting
from softmoe_edu.training import checkpoint as checkpoint_module
from softmoe_edu.training import train
from softmoe_edu.training.checkpoint import load_checkpoint, save_checkpoint
from softmoe_edu.training.history import History


def run(**arguments):
    """Train a Toy for five quiet steps."""
    settings = {"steps": 5, "batch_size": 8, "snapshot_at": (0, 4), "progress": False} | arguments
    return train(toy_model(), toy_data(40), toy_data(23, seed=1), **settings)


def test_a_new_run_replaces_no_checkpoint(tmp_path):
    """A checkpoint that is there is not overwritten by a run that does not continue it."""
    path = tmp_path / "run.pt"
    run(checkpoint=path)
    before = path.read_bytes()
    for resume in (None, False):
        with pytest.raises(FileExistsError, match=r"already exists, .* continue it with resume=True, or name another"):
            run(checkpoint=path, resume=resume)
    assert path.read_bytes() == before


def test_a_file_holds_nothing_but_data(tmp_path):
    """torch.load reads a checkpoint without any allowed class, and all comes back."""
    path = tmp_path / "run.pt"
    history = run(checkpoint=path)
    plain = torch.load(path, weights_only=True)
    assert plain["snapshots"][0]["layer.router"]["kind"] == "SparseRouting"
    back = load_checkpoint(path)
    assert repr(back.rows) == repr(history.rows)
    assert back.settings == history.settings and not back.interrupted
    assert repr(back.test_rows) == repr(history.test_rows)
    routing = back.snapshots[4]["layer.router"]
    assert isinstance(routing, SparseRouting) and routing.num_tokens == 4
    assert torch.equal(routing.combine, history.snapshots[4]["layer.router"].combine)


def test_soft_routings_are_kept(tmp_path):
    """A dense routing comes back with its mask and without gates."""
    dispatch = torch.rand(1, 3, 2, 1)
    soft = SoftRouting(dispatch, dispatch / 2, logits=dispatch.log(), mask=torch.tensor([[True, True, False]]))
    save_checkpoint(tmp_path / "x.pt", History({}, snapshots={7: {"moe": soft}}))
    back = load_checkpoint(tmp_path / "x.pt").snapshots[7]["moe"]
    assert isinstance(back, SoftRouting) and back.gates is None
    for name in ("dispatch", "combine", "logits", "mask"):
        assert torch.equal(getattr(back, name), getattr(soft, name))


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_broken_write_keeps_the_last_good_file(tmp_path, error):
    """Whatever ends a write in the middle, the file before it is whole and nothing else is left behind."""
    path = tmp_path / "run.pt"
    save_checkpoint(path, History({"steps": 1}))
    before = path.read_bytes()

    def torn(plain, file):
        file.write(b"half a file")
        raise error("no space left")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint_module.torch, "save", torn)
        with pytest.raises(error):
            save_checkpoint(path, History({"steps": 2}))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_told_before_the_first_step(tmp_path, monkeypatch):
    """A run of hours does not end in a checkpoint that had no chance."""
    monkeypatch.setattr("softmoe_edu.training.arguments.why_not_written", lambda folder: "Read-only file system")
    with pytest.raises(
        PermissionError, match=r"got '.*run.pt' \(Read-only file system\): name another folder"
    ) as caught:
        run(checkpoint=tmp_path / "run.pt")
    assert not hasattr(caught.value, "history")


def test_a_full_disk_loses_no_history(tmp_path):
    """When a checkpoint cannot be written, the error carries the history, which goes on."""

    def full(plain, file):
        raise OSError("no space left")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint_module.torch, "save", full)
        with pytest.raises(OSError, match="no space left") as caught:
            run(checkpoint=tmp_path / "run.pt", checkpoint_every=2)
    assert caught.value.history.steps_done == 2
    assert run(resume=caught.value.history).steps_done == 5


@pytest.mark.slow
def test_a_run_killed_in_a_write_leaves_nothing_behind_once_it_goes_on(tmp_path):
    """A process that ends in the middle of writing leaves the last checkpoint whole; the resumed run cleans up."""
    path = tmp_path / "run.pt"
    code = """
import os, sys
sys.path[:0] = sys.argv[2:]
from test_checkpoint import *
saved = torch.save
def die(plain, file):
    if plain["steps_log"]["step"][-1] == 4:
        file.write(b"half a file")
        file.flush()
        os._exit(9)
    saved(plain, file)
checkpoint_module.torch.save = die
run(checkpoint=sys.argv[1], checkpoint_every=2)
"""
    folder = os.path.dirname(__file__)
    command = [sys.executable, "-c", code, str(path), folder, os.path.dirname(folder)]
    assert subprocess.run(command, check=False).returncode == 9
    assert load_checkpoint(path).steps_done == 2 and len(list(tmp_path.iterdir())) == 2

    assert run(checkpoint=path, resume=True).steps_done == 5
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.bad_input
def test_what_a_file_cannot_hold_is_refused_before_it_is_written(tmp_path):
    """A model's state that is no tensor, and a routing's field that is no plain value, would not be read back."""
    with pytest.raises(TypeError, match="a checkpoint can keep tensors of a model, got int in 'extra'"):
        save_checkpoint(tmp_path / "x.pt", History({}, state={"model": {"extra": 3}}))
    strange = SparseRouting(torch.zeros(1, 1, 1).long(), torch.ones(1, 1, 1), 4, mask={"not": "a mask"})
    with pytest.raises(TypeError, match=r"a snapshot can keep .* got dict in SparseRouting.mask"):
        save_checkpoint(tmp_path / "x.pt", History({}, snapshots={0: {"moe": strange}}))
    assert not list(tmp_path.iterdir())


def test_damaged_and_foreign_files_are_answered(tmp_path):
    """A torn file, text, a pickle with code, another program's file and a missing part each get a sentence."""
    good, bad = tmp_path / "good.pt", tmp_path / "bad.pt"
    run(checkpoint=good)
    whole_file = good.read_bytes()
    torch.save({"model": torch.nn.Linear(1, 1)}, tmp_path / "pickle.pt")
    for content in (whole_file[: len(whole_file) // 2], b"", b"hello", (tmp_path / "pickle.pt").read_bytes()):
        bad.write_bytes(content)
        with pytest.raises(ValueError, match=r"bad.pt' cannot be read: it is damaged or was not written by train"):
            run(resume=bad)
    for foreign, got in (({"weights": torch.ones(2)}, "None"), (torch.ones(2), "'Tensor'")):
        torch.save(foreign, bad)
        with pytest.raises(ValueError, match=f"must be 'softmoe_edu training, version 1', got {got}"):
            load_checkpoint(bad)
    torch.save({"format": checkpoint_module.FORMAT, "settings": {}}, bad)
    with pytest.raises(ValueError, match="is damaged, it lacks interrupted, snapshots, state"):
        load_checkpoint(bad)


def test_a_routing_of_an_unknown_class_is_answered():
    """A snapshot of a class that is not defined names the class."""
    with pytest.raises(
        ValueError, match=r"must be one of .*SoftRouting.*, got 'MyRouting': define or import that class"
    ):
        checkpoint_module.routing_from_plain({"kind": "MyRouting"})
