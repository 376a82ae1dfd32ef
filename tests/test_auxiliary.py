"""A loss on the routings trains something, or `train` says why it cannot; activation checkpointing changes neither."""

import math

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from toy import Toy, parameters, run, toy_model

from softmoe_edu import Experts, MoE, SoftRouter, TokensChoiceRouter, record
from softmoe_edu.losses import importance_loss
from softmoe_edu.metrics import dropped_fraction
from softmoe_edu.training.guard import NotFiniteError

OWN = nn.Parameter(torch.ones(()))


class Checkpointed(nn.Module):
    """Keep no activations of the layer inside, and compute them again in the backward pass."""

    def __init__(self, layer, reentrant):
        super().__init__()
        self.layer, self.reentrant = layer, reentrant

    def forward(self, x):
        return checkpoint(self.layer, x, use_reentrant=self.reentrant)


class TwoLayers(Toy):
    """A Toy with a second routed layer behind the first."""

    def __init__(self):
        super().__init__()
        self.second = MoE(TokensChoiceRouter(6, 3), Experts(6, 3, 5))

    def forward(self, images):
        x = self.drop(self.norm(self.embed(images).flatten(2))).mT
        x = x + self.layer(x)
        return self.head((x + self.second(x)).mean(1))


def checkpointed(reentrant, layer="layer", model=None):
    """A Toy of which one layer is under activation checkpointing."""
    model = model or toy_model()
    setattr(model, layer, Checkpointed(getattr(model, layer), reentrant))
    return model


def importance(routings):
    """The usual loss, over all layers."""
    return 3 * sum(importance_loss(routing.gates) for routing in routings.values())


def frozen(model, *names):
    """The model with the named parts, or all but its head, without gradients."""
    for part in [model.get_submodule(name) for name in names] or [model.embed, model.norm, model.layer]:
        part.requires_grad_(False)
    return model


def in_place(routings):
    """A loss that writes into the gates."""
    (routing,) = routings.values()
    return routing.gates.clamp_(min=0.3).square().sum()


def on_its_own(routings):
    """A loss that runs the backward pass."""
    loss = importance(routings)
    loss.backward(retain_graph=True)
    return loss


CONSTANT = r"auxiliary must have a gradient, got the constant [\d.]+: take the gates or logits as recorded"
SEVERED = r"got a loss of 'layer.layer.router', which ran without gradients: pass use_reentrant=False"
NOWHERE = "auxiliary must have a gradient that reaches a trained parameter, got one that reaches none"
WITHOUT_GRADIENT = {
    "detached": (lambda r: importance({n: v.detach() for n, v in r.items()}), {}, CONSTANT),
    "no_grad": (torch.no_grad()(importance), {}, CONSTANT),
    "a metric": (lambda r: sum(dropped_fraction(v) for v in r.values()), {}, CONSTANT),
    "a number in a tensor": (lambda r: torch.tensor(0.5), {}, CONSTANT),
    "frozen": (importance, {"model": frozen(toy_model())}, "the routers and all layers before them are frozen, so set"),
    "reentrant": (importance, {"model": checkpointed(True)}, SEVERED),
    "one of two reentrant": (importance, {"model": checkpointed(True, model=TwoLayers())}, SEVERED),
    "a parameter of its own": (lambda r: OWN * importance({n: v.detach() for n, v in r.items()}), {}, NOWHERE),
    "nothing but a parameter of its own": (lambda r: OWN, {}, NOWHERE),
}


@pytest.mark.parametrize("name", WITHOUT_GRADIENT)
def test_a_loss_that_trains_nothing_is_rejected(name):
    """Whatever keeps the gradient away is named at the first step, and the model is as it was."""
    auxiliary, arguments, said = WITHOUT_GRADIENT[name]
    model = arguments.get("model") or toy_model()
    before = parameters(model)

    with pytest.raises(ValueError, match=said) as caught:
        run(model, auxiliary=auxiliary)
    assert torch.equal(parameters(model), before)
    assert all(p.grad is None for p in model.parameters())
    assert caught.value.history.steps_done == 0


