"""Whose events these are: files of one learner, however many, are one learner."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from softmoe_edu.teaching.class_report.reading import HandIn


def learners(hand_ins: Sequence[HandIn]) -> list[list[dict]]:
    """Return the events of each learner, oldest first, each event once.

    Files with one pseudonym belong together. So do files of which one repeats at least half of the other, event for
    event and to the millisecond: an earlier copy, or a progress file beside the hand-in that was made of it.
    """
    groups: dict[int, dict[tuple, dict]] = {}
    having: defaultdict[tuple, set[int]] = defaultdict(set)
    named: dict[str, int] = {}
    for number, hand_in in enumerate(hand_ins):
        own = {_identity(event): event for event in hand_in.events}
        shared = Counter(group for key in own for group in having[key])
        same = {group for group, count in shared.items() if 2 * count >= min(len(own), len(groups[group]))}
        if hand_in.pseudonym in named:
            same.add(named[hand_in.pseudonym])
        merged: dict[tuple, dict] = {}
        for group in sorted(same):
            merged |= groups.pop(group)
        # Of one event, what holds more counts: a hand-in of an older version may hold less.
        for key, event in own.items():
            if len(event) >= len(merged.get(key, {})):
                merged[key] = event
        groups[number] = merged
        for key in merged:
            having[key] -= same
            having[key].add(number)
        named = {name: number if group in same else group for name, group in named.items()}
        if hand_in.pseudonym:
            named[hand_in.pseudonym] = number
    return [_in_order(list(events.values())) for events in groups.values()]


def _identity(event: dict) -> tuple:
    """Return what tells an event from any other: its time, or all of it where that is not known."""
    return (event["time"], event["kind"], event["id"]) if event["time"] else (repr(sorted(event.items(), key=str)),)


def _in_order(events: list[dict]) -> list[dict]:
    """Return events by time; one without a time stays where it was, after the one before it."""
    latest, keyed = "", []
    for place, event in enumerate(events):
        latest = event["time"] or latest
        keyed.append((latest, place, event))
    return [event for *_, event in sorted(keyed, key=lambda each: each[:2])]
