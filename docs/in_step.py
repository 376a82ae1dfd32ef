"""Write pages that are built from others, or say which of them is not what would be written."""

import sys
from collections.abc import Mapping
from pathlib import Path


def keep_in_step(
    args: list[str], root: Path, files: Mapping[str, str], what: str, script: str, usage: str | None
) -> None:
    """Write files, or with --check exit with a sentence where one is not up to date.

    Args:
        args: The command line: nothing, or --check.
        root: The folder that the files' names begin in.
        files: The content of each file.
        what: What they are built from, as the end of "is not what ... say".
        script: The script that builds them.
        usage: What is shown for any other command line.
    """
    if args not in ([], ["--check"]):
        sys.exit(usage)
    for name, content in files.items():
        path = root / name
        if not args:
            path.write_text(content, encoding="utf-8", newline="\n")
        elif not path.exists() or path.read_text(encoding="utf-8") != content:
            sys.exit(f"{name} is not what {what} say: run python docs/{script}")
