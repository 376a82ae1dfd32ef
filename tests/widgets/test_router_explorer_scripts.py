import pytest
import torch
from nodekit import run_node
from routingkit import near
from torch import Tensor

from softmoe_edu import metrics
from softmoe_edu.cost import MoESizes, moe_cost
from softmoe_edu.routers import assign_experts, assign_tokens, choose_experts, soft_weights
from softmoe_edu.routing import SparseRouting
from softmoe_edu.widgets.router_explorer import SETTINGS, RouterExplorer
from softmoe_edu.widgets.scores import more_experts

MODULES = tuple(f"router_explorer/{name}.js" for name in ("state", "places", "sums"))
ANSWERS = """given.map(({ logits, sizes, settings, image, step, at, served, mates, words }) => {
    const batch = batchOf(Float32Array.from(logits), sizes), it = explore(batch, settings, image);
    if (it.error) return it;
    it.words = words;
    const map = mapOf(it, step, served), serving = servingOf(it, served), fates = fatesOf(it, step, served);
    const place = placeAt(it, step, map, at, served);
    const line = lineOf(it, step, map, at, { served, ids: [], grid: [] }), figures = figuresOf(it);
    const members = mates && otherMates(batch.b, image, mates.seed, mates.kind);
    const change = members && answersChanged(it, explore(batch, settings, image, members), members);
    return { map, serving, fates, place, line, figures, members, change };
})"""
NOWHERE = {"token": -1, "expert": -1, "slot": -1}
LOGITS = torch.randn(3, 6, 4, 2, generator=torch.Generator().manual_seed(0))
# Gates in quarters: tokens 0 and 2 of one image give expert 0 three, token 1 gives each expert two.
QUARTERS = torch.tensor([[[3.0, 1.0], [1.0, 1.0], [3.0, 1.0]]]).log()


def shown(logits: Tensor, *views: dict) -> list[dict]:
    """What the scripts make of these scores in one view after the other, in one Node process."""
    widget = RouterExplorer(logits, dim=5, hidden_dim=11)
    cases = []
    for view in views:
        settings = widget.settings | {name: value for name, value in view.items() if name in SETTINGS}
        case = {"logits": logits.flatten().tolist(), "sizes": widget._sizes, "settings": settings, "image": 0}
        case |= {"step": "score", "served": -1, "mates": None}
        case |= {name: value for name, value in view.items() if name not in SETTINGS}
        cases.append(case | {"at": NOWHERE | view.get("at", {})})
    return run_node(MODULES, ANSWERS, cases)


@pytest.mark.parametrize("group", ["one image", "whole batch"])
def test_the_maps_of_a_soft_router_are_its_weights(group: str) -> None:
    """Scores, dispatch and combine of the image's rows, with sums over the image or the whole batch."""
    logits = 2 * LOGITS if group == "one image" else 2 * LOGITS.reshape(1, 18, 4, 2)
    dispatch, combine = soft_weights(logits)
    row = 1 if group == "one image" else 0
    steps = {"score": logits, "normalise": dispatch, "select": dispatch, "dispatch": dispatch, "combine": combine}
    views = [{"step": step, "group": group, "scale": 2.0, "image": 1} for step in steps]
    for answer, weights in zip(shown(LOGITS, *views), steps.values(), strict=True):
        whole = weights[row].flatten(1)
        own = whole if group == "one image" else whole[6:12]
        near(answer["map"]["values"], own)
        near(answer["map"]["beside"], own.sum(1), 1e-5)
        near(answer["map"]["below"], whole.sum(0), 1e-5)
        near([answer["map"]["most"]], own.max())
        assert answer["fates"] == [0] * 6


