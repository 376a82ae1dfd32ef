"""The library where the notebook's defaults are other ones, and on a device that is not the CPU and knows no float64.

Every public function is called here, so that one that makes a tensor without naming its device, widens to float64 too
early or reads a default is found in whatever it is used for. A new function needs a case below, or a reason why not.
"""

import cProfile
import importlib
import inspect
import math
import pkgutil
import sys
import tempfile
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from elsewhere import There, elsewhere, sent
from matplotlib import pyplot as plt
from torch.utils._pytree import tree_map

import softmoe_edu
from softmoe_edu import (
    ROUTERS,
    Experts,
    ExpertsChoiceRouter,
    IdentityRouter,
    MoE,
    SoftRouter,
    TokensChoiceRouter,
    ViT,
    cost,
    data,
    figures,
    losses,
    metrics,
    paper,
    record,
    upcycling,
    widgets,
)
from softmoe_edu.influence import earlier_share, influence, moves
from softmoe_edu.leaks import find_leaks
from softmoe_edu.rerouting import Rerouted, route_scores
from softmoe_edu.routers import Router, assign_experts, assign_tokens, choose_experts, soft_weights
from softmoe_edu.routers.soft import l2_normalize
from softmoe_edu.teaching import check
from softmoe_edu.training import train
from softmoe_edu.training.checkpoint import load_checkpoint, save_checkpoint
from softmoe_edu.training.evaluation import evaluate, take_snapshot
from softmoe_edu.training.guard import NotFiniteError
from softmoe_edu.watch import RoutingWatch
from softmoe_edu.widgets.scores import more_experts

matplotlib.use("agg")

pytestmark = pytest.mark.slow

B, N, D, E, P = 3, 7, 5, 4, 2
MASK = [[True] * 7, [True] * 5 + [False] * 2, [True] * 2 + [False] * 5]
VARIANTS = {
    **{name: (router, {}) for name, router in ROUTERS.items()},
    "soft, attention": (SoftRouter, {"slots_per_expert": P, "form": "attention"}),
    "soft, as printed": (SoftRouter, {"normalize": "as printed"}),
    "tokens choice, dropless": (TokensChoiceRouter, {"top_k": 2, "capacity_factor": None}),
    "tokens choice, priority": (TokensChoiceRouter, {"top_k": 2, "priority": "gate"}),
    "experts choice, rounded up": (ExpertsChoiceRouter, {"rounding": "ceil", "multiple_of": 2}),
}


def numbers(*shape):
    """Numbers that are always the same."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


def made(make):
    """A module with the same parameters each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make()


def layer(name, dim=D):
    router, settings = VARIANTS[name]
    return made(lambda: MoE(router(dim, E, **settings), Experts(dim, E, 6)))


def vit(name="soft", **arguments):
    """A model that answers something from the start."""
    model = made(lambda: ViT(dim=8, depth=2, moe_layers=(1,), moe=lambda dim: layer(name, dim), **arguments))
    model.head.weight.data.copy_(numbers(*model.head.weight.shape))
    return model


def routing(name, *, mask=None):
    return layer(name).router(numbers(B, N, D), mask).detach()


def forward_and_backward(moe, x, mask):
    """Outputs, routing and gradients of a layer."""
    moe.train()
    with record(moe) as routings:
        y = moe(x, mask)
    y.square().sum().backward()
    (decided,) = routings.values()
    gradients = [p.grad for p in moe.parameters() if p.grad is not None]
    return y, decided.dispatch, decided.combine, decided.sizes, gradients


