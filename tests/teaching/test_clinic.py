"""The clinic: cases without an answer key, each with a right diagnosis."""

import itertools

import pytest
import torch

from softmoe_edu.teaching import clinic, progress
from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.clinic.patient import Patient
from softmoe_edu.teaching.discovery import clinics
from softmoe_edu.teaching.draw import Draw


@pytest.fixture(autouse=True)
def no_file(monkeypatch):
    """Notes of these tests stay in memory."""
    monkeypatch.setenv("SOFTMOE_PROGRESS", "off")


EXAMPLE = Clinic(
    "99",
    "The layer returns ones.",
    lambda draw: (torch.nn.Identity(), ["a", "b"]),
    {"a": "A.", "b": "B.", "c": "C."},
    {"a": "Seen by x.", "b": "Seen by y."},
)


def test_only_the_whole_truth_is_right():
    """Both faults named, in any order, are right; one, another, or one too many are not."""
    patient = Patient(EXAMPLE, 1)

    assert patient.diagnose("b", "a") == "Right.\na: Seen by x.\nb: Seen by y."
    assert patient.diagnose("a") == (
        "Incomplete: 2 things are wrong with it; you named 1. What you measured may be right; look for one more."
    )
    for wrong in ((), ("c",), ("a", "c"), ("a", "b", "c")):
        assert patient.diagnose(*wrong).startswith("Not right: 2 things are wrong with it; you named")
    assert [event["right"] for event in progress.events("clinic", "clinic-99")][-6:] == [True] + [False] * 5


def test_bad_input_gets_a_sentence():
    """An unknown suspect, lesson or number is answered."""
    with pytest.raises(ValueError, match="'d' is not a suspect: choose among a, b, c"):
        Patient(EXAMPLE, 1).diagnose("d")
    with pytest.raises(ValueError, match="lesson '98' has no clinic: choose among"):
        clinic("98")
    with pytest.raises(ValueError, match="number must be a whole number from 1 on, got 0"):
        clinic(next(iter(clinics())), 0)


@pytest.mark.parametrize("lesson", clinics())
def test_a_patient_shows_no_answer(lesson):
    """What can be printed of a patient names every suspect alike; its attributes hold no list of what is wrong."""
    patient, case = clinic(lesson), clinics()[lesson]
    _, truth = case.make(Draw("clinic", lesson, 1))
    shown = repr(patient) + patient._repr_html_()

    assert all(shown.count(id) >= 1 for id in case.suspects)
    kept = {name: value for name, value in vars(patient).items() if name not in ("layer", "suspects", "_findings")}
    assert not any(str(list(truth)) in repr(value) or value == list(truth) for value in kept.values())
    assert set(truth) <= set(case.findings) <= set(case.suspects)


@pytest.mark.parametrize("lesson", clinics())
def test_every_case_has_exactly_one_diagnosis(lesson):
    """Of all sets of up to two suspects exactly one is right, and numbers give different cases."""
    case = clinics()[lesson]
    choices = [set(c) for size in (1, 2) for c in itertools.combinations(case.suspects, size)]
    found = []
    for number in range(1, 7):
        patient = clinic(lesson, number)
        (right,) = [choice for choice in choices if patient.diagnose(*choice).startswith("Right.")]
        assert right == set(case.make(Draw("clinic", lesson, number))[1])
        found.append(frozenset(right))

    assert len(set(found)) > 1


def test_a_patient_is_the_same_whatever_defaults_a_learner_has_set():
    """Under another default device and dtype the layer lies on the CPU in float32, with the same numbers."""
    plain = {lesson: clinic(lesson, 2) for lesson in clinics()}
    torch.set_default_device("meta")
    torch.set_default_dtype(torch.float64)
    try:
        other = {lesson: clinic(lesson, 2) for lesson in clinics()}
    finally:
        torch.set_default_device("cpu")
        torch.set_default_dtype(torch.float32)

    for lesson, patient in plain.items():
        if isinstance(patient.layer, torch.nn.Module):
            for one, two in zip(patient.layer.parameters(), other[lesson].layer.parameters(), strict=True):
                assert (two.device.type, two.dtype) == ("cpu", torch.float32)
                assert torch.equal(one, two)
