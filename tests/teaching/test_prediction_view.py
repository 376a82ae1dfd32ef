import sys

import nbformat
import pytest
from nbclient import NotebookClient

from softmoe_edu.teaching.discovery import find_question
from softmoe_edu.teaching.predict import asking, prediction_view
from softmoe_edu.teaching.predict.prediction import Prediction


def run(folder, *cells):
    """Run cells in a kernel in this folder and give their outputs."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return [cell.outputs for cell in notebook.cells]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the kernel's event loop warns there")
def test_a_notebook_shows_a_widget_with_a_text_beside_it(workspace, monkeypatch):
    """In a kernel an untouched question is one widget, whose text tells how to answer in code; locked, it answers."""
    monkeypatch.delenv(asking.PLAIN, raising=False)
    head = "from softmoe_edu.teaching.predict.asking import predict\n"
    cell = "predict('m15-drop-rate', reveal=lambda: print('drawn') or 18.5{})"
    (untouched,), (locked,) = run(workspace, head + cell.format(""), cell.format(", answer=16, confidence=50"))

    for output in (untouched, locked):
        assert "application/vnd.jupyter.widget-view+json" in output.data
    assert "Answer in code" in untouched.data["text/plain"]
    assert find_question("m15-drop-rate").text in untouched.data["text/html"]
    assert "Right. You predicted 16 %, and the result is 18.5 %." in locked.data["text/plain"]


def test_what_an_error_says_is_escaped(workspace, monkeypatch):
    """An error's text that holds markup reaches the page as text."""

    def reveal():
        raise ValueError("<b>")

    shown = []
    monkeypatch.setattr(prediction_view, "display", lambda bundle, raw: shown.append(bundle))
    prediction = Prediction(find_question("m01-sums"), reveal)
    prediction.lock("a", 50)
    prediction_view.show_widget(prediction)

    assert "ValueError: &lt;b&gt;" in shown[0]["text/html"]
    assert "ValueError: <b>" in shown[0]["text/plain"]


def test_every_trait_of_the_view_is_used_in_the_browser():
    """What Python sends is read by the script, by the same name."""
    script = (prediction_view.HERE / "prediction_view.js").read_text("utf-8")
    view = prediction_view.PredictionView
    names = [name for name in view.class_traits(sync=True) if name in vars(view) and name not in ("_esm", "_css")]
    assert len(names) == 4
    assert [name for name in names if f'model.get("{name}")' not in script] == []


def test_the_view_answers_what_the_browser_sends(workspace):
    """What is missing is complained of each time, the first full answer locks, a second click changes nothing."""
    looks = []
    prediction = Prediction(find_question("m15-drop-rate"), lambda: looks.append(0) or 18.5)
    view = prediction_view.PredictionView(prediction, prediction_view.ipywidgets.Output())

    view._answered(view, {"answer": "", "confidence": 70}, [])
    assert view._complaint == {"text": "type a number first"}
    view._answered(view, {"answer": "16", "confidence": None}, [])
    assert "say how sure you are" in view._complaint["text"]
    assert (view._given, view._outcome, looks) == ("", {}, [])

    for answer in ("16", "17"):
        view._answered(view, {"answer": answer, "confidence": 70}, [])
    assert view._given == "Your answer, locked: 16 %, 70 % sure."
    assert view._outcome["kind"] == "right"
    assert looks == [0]


def test_an_unknown_keyword_of_the_view_is_refused():
    """As in every widget of the course, the nearest keyword is named."""
    with pytest.raises(TypeError, match="did you mean 'reveal_into'"):
        prediction_view.PredictionView(Prediction(find_question("m01-sums")), None, reveal=1)
