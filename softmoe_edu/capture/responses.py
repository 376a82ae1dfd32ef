"""Routed experts in the JSON answers of SGLang and vLLM: where they stand, how they are written, and what goes wrong.

SGLang (`return_routed_experts`) sends base64 of int32 numbers [tokens, layers, k], without their shape: in `meta_info`
of /generate, in `sglext` of the OpenAI endpoints, in `sgl_ext` of a choice before that. Newer servers add
`expert_ids_schema`, which states layers, k and which layers have experts, and may split the numbers into
`input_expert_ids` and `output_expert_ids`. vLLM (`--enable-return-routed-experts`) sends base64 of a NumPy file with
`choices[i].routed_experts`, whose header states the shape; version 0.21 sent nested lists, with those of the prompt in
`prompt_routed_experts`. The last token of an answer was never read by the model and has no choices.

https://docs.sglang.ai/basic_usage/openai_api_completions.html, https://docs.vllm.ai/en/latest/training/routed_experts/
"""

import base64
import binascii
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from softmoe_edu.capture.served import Chosen
from softmoe_edu.text import plural

NPY = b"\x93NUMPY"
SOURCES = (
    "meta_info.routed_experts or sglext.routed_experts (SGLang with return_routed_experts) or "
    "choices[i].routed_experts (vLLM with --enable-return-routed-experts)"
)


@dataclass(frozen=True)
class Shape:
    """What is known of a model: None where only the answer can say it.

    Attributes:
        num_layers: layers that the server sends.
        top_k: choices of a token.
        moe_layers: those of them that have experts; None for all.
    """

    num_layers: int | None = None
    top_k: int | None = None
    moe_layers: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Decoded:
    """The choices of one answer, and the numbers of the layers that they are of."""

    choices: Chosen
    layers: tuple[int, ...]


def decode(response: object, shape: Shape, where: str, *, skip_missing: bool = False) -> list[Decoded]:
    """Return the choices of every answer in a response.

    Args:
        response: what the server sent, as `json` reads it: an object, or a list of them.
        shape: what the caller knows of the model.
        where: what holds the response, for messages.
        skip_missing: leave out an answer that says null, as for a request that was aborted.

    Raises:
        ValueError: there are no routed experts, or they are damaged, or they contradict the shape or do not state it.
    """
    if isinstance(response, list):
        parts = [
            decode(each, shape, f"{where}, answer {i}", skip_missing=skip_missing) for i, each in enumerate(response)
        ]
        return [one for part in parts for one in part]
    if not isinstance(response, dict):
        raise ValueError(f"{where}: expected a JSON object with {SOURCES}, got {_kind(response)}")
    found = []
    for name, holder in _holders(response, where):
        place = f"{where}{name}"
        payload = _payload(holder, response, shape, place)
        if payload is not None:
            found.append(_selected(payload, response, holder, shape, place))
        elif not skip_missing:
            raise ValueError(f"{place}: expected routed experts, got null, as for an aborted request: "
                             "leave such answers out with skip_missing=True")  # fmt: skip
    return found


def _holders(response: dict[str, Any], where: str) -> list[tuple[str, dict[str, Any]]]:
    """Return each object that holds the routed experts of an answer, with its name."""
    choices = response.get("choices")
    each = [
        (f", choices[{i}]", choice)
        for i, choice in enumerate(choices if isinstance(choices, list) else [])
        if isinstance(choice, dict)
    ]
    nested = [
        (f"{name}.sgl_ext", choice["sgl_ext"]) for name, choice in each if isinstance(choice.get("sgl_ext"), dict)
    ]
    body = [(f", {name}", response[name]) for name in ("meta_info", "sglext") if isinstance(response.get(name), dict)]
    candidates = [*body, *nested, *each]
    holders = [(name, holder) for name, holder in candidates if FIELDS & holder.keys()]
    if not holders:
        keys = ", ".join(sorted(map(str, response))[:8]) or "no fields"
        raise ValueError(f"{where}: expected {SOURCES}, got an object with {keys}: ask the server for routed experts")
    return holders


FIELDS = {"routed_experts", "input_expert_ids", "output_expert_ids"}


@dataclass(frozen=True)
class _Payload:
    """Choices of all layers that the server sends, and which of them have experts, if it says so."""

    experts: Int[Tensor, "n l k"]
    moe_layers: tuple[int, ...] | None


