"""Begin a run, or go on with one: only with the model, function, data and settings that it began with."""

import copy
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from softmoe_edu.files import StrPath
from softmoe_edu.names import plain_name
from softmoe_edu.training.checkpoint import load_checkpoint
from softmoe_edu.training.history import History
from softmoe_edu.training.identity import Identity, check_same


def begin(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    settings: dict[str, Any],
    identity: Identity,
    checkpoint: StrPath | None,
    resume: History | StrPath | bool | None,
) -> History:
    """Return a new history, or a copy of the one to resume, with model and optimizer put into its state."""
    if not isinstance(resume, History | str | os.PathLike | bool | None):
        raise TypeError(f"resume must be a History, a path, True or None, got {type(resume).__name__}")
    if resume is True and checkpoint is None:
        raise ValueError("resume=True needs to know the file: pass checkpoint=path")
    there = checkpoint is not None and Path(checkpoint).exists()
    if resume is True and there:
        resume = checkpoint
    if resume is None or isinstance(resume, bool):
        if there:
            raise FileExistsError(
                f"checkpoint {str(checkpoint)!r} already exists, and a new run would replace it: "
                "continue it with resume=True, or name another file"
            )
        return History(settings, state={"identity": {"began": identity}})
    history = resume.copy() if isinstance(resume, History) else load_checkpoint(resume)
    for name, value in settings.items():
        if history.settings.get(name) != value:
            raise ValueError(
                f"a run must be resumed with the settings that it began with, got {name}={value!r}, "
                f"and it began with {history.settings.get(name)!r}: pass that, or start a new run"
            )
    if "model" not in history.state:
        raise ValueError("a history can be resumed when train returned it, got one without a state: start a new run")
    # Files of earlier versions hold the names of a compiled model, and a router's scale without an axis.
    state = {name.replace("_orig_mod.", ""): value for name, value in history.state["model"].items()}
    own = {plain_name(model, name): (name, value) for name, value in model.state_dict().items()}
    state |= {name: value[None] for name, value in state.items() if _lacks_axis(value, own.get(name, ("", None))[1])}
    for what, of in (("of shape", _shape), ("of dtype", _dtype)):
        for name in dict.fromkeys([*own, *state]):
            ours, theirs = of(own[name][1]) if name in own else None, of(state[name]) if name in state else None
            if ours != theirs:
                raise ValueError(
                    f"a run must be resumed with the model that it began with, got {name} {what} {ours}, "
                    f"and it began with {theirs}: build the model with the same arguments"
                )
    # So do those of versions that kept nothing of the model but its state; from here on it is known.
    known = history.state.setdefault("identity", {"began": identity})
    check_same(identity, list(known.values()))
    model.load_state_dict({own[name][0]: value for name, value in state.items()})
    # The optimizer keeps the tensors that it is given and changes them in place.
    optimizer.load_state_dict(copy.deepcopy(history.state["optimizer"]))
    for parameter, kept in optimizer.state.items():
        moments = [name for name in ("exp_avg", "exp_avg_sq") if _lacks_axis(kept[name], parameter)]
        kept.update({name: kept[name][None] for name in moments})
    return history


def _lacks_axis(old: object, new: object) -> bool:
    """Return whether a number was kept that now is a vector of one number."""
    return isinstance(old, Tensor) and isinstance(new, Tensor) and old.ndim == 0 and tuple(new.shape) == (1,)


def _shape(value: object) -> tuple[int, ...] | str:
    return tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__


def _dtype(value: object) -> str:
    return str(value.dtype) if isinstance(value, Tensor) else type(value).__name__
