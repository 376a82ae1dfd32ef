"""Pictures of figures on a page: whether they arrived, and whether they are drawn to their edges."""

from playwright.sync_api import Locator

# A figure is cut to what is drawn on it and 11 pixels around it; letters without descenders leave a few more.
MOST_MARGIN = 24

# Size of a picture, and how many rows or columns at each side hold nothing but the colour of the corner.
LOOK = """async picture => {
    await picture.decode();
    const canvas = new OffscreenCanvas(picture.naturalWidth, picture.naturalHeight), { width, height } = canvas;
    const ctx = canvas.getContext("2d");
    ctx.fillStyle = "#fff";
    ctx.fillRect(0, 0, width, height);
    ctx.drawImage(picture, 0, 0);
    const pixels = new Uint32Array(ctx.getImageData(0, 0, width, height).data.buffer);
    let left = width, top = height, right = width, bottom = height;
    pixels.forEach((pixel, at) => {
        if (pixel === pixels[0]) return;
        const x = at % width, y = Math.floor(at / width);
        [left, top] = [Math.min(left, x), Math.min(top, y)];
        [right, bottom] = [Math.min(right, width - 1 - x), Math.min(bottom, height - 1 - y)];
    });
    return { width, height, margins: [left, top, right, bottom] };
}"""


def pictures(place: Locator) -> list[dict]:
    """Size and empty margins (left, top, right, bottom) of every figure's picture below a cell, in its own pixels."""
    return [picture.evaluate(LOOK) for picture in place.locator(".jp-OutputArea img").all()]


def blanks(found: list[dict]) -> list[dict]:
    """The pictures that have no size, or in which nothing is drawn near one of the edges."""
    return [each for each in found if not each["width"] * each["height"] or max(each["margins"]) > MOST_MARGIN]