def _payload(holder: dict[str, Any], response: dict[str, Any], shape: Shape, where: str) -> _Payload | None:
    """Decode what an object holds; None for null."""
    stated = _schema(holder, shape, where)
    value = holder.get("routed_experts")
    if value is not None:
        prompt = response.get("prompt_routed_experts")
        if isinstance(value, list):
            lists: list[object] = [value] if prompt is None else [prompt, value]
            return _Payload(torch.cat([_lists(each, stated, f"{where}.routed_experts") for each in lists]), None)
        return _Payload(_text(value, stated, f"{where}.routed_experts"), stated.moe_layers)
    halves = [
        _text(holder[name], stated, f"{where}.{name}", rows=holder["expert_ids_schema"].get(rows))
        for name, rows in (("input_expert_ids", "input_num_rows"), ("output_expert_ids", "output_num_rows"))
        if holder.get(name) is not None and _has_schema(holder, where)
    ]
    return _Payload(torch.cat(halves), stated.moe_layers) if halves else None


def _has_schema(holder: dict[str, Any], where: str) -> bool:
    """Return True, or raise an error: what is split cannot be read without what states its shape."""
    if not isinstance(holder.get("expert_ids_schema"), dict):
        raise ValueError(
            f"{where}: expected expert_ids_schema beside the expert ids, got {_kind(holder.get('expert_ids_schema'))}"
        )
    return True


def _schema(holder: dict[str, Any], shape: Shape, where: str) -> Shape:
    """Return what a schema states of the shape, or else what the caller knows; they must not contradict each other."""
    schema = holder.get("expert_ids_schema")
    if schema is None:
        return shape
    if not isinstance(schema, dict):
        raise ValueError(f"{where}: expected expert_ids_schema to be an object, got {_kind(schema)}")
    for name, wanted in (("dtype", "int32"), ("layout", "row_major"), ("id_space", "logical_global")):
        if schema.get(name, wanted) != wanted:
            raise ValueError(
                f"{where}: expected expert ids of {name} {wanted!r}, got {schema[name]!r}: this form is not known"
            )
    sizes = {}
    for field, given in (("num_layers", shape.num_layers), ("top_k", shape.top_k)):
        value = schema.get(field)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(
                f"{where}: expected expert_ids_schema.{field} to be a whole number of at least 1, got {value!r}"
            )
        sizes[field] = _agreed(field, given, value, where)
    layers = schema.get("moe_layer_ids")
    if layers is None:
        return Shape(sizes["num_layers"], sizes["top_k"], None)
    if not isinstance(layers, list) or not all(
        type(each) is int and 0 <= each < sizes["num_layers"] for each in layers
    ):
        raise ValueError(f"{where}: expected moe_layer_ids from 0 to {sizes['num_layers'] - 1}, got {layers!r}")
    return Shape(sizes["num_layers"], sizes["top_k"], tuple(layers))


def _agreed(name: str, given: int | None, stated: int, where: str) -> int:
    if given is not None and given != stated:
        raise ValueError(f"{where}: expected {name}={given} as given, got {stated}, which the server states")
    return stated


def _text(value: object, shape: Shape, where: str, rows: object = None) -> Int[Tensor, "n l k"]:
    """Decode base64 of a NumPy file, or of int32 numbers."""
    if not isinstance(value, str):
        raise ValueError(f"{where}: expected a base64 string, got {_kind(value)}")
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{where}: expected base64, got {value[:20]!r}...: {error}") from error
    if data.startswith(NPY):
        return _array(data, shape, where)
    missing = [name for name, size in (("num_layers", shape.num_layers), ("top_k", shape.top_k)) if size is None]
    if missing or shape.num_layers is None or shape.top_k is None:
        raise ValueError(
            f"{where}: expected the shape of the numbers, which this server does not state: "
            f"give {' and '.join(missing)}"
        )
    token = 4 * shape.num_layers * shape.top_k
    if len(data) % token:
        raise ValueError(
            f"{where}: expected whole tokens of {token} bytes ({shape.num_layers} layers x {shape.top_k} experts x 4), "
            f"got {plural(len(data), 'byte')}: the answer was cut, or num_layers or top_k is not the model's"
        )
    if rows is not None and rows != len(data) // token:
        raise ValueError(f"{where}: expected {rows!r} tokens as expert_ids_schema says, got {len(data) // token}")
    numbers = np.frombuffer(data, "<i4").reshape(-1, shape.num_layers, shape.top_k)
    return torch.from_numpy(numbers.astype(np.int32))


def _array(data: bytes, shape: Shape, where: str) -> Int[Tensor, "n l k"]:
    """Decode a NumPy file by its header, without room for more numbers than it holds."""
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        sizes, fortran, dtype = read(file)
    except Exception as error:  # whatever NumPy raises of a damaged header
        raise ValueError(f"{where}: expected a NumPy file, got a damaged header: {error}") from error
    if dtype.kind not in "iu" or len(sizes) != 3 or fortran:
        raise ValueError(f"{where}: expected whole numbers [tokens, layers, k] in rows, got {dtype} {sizes}")
    body = len(data) - file.tell()
    if math.prod(sizes) * dtype.itemsize != body:
        raise ValueError(
            f"{where}: expected {math.prod(sizes)} numbers of {dtype.itemsize} bytes as the header says, got "
            f"{plural(body, 'byte')}: the answer was cut"
        )
    for name, given, stated in (("num_layers", shape.num_layers, sizes[1]), ("top_k", shape.top_k, sizes[2])):
        _agreed(name, given, stated, where)
    return _as_int32(np.frombuffer(data, dtype, offset=file.tell()).reshape(sizes), where)


