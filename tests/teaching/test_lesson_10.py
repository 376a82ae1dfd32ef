"""Lesson 10: the processes that exchange rows, the patients of the clinic, placements, and what the questions go by."""

import itertools
import subprocess
import sys

import pytest
import torch
import torch.distributed as dist

from softmoe_edu import MoE
from softmoe_edu.cost import mlp_cost
from softmoe_edu.course.lesson_10 import questions, two_processes
from softmoe_edu.course.lesson_10.card import CARD
from softmoe_edu.course.lesson_10.clinic import CLINIC, PATIENTS, PatientLayer
from softmoe_edu.course.lesson_10.copies_of_experts.properties import least_possible as least_copy
from softmoe_edu.course.lesson_10.place_experts.properties import least_possible, loads_of
from softmoe_edu.course.lesson_10.two_processes import Case, Wire, work
from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.clinic.patient import clinic
from softmoe_edu.teaching.discovery import find_exercise, find_question
from softmoe_edu.teaching.draw import Draw

MEMORY, BYTES = find_exercise("memory-per-device"), find_exercise("all-to-all-bytes")
PLACE, COPIES = find_exercise("place-experts"), find_exercise("copies-of-experts")
GLOO = dist.is_available() and dist.is_gloo_available()


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
    result = two_processes.run()

    assert result.missing == "The processes could not exchange anything here: no network here"
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
    """The table by hand of section 3, and 96 bytes."""
    assert [MEMORY.answer(100, 10, 4, devices, 2) for devices in (1, 2, 4)] == [2240, 1920, 1760]
    assert BYTES.answer(2, 4, 3, 4, 2) == 96 and BYTES.answer(4, 4, 3, 4, 4) == 288


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
