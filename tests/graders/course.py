"""A small lesson with four exercises, and what students hand in for it."""

import copy
import textwrap

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from softmoe_edu import lessons
from softmoe_edu.teaching.card import Card, Part, Vote
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.exports.lesson import read

NAME, EVERYTHING = "05_small", "06_everything"
POINTS = {id: find_exercise(id).points for id in ("soft-moe", "dispatch-weights", "combine-weights", "expert-capacity")}

SWAPPED = """
def soft_moe(x, phi, experts):
    logits = torch.einsum("bnd,dep->bnep", x, phi)
    dispatch = logits.flatten(2).softmax(-1).view_as(logits)
    slots = torch.einsum("bnep,bnd->bepd", dispatch, x)
    answers = torch.stack([f(slots[:, i]) for i, f in enumerate(experts)], 1)
    return torch.einsum("bnep,bepd->bnd", logits.softmax(1), answers)
"""
OVER_SLOTS = """
def dispatch_weights(logits):
    return logits.flatten(2).softmax(-1).view_as(logits)
"""
FLOAT32 = """
def dispatch_weights(logits):
    return logits.float().softmax(1)
"""
WARNS = """
def combine_weights(logits):
    import sys
    import warnings

    warnings.warn("look here")
    print("and here", file=sys.stderr)
    flat = logits.flatten(2)
    return (flat - flat.logsumexp(-1, keepdim=True)).exp().view_as(logits)
"""
ENDLESS = """
def expert_capacity(tokens, experts, k, factor, multiple_of=1):
    while True:
        tokens += 1
"""
# As extensions do that log what is run: before every cell, the graded ones too, something is written on stderr.
TALKATIVE = """
import math
import sys

import torch

get_ipython().events.register("pre_run_cell", lambda info: print("running", file=sys.stderr, flush=True))
"""
# With this setting no cell shows its last value, and to nbgrader a cell without a value is right.
SILENT = "import math\n\nimport torch\n\nget_ipython().ast_node_interactivity = 'none'"
LEAVES = """
def soft_moe(x, phi, experts):
    exit()
"""
# One call into C that holds the interpreter, as sum(range(10**15)) does, and leaves the processor to others: no signal
# and no exception reaches who waits for a lock that he has.
HANG = """
import ctypes
library, lock = ctypes.PyDLL(None), ctypes.create_string_buffer(128)
library.pthread_mutex_init(lock, None)
library.pthread_mutex_lock(lock)
library.pthread_mutex_lock(lock)
"""
HANGS = f"""
def dispatch_weights(logits):
{textwrap.indent(HANG.strip(), "    ")}
"""
LOOP = "while True:\n    pass"


def small_lesson(folder, ids=tuple(POINTS), name=NAME):
    """Write a lesson that is tagged as every lesson, and read it."""
    cells = [new_markdown_cell("# 05 · A small lesson"), new_code_cell("import math\n\nimport torch")]
    cells.append(new_code_cell("from softmoe_edu.teaching import check"))
    for i, id in enumerate(ids, 1):
        exercise = find_exercise(id)
        cells.append(new_markdown_cell(f"## {i} · ★ {exercise.title} ({exercise.minutes} min)"))
        cells.append(new_code_cell(exercise.stub, metadata={"tags": [f"exercise:{id}"]}))
        cells.append(new_code_cell(f'check("{id}", {exercise.name})', metadata={"tags": [f"check:{id}"]}))
    for i, cell in enumerate(cells):
        cell.id = f"cell-{i}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": lessons.KERNEL}), path)
    return read(path)


def cell(notebook, tag):
    """Return the cell with this tag."""
    (found,) = [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]
    return found


def card_of(lesson, **new):
    """Return an instructor's card for such a lesson."""
    exercises = [place.exercise for place in lesson.places]
    parts = [Part(f"{i} · {each.title}", cut_first=i > 1) for i, each in enumerate(exercises, 1)]
    vote = Vote("Which sums are 1?", ("all", "some"), "some", "each softmax has its axis", "Most may say all.")
    words = {"purpose": "Write a layer.", "hunt": {"M01": "Both."}, "stuck": {"Which axis?": "What is averaged?"}}
    return Card(**({"lesson": "05", "vote": vote, "parts": tuple(parts), "asked": {"Why?": "So."}} | words | new))


def submissions(handed_out):
    """Return the submissions of four students by name, made from the notebook that was handed out."""
    right, mixed, tampered = (copy.deepcopy(handed_out) for _ in range(3))
    for id in POINTS:
        cell(right, f"exercise:{id}").source = find_exercise(id).solution

    wrong = {"soft-moe": SWAPPED, "dispatch-weights": OVER_SLOTS, "combine-weights": WARNS, "expert-capacity": ENDLESS}
    for id, source in wrong.items():
        cell(mixed, f"exercise:{id}").source = source
    for notebook, source in ((mixed, TALKATIVE), (tampered, SILENT)):
        next(each for each in notebook.cells if each.source.startswith("import math")).source = source

    for id in POINTS:
        given = wrong[id] if "soft" in id or "dispatch" in id else find_exercise(id).solution
        cell(tampered, f"exercise:{id}").source = given
    # Of both, nbgrader would make full points: the last value is a report, and it is False.
    cell(tampered, "check:soft-moe").source = 'check("soft-moe", soft_moe)'
    cell(tampered, "check:dispatch-weights").source = "False"
    for id in ("combine-weights", "expert-capacity"):
        tampered.cells.remove(cell(tampered, f"check:{id}"))
    return {"ada": right, "ben": copy.deepcopy(handed_out), "cleo": mixed, "dan": tampered}


def with_loop(notebook):
    """Return the notebook with a cell that never ends inserted after the second answer."""
    looping = copy.deepcopy(notebook)
    after = looping.cells.index(cell(looping, "exercise:dispatch-weights"))
    looping.cells.insert(after + 1, new_code_cell(LOOP))
    return looping


def with_copies(right):
    """Return a correct notebook with cells copied, split and deleted as in JupyterLab: ids are repeated or missing."""
    copied = copy.deepcopy(right)

    def beside(tag, place, **changes):
        known = cell(copied, tag)
        twin = copy.deepcopy(known)
        twin.update(id=f"twin-{len(copied.cells)}", **changes)
        copied.cells.insert(copied.cells.index(known) + place, twin)

    beside("check:soft-moe", 1)
    beside("exercise:soft-moe", 0, source="# my first try\ndef soft_moe(x, phi, experts):\n    return x")
    head, _, body = cell(copied, "exercise:dispatch-weights").source.partition("\n")
    beside("exercise:dispatch-weights", 1, source=f"{head}\n{body}")
    copied.cells[copied.cells.index(cell_of(copied, head))].source = "first_half = 1"
    for tag in ("exercise:combine-weights", "check:combine-weights"):
        copied.cells.remove(cell(copied, tag))
    return copied


def cell_of(notebook, start):
    """Return the first cell whose source starts with this text."""
    return next(each for each in notebook.cells if each.source.startswith(start))
