"""How a layer's time is spent when its experts stand on several processes: experts, sending, waiting.

python -m benchmarks.parallel [--ranks 1,2,4] times one Soft MoE layer and one dropless sparse layer on a fixed batch,
which the ranks share, each rank with one thread, over gloo. "step" is forward and backward as they are. The parts are
those of a forward pass in which all ranks meet before each exchange: what a rank spends there is waiting, what the
exchange takes is sending. `cost.Spread` says what a pass should take, by a link and a rate that are measured in the
same processes. Where ranks outnumber cores they take turns, and "waiting" holds the time in which others compute.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing
from torch import Tensor
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

from benchmarks.record import device_name, versions, write
from benchmarks.run import ROOT
from softmoe_edu import Experts, MoE, cost
from softmoe_edu.parallel import exchange, spread_experts
from softmoe_edu.routers import Router, SoftRouter, TokensChoiceRouter
from softmoe_edu.routing import record

ROUTERS = ("soft", "sparse")


@dataclass(frozen=True)
class Settings:
    """Sizes of the layer, examples of all ranks together, and how often each thing is timed."""

    ranks: tuple[int, ...] = (1, 2, 4)
    examples: int = 8
    tokens: int = 196
    dim: int = 384
    hidden_dim: int = 1536
    experts: int = 16
    repeats: int = 15
    quick: bool = False


QUICK = Settings((1, 2), 4, 7, 8, 16, 4, 2, quick=True)


class Clock:
    """Seconds by what they were spent on."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.busy = ""

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Count the block."""
        began, before = time.perf_counter(), self.busy
        self.busy = what if what == "sending" else before
        yield
        self.busy = before
        self.spent[what] = self.spent.get(what, 0.0) + time.perf_counter() - began


def layer_of(settings: Settings, router: str) -> MoE:
    """Make the layer, the same in every process, with as many slots as tokens in the soft one."""
    torch.manual_seed(0)
    made: Router = (
        SoftRouter(settings.dim, settings.experts, max(1, settings.tokens // settings.experts))
        if router == "soft"
        else TokensChoiceRouter(settings.dim, settings.experts, capacity_factor=None)
    )
    return MoE(made, Experts(settings.dim, settings.experts, settings.hidden_dim))


def step(layer: MoE, x: Tensor) -> None:
    """One forward and one backward pass."""
    layer(x).sum().backward()
    for parameter in layer.parameters():
        parameter.grad = None


def timed(run: Callable[[], object], repeats: int) -> float:
    """Return the median seconds of a call that all ranks make together."""
    run()
    took = []
    for _ in range(repeats):
        dist.barrier()
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def parts(layer: MoE, x: Tensor, repeats: int) -> dict[str, float]:
    """Return the seconds of the parts of a forward pass with a meeting before each exchange; of many, the middle."""
    moved, answer = exchange.collectives.all_to_all_single, layer.experts.forward
    moved_with_grad = exchange.collectives.all_to_all_single_autograd
    clock = Clock()

    def met(call: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def send(*arguments: object) -> Tensor:
            if clock.busy:  # one of the two calls the other
                return call(*arguments)
            with clock.on("waiting"):
                dist.barrier()
            with clock.on("sending"):
                return exchange.collectives.wait_tensor(call(*arguments))

        return send

    def answered(*arguments: object, **named: object) -> Tensor:
        with clock.on("experts"):
            return answer(*arguments, **named)

    seen = []
    layer.experts.forward = answered
    exchange.collectives.all_to_all_single = met(moved)
    exchange.collectives.all_to_all_single_autograd = met(moved_with_grad)
    try:
        for turn in range(repeats + 1):
            clock.spent = dict.fromkeys(("experts", "sending", "waiting"), 0.0)
            dist.barrier()
            with torch.no_grad(), clock.on("whole"):
                layer(x)
            if turn:
                seen.append(clock.spent)
    finally:
        exchange.collectives.all_to_all_single, layer.experts.forward = moved, answer
        exchange.collectives.all_to_all_single_autograd = moved_with_grad
    middle = dict(sorted(seen, key=lambda each: each["whole"])[len(seen) // 2])
    middle["rest"] = middle.pop("whole") - sum(middle[name] for name in ("experts", "sending", "waiting"))
    return middle


def link(repeats: int) -> tuple[float, float]:
    """Return the start-up seconds and the bytes a second of the exchange, from a small and a large one."""
    ranks = dist.get_world_size()
    small, large = (torch.zeros(ranks * size, dtype=torch.uint8) for size in (64, 2**20))
    at = [timed(lambda x=x: dist.all_to_all_single(torch.empty_like(x), x), repeats) for x in (small, large)]
    others = ranks - 1
    rate = others * (2**20 - 64) / max(at[1] - at[0], 1e-9)
    return at[0] / others, rate


def rate(layer: MoE, settings: Settings) -> float:
    """Return the operations a second of a rank's experts, all ranks computing together."""
    d, f, e = settings.dim, settings.hidden_dim, settings.experts // dist.get_world_size()
    slots = torch.randn(1, e, max(1, settings.tokens // settings.experts) * settings.examples, d)
    with torch.no_grad():
        return 4 * d * f * slots[..., 0].numel() / timed(lambda: layer.experts(slots), settings.repeats)


def on_paper(settings: Settings, router: str, reach: tuple[float, float], operations: float) -> cost.Spread:
    """Return the sum on paper for the whole batch."""
    ranks = dist.get_world_size()
    with record(plain := layer_of(settings, router)) as routings, torch.no_grad():
        plain(batch(settings))
    (routing,) = routings.values()
    network = cost.Network(ranks, ranks, cost.Link(reach[1], reach[0]))
    sizes = {"dim": settings.dim, "hidden_dim": settings.hidden_dim, "bytes_per_number": 4}
    rows = cost.rows_of(routing, ranks)
    return cost.Spread(rows=rows, network=network, operations_per_second=operations, counts=router == "sparse", **sizes)


def batch(settings: Settings) -> Tensor:
    """Draw all ranks' tokens."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(settings.examples, settings.tokens, settings.dim, generator=generator)


def rank_main(rank: int, ranks: int, settings: Settings, folder: str) -> None:
    """Be one rank; rank 0 leaves what was measured, the mean over ranks for the parts."""
    torch.set_num_threads(1)
    meeting = (Path(folder) / f"meeting{ranks}").as_uri()
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=ranks)
    mesh: DeviceMesh = init_device_mesh("cpu", (ranks,))
    reach = link(settings.repeats) if ranks > 1 else (0.0, 1.0)
    found = []
    for router in ROUTERS:
        layer = spread_experts(layer_of(settings, router), mesh)
        mine = batch(settings).chunk(ranks)[rank]
        operations = torch.tensor(rate(layer, settings), dtype=torch.float64)
        mine.requires_grad_()
        whole = timed(partial(step, layer, mine), settings.repeats)
        one = {"router": router, "ranks": ranks, "step": whole}
        of = parts(layer, mine, settings.repeats)
        mean = torch.tensor([*of.values()], dtype=torch.float64)
        for value in (mean, operations):
            dist.all_reduce(value)
        one |= {"parts": dict(zip(of, (mean / ranks).tolist(), strict=True))}
        paper = on_paper(settings, router, reach, operations.item() / ranks)
        one["paper"] = {"sending": paper.travel, "experts": paper.compute.mean().item()}
        one["paper"] |= {"waiting": paper.waits.mean().item(), "bytes": paper.sent.sum().item(), "calls": paper.calls}
        found.append(one)
    if rank == 0:
        told = {"rows": found, "link": {"start_seconds": reach[0], "bytes_per_second": reach[1]} if ranks > 1 else None}
        (Path(folder) / f"{ranks}.json").write_text(json.dumps(told))
    dist.barrier()
    dist.destroy_process_group()


def measure(settings: Settings, ranks: int) -> dict:
    """Start the ranks, and return what they measured."""
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(rank_main, (ranks, settings, folder), nprocs=ranks)
        return json.loads((Path(folder) / f"{ranks}.json").read_text())


def line(one: dict, alone: float) -> str:
    """Write one row of the table."""
    of, paper = one["parts"], one["paper"]
    told = "".join(f"{1e3 * of[name]:10.1f}" for name in ("experts", "sending", "waiting", "rest"))
    said = "".join(f"{1e3 * paper[name]:10.1f}" for name in ("experts", "sending"))
    return f"{one['router']:<8}{one['ranks']:5d}{1e3 * one['step']:10.1f}{alone / one['step']:8.2f}{told}{said}"


def main(argv: list[str] | None = None) -> None:
    """Run the benchmark and write its record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parallel", description=__doc__)
    parser.add_argument("--ranks", help="numbers of processes, separated by commas; default 1,2,4")
    parser.add_argument("--quick", action="store_true", help="a tiny size, to check that everything runs")
    parser.add_argument("--output", type=Path, help="folder of the record; default benchmarks/records")
    options = parser.parse_args(argv)
    settings = QUICK if options.quick else Settings()
    if options.ranks:
        settings = Settings(**asdict(settings) | {"ranks": tuple(map(int, options.ranks.split(",")))})
    bad = [each for each in settings.ranks if each < 1 or settings.experts % each or settings.examples % each]
    if bad:
        parser.error(f"--ranks must divide {settings.experts} experts and {settings.examples} examples, got {bad[0]}")
    machine = {"device": device_name("cpu"), "kind": "cpu", "cores": os.cpu_count(),
               "system": f"{platform.system()} {platform.machine()}"}  # fmt: skip
    kept = {"format": 1, "date": datetime.date.today().isoformat(), "machine": machine,
            "versions": {"python": platform.python_version(), **versions()}, "settings": asdict(settings),
            "load_average": list(os.getloadavg()), "rows": [], "links": {}}  # fmt: skip
    print(f"{'':<13}{'ms of a':>10}{'times':>8}{'ms of a forward pass, mean over ranks':>40}{'on paper':>20}")
    head = "".join(f"{name:>10}" for name in ("experts", "sending", "waiting", "rest", "experts", "sending"))
    print(f"{'router':<8}{'ranks':>5}{'step':>10}{'faster':>8}{head}")
    alone: dict[str, float] = {}
    for ranks in settings.ranks:
        told = measure(settings, ranks)
        kept["links"][str(ranks)] = told["link"]
        for one in told["rows"]:
            print(line(one, alone.setdefault(one["router"], one["step"])), flush=True)
            kept["rows"].append(one)
    output = options.output or ROOT / ("build/benchmarks" if options.quick else "benchmarks/records")
    print(f"\nRecord {write(kept, output, '-parallel')}")


if __name__ == "__main__":
    main()
