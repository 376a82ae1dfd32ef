"""Lesson 02, a finite buffer: which tokens are dropped, what a dropped token becomes, and who depends on whom."""

import torch

from softmoe_edu import metrics
from softmoe_edu.capacity import capacity_for
from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.routers.tokens_choice import TokensChoiceRouter, assign_tokens, choose_experts
from softmoe_edu.teaching.predict.question import Question

M15 = "a router that prefers no expert fills all experts evenly and drops nothing"
M16A = "a dropped token is gone from the sequence"
M26B = "in tokens choice every token decides for itself, so later tokens cannot change earlier ones"

SEQUENCES, LENGTH, EXPERTS = 200, 32, 8
ROWS, DROPPED = 10, 4


def dropped_at_random(tokens: int, num_experts: int, factor: float = 1.0) -> float:
    """Return the expected share of dropped tokens when each token chooses one expert at random, all equally likely."""
    return metrics.expected_drop_fraction(tokens, num_experts, capacity_for(tokens, num_experts, factor=factor))


def _crowded_layer() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return ten tokens, the answers of a layer with slots for six of them, and which four were dropped.

    All tokens prefer the first of two experts, which has 6 slots.
    """
    router = TokensChoiceRouter(3, 2, capacity_factor=1.2)
    with torch.no_grad():
        router.w_gate.copy_(torch.tensor([[4.0, -4.0], [0.0, 0.0], [0.0, 0.0]]))
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(1, ROWS, 3, generator=generator).abs() + 0.5
        dropped = router(x).dispatch.sum((2, 3))[0] == 0
        return x, MoE(router, Experts(3, 2, 5))(x), dropped


def _block_output() -> str:
    x, answer, dropped = _crowded_layer()
    left = (x + answer)[0, dropped]
    return PLACES[2] if torch.equal(left, x[0, dropped]) else PLACES[1] if not left.any() else PLACES[3]


def _rows_after() -> float:
    x, answer, dropped = _crowded_layer()
    assert int(dropped.sum()) == DROPPED
    return float((x + answer).shape[1])


def _layer_output() -> str:
    x, answer, dropped = _crowded_layer()
    rows = answer[0, dropped]
    return ANSWERS[2] if torch.equal(rows, x[0, dropped]) else ANSWERS[1] if not rows.any() else ANSWERS[0]


def _views(logits: torch.Tensor, top_k: int, capacity: int, by_gate: bool = False) -> torch.Tensor:
    """Return the gate of each token at each expert, (b, n, e); 0 where it got no slot."""
    experts, gates = choose_experts(logits, top_k)
    score = logits.softmax(-1).amax(-1) if by_gate else None
    token, gate = assign_tokens(experts, gates, EXPERTS, capacity, score=score)
    given = torch.zeros(*logits.shape[:2], EXPERTS)
    group, expert, slot = (token >= 0).nonzero(as_tuple=True)
    given[group, token[group, expert, slot], expert] = gate[group, expert, slot]
    return given


def sequences_that_change(top_k: int, by_gate: bool = False) -> float:
    """Return the share of random sequences in which a new last token changes what an earlier token gets."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(SEQUENCES, LENGTH, EXPERTS, generator=generator)
    other = logits.clone()
    other[:, -1] = torch.randn(SEQUENCES, EXPERTS, generator=generator)
    capacity = capacity_for(LENGTH, EXPERTS, top_k=top_k)
    before, after = (_views(each, top_k, capacity, by_gate)[:, :-1] for each in (logits, other))
    return (before != after).flatten(1).any(1).double().mean().item()


def _priority_changes() -> str:
    share = sequences_that_change(1, by_gate=True)
    return OFTEN[0 if share == 0 else 2 if share == 1 else 1]


def _prefix_is_kept() -> str:
    """Return the choice that is right, from routing sequences with and without their last token at one capacity."""
    logits = torch.randn(SEQUENCES, LENGTH, EXPERTS, generator=torch.Generator().manual_seed(0))
    capacity = capacity_for(LENGTH, EXPERTS, top_k=2)
    whole = _views(logits, 2, capacity)[:, :-1]
    return PREFIXES[0] if torch.equal(whole, _views(logits[:, :-1], 2, capacity)) else PREFIXES[1]


PLACES = (
    "nothing: the sequence is one token shorter",
    "a vector of zeros",
    "the token as it came in",
    "an average of the tokens that got a slot",
)
ANSWERS = ("no row: the output is shorter", "a row of zeros", "the token as it came in")
OFTEN = ("in none of the sequences", "in some of the sequences", "in all of the sequences")
PREFIXES = ("always exactly what it was before", "not always what it was before")

