"""A claim for the tests, which draws a number from its seed, and its results."""

import random

from softmoe_edu.evidence.claim import Claim, Finding, Result, Verdict
from softmoe_edu.evidence.statistics import mean_of


def make_claim(seeds: int = 8, **changed) -> Claim:
    """A claim whose runs answer with a number that follows from the seed alone."""
    given = {
        "title": "Numbers have a mean",
        "says": "The mean is over 0.",
        "source": "nowhere, section 1",
        "did": "Numbers are drawn.",
        "runs": lambda: [{"router": r, "seed": s} for r in ("one", "two") for s in range(seeds)],
        "smoke": lambda: [{"router": "one", "seed": 0}],
        "measure": lambda settings, device: {"number": random.Random(settings["seed"]).random()},
        "judge": lambda results: Finding(
            Verdict.REPRODUCED, "It is.", (mean_of("number", [r.figures["number"] for r in results], "%"),)
        ),
    }
    return Claim(**given | changed)


def result(seed: int = 0, router: str = "one", **figures) -> Result:
    """A result of that claim."""
    return Result({"router": router, "seed": seed}, figures or {"number": 0.5}, 1.5)
