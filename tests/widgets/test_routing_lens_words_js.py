"""What the lens's script makes of the bytes: sums, marks and sentences, run in Node."""

import numpy as np
import pytest
import torch
from nodekit import run_node
from routing_lens_values import both, pictures, seven, sparse
from torch import Tensor

from softmoe_edu.capture.served import routing_of
from softmoe_edu.routers import ROUTERS, SoftRouter
from softmoe_edu.routing import SoftRouting, SparseRouting
from softmoe_edu.widgets import RoutingLens, packing

FILES = ("routing_lens/numbers.js", "routing_lens/marks.js", "routing_lens/words.js")
OPEN = """(() => {
    const open = entry => Object.fromEntries(Object.entries(entry).map(([name, value]) =>
        [name, value?.bytes ? new DataView(Uint8Array.from(value.bytes).buffer) : value]));
    const scene = (i, image, view) => {
        const it = look(open(given[i]), image);
        it.off = offSums(it);
        it.wrongs = wrongs(it, view);
        return it;
    };
    const at = (token, expert, slot) => ({ token, expert, slot });
    return %s;
})()"""


def told(lens: RoutingLens, expression: str) -> object:
    """Value of an expression in which `scene(entry, image, view)` and `at(token, expert, slot)` can be used."""
    plain = [
        {name: {"bytes": list(value)} if isinstance(value, bytes) else value for name, value in entry.items()}
        for entry in lens._entries
    ]
    return run_node(FILES, OPEN % expression, plain)


def off(lens: RoutingLens, entry: int = 0, image: int = 0) -> tuple[list[int], list[int]]:
    """Rows of combine and columns of dispatch whose sums are marked."""
    found = told(lens, f"(off => [[...off.rows], [...off.columns]])(scene({entry}, {image}, 'dispatch').off)")
    return tuple(found)


