"""Padding and empty slots count for nothing, whatever they hold: one battery over every router and every path."""

import copy
import functools

import pytest
import torch
from torch import nn

from softmoe_edu import (
    Experts,
    ExpertsChoiceRouter,
    IdentityRouter,
    MoE,
    SoftRouter,
    SoftRouting,
    SoftUniformRouter,
    SparseRouting,
    TokensChoiceRouter,
    UniformRouter,
    UniformSoftRouter,
    experts,
    losses,
    metrics,
    record,
    shapes,
)
from softmoe_edu.routers import assign_experts, assign_tokens, soft_weights
from softmoe_edu.routers.tokens_choice import GATINGS, PRIORITIES

pytestmark = pytest.mark.slow  # hundreds of cases

B, N, D, E, P, F = 4, 7, 5, 4, 2, 6

ROUTERS = {
    **{
        f"soft, {form}, normalize={normalize}": (SoftRouter, {"form": form, "normalize": normalize})
        for form in ("weights", "attention")
        for normalize in (True, False, "as printed")
    },
    "soft, noise": (SoftRouter, {"noise_std": 0.5}),
    "uniform": (UniformRouter, {}),
    "uniform / soft": (UniformSoftRouter, {}),
    "soft / uniform": (SoftUniformRouter, {}),
    "uniform / soft, noise": (UniformSoftRouter, {"noise_std": 0.5}),
    **{
        f"tokens choice, {gating}, by {priority}": (TokensChoiceRouter, {"gating": gating, "priority": priority})
        for gating in GATINGS
        for priority in PRIORITIES
    },
    "tokens choice, tight": (TokensChoiceRouter, {"top_k": 2, "capacity_factor": 0.6}),
    "tokens choice, roomy": (TokensChoiceRouter, {"capacity_factor": 4.0}),
    "tokens choice, dropless": (TokensChoiceRouter, {"top_k": 2, "capacity_factor": None}),
    "tokens choice, dropless by gate": (TokensChoiceRouter, {"capacity_factor": None, "priority": "gate"}),
    "tokens choice, noise and jitter": (TokensChoiceRouter, {"noise_std": 1.0, "jitter": 0.1}),
    "experts choice": (ExpertsChoiceRouter, {}),
    "experts choice, two slots": (ExpertsChoiceRouter, {"multiple_of": 2}),
    "experts choice, noise": (ExpertsChoiceRouter, {"noise_std": 1.0}),
    "identity": (IdentityRouter, {}),
    "identity, given slots": (IdentityRouter, {"slots_per_expert": 9}),
}
SOFT = (SoftRouter, UniformRouter, UniformSoftRouter, SoftUniformRouter)

REAL = {
    "right": [[1, 1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 0], [1, 0, 0, 0, 0, 0, 0]],
    "left": [[0, 0, 1, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 1]],
    "middle": [[1, 0, 0, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1, 1], [0, 1, 0, 1, 0, 1, 0], [1, 1, 1, 0, 1, 1, 1]],
    "a whole group": [[0] * 7, [1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1, 1]],
    "everything": [[0] * 7] * 4,
}
VALUES = [float("inf"), float("-inf"), float("nan"), torch.finfo(torch.float32).max, 1e14, -3.0]


def make(name, *, group=1, dtype=torch.float32, width=D, hidden=F):
    """A layer in training mode, its parameters a function of the name."""
    cls, changes = ROUTERS[name]
    torch.manual_seed(0)
    slots = {"slots_per_expert": P} if cls in SOFT else {}
    return MoE(cls(width, E, **slots, **changes), Experts(width, E, hidden), examples_per_group=group).to(dtype).train()


def tokens(mask, value, dtype=torch.float32, width=D):
    """Random tokens with `value` at padding."""
    x = torch.randn(*mask.shape, width, generator=torch.Generator().manual_seed(1)).to(dtype)
    return torch.where(mask[..., None], x, torch.tensor(value).to(dtype)).requires_grad_()


def run(layer, x, mask):
    """Answers, gradient of the tokens, and gradients of all parameters (0 for one that takes no part)."""
    torch.manual_seed(2)
    y = layer(x, mask)
    cotangent = torch.randn(y.shape, generator=torch.Generator().manual_seed(3)).to(y.dtype)
    parameters = list(layer.parameters())
    gradients = torch.autograd.grad(y, [x, *parameters], cotangent, allow_unused=True)
    taken = zip([x, *parameters], gradients, strict=True)
    return y.detach(), *(torch.zeros_like(leaf) if gradient is None else gradient for leaf, gradient in taken)


