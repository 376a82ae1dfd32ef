"""Wrong answers that no listed mistake matches, grouped by what they return: candidates for new mistakes.

The idea is that of conceptual mutation testing (doi 10.22152/programming-journal.org/2024/8/7): wrong answers of a
class that behave alike point to one belief, and a few of them, written down, are the mistakes of the next version.
"""

from collections import Counter, defaultdict

from softmoe_edu.teaching.class_report.exercises import Learners
from softmoe_edu.teaching.class_report.table import Table, largest_first


def clusters(learners: Learners) -> Table:
    """Return a row for each group of answers that return the same on the probe; those right there go by property."""
    who: defaultdict[tuple[str, str, str], set[int]] = defaultdict(set)
    times: Counter[tuple[str, str, str]] = Counter()
    outputs: dict[tuple[str, str, str], tuple[str, str]] = {}
    fails: defaultdict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for number, events in enumerate(learners):
        for event in events:
            returned = event.get("returned")
            if event["kind"] != "check" or event.get("status") != "failed" or event.get("mistake") or not returned:
                continue
            failed = event.get("property") or "-"
            as_the_reference = not returned["shows"] and not returned["right"]
            key = (event["id"], returned["key"], failed if as_the_reference else "")
            who[key].add(number)
            times[key] += 1
            fails[key][failed] += 1
            outputs.setdefault(key, (returned["shows"] or "the same", returned["right"] or "the same"))
    rows = [(key[0], len(who[key]), times[key], *outputs[key], _most(fails[key]), key[1]) for key in who]
    head = ("exercise", "learners", "times", "returns", "right would be", "fails at", "group")
    notes = (
        "Answers of a row return the same on the same inputs. Where many learners share a row, look at one of their "
        "answers: it may be a mistake that the exercise should know. “The same” is right on these inputs, and fails at "
        "the property named.",
    )
    return Table("clusters", "Wrong answers that no listed mistake matches", head, largest_first(rows, by=1), notes)


def _most(counts: Counter[str]) -> str:
    return min(counts, key=lambda name: (-counts[name], name))
