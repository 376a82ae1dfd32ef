"""Half precision, autocast, other devices and torch.compile: the same decision, the right dtype."""

import copy

import pytest
import torch
from torch import nn

from softmoe_edu import ROUTERS, Experts, MoE, ViT, record

NAMES = sorted(ROUTERS)
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def layer(name):
    torch.manual_seed(0)
    return MoE(ROUTERS[name](8, 4), Experts(8, 4, 6))


def tokens(dtype=torch.float32):
    return torch.randn(3, 7, 8, generator=torch.Generator().manual_seed(1)).to(dtype)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_dtypes(name, dtype, device):
    """A layer answers in the dtype it is given; its weights are at least float32 and close to the float32 ones."""
    moe, x = layer(name).to(device, dtype), tokens(torch.bfloat16).to(device)
    exact = layer(name).to(device, dtype).float()  # the same rounded parameters
    routing = moe.router(x.to(dtype))
    weights_dtype = torch.float64 if dtype == torch.float64 else torch.float32

    assert moe(x.to(dtype)).dtype == dtype and moe(x.to(dtype)).device.type == device
    assert routing.dispatch.dtype == routing.combine.dtype == weights_dtype
    if dtype != torch.float64:
        torch.testing.assert_close(routing.combine, exact.router(x.float()).combine)
        torch.testing.assert_close(moe(x.to(dtype)).float(), exact(x.float()), rtol=0.05, atol=0.02)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("changes", [{"capacity_factor": None}, {"form": "attention"}], ids=["dropless", "attention"])
def test_other_forms_on_every_device(changes, dtype, device):
    """Dropless tokens choice and Soft MoE without weights give the float32 answers and gradients on every device."""
    name = "soft" if "form" in changes else "tokens choice"
    torch.manual_seed(0)
    exact = MoE(ROUTERS[name](8, 4, **changes), Experts(8, 4, 16)).to(dtype).float()
    moe, x = copy.deepcopy(exact).to(device, dtype), tokens(dtype)
    moe(x.to(device)).sum().backward()
    exact(x.float()).sum().backward()

    torch.testing.assert_close(moe(x.to(device)).float().cpu(), exact(x.float()), rtol=0.05, atol=0.03)
    torch.testing.assert_close(moe.experts.w_in.grad.float().cpu(), exact.experts.w_in.grad, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("form", ["weights", "attention"])
def test_large_scales_in_half_precision(form, autocast, device):
    """At a scale of 100 bfloat16 layers of both forms are as near to the exact answers as bfloat16 numbers can be."""
    torch.manual_seed(0)
    dim, tokens = 64, 512
    layer = MoE(ROUTERS["soft"](dim, 16, 16, form=form, scale_init=100.0), Experts(dim, 16, 64)).to(device)
    x = torch.randn(1, tokens, dim, device=device).bfloat16()
    layer.bfloat16()
    exact = copy.deepcopy(layer).double()(x.double())
    if autocast:
        layer, x = layer.float(), x.float()
    with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16, enabled=autocast):
        y = layer(x).double()

    assert (y - exact).norm() < 0.006 * exact.norm()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", NAMES)
def test_routing_is_float32_under_autocast(name, device):
    """Autocast to bfloat16 changes no routing decision; the experts run in bfloat16."""
    moe, x = layer(name).to(device), tokens().to(device)
    plain = moe.router(x)
    with torch.autocast(device, dtype=torch.bfloat16):
        with record(moe) as routings:
            y = moe(x)
        narrow = moe.experts(plain.to_slots(x))

    assert torch.equal(plain.dispatch, routings["router"].dispatch)
    assert torch.equal(plain.combine, routings["router"].combine)
    assert narrow.dtype == torch.bfloat16
    torch.testing.assert_close(y.float(), moe(x), rtol=0.05, atol=0.03)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", NAMES)
def test_vit_trains_under_autocast(name, device):
    """A step of a ViT with each router under autocast gives finite gradients in float32."""
    torch.manual_seed(0)
    model = ViT(dim=8, moe_layers=(1, 2), moe=lambda dim: MoE(ROUTERS[name](dim, 4), Experts(dim, 4, 6))).to(device)
    nn.init.normal_(model.head.weight)
    with torch.autocast(device, dtype=torch.bfloat16):
        loss = nn.functional.cross_entropy(model(torch.rand(4, 1, 8, 8, device=device)), torch.arange(4, device=device))
    loss.backward()

    assert all(p.grad.dtype == torch.float32 and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.compiled
@pytest.mark.filterwarnings("ignore")  # torch.compile's own warnings
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", NAMES)
def test_compiled_model_agrees(name, device):
    """A compiled ViT with each router gives the same values and gradients, and can still be recorded."""
    torch.manual_seed(0)
    torch.compiler.reset()
    model = ViT(dim=8, depth=1, moe_layers=(0,), moe=lambda dim: MoE(ROUTERS[name](dim, 4), Experts(dim, 4, 6))).to(
        device
    )
    nn.init.normal_(model.head.weight)
    compiled, images = torch.compile(model), torch.rand(4, 1, 8, 8, device=device)
    gradients = []
    for run in (model, compiled):
        model.zero_grad()
        run(images).square().sum().backward()
        gradients.append([p.grad.clone() for p in model.parameters()])
    with record(compiled) as routings:
        y = compiled(images)

    torch.testing.assert_close(compiled(images), model(images), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(y, model(images))
    assert list(routings) == ["blocks.0.mlp.router"]
