"""Lesson 05, Soft MoE by hand: which sums are 1, what is computed, and what is learned."""

import torch

from softmoe_edu.moe import MoE
from softmoe_edu.routers import SoftRouter
from softmoe_edu.routers.weights import soft_weights
from softmoe_edu.teaching.predict.question import Question

M04 = "dispatch and combine each have their own parameters"
M06 = "in Soft MoE every token goes through every expert, with softmax gates"

DIM, NUM_EXPERTS, SLOTS = 8, 4, 2
TOKENS = 12


class CountingExperts(torch.nn.Module):
    """Experts that return their slots and count them."""

    rows = 0

    def forward(self, slots: torch.Tensor) -> torch.Tensor:
        """Count the slots of (b, e, p, d)."""
        self.rows += slots[..., 0].numel()
        return slots


def expert_rows(tokens: int, num_experts: int, slots_per_expert: int = 1) -> int:
    """Count the rows that all experts together compute for one example by running a Soft MoE layer."""
    experts = CountingExperts()
    MoE(SoftRouter(DIM, num_experts, slots_per_expert), experts)(torch.randn(1, tokens, DIM))
    return experts.rows


def _logits() -> torch.Tensor:
    return torch.randn(1, TOKENS, NUM_EXPERTS, SLOTS, generator=torch.Generator().manual_seed(0))


def _are_one(sums: torch.Tensor) -> bool:
    return torch.allclose(sums, torch.ones_like(sums), atol=1e-5)


def _all_sums() -> float:
    return round(soft_weights(_logits())[0].sum().item(), 3)


def _meaning_of_a_small_sum() -> str:
    """Find tokens with a sum under 0.5 in a right layer, and see whether any weight of theirs is 0."""
    dispatch = soft_weights(3 * _logits())[0]
    low = dispatch[dispatch.sum((2, 3)) < 0.5]
    assert len(low)
    return MEANINGS[2] if bool((low == 0).any()) else MEANINGS[1] if _are_one(dispatch.sum(1)) else MEANINGS[0]


def _token_sums() -> str:
    sums = soft_weights(_logits())[0].sum((2, 3))
    return TOKEN_SUMS[0 if _are_one(sums) else 2 if sums.max() > 1 else 1]


def _parameters() -> float:
    return float(SoftRouter(DIM, NUM_EXPERTS, SLOTS).phi.numel())


def _what_moves() -> str:
    logits = _logits()
    raised = logits.clone()
    raised[0, 3, 1, 0] += 1
    pairs = zip(soft_weights(logits), soft_weights(raised), strict=True)
    return MOVED[{(True, False): 0, (False, True): 1, (True, True): 2}[tuple(not torch.equal(a, b) for a, b in pairs)]]


def _left_to_learn() -> float:
    named = SoftRouter(DIM, NUM_EXPERTS, SLOTS).named_parameters()
    return float(sum(parameter.numel() for name, parameter in named if name not in ("phi", "scale")))


TOKEN_SUMS = ("1 for every token", "at most 1 for every token", "over 1 for some tokens, under 1 for others")
MEANINGS = (
    "the dispatch weights are wrong: a softmax was left out or taken over the wrong axis",
    "the layer may be right: other tokens won more of the slots",
    "the token was dropped from most slots",
)
MOVED = ("the dispatch weights only", "the combine weights only", "both")