def noisy(router, x):
    """A decision under noise, which comes from the global generator."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        decided = router.train()(x)
    return decided.dispatch, decided.combine


def every_metric(decided):
    """What can be asked of any routing."""
    asked = [metrics.expert_load, metrics.expert_importance, metrics.token_contribution, metrics.experts_per_token]
    asked += [metrics.dropped, metrics.dropped_fraction, metrics.dropped_per_example, metrics.dropped_per_position]
    asked += [metrics.slot_usage, metrics.dispatch_entropy, metrics.combine_entropy, metrics.slot_similarity]
    asked += [metrics.token_similarity, metrics.official_metrics]
    found = {ask.__name__: ask(decided) for ask in asked}
    found["normalised"] = [
        metrics.dispatch_entropy(decided, normalized=True),
        metrics.combine_entropy(decided, normalized=True),
    ]
    return found, repr(decided)


def every_loss(logits, noisy, mask):
    gates = logits.softmax(-1)
    return [
        losses.importance_loss(gates, mask),
        losses.load_balancing_loss(gates, mask),
        losses.load_loss(logits, noisy, top_k=2, noise_std=1.0, mask=mask),
        losses.z_loss(logits, mask),
    ]


def assignments(logits, mask):
    """The routers' algorithms as functions."""
    experts, gates = choose_experts(logits, 2, "gshard")
    return [
        assign_tokens(experts, gates, E, 3, mask=mask),
        assign_experts(logits.softmax(-1), 2, mask),
        soft_weights(logits[..., None].expand(-1, -1, -1, P), mask),
        [l2_normalize(logits, -1, as_printed=printed) for printed in (True, False)],
    ]


def trained(model, images, test):
    """A run with an auxiliary loss, evaluations and snapshots: figures, and the parameters that it leaves."""

    def importance(routings):
        return sum(losses.importance_loss(r.gates) for r in routings.values())

    routed = any(isinstance(module, TokensChoiceRouter) for module in model.modules())
    rest = {"steps": 3, "batch_size": 8, "evaluate_every": 2, "snapshot_at": (0, -1), "progress": False}
    history = train(model, images, test, auxiliary=importance if routed else None, **rest)
    logged = [history.columns["loss"], history.columns["auxiliary"], history.test_columns["accuracy"]]
    assert all(r.combine.device.type == "cpu" for r in history.snapshots[3].values())
    return [logged, list(model.state_dict().values()), evaluate(model, test), take_snapshot(model, test.images[:4])]


def saved(model, images, test):
    """A run that is written, read back and resumed."""
    rest = {"steps": 4, "batch_size": 8, "snapshot_at": (0,), "snapshot_images": test.images[:3], "progress": False}
    with tempfile.TemporaryDirectory() as folder:
        history = train(model, images, checkpoint=Path(folder) / "run.pt", **rest)
        save_checkpoint(Path(folder) / "again.pt", history)
        resumed = train(model, images, resume=load_checkpoint(Path(folder) / "again.pt"), **rest)
    return resumed.columns["loss"], resumed.snapshots[0], list(model.state_dict().values())


def not_finite(model, images):
    """What a run says that diverges."""
    with pytest.raises(NotFiniteError) as caught:
        train(model, images, steps=2, batch_size=8, progress=False)
    return str(caught.value)


def influences(moe, x):
    found = influence(moe, x, draws=2)
    return found, moves(found), earlier_share(found)


def rerouted(model, images):
    """Every router on the scores of a model's layer."""
    other = Rerouted(model, images, "blocks.1.mlp")
    explorer = widgets.RouterExplorer(other.logits, images, model_output=other)
    settings = {**explorer.settings, **other.settings}
    answers = [other({**settings, "router": name}) for name in ROUTERS]
    return answers, [route_scores(other.logits, {**settings, "router": name}).combine for name in ROUTERS]


def drawn(*figures_of):
    """The figures' own words, which hold their numbers."""
    said = [figures.alt_text(axes) for axes in figures_of]
    plt.close("all")
    return said


def pictures(decided, images):
    with plt.rc_context(figures.style()):
        axes = figures.slot_views(decided, images[0]), figures.dropped_tokens(decided, images)
        figures.described(axes[0], "slots")
        return drawn(*axes, figures.compare_routers({"one": decided, "two": decided}))


