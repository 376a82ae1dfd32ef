"""A lesson uses what it or an earlier one builds or shows, and nothing that comes later."""

import dataclasses
import sys

import pytest

from softmoe_edu.teaching import prerequisites
from softmoe_edu.teaching.discovery import lessons

TOO_EARLY = {
    "from softmoe_edu.routers.weights import soft_weights": "soft_weights, which lesson 05 builds (soft-moe)",
    "from softmoe_edu.routers import weights as w\nw.combine_weights(0)": "w.combine_weights, which lesson 05 builds "
    "(combine-weights)",
    "import softmoe_edu.capacity\nsoftmoe_edu.capacity.capacity_for(3, 2)": "softmoe_edu.capacity.capacity_for, which "
    "lesson 02 builds (expert-capacity)",
    "y = soft_moe(x, phi, experts)": "soft_moe, which lesson 05 builds (soft-moe)",
    'capacity = use("expert-capacity", None)': "use('expert-capacity'), which lesson 02 builds (expert-capacity)",
    'hint("soft-moe")': "hint('soft-moe'), which lesson 05 builds (soft-moe)",
    'patient = clinic("02")': "clinic('02'), which lesson 02 builds (its clinic)",
}
FINE = (
    "from softmoe_edu import SoftRouter, MoE, metrics\nmetrics.dropped(routing)",  # shown by lesson 00
    "from softmoe_edu.routers.tokens_choice import choose_experts",  # this lesson's own
    "def soft_moe(x):\n    return x\n\n\nsoft_moe(3)",  # a function of the learner's that happens to have the name
    'check("top-k-route", top_k_route)\nuse("top-k-route", top_k_route)\nclinic("01")',
)


@pytest.fixture
def plain(monkeypatch):
    """Lesson 01 shows nothing of its own accord."""
    known = dict(lessons())
    known["01"] = dataclasses.replace(known["01"], shows=())
    monkeypatch.setattr(prerequisites, "lessons", lambda: known)
    return known


@pytest.mark.parametrize("number", lessons())
def test_a_lesson_uses_only_what_came_before(number):
    """Its cells, its stubs and its hints; and what it says that it shows, it uses."""
    assert prerequisites.faults(number) == []


@pytest.mark.usefixtures("plain")
def test_what_comes_later_is_named():
    """Imports, attributes of modules, functions of exercises, and ids, each planted into lesson 01."""
    later = next(q.id for q in prerequisites.questions().values() if q.lesson == "05")
    planted = TOO_EARLY | {f'predict("{later}")': f"predict('{later}'), which lesson 05 builds ({later})"}
    for code, said in planted.items():
        assert prerequisites.faults("01", [code]) == [f"lesson 01 uses {said}"], code


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("code", FINE)
def test_what_came_before_may_be_used(code):
    """What lesson 00 shows, what the lesson builds itself, and names that only look like an exercise's."""
    assert prerequisites.faults("01", [code]) == []


def test_a_lesson_shows_what_it_uses(plain):
    """What is shown and not used is a fault, and a part is shown only from its lesson on."""
    known = plain
    known["02"] = dataclasses.replace(known["02"], shows=("softmoe_edu.routers.weights.dispatch_weights",))
    uses = ["from softmoe_edu.routers.weights import dispatch_weights"]

    assert prerequisites.faults("02", []) == [
        "lesson 02 says that it shows softmoe_edu.routers.weights.dispatch_weights, and does not use it"
    ]
    assert prerequisites.faults("02", uses) == []
    assert len(prerequisites.faults("01", uses)) == 1


@pytest.mark.usefixtures("plain")
def test_a_hint_may_not_tell_of_later_lessons_either(monkeypatch):
    """The code of hints is read as cells are."""
    known = dict(prerequisites.exercises())
    first = known["top-k-route"]
    hint = dataclasses.replace(first.hints[0], code="def top_k_route(logits, k):\n    return soft_moe(logits)\n")
    known["top-k-route"] = dataclasses.replace(first, hints=(hint,))
    monkeypatch.setattr(prerequisites, "exercises", lambda: known)

    assert prerequisites.faults("01", []) == ["lesson 01 uses soft_moe, which lesson 05 builds (soft-moe)"]


def test_the_script_names_every_fault_and_fails(monkeypatch, capsys):
    """It ends with an error where a lesson has faults, and counts the lessons else."""
    prerequisites.main()
    assert capsys.readouterr().out == f"{len(lessons())} lessons use only what they or earlier ones build or show.\n"
    monkeypatch.setattr(prerequisites, "faults", lambda number: [f"{number} is too early"])
    with pytest.raises(SystemExit) as ended:
        prerequisites.main()
    assert ended.value.code.splitlines() == [f"{number} is too early" for number in lessons()]


def test_a_part_that_does_not_exist_is_an_error():
    """A name that is not in the library is found when it is declared, not years later."""
    for name in ("softmoe_edu.nowhere.nothing", "softmoe_edu.metrics.nothing"):
        with pytest.raises(ValueError, match="is nothing in the library"):
            prerequisites._resolved(name)
    assert "softmoe_edu.nowhere" not in sys.modules
