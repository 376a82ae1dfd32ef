"""Training on many ranks: the figures, the checkpoints and the ends of a run are those of one process."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
import torch.distributed as dist
import train_cases
from crew import enlist

from softmoe_edu.parallel import shares
from softmoe_edu.parallel.train import main, parser, ranks
from softmoe_edu.training import load_checkpoint

pytestmark = [
    pytest.mark.skipif(not (dist.is_available() and dist.is_gloo_available()), reason="PyTorch was built without gloo"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the ranks of all runs leave what they share."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def two(folder):
    """What each of two ranks left."""
    (folder / "two").mkdir()
    return enlist(train_cases.on_two, 2, folder / "two")


@pytest.fixture(scope="module")
def four(folder, two):
    """What each of four ranks left, which take up a run of the two."""
    (folder / "four").mkdir()
    return enlist(train_cases.on_four, 4, folder / "four")


@pytest.fixture(scope="module")
def alone():
    """What runs leave in one process."""
    return {layer: train_cases.left(*train_cases.run(layer)) for layer in train_cases.LAYERS}


def check_equal(got, expected):
    """Compare two runs up to rounding."""
    assert list(got["rows"]) == list(expected["rows"])
    for name, values in expected["rows"].items():
        tolerance = 1e-6 if name in ("accuracy", "dropped") else 1e-11  # one process counts in float32
        torch.testing.assert_close(got["rows"][name], values, rtol=tolerance, atol=tolerance, equal_nan=True)
    for name, values in expected["tests"].items():
        torch.testing.assert_close(got["tests"][name], values, rtol=1e-6, atol=1e-6, equal_nan=True)
    for what in ("parameters", "moments"):
        assert list(got[what]) == list(expected[what])
        for name, value in expected[what].items():
            torch.testing.assert_close(got[what][name], value, rtol=1e-9, atol=1e-10)
    assert got["groups"] == expected["groups"]


@pytest.mark.parametrize("layer", train_cases.LAYERS)
def test_equals_one_process(two, four, alone, layer):
    """Every figure of every step, the parameters and the optimizer's state are those of one process, on each rank."""
    for rank in (*two, *four):
        check_equal(rank[layer], alone[layer])


def test_stops_together(folder, two):
    """When one rank is asked to stop, all finish the same step and leave a plain model; the first keeps the run."""
    for rank in two:
        assert rank["stopped"]["interrupted"]
        assert rank["stopped"]["rows"]["step"] == [1, 2, 3]
        assert {"MoE", "Experts"} <= rank["stopped"]["kinds"]
        assert not {"ExpertParallel", "ExpertShard"} & rank["stopped"]["kinds"]
    assert (folder / "shared.pt").exists() and not (folder / "of_rank_1.pt").exists()


def test_each_rank_draws_its_own_noise(two):
    """Ranks have other random numbers in every step, and the first those of one process."""
    first, second = (rank["seeds"] for rank in two)

    assert first == train_cases.seeds()
    assert len({*first, *second}) == 2 * train_cases.STEPS


def test_resumes_on_other_ranks(folder, two, four, alone):
    """What two ranks have begun goes on with four and with one, to the end of a run that was never stopped."""
    one = train_cases.left(*train_cases.run("soft", resume=folder / "shared.pt"))

    for found in (one, *(rank["resumed"] for rank in four)):
        check_equal(found, alone["soft"])


EXPECTED = {
    "few": "ValueError: every rank must get at least one group of a batch, 3 images, got batch_size=3 for 2 ranks: "
    "raise batch_size, or start fewer ranks",
    "groups": "ValueError: examples must be a multiple of group=3, got 7: a group is whole on one rank",
    "snapshots": "ValueError: snapshots are taken in one process: leave snapshot_at out, and load the checkpoint there",
}


@pytest.mark.parametrize("what", EXPECTED)
def test_errors(two, what):
    """What cannot run on ranks ends in a sentence before the first step."""
    assert [rank["errors"][what] for rank in two] == [EXPECTED[what]] * 2


def test_not_finite(two):
    """A loss that is not finite on one rank ends the run on all, in the same step; who has the image names it."""
    told = [rank["errors"]["not finite"] for rank in two]
    begun = [each.partition(": image")[0].partition(": every")[0] for each in told]

    assert begun[0] == begun[1]
    assert sum("of the batch of rank" in each and "is not finite" in each for each in told) == 1
    assert all(each.startswith("NotFiniteError: training must stay finite") for each in told)


