"""The glossary: one source for the page of the docs and for the popovers of the widgets."""

import re
from pathlib import Path

import pytest
from test_architecture import load

from softmoe_edu.glossary import GLOSSARY, LETTERS, TENSORS

ROOT = Path(__file__).resolve().parents[1]
glossary = load(ROOT / "docs" / "glossary.py")
SOURCES = [path for path in (ROOT / "js").rglob("*.js") if "test" not in path.parts]


def test_what_is_written_from_the_glossary_is_up_to_date():
    """Every file is what docs/glossary.py writes today; the page and the module have every term."""
    for name, content in glossary.FILES.items():
        written = (ROOT / name).read_text(encoding="utf-8")
        assert written == content(), f"run python docs/glossary.py: {name}"
        if "glossary" in name:
            assert all(term in written and meaning in written for term, meaning in GLOSSARY.items())


def test_a_word_is_introduced_where_it_is_set_off(monkeypatch):
    """Else where it first stands, as a whole word; a word of no lesson has no link."""
    given = {
        "00_first": "a slotted spoon, two gates",
        "01_second": "a *gate*, then slots",
        "02_third": "**slot** again",
    }
    monkeypatch.setattr(glossary, "lessons", lambda: given)

    assert [glossary.introduced(word) for word in ("gate", "slot", "two gates", "spoon", "expert")] == [
        "01_second",
        "02_third",
        "00_first",
        "00_first",
        "",
    ]


def test_code_introduces_no_word():
    """The text of a lesson is its prose."""
    texts = glossary.lessons()

    assert all("router" in text and "import torch" not in text for text in texts.values())


def test_the_notation_has_the_letters_of_the_annotations():
    """Every axis of the package's tensor types has its row, and every tensor names only axes that have one."""
    axes = {
        letter
        for axes in re.findall(r'Tensor, "([^"]+)"', (ROOT / "softmoe_edu/shapes.py").read_text())
        for letter in axes.split()
    }

    assert axes and axes <= LETTERS.keys()
    assert all(set(row[1].split()) <= LETTERS.keys() for row in TENSORS.values())


def test_a_stale_file_is_reported(monkeypatch, tmp_path):
    """A term that changes makes the page stale, which --check says, and writing it again makes it current."""
    monkeypatch.setattr(glossary, "ROOT", tmp_path)
    for name in glossary.FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    with pytest.raises(SystemExit, match=r"run python docs/glossary\.py"):
        glossary.main(["--check"])
    glossary.main([])
    glossary.main(["--check"])

    monkeypatch.setitem(glossary.GLOSSARY, "slot", "Something else.")
    with pytest.raises(SystemExit, match=r"docs/glossary\.md is not what"):
        glossary.main(["--check"])


def test_terms_of_the_widgets_are_in_the_glossary():
    """Every term that a script names is explained; words of the project's vocabulary are among them."""
    named = {name for path in SOURCES for name in re.findall(r'\bterm\(\s*"([^"]+)"', path.read_text("utf-8"))}

    assert named and named <= GLOSSARY.keys()
    assert {"token", "slot", "expert", "gate", "dispatch", "combine", "capacity", "group", "dropped", "MACs"} <= set(
        GLOSSARY
    )


def test_meanings_are_short_sentences():
    """Each begins with a capital and ends with a full stop, fits a popover, and says more than its own term."""
    for term, meaning in GLOSSARY.items():
        assert meaning[0].isupper() and meaning.endswith("."), term
        assert 30 <= len(meaning) <= 300, term
        assert '"' not in meaning and "<" not in meaning, term
        # One word for one thing: an expert's input row is a slot.
        assert not re.search(r"\b(seats?|rooms?|places?)\b", meaning), term
