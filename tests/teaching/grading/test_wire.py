"""What is read from a pipe is a message or nothing, however it was made."""

import io
import json
import struct

import pytest
import torch

from softmoe_edu.teaching.grading import wire
from softmoe_edu.teaching.grading.wire import Torn


def framed(head, *parts):
    """Return a message with this head, as bytes."""
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return io.BytesIO(struct.pack("<Q", len(text)) + text + b"".join(parts))


def test_a_message_arrives():
    """What is sent is received, its bytes in order."""
    pipe = io.BytesIO()
    wire.send(pipe, {"do": "call"}, [b"ab", b"", b"cde"])
    pipe.seek(0)
    assert wire.receive(pipe) == ({"do": "call"}, [b"ab", b"", b"cde"])


@pytest.mark.parametrize(
    "stream",
    [
        io.BytesIO((1 << 50).to_bytes(8, "little")),
        framed(b"nonsense"),
        framed(b"[" * 100_000),
        framed([1, 2]),
        framed({"message": {}}),
        framed({"message": "x", "sizes": []}),
        framed({"message": {}, "sizes": [-1]}),
        framed({"message": {}, "sizes": [1 << 40]}),
        framed({"message": {}, "sizes": ["a"]}),
    ],
)
def test_other_bytes_are_none(stream):
    """No length, no head and no size of another process is trusted."""
    with pytest.raises(Torn):
        wire.receive(stream)


@pytest.mark.parametrize("cut", [0, 4, 20])
def test_an_end_is_an_end(cut):
    """A pipe that closes within a message says so."""
    whole = framed({"message": {}, "sizes": [3]}, b"abc").getvalue()
    with pytest.raises(EOFError):
        wire.receive(io.BytesIO(whole[:cut]))


@pytest.mark.parametrize(
    "about",
    [
        {"tensor": 0, "dtype": "float32", "shape": [3]},
        {"tensor": 0, "dtype": "object", "shape": [1]},
        {"tensor": 0, "dtype": "float32", "shape": [-2, -1]},
        {"tensor": 0, "dtype": "float32", "shape": [1] * 17},
        {"tensor": 9, "dtype": "float32", "shape": [2]},
    ],
)
def test_tensors_have_the_size_that_they_say(about):
    """Bytes of another number, unknown dtypes and shapes that are none make no tensor."""
    with pytest.raises((Torn, KeyError, IndexError)):
        wire.tensor_in(about, [bytearray(8)])


def test_numbers_survive():
    """Bits are kept: NaN, -0.0, infinities, in every dtype."""
    values = torch.tensor([float("nan"), -0.0, float("inf"), 1.5])
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        buffers: list[bytes] = []
        about = wire.tensor_out(values.to(dtype), buffers)
        got = wire.tensor_in(about, [bytearray(each) for each in buffers])
        assert got.dtype == dtype and repr(got) == repr(values.to(dtype))
