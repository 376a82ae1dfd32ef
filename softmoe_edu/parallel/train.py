"""Train a model of lesson 00 on many processes, which share every batch and the experts.

Without torchrun it trains in one process. The figures of both are equal up to rounding, and so are their checkpoints: a
run goes on (--resume) with any number of processes that divides the experts.
"""

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

from softmoe_edu import data
from softmoe_edu.data import Images
from softmoe_edu.experts import Experts
from softmoe_edu.losses import load_balancing_loss
from softmoe_edu.moe import MoE
from softmoe_edu.parallel.training import run_on
from softmoe_edu.routers.registry import ROUTERS, build, settings_taken
from softmoe_edu.routing import Routing
from softmoe_edu.seeds import own_randomness, set_seed
from softmoe_edu.text import plural
from softmoe_edu.training import History, NotFiniteError, load_checkpoint, train
from softmoe_edu.training.loop import Run
from softmoe_edu.vit import ViT

TASKS: dict[str, Callable[[], tuple[Images, Images]]] = {
    "digits": data.digits,
    "collages": data.collages,
    "letters": data.letters,
    "scripts": data.scripts,
}
EXAMPLES = """
examples:
  python -m softmoe_edu.parallel.train --steps 100
  torchrun --nproc-per-node 2 -m softmoe_edu.parallel.train --router soft --checkpoint run.pt --checkpoint-every 50
  torchrun --nproc-per-node 4 -m softmoe_edu.parallel.train --router soft --checkpoint run.pt --resume
"""
OF_ROUTERS = ("slots_per_expert", "top_k", "capacity_factor", "priority", "scale_init", "noise_std")
MISTAKE, BROKEN_OFF, INTERRUPTED = 2, 1, 130


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line: status 2 after a mistake in it, 1 when the run broke off, 130 when it was interrupted."""
    arguments = parser().parse_args(argv)
    try:
        with ranks(arguments.device) as mesh:
            history = trained(arguments, mesh)
    except (NotFiniteError, TypeError, ValueError, OSError) as error:
        # What stops a run before its first step stops it on all ranks of a machine; later errors have a history.
        if os.environ.get("LOCAL_RANK", "0") == "0" or hasattr(error, "history"):
            say(str(error))
        leave(BROKEN_OFF if hasattr(error, "history") else MISTAKE)
    except RuntimeError as error:
        if not together() or not of_a_collective(error):
            raise
        say(f"another rank was killed or failed, and this one cannot go on: {whats_left(arguments.checkpoint)}")
        leave(BROKEN_OFF)
    if rank() == 0:
        print(summary(history, arguments.checkpoint), flush=True)
    if history.interrupted:
        sys.exit(INTERRUPTED)


def parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m softmoe_edu.parallel.train",
        usage="%(prog)s [options], or torchrun --nproc-per-node N -m softmoe_edu.parallel.train [options]",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    model = parser.add_argument_group("model: a ViT with 3 blocks, MoE layers in the last two")
    model.add_argument("--router", choices=sorted(ROUTERS), default="soft", help="default: soft")
    model.add_argument("--experts", type=int, default=16, help="a multiple of the processes; default: 16")
    model.add_argument("--dim", type=int, default=32, help="width of a token; default: 32")
    model.add_argument("--hidden", type=int, default=64, help="hidden width of MLPs and experts; default: 64")
    model.add_argument("--group", type=int, help="images that share slots; default: 8 for sparse routers, else 1")
    model.add_argument("--slots-per-expert", type=int, metavar="P", help="for soft routers")
    model.add_argument("--top-k", type=int, metavar="K", help="experts that a token chooses")
    model.add_argument("--capacity-factor", type=float, metavar="C", help="slots over choices, for sparse routers")
    model.add_argument(
        "--priority", choices=("position", "gate"), help="for tokens choice; gate: batch priority routing"
    )
    model.add_argument("--scale-init", type=float, metavar="S", help="scale at the start, for soft routers; default: 8")
    model.add_argument("--noise-std", type=float, metavar="STD", help="router noise, each rank's own; default: 0")
    run = parser.add_argument_group("run")
    run.add_argument("--data", choices=sorted(TASKS), default="digits", help="default: digits")
    run.add_argument("--steps", type=int, default=300, help="default: 300")
    run.add_argument("--batch-size", type=int, default=64, help="images in a step, over all processes; default: 64")
    run.add_argument("--learning-rate", type=float, default=4e-3, help="default: 0.004")
    run.add_argument("--balance", type=float, default=0.0, metavar="WEIGHT", help="weight of the load balancing loss")
    run.add_argument("--seed", type=int, default=0, help="for parameters, order and noise; default: 0")
    run.add_argument("--evaluate-every", type=int, metavar="STEPS", help="default: only at the end")
    run.add_argument("--checkpoint", type=Path, metavar="FILE", help="where to save; on a disk that all processes see")
    run.add_argument("--checkpoint-every", type=int, metavar="STEPS", help="default: only at the end")
    run.add_argument("--resume", action="store_true", help="continue from the checkpoint, if the file exists")
    run.add_argument("--dtype", choices=("float32", "float64"), default="float32", help="default: float32")
    run.add_argument("--device", choices=("cpu", "cuda"), help="default: a GPU for each process, if there is one")
    return parser


@contextlib.contextmanager
def ranks(kind: str | None) -> Iterator[DeviceMesh | None]:
    """Join the processes that torchrun started, for the block; yield all of them as a mesh, None for a single one.

    Args:
        kind: "cpu", "cuda" or None for what is there.
    """
    here, gpus = int(os.environ.get("LOCAL_WORLD_SIZE", "1")), torch.cuda.device_count()
    if kind is None:
        kind = "cuda" if gpus >= here else "cpu"
    if kind == "cuda" and gpus < here:
        raise ValueError(
            f"every process must have a GPU of its own, got {plural(gpus, 'GPU')} for "
            f"{plural(here, 'process', 'processes')}: start fewer, or use --device cpu"
        )
    if not together():
        yield None
        return
    if missing := [name for name in ("WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]:
        raise ValueError(
            f"RANK is set, and {', '.join(missing)} must be set too, got none of them: start the processes "
            "with torchrun, or unset RANK to train in one process"
        )
    if kind == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    # When a rank fails, torchrun asks the others to end: they first say what is left. A run stops when it is asked to.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    dist.init_process_group("nccl" if kind == "cuda" else "gloo")
    yield init_device_mesh(kind, (dist.get_world_size(),))
    # Not after an error: this waits for the others.
    dist.destroy_process_group()


def together() -> bool:
    """Return whether this process is one of those that torchrun started."""
    return "RANK" in os.environ


def rank() -> int:
    """Return the number of this process, 0 where it is the only one."""
    return int(os.environ.get("RANK", "0"))


def say(what: str) -> None:
    """Write a sentence about this process to stderr."""
    print(f"\nrank {rank()}: {what}" if together() else f"error: {what}", file=sys.stderr, flush=True)


def leave(status: int) -> NoReturn:
    """End this process, without waiting for others, which may never come."""
    if not together():
        sys.exit(status)
    sys.stdout.flush()
    os._exit(status)


def of_a_collective(error: RuntimeError) -> bool:
    """Return whether an error came out of a collective; gloo's have no class of their own, but name its sources."""
    return isinstance(error, dist.DistError) or "gloo" in str(error)


