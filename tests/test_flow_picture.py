"""The animated picture at the head of the README: it is there, it moves, and it is small."""

import itertools
import re
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PICTURES = {scheme: ROOT / "docs" / "pictures" / f"routing_flow_{scheme}.webp" for scheme in ("light", "dark")}


@pytest.mark.parametrize("scheme", PICTURES)
def test_the_picture_is_one_loop_of_twelve_seconds(scheme: str) -> None:
    """Under 1.5 MB, 960 pixels wide, playing for ever, and every chapter differs from the one before."""
    path = PICTURES[scheme]
    assert path.stat().st_size < 1_500_000
    with Image.open(path) as picture:
        assert picture.is_animated and picture.width == 960
        assert picture.info["loop"] == 0
        frames, length = [], 0
        for i in range(picture.n_frames):
            picture.seek(i)
            picture.load()
            length += picture.info["duration"]
            if i % 24 == 12:
                frames.append(picture.convert("RGB"))
    assert length == 12_000
    assert len(frames) == 6
    apart = [ImageChops.difference(a, b) for a, b in itertools.pairwise(frames)]
    assert min(ImageStat.Stat(each.convert("L")).mean[0] for each in apart) > 0.3


def test_light_and_dark_are_what_they_say() -> None:
    """The ground of one is near white and of the other near black."""
    grounds = {scheme: Image.open(path).convert("RGB").getpixel((500, 45)) for scheme, path in PICTURES.items()}
    assert min(grounds["light"]) > 240 and max(grounds["dark"]) < 40


def test_it_heads_the_readme_with_a_description() -> None:
    """Both pictures are named before the first heading of a section, and the story is told to who cannot see it."""
    head = README.partition("\n## ")[0]
    (alt,) = re.findall(r'<img src="docs/pictures/routing_flow_light\.webp"[^>]* alt="([^"]+)"', head)
    assert 'srcset="docs/pictures/routing_flow_dark.webp"' in head
    told = " ".join(alt.split())
    for words in (
        "token 10 asks expert 0",
        "tokens 2, 5, 6 and 9, which came first",
        "weighted average of all 16 patches",
    ):
        assert words in told
