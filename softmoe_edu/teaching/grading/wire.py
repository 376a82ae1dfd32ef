"""Messages between two processes: JSON says what a value is, raw bytes hold its numbers. Nothing that is read can run.

A message has the length of its JSON in eight bytes, the JSON, and the bytes of its tensors and arrays in order.
"""

import json
import math
import struct
from io import RawIOBase

import numpy as np
import torch
from torch import Tensor

HEAD = 4 << 20  # bytes of JSON
MOST = 64 << 20  # bytes of numbers
ITEMS = 100_000  # in one list
DEEPEST = 12  # lists in lists
DIGITS = 1024  # bits of a whole number
WORDS = 100_000  # characters

DTYPES = {
    str(each).removeprefix("torch."): each
    for each in (
        torch.float64,
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.complex64,
        torch.complex128,
        torch.int64,
        torch.int32,
        torch.int16,
        torch.int8,
        torch.uint8,
        torch.bool,
    )
}
NUMPY = {np.dtype(name).str for name in ("f8", "f4", "f2", "c8", "c16", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1")}
NUMPY.add(np.dtype(bool).str)


class Torn(Exception):
    """What came is no message: the other side does not keep to the rules."""


def send(stream: RawIOBase, message: dict, buffers: list[bytes]) -> None:
    """Write one message."""
    head = json.dumps({"message": message, "sizes": [len(each) for each in buffers]}).encode()
    rest = memoryview(b"".join([struct.pack("<Q", len(head)), head, *buffers]))
    while rest:
        rest = rest[stream.write(rest) :]


def receive(stream: RawIOBase) -> tuple[dict, list[bytearray]]:
    """Read one message.

    Raises:
        EOFError: If the other side has gone.
        Torn: If what came is no message, or one that is too large.
    """
    (length,) = struct.unpack("<Q", _exactly(stream, 8))
    if length > HEAD:
        raise Torn(f"a head of {length} bytes")
    try:
        head = json.loads(_exactly(stream, length))
        message, sizes = head["message"], head["sizes"]
        if not isinstance(message, dict) or not all(type(size) is int and size >= 0 for size in sizes):
            raise Torn("a head that says too little")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Torn(f"a head that cannot be read: {type(error).__name__}") from None
    if sum(sizes) > MOST:
        raise Torn(f"{sum(sizes)} bytes of numbers")
    return message, [_exactly(stream, size) for size in sizes]


def _exactly(stream: RawIOBase, length: int) -> bytearray:
    found = bytearray()
    while len(found) < length:
        part = stream.read(length - len(found))
        if not part:
            raise EOFError
        found += part
    return found


def can_cross(tensor: Tensor) -> bool:
    """Whether a tensor's numbers can be sent."""
    plain = tensor.layout in (torch.strided, torch.sparse_coo) and not tensor.is_quantized
    small = tensor.numel() * tensor.element_size() <= MOST // 4
    return plain and small and tensor.device.type != "meta" and str(tensor.dtype)[6:] in DTYPES


def tensor_out(tensor: Tensor, buffers: list[bytes]) -> dict:
    """Add a tensor's bytes to the buffers and return the rest of it."""
    sparse = tensor.layout != torch.strided
    values = tensor.detach()
    values = (values.to_dense() if sparse else values).cpu().resolve_conj().resolve_neg()
    buffers.append(raw(values).numpy().tobytes())
    about = {"tensor": len(buffers) - 1, "dtype": str(tensor.dtype)[6:], "shape": list(tensor.shape)}
    return about | ({"sparse": True} if sparse else {})


def raw(values: Tensor) -> Tensor:
    """Return the bytes of a dense tensor's numbers."""
    # Of an expanded tensor with one number, contiguous() leaves the stride 0, which no view of bytes takes.
    row = values.new_empty(values.numel()).copy_(values.detach().reshape(-1))
    return row.view(torch.uint8)


def tensor_in(about: dict, buffers: list[bytearray]) -> Tensor:
    """Return the tensor that was sent."""
    shape, dtype = about["shape"], DTYPES[about["dtype"]]
    if len(shape) > 16 or not all(type(size) is int and size >= 0 for size in shape):
        raise Torn("a shape that is none")
    buffer = buffers[about["tensor"]]
    if math.prod(shape) * dtype.itemsize != len(buffer):
        raise Torn("a tensor of another size")
    values = torch.frombuffer(buffer, dtype=dtype).view(shape) if buffer else torch.empty(shape, dtype=dtype)
    return values.to_sparse() if about.get("sparse") else values


def array_out(array: np.ndarray | np.generic, buffers: list[bytes]) -> dict:
    """Add an array's bytes, or a NumPy number's, to the buffers and return the rest of it."""
    buffers.append(np.ascontiguousarray(array).tobytes())
    scalar = isinstance(array, np.generic)
    return {"array": len(buffers) - 1, "dtype": array.dtype.str, "shape": list(array.shape), "scalar": scalar}


def array_in(about: dict, buffers: list[bytearray]) -> np.ndarray | np.generic:
    """Return the array or NumPy number that was sent."""
    if about["dtype"] not in NUMPY:
        raise Torn("an array of another kind")
    array = np.frombuffer(buffers[about["array"]], dtype=about["dtype"]).reshape(about["shape"])
    return array[()] if about.get("scalar") else array
