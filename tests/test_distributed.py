"""Data parallelism with one process: every router trains under DDP and fully_shard."""

import pytest
import torch
import torch.distributed as dist
from torch import nn

from softmoe_edu import ROUTERS, Experts, MoE, TokensChoiceRouter, ViT, record

pytestmark = [
    pytest.mark.skipif(not dist.is_available(), reason="this build of PyTorch has no torch.distributed"),
    pytest.mark.filterwarnings("ignore"),  # torch.distributed's own warnings
]


@pytest.fixture(scope="module", autouse=True)
def process_group(tmp_path_factory):
    """A group of this process alone, which meets itself in a file."""
    meeting = tmp_path_factory.mktemp("group") / "meeting"
    dist.init_process_group("gloo", init_method=meeting.as_uri(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def model(name):
    torch.manual_seed(0)
    vit = ViT(dim=8, moe_layers=(1, 2), moe=lambda dim: MoE(ROUTERS[name](dim, 4), Experts(dim, 4, 6)))
    nn.init.normal_(vit.head.weight)
    return vit


def trained(wrapped):
    """The output after two steps of training."""
    optimizer = torch.optim.AdamW(wrapped.parameters(), lr=0.01)
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    for _ in range(2):
        optimizer.zero_grad()
        wrapped(images).square().sum().backward()
        optimizer.step()
    return wrapped(images)


@pytest.mark.parametrize("name", sorted(ROUTERS))
def test_ddp(name):
    """DistributedDataParallel trains a model as it is trained alone, and records the names of the model inside."""
    wrapped = nn.parallel.DistributedDataParallel(model(name))
    with record(wrapped) as routings:
        wrapped(torch.rand(2, 1, 8, 8))

    assert list(routings) == [f"blocks.{i}.mlp.router" for i in (1, 2)]
    torch.testing.assert_close(trained(wrapped), trained(model(name)))


@pytest.mark.parametrize("name", sorted(ROUTERS))
def test_fully_shard(name):
    """fully_shard takes every parameter, block by block, and trains a model as it is trained alone."""
    fsdp = pytest.importorskip("torch.distributed.fsdp")
    wrapped = model(name)
    for block in wrapped.blocks:
        fsdp.fully_shard(block)
    fsdp.fully_shard(wrapped)

    torch.testing.assert_close(trained(wrapped), trained(model(name)))


@pytest.mark.parametrize("changes", [{}, {"capacity_factor": None}], ids=["capacity", "dropless"])
def test_fully_shard_of_parts(changes):
    """Router, experts and the embedding can each be sharded alone, in mixed precision too."""
    fsdp = pytest.importorskip("torch.distributed.fsdp")

    def make():
        torch.manual_seed(0)
        layer = lambda dim: MoE(TokensChoiceRouter(dim, 4, **changes), Experts(dim, 4, 16))  # noqa: E731
        vit = ViT(dim=8, moe_layers=(1,), moe=layer)
        nn.init.normal_(vit.head.weight)
        return vit

    policies = {}, {"mp_policy": fsdp.MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)}
    for policy, tolerance in zip(policies, ({}, {"rtol": 0.1, "atol": 0.1}), strict=True):
        wrapped = make()
        layer = wrapped.blocks[1].mlp
        for part in (layer.router, layer.experts, wrapped.embed, wrapped):
            fsdp.fully_shard(part, **policy)
        images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(1))
        y, expected = wrapped(images), make()(images)
        y.square().sum().backward()

        torch.testing.assert_close(y.float(), expected, **tolerance)
        assert all(parameter.grad is not None for parameter in wrapped.parameters())
