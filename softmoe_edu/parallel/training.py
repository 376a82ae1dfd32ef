"""A run of `training.train` whose steps many processes take together: its figures are those of one process.

Every rank calls `train` with the same arguments and `run=run_on(mesh)`. A checkpoint is that of one process, so that a
run goes on with any number of ranks that divides the experts.
"""

import copy
import functools
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import DTensor
from torch.nn.utils import get_total_norm

from softmoe_edu.moe import MoE
from softmoe_edu.parallel.data import data_parallel, shares
from softmoe_edu.parallel.layer import examples_per_rank, gather_experts, spread_experts
from softmoe_edu.parallel.shard import BY_EXPERT
from softmoe_edu.routing import record
from softmoe_edu.seeds import stream_seed
from softmoe_edu.text import plural
from softmoe_edu.training.batches import LOOK, ImageData, group_size, read_batch
from softmoe_edu.training.evaluation import Evaluation, check_logits, classify, device_of, looking, mean_drop
from softmoe_edu.training.guard import Interruption
from softmoe_edu.training.history import History
from softmoe_edu.training.identity import identity_of
from softmoe_edu.training.loop import Run


def run_on(mesh: DeviceMesh) -> Callable[..., Run]:
    """Return what `train(..., run=...)` takes the steps with: all ranks of a mesh, each with some of the experts.

    The batches, their order, the learning rates and the checkpoint are those of one process. Each rank reads its share
    of a batch, in whole groups. Without noise and dropout the figures equal those of one process up to rounding; noise
    is drawn by each rank for its own images. An auxiliary loss is computed by each rank and must be a mean over groups,
    as all of `losses` are. Rank 0 writes the checkpoint and shows the progress; for a checkpoint, every rank collects
    all experts.

    After the run, the model is a plain one again on every rank, with all experts. After an error it stays spread.

    Args:
        mesh: all ranks there are: a DeviceMesh with one axis, on whose devices the model is.
    """
    return functools.partial(RunOnRanks, mesh=mesh)


