"""The routing value in index form by hand, and recording what routers decide."""

import copy
import gc
import pickle

import pytest
import torch
from torch import nn

from softmoe_edu import Experts, MoE, SoftRouter, SparseRouting, TokensChoiceRouter, ViT, record


def small():
    """One group of three tokens, two experts, two slots: token 2 is dropped, expert 1 has an empty slot."""
    return SparseRouting(torch.tensor([[[0, 1], [1, -1]]]), torch.tensor([[[0.5, 0.25], [0.75, 0.0]]]), 3)


def test_sparse_weights_by_hand():
    """dispatch is 1 and combine the gate at each filled slot, 0 elsewhere."""
    routing = small()

    assert routing.dispatch.tolist() == [[[[1, 0], [0, 0]], [[0, 1], [1, 0]], [[0, 0], [0, 0]]]]
    assert routing.combine.tolist() == [[[[0.5, 0], [0, 0]], [[0, 0.25], [0.75, 0]], [[0, 0], [0, 0]]]]
    assert routing.slot_load().tolist() == [[[1, 1], [1, 0]]]
    assert routing.token_load().tolist() == [[1, 2, 0]]


def test_sparse_products_by_hand():
    """Slots hold their tokens, an empty one zeros; tokens get gate times answer, summed; a dropped one zeros."""
    routing = small()
    x = torch.tensor([[[1.0], [2], [3]]])
    y = torch.tensor([[[[10.0], [20]], [[30], [1e6]]]])

    assert routing.to_slots(x).tolist() == [[[[1], [2]], [[2], [0]]]]
    assert routing.to_tokens(y).tolist() == [[[5], [20 * 0.25 + 30 * 0.75], [0]]]


def test_groups_do_not_mix():
    """Index 0 of the second group is that group's first token."""
    token = torch.tensor([[[0]], [[0]], [[1]]])
    routing = SparseRouting(token, torch.ones(3, 1, 1), 2)
    x = torch.arange(6.0).view(3, 2, 1)

    assert routing.to_slots(x).flatten().tolist() == [0, 2, 5]
    assert routing.to_tokens(routing.to_slots(x)).flatten().tolist() == [0, 0, 2, 0, 0, 5]


def test_a_routing_is_frozen():
    """What was decided cannot be changed in place."""
    with pytest.raises(AttributeError):
        small().gate = torch.zeros(1, 2, 2)


def vit():
    torch.manual_seed(0)
    layers = iter([TokensChoiceRouter(8, 4), SoftRouter(8, 3, 2)])
    return ViT(
        dim=8,
        depth=3,
        hidden_dim=8,
        moe_layers=(0, 2),
        moe=lambda dim: MoE(router := next(layers), Experts(dim, router.num_experts, 8)),
    )


NAMES = ["blocks.0.mlp.router", "blocks.2.mlp.router"]


def test_record_every_layer():
    """Every layer's decision is recorded under its module's name, and equals what the router decides alone."""
    model, images = vit(), torch.rand(5, 1, 8, 8)
    seen = {}
    model.blocks[2].mlp.register_forward_pre_hook(lambda module, args: seen.update(x=args[0]))
    with record(model) as routings:
        model(images)

    assert NAMES == list(routings)
    assert torch.equal(model.blocks[2].mlp.router(seen["x"]).combine, routings[NAMES[1]].combine)


def test_record_in_training_keeps_the_graph():
    """A loss of what was recorded reaches the router's parameters."""
    model = vit().train()
    with record(model) as routings:
        model(torch.rand(5, 1, 8, 8))
    routings[NAMES[0]].gates[..., 0].sum().backward()

    assert model.blocks[0].mlp.router.w_gate.grad.any()


def test_record_under_no_grad_and_nested():
    """Recording works under no_grad and inside another recording; both get the same values."""
    model, images = vit(), torch.rand(5, 1, 8, 8)
    with torch.no_grad(), record(model) as outer:
        with record(model.blocks[2]) as inner:
            model(images)
        assert ["mlp.router"] == list(inner)

    assert inner["mlp.router"] is outer[NAMES[1]]
    assert not outer[NAMES[1]].combine.requires_grad


def test_record_leaves_no_hooks():
    """After the block, also after an error in it, the model has no hooks and records nothing more."""
    model = vit()
    with pytest.raises(RuntimeError, match="planted"), record(model) as routings:
        raise RuntimeError("planted")
    model(torch.rand(1, 1, 8, 8))

    assert not routings
    assert not any(module._forward_hooks for module in model.modules())


