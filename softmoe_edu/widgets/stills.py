"""Small still pictures of what widgets show, as addresses that hold the image itself; no drawing library is loaded.

They are light on a light page and dark on a dark one: an `<img>` takes the colour scheme of the element around it.
"""

import base64
import html
import struct
import zlib
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from softmoe_edu.palette import DARK, EXPERTS, LIGHT, PARTS, RAMP

STOPS = [tuple(bytes.fromhex(colour[1:])) for colour in RAMP]

CLEAR = 255  # the entry of a PNG's palette that lets the page through
MOST_SIDE = 256
SIDE = 240
GAP = 12


def _variables(colours: Mapping[str, str]) -> str:
    return "".join(f"--{role}:{colour};" for role, colour in colours.items())


THEMES = f"svg{{{_variables(LIGHT)}fill:var(--text)}}@media (prefers-color-scheme:dark){{svg{{{_variables(DARK)}}}}}"


def map_still(*maps: NDArray[np.float32], least: float | None = None) -> str:
    """Return a PNG of maps side by side, each from its least to its most in viridis; pixels are cells.

    Of more cells than pixels, each pixel shows the largest that it covers, as the widgets' own maps do.

    Args:
        *maps: rows by columns of numbers.
        least: what the first colour stands for; None for the least number of each map.
    """
    drawn = [_levels(values, least) for values in maps]
    high = max(each.shape[0] for each in drawn)
    columns: list[NDArray[np.uint8]] = []
    for each in drawn:
        below = np.full((high - each.shape[0], each.shape[1]), CLEAR, np.uint8)
        columns += [np.concatenate([each, below]), np.full((high, GAP), CLEAR, np.uint8)]
    return _png(np.concatenate(columns[:-1], 1))


def scores_still(logits: bytes, sizes: Mapping[str, int], image: int) -> tuple[str, str]:
    """Return a PNG of the scores (b, n, e, p) of one image, and what it shows in words."""
    b, n, e, p = (sizes[letter] for letter in "bnep")
    scores = np.frombuffer(logits, np.float32).reshape(b, n, e * p)[image]
    return map_still(scores), f"The scores of image {image}: {n} tokens (rows) by {e} experts x {p} slots (columns)."


def curve_still(points: Sequence[tuple[float, float]], mark: tuple[float, float], across: str, up: str) -> str:
    """Return an SVG of a curve of shares over numbers from 0 on, with one point of it marked.

    Args:
        points: numbers with their shares, from left to right.
        mark: the marked point.
        across: what the numbers are.
        up: what the shares are.
    """
    most = max(x for x, _ in points)
    place = [(44 + 340 * x / most, 190 - 170 * y) for x, y in (*points, mark)]
    *line, (x, y) = place
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in line)
    return _svg(
        430,
        232,
        f'<path d="M44 20V190H384" fill="none" stroke="var(--line)"/>'
        f'<polyline points="{path}" fill="none" stroke="var(--text)" stroke-width="2"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{EXPERTS[0]}" stroke="var(--text)"/>'
        f'<text x="{x + 9:.1f}" y="{y - 7:.1f}">{mark[1]:.1%}</text>'
        f'<text x="38" y="24" text-anchor="end">100 %</text><text x="38" y="194" text-anchor="end">0 %</text>'
        f'<text x="44" y="206" text-anchor="middle">0</text>'
        f'<text x="384" y="206" text-anchor="middle">{most:g}</text>'
        f'<text x="214" y="222" text-anchor="middle">{across}</text><text x="44" y="12">{up}</text>',
    )


def bars_still(rows: Mapping[str, Sequence[tuple[Mapping[str, float], str]]]) -> str:
    """Return an SVG of bars that are cut into a layer's parts; those of a row share its scale.

    Args:
        rows: the title of each row with its bars from above down, each its parts in order and what stands behind it.
            The first bar of a row is the thick one.
    """
    names = list(dict.fromkeys(name for bars in rows.values() for parts, _ in bars for name in parts))
    shapes = [PATTERNS]
    x = 8.0
    for name in names:
        shapes.append(f'{_piece(x, 8, 13, 13, name)}<text x="{x + 18}" y="19">{escape(name)}</text>')
        x += 34 + 7 * len(name)
    top = 36
    for title, bars in rows.items():
        most = max(sum(parts.values()) for parts, _ in bars) or 1
        shapes.append(f'<text x="8" y="{top + 14}" font-weight="bold">{escape(title)}</text>')
        for index, (parts, words) in enumerate(bars):
            high = 12 if index else 20
            left: float = BARS
            for name, amount in parts.items():
                wide = LONG * amount / most
                shapes.append(_piece(left, top, wide, high, name))
                left += wide
            bold = "" if index else ' font-weight="bold"'
            shapes.append(
                f'<text x="{left + 7:.1f}" y="{top + high - 4 + 2 * (high < 20)}"{bold}>{escape(words)}</text>'
            )
            top += high + 3
        top += 10
    return _svg(580, top, "".join(shapes))


