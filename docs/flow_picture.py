"""Film one loop of the real widget for the README: python docs/flow_picture.py; needs playwright, Chromium and Pillow.

It opens the widget's saved page, goes from moment to moment by the page's link, and writes what the stage shows as an
animated WebP, once for light pages and once for dark ones.
"""

import base64
import io
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.browser import chromium  # noqa: E402  # a checkout's own folder
from softmoe_edu.widgets.routing_flow import SECONDS, RoutingFlow  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURES = ROOT / "docs" / "pictures"
WIDTH = 960
FRAMES_PER_SECOND = 12
# The page leaves 40 px beside its text, and the widget 12.
PAGE = {"width": WIDTH + 52, "height": 900}

# Goes to a moment, and gives the stage when it is painted.
SHOWN = """async t => {
  const frame = () => new Promise(requestAnimationFrame);
  const moment = `#t=${t}`;
  const clock = document.querySelector(".routing-flow [data-part=clock]");
  do {
    // The page writes its own moment there too, and on a busy machine later than ours.
    if (location.hash !== moment) location.hash = moment;
    await frame();
  } while (Math.abs(parseFloat(clock.textContent) - t) > 0.051);
  await frame();
  return document.querySelector(".routing-flow [data-part=stage]").toDataURL("image/png").split(",")[1];
}"""


def film(browser: "Browser", scheme: str, seconds: float = SECONDS, rate: int = FRAMES_PER_SECOND) -> list[Image.Image]:
    """Return the frames of the loop's first seconds in a light or dark page."""
    looks = {"viewport": PAGE, "color_scheme": scheme, "reduced_motion": "no-preference"}
    with tempfile.TemporaryDirectory() as folder, browser.new_context(**looks) as context:
        saved = RoutingFlow(playing=False).save_html(Path(folder) / "flow.html")
        page = context.new_page()
        page.goto(saved.as_uri())
        page.locator(".routing-flow [role=status]").filter(has_text="token").wait_for()
        frames = [page.evaluate(SHOWN, round(i / rate, 3)) for i in range(round(seconds * rate))]
        return [Image.open(io.BytesIO(base64.b64decode(frame))).convert("RGB") for frame in frames]


def write(frames: list[Image.Image], path: Path, rate: int = FRAMES_PER_SECOND) -> Path:
    """Write frames as a WebP that plays for ever."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *rest = frames
    # Each frame has its share of the whole, in whole milliseconds.
    ends = [round(1000 * (i + 1) / rate) for i in range(len(frames))]
    durations = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
    options = {"quality": 62, "method": 4, "minimize_size": False, "kmax": 24}
    first.save(path, save_all=True, append_images=rest, duration=durations, loop=0, **options)
    return path


def main() -> None:
    """Write both pictures and tell their sizes."""
    with chromium() as browser:
        for scheme in ("light", "dark"):
            path = write(film(browser, scheme), PICTURES / f"routing_flow_{scheme}.webp")
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