@pytest.mark.parametrize("router", ["tokens choice", "experts choice"])
@pytest.mark.parametrize("group", ["one image", "whole batch"])
def test_the_maps_of_a_sparse_router_are_its_choices(router: str, group: str) -> None:
    """Scores and gates of experts, what is selected of them, then slots; dropped tokens and load are the library's."""
    n, row, first = (6, 1, 0) if group == "one image" else (18, 0, 6)
    logits = LOGITS[..., 0].reshape(-1, n, 4)
    gates = logits.softmax(-1)
    if router == "tokens choice":
        experts, chosen = choose_experts(logits, 2)
        token, gate = assign_tokens(experts, chosen, 4, -(-n // 8))
        selected = torch.zeros_like(gates).scatter(2, experts, chosen)
    else:
        token, gate = assign_experts(gates, round(n / 8))
        selected = SparseRouting(token, gate, n).combine.sum(-1)
    routing = SparseRouting(token, gate, n)
    steps = {"score": logits, "normalise": gates, "select": selected}
    steps |= {"dispatch": routing.dispatch, "compute": routing.dispatch, "combine": routing.combine}
    views = [{"step": step, "router": router, "group": group, "image": 1} for step in steps]
    views = [view | {"top_k": 2, "capacity_factor": 0.25 if router == "tokens choice" else 0.5} for view in views]
    dropped = metrics.dropped(routing)[row, first : first + 6]
    assert dropped.any() and not dropped.all()
    known = list(steps)[2 if router == "experts choice" else 3 :]
    for answer, (step, weights) in zip(shown(LOGITS, *views), steps.items(), strict=True):
        whole = weights[row].flatten(1)
        near(answer["map"]["values"], whole[first : first + 6])
        near(answer["map"]["below"], whole.sum(0), 1e-5)
        assert answer["fates"] == (dropped.int().tolist() if step in known else [0] * 6), step
    near(answer["serving"]["taken"], metrics.expert_load(routing)[row])


def test_choices_are_served_one_by_one() -> None:
    """Before the first nothing is full; then one token after the other finds its slot or is turned away."""
    settings = {"router": "tokens choice", "step": "dispatch", "capacity_factor": 0.6}
    answers = shown(QUARTERS, *({**settings, "served": served} for served in (0, 1, 2, 3, -1)))

    assert [answer["serving"]["taken"] for answer in answers] == [[0, 0], [1, 0], [1, 0], [1, 0], [1, 0]]
    assert [answer["serving"]["turned"] for answer in answers] == [[0, 0], [0, 0], [1, 0], [2, 0], [2, 0]]
    assert [answer["fates"] for answer in answers] == [[0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 1, 1], [0, 1, 1]]
    assert answers[0]["map"]["values"] == [0] * 6
    assert answers[1]["map"]["values"] == [1, 0, 0, 0, 0, 0]
    assert answers[0]["line"].startswith("Point at the map")
    assert answers[2]["line"] == (
        "Choice 2 of 3: token 1; expert 0 is its first choice (gate 0.5000), and it is TURNED AWAY: its one slot holds "
        "token 0, served before it by position; there is no further choice."
    )


LINES = {
    "soft": {
        "score": "slot 0: score = scale x logit = 1 x 1.0986 = 1.0986.",
        "normalise": "dispatch = exp(1.0986 - 1.0986) / sum over 3 tokens = 1.0000 / 2.3333 = 0.4286; combine = "
        "exp(1.0986 - 1.0986) / sum over 2 slots = 1.0000 / 1.3333 = 0.7500.",
        "select": "all 3 tokens stay in slot 0 of expert 0, all 2 slots for this token. It is never dropped: "
        "exp(score) is "
        "above 0, so each of 2 slots holds at least 0.3333 of it.",
        "dispatch": "sum over 3 tokens of dispatch x token: this token is 42.9 % of it, the most is token 0 with 42.9",
        "compute": "expert 0 computes 1 slot, each a mix: 2 x 1 x 5 x 11 = 110 MACs.",
        "combine": "answer = sum over 2 slots of combine x answer of the slot: this slot is 75.0 % of it.",
    },
    "uniform / soft": {"normalise": "dispatch = 1 / 3 tokens = 0.3333; combine = exp(1.0986 - 1.0986) / sum over 2"},
    "tokens choice": {
        "score": "token 2, expert 0: score = scale x logit = 1 x 1.0986 = 1.0986.",
        "normalise": "gate = exp(1.0986 - 1.0986) / sum over 2 experts = 1.0000 / 1.3333 = 0.7500.",
        "select": "gates, best first: expert 0 0.7500, expert 1 0.2500; top_k = 1: expert 0 is the first choice.",
        "dispatch": "capacity = ceil(3 tokens x 1 x 0.6 / 2 experts) = 1; expert 0 is its first choice (gate "
        "0.7500), and it is "
        "TURNED AWAY: its one slot holds token 0, served before it by position; there is no further choice.",
        "compute": "expert 0 computes 1 full and 0 empty slots: 2 x 1 x 5 x 11 = 110 MACs.",
        "combine": "no expert took this token: its answer is exactly 0, and only the residual carries it on.",
    },
    "experts choice": {
        "select": "expert 0 does not take this token: its gate 0.7500 is number 2 of 3 there; it took one "
        "token, token 0 "
        "with 0.7500: missed by position alone, since equal gates go to the earlier token.",
        "dispatch": "capacity = round(3 tokens x 0.6 / 2 experts) = 1; expert 0 does not take this token: its gate",
    },
    "identity": {
        "score": "no score is read: a token's position alone decides.",
        "select": "expert = 2 mod 2 = 0.",
        "dispatch": "slot = floor(2 / 2) = 1 of expert 0.",
        "combine": "answer = 1.0000 x answer of expert 0; its gates sum to 1.0000.",
    },
}


@pytest.mark.parametrize("router", LINES)
def test_the_arithmetic_of_a_cell_by_hand(router: str) -> None:
    """Token 2 and expert 0 in each step, with the numbers that quarters give."""
    at = {"token": 2, "expert": 0}
    views = [{"router": router, "step": step, "at": at, "capacity_factor": 0.6} for step in LINES[router]]
    for answer, (step, line) in zip(shown(QUARTERS, *views), LINES[router].items(), strict=True):
        assert line in answer["line"], step


def test_a_row_or_a_column_is_explained_by_its_largest_weight() -> None:
    """A token by its best slot, a slot by its best token."""
    views = [{"step": "combine", "at": {"token": 1}}, {"step": "dispatch", "at": {"expert": 1, "slot": 0}}]
    token, slot = shown(LOGITS, *views)
    dispatch, combine = soft_weights(LOGITS)

    best = int(combine[0, 1].argmax())
    assert token["line"].startswith(f"token 1, expert {best // 2}, slot {best % 2}: ")
    best = int(dispatch[0, :, 1, 0].argmax())
    assert slot["line"].startswith(f"token {best}, expert 1, slot 0: ")


def test_an_expert_is_told_as_a_whole() -> None:
    """Its tokens, slots, load and share; what it turned away, and what was served so far."""
    sparse = {"router": "tokens choice", "capacity_factor": 0.6, "at": {"expert": 0}}
    views = [
        {**sparse, "step": "dispatch"},
        {**sparse, "step": "dispatch", "served": 0},
        {**sparse, "step": "compute", "at": {"expert": 1}},
        {"router": "soft", "step": "combine", "at": {"expert": 0}},
    ]
    full, empty, idle, soft = (answer["line"] for answer in shown(QUARTERS, *views))

    assert full == (
        "expert 0: took 1 of 3 tokens into 1 slot (token 0), turned 2 away; "
        "100.0 % of all that experts receive (even: 50.0 %)."
    )
    assert empty == "expert 0: took 0 of 3 tokens into 1 slot so far."
    assert idle.startswith("expert 1: took 0 of 3 tokens into 1 slot; 0.0 % of all that experts receive (even: 50.0 %)")
    assert idle.endswith("expert 1 computes them: 2 x 1 x 5 x 11 = 110 MACs.")
    # exp of the first column is 3, 1, 3
    assert soft == (
        "expert 0: its 1 slot of 2 mixes 3 tokens, with weights that sum to 1.0000, 50.0 % of all that experts receive "
        "(even: 50.0 %); from this image the largest weight at token 0 (1 other is equal): 0.4286."
    )


def test_the_figures_are_the_librarys() -> None:
    """Dropped tokens of image and batch, load, and MACs by the cost model."""
    view = {"router": "tokens choice", "group": "whole batch", "capacity_factor": 0.5, "image": 1}
    (answer,) = shown(LOGITS, view)
    logits = LOGITS[..., 0].reshape(1, 18, 4)
    experts, chosen = choose_experts(logits, 1)
    routing = SparseRouting(*assign_tokens(experts, chosen, 4, 3), 18)
    sizes = MoESizes(router="tokens choice", num_experts=4, slots_per_expert=3, examples_per_group=3)
    parts = {part.name: part.macs for part in moe_cost(6, 5, 11, sizes).parts}

    load = metrics.expert_load(routing)[0]
    own = metrics.dropped_per_example(routing, 3)[1]
    expected = [
        own,
        metrics.dropped_fraction(routing),
        load.max() / load.mean(),
        parts["experts"],
        parts["routing logits"],
    ]
    assert [name for name, _, _ in answer["figures"]] == [
        "Dropped tokens of this image",
        "Dropped in the whole batch",
        "Load: busiest expert over the mean",
        "MACs of the experts, per image",
        "MACs of the routing, per image",
    ]
    near([value for _, value, _ in answer["figures"]], torch.tensor([float(x) for x in expected]))


def test_without_a_capacity_nothing_is_turned_away_and_no_slot_costs_for_nothing() -> None:
    """Three tokens ask expert 0: it has three slots, and only filled ones are computed."""
    at = {"token": 1, "expert": 0, "slot": -1}
    view = {"router": "tokens choice", "capacity_factor": None, "at": at}
    served, computed = shown(QUARTERS, *({**view, "step": step} for step in ("dispatch", "compute")))

    assert (served["serving"]["taken"], served["serving"]["turned"], served["fates"]) == ([3, 0], [0, 0], [0, 0, 0])
    assert "no capacity: as many slots as the busiest expert needs = 3; expert 0 is its first choice" in served["line"]
    assert computed["line"].endswith("expert 0 computes its 3 tokens and no empty slot: 2 x 3 x 5 x 11 = 330 MACs.")
    figures = {name: value for name, value, _ in computed["figures"]}
    assert figures["MACs of the experts, per image"] == 330


def test_what_cannot_be_routed_is_said() -> None:
    """The sentence of the router stands in for the map."""
    views = [{"router": "tokens choice", "gating": "switch", "top_k": 2}]
    views += [
        {"router": "experts choice", "capacity_factor": 5.0},
        {"router": "experts choice", "capacity_factor": 0.01},
        {"router": "experts choice", "capacity_factor": None},
    ]
    switch, many, none, endless = shown(LOGITS, *views)

    assert switch == {"error": "gating 'switch' lets a token choose one expert, got top_k=2: use gating 'vmoe'"}
    assert many["error"].startswith("capacity must be at most the 6 tokens of a group in experts choice, got 8")
    assert none["error"].startswith("capacity must be at least 1 slot per expert, got 0")
    assert endless["error"].startswith("experts choice needs a capacity: without one an expert would take every token")


@pytest.mark.parametrize("router", ["tokens choice", "experts choice", "soft"])
@pytest.mark.parametrize("group", ["one image", "whole batch"])
def test_further_experts_are_routed_as_the_library_routes_their_scores(router: str, group: str) -> None:
    """Seven experts where four were scored: maps and drops are those of the routers on `more_experts`."""
    wide = more_experts(LOGITS, 7)
    n, row, first = (6, 1, 0) if group == "one image" else (18, 0, 6)
    factor = 0.5 if router == "tokens choice" else 1.2
    settings = {"router": router, "group": group, "num_experts": 7, "top_k": 2, "image": 1, "capacity_factor": factor}
    score, combine = shown(LOGITS, {**settings, "step": "score"}, {**settings, "step": "combine"})
    logits = wide.reshape(-1, n, 7, 2) if router == "soft" else wide[..., 0].reshape(-1, n, 7)
    near(score["map"]["values"], logits[row, first : first + 6].flatten(1))
    if router == "soft":
        weights = soft_weights(logits)[1]
    elif router == "tokens choice":
        experts, gates = choose_experts(logits, 2)
        weights = SparseRouting(*assign_tokens(experts, gates, 7, -(-n // 7)), n).combine
    else:
        weights = SparseRouting(*assign_experts(logits.softmax(-1), round(n * 1.2 / 7)), n).combine
    near(combine["map"]["values"], weights[row, first : first + 6].flatten(1))


def test_further_experts_read_the_scores_of_others_dealt_anew() -> None:
    """Each has the scores of one that was scored, image by image, and prefers other tokens."""
    wide = more_experts(LOGITS, 8)
    assert torch.equal(wide[:, :, :4], LOGITS)
    for j in range(4):
        for image in range(3):
            one, other = LOGITS[image, :, j], wide[image, :, 4 + j]
            assert sorted(map(tuple, one.tolist())) == sorted(map(tuple, other.tolist()))
    assert not torch.equal(wide[:, :, 4:], LOGITS)
    assert torch.equal(more_experts(LOGITS[..., 0], 3), LOGITS[:, :, :3, 0])
    with pytest.raises(ValueError, match="num_experts must be from 1 to 8, twice the experts scored, got 9"):
        more_experts(LOGITS, 9)


def test_noise_of_further_experts_leaves_that_of_the_others_as_it_is() -> None:
    """More experts draw more noise, and none of it anew."""
    settings = {"step": "score", "noise": 0.5, "seed": 3}
    few, more = shown(LOGITS, settings, {**settings, "num_experts": 7})
    two, three = torch.tensor(few["map"]["values"]).view(6, 4, 2), torch.tensor(more["map"]["values"]).view(6, 7, 2)
    assert torch.equal(three[:, :4], two)
    assert (three[:, 4:] - more_experts(LOGITS, 7)[0, :, 4:]).abs().min() > 0


EXAMPLES = """given.map(([logits, sizes, settings]) =>
    exampleOf(explore(batchOf(Float32Array.from(logits), sizes), settings, 0)))"""
# With two slots each, tokens 0 and 1 keep their first choice, expert 1, and find expert 0 full with their second.
LOSES_ONE = torch.tensor([[[1.0, 3.0, 0.0], [2.0, 3.0, 0.0], [3.0, 0.0, 2.0], [3.0, 0.0, 2.0]]])


def test_the_example_is_a_token_that_teaches_something() -> None:
    """One that is dropped; one that lost a choice; one that most slots see."""
    cases = [
        (QUARTERS, {"router": "tokens choice", "capacity_factor": 0.6}),
        (LOSES_ONE, {"router": "tokens choice", "capacity_factor": 0.75, "top_k": 2}),
        (QUARTERS, {"router": "experts choice", "capacity_factor": 0.6}),
        (LOSES_ONE, {"router": "soft"}),
    ]
    given = [
        [logits.flatten().tolist(), widget._sizes, widget.settings | view]
        for logits, view in cases
        for widget in [RouterExplorer(logits)]
    ]
    load = soft_weights(LOSES_ONE[..., None])[0].sum((2, 3))[0]
    found = run_node(MODULES[:1], EXAMPLES, given)
    assert found[:3] == [1, 0, 2]
    assert load[found[3]] == load.max() > load.min()