def assert_same(dirty, clean, mask):
    """Bit for bit the same answers and gradients, all finite, and exactly 0 at padding."""
    for one, other in zip(dirty, clean, strict=True):
        assert one.isfinite().all() and torch.equal(one, other)
    answers, gradient, *_ = dirty
    assert not answers[~mask].any() and not gradient[~mask].any()


@pytest.mark.parametrize("side", REAL)
@pytest.mark.parametrize("name", ROUTERS)
def test_padding_changes_no_answer_and_no_gradient(name, side):
    """Whatever padding holds, answers and gradients are bit for bit those with zeros there, and 0 at padding."""
    mask = torch.tensor(REAL[side], dtype=torch.bool)
    layer = make(name)
    clean = run(layer, tokens(mask, 0.0), mask)

    for value in VALUES:
        assert_same(run(layer, tokens(mask, value), mask), clean, mask)


@pytest.mark.parametrize("group", [2, 4])
@pytest.mark.parametrize("name", ROUTERS)
def test_padding_in_groups_of_examples(name, group):
    """The same holds where several examples share their slots, one of them all padding."""
    mask = torch.tensor(REAL["a whole group"], dtype=torch.bool)
    layer = make(name, group=group)
    clean = run(layer, tokens(mask, 0.0), mask)

    for value in VALUES:
        assert_same(run(layer, tokens(mask, value), mask), clean, mask)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize("name", ROUTERS)
def test_padding_in_other_dtypes(name, dtype):
    """The same holds in half and double precision, at the largest number of each."""
    mask = torch.tensor(REAL["middle"], dtype=torch.bool)
    layer = make(name, dtype=dtype)
    clean = run(layer, tokens(mask, 0.0, dtype), mask)

    for value in (float("nan"), float("inf"), torch.finfo(dtype).max):
        assert_same(run(layer, tokens(mask, value, dtype), mask), clean, mask)


@pytest.mark.parametrize("name", ROUTERS)
def test_padding_under_autocast(name):
    """The same holds where experts compute in bfloat16."""
    mask = torch.tensor(REAL["left"], dtype=torch.bool)
    layer = make(name)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        clean = run(layer, tokens(mask, 0.0), mask)
        for value in VALUES:
            assert_same(run(layer, tokens(mask, value), mask), clean, mask)


@pytest.mark.compiled
@pytest.mark.filterwarnings("ignore")  # torch.compile's own warnings
@pytest.mark.parametrize("name", ROUTERS)
def test_padding_in_compiled_code(name):
    """The same holds in code that torch.compile makes, which cannot look for NaN."""
    mask = torch.tensor(REAL["a whole group"], dtype=torch.bool)
    torch.compiler.reset()
    layer = make(name)
    compiled = torch.compile(layer, backend="aot_eager", fullgraph="dropless" not in name)
    clean = run(compiled, tokens(mask, 0.0), mask)

    for value in VALUES[:3]:
        assert_same(run(compiled, tokens(mask, value), mask), clean, mask)


@pytest.mark.compiled
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["soft, weights, normalize=True", "tokens choice, roomy"])
def test_padding_in_fused_kernels(name):
    """The same holds in the kernels of torch.compile's default backend."""
    mask = torch.tensor(REAL["left"], dtype=torch.bool)
    torch.compiler.reset()
    compiled = torch.compile(make(name))
    clean = run(compiled, tokens(mask, 0.0), mask)

    for value in VALUES[:3]:
        assert_same(run(compiled, tokens(mask, value), mask), clean, mask)


@pytest.mark.parametrize("name", ROUTERS)
def test_padding_of_a_router_alone(name):
    """A router's own to_slots and to_tokens read no padding either, forward and backward."""
    mask = torch.tensor(REAL["a whole group"], dtype=torch.bool)
    router = make(name).router
    results = []
    for value in (0.0, *VALUES):
        x = tokens(mask, value)
        torch.manual_seed(2)
        routing = router(x, mask)
        slots = routing.to_slots(x)
        answers = routing.to_tokens(slots)
        inputs = [x, *router.parameters()]
        gradients = torch.autograd.grad(answers.square().sum(), inputs, allow_unused=True)
        gradients = [torch.zeros(()) if g is None else g for g in gradients]
        results.append([answers.detach(), gradients[0], slots.detach(), *gradients[1:]])

    for dirty in results:
        assert_same(dirty, results[0], mask)


