from math import sqrt

import pytest
from matplotlib import pyplot as plt
from matplotlib.transforms import Bbox

from softmoe_edu.teaching.discovery import find_question
from softmoe_edu.teaching.predict.asking import due_in, predict, returning
from softmoe_edu.teaching.predict.calibration import calibration, draw, in_words, tally
from softmoe_edu.teaching.predict.prediction import Prediction
from softmoe_edu.teaching.predict.question import CONFIDENCES

pytestmark = pytest.mark.usefixtures("workspace", "plain")


def answered(id, answer, confidence):
    """Lock an answer and look."""
    predict(id, answer=answer, confidence=confidence)


def test_a_confident_miss_returns_one_and_three_lessons_later():
    """A miss in lesson 02 returns once in 03 and once from 05 on, in new words; an answered one stays in its lesson."""
    answered("m15-drop-rate", 0, 70)
    second, third = find_question("m15-drop-rate").again
    assert due_in("02") == []
    assert due_in("03") == due_in("04") == due_in("05") == [second]

    Prediction(second, lesson="03").lock(25, 50)
    assert due_in("03") == [second]
    assert due_in("04") == []
    assert due_in("05") == due_in("11") == [third]

    Prediction(third, lesson="05").lock(0, 90)
    assert due_in("05") == [third]
    assert due_in("06") == due_in("11") == []


@pytest.mark.parametrize(("answer", "confidence"), [(0, 50), (18, 90)])
def test_what_was_right_or_a_guess_does_not_return(answer, confidence):
    """Neither a right answer nor a wrong guess returns: only confident misses do."""
    answered("m15-drop-rate", answer, confidence)

    assert due_in("03") == due_in("05") == []


def test_a_lesson_is_named_by_its_number():
    """3, "3" and "03" are one lesson; a word is answered with a sentence."""
    answered("m15-drop-rate", 0, 90)

    assert due_in(3) == due_in("3") == due_in("03") != []
    with pytest.raises(ValueError, match="lesson must be a number such as \"05\", got 'three'"):
        returning("three")


def test_returning_asks_in_other_words(capfd):
    """The lesson shows the new wording, and nothing where nothing returns."""
    returning("03")
    assert capfd.readouterr().out == ""
    answered("m15-drop-rate", 0, 90)
    capfd.readouterr()
    returning("03")

    out = capfd.readouterr().out
    assert "12 visitors" in out
    assert 'predict("m15-drop-rate-2", answer=?, confidence=?)' in out


def test_calibration_counts_right_answers_at_each_confidence():
    """Two of three right at 90 % and none of one at 50 % are in the text and in the figure, with names and units."""
    answered("m15-drop-rate", 18, 90)
    answered("m16a-dropped-token", "c", 90)
    answered("m26b-causal", 0, 90)
    answered("m01-sums", "b", 50)

    before = plt.get_fignums()  # another test's, where one is open

    assert tally() == {50: (0, 1), 90: (2, 3)}
    assert tally("02") == tally(2) == {90: (2, 3)}
    shown = calibration()
    for words in ("0 of 1 right where you were 50 % sure", "2 of 3 right where you were 90 % sure", "chance"):
        assert words in shown.caption
    assert "On average you were 80 % sure and 50 % right: 30 points overconfident." in shown.caption
    assert "90 % stated, 67 % right" in shown.alt
    assert shown.png.startswith(b"\x89PNG")
    assert plt.get_fignums() == before

    ax = draw(tally(), "02")
    diagonal, *gaps = ax.get_lines()
    (dots,) = ax.collections
    assert diagonal.get_xydata().tolist() == [[32, 32], [100, 100]]
    assert dots.get_offsets().tolist() == [[50, 0], [90, 100 * 2 / 3]]
    assert [gap.get_xydata().tolist() for gap in gaps] == [[[50, 50], [50, 0]], [[90, 90], [90, 100 * 2 / 3]]]
    assert [text.get_text() for text in ax.texts[:2]] == ["0 of 1", "2 of 3"]
    assert ax.get_title(loc="left") == "30 points overconfident in lesson 02"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("how sure you were (%)", "how often you were right (%)")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["as sure as right", "the gap", "you"]
    plt.close("all")


@pytest.mark.parametrize("right", [0, 0.4, 0.5, 0.7, 0.9, 1])
@pytest.mark.parametrize("count", [1, 3, 20])
def test_no_words_of_the_calibration_lie_on_others_or_on_a_dot(right, count):
    """However right and however often, all words are readable within the axes, the corners' names too."""
    ax = draw({sure: (round(right * count), count) for sure in CONFIDENCES})
    ax.figure.canvas.draw()
    (dots,) = ax.collections
    radii = [sqrt(size) / 2 * ax.figure.dpi / 72 for size in dots.get_sizes()]
    places = [
        Bbox.from_bounds(x - r, y - r, 2 * r, 2 * r)
        for (x, y), r in zip(ax.transData.transform(dots.get_offsets()), radii, strict=True)
    ]
    words = [text.get_window_extent() for text in ax.texts]

    assert len(words) == 5
    for i, word in enumerate(words):
        assert not any(word.overlaps(other) for other in [*words[i + 1 :], *places])
    assert all(ax.bbox.containsx(each.x0) and ax.bbox.containsx(each.x1) for each in words)
    plt.close("all")


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({50: (5, 10)}, "50 % sure and 50 % right: perfectly calibrated."),
        ({50: (7, 10)}, "50 % sure and 70 % right: 20 points underconfident."),
    ],
)
def test_calibration_says_which_way_it_is_off(counts, words):
    """Calibrated and underconfident have their own words, and ten predictions are not called few."""
    assert words in in_words(counts)
    assert "chance" not in in_words(counts)


def test_without_predictions_calibration_says_so():
    """Without predictions calibration draws no figure and returns a sentence that a notebook shows without quotes."""
    assert repr(calibration("05")).startswith("Nothing has been predicted in lesson 05 yet")
    assert repr(calibration(5)) == repr(calibration("05"))
    assert repr(calibration()).startswith("Nothing has been predicted yet")
