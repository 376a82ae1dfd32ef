import inspect
import re

import numpy as np
import pytest
import torch
from nodekit import JS
from routing_lens_values import pictures, soft, sparse, weights_of

from softmoe_edu.routing import SoftRouting
from softmoe_edu.widgets import RoutingLens, packing


@pytest.mark.parametrize("view", ["dispatch", "combine"])
def test_a_group_is_split_into_its_images_against_all_slots_of_the_group(view: str) -> None:
    """Image 3 is the second half of group 1: its four tokens' rows, and no other's."""
    routing = sparse()
    (entry,) = RoutingLens(routing, pictures())._entries

    assert "counts" in entry
    for image in range(4):
        expected = getattr(routing, view)[image // 2, image % 2 * 4 :][:4].flatten(1).numpy()
        np.testing.assert_array_equal(weights_of(entry, view, image), expected)


@pytest.mark.parametrize("view", ["dispatch", "combine"])
def test_dense_weights_arrive_unchanged(view: str) -> None:
    """A soft routing is sent whole, as float32."""
    routing = soft()
    (entry,) = RoutingLens(routing, pictures())._entries

    assert "counts" not in entry
    for image in range(4):
        np.testing.assert_array_equal(weights_of(entry, view, image), getattr(routing, view)[image].flatten(1).numpy())


def test_facts_of_a_sparse_routing_by_hand() -> None:
    """Dropped is 1, padding is 2; sums are over the group; the routing is known to be hard."""
    (entry,) = RoutingLens(sparse(), pictures())._entries

    fate = [0, 0, 0, 1, 0, 0, 1, 2, 0, 1, 1, 1, 1, 0, 0, 0]
    assert list(entry["fate"]) == fate
    assert np.frombuffer(entry["dispatch_sums"], np.float32).tolist() == [1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0]
    assert np.frombuffer(entry["combine_sums"], np.float32)[:4].tolist() == [0.5, 0.25, 0.0, 0.75]
    assert (entry["hard"], entry["images_per_group"], entry["combine_most"]) == (True, 2, 1.0)


def test_images_are_scaled_from_their_smallest_value_to_their_largest() -> None:
    """Three channels cross as bytes, channel last."""
    images = torch.tensor([[-1.0, 0.0], [1.0, 3.0]])[None, None].repeat(4, 3, 1, 1)
    images[:, 2] = -1.0
    lens = RoutingLens(soft(), images)

    assert list(lens._pictures["data"][:12]) == [0, 0, 0, 64, 64, 0, 128, 128, 0, 255, 255, 0]


def test_what_takes_gradients_or_half_precision_can_be_looked_at() -> None:
    """A recorded routing keeps its graph; the lens takes it as it is."""
    routing = soft().map(lambda x: x.bfloat16().requires_grad_())
    (entry,) = RoutingLens(routing)._entries

    expected = routing.dispatch[2].detach().float().flatten(1).numpy()
    np.testing.assert_array_equal(weights_of(entry, "dispatch", 2), expected)


def test_routers_that_group_the_same_examples_differently_share_one_lens() -> None:
    """Without images the router with most groups says what one example is."""
    lens = RoutingLens({"soft": {"a": soft()}, "sparse": {"a": sparse(), "b": sparse()}})

    assert [entry["tokens"] for entry in lens._entries] == [4, 4, 4]
    assert (lens.router, lens.layer, lens._count) == ("soft", "a", 4)
    assert repr(lens) == "RoutingLens(images=4, routers=['soft', 'sparse'], layers=['a'])"


def test_grids_of_patches() -> None:
    """Square unless a grid is given; none for tokens without images."""
    wide = pictures(4, 6, 12)

    assert RoutingLens(soft(), pictures())._entries[0]["grid"] == [2, 2]
    assert RoutingLens(soft(tokens=8), wide, grid=(2, 4))._entries[0]["grid"] == [2, 4]
    assert RoutingLens(soft())._entries[0]["grid"] == []


def test_more_slots_than_can_be_drawn_are_answered_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The layer stays in the lens, without weights."""
    monkeypatch.setattr(packing, "MOST_WEIGHTS", 6)
    wide = torch.full((1, 4, 1, 7), 0.25)
    lens = RoutingLens({"wide": SoftRouting(wide, wide), "small": soft(1)})

    assert lens._entries[0]["note"] == (
        "the routing 'wide' has 7 slots, and the lens draws at most 6 weights of an image: give each expert fewer slots"
    )
    assert "dispatch" not in lens._entries[0]
    assert "dispatch" in lens._entries[1]


def test_selection_follows_the_router_and_the_layer() -> None:
    """What another router does not have is freed, and a layer that it lacks gives way to its first."""
    few = SoftRouting(*[torch.full((4, 4, 1, 2), 0.25)] * 2)
    lens = RoutingLens({"soft": {"a": soft(), "b": soft()}, "few": {"a": few}}, layer="b", token=3, expert=1, slot=2)
    lens.router = "few"

    assert (lens.layer, lens.token, lens.expert, lens.slot) == ("a", 3, -1, -1)


def test_freeing_an_expert_frees_its_slot() -> None:
    """A slot is a slot of an expert."""
    lens = RoutingLens(soft(), expert=1, slot=2)
    lens.expert = -1

    assert lens.slot == -1


REFUSED = {
    "router": ("x", "router must be one of 'soft', got 'x'"),
    "layer": ("x", "layer must be one of 'a', got 'x'"),
    "image_index": (4, "image_index must be from 0 to 3, got 4"),
    "view": ("both", "view must be one of 'dispatch', 'combine', got 'both'"),
    "token": (4, "token must be from -1 to 3, got 4"),
    "expert": (-2, "expert must be from -1 to 1, got -2"),
    "slot": (0, "slot 0 needs its expert: set expert first, from 0 to 1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_trait_refuses_what_the_routing_does_not_have(name: str) -> None:
    """At construction and later alike, in a sentence; the trait keeps its value."""
    value, sentence = REFUSED[name]
    lens = RoutingLens({"soft": {"a": soft()}})
    before = getattr(lens, name)

    with pytest.raises(ValueError, match=re.escape(sentence)):
        setattr(lens, name, value)
    assert getattr(lens, name) == before
    with pytest.raises(ValueError, match=re.escape(sentence)):
        RoutingLens({"soft": {"a": soft()}}, **{name: value})


WRONG = {
    "a tensor": (lambda: RoutingLens(torch.ones(2)), "{router: {layer: Routing}}, got Tensor: collect them"),
    "a value that is none": (lambda: RoutingLens({"a": soft(), "b": 3}), "{router: {layer: Routing}}, got int at 'b'"),
    "a layer that is none": (lambda: RoutingLens({"r": {"a": [soft()]}}), "got list at 'a': give what the router"),
    "an empty dict": (lambda: RoutingLens({}), "at least one Routing, got none: run the model inside record(model)"),
    "an empty router": (lambda: RoutingLens({"r": {}}), "at least one Routing, got none: run the model inside"),
    "too few images": (lambda: RoutingLens(soft(), pictures(3)), "4 groups of 4 tokens, which do not divide over 3"),
    "no square": (lambda: RoutingLens(soft(tokens=8), pictures()), "8 tokens of an image do not make a square"),
    "another grid": (lambda: RoutingLens(soft(), pictures(), grid=(2, 3)), "each of an image's 4 tokens, got 2 x 3"),
    "odd pixels": (lambda: RoutingLens(soft(), pictures(4, 6, 5)), "2 x 2 equal patches, got 6 x 5 pixels"),
    "no channels": (lambda: RoutingLens(soft(), pictures()[:, 0]), "1 or 3 channels, height, width), got (4, 6, 6)"),
    "NaN pixels": (lambda: RoutingLens(soft(), pictures() / 0 * 0), "images must be finite, got NaN or infinity"),
    "labels": (
        lambda: RoutingLens(soft(), labels=["7"]),
        "labels must be one string or number for each of 4 images, got 1: give",
    ),
    "a keyword": (lambda: RoutingLens(soft(), image=pictures()), "no keyword 'image': did you mean 'images'? It takes"),
    "a far keyword": (lambda: RoutingLens(soft(), expert_index=1), "no keyword 'expert_index': did you mean"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_are_answered_with_a_sentence(name: str) -> None:
    """What was expected, what came, what to do."""
    make, sentence = WRONG[name]

    with pytest.raises((TypeError, ValueError), match=re.escape(sentence)):
        make()


@pytest.mark.bad_input
def test_more_bytes_than_a_page_takes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many images of a large layer would freeze the notebook."""
    monkeypatch.setattr(packing, "MOST_BYTES", 4 * 4 * 6 * 8 - 1)

    with pytest.raises(ValueError, match="give fewer images"):
        RoutingLens(soft())


def test_the_bytes_of_all_routings_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A routing that just fits is shown, and refused beside another one."""
    monkeypatch.setattr(packing, "MOST_BYTES", packing.size_of(RoutingLens(soft())._entries[0]))
    RoutingLens(soft())

    with pytest.raises(ValueError, match="give fewer images, layers or steps"):
        RoutingLens({"a": soft(), "b": soft()})


def test_every_synced_trait_is_read_by_the_script() -> None:
    """A trait that the script neither gets nor lists would do nothing."""
    own = {name for name, trait in RoutingLens.class_traits(sync=True).items() if trait.this_class is RoutingLens}

    assert own >= {"router", "layer", "image_index", "view", "token", "slot", "expert", "_entries"}
    read = re.findall(r'model\.get\("(\w+)"\)', RoutingLens._esm)
    assert own | {"_fault", "_needs"} == set(read)


def test_every_field_that_is_sent_is_read_by_the_script() -> None:
    """So is every field of an entry, whatever it has."""
    with_all = soft()
    with_all = SoftRouting(with_all.dispatch, with_all.combine, logits=with_all.dispatch.log())
    outputs = {"a": torch.ones(4, 4, 5)}
    lens = RoutingLens({"a": with_all, "b": sparse()}, pictures(), outputs=outputs)
    fields = lens._entries[0].keys() | lens._entries[1].keys() | lens._pictures.keys()

    # These are read by names that the script puts together.
    built = {f"{view}_{what}" for view in ("dispatch", "combine", "logits") for what in ("sums", "most", "least")}
    assert {"logits", "output", "counts", "output_most"} <= fields
    assert [name for name in sorted(fields - built) if not re.search(rf"\b{name}\b", RoutingLens._esm)] == []
    assert all(part in RoutingLens._esm for part in ("_sums`", "_most`", "_least`"))


def test_python_and_the_script_name_the_same_fields() -> None:
    """The type of what Python packs has the properties of the type that the script's checker reads, and no other."""
    script = (JS / "routing_lens" / "numbers.js").read_text("utf-8")
    (typedef,) = re.findall(r"@typedef \{object\} Entry\n(.*?)\*/", script, re.DOTALL)

    assert set(re.findall(r"@property \{.*?\} \[?(\w+)", typedef)) == set(packing.Entry.__annotations__)
    assert packing.Entry.__required_keys__ < set(packing.Entry.__annotations__)


def test_the_docstring_names_every_argument() -> None:
    """Nothing that the constructor takes is left unexplained."""
    arguments = set(inspect.signature(RoutingLens).parameters)
    explained = re.findall(r"^ {4}(\w+): ", inspect.getdoc(RoutingLens), re.MULTILINE)

    assert arguments - set(explained) == set()