def measured(routing):
    """Every metric of a routing, by name."""
    found = {
        name: getattr(metrics, name)(routing)
        for name in (
            "expert_load expert_importance token_contribution experts_per_token dropped dropped_fraction "
            "dropped_per_example dropped_per_position slot_usage dispatch_entropy combine_entropy slot_similarity "
            "token_similarity"
        ).split()
    }
    found["even dispatch"] = metrics.dispatch_entropy(routing, normalized=True)
    found["even combine"] = metrics.combine_entropy(routing, normalized=True)
    found |= metrics.official_metrics(routing, torch.ones(D, *routing.sizes[2:]).cumsum(0).cumsum(2))
    if isinstance(routing, SparseRouting):
        found |= metrics.official_experts_choice_metrics(routing)
    return found


@pytest.mark.parametrize("side", ["left", "middle", "a whole group"])
@pytest.mark.parametrize("name", ROUTERS)
def test_padding_changes_no_metric(name, side):
    """Every metric, recorded in a layer, is the same whatever padding holds."""
    mask = torch.tensor(REAL[side], dtype=torch.bool)
    layer, seen = make(name), []
    for value in (0.0, *VALUES):
        torch.manual_seed(2)
        with record(layer) as routings:
            layer(tokens(mask, value), mask)
        seen.append(measured(routings["router"].detach()))

    for found in seen[1:]:
        torch.testing.assert_close(found, seen[0], rtol=0, atol=0, equal_nan=True)


LOSSES = {
    "importance": lambda routing, mask: losses.importance_loss(routing.gates, mask),
    "load balancing": lambda routing, mask: losses.load_balancing_loss(routing.gates, mask),
    "z": lambda routing, mask: losses.z_loss(routing.logits, mask),
    "load": lambda routing, mask: losses.load_loss(
        routing.logits, routing.noisy_logits, top_k=1, noise_std=1.0, mask=mask
    ),
}


@pytest.mark.parametrize("side", REAL)
@pytest.mark.parametrize("loss", LOSSES)
def test_padding_changes_no_loss(loss, side):
    """Every loss and its gradient are the same whatever the router's padding holds."""
    mask = torch.tensor(REAL[side], dtype=torch.bool)
    router, seen = make("tokens choice, noise and jitter").router, []
    for value in (0.0, *VALUES):
        torch.manual_seed(2)
        x = tokens(mask, value)
        total = LOSSES[loss](router(x, mask), mask)
        seen.append([total.detach(), *torch.autograd.grad(total, [x, router.w_gate])])

    for found in seen:
        assert found[0].isfinite() and not found[1][~mask].any()
        assert all(torch.equal(one, other) for one, other in zip(found, seen[0], strict=True))


@pytest.mark.parametrize("side", REAL)
@pytest.mark.parametrize("loss", LOSSES)
def test_losses_of_numbers_that_are_not_finite_at_padding(loss, side):
    """Gates and logits of another make, not finite at padding, change no loss and get a gradient of exactly 0 there."""
    mask = torch.tensor(REAL[side], dtype=torch.bool)
    draw = torch.Generator().manual_seed(1)
    logits, noise = torch.randn(B, N, E, generator=draw), torch.randn(B, N, E, generator=draw) / E
    seen = []
    for value in (0.0, *VALUES):
        scores = (logits, logits.softmax(-1), logits + noise)
        leaves = [t.masked_fill(~mask[..., None], value).requires_grad_() for t in scores]
        routing = SparseRouting(torch.zeros(B, E, 1).long(), torch.ones(B, E, 1), N, leaves[0], leaves[1], leaves[2])
        total = LOSSES[loss](routing, mask)
        gradients = torch.autograd.grad(total, leaves, allow_unused=True)
        seen.append([total.detach(), *(g for g in gradients if g is not None)])

    for found in seen:
        assert found[0].isfinite()
        assert all(torch.equal(one, other) for one, other in zip(found, seen[0], strict=True))
        assert not any(gradient[~mask].any() for gradient in found[1:])


