"""The script that films the flow for the README."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from labkit import REPOSITORY
from PIL import Image, ImageChops
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


def script() -> ModuleType:
    """The script that films the widget."""
    spec = importlib.util.spec_from_file_location("flow_picture", REPOSITORY / "docs" / "flow_picture.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_films_the_widget(browser: Browser, tmp_path: Path) -> None:
    """Frames of the real page, one for each moment, become a picture that moves."""
    film = script()
    frames = film.film(browser, "light", seconds=0.8, rate=5)
    path = film.write(frames, tmp_path / "flow.webp", 5)

    with Image.open(path) as picture:
        assert (picture.n_frames, picture.size) == (4, frames[0].size)
    assert frames[0].width == 960
    assert ImageChops.difference(frames[1], frames[3]).getbbox() is not None
