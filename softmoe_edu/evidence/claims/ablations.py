"""The six rows of the paper's ablation, and again with tokens in random order, where position tells no expert."""

from collections.abc import Mapping, Sequence

from scipy import stats

from softmoe_edu.evidence.claim import Claim, Figures, Finding, Result, Settings, Verdict
from softmoe_edu.evidence.statistics import holm, mean_of, sign_test
from softmoe_edu.evidence.toy import EXPERTS, MATCHED, trained
from softmoe_edu.evidence.tuning import runs_at_best_rate, tuning_runs

ROWS = ("soft", "soft / uniform", "uniform / soft", "uniform", "identity", "dense")
"""The rows of Table 2 in its order, the best first."""

RIVALS = ROWS[1:]
PLAIN, SHUFFLED = "scripts", "scripts, shuffled"
# Three each, about the best of runs that do not count: shuffled tokens take lower ones.
RATES = {PLAIN: (1e-3, 2e-3, 4e-3, 8e-3), SHUFFLED: (5e-4, 1e-3, 2e-3, 4e-3)}
BUDGET, STEPS = 64, 800
SEEDS, TUNING_SEEDS = 10, 1
LEVEL = 0.05
Score = Mapping[tuple[str, str], Sequence[float]]
"""Accuracies in percent by task and row, in the order of the seeds."""


def tuning() -> list[Settings]:
    """Return the runs that choose each model's learning rate."""
    found: list[Settings] = []
    for task, rates in RATES.items():
        models: list[Settings] = [{"task": task, "router": row, "budget": BUDGET, "steps": STEPS} for row in ROWS]
        found += tuning_runs(models, TUNING_SEEDS, rates)
    return found


def smoke() -> list[Settings]:
    """Return a run of two steps for each model."""
    return [{**each, "steps": 2} for each in tuning() if each["rate"] == RATES[str(each["task"])][0]]


def finals(results: Sequence[Result]) -> list[Settings]:
    """Return the runs that count."""
    return runs_at_best_rate(results, SEEDS if all(each.settings["steps"] == STEPS for each in results) else 2)


def measure(settings: Settings, device: str) -> Figures:
    """Train one model and test it."""
    return trained(settings, device)


def judge(results: Sequence[Result]) -> Finding:
    """Soft MoE must beat every other row on both tasks; a loss is explained where shuffling takes it away."""
    counted = [each for each in results if not each.settings["tuning"]]
    score = {(task, row): _by_seed(counted, task, row) for task in RATES for row in ROWS}
    measured = [mean_of(f"{task}: {row}", values, "%") for (task, row), values in score.items()]
    unequal = _unequal(counted)
    if unequal:
        return Finding(Verdict.NOT_AT_SCALE, f"No comparison: {unequal}.", tuple(measured))
    order = [mean_of(f"{task}: agreement with the order of Table 2 (Kendall)", _order(score, task)) for task in RATES]
    # Soft's lead on each task, and what shuffling adds to it.
    lead = {(task, row): _minus(score[task, "soft"], score[task, row]) for task in RATES for row in RIVALS}
    added = {("added", row): _minus(lead[SHUFFLED, row], lead[PLAIN, row]) for row in RIVALS}
    tests = lead | added
    chances = dict(zip(tests, holm([sign_test(values) for values in tests.values()]), strict=True))
    sign = {key: _sign(values, chances[key]) for key, values in tests.items()}
    won, lost = ({task: [r for r in RIVALS if sign[task, r] == s] for task in RATES} for s in (1, -1))
    explained = [r for r in lost[PLAIN] if r not in lost[SHUFFLED] and sign["added", r] > 0]
    reason = (
        f"In order, Soft MoE {_beats(won[PLAIN], lost[PLAIN])}; shuffled, it {_beats(won[SHUFFLED], lost[SHUFFLED])} "
        f"(sign tests over {len(score[PLAIN, 'soft'])} paired seeds, corrected by Holm, level {LEVEL})."
    )
    if explained:
        reason += (
            f" Position tells the expert as long as tokens are in order: shuffled, {_leads(lead, explained)}, though "
            "each token still says where it belongs."
        )
    unexplained = [row for row in dict.fromkeys(lost[PLAIN] + lost[SHUFFLED]) if row not in explained]
    if unexplained:
        reason += (
            f" Position alone does not explain the lead of {_list(unexplained)}: shuffled, {_leads(lead, unexplained)}."
        )
    verdict = _verdict(
        sum(map(len, won.values())), len(lead), len(lost[SHUFFLED]) + len(set(lost[PLAIN]) - set(explained))
    )
    return Finding(verdict, reason, (*measured, *order))


