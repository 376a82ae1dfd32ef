"""The clinic: cases without an answer key, each with a right diagnosis."""

import html
import itertools
import re
from pathlib import Path

import nbformat
import pytest
import torch

from softmoe_edu import metrics, record
from softmoe_edu.influence import influence
from softmoe_edu.teaching import clinic, progress, use
from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.clinic.patient import Patient
from softmoe_edu.teaching.discovery import clinics, exercises
from softmoe_edu.teaching.draw import Draw

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


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
    for wrong in (("c",), ("a", "c"), ("a", "b", "c")):
        assert patient.diagnose(*wrong).startswith("Not right: 2 things are wrong with it; you named")
    assert [event["right"] for event in progress.events("clinic", "clinic-99")][-5:] == [True] + [False] * 4


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


def test_a_diagnosis_reads_the_same_however_it_is_shown():
    """What a notebook shows of a diagnosis is what print writes: lines, and no quotes around them."""
    said = Patient(EXAMPLE, 1).diagnose("a", "b")

    assert repr(said) == str(said) and said.splitlines()[0] == "Right."


def test_naming_nothing_is_no_diagnosis():
    """Nobody is told what would be seen if nothing were true; nothing is noted."""
    before = len(progress.events("clinic", "clinic-99"))
    said = Patient(EXAMPLE, 1).diagnose()

    assert said.startswith("Name what you found, in quotes, such as patient.diagnose('a'), or several names")
    assert "2 are right" in said and len(progress.events("clinic", "clinic-99")) == before


@pytest.mark.parametrize("named", [("rounded-down",), "rounded-down", ["rounded-down"], [["rounded-down"]]])
def test_a_name_without_its_comma_is_understood(named):
    """A string that was spread into its letters, and a list in place of names, mean what they spell."""
    case = Clinic(
        "99", "It rounds.", lambda draw: (None, ["rounded-down"]), {"rounded-down": "R."}, {"rounded-down": "S."}
    )

    assert Patient(case, 1).diagnose(*named).startswith("Right.")


def examined(lesson, patient):
    """Run the cell in which a lesson examines its patient, and return its names.

    It may use what the lesson imports, and what the learner has written.
    """
    (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    code = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    start = next(i for i, source in enumerate(code) if source.startswith(f'patient = clinic("{lesson}")'))
    names = {"torch": torch, "record": record, "metrics": metrics, "influence": influence, "use": use}
    names |= {"patient": patient}
    names |= {each.name: each.answer for each in exercises().values() if each.lesson == lesson}
    exec(code[start].partition("\n")[2], names)
    for source in code[start + 1 :]:
        if re.search(r"randn|= patient\.layer$", source, re.MULTILINE) and "diagnose" not in source:
            exec(source, names)
            return names
    raise AssertionError("no cell examines the patient")


@pytest.mark.parametrize("lesson", clinics())
def test_every_instrument_works_on_every_patient(lesson):
    """A clinic lists instruments, and none of them raises, whatever is wrong with the patient."""
    assert clinics()[lesson].instruments
    for number in range(1, 9):
        patient = clinic(lesson, number)
        names = examined(lesson, patient)
        for code in patient.instruments:
            assert code in repr(patient) and html.escape(code) in patient._repr_html_().replace("<wbr>", "")
            eval(code, dict(names))


@pytest.mark.parametrize("lesson", clinics())
def test_printing_the_layer_tells_nothing(lesson):
    """All patients of a lesson print alike, and their classes have names that say nothing of a fault."""
    (shown,) = {repr(clinic(lesson, number).layer) for number in range(1, 9)}

    plain = {"MoE", "Layer", "PatientLayer", "Router", "PatientRouter", "Experts"}
    assert {*re.findall(r"[A-Z]\w+(?=\()", shown)} <= plain
