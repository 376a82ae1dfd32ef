"""The ledger of claims as a page of the docs, written from the records that come with the package.

python docs/evidence.py writes docs/evidence.md; --check says whether it is up to date.
"""

import sys
from pathlib import Path

from in_step import keep_in_step

from softmoe_edu.evidence import entries, page

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "evidence.md"


def main(args: list[str]) -> None:
    """Write the page, or with --check say whether it is what would be written."""
    keep_in_step(
        args,
        ROOT,
        {PAGE.relative_to(ROOT).as_posix(): page(entries())},
        "the claims and their records",
        "evidence.py",
        __doc__,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
