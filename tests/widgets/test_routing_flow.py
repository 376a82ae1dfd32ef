"""RoutingFlow: what it takes, what it sends, and that its lanes are what the library's routers decide."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from nodekit import run_node
from routingkit import near, routed
from torch import Tensor

from softmoe_edu import metrics
from softmoe_edu.routing import Routing, SoftRouting, SparseRouting
from softmoe_edu.widgets import routing_flow_scores
from softmoe_edu.widgets.routing_flow import RoutingFlow
from softmoe_edu.widgets.routing_flow_scores import digit_scores

LANES = """given.map(({ router, logits, sizes, settings }) => {
    const lane = laneOf(router, Float32Array.from(logits), sizes, settings);
    return { ...lane, counts: countsOf(lane), fates: lane.dropped.map((_, token) => fateOf(lane, token)) };
})"""
MODULES = ("routing_flow/flow.js", "routing_flow/words.js")
SETTINGS = {"top_k": 1, "capacity_factor": 1.0, "slots_per_expert": 4, "scale": 1.0, "priority": "position"}


def logits(*shape: int) -> Tensor:
    """Seeded scores: two images of six tokens, five experts of three slots, unless another shape is given."""
    return torch.randn(*(shape or (2, 6, 5, 3)), generator=torch.Generator().manual_seed(0))


def lanes_of(scores: Tensor, *routers: str, **settings: object) -> list[dict]:
    """What the scripts make of the first image, in one process."""
    _, n, e, p = scores.shape
    case = {"logits": scores[0].flatten().tolist(), "sizes": {"b": 1, "n": n, "e": e, "p": p}}
    case |= {"settings": SETTINGS | {"slots_per_expert": p} | settings}
    return run_node(MODULES, LANES, [case | {"router": router} for router in routers])


@pytest.mark.parametrize("scale", [1.0, 0.37])
def test_lanes_are_what_the_librarys_routers_decide(scale: float) -> None:
    """Slots, weights, dropped tokens and empty slots are those of Python, for every router of the browser."""
    scores = logits(1, 7, 4, 3)
    cases = {
        "soft": {},
        "uniform / soft": {},
        "soft / uniform": {},
        "tokens choice": {"top_k": 2, "capacity_factor": 0.7},
        "experts choice": {"capacity_factor": 0.7},
    }
    answers = lanes_of(scores, *cases, top_k=2, capacity_factor=0.7, scale=scale)
    for (name, settings), lane in zip(cases.items(), answers, strict=True):
        routing, _ = routed(name, scores, settings | {"scale": scale}, None, 1)
        assert [lane[letter] for letter in "nep"] == list(routing.sizes[1:])
        near(lane["dispatch"], routing.dispatch)
        near(lane["combine"], routing.combine)
        assert lane["dropped"] == metrics.dropped(routing).flatten().tolist()
        if isinstance(routing, SparseRouting):
            assert lane["holder"] == routing.token.flatten().tolist()
            assert lane["empty"] == (routing.token < 0).flatten().tolist()
        near([lane["counts"]["slotSums"][1]], routing.slot_load().max(), 1e-5)
        near([lane["counts"]["tokenSums"][0]], routing.combine.sum((2, 3)).min(), 1e-5)


def test_the_story_has_all_its_events_by_default() -> None:
    """A token is dropped though its gate is the highest, a slot stays empty, one token is taken twice, one by none."""
    scores, _ = digit_scores()
    tokens, experts, soft = lanes_of(scores, "tokens choice", "experts choice", "soft")

    assert [token for token in range(16) if tokens["dropped"][token]] == [10, 15]
    gates = scores[0, :, :, 0].softmax(-1)
    assert int(gates[:, 0].argmax()) == 10
    held = "its 4 slots already hold 2, 5, 6 and 9, which came first: it is dropped"
    assert tokens["fates"][10] == f"token 10 asks expert 0, but {held}"
    assert tokens["counts"]["empty"] == 2
    assert experts["fates"][10] == "expert 0 takes token 10"
    assert experts["fates"][12] == "expert 1 and expert 2 take token 12"
    missed, least = gates[5, 0].item(), gates[9, 0].item()
    assert f"its gate of {missed:.2f} for expert 0 is below the {least:.2f} of token 9" in experts["fates"][5]
    assert [soft["counts"][name] for name in ("dropped", "empty")] == [0, 0]


# What stands where in the film, from tenth to tenth of a second; a line of several pieces is read as one.
FILM = """(() => {
    const { routers, sizes, settings } = given, logits = Float32Array.from(given.logits);
    const lanes = routers.map(router => laneOf(router, logits, sizes, settings));
    const tiles = tilesOf(null, [], 16), made = lanes.map(lane => madeOf(lane, tiles));
    const ink = { text: "#1", line: "#2", bar: "#3", page: "#4", shade: "#5", paper: "#6" };
    const layout = layoutOf(lanes, [4, 4], 960);
    const scene = { lanes, layout, tiles, made, ink, words: null, token: protagonistOf(lanes), slot: -1, lit: false };
    return Array.from({ length: 120 }, (_, i) => {
        const pen = new SvgPen();
        paintStage(pen, scene, i / 10);
        const lines = {}, texts = /<text x="[^"]*" y="([^"]*)"[^>]*fill="#1"[^>]*>([^<]*)/g;
        for (const [, y, text] of pen.picture(960, 9, "").matchAll(texts)) (lines[y] ??= []).push(text);
        return Object.entries(lines).flatMap(([y, texts]) =>
            (texts.some(text => text.endsWith("=")) ? [texts.join(" ")] : texts).map(text => `${y}|${text}`));
    });
})()"""
DRAWN = ("made", "layout", "stage", "tiles", "pen")


def test_each_caption_stands_as_long_as_it_takes_to_read() -> None:
    """At three words a second, in every chapter and lane of the film; one word is seen at a glance."""
    scores, _ = digit_scores()
    given = {"routers": ["tokens choice", "experts choice", "soft"], "logits": scores.flatten().tolist()}
    given |= {"sizes": {"b": 1, "n": 16, "e": 4, "p": 4}, "settings": SETTINGS}
    frames = run_node((*MODULES, *(f"routing_flow/{name}.js" for name in DRAWN)), FILM, given)

    runs: dict[str, list[int]] = {}
    for i, frame in enumerate(frames):
        for line in frame:
            own = runs.setdefault(line, [])
            if own and own[-1] != i - 1:
                own.clear()  # it went, and comes again
            own.append(i)
    shown = {line.partition("|")[2]: len(own) / 10 for line, own in runs.items()}
    assert any(line.startswith("2, 5, 6, 9 fill expert 0 first") for line in shown)
    assert any(line.startswith("slot 2 of expert 3 =") and line.endswith("13 more") for line in shown)
    words = {line: sum(any(sign.isalnum() for sign in word) for word in line.split()) for line in shown}
    assert {line: (shown[line], n / 3) for line, n in words.items() if n > 1 and shown[line] < n / 3 - 0.051} == {}


def test_the_digits_scores_are_computed_from_its_pixels() -> None:
    """Four times a cosine, of the patches of a real digit: a patch that looks like another one scores like it."""
    from sklearn.datasets import load_digits

    scores, image = digit_scores()

    assert scores.shape == (1, 16, 4, 4) and image.shape == (1, 1, 8, 8)
    assert 3.5 < scores.abs().max() <= 4
    assert (image[0, 0].numpy() * 16 == load_digits().images).all((1, 2)).any()
    more, _ = digit_scores(3, 2)
    assert more.shape == (1, 16, 3, 2)


@pytest.mark.slow
def test_the_digits_are_found_without_their_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where scikit-learn keeps them elsewhere, it is asked for them; in a new process it is not even imported."""
    known = digit_scores()
    monkeypatch.setattr(routing_flow_scores, "find_spec", lambda name: None)
    for mine, theirs in zip(digit_scores(), known, strict=True):
        assert torch.equal(mine, theirs)
    code = "import sys; from softmoe_edu.widgets import RoutingFlow; RoutingFlow(); print('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


@pytest.mark.parametrize("shape", [(2, 6, 5, 3), (2, 6, 5)])
def test_scores_cross_once_as_float32(shape: tuple) -> None:
    """Bytes in the order of the axes; without slots there is one for each expert."""
    given = logits(*shape).double().requires_grad_()
    flow = RoutingFlow(given)

    np.testing.assert_array_equal(
        np.frombuffer(flow._logits, np.float32).reshape(shape), given.detach().float().numpy()
    )
    assert flow._sizes == {"b": 2, "n": 6, "e": 5, "p": (*shape, 1)[3]}
    assert (flow._grid, flow._pictures, flow.slots_per_expert) == ([], {}, (*shape, 1)[3])


def test_images_are_packed_and_cut() -> None:
    """Patches follow the grid, and images without scores are refused."""
    images = torch.linspace(0, 1, 2 * 24).view(2, 1, 4, 6)
    flow = RoutingFlow(logits(), images, grid=(2, 3))

    assert flow._grid == [2, 3]
    assert (flow._pictures["height"], flow._pictures["width"]) == (4, 6)
    with pytest.raises(ValueError, match="images must come with their logits"):
        RoutingFlow(images=images)
    with pytest.raises(ValueError, match="images must be the 2 images that were scored, got 1"):
        RoutingFlow(logits(), images[:1])


def test_words_stand_for_patches() -> None:
    """One list for all texts, or one for each; they need scores, one word for each token, and no images."""
    words = ["the", "cat", "sat", "on", "a", "mat"]
    assert RoutingFlow(logits(), words=words)._words == [words, words]
    assert RoutingFlow(logits(), words=iter([words, words[::-1]]))._words == [words, words[::-1]]
    assert RoutingFlow(logits())._words == []
    with pytest.raises(ValueError, match="words must come with their logits, got none: give the scores of these words"):
        RoutingFlow(words=words)
    with pytest.raises(ValueError, match=r"words must be 6 strings, one for each token, .*got 5 strings"):
        RoutingFlow(logits(), words=words[1:])
    with pytest.raises(ValueError, match="words must come without images and grid, got both"):
        RoutingFlow(logits(), words=words, grid=(2, 3))


def test_the_default_shows_a_digit_in_three_lanes() -> None:
    """Sixteen patches, four experts with four slots each."""
    flow = RoutingFlow()

    assert repr(flow) == (
        "RoutingFlow(tokens=16, experts=4, slots_per_expert=4, lanes=['tokens choice', 'experts choice', 'soft'])"
    )
    assert (flow.t, flow.playing, flow.token, flow.lane, flow._grid) == (0.0, True, -1, "tokens choice", [4, 4])


def test_routers_that_the_browser_cannot_compute_are_refused_by_name() -> None:
    """The error names the router, those that can be shown, and the way to show another."""
    with pytest.raises(ValueError, match=r"routers must be one of 'soft', .*got 'hash'.* own= shows what any other"):
        RoutingFlow(routers=["soft", "hash"])
    with pytest.raises(TypeError, match=r"routers must be a list of names, got 'soft': give routers=\['soft'\]"):
        RoutingFlow(routers="soft")
    with pytest.raises(ValueError, match="1 to 3 lanes in all, got 4"):
        RoutingFlow(routers=["soft", "uniform", "identity", "tokens choice"])
    with pytest.raises(ValueError, match="1 to 3 lanes in all, got 0"):
        RoutingFlow(routers=[])
    with pytest.raises(ValueError, match="lanes must have different names, got soft, soft"):
        RoutingFlow(routers=["soft", "soft"])


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("t", 12.5, "t must be from 0.0 to 12.0, got 12.5"),
        ("token", 16, "token must be from -1 to 15, got 16"),
        ("lane", "uniform", "lane must be one of"),
        ("priority", "last", "priority must be one of"),
        ("top_k", 5, "top_k must be from 1 to 4, got 5"),
        ("slots_per_expert", 5, "slots_per_expert must be from 1 to 4, got 5"),
        ("image_index", 1, "image_index must be from 0 to 0, got 1"),
        ("scale", -1, "scale must be from 0.0 to 1000.0, got -1"),
    ],
)
def test_values_outside_are_refused(name: str, value: object, said: str) -> None:
    """In the constructor and when a trait is set, with the bounds."""
    with pytest.raises(ValueError, match=said):
        RoutingFlow(**{name: value})
    with pytest.raises(ValueError, match=said):
        setattr(RoutingFlow(), name, value)


