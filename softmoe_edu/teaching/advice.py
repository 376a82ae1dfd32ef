"""The lines of a report: what was found, which mistake it looks like, and a next step that fits it."""

import torch

from softmoe_edu.teaching.exercise import Exercise, Finding, Mistake
from softmoe_edu.teaching.printed import Printed
from softmoe_edu.teaching.report import Report

Lines = tuple[tuple[str, str], ...]
FAR = "try your function on scores such as [1000, 0] and look at exp on the way"
NEXT = {
    "time": "run your function alone on a small input, and print in its loops",
    "no exit": "take the exit out; return or raise instead",
    "your own answer": "write out what that function does",
    "input left alone": "make a new tensor or list where you change this one",
    "large scores": FAR,
    "scores far apart": FAR,
    "one score far above": FAR,
    "six lines": "choose one line for each step, six in all, each once",
    "the lines run": "look which names each line needs, and whether a line above makes them",
}
SHAPES = ("shape", "size", "dimension", "einsum", "mat1", "broadcast", "subscript")


def lines_of(exercise: Exercise, failed: str, finding: Finding, mistake: Mistake | None, said: str) -> Lines:
    """Give (label, text) of what is to be read about the property that failed first."""
    words = [
        ("Should be", finding.should),
        ("Input", finding.given),
        ("Expected", finding.expected),
        ("Got", finding.got),
    ]
    if mistake:
        because = f"{mistake.refuted[:1].upper()}{mistake.refuted[1:]}"
        matches = "your answer is one that" if mistake.does.startswith("raises") else exercise.matches
        words.append(("Suspicion", f"{matches} {mistake.does}. {because}."))
    words.append(("Printed", said))
    start = "look at that step in your function" if mistake else _start(exercise, failed, finding)
    words.append(("Next", f'{start}; hint("{exercise.id}") helps'))
    return tuple((label, text) for label, text in words if text)


def _start(exercise: Exercise, failed: str, finding: Finding) -> str:
    got = finding.got
    if failed in ("time", "no exit", "your own answer"):
        return NEXT[failed]
    if failed == "signature":
        return f"begin with the line def {exercise.signature}: and give check the function that it makes"
    if got.startswith("None"):
        return "look where your function returns"
    if failed.startswith("accepts every right"):
        return "look what your check asks for that the task does not promise"
    if failed.startswith("rejects "):
        return "think of an input on which that one goes wrong, and ask for it"
    if got.startswith("SyntaxError"):
        return "give that line another place, or another line this place"
    if "these none yet" in got:
        return "write the case that is left out"
    if got.startswith(("NameError", "UnboundLocalError")) and "line" in got:
        return "look above that line for the one that gives the name its value"
    if "(in the line:" in got and "raise " in got.split("(in the line:")[1]:
        return "look at what leads to that line"
    if "(in the line:" in got or "(line " in got:
        what = "the shapes" if any(word in got.lower() for word in SHAPES) else "the values that it uses"
        return f"print {what} just before that line"
    if "written over" in got:
        return "make a new tensor where you write into one"
    if failed.startswith("gradient"):
        cut = "look for a step that autograd does not follow, such as detach, item or numbers of Python"
        return cut if got.startswith("none") else "go through your function: does a gradient flow through each step?"
    if failed in NEXT:
        return NEXT[failed]
    if isinstance(getattr(torch, finding.expected, None), torch.dtype):
        return "look at the dtypes on the way"
    if finding.expected.startswith("shape"):
        return "print the shapes on the way"
    if finding.expected and failed == "shape and dtype":
        return f"call {exercise.name} on a small input and look at what it returns"
    if finding.expected:
        return "work a small input through on paper, step by step"
    return f"call {exercise.name} yourself and look at what happens"


def last_words(printed: Printed) -> str:
    """Give the first line of what an answer printed, and how many there are."""
    first, *more = printed.text.splitlines() or [""]
    return f"{first} ... ({printed.lines} lines)" if more else first


def not_started(exercise: Exercise, stub: str, printed: Printed) -> Report:
    """Give the report on an answer that is still the stub, or that calls a function which is one."""
    todo = f"write {exercise.signature} in the cell above, run it, and run this one again"
    if stub not in (exercise.name, "<lambda>"):
        todo = f"{stub} raised NotImplementedError: write it first, run its cell, and run this one again"
    return Report(exercise.id, "not started", printed=printed.text, lines=(("Next", todo),))
