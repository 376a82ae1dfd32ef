"""How far each router moves a model's output from what it is: numbers for the cards of a RouterExplorer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

ModelOutput = Callable[[Mapping[str, object] | None], Tensor]


def own_output(model_output: ModelOutput, images: int) -> Tensor:
    """Return the output of the model as it is, or raise an error unless it is a finite tensor (images, ...)."""
    if not callable(model_output):
        raise TypeError(
            f"model_output must be callable, settings -> (batch, ...), got {type(model_output).__name__}: "
            "give a softmoe_edu.rerouting.Rerouted, or a function"
        )
    return _checked(model_output(None), images)


def _checked(output: object, images: int) -> Tensor:
    if not isinstance(output, Tensor) or output.ndim == 0 or len(output) != images:
        got = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise ValueError(f"model_output must return a tensor whose first axis is the {images} images, got {got}")
    if not bool(output.isfinite().all()):
        raise ValueError("model_output must return finite numbers, got NaN or infinity")
    return output.detach().reshape(images, -1).cpu().double()


def changes(
    model_output: ModelOutput, own: Tensor, settings: Mapping[str, object], routers: Sequence[str]
) -> dict[str, Any]:
    """Compute how each router moves the output: {"of": settings, "own": classes, "routers": {name: numbers}}.

    Numbers are {"change": shares, "classes": classes} or {"error": text}. A change is the length of the difference over
    that of the model's own output, for each image; a class is the index of an image's largest output, and [] where
    there is but one number. Whatever the callable raises becomes a text.
    """
    found: dict[str, object] = {}
    for router in routers:
        try:
            output = _checked(model_output({**settings, "router": router}), len(own))
        except Exception as error:  # a learner's function may raise anything, and the view must say so
            found[router] = {"error": f"{type(error).__name__}: {error}"}
            continue
        share = torch.linalg.vector_norm(output - own, dim=1) / torch.linalg.vector_norm(own, dim=1).clamp(min=1e-12)
        found[router] = {"change": share.tolist(), "classes": classes(output)}
    return {"of": dict(settings), "own": classes(own), "routers": found}


def classes(output: Tensor) -> list[int]:
    """Return the index of each image's largest number, where there are several."""
    return output.argmax(1).tolist() if output.shape[1] > 1 else []
