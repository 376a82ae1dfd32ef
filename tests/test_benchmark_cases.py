"""What the benchmark measures: every case runs, floors have the products they say, other forms give the same."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import child, floors
from benchmarks.case import OURS, Case, Works
from benchmarks.memory import peak
from benchmarks.run import row
from benchmarks.sections import SECTIONS, cases, gpu, soft, sparse
from benchmarks.settings import Settings

QUICK = Settings(tuple(SECTIONS), seconds=1e-6, pairs=3, quick=True)


@pytest.mark.parametrize("case", cases(tuple(SECTIONS), quick=True, device="cpu"), ids=lambda case: case.name)
def test_every_quick_case_runs(case):
    """The package and its floors are measured in every section; a peer is measured or named with a reason."""
    own = (OURS, "1 expert", *(f"{e} experts" for e in (2, 4)), *floors.TEXT)

    events = []
    child.measure(case, QUICK, events.append)
    done = [event for event in events if event["event"] == "row"]
    for asked, event in zip(case.rows(), done, strict=True):
        one = row(case, *asked, event)
        peer = next((side for side in (one["subject"], one["against"]) if not side.startswith(own)), None)
        if peer is None or one["value"] is not None:
            assert one["value"] is not None, one["reason"]
        else:
            assert one["reason"].startswith(f"{peer}: ")


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_full_cases_fit_together(device):
    """No two cases share a name, comparisons name contenders that exist, and goals name passes that are made."""
    full = cases(tuple(SECTIONS), quick=False, device=device)

    assert len({(case.section, case.name) for case in full}) == len(full)
    for case in full:
        for one in case.comparisons:
            assert {one.subject, one.against} <= set(case.contenders)
            assert set(one.goals) <= set(one.passes or case.passes)
    assert {case.dtype for case in full} == ({torch.float32, torch.bfloat16} if device == "cuda" else {torch.float32})


def test_floors_have_the_layers_products():
    """A floor counts exactly the multiply-adds that it says, forward and backward."""
    b, n, d, f, e, p = 2, 9, 16, 32, 4, 2
    case = soft.case("soft", n, d, f, e, p, b, {}, torch.float32)
    works = Works(case, "cpu")
    experts, routing = 2 * b * e * p * d * f, 3 * b * n * e * p * d

    for name, products in (("experts alone", experts), ("all products", experts + routing), (OURS, experts + routing)):
        for kind, times in (("forward", 1), ("training", 3)):
            with FlopCounterMode(display=False) as flops:
                output = works[name].run()
                if kind == "training":  # the counter does not follow autograd.grad, which a pass uses
                    output.backward(torch.ones_like(output))
            assert flops.get_total_flops() == 2 * products * times, (name, kind)


def test_attention_and_weights_route_alike():
    """Both contenders of the GPU's section fill slots and answer tokens, and the floor counts their four products."""
    b, n, d, s = 2, 12, 16, 8
    works = Works(Case("gpu", "", (b, n, d), {}, []), "cpu")
    attention = gpu._without_weights(works, s, gpu.BACKENDS["attention, flash"])
    weights, products = gpu._with_weights(works, s), gpu._products(works, s)
    with torch.no_grad():
        weights.inputs[1].copy_(attention.inputs[1])

    torch.testing.assert_close(weights.run(), attention.run(), rtol=1e-4, atol=1e-5)
    with FlopCounterMode(display=False) as flops:
        products.run()
    assert flops.get_total_flops() == 2 * 4 * b * n * s * d


def test_a_gpu_is_asked_for_the_papers_claims():
    """On CUDA the layers of S/16 and B/16 run at 60 % of their products' rate, H/14's at 2 % over one expert's time."""
    found = cases(("gpu",), quick=False, device="cuda")
    goals = {case.name: one.goals["forward"] for case in found for one in case.comparisons if one.goals}

    assert goals["196 tokens, dim 768, 128 experts x 1, batch 128, bf16"] == ("<=", pytest.approx(1.6667, abs=1e-4))
    assert goals["256 tokens, dim 1280, 256 slots, batch 128, bf16"] == ("<=", 1.02)
    assert sorted(case.tokens[2] for case in found if "alone" in case.name) == [384, 768, 1280]
    assert cases(("gpu",), quick=False, device="cpu") == []


@pytest.mark.parametrize("top_k", [1, 2])
def test_one_hot_forms_give_the_same(top_k):
    """The one-hot forms are the same layers: equal outputs where tokens are dropped, and equal gradients."""
    for make, form in (
        (lambda works: sparse.tokens_choice(works, 4, top_k, 32, 0.75), floors.OneHotTokensChoice),
        (lambda works: sparse.experts_choice(works, 4, top_k, 32), floors.OneHotExpertsChoice),
    ):
        torch.manual_seed(0)
        works = Works(Case("capacity", "", (1, 40, 16), {OURS: make}, []), "cpu")
        layer, other = works[OURS].module, form(works[OURS].module)
        weight = torch.randn_like(works.x)
        expected, actual = layer(works.x), other(works.x)

        torch.testing.assert_close(actual, expected)
        inputs = works[OURS].inputs
        for one, two in zip(
            *(torch.autograd.grad((y * weight).sum(), inputs) for y in (actual, expected)), strict=True
        ):
            torch.testing.assert_close(one, two)


def test_passes():
    """Forward builds no graph and is in evaluation mode; training differentiates by the input and the parameters."""
    seen = []

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2))

        def forward(self, x):
            seen.append((self.training, torch.is_grad_enabled()))
            x.register_hook(lambda grad: seen.append("input"))
            self.weight.register_hook(lambda grad: seen.append("weight"))
            return x * self.weight, "auxiliary"

    layer = Works(Case("toy", "", (1, 2), {}, []), "cpu").module(Layer())
    layer.ready("forward")()
    layer.ready("training")()
    assert seen[:2] == [(False, False), (True, True)]
    assert set(seen[2:]) == {"input", "weight"}


def test_peak_memory():
    """Live tensors count while they live: one of 4 MiB after another is 4, both together 8."""

    def together():
        return torch.ones(2**20) + torch.ones(2**20)[:1].sum()

    def after():
        for _ in range(3):
            torch.ones(2**20)

    assert 2**22 <= peak(after, "cpu") < 2**22 + 2**16
    assert 2 * 2**22 <= peak(together, "cpu") < 3 * 2**22
