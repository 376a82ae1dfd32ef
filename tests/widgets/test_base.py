"""What all widgets share: an observer that raises is not lost, and a closed widget is let go."""

import gc
import weakref

import pytest

from softmoe_edu.widgets import CapacityExplorer


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
