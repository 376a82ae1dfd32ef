"""A run goes on with the model and the auxiliary loss that it began with, and with nothing that only looks alike."""

import functools
import inspect
import operator
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from torch import nn
from toy import Toy, parameters, run, toy_data, toy_model

from softmoe_edu import ROUTERS, Experts, ExpertsChoiceRouter, MoE, SoftRouter, TokensChoiceRouter
from softmoe_edu.losses import importance_loss, load_balancing_loss
from softmoe_edu.routers import Router
from softmoe_edu.training.checkpoint import load_checkpoint
from softmoe_edu.training.identity import check_same, identity_of

D, E = 6, 4


def model(router, *arguments, examples_per_group=1, **settings):
    """A Toy whose layer is an MoE with this router."""
    toy = toy_model()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = MoE(router(D, E, *arguments, **settings), Experts(D, E, 5), examples_per_group=examples_per_group)
    toy.layer = layer
    return toy


class Stopped(Exception):
    """Ends a run from inside its model."""


def interrupted(toy, step=3, **arguments):
    """The history of a run that ends after two of six steps."""
    calls = []

    def stop(*_):
        calls.append(None)
        if len(calls) == step:
            raise Stopped

    handle = toy.register_forward_pre_hook(stop)
    with pytest.raises(Stopped) as caught:
        run(toy, **arguments)
    handle.remove()
    return caught.value.history


OTHER = {
    "top_k": (TokensChoiceRouter, {}, {"top_k": 2}),
    "gating": (TokensChoiceRouter, {"top_k": 2}, {"top_k": 2, "gating": "gshard"}),
    "priority": (TokensChoiceRouter, {}, {"priority": "gate"}),
    "capacity_factor": (TokensChoiceRouter, {}, {"capacity_factor": None}),
    "rounding": (TokensChoiceRouter, {}, {"rounding": "round"}),
    "multiple_of": (TokensChoiceRouter, {}, {"multiple_of": 4}),
    "noise_std": (TokensChoiceRouter, {}, {"noise_std": 1.0}),
    "jitter": (TokensChoiceRouter, {}, {"jitter": 0.1}),
    "noise_std of experts choice": (ExpertsChoiceRouter, {}, {"noise_std": 1.0}),
    "capacity_factor of experts choice": (ExpertsChoiceRouter, {}, {"capacity_factor": 2.0}),
    "normalize": (SoftRouter, {}, {"normalize": False}),
    "noise_std of soft": (SoftRouter, {}, {"noise_std": 0.5}),
    "form": (SoftRouter, {}, {"form": "weights"}),
    "examples_per_group": (SoftRouter, {}, {"examples_per_group": 2}),
}


@pytest.mark.parametrize("name", OTHER)
def test_another_setting_of_equal_shapes_is_not_resumed(name):
    """The error names the setting, what it is, what it was and where; the same settings go on."""
    router, began, other = OTHER[name]
    setting = name.split()[0]
    history = interrupted(model(router, **began))

    where = "'layer'" if setting == "examples_per_group" else "'layer.router'"
    with pytest.raises(
        ValueError, match=f"the model that it began with, got {setting}=.* in {where}, and it began with"
    ):
        run(model(router, **other), resume=history)
    assert run(model(router, **began), resume=history)[1].steps_done == 6


def test_every_argument_of_a_router_counts():
    """A router that is registered is known by all that its constructor takes, so that none can be exchanged unseen."""
    for name, kind in ROUTERS.items():
        known = identity_of(kind(D, E))["model"][""]
        taken = {p for cls in kind.__mro__ if issubclass(cls, Router) for p in _arguments(cls)}

        assert taken - set(known) - {"scale_init"} == set(), name  # what the scale began with is no setting
        assert known["type"] == kind.__name__


