"""Why a routing came out as it did: the rule that is found in it, and the sentences that a lens makes of that."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from nodekit import run_node
from routing_lens_values import both, seven
from test_routing_lens_words_js import OPEN

from softmoe_edu.routers import ExpertsChoiceRouter, TokensChoiceRouter
from softmoe_edu.routing import SoftRouting, SparseRouting
from softmoe_edu.widgets import RoutingLens
from softmoe_edu.widgets.routing_lens_why import reasons_of

FILES = ("numbers", "why", "folds", "opening", "moves", "words")


def told(lens: RoutingLens, expression: str) -> object:
    """Value of an expression in which `scene(entry, image, view)` and `at(token, expert, slot)` can be used."""
    plain = [
        {name: {"bytes": list(value)} if isinstance(value, bytes) else value for name, value in entry.items()}
        for entry in lens._entries
    ]
    return run_node(tuple(f"routing_lens/{name}.js" for name in FILES), OPEN % expression, plain)


def routed(router: torch.nn.Module, mask: torch.Tensor | None = None, seed: int = 0) -> SparseRouting:
    """What a router decides of three groups of sixteen seeded tokens."""
    x = torch.randn(3, 16, 5, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return router.eval()(x, mask)


def padded() -> torch.Tensor:
    """A mask that leaves nine tokens of the second group."""
    mask = torch.ones(3, 16, dtype=torch.bool)
    mask[1, 9:] = False
    return mask


@pytest.mark.parametrize("priority", ["position", "gate"])
@pytest.mark.parametrize("top_k", [1, 2, 3])
@pytest.mark.parametrize("factor", [0.5, 0.75, None])
def test_the_rule_of_tokens_that_choose_is_found(priority: str, top_k: int, factor: float | None) -> None:
    """How many experts each token asked for, and by which priority it was served; with padding and noise too."""
    torch.manual_seed(0)
    router = TokensChoiceRouter(5, 4, top_k, capacity_factor=factor, priority=priority)
    found = reasons_of(routed(router, padded()))

    assert (found["chooser"], found["asks"], found["priority"]) == ("tokens", top_k, priority)
    noisy = TokensChoiceRouter(5, 4, top_k, capacity_factor=0.75, priority=priority, noise_std=4.0).train()
    with torch.no_grad():
        found = reasons_of(noisy(torch.randn(3, 16, 5)))
    assert (found["chooser"], found["asks"], found["priority"]) == ("tokens", top_k, priority)


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_experts_that_choose_are_told_from_tokens_that_do(factor: float) -> None:
    """With padding too, where an expert may find fewer tokens than it has slots."""
    torch.manual_seed(0)
    found = reasons_of(routed(ExpertsChoiceRouter(5, 4, capacity_factor=factor), padded()))

    assert (found["chooser"], found["asks"], found["priority"]) == ("experts", 0, "")


def test_two_rules_that_fill_the_same_slots_are_both_told() -> None:
    """Equal gates in the order of tokens: neither who chose nor a lost choice is claimed."""
    gates = torch.tensor([[[0.75, 0.25], [0.75, 0.25], [0.75, 0.25], [0.25, 0.75], [0.25, 0.75]]])
    routing = SparseRouting(torch.tensor([[[0, 1], [3, 4]]]), torch.ones(1, 2, 2), 5, gates=gates)
    lens = RoutingLens(routing)

    assert (lens._entries[0]["chooser"], lens._entries[0]["choices"]) == ("either", 0)
    assert told(lens, "why(scene(0, 0, 'dispatch'), at(2, -1, -1))") == (
        "It asked for expert 0 (gate 0.7500), and its 2 slots hold token 0 and token 1, served before it by position. "
        "Experts that choose would fill the same slots."
    )


def test_no_rule_is_claimed_that_fills_one_slot_differently() -> None:
    """Two tokens exchanged between experts, or no gates: nothing is said of who chose; mixtures carry nothing."""
    torch.manual_seed(0)
    routing = routed(TokensChoiceRouter(5, 4, 1))
    token = routing.token.clone()
    token[0, 0, 0], token[0, 1, 0] = routing.token[0, 1, 0], routing.token[0, 0, 0]
    odd = SparseRouting(token, routing.gate, 16, routing.logits, routing.gates)

    assert reasons_of(odd)["chooser"] == ""
    bare = reasons_of(SparseRouting(routing.token, routing.gate, 16))
    assert bare["chooser"] == "" and "gates" not in bare
    assert reasons_of(seven()) == {}
    by_logits = SparseRouting(routing.token, routing.gate, 16, routing.logits)
    assert reasons_of(by_logits)["chooser"] == "tokens"


def served(routing: SparseRouting, top_k: int, priority: str) -> Iterator[tuple[int, int, list[int], list[int]]]:
    """Each dropped token of each group: the experts that it asked for and the tokens in the slots of the first."""
    order = routing.gates.argsort(dim=-1, descending=True, stable=True)[..., :top_k]
    for group, load in enumerate(routing.token_load()):
        for token in (load == 0).nonzero().flatten().tolist():
            asked = order[group, token].tolist()
            yield group, token, asked, routing.token[group, asked[0]].tolist()


@pytest.mark.parametrize(("top_k", "priority"), [(1, "position"), (2, "gate")])
def test_a_dropped_token_is_told_what_it_asked_for_and_who_holds_it(top_k: int, priority: str) -> None:
    """Its experts with their gates, every token in the slots of the first, and by which priority they came first."""
    torch.manual_seed(0)
    routing = routed(TokensChoiceRouter(5, 4, top_k, capacity_factor=0.5, priority=priority))
    lens = RoutingLens(routing)
    cases = list(served(routing, top_k, priority))
    asked = ", ".join(f"why(scene(0, {group}, 'dispatch'), at({token}, -1, -1))" for group, token, *_ in cases)
    sentences = told(lens, f"[{asked}]")

    assert len(cases) > 3
    for (group, token, experts, holders), text in zip(cases, sentences, strict=True):
        first = text.split("; it asked for")[0]
        gate = float(routing.gates[group, token, experts[0]])
        assert first.startswith(f"It asked for expert {experts[0]} (gate {gate:.4f}), and its ")
        slots = re.search(r" slots? holds? (.*?)(?:, served|: all)", first).group(1)
        assert [int(t) for t in re.findall(r"token (\d+)", slots)] == [t for t in holders if t >= 0][:6]
        assert f"served before it by {priority}" in first
        assert [int(e) for e in re.findall(r"asked for expert (\d+)", text)] == experts


def test_an_expert_that_a_token_did_not_ask_for_is_never_blamed() -> None:
    """Its gate there and its rank are told instead; of one that it asked for, whether it holds it or who does."""
    torch.manual_seed(0)
    routing = routed(TokensChoiceRouter(5, 4, 1, capacity_factor=0.5))
    order = routing.gates[0].argsort(dim=-1, descending=True)
    texts = told(
        RoutingLens(routing),
        "[...Array(16).keys()].map(t => [0, 1, 2, 3].map(e => why(scene(0, 0, 'dispatch'), at(t, e, -1))))",
    )

    for token in range(16):
        first, second, _, last = order[token].tolist()
        held = token in routing.token[0, first].tolist()
        begin = f"It asked for expert {first}: its gate there" if held else f"It asked for expert {first} (gate "
        assert texts[token][first].startswith(begin)
        gate = float(routing.gates[0, token, second])
        assert texts[token][second] == (
            f"It did not ask for expert {second}: its gate there ({gate:.4f}) is its second largest, "
            "and a token asks for 1 expert."
        )
        assert "its smallest" in texts[token][last]


def test_by_how_much_an_expert_missed_a_token() -> None:
    """Of a token that no expert took the nearest is told, of a pair that pair, and of one that was taken nothing."""
    torch.manual_seed(0)
    routing = routed(ExpertsChoiceRouter(5, 4, capacity_factor=0.5))
    load = routing.token_load()[0]
    token = int((load == 0).nonzero()[0])
    last = routing.gate[0, :, -1]
    short = last - routing.gates[0, token]
    nearest = int(short.argmin())
    taken = int(routing.token[0, 2, 0])
    lens = RoutingLens(routing)
    whole, pair, none = told(
        lens,
        f"[at({token}, -1, -1), at({token}, 2, -1), at({taken}, 2, 0)].map(x => why(scene(0, 0, 'dispatch'), x))",
    )

    assert whole.startswith(f"No expert chose it; it came nearest to expert {nearest}: its gate ")
    assert whole.endswith(f" with {float(last[nearest]):.4f}: missed by {float(short[nearest]):.4f}.")
    assert pair.startswith("Expert 2 did not choose it: ")
    assert pair.endswith(f": missed by {float(short[2]):.4f}.")
    assert none == ""


def test_what_a_routing_does_not_carry_is_said() -> None:
    """Without gates, with gates that give other slots, and where weights only look like choices."""
    token = torch.tensor([[[0, 1], [2, -1], [3, 4]]])
    bare = SparseRouting(token, (token >= 0).float(), 7)
    odd = SparseRouting(token, (token >= 0).float(), 7, gates=seven(1).logits[0, :, :3, 0].softmax(-1)[None])
    dense = SoftRouting(bare.dispatch, bare.combine)
    lens = RoutingLens({"bare": {"": bare}, "odd": {"": odd}, "dense": {"": dense}})
    texts = told(lens, "[0, 1, 2].map(i => why(scene(i, 0, 'dispatch'), at(6, -1, -1)))")

    assert [text.split(",")[0] for text in texts] == [
        "The Routing does not carry gates",
        "No rule that the lens knows makes these slots of the Routing's gates",
        "These are weights without choices",
    ]


def test_tokens_of_other_images_are_named_with_their_image() -> None:
    """Two images compete for the slots of one group."""
    gates = torch.tensor([[[0.75, 0.25], [0.625, 0.375], [0.875, 0.125], [0.25, 0.75], [0.5625, 0.4375], [0.25, 0.75]]])
    token = torch.tensor([[[0, 1], [3, 5]]])
    lens = RoutingLens(SparseRouting(token, torch.ones(1, 2, 2), 6, gates=gates), torch.zeros(2, 1, 1, 3), grid=(1, 3))
    text = told(lens, "why({ ...scene(0, 1, 'dispatch'), what: 'image' }, at(1, -1, -1))")

    assert text == (
        "It asked for expert 0 (gate 0.5625), and its 2 slots hold image 0's token 0 and image 0's token 1, "
        "served before it by position."
    )


AXES = {
    "logits": (lambda x: x, "these are the logits themselves, without a softmax"),
    "slots": (
        lambda x: x.flatten(2).softmax(2).view_as(x),
        "each token's weights sum to 1, as after a softmax over all slots",
    ),
    "tokens": (lambda x: x.softmax(1), "each slot's weights sum to 1, as after a softmax over tokens"),
    "experts": (lambda x: x.softmax(2), "each token's weights sum to 1 over the experts alone"),
    "one expert's slots": (lambda x: x.softmax(3), "each token's weights sum to 1 over the slots of each expert"),
    "all": (
        lambda x: x.flatten(1).softmax(1).view_as(x),
        "all weights together sum to 1, as after a softmax over tokens and slots at once",
    ),
    "halves": (lambda x: 0.5 * x.softmax(1).flatten(2).softmax(2).view_as(x) ** 2, ""),
}


@pytest.mark.parametrize("axis", AXES)
def test_a_sum_that_misses_one_is_told_its_softmax(axis: str) -> None:
    """Which softmax dispatch or combine needs, and over what these weights sum to 1; a right one is told nothing."""
    function, words = AXES[axis]
    logits = seven().logits
    dispatch, combine = both(logits)
    lens = RoutingLens.of(lambda x: (function(x), combine), logits, reference=both)
    other = RoutingLens.of(lambda x: (dispatch, function(x)), logits, reference=both)
    here = f" Here {words}." if words else ""

    told_dispatch, right = told(lens, "[0, 1].map(i => remedy(scene(i, 0, 'dispatch')))")
    fix = "A softmax over tokens, logits.softmax(1), makes each column of dispatch sum to 1."
    assert told_dispatch == ("" if axis == "tokens" else fix + here)
    assert right == ""
    fix = "A softmax over all slots, logits.flatten(2).softmax(2), makes each row of combine sum to 1."
    assert told(other, "remedy(scene(0, 0, 'combine'))") == ("" if axis == "slots" else fix + here)


def test_a_lens_opens_on_what_teaches_most() -> None:
    """A sum that misses 1, else a dropped token, else one that lost a choice, else the one with most attention."""
    torch.manual_seed(0)
    logits = seven().logits
    dispatch, combine = both(logits)
    wrong = dispatch.clone()
    wrong[0, 3, 2, 1] += 0.5
    sparse = {k: routed(TokensChoiceRouter(5, 4, k, capacity_factor=f)) for k, f in ((1, 0.5), (3, 1.0))}
    lens = RoutingLens(
        {
            "wrong": {"": SoftRouting(wrong, combine)},
            "right": {"": SoftRouting(dispatch, combine)},
        }
    )
    first, second = told(lens, "[0, 1].map(i => openingOf(scene(i, 0, 'dispatch')))")

    assert first == {"at": {"token": -1, "expert": 2, "slot": 1}, "what": "a slot whose sum misses 1"}
    most = int(dispatch[0].sum((1, 2)).argmax())
    assert second == {"at": {"token": most, "expert": -1, "slot": -1}, "what": "the token with most attention"}
    for k, what in ((1, "a dropped token"), (3, "a token that lost a choice")):
        load = sparse[k].token_load()[0]
        expected = int(((load < k) if k > 1 else (load == 0)).nonzero()[0])
        found = told(RoutingLens(sparse[k]), "openingOf(scene(0, 0, 'dispatch'))")
        assert (load == 0).any() == (k == 1)
        assert (found["at"]["token"], found["what"]) == (expected, what)


def test_what_is_constant_is_told_once() -> None:
    """Rows, columns and loads that differ nowhere are sentences; one that differs by 0.001 is drawn."""
    dispatch, combine = both(seven().logits)
    lens = RoutingLens(SoftRouting(dispatch, combine))
    assert told(lens, "foldsOf(scene(0, 0, 'dispatch'), 'dispatch')") == {
        "rows": "",
        "columns": "Every slot's dispatch sums to 1.",
        "load": "Every expert's load is 2.",
    }
    assert told(lens, "foldsOf(scene(0, 0, 'combine'), 'combine')")["rows"] == "Every token's combine sums to 1."
    dispatch = dispatch.clone()
    dispatch[0, 0, 0, 0] += 0.001
    folds = told(RoutingLens(SoftRouting(dispatch, combine)), "foldsOf(scene(0, 0, 'dispatch'), 'dispatch')")
    assert folds == {"rows": "", "columns": "", "load": ""}


def test_moves_are_those_between_two_snapshots() -> None:
    """Experts that each token left and joined, dropped ones too; of mixtures the expert that it hears most."""
    before = torch.tensor([[[0, 1, -1], [2, 3, -1], [4, -1, -1]]])
    after = torch.tensor([[[0, 2, -1], [1, 3, 5], [-1, -1, -1]]])
    steps = {step: SparseRouting(token, (token >= 0).float(), 7) for step, token in ((0, before), (9, after))}
    lens = RoutingLens({step: {"": {"": routing}} for step, routing in steps.items()})
    moves = told(lens, "movesBetween(look(open(given[0]), 0), look(open(given[1]), 0))")

    assert moves == [
        {"token": 1, "left": [0], "joined": [1]},
        {"token": 2, "left": [1], "joined": [0]},
        {"token": 4, "left": [2], "joined": []},
        {"token": 5, "left": [], "joined": [1]},
    ]
    assert told(lens, "movesByExperts(movesBetween(look(open(given[0]), 0), look(open(given[1]), 0)))") == [
        "From expert 0 to expert 1: token 1",
        "From expert 1 to expert 0: token 2",
        "From expert 2 to dropped: token 4",
        "From dropped to expert 1: token 5",
    ]
    soft = [seven(seed=seed) for seed in (0, 1)]
    heard = [routing.combine[0].sum(-1).argmax(-1).tolist() for routing in soft]
    lens = RoutingLens({step: {"": {"": routing}} for step, routing in enumerate(soft)})
    moves = told(lens, "movesBetween(look(open(given[0]), 0), look(open(given[1]), 0))")
    expected = [(t, a, b) for t, (a, b) in enumerate(zip(*heard, strict=True)) if a != b]
    assert [(move["token"], *move["left"], *move["joined"]) for move in moves] == expected and expected


def test_colours_take_the_root_where_a_mixture_is_mostly_small() -> None:
    """As fits, or as it was chosen; never for logits, negative weights or choices."""
    flat, steep = (SoftRouting(*both(scale * seven().logits), logits=seven().logits) for scale in (0.5, 9.0))
    wide = torch.randn(1, 96, 4, 2, generator=torch.Generator().manual_seed(0))
    lens = RoutingLens({"flat": {"": flat}, "steep": {"": steep}, "wide": {"": SoftRouting(*both(3 * wide))}})
    chosen = "['auto', 'linear', 'root'].map(how => isRoot(scene({}, 0, '{}'), '{}', how))"

    assert told(lens, chosen.format(0, "dispatch", "dispatch")) == [False, False, True]
    assert told(lens, chosen.format(2, "dispatch", "dispatch")) == [True, False, True]
    assert told(lens, chosen.format(0, "logits", "logits")) == [False, False, False]
    negative = RoutingLens.of(lambda x: (x, x), seven().logits)
    assert told(negative, chosen.format(0, "dispatch", "dispatch")) == [False, False, False]


def test_patterns_keep_a_hundred_experts_apart() -> None:
    """Hue and pattern together repeat only after more experts than the lens usually shows."""
    assert run_node(("shared/experts.js",), "APART") == 120


def test_holders_are_sent_as_they_stand() -> None:
    """The token of the group in each slot, -1 for none."""
    token = torch.tensor([[[0, 4, -1], [5, 2, 1]]])
    entry = RoutingLens(SparseRouting(token, (token >= 0).float(), 8))._entries[0]
    np.testing.assert_array_equal(np.frombuffer(entry["holders"], np.int32), token.flatten().numpy())
