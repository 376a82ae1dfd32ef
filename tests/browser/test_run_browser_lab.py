"""The run browser in JupyterLab: what is chosen there is known in Python, and the other way round."""

import pytest
from kernelkit import run_cell
from lenskit import part
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def cells() -> tuple[str, ...]:
    """The records of the package, and a cell for each test."""
    made = "browser = RunBrowser(claim='causality', own={'nats': 1.1})"
    return (f"from softmoe_edu.evidence import RunBrowser\n{made}\nbrowser", "")


def test_python_and_the_page_follow_each_other(notebook: Page) -> None:
    """A claim by key, a pin by pointer and its undoing reach Python; what Python sets moves the view."""
    shown = notebook.locator(".run-browser")
    status = shown.get_by_role("status")
    expect(status).to_contain_text("earlier share: soft 1; experts choice ")

    def told(expression: str) -> str:
        return run_cell(notebook, 1, f"print({expression})")

    shown.get_by_role("radio", name="Soft MoE is deterministic").click()
    expect(part(shown, "title")).to_have_text("changed batches · group 1")
    part(shown, "where").select_option("group 8")
    shown.get_by_role("button", name="tokens choice").click()
    assert told("browser.claim, browser.where, browser.model") == "determinism group 8 tokens choice"
    for _ in range(3):  # the pin, the place and the claim
        shown.get_by_role("radio").first.press("Control+z")
    expect(part(shown, "title")).to_have_text("earlier share")
    assert told("browser.claim, repr(browser.where), repr(browser.model)") == "causality '' ''"

    told("setattr(browser, 'figure', 'nats')")
    expect(part(shown, "title")).to_have_text("nats")
    expect(status).to_contain_text("your run 1.1.")
    told("setattr(browser, 'model', 'soft'), setattr(browser, 'seed', 3)")
    expect(status).to_contain_text("soft, seed 3: nats 1.79; mean of 8 seeds 1.74 ")
    refused = "try:\n    browser.figure = 'gnats'\nexcept ValueError as error:\n    print(error)"
    assert "got 'gnats': did you mean 'nats'?" in run_cell(notebook, 1, refused)
    expect(part(shown, "title")).to_have_text("nats")
