"""What users give to widgets: numbers, labels, words, pictures and text of every kind, and what stays of them."""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from routing_lens_values import both, soft

from softmoe_edu.routing import SoftRouting
from softmoe_edu.widgets import CapacityExplorer, CausalityExplorer, CostExplorer, RouterExplorer, RoutingLens
from softmoe_edu.widgets.base import Instrument
from softmoe_edu.widgets.inputs import grid_of, images_of, labels_of, plain, text, words_of

pytestmark = pytest.mark.bad_input

LOGITS = torch.randn(4, 4, 2, 3, generator=torch.Generator().manual_seed(0))
TOKENS = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))


def lens(**more: object) -> RoutingLens:
    return RoutingLens(soft(), **more)


def explorer(**more: object) -> RouterExplorer:
    return RouterExplorer(LOGITS, **more)


def causality(**more: object) -> CausalityExplorer:
    return CausalityExplorer(lambda x: x.cumsum(1), TOKENS, **more)


MAKERS = {"lens": lens, "router": explorer, "cost": CostExplorer, "capacity": CapacityExplorer, "causality": causality}


class Series:
    """A column of a table: a sequence without truth, indexed by names, like that of pandas."""

    def __init__(self, values: list) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator:
        return iter(self.values)

    def __bool__(self) -> bool:
        raise ValueError("the truth of a Series is ambiguous")


LABELS = {
    "list": [3, 1, 4, 1],
    "tuple": ("3", "1", "4", "1"),
    "tensor": torch.tensor([3, 1, 4, 1]),
    "tensor of bytes": torch.tensor([3, 1, 4, 1], dtype=torch.uint8),
    "tensors": list(torch.tensor([3, 1, 4, 1])),
    "array": np.array([3, 1, 4, 1]),
    "array of strings": np.array(["3", "1", "4", "1"]),
    "array of objects": np.array(["3", 1, np.int8(4), "1"], dtype=object),
    "range": range(4),
    "series": Series([np.int64(3), 1, "4", torch.tensor(1)]),
    "generator": lambda: (label for label in (3, 1, 4, 1)),
    "map": lambda: map(str, (3, 1, 4, 1)),
    "values of a dict": {"a": 3, "b": 1, "c": 4, "d": 1}.values(),
}


@pytest.mark.parametrize("make", [lens, explorer])
@pytest.mark.parametrize("kind", LABELS)
def test_labels_may_be_any_iterable_with_an_order(kind: str, make: Callable) -> None:
    """Each image has its label, as text without the type around it."""
    labels = LABELS[kind]() if callable(LABELS[kind]) else LABELS[kind]
    expected = ["0", "1", "2", "3"] if kind == "range" else ["3", "1", "4", "1"]
    assert make(labels=labels)._labels == expected


def test_labels_that_are_no_whole_numbers_keep_their_digits() -> None:
    """Floats of every library, signs and truth values are told as Python tells them."""
    assert labels_of(np.array([0.5, -1.25]), 2) == ["0.5", "-1.25"]
    assert labels_of(torch.tensor([0.5, -1.25], dtype=torch.bfloat16), 2) == ["0.5", "-1.25"]
    assert labels_of([np.float64(0.1), True], 2) == ["0.1", "True"]
    assert labels_of([], 0) == labels_of(None, 3) == []


WRONG_LABELS = {
    "too few": ([1, 2], "got 2: give those of the images shown"),
    "too many": (torch.arange(9), "got 9: give"),
    "endless": (itertools.count(), "got 5 or more: give"),
    "read before": (iter(()), "got 0: an iterator is empty once it has been read"),
    "a string": ("abcd", "got the single string 'abcd': give a list of strings"),
    "a dict": (dict.fromkeys("abcd"), "got a dict: give a list in the order of the images"),
    "a set": (set("abcd"), "got a set: give a list in the order of the images"),
    "a number": (4, "got 4: give a list"),
    "a tensor without axes": (torch.tensor(4), "got tensor(4): give a list"),
    "one-hot rows": (
        torch.eye(4),
        "got [1.0, 0.0, 0.0, 0.0] (list) among them: take the class of each row",
    ),
    "one-hot array": (np.eye(4), "(ndarray) among them: take the class of each row with labels.argmax(1)"),
    "none of them": ([1, None, 2, 3], "got None (NoneType) among them: make it a string"),
}


