"""What a class predicted, against the truth, and how sure it was; the first reveal of each learner counts."""

from collections import Counter
from statistics import median

from softmoe_edu.teaching.anonymous import OTHER
from softmoe_edu.teaching.class_report.exercises import Learners, by_id
from softmoe_edu.teaching.class_report.table import Table, largest_first
from softmoe_edu.teaching.discovery import questions
from softmoe_edu.teaching.predict.question import CONFIDENCES

SURE = tuple(f"{sure} % sure" for sure in CONFIDENCES)


def predictions(learners: Learners) -> Table:
    """Return a row for each prediction: how many missed it, and how sure those were."""
    rows = []
    for id, firsts in _firsts(learners).items():
        missed = Counter(event["confidence"] for event in firsts if not event["right"])
        belief = questions()[id].misconception if id in questions() else "-"
        rows.append((id, belief, missed.total(), len(firsts), *(missed[sure] for sure in CONFIDENCES)))
    head = ("prediction", "belief", "missed", "of", *(f"missed, {sure}" for sure in SURE))
    rows = largest_first(rows, by=2)
    beliefs = [questions()[row[0]] for row in rows if row[2] and row[0] in questions()]
    notes = tuple(dict.fromkeys(f"{each.misconception}: {each.belief}." for each in beliefs))
    return Table("predictions", "Predictions missed, in learners, by how sure they were", head, rows, notes)


def answers(learners: Learners) -> Table:
    """Return the spread of each prediction: a row for each answer that was given, those that are right marked."""
    rows: list[tuple[str | int, ...]] = []
    for id, firsts in _firsts(learners).items():
        groups: dict[tuple[str, bool], list[dict]] = {}  # a truth that is measured may differ between learners
        for event in sorted(firsts, key=lambda event: _place(id, event.get("answer"))):
            groups.setdefault((_shown(id, event.get("answer")), event["right"]), []).append(event)
        truth = _truth(id, firsts)
        for (answer, right), group in groups.items():
            sure = Counter(event["confidence"] for event in group)
            told = (sure[each] for each in CONFIDENCES)
            rows.append((id, answer, "right" if right else "wrong", len(group), *told, truth))
    head = ("prediction", "answer", "is", "learners", *SURE, "truth")
    legend = tuple((id, questions()[id].text) for id in dict.fromkeys(row[0] for row in rows) if id in questions())
    return Table(
        "answers", "What was predicted, in learners", head, tuple(rows), legend=legend, bars="learners", most=200
    )


def clinics(learners: Learners) -> Table:
    """Return a row for each clinic: how many diagnosed, and how many rightly in the end."""
    rows = [
        (id, len(groups), sum(any(event.get("right") is True for event in group) for group in groups.values()))
        for id, groups in sorted(by_id(learners, ("clinic",)).items())
    ]
    return Table("clinics", "Clinics, in learners", ("clinic", "diagnosed", "rightly"), tuple(rows))


def _firsts(learners: Learners) -> dict[str, list[dict]]:
    found = {
        id: [first for group in groups.values() if (first := next(filter(_is_whole, group), None))]
        for id, groups in by_id(learners, ("reveal",)).items()
    }
    order = list(questions())
    known = sorted(found, key=lambda id: order.index(id) if id in order else len(order))
    return {id: found[id] for id in known if found[id]}


def _is_whole(event: dict) -> bool:
    return isinstance(event.get("right"), bool) and event.get("confidence") in CONFIDENCES


def _place(id: str, answer: object) -> tuple[float, str]:
    """Return where an answer stands in the spread: numbers by size, choices in the question's order."""
    if isinstance(answer, int | float):
        return float(answer), ""
    choices = questions()[id].choices if id in questions() else ()
    return (float(choices.index(answer)) if answer in choices else len(choices)), str(answer)


def _shown(id: str, answer: object) -> str:
    if answer is None or id not in questions():
        return OTHER
    question = questions()[id]
    if isinstance(answer, str):
        return answer
    return OTHER if question.choices else question.show(answer)


def _truth(id: str, events: list[dict]) -> str:
    """Return what was revealed; the middle one where a measurement gave several."""
    truths = [event.get("truth") for event in events]
    numbers = [truth for truth in truths if isinstance(truth, int | float)]
    if numbers:
        return _shown(id, median(numbers))
    return _shown(id, Counter(truths).most_common(1)[0][0])
