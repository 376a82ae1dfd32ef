from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from labkit import skip_unless_ci, take_screenshot
from lenskit import lens_of, part, point, set_theme
from pagekit import AXE, DRAWN, SHOWCASE, SavedPages, audit, fetch_axe, make, root_of
from playwright.sync_api import Page, expect
from workbench import Workbench

from softmoe_edu.teaching import check, clinic, hint
from softmoe_edu.teaching.discovery import exercises
from softmoe_edu.teaching.kill_matrix import from_text

pytestmark = pytest.mark.browser

UNFOLD = "document.querySelectorAll('details').forEach(one => { one.open = true })"
PLANT = """html => {
    const planted = document.createElement("div");
    planted.innerHTML = html;
    document.querySelector(".routing-lens").append(planted);
}"""


@pytest.fixture
def shown(workbench: Workbench) -> Iterator[Page]:
    """JupyterLab with a cell for each widget of the showcase, which may have been looked at before."""
    page = workbench.keep(*SHOWCASE.values())
    page.set_viewport_size({"width": 1280, "height": 1800})  # JupyterLab scrolls a part of its page only
    yield page
    workbench.check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", SHOWCASE)
def test_a_saved_page_of_each_widget_has_no_serious_fault(
    name: str, scheme: str, open_saved: Callable, axe: str
) -> None:
    """Names, roles, contrast and structure hold in both colour schemes, for the page around the widget too."""
    page = open_saved(make(name), color_scheme=scheme)
    expect(page.locator(DRAWN).first).to_be_visible()
    page.evaluate(UNFOLD)

    assert audit(page, axe) == []


@pytest.mark.parametrize("name", SHOWCASE)
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_each_widget_in_jupyterlab_has_no_serious_fault(name: str, theme: str, shown: Page, axe: str) -> None:
    """Nor in the themes of JupyterLab, whose variables replace the widget's own colours."""
    root = root_of(name)
    set_theme(shown, theme)
    shown.locator(root).scroll_into_view_if_needed()
    if name == "RoutingLens":
        part(shown.locator(root), "map").press("Escape")
        point(shown.locator(root), "map", 1, 3, 4, 4, click=True)
    shown.evaluate(UNFOLD)
    take_screenshot(shown.locator(root), f"lab-{name}-{theme.lower()}")

    assert audit(shown, axe, root) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_checks_hints_and_the_clinic_say_has_no_serious_fault(
    scheme: str, saved_pages: SavedPages, axe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that passed and one that failed, a hint, and a patient: what learners see once they have worked."""
    monkeypatch.setenv("SOFTMOE_PROGRESS", "off")
    exercise = exercises()["dispatch-weights"]
    answers = (from_text(exercise, exercise.solution), exercise.mistakes[0].function)
    shown = [check(exercise.id, answer) for answer in answers]
    assert [report.status for report in shown] == ["passed", "failed"]
    parts = [each._repr_html_() for each in (*shown, hint(exercise.id), clinic("03"))]
    path = tmp_path / "said.html"
    style = ":root { color-scheme: light dark; } body { background: canvas; }"
    head = f'<html lang="en"><title>Said</title><style>{style}</style>'
    path.write_text(f"<!doctype html>{head}<main><h1>Said</h1>{''.join(parts)}</main>", "utf-8")
    saved_pages.begin()

    assert audit(saved_pages.open(path, color_scheme=scheme), axe) == []
    saved_pages.check()


def test_the_audit_finds_planted_faults(open_saved: Callable, axe: str) -> None:
    """A button without a name, text too pale for its ground and a list item outside a list are each named."""
    page = open_saved(make("RoutingLens"), color_scheme="light")
    lens_of(page)
    assert audit(page, axe) == []
    page.evaluate(PLANT, "<button></button><p style='color: #bbb'>pale</p><div role='listitem'>alone</div>")

    found = audit(page, axe)
    assert [fault.split(":")[0] for fault in found] == [
        "aria-required-parent (critical)",
        "button-name (critical)",
        "color-contrast (serious)",
    ]
    assert audit(page, axe, ".routing-lens > :first-child") == []


def test_axe_is_the_pinned_package(axe: str, tmp_path: Path) -> None:
    """What is audited with is what was pinned; it is fetched once, and what cannot be fetched is an error."""
    name, _, version = AXE.rpartition("-")
    assert f"axe v{version}" in axe[:200]
    (tmp_path / f"{name}-{version}.js").write_text("kept")
    assert fetch_axe(tmp_path) == "kept"


def test_another_package_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What npm gives under the pinned name but with other bytes is not run, and not kept."""
    npm = tmp_path / "npm"
    npm.write_text(f"#!/bin/sh\necho planted > {AXE}.tgz\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ValueError, match=f"{AXE}.tgz must have the SHA-512 "):
        fetch_axe(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_is_missing_fails_where_ci_promises_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without npm the audit is skipped on a laptop, and fails where CI=true."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OSError, match="npm"):
        fetch_axe(tmp_path / "cache")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no npm"):
        skip_unless_ci("no npm")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"no npm\. CI=true makes this an error"):
        skip_unless_ci("no npm")
