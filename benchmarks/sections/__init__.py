"""Sections of the benchmark: each gives its cases, smaller ones without goals when quick."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from benchmarks.case import Case
from benchmarks.sections import capture, gpu, memory, model, soft, sparse, training

SECTIONS: dict[str, tuple[str, Callable[[bool, str], list[Case]]]] = {
    "soft": ("Soft MoE layer", soft.layer),
    "toy": ("Soft MoE layer, toy size", soft.toy),
    "slots": ("128 slots over more and more experts", soft.slots),
    "capacity": ("Tokens Choice and Experts Choice with capacity factor 1.25", sparse.capacity),
    "dropless": ("Tokens Choice that drops nothing", sparse.dropless),
    "memory": ("Peak memory", memory.peaks),
    "model": ("Training step of the toy ViT", model.steps),
    "train": ("Training step of the claims' models, in `train` and in a bare loop", training.steps),
    "capture": ("A forward pass of models of transformers, with and without capture", capture.passes),
    "gpu": ("On a GPU: the paper's layers in large batches, and attention by each kernel", gpu.layers),
}


def cases(only: Sequence[str], *, quick: bool, device: str) -> list[Case]:
    """Return the cases of the named sections in the table's order; goals are for full sizes alone."""
    chosen = [case for name, (_, make) in SECTIONS.items() if name in only for case in make(quick, device)]
    if not quick:
        return chosen
    return [replace(case, comparisons=[replace(one, goals={}) for one in case.comparisons]) for case in chosen]
