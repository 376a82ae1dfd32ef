"""Equal to the authors' own code: values to 2e-5 and gradients to 1e-4 of each array's largest magnitude."""

import pytest
import torch
from golden import FOLDER, Case, assert_equal_to_official

from softmoe_edu import (
    ExpertsChoiceRouter,
    IdentityRouter,
    MoE,
    SoftRouter,
    SoftUniformRouter,
    TokensChoiceRouter,
    UniformRouter,
    UniformSoftRouter,
    record,
)
from softmoe_edu.capacity import capacity_for
from softmoe_edu.losses import importance_loss, load_balancing_loss, load_loss
from softmoe_edu.routers.soft import l2_normalize

SOFT = sorted(p.stem for p in FOLDER.glob("soft_*.npz"))
TOKENS = sorted(p.stem for p in FOLDER.glob("tokens_*.npz"))
EXPERTS = sorted(p.stem for p in FOLDER.glob("experts_*.npz"))


def soft_layer(case, router_class=SoftRouter):
    phi = case["mu"]
    scale = case["scale"] if "scale" in case else torch.tensor(1.0)
    router = router_class(*phi.shape)
    router.load_state_dict({"phi": phi, "scale": scale})
    return MoE(router, case.experts())


def test_there_are_cases():
    """The copies are there: every parametrised test below has something to run on."""
    assert (len(SOFT), len(TOKENS), len(EXPERTS)) == (5, 2, 2)


@pytest.mark.parametrize("name", SOFT)
def test_soft_values(name):
    """Logits, both weights, slots and outputs of Soft MoE equal the official ones."""
    case = Case(name)
    layer, x = soft_layer(case), case["inputs"]
    with record(layer) as routings:
        y = layer(x)
    routing = routings["router"]

    assert_equal_to_official(l2_normalize(case["mu"], 0), case["mu_unit"])
    assert_equal_to_official(routing.logits, case["logits"])
    assert_equal_to_official(routing.dispatch, case["dispatch_weights"])
    assert_equal_to_official(routing.combine, case["combine_weights"])
    assert_equal_to_official(y, case["output_f32"])
    groups, experts = x.shape[0], case.meta["experts"]
    if groups % experts:  # else the official buffers are in another order
        slots = routing.to_slots(x).transpose(0, 1).flatten(1, 2)
        assert_equal_to_official(slots, case["expert_inputs_f32"])


@pytest.mark.parametrize("name", SOFT)
def test_soft_gradients(name):
    """Gradients of Soft MoE with regard to tokens and every parameter equal the official ones."""
    case = Case(name)
    layer, x = soft_layer(case), case["inputs"].requires_grad_()
    (layer(x) * case["cotangent"]).sum().backward()
    ours = {
        "inputs": x,
        "mu": layer.router.phi,
        "scale": layer.router.scale,
        "kernel1": layer.experts.w_in,
        "bias1": layer.experts.b_in,
        "kernel2": layer.experts.w_out,
        "bias2": layer.experts.b_out,
    }
    for key, tensor in ours.items():
        official = case[f"grad_{key}"]
        assert_equal_to_official(tensor.grad.view_as(official), official, 1e-4)  # their scale has no axis, ours has one


@pytest.mark.parametrize("name", SOFT)
def test_soft_in_bfloat16_buffers(name):
    """Rounding tokens and answers to bfloat16 where the official dispatcher does gives its exact output."""
    case = Case(name)
    layer, x = soft_layer(case), case["inputs"]
    routing = layer.router(x)
    answers = layer.experts(routing.to_slots(x.bfloat16().float()))
    assert_equal_to_official(routing.to_tokens(answers.bfloat16().float()), case["output_bf16"], 2e-4)


def test_soft_slots_from_a_capacity_factor():
    """10 tokens for 4 experts are 2.5 slots each, which Python rounds to 2."""
    meta = Case("soft_04_capacity_bankers_2p5").meta
    slots = capacity_for(meta["tokens"], meta["experts"], factor=meta["capacity_factor"], rounding="round")
    assert (meta["slots"], 2) == (slots, slots)


@pytest.mark.parametrize(
    ("router_class", "output"),
    [
        (SoftRouter, "output_soft"),
        (UniformSoftRouter, "output_uniform_soft"),
        (SoftUniformRouter, "output_soft_uniform"),
    ],
)
def test_learned_ablations(router_class, output):
    """The ablations with a learned half equal the official dispatcher fed with hand-made weights."""
    case = Case("ablation_00_square_p1")
    assert_equal_to_official(soft_layer(case, router_class)(case["inputs"]), case[output])


