"""A router of one's own that is registered: everything takes it for what it is, or says what it cannot do with it."""

import ast
import contextlib
import re
from pathlib import Path

import matplotlib
import pytest
import torch
from matplotlib import pyplot as plt
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from toy import toy_data

import softmoe_edu
from benchmarks.case import OURS, Works
from benchmarks.case import Case as LayerCase
from benchmarks.widget_cases import EXPLORER_ACTIONS, Case
from softmoe_edu import ROUTERS, Experts, MoE, SoftRouter, TokensChoiceRouter, ViT, figures, losses, metrics, record
from softmoe_edu.cost import MoESizes, Part, cost_of, moe_cost
from softmoe_edu.influence import influence, moves
from softmoe_edu.rerouting import Rerouted, route_scores
from softmoe_edu.routers import Router, assign_tokens, dispatch_weights
from softmoe_edu.routing import SoftRouting, SparseRouting
from softmoe_edu.shapes import without_padding
from softmoe_edu.training import train
from softmoe_edu.upcycling import upcycle
from softmoe_edu.widgets import CostExplorer, RouterExplorer, RoutingLens

pytestmark = pytest.mark.slow  # hundreds of cases

matplotlib.use("agg")
B, N, D, E, P, F = 3, 7, 5, 4, 2, 6
INSIDE = Path(softmoe_edu.__file__).parent


class FirstComeRouter(Router):
    """Sparse: a token asks the expert that it scores highest, which takes the first ones, as many as it has slots."""

    def __init__(self, dim, num_experts, slots_per_expert=1):
        super().__init__(dim, num_experts)
        self.slots_per_expert = slots_per_expert
        self.w_gate = nn.Parameter(torch.randn(dim, num_experts))

    def score(self, x):
        return x @ self.w_gate

    def decide(self, logits, mask=None):
        gates = logits.softmax(-1)
        gate, expert = gates.max(-1, keepdim=True)
        token, gate = assign_tokens(expert, gate, self.num_experts, self.slots_per_expert, mask=mask)
        return SparseRouting(token, gate, logits.shape[1], logits, gates, mask=mask)


class SigmoidRouter(Router):
    """Dense: slots mix tokens by a softmax, tokens add slots by sigmoids of a learned sharpness, which need no sum."""

    def __init__(self, dim, num_experts, slots_per_expert=1):
        super().__init__(dim, num_experts)
        self.slots_per_expert = slots_per_expert
        self.keys = nn.Parameter(torch.randn(num_experts, slots_per_expert, dim))
        self.sharpness = nn.Parameter(torch.ones(()))

    def score(self, x):
        return torch.einsum("bnd,epd->bnep", x, self.keys)

    def decide(self, logits, mask=None):
        combine = without_padding((self.sharpness * logits).sigmoid() / logits[0, 0].numel(), mask)
        return SoftRouting(dispatch_weights(logits, mask), combine, logits=logits, mask=mask)