def test_record_keeps_the_last_decision():
    """A router that runs twice in a block leaves its second decision, under its own name alone."""
    router = SoftRouter(5, 4)
    with record(router) as routings:
        router(torch.randn(2, 3, 5))
        last = router(torch.randn(2, 6, 5))

    assert routings[""] is last and len(routings) == 1


def test_record_of_a_router_with_two_places():
    """A router that two layers share is recorded under the first of its names, with its last decision."""
    shared = SoftRouter(8, 4)
    model = ViT(dim=8, moe_layers=(0, 2), moe=lambda dim: MoE(shared, Experts(dim, 4, 8)))
    with record(model) as routings:
        model(torch.rand(1, 1, 8, 8))

    assert list(routings) == ["blocks.0.mlp.router"]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_made_while_recording_is_free(copied):
    """A model copied or pickled inside the block has no hooks, answers the same, and writes into no record."""
    model, images = vit(), torch.rand(5, 1, 8, 8)
    with record(model) as routings:
        model(images)
        twin = copied(model)
        before = dict(routings)
        twin(images)
        assert routings == before
    twin(images)

    assert list(routings) == NAMES and routings == before
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in twin.modules())
    assert torch.equal(twin(images), model(images))


def test_record_of_one_model_among_others():
    """Only the model's own routers are recorded, whatever else runs inside the block."""
    model, other = vit(), vit()
    with record(model) as routings:
        other(torch.rand(1, 1, 8, 8))

    assert not routings


@pytest.mark.slow
def test_record_of_an_unfinished_generator():
    """A recording that is never ended leaves nothing behind once it is gone."""

    def recording():
        with record(model) as routings:
            yield routings

    model = vit()
    unfinished = recording()
    routings = next(unfinished)
    del unfinished
    gc.collect()
    model(torch.rand(1, 1, 8, 8))

    assert not routings


def test_record_of_a_lone_router_and_of_none():
    """A router alone is recorded under the empty name; a model without routers gives an empty dict."""
    with record(router := SoftRouter(5, 4)) as routings:
        router(torch.randn(2, 3, 5))
    with record(nn.Linear(2, 2)) as nothing:
        pass

    assert [""] == list(routings) and not nothing


def test_combine_has_its_gradient_though_it_was_seen_without():
    """Looking at combine under no_grad or inference_mode takes no gradient from a later loss, which sees one tensor."""
    router = TokensChoiceRouter(5, 4)
    for quiet in (torch.no_grad, torch.inference_mode):
        routing = router(torch.randn(3, 7, 5))
        with quiet():
            seen = routing.combine
            assert routing.combine is seen
        combine = routing.combine
        assert routing.combine is combine
        (slope,) = torch.autograd.grad(combine.square().sum(), next(router.parameters()))
        assert slope.abs().sum() > 0
        torch.testing.assert_close(combine, seen, rtol=0, atol=0)


def test_some_tokens_of_a_routing():
    """Tokens are numbered anew in the order given, slots of the others are empty, and dropless ones are left out."""
    token = torch.tensor([[[0, 3, 2], [1, 3, -1]], [[2, -1, -1], [0, 1, 3]]])
    gate = torch.tensor([[[0.5, 0.3, 0.2], [0.7, 0.4, 9.0]], [[1.0, 9.0, 9.0], [0.1, 0.6, 0.8]]])
    logits = torch.arange(16.0).view(2, 4, 2)
    mask = torch.tensor([[True, True, True, True], [True, True, True, False]])
    for dropless in (False, True):
        part = SparseRouting(token, gate, 4, logits, logits + 1, None, mask, dropless).only([3, 0])
        wanted = [[[1, 0], [0, -1]], [[-1, -1], [1, 0]]]
        if not dropless:
            wanted = [[[1, 0, -1], [-1, 0, -1]], [[-1, -1, -1], [1, -1, 0]]]
        assert part.token.tolist() == wanted
        assert part.sizes == (2, 2, 2, 2 if dropless else 3)
        whole = SparseRouting(token, gate, 4).combine.sum(-1)
        torch.testing.assert_close(part.combine.sum(-1), whole[:, [3, 0]])
        assert torch.equal(part.logits, logits[:, [3, 0]])
        assert torch.equal(part.gates, logits[:, [3, 0]] + 1)
        assert part.mask.tolist() == [[True, True], [False, True]]
        assert (part.dropless, part.noisy_logits) == (dropless, None)
    assert SparseRouting(token, gate, 4, dropless=True).only(torch.tensor([1])).sizes == (2, 1, 2, 1)
    for wrong in ([], [4], [-1], [1, 1]):
        with pytest.raises(ValueError, match="tokens must be different numbers from 0 to 3, at least one, got"):
            SparseRouting(token, gate, 4).only(wrong)
