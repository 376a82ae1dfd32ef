"""The name under which a workspace's progress is handed in: drawn at random once, and made of nothing else."""

import re
import secrets
from pathlib import Path

from softmoe_edu.files import write_atomically

FILE = "pseudonym"
PSEUDONYM = re.compile(r"[0-9a-f]{16}")


def known_pseudonym(folder: Path) -> str:
    """Return the pseudonym that lies in a `.softmoe` folder, or "" where there is none that can be read."""
    try:
        with (folder / FILE).open("rb") as file:
            text = file.read(64).decode("ascii", "replace").strip()
    except OSError:
        return ""
    return text if PSEUDONYM.fullmatch(text) else ""


def pseudonym(folder: Path) -> str:
    """Return the pseudonym of a `.softmoe` folder, which stays the same from the first time on.

    Raises:
        OSError: If it cannot be kept there.
    """
    if known := known_pseudonym(folder):
        return known
    drawn = secrets.token_hex(8)
    write_atomically(folder / FILE, f"{drawn}\n".encode())
    return drawn
