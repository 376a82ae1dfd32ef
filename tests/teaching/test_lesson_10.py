"""Lesson 10: the processes that exchange rows, the patients of the clinic, placements, and what the questions go by."""

import ast
import itertools
import math
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from softmoe_edu import MoE, cost
from softmoe_edu.cost import Device, MoESizes, mlp_cost, moe_cost, vit_cost
from softmoe_edu.course.lesson_10 import on_paper, questions, two_processes
from softmoe_edu.course.lesson_10.card import CARD
from softmoe_edu.course.lesson_10.clinic import CLINIC, PATIENTS, PatientLayer
from softmoe_edu.course.lesson_10.copies_of_experts.properties import least_possible as least_copy
from softmoe_edu.course.lesson_10.place_experts.properties import least_possible, loads_of
from softmoe_edu.course.lesson_10.two_processes import Case, Wire, work
from softmoe_edu.paper import MODELS
from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.clinic.patient import clinic
from softmoe_edu.teaching.discovery import find_exercise, find_question
from softmoe_edu.teaching.draw import Draw

MEMORY, BYTES = find_exercise("memory-per-device"), find_exercise("all-to-all-bytes")
PLACE, COPIES = find_exercise("place-experts"), find_exercise("copies-of-experts")
GLOO = dist.is_available() and dist.is_gloo_available()
NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "10_scaling_and_expert_parallelism.py"


@pytest.fixture(scope="module")
def two():
    """What two processes computed and sent."""
    if not GLOO:
        pytest.skip("this build of PyTorch has no gloo")
    result = two_processes.run()
    assert result.missing == ""
    return result


@pytest.mark.slow
def test_two_processes_are_one_layer(two):
    """Outputs, tokens' gradients and experts' gradients are those of the library's layer, also where one is idle."""
    assert list(two.cases) == list(two_processes.CASES)
    assert all(case.error < 1e-12 for case in two.cases.values())
    assert two.seconds < 60


@pytest.mark.slow
def test_the_formula_counts_what_soft_moe_sends(two):
    """Bytes that left the devices are those of all_to_all_bytes for Soft MoE, and others for each sparse case."""
    slots = two_processes.EXPERTS * two_processes.SLOTS
    expected = BYTES.answer(two_processes.SEQUENCES, slots, two_processes.DIM, 8, 2)
    counted = {name: case.bytes for name, case in two.cases.items()}

    assert counted["soft"] == expected
    assert expected not in (counted["sparse"], counted["one idle"])


def on_paper_and_counted(run, devices):
    """What leaves each device in each case: by the sum on paper, and in the processes' log; and the calls."""
    link = cost.Link(1e9)
    for name, case in run.cases.items():
        x, router, experts = two_processes.make(name)
        paper = cost.Spread(
            rows=cost.rows_of(router(x), devices),
            dim=x.shape[-1],
            hidden_dim=experts.hidden_dim,
            network=cost.Network(devices, devices, link),
            operations_per_second=1e9,
            bytes_per_number=8,
            counts=name != "soft",
        )
        counted = [sum(size for what, _, size in log if what != "counts") for log in case.log]
        answered = [next(pieces for what, pieces, _ in log if what == "answers") for log in case.log]
        yield name, (paper.sent.tolist(), paper.work.tolist(), paper.calls), (counted, answered, case.exchanges)


@pytest.mark.slow
def test_the_sum_on_paper_is_what_two_processes_send(two):
    """Bytes and calls of each device, even and uneven, also where one has no rows; and rows, where pieces are rows."""
    for name, paper, real in on_paper_and_counted(two, 2):
        assert paper[0] == real[0] and paper[2] == real[2]
        if name != "soft":
            assert paper[1] == real[1]


@pytest.mark.slow
def test_the_sum_on_paper_is_what_four_processes_send():
    """The same with four, each with one expert and one sequence."""
    if not GLOO:
        pytest.skip("this build of PyTorch has no gloo")
    result = two_processes.run(4)
    assert result.missing == ""
    sent = {}
    for name, paper, real in on_paper_and_counted(result, 4):
        assert paper[0] == real[0] and paper[2] == real[2]
        sent[name] = paper[0]
    assert len(set(sent["soft"])) == 1 < len(set(sent["sparse"]))


