"""The explorers without a browser: traits, what they refuse, and what they send."""

import inspect
import re

import pytest
import torch
from torch import nn

from softmoe_edu import Experts, MoE, SoftRouter, metrics
from softmoe_edu.influence import influence
from softmoe_edu.widgets.capacity_explorer import CapacityExplorer
from softmoe_edu.widgets.causality_explorer import CausalityExplorer
from softmoe_edu.widgets.cost_explorer import PARTS, ROUTERS, CostExplorer


def tokens(n: int = 7) -> torch.Tensor:
    return torch.randn(3, n, 5, generator=torch.Generator().manual_seed(2))


def layers() -> dict:
    torch.manual_seed(0)
    return {"alone": nn.Linear(5, 5), "soft": MoE(SoftRouter(5, 4, 2), Experts(5, 4, 6))}


def causality(**traits: object) -> CausalityExplorer:
    return CausalityExplorer(layers(), tokens(), **traits)


MADE = {"cost": CostExplorer, "capacity": CapacityExplorer, "causality": causality}
KINDS = {"cost": CostExplorer, "capacity": CapacityExplorer, "causality": CausalityExplorer}

SET = {
    "cost": {"router": "tokens choice", "num_experts": 4, "slots_per_expert": 3, "top_k": 2, "dim": 5, "hidden_dim": 6,
             "tokens": 7, "batch": 9, "width": 4, "devices": 8, "tflops": 0.5, "gbps": 11.0, "part": "experts"},
    "capacity": {"num_experts": 4, "tokens": 7, "top_k": 2, "skew": 0.5, "capacity_factor": 1.25, "samples": 9,
                 "sample": 8, "seed": 3, "token": 6},
    "causality": {"tolerance": 0.01, "token": 6, "output": 5},
}  # fmt: skip


@pytest.mark.parametrize("kind", MADE)
def test_traits_are_set_at_construction_and_later(kind: str) -> None:
    """Each argument becomes the trait of its name, both ways of setting give the same state, and repr tells sizes."""
    made, later = MADE[kind](**SET[kind]), MADE[kind]()
    for name, value in SET[kind].items():
        setattr(later, name, value)

    for explorer in (made, later):
        assert {name: getattr(explorer, name) for name in SET[kind]} == SET[kind]
    assert repr(made) == repr(later) and repr(made).startswith(f"{KINDS[kind].__name__}(")


def test_a_whole_number_is_a_number() -> None:
    """Rates and factors take 2 for 2.0, as a browser sends it."""
    assert CostExplorer(tflops=2).tflops == CapacityExplorer(capacity_factor=2).capacity_factor == 2.0