def _lists(value: object, shape: Shape, where: str) -> Int[Tensor, "n l k"]:
    """Read nested lists of numbers."""
    try:
        numbers = np.array(value)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where}: expected lists [tokens][layers][k] of equal lengths: {error}") from error
    if value == [] and shape.num_layers is not None and shape.top_k is not None:
        numbers = np.zeros((0, shape.num_layers, shape.top_k), np.int64)
    if numbers.dtype.kind not in "iu" or numbers.ndim != 3:
        raise ValueError(
            f"{where}: expected lists [tokens][layers][k] of whole numbers, got {numbers.dtype} {numbers.shape}"
        )
    for name, given, stated in (
        ("num_layers", shape.num_layers, numbers.shape[1]),
        ("top_k", shape.top_k, numbers.shape[2]),
    ):
        _agreed(name, given, stated, where)
    return _as_int32(numbers, where)


def _as_int32(numbers: np.ndarray, where: str) -> Int[Tensor, "n l k"]:
    """Return numbers as int32; one that does not fit is no expert, and would become another."""
    if numbers.size and (int(numbers.max()) > 2**31 - 1 or int(numbers.min()) < -(2**31)):
        raise ValueError(f"{where}: expected numbers of experts, got {int(numbers.max())}")
    return torch.from_numpy(numbers.astype(np.int32))


def _selected(payload: _Payload, response: dict[str, Any], holder: dict[str, Any], shape: Shape, where: str) -> Decoded:
    """Keep the layers that have experts, and find the tokens' ids."""
    experts = payload.experts
    layers = payload.moe_layers if shape.moe_layers is None else shape.moe_layers
    if layers is None:
        layers = tuple(range(experts.shape[1]))
    elif layers and not (0 <= min(layers) and max(layers) < experts.shape[1]):
        raise ValueError(f"{where}: expected moe_layers from 0 to {experts.shape[1] - 1}, got {list(layers)}")
    else:
        experts = experts[:, list(layers)]
    return Decoded(Chosen(experts, _token_ids(response, holder, len(experts)), where), layers)


def _token_ids(response: dict[str, Any], holder: dict[str, Any], rows: int) -> Int[Tensor, " n"] | None:
    """Return the ids of the tokens that the rows are of, where the answer holds them all; never a part of them."""
    choice = holder if "choices" in response and "index" in holder else _only(response.get("choices"))
    extension = response.get("sglext")
    places: Sequence[Mapping[str, Any]] = [choice, response, extension if isinstance(extension, dict) else {}]
    prompt = next(
        (place[name] for place in places for name in ("prompt_token_ids", "input_ids") if place.get(name)), None
    )
    answer: Any = next((place[name] for place in places for name in ("token_ids", "output_ids") if place.get(name)), [])
    answer = answer[0] if isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], list) else answer
    if not isinstance(prompt, list) or not isinstance(answer, list):
        return None
    ids = [*prompt, *answer]
    if not all(type(each) is int for each in ids) or len(ids) - rows not in (0, 1):
        return None
    return torch.tensor(ids[:rows], dtype=torch.int64, device="cpu")


def _only(choices: object) -> dict[str, Any]:
    """Return the only choice, or an empty object."""
    return choices[0] if isinstance(choices, list) and len(choices) == 1 and isinstance(choices[0], dict) else {}


def encode(choices: Chosen, layers: Sequence[int]) -> dict[str, Any]:
    """Write choices as SGLang's /generate answers: int32 in base64, with what states their shape.

    As in its answers, layers without experts are zeros. The tokens' ids stand where vLLM puts them.
    """
    n, _, k = choices.experts.shape
    whole = torch.zeros(n, max(layers) + 1, k, dtype=torch.int32, device="cpu")
    whole[:, list(layers)] = choices.experts.int()
    schema = {
        "dtype": "int32",
        "layout": "row_major",
        "id_space": "logical_global",
        "num_layers": max(layers) + 1,
        "top_k": k,
        "moe_layer_ids": list(layers),
    }
    numbers = base64.b64encode(whole.numpy().astype("<i4").tobytes()).decode()
    answer: dict[str, Any] = {"meta_info": {"routed_experts": numbers, "expert_ids_schema": schema}}
    if choices.tokens is not None:
        answer["prompt_token_ids"] = choices.tokens.tolist()
    return answer


def _kind(value: object) -> str:
    """Name what JSON holds."""
    names = {type(None): "null", dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return names.get(type(value), "a number")
