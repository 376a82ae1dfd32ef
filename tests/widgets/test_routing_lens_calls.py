import re
from collections.abc import Callable
from functools import partial, wraps

import numpy as np
import pytest
import torch
from routing_lens_values import both, seven, weights_of
from torch import Tensor

from softmoe_edu.routing import SoftRouting
from softmoe_edu.widgets import RoutingLens

LOGITS = seven().logits


def test_a_function_is_shown_beside_its_reference() -> None:
    """Each as a router, with its own weights and the logits that both got."""

    def own(logits: Tensor) -> tuple[Tensor, Tensor]:
        return logits.softmax(2), logits.flatten(2).softmax(2).view_as(logits)

    lens = RoutingLens.of(own, LOGITS, reference=both, view="logits", expert=3)

    assert [entry["router"] for entry in lens._entries] == ["own", "reference"]
    assert (lens.router, lens.view, lens.expert) == ("own", "logits", 3)
    for entry, dispatch in zip(lens._entries, (own(LOGITS)[0], both(LOGITS)[0]), strict=True):
        np.testing.assert_array_equal(weights_of(entry, "dispatch", 1), dispatch[1].flatten(1).numpy())
        np.testing.assert_array_equal(np.frombuffer(entry["logits"], np.float32), LOGITS.numpy().ravel())


def test_wrong_weights_are_sent_as_they_are() -> None:
    """Negative, over 1, NaN and infinite alike; whole numbers and booleans are weights too."""
    dispatch = torch.randn(3, 7, 4, 2, generator=torch.Generator().manual_seed(1)) * 3
    dispatch[0, 0, 0, 0], dispatch[0, 1, 0, 0] = torch.nan, -torch.inf
    (entry,) = RoutingLens.of(lambda x: (dispatch, x > 0), LOGITS)._entries

    np.testing.assert_array_equal(weights_of(entry, "dispatch", 0), dispatch[0].flatten(1).numpy())
    np.testing.assert_array_equal(weights_of(entry, "combine", 2), (LOGITS[2] > 0).flatten(1).float().numpy())


def test_a_function_that_changes_the_logits_changes_only_its_own() -> None:
    """The reference and the view of logits get them as they were."""

    def careless(logits: Tensor) -> tuple[Tensor, Tensor]:
        logits.zero_()
        return both(logits)

    before = LOGITS.clone()
    own, reference = RoutingLens.of(careless, LOGITS, reference=both)._entries

    torch.testing.assert_close(LOGITS, before, rtol=0, atol=0)
    assert own["logits"] == reference["logits"]
    np.testing.assert_array_equal(weights_of(reference, "dispatch", 0), both(before)[0][0].flatten(1).numpy())


def unfinished(logits: Tensor) -> None:
    """What a learner starts from."""
    raise NotImplementedError


