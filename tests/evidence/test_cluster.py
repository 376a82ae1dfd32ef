"""Runs go to another backend, a Dask cluster above all, and give the same figures; what is missing is named."""

import os
import sys
from dataclasses import replace

import pytest

from softmoe_edu.evidence import cluster, read_record, record_path, run_claim
from softmoe_edu.evidence.session import main


@pytest.fixture
def distributed():
    """Dask's module for clusters."""
    try:
        import distributed
    except ImportError:
        sentence = "distributed is not installed: python -m pip install 'softmoe-edu[dask]'"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)
    return distributed


def without_time(record):
    """A record apart from the seconds of its runs."""
    return replace(record, results=tuple(replace(each, seconds=0.0) for each in record.results))


@pytest.mark.slow
def test_a_dask_cluster_measures_what_one_process_does(distributed, tmp_path):
    """A real claim with training on two worker processes: the same record, bit for bit, in the same order."""
    assert main(["causality"], tmp_path, smoke=True, device="cpu", backend="dask", workers=2) == 0
    sent = read_record(record_path(tmp_path, "causality", smoke=True), "causality")
    here = run_claim("causality", tmp_path / "here", smoke=True, progress=False)

    assert without_time(sent) == without_time(here)
    assert len({each.figures["nats"] for each in here.results}) == len(here.results)


@pytest.mark.slow
def test_a_running_scheduler_is_used(distributed, tmp_path):
    """By its address, though it has but one core; a timed claim stays here and keeps that free."""
    started = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, memory_limit=0
    )
    with started, distributed.Client(started) as client:
        address = started.scheduler_address
        asked = {"smoke": True, "device": "cpu", "backend": "dask", "scheduler": address}
        assert main(["determinism"], tmp_path, **asked) == 0
        ended = client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.task_prefixes.copy())
        assert main(["slots-not-experts"], tmp_path, **asked) == 0
        assert client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.task_prefixes.copy()) == ended
    sent = read_record(record_path(tmp_path, "determinism", smoke=True), "determinism")

    assert any("_run" in name for name in ended)
    assert without_time(sent) == without_time(run_claim("determinism", tmp_path / "here", smoke=True, progress=False))


@pytest.mark.parametrize(
    "asked, sentence",
    [
        ({"backend": "spark"}, "there is no backend 'spark' here: choose one of dask, loky, sequential, threading"),
        ({"device": "gpu"}, "PyTorch cannot compute on the device 'gpu' here (Expected one of cpu, cuda"),
        ({"device": "meta"}, "PyTorch cannot compute on the device 'meta' here"),
        ({"scheduler": "tcp://127.0.0.1:1"}, "a scheduler is Dask's: add --backend dask"),
    ],
)
def test_where_runs_cannot_go_is_refused(tmp_path, asked, sentence):
    """An unknown backend or device, and an address without Dask: the error names the fix, before anything is run."""
    assert sentence in main(["determinism"], tmp_path, smoke=True, **asked)
    assert not list(tmp_path.iterdir())


def test_without_dask_the_command_says_what_to_install(tmp_path, monkeypatch):
    """The package is an extra."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setitem(sys.modules, "dask", None)

    assert "python -m pip install 'softmoe-edu[dask]'" in main(["determinism"], tmp_path, backend="dask")


@pytest.mark.slow
def test_a_cluster_of_no_use_is_refused(distributed, tmp_path, monkeypatch):
    """Nobody answers at the address, who answers has no worker, or a worker has no softmoe_edu."""
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    asked = {"smoke": True, "backend": "dask"}
    assert "no Dask scheduler answers at 'tcp://127.0.0.1:1' " in main(
        ["determinism"], tmp_path, scheduler="tcp://127.0.0.1:1", **asked
    )
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None) as empty:
        address = empty.scheduler_address
        found = main(["determinism"], tmp_path, scheduler=address, **asked)
    assert f"the Dask scheduler at '{address}' has no worker: start some with `dask worker" in found
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    with distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None) as bare:
        found = main(["determinism"], tmp_path, scheduler=bare.scheduler_address, **asked)
    assert "has no softmoe_edu: install it there" in found
    assert not list(tmp_path.iterdir())
