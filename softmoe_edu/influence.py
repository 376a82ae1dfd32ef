"""Which outputs of a layer move when one token changes: measured, for any callable.

A layer that is causal moves no output before the token that changed; one that treats tokens alone moves that
token's output only. Soft MoE moves all (Puigcerver et al., 2308.00951, section 6).
"""

from collections.abc import Callable
from contextlib import nullcontext

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from softmoe_edu.modes import evaluated
from softmoe_edu.seeds import generator_of
from softmoe_edu.shapes import Tokens, check_at_least, check_tokens

Layer = Callable[[Tensor], Tensor]
Influence = Float[Tensor, "n n"]

TOLERANCE = 1e-6
"""Share of the largest change up to which a change is taken for rounding."""


def influence(
    layer: Layer, x: Tokens, *, size: float | int = 1.0, draws: int = 4, seed: int = 0, name: str = "layer"
) -> Influence:
    """Measure how far output i moves at most when token j changes: row i, column j.

    Token j is changed in every example at once: Gaussian noise is added, so that with size 1 it becomes another token
    and a hard choice can change. Of all draws, of all examples and of the d numbers of an output, the largest
    difference counts. The noise comes from `seed`, the same for every layer, and no global random state is touched.
    The layer is called n * draws + 2 times.

    Args:
        layer: Any callable from (b, n, d) to (b, n, d); a module is put into eval mode and back.
        x: Tokens (b, n, d), on the layer's device and in its dtype.
        size: Standard deviation of the noise over that of x.
        draws: Changes of each token.
        seed: Of the noise.
        name: What errors call the layer.

    Returns:
        (n, n) distances in float32, on the CPU.

    Raises:
        TypeError: For what cannot be called, and for an output that is no tensor.
        ValueError: For sizes that are out of range, for a layer that raises, gives another shape or NaN, and for one
            that answers the same tokens in two ways.
    """
    if not callable(layer):
        raise TypeError(f"{name} must be callable, (b, n, d) -> (b, n, d), got {type(layer).__name__}: give a module")
    if not isinstance(x, Tensor) or x.ndim != 3:
        got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"x must be a tensor of tokens (b, n, d), got {got}: add the axis of one example with x[None]")
    check_tokens(x, x.shape[2])
    draws = check_at_least("draws", draws)
    if not 0 < size < float("inf"):
        raise ValueError(f"size must be over 0 and finite, got {size}: 1 changes a token by one standard deviation")
    x = x.detach()
    generator = generator_of(seed)
    # Not every device knows float64: numbers are widened on the CPU.
    step = size * float(x.cpu().double().std(correction=0))
    if step == 0:
        raise ValueError("x must hold numbers that differ, got the same everywhere: give tokens as a layer meets them")
    moved = torch.zeros(x.shape[1], x.shape[1], dtype=torch.float32, device="cpu")
    mode = evaluated(layer) if isinstance(layer, nn.Module) else nullcontext()
    with mode, torch.no_grad():
        before = _answer(layer, x, name)
        if not torch.equal(before, _answer(layer, x, name)):
            raise ValueError(
                f"{name} must answer the same tokens the same way twice, got two answers: "
                "switch its noise or dropout off"
            )
        for token in range(x.shape[1]):
            for _ in range(draws):
                shape = x.shape[0], x.shape[2]
                noise = torch.randn(shape, generator=generator, dtype=torch.float64, device="cpu")
                changed = x.clone()
                changed[:, token] += (step * noise).to(x.dtype).to(x.device)
                apart = (_answer(layer, changed, name) - before).abs().amax((0, 2)).cpu()
                moved[:, token] = torch.maximum(moved[:, token], apart)
    return moved


def moves(influence: Influence, tolerance: float | int = TOLERANCE) -> Bool[Tensor, "n n"]:
    """Return whether output i moves when token j changes: by more than a share of the layer's largest change.

    Args:
        influence: what the function `influence` returned, (n, n).
        tolerance: the share.

    Returns:
        (n, n), True where an output moves.
    """
    return influence.cpu().double() > tolerance * float(influence.max())


def earlier_share(influence: Influence, tolerance: float | int = TOLERANCE) -> float:
    """Compute in what share of all pairs of an output and a later token the token moves the output: 0 if causal.

    One token has no earlier output; its share is 0.

    Args:
        influence: what the function `influence` returned, (n, n).
        tolerance: as in `moves`.
    """
    n = len(influence)
    pairs = n * (n - 1) // 2
    return float(moves(influence, tolerance).triu(1).sum()) / pairs if pairs else 0.0


def _answer(layer: Layer, x: Tensor, name: str) -> Tensor:
    """Call the layer on a copy and check what comes back."""
    shape = tuple(x.shape)
    try:
        y = layer(x.clone())
    except Exception as error:
        raise ValueError(
            f"{name} must answer tokens of shape {shape}, it raised {type(error).__name__}: {error}"
        ) from error
    if not isinstance(y, Tensor):
        raise TypeError(
            f"{name} must return one tensor of shape {shape}, got {type(y).__name__}: wrap it in a function"
        )
    if tuple(y.shape) != shape:
        raise ValueError(f"{name} must return outputs of shape {shape}, as its tokens, got {tuple(y.shape)}")
    if not bool(y.isfinite().all()):
        raise ValueError(f"{name} must return finite outputs, got NaN or infinity")
    return y