@pytest.mark.parametrize("value", VALUES)
def test_weights_and_places_of_scores_that_are_not_finite_at_padding(value):
    """The routers' plain functions, given scores that are not finite at padding, decide and learn as if they were 0."""
    mask = torch.tensor(REAL["a whole group"], dtype=torch.bool)
    draw = torch.Generator().manual_seed(1)
    scores, cotangent = torch.randn(B, N, E, P, generator=draw), torch.randn(B, N, E, P, generator=draw)
    found = []
    for padding in (0.0, value):
        logits = scores.masked_fill(~mask[..., None, None], padding).requires_grad_()
        dispatch, combine = soft_weights(logits, mask)
        (gradient,) = torch.autograd.grad((dispatch * cotangent + combine * cotangent.square()).sum(), logits)
        gates = scores[..., 0].sigmoid().masked_fill(~mask[..., None], padding)
        chosen = torch.where(mask[..., None], gates, 0.0).argsort(-1)
        found.append(
            [
                dispatch.detach(),
                combine.detach(),
                gradient,
                *assign_experts(gates, 3, mask),
                *assign_tokens(chosen[..., :2], gates[..., :2], E, 3, score=gates[..., 0], mask=mask),
            ]
        )

    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
    assert not any(t[~mask].any() for t in found[1][:3])


@pytest.mark.parametrize("name", ["expert_importance", "expert_load", "token_contribution", "experts_per_token",
                                  "dropped", "slot_usage", "dispatch_entropy", "combine_entropy", "slot_similarity",
                                  "token_similarity", "official_metrics"])  # fmt: skip
def test_weights_that_are_not_finite_at_padding(name):
    """A routing of another make, whose weights are not finite at padding, is measured as if they were 0 there."""
    mask = torch.tensor(REAL["a whole group"], dtype=torch.bool)
    logits = torch.randn(B, N, E, P, generator=torch.Generator().manual_seed(1))
    dispatch, combine = soft_weights(logits, mask)
    bad = ~mask[..., None, None]
    clean = SoftRouting(dispatch, combine, mask=mask)
    for value in VALUES:
        dirty = SoftRouting(dispatch.masked_fill(bad, value), combine.masked_fill(bad, value), mask=mask)
        torch.testing.assert_close(getattr(metrics, name)(dirty), getattr(metrics, name)(clean), rtol=0, atol=0)


def test_only_real_tokens_are_searched_for_nan():
    """NaN in a real token is refused and named, among padding that is NaN too."""
    mask = torch.tensor(REAL["left"], dtype=torch.bool)
    x = tokens(mask, float("nan")).detach()
    x[2, 3] = float("nan")
    with pytest.raises(ValueError, match=r"NaN in 1 of 28 tokens, first in group 2, token 3"):
        make("soft, weights, normalize=True")(x, mask)


IDLE = 3  # an expert that no token chooses

SPARSE = ["tokens choice, vmoe, by position", "tokens choice, vmoe, by gate", "tokens choice, roomy",
          "tokens choice, dropless by gate", "tokens choice, noise and jitter", "identity"]  # fmt: skip


def with_idle_expert(name, dtype=torch.float32, width=D, hidden=F):
    """A layer and tokens of which none goes to the last expert; identity gets fewer tokens than experts."""
    layer = make(name, dtype=dtype, width=width, hidden=hidden)
    n = IDLE if name == "identity" else N
    x = torch.rand(B, n, width, generator=torch.Generator().manual_seed(1)).to(dtype).requires_grad_()
    with torch.no_grad():
        for parameter in layer.router.parameters():
            parameter[:, IDLE] = -100
        for bias in (layer.experts.b_in, layer.experts.b_out):
            nn.init.normal_(bias)
    return layer, x


def break_expert(layer, part, value):
    """The same layer with one parameter of the idle expert, or all of them, filled with value."""
    broken = copy.deepcopy(layer)
    with torch.no_grad():
        for parameter, values in broken.experts.named_parameters():
            if part in (parameter, "all"):
                values[IDLE] = value
    return broken


BREAKS = [(part, value) for part in ("w_in", "b_in", "w_out", "b_out", "all") for value in VALUES[:4]]