QUESTIONS = (
    Question(
        id="m05-token-sums",
        misconception="M05",
        lesson="05",
        text="Soft MoE's dispatch weights say how much of each token goes into each slot. Sum one token's dispatch "
        "weights over all slots, and do so for each token. What do you get?",
        choices=TOKEN_SUMS,
        belief="a token hands itself out once, so that its dispatch weights sum to 1",
        predicts=TOKEN_SUMS[0],
        because="only the sums of the slots are fixed; tokens compete for them, and some get more than others",
        replies={
            TOKEN_SUMS[1]: "Nothing limits what a token gives away: it may fill nearly all of one slot, or of several.",
        },
        giveaways=(r"sums? (over slots )?(is|are) free", r"\*free\*", r"may have any sum", r"in total is"),
        truth=_token_sums,
        again=(
            Question(
                id="m05-token-sums-2",
                text=f"{TOKENS} tokens, {NUM_EXPERTS * SLOTS} slots, a right Soft MoE layer. What do all dispatch "
                "weights "
                "of one example sum to?",
                belief="dispatch weights sum to 1 for each token, and so to the number of tokens",
                predicts=float(TOKENS),
                because="each slot's weights sum to 1, so that together they sum to the number of slots",
                replies={1.0: "That is the sum for a single slot."},
                truth=_all_sums,
            ),
            Question(
                id="m05-token-sums-3",
                text="In a trained Soft MoE layer one token's dispatch weights, summed over all slots, are 0.3. "
                "What does "
                "that say?",
                choices=MEANINGS,
                belief="weights that do not sum to 1 are not normalised",
                predicts=MEANINGS[0],
                because="the softmax of dispatch runs over tokens, so that a token's own sum is whatever it wins",
                replies={MEANINGS[2]: "No weight is 0, so every slot holds a little of this token too."},
                truth=_meaning_of_a_small_sum,
            ),
        ),
    ),
    Question(
        id="m06-expert-rows",
        misconception="M06",
        lesson="05",
        text="A Soft MoE layer gets an image of 196 tokens and has 128 experts with one slot each. How many rows do "
        "all the experts together compute for it?",
        unit="rows",
        belief=M06,
        predicts=196.0 * 128,
        because="experts see slots, not tokens; tokens are mixed before the experts, not sent to them",
        replies={
            196.0: "That is one row for each token. A slot is a mix of all of them, and there are as many rows as "
            "slots.",
            1.0: "Each expert has a slot, and there are 128 experts.",
        },
        giveaways=(r"experts never see a token", r"they see slots"),
        truth=lambda: float(expert_rows(196, 128)),
        again=(
            Question(
                id="m06-expert-rows-2",
                text="16 experts with 2 slots each, 49 tokens, one Soft MoE layer. How many rows do the experts "
                "compute in all?",
                unit="rows",
                belief=M06,
                predicts=49.0 * 16,
                because="each expert is called on its own slots and nothing else",
                replies={49.0: "That is one row for each token.", 16.0: "Each expert has two slots."},
                truth=lambda: float(expert_rows(49, 16, 2)),
            ),
            Question(
                id="m06-expert-rows-3",
                text="Images become larger: 392 tokens instead of 196. The Soft MoE layer keeps its 128 slots. "
                "By what factor does the work of its experts grow?",
                unit="times",
                belief="experts work on tokens, so twice the tokens are twice the work",
                predicts=2.0,
                because="the number of slots is fixed, however many tokens are mixed into them",
                replies={0.5: "More tokens are never less work."},
                truth=lambda: expert_rows(392, 128) / expert_rows(196, 128),
            ),
        ),
    ),
    Question(
        id="m04-one-matrix",
        misconception="M04",
        lesson="05",
        text=f"Tokens of width {DIM}, {NUM_EXPERTS} experts with {SLOTS} slots each. How many learned numbers decide "
        "the dispatch and combine weights together, as in Algorithm 1 of the paper?",
        unit="parameters",
        belief=M04,
        predicts=2.0 * DIM * NUM_EXPERTS * SLOTS,
        because="one matrix phi gives one set of logits, which is read twice: along tokens and along slots",
        replies={
            float(DIM * NUM_EXPERTS): "That is one vector for each expert, as in a sparse router. Here each slot "
            "has its own.",
            float(NUM_EXPERTS * SLOTS): "That is how many slots there are; each has a learned vector as wide as a "
            "token.",
            float(DIM): "Each slot has a learned vector of this width, and there are several slots.",
        },
        giveaways=(r"one learned matrix", r"64 numbers", r"d · e · p numbers", r"phi\.numel\(\)"),
        truth=_parameters,
        again=(
            Question(
                id="m04-one-matrix-2",
                text="You raise the logit of one token and one slot. Which weights change?",
                choices=MOVED,
                belief=M04,
                predicts=MOVED[0],
                because="dispatch and combine are two softmaxes of the same logits",
                replies={MOVED[1]: "The combine weights do change, in that token's row; something else changes too."},
                truth=_what_moves,
            ),
            Question(
                id="m04-one-matrix-3",
                text="You freeze phi and the scale of a Soft MoE router, so that its dispatch weights cannot be "
                "trained. How many numbers are left that train its combine weights?",
                unit="parameters",
                belief=M04,
                predicts=float(DIM * NUM_EXPERTS * SLOTS),
                because="the combine weights come from the same phi; with it they are frozen too",
                truth=_left_to_learn,
            ),
        ),
    ),
)