KINDS = {
    "a float": (lambda r: 0.5, TypeError, r"scalar tensor, got float: a plain number has no gradient, so leave .item"),
    "an empty sum": (lambda r: sum(v for v in ()), TypeError, r"got int: .* and add up at least one layer"),
    "None": (lambda r: None, TypeError, "auxiliary must return a scalar tensor, got NoneType: add up the losses"),
    "a loss for each group": (lambda r: r["layer.router"].gates.sum((1, 2)), TypeError, r"got shape \(8,\): add up"),
    "one number in a row": (lambda r: importance(r)[None], TypeError, r"got shape \(1,\): add up"),
    "a count": (lambda r: r["layer.router"].filled.sum(), TypeError, "got torch.int64: a count or a choice has no"),
    "another device": (
        lambda r: importance(r).to("meta"),
        ValueError,
        r"on cpu, where the loss is, got meta: leave .cpu\(\) out, or move it with .to\('cpu'\)",
    ),
    "in place": (in_place, ValueError, "got a change in place to .*gates of 'layer.router': work on a copy"),
    "its own backward": (on_its_own, ValueError, "must leave the backward pass to train, got gradients: return the"),
    "NaN": (lambda r: importance(r) * math.nan, NotFiniteError, "the auxiliary loss is nan"),
    "a constant NaN": (lambda r: torch.tensor(math.nan), NotFiniteError, "the auxiliary loss is nan"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", KINDS)
def test_what_is_no_loss_is_rejected(name):
    """A number, a shape, a device, a change in place and NaN are each told apart, and the model is as it was."""
    auxiliary, kind, said = KINDS[name]
    model = toy_model()
    before = parameters(model)

    with pytest.raises(kind, match=said):
        run(model, auxiliary=auxiliary)
    assert torch.equal(parameters(model), before)
    assert all(p.grad is None for p in model.parameters())


def test_the_gradient_is_asked_for_in_every_step():
    """A loss that becomes a constant in the third step stops the run there, with two steps done."""
    calls = []

    def fading(routings):
        calls.append(None)
        loss = importance(routings)
        return loss if len(calls) < 3 else loss.detach()

    with pytest.raises(ValueError, match="got the constant") as caught:
        run(auxiliary=fading)
    assert caught.value.history.steps_done == 2


def test_a_constant_zero_is_no_loss_and_no_fault():
    """A warm-up may return 0 without a gradient: it adds nothing, and the log says so."""
    calls = []

    def late(routings):
        calls.append(None)
        return importance(routings) if len(calls) > 3 else torch.zeros(())

    _, history = run(auxiliary=late)
    plain, _ = run(steps=6)
    assert history.columns["auxiliary"][:3].tolist() == [0, 0, 0]
    assert all(history.columns["auxiliary"][3:] > 0)
    zero, _ = run(auxiliary=lambda routings: torch.zeros(()))
    assert torch.equal(parameters(zero), parameters(plain))


ACCEPTED = {
    "a hinge that is flat now": lambda r: (importance(r) - 1e6).relu(),
    "a factor of 0": lambda r: 0.0 * importance(r),
    "float64": lambda r: importance(r).double(),
    "routings taken out": lambda r: importance({"layer.router": r.pop("layer.router")}),
    "a routing put in": lambda r: importance(r) + importance_loss(r.setdefault("mine", r["layer.router"]).gates),
    "a detached part": lambda r: importance(r) * importance(r).detach(),
    "a gradient penalty": lambda r: (
        torch.autograd.grad(importance(r), r["layer.router"].logits, create_graph=True)[0].square().sum()
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_loss_with_a_gradient_is_accepted(name):
    """Not the slope of a step counts but that there is one; a learner's changes to the dict change nothing."""
    _, history = run(auxiliary=ACCEPTED[name])

    assert history.steps_done == 6
    assert history.columns["dropped"].tolist() == [0.5] * 6


def test_a_frozen_router_may_have_a_loss_that_trains_the_layers_before_it():
    """The gradient need not reach the router itself."""
    model, history = run(frozen(toy_model(), "layer"), auxiliary=importance, steps=20, learning_rate=0.02)
    plain, _ = run(frozen(toy_model(), "layer"), steps=20, learning_rate=0.02)

    assert history.steps_done == 20
    assert not torch.equal(model.embed.weight, plain.embed.weight)


def test_a_reentrant_checkpoint_beside_the_router_is_no_obstacle():
    """A loss of the first layer's gates has its gradient, though the second layer's routing has none."""
    model = checkpointed(True, "second", TwoLayers())

    _, history = run(model, auxiliary=lambda r: importance_loss(r["layer.router"].gates))
    assert history.steps_done == 6


def test_a_reentrant_checkpoint_before_the_router_hides_no_gradient():
    """With the router frozen, the parameters inside a checkpoint before it are what the loss trains."""
    model = frozen(TwoLayers(), "second.router", "embed", "norm")
    model.embed.bias.requires_grad_(True)
    model = checkpointed(True, model=model)
    model.embed.bias.requires_grad_(False)
    handle = model.embed.register_forward_hook(lambda module, args, output: output.requires_grad_())

    _, history = run(model, auxiliary=lambda r: importance_loss(r["second.router"].gates))
    handle.remove()
    assert history.steps_done == 6


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")  # PyTorch's, in every evaluation
@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointing_changes_no_figure(reentrant):
    """Loss, drops, snapshots and the trained model are those of a run that keeps its activations."""
    auxiliary = None if reentrant else importance
    plain, expected = run(steps=12, auxiliary=auxiliary, snapshot_at=(-1,))
    saving, history = run(checkpointed(reentrant), steps=12, auxiliary=auxiliary, snapshot_at=(-1,))

    torch.testing.assert_close(parameters(saving), parameters(plain))
    for name in ("loss", "auxiliary", "dropped"):
        assert history.columns[name].tolist() == pytest.approx(expected.columns[name].tolist())
    after, before = history.snapshots[12]["layer.layer.router"], expected.snapshots[12]["layer.router"]
    torch.testing.assert_close(after.gates, before.gates)


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("router", [SoftRouter, TokensChoiceRouter])
def test_a_backward_pass_records_no_routing_again(router, reentrant):
    """What a checkpoint computes again inside the recorder is not taken for a second decision."""
    layer = Checkpointed(MoE(router(5, 4, noise_std=1.0), Experts(5, 4, 6)), reentrant)
    x = torch.randn(3, 7, 5, requires_grad=True)
    with record(layer) as routings:
        y = layer(x)
        decided = dict(routings)
        y.square().sum().backward()

    assert list(routings) == ["layer.router"]
    assert routings["layer.router"] is decided["layer.router"]
    assert layer.layer.experts.w_in.grad.abs().sum() > 0


def test_the_loss_may_be_a_parameter_of_the_model_itself():
    """A scalar parameter needs no function around it."""
    model = toy_model()
    model.temperature = nn.Parameter(torch.ones(()))
    run(model, auxiliary=lambda routings: model.temperature)

    assert model.temperature.item() < 1


def test_gradients_from_before_the_run_are_no_part_of_it():
    """A backward pass of the caller's leaves gradients; the first step does not add to them."""
    model = toy_model()
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 7.0)
    run(model)

    assert torch.equal(parameters(model), parameters(run()[0]))
