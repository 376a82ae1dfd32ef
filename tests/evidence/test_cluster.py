"""Runs go to Dask, Ray or Slurm and give the same figures; what is lost is sent again, what is missing is named."""

import importlib
import os
import signal
import sys
from dataclasses import replace
from functools import partial

import fake_slurm
import pytest

from softmoe_edu.evidence import read_record, record_path, run_claim, runner
from softmoe_edu.evidence.cluster import RunsLost, on_dask, on_slurm, sent_to
from softmoe_edu.evidence.cluster.calls import first_line
from softmoe_edu.evidence.records import only_writer
from softmoe_edu.evidence.session import main


@pytest.fixture
def distributed():
    """Dask's module for clusters."""
    return needed("distributed", "dask")


def needed(module, extra):
    """Import a module; where it is missing, CI fails and others skip the test."""
    try:
        return importlib.import_module(module)
    except ImportError:
        sentence = f"{module} is not installed: python -m pip install 'softmoe-edu[{extra}]'"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)


def without_time(record):
    """A record apart from the seconds of its runs."""
    return replace(record, results=tuple(replace(each, seconds=0.0) for each in record.results))


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

    assert ended
    assert without_time(sent) == without_time(run_claim("determinism", tmp_path / "here", smoke=True, progress=False))


@pytest.mark.parametrize(
    "asked, sentence",
    [
        ({"backend": "spark"}, "unknown backend 'spark': choose one of dask, loky, ray, sequential, slurm"),
        ({"device": "gpu"}, "PyTorch cannot compute on the device 'gpu' here (Expected one of cpu, cuda"),
        ({"device": "meta"}, "PyTorch cannot compute on the device 'meta' here"),
        ({"scheduler": "tcp://127.0.0.1:1"}, "only Dask and Ray have a scheduler: add --backend dask or --backend ray"),
        ({"slurm": {"time": "9"}}, "options of sbatch need Slurm: add --backend slurm"),
    ],
)
def test_where_runs_cannot_go_is_refused(tmp_path, asked, sentence):
    """An unknown backend or device, and an address without Dask: the error names the fix, before anything is run."""
    assert sentence in main(["determinism"], tmp_path, smoke=True, **asked)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "backend, modules", [("dask", ["dask", "distributed"]), ("ray", ["ray"]), ("slurm", ["submitit"])]
)
def test_without_its_package_the_command_says_what_to_install(tmp_path, monkeypatch, backend, modules):
    """Each is an extra."""
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)

    assert f"python -m pip install 'softmoe-edu[{backend}]'" in main(["determinism"], tmp_path, backend=backend)


def test_without_slurm_the_command_says_where_to_run_it(tmp_path, monkeypatch):
    """The package is there, Slurm is not."""
    needed("submitit", "slurm")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "there is no sbatch here: run this on the cluster's login node" in main(
        ["determinism"], tmp_path, backend="slurm"
    )


@pytest.mark.slow
def test_slurm_measures_what_one_process_does(tmp_path, monkeypatch):
    """A real claim as jobs, with commands that stand for Slurm's: they see its options, and no pickles stay."""
    needed("submitit", "slurm")
    fake = fake_slurm.install(tmp_path / "bin", monkeypatch)
    monkeypatch.setattr(on_slurm, "EVERY", 0.1)
    asked = {"smoke": True, "device": "cpu", "backend": "slurm", "workers": 2, "slurm": {"partition": "short"}}
    assert main(["model-sizes"], tmp_path, **asked) == 0
    sent = read_record(record_path(tmp_path, "model-sizes", smoke=True), "model-sizes")
    here = run_claim("model-sizes", tmp_path / "here", smoke=True, progress=False)

    assert without_time(sent) == without_time(here)
    first, second = fake.submitted()
    assert "--array" not in first and "#SBATCH --array=0-1%2" in second
    for text in (first, second):
        assert "#SBATCH --partition=short" in text and "#SBATCH --time=60" in text and "#SBATCH --mem=4GB" in text
        assert "gpus" not in text
    assert not [path.name for path in (tmp_path / "slurm").rglob("*.pkl")]


def test_an_option_of_slurm_replaces_what_would_be_asked_for(tmp_path, monkeypatch):
    """However it is spelt; and who asks for memory by core asks for none by node."""
    needed("submitit", "slurm")
    fake = fake_slurm.install(tmp_path / "bin", monkeypatch)
    monkeypatch.setattr(on_slurm, "EVERY", 0.1)
    options = {"cpus-per-task": "3", "mem-per-cpu": "8G"}
    send = on_slurm.slurm_jobs(tmp_path / "jobs", workers=2, options=options)
    list(send([partial(max, 4, 7)]))
    (text,) = fake.submitted()

    assert [line for line in text.splitlines() if "cpus" in line or "--mem" in line] == [
        "#SBATCH --cpus-per-task=3",
        "#SBATCH --mem-per-cpu=8G",
    ]


def test_a_ray_cluster_is_found_by_its_variable(tmp_path, monkeypatch):
    """RAY_ADDRESS counts where no scheduler is named."""
    needed("ray", "ray")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")

    assert "no Ray cluster answers at '127.0.0.1:1'" in main(["determinism"], tmp_path, smoke=True, backend="ray")