@pytest.mark.parametrize("make", [lens, explorer])
@pytest.mark.parametrize("kind", WRONG_LABELS)
def test_labels_that_do_not_fit_get_a_sentence(kind: str, make: Callable) -> None:
    """What was expected, what came, and what to do."""
    labels, got = WRONG_LABELS[kind]
    with pytest.raises(
        ValueError, match=f"^labels must be one string or number for each of 4 images, .*{re.escape(got)}"
    ):
        make(labels=labels)


WORDS = ["the", "Ġcat", "</s>", ""]


@pytest.mark.parametrize("make", [lens, explorer])
@pytest.mark.parametrize(
    "words",
    [
        WORDS,
        tuple(WORDS),
        np.array(WORDS),
        np.array([WORDS] * 4),
        Series(WORDS),
        Series([Series(WORDS)] * 4),
        [tuple(WORDS), np.array(WORDS), Series(WORDS), WORDS],
        lambda: iter(WORDS),
        lambda: (map(str, WORDS) for _ in range(4)),
    ],
)
def test_words_may_be_any_iterables_with_an_order(words: object, make: Callable) -> None:
    """One text for all groups or one for each, special tokens and empty ones as they are."""
    found = make(words=words() if callable(words) else words)._words
    assert found == [WORDS] * 4
    assert {type(word) for text in found for word in text} == {str}


WRONG_WORDS = {
    "numbers": (torch.arange(4), "got 0 (int) among them: give the text of each token, not its number"),
    "numbers of texts": (
        np.arange(16).reshape(4, 4),
        "got np.int64(0) (int64) among them: give the text of each token",
    ),
    "bytes": ([b"the", b"cat", b"sat", b""], "got b'the' (bytes) among them: decode it first"),
    "a word among texts": ([WORDS, "the", WORDS, WORDS], "got 'the' (str) among them: "),
    "a number among words": (["the", 7, "sat", ""], "got 'the' (str) among them: "),
    "a dict": (dict.fromkeys(WORDS), "got a dict: give a list"),
    "five texts": ([WORDS] * 5, "got 5 lists: give one for each text"),
    "endless": (itertools.repeat("la"), "got 5 strings: give one for each token, special tokens too"),
    "a text too short": ([WORDS, WORDS[:2], WORDS, WORDS], "got 2 strings: give one for each token"),
}


@pytest.mark.parametrize("kind", WRONG_WORDS)
def test_words_that_do_not_fit_get_a_sentence(kind: str) -> None:
    """What was expected, what came, and what to do."""
    words, got = WRONG_WORDS[kind]
    expected = "words must be 4 strings, one for each token, or such a list for each of 4 texts"
    with pytest.raises(ValueError, match=f"^{expected}, {re.escape(got)}"):
        words_of(words, 4, 4)


