"""Files of SGLang's expert distribution recorder: what its modes keep, and how they are written.

`/dump_expert_distribution_record` writes expert_distribution_recorder_TIME_RANK.pt. In the modes per_token and per_pass
it holds `records`, one for each forward pass of one rank, and `last_physical_to_logical_map`; in the modes stat and
stat_approx `logical_count` (steps, layers, experts), summed over ranks. Experts in records are physical: each copy of a
replicated expert has a number of its own, and the map (layers, physical experts) tells whose copy it is. per_token
leaves -1 where a token chose fewer than 8 experts, and in layers without experts.

sgl-project/sglang, python/sglang/srt/eplb/expert_distribution.py.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from softmoe_edu.capture.served import Chosen, CountTrace, Trace, count_experts

WHOLE = (torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8)
EXPECTED = "a file of SGLang's expert distribution recorder, with records or logical_count"


def load(path: Path, num_experts: int | None, num_layers: int | None, top_k: int | None) -> Trace | CountTrace:
    """Open a recorder's file; what it states must not contradict what is given.

    Raises:
        ValueError: the file is none of the recorder's, or damaged.
        OSError: it cannot be read.
    """
    content = _content(path)
    if "logical_count" in content:
        return _steps(content, path, num_experts, num_layers)
    records, physical = _records(content, path), _map(content, path)
    experts = int(physical.max()) + 1
    layers = len(physical)
    for name, given, stated in (("num_experts", num_experts, experts), ("num_layers", num_layers, layers)):
        if given is not None and given != stated:
            raise ValueError(f"{path.name}: expected {name}={given} as given, got {stated}, which the file states")
    if "topk_ids_of_layer" not in records[0]:
        passes = torch.stack([_logical(_passed(each, physical, i, path), physical) for i, each in enumerate(records)])
        return CountTrace(experts, tuple(range(layers)), f"SGLang's recorder (per_pass), {path.name}", passes)
    outlines = [_chosen(each, layers, i, path) for i, each in enumerate(records)]
    ids = [_ids(each, outline.shape[1]) for each, outline in zip(records, outlines, strict=True)]
    columns = {outline.shape[2] for outline in outlines}
    if len(columns) > 1 or (top_k is not None and not top_k <= max(columns)):
        raise ValueError(f"{path.name}: expected top_k={top_k or 'the same'} in every record, got {sorted(columns)}")

    def read() -> Iterator[Chosen]:
        for i, outline in enumerate(outlines):
            numbers = _read(outline, path, f"{path.name}, record {i}")
            wrong = (numbers < -1) | (numbers >= physical.shape[1])
            if bool(wrong.any()):
                found = int(numbers[wrong][0])
                most = physical.shape[1] - 1
                raise ValueError(
                    f"{path.name}, record {i}: expected experts from -1 to {most}, got {found}: the file is damaged"
                )
            logical = physical.gather(1, numbers.clamp(min=0).flatten(1).long()).view(numbers.shape)
            chosen = torch.where(numbers < 0, -1, logical).movedim(0, 1).int()
            yield Chosen(chosen, ids[i], f"record {i}")

    return Trace(experts, tuple(range(layers)), columns.pop(), f"SGLang's recorder (per_token), {path.name}", read)


def _content(path: Path) -> dict[str, Any]:
    """Load the outline of the file without running what it may hold; its tensors have sizes, and numbers when read."""
    try:
        with FakeTensorMode():
            content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # torch tells damage in many ways
        told = (str(error).splitlines() or [""])[0][:120]
        raise ValueError(
            f"{path.name}: expected {EXPECTED}, got what torch cannot load safely: {type(error).__name__}, {told}"
        ) from error
    if not isinstance(content, dict) or not {"records", "logical_count"} & content.keys():
        keys = ", ".join(sorted(map(str, content))[:8]) if isinstance(content, dict) else type(content).__name__
        raise ValueError(f"{path.name}: expected {EXPECTED}, got {keys or 'an empty dict'}")
    return content


def _steps(content: dict[str, Any], path: Path, num_experts: int | None, num_layers: int | None) -> CountTrace:
    """Read counts of steps, which are of logical experts."""
    outline = _whole(content["logical_count"], 3, f"{path.name}, logical_count")
    counts = _read(outline, path, f"{path.name}, logical_count")
    for name, given, stated in (
        ("num_layers", num_layers, counts.shape[1]),
        ("num_experts", num_experts, counts.shape[2]),
    ):
        if given is not None and given != stated:
            raise ValueError(f"{path.name}: expected {name}={given} as given, got {stated}, which the file states")
    _no_negative(counts, f"{path.name}, logical_count")
    # A buffer of fixed length is zero where no step was recorded.
    counts = counts[counts.flatten(1).any(1)].long()
    return CountTrace(counts.shape[2], tuple(range(counts.shape[1])), f"SGLang's recorder (stat), {path.name}", counts)


def _records(content: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    records = content["records"]
    if not isinstance(records, list) or not records or not all(isinstance(each, dict) for each in records):
        got = f"{len(records)} of them" if isinstance(records, list) else type(records).__name__
        raise ValueError(f"{path.name}: expected a list of records, one for each forward pass, got {got}")
    if len({"topk_ids_of_layer" in each for each in records}) > 1:
        raise ValueError(f"{path.name}: expected records of one mode, got some with topk_ids_of_layer and some without")
    return records


def _map(content: dict[str, Any], path: Path) -> Int[Tensor, "l physical"]:
    """Return the logical expert of each physical one; every logical expert has at least one copy."""
    where = f"{path.name}, last_physical_to_logical_map"
    physical = _read(_whole(content.get("last_physical_to_logical_map"), 2, where), path, where).long()
    if not physical.numel():
        raise ValueError(f"{where}: expected (layers, experts), got {tuple(physical.shape)}")
    experts = int(physical.max()) + 1
    held = torch.zeros(len(physical), max(experts, 1), dtype=torch.bool, device="cpu")
    if int(physical.min()) < 0 or not bool(held.scatter_(1, physical, True).all()):
        raise ValueError(
            f"{where}: expected every expert from 0 to {experts - 1} in each layer, got a map that lacks one"
        )
    return physical


def _chosen(record: dict[str, Any], layers: int, i: int, path: Path) -> Int[Tensor, "l n k"]:
    where = f"{path.name}, record {i}, topk_ids_of_layer"
    numbers = _whole(record["topk_ids_of_layer"], 3, where)
    if numbers.shape[0] != layers or not numbers.shape[2]:
        raise ValueError(f"{where}: expected (layers={layers}, tokens, k), got {tuple(numbers.shape)}")
    return numbers


def _passed(record: dict[str, Any], physical: Tensor, i: int, path: Path) -> Int[Tensor, "l physical"]:
    where = f"{path.name}, record {i}, global_physical_count"
    counts = _read(_whole(record.get("global_physical_count"), 2, where), path, where).long()
    if counts.shape != physical.shape:
        raise ValueError(
            f"{where}: expected {tuple(physical.shape)} like the map of experts, got {tuple(counts.shape)}"
        )
    _no_negative(counts, where)
    return counts


def _logical(counts: Int[Tensor, "l physical"], physical: Int[Tensor, "l physical"]) -> Int[Tensor, "l e"]:
    """Add up the copies of each expert."""
    return counts.new_zeros(len(counts), int(physical.max()) + 1).scatter_add_(1, physical, counts)


def _ids(record: dict[str, Any], tokens: int) -> Int[Tensor, " n"] | None:
    """Return the ids of a pass's tokens, where there is one for each."""
    ids = record.get("input_ids")
    fits = isinstance(ids, list) and len(ids) == tokens and all(type(each) is int for each in ids)
    return torch.tensor(ids, dtype=torch.int64, device="cpu") if fits else None


