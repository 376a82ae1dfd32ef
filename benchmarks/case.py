"""What is measured: a case names contenders at one shape, and which of them are compared with which goal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

OURS = "softmoe_edu"
PASSES = ("forward", "training", "step")


@dataclass(frozen=True)
class Work:
    """Something to time: `run` gives an output; `inputs` are the tensors that training differentiates it by."""

    run: Callable[[], Tensor]
    inputs: tuple[Tensor, ...] = ()
    module: nn.Module | None = None

    def ready(self, name: str) -> Callable[[], object]:
        """Return the callable of one pass, with the module in its mode.

        "forward" builds no graph; "training" is forward and backward to the parameters and the input; "step" is
        whatever run does.
        """
        if self.module is not None:
            self.module.train(name != "forward")
        if name == "step":
            return self.run
        return torch.no_grad()(self.run) if name == "forward" else self._train

    def _train(self) -> None:
        output = self.run()
        torch.autograd.grad(output, self.inputs, torch.ones_like(output), allow_unused=True)


def work(module: nn.Module, x: Tensor) -> Work:
    """Make a module and its input a contender; of a tuple the first element is the output."""

    def run() -> Tensor:
        output = module(x)
        return output[0] if isinstance(output, tuple) else output

    return Work(run, (x, *(p for p in module.parameters() if p.requires_grad)), module)


@dataclass(frozen=True)
class Comparison:
    """Value of subject over against; a goal (sign, bound) for each pass that has one.

    measure: "time", the ratio of times; "peak", the ratio of peak memory; "extra", the difference of peak memory
    in units of `unit` bytes.
    """

    subject: str
    against: str
    goals: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    measure: str = "time"
    unit: int = 1
    passes: Sequence[str] | None = None


@dataclass(frozen=True)
class Case:
    """Contenders at one shape. `tokens` is the input's shape; a contender is built when it is first needed."""

    section: str
    name: str
    tokens: tuple[int, ...]
    contenders: Mapping[str, Callable[["Works"], Work]]
    comparisons: Sequence[Comparison]
    passes: Sequence[str] = ("forward", "training")
    dtype: torch.dtype = torch.float32

    def rows(self) -> list[tuple[Comparison, str]]:
        """Return every comparison in every pass it is made in, in order."""
        return [(one, name) for one in self.comparisons for name in one.passes or self.passes]


class Works(dict):
    """The contenders built so far, and the input `x` that they share."""

    def __init__(self, case: Case, device: str):
        super().__init__()
        self.case, self.device = case, device
        self.x = self.tensor(*case.tokens)

    def __missing__(self, name: str) -> Work:
        self[name] = self.case.contenders[name](self)
        return self[name]

    def tensor(self, *shape: int) -> Tensor:
        """Draw standard normal numbers that require a gradient."""
        return torch.randn(shape, device=self.device, dtype=self.case.dtype, requires_grad=True)

    def module(self, module: nn.Module) -> Work:
        """Make a module, in the case's dtype and on its device, a contender on the shared input."""
        return work(module.to(self.device, self.case.dtype), self.x)
