import inspect
import re

import numpy as np
import pytest
import torch
from torch import Tensor

from softmoe_edu.routing import Routing
from softmoe_edu.widgets import scores
from softmoe_edu.widgets.router_explorer import SETTINGS, RouterExplorer


def logits(*shape: int) -> Tensor:
    """Seeded scores: three images of six tokens, four experts of two slots, unless another shape is given."""
    return torch.randn(*(shape or (3, 6, 4, 2)), generator=torch.Generator().manual_seed(0))


def pictures(count: int = 3) -> Tensor:
    """Grey ramps of 4 x 6 pixels, two rows and three columns of patches."""
    return torch.linspace(0, 1, count * 24).view(count, 1, 4, 6)


def explorer(**settings: object) -> RouterExplorer:
    """A widget of the seeded scores."""
    return RouterExplorer(logits(), **settings)


@pytest.mark.parametrize("shape", [(3, 6, 4, 2), (3, 6, 4)])
def test_scores_cross_once_as_float32(shape: tuple) -> None:
    """Bytes in the order of the axes; without slots there is one for each expert."""
    given = logits(*shape).double().requires_grad_()
    widget = RouterExplorer(given)

    sent = np.frombuffer(widget._logits, np.float32).reshape(shape)
    np.testing.assert_array_equal(sent, given.detach().float().numpy())
    sizes = {"b": 3, "n": 6, "e": 4, "p": (*shape, 1)[3], "tokens": 6, "dim": 384, "hidden_dim": 1536}
    assert widget._sizes == sizes
    assert (widget._ids, widget._grid, widget._pictures) == ([], [], {})


def test_all_experts_and_slots_are_used_unless_told() -> None:
    """None means all; a number means the first ones."""
    assert (explorer().num_experts, explorer().slots_per_expert) == (4, 2)
    few = explorer(num_experts=3, slots_per_expert=1, dim=5, hidden_dim=11)
    assert (few.num_experts, few.slots_per_expert, few._sizes["dim"], few._sizes["hidden_dim"]) == (3, 1, 5, 11)


def test_images_grid_and_labels_are_packed() -> None:
    """Patches follow the grid, labels are strings."""
    widget = RouterExplorer(logits(), pictures(), grid=(2, 3), labels=[7, 8, 9])

    assert widget._grid == [2, 3]
    assert widget._labels == ["7", "8", "9"]
    assert (widget._pictures["height"], widget._pictures["width"]) == (4, 6)


def test_tokens_are_sampled_where_they_are_more_than_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evenly spaced tokens of every image are kept, and the page knows which."""
    monkeypatch.setattr(scores, "MOST_CELLS", 4 * 8 + 7)
    given = logits()
    widget = RouterExplorer(given, pictures(), grid=(2, 3))

    assert widget._ids == [0, 1, 3, 4]
    assert (widget._sizes["n"], widget._sizes["tokens"]) == (4, 6)
    np.testing.assert_array_equal(np.frombuffer(widget._logits, np.float32), given[:, widget._ids].flatten().numpy())
    with pytest.raises(ValueError, match="token must be from -1 to 3, got 4"):
        widget.token = 4


def test_a_batch_is_sampled_by_its_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three images of 8 scores for each token take 96 bytes a token."""
    monkeypatch.setattr(scores, "MOST_BYTES", 2 * 96)

    assert RouterExplorer(logits())._ids == [0, 3]


def test_settings_are_the_controls_and_pin_completes_them() -> None:
    """A pin holds every setting: what it is given, and the rest as it is now."""
    widget = explorer(router="tokens choice", top_k=2, scale=3)
    assert list(widget.settings) == list(SETTINGS)
    assert (widget.settings["top_k"], widget.settings["scale"], widget.settings["seed"]) == (2, 3.0, 0)

    widget.pinned = {"router": "identity", "num_experts": 1}
    assert widget.pinned == widget.settings | {"router": "identity", "num_experts": 1, "top_k": 1}
    widget.pinned = {}
    assert widget.pinned == {}


def test_fewer_experts_free_what_they_took_with_them() -> None:
    """top_k sinks with the experts, and a selected expert that is gone is freed with its slot."""
    widget = explorer(top_k=3, expert=2, slot=1)
    widget.num_experts = 2

    assert (widget.top_k, widget.expert, widget.slot) == (2, -1, -1)
    widget.expert, widget.slot = 1, 0
    widget.expert = -1
    assert widget.slot == -1


