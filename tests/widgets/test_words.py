"""Tokens that are words: packed for every text of a batch, and told by the sentences of both instruments."""

import re

import pytest
import torch
from test_router_explorer_scripts import shown
from test_routing_lens_words_js import told

from softmoe_edu.routing import SoftRouting
from softmoe_edu.widgets import RouterExplorer, RoutingLens

WORDS = ["the", "<b>cat</b>", ""]
LOGITS = torch.tensor([[[3.0, 1.0], [1.0, 1.0], [3.0, 1.0]], [[1.0, 1.0], [2.0, 1.0], [1.0, 3.0]]]).log()


def lens_routing() -> SoftRouting:
    soft = LOGITS[..., None]
    return SoftRouting(soft.softmax(1), soft.flatten(2).softmax(2).view_as(soft))


def lens(**more: object) -> RoutingLens:
    return RoutingLens(lens_routing(), **more)


@pytest.mark.parametrize("make", [lens, lambda **more: RouterExplorer(LOGITS, **more)])
def test_words_are_one_list_or_one_for_each_text(make) -> None:
    """One list stands for every text of the batch; none is none."""
    other = ["a", "dog", "barks"]

    assert make(words=WORDS)._words == [WORDS, WORDS]
    assert make(words=[WORDS, tuple(other)])._words == [WORDS, other]
    assert make()._words == []


WRONG = {
    "a string": (
        "the cat",
        "3 strings, one for each token, or such a list for each of 2 texts, got the single string 'the cat': give",
    ),
    "too few": (["the", "cat"], "got 2 strings"),
    "three texts": ([WORDS] * 3, "got 3 lists"),
    "numbers": ([1, 2, 3], "got 1 (int) among them: give the text of each token, not its number"),
    "numbers in texts": ([WORDS, [1, 2, 3]], "got 1 (int) among them"),
    "none at all": ([], "got none: leave words out"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("make", [lens, lambda **more: RouterExplorer(LOGITS, **more)])
@pytest.mark.parametrize("name", WRONG)
def test_words_that_do_not_fit_get_a_sentence(name: str, make) -> None:
    """What was expected and what came."""
    words, sentence = WRONG[name]

    with pytest.raises(ValueError, match=re.escape(sentence)):
        make(words=words)
    with pytest.raises(ValueError, match="words must come without images and grid, got both"):
        make(words=WORDS, grid=(1, 3))


def test_the_lens_calls_tokens_by_their_words() -> None:
    """With their number, in quotes, as they are."""
    seen = "Object.assign(scene(0, 1, 'dispatch'), { words: ['the', '<b>cat</b>', ''] })"

    assert told(lens(), f"names({seen}, at(1, 0, -1))") == 'token 1 "<b>cat</b>", expert 0'
    assert 'largest dispatch at token 1 "<b>cat</b>": ' in told(lens(), f"sentence({seen}, at(-1, 0, 0), 'dispatch')")


def test_every_sentence_of_the_lens_has_the_words() -> None:
    """Facts of a token, warnings, and lists of dropped tokens; of a very long word its beginning."""
    words = "{ words: ['the', '<b>cat</b>', '" + "x" * 70 + "'] }"
    wrong = torch.zeros(1, 3, 2, 1)
    wrong[0, 1] = -1.0
    seen = RoutingLens(SoftRouting(wrong, wrong))
    scene = f"Object.assign(scene(0, 0, 'dispatch'), {words})"

    assert ': token 1 "<b>cat</b>" fills ' in told(seen, f"sentence({scene}, at(1, -1, -1), 'dispatch')")
    said = told(seen, f"warning({scene}, 'dispatch')")
    assert '3 of 3 rows of combine do not sum to 1 (token 0 "the": 0.0000).' in said
    assert '<0: 2 weights negative (token 1 "<b>cat</b>", expert 0, slot 0: -1.0000).' in said
    dropped = f'2 of 3 tokens dropped (0 "the", 2 "{"x" * 59}…").'
    assert dropped in told(seen, f"caption({scene}, 'dispatch')")


@pytest.mark.parametrize(
    "make",
    [
        lambda **more: RoutingLens.of(lambda x: (x, x), LOGITS[..., None], **more),
        lambda **more: RoutingLens.replay({0: {"a": lens_routing()}}, **more),
    ],
)
def test_an_own_function_and_a_replay_take_words_too(make) -> None:
    """As the lens itself."""
    assert make(words=WORDS)._words == [WORDS, WORDS]


def test_the_explorer_calls_tokens_by_their_words() -> None:
    """Of the text that is shown, also where the whole batch competes."""
    view = {"router": "tokens choice", "step": "score", "image": 1, "at": {"token": 1, "expert": 0}}
    view["words"] = [WORDS, ["a", "dog", "barks"]]
    alone, batch = shown(LOGITS, view, view | {"group": "whole batch"})

    assert alone["line"].startswith('token 1 "dog", expert 0: score = ')
    assert batch["line"].startswith('text 1\'s token 1 "dog", expert 0: score = ')
    assert alone["figures"][0][0] == "Dropped tokens of this text"
