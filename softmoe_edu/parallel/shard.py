"""The experts of one rank: DTensors that hold a part of each of `Experts`' parameters, under the same names."""

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import DTensor, Shard, distribute_tensor
from torch.func import functional_call

from softmoe_edu.experts import Experts
from softmoe_edu.shapes import Slots

BY_EXPERT = [Shard(0)]
"""Every parameter of `Experts` has an axis of experts, the first, of which each rank holds an equal part."""


class ExpertShard(nn.Module):
    """Of e experts, the e / ranks that this rank holds and computes.

    The parameters are DTensors with the names and the shapes (e, ...) that they have in `Experts`. So a state dict is
    that of all experts: `torch.distributed.checkpoint` writes it from these ranks, and reads it on others or on one.
    `load_state_dict` takes it from `Experts` too, and keeps this rank's part.

    Args:
        experts: all experts, `Experts`; where ranks differ in them, those of the mesh's first rank count.
        mesh: the ranks, on one axis.

    Raises:
        TypeError: experts are not `Experts`, or mesh is no DeviceMesh.
        ValueError: the ranks do not divide the experts, mesh has several axes, or experts are on another device.
    """

    def __init__(self, experts: nn.Module, mesh: DeviceMesh):
        super().__init__()
        check_mesh(mesh)
        if type(experts) is not Experts:
            raise TypeError(
                f"experts must be softmoe_edu.Experts, got {type(experts).__name__}: parameters of other modules need "
                "not have an axis of experts that could be split"
            )
        self.dim, self.num_experts, self.hidden_dim = experts.dim, experts.num_experts, experts.hidden_dim
        if self.num_experts % mesh.size():
            raise ValueError(
                f"every rank must hold the same number of experts, got {self.num_experts} experts for {mesh.size()} "
                f"ranks: start {_divisors(self.num_experts, mesh.size())}, or build the layer with a multiple "
                f"of {mesh.size()} experts"
            )
        device = experts.w_in.device.type
        if device != mesh.device_type:
            raise ValueError(
                f"experts must be on the devices of the mesh, {mesh.device_type}, got {device}: "
                f"move the model with model.to({mesh.device_type!r}) first"
            )
        self.mesh = mesh
        for name, whole in experts.named_parameters():
            part = distribute_tensor(whole.detach(), mesh, BY_EXPERT)
            self.register_parameter(name, nn.Parameter(part, requires_grad=whole.requires_grad))
        # What computes them, with numbers of nobody: a tuple keeps it out of the modules.
        with torch.device("meta"):
            self._own = (Experts(self.dim, self.num_experts // mesh.size(), self.hidden_dim),)

    def forward(
        self,
        slots: Tensor,
        filled: Bool[Tensor, "b e p"] | None = None,
        *,
        count: Int[Tensor, " e"] | None = None,
    ) -> Slots | Float[Tensor, "r d"]:
        """Compute the answers of this rank's experts; arguments and result are those of `Experts` for so many."""
        own = {name: part.to_local() for name, part in self._parts()}
        return functional_call(self._own[0], own, (slots, filled), {"count": count})

    def whole(self) -> Experts:
        """Collect all experts on every rank; a call that all ranks make."""
        with torch.device("meta"):
            experts = Experts(self.dim, self.num_experts, self.hidden_dim)
        for name, part in self._parts():
            full = part.full_tensor().detach()
            setattr(experts, name, nn.Parameter(full, requires_grad=part.requires_grad))
        return experts.train(self.training)

    def _parts(self) -> Iterator[tuple[str, DTensor]]:
        for name, part in self._parameters.items():
            assert isinstance(part, DTensor)
            yield name, part

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Load all experts' parameters as `Experts` saves them, too."""
        for name, part in self._parts():
            value = state_dict.get(f"{prefix}{name}")
            if isinstance(value, Tensor) and not isinstance(value, DTensor) and value.shape == part.shape:
                own = value.chunk(self.mesh.size())[self.mesh.get_local_rank()].to(part.to_local())
                state_dict[f"{prefix}{name}"] = DTensor.from_local(own, self.mesh, BY_EXPERT, run_check=False)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def extra_repr(self) -> str:
        """Show the sizes where the module is printed."""
        return f"dim={self.dim}, num_experts={self.num_experts}, hidden_dim={self.hidden_dim}, ranks={self.mesh.size()}"


def check_mesh(mesh: DeviceMesh) -> None:
    """Raise an error that says what to do unless mesh is a DeviceMesh with one axis."""
    if not isinstance(mesh, DeviceMesh):
        raise TypeError(
            f"mesh must be a torch.distributed DeviceMesh, got {type(mesh).__name__}: "
            "make one with init_device_mesh('cpu', (ranks,))"
        )
    if mesh.ndim != 1:
        raise ValueError(
            f"mesh must have one axis, whose ranks hold the experts, got {mesh.ndim} axes {tuple(mesh.shape)}: "
            "name one of them, as in mesh['experts']"
        )


def _divisors(experts: int, ranks: int) -> str:
    """Return in words the numbers of ranks, at most so many, that divide the experts."""
    *fewer, most = [str(r) for r in range(1, min(experts, ranks) + 1) if experts % r == 0]
    return f"{', '.join(fewer)} or {most} ranks" if fewer else "1 rank"
