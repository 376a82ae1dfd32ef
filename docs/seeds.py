"""Idea by idea, where the essays and the paper that this project grew from are taught, tested and measured.

python docs/seeds.py writes docs/seeds.md; --check says whether it is up to date. A section, a test or a claim that does
not exist is an error; verdicts are read from the records.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from in_step import keep_in_step

from softmoe_edu.evidence import entries

ROOT = Path(__file__).resolve().parent.parent
PAGE = "docs/seeds.md"
HEAD = """<!-- Written by `python docs/seeds.py`; edit the table there, not this page. -->
# Where each idea is taught, tested and measured

This project grew from two essays about mixtures of experts and from the paper "From Sparse to Soft Mixtures of Experts"
with its public review. Here is every idea in them: the sections that teach it, the tests that hold this library to it,
and what was measured of it ([all claims](evidence.md)).

| idea | taught | tested | measured |
| --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Idea:
    """One idea; its places are looked up, so that none of them can be missing.

    Args:
        words: the idea in a sentence.
        taught: for each lesson, a part of the heading of the section.
        tested: "file::test", below tests/.
        measured: names of claims.
    """

    words: str
    taught: tuple[tuple[str, str], ...]
    tested: tuple[str, ...]
    measured: tuple[str, ...] = ()


IDEAS = (
    Idea(
        "Soft MoE is fully differentiable: a layer between sparse and dense",
        (
            ("05", "The claim it settles"),
            ("07", "A jump, by hand"),
            ("07", "Exercise: does the answer jump?"),
        ),
        ("routers/test_contract.py::test_gradcheck",),
        ("differentiability",),
    ),
    Idea(
        "Its algorithm in five steps: score, normalise, dispatch, compute, combine",
        (
            ("05", "On paper"),
            ("05", "Algorithm 1"),
            ("05", "★ Exercise: the whole layer"),
            ("06", "What the layer learns"),
        ),
        ("routers/test_soft.py::test_by_hand", "test_golden.py::test_soft_values"),
    ),
    Idea(
        "No token is dropped, and no expert is idle",
        (
            ("05", "What is computed"),
            ("07", "The claims"),
        ),
        ("routers/test_soft.py::test_weights_are_convex",),
        ("soft-balance",),
    ),
    Idea(
        "Cost depends on slots, not on experts",
        (
            ("05", "What is computed"),
            ("07", "From 1 to 4,096 experts"),
            ("10", "What is settled"),
        ),
        ("test_cost.py::test_soft_moe_cost_is_that_of_its_slots",),
        ("slots-not-experts", "model-sizes"),
    ),
    Idea(
        "A sequence is routed alone: what stands beside it in the batch changes nothing",
        (
            ("02", "Does an image depend on the others?"),
            ("07", "The rest of the batch"),
            ("07", "Exercise: measure it"),
        ),
        (
            "routers/test_contract.py::test_another_sequence_changes_nothing",
            "routers/test_contract.py::test_another_sequence_of_the_group_changes_a_sparse_result",
        ),
        ("determinism",),
    ),
    Idea(
        "Experts are modules that can be inspected",
        (
            ("09", "Are experts specialists?"),
            ("09", "The slot atlas"),
        ),
        ("test_metrics.py::test_soft_example_by_hand",),
        ("specialisation",),
    ),
    Idea(
        "Tokens choice needs 2 to 8 times the slots to drop hardly anything",
        (("02", "★ Who is dropped"),),
        ("routers/test_tokens_choice.py::test_dropped_tokens_get_exactly_zero",),
        ("dropping",),
    ),
    Idea(
        "Auxiliary losses keep experts busy",
        (
            ("03", "Exercise: the loss"),
            ("03", "Train again, with the loss"),
        ),
        ("test_losses.py::test_load_balancing_by_hand",),
    ),
    Idea(
        "Experts choice is balanced by construction, and gives tokens different numbers of experts",
        (
            ("04", "Balanced by construction"),
            ("04", "how many experts a token has"),
        ),
        ("routers/test_experts_choice.py::test_every_expert_is_full_and_unchosen_tokens_get_zero",),
        ("experts-choice-speed",),
    ),
    Idea(
        "Experts choice trains faster: over twice as fast as tokens choice, and 20 % less time per step than GLaM",
        (("04", "What is settled"),),
        ("evidence/test_claim_experts_choice_speed.py::test_speed_by_hand",),
        ("experts-choice-speed", "large-scale"),
    ),
    Idea(
        "Experts choice in a decoder looks at the future",
        (
            ("04", "who sees the last token"),
            ("04", "Word by word"),
        ),
        ("test_influence.py::test_experts_choice_moves_earlier_outputs",),
        ("causality",),
    ),
    Idea(
        "One slot for each expert is best",
        (("09", "What is settled"),),
        ("evidence/test_claim_experts_and_slots.py::test_one_slot_must_beat_every_other",),
        ("experts-and-slots",),
    ),
    Idea(
        "The price is memory: every expert is stored, however little it computes",
        (("10", "Predict: the price"), ("10", "what a device holds")),
        ("test_cost.py::test_other_bytes_by_hand",),
        ("slots-not-experts", "model-sizes"),
    ),
    Idea(
        "Sparse models are unstable in training and hard to fine-tune",
        (("08", "The claims it settles"),),
        (
            "evidence/test_claim_stability.py::test_a_spike_lies_above_the_median_before_it",
            "evidence/test_claim_fine_tuning.py::test_the_halves_share_no_letter",
        ),
        ("stability", "fine-tuning"),
    ),
    Idea(
        "Results beyond vision: an encoder of text",
        (("08", "On text"),),
        (
            "test_data.py::test_territories_are_split_and_not_names",
            "test_data.py::test_names_are_read_back_from_their_bits",
        ),
        ("accuracy",),
    ),
    Idea(
        "The open problem: an autoregressive Soft MoE",
        (("11", "Masks for both"), ("11", "The exact answer, and its price"), ("11", "The contest")),
        (
            "test_influence.py::test_soft_moe_moves_every_output",
            "teaching/test_lesson_11.py::test_what_each_layer_leaks_shares_and_costs",
        ),
        ("causality",),
    ),
)