@pytest.mark.slow
def test_an_idle_device_takes_part(two):
    """A device without rows makes every call, and the sparse layer makes one call more than Soft MoE."""
    (_, idle) = two.cases["one idle"].log

    assert [what for what, _, _ in idle] == ["counts", "tokens", "answers"]
    assert idle[-1] == ("answers", 0, 0)
    assert (
        questions.in_words({name: two.cases[name].exchanges for name in ("soft", "sparse")}) == questions.EXCHANGES[1]
    )


@pytest.mark.parametrize("case", two_processes.CASES)
def test_a_device_alone_is_the_layer(case):
    """Without other devices the functions compute what the library's layer does, and nothing leaves."""
    result = work(case, Wire())
    x, router, experts = two_processes.make(case)

    torch.testing.assert_close(result["y"], MoE(router, experts)(x).detach())
    assert all(sent == 0 for _, _, sent in result["log"])


@pytest.mark.parametrize("what", ["y", "x", *range(4)])
def test_the_comparison_sees_every_part(what):
    """A difference in the outputs, the tokens' gradients or one of the experts' gradients is the error of the case."""
    result = work("sparse", Wire())
    assert two_processes._compared("sparse", [result]).error < 1e-12
    changed = result[what] if isinstance(what, str) else result["gradients"][what]
    changed.view(-1)[0] += 0.25

    assert two_processes._compared("sparse", [result]).error == pytest.approx(0.25)


def test_a_missing_gloo_is_said(monkeypatch):
    """Where gloo is missing a sentence says so, no process is started, and the card has its truth all the same."""
    monkeypatch.setattr(dist, "is_gloo_available", lambda: False, raising=False)
    monkeypatch.setattr(subprocess, "Popen", None)
    result = two_processes.run()

    assert result.cases == {} and result.missing.startswith("This build of PyTorch has no gloo")
    assert questions.in_words(None) == find_question("m38-exchanges").truth()


def test_processes_that_fail_are_said(monkeypatch):
    """What a process said last is the message, and the others are not waited for."""
    monkeypatch.setattr(dist, "is_gloo_available", lambda: True, raising=False)
    started, popen = [], subprocess.Popen

    def failing(command, **more):
        rank = command[-3]
        code = "import sys; sys.exit('no network here')" if rank == "1" else "import time; time.sleep(300)"
        started.append(popen([sys.executable, "-c", code], **more))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", failing)
    began = time.monotonic()
    result = two_processes.run()

    assert result.missing == "The processes could not exchange anything here: no network here"
    assert all(process.poll() is not None for process in started)
    assert time.monotonic() - began < 100, "the other process was waited for"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import time; time.sleep(300)", "no answer within 1 seconds."),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "a process ended early."),
        ("import sys; sys.exit(3)", "a process ended early."),
    ],
    ids=["hangs", "is killed", "says nothing"],
)
def test_processes_that_say_nothing_are_said(monkeypatch, code, said):
    """Where processes hang, are killed from outside, or end without a word, a sentence says so, and none is left."""
    monkeypatch.setattr(dist, "is_gloo_available", lambda: True, raising=False)
    started, popen = [], subprocess.Popen

    def silent(command, **more):
        started.append(popen([sys.executable, "-c", code], **more))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", silent)
    monkeypatch.setattr(two_processes, "PATIENCE", 1 if "sleep" in code else 60)
    result = two_processes.run()

    assert (result.cases, result.missing) == ({}, f"The processes could not exchange anything here: {said}")
    assert all(process.poll() is not None for process in started)


def test_devices_share_evenly_or_are_refused():
    """A number of devices that does not divide experts and sequences is answered with a sentence."""
    with pytest.raises(ValueError, match="devices must divide 4 experts and 4 sequences, got 3"):
        two_processes.run(3)


def test_counts_are_left_out_of_the_bytes():
    """The bytes of a case are those of rows."""
    assert Case("x", [[("counts", 4, 16), ("tokens", 3, 40)], [("counts", 4, 16), ("tokens", 2, 7)]], 0.0).bytes == 47