def _by_seed(results: Sequence[Result], task: str, row: str) -> list[float]:
    """Return the accuracies of a model in the order of its seeds."""
    own = [each for each in results if (each.settings["task"], each.settings["router"]) == (task, row)]
    own.sort(key=lambda each: int(each.settings["seed"] or 0))
    return [100 * each.figures["accuracy"] for each in own]


def _order(score: Score, task: str) -> list[float]:
    """Return for every seed how far the six rows are in the order of Table 2: 1 in all pairs, -1 in none."""
    by_seed = zip(*(score[task, row] for row in ROWS), strict=True)
    found = [float(stats.kendalltau(values, range(len(ROWS), 0, -1)).statistic) for values in by_seed]
    return [0.0 if each != each else round(each, 9) for each in found]  # rows that are all the same are in no order


def _minus(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """Subtract, and round away what is far below one test image: a sign must not come from the last bits."""
    return [round(a - b, 9) for a, b in zip(one, other, strict=True)]


def _sign(differences: Sequence[float], chance: float) -> int:
    """Return 1 or -1 where the seeds agree on a sign, and 0 where they do not."""
    if chance >= LEVEL:
        return 0
    return 1 if sum(each > 0 for each in differences) > sum(each < 0 for each in differences) else -1


def _verdict(won: int, of: int, unexplained: int) -> Verdict:
    if won == of:
        return Verdict.REPRODUCED
    if won > unexplained:
        return Verdict.DIRECTION
    return Verdict.CONTRADICTED if unexplained else Verdict.NOT_AT_SCALE


def _beats(won: Sequence[str], lost: Sequence[str]) -> str:
    said = [f"{verb} {_list(rows)}" for verb, rows in (("beats", won), ("loses to", lost)) if rows]
    if len(won) + len(lost) < len(RIVALS):
        said.append(f"cannot be told from {'the others' if said else 'any other row'}")
    return _list(said)


def _leads(lead: Score, rows: Sequence[str]) -> str:
    """Say what becomes of the lead over Soft MoE of some rows once tokens are shuffled."""
    means = {key: -sum(values) / len(values) for key, values in lead.items()}
    return _list(
        [f"{row} goes from {means[PLAIN, row]:+.1f} to {means[SHUFFLED, row]:+.1f} points over Soft" for row in rows]
    )


def _list(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _unequal(results: Sequence[Result]) -> str:
    """Say which models that are compared do not cost the same; "" where all do."""
    for task in RATES:
        macs = {str(each.settings["router"]): each.figures["macs"] for each in results if each.settings["task"] == task}
        if max(macs.values()) / min(macs.values()) - 1 > 2 * MATCHED:
            return f"on {task} the models cost {macs} MACs per image"
    return ""


CLAIM = Claim(
    title="Learned dispatch and learned combine both help",
    says=(
        "Soft MoE is better than with a uniform combine, a uniform dispatch or both, than experts that each take a "
        "fixed token, and than a dense model, in this order."
    ),
    source="Puigcerver et al. 2024, section 3.5, Table 2, Appendix A",
    did=(
        f"Small ViTs of all six rows ({EXPERTS} experts, one slot each), within {MATCHED:.0%} of the dense model's "
        f"MACs, are trained for {STEPS} steps on digits in scripts: with the 16 tokens in order, so that an expert "
        "that takes a fixed token always sees the same part of the image, and shuffled in every image, with each "
        "token's position written on it. Each has its learning rate chosen from "
        f"{len(RATES[PLAIN])}, lower ones for shuffled tokens, on training data alone, with {TUNING_SEEDS} seed; then "
        f"{SEEDS} other seeds, the same for all, are trained and tested once."
    ),
    runs=tuning,
    smoke=smoke,
    then=finals,
    measure=measure,
    judge=judge,
)
