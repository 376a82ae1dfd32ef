import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from softmoe_edu import lessons

CHECKOUT = Path(__file__).resolve().parents[1]
LESSON = "# %% [markdown]\n# # Look\n\n# %%\n1 + 1\n\n# %%\n1 + 1\n\n# %% tags=['shown']\n2 + 2\n"


@pytest.fixture
def source(tmp_path):
    """A folder that holds one lesson."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "00_look.ipynb").write_text("first version")
    return folder


@pytest.fixture
def workspace(tmp_path, source):
    """A workspace that has received the lesson."""
    folder = tmp_path / "workspace"
    lessons.deliver(folder, source)
    return folder


def text(folder, name="00_look.ipynb"):
    """Read one file of a workspace."""
    return (folder / name).read_text()


def ids(source):
    """Return the cell ids of a lesson."""
    return [cell.id for cell in nbformat.reads(lessons.build(source), 4).cells]


def test_pairs_agree():
    """Each committed .ipynb is, byte for byte, what its .py builds."""
    assert lessons.sync(CHECKOUT / "notebooks", check=True) == []


def test_every_lesson_installs_what_is_missing_and_nothing_else(monkeypatch):
    """The one cell below its opening, the same in all, runs pip where the package is not found, and only there."""
    asked = []
    shell = SimpleNamespace(run_line_magic=lambda *words: asked.append(words))
    for path in (CHECKOUT / "notebooks").glob("*.ipynb"):
        notebook = nbformat.read(path, 4)
        setup = [i for i, cell in enumerate(notebook.cells) if "setup" in cell.metadata.get("tags", [])]
        first = next(i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code")

        assert setup == [first] == [1], path.stem
        assert notebook.cells[1].source == lessons.SETUP
    assert len(lessons.SETUP.splitlines()) <= 6
    exec(lessons.SETUP, {"get_ipython": lambda: shell})
    assert asked == []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    exec(lessons.SETUP, {"get_ipython": lambda: shell})
    assert asked == [("pip", "install --quiet softmoe-edu")]


def test_a_lesson_without_an_opening_text_has_no_such_cell():
    """The cell stands below a text that says what the lesson is; code alone stays as it is."""
    assert len(ids("# %%\n1 + 1\n")) == 1 and len(ids("# %% [markdown]\n# Look\n\n# %%\n1 + 1\n")) == 3


def test_committed_lessons_hold_no_output():
    """No committed lesson holds an output or an execution count, whatever the builder does."""
    found = list((CHECKOUT / "notebooks").glob("*.ipynb"))
    cells = [cell for path in found for cell in json.loads(path.read_bytes())["cells"] if cell["cell_type"] == "code"]

    assert cells
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)


def test_committed_lessons_are_valid_with_unique_ids():
    """Each committed lesson is a valid notebook, and no cell id occurs twice in it."""
    for path in (CHECKOUT / "notebooks").glob("*.ipynb"):
        notebook = nbformat.read(path, 4)
        nbformat.validate(notebook)

        assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


def test_build_gives_the_same_bytes():
    """Building a lesson twice gives the same text, and equal cells still have ids of their own."""
    assert lessons.build(LESSON) == lessons.build(LESSON)
    assert len(set(ids(LESSON))) == 5


def test_build_keeps_tags_and_the_kernel_only():
    """Of the metadata, tags and the kernel reach the .ipynb."""
    notebook = json.loads(lessons.build(LESSON.replace("tags=", "collapsed=true tags=")))

    assert [cell["metadata"] for cell in notebook["cells"]] == [{}, {"tags": ["setup"]}, {}, {}, {"tags": ["shown"]}]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_an_edit_renames_one_cell():
    """Editing the first cell changes its id and no other; so does a cell put before all others."""
    edited = LESSON.replace("# # Look", "# # Look again")

    assert [a == b for a, b in zip(ids(LESSON), ids(edited), strict=True)] == [False, True, True, True, True]
    assert ids("# %%\nimport torch\n\n" + LESSON)[1:] == [id for i, id in enumerate(ids(LESSON)) if i != 1]


def test_sync_writes_what_check_accepts(tmp_path, capsys):
    """Sync writes a missing or edited pair once; check writes nothing and says what to do."""
    (tmp_path / "00_look.py").write_text(LESSON)

    assert lessons.sync(tmp_path, check=True) == ["00_look.ipynb is not what 00_look.py builds: run make sync"]
    assert not (tmp_path / "00_look.ipynb").exists()
    assert lessons.sync(tmp_path) == []
    assert lessons.sync(tmp_path, check=True) == []
    assert lessons.sync(tmp_path) == []
    assert capsys.readouterr().out == "wrote 00_look.ipynb\n"
    (tmp_path / "00_look.py").write_text(LESSON + "\n# %%\n3\n")
    assert len(lessons.sync(tmp_path, check=True)) == 1


def test_outputs_and_the_state_of_widgets_are_never_committed(tmp_path):
    """A lesson that JupyterLab saved with what its widgets hold fails the check, and sync takes all of it out."""
    (tmp_path / "00_look.py").write_text(LESSON)
    lessons.sync(tmp_path)
    pair = tmp_path / "00_look.ipynb"
    clean = pair.read_text()
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "7a"}, "text/html": "<p>a widget</p>"}
    output = {"output_type": "display_data", "data": view, "metadata": {}}
    held = {"application/vnd.jupyter.widget-state+json": {"state": {"7a": {}}, "version_major": 2, "version_minor": 0}}
    for change in ("state", "output"):
        notebook = json.loads(clean)
        if change == "state":
            notebook["metadata"]["widgets"] = held
        else:
            next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")["outputs"].append(output)
        pair.write_text(json.dumps(notebook))

        assert lessons.sync(tmp_path, check=True) == ["00_look.ipynb is not what 00_look.py builds: run make sync"]
        assert lessons.sync(tmp_path) == []
        assert pair.read_text() == clean


def test_sync_names_a_notebook_without_source(tmp_path):
    """An .ipynb without a .py is reported and left alone; a folder without a lesson is reported too."""
    assert lessons.sync(tmp_path) == [f"{tmp_path} holds no lesson: expected files such as 00_look_inside.py"]
    (tmp_path / "00_look.py").write_text(LESSON)
    (tmp_path / "mine.ipynb").write_text("mine")

    assert lessons.sync(tmp_path) == ["mine.ipynb has no mine.py: write the lesson there, or delete the .ipynb"]
    assert text(tmp_path, "mine.ipynb") == "mine"


def test_main_fails_with_the_sentences(tmp_path, monkeypatch):
    """The check of a checkout ends with the faults where there are some, and quietly else."""
    monkeypatch.setattr(lessons, "PACKAGE", tmp_path / "softmoe_edu")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00_look.py").write_text(LESSON)

    with pytest.raises(SystemExit, match="run make sync"):
        lessons.main(["--check"])
    with pytest.raises(SystemExit) as ended:
        lessons.main([])
    assert ended.value.code is None


def test_folder_is_the_wheels_or_the_checkouts(tmp_path, monkeypatch):
    """Lessons inside the package come first, then those of the checkout; without any a sentence says so."""
    package = tmp_path / "softmoe_edu"
    monkeypatch.setattr(lessons, "PACKAGE", package)

    with pytest.raises(FileNotFoundError, match=r"no lessons found in .*: install softmoe-edu again, or run make sync"):
        lessons.folder()
    for place in (tmp_path / "notebooks", package / "lessons"):
        place.mkdir(parents=True)
        (place / "00_look.ipynb").touch()
        assert lessons.folder() == place


def test_delivers_into_a_new_workspace(source, tmp_path):
    """The first delivery copies the .ipynb only, and says how many."""
    (source / "00_look.py").write_text(LESSON)
    workspace = tmp_path / "deep" / "workspace"

    assert lessons.deliver(workspace, source) == [f"1 lesson in {workspace}, 1 new (00_look)."]
    assert sorted(path.name for path in workspace.iterdir()) == [".softmoe", "00_look.ipynb"]
    assert lessons.deliver(workspace, source) == [f"1 lesson in {workspace}."]


def test_an_untouched_lesson_is_updated(source, workspace):
    """A lesson as it was delivered becomes the newer one, without a second file."""
    (source / "00_look.ipynb").write_text("second version")

    assert lessons.deliver(workspace, source) == [f"1 lesson in {workspace}, 1 updated (00_look)."]
    assert text(workspace) == "second version"
    assert len(list(workspace.glob("*.ipynb"))) == 1


def test_opening_a_lesson_is_no_change(source, workspace):
    """What JupyterLab writes of its own accord leaves a lesson untouched; an output or an edit does not."""
    (source / "00_look.ipynb").write_text(lessons.build(LESSON))
    lessons.deliver(workspace, source)
    notebook = json.loads(text(workspace))
    notebook["metadata"]["language_info"]["version"] = "3.11.7"
    (workspace / "00_look.ipynb").write_text(json.dumps(notebook))
    (source / "00_look.ipynb").write_text(lessons.build(LESSON + "\n# %%\n3\n"))

    assert "1 updated" in lessons.deliver(workspace, source)[0]
    notebook = json.loads(text(workspace))
    notebook["cells"][1]["execution_count"] = 1
    (workspace / "00_look.ipynb").write_text(json.dumps(notebook))
    (source / "00_look.ipynb").write_text(lessons.build(LESSON))
    assert "was kept" in lessons.deliver(workspace, source)[1]
    assert text(workspace) == json.dumps(notebook)


def test_a_changed_lesson_is_kept(source, workspace):
    """A learner's file stays as it is; the newer lesson comes beside it once, even after it was deleted there."""
    (workspace / "00_look.ipynb").write_text("my work")
    assert lessons.deliver(workspace, source) == [f"1 lesson in {workspace}."]
    (source / "00_look.ipynb").write_text("second version")

    assert lessons.deliver(workspace, source)[1:] == [
        "00_look.ipynb holds your work and was kept; the newer lesson is 00_look.new.ipynb, beside it."
    ]
    assert text(workspace) == "my work"
    assert text(workspace, "00_look.new.ipynb") == "second version"
    (workspace / "00_look.new.ipynb").unlink()
    assert lessons.deliver(workspace, source)[1:] == []
    assert not (workspace / "00_look.new.ipynb").exists()