@pytest.mark.parametrize(("part", "value"), BREAKS)
@pytest.mark.parametrize("name", SPARSE)
def test_an_expert_that_no_token_chose_reaches_nothing(name, part, value):
    """Numbers of an idle expert, finite or not, change no answer and no gradient; its own gradients are exactly 0."""
    layer, x = with_idle_expert(name)
    broken = break_expert(layer, part, value)
    clean, dirty = run(layer, x, None), run(broken, x, None)

    for one, other in zip(dirty, clean, strict=True):
        assert torch.equal(one, other)
    *_, w_in, b_in, w_out, b_out = dirty
    assert not any(gradient[IDLE].any() for gradient in (w_in, b_in, w_out, b_out))
    assert all(gradient[:IDLE].any() for gradient in (w_in, b_in, w_out, b_out))


@pytest.mark.parametrize(("width", "hidden"), [(D, F), (8, 16)])  # the second fits PyTorch's grouped product
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("name", SPARSE)
def test_an_idle_expert_in_every_dtype(name, dtype, width, hidden):
    """The same holds in half and double precision, and in the grouped products of dropless routing."""
    layer, x = with_idle_expert(name, dtype, width, hidden)
    clean = run(layer, x, None)
    for value in (float("nan"), torch.finfo(dtype).max):
        dirty = run(break_expert(layer, "all", value), x, None)
        assert all(torch.equal(one, other) for one, other in zip(dirty, clean, strict=True))


