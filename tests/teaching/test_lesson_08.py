"""Lesson 08: the patients of the clinic, the record behind it, and where the exercises meet the library."""

import re
from pathlib import Path

import pytest
import torch

from softmoe_edu import Experts, MoE, SoftRouter, paper
from softmoe_edu.cost import cost_of
from softmoe_edu.course.lesson_08 import runs
from softmoe_edu.course.lesson_08.card import CARD
from softmoe_edu.course.lesson_08.clinic import CASES, CLINIC, LEAST, SEEDS, build
from softmoe_edu.course.lesson_08.questions import MODELS, PLACE, RANKS, TEXT, best_of
from softmoe_edu.evidence import RECORDS, read_record, record_path, statistics
from softmoe_edu.evidence.toy import MATCHED
from softmoe_edu.teaching.clinic.patient import clinic
from softmoe_edu.teaching.discovery import find_exercise, find_question
from softmoe_edu.teaching.draw import Draw

LESSON = Path(__file__).parents[2] / "notebooks" / "08_training_comparisons.py"
MATCH, TEST, FRONT, INTERVAL = (
    find_exercise(id).answer for id in ("matched-hidden", "sign-test", "pareto-front", "paired-bootstrap")
)


def drawn(*shape, seed=1):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("sizes", [(16, 32, 64, 8, 2), (49, 12, 300, 7, 1), (30, 24, 90, 5, 3), (12, 20, 200, 3, 7)])
def test_the_width_is_right_by_the_librarys_count(sizes):
    """No other width brings a layer's MACs, as the library counts them, closer to those of the dense MLP."""
    tokens, dim, hidden, experts, slots = sizes
    width, wanted = MATCH(*sizes), 2 * tokens * dim * hidden

    def gap(width):
        layer = MoE(SoftRouter(dim, experts, slots), Experts(dim, experts, width))
        return abs(cost_of(layer, tokens=tokens).macs - wanted)

    assert gap(width) <= MATCHED * wanted
    assert gap(width) <= min(gap(width - 1), gap(width + 1))


@pytest.mark.parametrize("seeds", [1, 2, 5, 8, 13])
def test_the_sign_test_is_the_librarys(seeds):
    """sign_test gives the p-value by which the records are judged, with zeros and without."""
    for shift in (-0.5, 0.0, 1.0):
        differences = drawn(seeds, seed=seeds) + shift
        differences[drawn(seeds, seed=9) > 1] = 0
        assert TEST(differences) == pytest.approx(statistics.sign_test(differences.tolist()))
    assert TEST(torch.zeros(seeds)) == 1.0


@pytest.mark.parametrize("what", ["train_exaflop", "train_days"])
def test_the_front_of_the_papers_models(what):
    """Of Table 9 every model off the front is beaten by one on it, and none on it is beaten; Soft MoE is among them."""
    table = [(name, run) for name, model in paper.MODELS.items() for run in model.runs if run.table == "table9"]
    cost = torch.tensor([getattr(run, what) for _, run in table])
    quality = torch.tensor([run.jft for _, run in table])
    on = FRONT(cost, quality)

    def beats(i, j):
        return cost[i] <= cost[j] and quality[i] >= quality[j] and (cost[i] < cost[j] or quality[i] > quality[j])

    kept = on.nonzero().flatten().tolist()
    for j in range(len(table)):
        assert any(beats(i, j) for i in kept) != bool(on[j])
    assert any(table[i][0].startswith("soft_moe") for i in kept) and len(kept) < len(table) / 2


def test_an_interval_holds_the_true_mean_as_often_as_it_should():
    """On made-up pairs of mean difference 0.7, an interval at 95 % over 12 seeds holds it nearly that often."""
    draws = torch.randint(12, (400, 12), generator=torch.Generator().manual_seed(0))
    luck, noise = 5 * drawn(300, 12, seed=2), drawn(300, 12, seed=3)
    found = [INTERVAL(luck[i] + noise[i] + 0.7, luck[i], draws) for i in range(300)]
    held = sum(low <= 0.7 <= high for _, low, high in found) / len(found)
    wide = [high - low for _, low, high in found]

    assert 0.85 < held < 0.98
    assert max(wide) < 3  # the luck of a seed, 5 points, is in none of them