SHAPE = "own must return (dispatch, combine), each (b, n, e, p) = (3, 7, 4, 2), got "
FAULTS: dict[str, tuple[Callable, str]] = {
    "an error": (lambda x: x.softmax(9), "own raised IndexError: Dimension out of range (expected to be in range of"),
    "a stub": (unfinished, "own raised NotImplementedError"),
    "nothing": (lambda x: None, SHAPE + "NoneType: end it with return dispatch, combine"),
    "one tensor": (lambda x: x.softmax(1), SHAPE + "one tensor (3, 7, 4, 2): end it with return dispatch, combine"),
    "three": (lambda x: (x, x, x), SHAPE + "3 values: end it with return dispatch, combine"),
    "a list": (lambda x: (x, x.tolist()), SHAPE + "list for combine: give a tensor"),
    "complex": (lambda x: (x + 1j, x), SHAPE + "torch.complex64 for dispatch: give real numbers"),
    "flat": (lambda x: (x, x.flatten(2)), SHAPE + "combine (3, 7, 8): split the last axis with .unflatten(-1, (4, 2))"),
    "turned": (lambda x: (x.mT, x), SHAPE + "dispatch (3, 7, 2, 4): put its axes in the order of the logits"),
    "summed": (lambda x: (x.sum(1, keepdim=True), x), SHAPE + "dispatch (3, 1, 4, 2): a softmax keeps the shape"),
    "lost": (lambda x: (x, x.sum(3)), SHAPE + "combine (3, 7, 4): keep all four axes"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_drawn_is_a_sentence_in_the_widget(name: str) -> None:
    """The lens is made all the same, and the reference can be looked at."""
    function, text = FAULTS[name]
    lens = RoutingLens.of(function, LOGITS, reference=both)
    own, reference = lens._entries

    assert own["note"].startswith(text)
    assert "dispatch" not in own and "dispatch" in reference
    lens.router = "reference"
    lens.token = 6
    assert lens.token == 6


def failing(logits: Tensor) -> None:
    """A reference that does not work."""
    raise RuntimeError("broken")


WRONG = {
    "no function": (
        lambda: RoutingLens.of(both(LOGITS), LOGITS),
        TypeError,
        "got tuple: give the function, without call",
    ),
    "no logits": (
        lambda: RoutingLens.of(both, 3),
        ValueError,
        "logits must be a tensor (groups, tokens, experts, slots",
    ),
    "flat logits": (lambda: RoutingLens.of(both, LOGITS[0]), ValueError, "slots of an expert), got (7, 4, 2)"),
    "empty logits": (lambda: RoutingLens.of(both, LOGITS[:0]), ValueError, "slots of an expert), got (0, 7, 4, 2)"),
    "whole logits": (
        lambda: RoutingLens.of(both, LOGITS.long()),
        TypeError,
        "floating point, got torch.int64: convert",
    ),
    "a bad reference": (
        lambda: RoutingLens.of(both, LOGITS, reference=failing),
        ValueError,
        "reference raised RuntimeErr",
    ),
    "no reference": (
        lambda: RoutingLens.of(both, LOGITS, reference=1),
        TypeError,
        "reference must be a function logits",
    ),
    "a keyword": (
        lambda: RoutingLens.of(both, LOGITS, image=1),
        TypeError,
        "no keyword 'image': did you mean 'images'?",
    ),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", WRONG)
def test_what_no_learner_wrote_raises(name: str) -> None:
    """Logits, reference and keywords are the caller's."""
    make, kind, text = WRONG[name]

    with pytest.raises(kind, match=re.escape(text)):
        make()


def test_an_exception_tells_the_line_that_raised_it() -> None:
    """Of the learner's own file, not of the library below it."""

    def own(logits: Tensor) -> tuple[Tensor, Tensor]:
        return torch.softmax(logits, 9), logits  # the ninth axis

    note = RoutingLens.of(own, LOGITS)._entries[0]["note"]
    assert note.startswith("own raised IndexError: Dimension out of range")
    assert re.search(
        r"\(test_routing_lens_calls.py, line \d+: return torch.softmax\(logits, 9\), logits  # the ninth axis\)$", note
    )


class Method:
    """Own weights as an object that can be called."""

    def __call__(self, logits: Tensor, key: str = "x") -> tuple[Tensor, Tensor]:
        return {}[key]


def decorated(function: Callable) -> Callable:
    """A decorator of another file; here the wrapper is compiled as one."""
    names = {"function": function, "wraps": wraps}
    exec(compile("@wraps(function)\ndef wrapper(*all):\n    return function(*all)", "/other/file.py", "exec"), names)
    return names["wrapper"]


CALLED = {
    "a partial": partial(Method(), key="y"),
    "an object": Method(),
    "a method": Method().__call__,
    "a decorated function": decorated(lambda logits: {}["z"]),
}


@pytest.mark.parametrize("name", CALLED)
def test_whatever_is_called_tells_its_line(name: str) -> None:
    """Partials, objects, methods and decorated functions have lines as functions do."""
    note = RoutingLens.of(CALLED[name], LOGITS)._entries[0]["note"]

    assert re.fullmatch(r"own raised KeyError: '[xyz]' \(test_routing_lens_calls.py, line \d+: .*\[.*\].*\)", note)


@pytest.mark.parametrize("file", ["<string>", "/tmp/ipykernel_7/123.py"])
def test_a_line_without_a_file_or_its_text_is_told_by_its_number(file: str) -> None:
    """As of a cell, whose file has a made-up name."""
    names: dict[str, Callable] = {}
    exec(compile("def own(logits):\n    return logits['x']", file, "exec"), names)

    assert RoutingLens.of(names["own"], LOGITS)._entries[0]["note"].endswith(" (line 2)")


EMPTY = {
    (0, 7, 4, 2): "got 0 groups of 7 tokens, 4 experts of 2 slots and 0 images: skip the empty batch",
    (3, 0, 4, 2): "got 3 groups of 0 tokens, 4 experts of 2 slots and 3 images: skip the empty batch",
    (3, 7, 0, 2): "got 3 groups of 7 tokens, 0 experts of 2 slots and 3 images: give the router experts and slots",
    (3, 7, 4, 0): "got 3 groups of 7 tokens, 4 experts of 0 slots and 3 images: give the router experts and slots",
}


@pytest.mark.bad_input
@pytest.mark.parametrize("empty", EMPTY)
def test_an_empty_routing_gets_a_sentence(empty: tuple) -> None:
    """No group, token, expert or slot: there is nothing to draw, in a replay neither."""
    nothing = SoftRouting(torch.zeros(empty), torch.zeros(empty))

    for make in (lambda: RoutingLens(nothing), lambda: RoutingLens.replay({0: {"": nothing}})):
        with pytest.raises(ValueError, match=f"the routing must hold at least one of each, {EMPTY[empty]}$"):
            make()


@pytest.mark.bad_input
@pytest.mark.parametrize("size", [(0, 3, 8, 8), (3, 1, 0, 8), (3, 1, 8, 0)])
def test_empty_images_get_a_sentence(size: tuple) -> None:
    """No image, or images without pixels, have no smallest value."""
    with pytest.raises(ValueError, match=re.escape(f"at least one pixel, got {size}: skip the empty batch")):
        RoutingLens(seven(), torch.zeros(size))
