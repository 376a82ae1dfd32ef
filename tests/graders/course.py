"""A small lesson with four exercises, and what students hand in for it."""

import copy
import itertools
import textwrap

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

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
# Each sets window.planted in a page that runs it; the second needs an address that does not answer.
PLANTS = (
    "<script>window.planted = 1</script>"
    '<img src="x" onerror="window.planted = 2">'
    "<iframe srcdoc='<script>parent.planted = 3</script>'></iframe>"
    f"{'long' * 100}"
)
SVG = "<svg xmlns='http://www.w3.org/2000/svg' onload='window.planted = 4'></svg>"
SHOWS = f"""
from IPython.display import display
for kind, plant in (("text/html", {PLANTS!r}), ("image/svg+xml", {SVG!r}), ("image/png", 'x">' + {PLANTS!r})):
    display({{kind: plant}}, raw=True)
"""


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
    """Return a correct notebook with cells copied, split, moved and deleted as in JupyterLab.

    The stub stands again below an answer; one answer is split inside its function; one stands at the end, with the stub
    and the check above it; one exercise is deleted with its check, and one check is there twice.
    """
    copied, numbers = copy.deepcopy(right), itertools.count()

    def twin(tag, **changes):
        made = copy.deepcopy(cell(right, tag))
        made.update(id=f"twin-{next(numbers)}", **changes)
        return made

    def below(tag, *cells):
        place = copied.cells.index(cell(copied, tag)) + 1
        copied.cells[place:place] = cells

    below("check:soft-moe", twin("check:soft-moe"))
    below("exercise:soft-moe", twin("exercise:soft-moe", source=find_exercise("soft-moe").stub))
    *lines, last = cell(copied, "exercise:dispatch-weights").source.splitlines()
    below("exercise:dispatch-weights", twin("exercise:dispatch-weights", source=last))
    copied.cells[copied.cells.index(cell_of(copied, "def dispatch_weights"))].source = "\n".join(lines)
    for tag in ("exercise:combine-weights", "check:combine-weights"):
        copied.cells.remove(cell(copied, tag))
    copied.cells.append(twin("exercise:expert-capacity"))
    cell_of(copied, "def expert_capacity").source = find_exercise("expert-capacity").stub
    return copied


def planted(notebook):
    """Return a notebook whose outputs and texts run scripts in the browser of whoever opens a page made from it."""
    own = copy.deepcopy(notebook)
    shown = [new_output("display_data", data) for data in ({"text/html": PLANTS}, {"image/svg+xml": SVG})]
    own.cells.insert(1, new_code_cell(SHOWS, outputs=shown))
    own.cells.insert(2, new_markdown_cell(f"I wrote this: {PLANTS}"))
    answer = cell(own, "exercise:combine-weights")
    answer.source = f"# {PLANTS}\n{answer.source}"
    return own


def cell_of(notebook, start):
    """Return the first cell whose source starts with this text."""
    return next(each for each in notebook.cells if each.source.startswith(start))
