"""The lines of a report: what was found, which mistake it looks like, and a next step that fits it."""

from softmoe_edu.teaching.check.isolation.printed import Printed
from softmoe_edu.teaching.check.report import Report
from softmoe_edu.teaching.exercise import Exercise, Finding, Kind, Mistake

NEXT = {
    Kind.TOO_SLOW: "run your function alone on a small input, and print in its loops",
    Kind.LEAVES: "remove the exit; return or raise instead",
    Kind.BORROWED: "write out what that function does",
    Kind.SIGNATURE: "begin with the line def {signature}: and pass that function to check",
    Kind.NO_RESULT: "look where your function returns",
    Kind.UNWRITTEN: "write the missing case",
    Kind.NO_PYTHON: "move that line, or put another one in its place",
    Kind.NO_SUCH_NAME: "look above that line for the one that defines the name",
    Kind.RAISES: "look at what leads to that line",
    Kind.FAILS_ON_SHAPES: "print the shapes just before that line",
    Kind.FAILS_ON_VALUES: "print the values that it uses just before that line",
    Kind.STRUCTURE: "call {name} on a small input and look at what it returns",
    Kind.SHAPE: "print the shapes along the way",
    Kind.DTYPE: "print the dtypes along the way",
    Kind.WRITES_OVER: "make a new tensor instead of writing into one",
    Kind.CUTS_GRADIENT: "look for a step that autograd does not follow, such as detach, item or plain Python numbers",
}
AFTER_A_MISTAKE = "look at that step in your function"
ON_PAPER = "work a small input through on paper, step by step"
ELSE = "call {name} yourself and look at what happens"


def lines_of(
    exercise: Exercise, finding: Finding, mistake: Mistake | None, said: str, step: str
) -> tuple[tuple[str, str], ...]:
    """Return the report's (label, text) pairs on the property that failed first; step is its own next step."""
    words = [
        ("Should be", finding.should),
        ("Input", finding.given),
        ("Expected", finding.expected),
        ("Got", finding.got),
    ]
    if mistake:
        because = f"{mistake.refuted[:1].upper()}{mistake.refuted[1:]}"
        matches = "your function behaves like one that" if mistake.raises else exercise.matches
        words.append(("Suspicion", f"{matches} {mistake.does}. {because}."))
    words.append(("Printed", said))
    step = AFTER_A_MISTAKE if mistake else next_step(exercise, finding, step)
    words.append(("Next", f'{step}; hint("{exercise.id}") helps'))
    return tuple((label, text) for label, text in words if text)


def next_step(exercise: Exercise, finding: Finding, step: str = "") -> str:
    """Return what to do about a finding: by its kind, else its property's step, else by whether values differ."""
    if finding.kind not in NEXT and step:
        return step
    general = NEXT.get(finding.kind) or (ON_PAPER if finding.expected else ELSE)
    return general.format(name=exercise.name, signature=exercise.signature)


def last_words(printed: Printed) -> str:
    """Return the first line of what an answer printed, and how many there are."""
    first, *more = printed.text.splitlines() or [""]
    return f"{first} ... ({printed.lines} lines)" if more else first


def not_started(exercise: Exercise, stub: str, printed: Printed) -> Report:
    """Return the report on an answer that is still the stub, or that calls a function that is one."""
    todo = f"write {exercise.signature} in the cell above, run it, and run this one again"
    if stub not in (exercise.name, "<lambda>"):
        todo = f"{stub} raised NotImplementedError: write it first, run its cell, and run this one again"
    return Report(exercise.id, "not started", printed=printed.text, lines=(("Next", todo),))