QUESTIONS = (
    Question(
        id="m15-drop-rate",
        misconception="M15",
        lesson="02",
        text="A router sends each of 49 tokens to one of 32 experts at random, all equally likely. The capacity "
        f"factor is 1, which gives each expert {capacity_for(49, 32)} slots. What share of the tokens is dropped, in "
        "%?",
        unit="%",
        tolerance=5.0,
        belief=M15,
        predicts=0.0,
        because="even on average is not even in each batch: one expert has slots left over, another has too few, and "
        "only tokens that chose the second are dropped",
        replies={
            10.0: "That is about what 128 tokens on 8 experts lose; the fewer tokens an expert gets, the more their "
            "number varies.",
        },
        giveaways=(r"18\.\d %", r"a fifth is dropped", r"(not|mean) even in each batch"),
        truth=lambda: 100 * dropped_at_random(49, 32),
        again=(
            Question(
                id="m15-drop-rate-2",
                text="12 visitors each choose one of 6 counters at random, and a counter serves "
                f"{capacity_for(12, 6)}. What share of the visitors is turned away on average, in %?",
                unit="%",
                tolerance=8.0,
                belief="six counters that serve two visitors each are enough for twelve visitors",
                predicts=0.0,
                because="chance sends three to one counter and one to another, and a free turn does not help the third",
                replies={33.0: "A third is what is lost if only four of the six counters are ever chosen."},
                truth=lambda: 100 * dropped_at_random(12, 6),
            ),
            Question(
                id="m15-drop-rate-3",
                text="128 tokens choose one of 16 experts each, all equally likely; each expert has "
                f"{capacity_for(128, 16)} slots. How many tokens get no slot, on average?",
                unit="tokens",
                tolerance=6.0,
                belief=M15,
                predicts=0.0,
                because="the number of tokens that choose an expert varies around its mean, and whatever is above the "
                "mean is dropped",
                truth=lambda: 128 * dropped_at_random(128, 16),
            ),
        ),
    ),
    Question(
        id="m16a-dropped-token",
        misconception="M16a",
        lesson="02",
        text="A transformer block computes x + MoE(x). One token finds no free slot in its expert. What does the "
        "block return for it?",
        choices=PLACES,
        belief=M16A,
        predicts=PLACES[0],
        because="the layer returns zeros for a dropped token, and the residual connection adds the token itself",
        replies={
            PLACES[1]: "That is what the layer alone returns, MoE(x). The block adds the token to it.",
            PLACES[3]: "Nothing stands in for a missing answer: each token has a row of its own, and no "
            "average over others is taken.",
        },
        giveaways=(
            r"nothing is deleted",
            r"unchanged",
            r"past the layer",
            r"leaves the block as it came in",
            r"x \+ 0",
        ),
        truth=_block_output,
        again=(
            Question(
                id="m16a-dropped-token-2",
                text=f"An MoE layer drops {DROPPED} of {ROWS} tokens. How many tokens does the attention of the next "
                "block see?",
                unit="tokens",
                belief=M16A,
                predicts=float(ROWS - DROPPED),
                because="only the experts miss a dropped token; every token keeps its row and its residual connection",
                replies={float(DROPPED): "That is how many were dropped."},
                truth=_rows_after,
            ),
            Question(
                id="m16a-dropped-token-3",
                text="Look at MoE(x) alone, before anything is added to it. What does it return for a dropped token?",
                choices=ANSWERS,
                belief=M16A,
                predicts=ANSWERS[0],
                because="the layer's output has a row for every token; for a dropped one it is an empty sum",
                replies={
                    ANSWERS[2]: "That is what the block returns, x + MoE(x); the layer alone does not add its input."
                },
                truth=_layer_output,
            ),
        ),
    ),
    Question(
        id="m26b-causal",
        misconception="M26b",
        lesson="02",
        text=f"Sequences of {LENGTH} tokens, {EXPERTS} experts, capacity factor 1. Each token chooses two experts at "
        "random; all first choices are served before any second one, both in order of position. You change only the "
        "last token. In what share of the sequences is an earlier token now kept or dropped differently, in %?",
        unit="%",
        tolerance=15.0,
        belief=M26B,
        predicts=0.0,
        because="slots are shared: the last token's first choice is served before an earlier token's second one "
        "and can take its slot",
        replies={
            100.0: "Not in all: if the last token's experts have slots to spare, it takes nothing away.",
            3.0: "That is about the chance for one token; the question asks for sequences in which it happens to "
            "any of 31.",
        },
        giveaways=(r"takes? the slot of (one|an earlier)", r"it is a leak", r"leaks, and so does"),
        truth=lambda: 100 * sequences_that_change(2),
        again=(
            Question(
                id="m26b-causal-2",
                text="Each token chooses one expert, and tokens with the largest gate are served first (batch "
                f"priority routing). You change only the last of {LENGTH} tokens. In how many of {SEQUENCES} random "
                "sequences is an earlier token kept or dropped differently?",
                choices=OFTEN,
                belief=M26B,
                predicts=OFTEN[0],
                because="a last token with a large gate goes ahead of all others and can take the slot of one of them",
                replies={OFTEN[2]: "Only a last token with a large gate whose expert is full pushes another one out."},
                truth=_priority_changes,
            ),
            Question(
                id="m26b-causal-3",
                text="A text grows by one token; the experts' capacity stays the same. Each token chooses two experts, "
                "first choices are served first. Routed again with the new token, what do the earlier tokens get?",
                choices=PREFIXES,
                belief=M26B,
                predicts=PREFIXES[0],
                because="the new token's first choice can take the slot that an earlier token's second choice had",
                truth=_prefix_is_kept,
            ),
        ),
    ),
)
