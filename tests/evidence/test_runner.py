"""Claims are run once, in any number of processes, and go on where they were interrupted."""

import os
import subprocess
import sys
import threading
from dataclasses import asdict

import joblib
import pytest
import torch
from claimkit import make_claim, result

from softmoe_edu.evidence import Record, RecordError, read_record, record_path, run_claim, runner, write_record
from softmoe_edu.evidence.records import here, making


def without_time(record):
    """What a record holds apart from the seconds."""
    return [asdict(each) | {"seconds": 0} for each in record.results]


def test_every_run_is_recorded_in_order(given, tmp_path):
    """Sixteen runs, each with the figures of its seed, and the file holds them."""
    claim = make_claim()
    given(claim)
    found = run_claim("numbers", tmp_path, progress=False)

    assert [each.settings for each in found.results] == list(claim.runs())
    assert all(each.figures == claim.measure(each.settings, "cpu") for each in found.results)
    assert read_record(record_path(tmp_path, "numbers"), "numbers") == found


def test_an_interrupted_claim_goes_on(given, tmp_path):
    """What was measured before the interruption is in the record, and is not measured again."""
    asked = []

    def measure(settings, device):
        asked.append(dict(settings))
        if len(asked) == 5:
            raise KeyboardInterrupt
        return {"number": settings["seed"]}

    given(make_claim(seeds=4, measure=measure))
    with pytest.raises(KeyboardInterrupt):
        run_claim("numbers", tmp_path, progress=False)
    kept = read_record(record_path(tmp_path, "numbers"), "numbers")
    found = run_claim("numbers", tmp_path, progress=False)

    assert len(kept.results) == 4
    assert len(asked) == 5 + 4
    assert [each.figures["number"] for each in found.results] == [0, 1, 2, 3] * 2


def test_a_complete_claim_is_not_run_again_unless_fresh(given, tmp_path):
    """The second call measures nothing, and with fresh everything."""
    asked = []
    given(make_claim(seeds=2, measure=lambda settings, device: asked.append(1) or {"number": len(asked)}))
    run_claim("numbers", tmp_path, progress=False)
    again = run_claim("numbers", tmp_path, progress=False)
    fresh = run_claim("numbers", tmp_path, progress=False, fresh=True)

    assert [each.figures["number"] for each in again.results] == [1, 2, 3, 4]
    assert [each.figures["number"] for each in fresh.results] == [5, 6, 7, 8]


def test_runs_of_other_versions_are_not_mixed(given, tmp_path):
    """A record that was begun with another PyTorch is not continued, and is left as it is; a complete one is read."""
    given(make_claim(seeds=1))
    begun = Record("numbers", False, here("cpu") | {"torch": "0.1"}, (result(0),))
    write_record(record_path(tmp_path, "numbers"), begun)
    with pytest.raises(RecordError, match=r"was begun with another torch, .*--fresh"):
        run_claim("numbers", tmp_path, progress=False)
    assert read_record(record_path(tmp_path, "numbers"), "numbers") == begun

    whole = Record("numbers", False, begun.made, (result(0), result(0, "two")))
    write_record(record_path(tmp_path, "numbers"), whole)
    assert run_claim("numbers", tmp_path, progress=False) == whole


def test_further_runs_follow_from_the_first_ones(given, tmp_path):
    """They are asked for once all first ones have ended, with an interruption in between or without."""
    asked = []

    def then(results):
        best = max(results, key=lambda each: each.figures["number"])
        return [{**best.settings, "again": True, "seed": seed} for seed in (7, 8)]

    def measure(settings, device):
        asked.append(settings["seed"])
        if len(asked) == 6:
            raise KeyboardInterrupt
        return {"number": settings["seed"]}

    given(make_claim(seeds=2, measure=measure, then=then))
    with pytest.raises(KeyboardInterrupt):
        run_claim("numbers", tmp_path, progress=False)
    found = run_claim("numbers", tmp_path, progress=False)

    assert asked == [0, 1, 0, 1, 7, 8, 8]
    assert [each.settings.get("again", False) for each in found.results] == [False] * 4 + [True] * 2
    assert found.results[-1].settings == {"router": "one", "seed": 8, "again": True}


