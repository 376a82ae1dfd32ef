"""What the explorer explains of a token, a slot or an expert that is pointed at as a whole."""

import re

import pytest
import torch
from test_router_explorer_scripts import LOGITS, QUARTERS, shown
from torch import Tensor

from softmoe_edu.routers import assign_experts, assign_tokens, choose_experts

pytestmark = pytest.mark.slow

STEPS = ("select", "dispatch", "compute", "combine")
# Three images of six tokens, four experts: any scores, all equal ones, and all tokens liking expert 3 before expert 1.
SCORES = {
    "any": LOGITS,
    "equal": torch.zeros(3, 6, 4, 1),
    "one favourite": torch.tensor([0.0, 2.0, 1.0, 3.0]).expand(3, 6, 4)[..., None].contiguous(),
}
CAPACITY = {"tokens choice": 0.5, "experts choice": 0.7, "identity": 1.0}


def decide(router: str, logits: Tensor) -> tuple[list[set[int]], Tensor]:
    """Which experts each token of a group asks, or is taken by where tokens do not ask; and the token of each slot."""
    n, e = logits.shape
    if router == "identity":
        token = torch.arange(-(-n // e) * e).view(-1, e).mT
        return [{t % e} for t in range(n)], token.where(token < n, -1)
    if router == "tokens choice":
        experts, gates = choose_experts(logits[None], 2)
        token, _ = assign_tokens(experts, gates, e, -(-n // e))  # ceil(n x 2 x 0.5 / e)
        return [set(row) for row in experts[0].tolist()], token[0]
    token, _ = assign_experts(logits[None].softmax(-1), round(n * 0.7 / e))
    return [{x for x in range(e) if t in token[0, x]} for t in range(n)], token[0]


def experts_told(line: str) -> set[int]:
    """The experts that a sentence names, but for those that step 3 lists with their gates."""
    return {int(number) for number in re.findall(r"expert (?:= \d+ mod \d+ = )?(\d+)", line.split("top_k = ")[-1])}


def nearest(logits: Tensor, token: int, slots: Tensor) -> int:
    """The expert whose last token has the gate that this token's own lacks least of."""
    gates = logits.softmax(-1)
    return int((gates[slots[:, -1], torch.arange(4)] - gates[token]).argmin())


@pytest.mark.parametrize("group", ["one image", "whole batch"])
@pytest.mark.parametrize("scores", SCORES)
@pytest.mark.parametrize("router", CAPACITY)
def test_a_token_is_explained_by_its_own_experts_alone(router: str, scores: str, group: str) -> None:
    """Whether they took it or turned it away; one that no expert took by those that it asked or missed by least."""
    logits = SCORES[scores]
    whole = group == "whole batch"
    scores_of_group = logits[..., 0].reshape(-1, 4) if whole else logits[1, ..., 0]
    asked, slots = decide(router, scores_of_group)
    first = 6 if whole else 0
    name = "image 1's token" if whole else "token"
    settings = {"router": router, "group": group, "top_k": 2, "capacity_factor": CAPACITY[router], "image": 1}
    views = [{**settings, "step": step, "at": {"token": t}} for step in STEPS for t in range(6)]
    answers = iter(shown(logits, *views))
    turned = 0
    for step in STEPS:
        for t in range(first, first + 6):
            answer = next(answers)
            took = {x for x in range(4) if t in slots[x]}
            expected = asked[t] if step == "select" or (step, router) == ("dispatch", "tokens choice") else took
            told = answer["place"]["cells"]
            assert sorted(cell["expert"] for cell in told) == sorted(expected), (step, t)
            assert all(
                cell["slot"] == (slots[cell["expert"]] == t).nonzero()[0, 0]
                for cell in told
                if step != "select" and cell["expert"] in took
            )
            assert all(cell["slot"] == -1 for cell in told if step == "select" or cell["expert"] not in took)
            # Where no expert took it, the reason names those that it asked, or the one that it missed by least.
            lost = (asked[t] if router == "tokens choice" else {nearest(scores_of_group, t, slots)}) - took
            reason = expected or lost
            assert experts_told(answer["line"]) == reason, answer["line"]
            assert answer["line"].startswith(f"{name} {t - first}: ")
            turned += took < asked[t]
    assert (turned > 0) is (router == "tokens choice")


@pytest.mark.parametrize("group", ["one image", "whole batch"])
@pytest.mark.parametrize("router", CAPACITY)
def test_a_slot_is_explained_by_the_token_in_it(router: str, group: str) -> None:
    """Also by one of another image of the batch; an empty slot by none."""
    whole = group == "whole batch"
    scores = SCORES["one favourite"]
    _, slots = decide(router, scores[..., 0].reshape(-1, 4) if whole else scores[1, ..., 0])
    capacity = CAPACITY[router]
    settings = {"router": router, "group": group, "top_k": 2, "capacity_factor": capacity, "image": 1}
    places = [(expert, slot) for expert in range(4) for slot in range(slots.shape[1])]
    for step in STEPS[1:]:
        views = [{**settings, "step": step, "at": {"expert": expert, "slot": slot}} for expert, slot in places]
        for (expert, slot), answer in zip(places, shown(scores, *views), strict=True):
            image, token = divmod(int(slots[expert, slot]), 6)
            name = f"image {image}'s token {token}" if whole else f"token {token}"
            start = f"expert {expert}, slot {slot}: no token is in this slot"
            if slots[expert, slot] >= 0:
                start = f"{name}, expert {expert}, slot {slot}: "
            assert answer["line"].startswith(start), step
            assert answer["place"]["cells"] == [{"expert": expert, "slot": slot}]
    assert (slots < 0).any() == (router != "experts choice")


ASKED = "It asked for expert 0 (gate 0.7500), and its one slot holds token 0, served before it by position"
MISSED = (
    "It came nearest at expert 0: its gate 0.7500 is number 2 of 3 there; it took one token, token 0 with "
    "0.7500: missed "
    "by position alone, since equal gates go to the earlier token"
)


def test_a_token_that_was_turned_away_by_hand() -> None:
    """Tokens 0, 1, 2 ask expert 0 first, which has one slot: in no step is token 2 told of another expert."""
    at = {"token": 2}
    settings = {"router": "tokens choice", "capacity_factor": 0.6, "at": at}
    views = [{**settings, "step": step} for step in STEPS] + [{**settings, "step": "dispatch", "served": 2}]
    assert [answer["line"] for answer in shown(QUARTERS, *views)] == [
        "token 2: gates, best first: expert 0 0.7500, expert 1 0.2500; top_k = 1: expert 0 is the first choice.",
        "token 2: capacity = ceil(3 tokens x 1 x 0.6 / 2 experts) = 1; expert 0 is its first choice (gate 0.7500), and "
        "it is TURNED AWAY: its one slot holds token 0, served before it by position; there is no further choice.",
        f"token 2: no expert took this token: none computes it. {ASKED}.",
        f"token 2: no expert took this token: its answer is exactly 0, and only the residual carries it on. {ASKED}.",
        "token 2: capacity = ceil(3 tokens x 1 x 0.6 / 2 experts) = 1; this token not served yet.",
    ]


def test_a_token_that_no_expert_chose_by_hand() -> None:
    """Expert 0 has gates of 3/4, 2/4, 3/4 and expert 1 of 1/4, 2/4, 1/4; with one slot each they leave token 2."""
    settings = {"router": "experts choice", "capacity_factor": 0.6, "at": {"token": 2}}
    lines = [answer["line"] for answer in shown(QUARTERS, *({**settings, "step": step} for step in STEPS))]
    assert lines[:3] == [
        f"token 2: no expert takes this token. {MISSED}.",
        f"token 2: capacity = round(3 tokens x 0.6 / 2 experts) = 1; no expert took this token. {MISSED}.",
        f"token 2: no expert took this token: none computes it. {MISSED}.",
    ]


def test_a_choice_that_was_lost_is_told_beside_the_one_that_was_kept() -> None:
    """With two choices of two experts that have two slots each, the last token is turned away by both, in order."""
    settings = {"router": "tokens choice", "top_k": 2, "capacity_factor": 0.6, "step": "dispatch"}
    first, last = shown(QUARTERS, *({**settings, "at": {"token": t}} for t in (0, 2)))
    assert first["line"].endswith(
        "expert 0 is its first choice, 0 of 2 slots taken before: it gets slot 0; "
        "expert 1 is its second choice, 0 of 2 slots taken before: it gets slot 0."
    )
    assert last["line"].endswith(
        "expert 0 is its first choice (gate 0.7500), and it is TURNED AWAY: its 2 slots hold token 0 and "
        "token 1, served "
        "before it by position; by gate it would come before token 1 (0.7500 against 0.5000); its next choice comes "
        "later; expert 1 is its second choice (gate 0.2500), and it is TURNED AWAY: its 2 slots hold token 0 "
        "and token 1, "
        "served before it by position; by gate it would come before token 1 (0.7500 against 0.5000); there is no "
        "further choice."
    )
    assert last["place"]["cells"] == [{"expert": 0, "slot": -1}, {"expert": 1, "slot": -1}]


def test_choices_are_told_in_their_order() -> None:
    """The first choice comes first, though its expert has the higher number."""
    view = {"router": "tokens choice", "top_k": 2, "step": "select", "at": {"token": 0}}
    (answer,) = shown(SCORES["one favourite"], view)
    assert answer["line"].endswith("top_k = 2: expert 3 is the first choice; expert 1 is the second choice.")


def test_one_of_several_equal_weights_is_told_as_such() -> None:
    """A row, a column and an expert's slots name the first of the largest, and how many others are equal."""
    scores = torch.tensor([[[3.0, 3.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0], [3.0, 1.0, 1.0, 1.0]]]).log().view(1, 3, 2, 2)
    lines = [
        answer["line"].split(": ")[0]
        for answer in shown(
            scores,
            {"step": "combine", "at": {"token": 0}},
            {"step": "combine", "at": {"token": 1}},
            {"step": "combine", "at": {"token": 2}},
            {"step": "combine", "at": {"token": 0, "expert": 1}},
            {"step": "dispatch", "at": {"expert": 0, "slot": 0}},
            {"step": "dispatch", "at": {"expert": 1, "slot": 1}},
            {"step": "normalise", "router": "tokens choice", "at": {"token": 1}},
        )
    ]
    assert lines == [
        "token 0, expert 0, slot 0 (1 other is equal)",
        "token 1, expert 0, slot 0 (all 4 are equal)",
        "token 2, expert 0, slot 0",
        "token 0, expert 1, slot 0 (all 2 are equal)",
        "token 0, expert 0, slot 0 (1 other is equal)",
        "token 0, expert 1, slot 1 (all 3 are equal)",
        "token 1, expert 0 (all 2 are equal)",
    ]


def test_equal_shares_of_a_slot_and_of_an_expert_are_no_mosts() -> None:
    """Where every token gives a slot as much, none is called the one that gives most."""
    views = [
        {"router": "uniform", "step": "dispatch", "at": {"token": 1, "expert": 0, "slot": 0}},
        {"router": "uniform", "step": "combine", "at": {"expert": 1}},
    ]
    cell, expert = shown(QUARTERS, *views)
    assert cell["line"].endswith("of dispatch x token: this token is 33.3 % of it, as is every token.")
    assert expert["line"].endswith("from this image the same weight at each of its 3 tokens: 0.3333.")


def test_where_no_score_is_read_no_expert_is_named() -> None:
    """The uniform router in its first step, the identity in its first two."""
    at = {"token": 2}
    views = [("uniform", "score"), ("identity", "score"), ("identity", "normalise")]
    answers = shown(QUARTERS, *({"router": router, "step": step, "at": at} for router, step in views))
    assert [answer["line"] for answer in answers] == [
        "token 2: no score is read: every token counts alike.",
        "token 2: no score is read: a token's position alone decides.",
        "token 2: there is no score to normalise.",
    ]
    assert [answer["place"]["cells"] for answer in answers] == [[]] * 3


def test_an_expert_that_is_pointed_at_is_explained_though_the_token_did_not_ask() -> None:
    """A cell was asked for, so the answer is of that cell: not chosen, not asked, and no slot of it."""
    settings = {"router": "tokens choice", "capacity_factor": 0.6, "at": {"token": 2, "expert": 1}}
    select, dispatch = shown(QUARTERS, *({**settings, "step": step} for step in STEPS[:2]))
    assert select["line"].startswith("token 2, expert 1: ") and select["line"].endswith("expert 1 is not chosen.")
    assert dispatch["line"].startswith("token 2, expert 1: ")
    assert dispatch["line"].endswith("this token does not ask expert 1: it asks expert 0.")


def test_an_empty_slot_costs_what_the_step_says() -> None:
    """Before its token was served it is empty as yet; in step 5 it is computed, but for a router without a capacity."""
    at = {"expert": 1, "slot": 0}
    empty = {"router": "tokens choice", "capacity_factor": 0.6, "at": at}
    full = {**empty, "at": {"expert": 0, "slot": 0}, "step": "dispatch"}
    views = [{**empty, "step": "compute"}, {**empty, "step": "compute", "capacity_factor": None}, {**full, "served": 0}]
    assert [answer["line"] for answer in shown(QUARTERS, *views)] == [
        "expert 1, slot 0: no token is in this slot, and is computed like a full one.",
        "expert 1, slot 0: no token is in this slot, and is not computed.",
        "expert 0, slot 0: no token is in this slot yet.",
    ]
