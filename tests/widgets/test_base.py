"""What all widgets share: an observer that raises is not lost, and a closed widget is let go."""

import gc
import inspect
import warnings
import weakref
from pathlib import Path

import pytest

from softmoe_edu.widgets import CapacityExplorer
from softmoe_edu.widgets.base import Instrument


def test_an_observer_that_raises_is_told_until_a_change_goes_well() -> None:
    """The exception still reaches the kernel's log; what Python itself sets raises where it was set."""
    widget = CapacityExplorer(4)

    def refuse(change: dict) -> None:
        if change["new"] == 7:
            raise ValueError("<b>seven</b>")

    widget.observe(refuse, "tokens")
    with pytest.raises(ValueError, match="seven"):
        widget.set_state({"tokens": 7})
    assert widget._fault == "Python raised ValueError: <b>seven</b>"
    widget.set_state({"tokens": 8})
    assert widget._fault == ""
    with pytest.raises(ValueError, match="seven"):
        widget.tokens = 7
    assert widget._fault == ""


def test_a_closed_widget_is_let_go() -> None:
    """A widget that was closed and is named nowhere leaves the memory, with all the bytes that it sent."""
    widget = CapacityExplorer(4)
    left = weakref.ref(widget)
    widget.close()
    del widget
    gc.collect()

    assert left() is None


def test_a_constructor_takes_its_traits_as_keywords() -> None:
    """The signature names each public trait once, with the default that the trait declares, and nothing private."""
    parameters = inspect.signature(CapacityExplorer).parameters
    traits = {name: trait for name, trait in CapacityExplorer.class_own_traits().items() if not name.startswith("_")}

    assert {name: one.default for name, one in parameters.items()} == {n: t.default() for n, t in traits.items()}
    assert next(iter(parameters)) == "num_experts"
    assert parameters["tokens"].kind is inspect.Parameter.KEYWORD_ONLY


def test_what_is_no_trait_is_refused() -> None:
    """Neither a private trait nor a misspelt one is taken in silence."""
    for name in ("_limits", "toknes"):
        with pytest.raises(TypeError, match=f"CapacityExplorer has no keyword '{name}': did you mean"):
            CapacityExplorer(4, **{name: 3})


def test_files_are_watched_only_for_who_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ANYWIDGET_HMR=1 anywidget gets the files themselves, which it then reads again when they change."""
    (tmp_path / "one.js").write_text("export default {}")
    kinds = {}
    for asked in ("", "1"):
        monkeypatch.setenv("ANYWIDGET_HMR", asked)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a missing watchfiles, which only reloading needs
            kinds[asked] = type("One", (Instrument,), {"_esm": tmp_path / "one.js"})

    assert kinds[""]._esm == "export default {}"
    assert not isinstance(kinds["1"]._esm, str) and str(kinds["1"]._esm) == "export default {}"