def _arguments(cls):
    if "__init__" not in vars(cls):
        return []
    parameters = inspect.signature(cls.__init__).parameters.values()
    return [p.name for p in parameters if p.name != "self" and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


def test_another_type_module_dtype_or_frozen_parameter_is_not_resumed():
    """Each is named; a float32 run does not silently go on in bfloat16."""
    history = interrupted(toy_model())

    other = toy_model()
    other.drop = nn.AlphaDropout(0.2)
    with pytest.raises(ValueError, match="got type=AlphaDropout in 'drop', and it began with Dropout"):
        run(other, resume=history)
    other = toy_model()
    other.drop = nn.Sequential(nn.Dropout(0.2))
    with pytest.raises(ValueError, match="got type=Sequential in 'drop', and it began with Dropout"):
        run(other, resume=history)
    other = toy_model()
    other.extra = nn.ReLU()
    with pytest.raises(ValueError, match="got a module 'extra' of type ReLU, and it began with none"):
        run(other, resume=history)
    with pytest.raises(ValueError, match="got no module 'extra', and it began with one of type ReLU"):
        run(toy_model(), resume=interrupted(other))
    other = toy_model()
    other.embed.weight.requires_grad_(False)
    with pytest.raises(ValueError, match=r"the parameters to train .*, got a difference in embed\.weight: freeze"):
        run(other, resume=history)
    data = toy_data(40)
    data.images = data.images.bfloat16()
    with pytest.raises(ValueError, match=r"of dtype torch\.bfloat16, and it began with torch\.float32"):
        run(toy_model().bfloat16(), data, resume=history)


WEIGHT = 3


def importance(routings, weight=1.0):
    """The usual loss."""
    return weight * sum(importance_loss(r.gates) for r in routings.values())


def by_global(routings):
    """A loss that takes its weight from around it."""
    return WEIGHT * importance(routings)


def closure(weight, loss=importance_loss):
    """A loss made by a function."""
    return lambda routings: weight * sum(loss(r.gates) for r in routings.values())


def scaled(weight):
    """Decorate a loss."""

    def decorate(function):
        @functools.wraps(function)
        def multiplied(routings):
            return weight * function(routings)

        return multiplied

    return decorate


class Scheduled:
    """A loss whose weight grows, by a count of its own."""

    def __init__(self, slope):
        self.slope, self.calls, self.seen = slope, 0, []

    def __call__(self, routings):
        self.calls += 1
        self.seen.append(self.calls)
        return self.slope * self.calls * importance(routings)

    def doubled(self, routings):
        return 2 * self(routings)


def recreated(source, **around):
    """A function as a cell that is run again defines it: elsewhere in the file, with the same source."""
    names = {"importance": importance, "importance_loss": importance_loss, "WEIGHT": WEIGHT} | around
    exec("\n" * recreated.lines + textwrap.dedent(source), names)
    recreated.lines += 7
    return names["auxiliary"]


recreated.lines = 0
SOURCE = '''
def auxiliary(routings, *, floor=0.5):
    """Sum of all layers, over a floor."""
    names = {"mean", "sum", "least"}
    total = sum(3 * importance_loss(r.gates) for name, r in routings.items() if name not in names)
    return (total - floor).relu() + WEIGHT * total
'''
SAME = {
    "a lambda": lambda: recreated("auxiliary = lambda routings: 2 * importance(routings)"),
    "a function": lambda: recreated(SOURCE),
    "a closure": lambda: closure(2.0),
    "a whole weight": lambda: closure(2),
    "a partial": lambda: functools.partial(importance, weight=2.0),
    "a decorated function": lambda: scaled(2)(by_global),
    "no_grad inside": lambda: recreated(
        "def auxiliary(r):\n  with torch.no_grad(): 1\n  return importance(r)", torch=torch
    ),
    "an object": lambda: Scheduled(0.1),
    "a method": lambda: Scheduled(0.1).doubled,
    "a numpy weight": lambda: closure(np.float32(2)),
    "a function of the library": lambda: importance,
}
DIFFERENT = {
    "another function": (lambda: importance, lambda: by_global, "got another function"),
    "another lambda": (lambda: lambda r: importance(r), lambda: lambda r: 2 * importance(r), "got another function"),
    "another loss": (
        lambda: lambda r: sum(importance_loss(v.gates) for v in r.values()),
        lambda: lambda r: sum(load_balancing_loss(v.gates) for v in r.values()),
        "got another function",
    ),
    "a constant inside a generator": (
        lambda: recreated(SOURCE),
        lambda: recreated(SOURCE.replace("3 *", "4 *")),
        "got another function",
    ),
    "a text inside a set": (
        lambda: recreated(SOURCE),
        lambda: recreated(SOURCE.replace("least", "most")),
        "got another function",
    ),
    "a weight in a closure": (lambda: closure(2.0), lambda: closure(3.0), "got weight=3, and it began with 2"),
    "a loss in a closure": (
        lambda: closure(2.0),
        lambda: closure(2.0, load_balancing_loss),
        "got loss=softmoe_edu.losses.load_balancing_loss, and it began with softmoe_edu.losses.importance_loss",
    ),
    "a default": (
        lambda: recreated(SOURCE),
        lambda: recreated(SOURCE.replace("0.5", "0.25")),
        r"got floor=0\.25, and it began with 0\.5",
    ),
    "a global": (lambda: recreated(SOURCE), lambda: recreated(SOURCE, WEIGHT=5), "got WEIGHT=5, and it began with 3"),
    "a function beside it": (
        lambda: recreated("def part(r): return importance(r)\ndef auxiliary(r): return part(r)"),
        lambda: recreated("def part(r): return 9 * importance(r)\ndef auxiliary(r): return part(r)"),
        "got another part",
    ),
    "a global inside a generator": (
        lambda: recreated("auxiliary = lambda r: sum(WEIGHT * importance_loss(v.gates) for v in r.values())"),
        lambda: recreated("auxiliary = lambda r: sum(WEIGHT * importance_loss(v.gates) for v in r.values())", WEIGHT=5),
        "got WEIGHT=5, and it began with 3",
    ),
    "a numpy weight": (
        lambda: closure(np.float32(2)),
        lambda: closure(np.float32(4)),
        "got weight=4, and it began with",
    ),
    "a partial's weight": (
        lambda: functools.partial(importance, weight=2.0),
        lambda: functools.partial(importance, weight=4.0),
        "got weight=4, and it began with 2",
    ),
    "no partial": (lambda: functools.partial(importance, weight=2.0), lambda: importance, "got weight=1, and it began"),
    "a decorator's weight": (lambda: scaled(2)(by_global), lambda: scaled(5)(by_global), "got weight=5, and it began"),
    "an object's setting": (lambda: Scheduled(0.1), lambda: Scheduled(0.2), r"got slope=0\.2, and it began with 0\.1"),
    "a method's object": (lambda: Scheduled(0.1).doubled, lambda: Scheduled(0.2).doubled, r"got slope=0\.2"),
    "another method": (lambda: Scheduled(0.1).doubled, lambda: Scheduled(0.1), "got another function"),
}


@pytest.mark.parametrize("name", SAME)
def test_an_auxiliary_loss_from_the_same_source_is_resumed(name):
    """A cell that is run again makes another object of the same function, and the run goes on."""
    make = SAME[name]
    history = interrupted(toy_model(), auxiliary=make())
    again = functools.partial(make) if name == "a function of the library" else make

    assert run(toy_model(), auxiliary=again(), resume=history)[1].steps_done == 6


@pytest.mark.parametrize("name", DIFFERENT)
def test_another_auxiliary_loss_is_not_resumed(name):
    """The error names the value that differs, or says that it is another function."""
    began, other, said = DIFFERENT[name]
    history = interrupted(toy_model(), auxiliary=began())
    before = parameters(resumed := toy_model())

    with pytest.raises(ValueError, match=f"with the auxiliary loss that it began with, {said}"):
        run(resumed, auxiliary=other(), resume=history)
    assert torch.equal(parameters(resumed), before)


def test_a_name_and_a_docstring_are_no_part_of_a_function():
    """Only what it computes counts; a whole number is the same weight in any type."""
    renamed = SOURCE.replace("def auxiliary", "def renamed").replace("Sum of", "The sum of") + "\nauxiliary = renamed"
    history = interrupted(toy_model(), auxiliary=recreated(SOURCE))
    assert run(toy_model(), auxiliary=recreated(renamed), resume=history)[1].steps_done == 6

    history = interrupted(toy_model(), auxiliary=closure(2))
    assert run(toy_model(), auxiliary=closure(np.float64(2)), resume=history)[1].steps_done == 6


def test_what_is_called_without_python_counts_by_its_type():
    """A callable that is written in C has no code to compare."""
    began = identity_of(toy_model(), operator.itemgetter(0))

    check_same(identity_of(toy_model(), operator.itemgetter(0)), [began])
    with pytest.raises(ValueError, match="the auxiliary loss that it began with, got another function"):
        check_same(identity_of(toy_model(), operator.attrgetter("gates")), [began])


def test_a_loss_that_counts_its_own_calls_goes_on():
    """The same object goes on from its count, and a new one from the beginning; both are what the run is known by."""
    auxiliary = Scheduled(0.1)
    history = interrupted(toy_model(), auxiliary=auxiliary)

    assert auxiliary.calls == 2
    assert run(toy_model(), auxiliary=auxiliary, resume=history)[1].steps_done == 6
    assert run(toy_model(), auxiliary=Scheduled(0.1), resume=history)[1].steps_done == 6


@pytest.mark.slow
def test_a_file_knows_its_loss_in_another_process(tmp_path):
    """Neither the order of a set nor an address makes a function another one."""
    path = tmp_path / "run.pt"
    code = """
import sys
sys.path[:0] = sys.argv[2:]
from test_identity import *
interrupted(toy_model(), auxiliary=recreated(SOURCE), checkpoint=sys.argv[1], checkpoint_every=1)
"""
    folder = os.path.dirname(__file__)
    for seed in ("1", "2"):
        path.unlink(missing_ok=True)
        command = [sys.executable, "-c", code, str(path), folder, os.path.dirname(folder)]
        subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": seed})
        _, history = run(toy_model(), auxiliary=recreated(SOURCE), checkpoint=path, resume=True)
        assert history.steps_done == 6
    with pytest.raises(ValueError, match="got WEIGHT=4, and it began with 3"):
        run(toy_model(), auxiliary=recreated(SOURCE, WEIGHT=4), resume=path)


def test_code_of_another_version_of_python_is_taken_on_trust():
    """Its values still count."""
    began, now = (identity_of(toy_model(), closure(weight)) for weight in (2.0, 2.0))
    for description in (began, now):
        assert description["auxiliary"][""].startswith(f"code {sys.implementation.cache_tag} ")
    began["auxiliary"][""] = "code cpython-999 0123456789abcdef"

    check_same(now, [began])
    with pytest.raises(ValueError, match="got weight=3, and it began with 2"):
        check_same(identity_of(toy_model(), closure(3.0)), [began])


def test_a_history_of_an_earlier_version_goes_on(tmp_path):
    """A file without what its run was made of is resumed by shapes and settings, and knows the rest from then on."""
    path = tmp_path / "old.pt"
    interrupted(toy_model(), auxiliary=importance, checkpoint=path, checkpoint_every=1)
    old = torch.load(path, weights_only=True)
    del old["state"]["identity"]
    old["state"]["model"] = {f"_orig_mod.{name}": value for name, value in old["state"]["model"].items()}
    torch.save(old, path)

    assert load_checkpoint(path).steps_done == 2
    _, history = run(toy_model(), auxiliary=by_global, checkpoint=path, resume=True)
    assert history.steps_done == 6
    with pytest.raises(ValueError, match="the auxiliary loss that it began with, got another function"):
        run(toy_model(), auxiliary=importance, checkpoint=path, resume=True)


def compiled_part():
    """A Toy with a compiled part."""
    toy = toy_model()
    toy.embed = torch.compile(toy.embed)
    return toy


WRAPPED = {
    "compiled": lambda: torch.compile(toy_model()),
    "compiled part": compiled_part,
    "parallel": lambda: nn.DataParallel(toy_model()),
    "parallel and compiled": lambda: torch.compile(nn.DataParallel(toy_model())),
}


@pytest.mark.compiled
@pytest.mark.filterwarnings("ignore")  # torch.compile's own warnings
@pytest.mark.parametrize("first, second", [pair for name in WRAPPED for pair in (("plain", name), (name, "plain"))])
def test_a_run_goes_on_in_the_compiled_and_in_the_plain_model(first, second):
    """What wraps a model is no part of it: the result is that of an unbroken run, and snapshots have the same names."""
    whole, expected = run(toy_model(), snapshot_at=(0, -1))
    with torch.compiler.set_stance("force_eager"):
        history = interrupted(WRAPPED.get(first, toy_model)(), snapshot_at=(0, -1))
        model, finished = run(WRAPPED.get(second, toy_model)(), resume=history, snapshot_at=(0, -1))

    assert list(history.state["model"]) == list(toy_model().state_dict())
    assert torch.equal(parameters(model), parameters(whole))
    assert finished.columns["loss"].tolist() == expected.columns["loss"].tolist()
    assert {name for snapshot in finished.snapshots.values() for name in snapshot} == {"layer.router"}


def test_state_that_is_no_tensor_is_resumed_in_memory():
    """A model may keep anything in its extra state; a history in memory carries it along."""

    class Counting(Toy):
        def get_extra_state(self):
            return {"epoch": 3}

        def set_extra_state(self, state):
            self.restored = state

    history = interrupted(Counting())
    resumed, finished = run(Counting(), resume=history)
    assert resumed.restored == {"epoch": 3} and finished.steps_done == 6
