"""The letters: Latin, Greek and Cyrillic in the fonts of matplotlib, with one whole typeface kept for the test."""

import functools
import math
import unicodedata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from softmoe_edu.data.images import Images
from softmoe_edu.seeds import generator_of
from softmoe_edu.shapes import check_at_least, check_choice

SCRIPTS = ("LATIN", "GREEK", "CYRILLIC")
TYPEFACES = {
    "DejaVu Sans": ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
    "DejaVu Sans Mono": (
        "DejaVuSansMono",
        "DejaVuSansMono-Bold",
        "DejaVuSansMono-Oblique",
        "DejaVuSansMono-BoldOblique",
    ),
    "DejaVu Serif": ("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerif-BoldItalic"),
    "STIX General": ("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta"),
}
"""The fonts of each typeface: regular and bold, upright and slanted."""

SIZE, PATCH = 24, 6
# Glyphs are drawn larger than they are shown, so that turning them blurs nothing that is seen.
DRAWN, EM, BASELINE = 96, 64, 64


def letters(
    num_letters: int = 100,
    *,
    held_out: str = "DejaVu Serif",
    num_train: int = 20_000,
    num_test: int = 4_000,
    seed: int = 0,
) -> tuple[Images, Images]:
    """Return images (1, 24, 24) of one small letter each, 16 tokens of 36 pixels; the label is the letter.

    Test images are set in a typeface of which no training image shows a font. A letter is turned by up to 10 degrees,
    scaled by 0.85 to 1.1, sheared by up to 0.1 and shifted by up to 2 pixels, each drawn anew for every image, and 0
    is paper, 1 ink. Letters that look like another one in some font, such as Latin o and Greek omicron, are left out,
    and so are those with accents. `kinds` is the letter's script for each of its tokens: 0 Latin, 1 Greek, 2 Cyrillic.

    Args:
        num_letters: number of letters, drawn with the seed from those that all fonts tell apart.
        held_out: the typeface of the test images, a key of `TYPEFACES`.
        num_train: training images.
        num_test: test images.
        seed: of the letters, the fonts and the noise.

    Returns:
        (train, test).

    Raises:
        TypeError: a number is not a whole number.
        ValueError: a number is out of range, or there is no such typeface.
    """
    num_letters = check_at_least("num_letters", num_letters, 2)
    check_choice("held_out", held_out, tuple(TYPEFACES))
    known, glyphs = _drawn()
    if num_letters > len(known):
        raise ValueError(
            f"num_letters must be at most {len(known)}, which all fonts tell apart, got {num_letters}: ask for fewer"
        )
    generator = generator_of(seed)
    taken = torch.randperm(len(known), generator=generator, device="cpu")[:num_letters].sort().values
    script = torch.tensor([SCRIPTS.index(_script(known[i])) for i in taken.tolist()], device="cpu")
    fonts = [typeface for typeface, names in TYPEFACES.items() for _ in names]
    parts = []
    for name, size in (("num_train", num_train), ("num_test", num_test)):
        size = check_at_least(name, size)
        allowed = [i for i, typeface in enumerate(fonts) if (typeface == held_out) == (name == "num_test")]
        font = torch.tensor(allowed, device="cpu")[_whole(len(allowed), size, generator)]
        label = _whole(num_letters, size, generator)
        images = _moved(glyphs[font, taken[label]], generator)
        kinds = script[label][:, None].repeat(1, (SIZE // PATCH) ** 2)
        parts.append(Images(images, label, num_classes=num_letters, patch_size=PATCH, name="letters", kinds=kinds))
    train, test = parts
    return train, test


def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").split()[0]


def _whole(below: int, size: int, generator: torch.Generator) -> Tensor:
    return torch.randint(below, (size,), generator=generator, device="cpu")


@functools.cache
def _drawn() -> tuple[str, Tensor]:
    """Draw the letters that every font has and tells apart: their string, and (fonts, letters, 96, 96) from 0 to 1."""
    import matplotlib
    from matplotlib.ft2font import FT2Font

    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    fonts = [FT2Font(str(folder / f"{name}.ttf")) for names in TYPEFACES.values() for name in names]
    shared = set.intersection(*(set(font.get_charmap()) for font in fonts))
    wanted = [
        letter
        for letter in map(chr, sorted(shared))
        if unicodedata.category(letter) == "Ll"
        and not unicodedata.decomposition(letter)
        and _script(letter) in SCRIPTS
        and "WITH" not in unicodedata.name(letter)
    ]
    drawn = torch.stack([torch.stack([_draw(font, letter) for letter in wanted]) for font in fonts])
    # Nearer to another letter than its own pixels are many: the same outline, or all but the same.
    flat = drawn.flatten(2)
    apart = torch.cdist(flat, flat, compute_mode="donot_use_mm_for_euclid_dist")
    like = (apart < 0.25 * flat.norm(dim=2)[:, :, None]).any(0)
    kept: list[int] = []
    for i in range(len(wanted)):
        if not like[i, kept].any() and not like[kept, i].any():
            kept.append(i)
    return "".join(wanted[i] for i in kept), drawn[:, kept]


def _draw(font: Any, letter: str) -> Tensor:
    """Draw one letter on a square of 96 pixels: its baseline at a fixed height, its ink in the middle."""
    from matplotlib.ft2font import LoadFlags

    font.set_size(EM, 72)
    font.set_text(letter, flags=LoadFlags.NO_HINTING)
    font.draw_glyphs_to_bitmap(antialiased=True)
    ink = torch.tensor(font.get_image(), dtype=torch.float32, device="cpu") / 255
    below = math.ceil(font.get_descent() / 64)
    h, w = ink.shape
    top, left = BASELINE + below - h, (DRAWN - w) // 2
    square = torch.zeros(DRAWN, DRAWN, dtype=torch.float32, device="cpu")
    square[top : top + h, left : left + w] = ink
    return square


def _moved(glyphs: Tensor, generator: torch.Generator) -> Tensor:
    """Turn, scale, shear and shift each glyph (N, 96, 96) in its own way, and draw it at 24 x 24 pixels."""

    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(glyphs), generator=generator, dtype=torch.float32, device="cpu")

    turn, scale, shear = between(-1.0, 1.0) * math.radians(10), between(0.85, 1.1), between(-0.1, 0.1)
    along, down = between(-2.0, 2.0) * 2 / SIZE, between(-2.0, 2.0) * 2 / SIZE
    cos, sin = turn.cos() / scale, turn.sin() / scale
    rows = torch.stack([cos, sin + shear * cos, along, -sin, cos - shear * sin, down], 1).view(-1, 2, 3)
    images = []
    # In parts, because a glyph is sixteen times as large as its image.
    for glyph, moves in zip(glyphs.split(1000), rows.split(1000), strict=True):
        where = F.affine_grid(moves, [len(glyph), 1, DRAWN, DRAWN], align_corners=False)
        large = F.grid_sample(glyph[:, None], where, align_corners=False)
        images.append(F.avg_pool2d(large, DRAWN // SIZE))
    return torch.cat(images)
