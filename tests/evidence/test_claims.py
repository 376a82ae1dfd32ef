"""Every claim runs from end to end, and a planted fault changes its verdict or blocks it."""

import re
from dataclasses import replace

import pytest
import torch

from softmoe_edu.evidence import (
    RECORDS,
    Result,
    Verdict,
    find_claim,
    judged,
    names,
    read_record,
    record_path,
    run_claim,
)
from softmoe_edu.evidence.claims import causality, determinism, differentiability, model_sizes, slots_not_experts
from softmoe_edu.evidence.runner import run_once


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_a_claim_runs_from_end_to_end(name, tmp_path):
    """Its smoke runs are measured and recorded, and judge takes them; they say nothing of the claim."""
    claim = find_claim(name)
    record = run_claim(name, tmp_path, smoke=True, progress=False)

    done = [dict(each.settings) for each in record.results]
    assert done[: len(claim.smoke())] == [dict(each) for each in claim.smoke()]
    assert (len(done) > len(claim.smoke())) == (claim.then is not None)
    assert claim.judge(record.results).verdict in Verdict
    for text in (claim.title, claim.says, claim.source, claim.did):
        assert text.strip() == text != ""


@pytest.mark.parametrize("name", names())
def test_runs_differ_and_have_seeds(name):
    """No run is asked for twice, and there are as many seeds as a verdict needs."""
    claim = find_claim(name)
    asked = [tuple(sorted(each.items(), key=str)) for each in claim.runs()]

    assert len(set(asked)) == len(asked) > 0
    if claim.then is None:
        assert len({each["seed"] for each in claim.runs() if "seed" in each}) >= claim.least_seeds


@pytest.mark.parametrize("name", sorted(path.stem for path in RECORDS.glob("*.json")))
def test_a_record_of_the_package_carries_a_verdict(name):
    """It is complete and matches its claim, and is judged again here."""
    record = read_record(record_path(RECORDS, name), name)

    assert judged(name, record).verdict in Verdict
    assert record.made["commit"]


def test_an_unknown_claim_names_the_nearest():
    """A slip of the pen gets the name that was meant."""
    with pytest.raises(KeyError, match="there is no claim 'casuality': did you mean 'causality'"):
        find_claim("casuality")


def verdict_of(claim, results):
    """The verdict on results."""
    return claim.judge(results).verdict


def measured(module, runs):
    """Results of some runs of a claim."""
    return [Result(dict(settings), module.measure(settings, "cpu")) for settings in runs]


@pytest.mark.slow
def test_model_sizes_sees_a_model_that_is_not_as_printed(monkeypatch):
    """With one parameter in a hundred more, or 2 % more GFLOP, the paper's figures do not follow."""
    results = measured(model_sizes, model_sizes.runs()[:3])
    assert verdict_of(model_sizes.CLAIM, results) is Verdict.REPRODUCED
    for name, factor in (("parameters", 1.1), ("gflops_per_image", 1.02)):
        wrong = [
            replace(results[0], figures={**results[0].figures, name: results[0].figures[name] * factor}),
            *results[1:],
        ]
        assert verdict_of(model_sizes.CLAIM, wrong) is Verdict.CONTRADICTED


@pytest.mark.slow
def test_determinism_sees_a_layer_that_looks_at_its_batch(monkeypatch):
    """A layer whose answer depends on its batch, and one that never does, are both seen."""
    assert verdict_of(determinism.CLAIM, measured(determinism, determinism.runs(2))) is Verdict.REPRODUCED
    real = determinism.layer_of

    def leaky(settings, device):
        layer, generator = real(settings, device)
        return (lambda x: layer(x) + x.mean()), generator

    def alone(settings, device):
        return real({**settings, "group": 1}, device)

    for planted in (leaky, alone):
        monkeypatch.setattr(determinism, "layer_of", planted)
        assert verdict_of(determinism.CLAIM, measured(determinism, determinism.runs(2))) is Verdict.CONTRADICTED


