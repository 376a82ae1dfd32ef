"""Every lesson runs whole, in a fresh kernel, from a folder that is not the checkout."""

import time

import nbformat
import pytest
from nbclient import NotebookClient
from sightkit import LESSONS, cards, in_sight, printed, tells

from softmoe_edu.teaching.discovery import find_question


@pytest.mark.notebook
@pytest.mark.filterwarnings("default")  # the Jupyter client's own warnings are no fault of a lesson
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lesson_runs(path, tmp_path):
    """No cell raises or writes to stderr but progress bars, figures are described, exercises are not started.

    And no output in sight of a card tells its answer.
    """
    notebook = nbformat.read(path, as_version=4)
    start = time.monotonic()
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    seconds = time.monotonic() - start
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    errors = [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr" and "%|" not in o.text]
    pictures = [o for o in outputs if "image/png" in o.get("data", {})]
    described = [o.data["text/html"] for o in outputs if "<figure" in o.get("data", {}).get("text/html", "")]

    checks = [c for c in notebook.cells if any(tag.startswith("check:") for tag in c.metadata.get("tags", []))]
    said = [o.get("data", {}).get("text/plain", "") for cell in checks for o in cell.outputs if o.get("data")]

    print(f"{path.stem}: {seconds:.0f} s")
    assert len(said) == len(checks) and all("not started" in text for text in said)
    assert not errors
    assert not pictures, "show figures with figures.described, which adds the text that a screen reader reads"
    assert described and all('alt="' in html for html in described)
    for id, card in cards(notebook).items():
        shown = (printed(cell) for cell in notebook.cells[: in_sight(notebook, card).stop])
        assert [(text, found) for text in shown if (found := tells(text, find_question(id)))] == [], id