BARS, LONG = 138, 290

# Parts differ by pattern too, as in the widget, not by colour alone.
MARKS = (
    '<circle cx="2" cy="2" r="1.1" fill="#000"/>',
    '<path d="M-1 7L7 -1" stroke="#000" stroke-width="1.5"/>',
    "",
    '<path d="M-1 -1L7 7" stroke="#000" stroke-width="1.5"/>',
    '<path d="M3 0V6" stroke="#fff" stroke-width="1.5"/>',
)
PATTERNS = "".join(
    f'<pattern id="{name.replace(" ", "-")}" width="6" height="6" patternUnits="userSpaceOnUse">'
    f'<rect width="6" height="6" fill="{EXPERTS[colour]}"/>{mark}</pattern>'
    for (name, colour), mark in zip(PARTS.items(), MARKS, strict=True)
)


def _piece(x: float, y: float, wide: float, high: float, name: str) -> str:
    """Return a piece of a bar in the pattern of its part."""
    fill = name.replace(" ", "-")
    return (
        f'<rect x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{high}" fill="url(#{fill})" '
        f'stroke="var(--text)" stroke-width="0.7"><title>{escape(name)}</title></rect>'
    )


def interval_still(rows: Sequence[tuple[str, Sequence[float]]], across: str) -> str:
    """Return an SVG of means, one a row, each with its name, its interval and its number.

    Args:
        rows: names, each with its mean, or with its mean and both ends of its interval; at least one.
        across: what the means are.
    """
    ends = [each for _, numbers in rows for each in numbers]
    low, high = min(ends), max(ends)
    wide = high - low or 1.0

    def place(value: float) -> float:
        return 190 + 240 * (value - low) / wide

    drawn = []
    for i, (name, (mean, *interval)) in enumerate(rows):
        y = 34 + 22 * i
        if interval:
            left, right = map(place, interval)
            drawn.append(f'<path d="M{left:.1f} {y}H{right:.1f}" stroke="var(--line)" stroke-width="3"/>')
        drawn.append(
            f'<circle cx="{place(mean):.1f}" cy="{y}" r="5" fill="{EXPERTS[0]}" stroke="var(--text)"/>'
            f'<text x="178" y="{y + 4}" text-anchor="end">{html.escape(name[:28])}</text>'
            f'<text x="444" y="{y + 4}">{mean:.4g}</text>'
        )
    return _svg(510, 34 + 22 * len(rows), f'<text x="190" y="14">{html.escape(across)}</text>{"".join(drawn)}')


def _levels(values: NDArray[np.float32], least: float | None) -> NDArray[np.uint8]:
    """Return the colour of each pixel of a map as 0 to 254; CLEAR is none."""
    rows, columns = values.shape
    for axis, count in enumerate((rows, columns)):
        starts = np.unique(np.arange(min(count, MOST_SIDE)) * count // min(count, MOST_SIDE))
        values = np.maximum.reduceat(values, starts, axis)
    finite = values[np.isfinite(values)]
    low = (finite.min() if finite.size else 0.0) if least is None else least
    most = finite.max() if finite.size else 0.0
    shares = np.nan_to_num((values - low) / (most - low or 1.0), posinf=1, neginf=0)
    levels = (254 * shares.clip(0, 1)).round().astype(np.uint8)
    tall, wide = (max(1, SIDE // count) for count in levels.shape)
    return levels.repeat(min(tall, 2 * wide), 0).repeat(min(wide, 2 * tall), 1)


def _png(levels: NDArray[np.uint8]) -> str:
    palette = bytearray()
    for level in range(CLEAR):
        at = level / 254 * (len(STOPS) - 1)
        low = min(int(at), len(STOPS) - 2)
        palette += bytes(round(a + (at - low) * (b - a)) for a, b in zip(STOPS[low], STOPS[low + 1], strict=True))
    palette += bytes(3)
    rows = np.concatenate([np.zeros((len(levels), 1), np.uint8), levels], 1)  # each row begins with its filter, none
    high, wide = levels.shape
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 3, 0, 0, 0)),
        (b"PLTE", bytes(palette)),
        (b"tRNS", b"\xff" * CLEAR + b"\x00"),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def _svg(wide: int, high: int, shapes: str) -> str:
    page = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" font-family="sans-serif" '
        f'font-size="11"><style>{THEMES}</style><rect width="{wide}" height="{high}" fill="var(--page)"/>'
        f"{shapes}</svg>"
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(page.encode()).decode()}"