def test_smoke_runs_have_a_record_of_their_own(given, tmp_path):
    """They neither stand in for the claim's runs nor replace them."""
    given(make_claim(seeds=2))
    whole = run_claim("numbers", tmp_path, progress=False)
    smoke = run_claim("numbers", tmp_path, progress=False, smoke=True)

    assert len(smoke.results) == 1 and smoke.smoke
    assert read_record(record_path(tmp_path, "numbers"), "numbers") == whole


def test_each_run_has_one_thread(given, tmp_path):
    """Whatever the caller's threads are, which are the same afterwards."""
    given(make_claim(seeds=1, measure=lambda settings, device: {"number": torch.get_num_threads()}))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        found = run_claim("numbers", tmp_path, progress=False)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert {each.figures["number"] for each in found.results} == {1}


@pytest.mark.slow
def test_two_workers_measure_what_one_does(tmp_path):
    """A real claim with random numbers and training: bit for bit the same, in the same order."""
    one = run_claim("causality", tmp_path / "one", smoke=True, progress=False)
    two = run_claim("causality", tmp_path / "two", smoke=True, progress=False, workers=2)

    assert without_time(one) == without_time(two)
    assert len({each.figures["nats"] for each in one.results}) == len(one.results)


def test_a_timed_claim_runs_here_and_alone(given, tmp_path, monkeypatch):
    """Its figures are times, which another run would lengthen: no backend that is asked for takes its runs."""
    asked = []
    parallel = joblib.Parallel

    def watched(**how):
        asked.append((how["n_jobs"], how.get("backend")))
        return parallel(**how)

    monkeypatch.setattr(joblib, "Parallel", watched)
    with joblib.parallel_config(backend="threading"):
        for timed in (True, False):
            given(make_claim(seeds=1, timed=timed))
            run_claim("numbers", tmp_path / str(timed), workers=3, progress=False)

    assert asked == [(1, "sequential")] * 2 + [(3, None)] * 2


def test_runs_in_threads_do_not_meet(given, tmp_path):
    """Runs draw from the global generator of their process, so that one waits until the other has ended."""
    both = threading.Barrier(2)

    def measure(settings, device):
        try:
            both.wait(0.2)
        except threading.BrokenBarrierError:
            both.reset()
            return {"alone": True}
        return {"alone": False}

    given(make_claim(seeds=1, measure=measure))
    with joblib.parallel_config(backend="threading"):
        found = run_claim("numbers", tmp_path, workers=2, progress=False)

    assert [each.figures for each in found.results] == [{"alone": True}] * 2


def test_workers_that_differ_are_refused(given, tmp_path, monkeypatch):
    """One with another PyTorch than the first that answered stops the claim, and its run is not recorded."""
    given(make_claim(seeds=2))
    made = [dict(making("cpu")), dict(making("cpu")) | {"torch": "0.1"}]
    monkeypatch.setattr(runner, "making", lambda device: made.pop(0))
    with pytest.raises(RecordError, match=r"a worker has another torch than the record of 'numbers', .*be alike"):
        run_claim("numbers", tmp_path, progress=False)

    assert len(read_record(record_path(tmp_path, "numbers"), "numbers").results) == 1


KILLED = """
import os, signal, sys
from softmoe_edu.evidence import catalogue, runner
sys.path.insert(0, sys.argv[2])
from claimkit import make_claim
def measure(settings, device):
    if settings["router"] == "two":
        os.kill(os.getpid(), signal.SIGKILL)
    return {"number": settings["seed"]}
runner.find_claim = lambda name: make_claim(seeds=3, measure=measure)
runner.run_claim("numbers", sys.argv[1], progress=False)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="no SIGKILL")
def test_a_process_that_is_killed_leaves_a_whole_record(given, tmp_path):
    """As after a power cut: the three runs that had ended are there, and the claim goes on from them."""
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), os.path.dirname(__file__)], check=False)
    kept = read_record(record_path(tmp_path, "numbers"), "numbers")
    given(make_claim(seeds=3))
    found = run_claim("numbers", tmp_path, progress=False)

    assert [each.figures["number"] for each in kept.results] == [0, 1, 2]
    assert len(found.results) == 6 and found.results[:3] == kept.results