@pytest.mark.parametrize(
    ("examples", "ranks", "group", "expected"),
    [(12, 4, 1, [3, 3, 3, 3]), (7, 3, 1, [3, 2, 2]), (2, 4, 1, [1, 1, 0, 0]), (10, 2, 2, [6, 4]), (0, 2, 5, [0, 0])],
)
def test_shares(examples, ranks, group, expected):
    """A batch is dealt out in whole groups, as evenly as that allows."""
    assert shares(examples, ranks, group) == expected


COMMAND = ("--steps", "60", "--batch-size", "16", "--experts", "4", "--router", "tokens choice", "--dtype", "float64")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")
def test_a_rank_that_is_killed(tmp_path):
    """When a rank is killed, the others say so and what is left, and one process takes the last checkpoint up."""
    checkpoint, logs = tmp_path / "run.pt", tmp_path / "logs"
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--log-dir", str(logs)]
    torchrun += ["--redirects", "3", "-m", "softmoe_edu.parallel.train", *COMMAND]
    torchrun += ["--checkpoint", str(checkpoint), "--checkpoint-every", "5"]
    process = subprocess.Popen(torchrun, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 90
        while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(child(process.pid), signal.SIGKILL)
        assert process.wait(60) != 0
    finally:
        process.kill()
        process.wait()
    said = {file.parent.name: file.read_text() for file in logs.rglob("stderr.log")}
    kept = load_checkpoint(checkpoint)

    assert f"rank 0: another rank was killed or failed, and this one cannot go on: {checkpoint} has " in said["0"]
    assert f"{kept.steps_done} of 60 steps; go on with --resume" in said["0"]
    assert "step/s" in said["0"] and "step/s" not in said["1"]
    assert kept.steps_done % 5 == 0 and 0 < kept.steps_done < 60

    main([*COMMAND, "--checkpoint", str(checkpoint), "--resume"])
    main([*COMMAND, "--checkpoint", str(tmp_path / "whole.pt")])
    resumed, whole = load_checkpoint(checkpoint), load_checkpoint(tmp_path / "whole.pt")
    torch.testing.assert_close(resumed.steps_log["loss"], whole.steps_log["loss"], rtol=1e-9, atol=1e-9)


def test_page(two):
    """The program on the page of the documentation runs, and each rank holds half of the experts."""
    assert [rank["page"] for rank in two] == [f"rank {rank} holds (4, 32, 64) of (8, 32, 64)\n" for rank in range(2)]


def child(pid):
    """Return the process of rank 1, the last that torchrun started."""
    return int(subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()[-1])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--router", "soft", "--top-k", "2"],
            "error: router 'soft' takes --slots-per-expert, --scale-init, --noise-std, got --top-k: leave that out, or "
            "choose another router",
        ),
        (["--steps", "0"], "error: steps must be at least 1, got 0"),
        (["--experts", "0"], "error: num_experts must be at least 1, got 0"),
        (
            ["--balance", "1", "--steps", "2"],
            "error: --balance needs a router that scores tokens and experts, got 'soft': leave it out",
        ),
    ],
)
def test_mistakes_in_the_command(capsys, arguments, sentence):
    """A mistake in the command ends with status 2 and one sentence."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == sentence


def test_a_checkpoint_that_exists(capsys, tmp_path):
    """A new run replaces no checkpoint."""
    path = tmp_path / "run.pt"
    path.write_bytes(b"of another run")
    with pytest.raises(SystemExit, match="2"):
        main(["--checkpoint", str(path), "--steps", "1"])

    told = f"error: checkpoint '{path}' already exists, and a new run would replace it: continue it with --resume, or"
    assert capsys.readouterr().err == f"{told} name another file\n"
    assert path.read_bytes() == b"of another run"


def test_half_of_torchrun(monkeypatch):
    """Where torchrun's variables are there in part, the error says which are missing, and how to start."""
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    monkeypatch.delenv("MASTER_PORT", raising=False)

    with pytest.raises(ValueError, match="got none of them: start the processes with torchrun, or unset RANK") as error:
        with ranks("cpu"):
            pass
    assert "and MASTER_ADDR, MASTER_PORT must be set too" in str(error.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_gpu_that_is_missing(capsys):
    """Where there is no GPU, asking for one is a mistake in the command, too."""
    with pytest.raises(SystemExit, match="2"):
        main(["--device", "cuda"])

    told = "error: every process must have a GPU of its own, got 0 GPUs for 1 process: start fewer, or use --device cpu"
    assert capsys.readouterr().err == f"{told}\n"


def test_help():
    """The help shows how one process and many are started, and what they share."""
    text = parser().format_help()

    assert "torchrun --nproc-per-node 2 -m softmoe_edu.parallel.train --router soft" in text
    assert "python -m softmoe_edu.parallel.train --steps 100" in text
    assert all(f"--{name} " in text for name in ("experts", "batch-size", "checkpoint", "device"))