@pytest.mark.slow
def test_differentiability_sees_a_jump(monkeypatch):
    """Experts that round their answers make Soft MoE jump, and a wrong gradient is seen."""
    assert (
        verdict_of(differentiability.CLAIM, measured(differentiability, differentiability.runs(2)))
        is Verdict.REPRODUCED
    )

    class Rounded(differentiability.Experts):
        def forward(self, x):
            return super().forward((x * 4).round() / 4)

    class Detached(differentiability.Experts):
        def forward(self, x):
            return super().forward(x) * x.detach()

    for planted in (Rounded, Detached):
        monkeypatch.setattr(differentiability, "Experts", planted)
        found = verdict_of(differentiability.CLAIM, measured(differentiability, differentiability.runs(2)))
        assert found is Verdict.CONTRADICTED


@pytest.mark.slow
def test_causality_sees_a_leak_where_none_should_be(monkeypatch):
    """Tokens choice by position that is served by gate leaks; the leak of Soft MoE is learned in 150 steps."""
    results = measured(causality, causality.runs(2, 150))
    assert verdict_of(causality.CLAIM, results) is Verdict.REPRODUCED
    soft = [each.figures["nats"] for each in results if each.settings["router"] == "soft"]
    assert min(soft) > 0.1

    monkeypatch.setitem(causality.ROUTERS, "tokens choice, by position", ("tokens choice", {"priority": "gate"}))
    assert verdict_of(causality.CLAIM, measured(causality, causality.runs(2, 1))) is Verdict.CONTRADICTED


def test_slots_not_experts_judges_macs_and_time():
    """Unequal MACs contradict the claim; a longer time leaves its direction, an equal one reproduces it."""

    def results(slower, macs=100):
        given = []
        for repeat in range(8):
            for e, seconds in ((1, 1.0 + repeat / 1000), (64, slower)):
                figures = {
                    "macs": macs if e == 64 else 100,
                    "weight_bytes": e,
                    "seconds": seconds,
                    "routing_seconds": 0.5 if e == 1 else 0.54,
                    "experts_seconds": 0.4 if e == 1 else 0.9,
                    "cached_seconds": 0.4 if e == 1 else 0.57,
                    "read_seconds": 0.25 if e == 64 else 0.0,
                }
                given.append(Result({"experts": e, "slots": 64, "repeat": repeat}, figures))
        return given

    assert verdict_of(slots_not_experts.CLAIM, results(1.05)) is Verdict.REPRODUCED
    assert verdict_of(slots_not_experts.CLAIM, results(1.6)) is Verdict.DIRECTION
    assert verdict_of(slots_not_experts.CLAIM, results(1.0, macs=101)) is Verdict.CONTRADICTED

    reason = slots_not_experts.CLAIM.judge(results(1.6)).reason
    assert re.findall(r"-?\d+\.\d+|\d+ rows", reason) == ["1.59", "0.04", "0.50", "0.17", "4 rows", "0.33", "0.25"]


def test_a_cost_that_grows_with_experts_is_measured():
    """MACs come from the layer that runs: more slots have more, more experts of the same slots do not."""
    one, two = (slots_not_experts.measure({"experts": e, "slots": s, "repeat": 0}, "cpu") for e, s in ((2, 8), (8, 8)))
    more = slots_not_experts.measure({"experts": 2, "slots": 16, "repeat": 0}, "cpu")

    assert one["macs"] == two["macs"] < more["macs"]
    assert two["weight_bytes"] == 4 * one["weight_bytes"]
    parts = ("seconds", "routing_seconds", "experts_seconds", "cached_seconds", "read_seconds")
    assert all(each[part] > 0 for each in (one, two, more) for part in parts)


def test_a_run_leaves_random_numbers_alone():
    """The global generator is where it was."""
    torch.manual_seed(3)
    before = torch.get_rng_state()
    run_once("determinism", {"router": "soft", "group": 1, "seed": 0}, "cpu")

    assert torch.equal(torch.get_rng_state(), before)
