"""Right answers to `generation_macs` in other styles."""


def step_by_step(tokens, dim, hidden, slots):
    """A loop over the text."""
    counts = {"every_prefix": 0, "running": 0}
    for length in range(1, tokens + 1):
        for _ in ("score", "dispatch", "combine"):
            counts["every_prefix"] += length * slots * dim
            counts["running"] += slots * dim
        for name in counts:
            counts[name] += slots * dim * hidden + slots * hidden * dim
    return [3 * tokens * dim * slots + 2 * slots * hidden * dim, *counts.values()]


def factored(tokens, dim, hidden, slots):
    """One factor in front."""
    unit = slots * dim
    every_prefix = sum(3 * length + 2 * hidden for length in range(1, tokens + 1))
    return unit * (3 * tokens + 2 * hidden), unit * every_prefix, unit * tokens * (3 + 2 * hidden)


VARIANTS = (step_by_step, factored)
