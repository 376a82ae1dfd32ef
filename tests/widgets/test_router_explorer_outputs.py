"""How far each router moves a model's output: worked out in Python when the browser asks."""

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

from softmoe_edu.widgets.router_explorer import IN_BROWSER, RouterExplorer

OWN = torch.tensor([[3.0, 4.0], [6.0, 8.0]])


def answer(settings: dict | None) -> Tensor:
    """The model's output; by identity the first image's classes are swapped, by uniform nothing is known."""
    if settings is None or settings["router"] == "soft":
        return OWN
    if settings["router"] == "uniform":
        raise RuntimeError("<b>no</b>")
    return torch.stack([OWN[0].flip(0), settings["scale"] * OWN[1]])


def explorer(**settings: object) -> RouterExplorer:
    return RouterExplorer(torch.zeros(2, 3, 4), **settings)


def test_changes_are_shares_of_the_models_own_output() -> None:
    """(4, 3) is sqrt(2) away from (3, 4), of length 5; twice an output is its whole length away."""
    told = explorer(model_output=answer, scale=2.0)._outputs

    assert (told["own"], list(told["routers"])) == ([1, 1], list(IN_BROWSER))
    assert told["of"]["scale"] == 2.0
    assert told["routers"]["soft"] == {"change": [0.0, 0.0], "classes": [1, 1]}
    identity = told["routers"]["identity"]
    assert identity == {"change": [pytest.approx(2**0.5 / 5), pytest.approx(1.0)], "classes": [0, 1]}
    assert told["routers"]["uniform"] == {"error": "RuntimeError: <b>no</b>"}


def test_the_browser_asks_for_other_settings() -> None:
    """What it asks by is answered for, whatever router is in use; without a model nothing is."""
    widget = explorer(model_output=answer)
    widget._asked = widget.settings | {"scale": 3.0, "router": "uniform"}

    assert widget._outputs["of"]["scale"] == 3.0
    assert widget._outputs["routers"]["identity"]["change"][1] == pytest.approx(2.0)
    bare = explorer()
    bare._asked = bare.settings
    assert bare._outputs == {}


def test_the_browser_knows_what_python_is_needed_for(tmp_path: Path) -> None:
    """A notebook that is opened again says so, where a model was given; a saved page does not ask for one."""
    assert explorer(model_output=answer)._needs == "it runs your model for the routers side by side"
    assert explorer()._needs == ""
    page = explorer(model_output=answer).save_html(tmp_path / "page.html").read_text("utf-8")
    assert "it runs your model" not in page


def test_one_number_has_no_class() -> None:
    """A model that gives a number for each image has a change and no classes."""
    told = explorer(model_output=lambda settings: torch.ones(2) * (1 if settings is None else 2))._outputs

    assert told["own"] == told["routers"]["soft"]["classes"] == []
    assert told["routers"]["soft"]["change"] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("given", "error", "sentence"),
    [
        (3, TypeError, "model_output must be callable, settings -> (batch, ...), got int"),
        (lambda settings: torch.ones(3, 2), ValueError, "whose first axis is the 2 images, got (3, 2)"),
        (lambda settings: [1, 2], ValueError, "whose first axis is the 2 images, got list"),
        (lambda settings: torch.full((2, 2), float("nan")), ValueError, "must return finite numbers, got NaN"),
    ],
)
def test_what_is_no_models_output_gets_a_sentence(given: object, error: type, sentence: str) -> None:
    """At construction, before anything is drawn."""
    with pytest.raises(error, match=re.escape(sentence)):
        explorer(model_output=given)
