"""Names of a model's parts, whatever is wrapped around it."""

import pytest
import torch
from torch import nn

from softmoe_edu import Experts, MoE, SoftRouter, record
from softmoe_edu.names import plain_name

E, P, D = 4, 2, 5


def plain():
    """A model one of whose own parts is called "module"."""
    model = nn.Sequential(nn.Linear(D, D), nn.Module())
    model[1].module = MoE(SoftRouter(D, E, P), Experts(D, E, 6))
    model[1].forward = lambda x: model[1].module(x)
    return model


def compiled_part():
    """The model with its layer compiled in its place."""
    model = plain()
    model[1].module = torch.compile(model[1].module)
    return model


WRAPPED = {
    "plain": plain,
    "compiled": lambda: torch.compile(plain()),
    "compiled part": compiled_part,
    "parallel": lambda: nn.DataParallel(plain()),
    "parallel around compiled": lambda: nn.DataParallel(torch.compile(plain())),
    "compiled around parallel": lambda: torch.compile(nn.DataParallel(plain())),
}


@pytest.mark.compiled
@pytest.mark.filterwarnings("ignore")  # torch.compile's own warnings
@pytest.mark.parametrize("name", WRAPPED)
def test_names_are_those_of_the_plain_model(name):
    """Modules, parameters and state have the same names around and inside any wrapper."""
    model, wanted = WRAPPED[name](), plain()

    for names in (lambda m: dict(m.named_parameters()), lambda m: m.state_dict()):
        assert [plain_name(model, key) for key in names(model)] == list(names(wanted))
    modules = {plain_name(model, key) for key, _ in model.named_modules()}
    assert modules == {key for key, _ in wanted.named_modules()}


@pytest.mark.compiled
@pytest.mark.filterwarnings("ignore")  # torch.compile's own warnings
def test_routings_are_recorded_by_plain_names():
    """The recorder calls a router as in the plain model, also under data parallelism."""
    for make in WRAPPED.values():
        with torch.compiler.set_stance("force_eager"):
            model = make()
            with record(model) as routings:
                model(torch.randn(3, 7, D))
        assert list(routings) == ["1.module.router"]
