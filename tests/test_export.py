"""torch.export of a layer: one program for every batch and every number of tokens, where the algorithm allows it."""

import io

import pytest
import torch
from torch.export import Dim, export

from softmoe_edu import (
    ROUTERS,
    Experts,
    ExpertsChoiceRouter,
    IdentityRouter,
    MoE,
    SoftRouter,
    TokensChoiceRouter,
)

pytestmark = [pytest.mark.compiled, pytest.mark.filterwarnings("ignore")]  # torch.export's own warnings

D, E, F = 5, 4, 6

KINDS = {
    **{name: (cls, {}) for name, cls in ROUTERS.items()},
    "soft, attention": (SoftRouter, {"slots_per_expert": 2, "form": "attention"}),
    "tokens choice, two by gate": (
        TokensChoiceRouter,
        {"top_k": 2, "priority": "gate", "gating": "gshard", "capacity_factor": 1.25, "multiple_of": 4},
    ),
    "experts choice, rounded up": (ExpertsChoiceRouter, {"capacity_factor": 2.0, "rounding": "ceil"}),
    "identity, given slots": (IdentityRouter, {"slots_per_expert": 16}),
}
LENGTHS = [(2, 4), (3, 9), (5, 17), (2, 33)]  # the first leaves one slot for each expert


def layer(name, group=1):
    cls, settings = KINDS[name]
    torch.manual_seed(0)
    return MoE(cls(D, E, **settings), Experts(D, E, F), examples_per_group=group).eval()


def tokens(b, n):
    draw = torch.Generator().manual_seed(b * n)
    return torch.randn(b, n, D, generator=draw), torch.rand(b, n, generator=draw) < 0.7


@pytest.mark.parametrize(
    ("fixed", "masked", "strict"), [(False, True, False), (False, True, True), (True, False, False)]
)
@pytest.mark.parametrize("name", KINDS)
def test_one_program_for_every_length(name, fixed, masked, strict):
    """A program exported once answers other lengths, and other batches unless theirs is fixed, as the layer does."""
    moe, dims = layer(name), {1: Dim("tokens", min=4, max=64)}
    if not fixed:
        dims[0] = Dim("batch", min=2, max=64)
    taken = 2 if masked else 1
    program = export(moe, tokens(3, 8)[:taken], dynamic_shapes=(dims,) * taken, strict=strict).module()

    for b, n in LENGTHS:
        given = tokens(3 if fixed else b, n)[:taken]
        torch.testing.assert_close(program(*given), moe(*given))


@pytest.mark.parametrize("rounding", ["ceil", "round"])
def test_a_saved_program_rounds_as_python_does(rounding):
    """Saved and loaded, a program gives every length the capacity that Python's rounding gives it."""
    moe = MoE(TokensChoiceRouter(D, 10, 2, capacity_factor=1.1, rounding=rounding, multiple_of=3), Experts(D, 10, F))
    dims = {1: Dim("tokens", min=3, max=256)}
    kept = io.BytesIO()
    torch.export.save(export(moe, (torch.randn(2, 8, D),), dynamic_shapes=(dims,)), kept)
    kept.seek(0)
    program = torch.export.load(kept).module()

    for n in (3, 25, 50, 75, 100, 125, 200, 250, 256):  # 1.1 x 50 x 2 / 10 is 11.000000000000002
        x, _ = tokens(2, n)
        torch.testing.assert_close(program(x), moe(x))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_program_refuses_what_the_layer_refuses(dtype):
    """A length that leaves an expert more slots than there are tokens is an error in an exported program too."""
    moe = MoE(ExpertsChoiceRouter(D, 2, multiple_of=4), Experts(D, 2, F)).to(dtype)
    dims = {1: Dim("tokens", min=3, max=64)}
    program = export(moe, (torch.randn(2, 8, D, dtype=dtype),), dynamic_shapes=(dims,)).module()
    long, short = (torch.randn(2, n, D, dtype=dtype) for n in (9, 3))

    torch.testing.assert_close(program(long), moe(long))
    with pytest.raises(ValueError, match="capacity must be at most the 3 tokens of a group in experts choice, got 4"):
        moe(short)
    with pytest.raises(RuntimeError):
        program(short)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", KINDS)
def test_a_program_of_one_shape(name, strict):
    """Exported without dynamic shapes, a program has that shape and equals the layer."""
    moe, (x, _) = layer(name), tokens(3, 8)
    program = export(moe, (x,), strict=strict)

    torch.testing.assert_close(program.module()(x), moe(x))


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", ["soft", "tokens choice", "experts choice"])
def test_groups_of_examples(name, strict):
    """A batch of any number of groups, of any length, can be exported as well."""
    moe = layer(name, group=2)
    dims = {0: 2 * Dim("groups", min=2, max=32), 1: Dim("tokens", min=4, max=64)}
    program = export(moe, tokens(4, 8), dynamic_shapes=(dims, dims), strict=strict).module()

    for groups, n in LENGTHS:
        x, mask = tokens(2 * groups, n)
        torch.testing.assert_close(program(x, mask), moe(x, mask))


def test_dropless_says_what_it_lacks():
    """Without a capacity the number of slots depends on the tokens, and the error names the factor to give."""
    moe = MoE(TokensChoiceRouter(D, E, capacity_factor=None), Experts(D, E, F))
    with pytest.raises(
        RuntimeError, match=r"capacity_factor=None must read .* in torch\.export .* give capacity_factor"
    ):
        export(moe, (torch.randn(3, 8, D),), strict=False)
    with pytest.raises(Exception, match=r"capacity_factor=None must read .* torch\.compile\(fullgraph=True\)"):
        torch.compile(moe, backend="eager", fullgraph=True)(torch.randn(3, 8, D))


@pytest.mark.parametrize("name", KINDS)
def test_compiled_for_several_lengths(name):
    """One whole graph, compiled again with symbols for lengths, answers every length as the layer does."""
    torch.compiler.reset()
    moe = layer(name)
    compiled = torch.compile(moe, backend="eager", fullgraph=True)

    for b, n in LENGTHS:
        x, mask = tokens(b, n)
        torch.testing.assert_close(compiled(x, mask), moe(x, mask))
        torch.testing.assert_close(compiled(x), moe(x))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_compiled_dropless(dtype):
    """Compiled in pieces, dropless routing gives the layer's answers and gradients, in a width for grouped products."""
    torch.compiler.reset()
    torch.manual_seed(0)
    moe = MoE(TokensChoiceRouter(8, E, 2, capacity_factor=None), Experts(8, E, 16)).to(dtype)
    compiled = torch.compile(moe, backend="aot_eager")
    for n in (6, 9):
        results = []
        for run in (moe, compiled):
            x = torch.randn(2, n, 8, generator=torch.Generator().manual_seed(n)).to(dtype).requires_grad_()
            y = run(x)
            results.append([y.detach(), *torch.autograd.grad(y.square().sum(), [x, *moe.parameters()])])
        torch.testing.assert_close(*results)
