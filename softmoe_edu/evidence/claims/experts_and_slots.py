"""More experts, more slots for each of them, and one slot an expert: which of the three helps, and why."""

from collections.abc import Mapping, Sequence

from softmoe_edu.evidence.claim import Claim, Figures, Finding, Result, Settings, Verdict
from softmoe_edu.evidence.statistics import holm, mean_of, sign_test
from softmoe_edu.evidence.toy import trained
from softmoe_edu.evidence.tuning import runs_at_best_rate, tuning_runs

STEPS, HIDDEN, SLOTS, EXPERTS = 700, 48, 16, 16
# One rate more than elsewhere, because a wide expert takes a lower one.
RATES = (2.5e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3)
SEEDS, TUNING_SEEDS = 8, 1
LEVEL = 0.05
SHARED: Settings = {"task": "scripts", "router": "soft", "hidden": HIDDEN, "steps": STEPS}
Sizes = tuple[int, int, int]
"""Experts, slots of each, hidden width of each."""

SWEEP: tuple[Sizes, ...] = tuple((e, SLOTS // e, HIDDEN) for e in (1, 2, 4, 8, EXPERTS))
ONE_SLOT: Sizes = SWEEP[-1]
TWO_SLOTS: Sizes = (EXPERTS, 2, HIDDEN)
TWICE_AS_MANY: Sizes = (2 * EXPERTS, 1, HIDDEN)
ONE_LARGE: Sizes = (1, SLOTS, EXPERTS * HIDDEN)
MODELS: tuple[Sizes, ...] = (*SWEEP, TWO_SLOTS, TWICE_AS_MANY, ONE_LARGE)

MORE_EXPERTS = f"twice the experts, {SLOTS} slots"
MORE_SLOTS = f"2 slots an expert over 1, {EXPERTS} experts"
ONE_IS_BEST = f"1 slot an expert over the best of the others, {SLOTS} slots"
ONE_AGAINST_TWO = f"1 slot an expert over 2, {2 * SLOTS} slots"
CONTROL = f"{EXPERTS} experts over one of as many parameters"
HOW = ((1, "borne out"), (0, "not shown by these seeds"), (-1, "the other way round"))


def tuning() -> list[Settings]:
    """Return the runs that choose each model's learning rate."""
    models: list[Settings] = [
        {**SHARED, "experts": e, "slots_per_expert": p, "expert_hidden": hidden} for e, p, hidden in MODELS
    ]
    return tuning_runs(models, TUNING_SEEDS, RATES)


def smoke() -> list[Settings]:
    """Return a run of two steps for each model."""
    return [{**each, "steps": 2} for each in tuning() if each["rate"] == RATES[0]]


def finals(results: Sequence[Result]) -> list[Settings]:
    """Return the runs that count."""
    return runs_at_best_rate(results, SEEDS if all(each.settings["steps"] == STEPS for each in results) else 2)


def measure(settings: Settings, device: str) -> Figures:
    """Train one model and test it."""
    return trained(settings, device)


def judge(results: Sequence[Result]) -> Finding:
    """Each part of the claim is one sign test over paired seeds, corrected for all of them."""
    counted = [each for each in results if not each.settings["tuning"]]
    score = {model: _by_seed(counted, model) for model in MODELS}
    measured = [mean_of(name_of(model), values, "%") for model, values in score.items()]
    unequal = _unequal(counted)
    if unequal:
        return Finding(Verdict.NOT_AT_SCALE, f"No comparison: {unequal}.", tuple(measured))
    apart = _differences(score)
    shown = {name: mean_of(name, values, "points") for name, values in apart.items()}
    chances = dict(zip(apart, holm([sign_test(values) for values in apart.values()]), strict=True))
    sign = {name: _sign(apart[name], chances[name]) for name in apart}
    part = {
        "more experts at the same slots": sign[MORE_EXPERTS],
        "more slots for each expert": sign[MORE_SLOTS],
        # The best of the others has luck on its side: losing to it does not say that it is better.
        "one slot for each expert at the same slots": min(max(0, sign[ONE_IS_BEST]), sign[ONE_AGAINST_TWO]),
    }
    told = [f"{how}: {_list([name for name in part if part[name] == s])}" for s, how in HOW if s in part.values()]
    seeds = len(score[ONE_SLOT])
    reason = (
        f"{'; '.join(told).capitalize()} (sign tests over {seeds} paired seeds, corrected by "
        f"Holm, level {LEVEL}). "
        f"Twice the experts bring {_points(shown[MORE_EXPERTS].value)} points at {SLOTS} slots, twice the slots "
        f"{_points(shown[MORE_SLOTS].value)}. "
    )
    macs, parameters = (_ratio(counted, name) for name in ("macs", "parameters"))
    reason += (
        f"Parameters alone {'do not explain it' if sign[CONTROL] > 0 else 'may explain it'}: one large expert, with "
        f"{parameters:.2f} times the parameters of {EXPERTS} experts and {macs:.1f} times their MACs, scores "
        f"{abs(shown[CONTROL].value):.1f} points {'less' if shown[CONTROL].value > 0 else 'more'}."
    )
    verdict = _verdict(list(part.values()), experts_matter=sign[CONTROL] > 0)
    return Finding(verdict, reason, (*measured, *shown.values()))


def name_of(model: Sizes) -> str:
    """Return what the ledger calls a model."""
    e, p, hidden = model
    if model == ONE_LARGE:
        return f"one expert of {hidden // HIDDEN} times the hidden width x {p} slots"
    return f"{e} expert{'s' * (e > 1)} x {p} slot{'s' * (p > 1)}"


def _by_seed(results: Sequence[Result], model: Sizes) -> list[float]:
    """Return the accuracies of a model in the order of its seeds."""
    own = [each for each in results if _sizes(each) == model]
    own.sort(key=lambda each: int(each.settings["seed"] or 0))
    return [100 * each.figures["accuracy"] for each in own]


def _sizes(result: Result) -> Sizes:
    e, p, hidden = (int(result.settings[name] or 0) for name in ("experts", "slots_per_expert", "expert_hidden"))
    return e, p, hidden


def _differences(score: Mapping[Sizes, Sequence[float]]) -> dict[str, list[float]]:
    """Return what each test looks at, for every seed: above 0 where the seed agrees with the claim."""
    swept = list(zip(*(score[model] for model in SWEEP), strict=True))
    return {
        MORE_EXPERTS: [_slope(values) for values in swept],
        MORE_SLOTS: _minus(score[TWO_SLOTS], score[ONE_SLOT]),
        # Over the best of the others: it must beat every one of them, so that no correction is due among those.
        ONE_IS_BEST: [_rounded(values[-1] - max(values[:-1])) for values in swept],
        ONE_AGAINST_TWO: _minus(score[TWICE_AS_MANY], score[TWO_SLOTS]),
        CONTROL: _minus(score[ONE_SLOT], score[ONE_LARGE]),
    }


def _slope(values: Sequence[float]) -> float:
    """Return by how much values rise from one to the next, as least squares have it."""
    middle = (len(values) - 1) / 2
    rise = sum((i - middle) * each for i, each in enumerate(values))
    return _rounded(rise / sum((i - middle) ** 2 for i in range(len(values))))


def _minus(one: Sequence[float], other: Sequence[float]) -> list[float]:
    return [_rounded(a - b) for a, b in zip(one, other, strict=True)]


def _rounded(points: float) -> float:
    """Round away what is far below one test image: a sign must not come from the last bits."""
    return round(points, 9)


def _sign(differences: Sequence[float], chance: float) -> int:
    """Return 1 or -1 where the seeds agree on a sign, and 0 where they do not."""
    if chance >= LEVEL:
        return 0
    return 1 if sum(each > 0 for each in differences) > sum(each < 0 for each in differences) else -1


def _verdict(parts: Sequence[int], experts_matter: bool) -> Verdict:
    borne, reversed_ = parts.count(1), parts.count(-1)
    if borne == len(parts):
        return Verdict.REPRODUCED if experts_matter else Verdict.DIRECTION
    if borne > reversed_:
        return Verdict.DIRECTION
    return Verdict.CONTRADICTED if reversed_ else Verdict.NOT_AT_SCALE


def _unequal(results: Sequence[Result]) -> str:
    """Say which models of equal slots do not cost the same; "" where all do. The one large expert may cost more."""
    for slots in (SLOTS, 2 * SLOTS):
        macs = {
            name_of(sizes): each.figures["macs"]
            for each in results
            if (sizes := _sizes(each)) != ONE_LARGE and sizes[0] * sizes[1] == slots
        }
        if len(set(macs.values())) > 1:
            return f"with {slots} slots the models cost {macs} MACs per image"
    return ""


def _ratio(results: Sequence[Result], figure: str) -> float:
    """Return a figure of the one large expert over that of the experts it is compared with."""
    found = {_sizes(each): float(each.figures[figure]) for each in results}
    return found[ONE_LARGE] / found[ONE_SLOT]


def _points(value: float) -> str:
    """Return points with one decimal, never "-0.0"."""
    return f"{round(value, 1) + 0.0:.1f}"


def _list(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


CLAIM = Claim(
    title="More experts help, and one slot for each is best",
    says=(
        "With as many slots, more experts are better at the same cost; with as many experts, more slots for each are "
        "better and cost more; for a given number of slots, as many experts with one slot each are best."
    ),
    source="Puigcerver et al. 2024, Figure 6, Appendix C",
    did=(
        f"Small ViTs are trained for {STEPS} steps on digits in scripts (16 tokens), with {SLOTS} slots shared out "
        f"among 1 to {EXPERTS} experts of the same hidden width, whose MACs are equal; with {2 * SLOTS} slots as "
        f"{EXPERTS} experts of 2 and as {2 * EXPERTS} of 1; and, as a control, with one expert that is {EXPERTS} "
        f"times as wide. Each has its learning rate chosen from {len(RATES)} on training data alone, with "
        f"{TUNING_SEEDS} seed; then {SEEDS} other seeds, the same for all, are trained and tested once."
    ),
    runs=tuning,
    smoke=smoke,
    then=finals,
    measure=measure,
    judge=judge,
)
