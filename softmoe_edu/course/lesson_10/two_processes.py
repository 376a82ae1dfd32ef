"""A layer whose experts are spread over several devices: processes that exchange rows by all-to-all, over gloo.

`run()` starts one process for each device, every one of which runs this file as a program, and compares what they
computed with the same layer in one process. A function of a notebook could not be started like this: another process
cannot import it.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor

from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.routers import SoftRouter, TokensChoiceRouter

SEQUENCES, TOKENS, DIM, EXPERTS, SLOTS, HIDDEN = 4, 14, 6, 4, 3, 8
CASES = ("soft", "sparse", "one idle")
PATIENCE = 120
"""Seconds until processes that do not answer are stopped."""


class Wire:
    """The all-to-alls of one device, and a log of them; a device that is alone sends to itself."""

    def __init__(self, rank: int = 0, devices: int = 1) -> None:
        self.rank, self.devices = rank, devices
        self.log: list[tuple[str, int, int]] = []  # what, rows given, bytes that leave this device

    def counts(self, counts: Tensor) -> Tensor:
        """Tell every device how many rows it will get, and learn how many will come: (e,) -> (devices, e here)."""
        return self._move("counts", counts, None, None).view(self.devices, -1)

    def rows(self, name: str, x: Tensor, give: list[int] | None = None, take: list[int] | None = None) -> Tensor:
        """Send give[i] rows to device i and return the take[i] rows of each; without numbers, all get equally many.

        Gradients travel the other way.
        """
        return _AllToAll.apply(self, name, x, give, take)

    def _move(self, name: str, x: Tensor, give: list[int] | None, take: list[int] | None) -> Tensor:
        given = give or [len(x) // self.devices] * self.devices
        width = x[:1].numel() if len(x) else 0
        leaving = (sum(given) - given[self.rank]) * width * x.element_size()
        self.log.append((name, sum(given), leaving))
        if self.devices == 1:
            return x.clone()
        out = x.new_empty(sum(take) if take else len(x), *x.shape[1:])
        dist.all_to_all_single(out, x.contiguous(), take, give)
        return out


class _AllToAll(torch.autograd.Function):
    @staticmethod
    def forward(ctx, wire, name, x, give, take):
        ctx.wire, ctx.name, ctx.splits = wire, name, (take, give)
        return wire._move(name, x, give, take)

    @staticmethod
    def backward(ctx, slope):
        return None, None, ctx.wire._move(f"gradient of {ctx.name}", slope, *ctx.splits), None, None


def soft(x: Tensor, router: SoftRouter, experts: Experts, wire: Wire) -> Tensor:
    """Compute a Soft MoE layer on this device's sequences, with all devices' experts: two all-to-alls."""
    routing = router(x)  # score, normalise; select: nothing
    slots = torch.einsum("bnep,bnd->ebpd", routing.dispatch, x)  # dispatch
    there = wire.rows("slots", slots)  # all devices know: the slots of e / devices experts go to each
    blocks = there.unflatten(0, (wire.devices, -1))  # (devices, e here, b, p, d)
    answers = torch.stack([_answer(experts, i, blocks[:, i]) for i in range(blocks.shape[1])], 1)  # compute
    back = wire.rows("answers", answers.flatten(0, 1))
    return torch.einsum("bnep,ebpd->bnd", routing.combine, back)  # combine


def sparse(x: Tensor, router: TokensChoiceRouter, experts: Experts, wire: Wire) -> Tensor:
    """Compute a sparse layer, one expert for each token and no capacity: three all-to-alls, and a wait."""
    gates = router.score(x).softmax(-1).flatten(0, 1)  # score, normalise
    gate, chosen = gates.max(-1)  # select
    order = chosen.argsort(stable=True)
    counts = chosen.bincount(minlength=gates.shape[-1])
    incoming = wire.counts(counts)
    give = counts.view(wire.devices, -1).sum(1).tolist()  # .tolist() waits: Python has to know these numbers
    take = incoming.sum(1).tolist()
    there = wire.rows("tokens", x.flatten(0, 1)[order], give, take)  # dispatch
    pieces = there.split(incoming.flatten().tolist())  # in the order (device, expert)
    here = incoming.shape[1]
    answers = torch.cat([_answer(experts, i % here, piece) for i, piece in enumerate(pieces)])  # compute
    back = wire.rows("answers", answers, take, give)
    return (back[order.argsort()] * gate[:, None]).view_as(x)  # combine


def _answer(experts: Experts, i: int, rows: Tensor) -> Tensor:
    hidden = torch.nn.functional.gelu(rows @ experts.w_in[i] + experts.b_in[i], approximate="tanh")
    return hidden @ experts.w_out[i] + experts.b_out[i]


def make(case: str) -> tuple[Tensor, SoftRouter | TokensChoiceRouter, Experts]:
    """Return all sequences, the router and all experts of a case, the same in every process, in float64."""
    generator = torch.Generator().manual_seed(10)
    x = torch.randn(SEQUENCES, TOKENS, DIM, generator=generator, dtype=torch.float64)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        router = (
            SoftRouter(DIM, EXPERTS, SLOTS, scale_init=4.0)
            if case == "soft"
            else TokensChoiceRouter(DIM, EXPERTS, capacity_factor=None)
        ).double()
        experts = Experts(DIM, EXPERTS, HIDDEN).double()
    if case == "one idle":  # the first number of every token makes it choose one of the first two experts
        x[..., 0] = 1
        with torch.no_grad():
            router.w_gate[0] = torch.tensor([50.0, 50.0] + [0.0] * (EXPERTS - 2))
    return x, router, experts


def part_of(experts: Experts, rank: int, devices: int) -> Experts:
    """Return the experts of one device."""
    each = experts.num_experts // devices
    own = Experts(experts.dim, each, experts.hidden_dim).double()
    with torch.no_grad():
        for mine, whole in zip(own.parameters(), experts.parameters(), strict=True):
            mine.copy_(whole[rank * each : (rank + 1) * each])
    return own


def work(case: str, wire: Wire) -> dict[str, object]:
    """Run one case on one device, forward and backward, and return what it computed and what it sent."""
    x, router, experts = make(case)
    mine = x.chunk(wire.devices)[wire.rank].requires_grad_()
    own = part_of(experts, wire.rank, wire.devices)
    y = soft(mine, router, own, wire) if case == "soft" else sparse(mine, router, own, wire)
    forward = list(wire.log)
    y.square().sum().backward()
    wire.log.clear()
    gradients = [each.grad for each in own.parameters()]
    return {"y": y.detach(), "x": mine.grad, "gradients": gradients, "log": forward}


@dataclass(frozen=True)
class Case:
    """What the devices did: log[device] lists (what, rows given, bytes to others); error is the largest difference.

    error compares outputs, the tokens' gradients and the experts' gradients with those of the layer in one process.
    """

    name: str
    log: list[list[tuple[str, int, int]]]
    error: float

    @property
    def exchanges(self) -> int:
        """How many all-to-alls the forward pass took."""
        return len(self.log[0])

    @property
    def bytes(self) -> int:
        """The bytes of rows that travelled between devices in the forward pass; counts are left out."""
        return sum(sent for device in self.log for what, _, sent in device if what != "counts")


@dataclass(frozen=True)
class Run:
    """The cases by name; `missing` says in a sentence why there are none, and is "" otherwise."""

    cases: dict[str, Case]
    seconds: float = 0.0
    missing: str = ""


def run(devices: int = 2) -> Run:
    """Start a process for each device, let them compute every case, and compare with one process."""
    if not (dist.is_available() and dist.is_gloo_available()):
        return Run({}, missing="This build of PyTorch has no gloo, which carries the rows: no processes were started.")
    if EXPERTS % devices or SEQUENCES % devices:
        raise ValueError(f"devices must divide {EXPERTS} experts and {SEQUENCES} sequences, got {devices}")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        said = _started(devices, Path(name))
        if said:
            return Run({}, missing=f"The processes could not exchange anything here: {said}")
        results = [torch.load(Path(name) / f"{rank}.pt") for rank in range(devices)]
    cases = {case: _compared(case, [each[case] for each in results]) for case in CASES}
    return Run(cases, time.perf_counter() - began)


def _started(devices: int, folder: Path) -> str:
    """Run the processes to their end; return what one that failed said last, or ""."""
    root = str(Path(__file__).resolve().parents[3])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    settings = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    outputs = [(folder / f"{rank}.txt").open("w+") for rank in range(devices)]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", __name__, str(rank), str(devices), str(folder)],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=settings,
        )
        for rank, output in enumerate(outputs)
    ]
    deadline = time.monotonic() + PATIENCE
    try:
        while any(process.poll() is None for process in started):
            if time.monotonic() > deadline:
                return f"no answer within {PATIENCE} seconds."
            if any(process.poll() for process in started):
                break  # the others would wait for one that has failed
            time.sleep(0.05)
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
                process.wait()
        texts = []
        for output in outputs:
            output.seek(0)
            texts.append(output.read().strip())
            output.close()
    said = [text for process, text in zip(started, texts, strict=True) if process.returncode > 0 and text]
    if said:
        return said[0].splitlines()[-1]
    return "a process ended early." if any(process.returncode for process in started) else ""


def _compared(case: str, results: list[dict]) -> Case:
    """Compare the devices' results with those of the library's layer in one process."""
    x, router, experts = make(case)
    x.requires_grad_()
    y = MoE(router, experts)(x)
    y.square().sum().backward()
    pairs = [(torch.cat([each["y"] for each in results]), y), (torch.cat([each["x"] for each in results]), x.grad)]
    for number, parameter in enumerate(experts.parameters()):
        pairs.append((torch.cat([each["gradients"][number] for each in results]), parameter.grad))
    error = max((mine - whole).abs().max().item() for mine, whole in pairs)
    return Case(case, [each["log"] for each in results], error)


def main(rank: int, devices: int, folder: Path) -> None:
    """Be one of the devices: work through all cases and leave the results in the folder."""
    torch.set_num_threads(1)
    meeting = (folder / "meeting").as_uri()
    patience = timedelta(seconds=PATIENCE // 2)
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=devices, timeout=patience)
    torch.save({case: work(case, Wire(rank, devices)) for case in CASES}, folder / f"{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
