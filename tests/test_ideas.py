"""The page that says where each idea is taught, tested and measured: nothing on it can be missing."""

from dataclasses import replace
from pathlib import Path

import pytest
from test_architecture import load

ROOT = Path(__file__).resolve().parents[1]
seeds = load(ROOT / "docs" / "seeds.py")


def test_the_page_is_up_to_date():
    """docs/seeds.md is what docs/seeds.py writes today."""
    assert (ROOT / seeds.PAGE).read_text(encoding="utf-8") == seeds.page(), "run python docs/seeds.py"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"taught": (("05", "Nowhere"),)}, "lesson 05 has 0 sections with 'Nowhere'"),
        ({"taught": (("05", "Exercise"),)}, r"lesson 05 has \d+ sections with 'Exercise'"),
        ({"taught": (("99", "Nowhere"),)}, "there is no lesson 99"),
        ({"tested": ("test_golden.py::test_nothing",)}, "there is no test 'test_golden.py::test_nothing'"),
        ({"tested": ("nowhere.py::test_nothing",)}, "there is no test"),
        ({"measured": ("soft-balanced",)}, "there is no claim 'soft-balanced'"),
    ],
)
def test_what_is_not_there_is_an_error(monkeypatch, change, said):
    """A section, a test or a claim that is renamed must be renamed on the page, too."""
    monkeypatch.setattr(seeds, "IDEAS", (replace(seeds.IDEAS[0], **change),))
    with pytest.raises(LookupError, match=said):
        seeds.page()


def test_every_idea_is_tested_and_every_claim_has_its_idea():
    """Each idea has a test; each claim of the package but that on normalisation and ablations belongs to an idea."""
    named = {claim for idea in seeds.IDEAS for claim in idea.measured}

    assert all(idea.tested for idea in seeds.IDEAS)
    assert {each.name for each in seeds.entries()} - named <= {"normalisation", "ablations"}