class TurnsRouter(Router):
    """Sparse, without scores or parameters: tokens take the experts in turn, and the last ones find no slot."""

    def score(self, x):
        return x[..., :0]

    def decide(self, logits, mask=None):
        b, n, e = *logits.shape[:2], self.num_experts
        token = torch.arange(n // e * e, device=logits.device).view(-1, e).mT.expand(b, -1, -1)
        if mask is not None:
            real = mask.gather(1, token.flatten(1)).view_as(token)
            token = token.masked_fill(~real, -1)
        return SparseRouting(token, (token >= 0).to(logits.dtype), n, mask=mask)


class BlendRouter(Router):
    """Dense, although it scores experts: each has two slots, one for every other token, and answers by its gate."""

    def __init__(self, dim, num_experts):
        super().__init__(dim, num_experts)
        self.inner = nn.Sequential(nn.Linear(dim, 3), nn.Tanh(), nn.Linear(3, num_experts))

    def score(self, x):
        return self.inner(x)

    def decide(self, logits, mask=None):
        gates = logits.softmax(-1)
        odd = torch.arange(logits.shape[1], device=logits.device) % 2
        part = torch.stack([1 - odd, odd], -1)[:, None].to(gates) * gates[..., None]
        part = without_padding(part, mask)
        dispatch = part / part.sum(1, keepdim=True).clamp(min=1e-9)
        return SoftRouting(dispatch, part, logits=logits, mask=mask)


class ThresholdRouter(FirstComeRouter):
    """Sparse: a token with a gate over 0.3 gets its expert, which has as many slots as it needs."""

    def decide(self, logits, mask=None):
        gates = logits.softmax(-1)
        gate, expert = gates.max(-1, keepdim=True)
        sure = gate[..., 0] > 0.3
        token, gate = assign_tokens(expert, gate, self.num_experts, None, mask=sure if mask is None else sure & mask)
        return SparseRouting(token, gate, logits.shape[1], logits, gates, mask=mask, dropless=True)


class HashRouter(Router):
    """Sparse, with forward alone: the sign of a token's first numbers names its expert."""

    def forward(self, x, mask=None):
        code = (x[..., :2] > 0).long() @ torch.tensor([1, 2], device=x.device) % self.num_experts
        gate = torch.ones_like(x[..., :1])
        token, gate = assign_tokens(
            code[..., None], gate, self.num_experts, 2 * x.shape[1] // self.num_experts, mask=mask
        )
        return SparseRouting(token, gate, x.shape[1], mask=mask)


KINDS = {
    "first come": FirstComeRouter,
    "sigmoid": SigmoidRouter,
    "turns": TurnsRouter,
    "blend": BlendRouter,
    "threshold": ThresholdRouter,
    "hash": HashRouter,
}
DECIDING = [name for name in KINDS if name != "hash"]
SIZED = {"slots_per_expert": P}
IMAGES = torch.rand(B, 1, 6, 6, generator=torch.Generator().manual_seed(2))
BASE = {"group": "one image", "gating": "vmoe", "priority": "position", "top_k": 1, "capacity_factor": 1.0}
BASE |= {"num_experts": E, "slots_per_expert": P, "scale": 1.0, "noise": 0.0, "seed": 0}


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """The routers above are registered during a test, and nowhere else."""
    for name, kind in KINDS.items():
        monkeypatch.setitem(ROUTERS, name, kind)
    yield
    plt.close("all")


def router_of(name, dim=D):
    torch.manual_seed(0)
    sized = SIZED if name in ("first come", "sigmoid", "threshold") else {}
    return KINDS[name](dim, E, **sized)


def layer_of(name, dim=D, **more):
    router = router_of(name, dim)
    return MoE(router, Experts(dim, E, F), **more)


def model_of(make):
    """A trained model's stand-in: random everywhere, with one MoE layer."""
    torch.manual_seed(1)
    model = ViT(image_size=6, dim=8, hidden_dim=12, depth=2, moe_layers=(1,), moe=make)
    nn.init.normal_(model.head.weight)
    return model.eval()


def tokens(dtype=torch.float64):
    return torch.randn(B, N, D, generator=torch.Generator().manual_seed(1), dtype=dtype)


@pytest.mark.parametrize("name", KINDS)
def test_a_layer_is_its_weights_and_padding_is_out(name):
    """Slots and answers are the sums that dispatch and combine say; padding of infinity is answered by exactly 0."""
    moe, x = layer_of(name).double(), tokens()
    mask = torch.arange(N) < torch.tensor([N, 5, 4])[:, None]
    padded = torch.where(mask[..., None], x, torch.inf)
    with record(moe) as routings:
        y = moe(padded, mask) if name != "hash" else moe(torch.where(mask[..., None], x, 0), mask)
    routing = routings["router"]
    slots = torch.einsum("bnd,bnep->bepd", torch.where(mask[..., None], x, 0), routing.dispatch)

    torch.testing.assert_close(y, torch.einsum("bepd,bnep->bnd", moe.experts(slots), routing.combine))
    assert not y[~mask].any() and y[mask].any()


@pytest.mark.parametrize("name", ["first come", "sigmoid"])
def test_training_ends_where_a_resumed_one_ends(name, tmp_path):
    """A run that is cut in two equals an unbroken one bit for bit, snapshots included; another setting is rejected."""

    def model(slots=P):
        torch.manual_seed(3)
        return ViT(
            image_size=4,
            num_classes=3,
            dim=8,
            depth=1,
            hidden_dim=12,
            moe_layers=(0,),
            moe=lambda dim: MoE(KINDS[name](dim, E, slots), Experts(dim, E, F)),
        )

    given = {"batch_size": 8, "progress": False, "snapshot_at": (0, -1)}
    whole, part, rest = model(), model(), model()
    history = train(whole, toy_data(40), steps=5, **given)
    file = tmp_path / "run.pt"
    left = [3, 2, 1, 0]
    part.head.register_full_backward_hook(lambda *_: None if left.pop(0) else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train(part, toy_data(40), steps=5, checkpoint=file, checkpoint_every=2, **given)
    again = train(rest, toy_data(40), steps=5, resume=file, **given)

    for key, value in whole.state_dict().items():
        assert torch.equal(value, rest.state_dict()[key]), key
    assert history.columns["loss"].tolist() == again.columns["loss"].tolist()
    before, after = (each.snapshots[5]["blocks.0.mlp.router"].combine for each in (history, again))
    assert torch.equal(before, after)
    with pytest.raises(ValueError, match=r"with the model that it began with, got .*blocks\.0\.mlp\.router"):
        train(model(P + 1), toy_data(40), steps=5, resume=file, **given)


@pytest.mark.parametrize("name", KINDS)
def test_metrics_are_those_of_the_weights(name):
    """Load, importance, drops and experts of a token, counted in the dense weights."""
    routing = router_of(name)(tokens(torch.float32))
    dispatch, combine = routing.dispatch, routing.combine
    lost = (dispatch == 0).flatten(2).all(-1)

    torch.testing.assert_close(metrics.expert_load(routing), dispatch.sum((1, 3)))
    torch.testing.assert_close(metrics.expert_importance(routing), combine.sum((1, 3)))
    assert torch.equal(metrics.dropped(routing), lost)
    assert torch.equal(metrics.experts_per_token(routing), (dispatch > 0).any(-1).sum(-1))
    assert metrics.combine_entropy(routing).isfinite().all() and metrics.slot_similarity(routing).isfinite().all()


def test_losses_take_the_gates_of_a_sparse_router_and_say_where_there_are_none():
    """The balance losses of a router of one's own are those of its softmax; one without gates is told so."""
    routing = router_of("first come")(tokens(torch.float32))
    gates = routing.logits.softmax(-1)
    share = torch.stack([(gates.argmax(-1) == e).float().mean(1) for e in range(E)], 1)

    torch.testing.assert_close(losses.load_balancing_loss(routing.gates), (E * (share * gates.mean(1)).sum(1)).mean())
    with pytest.raises(
        ValueError,
        match=r"gates must be .* a router of your own gives them to its Routing",
    ):
        losses.load_balancing_loss(router_of("sigmoid")(tokens(torch.float32)).gates)


@pytest.mark.parametrize("name", KINDS)
def test_figures_and_the_lens_draw_it(name):
    """The figures say its own drop rate and slots, and the lens shows slots of whole tokens or of mixtures."""
    routing = router_of(name)(torch.randn(B, 9, D, generator=torch.Generator().manual_seed(4)))
    lost = f"{100 * float(metrics.dropped_fraction(routing)):.1f} %"
    p = routing.sizes[3]

    said = figures.alt_text(figures.compare_routers({name: routing}))
    assert f"{name} drops {lost} of tokens" in said and f"in {p} slot" in said
    for figure in (figures.expert_load, figures.dispatch_map, figures.combine_map):
        assert figures.alt_text(figure(routing))
    lens = RoutingLens(routing, IMAGES)
    assert lens._entries[0]["hard"] == isinstance(routing, SparseRouting)
    assert (lens._entries[0]["experts"], lens._entries[0]["slots"]) == (E, p)


@pytest.mark.parametrize("name", KINDS)
def test_the_browser_rejects_it_by_name(name):
    """The explorers compute in the browser, and say that this router is not among those that it knows."""
    logits = torch.randn(B, 9, E, P)
    with pytest.raises(ValueError, match=f"router must be one of 'soft', .*, got '{name}': the browser computes these"):
        RouterExplorer(logits, router=name)
    with pytest.raises(ValueError, match=f"router in pinned must be one of .*, got '{name}': the browser computes"):
        RouterExplorer(logits, pinned={"router": name})
    with pytest.raises(
        ValueError, match=f"got '{name}': the browser computes these alone, and softmoe_edu.cost.cost_of"
    ):
        CostExplorer(name)


def test_the_explorer_exchanges_it_for_those_that_the_browser_computes():
    """On the scores of a router of one's own the cards of all other routers hold numbers, which Python worked out."""
    layer = Rerouted(model_of(lambda dim: layer_of("sigmoid", dim)), IMAGES, "blocks.1.mlp")
    explorer = RouterExplorer(layer.logits, IMAGES, model_output=layer)

    assert set(explorer._outputs["routers"]) == set(ROUTERS) - set(KINDS)
    for name, card in explorer._outputs["routers"].items():
        assert min(card["change"]) > 1e-6, name


# For one example of N tokens: slots of an expert, and MACs and parameters of the scores.
SLOTS = {"first come": P, "sigmoid": P, "turns": N // E, "blend": 2, "hash": 2 * N // E}
SCORING = {
    "first come": (N * D * E, D * E),
    "sigmoid": (N * D * E * P, D * E * P + 1),
    "turns": (0, 0),
    "blend": (N * (D * 3 + 3 * E), D * 3 + 3 + 3 * E + E),
    "hash": (0, 0),
}
SPARSE = ("first come", "turns", "hash")


@pytest.mark.parametrize("name", SLOTS)
def test_it_costs_what_it_computes(name):
    """MACs are those that PyTorch counts, part by part; a sparse router moves tokens, a dense one multiplies."""
    moe, p = layer_of(name), SLOTS[name]
    cost, one = cost_of(moe, N), 2 * D * F + D + F
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        moe(tokens(torch.float32)[:1])

    assert cost.macs == counter.get_total_flops() / 2
    assert cost.parameters == sum(parameter.numel() for parameter in moe.parameters())
    assert (cost["routing logits"].macs, cost["routing logits"].parameters) == SCORING[name]
    assert cost["experts"].macs == E * p * 2 * D * F
    products = 0 if name in SPARSE else N * E * p * D
    assert cost["dispatch"].macs == cost["combine"].macs == products
    assert cost["experts"].active == pytest.approx(one * (E * p / N if name in SPARSE else E))
    if name not in SPARSE:
        assert cost["dispatch"] == Part("dispatch", macs=products, activations=N * E * p + (N + E * p) * D)


def test_plain_sizes_cost_what_the_built_layer_costs():
    """A registered router is named in MoESizes, and takes those of the sizes that its constructor takes."""
    for name in SLOTS:
        sizes = MoESizes(router=name, num_experts=E, slots_per_expert=None if name not in SIZED else P)
        sized = SIZED if name in ("first come", "sigmoid") else {}
        assert moe_cost(N, D, F, MoESizes(**vars(sizes) | sized)) == cost_of(layer_of(name), N), name


class Tabled(FirstComeRouter):
    """Keeps a table that is neither a parameter nor a buffer."""

    def __init__(self, dim, num_experts):
        super().__init__(dim, num_experts, 3)
        self.table = torch.rand(num_experts)

    def score(self, x):
        return super().score(x) + self.table


def test_a_table_that_is_no_parameter_costs_nothing_and_is_in_nobodys_way(monkeypatch):
    """Plain sizes build the router without memory, and what it keeps besides follows."""
    monkeypatch.setitem(ROUTERS, "tabled", Tabled)
    cost = moe_cost(N, D, F, MoESizes(router="tabled", num_experts=E))

    assert cost == cost_of(MoE(Tabled(D, E), Experts(D, E, F)), N)
    assert (cost["routing logits"].parameters, cost["experts"].macs) == (D * E, E * 3 * 2 * D * F)


def test_groups_share_what_a_group_costs():
    """Of two examples in a group each has half of the slots, and all of its own scores."""
    cost = cost_of(layer_of("first come", examples_per_group=2), N)

    assert cost["experts"].macs == E * P / 2 * 2 * D * F
    assert cost["routing logits"].macs == N * D * E


@pytest.mark.parametrize("name", ["sigmoid", "threshold", "hash", "blend"])
def test_asking_for_the_cost_changes_nothing(name):
    """Parameters, mode and the global generator are as before, also where the answer is an error."""
    moe = layer_of(name).train()
    before, state = {k: v.clone() for k, v in moe.state_dict().items()}, torch.get_rng_state()
    with contextlib.suppress(ValueError):
        cost_of(moe, N)

    assert all(torch.equal(value, before[key]) for key, value in moe.state_dict().items())
    assert moe.router.training and torch.equal(state, torch.get_rng_state())


class AnswersItself(ThresholdRouter):
    """Says what cannot be found without the tokens' numbers."""

    def capacity(self, tokens):
        return 3

    def is_sparse(self):
        return True

    def score_macs(self, tokens):
        return tokens * self.w_gate.numel()

    def score_per(self):
        return "expert"

    def experts_per_token(self, tokens, slots_per_expert):
        return 1


def test_what_a_router_says_of_itself_counts():
    """Where its slots depend on the tokens, a router that says what they are in the mean is costed by that."""
    torch.manual_seed(0)
    moe = MoE(AnswersItself(D, E), Experts(D, E, F))

    cost = cost_of(moe, N)
    assert cost["experts"].macs == E * 3 * 2 * D * F
    assert cost["experts"].active == 2 * D * F + D + F


class Nothing(Router):
    """Defines nothing."""


class Decides(Router):
    """Defines one of two."""

    def decide(self, logits, mask=None):
        raise AssertionError("nobody should come here")


class Flat(FirstComeRouter):
    """Scores that are of no shape that a router may have."""

    def score(self, x):
        return super().score(x).flatten(1)

    def decide(self, logits, mask=None):
        return super().decide(logits.unflatten(1, (-1, self.num_experts)), mask)


class DataDecide(ThresholdRouter):
    """Says that the data decide."""

    def capacity(self, tokens):
        return None


class Forgets(FirstComeRouter):
    """Keeps its argument under another name."""

    def __init__(self, dim, num_experts, top_k=1, temperature=1.0):
        super().__init__(dim, num_experts)
        self.top_k, self.t = top_k, temperature


class Demands(FirstComeRouter):
    """Cannot be built from sizes alone."""

    def __init__(self, dim, num_experts, table):
        super().__init__(dim, num_experts)
        self.table = table


def cost_with(kind):
    return cost_of(MoE(kind(D, E), Experts(D, E, F)), N)


MISSING = {
    "no score": (lambda: Nothing(D, E)(tokens(torch.float32)), NotImplementedError, "Nothing must define score(x)"),
    "half": (lambda: Decides(D, E)(tokens(torch.float32)), NotImplementedError, "Decides must define score(x) -> logi"),
    "cost of nothing": (lambda: cost_with(Nothing), ValueError, "Nothing must define score(x) -> logits"),
    "dropless": (
        lambda: cost_with(ThresholdRouter),
        ValueError,
        "ThresholdRouter must define capacity(tokens), how many slots an expert has: it was looked for in a decision",
    ),
    "the data decide": (
        lambda: cost_with(DataDecide),
        ValueError,
        "DataDecide makes as many slots as the data need: set a capacity to know the cost",
    ),
    "flat scores": (lambda: cost_with(Flat), ValueError, "the logits of Flat must be (b, n, e) or (b, n, e, p), got"),
    "no decision from scores": (
        lambda: route_scores(torch.ones(1, N, E, 1), BASE | {"router": "hash"}),
        NotImplementedError,
        "HashRouter must define score(x) and decide(logits, mask) beside forward, which cannot be given other scores",
    ),
    "unknown": (
        lambda: route_scores(torch.ones(1, N, E, 1), BASE | {"router": "toy"}),
        ValueError,
        "router must be one of 'soft', ",
    ),
    "no scores": (
        lambda: Rerouted(model_of(lambda dim: layer_of("turns", dim)), IMAGES, "blocks.1.mlp"),
        ValueError,
        "the router of blocks.1.mlp must have scores, got none: TurnsRouter has none for others to read",
    ),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("case", MISSING)
def test_what_is_missing_is_named(case):
    """The error names the router, and what it would have to define or be."""
    ask, error, said = MISSING[case]
    with pytest.raises(error, match=re.escape(said)):
        ask()


@pytest.mark.bad_input
def test_a_router_that_cannot_be_built_again_says_why(monkeypatch):
    """Arguments without a default, arguments that are kept under another name, and what is no Router."""
    for name, kind in (("forgets", Forgets), ("demands", Demands), ("module", lambda dim, e: nn.Linear(dim, e))):
        monkeypatch.setitem(ROUTERS, name, kind)
    scores = torch.ones(1, N, E, 1)

    with pytest.raises(ValueError, match=r"Forgets must keep temperature under .*: add self.temperature = temperature"):
        route_scores(scores, BASE | {"router": "forgets", "top_k": 2}, Forgets(D, E))
    with pytest.raises(TypeError, match=r"router 'demands' must be built from dim, num_experts .* argument: 'table'"):
        route_scores(scores, BASE | {"router": "demands"})
    with pytest.raises(TypeError, match=r"router 'module' must be a softmoe_edu\.routers.Router, got Linear"):
        route_scores(scores, BASE | {"router": "module"})
    assert route_scores(scores, BASE | {"router": "demands"}, Demands(D, E, {})).sizes == (1, N, E, 1)


@pytest.mark.parametrize("name", ["first come", "sigmoid", "blend", "threshold"])
def test_its_own_settings_give_the_models_own_output(name):
    """Exchanged for itself a router of one's own moves nothing, and every other one moves the output."""
    model = model_of(lambda dim: layer_of(name, dim))
    if name == "sigmoid":  # what deciding has learned is not what a new router starts from
        nn.init.constant_(model.blocks[1].mlp.router.sharpness, 4.0)
    layer = Rerouted(model, IMAGES, "blocks.1.mlp")
    own = BASE | {"slots_per_expert": layer.logits.shape[3]} | layer.settings

    assert own["router"] == name
    torch.testing.assert_close(layer(own), layer(None), rtol=1e-5, atol=1e-5)
    for other in set(ROUTERS) - {name, "hash"}:
        assert (layer(own | {"router": other}) - layer(None)).abs().max() > 1e-4, other


@pytest.mark.parametrize("name", DECIDING)
def test_another_routers_scores_are_decided_by_it(name):
    """On scores that a soft router made, it decides as on its own; fewer experts and slots are the first ones."""
    scores = 3 * torch.randn(B, N, 5, 3, generator=torch.Generator().manual_seed(5))
    found = route_scores(scores[:, :, :E, :P], BASE | {"router": name})
    given = {"first come": scores[..., :E, 0], "sigmoid": scores[:, :, :E, :P], "turns": scores[..., 0, :0]}
    given |= {"blend": scores[..., :E, 0], "threshold": scores[..., :E, 0]}
    one_slot = {"first come": FirstComeRouter(D, E)}  # a sparse router makes its own slots: its constructor's
    expected = one_slot.get(name, router_of(name)).decide(given[name], None)

    assert found.sizes == expected.sizes
    torch.testing.assert_close(found.dispatch, expected.dispatch)
    torch.testing.assert_close(found.combine, expected.combine)


def test_what_deciding_has_learned_comes_along_to_fewer_experts():
    """A router that is built again for other sizes keeps its parameters that have the same shape."""
    own = router_of("sigmoid")
    nn.init.constant_(own.sharpness, 4.0)
    scores = torch.randn(B, N, E, P, generator=torch.Generator().manual_seed(6))[:, :, :3]
    state = torch.get_rng_state()
    found = route_scores(scores, BASE | {"router": "sigmoid"}, own)

    torch.testing.assert_close(found.combine, (4 * scores).sigmoid() / (3 * P))
    assert torch.equal(state, torch.get_rng_state())
    assert own.num_experts == E


@pytest.mark.parametrize(("name", "alone"), [("first come", True), ("sigmoid", False)])
def test_influence_sees_who_depends_on_whom(name, alone):
    """A first-come router moves no earlier output; one that mixes moves all."""
    moved = moves(influence(layer_of(name), tokens(torch.float32)[:1], draws=6))

    assert bool(moved.triu(1).any()) == (not alone)
    assert bool(moved.tril(-1).any())


@pytest.mark.parametrize("name", KINDS)
def test_a_dense_model_becomes_one_of_its_experts(name):
    """Upcycled, every expert is the MLP, and the model answers with finite numbers and trains its router."""
    torch.manual_seed(0)
    dense = ViT(image_size=6, dim=8, hidden_dim=F, depth=2)
    model = upcycle(dense, (1,), lambda dim: layer_of(name, dim))
    experts = model.blocks[1].mlp.experts
    nn.init.normal_(model.head.weight)
    model(IMAGES).square().sum().backward()

    for w_in in experts.w_in:
        assert torch.equal(w_in, dense.blocks[1].mlp.fc_in.weight.mT)
    for key, parameter in model.blocks[1].mlp.router.named_parameters():
        assert parameter.grad.isfinite().all() and parameter.grad.any(), key


@pytest.mark.parametrize("name", ["first come", "sigmoid"])
def test_the_benchmark_times_it(name):
    """Its layer is a contender like any other, and a widget's case of it has the explorer's own inputs alone."""
    works = Works(LayerCase("toy", "", (1, N, D), {OURS: lambda works: works.module(layer_of(name))}, []), "cpu")
    works[OURS].ready("forward")()
    works[OURS].ready("training")()
    case = Case(3, E, P, router=name)

    assert case.actions == EXPLORER_ACTIONS
    with pytest.raises(ValueError, match=f"got '{name}': the browser computes these alone"):
        exec(case.source(), {})


@pytest.mark.parametrize("kind", [SoftRouter, TokensChoiceRouter])
def test_a_subclass_is_not_taken_for_its_base(kind, monkeypatch):
    """A class of one's own that passes **keywords on to a library's router takes its settings, under its own name."""

    class Mine(kind):
        def __init__(self, dim, num_experts, bias=0.0, **keywords):
            super().__init__(dim, num_experts, **keywords)
            self.bias = bias

        def decide(self, logits, mask=None):
            return super().decide(logits.flip(2) + self.bias, mask)

    monkeypatch.setitem(ROUTERS, "mine", Mine)
    sized = {"top_k": 2, "capacity_factor": 0.6} if kind is TokensChoiceRouter else {"slots_per_expert": 3}
    torch.manual_seed(0)
    layer = Rerouted(model_of(lambda dim: MoE(Mine(dim, E, **sized), Experts(dim, E, F))), IMAGES, "blocks.1.mlp")
    own = BASE | {"slots_per_expert": layer.logits.shape[3]} | layer.settings

    assert own["router"] == "mine"
    torch.testing.assert_close(layer(own), layer(None))
    new = route_scores(layer.logits, own)
    plain = kind(D, E, **sized).decide((layer.logits if kind is SoftRouter else layer.logits[..., 0]).flip(2))
    torch.testing.assert_close(new.combine, plain.combine)


class Wide(TokensChoiceRouter):
    """Decides with twice the capacity that its base computes."""

    def decide(self, logits, mask=None):
        routing = super().decide(logits, mask)
        more = torch.nn.functional.pad(routing.token, (0, routing.token.shape[2]), value=-1)
        return SparseRouting(more, torch.nn.functional.pad(routing.gate, (0, routing.gate.shape[2])), logits.shape[1])


class Mixed(TokensChoiceRouter):
    """Gives every token to every expert, although it is derived from a router that moves tokens."""

    def route(self, x, mask):
        gates = self.score(x).softmax(-1)[..., None]
        return SoftRouting(dispatch_weights(gates, mask), gates)


class Scaled(TokensChoiceRouter):
    """Scores in its own way, and decides as its base does."""

    def score(self, x):
        return super().score(x @ x.mT @ x)


class Picks(SoftRouter):
    """Moves whole tokens, although it is derived from a router that mixes."""

    def decide(self, logits, mask=None):
        token = logits.argmax(1)
        return SparseRouting(token, torch.ones_like(token, dtype=logits.dtype), logits.shape[1], mask=mask)


class Remembers(FirstComeRouter):
    """Keeps its last decision, with its graph, and a number under a name that a method has."""

    def __init__(self, dim, num_experts):
        super().__init__(dim, num_experts, 2)
        self.capacity, self.seen = 9, []

    def decide(self, logits, mask=None):
        self.last = super().decide(logits, mask)
        self.seen.append(logits)
        return self.last


class Grows(FirstComeRouter):
    """Has another number of slots at each call."""

    def decide(self, logits, mask=None):
        self.slots_per_expert += 1
        return super().decide(logits, mask)


def test_what_a_base_says_does_not_count_for_a_subclass_that_decides_otherwise(monkeypatch):
    """Slots, products and experts are looked at where a subclass writes a step of its own."""
    monkeypatch.setitem(ROUTERS, "mixed", Mixed)
    torch.manual_seed(0)
    base, wide, mixed = (cost_of(MoE(kind(D, E), Experts(D, E, F)), N) for kind in (TokensChoiceRouter, Wide, Mixed))

    scaled = cost_of(MoE(Scaled(D, E, 2), Experts(D, E, F)), N)
    assert scaled["experts"].active == 2 * base["experts"].active
    assert scaled["routing logits"].macs == N * D * E + 2 * N * N * D
    assert wide["experts"].macs == 2 * base["experts"].macs
    assert wide["routing logits"] == base["routing logits"]
    assert mixed["dispatch"].macs == N * E * 1 * D and base["dispatch"].macs == 0
    assert mixed["experts"].active == mixed["experts"].parameters
    picks = cost_of(MoE(Picks(D, E, P), Experts(D, E, F)), N)
    assert (picks["dispatch"].macs, picks["routing logits"].macs) == (0, N * D * E * P)
    with pytest.raises(
        NotImplementedError, match=r"Mixed must define score\(x\) and decide\(logits, mask\) beside route"
    ):
        route_scores(torch.ones(1, N, E, 1), BASE | {"router": "mixed"})


def test_a_router_that_keeps_things_is_left_as_it_is():
    """A kept decision, a list and a counter are the same after the cost was asked for; the cost is that of the next."""
    torch.manual_seed(0)
    remembers, grows = Remembers(D, E), Grows(D, E, 2)
    remembers(tokens(torch.float32))
    last, seen = remembers.last, list(remembers.seen)
    costs = [cost_of(MoE(router, Experts(D, E, F)), N) for router in (remembers, grows)]

    assert remembers.last is last and len(remembers.seen) == len(seen) == 1 and remembers.seen[0] is seen[0]
    assert grows.slots_per_expert == 2
    assert [cost["experts"].macs for cost in costs] == [E * 2 * 2 * D * F, E * 3 * 2 * D * F]


def test_soft_attention_is_no_shorter_way_for_a_subclass():
    """A subclass that decides in its own way is asked at every size, and forced attention is refused."""

    class Sharper(SoftRouter):
        def decide(self, logits, mask=None):
            return super().decide(5 * logits, mask)

    torch.manual_seed(0)
    x = torch.randn(1, 1024, 3)
    router = Sharper(3, 1024)

    torch.testing.assert_close(router(x).combine, router.decide(router.score(x)).combine)
    with pytest.raises(
        ValueError, match='form="attention" leaves out the logits that Sharper reads: use form="weights"'
    ):
        Sharper(3, 4, form="attention")(x)


# The browser computes what its scripts implement, and the paper's tables name routers: these are their lists.
LISTS = {"widgets/router_explorer.py", "widgets/routing_flow.py", "widgets/cost_explorer.py", "paper/models.py"}
ASKING = ["cost", "paper", "figures", "widgets", "rerouting.py", "metrics.py", "moe.py", "vit.py", "upcycling.py"]
ASKING += ["influence.py", "losses.py", "training"]


def names_in(source):
    """Yield the names of the library's routers that a module compares, looks up or lists, and their classes."""
    classes = {kind.__name__ for name, kind in ROUTERS.items() if name not in KINDS}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and node.value in {
            "tokens choice",
            "experts choice",
            "soft",
            "uniform / soft",
        }:
            yield node.value
        if isinstance(node, ast.Name | ast.alias) and getattr(node, "id", getattr(node, "name", "")) in classes | {
            "ROUTERS"
        }:
            yield getattr(node, "id", getattr(node, "name", ""))


def test_nobody_else_asks_for_a_routers_name():
    """Outside softmoe_edu.routers no module knows a router by name or class, but for the lists named here."""
    asked = {}
    for part in ASKING:
        whole = INSIDE / part
        for file in sorted(whole.rglob("*.py")) if whole.is_dir() else [whole]:
            if found := list(names_in(file.read_text(encoding="utf-8"))):
                asked[file.relative_to(INSIDE).as_posix()] = found

    assert set(asked) == LISTS, asked
    assert list(names_in('if type(router) is SoftRouter or name == "tokens choice": pass')) == [
        "SoftRouter",
        "tokens choice",
    ]