class RunOnRanks(Run):
    """A run between two whole steps, which all ranks take together."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        history: History,
        *rest: Any,
        mesh: DeviceMesh,
        **more: Any,
    ):
        self.mesh, self.rank = mesh, mesh.get_local_rank()
        group, size = group_size(model), history.settings["batch_size"]
        self.sizes = shares(size, mesh.size(), group)
        if history.settings["snapshot_at"]:
            raise ValueError("snapshots are taken in one process: leave snapshot_at out, and load the checkpoint there")
        if 0 in self.sizes:
            raise ValueError(
                f"every rank must get at least one group of a batch, {plural(group, 'image')}, got batch_size={size} "
                f"for {mesh.size()} ranks: raise batch_size, or start fewer ranks"
            )
        # Of one process: what a checkpoint says of the model, and the optimizer whose state it holds.
        self.whole = identity_of(model)
        plain = {id(parameter): name for name, parameter in model.named_parameters()}
        self.order = [plain[id(parameter)] for group in optimizer.param_groups for parameter in group["params"]]
        state = optimizer.state_dict()
        self.groups = state["param_groups"]
        self.module = spread_experts(model, mesh) if any(isinstance(each, MoE) for each in model.modules()) else model
        wrapped = data_parallel(self.module, mesh)
        super().__init__(wrapped, self._optimizer(state), history, *rest, **more)
        self.stopping = False
        if self.rank:
            self.checkpoint = None

    def _optimizer(self, state: dict[str, Any]) -> torch.optim.Optimizer:
        """Make the optimizer of this rank's parameters, in the state of that of one process."""
        parameters = dict(self.module.named_parameters())
        groups, kept = [], {}
        for group in self.groups:
            settings = {name: value for name, value in group.items() if name != "params"}
            # DTensors and plain tensors cannot be changed in one call, so each have a group.
            parts: dict[bool, list[nn.Parameter]] = {False: [], True: []}
            for i in group["params"]:
                parameter = parameters[self.order[i]]
                parts[isinstance(parameter, DTensor)].append(parameter)
                kept[parameter] = {
                    name: self._part(value, parameter) for name, value in state["state"].get(i, {}).items()
                }
            groups += [{**settings, "params": part} for part in parts.values() if part]
        optimizer = torch.optim.AdamW(groups)
        for parameter, values in kept.items():
            if values:
                optimizer.state[parameter] = values
        return optimizer

    def _part(self, value: Any, parameter: nn.Parameter) -> Any:
        """Return this rank's part of what the optimizer keeps of a parameter."""
        if not isinstance(parameter, DTensor) or not isinstance(value, Tensor) or value.shape != parameter.shape:
            return value
        own = value.chunk(self.mesh.size())[self.rank].clone()
        return DTensor.from_local(own, self.mesh, BY_EXPERT, run_check=False)

    def go(self, progress: bool) -> None:
        """Act until nothing is due, and leave the model plain."""
        super().go(progress and self.rank == 0)
        gather_experts(self.module)

    def interruptible(self) -> Interruption:
        """Return what turns signals into a request, on whatever rank: torchrun sends each of them to all."""
        return _Request()

    def stops(self) -> bool:
        """Return whether any rank had been asked to stop when the last step was logged: all agree on it."""
        return self.stopping

    def seed_of(self, done: int) -> int:
        """Return the seed of this rank's noise: on rank 0, that of one process."""
        seed = super().seed_of(done)
        return stream_seed(seed, self.rank) if self.rank else seed

    def own(self, index: Tensor) -> Tensor:
        """Return this rank's share of a batch."""
        return index.split(self.sizes)[self.rank]

    def gradients(self, rate: float) -> dict[str, int | float]:
        """Compute the gradients of the next batch, of which other ranks have other images."""
        with examples_per_rank(self.sizes):
            return super().gradients(rate)

    @property
    def weight(self) -> float:
        """Return this rank's share of the images of a batch."""
        return self.sizes[self.rank] / sum(self.sizes)

    def backward(self, loss: Tensor) -> None:
        """Compute gradients, of which `data_parallel` takes the mean over ranks."""
        (loss * (self.weight * self.mesh.size())).backward()

    def _gradients(self) -> tuple[list[Tensor], list[Tensor]]:
        """Return the gradients that all ranks hold, and those of this rank's experts."""
        found = [p.grad for p in self.parameters if p.grad is not None]
        shared = [gradient for gradient in found if not isinstance(gradient, DTensor)]
        return shared, [gradient.to_local() for gradient in found if isinstance(gradient, DTensor)]

    def norm(self) -> Tensor:
        """Return the length of the whole gradient: the experts of all ranks count."""
        shared, own = (get_total_norm(gradients).to(self.device).double() for gradients in self._gradients())
        return (shared.square() + self._sum(own.square())).sqrt()

    def clip(self, longest: float, norm: Tensor) -> None:
        """Shorten the whole gradient, each rank its part."""
        factor = (longest / (norm + 1e-6)).clamp(max=1.0)
        for gradients in self._gradients():
            if gradients:
                torch._foreach_mul_(gradients, factor.to(gradients[0].dtype))

    def read(self, figures: Tensor) -> list[float]:
        """Read a step's figures for the whole batch, and whether any rank is asked to stop."""
        *mine, norm = figures.double()
        asked = figures.new_tensor(self.interruption.requested, dtype=torch.float64)
        total = self._sum(torch.stack([*(self.weight * figure for figure in mine), asked]))
        *values, stop, length = torch.cat((total, norm[None])).tolist()
        self.stopping = stop > 0
        return [*values, length]

    def _sum(self, value: Tensor) -> Tensor:
        """Add a value up over all ranks."""
        dist.all_reduce(value, group=self.mesh.get_group())
        return value

    def first_not_finite(self, images: Tensor) -> str | None:
        """Look at this rank's images and parameters; a look at modules would be a step that other ranks do not take."""
        for i, image in enumerate(images):
            if not image.isfinite().all():
                return f"image {i} of the batch of rank {self.rank} has a value that is not finite"
        for name, parameter in self.module.named_parameters():
            here = parameter.to_local() if isinstance(parameter, DTensor) else parameter
            if not here.isfinite().all():
                return f"parameter {name!r} on rank {self.rank} has a value that is not finite"
        return None

    def evaluate(self) -> None:
        """Log loss and accuracy on the test data, of which each rank looks at its share."""
        assert self.test_data is not None  # without it no evaluation is due
        size = self.history.settings["batch_size"]
        size *= max(1, 256 // size)
        result = evaluate_on_ranks(self.module, self.test_data, self.mesh, size, seed=self.history.settings["seed"])
        with self.interruption.finishing():
            self.log(self.history.tests_log, result._asdict())

    def keep_in_spite(self, write: bool) -> None:
        """Leave the history without a state: other ranks may go on, so nothing can be collected."""
        self.history.state = {}

    def state(self) -> dict[str, Any]:
        """Collect the state that one process would have; a call that all ranks make."""
        model = {name: _whole(value) for name, value in self.module.state_dict().items()}
        parameters = dict(self.module.named_parameters())
        kept = {}
        for i, name in enumerate(self.order):
            values = self.optimizer.state.get(parameters[name])
            if values:
                kept[i] = {key: _whole(value) for key, value in values.items()}
        groups = [group | {"lr": self.optimizer.param_groups[0]["lr"]} for group in self.groups]
        left = self.whole | {"auxiliary": identity_of(nn.Identity(), self.auxiliary)["auxiliary"]}
        identity = {"began": self.began, "left": left}
        return copy.deepcopy(
            {"model": model, "optimizer": {"state": kept, "param_groups": groups}, "identity": identity}
        )


def evaluate_on_ranks(
    model: nn.Module, data: ImageData, mesh: DeviceMesh, batch_size: int = 256, *, seed: int = 0
) -> Evaluation:
    """Compute what `training.evaluate` does, with each rank's share of every batch; a call that all ranks make.

    Args:
        model: images -> logits, with its experts spread over the mesh.
        data: as in `evaluate`.
        mesh: the ranks that share a batch.
        batch_size: images that are answered at once, by all ranks.
        seed: as in `evaluate`.

    Returns:
        Loss, accuracy and fraction of dropped tokens for all of data, the same on every rank.
    """
    device, group, size = device_of(model), group_size(model), len(data)
    batch_size = max(group, batch_size // group * group)
    sums = torch.zeros(3, dtype=torch.float64, device=device)
    with looking(model, stream_seed(seed, LOOK)):
        for start in range(0, size, batch_size):
            real = min(batch_size, size - start)
            filled = torch.arange(start, start + real + -real % group, device="cpu")
            sizes = shares(len(filled), mesh.size(), group)
            own = filled.split(sizes)[mesh.get_local_rank()]
            images, labels = read_batch(data, own % size if len(own) else filled[:1] % size)
            with record(model) as routings, examples_per_rank(sizes):
                logits = classify(model, images[: len(own)])
            if not len(own):
                continue
            check_logits(logits, labels)
            counted = int((own < start + real).sum())
            logits, labels = logits[:counted], labels[:counted].to(device)
            loss = F.cross_entropy(logits, labels, reduction="sum")
            right = (logits.max(1).indices == labels).sum()
            drop = mean_drop(routings, device) * (real * len(own) / len(filled))
            sums += torch.stack([figure.double() for figure in (loss, right, drop)])
    dist.all_reduce(sums, group=mesh.get_group())
    return Evaluation(*(sums / size).tolist())


def _whole(value: Any) -> Any:
    """Collect all ranks' parts of a value that is spread."""
    return value.full_tensor() if isinstance(value, DTensor) else value


class _Request(Interruption):
    """Take Ctrl-C and torchrun's request to end for the same, however often they come: the step is finished first."""

    def __enter__(self) -> "_Request":
        super().__enter__()
        self._before: Any = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._answer)
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _answer(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
