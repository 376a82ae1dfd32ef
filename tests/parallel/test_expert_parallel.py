"""Experts on many ranks: what they compute equals what the layer of one process computes."""

import itertools
import re
from pathlib import Path

import layer_cases
import pytest
import torch
import torch.distributed as dist
from crew import enlist

pytestmark = [
    pytest.mark.skipif(not (dist.is_available() and dist.is_gloo_available()), reason="PyTorch was built without gloo"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    """What each of four ranks found; they are started once."""
    return enlist(layer_cases.work, 4, tmp_path_factory.mktemp("ranks"))


def close(got, expected, case=None):
    """Compare up to rounding, for which the largest number counts: small ones are differences of large ones."""
    tolerance = 1e-12 if case is None or case.dtype == torch.float64 else 2e-2 if case.autocast else 1e-6
    scale = max(1.0, expected.abs().max().item())
    torch.testing.assert_close(got, expected, rtol=0, atol=scale * tolerance)


def check_equal(case, parts):
    """Compare what ranks found with what the layer of one process computes."""
    whole = layer_cases.one_process(case)

    assert [len(part["y"]) for part in parts] == list(case.sizes)
    close(torch.cat([part["y"] for part in parts]), whole["y"], case)
    close(torch.cat([part["x"] for part in parts]), whole["x"], case)
    for name, gradient in whole["router"].items():
        close(sum(part["router"][name] for part in parts), gradient, case)
    for name, gradient in whole["experts"].items():
        close(torch.cat([part["experts"][name] for part in parts]), gradient, case)
    close(sum(part["loss"] for part in parts), whole["loss"], case)
    for name, value in whole["shown"].items():
        close(sum(part["shown"][name] for part in parts if part["shown"]), value, case)


@pytest.mark.parametrize("case", layer_cases.cases(), ids=str)
def test_equals_one_process(ranks, case):
    """Outputs, losses, metrics and all gradients are those of one process, however a batch is dealt out."""
    check_equal(case, [ranks[rank][str(case)] for rank in range(case.ranks)])


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_equals_one_process_over_nccl(tmp_path):
    """The same holds where NCCL carries the rows of two GPUs."""
    parts = enlist(layer_cases.on_gpus, 2, tmp_path, "nccl")

    for case in layer_cases.cases():
        if case.ranks == 2:
            check_equal(case, [part[str(case)] for part in parts])


@pytest.mark.parametrize("router", layer_cases.ROUTERS)
def test_collectives(ranks, router):
    """A sparse layer exchanges counts once; one that mixes sends rows there and back and exchanges nothing else."""
    sparse = layer_cases.ROUTERS[router]().is_sparse()

    for forward, both in (each["counted"][router] for each in ranks):
        assert forward == {"c10d_functional.all_to_all_single": 2 + sparse}
        assert both == {"c10d_functional.all_to_all_single": 4 + sparse}


def test_page_counts_them(ranks):
    """The table of the documentation has the numbers that are counted."""
    page = (Path(__file__).parents[2] / "docs" / "parallel.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| .* \| (\d) all-to-all \| (\d) all-to-all \|", page, re.MULTILINE)
    kinds = ranks[0]["counted"]["soft"], ranks[0]["counted"]["tokens choice"]
    forward, both = zip(*([sum(calls.values()) for calls in kind] for kind in kinds), strict=True)

    assert [(int(there), int(there) + int(back)) for there, back in rows] == list(zip(forward, both, strict=True))


BY = ("by 1 rank", "by 2 ranks", "by 4 ranks")


@pytest.mark.parametrize(("kept", "read"), [*itertools.product(BY, BY), ("plain", "by 4 ranks")])
def test_checkpoints(ranks, kept, read):
    """torch.distributed.checkpoint reads on any number of ranks what any number of ranks wrote: one layer's state."""
    expected = {name: value.detach() for name, value in layer_cases.plain_model(seed=5).state_dict().items()}
    found = ranks[0]["checkpoints"][kept, read]

    assert list(found) == list(expected)
    for name, value in expected.items():
        assert torch.equal(found[name], value), name


def test_optimizer_state(ranks):
    """A run that is kept on 2 ranks and goes on with 4 ends as in one process: the optimizer's state moves along."""
    for name, value in layer_cases.trained_plain().items():
        close(ranks[0]["moved"][name], value)


@pytest.mark.parametrize("router", ["soft", "tokens choice"])
def test_data_parallel(ranks, router):
    """DDP for what all ranks hold and experts beside it train a model as in one process, with a rank without images."""
    expected = layer_cases.trained_alone(router)

    for rank in ranks:
        for name, value in expected.items():
            close(rank["trained", router][name], value)
        assert not rank["trained", router]["apart in later wrappers"]


def test_there_and_back(ranks):
    """Layers that are spread and gathered are plain again, in their own modes, with their parameters and their ties."""
    for rank in ranks:
        there, back = rank["converted"]
        assert there == {"kinds": {"ExpertParallel"}, "tied": True, "modes": [False, True, True], "own": (1, 5, 9)}
        assert back == {"kinds": {"MoE"}, "tied": True, "modes": [False, True, True], "equal": True, "frozen": True}


@pytest.mark.parametrize("what", layer_cases.ERRORS)
def test_errors(ranks, what):
    """What cannot be right ends in a sentence that says what was expected, what came and what to do, on every rank."""
    kind, told = layer_cases.ERRORS[what]

    for rank in ranks:
        assert rank["errors"][what] == (kind, told)