def test_a_lesson_beside_is_never_overwritten_either(source, workspace):
    """The next newer lesson replaces an untouched one beside the learner's, and leaves a changed one alone."""
    (workspace / "00_look.ipynb").write_text("my work")
    for version in ("second version", "third version"):
        (source / "00_look.ipynb").write_text(version)
        lessons.deliver(workspace, source)
        assert text(workspace, "00_look.new.ipynb") == version
    (workspace / "00_look.new.ipynb").write_text("my other work")
    (source / "00_look.ipynb").write_text("fourth version")

    assert "00_look.new-2.ipynb" in lessons.deliver(workspace, source)[1]
    assert text(workspace) == "my work"
    assert text(workspace, "00_look.new.ipynb") == "my other work"
    assert text(workspace, "00_look.new-2.ipynb") == "fourth version"


def test_a_file_that_was_there_before_is_kept(source, tmp_path):
    """A file that happens to have a lesson's name is the learner's, with no manifest to say otherwise."""
    (tmp_path / "00_look.ipynb").write_text("my own file")

    assert "00_look.new.ipynb" in lessons.deliver(tmp_path, source)[1]
    assert text(tmp_path) == "my own file"


@pytest.mark.parametrize(
    "damage", ["{", "[]", '{"00_look.ipynb": 3}', b"\xff\xfe"], ids=["cut", "list", "int", "bytes"]
)
def test_a_damaged_manifest_is_kept_aside(source, workspace, damage):
    """Without a readable manifest nothing counts as untouched, and each damaged one is kept under its own name."""
    damaged = damage if isinstance(damage, bytes) else damage.encode()
    (source / "00_look.ipynb").write_text("second version")
    for name in ("delivered.damaged.json", "delivered.damaged-2.json"):
        (workspace / lessons.MANIFEST).write_bytes(damaged)
        report = lessons.deliver(workspace, source)

        assert "was damaged and is now" in report[1] and name in report[1]
        assert (workspace / ".softmoe" / name).read_bytes() == damaged
    assert text(workspace) == "first version"
    assert text(workspace, "00_look.new.ipynb") == "second version"
