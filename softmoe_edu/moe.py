"""The layer: route, compute, route back."""

from torch import Tensor, nn

from softmoe_edu.shapes import Tokens, check_at_least, check_tokens


class MoE(nn.Module):
    """A mixture-of-experts layer of any router; it replaces the MLP of a transformer block.

    The residual connection is outside: a dropped token gets exactly 0 from this layer.

    Args:
        router: a module from tokens (b, n, d) and an optional mask to a Routing.
        experts: a module from slots (b, e, p, d) to answers of that shape.
        examples_per_group: how many consecutive examples of the batch compete for the same slots. With 1 an example's
            output depends on that example alone; sparse routers are often trained with more.

    Raises:
        TypeError: examples_per_group is no whole number.
        ValueError: examples_per_group is under 1, or router and experts were built for different sizes.
    """

    def __init__(self, router: nn.Module, experts: nn.Module, *, examples_per_group: int = 1):
        super().__init__()
        self.examples_per_group = check_at_least("examples_per_group", examples_per_group)
        for name in ("num_experts", "dim"):
            asked, given = getattr(router, name, None), getattr(experts, name, None)
            if None not in (asked, given) and asked != given:
                raise ValueError(
                    f"router and experts must agree in {name}, got {asked} in the router and {given} in the experts: "
                    f"build both with the same {name}"
                )
        self.router = router
        self.experts = experts

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        """Answer every token.

        Args:
            x: tokens (b, n, d).
            mask: (b, n), True for real tokens; None when all are real. Padding may hold anything, NaN too.

        Returns:
            Answers (b, n, d), exactly 0 at padding.

        Raises:
            TypeError: tokens or mask are of the wrong type or dtype.
            ValueError: their shapes do not fit, a real token holds NaN, or the batch does not divide into groups.
        """
        g = self.examples_per_group
        if g == 1:
            return self._answer(x, mask)
        if (dim := getattr(self.router, "dim", None)) is not None:
            check_tokens(x, dim, mask)
        b, n, _ = x.shape
        if b % g:
            raise ValueError(
                f"batch must be a multiple of examples_per_group={g}, got {b} examples: "
                "change the batch size or examples_per_group"
            )
        # torch.export can follow these two for every length, and not a reshape.
        grouped = None if mask is None else mask.unflatten(0, (b // g, g)).flatten(1, 2)
        answers = self._answer(x.unflatten(0, (b // g, g)).flatten(1, 2), grouped)
        return answers.unflatten(1, (g, n)).flatten(0, 1)

    def _answer(self, x: Tensor, mask: Tensor | None) -> Tokens:
        return self.router(x, mask).through(x, self.experts)

    def extra_repr(self) -> str:
        """Show the setting where the module is printed."""
        return f"examples_per_group={self.examples_per_group}"