def test_an_unknown_keyword_names_the_nearest() -> None:
    """As in every widget."""
    with pytest.raises(TypeError, match="did you mean 'capacity_factor'"):
        RoutingFlow(capacity=2.0)


def test_too_many_tokens_or_slots_are_refused() -> None:
    """They would be too small to follow; the error says what shows them."""
    with pytest.raises(ValueError, match=r"at most 64 tokens, so that each can be followed, got 65: .* RouterExplorer"):
        RoutingFlow(torch.zeros(1, 65, 2))
    with pytest.raises(ValueError, match="at most 64 slots, so that each can be followed, got 66"):
        RoutingFlow(torch.zeros(1, 3, 22, 3))


def softmaxes(scores: Tensor) -> tuple[Tensor, Tensor]:
    """The two softmaxes of Soft MoE."""
    return scores.softmax(1), scores.flatten(2).softmax(2).view_as(scores)


def test_a_function_is_a_lane_and_follows_scale_and_slots() -> None:
    """It gets the scaled logits of the slots in use, and is asked again when these change."""
    flow = RoutingFlow(logits(), routers=["soft"], own=softmaxes, scale=0.5)
    (own,) = flow._own
    assert (own["name"], own["e"], own["p"], own["scale"], own["note"]) == ("own", 5, 3, 0.5, "")
    near(np.frombuffer(own["dispatch"], np.float32).tolist(), softmaxes(0.5 * logits())[0])

    flow.scale = 2.0
    near(np.frombuffer(flow._own[0]["combine"], np.float32).tolist(), softmaxes(2 * logits())[1])
    flow.slots_per_expert = 2
    near(np.frombuffer(flow._own[0]["dispatch"], np.float32).tolist(), softmaxes(2 * logits()[..., :2])[0])
    assert flow._own[0]["p"] == 2


