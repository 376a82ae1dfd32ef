"""An MoE layer whose experts live on the ranks of a device mesh, and the conversion of a model's layers, and back."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

import torch
import torch.distributed as dist
from jaxtyping import Int
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh

from softmoe_edu.moe import MoE
from softmoe_edu.parallel.exchange import Rows, exchange_rows, exchange_slots
from softmoe_edu.parallel.shard import ExpertShard
from softmoe_edu.routers.router import Router, ask
from softmoe_edu.routing import SparseRouting
from softmoe_edu.shapes import Slots, Tokens, autocast_to, check_at_least

_announced: ContextVar[tuple[int, ...] | None] = ContextVar("examples_per_rank", default=None)


@contextmanager
def examples_per_rank(sizes: Sequence[int]) -> Iterator[None]:
    """Announce how many examples each rank gives to the layers inside the block, if the numbers differ.

    Layers that mix, such as Soft MoE, need these numbers, because nothing else tells them what arrives. Sparse layers
    exchange their counts anyway.

    Args:
        sizes: examples of every rank of the mesh, in order; 0 for a rank without any.

    Raises:
        TypeError: a size is no whole number.
        ValueError: a size is negative.
    """
    token = _announced.set(tuple(check_at_least("examples of a rank", size, 0) for size in sizes))
    try:
        yield
    finally:
        _announced.reset(token)


class ExpertParallel(MoE):
    """An MoE layer on many ranks: each has the whole router, some of the experts, and its own part of the batch.

    dispatch, all-to-all, experts, all-to-all, combine. The unit that routes alone is the group, as in `MoE`, and a
    group is whole on one rank. So outputs, gradients, losses and metrics are those of `MoE` with the groups of all
    ranks, however these are dealt out. A rank may have none: it gives (0, n, d), and still calls the layer, the
    backward pass and whatever else the other ranks call.

    The backward pass takes the sum of the ranks' losses. An expert gets its gradient from the tokens of all ranks. The
    gradients of the router and of the input are of this rank's tokens alone: `data_parallel` reduces those of all
    parameters that are not experts.

    A sparse router's layer sends only the filled slots, after one exchange of counts. A layer that mixes
    tokens sends all slots of all groups; it exchanges nothing beforehand, but on the first batch of each size, when
    ranks check that all of them have the same number of examples. If not, announce it with `examples_per_rank`: nothing
    checks whether ranks disagree later on, as with a last batch that is shorter on one of them, and they would wait for
    each other.

    Args:
        router: any Router that can say whether it is sparse; the same on every rank.
        experts: all experts, `Experts`, of which the layer keeps those of this rank.
        mesh: the ranks that hold the experts: a DeviceMesh with one axis.
        examples_per_group: as in `MoE`.

    Raises:
        TypeError: router, experts or mesh are of another kind.
        ValueError: the ranks do not divide the experts, or sizes do not fit.
    """

    router: Router
    experts: ExpertShard

    def __init__(self, router: nn.Module, experts: nn.Module, mesh: DeviceMesh, *, examples_per_group: int = 1):
        if not isinstance(router, Router):
            raise TypeError(
                f"router must be a softmoe_edu.routers.Router, got {type(router).__name__}: all ranks have to know "
                "whether it is sparse, and a Router says so"
            )
        super().__init__(router, ExpertShard(experts, mesh), examples_per_group=examples_per_group)
        self.mesh = mesh
        self.sparse = bool(ask(router, "is_sparse"))
        self._agreed: set[int] = set()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        """Answer every token of this rank, with the experts of all ranks; all ranks call it together.

        Args:
            x: tokens (b, n, d), of which b may be 0; n is the same on all ranks.
            mask: as in `MoE`.

        Returns:
            Answers (b, n, d).

        Raises:
            TypeError, ValueError: as in `MoE`, or other ranks have another number of examples and it was not announced.
        """
        if isinstance(x, Tensor) and x.ndim == 3 and len(x) == 0 and x.shape[2] == self.router.dim:
            return self._without_tokens(x)
        return super().forward(x, mask)

    def _answer(self, x: Tensor, mask: Tensor | None) -> Tokens:
        routing = self.router(x, mask)
        if not self.sparse:
            return routing.through(x, self._mixed)
        if not isinstance(routing, SparseRouting):
            raise TypeError(
                f"a sparse router must return a SparseRouting, got {type(routing).__name__} from "
                f"{type(self.router).__name__}: let its is_sparse() return False"
            )
        # Dropless or not: the filled slots travel, sorted by expert.
        return replace(routing, dropless=True).through(x, self._rows)

    def _rows(self, rows: Rows, *, count: Int[Tensor, " e"]) -> Rows:
        return exchange_rows(rows, count, self.mesh, self._answer_rows)

    def _answer_rows(self, rows: Rows, count: Int[Tensor, " own"]) -> Rows:
        return self.experts(rows, count=count)

    def _mixed(self, slots: Slots) -> Slots:
        # Autocast may have changed their dtype on the way, and did not where a rank has no tokens.
        reduced = None if slots.dtype == torch.float64 else autocast_to(slots.device.type)
        groups = self._groups(len(slots), slots.device)
        return exchange_slots(slots.to(reduced or slots.dtype), groups, self.mesh, self.experts)

    def _groups(self, own: int, device: torch.device) -> list[int]:
        """Return how many groups each rank has, as announced, or as many as this one."""
        ranks, sizes, g = self.mesh.size(), _announced.get(), self.examples_per_group
        if sizes is not None:
            rank = self.mesh.get_local_rank()
            if len(sizes) != ranks or sizes[rank] != own * g or any(size % g for size in sizes):
                raise ValueError(
                    f"examples_per_rank must announce the examples of {ranks} ranks, in groups of {g}, {own * g} of "
                    f"them for rank {rank}, got {sizes}: announce what the ranks are given"
                )
            return [size // g for size in sizes]
        if own not in self._agreed:
            # A sum with one rank in each place gathers them; the calls that gather change from version to version.
            given = torch.zeros(ranks, dtype=torch.long, device=device)
            given[self.mesh.get_local_rank()] = own * g
            dist.all_reduce(given, group=self.mesh.get_group())
            found = given.tolist()
            if set(found) != {own * g}:
                raise ValueError(
                    f"every rank must give the same number of examples to a layer that mixes tokens, got {found}: "
                    f"announce them, with parallel.examples_per_rank({found})"
                )
            self._agreed.add(own)
        return [own] * ranks

    def _without_tokens(self, x: Tensor) -> Tokens:
        """Take part in what the ranks with tokens call, and return no answer."""
        e, d = self.router.num_experts, self.router.dim
        # Empty parts of the router's parameters: their gradients are 0 and not missing.
        parts = [parameter.flatten()[:0] for parameter in self.router.parameters()]
        nothing = torch.cat([x.flatten(), *(part.to(x.dtype) for part in parts)]).view(0, d)
        if self.sparse:
            answers = self._rows(nothing, count=torch.zeros(e, dtype=torch.long, device=x.device))
        else:
            p = ask(self.router, "capacity", x.shape[1] * self.examples_per_group)
            answers = self._mixed(nothing.view(0, e, p, d)).flatten(0, 2)
        return answers.view(x.shape)

    def extra_repr(self) -> str:
        """Show the settings where the module is printed."""
        return f"{super().extra_repr()}, ranks={self.mesh.size()}"


def spread_experts(model: nn.Module, mesh: DeviceMesh) -> nn.Module:
    """Spread the experts of all MoE layers of a model over ranks; a call that all ranks make.

    Every rank must hold the same model. Layers are replaced in place by `ExpertParallel` layers with the same router,
    mode and names of parameters; hooks of a layer itself are not taken over. Make the optimizer afterwards.

    Args:
        model: a model with `MoE` layers, or such a layer itself.
        mesh: the ranks that hold the experts: a DeviceMesh with one axis.

    Returns:
        The model, or the new layer where the model is an MoE layer itself.

    Raises:
        TypeError, ValueError: a layer cannot be spread, see `ExpertParallel`; then none is. Or there is no MoE layer.
    """
    if isinstance(model, MoE):
        return _spread(model, mesh)
    layers = [module for module in model.modules() if isinstance(module, MoE)]
    if not layers:
        raise ValueError(
            f"model must have an MoE layer with experts to spread, got {type(model).__name__} without one: "
            "build it with moe_layers, or use data_parallel alone"
        )
    return _replaced(model, {layer: _spread(layer, mesh) for layer in layers})


def _spread(layer: MoE, mesh: DeviceMesh) -> ExpertParallel:
    """Make an ExpertParallel layer of a plain one; they share the router."""
    if type(layer) is not MoE:
        hint = "gather_experts turns it back" if isinstance(layer, ExpertParallel) else "it may compute another way"
        raise TypeError(f"a layer that is spread must be an MoE, got {type(layer).__name__}: {hint}")
    new = ExpertParallel(layer.router, layer.experts, mesh, examples_per_group=layer.examples_per_group)
    new.training, new.experts.training = layer.training, layer.experts.training
    return new


def gather_experts(model: nn.Module) -> nn.Module:
    """Turn the ExpertParallel layers of a model back into `MoE` layers with all experts; a call that all ranks make.

    Args:
        model: a model that `spread_experts` returned.

    Returns:
        The model, changed in place, or the new layer where the model is such a layer itself.
    """
    if isinstance(model, ExpertParallel):
        return _gathered(model)
    return _replaced(model, {each: _gathered(each) for each in model.modules() if isinstance(each, ExpertParallel)})


def _gathered(layer: ExpertParallel) -> MoE:
    new = MoE(layer.router, layer.experts.whole(), examples_per_group=layer.examples_per_group)
    new.training = layer.training
    return new


def _replaced(model: nn.Module, new: Mapping[MoE, MoE]) -> nn.Module:
    """Put new layers wherever the old ones stand, which may be in several places."""
    for parent in list(model.modules()):
        for name, child in parent._modules.items():
            if isinstance(child, MoE) and child in new:
                setattr(parent, name, new[child])
    return model