def examined(study):
    """Return what the instruments of the clinic tell of a study, as the suspects that they point to."""
    by_router = {name: [run for run in study.runs if run["router"] == name] for name in study.claimed}
    one, other = study.each("seed").values()
    macs, steps = ([run[name] for run in study.runs] for name in ("macs", "steps"))
    means = {name: sum(run["accuracy"] for run in mine) / len(mine) for name, mine in by_router.items()}
    group = study.labels[: study.group]
    return {
        "one-seed": min(len(one), len(other)) < LEAST,
        "best-of-seeds": any(abs(study.claimed[name] - means[name]) > 1e-9 for name in means),
        "unpaired-seeds": one != other,
        "unequal-cost": max(macs) / min(macs) - 1 > 2 * MATCHED,
        "tuned-on-test": bool({*study.tuned_on.tolist()} & {*study.tested_on.tolist()}),
        "class-by-class": len(group.unique()) == 1,
        "unequal-steps": len(set(steps)) > 1,
        "tested-on-training": int(study.tested_on.min()) < 2000,
        "other-classes": len(study.labels.unique()) < 10,
    }


@pytest.mark.parametrize("number", range(3))
def test_every_patient_shows_what_it_has_and_nothing_else(number):
    """Each fault of a study is seen with the instruments, and no other suspect is."""
    for ids in (*CASES, ()):
        found = examined(build(ids, Draw("a study", number)))
        assert {id for id, there in found.items() if there} == set(ids), ids
        assert found.keys() == CLINIC.suspects.keys()


def test_a_study_is_made_of_runs_of_the_record():
    """The accuracies of a study are those of the record with these seeds, and every headline says what is claimed."""
    study = build((), Draw("another", 4))

    assert len(study.runs) == 2 * SEEDS
    for run in study.runs:
        figures = runs.counted()["scripts", 64, run["router"]][run["seed"]].figures
        assert (run["accuracy"], run["macs"]) == (100 * figures["accuracy"], figures["macs"])
    assert all(f"{router} reaches {accuracy:.1f} %" in study.headline for router, accuracy in study.claimed.items())


def test_patients_differ():
    """Twelve patients have at least five illnesses, and the first is diagnosed."""
    illnesses = [CLINIC.make(Draw("clinic", "08", number))[1] for number in range(1, 13)]

    assert clinic("08").diagnose(*illnesses[0]).startswith("Right.")
    assert clinic("08").diagnose("unequal-steps").startswith("Not right")
    assert len(set(illnesses)) >= 5


def test_runs_that_count_are_the_records():
    """Tuning runs are left out, every model has the same seeds, and its rate is one that tuning tried."""
    record = read_record(record_path(RECORDS, "accuracy"), "accuracy")
    tried = {each.settings["rate"] for each in record.results if each.settings["tuning"]}

    assert sum(map(len, runs.counted().values())) == sum(not each.settings["tuning"] for each in record.results)
    assert len({tuple(sorted(seeds)) for seeds in runs.counted().values()}) == 1
    assert {runs.best_rate(*key) for key in runs.counted()} <= tried
    wins = sum(gap > 0 for gap in runs.gaps("scripts", 64, "dense"))
    assert wins == sum(a > b for a, b in zip(*(runs.percent("scripts", 64, r) for r in ("soft", "dense")), strict=True))
    for key in runs.counted():
        assert len(runs.percent(*key)) >= LEAST and all(0 <= value <= 100 for value in runs.percent(*key))


def test_what_the_cards_ask_is_read_from_the_record():
    """Who is first on scripts, and where Soft MoE comes on names, are the order of the record's means."""

    def mean(place, router):
        values = [each.figures["accuracy"] for each in runs.counted()[*place, router].values()]
        return sum(values) / len(values)

    first, text = (find_question(id).truth() for id in ("m45-first-place", "m45-other-task"))
    assert first == MODELS[max(MODELS, key=lambda router: mean(PLACE, router))]
    assert text == RANKS[sum(mean(TEXT, router) > mean(TEXT, "soft") for router in MODELS)]
    assert best_of(1) == 0 and best_of(2) == pytest.approx(1 / torch.pi**0.5, abs=0.01)


def test_no_result_is_typed():
    """The lesson's text holds no accuracy of the record and no verdict on a claim: both are read when it runs."""
    text = "\n".join(line for line in LESSON.read_text("utf-8").splitlines() if line.startswith("#"))

    for key in runs.counted():
        values = runs.percent(*key)
        assert f"{sum(values) / len(values):.1f} %" not in text
    assert not re.search(r"verdict:? (is )?(reproduced|direction|contradicted)", text, re.IGNORECASE)


def test_the_cards_vote_has_its_right_choice():
    """The vote's right answer is one of its choices."""
    assert CARD.vote.right in CARD.vote.choices
