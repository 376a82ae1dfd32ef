"""A second device for machines that have none: real numbers, no float64, and no tensor of it beside one of the CPU.

Its tensors wrap tensors of the CPU and say that they are on the meta device. As on MPS, float64 is refused; as on every
accelerator, an operation takes all its tensors from one device, NumPy sees none of them, and new tensors are on the CPU
unless their device is named.
"""

from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = torch.device("meta")
ACROSS = {torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default}  # what moves numbers between devices


class There(torch.Tensor):
    """A tensor of the second device."""

    @staticmethod
    def __new__(cls, inner):
        sizes = {"strides": inner.stride(), "storage_offset": inner.storage_offset()}
        return cls._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype, device=DEVICE, **sizes)

    def __init__(self, inner):
        self.inner = inner

    def __repr__(self, **_):
        return f"There({self.inner})"

    def tolist(self):
        return self.cpu().tolist()

    def numpy(self, **_):
        raise TypeError("can't convert a tensor of another device to numpy: use Tensor.cpu() first")

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return _run(function, args, kwargs or {})


@contextmanager
def elsewhere():
    """Inside, whatever names the second device makes tensors of it."""
    with _Factories(), _FromData():
        yield


class _Factories(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        return _run(function, args, kwargs or {})


class _FromData(TorchFunctionMode):
    """What is made of Python's numbers reaches no dispatcher before its device is applied."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is torch.Tensor.new_tensor and isinstance(args[0], There):
            return There(torch.tensor(args[1], **{"dtype": args[0].dtype, **kwargs, "device": "cpu"}))
        if function in (torch.tensor, torch.as_tensor) and kwargs.get("device") is not None:
            if torch.device(kwargs["device"]).type == DEVICE.type:
                return There(function(*args, **{**kwargs, "device": "cpu"}))
        return function(*args, **kwargs)


def _run(function, args, kwargs):
    tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
    there = any(isinstance(t, There) for t in tensors)
    here = any(not isinstance(t, There) and t.ndim for t in tensors)
    named = torch.device(kwargs["device"]).type if kwargs.get("device") is not None else None
    indexing = function.name().startswith(("aten::index.", "aten::index_put")) and isinstance(args[0], There)
    if there and here and named is None and function not in ACROSS and not indexing:
        raise RuntimeError(f"expected all tensors to be on the same device, got two devices in {function.name()}")
    inner_args, inner_kwargs = tree_map(_inside, (args, kwargs))
    if named == DEVICE.type:
        inner_kwargs["device"] = torch.device("cpu")
    result = function(*inner_args, **inner_kwargs)
    if function is torch.ops.aten.copy_.default:
        return args[0]
    if named is not None:
        return tree_map(_outside, result) if named == DEVICE.type else result
    return return_and_correct_aliasing(function, args, kwargs, tree_map(_outside, result)) if there else result


def _inside(value):
    return value.inner if isinstance(value, There) else value


def _outside(value):
    if not isinstance(value, torch.Tensor):
        return value
    if value.dtype in (torch.float64, torch.complex128):
        raise TypeError(f"cannot convert to {value.dtype}, which this device does not support: use float32 instead")
    return There(value)


def sent(value):
    """Copy what is made of tensors to the second device: containers, routings and modules."""
    if isinstance(value, torch.Tensor):
        return There(value.detach().clone()).requires_grad_(value.requires_grad)
    if isinstance(value, nn.Module):
        for module in value.modules():
            for name, parameter in module.named_parameters(recurse=False):
                setattr(module, name, nn.Parameter(sent(parameter), requires_grad=parameter.requires_grad))
            for name, buffer in module.named_buffers(recurse=False):
                module._buffers[name] = sent(buffer)
        return value
    if isinstance(value, dict):
        return {key: sent(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(sent, value))
    if is_dataclass(value):
        return replace(value, **{field.name: sent(getattr(value, field.name)) for field in fields(value)})
    return value
