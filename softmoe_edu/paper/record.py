"""One model of the paper: what it is, what it costs, and what was printed about it."""

from dataclasses import dataclass, field, replace
from functools import cached_property

from softmoe_edu.cost import Cost, ViTSizes, vit_cost

BATCH = 4096


@dataclass(frozen=True, kw_only=True)
class Run:
    """A training run as printed; None where its table does not say.

    Attributes:
        table: the table that it stands in.
        steps: steps of 4096 images.
        jft: JFT-4B precision at 1, in percent.
        imagenet_10shot: accuracy in percent.
        cooldown: in steps.
        imagenet_finetune: accuracy at 384 pixels, in percent.
        train_exaflop: in 1e18 FLOPs.
        train_days: in TPUv3-chip days.
        ms_per_image: in evaluation.
        gflops_per_image: in evaluation.
    """

    table: str
    steps: int
    jft: float
    imagenet_10shot: float
    cooldown: int | None = None
    imagenet_finetune: float | None = None
    train_exaflop: float | None = None
    train_days: float | None = None
    ms_per_image: float | None = None
    gflops_per_image: float | None = None
    parameters: str | None = None


@dataclass(frozen=True)
class Model:
    """A model: its sizes, the runs that trained it, and notes where the paper contradicts itself or the arithmetic."""

    name: str
    sizes: ViTSizes
    runs: tuple[Run, ...] = field(repr=False)
    notes: tuple[str, ...] = ()

    @cached_property
    def cost(self) -> Cost:
        """Compute the cost of one image, by parts; sparse routers move tokens by index, as in this package."""
        return vit_cost(self.sizes)

    @property
    def parameters(self) -> int:
        """Count the parameters, with the head of 29,593 classes and the learned positions, as the paper does."""
        return self.cost.parameters

    @property
    def gflops_per_image(self) -> float:
        """Compute the 1e9 FLOPs of a forward pass: 2 per MAC."""
        return self.cost.flops / 1e9

    def train_exaflop(self, steps: int) -> float:
        """Compute the 1e18 FLOPs of training as the paper counts them: 3 x MACs x images.

        The printed figures of sparse routers fit one-hot products for dispatch and combine, where dispatch weights
        take no gradient, so that dispatch counts 2 x MACs.
        """
        moe = self.sizes.moe
        if moe is None or self.cost["dispatch"].macs:
            macs = 3 * self.cost.macs
        else:
            one_hot = vit_cost(replace(self.sizes, moe=replace(moe, one_hot=True)))
            macs = 3 * one_hot.macs - one_hot["dispatch"].macs
        return macs * BATCH * steps / 1e18

    def printed(self, figure: str) -> str | float | None:
        """Return a figure that is the same in all runs: "parameters", "gflops_per_image" or "ms_per_image"."""
        return next((getattr(run, figure) for run in self.runs if getattr(run, figure) is not None), None)
