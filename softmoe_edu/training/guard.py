"""What ends a training run early: a signal, and a value that is not finite."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from softmoe_edu.routing import Routing
from softmoe_edu.training.history import History


class NotFiniteError(FloatingPointError):
    """The loss or a gradient became NaN or infinite. `history` holds the run up to the step before."""

    history: History


class Interruption:
    """Turn Ctrl-C and the notebook's stop button into a request, for as long as the `with` block lasts.

    The first signal sets `requested`, the second raises KeyboardInterrupt at once, or at the end of `finishing`.
    Outside the main thread, and where SIGINT is ignored, nothing is changed.
    """

    def __init__(self) -> None:
        self.requested = self.insisted = False
        self._finishing = False
        self._previous: Any = None  # what signal.getsignal gives: a function or a number

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            previous = signal.getsignal(signal.SIGINT)
            if previous not in (None, signal.SIG_IGN):
                self._previous = previous
                signal.signal(signal.SIGINT, self._answer)
        return self

    def __exit__(self, *_: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def _answer(self, number: int, frame: FrameType | None) -> None:
        self.insisted = self.requested
        self.requested = True
        if self.insisted and not self._finishing:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def finishing(self) -> Iterator[None]:
        """Delay a second signal until the end of the block: for what must not be left half done."""
        self._finishing = True
        try:
            yield
        finally:
            self._finishing = False
        if self.insisted:
            raise KeyboardInterrupt


def find_not_finite(model: nn.Module, images: Tensor) -> str | None:
    """Return which image, parameter or module's output is the first that is not finite; None when all are finite.

    Runs the model on images once, in its present mode; modules count in the order in which they finish.
    """
    for i, image in enumerate(images):
        if not image.isfinite().all():
            return f"image {i} of the batch has a value that is not finite"
    for name, parameter in model.named_parameters():
        if not parameter.isfinite().all():
            return f"parameter {name!r} has a value that is not finite"
    found: list[str] = []

    def look(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: tuple[object, ...], output: object) -> None:
            if not found and not _is_finite(output):
                where = f"module {name!r}" if name else "the model"
                found.append(f"the first output that is not finite is that of {where} ({type(module).__name__})")

        return hook

    handles = [module.register_forward_hook(look(name)) for name, module in model.named_modules()]
    try:
        # Layers may refuse NaN themselves; what was found until then is what is asked for.
        with torch.no_grad(), contextlib.suppress(ValueError):
            model(images)
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None


def _is_finite(output: object) -> bool:
    """Return whether a module's output is finite; a routing may hold infinite logits, but no NaN."""
    if isinstance(output, Tensor):
        return not output.is_floating_point() or bool(output.isfinite().all())
    if isinstance(output, Routing):
        nan: list[bool] = []

        def look(t: Tensor) -> Tensor:
            nan.append(bool(t.isnan().any()))
            return t

        output.map(look)
        return not any(nan)
    if isinstance(output, dict):
        return all(map(_is_finite, output.values()))
    return not isinstance(output, tuple | list) or all(map(_is_finite, output))
