"""Keep a History on disk: written whole or not at all, and read back without running any code from the file.

A file holds plain containers, numbers and tensors only, so `torch.load(path, weights_only=True)` reads it.
"""

from dataclasses import fields
from pathlib import Path

import torch
from torch import Tensor

from softmoe_edu.files import StrPath, write_atomically
from softmoe_edu.routing import Routing
from softmoe_edu.training.history import History

FORMAT = "softmoe_edu training, version 1"
PARTS = ("settings", "steps_log", "tests_log", "interrupted", "state")


def save_checkpoint(path: StrPath, history: History) -> None:
    """Write history to path. An interruption or a full disk leaves what was at path before, whole.

    Args:
        path: The file, see `softmoe_edu.files.write_atomically`.
        history: What `train` returned or an error of it carried.

    Raises:
        TypeError: If the model's state or a snapshot holds what a file of plain data cannot.
        OSError: If the file cannot be written. No other file is left behind.
    """
    plain = {"format": FORMAT} | {part: getattr(history, part) for part in PARTS}
    plain["snapshots"] = {
        step: {name: routing_to_plain(routing) for name, routing in routings.items()}
        for step, routings in history.snapshots.items()
    }
    for name, value in history.state.get("model", {}).items():
        if not isinstance(value, Tensor):
            raise TypeError(
                f"a checkpoint can keep tensors of a model, got {type(value).__name__} in {name!r}: "
                "keep such state in a buffer, or train without a checkpoint"
            )
    write_atomically(path, lambda file: torch.save(plain, file))


def load_checkpoint(path: StrPath) -> History:
    """Read a history that `save_checkpoint` wrote; no code of the file is run.

    Args:
        path: The file.

    Returns:
        The history, with its tensors on the CPU.

    Raises:
        FileNotFoundError: If there is no file.
        ValueError: If the file is damaged, or was written by something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"checkpoint must be a file, got {str(path)!r}, which does not exist: check the path")
    try:
        plain = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(
            f"checkpoint {str(path)!r} cannot be read: it is damaged or was not written by train: "
            "delete it and train again, or name another file"
        ) from error
    found = plain.get("format") if isinstance(plain, dict) else type(plain).__name__
    if found != FORMAT:
        raise ValueError(f"checkpoint {str(path)!r} must be {FORMAT!r}, got {found!r}: name a file that train wrote")
    lost = {*PARTS, "snapshots"} - set(plain)
    if lost:
        raise ValueError(f"checkpoint {str(path)!r} is damaged, it lacks {', '.join(sorted(lost))}: train again")
    snapshots = {
        step: {name: routing_from_plain(routing) for name, routing in routings.items()}
        for step, routings in plain["snapshots"].items()
    }
    return History(**{part: plain[part] for part in PARTS}, snapshots=snapshots)


def routing_to_plain(routing: Routing) -> dict[str, object]:
    """Return the routing's fields, and the name of its class under "kind"."""
    values = {f.name: getattr(routing, f.name) for f in fields(routing)}  # type: ignore[arg-type]  # of a subclass, each a dataclass
    for name, value in values.items():
        if not isinstance(value, Tensor | int | float | bool | str | None):
            raise TypeError(
                f"a snapshot can keep tensors, numbers, text and None, got {type(value).__name__} in "
                f"{type(routing).__name__}.{name}: leave snapshot_at empty or train without a checkpoint"
            )
    return {"kind": type(routing).__name__} | values


def routing_from_plain(plain: dict[str, object]) -> Routing:
    """Rebuild a routing from what `routing_to_plain` returned.

    Raises:
        ValueError: If its class is not defined.
    """
    values = dict(plain)
    kind = values.pop("kind")
    known = {cls.__name__: cls for cls in _subclasses(Routing)}  # type: ignore[type-abstract]
    if kind not in known:
        raise ValueError(
            f"a snapshot's routing must be one of {', '.join(sorted(known))}, got {kind!r}: "
            "define or import that class before loading"
        )
    return known[kind](**values)


def _subclasses(cls: type[Routing]) -> list[type[Routing]]:
    return [c for child in cls.__subclasses__() for c in (child, *_subclasses(child))]
