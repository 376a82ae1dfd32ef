"""Traces of served models: read what SGLang and vLLM record, and write traces in the same form.

    trace = read_trace("answers.jsonl", num_experts=64, num_layers=16, top_k=8)
    trace.counts(), trace.routings()

A file is told by its ending: .pt is of SGLang's expert distribution recorder, .jsonl holds one JSON answer a line,
.json one answer or a list of them. Nothing is guessed: what neither the file nor the caller states is an error.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import torch

from softmoe_edu.capture import recorder, responses
from softmoe_edu.capture.served import Chosen, CountTrace, Trace, choices_of
from softmoe_edu.capture.served import routing_of as routing_of
from softmoe_edu.files import StrPath, write_atomically
from softmoe_edu.routing import SparseRouting
from softmoe_edu.shapes import check_at_least

Answer = dict[str, Any]
KINDS = ".pt (SGLang's recorder), .jsonl (a JSON answer a line) or .json (answers of SGLang or vLLM)"


def read_trace(
    source: StrPath | Answer | list[Answer],
    *,
    num_experts: int | None = None,
    num_layers: int | None = None,
    top_k: int | None = None,
    moe_layers: Sequence[int] | None = None,
    skip_missing: bool = False,
) -> Trace | CountTrace:
    """Open the trace of a served model.

    The first answer or the outline of a recorder's file is looked at now, the rest when the trace is gone through. One
    answer or one forward pass is in memory at a time. Each rank of a server writes a recorder's file of its own: under
    tensor parallelism all are of the same tokens, so read one of them.

    Args:
        source: a file, or what a server answered: an object as `json` reads it, or a list of such.
        num_experts: experts of a layer, as in the model's configuration. Answers do not state it.
        num_layers: layers that the server sends: all of the model, or those with experts (see its documentation).
        top_k: experts that a token chooses. SGLang's answers state neither of the two unless they have a schema.
        moe_layers: the layers that have experts, where others do not: servers send zeros for these.
        skip_missing: leave out answers that hold null, as of requests that were aborted.

    Returns:
        A Trace, or a CountTrace where the server kept counts and no tokens.

    Raises:
        TypeError: source is neither.
        ValueError: the source is damaged, cut, of another kind, contradicts what is given, or does not state what is
            not given; the message names what was expected and what came.
        OSError: the file cannot be read.
    """
    shape = responses.Shape(
        None if num_layers is None else check_at_least("num_layers", num_layers),
        None if top_k is None else check_at_least("top_k", top_k),
        None if moe_layers is None else tuple(check_at_least("moe_layers", layer, 0) for layer in moe_layers),
    )
    num_experts = None if num_experts is None else check_at_least("num_experts", num_experts)
    if isinstance(source, dict | list):
        return _answers(source, "the answer", shape, num_experts, skip_missing)
    if not isinstance(source, str | Path) and not hasattr(source, "__fspath__"):
        raise TypeError(f"source must be a file or what a server answered, got {type(source).__name__}: give a path")
    path = Path(source)
    if path.suffix == ".pt":
        return recorder.load(path, num_experts, num_layers, top_k)
    if path.suffix not in (".json", ".jsonl"):
        raise ValueError(f"source must end in {KINDS}, got {path.name!r}: rename it")
    return _answers(path, path.name, shape, num_experts, skip_missing)


def _answers(
    source: Path | Answer | list[Answer], name: str, shape: responses.Shape, num_experts: int | None, skip_missing: bool
) -> Trace:
    """Return the trace of JSON answers."""
    if num_experts is None:
        raise ValueError(
            f"{name}: expected num_experts, which answers do not state: give that of the model's configuration"
        )

    def decoded() -> Iterator[responses.Decoded]:
        for where, answer in _read(source, name):
            yield from responses.decode(answer, shape, where, skip_missing=skip_missing)

    first = next(decoded(), None)
    if first is None:
        raise ValueError(f"{name}: expected at least one answer with routed experts, got none")

    def read() -> Iterator[Chosen]:
        for each in decoded():
            if each.layers != first.layers:
                raise ValueError(
                    f"{each.choices.where}: expected layers {list(first.layers)} like before, got {list(each.layers)}"
                )
            yield each.choices

    return Trace(num_experts, first.layers, first.choices.experts.shape[2], name, read)


def _read(source: Path | Answer | list[Answer], name: str) -> Iterator[tuple[str, object]]:
    """Yield what holds each answer and what `json` makes of it."""
    if not isinstance(source, Path):
        yield name, source
    elif source.suffix == ".json":
        yield name, _json(source.read_bytes(), name)
    else:
        with source.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield f"{name}, line {number}", _json(line, f"{name}, line {number}")


def _json(text: bytes, where: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where}: expected JSON, got {text[:20]!r}...: {error}") from error


def write_trace(path: StrPath, trace: Trace | CountTrace | dict[str, SparseRouting]) -> Path:
    """Write a trace in the form in which servers give it: .jsonl as SGLang's answers, .pt as its recorder's file.

    Of routings that were captured in memory the layers are numbered from 0. A .jsonl is written group by group; a .pt
    has to fit into memory.

    Args:
        path: the file; its ending says which form.
        trace: a trace, or {layer: routing in index form} of the same tokens.

    Returns:
        The path.

    Raises:
        TypeError: trace is none of these, or counts are to become answers, which hold choices.
        ValueError: the ending is another, or the trace is damaged.
        OSError: the file cannot be written; what was there before is still there then.
    """
    path = Path(path)
    if isinstance(trace, dict):
        names, num_experts, choices = choices_of(trace)
        only = choices
        trace = Trace(num_experts, tuple(range(len(names))), choices.experts.shape[2], "routings", lambda: iter([only]))
    if not isinstance(trace, Trace | CountTrace):
        raise TypeError(f"trace must be a Trace, a CountTrace or routings, got {type(trace).__name__}")
    if path.suffix == ".pt":
        content = recorder.dump(trace)
        write_atomically(path, lambda file: torch.save(content, file))
        return path
    if path.suffix != ".jsonl":
        raise ValueError(f"path must end in .jsonl (answers) or .pt (SGLang's recorder), got {path.name!r}: rename it")
    if isinstance(trace, CountTrace):
        raise TypeError("trace must hold choices to become answers, got counts alone: write them as .pt")
    written = trace

    def lines(file: BinaryIO) -> None:
        for choices in written:
            file.write(json.dumps(responses.encode(choices, written.layers), separators=(",", ":")).encode() + b"\n")

    write_atomically(path, lines)
    return path