def maps(decided, measured):
    one = figures.dispatch_map(decided), figures.combine_map(decided), figures.expert_load(decided)
    two = figures.slot_usage(decided), figures.causality_map({"layer": measured}, 1)
    rates = {1.0: measured.flatten()[:3] / measured.max()}
    runs = {"run": [{"step": [0, 1, 2], "loss": measured[0, :3]}]}
    with figures.theme(dark=True):
        return drawn(*one, *two, figures.capacity_curve(12, 4, rates), figures.training_curves(runs, y="loss"))


def traits(*shown):
    """What the widgets send to a browser."""
    return [{name: value for name, value in widget.get_state().items() if name != "layout"} for widget in shown]


def lenses(model, images, x):
    """A lens on a routing and its replay, on functions, flows, and explorers of scores and layers."""
    with record(model) as routings:
        model(images)
    (decided,) = routings.values()
    snapshots = {0: dict(routings), 5: dict(routings)}
    scores = decided.logits.detach() if decided.logits is not None else None
    log = {"step": [0, 5], "accuracy": [0.1, 0.5]}
    shown = [widgets.RoutingLens(routings, images), widgets.RoutingLens.replay(snapshots, images, log)]
    further = None
    if scores is not None:
        further = more_experts(scores, scores.shape[2] + 1)
        shown.append(widgets.RouterExplorer(scores, images, words=None, router="uniform"))
        shown.append(widgets.RoutingFlow(scores, images, routers=["soft"], own=decided))
        scores = scores if scores.ndim == 4 else scores[..., None]
        shown.append(widgets.RoutingLens.of(lambda x: (x.softmax(1), x.flatten(2).softmax(2).view_as(x)), scores))
        shown.append(widgets.RoutingLens.of(lambda x: x.sum(1), scores))
        shown.append(widgets.RoutingFlow())
    shown += [widgets.CausalityExplorer(model.blocks[1].mlp, x), widgets.CapacityExplorer(4, tokens=9)]
    return traits(*shown), [each._repr_mimebundle_()[0]["text/html"] for each in shown], further


def page(logits):
    """A saved page, which holds the scores."""
    with tempfile.TemporaryDirectory() as folder:
        return widgets.RouterExplorer(logits).save_html(Path(folder) / "page.html").read_bytes()


def looked_at():
    """What is found of a router that says nothing of itself."""
    router = ROUTERS["tokens choice"](8, 4)
    answers = [Router.score_per(router), Router.is_sparse(router), Router.capacity(router, 8)]
    return [*answers, Router.score_macs(router, 8)]


def devices_on_paper(routing):
    """What an exchange takes, in every way, and a layer on several devices."""
    network = cost.Network(6, 2, cost.Link(1e3, 0.1), cost.Link(1e2, 0.2))
    rows = cost.rows_of(routing, 3)
    one = cost.Spread(
        rows=rows,
        dim=5,
        hidden_dim=6,
        network=cost.Network(3, 3, cost.Link(1e3)),
        operations_per_second=1e3,
        counts=True,
    )
    sent = one.travelling.repeat(2, 2).double()
    numbers = [one.seconds, one.calls, *(network.seconds(sent, how) for how in cost.WAYS)]
    return [rows, one.work, one.sent, one.compute, one.waits, one.memory, one.home, numbers]


def costs():
    """Sizes, tables and pictures of what models cost."""
    vit_s16 = paper.MODELS["vit_s16"]
    soft = paper.MODELS["soft_moe_s16_128e"]
    built = paper.build("soft_moe_s16_128e")
    bars = {model.name: {part.name: vars(part) for part in model.cost} for model in (vit_s16, soft)}
    axes = figures.cost_bars(bars, ("parameters", "macs"))
    small = cost.vit_cost(cost.ViTSizes(**{**vars(vit_s16.sizes), "depth": 2}))
    words = [cost.table(soft.cost, device=cost.Device(1e12, 1e9))]
    words += [cost.comparison(("dense", small), ("soft", soft.cost))]
    words += [vars(part) for part in cost.moe_cost(7, 5, 6, cost.MoESizes(router="soft", num_experts=4))]
    return [words, cost.cost_of(built).parameters, soft.train_exaflop(10), drawn(axes), len(paper.published("table1"))]


