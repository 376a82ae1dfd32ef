"""The colours of softmoe_edu/palette.py as a module of the widgets.

python js/palette.py writes js/shared/palette.js; --check says whether it is up to date.
"""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MODULE = ROOT / "js" / "shared" / "palette.js"
# Without the package, which would load torch.
PALETTE: dict[str, Any] = runpy.run_path(str(ROOT / "softmoe_edu" / "palette.py"))
HEAD = (
    "// Written by `python js/palette.py` from softmoe_edu/palette.py, which says why; edit that file, not this one.\n"
)


def rgb(colour: str) -> list[int]:
    """Split #rrggbb into its three numbers."""
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def module() -> str:
    """Build the module, as prettier would format it."""
    ramp = "".join(f"  {json.dumps(rgb(colour))},\n" for colour in PALETTE["RAMP"])
    return (
        f"{HEAD}\n/** Weights, from least to most, at even steps. */\nexport const RAMP_STEPS = [\n{ramp}];\n"
        f"/** Experts, models and parts of a layer. */\nexport const EXPERTS = {json.dumps(PALETTE['EXPERTS'])};\n"
        "/**\n * What takes the place of those that are too dark for a dark page.\n *\n"
        " * @type {Record<string, string>}\n */\n"
        f"export const ON_DARK = {{ {json.dumps(PALETTE['ON_DARK'])[1:-1]} }};\n"
    )


def main(args: list[str]) -> None:
    """Write the module, or with --check say whether it is what would be written."""
    if args not in ([], ["--check"]):
        sys.exit(__doc__)
    if not args:
        MODULE.write_text(module(), encoding="utf-8", newline="\n")
    elif not MODULE.exists() or MODULE.read_text(encoding="utf-8") != module():
        sys.exit("js/shared/palette.js is not what softmoe_edu/palette.py says: run python js/palette.py")


if __name__ == "__main__":
    main(sys.argv[1:])
