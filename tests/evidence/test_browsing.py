"""What the run browser gets of a record: settings, figures, means with intervals, and nothing mixed up."""

import json

import pytest
from runkit import EXPERTS, ROUTERS, SEEDS, STEPS, TASKS, large_record, made_record, mean, measured

from softmoe_edu.evidence import RECORDS, RecordError, browsing, mean_of, names, write_record
from softmoe_edu.evidence.browsing import packed, shelf_of
from softmoe_edu.evidence.records import read_record
from softmoe_edu.evidence.runner import record_path

COUNTED, TUNING = (packed(made_record())["kinds"][kind] for kind in ("counted", "tuning"))


def setting(kind: dict, name: str) -> dict:
    return next(each for each in kind["settings"] if each["name"] == name)


def cell(kind: dict, **wanted: str) -> int:
    """The cell whose settings have these values, as they are told."""
    order = [each["name"] for each in kind["settings"]]
    for at, key in enumerate(kind["cells"]):
        told = {name: kind["settings"][i]["values"][key[i]] for i, name in enumerate(order)}
        if wanted.items() <= told.items():
            return at
    raise LookupError(wanted)


def test_settings_that_differ_can_be_chosen_and_the_others_are_named():
    """Words keep their order and numbers are sorted; the seed and the mark of tuning are no choices."""
    assert [each["name"] for each in COUNTED["settings"]] == ["task", "router", "experts", "rate"]
    assert setting(COUNTED, "router") == {
        "name": "router", "label": "router", "values": list(ROUTERS), "numbers": None,
    }  # fmt: skip
    assert setting(COUNTED, "experts")["numbers"] == list(EXPERTS)
    assert COUNTED["same"] == [["steps", str(STEPS)]]
    assert COUNTED["seeds"] == "seed"


def test_figures_are_numbers_and_lists_of_numbers():
    """Words are left out; a curve is over the steps, another list is not, and the seconds of a run are a figure."""
    found = {each["name"]: (each["length"], each["steps"]) for each in COUNTED["figures"]}
    assert found == {
        "accuracy": (0, False), "macs": (0, False), "dropped": (0, False), "curve": (4, True), "bins": (3, False),
        "took": (0, False),
    }  # fmt: skip


def test_tuning_is_told_apart():
    """No seed of one kind is among the other's, and each kind has as many cells as it has."""
    assert {seed for seeds in COUNTED["seeds_of"] for seed in seeds} == set(range(SEEDS))
    assert {seed for seeds in TUNING["seeds_of"] for seed in seeds} == {1000, 1001}
    assert (len(COUNTED["cells"]), len(TUNING["cells"])) == (18, 36)
    assert packed(made_record())["kinds"].keys() == {"counted", "tuning"}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("router", ROUTERS)
@pytest.mark.parametrize("experts", EXPERTS)
def test_a_mean_has_the_interval_of_statistics(task, router, experts):
    """Of each cell: its own runs alone, in the order of its seeds, and the interval of `mean_of`."""
    at = cell(COUNTED, task=task, router=router, experts=str(experts))
    values = [measured(task, router, experts, seed)["accuracy"] for seed in range(SEEDS)]
    wanted = mean_of("accuracy", values)

    assert COUNTED["runs"]["accuracy"][at] == pytest.approx(values)
    assert COUNTED["means"]["accuracy"][at] == pytest.approx([mean(task, router, experts), wanted.low, wanted.high])
    curve = COUNTED["means"]["curve"][at]
    assert [each[0] for each in curve] == pytest.approx([wanted.value * share / 4 for share in range(1, 5)], rel=5e-4)
    assert curve[-1][1:] == pytest.approx([wanted.low, wanted.high], rel=5e-4)


def test_two_seeds_have_a_mean_and_no_interval():
    """Runs of tuning are too few for an interval over seeds."""
    assert all(len(each) == 1 for each in TUNING["means"]["accuracy"])


def test_a_figure_that_a_run_does_not_have_has_no_mean():
    """A dense model drops nothing, and no number stands in for it; what all seeds measured alike is sent once."""
    dense, soft = (cell(COUNTED, task="digits", router=router, experts="4") for router in ("dense", "soft"))
    assert COUNTED["means"]["dropped"][dense] is None
    assert COUNTED["runs"]["dropped"][soft] == 0.125
    assert COUNTED["means"]["dropped"][soft] == [0.125, 0.125, 0.125]


def test_a_plot_tells_every_cell_apart():
    """Whatever tells lines apart and whatever is x: no two cells share a line, an x and the rest of the settings."""
    seen = 0
    for name in [each.stem for each in RECORDS.glob("*.json")] + [""]:
        record = packed(read_record(record_path(RECORDS, name), name) if name else made_record())
        for kind in record["kinds"].values():
            order = [each["name"] for each in kind["settings"]]
            for lines, plots in kind["plots"].items():
                for x, plot in plots.items():
                    shown = [order.index(each) for each in (lines, x) if each]
                    keys = [(*(key[i] for i in shown), plot["of"][at]) for at, key in enumerate(kind["cells"])]
                    assert len(set(keys)) == len(keys), (name, lines, x)
                    assert sorted(set(plot["of"])) == list(range(len(plot["where"])))
                    seen += 1
    assert seen > 20