def digests(parts):
    """Data sets as numbers, with their dtypes."""
    return [[part.images, part.labels, part.kinds, repr(part), part.chance, part[3], len(part[:4])] for part in parts]


def upcycled(model, images):
    return upcycling.upcycle(model, (1,), lambda dim: MoE(IdentityRouter(dim, E), Experts(dim, E, 64)))(images)


def dense_vit():
    model = made(lambda: ViT(dim=8, depth=2))
    model.head.weight.data.copy_(numbers(*model.head.weight.shape))
    return model


# Name: (what makes the inputs, which are on the CPU; what is done with them).
def watched(*decided):
    """Numbers of every layer, and the picture that is drawn of them."""
    watch = RoutingWatch()
    watch.see(1, {f"layer {i}": each for i, each in enumerate(decided)})
    axes = figures.routing_watch(watch.layers)
    said = figures.alt_text(axes)
    plt.close(axes[0, 0].figure)
    return [list(columns.values()) for columns in watch.layers.values()], said, str(watch)


def leaking(ids, vectors):
    """What moves in a model that adds up its tokens, and what its report says."""
    found = find_leaks(lambda input_ids: vectors[input_ids].cumsum(1), ids, vocabulary=len(vectors))
    return found.later, found.others, found.found


CASES = {
    **{
        f"layer, {name}": (lambda name=name: (layer(name), numbers(B, N, D), torch.tensor(MASK)), forward_and_backward)
        for name in VARIANTS
    },
    **{f"metrics, {name}": (lambda name=name: (routing(name),), every_metric) for name in VARIANTS},
    "metrics, information": (lambda: (numbers(B, N, E).abs(),), metrics.information),
    "devices on paper": (lambda: (routing("tokens choice"),), devices_on_paper),
    "watch": (lambda: (routing("tokens choice"), routing("soft")), watched),
    "leaks": (lambda: (torch.arange(2 * N).view(2, N) % 11, numbers(11, D)), leaking),
    "layer, noise": (lambda: (made(lambda: TokensChoiceRouter(D, E, noise_std=1.0)), numbers(B, N, D)), noisy),
    "metrics, mask": (lambda: (routing("tokens choice", mask=torch.tensor(MASK)),), every_metric),
    "metrics, official": (
        lambda: (routing("experts choice"), numbers(D, E, P)),
        lambda decided, phi: [metrics.official_experts_choice_metrics(decided), metrics.official_metrics(decided, phi)],
    ),
    "losses": (lambda: (numbers(B, N, E), numbers(B, N, E) + 1, torch.tensor(MASK)), every_loss),
    "assignments": (lambda: (numbers(B, N, E), torch.tensor(MASK)), assignments),
    "training, tokens choice": (lambda: (vit("tokens choice"), *parts()), trained),
    "training, no router": (lambda: (dense_vit(), *parts()), trained),
    "training, soft": (lambda: (vit("soft"), *parts()), trained),
    "influence": (lambda: (layer("soft"), numbers(B, N, D)), influences),
    "moves": (lambda: (numbers(N, N).abs(),), lambda measured: (moves(measured), earlier_share(measured))),
    "rerouting": (lambda: (vit("soft"), numbers(3, 1, 8, 8)), rerouted),
    "upcycling": (lambda: (dense_vit(), numbers(2, 1, 8, 8)), upcycled),
    "pictures": (lambda: (routing("tokens choice"), numbers(B, 1, 4, 28)), pictures),
    "maps": (lambda: (routing("soft"), numbers(N, N).abs()), maps),
    "widgets, soft": (lambda: (vit("soft"), numbers(3, 1, 8, 8), numbers(1, 4, 8)), lenses),
    "widgets, tokens choice": (lambda: (vit("tokens choice"), numbers(3, 1, 8, 8), numbers(1, 4, 8)), lenses),
    "widgets, uniform": (lambda: (vit("uniform"), numbers(3, 1, 8, 8), numbers(1, 4, 8)), lenses),
}
# Nothing of these is on a device, or they are on the CPU by what they are.
CPU_CASES = {
    "a run that is saved": (lambda: (vit("tokens choice"), *parts()), saved),
    "a saved page": (lambda: (numbers(B, N, E),), page),
    "digits": (lambda: (), lambda: digests(data.digits())),
    "scripts": (lambda: (), lambda: digests(data.scripts(2, shuffled=True))),
    "collages": (lambda: (), lambda: digests(data.collages("sum", num_train=5, num_test=4))),
    "letters": (lambda: (), lambda: digests(data.letters(3, num_train=5, num_test=4))),
    "languages": (lambda: (), lambda: digests(data.languages(3))),
    "token kinds": (lambda: (), lambda: digests(data.token_kinds(num_train=5, num_test=4))),
    "expected drops": (lambda: (), lambda: metrics.expected_drop_fraction(49, 32, 2)),
    "costs": (lambda: (), costs),
    "a router that is looked at": (lambda: (), looked_at),
    "capacity and cost explorers": (lambda: (), lambda: traits(widgets.CapacityExplorer(), widgets.CostExplorer())),
    "a run that diverges": (lambda: (vit("soft"), [(torch.full((1, 8, 8), math.inf), 1)] * 9), not_finite),
}
CHECKS = {
    "a check": (lambda: (), lambda: check("dispatch-weights", lambda logits: logits.softmax(1)).status),
}
EVERYWHERE = CASES | CPU_CASES | CHECKS


