"""A learner's own weights as a routing: drawn even when wrong, or else a sentence that says what went wrong."""

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from traceback import extract_tb
from typing import Any

import torch
from torch import Tensor

from softmoe_edu.routing import Routing, SoftRouting
from softmoe_edu.widgets.packing import Answer, Unseen, holds_whole_tokens

WANTED = "logits (b, n, e, p) -> (dispatch, combine)"


def check_logits(logits: object) -> None:
    """Raise an error unless logits are a floating (b, n, e, p)."""
    if not isinstance(logits, Tensor) or logits.ndim != 4 or not logits.numel():
        got = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(f"logits must be a tensor (groups, tokens, experts, slots of an expert), got {got}")
    if not logits.is_floating_point():
        raise TypeError(f"logits must be floating point, got {logits.dtype}: convert with logits.float()")


def call(name: str, function: object, logits: Tensor) -> Routing | Unseen:
    """Return what a function makes of a copy of the logits, or what stands for it and says why there is none.

    Raises:
        TypeError: function cannot be called.
    """
    if not callable(function):
        raise TypeError(
            f"{name} must be a function {WANTED}, got {type(function).__name__}: give the function, without calling it"
        )
    groups, tokens, experts, slots = logits.shape
    sizes = groups, tokens, experts, slots
    try:
        answer: Any = function(logits.clone())
    except Exception as error:
        text = f": {error}" if str(error) else ""
        return Unseen(sizes, f"{name} raised {type(error).__name__}{text}{_line(function, error)}")
    note = _fault(name, answer, logits)
    if note:
        return Unseen(sizes, note)
    dispatch, combine = (weights.to(torch.promote_types(weights.dtype, torch.float32)) for weights in answer)
    return Answer(dispatch, combine, logits=logits)


def _line(function: Callable[..., Any], error: Exception) -> str:
    """Return in which line of the function's own file it raised, where that is known."""
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    own = [frame for frame in extract_tb(error.__traceback__) if code and frame.filename == code.co_filename]
    if not own:
        return ""
    file = Path(own[-1].filename)
    # A notebook's cells have made-up names, which say nothing.
    named = "" if file.parent.name.startswith("ipykernel") or file.name.startswith("<") else f"{file.name}, "
    return f" ({named}line {own[-1].lineno}{f': {own[-1].line}' if own[-1].line else ''})"


def _fault(name: str, answer: Any, logits: Tensor) -> str:
    """Return how an answer fails to be two tensors shaped like the logits; "" if it is that."""
    shape = tuple(logits.shape)
    expected = f"{name} must return (dispatch, combine), each (b, n, e, p) = {shape}"
    if not isinstance(answer, tuple | list):
        got = f"one tensor {tuple(answer.shape)}" if isinstance(answer, Tensor) else type(answer).__name__
        return f"{expected}, got {got}: end it with return dispatch, combine"
    if len(answer) != 2:
        return f"{expected}, got {len(answer)} values: end it with return dispatch, combine"
    for part, weights in zip(("dispatch", "combine"), answer, strict=True):
        if not isinstance(weights, Tensor):
            return f"{expected}, got {type(weights).__name__} for {part}: give a tensor"
        if weights.is_complex():
            return f"{expected}, got {weights.dtype} for {part}: give real numbers"
        if tuple(weights.shape) != shape:
            return f"{expected}, got {part} {tuple(weights.shape)}: {_hint(tuple(weights.shape), shape)}"
    return ""


def _hint(got: tuple[int, ...], shape: tuple[int, ...]) -> str:
    if got == (*shape[:2], shape[2] * shape[3]):
        return f"split the last axis with .unflatten(-1, {shape[2:]})"
    if sorted(got) == sorted(shape):
        return "put its axes in the order of the logits"
    if len(got) == 4:
        return "a softmax keeps the shape, a sum or a mean does not"
    return "keep all four axes"


def route(
    function: Callable[..., object], logits: Tensor, reference: Callable[..., object] | None
) -> dict[str, Routing | Unseen]:
    """Return what the learner's own function makes of the logits, and beside it what the reference makes of them.

    Both are judged as softmaxes, unless the reference is a choice of whole tokens.

    Raises:
        ValueError: the reference fails, which is not the learner's fault.
    """
    check_logits(logits)
    routers = {"own": call("own", function, logits)}
    if reference is not None:
        routers["reference"] = call("reference", reference, logits)
        if isinstance(routers["reference"], Unseen):
            raise ValueError(routers["reference"].note)
        if holds_whole_tokens(routers["reference"].dispatch):
            # The exercise is a hard choice: its slots may be empty, and gates need not sum to 1.
            routers = {name: _unasked(routing) for name, routing in routers.items()}
    return routers


def _unasked(routing: Routing | Unseen) -> Routing | Unseen:
    if isinstance(routing, Unseen):
        return routing
    return SoftRouting(routing.dispatch, routing.combine, logits=routing.logits)
