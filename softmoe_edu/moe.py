"""The layer: route, compute, route back."""

from torch import Tensor, nn

from softmoe_edu.shapes import Tokens, check_at_least, check_tokens


class MoE(nn.Module):
    """A mixture-of-experts layer of any router; it replaces the MLP of a transformer block.

    router: (b, n, d) and an optional mask -> Routing. experts: (b, e, p, d) -> (b, e, p, d).
    examples_per_group: that many consecutive examples of the batch compete for the same slots. With 1 an example's
    output depends on that example alone; sparse routers are often trained with more.

    The residual connection is outside: a token that is dropped gets exactly 0 from this layer.
    """

    def __init__(self, router: nn.Module, experts: nn.Module, *, examples_per_group: int = 1):
        super().__init__()
        check_at_least("examples_per_group", examples_per_group)
        for name in ("num_experts", "dim"):
            asked, given = getattr(router, name, None), getattr(experts, name, None)
            if None not in (asked, given) and asked != given:
                raise ValueError(
                    f"router and experts must agree in {name}, got {asked} in the router and {given} in the experts: "
                    f"build both with the same {name}"
                )
        self.router = router
        self.experts = experts
        self.examples_per_group = examples_per_group

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        """Give each token of x (b, n, d) its answer; mask (b, n) is True for real tokens.

        Raises TypeError or ValueError with a sentence for tokens or a mask that do not fit, and for a batch that
        does not divide into groups.
        """
        g = self.examples_per_group
        if g == 1:
            return self._answer(x, mask)
        if hasattr(self.router, "dim"):
            check_tokens(x, self.router.dim, mask)
        b, n, _ = x.shape
        if b % g:
            raise ValueError(
                f"batch must be a multiple of examples_per_group={g}, got {b} examples: "
                "change the batch size or examples_per_group"
            )
        grouped = None if mask is None else mask.reshape(b // g, g * n)
        return self._answer(x.reshape(b // g, g * n, -1), grouped).reshape(b, n, -1)

    def _answer(self, x: Tensor, mask: Tensor | None) -> Tokens:
        return self.router(x, mask).through(x, self.experts)

    def extra_repr(self) -> str:
        """Show the setting where the module is printed."""
        return f"examples_per_group={self.examples_per_group}"