def parts():
    """A few images for training and test."""
    return data.token_kinds(num_train=24, num_test=10)


def plain(result):
    """What came out, on the CPU and as numbers."""

    def one(value):
        if isinstance(value, There):
            value = value.cpu()
        return value.detach() if isinstance(value, torch.Tensor) else value

    return tree_map(one, result)


def agree(first, second, where="result"):
    """Raise an AssertionError at the first place where two results differ by more than rounding."""
    if hasattr(first, "dispatch"):
        first, second = ([r.dispatch, r.combine] for r in (first, second))
    if isinstance(first, torch.Tensor):
        assert first.dtype == second.dtype, where
        about = {"atol": 1e-4, "rtol": 1e-4, "equal_nan": True, "msg": lambda text: f"{where}: {text}"}
        torch.testing.assert_close(second, first, **about)
    elif isinstance(first, np.ndarray | float):
        np.testing.assert_allclose(second, first, atol=1e-4, rtol=1e-4, err_msg=where)
    elif isinstance(first, bytes | memoryview):
        first, second = bytes(first), bytes(second)
        assert len(first) == len(second), where
        if first != second:
            agree(*(np.frombuffer(each, np.float32) for each in (first, second)), where)
    elif isinstance(first, dict):
        assert first.keys() == second.keys(), where
        for key in first:
            agree(first[key], second[key], f"{where}[{key!r}]")
    elif isinstance(first, list | tuple):
        assert len(first) == len(second), where
        for i, (one, other) in enumerate(zip(first, second, strict=True)):
            agree(one, other, f"{where}[{i}]")
    else:
        assert first == second, where


EXPECTED = {}


def expected(name):
    """The result on the CPU with PyTorch's own defaults, computed once."""
    if name not in EXPECTED:
        make, use = EVERYWHERE[name]
        EXPECTED[name] = plain(use(*make()))
    return EXPECTED[name]