def test_a_function_that_fails_says_why() -> None:
    """In its lane, and the other lanes are shown."""
    flow = RoutingFlow(logits(), routers=["soft"], own={"mine": lambda scores: scores.nope})

    assert flow._lanes == ["soft", "mine"]
    assert "mine raised AttributeError" in flow._own[0]["note"]
    assert "dispatch" not in flow._own[0]


def test_a_routing_is_a_lane() -> None:
    """Its own experts and slots, sparse or not; other tokens are refused."""
    token = torch.tensor([[[0, 4], [5, -1]], [[1, 2], [3, -1]]])
    sparse = SparseRouting(token, (token >= 0) * 0.5, 6)
    flow = RoutingFlow(logits(), routers=["tokens choice"], own=sparse)

    dispatch = torch.from_numpy(np.frombuffer(flow._own[0]["dispatch"], np.float32).copy()).view(2, 6, 2, 2)
    assert torch.equal(dispatch, sparse.dispatch)
    assert flow._own[0]["scale"] is None  # it was decided without these scores
    other: Routing = SoftRouting(*softmaxes(logits(2, 7, 5, 3)))
    with pytest.raises(ValueError, match=r"own must route the 2 x 6 tokens of logits .*got 2 x 7"):
        RoutingFlow(logits(), routers=["soft"], own=other)
    with pytest.raises(TypeError, match=r"own must be a Routing or a function .*got int"):
        RoutingFlow(logits(), routers=["soft"], own=3)


def test_a_saved_page_stays_small(tmp_path: Path) -> None:
    """Under 0.3 MB, with the script, the style sheet and the digit."""
    assert RoutingFlow().save_html(tmp_path / "flow.html").stat().st_size < 300_000
