"""The ledger: claim by claim what was found, built from the records and from nothing else."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from softmoe_edu.evidence.catalogue import find_claim, names
from softmoe_edu.evidence.claim import Claim, Finding, Measured, Verdict
from softmoe_edu.evidence.records import RECORDS, Record, RecordError, read_record, seeds_of
from softmoe_edu.evidence.runner import record_path
from softmoe_edu.evidence.tuning import at_an_end
from softmoe_edu.files import StrPath
from softmoe_edu.text import plural

HEAD = """<!-- Written by `softmoe-edu evidence --ledger docs/evidence.md`; edit the claims, not this page. -->
# Evidence: what was found of each claim

Every claim of the papers that this project repeats, what was done here to test it, and what was measured. A verdict is
worked out from the record of the runs each time this page is written; nothing on it is typed. Intervals are bootstrap
intervals at 95 % over the seeds. The verdicts mean:

- **{reproduced}**: measured here, and as the paper says.
- **{direction}**: the sign is that of the paper and the size is not.
- **{scale}**: no difference that the seeds could tell from chance; the paper's models are thousands of times larger.
- **{contradicted}**: measured here, and the other way round.
- **{untestable}**: nothing on a laptop could tell.

Rerun one claim with `softmoe-edu evidence NAME`, all of them with `softmoe-edu evidence`.
"""


@dataclass(frozen=True)
class Entry:
    """A claim with its record and what it says; printed, it reads as a lesson shows it.

    Attributes:
        name: the claim's id.
        claim: the claim itself.
        record: its runs, or None where there are none that can be used.
        finding: what they say, or None for the same reason.
        lacking: why there is no finding, as half a sentence.
    """

    name: str
    claim: Claim
    record: Record | None
    finding: Finding | None
    lacking: str = ""

    def __str__(self) -> str:
        """Return title, source and verdict, wrapped for a notebook."""
        if self.finding:
            said = f"Verdict: {self.finding.verdict}. {self.finding.reason}"
        else:
            said = f"Verdict: not measured yet: {self.lacking}"
        lines = textwrap.wrap(said, 88, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
        return "\n".join([self.claim.title, f"({self.claim.source})", *lines])


def judged(name: str, record: Record) -> Finding:
    """Return what a record says of its claim.

    Raises:
        RecordError: runs are missing, the runs are smoke runs, or there are too few seeds for a verdict.
    """
    claim = find_claim(name)
    if record.smoke:
        raise RecordError(
            f"the record of {name!r} holds smoke runs, which say nothing of the claim: run it without --smoke"
        )
    missing = record.missing(claim)
    if missing:
        raise RecordError(
            f"the record of {name!r} lacks {plural(len(missing), 'run')} of {len(missing) + len(record.results)}: "
            f"go on with softmoe-edu evidence {name}, in the same --folder"
        )
    # Where further runs follow from the first ones, as after tuning, the verdict rests on those.
    first = [dict(each) for each in claim.runs()] if claim.then else []
    seeds = seeds_of([each for each in record.results if dict(each.settings) not in first])
    if seeds < claim.least_seeds:
        raise RecordError(
            f"a verdict on {name!r} needs {plural(claim.least_seeds, 'seed')}, its record has {seeds}: "
            "add more to its runs"
        )
    return claim.judge(record.results)


def entry(name: str, folder: StrPath = RECORDS) -> Entry:
    """Return one claim with its record and verdict; where a record cannot be used, the entry says why.

    Raises:
        KeyError: there is no claim of this name.
    """
    claim, path = find_claim(name), record_path(folder, name)
    if not path.exists():
        return Entry(name, claim, None, None, f"softmoe-edu evidence {name} runs it")
    try:
        record = read_record(path, name)
        return Entry(name, claim, record, judged(name, record))
    except RecordError as error:
        return Entry(name, claim, None, None, str(error))


def entries(folder: StrPath = RECORDS) -> list[Entry]:
    """Return every claim with its record in a folder, judged; a claim that was not run has neither.

    Raises:
        RecordError: a record cannot be used.
    """
    found = []
    for name in names():
        path = record_path(folder, name)
        record = read_record(path, name) if path.exists() else None
        found.append(Entry(name, find_claim(name), record, judged(name, record) if record else None))
    return found


def table(found: Sequence[Entry]) -> str:
    """Return the verdicts as a plain table: one claim a line."""
    width = max(len(each.name) for each in found)
    verdicts = [str(each.finding.verdict) if each.finding else "not run" for each in found]
    wide = max(map(len, verdicts))
    return "\n".join(
        f"{each.name:{width}}  {verdict:{wide}}  {each.claim.title}"
        for each, verdict in zip(found, verdicts, strict=True)
    )


def page(found: Sequence[Entry]) -> str:
    """Return the ledger as Markdown: a table of verdicts, then each claim with its figures."""
    meanings = {"reproduced": Verdict.REPRODUCED, "direction": Verdict.DIRECTION, "scale": Verdict.NOT_AT_SCALE}
    meanings |= {"contradicted": Verdict.CONTRADICTED, "untestable": Verdict.UNTESTABLE}
    lines = [HEAD.format(**meanings), "| claim | verdict | source |", "| --- | --- | --- |"]
    for each in found:
        verdict = each.finding.verdict if each.finding else "not run yet"
        lines.append(f"| [{each.claim.title}](#{each.name}) | {verdict} | {each.claim.source} |")
    for each in found:
        lines += ["", *_section(each)]
    return "\n".join(lines) + "\n"


def shown(figure: Measured) -> str:
    """Return a figure with its interval and unit: "84.1 % (83.2 to 85.0)"."""
    unit = f" {figure.unit}" if figure.unit else ""
    if figure.low is None or figure.high is None:
        return f"{_number(figure.value)}{unit}"
    return f"{_number(figure.value)}{unit} ({_number(figure.low)} to {_number(figure.high)})"


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.4g}"


def _section(entry: Entry) -> list[str]:
    claim, record, finding = entry.claim, entry.record, entry.finding
    lines = [f'<a id="{entry.name}"></a>', f"## {claim.title}", ""]
    lines += [f"**The claim** ({claim.source}): {claim.says}", "", f"**What was done:** {claim.did}", ""]
    if record is None or finding is None:
        return [*lines, f"**Not run yet:** `softmoe-edu evidence {entry.name}`"]
    lines += [f"**Verdict: {finding.verdict}.** {finding.reason}", ""]
    if finding.measured:
        lines += ["| measured | value |", "| --- | --- |"]
        lines += [f"| {each.name} | {shown(each)} |" for each in finding.measured]
        lines.append("")
    ends, tuned = at_an_end(record.results)
    if ends:
        lines += [
            f"**Tuning:** {ends} of {plural(tuned, 'model')} did best at the lowest or highest learning rate that was "
            f"tried, and might do better at one that was not.",
            "",
        ]
    made, seeds = record.made, seeds_of(record.results)
    ran = plural(len(record.results), "run") + (f" with {plural(seeds, 'seed')}" if seeds else "")
    took = sum(each.seconds for each in record.results)
    lines.append(
        f"{ran}, {took:,.0f} s in all on {made['device_name']} ({made['device']}), PyTorch {made['torch']}, "
        f"Python {made['python']}. Again: `softmoe-edu evidence {entry.name}`"
    )
    return lines
