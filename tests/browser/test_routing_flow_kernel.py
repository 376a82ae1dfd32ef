"""The flow with a kernel behind it, in JupyterLab, Notebook 7 and Voila: what only they can show."""

import importlib.util

import pytest
from flowkit import STILLS, flow_of, patch_of, stage
from kernelkit import command, open_page, run_all, run_cell, shut_down
from labkit import Server, skip_unless_ci, take_screenshot, write_notebook
from lenskit import part, set_theme
from playwright.sync_api import BrowserContext, Page, expect
from voilakit import voila_page

pytestmark = pytest.mark.browser

# A learner's own function: everything goes where the first token would go.
FLOW = """
from softmoe_edu.widgets import RoutingFlow

def mine(logits):
    return logits.softmax(1), logits[:, :1].expand_as(logits).flatten(2).softmax(2).view_as(logits)

flow = RoutingFlow(routers=("tokens choice", "soft"), own={"mine": mine})
flow
"""


FRAMES_ASKED_FOR = """async () => {
    const own = window.requestAnimationFrame;
    let asked = 0;
    window.requestAnimationFrame = (...all) => (asked++, own(...all));
    for (let i = 0; i < 20; i++) await new Promise(done => own(done));
    window.requestAnimationFrame = own;
    return asked;
}"""


@pytest.fixture
def cells() -> tuple[str, ...]:
    """A flow with a lane of one's own, and a cell for the test."""
    return (FLOW, "")


def test_python_and_the_picture_follow_each_other_in_jupyterlab(notebook: Page) -> None:
    """Moments, tokens and knobs go both ways; one's own function is asked again; the theme reaches the drawing."""
    flow = flow_of(notebook)
    status = flow.get_by_role("status")
    notebook.emulate_media(reduced_motion="no-preference")
    expect(part(flow, "play")).to_have_text("Pause")
    part(flow, "t").press("Home")
    part(flow, "t").press("ArrowRight")
    expect(part(flow, "clock")).to_have_text(STILLS[1])
    part(flow, "stage").click(position=patch_of(flow, 12))
    assert run_cell(notebook, 1, "flow.t, flow.playing, flow.token") == "(2.4, False, 12)"
    before = run_cell(notebook, 1, "hash(flow._own[0]['dispatch'])")
    part(flow, "scale").press("ArrowRight")
    expect(part(flow, "scale-number")).to_have_value("1.5")
    assert run_cell(notebook, 1, "flow.scale, flow._own[0]['scale']") == "(1.5, 1.5)"
    assert run_cell(notebook, 1, "hash(flow._own[0]['dispatch'])") != before
    run_cell(notebook, 1, "flow.t, flow.token, flow.capacity_factor = 8.4, 10, 1.25")
    expect(status).to_contain_text("4 dispatch, token 10. Tokens choice: token 10 gets slot 4 of expert 0.")
    expect(status).to_contain_text("mine: token 10 is a part of every slot")
    pictures = set()
    for theme in ("Light", "Dark"):
        set_theme(notebook, theme)
        pictures.add(stage(flow))
        take_screenshot(flow, f"flow-lab-{theme.lower()}")
    assert len(pictures) == 2
    # A flow that has left the page asks for no more frames, whatever its kernel says.
    command(notebook, "notebook:clear-all-cell-outputs")
    expect(flow).to_have_count(0)
    run_cell(notebook, 1, "flow.playing = True")
    # One that plays asks in each of the 20; JupyterLab itself asks now and then.
    assert notebook.evaluate(FRAMES_ASKED_FOR) < 20
    notebook.emulate_media(reduced_motion="reduce")


def test_keys_stay_in_the_flow_in_notebook_7(lab: Server, lab_context: BrowserContext) -> None:
    """Arrow keys reach the slider and the stage there too, and no letter reaches the notebook."""
    if importlib.util.find_spec("notebook") is None:
        skip_unless_ci("no Notebook 7: pip install notebook")
    page = open_page(lab_context, lab, "notebooks", write_notebook(lab.root / "flow.ipynb", FLOW, ""))
    page.emulate_media(reduced_motion="no-preference")
    run_all(page)
    flow, cells = flow_of(page), page.locator(".jp-Cell").count()
    part(flow, "t").press("Home")
    expect(part(flow, "clock")).to_have_text(STILLS[0])
    part(flow, "t").press("ArrowRight")
    expect(part(flow, "clock")).to_have_text(STILLS[1])
    for name in ("t", "stage", "play", "after", "scale"):
        part(flow, name).press("b")
    part(flow, "stage").press("ArrowDown")
    expect(part(flow, "who")).to_have_text("token 11")
    assert run_cell(page, 1, "flow.t, flow.token") == "(2.4, 11)"
    assert page.locator(".jp-Cell").count() == cells
    shut_down(page)
    page.close()


def test_the_flow_plays_in_a_dark_voila_page(page: Page, voila: Server) -> None:
    """It runs without a notebook around it, on the dark ground of the page."""
    page.emulate_media(reduced_motion="no-preference")
    notebook = write_notebook(voila.root / "flow.ipynb", FLOW)
    with voila_page(page, voila, notebook, ".routing-flow [role=status]"):
        flow = flow_of(page)
        clock = part(flow, "clock")
        was = clock.inner_text()
        expect(clock).not_to_have_text(was)
        part(flow, "t").press("End")
        expect(clock).to_have_text(STILLS[5])
        ground = part(flow, "stage").evaluate("c => [...c.getContext('2d').getImageData(500, 70, 1, 1).data]")
        assert max(ground[:3]) < 60
        take_screenshot(page, "flow-voila")