def test_experts_can_be_doubled_where_that_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to twice those that were scored, with all that is counted in experts; a large view keeps to its own."""
    widget = explorer(num_experts=8, top_k=8, expert=7, slot=1)
    assert (widget.num_experts, widget.top_k, widget.expert, widget.settings["num_experts"]) == (8, 8, 7, 8)
    widget.num_experts = 5
    assert (widget.top_k, widget.expert, widget.slot) == (5, -1, -1)

    monkeypatch.setattr(scores, "MOST_CELLS", 2 * 6 * 8 - 1)
    with pytest.raises(ValueError, match="num_experts must be from 1 to 4, got 5"):
        explorer(num_experts=5)


def test_the_repr_names_sizes_and_state() -> None:
    """No address, so that a saved notebook does not change."""
    expected = "RouterExplorer(images=3, tokens=6, experts=4, slots_per_expert=2, router='soft', step='score')"
    assert repr(explorer()) == expected


def test_no_capacity_at_all_is_a_setting() -> None:
    """None drops nothing, at construction, later and in the pin; no other number may be None."""
    widget = explorer(router="tokens choice", capacity_factor=None, pinned={"capacity_factor": None})
    assert widget.capacity_factor is widget.settings["capacity_factor"] is widget.pinned["capacity_factor"] is None

    widget.capacity_factor = 2
    assert widget.pinned["capacity_factor"] is None
    for name in ("scale", "top_k", "seed"):
        with pytest.raises(TypeError, match=f"{name} must be a (finite|whole) number, got None"):
            setattr(widget, name, None)
        with pytest.raises(TypeError, match=r"must be a (finite|whole) number, got None"):
            widget.pinned = {name: None}


REFUSED = {
    "router": ("hard", "router must be one of 'soft', 'tokens choice'"),
    "group": ("image", "group must be one of 'one image', 'whole batch', got 'image'"),
    "gating": ("x", "gating must be one of 'vmoe', 'switch'"),
    "priority": ("last", "priority must be one of 'position', 'gate', got 'last'"),
    "step": ("scores", "step must be one of 'score', 'normalise'"),
    "top_k": (5, "top_k must be at most num_experts=4, got 5: lower top_k"),
    "capacity_factor": (0.0, "capacity_factor must be from 0.01 to 100.0, got 0.0"),
    "num_experts": (9, "num_experts must be from 1 to 8, got 9"),
    "slots_per_expert": (3, "slots_per_expert must be from 1 to 2, got 3"),
    "scale": (-1.0, "scale must be from 0.0 to 1000.0, got -1.0"),
    "noise": (-0.5, "noise must be from 0.0 to 100.0, got -0.5"),
    "seed": (-1, "seed must be at least 0, got -1"),
    "image_index": (3, "image_index must be from 0 to 2, got 3"),
    "served": (-2, "served must be at least -1, got -2"),
    "token": (6, "token must be from -1 to 5, got 6"),
    "expert": (4, "expert must be from -1 to 3, got 4"),
    "slot": (0, "slot 0 needs its expert: set expert first, from 0 to 3"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_trait_refuses_what_the_scores_do_not_have(name: str) -> None:
    """At construction and later alike, in a sentence; the trait keeps its value."""
    value, sentence = REFUSED[name]
    widget = explorer()
    before = getattr(widget, name)

    with pytest.raises(ValueError, match=re.escape(sentence)):
        setattr(widget, name, value)
    assert getattr(widget, name) == before
    with pytest.raises(ValueError, match=re.escape(sentence)):
        explorer(**{name: value})


@pytest.mark.parametrize(
    ("pin", "sentence"),
    [
        ({"speed": 1}, "a name in pinned must be one of 'router', 'group'"),
        ({"router": "hard"}, "router in pinned must be one of 'soft'"),
        ({"num_experts": 9}, "num_experts in pinned must be from 1 to 8, got 9"),
        ({"num_experts": 1, "top_k": 2}, "top_k in pinned must be at most num_experts=1, got 2: lower top_k"),
    ],
)
def test_a_pin_refuses_what_no_setting_can_be(pin: dict, sentence: str) -> None:
    """A name, a word or a number that the controls do not know."""
    with pytest.raises(ValueError, match=re.escape(sentence)):
        explorer(pinned=pin)


def test_top_k_is_at_most_the_experts_in_use() -> None:
    """Not those that the scores have."""
    with pytest.raises(ValueError, match="top_k must be at most num_experts=2, got 3: lower top_k"):
        explorer(num_experts=2, top_k=3)


def nan() -> Tensor:
    """Scores with NaN in token 4 of image 1."""
    given = logits()
    given[1, 4, 0, 1] = torch.nan
    return given


WRONG = {
    "a list": (lambda: RouterExplorer([[1.0]]), "in a torch.Tensor, got list: convert with torch.as_tensor"),
    "two axes": (lambda: RouterExplorer(logits(6, 4)), "got (6, 4): add a batch axis with logits[None]"),
    "five axes": (lambda: RouterExplorer(logits(1, 1, 6, 4, 2)), "got (1, 1, 6, 4, 2): give the scores of one layer"),
    "whole numbers": (lambda: RouterExplorer(logits().long()), "got torch.int64: convert with logits.float()"),
    "an empty batch": (lambda: RouterExplorer(logits(0, 6, 4)), "at least one image, token, expert and slot, got (0,"),
    "no token": (lambda: RouterExplorer(logits(3, 0, 4)), "at least one image, token, expert and slot, got (3, 0, 4)"),
    "NaN": (lambda: RouterExplorer(nan()), "got NaN or infinity in 1 of 18 tokens, first in image 1, token 4"),
    "infinity": (lambda: RouterExplorer(logits() / 0), "got NaN or infinity in 18 of 18 tokens, first in image 0"),
    "a routing": (lambda: RouterExplorer(Routing), "in a torch.Tensor, got ABCMeta"),
    "images": (lambda: RouterExplorer(logits(), pictures(2), grid=(2, 3)), "the 3 images that were scored, got 2"),
    "no square": (lambda: RouterExplorer(logits(), pictures()), "6 tokens of an image do not make a square of patches"),
    "labels": (lambda: explorer(labels=["7"]), "labels must be one string or number for each of 3 images, got 1: give"),
    "dim": (lambda: explorer(dim=0), "dim must be at least 1, got 0"),
    "hidden_dim": (lambda: explorer(hidden_dim=0), "hidden_dim must be at least 1, got 0"),
    "a fraction": (lambda: explorer(top_k=1.5), "top_k must be a whole number, got 1.5"),
    "a word": (lambda: explorer(scale="2"), "scale must be a finite number, got '2' (str)"),
    "a keyword": (lambda: explorer(temperature=2.0), "RouterExplorer has no keyword 'temperature': did you mean"),
    "a near keyword": (lambda: explorer(topk=2), "no keyword 'topk': did you mean 'top_k'? It takes logits, images"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_are_answered_with_a_sentence(name: str) -> None:
    """What was expected, what came, what to do."""
    make, sentence = WRONG[name]

    with pytest.raises((TypeError, ValueError), match=re.escape(sentence)):
        make()


@pytest.mark.bad_input
def test_more_slots_than_can_be_drawn_for_one_token_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sampling tokens cannot help there."""
    monkeypatch.setattr(scores, "MOST_CELLS", 7)

    with pytest.raises(ValueError, match=r"at most 7 slots for a token .* got 8 slots for each token of 3 images"):
        RouterExplorer(logits())


def test_the_docstring_names_every_argument() -> None:
    """Nothing that the constructor takes is left unexplained."""
    arguments = set(inspect.signature(RouterExplorer).parameters)
    explained = re.findall(r"^ {4}(\w+): ", inspect.getdoc(RouterExplorer), re.MULTILINE)

    assert arguments - set(explained) == set()


@pytest.mark.bad_input
@pytest.mark.parametrize("images", [torch.rand(2, 9, 9), [1, 2]])
def test_images_of_a_wrong_kind_get_the_lens_sentence(images):
    """Images without a channel axis, or no images at all, are answered before anything is cut into patches."""
    with pytest.raises(ValueError, match=r"images must be \(images, 1 or 3 channels, height, width\), got \(2"):
        RouterExplorer(torch.randn(2, 9, 4), images)
