"""Lesson 05, Soft MoE by hand: which sums are 1, what is computed, and what is learned."""

import torch

from softmoe_edu.moe import MoE
from softmoe_edu.routers import SoftRouter
from softmoe_edu.routers.weights import soft_weights
from softmoe_edu.teaching.predict.question import Question

M01 = "the two softmaxes of Soft MoE can be swapped, since each makes its weights sum to 1"
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


def _which_sums() -> str:
    dispatch, combine = soft_weights(_logits())
    over_tokens = [_are_one(weights.sum(1)) for weights in (dispatch, combine)]
    over_slots = [_are_one(weights.sum((2, 3))) for weights in (dispatch, combine)]
    assert [one != other for one, other in zip(over_tokens, over_slots, strict=True)] == [True, True]
    return SUMS[{(True, False): 0, (False, True): 1, (False, False): 2, (True, True): 3}[tuple(over_tokens)]]


def _swapped_slots() -> str:
    dispatch = soft_weights(_logits())[1]  # the softmax over slots, taken for dispatch
    return SLOT_SUMS[0] if _are_one(dispatch.sum(1)) else SLOT_SUMS[1]


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


SUMS = (
    "dispatch over the tokens of each slot, combine over the slots of each token",
    "dispatch over the slots of each token, combine over the tokens of each slot",
    "both over the slots of each token",
    "both over the tokens of each slot",
)
SLOT_SUMS = ("1 for every slot", "another number for every slot")
TOKEN_SUMS = ("1 for every token", "at most 1 for every token", "over 1 for some tokens, under 1 for others")
MOVED = ("the dispatch weights only", "the combine weights only", "both")

QUESTIONS = (
    Question(
        id="m01-sums",
        misconception="M01",
        lesson="05",
        text="Soft MoE makes two sets of weights from the same logits, one for each pair of token and slot: dispatch "
        "fills the slots, combine mixes their answers into tokens. Which sums are 1?",
        choices=SUMS,
        belief=M01,
        predicts=SUMS[1],
        because="a slot is an average of tokens and a token's answer is an average of slots; each softmax runs over "
        "what is averaged",
        truth=_which_sums,
        again=(
            Question(
                id="m01-sums-2",
                text=f"Someone takes the softmax over slots for dispatch, with {TOKENS} tokens and "
                f"{NUM_EXPERTS * SLOTS} slots. The layer runs and its shapes are right. What do the dispatch weights "
                "of a slot sum to over all tokens?",
                choices=SLOT_SUMS,
                belief=M01,
                predicts=SLOT_SUMS[0],
                because="a softmax fixes the sum along its own axis and no other",
                truth=_swapped_slots,
            ),
            Question(
                id="m01-sums-3",
                text="In a right Soft MoE layer, sum one token's dispatch weights over all slots. What do you get?",
                choices=TOKEN_SUMS,
                belief="dispatch weights sum to 1 for a token too",
                predicts=TOKEN_SUMS[0],
                because="only the slots' sums are fixed; tokens compete, and some get more of the slots than others",
                truth=_token_sums,
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
        truth=_parameters,
        again=(
            Question(
                id="m04-one-matrix-2",
                text="You raise the logit of one token and one slot. Which weights change?",
                choices=MOVED,
                belief=M04,
                predicts=MOVED[0],
                because="dispatch and combine are two softmaxes of the same logits",
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
