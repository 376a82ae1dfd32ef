"""The last section of lesson 11: three shipped decoders, and which of them leak."""

import importlib.util

import pytest
import torch

from softmoe_edu.course.lesson_11 import shipped
from softmoe_edu.leaks import find_leaks

LEAKS = {"mixtral": (), "doge": ("later tokens", "other examples"), "nllb-moe": ("later tokens", "other examples")}


@pytest.fixture(scope="module")
def models():
    """The three decoders."""
    return shipped.models()


@pytest.mark.parametrize("name", LEAKS)
def test_what_leaks_is_found(models, name):
    """Mixtral knows nothing that it must not; doge reshapes scores across tokens; NLLB's capacity is short."""
    assert find_leaks(models[name], shipped.texts(2, 12), vocabulary=shipped.VOCABULARY).found == LEAKS[name]


@pytest.mark.parametrize("name, leaks", [("mixtral", ()), ("doge", ("padding",))])
def test_padding_leaks_through_doge(models, name, leaks):
    """Its scores are mixed with those of padding, too."""
    mask = torch.ones(3, 7, dtype=torch.int64)
    mask[1, :2] = 0
    found = find_leaks(models[name], shipped.texts(3, 7), attention_mask=mask)

    assert set(leaks) <= set(found.found) and ("padding" in found.found) is bool(leaks)


def test_nllb_is_tight_while_no_expert_is_full():
    """With slots for every token nobody waits, and the same weights leak nothing."""
    torch.manual_seed(0)
    decode = shipped.nllb(1.0)

    assert find_leaks(decode, shipped.texts(2, 12), vocabulary=shipped.VOCABULARY).found == ()


def test_guesses_stand_beside_what_was_measured(models, capsys):
    """Right and wrong guesses, and a model that nobody guessed."""
    ids = shipped.texts(2, 4)
    found = {name: find_leaks(models[name], ids, vocabulary=shipped.VOCABULARY) for name in ("mixtral", "doge")}
    shipped.compare({"mixtral": ["later tokens"], "doge": []}, found)
    shipped.compare({"mixtral": ()}, {"mixtral": found["mixtral"]})
    shipped.compare({"doge": "?"}, {"doge": found["doge"]})
    said = capsys.readouterr().out

    assert "mixtral leaks nothing.\n    you said later tokens: not so\n" in said
    assert "mixtral leaks nothing.\n    you said nothing: right\n" in said
    assert str(found["doge"]).splitlines()[0] in said
    assert said.count("you said") == 3


def test_without_transformers_a_sentence_says_what_to_do(monkeypatch, capsys):
    """Nothing is built, and nothing raises."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    assert shipped.models() == {}
    assert '%pip install "transformers>=5.20,<6"' in capsys.readouterr().out