def test_fixed_ablations():
    """Uniform and Identity equal the official dispatcher fed with hand-made weights."""
    case = Case("ablation_00_square_p1")
    dim, e = case.meta["dim"], case.meta["experts"]
    x = case["inputs"]

    assert_equal_to_official(MoE(UniformRouter(dim, e), case.experts())(x), case["output_uniform"])
    identity = IdentityRouter(dim, e)
    assert_equal_to_official(identity(x).dispatch, case["identity_round_robin_weights"])
    assert_equal_to_official(MoE(identity, case.experts())(x), case["output_identity_round_robin"])


@pytest.mark.parametrize("name", TOKENS)
def test_tokens_choice(name):
    """Every official variant of top-k, capacity, rounding and priority: weights, drops and outputs, ties included."""
    case = Case(name)
    x = case["inputs"]
    for variant in case.meta["variants"]:
        router = TokensChoiceRouter(
            case.meta["dim"],
            case.meta["experts"],
            variant["k"],
            capacity_factor=variant["capacity_factor"],
            priority="gate" if variant["bpr"] else "position",
            multiple_of=variant["multiple_of"],
        )
        router.load_state_dict({"w_gate": case["gate_kernel"]})
        layer, tag = MoE(router, case.experts()), variant["tag"]
        routing = router(x)

        assert routing.sizes[3] == variant["capacity"], tag
        assert_equal_to_official(routing.logits, case["gate_logits"])
        assert_equal_to_official(routing.gates, case["gates_softmax_clean"])
        assert torch.equal(routing.dispatch.bool(), case[f"{tag}/dispatch_weights"].bool()), tag
        assert_equal_to_official(routing.combine, case[f"{tag}/combine_weights"])
        assert torch.equal(routing.token_load() == 0, case[f"{tag}/dropped_tokens"].bool()), tag
        assert_equal_to_official(layer(x), case[f"{tag}/output_f32"])


@pytest.mark.parametrize("name", TOKENS)
def test_tokens_choice_losses(name):
    """Importance and load balancing losses, per group as the official code logs them, equal its values."""
    case = Case(name)
    gates = case["gates_softmax_clean"]
    for g in range(gates.shape[0]):
        group = gates[g : g + 1]
        assert_equal_to_official(importance_loss(group), case["k1/loss_importance_loss"][g])
        assert_equal_to_official(load_balancing_loss(group), case["k1/loss_gshard_loss"][g])


@pytest.mark.parametrize("name", EXPERTS)
def test_experts_choice(name):
    """Every official variant of capacity and rounding: weights and outputs, ties included."""
    case = Case(name)
    x = case["inputs"]
    for variant in case.meta["variants"]:
        router = ExpertsChoiceRouter(
            case.meta["dim"],
            case.meta["experts"],
            capacity_factor=variant["capacity_factor"],
            rounding=variant["mode"],
            multiple_of=variant["multiple_of"],
        )
        router.load_state_dict({"w_gate": case["gate_kernel"]})
        tag, routing = variant["tag"], router(x)

        assert routing.sizes[3] == variant["capacity"], tag
        assert torch.equal(routing.dispatch.bool(), case[f"{tag}/dispatch_weights"].bool()), tag
        assert_equal_to_official(routing.combine, case[f"{tag}/combine_weights"])
        assert_equal_to_official(MoE(router, case.experts())(x), case[f"{tag}/output_f32"])


@pytest.mark.parametrize("number", ["0", "1", "2", "3", "unit_test"])
def test_losses(number):
    """The three official losses on given gates and logits, with e experts and noise of deviation 1 / e."""
    case = Case("aux_losses")
    gates = case[f"{number}/gates"][None]

    assert_equal_to_official(importance_loss(gates), case[f"{number}/importance"])
    assert_equal_to_official(load_balancing_loss(gates), case[f"{number}/gshard"])
    for k in (1, 2) if number != "unit_test" else ():
        clean, noisy = (case[f"{number}/{key}"][None] for key in ("logits", "logits_noisy"))
        assert_equal_to_official(load_loss(clean, noisy, top_k=k, noise_std=1.0), case[f"{number}/load_k{k}"])
