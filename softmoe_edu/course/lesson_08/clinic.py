"""The patient of lesson 08: a study that compares two routers, with one or two faults in how it was made."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor

from softmoe_edu.course.lesson_08.runs import counted
from softmoe_edu.evidence import Result
from softmoe_edu.evidence.toy import GROUP
from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.draw import Draw

TASK, BUDGETS, RIVALS, CLASSES = "scripts", (64, 128), ("tokens choice", "experts choice"), 10
TRAIN, TEST, HELD = 2000, 800, 200
SEEDS, LEAST = 6, 5

CASES = (
    ("one-seed",),
    ("class-by-class",),
    ("tuned-on-test",),
    ("unequal-cost",),
    ("best-of-seeds",),
    ("unpaired-seeds",),
    ("one-seed", "class-by-class"),
    ("one-seed", "tuned-on-test"),
    ("one-seed", "unequal-cost"),
    ("best-of-seeds", "class-by-class"),
    ("best-of-seeds", "unequal-cost"),
    ("best-of-seeds", "unpaired-seeds"),
    ("tuned-on-test", "class-by-class"),
    ("tuned-on-test", "unpaired-seeds"),
    ("unequal-cost", "class-by-class"),
)


@dataclass(frozen=True, repr=False)
class Study:
    """What was run and what is claimed.

    Attributes:
        claimed: {router: the accuracy in % that the headline gives it}.
        runs: one for each training, {"router", "seed", "steps", "rate", "macs", "accuracy"}.
        tuned_on: numbers of the examples with which the learning rates were chosen.
        tested_on: numbers of the examples that the accuracy is of, in the order in which they were tested.
        labels: the class of each of these, in the same order.
        group: so many examples that follow one another compete for the same slots of a sparse router.
    """

    claimed: dict[str, float]
    runs: list[dict[str, object]]
    tuned_on: Tensor
    tested_on: Tensor
    labels: Tensor
    group: int = field(default=GROUP)

    @property
    def headline(self) -> str:
        """The claim in a sentence."""
        return ", ".join(f"{router} reaches {accuracy:.1f} %" for router, accuracy in self.claimed.items())

    def each(self, name: str) -> dict[str, list[object]]:
        """Return {router: what its runs have under this name}, such as "seed", "steps", "macs" or "accuracy"."""
        values = {router: [run[name] for run in self.runs if run["router"] == router] for router in self.claimed}
        return {router: [round(v, 1) if isinstance(v, float) else v for v in mine] for router, mine in values.items()}

    def __repr__(self) -> str:
        return "a study: headline, claimed, runs, each(name), tuned_on, tested_on, labels, group"


def build(ids: Sequence[str], draw: Draw) -> Study:
    """Make a study of runs of the record that is wrong in these ways and no other."""
    rival = RIVALS[int(draw.integers(0, len(RIVALS), 1))]
    chosen = draw.permutation(2 * SEEDS).tolist()
    seeds = sorted(chosen[:SEEDS])
    if "one-seed" in ids:
        seeds = seeds[:1]
    others = sorted(chosen[SEEDS:]) if "unpaired-seeds" in ids else seeds
    budget = BUDGETS["unequal-cost" in ids]
    runs = [_run("soft", counted()[TASK, budget, "soft"][seed], seed) for seed in seeds]
    runs += [_run(rival, counted()[TASK, BUDGETS[0], rival][seed], seed) for seed in others]
    claimed = {}
    for router in ("soft", rival):
        mine = [float(run["accuracy"]) for run in runs if run["router"] == router]
        best = router == "soft" and "best-of-seeds" in ids
        claimed[router] = max(mine) if best else sum(mine) / len(mine)
    test = draw.permutation(TEST) + TRAIN
    labels = draw.integers(0, CLASSES, TEST)
    if "class-by-class" in ids:
        labels = labels.sort().values
    held = test[draw.permutation(TEST)[:HELD]] if "tuned-on-test" in ids else draw.permutation(TRAIN)[:HELD]
    return Study(claimed, runs, held, test, labels)


def _run(router: str, run: Result, seed: int) -> dict[str, object]:
    kept = {name: run.settings[name] for name in ("steps", "rate")}
    accuracy = 100 * run.figures["accuracy"]
    return {"router": router, "seed": seed, **kept, "macs": run.figures["macs"], "accuracy": accuracy}


def make(draw: Draw) -> tuple[Study, Sequence[str]]:
    """Choose a case and build it."""
    ids = CASES[int(draw.sub("what illness").integers(0, len(CASES), 1))]
    return build(ids, draw), ids


CLINIC = Clinic(
    lesson="08",
    complaint="A colleague compares Soft MoE with a sparse router on digits in scripts and wants to publish the "
    "headline. The runs are real, from the record of this package, but they were not put together as they should be.",
    make=make,
    suspects={
        "one-seed": f"there are fewer than {LEAST} seeds",
        "best-of-seeds": "one model is reported by its best seed, the other by its mean",
        "unpaired-seeds": "the two models were run with different seeds",
        "unequal-cost": "the two models do not cost the same",
        "tuned-on-test": "learning rates were chosen with examples of the test",
        "class-by-class": "the test stands class by class, so that examples of one class compete for a router's slots",
        "unequal-steps": "one of the two was trained for longer",
        "tested-on-training": "the models were tested on examples that they were trained on",
        "other-classes": "some classes are missing from the test",
    },
    findings={
        "one-seed": "each router has a single seed.",
        "best-of-seeds": "study.claimed of soft is the largest accuracy of its runs, that of the rival their mean.",
        "unpaired-seeds": "the seeds of the two routers have nothing in common.",
        "unequal-cost": "the MACs of the two routers differ by far more than 1 %.",
        "tuned-on-test": "all numbers in study.tuned_on are in study.tested_on too.",
        "class-by-class": "study.labels is sorted: a group of 8 holds a single class.",
    },
    instruments={
        "study.headline": "what would be published",
        'study.each("seed")': "the seeds of each router's runs",
        'study.each("accuracy")': "their accuracies in %",
        'study.each("macs")': "their MACs per image",
        'study.each("steps")': "their steps",
        "torch.isin(study.tested_on, study.tuned_on).sum()": "examples of the test that tuning has seen",
        "study.labels[: study.group]": "the classes of the first group",
        "study.labels.unique()": "the classes of the whole test",
        "study.tested_on.min()": f"the training had the examples 0 to {TRAIN - 1}",
    },
)
