"""A Soft MoE treats each sequence on its own; sparse routers that share a buffer among sequences do not."""

from collections.abc import Sequence
from itertools import product

import torch

from softmoe_edu.evidence.claim import Claim, Figures, Finding, Result, Settings, Verdict
from softmoe_edu.evidence.statistics import mean_of
from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.routers.registry import build
from softmoe_edu.seeds import generator_of, own_randomness, set_seed

TOKENS, DIM, EXPERTS, HIDDEN, SEQUENCES, BATCHES = 24, 16, 6, 32, 8, 32
ROUTERS = ("soft", "tokens choice", "experts choice")


def runs(seeds: int = 8) -> list[Settings]:
    """Return a run for each router, both ways of grouping, and each seed."""
    groups = (1, SEQUENCES)
    return [{"router": r, "group": g, "seed": s} for r, g, s in product(ROUTERS, groups, range(seeds))]


def measure(settings: Settings, device: str) -> Figures:
    """Route one sequence with other batch mates each time, and count how often its answer changes."""
    layer, generator = layer_of(settings, device)
    mine = torch.randn(1, TOKENS, DIM, generator=generator).to(device)
    answers = []
    with torch.no_grad():
        for batch in range(BATCHES):
            mates = torch.randn(SEQUENCES - 1, TOKENS, DIM, generator=generator).to(device)
            place = batch % SEQUENCES
            answers.append(layer(torch.cat([mates[:place], mine, mates[place:]]))[place])
    apart = torch.stack([(each - answers[0]).abs().amax(1) for each in answers[1:]])
    size = torch.stack(answers).abs().mean()
    return {
        "changed_batches": float((apart.amax(1) > 1e-5 * size).float().mean()),
        "changed_tokens": float((apart > 1e-5 * size).float().mean()),
    }


def layer_of(settings: Settings, device: str) -> tuple[MoE, torch.Generator]:
    """Build the layer of a run with weights of its seed, and the generator for the rest."""
    seed, group = int(settings["seed"] or 0), int(settings["group"] or 1)
    generator = generator_of(seed)
    with own_randomness(torch.device(device)):
        set_seed(torch.device("cpu"), seed)
        router = build(str(settings["router"]), DIM, EXPERTS, {"slots_per_expert": TOKENS // EXPERTS})
        layer = MoE(router, Experts(DIM, EXPERTS, HIDDEN), examples_per_group=group)
    return layer.to(device).eval(), generator


def judge(results: Sequence[Result]) -> Finding:
    """Soft never changes, whatever the group; a sparse router changes where sequences share a buffer."""

    def changed(router: str, group: int, figure: str = "changed_batches") -> list[float]:
        asked = {"router": router, "group": group}
        return [each.figures[figure] for each in results if asked.items() <= dict(each.settings).items()]

    own = [changed(router, 1) for router in ROUTERS]
    shared = {router: changed(router, SEQUENCES) for router in ROUTERS}
    measured = (
        mean_of("Soft MoE, own slots: batches in which an answer changed", [100 * v for v in changed("soft", 1)], "%"),
        *(
            mean_of(
                f"{router}, {SEQUENCES} sequences share slots: tokens whose answer changed",
                [100 * v for v in changed(router, SEQUENCES, "changed_tokens")],
                "%",
            )
            for router in ROUTERS
        ),
    )
    alone = not any(any(values) for values in own)
    sparse = all(min(shared[router]) > 0 for router in ROUTERS[1:])
    if alone and sparse:
        reason = (
            "A sequence that is routed on its own gets the same answer in every batch, whichever the router. Where "
            f"{SEQUENCES} sequences share the slots, which sparse routers need to be efficient, other sequences change "
            "its answer. Determinism is thus a matter of the group: Soft MoE can afford groups of one sequence, and "
            "loses the property as well where it shares slots."
        )
        return Finding(Verdict.REPRODUCED, reason, measured)
    return Finding(Verdict.CONTRADICTED, "An answer changed with the batch where none should, or never did.", measured)


CLAIM = Claim(
    title="Soft MoE is deterministic for each sequence",
    says=(
        "Because a Soft MoE layer routes every sequence on its own, its answer does not depend on what else is in the "
        "batch; sparse routers let the sequences of a group compete for slots, so that theirs does."
    ),
    source="Puigcerver et al. 2024, section 2.2",
    did=(
        f"One sequence of {TOKENS} random tokens goes through a layer of {EXPERTS} experts {BATCHES} times, each time "
        f"with {SEQUENCES - 1} other sequences and at another place among them, once routed alone and once in one "
        "group with them."
    ),
    runs=runs,
    smoke=lambda: runs(2),
    measure=measure,
    judge=judge,
)