def forget():
    """Empty every cache of the package, so that what is kept is made anew."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "softmoe_edu":
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


@pytest.fixture(autouse=True)
def own_defaults(monkeypatch):
    """Whatever a test sets ends with it, and nothing is written into a workspace."""
    monkeypatch.setenv("SOFTMOE_PROGRESS", "off")
    yield
    torch.set_default_device("cpu")
    torch.set_default_dtype(torch.float32)
    plt.close("all")


@pytest.mark.parametrize("name", EVERYWHERE)
def test_another_default_device_changes_nothing(name):
    """With tensors of the CPU a function gives what it gives, wherever new tensors are made by default."""
    wanted = expected(name)
    make, use = EVERYWHERE[name]
    inputs = make()
    forget()
    torch.set_default_device("meta")

    agree(wanted, plain(use(*inputs)))
    torch.set_default_device("cpu")
    agree(wanted, plain(use(*make())))


@pytest.mark.parametrize("name", EVERYWHERE)
def test_another_default_dtype_changes_nothing(name):
    """With tensors of float32 a function gives the same numbers in the same dtypes under a default of float64."""
    wanted = expected(name)
    make, use = EVERYWHERE[name]
    inputs = make()
    forget()
    torch.set_default_dtype(torch.float64)

    agree(wanted, plain(use(*inputs)))


@pytest.mark.parametrize("name", CASES)
def test_a_device_without_float64_gives_the_same(name):
    """What is given on another device is computed there, in float32 whatever the default, and comes out the same."""
    wanted = expected(name)
    make, use = CASES[name]
    inputs = sent(make())

    forget()
    if name != "upcycling":  # makes parameters, which are of the default dtype at first
        torch.set_default_dtype(torch.float64)
    with elsewhere():
        agree(wanted, plain(use(*inputs)))


# What runs when its module is imported, has no code of its own, or runs only in a notebook or an export.
WITHOUT_A_CASE = {
    "figures.routing_report": {"panels_of", "routing_panels", "routing_report"},  # of a report, which is on the CPU
    "own_figures": {"claim", "flush_figures", "keep_to_threads", "open_here"},
    "paper.models": {"Models"},
    "paper.record": {"Run"},
    "shapes": {"read_size"},
    "training.batches": {"ImageData"},
    "training.guard": {"NotFiniteError"},
    "widgets.packing": {"Entry"},
    "widgets.routing_lens_why": {"Reasons"},
    "widgets.stills": {"bars_still", "interval_still"},
}
ELSEWHERE = (
    "teaching",
    "course",
    "evidence",
    "cli",
    "lessons",
    "files",
    "shadowing",
    "bundle",
    "capture",
    "doctor",
    "inspection",
    "hub",
    "server",
    "version",
    "parallel",  # needs ranks: tests/parallel
    "lab",
    "placement",
    "report",
    "report_page",
)  # no tensors, or tests of their own


def public():
    """Yield the public functions and classes of the library as (module, name, value)."""
    for found in pkgutil.walk_packages(softmoe_edu.__path__, "softmoe_edu."):
        if found.name.split(".")[1] not in ELSEWHERE:
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                own = getattr(value, "__module__", None) == found.name and not name.startswith("_")
                if own and (inspect.isfunction(value) or inspect.isclass(value)):
                    yield found.name.removeprefix("softmoe_edu."), name, value


def codes(value):
    """The code of a function, or of what a class defines itself: a protocol's constructor is typing's."""
    members = vars(value).values() if inspect.isclass(value) else [value]
    functions = [getattr(m, "fget", None) or getattr(m, "func", None) or getattr(m, "__func__", m) for m in members]
    own = [inspect.unwrap(each) for each in functions if inspect.isfunction(each)]
    # Every Protocol has the same two functions of typing's, which run where any of them is asked about.
    return {each.__code__ for each in own if each.__module__ != "typing"}


def called(cases):
    """The code of every function that runs in these cases."""
    profile = cProfile.Profile()
    with profile:
        for make, use in cases:
            use(*make())
    return {entry.code for entry in profile.getstats()}


def test_every_public_function_has_a_case():
    """A function that is new in the library is tried here on another device, or is named with a reason above."""
    seen = called((CASES | CPU_CASES).values())
    missing = {}
    for module, name, value in public():
        if not codes(value) & seen:
            missing.setdefault(module, set()).add(name)

    assert missing == WITHOUT_A_CASE