REFUSED = {
    ("cost", "router"): ("sparse", "router must be one of 'dense', 'soft', 'tokens choice', 'experts choice', got"),
    ("cost", "num_experts"): (0, "num_experts must be at least 1, got 0"),
    ("cost", "slots_per_expert"): (1025, "slots_per_expert must be from 1 to 1024, got 1025"),
    ("cost", "top_k"): (33, "top_k must be at most num_experts=32, got 33: lower top_k"),
    ("cost", "dim"): (2.5, "dim must be a whole number, got 2.5 (float)"),
    ("cost", "hidden_dim"): ("6", "hidden_dim must be a whole number, got '6' (str)"),
    ("cost", "tokens"): (True, "tokens must be a whole number, got True (bool)"),
    ("cost", "batch"): (1025, "batch must be from 1 to 1024, got 1025"),
    ("cost", "width"): (9, "width must be from 1 to 8, got 9"),
    ("cost", "devices"): (-1, "devices must be at least 1, got -1"),
    ("cost", "tflops"): (0, "tflops must be from 0.001 to 100000.0, got 0"),
    ("cost", "gbps"): (float("nan"), "gbps must be a finite number, got nan (float)"),
    ("cost", "part"): ("router", "part must be one of '', 'routing logits', 'dispatch', 'experts', 'combine', 'dense"),
    ("cost", "pinned"): ({"experts": 2}, "a name in pinned must be one of 'router', 'num_experts', 'slots_per_expert'"),
    ("capacity", "num_experts"): (257, "num_experts must be from 1 to 256, got 257"),
    ("capacity", "tokens"): (0, "tokens must be at least 1, got 0"),
    ("capacity", "top_k"): (5, "top_k must be from 1 to 4, got 5"),
    ("capacity", "skew"): (-0.1, "skew must be from 0.0 to 2.0, got -0.1"),
    ("capacity", "capacity_factor"): ("1", "capacity_factor must be a finite number, got '1' (str)"),
    ("capacity", "samples"): (51, "samples must be from 1 to 50, got 51"),
    ("capacity", "sample"): (20, "sample must be at most 19, as samples is 20, got 20: lower sample"),
    ("capacity", "seed"): (-1, "seed must be at least 0, got -1"),
    ("capacity", "token"): (49, "token must be at most 48, as tokens is 49, got 49: lower token"),
    ("causality", "tolerance"): (2, "tolerance must be from 1e-09 to 1.0, got 2"),
    ("causality", "token"): (7, "token must be from -1 to 6, got 7: -1 is none"),
    ("causality", "output"): (-2, "output must be at least -1, got -2"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize(("kind", "name"), REFUSED)
def test_a_trait_refuses_what_is_out_of_bounds(kind: str, name: str) -> None:
    """At construction and later alike, in a sentence; the trait keeps its value."""
    value, sentence = REFUSED[kind, name]
    explorer = MADE[kind]()
    before = getattr(explorer, name)

    with pytest.raises((TypeError, ValueError), match=re.escape(sentence)):
        setattr(explorer, name, value)
    assert getattr(explorer, name) == before
    with pytest.raises((TypeError, ValueError), match=re.escape(sentence)):
        MADE[kind](**{name: value})


@pytest.mark.bad_input
def test_every_trait_has_a_refusal_in_the_table() -> None:
    """No trait that can be set is left out above."""
    for kind, made in KINDS.items():
        own = {name for name, trait in made.class_traits(sync=True).items() if trait.this_class is made}
        assert {name for name in own if name[0] != "_"} == {name for which, name in REFUSED if which == kind}


def never(x: torch.Tensor) -> torch.Tensor:
    raise AssertionError("no layer is run where an argument is wrong")


WRONG = {
    "a keyword of cost": (lambda: CostExplorer(experts=2), "CostExplorer has no keyword 'experts': did you mean"),
    "a keyword of capacity": (lambda: CapacityExplorer(factor=2), "CapacityExplorer has no keyword 'factor'"),
    "a keyword of causality": (lambda: causality(tokens=2), "CausalityExplorer has no keyword 'tokens': did you mean"),
    "pinned out of bounds": (lambda: CostExplorer(pinned={"dim": 0}), "dim must be at least 1, got 0"),
    "pinned router": (lambda: CostExplorer(pinned={"router": "x"}), "router must be one of 'dense', 'soft'"),
    "pinned choices": (
        lambda: CostExplorer(pinned={"num_experts": 2, "top_k": 3}),
        "top_k in pinned must be at most num_experts=2, got 3",
    ),
    "no layer": (lambda: CausalityExplorer({}, tokens()), "layers must hold at least one layer, got none"),
    "no callable": (
        lambda: CausalityExplorer({"a": 3}, tokens()),
        "layer 'a' must be callable, (b, n, d) -> (b, n, d)",
    ),
    "a layer that raises": (
        lambda: CausalityExplorer({"wide": nn.Linear(6, 5)}, tokens()),
        "layer 'wide' must answer tokens of shape (3, 7, 5), it raised RuntimeError: mat1 and mat2 shapes",
    ),
    "two axes": (lambda: CausalityExplorer(never, tokens()[0]), "x must be a tensor of tokens (b, n, d), got (7, 5)"),
    "many tokens": (lambda: CausalityExplorer(never, tokens(257)), "x must have at most 256 tokens, got 257"),
    "a token before the run": (
        lambda: CausalityExplorer(never, tokens(), token=7),
        "token must be from -1 to 6, got 7",
    ),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_are_answered_with_a_sentence(name: str) -> None:
    """What was expected and what came."""
    make, sentence = WRONG[name]

    with pytest.raises((TypeError, ValueError), match=re.escape(sentence)):
        make()


def test_a_pin_is_completed_by_the_state_of_its_time() -> None:
    """What is left out is as it is now, and stays so when the state moves on; {} forgets it."""
    explorer = CostExplorer(num_experts=4, top_k=3, dim=5, pinned={"router": "dense"})
    first = explorer.pinned
    explorer.dim = 6

    assert first == explorer.pinned == CostExplorer("dense", num_experts=4, top_k=3, dim=5).sizes
    explorer.pinned = {"num_experts": 2}
    assert (explorer.pinned["top_k"], explorer.pinned["dim"]) == (2, 6)
    explorer.pinned = {}
    assert explorer.pinned == {}


def test_what_another_size_does_not_have_is_taken_back() -> None:
    """Fewer experts lower the choices; fewer samples and tokens lower or free what is selected."""
    cost, capacity = CostExplorer(top_k=7), CapacityExplorer(top_k=4, sample=19, token=48)
    cost.num_experts = 3
    capacity.num_experts, capacity.samples, capacity.tokens = 2, 5, 9

    assert cost.top_k == 3
    assert (capacity.top_k, capacity.sample, capacity.token) == (2, 4, -1)


def test_the_capacity_is_the_package_s() -> None:
    """49 tokens on 32 experts have 2 slots at factor 1, which drop 18.7 % on average."""
    explorer = CapacityExplorer()

    assert explorer.capacity == 2
    assert f"{metrics.expected_drop_fraction(explorer.tokens, explorer.num_experts, explorer.capacity):.1%}" == "18.7%"


def test_causality_sends_the_matrices_that_influence_measures() -> None:
    """Each layer's under its name, with size, draws and seed as given; one callable is named layer."""
    settings = {"size": 0.5, "draws": 2, "seed": 3}
    explorer = causality(**settings)

    assert list(explorer.influences) == ["alone", "soft"]
    for name, layer in layers().items():
        assert torch.equal(explorer.influences[name], influence(layer, tokens(), **settings))
    assert not torch.equal(explorer.influences["soft"], causality().influences["soft"])
    assert list(CausalityExplorer(nn.Linear(5, 5), tokens()).influences) == ["layer"]
    assert repr(explorer) == "CausalityExplorer(layers=['alone', 'soft'], tokens=7)"


def test_causality_leaves_the_mode_of_its_layers() -> None:
    """A module in training mode is measured in eval mode and stays in training."""
    noisy = MoE(SoftRouter(5, 4, 2, noise_std=1.0), Experts(5, 4, 6)).train()
    CausalityExplorer(noisy, tokens())

    assert noisy.training and noisy.router.training


@pytest.mark.parametrize("kind", KINDS)
def test_every_synced_trait_is_read_by_the_script(kind: str) -> None:
    """A trait that the script neither gets nor lists as a knob would do nothing."""
    own = {name for name, trait in KINDS[kind].class_traits(sync=True).items() if trait.this_class is KINDS[kind]}
    esm = KINDS[kind]._esm
    read = set(re.findall(r'model\.get\("(\w+)"\)', esm))
    for block in re.findall(r"var KNOBS = \{\n(.*?)\n\};", esm, re.DOTALL):
        read |= set(re.findall(r"(\w+): \[", block))
    read |= {"router"} if re.search(r'var STATE = .*?\["router"', esm, re.DOTALL) else set()

    assert own | {"_fault", "_needs"} == read


@pytest.mark.parametrize("kind", KINDS)
def test_the_docstring_names_every_argument(kind: str) -> None:
    """Nothing that the constructor takes is left unexplained."""
    arguments = set(inspect.signature(KINDS[kind]).parameters)
    explained = re.findall(r"^ {4}(\w+): ", inspect.getdoc(KINDS[kind]), re.MULTILINE)

    assert arguments - set(explained) == set()


def test_the_script_knows_the_names_of_routers_and_parts() -> None:
    """Rows of the table are the parts that the trait takes, and every router stands in the list."""
    rows = re.search(r"var ROWS = \[(.*?)\];", CostExplorer._esm)[1]

    assert tuple(re.findall(r'"([\w ]+)"', rows)) == PARTS
    assert CostExplorer()._routers == list(ROUTERS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_control_keeps_its_keys_from_the_notebook(kind: str) -> None:
    """Each element of the markup that takes the focus has the attribute that JupyterLab's shortcuts look for."""
    controls = re.findall(r"<(?:input|select|button|canvas data-part)(?:=>|[^<>])*>", KINDS[kind]._esm)

    assert len(controls) >= 3
    assert [control for control in controls if "${KEYS}" not in control] == []
