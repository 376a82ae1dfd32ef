"""The page on other courses' tests is what they say today, and each of them can be content and not."""

from pathlib import Path

import pytest
import torch
from test_architecture import load

from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.kill_matrix import own

ROOT = Path(__file__).resolve().parents[2]
published = load(ROOT / "docs" / "published_tests.py")
TESTS = {test.__name__: (each, test) for each in published.PUBLISHED for test in each.tests}


@pytest.mark.slow
def test_the_page_is_up_to_date():
    """It is what docs/published_tests.py writes today."""
    assert (ROOT / published.PAGE).read_text(encoding="utf-8") == published.page()


@pytest.mark.parametrize("name", TESTS)
def test_each_test_is_content_with_right_answers_and_not_with_any(name):
    """The reference passes; an answer of another shape does not, nor a loss that always says 1.5."""
    each, test = TESTS[name]
    right = own(find_exercise(each.exercise).answer)

    def spoilt(*arguments):
        answer = right(*arguments)
        if isinstance(answer, tuple):
            return answer[0].flip(-1), answer[1][..., :1]
        return answer[..., :1] if answer.ndim else torch.tensor(1.5)

    assert published.content(test, right)
    assert not published.content(test, spoilt)


def test_a_test_that_rejects_a_right_answer_is_an_error(monkeypatch):
    """The page is not written on a test that asks for more than the task."""

    def asks_too_much(soft_moe):
        raise AssertionError

    monkeypatch.setattr(published, "PUBLISHED", (published.Published("nowhere", "soft-moe", (asks_too_much,)),))
    with pytest.raises(AssertionError, match="soft-moe: asks_too_much rejects a right answer"):
        published.page()


def test_random_numbers_are_left_alone():
    """A test draws from a generator of its own."""
    before = torch.random.get_rng_state()
    published.content(published.tokens_of_ones, own(find_exercise("soft-moe").answer))

    assert torch.equal(before, torch.random.get_rng_state())
