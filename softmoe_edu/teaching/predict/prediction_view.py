"""PredictionView: the question, the form that locks an answer, and the reply to it, in the browser."""

import html
import sys
from pathlib import Path

import ipywidgets
import traitlets
from IPython.display import display

from softmoe_edu import own_figures
from softmoe_edu.teaching.predict.prediction import Outcome, Prediction
from softmoe_edu.teaching.predict.question import CONFIDENCES
from softmoe_edu.widgets.base import Instrument
from softmoe_edu.widgets.twin import MARK

HERE = Path(__file__).parent
WORDS_ALONE = "Run the cell again for its form."
WORDS = {50: "could be either way", 70: "fairly sure", 90: "almost certain"}


class PredictionView(Instrument):
    """The form of one prediction. Python decides: the browser sends an answer and shows what comes back.

    reveal_into: what the reveal draws and prints appears there, once an answer is locked.
    """

    needs_kernel = "it keeps your answers"

    _esm = HERE / "prediction_view.js"
    _css = HERE / "prediction_view.css"

    _question = traitlets.Dict().tag(sync=True)
    _given = traitlets.Unicode().tag(sync=True)  # the locked answer in words; empty until there is one
    _complaint = traitlets.Dict().tag(sync=True)  # {"text": ...}, a new object for each try
    _outcome = traitlets.Dict().tag(sync=True)

    def __init__(self, prediction: Prediction, reveal_into: ipywidgets.Output, **unknown: object) -> None:
        self.refuse_unknown(unknown)
        question = prediction.question
        sure = [{"value": value, "text": f"{value} %: {WORDS[value]}"} for value in CONFIDENCES]
        super().__init__(
            _question={
                "text": question.text,
                "choices": list(question.choices),
                "unit": question.unit,
                "sure": sure,
                "again": prediction.why_again,
            }
        )
        self._prediction = prediction
        self._reveal_into = reveal_into
        self.on_msg(self._answered)
        if prediction.locked:
            self._look()

    def _answered(self, _view: object, content: dict, _buffers: object) -> None:
        complaint = None
        with self._reveal_into:  # a sentence about the progress file would be lost outside a cell
            try:
                self._prediction.lock(content.get("answer"), content.get("confidence"))
            except ValueError as error:
                complaint = {"text": str(error)}
        if complaint:
            self._complaint = complaint
        elif not self._given:
            self._look()

    def _look(self) -> None:
        self._given = self._prediction.given_words()
        outcome = Outcome("error", ["The reveal was interrupted. Run the cell again."])
        with self._reveal_into:
            before = own_figures.open_here()
            outcome = self._prediction.look()
            _show_figures(before)
        self._outcome = {"kind": outcome.kind, "lines": outcome.lines}


def show_widget(prediction: Prediction) -> None:
    """Show a prediction below the cell; a page without widgets shows the question and how to answer in code."""
    own_figures.keep_to_threads()
    below = ipywidgets.Output()
    view = PredictionView(prediction, below)
    box = ipywidgets.VBox([view, below])
    bundle = box._repr_mimebundle_()
    text = [prediction.given_words(), *view._outcome["lines"]] if view._given else prediction.how_to_answer()
    bundle["text/plain"] = "\n".join(text)
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in text)
    bundle["text/html"] = f'<div class="{MARK}">{lines}<p><em>{WORDS_ALONE}</em></p></div>'
    display(bundle, raw=True)


def _show_figures(before: list) -> None:
    """Show and close the figures that were opened since: outside a cell nobody else does."""
    for figure in own_figures.open_here():
        if figure not in before:
            display(figure)
            sys.modules["matplotlib.pyplot"].close(figure)
