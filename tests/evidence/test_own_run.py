"""A learner's own run: what of it stands beside the records, and what is refused with a way out."""

import math

import numpy as np
import pytest
import torch

from softmoe_edu.evidence.own_run import NAME, packed_run
from softmoe_edu.training import History

KNOWN = {"accuracy", "loss", "curve", "dropped", "macs", "took"}


def history(steps: int = 50) -> History:
    """A run that learned step by step, tested twice."""
    run = History({"steps": steps})
    for step in range(steps):
        row = {"step": step + 1, "loss": 3 - step / steps, "auxiliary": 0.0, "accuracy": step / steps}
        for name, value in {**row, "learning_rate": 0.1, "dropped": math.nan, "seconds": 0.25}.items():
            run.steps_log[name].append(value)
    for step, accuracy in ((steps // 2, 0.4), (steps, 0.75)):
        for name, value in {"step": step, "loss": 1.25, "accuracy": accuracy, "dropped": math.nan}.items():
            run.tests_log[name].append(value)
    return run


def test_a_history_has_the_figures_of_a_record():
    """The last test's accuracy and loss, the seconds of all steps; what is not a number is left out."""
    found = packed_run(history(), KNOWN)
    assert found["name"] == NAME
    assert found["values"] == {"accuracy": 0.75, "loss": 1.25, "took": 12.5}


def test_its_curve_is_averaged_as_those_of_records_are():
    """50 steps make 25 means of two, each at its last step; the accuracy of batches is the curve of a record."""
    found = packed_run(history(), KNOWN)
    assert found["steps"] == [float(step) for step in range(2, 51, 2)]
    assert found["curves"]["curve"] == pytest.approx([(4 * i + 1) / 100 for i in range(25)])
    assert found["curves"]["loss"][0] == pytest.approx(2.99)
    assert found["curves"]["dropped"] == [None] * 25


def test_what_is_left_over_is_a_part_too():
    """41 steps in pairs end with the last step alone."""
    found = packed_run(history(41), KNOWN)
    assert (len(found["steps"]), found["steps"][-1], found["curves"]["curve"][-1]) == (21, 41.0, round(40 / 41, 6))


@pytest.mark.parametrize("kind", [list, tuple, np.array, torch.tensor, lambda values: (each for each in values)])
def test_numbers_may_come_in_any_kind(kind):
    """A list, an array, a tensor or a generator over the steps, and beside it one number."""
    found = packed_run({"accuracy": kind([0.1, 0.2, 0.4]), "macs": np.float32(8)}, KNOWN)
    assert found["curves"]["curve"] == pytest.approx([0.1, 0.2, 0.4])
    assert found["steps"] == [1.0, 2.0, 3.0]
    assert found["values"] == pytest.approx({"accuracy": 0.4, "macs": 8.0})


def test_steps_may_be_given():
    """Evaluations every hundred steps stand at their steps."""
    assert packed_run({"step": [100, 200], "loss": [2, 1]}, KNOWN)["steps"] == [100.0, 200.0]


def test_none_is_no_run():
    """The browser then shows the records alone."""
    assert packed_run(None, KNOWN) == {}


@pytest.mark.parametrize(
    ("own", "error", "sentence"),
    [
        (History({}), ValueError, "own must have a step at least.*train the model first"),
        ([0.5], TypeError, "own must be a History of train, or {name: number or numbers}, got list: give what train"),
        ({"accurcay": 1.0}, ValueError, "own has 'accurcay', which no record has: did you mean 'accuracy'"),
        (
            {"accuracy": "high"},
            TypeError,
            r"own\['accuracy'\] must be a number or a list .*, got 'high' \(str\)",
        ),
        ({"accuracy": [0.5, None]}, TypeError, r"got None \(NoneType\): convert it with float"),
        ({"accuracy": []}, ValueError, r"own\['accuracy'\] must have a number at least, got none"),
        ({"accuracy": [1, 2], "loss": [1]}, ValueError, "lists of one length, got {'accuracy': 2, 'loss': 1}"),
    ],
)
def test_what_cannot_be_drawn_is_refused(own, error, sentence):
    """What was expected, what came, and what to do."""
    with pytest.raises(error, match=sentence):
        packed_run(own, KNOWN)