def test_what_tuning_chose_is_no_choice_of_its_own():
    """The rate follows from the model where runs count; it is what tuning is drawn over."""
    assert COUNTED["plots"]["router"]["experts"]["where"] == list(TASKS)
    assert COUNTED["plots"]["router"][""]["where"][:2] == ["digits, experts 2", "digits, experts 4"]
    assert "rate" not in COUNTED["plots"] and "rate" not in COUNTED["plots"]["router"]
    assert "rate" in TUNING["plots"]["router"]
    assert COUNTED["first"] == {"figure": "accuracy", "lines": "router", "x": "experts"}
    assert TUNING["first"] == {"figure": "accuracy", "lines": "router", "x": "rate"}


def test_a_record_that_cannot_be_judged_says_why():
    """Its runs are shown all the same; a verdict is never made up."""
    found = packed(made_record())
    assert found["verdict"] == "no verdict yet"
    assert "does not match its configuration" in found["reason"]


@pytest.mark.parametrize("name", [each.stem for each in sorted(RECORDS.glob("*.json"))])
def test_every_record_of_the_package_is_read(name):
    """Each has a verdict, and what is drawn first has runs."""
    record = packed(read_record(record_path(RECORDS, name), name))
    (kind,) = [kind for name, kind in record["kinds"].items() if name == "counted"]
    first = kind["first"]

    assert record["verdict"] != "no verdict yet"
    assert first["x"] in kind["plots"][first["lines"]]
    assert any(each is not None for each in kind["means"][first["figure"]])


@pytest.fixture
def small_page(monkeypatch):
    """A page with less room, so that records need not be large to be too large."""
    monkeypatch.setattr(browsing, "MOST_BYTES", 13_000)


@pytest.mark.usefixtures("small_page")
def test_large_records_lose_their_single_curves_first(tmp_path):
    """Together they fit into a page: means stay, numbers of single runs stay, and what is missing is said."""
    write_record(tmp_path / "accuracy.json", large_record("accuracy", 4, 12, 30))
    write_record(tmp_path / "causality.json", large_record("causality", 4, 12, 20))
    write_record(tmp_path / "determinism.json", large_record("determinism", 4, 12, 2))
    shelf = shelf_of(tmp_path)
    kinds = [each["kinds"]["counted"] for each in shelf]

    assert len(json.dumps(shelf, separators=(",", ":"))) <= browsing.MOST_BYTES
    assert kinds[0]["runs"]["curve"] is None
    assert "Curves of single runs are left out" in shelf[0]["left_out"]
    assert kinds[2]["runs"]["curve"] is not None and not shelf[2]["left_out"]
    assert all(len(each["means"]["curve"]) == 4 and each["runs"]["took"] for each in kinds)


@pytest.mark.usefixtures("small_page")
def test_the_claim_that_is_looked_at_keeps_its_runs(tmp_path):
    """Others lose theirs first, even where they are smaller."""
    write_record(tmp_path / "accuracy.json", large_record("accuracy", 4, 6, 30))
    write_record(tmp_path / "causality.json", large_record("causality", 4, 6, 25))
    for first, lost in (("accuracy", "causality"), ("causality", "accuracy")):
        runs = {each["claim"]: each["kinds"]["counted"]["runs"]["curve"] for each in shelf_of(tmp_path, first)}
        assert runs[first] is not None and runs[lost] is None


def test_a_folder_without_records_says_what_to_do(tmp_path):
    """An empty folder, and one with smoke runs alone, which say nothing of a claim."""
    with pytest.raises(FileNotFoundError, match=r"there is no record in .*: run softmoe-edu evidence --folder"):
        shelf_of(tmp_path)
    write_record(record_path(tmp_path, "accuracy", smoke=True), made_record())
    with pytest.raises(FileNotFoundError, match="there is no record"):
        shelf_of(tmp_path)


def test_a_damaged_record_is_named(tmp_path):
    """It is not passed over: the file is named."""
    (tmp_path / "causality.json").write_text("{")
    with pytest.raises(RecordError, match=r"causality\.json.*cannot be read"):
        shelf_of(tmp_path)


def test_claims_are_in_their_order(tmp_path):
    """Those without a record are left out."""
    for name in ("model-sizes", "accuracy"):
        write_record(tmp_path / f"{name}.json", made_record(name))
    assert [each["claim"] for each in shelf_of(tmp_path)] == ["accuracy", "model-sizes"]
    assert names().index("accuracy") < names().index("model-sizes")
