"""Which routers let a token see later ones: measured on the layer, and in the loss of a small language model."""

import math
from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from softmoe_edu.evidence.claim import Claim, Figures, Finding, Measured, Result, Settings, Verdict
from softmoe_edu.evidence.statistics import mean_of
from softmoe_edu.experts import Experts
from softmoe_edu.influence import earlier_share, influence
from softmoe_edu.moe import MoE
from softmoe_edu.routers.registry import build
from softmoe_edu.seeds import generator_of, own_randomness, set_seed

TOKENS, DIM, EXPERTS, HIDDEN, VOCABULARY, SEQUENCES = 12, 32, 4, 64, 8, 64
ROUTERS: dict[str, tuple[str, dict[str, object]]] = {
    "soft": ("soft", {"slots_per_expert": 3}),
    "experts choice": ("experts choice", {}),
    "tokens choice, by gate": ("tokens choice", {"priority": "gate"}),
    "tokens choice, by position": ("tokens choice", {"priority": "position"}),
}
LEAKS = ("soft", "experts choice", "tokens choice, by gate")
STEPS = 600


class NextToken(nn.Module):
    """Tokens in, logits of each next token out: an embedding with positions, one MoE layer, a linear head.

    Nothing but the router can carry a token to another place, so what it knows of the next token comes from there.
    """

    def __init__(self, router: str) -> None:
        super().__init__()
        name, settings = ROUTERS[router]
        self.embed = nn.Embedding(VOCABULARY, DIM)
        self.place = nn.Parameter(torch.randn(TOKENS, DIM) / 2)
        self.moe = MoE(build(name, DIM, EXPERTS, settings), Experts(DIM, EXPERTS, HIDDEN))
        self.norm, self.head = nn.LayerNorm(DIM), nn.Linear(DIM, VOCABULARY)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens) + self.place
        logits: Tensor = self.head(self.norm(x + self.moe(x)))
        return logits


def runs(seeds: int = 8, steps: int = STEPS) -> list[Settings]:
    """Return a run for each router and seed."""
    return [{"router": router, "steps": steps, "seed": seed} for router, seed in product(ROUTERS, range(seeds))]


def measure(settings: Settings, device: str) -> Figures:
    """Measure the influence of later tokens on a fresh layer, then train on random tokens and measure the loss."""
    seed = int(settings["seed"] or 0)
    generator = generator_of(seed)

    def stream() -> Tensor:
        return torch.randint(VOCABULARY, (SEQUENCES, TOKENS + 1), generator=generator).to(device)

    with own_randomness(torch.device(device)):
        set_seed(torch.device("cpu"), seed)
        model = NextToken(str(settings["router"]))
        x = torch.randn(2, TOKENS, DIM, generator=generator)
        earlier = earlier_share(influence(model.moe, x, seed=seed))
        model.to(device).train()
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(int(settings["steps"] or 0)):
            batch = stream()
            loss = F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            test = [stream() for _ in range(32)]
            # The last token of a sequence has its next one nowhere in the input.
            losses = [F.cross_entropy(model(b[:, :-1])[:, :-1].flatten(0, 1), b[:, 1:-1].flatten()) for b in test]
    return {"earlier_share": earlier, "nats": math.log(VOCABULARY) - float(torch.stack(losses).mean())}


def judge(results: Sequence[Result]) -> Finding:
    """A causal router cannot learn anything of the next random token; one that leaks can."""

    def figures(router: str, name: str) -> list[float]:
        return [each.figures[name] for each in results if each.settings["router"] == router]

    moved = {router: figures(router, "earlier_share") for router in ROUTERS}
    shares = {
        router: mean_of(f"{router}: pairs in which a later token moves the answer", [100 * v for v in values], "%")
        for router, values in moved.items()
    }
    learned = {
        router: mean_of(f"{router}: learned of the next random token", figures(router, "nats"), "nats")
        for router in ROUTERS
    }
    measured: tuple[Measured, ...] = (*shares.values(), *learned.values())
    causal = "tokens choice, by position"
    told = [router for router in ROUTERS if (learned[router].low or 0) > 0]
    silent = [router for router in LEAKS if router not in told]
    if any(moved[causal]) or causal in told or not all(any(moved[router]) for router in LEAKS):
        return Finding(Verdict.CONTRADICTED, f"{causal} let a later token through, or another did not.", measured)
    reason = (
        f"Random tokens cannot be predicted, so that a loss below ln {VOCABULARY} = {math.log(VOCABULARY):.3f} nats "
        "shows what a router lets through from the future. Tokens choice by position lets nothing through. The leak "
        f"shows in the loss of {', '.join(told) or 'none'}"
    )
    if silent:
        reason += f", and not in that of {', '.join(silent)}, whose layer moves all the same when a later token changes"
    return Finding(Verdict.REPRODUCED if "soft" in told else Verdict.DIRECTION, f"{reason}.", measured)


CLAIM = Claim(
    title="Soft MoE, experts choice and batch priority are not causal",
    says=(
        "Soft MoE merges all tokens of a sequence, those after a token included, so that it is hard to use in an "
        "autoregressive decoder; experts choice and priority by gate look at later tokens too."
    ),
    source="Puigcerver et al. 2024, section 6; Zhou et al. 2022, section 6",
    did=(
        "Each token is changed in turn and every answer before it watched. Then a model without attention, in which "
        f"only the router can carry a token elsewhere, is trained for {STEPS} steps to predict random next tokens."
    ),
    runs=runs,
    smoke=lambda: runs(2, 5),
    measure=measure,
    judge=judge,
)
