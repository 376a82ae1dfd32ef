"""Evidence for the papers' claims: each claim is run here, recorded, and given a verdict.

`run_claim("model-sizes", "records")` runs one; `softmoe-edu evidence` runs all of them and shows what was found.
`print(entry("dropping"))` shows one claim with the verdict that its record gives, `entries()` returns all of them, and
`RunBrowser()` shows them in a notebook.
"""

from typing import TYPE_CHECKING, Any

from softmoe_edu.evidence.catalogue import find_claim, names
from softmoe_edu.evidence.claim import Claim, Figures, Finding, Measured, Result, Settings, Verdict
from softmoe_edu.evidence.ledger import Entry, entries, entry, judged, page, table
from softmoe_edu.evidence.records import RECORDS, Record, RecordError, read_record, write_record
from softmoe_edu.evidence.runner import record_path, run_claim
from softmoe_edu.evidence.statistics import holm, mean_of, sign_test

if TYPE_CHECKING:
    from softmoe_edu.evidence.run_browser import RunBrowser as RunBrowser

__all__ = [
    "RECORDS",
    "Claim",
    "Entry",
    "Figures",
    "Finding",
    "Measured",
    "Record",
    "RecordError",
    "Result",
    "RunBrowser",
    "Settings",
    "Verdict",
    "entries",
    "entry",
    "find_claim",
    "holm",
    "judged",
    "mean_of",
    "names",
    "page",
    "read_record",
    "record_path",
    "run_claim",
    "sign_test",
    "table",
    "write_record",
]


def __getattr__(name: str) -> Any:
    """Load the widget when it is asked for: runs on another machine need no notebook."""
    if name != "RunBrowser":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from softmoe_edu.evidence.run_browser import RunBrowser

    return RunBrowser