def trained(arguments: argparse.Namespace, mesh: DeviceMesh | None) -> History:
    """Train what the command line asks for, on all ranks of a mesh or here."""
    if arguments.checkpoint is not None and arguments.checkpoint.exists() and not arguments.resume:
        raise FileExistsError(
            f"checkpoint {str(arguments.checkpoint)!r} already exists, and a new run would replace it: continue it "
            "with --resume, or name another file"
        )
    dtype = getattr(torch, arguments.dtype)
    train_data, test_data = (in_dtype(part, dtype) for part in TASKS[arguments.data]())
    if mesh is not None:
        device = torch.device(mesh.device_type)
    else:
        device = torch.device(arguments.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    model = model_of(arguments, train_data).to(device, dtype)
    if rank() == 0 and (mesh is None or arguments.experts % mesh.size() == 0):
        print(beginning(arguments, mesh), flush=True)
    return train(
        model,
        train_data,
        test_data,
        steps=arguments.steps,
        batch_size=arguments.batch_size,
        learning_rate=arguments.learning_rate,
        auxiliary=Balance(arguments.balance) if arguments.balance else None,
        seed=arguments.seed,
        evaluate_every=arguments.evaluate_every,
        checkpoint=arguments.checkpoint,
        checkpoint_every=arguments.checkpoint_every,
        resume=arguments.resume,
        run=Run if mesh is None else run_on(mesh),
    )


def model_of(arguments: argparse.Namespace, part: Images) -> ViT:
    """Build the model, the same in every process."""
    given = {name: getattr(arguments, name) for name in OF_ROUTERS if getattr(arguments, name) is not None}
    known = [name for name in settings_taken(arguments.router) if name in OF_ROUTERS]
    if other := [option(name) for name in given if name not in known]:
        raise ValueError(
            f"router {arguments.router!r} takes {', '.join(map(option, known)) or 'no settings'}, "
            f"got {', '.join(other)}: leave that out, or choose another router"
        )
    settings = {"scale_init": 8.0} | given

    def moe(dim: int) -> nn.Module:
        router = build(arguments.router, dim, arguments.experts, settings)
        if arguments.balance and router.score_per() != "expert":
            raise ValueError(
                f"--balance needs a router that scores tokens and experts, got {arguments.router!r}: leave it out"
            )
        group = arguments.group or (8 if router.is_sparse() else 1)
        return MoE(router, Experts(dim, arguments.experts, arguments.hidden), examples_per_group=group)

    channels, side, _ = part.images.shape[1:]
    with own_randomness(torch.device("cpu")):
        set_seed(torch.device("cpu"), arguments.seed)
        return ViT(
            image_size=side,
            patch_size=part.patch_size,
            channels=channels,
            num_classes=part.num_classes,
            dim=arguments.dim,
            hidden_dim=arguments.hidden,
            moe_layers=(1, 2),
            moe=moe,
        )


def option(name: str) -> str:
    """Return the option of the command line that sets a router's argument."""
    return f"--{name.replace('_', '-')}"


def in_dtype(part: Images, dtype: torch.dtype) -> Images:
    """Return data whose images have this dtype."""
    return Images(
        part.images.to(dtype),
        part.labels,
        num_classes=part.num_classes,
        patch_size=part.patch_size,
        name=part.name,
        kinds=part.kinds,
    )


class Balance:
    """The load balancing loss of all layers, with a weight: a mean over groups, as many ranks need it."""

    def __init__(self, weight: float):
        self.weight = weight

    def __call__(self, routings: Mapping[str, Routing]) -> Tensor:
        """Add up the layers' losses."""
        losses = []
        for routing in routings.values():
            assert routing.gates is not None  # of a router that scores experts
            losses.append(load_balancing_loss(routing.gates, routing.mask))
        return self.weight * torch.stack(losses).sum()


def beginning(arguments: argparse.Namespace, mesh: DeviceMesh | None) -> str:
    """Say in a line who does what."""
    if mesh is None:
        return "one process; torchrun --nproc-per-node N -m softmoe_edu.parallel.train starts N of them"
    n = mesh.size()
    return (
        f"{plural(n, 'rank')} on {mesh.device_type}: each has {arguments.experts // n} of {arguments.experts} experts"
    )


def whats_left(checkpoint: Path | None) -> str:
    """Say in a sentence what a run that broke off has left, and how it goes on."""
    if checkpoint is None:
        return "nothing of this run was saved; with --checkpoint FILE and --checkpoint-every STEPS, a run can go on"
    if not checkpoint.is_file():
        return f"no step was kept in {checkpoint} yet; start again with a smaller --checkpoint-every"
    history = load_checkpoint(checkpoint)
    return f"{checkpoint} has {history.steps_done} of {history.settings['steps']} steps; go on with --resume"


def summary(history: History, checkpoint: Path | None) -> str:
    """Say in a line how the run ended."""
    kept = f"; kept in {checkpoint}" if checkpoint else ""
    return f"{history!r}{kept}"


if __name__ == "__main__":
    main()