def test_an_error_that_says_nothing_is_named_by_its_kind():
    """Its first line is none."""
    assert (first_line(BrokenPipeError()), first_line(ValueError("one\ntwo"))) == ("BrokenPipeError", "one")


def test_what_slurm_refuses_is_told_in_its_words(tmp_path, monkeypatch):
    """sbatch ends with an error, of a partition for example."""
    needed("submitit", "slurm")
    fake_slurm.install(tmp_path / "bin", monkeypatch)
    asked = {"smoke": True, "device": "cpu", "backend": "slurm", "slurm": {"partition": "none"}}

    assert "sbatch refused the jobs: sbatch: error: invalid partition specified: none" in main(
        ["model-sizes"], tmp_path, **asked
    )


def test_where_no_ray_cluster_answers_the_command_says_so(tmp_path):
    """Ray itself would wait for minutes and then end the interpreter."""
    needed("ray", "ray")
    found = main(["determinism"], tmp_path, smoke=True, backend="ray", scheduler="127.0.0.1:1")

    assert "no Ray cluster answers at '127.0.0.1:1'" in found and "ray start --head" in found


@pytest.mark.slow
def test_a_cluster_of_no_use_is_refused(distributed, tmp_path, monkeypatch):
    """Nobody answers at the address, who answers has no worker, or a worker has no softmoe_edu."""
    monkeypatch.setattr(on_dask, "PATIENCE", 0.5)
    asked = {"smoke": True, "backend": "dask"}
    assert "no Dask scheduler answers at 'tcp://127.0.0.1:1' " in main(
        ["determinism"], tmp_path, scheduler="tcp://127.0.0.1:1", **asked
    )
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None) as empty:
        address = empty.scheduler_address
        found = main(["determinism"], tmp_path, scheduler=address, **asked)
    assert f"the Dask scheduler at '{address}' has no worker: start some with `dask worker" in found
    monkeypatch.setattr(on_dask, "find_spec", lambda name: None)
    with distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None) as bare:
        found = main(["determinism"], tmp_path, scheduler=bare.scheduler_address, **asked)
    assert "has no softmoe_edu: install the same version there as here" in found
    assert not list(tmp_path.iterdir())


@pytest.fixture(params=["processes", "dask", "ray", "slurm"], scope="module")
def send(request, tmp_path_factory):
    """What sends calls to two workers; one cluster for all tests."""
    for module, extra in {"dask": [("distributed", "dask")], "ray": [("ray", "ray")]}.get(request.param, ()):
        needed(module, extra)
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "slurm":  # submitit's jobs on this machine
        needed("submitit", "slurm")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(on_slurm, "EVERY", 0.1)
            yield on_slurm.slurm_jobs(folder, workers=2, options={}, cluster="local")
    else:
        backend = None if request.param == "processes" else request.param
        with sent_to(backend, folder=folder, workers=2) as sender:
            yield sender


@pytest.mark.slow
def test_a_lost_run_is_sent_again_and_counts_once(send, tmp_path):
    """The second of three workers is killed on its first try: each answer is there, and none twice."""

    def call(number):
        once = tmp_path / f"begun {number}"
        if number == 1 and not once.exists():
            once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return number * number

    answers = list(runner._answers([partial(call, number) for number in range(3)], send))

    assert sorted(answers) == [0, 1, 4]
    assert (tmp_path / "begun 1").exists()


@pytest.mark.slow
def test_an_error_of_a_run_is_no_loss(send):
    """It would come again: it is raised at once, with the run's own words."""

    def call():
        raise ZeroDivisionError("seven by nothing")

    with pytest.raises(ZeroDivisionError, match="seven by nothing"):
        list(runner._answers([call], send))


@pytest.mark.slow
@pytest.mark.parametrize("send", ["dask", "ray"], indirect=True)
def test_a_cluster_measures_what_one_process_does(send, tmp_path):
    """A real claim with training on two worker processes: the same record, bit for bit, in the same order."""
    sent = run_claim("causality", tmp_path / "there", smoke=True, progress=False, send=send)
    here = run_claim("causality", tmp_path / "here", smoke=True, progress=False)

    assert without_time(sent) == without_time(here)
    assert len({each.figures["nats"] for each in here.results}) == len(here.results)


def test_what_is_lost_again_and_again_is_given_up(capsys):
    """Three times in a row, and not before: an answer in between begins the count again."""
    tries = []

    def send(calls):
        tries.append(len(calls))
        if len(tries) == 3:
            yield calls[0]()
        raise RunsLost("a worker ended")

    answers = runner._answers([lambda: 5, lambda: 6], send)

    assert next(answers) == 5
    with pytest.raises(
        RunsLost, match="a worker ended\\. That is 3 times in a row: see whether a run needs more memory"
    ):
        next(answers)
    assert tries == [2, 2, 2, 1, 1]
    assert capsys.readouterr().err.count("a worker ended; sent again.") == 4


def test_a_record_has_one_writer(tmp_path):
    """Of two commands on one record each would overwrite what the other measured: the second one is refused."""
    with only_writer(record_path(tmp_path, "determinism", smoke=True)):
        found = main(["determinism"], tmp_path, smoke=True, device="cpu")
    assert "another command is at work on the record" in found and "determinism.smoke.json" in found
    with only_writer(record_path(tmp_path, "determinism", smoke=True)):
        pass
