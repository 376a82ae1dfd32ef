"""Of each exercise: how many tried and passed it, how they went wrong, and how long they took."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from statistics import median

from softmoe_edu.teaching.anonymous import OTHER
from softmoe_edu.teaching.class_report.table import Table, largest_first
from softmoe_edu.teaching.discovery import exercise_ids

BREAK_MIN = 30.0  # nobody says that they go away
FINDINGS = {
    "too-slow": "stopped: too slow",
    "leaves": "exits the program",
    "borrowed": "calls the library's answer",
    "signature": "cannot be called as asked",
    "unwritten": "a case is not written",
}
Learners = list[list[dict]]


def exercises(learners: Learners) -> Table:
    """Return a row for each exercise, in learners; attempts and minutes up to the first pass."""
    times = [_minutes(events) for events in learners]
    rows = []
    for id, groups in by_id(learners, ("check", "hint")).items():
        tries = {who: found for who, group in groups.items() if (found := [each for each in group if _tried(each)])}
        passed = {who for who, found in tries.items() if any(event["status"] == "passed" for event in found)}
        matched = sum(any(event.get("mistake") for event in found) for found in tries.values())
        crashed = sum(any(map(crash, found)) for found in tries.values())
        hinted = sum(any(event["kind"] == "hint" for event in group) for group in groups.values())
        attempts = median(_attempts(found) for found in tries.values()) if tries else "-"
        took = [times[who][id] for who in tries if id in times[who]]
        minutes = round(median(took), 1) if took else "-"
        rows.append((id, len(tries), len(passed), matched, crashed, hinted, attempts, minutes))
    head = ("exercise", "tried", "passed", "mistake matched", "crashed", "took hints", "attempts", "minutes")
    notes = (
        "Attempts and minutes are medians, up to the first pass. Minutes are those between events; a pause of over "
        f"{BREAK_MIN:g} minutes does not count.",
    )
    return Table("exercises", "Exercises, in learners", head, _in_the_course(rows), notes)


def mistakes(learners: Learners) -> Table:
    """Return the mistakes that checks recognised; of what older versions noted, the property that failed."""
    rows = _counted(learners, _mistake)
    head = ("mistake", "exercise", "learners", "times")
    notes = ("In brackets stands the property that failed, where no mistake matched and nothing else is known.",)
    return Table("mistakes", "Mistakes that checks recognised", head, rows, notes)


def crashes(learners: Learners) -> Table:
    """Return the answers that gave no result: what they raised, or why they ended."""
    rows = _counted(learners, crash)
    head = ("crash", "exercise", "learners", "times")
    return Table("crashes", "Answers that crashed or never returned", head, rows)


def crash(event: dict) -> str:
    """Return why a checked answer gave no result; "" where it gave one, or where it matches a mistake."""
    if event["kind"] != "check" or event.get("status") != "failed" or event.get("mistake"):
        return ""
    return event.get("error") or FINDINGS.get(event.get("finding") or "", "")


def by_id(learners: Learners, kinds: tuple[str, ...]) -> dict[str, dict[int, list[dict]]]:
    """Group the events of some kinds by id, and then by the learner's number."""
    grouped: defaultdict[str, dict[int, list[dict]]] = defaultdict(dict)
    for who, events in enumerate(learners):
        for event in events:
            if event["kind"] in kinds:
                grouped[event["id"]].setdefault(who, []).append(event)
    return grouped


def _counted(learners: Learners, what: Callable[[dict], str]) -> tuple[tuple[str | int, ...], ...]:
    """Return rows of what was found, the exercise, how many learners and how many times."""
    who: Counter[tuple[str, str]] = Counter()
    often: Counter[tuple[str, str]] = Counter()
    for events in learners:
        found = Counter((name, event["id"]) for event in events if (name := what(event)))
        often.update(found)
        who.update(found.keys())
    return largest_first([(*key, count, often[key]) for key, count in who.items()], by=2)


def _mistake(event: dict) -> str:
    if event["kind"] != "check" or event.get("status") != "failed" or crash(event) or event.get("returned"):
        return ""
    return event.get("mistake") or f"({event.get('property') or 'unknown'})".replace(f"({OTHER})", OTHER)


def _in_the_course(rows: Iterable[tuple]) -> tuple[tuple, ...]:
    """Return rows in the order of lessons: those of one lesson together."""
    places = {id: place for place, id in enumerate(exercise_ids())}
    return tuple(sorted(rows, key=lambda row: (places.get(row[0], len(places)), row[0])))


def _tried(event: dict) -> bool:
    return event["kind"] == "check" and event.get("status") in ("passed", "failed")


def _attempts(found: list[dict]) -> int:
    statuses = [event["status"] for event in found]
    return statuses.index("passed") + 1 if "passed" in statuses else len(statuses)


def _minutes(events: list[dict]) -> dict[str, float]:
    """Return how long a learner worked on each exercise until it passed: the time before each of its events."""
    spent: defaultdict[str, float] = defaultdict(float)
    done: set[str] = set()
    before: datetime | None = None
    for event in events:
        now = datetime.fromisoformat(event["time"]) if event["time"] else None
        if event["kind"] in ("check", "hint") and event["id"] not in done and now and before:
            gap = (now - before).total_seconds() / 60
            spent[event["id"]] += gap if gap <= BREAK_MIN else 0.0
        if event["kind"] == "check" and event.get("status") == "passed":
            done.add(event["id"])
        before = now or before
    return dict(spent)