def page() -> str:
    """Build the page.

    Raises:
        LookupError: a section, test or claim is not there.
    """
    verdicts = {each.name: str(each.finding.verdict) if each.finding else "not run yet" for each in entries()}
    return HEAD + "".join(_row(idea, verdicts) for idea in IDEAS)


def _row(idea: Idea, verdicts: dict[str, str]) -> str:
    taught = [_section(*each) for each in idea.taught]
    tested = [_test(each) for each in idea.tested]
    strange = [name for name in idea.measured if name not in verdicts]
    if strange:
        raise LookupError(f"{idea.words!r}: there is no claim {strange[0]!r}")
    measured = [f"[{name}](evidence.md#{name}): {verdicts[name]}" for name in idea.measured]
    return f"| {idea.words} | {' · '.join(taught)} | {' · '.join(tested)} | {' · '.join(measured)} |\n"


def _section(lesson: str, part: str) -> str:
    """Link to a notebook, with the number of the one section whose heading has the part."""
    for path in sorted((ROOT / "notebooks").glob(f"{lesson}_*.py")):
        headings = re.findall(r"^# ##+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        found = [each for each in headings if part in each]
        if len(found) == 1:
            number = re.match(r"(?:★ )?(\d+)", found[0])
            name = f"{lesson}, section {number[1]}" if number else lesson
            return f"[lesson {name}](../notebooks/{path.stem}.ipynb)"
        raise LookupError(f"lesson {lesson} has {len(found)} sections with {part!r} in their heading: {headings}")
    raise LookupError(f"there is no lesson {lesson}")


def _test(place: str) -> str:
    file, name = place.split("::")
    path = ROOT / "tests" / file
    if not path.exists() or not re.search(rf"^def {re.escape(name)}\(", path.read_text(encoding="utf-8"), re.MULTILINE):
        raise LookupError(f"there is no test {place!r}")
    return f"[{name.removeprefix('test_').replace('_', ' ')}](../tests/{file})"


def main(args: list[str]) -> None:
    """Write the page, or with --check say whether it is what would be written."""
    keep_in_step(args, ROOT, {PAGE: page()}, "the lessons, tests and records", "seeds.py", __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