@pytest.mark.parametrize("name", ROUTERS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_no_router_of_the_package_is_marked(name: str, dtype: torch.dtype) -> None:
    """With padding too: their sums are 1 where they should be, or they are no softmaxes."""
    torch.manual_seed(0)
    x, mask = torch.randn(3, 7, 5).to(dtype), torch.ones(3, 7, dtype=torch.bool)
    mask[0, 5:] = False
    mask[2] = False
    extra = {"slots_per_expert": 2} if "soft" in name or name == "uniform" else {}
    router = ROUTERS[name](5, 4, **extra).to(dtype).eval()
    with torch.no_grad():
        lens = RoutingLens({"plain": {"": router(x)}, "padded": {"": router(x, mask)}})

    found = told(lens, "given.flatMap((_, i) => [0, 1, 2].map(j => warning(scene(i, j, 'combine'), 'combine')))")
    assert found == [""] * 6


def test_a_softmax_over_the_wrong_axis_is_marked_where_it_is_wrong() -> None:
    """Dispatch over slots misses 1 in columns, combine over tokens in rows; each is told with its first."""
    dispatch, combine = both(seven().logits)
    swapped = RoutingLens({"a": SoftRouting(combine, combine), "b": SoftRouting(dispatch, dispatch)})

    assert off(swapped) == ([], list(range(8)))
    assert off(swapped, entry=1) == (list(range(7)), [])
    sums = combine[0].sum(0).flatten().tolist(), dispatch[0].sum((1, 2)).tolist()
    assert told(swapped, "[0, 1].map(i => warning(scene(i, 0, 'dispatch'), 'dispatch'))") == [
        f"≠1: 8 of 8 columns of dispatch do not sum to 1 (expert 0, slot 0: {sums[0][0]:.4f}).",
        f"≠1: 7 of 7 rows of combine do not sum to 1 (token 0: {sums[1][0]:.4f}).",
    ]


def test_one_sum_that_misses_one_is_the_one_that_is_marked() -> None:
    """By 0.001 in one slot of one image, and nowhere else."""
    dispatch, combine = both(seven().logits)
    dispatch[1, 4, 2, 1] += 0.001
    lens = RoutingLens(SoftRouting(dispatch, combine))

    assert off(lens, image=0) == ([], [])
    assert off(lens, image=1) == ([], [5])


def test_wrong_weights_are_counted_by_kind_with_the_first_of_each() -> None:
    """Below 0, over 1, NaN and infinite; rounding above 1 is none."""
    dispatch = torch.full((3, 7, 4, 2), 0.125)
    dispatch[1, 0, 0, 0], dispatch[1, 0, 1, 0], dispatch[1, 2, 0, 1] = -0.5, -0.25, 1.5
    dispatch[1, 3, 2, 0], dispatch[1, 6, 3, 1] = torch.nan, -torch.inf
    dispatch[0, 0, 0, 0] = 1 + 1e-6
    lens = RoutingLens(SoftRouting(dispatch, dispatch))

    assert told(lens, "scene(0, 0, 'dispatch').wrongs.length") == 0
    kinds = told(lens, "scene(0, 1, 'dispatch').wrongs.map(({ sign, at }) => [sign, at])")
    assert kinds == [["<0", [0, 2]], [">1", [17]], ["NaN", [28]], ["∞", [55]]]
    text = told(lens, "warning(scene(0, 1, 'dispatch'), 'dispatch')")
    assert text.endswith(
        "<0: 2 weights negative (token 0, expert 0, slot 0: -0.5000). "
        ">1: 1 weight over 1 (token 2, expert 0, slot 1: 1.5000). "
        "NaN: 1 weight not a number (token 3, expert 2, slot 0: NaN). "
        "∞: 1 weight infinite (token 6, expert 3, slot 1: -Infinity)."
    )


def test_of_logits_only_those_that_are_not_finite_are_told() -> None:
    """Every size is a logit; padding may have any weight, since nobody reads it."""
    logits = 9 * seven().logits
    logits[0, 2, 1, 1] = -torch.inf
    mask = torch.ones(3, 7, dtype=torch.bool)
    mask[1, 6] = False
    dispatch, combine = both(seven().logits)
    combine[1, 6] = -1.0
    lens = RoutingLens(SoftRouting(dispatch, combine, logits=logits, mask=mask))

    text = told(lens, "warning(scene(0, 0, 'logits'), 'logits')")
    assert text == "∞: 1 logit infinite (token 2, expert 1, slot 1: -Infinity)."
    assert told(lens, "warning(scene(0, 1, 'combine'), 'combine')") == ""


def test_sums_are_those_of_the_weights() -> None:
    """Rows of the image, columns of the whole group, to four digits."""
    routing = sparse()
    lens = RoutingLens(routing, pictures())
    rows, columns = told(lens, "(it => [it.rows.combine, [...it.columns.combine]])(scene(0, 1, 'combine'))")

    np.testing.assert_allclose(rows, routing.combine[0, 4:].sum((1, 2)).numpy())
    np.testing.assert_allclose(columns, routing.combine[0].sum(0).flatten().numpy())


@pytest.mark.slow
def test_the_sentence_of_a_token_names_its_experts_and_weights() -> None:
    """The heaviest three, by dispatch or by combine; a dropped token has none."""
    routing = seven()
    lens = RoutingLens(routing)
    dispatch, combine = routing.dispatch[0, 2].sum(1), routing.combine[0, 2].sum(1)
    for view, weights in (("dispatch", dispatch), ("combine", combine)):
        order = weights.argsort(descending=True)[:3].tolist()
        named = ", ".join(f"{e} ({dispatch[e]:.4f} / {combine[e]:.4f})" for e in order)
        text = told(lens, f"sentence(scene(0, 0, '{view}'), at(2, -1, -1), '{view}')")
        assert text.endswith(f"; experts (dispatch / combine): {named} and 1 more")
    dropped = RoutingLens(sparse(), pictures())
    assert told(dropped, "[2, 3].map(t => expertsOf(scene(0, 0, 'dispatch'), 'dispatch', t))") == [
        "expert (dispatch / combine): 1 (1.0000 / 1.0000)",
        "no expert",
    ]


def test_the_sentence_of_an_expert_gives_its_share() -> None:
    """Of all that its group's tokens gave."""
    lens = RoutingLens(sparse(), pictures())

    text = told(lens, "sentence(scene(0, 0, 'dispatch'), at(-1, 1, -1), 'dispatch')")
    assert text == (
        "expert 1: its dispatch sums to 2 of its group's 3 in 3 slots, 60.0 % of all; "
        "largest dispatch at token 1 (1 other is equal): 1.0000"
    )


def test_a_logit_is_told_for_what_it_belongs_to() -> None:
    """A slot's with its slot, and no sum of logits without one."""
    routing = seven()
    lens = RoutingLens(routing)

    cell = told(lens, "sentence(scene(0, 1, 'logits'), at(6, 3, 1), 'logits')")
    assert cell.startswith(f"token 6, expert 3, slot 1: logit {routing.logits[1, 6, 3, 1]:.4f}, dispatch ")
    assert "logit " not in told(lens, "sentence(scene(0, 1, 'logits'), at(6, 3, -1), 'logits')")


def answers(lens: RoutingLens, token: int) -> str:
    """What is said of a token's answer."""
    return told(lens, f"sentence(scene(0, 0, 'output'), at({token}, -1, -1), 'output')").split("; ")[-1]


@pytest.mark.slow
def test_a_dropped_token_must_have_no_answer() -> None:
    """Its output is 0, and the sentence says so when it is not."""
    outputs = torch.ones(4, 4, 4)
    outputs[0, 3] = 0
    right, wrong = (RoutingLens(sparse(), pictures(), outputs=o) for o in (outputs, torch.ones(4, 4, 4)))

    assert answers(right, 0) == "its answer has length 2.0000"
    assert answers(right, 3) == "its answer has length 0.0000, as that of every dropped token"
    assert answers(wrong, 3) == "its answer has length 2.0000, not the 0 of a dropped token"
    assert "≠0" not in told(right, "caption(scene(0, 0, 'output'), 'output')")
    assert told(wrong, "caption(scene(0, 0, 'output'), 'output')").endswith("dropped tokens whose answer is not 0 (3).")


def test_the_distance_from_a_reference_is_the_largest() -> None:
    """With its place; none where all are the same."""

    def own(logits: Tensor) -> tuple[Tensor, Tensor]:
        dispatch, combine = both(logits)
        dispatch[2, 5, 1, 1] -= 0.25
        dispatch[2, 0, 0, 0] += 0.125
        return dispatch, combine

    lens = RoutingLens.of(own, seven().logits, reference=both)
    pair = "(image => Object.assign(scene(0, image, 'dispatch'), { reference: scene(1, image, 'dispatch') }))"

    farthest = " Farthest from the reference's dispatch: 0.2500 at token 5, expert 1, slot 1."
    assert told(lens, f"besides({pair}(2), 'dispatch')") == farthest
    assert told(lens, f"besides({pair}(1), 'dispatch')") == " Every weight of dispatch equals the reference's."
    before, after = seven().dispatch[2, 5, 1, 1], own(seven().logits)[0][2, 5, 1, 1]
    cell = told(lens, f"sentence({pair}(2), at(5, 1, 1), 'dispatch')")
    assert f"dispatch {after:.4f} (reference {before:.4f}), combine" in cell


def test_drawn_rows_keep_the_numbers_of_their_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 7 tokens 5 are drawn; the caption says so, and a token that is not is answered by its neighbour."""
    monkeypatch.setattr(packing, "MOST_WEIGHTS", 5 * 4 * 2)
    routing = seven()
    lens = RoutingLens(routing)

    assert told(lens, "[0, 1, 2, 3, 4, 5, 6].map(t => nearest(scene(0, 0, 'dispatch'), t))") == [0, 1, 1, 2, 4, 5, 5]
    text = told(lens, "caption(scene(0, 0, 'dispatch'), 'dispatch')")
    assert "5 of 7 tokens are drawn, evenly spaced; sums of columns and loads are of all." in text
    cell = told(lens, "sentence(scene(0, 2, 'combine'), at(5, 3, 0), 'combine')")
    assert f"combine {routing.combine[2, 5, 3, 0]:.4f}" in cell


def test_a_soft_router_that_underflows_is_not_called_hard() -> None:
    """Logits so large that a softmax gives only 0 and 1 look like a hard choice, and nothing is marked there."""
    router = SoftRouter(5, 4, 2, scale_init=1e4).eval()
    with torch.no_grad():
        lens = RoutingLens(router(torch.randn(3, 7, 5, generator=torch.Generator().manual_seed(0))))

    assert told(lens, "warning(scene(0, 0, 'dispatch'), 'dispatch')") == ""


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_routing_of_nothing_but_one_number_is_no_hard_choice(value: float) -> None:
    """Given as a routing, not by a function: its slots hold no single tokens, and every sum is marked."""
    every = torch.full((2, 3, 2, 2), value)

    assert off(RoutingLens(SoftRouting(every, every))) == ([0, 1, 2], [0, 1, 2, 3])


def test_equal_weights_are_no_most() -> None:
    """Of a column that is all equal no token is named; of one where some are equal the first, and how many others."""
    dispatch = torch.full((1, 4, 2, 1), 0.25)
    dispatch[0, :, 1, 0] = torch.tensor([0.0, 0.375, 0.375, 0.25])
    lens = RoutingLens(SoftRouting(dispatch, dispatch))
    texts = told(lens, "[0, 1].map(e => sentence(scene(0, 0, 'dispatch'), at(-1, e, 0), 'dispatch'))")
    assert [text.split("; ")[-1] for text in texts] == [
        "the same dispatch at each of its 4 tokens: 0.2500",
        "largest dispatch at token 1 (1 other is equal): 0.3750",
    ]


def test_padding_is_no_token_that_weighs_less_or_most() -> None:
    """The real tokens of a column are equal, whatever padding holds; negative weights and NaN are not nothing."""
    mask = torch.tensor([[True, True, True, False]])
    weights = torch.full((1, 4, 3, 1), 0.25)
    weights[0, 3] = 9.0
    weights[0, :3, 1, 0] = torch.tensor([-0.5, -0.25, -0.75])
    weights[0, 0, 2, 0] = torch.nan
    lens = RoutingLens(SoftRouting(weights, weights, mask=mask))
    texts = told(lens, "[0, 1, 2].map(e => sentence(scene(0, 0, 'dispatch'), at(-1, e, 0), 'dispatch'))")
    assert [text.split("; ")[-1] for text in texts] == [
        "the same dispatch at each of its 3 tokens: 0.2500",
        "largest dispatch at token 1: -0.2500",
        "largest dispatch at token 1 (1 other is equal): 0.2500",
    ]


def test_an_empty_slot_is_told_of_what_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only some tokens are drawn, another may be in it."""
    token = torch.tensor([[[1], [-1]]])
    empty = RoutingLens(SparseRouting(token, (token >= 0).float(), 4))
    monkeypatch.setattr(packing, "MOST_WEIGHTS", 2 * 2)
    few = RoutingLens(SparseRouting(token, (token >= 0).float(), 4))
    assert told(empty, "sentence(scene(0, 0, 'dispatch'), at(-1, 1, 0), 'dispatch')").endswith(
        "; no dispatch from this image"
    )
    assert told(few, "sentence(scene(0, 0, 'dispatch'), at(-1, 0, 0), 'dispatch')").endswith(
        "; no dispatch from the tokens of this image that are drawn"
    )


def test_a_small_weight_is_not_0() -> None:
    """A weight below a ten-thousandth keeps its size in the sentence; one that is 0 is 0."""
    dispatch, combine = both(seven().logits)
    dispatch[0, 2, 1, 0], dispatch[0, 3, 1, 0] = 3.2e-5, 0.0
    lens = RoutingLens(SoftRouting(dispatch, combine))
    facts = told(lens, "[2, 3].map(t => sentence(scene(0, 0, 'dispatch'), at(t, 1, 0), 'dispatch'))")

    assert [fact.split(": dispatch ")[1].split(",")[0] for fact in facts] == ["3.2e-5", "0.0000"]


def test_a_trace_says_that_its_gates_are_unknown() -> None:
    """Of choices alone no combine is shown, marked or told; dispatch, load and experts are told as ever."""
    choices = torch.tensor([[[0, 2], [2, 4], [-1, -1]]])
    lens = RoutingLens(routing_of(choices, 5))

    assert lens._views() == ["dispatch"]
    with pytest.raises(ValueError, match="view must be one of 'dispatch', got 'combine'"):
        lens.view = "combine"
    assert told(lens, "warning(scene(0, 0, 'dispatch'), 'dispatch')") == ""
    assert off(lens) == ([], [])
    said = told(lens, "sentence(scene(0, 0, 'dispatch'), at(1, -1, -1), 'dispatch')")
    assert "fills 2 slots, its gates were not recorded; experts: 2, 4" in said
    assert "combine" not in said
    assert "NaN" not in said
    cell = told(lens, "sentence(scene(0, 0, 'dispatch'), at(0, 2, 0), 'dispatch')")
    assert "dispatch 1.0000" in cell
    assert "combine" not in cell
