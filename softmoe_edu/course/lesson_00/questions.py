"""Lesson 00, Look inside: what many parameters buy, what chance drops, and which sums are 1."""

import torch

from softmoe_edu import metrics
from softmoe_edu.capacity import capacity_for
from softmoe_edu.cost import cost_of
from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.routers import SoftRouter
from softmoe_edu.routers.weights import soft_weights
from softmoe_edu.teaching.predict.question import Question

M37 = "several times the parameters make a clearly better model"
M15 = "nobody is dropped as long as there are as many slots as tokens"
M01 = "the two softmaxes of Soft MoE can be swapped, since each makes its weights sum to 1"

TOKENS, EXPERTS = 128, 16  # of the sparse routers of this lesson: 8 images of 16 patches
FEW, SLOTS = 4, 2


def _layer(num_experts: int, slots_per_expert: int) -> MoE:
    return MoE(SoftRouter(32, num_experts, slots_per_expert), Experts(32, num_experts, 64))


def _what_doubles() -> str:
    """Double the experts and halve the slots of each; see what doubles of parameters and of the experts' work."""
    costs = [cost_of(_layer(n, 16 // n), tokens=16) for n in (8, 16)]
    before, after = ([part for part in each.parts if "expert" in part.name.lower()] for each in costs)
    parameters, work = (
        sum(getattr(part, what) for part in after) / sum(getattr(part, what) for part in before)
        for what in ("parameters", "macs")
    )
    return DOUBLED[{(True, False): 0, (True, True): 1}.get((parameters > 1.9, work > 1.9), 2)]


def _memory() -> str:
    few, many = (sum(p.numel() for p in _layer(n, 16 // n).experts.parameters()) for n in (2, 16))
    return MEMORY[1] if many > 1.5 * few else MEMORY[0]


def gap_in_words(gap: float) -> str:
    """Return the choice that fits a gap between two accuracies, as a share."""
    return GAPS[0 if gap < 0.03 else 1 if gap <= 0.1 else 2]


def dropped_in_words(share: float) -> str:
    """Return the choice that fits a share of dropped tokens."""
    return DROPS[0 if share < 0.005 else 1 if share <= 0.1 else 2]


def _chance() -> str:
    return dropped_in_words(metrics.expected_drop_fraction(TOKENS, EXPERTS, capacity_for(TOKENS, EXPERTS)))


def two_collide() -> float:
    """Return in what share of cases two tokens that choose one of two experts with one slot each lose one, in %."""
    choices = [(a, b) for a in range(2) for b in range(2)]
    return 100 * sum(a == b for a, b in choices) / len(choices)


def _logits() -> torch.Tensor:
    return torch.randn(1, 12, FEW, SLOTS, generator=torch.Generator().manual_seed(0))


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


def _sum_of_combine() -> float:
    return round(soft_weights(_logits())[1].sum((2, 3)).mean().item(), 3)


GAPS = (
    "less than 3 points better, or worse",
    "3 to 10 points better",
    "over 10 points better",
)
DOUBLED = ("the parameters of the experts only", "their parameters and their work", "neither")
MEMORY = ("as much as the first", "more, by the parameters of its experts")
DROPS = ("none", "some, at most a tenth", "more than a tenth")
SUMS = (
    "dispatch over the tokens of each slot, combine over the slots of each token",
    "dispatch over the slots of each token, combine over the tokens of each slot",
    "both over the slots of each token",
    "both over the tokens of each slot",
)
SLOT_SUMS = ("1 for every slot", "another number for every slot")

QUESTIONS = (
    Question(
        id="m37-more-parameters",
        misconception="M37",
        lesson="00",
        text="The three MoE models have several times the parameters of the dense one, and all four see the same 300 "
        "batches of digits. How will the best of the three compare with the dense model, in accuracy on test digits?",
        choices=GAPS,
        belief=M37,
        predicts=GAPS[2],
        because="more parameters help a model that has too few, and on a task this easy the dense one has enough",
        replies={
            GAPS[0]: "In this run the experts did help; another seed may give another gap, and one run shows little.",
            GAPS[1]: "A gap of that size would be larger than the error from having only 500 test digits.",
        },
        giveaways=(r"about equally well", r"is not short of parameters"),
        measured=gap_in_words,
        truth=None,  # what is measured is a training run
        again=(
            Question(
                id="m37-more-parameters-2",
                text="A Soft MoE layer gets twice as many experts, and as many slots in all as before. What doubles?",
                choices=DOUBLED,
                belief="more experts are more work",
                predicts=DOUBLED[1],
                because="each slot passes through one expert, however many there are",
                replies={DOUBLED[2]: "Every expert brings parameters of its own."},
                truth=_what_doubles,
            ),
            Question(
                id="m37-more-parameters-3",
                text="Two Soft MoE layers do the same work for an image, one with 2 experts and one with 16. How much "
                "memory do the parameters of the second need?",
                choices=MEMORY,
                belief="a layer that does the same work needs the same memory",
                predicts=MEMORY[0],
                because="all experts have to be kept in memory, even those that compute a single slot",
                truth=_memory,
            ),
        ),
    ),
    Question(
        id="m15-as-many-slots",
        misconception="M15",
        lesson="00",
        text=f"In tokens choice, {TOKENS} patches compete for the slots of {EXPERTS} experts. There are exactly as "
        "many slots as patches. What share of the patches will be dropped on test digits?",
        choices=DROPS,
        belief=M15,
        predicts=DROPS[0],
        because="every token chooses for itself, so that some experts are chosen by more tokens than they have slots "
        "while others have slots left over",
        replies={
            DROPS[1]: "Even with experts chosen at random more are dropped, and similar patches want the same expert.",
        },
        giveaways=(r"chance drops", r"drops \*more\* than", r"some experts are (chosen|picked) by more tokens"),
        measured=dropped_in_words,
        truth=_chance,
        again=(
            Question(
                id="m15-as-many-slots-2",
                text="Two tokens each choose one of two experts at random, and each expert has one slot. In "
                "what share of the cases is a token dropped, in %?",
                unit="%",
                tolerance=5.0,
                belief="two slots are enough for two tokens",
                predicts=0.0,
                because="of four equally likely pairs of choices, two send both tokens to the same expert",
                replies={25.0: "That is the share of tokens that are dropped: one of two, in half of the cases."},
                truth=two_collide,
            ),
            Question(
                id="m15-as-many-slots-3",
                text="16 tokens each choose one of 16 experts at random, and each expert has one slot. What share "
                "of the tokens is dropped on average, in %?",
                unit="%",
                tolerance=8.0,
                belief="sixteen slots are enough for sixteen tokens",
                predicts=0.0,
                because="over a third of the experts are chosen by no token, and no other token can use their slots",
                replies={6.25: "One in sixteen is the share of tokens that a single expert expects."},
                truth=lambda: 100 * metrics.expected_drop_fraction(16, 16, 1),
            ),
        ),
    ),
    Question(
        id="m01-sums",
        misconception="M01",
        lesson="00",
        text="Soft MoE makes two sets of weights from the same logits, one for each pair of token and slot: dispatch "
        "fills the slots, combine mixes their answers into tokens. Which sums are 1?",
        choices=SUMS,
        belief=M01,
        predicts=SUMS[1],
        because="a slot is an average of tokens and a token's answer is an average of slots; each softmax runs over "
        "what is averaged",
        replies={
            SUMS[2]: "Combine is so. If dispatch were so too, a slot could hold many times one token, or "
            "nearly nothing.",
            SUMS[3]: "Dispatch is so. If combine were so too, one token's answer could be many times as large as "
            "another's.",
        },
        giveaways=(r"both are always 1", r"every slot is an average of tokens", r"sums to 1 over tokens"),
        truth=_which_sums,
        again=(
            Question(
                id="m01-sums-2",
                text="Someone takes the softmax over slots for dispatch, with 12 tokens and "
                f"{FEW * SLOTS} slots. The layer runs and its shapes are right. What do the dispatch weights "
                "of a slot sum to over all tokens?",
                choices=SLOT_SUMS,
                belief=M01,
                predicts=SLOT_SUMS[0],
                because="a softmax fixes the sum along its own axis and no other",
                truth=_swapped_slots,
            ),
            Question(
                id="m01-sums-3",
                text=f"In a right Soft MoE layer with {FEW} experts of {SLOTS} slots, sum one token's combine "
                "weights over all slots of all experts. What do you get?",
                belief="combine weights are normalised inside each expert",
                predicts=float(FEW),
                because="one softmax runs over all slots together, whichever expert they belong to",
                replies={float(FEW * SLOTS): "That is how many slots there are; their weights share a single 1."},
                truth=_sum_of_combine,
            ),
        ),
    ),
)