NUMBERS = {
    "lens": {"image_index": 2, "token": 3, "expert": 1, "slot": 2},
    "router": {
        **{"dim": 5, "hidden_dim": 7, "router": "tokens choice", "top_k": 2, "capacity_factor": 2, "num_experts": 2},
        **{"slots_per_expert": 3, "scale": 2, "noise": 1, "seed": 4, "image_index": 2, "served": 6, "token": 3},
        **{"expert": 1, "slot": 2},
    },
    "cost": {
        **{"num_experts": 5, "slots_per_expert": 3, "top_k": 2, "dim": 7, "hidden_dim": 11, "tokens": 13, "batch": 17},
        **{"width": 4, "devices": 2, "tflops": 19, "gbps": 23},
    },
    "capacity": {
        **{"num_experts": 5, "tokens": 13, "top_k": 2, "skew": 1, "capacity_factor": 2, "samples": 7, "sample": 3},
        **{"seed": 11, "token": 4},
    },
    "causality": {"size": 2, "draws": 3, "seed": 7, "tolerance": 1, "token": 4, "output": 2},
}
KINDS = {
    "int64": np.int64,
    "uint8": np.uint8,
    "float32": np.float32,
    "array": np.array,
    "tensor": torch.tensor,
    "tensor of floats": lambda x: torch.tensor(float(x)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_of_numpy_and_torch_are_python_numbers_inside(name: str, kind: str) -> None:
    """Given to the constructor or set later, for every index and setting that takes such a number."""
    traits = MAKERS[name].class_traits() if isinstance(MAKERS[name], type) else MAKERS[name]().traits()
    real = {"tflops", "gbps", "skew", "capacity_factor", "tolerance", "scale", "noise", "size"}
    floating = kind in ("float32", "tensor of floats")
    given = {
        key: KINDS[kind](value) if isinstance(value, int) and (not floating or key in real) else value
        for key, value in NUMBERS[name].items()
    }
    made, later = MAKERS[name](**given), MAKERS[name]()
    set_later = {key: value for key, value in given.items() if key in traits}
    for key, value in set_later.items():
        setattr(later, key, value)
    for key in set_later:
        for widget in (made, later):
            value = getattr(widget, key)
            assert value == NUMBERS[name][key] and type(value) in (int, float, str), key
    for widget in (made, later):
        state = {key: value for key, value in widget.get_state().items() if key in (*set_later, "pinned", "_sizes")}
        json.dumps(state)


@pytest.mark.parametrize("name", ["cost", "router"])
def test_numbers_in_a_pin_are_python_numbers_inside(name: str) -> None:
    """The settings to compare with are sent as a whole."""
    widget = MAKERS[name](pinned={"num_experts": np.int64(2), "top_k": torch.tensor(1)})
    assert type(widget.pinned["num_experts"]) is type(widget.pinned["top_k"]) is int
    json.dumps(widget.pinned)


WRONG_NUMBERS = {
    "lens": ("token", [1.5, "1", True, np.float32(1), np.bool_(True), torch.tensor([1, 2]), None]),
    "router": ("top_k", [1.5, "1", True, np.float32(1), torch.tensor([1, 2]), None]),
    "cost": ("num_experts", [1.5, "1", True, torch.tensor(2.0), np.ones(1), None]),
    "capacity": ("tokens", [1.5, "1", True, torch.tensor(2.0), None]),
    "causality": ("output", [1.5, "1", True, torch.tensor(2.0), None]),
}


@pytest.mark.parametrize("name", WRONG_NUMBERS)
def test_what_is_no_whole_number_is_refused_with_a_sentence(name: str) -> None:
    """Floats, strings, truth values, several numbers and nothing; the trait keeps its value."""
    trait, wrong = WRONG_NUMBERS[name]
    widget = MAKERS[name]()
    before = getattr(widget, trait)
    for value in wrong:
        with pytest.raises(TypeError, match=f"^{trait} must be a whole number, got .*{type(plain(value)).__name__}"):
            setattr(widget, trait, value)
        assert getattr(widget, trait) == before


def test_pins_may_be_rows_of_any_numbers() -> None:
    """An array, a tensor, tuples, a generator: all are lists of Python numbers inside."""
    rows = [[3, -1, -1], [0, 1, 2]]
    for pins in (rows, np.array(rows), torch.tensor(rows), tuple(map(tuple, rows)), list(torch.tensor(rows))):
        made, later = lens(pins=pins), lens()
        later.pins = pins
        assert made.pins == later.pins == rows
        json.dumps(made.pins)
    assert lens(pins=(np.array(row) for row in rows)).pins == rows
    for wrong in ([3], [[1, 2]], [[0.5, 1, 1]], np.array([1, 2, 3])):
        with pytest.raises(
            ValueError, match=r"^pins must be \[token, expert, slot\] of this layer, -1 for none, got \["
        ):
            lens(pins=wrong)
    with pytest.raises(ValueError, match=r"^pins must be a list of \[token, expert, slot\], got 3: give a list"):
        lens(pins=3)


def test_steps_may_be_numbers_of_numpy_and_torch() -> None:
    """The keys of a replay, and the step that is shown."""
    steps = {np.int64(0): {"a": soft()}, 10: {"a": soft()}}
    assert RoutingLens.replay(steps, step=torch.tensor(10)).step == 10
    assert RoutingLens(steps, step=np.int64(0)).step == 0


PIXELS = torch.arange(4 * 3 * 6 * 6).view(4, 3, 6, 6)
PICTURES = {
    "floats": PIXELS.float(),
    "bytes": (PIXELS % 256).to(torch.uint8),
    "array": PIXELS.numpy(),
    "array of bytes": (PIXELS % 256).to(torch.uint8).numpy(),
    "array of words": PIXELS.numpy().astype(np.uint16),
    "doubles": PIXELS.numpy().astype(np.float64),
    "big-endian": PIXELS.numpy().astype(">i4"),
    "backwards": np.ascontiguousarray(PIXELS.flip(3).numpy())[..., ::-1],
    "truth": PIXELS > 99,
    "half": (PIXELS % 256).to(torch.bfloat16),
    "list of tensors": list(PIXELS),
    "list of arrays": list(PIXELS.numpy()),
    "nested lists": PIXELS.tolist(),
    "with a graph": PIXELS.float().requires_grad_(),
}


@pytest.mark.parametrize("make", [lens, explorer])
@pytest.mark.parametrize("kind", PICTURES)
def test_images_may_be_tensors_and_arrays_of_any_numbers(kind: str, make: Callable) -> None:
    """What is drawn are the same bytes as of the same numbers in a tensor of floats."""
    images = PICTURES[kind]
    if kind == "list of tensors":
        numbers = torch.stack(images)
    elif isinstance(images, torch.Tensor):
        numbers = images.detach()
    else:
        numbers = torch.tensor(np.array(images, dtype=float))
    expected = make(images=numbers.float())._pictures
    assert make(images=images)._pictures == expected
    assert expected["channels"] == 3 and len(set(expected["data"])) > 1


WRONG_PICTURES = {
    "channels last": (
        torch.rand(4, 6, 6, 3),
        r"got (4, 6, 6, 3): the channels stand last, so move them with np.moveaxis",
    ),
    "grey and last": (np.zeros((4, 6, 6, 1)), r"got (4, 6, 6, 1): the channels stand last"),
    "no channel": (torch.rand(4, 6, 6), "got (4, 6, 6): add the axis of the channel with images[:, None]"),
    "one image": (torch.rand(3, 6, 6), "got (3, 6, 6): add the axis of the images with images[None]"),
    "with alpha": (torch.rand(4, 4, 6, 6), "got (4, 4, 6, 6): leave the fourth channel out with images[:, :3]"),
    "two channels": (torch.rand(4, 2, 6, 6), "got (4, 2, 6, 6): show one of the two channels with images[:, :1]"),
    "a video": (torch.rand(4, 3, 5, 6, 6), "got (4, 3, 5, 6, 6): give the images that the model saw"),
    "complex": (torch.rand(4, 1, 6, 6).to(torch.complex64), "of real numbers, got torch.complex64: give images.abs()"),
    "files": (["a.png", "b.png"], "in a tensor or an array, got a list: convert it with torch.as_tensor"),
    "of several sizes": (
        [torch.rand(1, 6, 6), torch.rand(1, 6, 7)],
        "got a list of several shapes, (1, 6, 6), (1, 6, 7)",
    ),
    "a dict": ({"x": 1}, "in a tensor or an array, got a dict: convert it"),
}


@pytest.mark.parametrize("make", [lens, explorer])
@pytest.mark.parametrize("kind", WRONG_PICTURES)
def test_images_that_do_not_fit_get_a_sentence(kind: str, make: Callable) -> None:
    """What was expected, what came, and the way from there to it."""
    images, got = WRONG_PICTURES[kind]
    expected = re.escape("images must be (images, 1 or 3 channels, height, width)")
    with pytest.raises(ValueError, match=f"^{expected},? {re.escape(got)}"):
        make(images=images)


@pytest.mark.parametrize(
    "grid", [(2, 3), [2, 3], np.array([2, 3]), torch.tensor([2, 3]), (np.int64(2), torch.tensor(3))]
)
def test_a_grid_may_be_any_two_whole_numbers(grid: object) -> None:
    """Rows and columns are Python numbers inside."""
    assert grid_of(grid) == (2, 3) and {type(number) for number in grid_of(grid)} == {int}
    weights = torch.full((1, 6, 2, 1), 0.5)
    assert RoutingLens(SoftRouting(weights, weights), grid=grid)._entries[0]["grid"] == [2, 3]


@pytest.mark.parametrize("grid", [(2,), (1, 2, 3), (2.0, 3.0), (0, 6), (True, 6), torch.ones(2, 2), ("2", "3")])
def test_a_grid_of_something_else_gets_a_sentence(grid: object) -> None:
    """What was expected, what came, and what to do."""
    with pytest.raises(
        ValueError, match=r"(?s)^grid must be \(rows, columns\), two whole numbers, got .*: give the number"
    ):
        grid_of(grid)


# Half a surrogate pair, a pair in two halves, markup, special tokens, controls, text from right to left.
TEXTS = ["caf\udce9", "\ud83d", "\ud83d\ude00", "</script><b>&", "<|endoftext|>", "a\x00b\n", "שלום", "漢"]
CLEAN = ["caf�", "�", "😀", "</script><b>&", "<|endoftext|>", "a\x00b\n", "שלום", "漢"]


def test_text_is_what_every_encoding_has() -> None:
    """Half a surrogate pair is replaced, two halves are joined, all else stays."""
    assert [text(each) for each in TEXTS] == CLEAN


def titled(name: str, title: str) -> Instrument:
    """A widget with a text wherever it takes one."""
    if name == "lens":
        routers = {title: {title + "1": soft(), "2": soft()}}
        return lens_of(routers, labels=[title] * 4, router=title, layer=title + "1")
    if name == "router":
        return explorer(words=[title] * 4, labels=[title] * 4, model_output=Raising(title))
    if name == "causality":
        return CausalityExplorer({title: lambda x: x}, TOKENS)
    return MAKERS[name]()


def lens_of(routers: dict, **more: object) -> RoutingLens:
    return RoutingLens(routers, **more)


class Raising:
    """A model whose error holds the text."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __call__(self, settings: dict | None) -> torch.Tensor:
        if settings is None:
            return torch.ones(4, 2)
        raise ValueError(self.words)


@pytest.mark.parametrize(("title", "clean"), list(zip(TEXTS, CLEAN, strict=True)))
@pytest.mark.parametrize("name", MAKERS)
def test_every_text_can_be_sent_and_saved(name: str, title: str, clean: str, tmp_path: Path) -> None:
    """As labels, words, names and errors, and as the title of a saved page, which holds it as text, not as markup."""
    widget = titled(name, title)
    state = {key: value for key, value in widget.get_state().items() if not key.startswith(("_esm", "_css"))}
    sent = json.dumps(state, ensure_ascii=False, default=lambda value: None).encode()
    assert name in ("cost", "capacity") or json.dumps(clean, ensure_ascii=False)[1:-1].encode() in sent

    page = widget.save_html(tmp_path / "page.html", title=title).read_bytes().decode()
    assert list(tmp_path.iterdir()) == [tmp_path / "page.html"]
    escaped = clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert f"<title>{escaped}</title>" in page.replace("\r", "")


def test_a_lens_of_odd_names_can_be_turned() -> None:
    """Routers and layers are chosen by the names as they are shown."""
    one = titled("lens", "caf\udce9")
    assert one.router == "caf�" and one.layer == "caf�1"
    one.layer = "2"
    assert one.layer == "2"
    with pytest.raises(TypeError, match="with strings as names, got the name None: name each router and layer"):
        RoutingLens({None: {"a": soft()}})


def test_an_answer_that_raises_odd_text_can_be_sent() -> None:
    """What a learner's function raised stands in the note of its router."""

    def raising(logits: torch.Tensor) -> None:
        raise ValueError("caf\udce9 <b>")

    made = RoutingLens.of(raising, LOGITS, reference=both)
    assert "own raised ValueError: caf� <b>" in made.get_state()["_entries"][0]["note"]


def test_images_and_labels_that_are_left_out_are_none() -> None:
    """Nothing is made of nothing."""
    assert images_of(None) is grid_of(None) is None
    assert lens()._labels == explorer()._words == []
