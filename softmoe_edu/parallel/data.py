"""The data side: which examples each rank takes, and the gradients of what all ranks hold."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from torch.nn.parallel import DistributedDataParallel

from softmoe_edu.parallel.layer import ExpertParallel
from softmoe_edu.parallel.shard import check_mesh
from softmoe_edu.shapes import check_at_least


def shares(examples: int, ranks: int, group: int = 1) -> list[int]:
    """Deal a batch out to ranks in whole groups, as evenly as that allows; the first ranks get one more.

    Args:
        examples: examples of the batch.
        ranks: how many ranks share it.
        group: examples that stay together (`examples_per_group`).

    Returns:
        The examples of each rank; the batch is cut in this order.

    Raises:
        TypeError: a number is no whole number.
        ValueError: a number is too small, or group does not divide examples.
    """
    examples, ranks = check_at_least("examples", examples, 0), check_at_least("ranks", ranks)
    group = check_at_least("group", group)
    if examples % group:
        raise ValueError(f"examples must be a multiple of group={group}, got {examples}: a group is whole on one rank")
    each, more = divmod(examples // group, ranks)
    return [(each + (rank < more)) * group for rank in range(ranks)]


def data_parallel(model: nn.Module, mesh: DeviceMesh) -> DistributedDataParallel:
    """Wrap a model whose experts are spread in DistributedDataParallel, which leaves the experts alone.

    Every gradient is then that of the mean of the ranks' losses. DDP takes the mean over ranks for the parameters that
    all of them hold. The gradient of an expert is complete on its rank, but is that of the sum of the losses: it is
    divided by the number of ranks as it arrives. Where B examples are dealt out to r ranks, a rank with b of them
    multiplies its mean loss by b r / B; all gradients are then those of the mean loss of the whole batch.

    DDP starts every rank from the first one's parameters. It has a process group of its own, so that its sums and the
    experts' all-to-alls cannot be mistaken for each other, whichever is ready first.

    Args:
        model: on the devices of the mesh; layers that `spread_experts` made are spread over the same mesh.
        mesh: all ranks there are: a DeviceMesh with one axis.

    Returns:
        The wrapper; its `.module` is the model.

    Raises:
        TypeError, ValueError: mesh is no DeviceMesh with one axis of all ranks, or experts are spread over other ranks.
    """
    check_mesh(mesh)
    ranks = mesh.size()
    if ranks != dist.get_world_size():
        raise ValueError(
            f"all {dist.get_world_size()} processes must share the batch, got a mesh of {ranks} ranks: make it with "
            f"init_device_mesh({mesh.device_type!r}, ({dist.get_world_size()},))"
        )
    apart = list(getattr(model, "_ddp_params_and_buffers_to_ignore", ()))
    for name, layer in model.named_modules():
        if not isinstance(layer, ExpertParallel):
            continue
        if layer.mesh.mesh.tolist() != mesh.mesh.tolist():
            raise ValueError(
                f"experts must be spread over the ranks that share the batch, {mesh.mesh.tolist()}, got {name!r} over "
                f"{layer.mesh.mesh.tolist()}: use one mesh for both"
            )
        for parameter_name, parameter in layer.experts.named_parameters():
            apart.append(f"{name}.experts.{parameter_name}".removeprefix("."))
            if parameter.requires_grad:
                _share_once(parameter, ranks)
    # DDP has no argument for it, but looks for this list while it is built. No later wrapper shall find it.
    with patched(model, "_ddp_params_and_buffers_to_ignore", apart):
        return DistributedDataParallel(model, process_group=dist.new_group())


@contextmanager
def patched(owner: object, name: str, value: object) -> Iterator[None]:
    """Set an attribute for the block."""
    before = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if before is None:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


def _share_once(parameter: nn.Parameter, ranks: int) -> None:
    """Divide an expert's gradients by the number of ranks, however often its model is wrapped."""
    if not getattr(parameter, "_softmoe_shared", False):
        parameter.register_hook(lambda gradient: gradient / ranks)
        parameter._softmoe_shared = True  # type: ignore[attr-defined]  # a mark of our own
