"""`softmoe-edu report`: print the report, and write it where it is asked for."""

import sys
from collections.abc import Sequence
from pathlib import Path

from softmoe_edu.teaching.class_report.page import write_page
from softmoe_edu.teaching.class_report.plain import text, write_csv
from softmoe_edu.teaching.class_report.report import report
from softmoe_edu.teaching.say import say
from softmoe_edu.text import plural


def main(paths: Sequence[str | Path], *, csv: Path | None = None, page: Path | None = None) -> None:
    """Print the report on files, folders and zips; exit with a sentence if none was read or one is missing."""
    found = report(paths)
    say(text(found).rstrip("\n"))
    try:
        if csv is not None and found.reading.hand_ins:
            written = write_csv(found, csv)
            say("", f"Wrote {plural(len(written), 'table')} into {csv}.")
        if page is not None and found.reading.hand_ins:
            write_page(found, page)
            say("", f"Wrote the page {page}: it names nobody.")
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    if found.reading.missing:
        sys.exit(f"{', '.join(found.reading.missing)}: not found; look at the name")
    if not found.reading.hand_ins:
        sys.exit("nothing was read: name the hand-ins of your class, or a folder or a zip that holds them")