def _whole(value: object, axes: int, where: str) -> Tensor:
    """Return a tensor of whole numbers with so many axes, or raise an error that says what came."""
    if not isinstance(value, Tensor):
        raise ValueError(f"{where}: expected a tensor, got {type(value).__name__}")
    if value.dtype not in WHOLE or value.ndim != axes or value.layout != torch.strided:
        raise ValueError(f"{where}: expected whole numbers with {axes} axes, got {value.dtype} {tuple(value.shape)}")
    return value


def _read(outline: Tensor, path: Path, where: str) -> Tensor:
    """Read the numbers of a tensor from where they stand in the file."""
    storage = outline.untyped_storage()
    offset = getattr(storage, "_checkpoint_offset", None)
    if not storage.nbytes():
        return torch.zeros(outline.shape, dtype=outline.dtype, device="cpu")
    if offset is None:
        raise ValueError(f"{where}: expected a file as torch.save writes it since 1.6, got an older one: save it again")
    with path.open("rb") as file:
        file.seek(offset)
        data = bytearray(file.read(storage.nbytes()))
    if len(data) < storage.nbytes():
        raise ValueError(f"{where}: expected {storage.nbytes()} bytes, got {len(data)}: the file was cut")
    numbers = torch.frombuffer(data, dtype=outline.dtype)
    return numbers.as_strided(outline.shape, outline.stride(), outline.storage_offset())


def _no_negative(counts: Tensor, where: str) -> None:
    if counts.numel() and int(counts.min()) < 0:
        raise ValueError(f"{where}: expected counts of at least 0, got {int(counts.min())}: the file is damaged")


def dump(trace: Trace | CountTrace) -> dict[str, Any]:
    """Return what the recorder would save: of choices in the mode per_token, of counts in the mode stat.

    Every expert has one copy, and a layer that the trace lacks has no choices.
    """
    if isinstance(trace, CountTrace):
        counts = torch.zeros(
            len(trace.passes), max(trace.layers) + 1, trace.num_experts, dtype=torch.int32, device="cpu"
        )
        counts[:, list(trace.layers)] = trace.passes.int()
        return {"rank": 0, "logical_count": counts, "average_utilization_rate_over_window": None}
    layers = max(trace.layers) + 1
    records = []
    for i, choices in enumerate(trace):
        whole = torch.full((layers, len(choices.experts), trace.top_k), -1, dtype=torch.int32, device="cpu")
        whole[list(trace.layers)] = choices.experts.movedim(1, 0)
        n = len(choices.experts)
        records.append(
            {
                "forward_pass_id": i,
                "rank": 0,
                "gatherer_key": "primary",
                "input_ids": None if choices.tokens is None else choices.tokens.tolist(),
                "positions": list(range(n)),
                "extend_seq_lens": [n],
                "forward_mode": 1,
                "topk_ids_of_layer": whole,
                "misc_objects": [],
                "global_physical_count": count_experts(whole.movedim(0, 1), trace.num_experts).int(),
            }
        )
    same = torch.arange(trace.num_experts, device="cpu").expand(layers, -1).clone()
    return {"records": records, "last_physical_to_logical_map": same}
