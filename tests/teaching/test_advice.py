"""What a report says to do next follows from the kind of what was found and from its property, and from no sentence."""

import dataclasses

import pytest
import torch

from softmoe_edu.course.lesson_02.assign_with_capacity.exercise import in_order
from softmoe_edu.teaching.check import advice, attempt
from softmoe_edu.teaching.check import examine as examining
from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.check.gradient import FLOW
from softmoe_edu.teaching.check.properties import FAR
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.exercise import Exercise, Finding, Kind
from softmoe_edu.teaching.kill_matrix import from_text, own

SOFT_MOE = find_exercise("soft-moe")
RIGHT = from_text(SOFT_MOE, SOFT_MOE.solution)


def endless(x, phi, experts):
    while True:
        pass


def raising(x, phi, experts):
    raise ValueError(x.shape)


def without_the_name(x, phi, experts):
    return tokens @ phi  # noqa: F821


def of_other_shapes(x, phi, experts):
    return torch.zeros(2, 3) @ torch.zeros(2, 3)


def of_other_values(x, phi, experts):
    return {}["nothing"]


def half_written(x, phi, experts):
    if phi.shape[2] == 1:
        raise NotImplementedError
    return RIGHT(x, phi, experts)


def written_over(x, phi, experts):
    powers = phi.exp()
    phi = powers.log()
    powers.zero_()
    return RIGHT(x, phi, experts)


def changed_input(x, phi, experts):
    answers = RIGHT(x, phi, experts)
    experts.append(None)
    return answers


def far_scores(x, phi, experts):
    answers = RIGHT(x, phi, experts)
    return answers + 1e-3 if phi.abs().max() > 100 else answers


def no_slope(x, phi, experts):
    answers = RIGHT(x, phi, experts)
    return answers.detach() + 0 * answers


def large_scores_only(layer):
    answers = layer(torch.ones(1, 2, 3), torch.full((3, 2, 1), 1000.0), [torch.tanh] * 2)
    assert answers.isfinite().all()


OF_A_KIND = {
    Kind.TOO_SLOW: endless,
    Kind.LEAVES: lambda x, phi, experts: exit(),
    Kind.BORROWED: lambda x, phi, experts: SOFT_MOE.answer(x, phi, experts),
    Kind.SIGNATURE: lambda x: x,
    Kind.NO_RESULT: lambda x, phi, experts: None,
    Kind.UNWRITTEN: half_written,
    Kind.NO_SUCH_NAME: without_the_name,
    Kind.RAISES: raising,
    Kind.FAILS_ON_SHAPES: of_other_shapes,
    Kind.FAILS_ON_VALUES: of_other_values,
    Kind.STRUCTURE: lambda x, phi, experts: [RIGHT(x, phi, experts)] * 2,
    Kind.SHAPE: lambda x, phi, experts: RIGHT(x, phi, experts)[:1],
    Kind.DTYPE: lambda x, phi, experts: RIGHT(x, phi, experts).half(),
    Kind.WRITES_OVER: written_over,
    Kind.CUTS_GRADIENT: lambda x, phi, experts: RIGHT(x, phi, experts).detach(),
}
CASES = {
    **{kind.name: (SOFT_MOE, answer, advice.NEXT[kind]) for kind, answer in OF_A_KIND.items()},
    "NO_PYTHON": (find_exercise("assign-with-capacity"), in_order([14, 4]), advice.NEXT[Kind.NO_PYTHON]),
    "input left alone": (SOFT_MOE, changed_input, "make a new tensor or list instead of changing this one"),
    "large scores": (SOFT_MOE, far_scores, FAR),
    "gradients": (SOFT_MOE, no_slope, FLOW),
    "values": (SOFT_MOE, lambda x, phi, experts: RIGHT(x, phi, experts) + 1, advice.ON_PAPER),
    "a weak check": (
        find_exercise("check-soft-moe"),
        large_scores_only,
        "think of an input on which that one goes wrong",
    ),
    "a strict check": (
        find_exercise("check-soft-moe"),
        lambda layer: layer is None,
        "look for what your check requires that the task does not promise",
    ),
    "seven lines": (find_exercise("sort-soft-moe"), lambda: [1] * 7, "choose one line for each step, six in all"),
    "no order": (find_exercise("sort-soft-moe"), lambda: [7, 5, 10, 8, 2, 4], "check which names each line needs"),
}


def next_line(exercise: Exercise, answer) -> str:
    """Return what a report says to do next."""
    report = examine(exercise, answer, seconds=1.0 if answer is endless else 10.0)
    assert report.mistake is None, report  # a named mistake has a step of its own
    return dict(report.lines)["Next"].rpartition("; hint(")[0]


@pytest.fixture
def reworded(monkeypatch):
    """Let every sentence of a finding read otherwise, and give a function that renames an exercise's properties."""
    made = Finding.__init__

    def otherwise(self, should, given="", expected="", got="", *rest, **more):
        made(self, "none: raise shape", given and "(in the line: x)", expected and "y", got and "None", *rest, **more)

    def renamed(properties, word="property"):
        return tuple(dataclasses.replace(each, name=f"{word} {i}") for i, each in enumerate(properties))

    monkeypatch.setattr(Finding, "__init__", otherwise)
    monkeypatch.setattr(attempt, "_what", lambda value: "a thing")
    names = ("SIGNATURE", "SHAPE", "ALONE", "DTYPE")
    for name, each in zip(names, renamed([getattr(examining, name) for name in names], "first"), strict=True):
        monkeypatch.setattr(examining, name, each)
    return lambda exercise: dataclasses.replace(exercise, properties=renamed(exercise.properties))


@pytest.mark.parametrize("case", CASES)
def test_a_step_fits_what_was_found(case):
    """Each kind of finding, and each property with a step of its own, has its own advice."""
    exercise, answer, step = CASES[case]
    step = step.format(name=exercise.name, signature=exercise.signature)

    assert next_line(exercise, answer).startswith(step)


@pytest.mark.parametrize("case", CASES)
def test_rewording_changes_no_advice(case, reworded):
    """With other words in every finding, and other names for every property, the next step is the same."""
    exercise, answer, step = CASES[case]
    step = step.format(name=exercise.name, signature=exercise.signature)

    assert next_line(reworded(exercise), answer).startswith(step)


def test_every_kind_has_a_step_and_a_case():
    """No kind of finding is without advice, and none is without an answer that is found to be of it."""
    assert advice.NEXT.keys() == set(Kind) - {Kind.OTHER}
    assert {*OF_A_KIND, Kind.NO_PYTHON} == advice.NEXT.keys()


def test_a_mistake_that_raises_is_told_by_its_field():
    """A mistake that gives no numbers says so in a field, which decides how the suspicion begins."""
    exercise = find_exercise("assign-with-capacity")
    (raises,) = [each for each in exercise.mistakes if each.raises]
    other = dataclasses.replace(raises, does="stops for a group of padding alone")
    report = examine(dataclasses.replace(exercise, mistakes=(other,)), own(raises.function))

    assert dict(report.lines)["Suspicion"].startswith("your function behaves like one that stops for a group")