@pytest.mark.parametrize("name", SPARSE)
def test_an_idle_expert_under_autocast(name):
    """The same holds where experts compute in bfloat16, in a width that PyTorch's grouped product takes."""
    layer, x = with_idle_expert(name, width=8, hidden=16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        clean, dirty = run(layer, x, None), run(break_expert(layer, "all", float("nan")), x, None)

    assert all(torch.equal(one, other) for one, other in zip(dirty, clean, strict=True))


@pytest.mark.parametrize("name", ROUTERS)
def test_where_no_number_can_be_read(name, monkeypatch):
    """Without any look at numbers, as on a GPU, padding and idle experts still reach nothing."""
    for module in (shapes, experts):
        monkeypatch.setattr(module, "known", lambda x, number: None)
    mask = torch.tensor(REAL["left"], dtype=torch.bool)
    layer = make(name)
    clean = run(layer, tokens(mask, 0.0), mask)
    assert_same(run(layer, tokens(mask, float("nan")), mask), clean, mask)

    if name in SPARSE:
        layer, x = with_idle_expert(name)
        clean, dirty = run(layer, x, None), run(break_expert(layer, "all", float("nan")), x, None)
        assert all(torch.equal(one, other) for one, other in zip(dirty, clean, strict=True))


@pytest.mark.compiled
@pytest.mark.filterwarnings("ignore")  # torch.compile's own warnings
@pytest.mark.parametrize(
    ("name", "backend"),
    [("tokens choice, roomy", "aot_eager"), ("identity", "aot_eager"), ("tokens choice, roomy", "inductor")],
)
def test_an_idle_expert_in_compiled_code(name, backend):
    """The same holds in code that torch.compile makes, which cannot look at numbers."""
    layer, x = with_idle_expert(name)
    torch.compiler.reset()
    layers = layer, break_expert(layer, "all", float("nan"))
    results = [run(torch.compile(one, backend=backend), x, None) for one in layers]

    for one, other in zip(*results, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", sorted(set(SPARSE) - {"tokens choice, dropless by gate"}))
def test_an_idle_expert_under_vmap(name):
    """The same holds for the gradients of every example alone."""
    layer, x = with_idle_expert(name)
    layer.eval()

    def gradients(layer):
        values = {name: parameter.detach() for name, parameter in layer.named_parameters()}

        def loss(values, example):
            return torch.func.functional_call(layer, values, (example[None],)).square().sum()

        return torch.func.vmap(torch.func.grad(loss, (0, 1)), (None, 0))(values, x.detach())

    clean, dirty = gradients(layer), gradients(break_expert(layer, "all", float("nan")))

    torch.testing.assert_close(dirty, clean, rtol=0, atol=0)


@pytest.mark.parametrize(
    "name",
    ["soft, weights, normalize=True", "soft, attention, normalize=True", "uniform", "experts choice", "identity",
     "tokens choice, roomy", "tokens choice, dropless"],
)  # fmt: skip
def test_experts_without_any_real_token_reach_nothing(name):
    """Where everything is padding, no token chose an expert, and broken experts leave exact zeros."""
    mask = torch.zeros(B, N, dtype=torch.bool)
    layer = make(name)
    with torch.no_grad():
        for parameter in layer.experts.parameters():
            parameter.fill_(float("nan"))

    assert not any(result.any() for result in run(layer, tokens(mask, float("inf")), mask))


def passing_on(forward):
    """A decorator that takes any arguments."""

    @functools.wraps(forward)
    def inner(*args, **keywords):
        return forward(*args, **keywords)

    return inner


def of_slots_alone(forward):
    """A decorator that knows of slots only."""

    @functools.wraps(forward)
    def inner(self, slots):
        return forward(self, slots)

    return inner


@pytest.mark.parametrize(("decorator", "told"), [(passing_on, True), (of_slots_alone, False)])
def test_experts_with_a_decorated_forward(decorator, told):
    """A decorated forward is told of empty slots where it can take them, and otherwise called as it always was."""
    layer, x = with_idle_expert("tokens choice, roomy")
    clean = run(layer, x, None)
    layer.experts.__class__ = type("Decorated", (Experts,), {"forward": decorator(Experts.forward)})

    assert all(torch.equal(one, other) for one, other in zip(run(layer, x, None), clean, strict=True))
    answers, of_tokens, of_router, w_in, *_ = run(break_expert(layer, "all", float("nan")), x, None)
    assert all(torch.equal(*pair) for pair in zip((answers, of_tokens, of_router), clean, strict=False))
    assert bool(w_in[IDLE].isfinite().all()) is told


class Directions(nn.Module):
    """Experts of another make that know no empty slots: the slot's direction, which a slot of zeros does not have."""

    def forward(self, slots):
        return slots / slots.norm(dim=-1, keepdim=True)


@pytest.mark.parametrize("name", ROUTERS)
def test_empty_slots_of_experts_of_another_make(name):
    """Answers that are NaN for an empty slot reach no token and no gradient of router or tokens."""
    mask = torch.tensor(REAL["a whole group"], dtype=torch.bool)
    layer = MoE(make(name).router, Directions())
    clean = run(layer, tokens(mask, 0.0), mask)
    x = tokens(mask, 0.0)
    torch.manual_seed(2)
    empty = layer.router(x, mask).to_slots(x).norm(dim=-1) == 0

    assert empty.any() and Directions()(torch.zeros(1, 1, 1, 2)).isnan().all()
    assert_same(clean, clean, mask)
    assert_same(run(layer, tokens(mask, float("nan")), mask), clean, mask)


def test_an_empty_slot_is_not_token_0():
    """In index form by hand: an empty slot's answer, and what stands in its gate, touch no token and no gradient."""
    token = torch.tensor([[[0, -1], [1, -1]], [[-1, -1], [0, 1]]])
    gate = torch.tensor([[[0.5, torch.nan], [0.25, torch.inf]], [[torch.nan, 7.0], [2.0, 4.0]]], requires_grad=True)
    routing = SparseRouting(token, gate, 2)
    nan, inf = torch.nan, torch.inf
    y = torch.tensor([[[[1.0], [nan]], [[2.0], [inf]]], [[[inf], [nan]], [[3.0], [5.0]]]], requires_grad=True)
    x = torch.tensor([[[1.0], [2.0]], [[3.0], [4.0]]], requires_grad=True)
    answers, slots = routing.to_tokens(y), routing.to_slots(x)
    torch.autograd.backward(
        [answers, slots],
        [torch.ones(2, 2, 1), torch.tensor([[[[1.0], [nan]], [[1.0], [nan]]], [[[inf], [inf]], [[1.0], [1.0]]]])],
    )

    assert answers.tolist() == [[[0.5], [0.5]], [[6.0], [20.0]]]
    assert slots.tolist() == [[[[1.0], [0.0]], [[2.0], [0.0]]], [[[0.0], [0.0]], [[3.0], [4.0]]]]
    assert y.grad.tolist() == [[[[0.5], [0]], [[0.25], [0]]], [[[0], [0]], [[2.0], [4.0]]]]
    assert gate.grad.tolist() == [[[1.0, 0], [2.0, 0]], [[0, 0], [3.0, 5.0]]]
    assert x.grad.tolist() == [[[1.0], [1.0]], [[1.0], [1.0]]]
    assert routing.combine.isfinite().all() and routing.combine.sum() == 6.75
    assert metrics.expert_importance(routing).tolist() == [[0.5, 0.25], [0, 6.0]]
