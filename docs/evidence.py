"""The ledger of claims as a page of the docs, written from the records that come with the package.

python docs/evidence.py writes docs/evidence.md; --check says whether it is up to date.
"""

import sys
from pathlib import Path

from softmoe_edu.evidence import entries, page

PAGE = Path(__file__).resolve().parent / "evidence.md"


def main(args: list[str]) -> None:
    """Write the page, or with --check say whether it is what would be written."""
    if args not in ([], ["--check"]):
        sys.exit(__doc__)
    content = page(entries())
    if not args:
        PAGE.write_text(content, encoding="utf-8", newline="\n")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != content:
        sys.exit("docs/evidence.md is not what the claims and their records say: run python docs/evidence.py")


if __name__ == "__main__":
    main(sys.argv[1:])