def test_the_rule_is_near_the_best():
    """The reference's placement has as many experts on each device, and its busiest is at most 4/3 of the best."""
    for seed, (experts, devices) in itertools.product(range(5), ((6, 2), (6, 3), (8, 4), (9, 3))):
        loads = torch.randn(experts, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).exp()
        device_of = PLACE.answer(loads, devices)
        got, best = loads_of(device_of, loads, devices).max().item(), least_possible(loads, devices)

        assert device_of.bincount().tolist() == [experts // devices] * devices
        assert best - 1e-12 <= got <= 4 / 3 * best


def test_every_way_is_tried():
    """The exhaustive search finds the best of placements that are listed one by one."""
    loads = torch.tensor([9.0, 8, 7, 3, 2, 1])
    sums = [
        max(sum(loads[list(six)]).item(), 30 - sum(loads[list(six)]).item())
        for six in itertools.combinations(range(6), 3)
    ]

    assert least_possible(loads, 2) == min(sums) == 16


def test_copies_are_the_best():
    """The reference's busiest copy has as little as any way to give out the copies leaves."""
    for seed, (experts, places) in itertools.product(range(5), ((3, 7), (4, 9), (5, 6))):
        loads = torch.randn(experts, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).exp()
        copies = COPIES.answer(loads, places)

        assert copies.sum() == places and copies.min() >= 1
        assert (loads / copies).max().item() == pytest.approx(least_copy(loads, places))


def test_exercises_agree_with_the_numbers_of_the_lesson():
    """The table by hand of section 3, 96 bytes, and the examples of all four specifications."""
    assert [MEMORY.answer(100, 10, 4, devices, 2) for devices in (1, 2, 4)] == [2240, 1920, 1760]
    assert BYTES.answer(2, 4, 3, 4, 2) == 96 and BYTES.answer(4, 4, 3, 4, 4) == 288
    assert MEMORY.answer(100, 10, 8, 4, 2) == 1920 and BYTES.answer(4, 6, 5, 4, 2) == 480
    assert PLACE.answer(torch.tensor([9.0, 8, 7, 3, 2, 1]), 2).tolist() == [0, 1, 1, 0, 0, 1]
    assert COPIES.answer(torch.tensor([12.0, 5, 3]), 5).tolist() == [3, 1, 1]


def test_the_number_of_devices_in_the_lesson():
    """On 13 devices the largest model needs 74.6 GB, on 12 it needs 81.3; from 256 on it stays at 10.8."""
    cost = vit_cost(MODELS["soft_moe_h14_256e"].sizes)
    experts = cost["experts"].parameters
    held = {n: MEMORY.answer(cost.parameters - experts, experts // 256, 256, n, 2) / 1e9 for n in (12, 13, 256, 1024)}

    assert {n: round(size, 1) for n, size in held.items()} == {12: 81.3, 13: 74.6, 256: 10.8, 1024: 10.8}
    assert [-(-256 // n) for n in (12, 13)] == [22, 20]
    text = " ".join(NOTEBOOK.read_text().replace("\n#", " ").split())
    assert "holds 20 of the 256 experts of each layer, 74.6 GB. (With twelve it holds 22, and 81.3 GB" in text


def test_the_times_of_the_explorer_in_the_lesson():
    """With 64 experts all but the MACs is about a quarter; with 256 the time falls to 72 µs, at 6,400 GB/s."""
    many, few = (
        moe_cost(256, 1280, 5120, MoESizes(router="soft", num_experts=e, slots_per_expert=256 // e)) for e in (256, 64)
    )

    def micro(cost, gbps):
        return 1e6 * cost.seconds(Device(16 * 100e12, 16 * 1e9 * gbps), 16)

    assert many.macs == few.macs
    shares = (
        few.parameters / many.parameters,
        few.whole.bytes(16) / many.whole.bytes(16),
        micro(few, 1e3) / micro(many, 1e3),
    )
    assert all(0.24 < share < 0.28 for share in shares)
    assert micro(many, 6000) > 75 > micro(many, 6400) == micro(many, 1e5) == pytest.approx(72, abs=0.5)


def test_numbers_on_paper_are_answered():
    """Both numbers of section 3 are right however they are typed, and ordinary mistakes hear about themselves."""
    assert on_paper.four_devices("?", "") == "held: not filled in\nsent: not filled in"
    for held, sent in ((1760, 288), ("1,760", "288 bytes"), ("1760", 288.0)):
        assert on_paper.four_devices(held, sent) == "held: 1,760 is right\nsent: 288 is right"
    wrong_held, wrong_sent = (2240, 1920, 7040, 110, 440), (144, 96, 384, 24, 72)
    said = [on_paper.four_devices(*pair).splitlines() for pair in zip(wrong_held, wrong_sent, strict=True)]
    assert len({line.partition(": ")[2] for pair in said for line in pair}) == 10
    assert not any("work it out" in line or "right\n" in line for pair in said for line in pair)
    assert "work it out" in on_paper.four_devices(7, 8) and "cannot be read" in on_paper.four_devices("seven", 8)


def defined(name):
    """Return a function of the notebook, with the reference in the place of the learner's functions."""
    for node in ast.parse(NOTEBOOK.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            names = {"sent": BYTES.answer, "math": math, "torch": torch}
            exec(compile(ast.Module([node], []), str(NOTEBOOK), "exec"), names)
            return names[name]
    raise AssertionError(f"{NOTEBOOK.name} defines no {name}")


def test_the_table_of_waiting_agrees_with_its_card():
    """Times that the lesson prints divide to what the card goes by, and they meet at 61 GB/s for S."""
    waiting = defined("waiting")
    for hidden, dim, slots in ((1536, 384, 256), (5120, 1280, 256), (3072, 768, 512)):
        travel, compute = waiting(hidden, dim, slots)
        assert travel / compute == pytest.approx(questions.sending_over_computing(hidden, slots, dim))
    travel, compute = waiting(1536, 384)

    assert (round(1e6 * travel, 2), round(1e6 * compute, 2)) == (7.37, 6.04)
    assert round(50 * travel / compute) == 61 and "# 61 GB/s: 50 · 7.37 / 6.04." in NOTEBOOK.read_text()


def test_bytes_to_train_are_those_of_the_exercise():
    """The table of section 2 counts for each parameter what memory_per_device does for Adam."""
    (factor,) = re.findall(r"\{(\d+) \* each\.parameters / 1e9", NOTEBOOK.read_text())

    assert int(factor) * 7 == MEMORY.answer(7, 0, 1, 1, 2)


def test_travelling_over_computing_is_the_formula():
    """The ratio of section 7 is w (1 - 1/devices) / 2h · F/B, and an expert's operations are those of the cost part."""
    h, dim, slots = 1536, 384, 256
    expected = 2 * (1 - 1 / 16) / (2 * h) * questions.COMPUTING / questions.SENDING

    assert questions.sending_over_computing(h) == pytest.approx(expected)
    assert mlp_cost(slots, dim, h).flops == 4 * slots * dim * h


def test_a_planted_mistake_is_named():
    """The check names a wrong answer as a learner would write it, and passes a right one of another style."""

    def mine(seqs, slots, dim, bytes_per, devices):
        return seqs * slots * dim * bytes_per * (1 - 1 / devices)

    assert examine(BYTES, mine, seed=4).mistake == "one-way"
    assert examine(BYTES, lambda s, p, d, w, n: w * d * s * (p - p / n) + w * d * s * (p - p / n), seed=4).passed


def tokens(number=0):
    """Return the tokens of an examination."""
    return torch.randn(4, 12, 6, generator=torch.Generator().manual_seed(number))


def layer_of(ids):
    """Return a patient's layer with these faults."""
    layer, _ = CLINIC.make(Draw("clinic", "10", 1))
    other = PatientLayer(frozenset(ids))
    other.load_state_dict(layer.state_dict())
    return other


def signs(layer, x):
    """Return which suspects an examination with the clinic's instruments finds."""
    y, right = layer(x).detach(), layer.alone(x).detach()
    off = (y - right).abs().amax(-1) > 1e-9
    experts = (x @ layer.w_gate).argmax(-1)
    gate = (x @ layer.w_gate).softmax(-1).max(-1).values
    second = (experts % 2 == 1) ^ (torch.arange(4) // 2 == 1)[:, None]
    sorted_x = torch.stack(
        [
            part.flatten(0, 1)[e.flatten().argsort(stable=True)]
            for part, e in zip(x.chunk(2), experts.chunk(2), strict=True)
        ]
    ).view_as(x)
    found = set()
    for what, id in (("weight", "gradients-averaged"), ("tokens", "no-way-back")):
        by_backward, measured = layer.slopes(x, what)
        found |= {id} if abs(by_backward - measured) > 1e-3 * abs(measured) else set()
    zeros = (y == 0).all(-1)
    if zeros.any():
        found.add("even-splits")
    elif off.any() and torch.allclose(y, gate[..., None] * right, rtol=1e-4, atol=1e-5):
        found.add("gate-twice")
    elif off.any() and torch.equal(off, second):
        found.add("blocks-misread")
    elif off.any() and torch.allclose(layer(sorted_x), layer.alone(sorted_x)):
        found.add("left-in-sent-order")
    return found


def test_every_patient_shows_what_it_has_and_nothing_else():
    """Each finding of the clinic is seen in the patients that have it, and in no other."""
    for ids in (*PATIENTS, ()):
        assert signs(layer_of(ids), tokens()) == set(ids), ids
        assert set(ids) <= set(CLINIC.suspects) == set(CLINIC.findings)


def test_what_even_splits_leave_over_is_what_rows_between_show():
    """As many answers are 0 as rows go beyond an even share, device by device; row i, column j is from i to j."""
    layer, x = layer_of(("even-splits",)), tokens()
    between = layer.rows_between(x)
    device_of = (x.double() @ layer.w_gate.double()).argmax(-1) // 2
    for i, j in itertools.product(range(2), range(2)):
        assert between[i, j] == (device_of[2 * i : 2 * i + 2] == j).sum()
    assert not torch.equal(between, between.T)

    zeros = (layer(x) == 0).all(-1).view(2, -1).sum(1)
    assert zeros.tolist() == (between - 12).clamp(min=0).sum(1).tolist() and zeros.sum() > 0


def test_averaged_gradients_are_half():
    """backward() says half of what is measured, as the finding says, and the tokens' gradients are right."""
    layer = layer_of(("gradients-averaged",))
    by_backward, measured = layer.slopes(tokens(), "weight")

    assert by_backward == pytest.approx(measured / 2, rel=1e-6)
    assert layer.slopes(tokens(), "tokens")[0] == pytest.approx(layer.slopes(tokens(), "tokens")[1], rel=1e-6)


def test_nothing_comes_back_without_the_way_back():
    """A token whose expert is on the other device has the gradient of its gate alone; all others have the right one."""
    layer, x = layer_of(("no-way-back",)), tokens().double().requires_grad_()
    gate, chosen = (x @ layer.w_gate.double()).softmax(-1).max(-1)
    away = chosen // 2 != torch.arange(4)[:, None] // 2
    rows = torch.where(away[..., None], x.detach(), x)
    expected = gate[..., None] * torch.einsum("bnd,bnde->bne", rows, layer.weight.double()[chosen])
    got, wanted = (torch.autograd.grad(y.square().sum(), x)[0] for y in (layer(x), expected))

    assert 0 < away.sum() < away.numel()
    torch.testing.assert_close(got, wanted)


def test_the_instruments_work_on_every_patient():
    """Every instrument is an expression that gives something, and leaves the patient as it was."""
    for number in range(1, 10):
        patient = clinic("10", number)
        before = {name: value.clone() for name, value in patient.layer.state_dict().items()}
        for code in patient.instruments:
            assert eval(code, {"torch": torch, "patient": patient, "x": tokens(number)}) is not None
        assert all(torch.allclose(value, patient.layer.state_dict()[name]) for name, value in before.items())


def test_the_first_patient_has_one_fault_that_can_be_seen():
    """Patient 1, which the lesson shows, leaves rows unanswered; the second is right in all its answers."""
    assert clinic("10", 1).diagnose("even-splits").startswith("Right.")
    assert clinic("10", 2).diagnose("gradients-averaged").startswith("Right.")
    assert (clinic("10", 1).layer(tokens()) == 0).all(-1).any()
    assert len({CLINIC.make(Draw("clinic", "10", number))[1] for number in range(1, 16)}) >= 6


def test_the_cards_vote_has_its_right_choice():
    """The vote's right answer is one of its choices, and it is true."""
    assert CARD.vote.right in CARD.vote.choices
    assert MEMORY.answer(100, 10, 32, 8, 2) == MEMORY.answer(100, 10, 64, 16, 2)
    assert 1 < BYTES.answer(16, 64, 5, 2, 16) / BYTES.answer(16, 64, 5, 2, 8) < 1.1
