"""The contest of lesson 11: what a layer leaks, what it costs and what it learns, without an answer key."""

import torch
from tqdm.auto import tqdm

from softmoe_edu.course.lesson_11.causal import batch_effect, expert_rows
from softmoe_edu.course.lesson_11.next_token import DIM, SLOTS, TOKENS, train
from softmoe_edu.seeds import generator_of

SEEDS, EXPERTS, FEWEST_WORDS = 5, 4, 12


def made(function, num_experts: int = EXPERTS):
    """Return a layer (b, n, d) -> (b, n, d) of a function (x, phi, experts), with fixed random weights."""
    generator = generator_of(0)
    phi = torch.randn(DIM, num_experts, SLOTS // num_experts, generator=generator) / 2
    maps = [torch.randn(DIM, DIM, generator=generator) / DIM**0.5 for _ in range(num_experts)]
    return lambda x: function(x, phi, [lambda slots, each=each: torch.tanh(slots @ each) for each in maps])


def tokens(examples: int, seed: int) -> torch.Tensor:
    """Return made-up tokens (examples, 12, d)."""
    return torch.randn(examples, TOKENS, DIM, generator=generator_of(seed))


def properties(function, leak_matrix) -> dict[str, float]:
    """Measure leak (share of pairs with a later token), batch effect, and expert rows for each token."""
    layer, x = made(function), tokens(2, 1)
    later = leak_matrix(layer, x).triu(1)
    effect = batch_effect(layer, x, torch.stack([tokens(3, 2), tokens(3, 3)]))
    rows = expert_rows(function, x, torch.zeros(DIM, EXPERTS, SLOTS // EXPERTS))
    return {"leak": float(later.sum()) / (TOKENS * (TOKENS - 1) / 2), "batch": effect, "rows": rows}


def losses(functions, *, experts=(EXPERTS, 1), seeds: int = SEEDS) -> dict[tuple[str, int], list[float]]:
    """Train a model of each {name: function} with these numbers of experts; return its losses above the ideal."""
    jobs = [(name, count, seed) for name in functions for count in experts for seed in range(seeds)]
    found: dict[tuple[str, int], list[float]] = {}
    for name, count, seed in tqdm(jobs, unit="model"):
        figures = train(functions[name], num_experts=count, seed=seed)
        found.setdefault((name, count), []).append(figures["loss"] - figures["best"])
    return found


def enter(function, limitation: str, leak_matrix) -> None:
    """Print what the rubric says of an entry: a function (x, phi, experts), and what is wrong with it, in words."""
    if function is None:
        print("No entry yet: set my_layer to a function (x, phi, experts) -> answers, and describe its limitation.")
        return
    found = properties(function, leak_matrix)
    above = losses({"yours": function})
    several, one = (torch.tensor(above["yours", count]) for count in (EXPERTS, 1))
    words = len(limitation.replace("?", "").split())
    print(f"leak                  {100 * found['leak']:6.1f} %     {'ok' if found['leak'] == 0 else 'must be 0'}")
    print(f"batch effect          {100 * found['batch']:6.1f} %     {'ok' if found['batch'] == 0 else 'must be 0'}")
    print(f"expert rows per token {found['rows']:6.1f}")
    print(f"loss above the ideal  {several.mean():6.3f} nats, {several.min():.3f} to {several.max():.3f}")
    print(
        f"    with one expert   {one.mean():6.3f} nats; several are better in {int((several < one).sum())} of {SEEDS}"
    )
    print(f"limitation            {words:6d} words   {'ok' if words >= FEWEST_WORDS else 'say in a sentence or two'}")
