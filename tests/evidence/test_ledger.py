"""The ledger says what the records say, and refuses a verdict that they cannot carry."""

import pytest
from claimkit import make_claim, result

from softmoe_edu.evidence import (
    Entry,
    Measured,
    Record,
    RecordError,
    Verdict,
    entries,
    entry,
    judged,
    mean_of,
    page,
    table,
    write_record,
)
from softmoe_edu.evidence import names as all_names
from softmoe_edu.evidence.ledger import shown

MADE = {"torch": "9.9", "python": "3.99", "device": "cpu", "device_name": "a chip"}


def whole(seeds, **changed):
    """A record with every run of the claim."""
    runs = [result(seed, router, number=seed / 10) for router in ("one", "two") for seed in range(seeds)]
    return Record(**{"claim": "numbers", "smoke": False, "made": MADE, "results": tuple(runs)} | changed)


def test_a_whole_record_has_a_verdict(given):
    """Eight seeds are enough."""
    given(make_claim(8))

    assert judged("numbers", whole(8)).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize(
    "seeds, held, sentence",
    [
        (7, whole(7), "a verdict on 'numbers' needs 8 seeds, its record has 7: add more to its runs"),
        (8, whole(7), "lacks 2 runs of 16: go on with softmoe-edu evidence numbers, in the same --folder"),
        (1, whole(8), "does not match its configuration"),
        (8, whole(8, smoke=True), "holds smoke runs, which say nothing of the claim"),
    ],
)
def test_a_record_that_cannot_carry_a_verdict_is_refused(given, seeds, held, sentence):
    """Too few seeds, missing runs, runs of another configuration and smoke runs."""
    given(make_claim(seeds))
    with pytest.raises(RecordError, match=sentence):
        judged("numbers", held)


def test_seeds_of_tuning_do_not_count(given):
    """A verdict rests on the runs that follow from tuning, here with three seeds."""
    given(make_claim(8, then=lambda results: [{"router": "one", "seed": 100 + seed} for seed in range(3)]))
    runs = (*whole(8).results, *(result(100 + seed) for seed in range(3)))
    with pytest.raises(
        RecordError, match="a verdict on 'numbers' needs 8 seeds, its record has 3: add more to its runs"
    ):
        judged("numbers", whole(8, results=runs))


def test_the_page_holds_every_claim(given, tmp_path):
    """Its verdict, figures with intervals, runs, seeds, machine and command; one that was not run says so."""
    given(make_claim(8))
    empty = page(entries(tmp_path))
    write_record(tmp_path / "numbers.json", whole(8))
    found = page(entries(tmp_path))

    assert "| [Numbers have a mean](#numbers) | not run yet | nowhere, section 1 |" in empty
    assert "| [Numbers have a mean](#numbers) | reproduced | nowhere, section 1 |" in found
    assert "**Verdict: reproduced.** It is." in found
    assert f"| number | {shown(mean_of('number', [seed / 10 for seed in range(8)] * 2, '%'))} |" in found
    assert "16 runs with 8 seeds, 24 s in all on a chip (cpu), PyTorch 9.9, Python 3.99." in found
    assert "`softmoe-edu evidence numbers`" in found


@pytest.mark.parametrize(
    "figure, text",
    [
        (Measured("x", 12345.0), "12,345"),
        (Measured("x", 0.06256), "0.06256"),
        (Measured("x", 84.1234, 83.0, 85.5, "%"), "84.12 % (83 to 85.5)"),
    ],
)
def test_figures_are_printed_with_four_digits(figure, text):
    """Whole numbers in full, others with four digits, and the interval in brackets."""
    assert shown(figure) == text


def test_the_table_has_a_line_a_claim():
    """Every claim of the package is listed, run or not."""
    found = [Entry(name, make_claim(), None, None) for name in all_names()]

    assert [line.split()[0] for line in table(found).splitlines()] == list(all_names())


def test_an_entry_reads_as_a_lesson_shows_it(given, tmp_path):
    """Title, source, then the verdict with its reason, and no line wider than a notebook."""
    given(make_claim(8))
    write_record(tmp_path / "numbers.json", whole(8))

    title, source, *said = str(entry("numbers", tmp_path)).splitlines()

    found = entries(tmp_path)[0]
    assert (title, source) == (found.claim.title, f"({found.claim.source})")
    assert " ".join(line.strip() for line in said) == f"Verdict: {found.finding.verdict}. {found.finding.reason}"
    assert max(map(len, said)) <= 88


def test_an_entry_without_a_usable_record_says_why(given, tmp_path):
    """No record, and a record that is not whole: neither has a verdict."""
    given(make_claim(8))
    nothing = entry("numbers", tmp_path)
    write_record(tmp_path / "numbers.json", whole(7))
    unfinished = entry("numbers", tmp_path)

    assert nothing.finding is unfinished.finding is None
    assert str(nothing).endswith("Verdict: not measured yet: softmoe-edu evidence numbers runs it")
    assert "lacks 2 runs of 16" in " ".join(str(unfinished).split())
