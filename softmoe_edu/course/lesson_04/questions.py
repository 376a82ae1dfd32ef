"""Lesson 04, Expert choice: how many experts a token gets, and what a later token changes."""

import torch

from softmoe_edu.capacity import capacity_for
from softmoe_edu.routers import SoftRouter
from softmoe_edu.routers.experts_choice import assign_experts
from softmoe_edu.teaching.predict.question import Question

M25 = "where every expert is full and there are as many slots as tokens, no token can be left out"
M26A = "what a layer answers to a token does not depend on tokens that come after it"

TOKENS, EXPERTS, GROUPS = 64, 8, 400
SEQUENCES, LENGTH = 400, 32


def _scores(groups: int, tokens: int, experts: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(groups, tokens, experts, generator=torch.Generator().manual_seed(seed))


def _taken(logits: torch.Tensor, factor: float = 1.0) -> torch.Tensor:
    """Return which experts take each token, (b, n, e)."""
    _, n, e = logits.shape
    capacity = capacity_for(n, e, factor=factor, rounding="round")
    token, _ = assign_experts(logits.softmax(-1), capacity)
    return torch.zeros(logits.mT.shape).scatter(2, token, 1.0).mT


def share_of_tokens(count: int, tokens: int = TOKENS, experts: int = EXPERTS, factor: float = 1.0) -> float:
    """Return the share of tokens with random scores that exactly `count` experts take."""
    taken = _taken(_scores(GROUPS, tokens, experts), factor).sum(-1)
    return float((taken == count).double().mean())


def sequences_that_change() -> float:
    """Return the share of random sequences in which a new last token changes which experts take an earlier one."""
    logits = _scores(SEQUENCES, LENGTH, EXPERTS)
    other = logits.clone()
    other[:, -1] = _scores(SEQUENCES, LENGTH, EXPERTS, seed=1)[:, -1]
    changed = (_taken(logits) != _taken(other))[:, :-1]
    return float(changed.flatten(1).any(1).double().mean())


def _experts_of_the_half() -> str:
    """Return the choice that is right, from routing sequences whole and their first halves alone."""
    logits = _scores(SEQUENCES, LENGTH, EXPERTS)
    whole, half = _taken(logits)[:, : LENGTH // 2], _taken(logits[:, : LENGTH // 2])
    same = (whole == half).all(-1).double().mean()
    return HALVES[0 if same == 1 else 1 if same > 0 else 2]


def _soft_share() -> float:
    """Return the share of earlier outputs in % that change in Soft MoE, with experts that return their slots."""
    x = _scores(20, LENGTH, 8)
    other = x.clone()
    other[:, -1] = -other[:, -1]
    router = SoftRouter(8, 4)
    with torch.no_grad():
        router.phi.copy_(_scores(1, 8, 4, seed=2)[0, :, :, None])
        before, after = (router(each).through(each, lambda slots: slots) for each in (x, other))
    return 100 * float(((before - after)[:, :-1].abs() > 1e-6).any(-1).double().mean())


HALVES = ("for all tokens of the half", "for some tokens of the half, not for all", "for no token of the half")

QUESTIONS = (
    Question(
        id="m25-no-expert",
        misconception="M25",
        lesson="04",
        text=f"{TOKENS} tokens, {EXPERTS} experts with {TOKENS // EXPERTS} slots each, scores at random. Each expert "
        f"takes the {TOKENS // EXPERTS} tokens with the largest gates for it, so that all {TOKENS} slots are "
        "filled. What share of the tokens is in no slot, in %?",
        unit="%",
        tolerance=6.0,
        belief=M25,
        predicts=0.0,
        because="each expert looks at its own column alone, so several experts may take the same token, and then there "
        "are not enough slots left for all others",
        replies={
            50.0: "Experts would have to agree far more: each would have to choose the same tokens as another expert.",
            34.0: "It would be so if every expert drew its tokens at random. But a token's gates sum to 1: a token "
            "that one expert wants very much is less attractive to the others.",
        },
        giveaways=(
            r"several experts may take the same",
            r"in no slot at all",
            r"a sixth of (all|the) tokens",
            r"full experts? (is|are) not",
        ),
        truth=lambda: 100 * share_of_tokens(0),
        again=(
            Question(
                id="m25-no-expert-2",
                text="196 tokens, 32 experts; each expert takes the 6 tokens that have the largest gates with it "
                "(192 slots in all). Scores are random. How many tokens are in no slot, on average?",
                unit="tokens",
                tolerance=15.0,
                belief=M25,
                predicts=4.0,
                because="tokens that two or more experts take use up slots that other tokens would have needed",
                replies={
                    98.0: "Half of them would be left out if each of the other half had two experts; most tokens that "
                    "have one have no second."
                },
                truth=lambda: 196 * share_of_tokens(0, 196, 32),
            ),
            Question(
                id="m25-no-expert-3",
                text=f"{TOKENS} tokens, {EXPERTS} experts with {2 * TOKENS // EXPERTS} slots each, filled by experts "
                "choice: two experts per token on average. Scores are random. What share of the tokens has exactly "
                "two, in %?",
                unit="%",
                tolerance=12.0,
                belief="experts choice gives every token the same number of experts",
                predicts=100.0,
                because="what is the same for all is an expert's number of tokens; a token's number of experts is what "
                "is left to vary",
                replies={25.0: "That is about the share with one expert."},
                truth=lambda: 100 * share_of_tokens(2, factor=2.0),
            ),
        ),
    ),
    Question(
        id="m26a-last-token",
        misconception="M26a",
        lesson="04",
        text=f"Sequences of {LENGTH} tokens, {EXPERTS} experts with {LENGTH // EXPERTS} slots each, filled by experts "
        "choice; scores are random. You replace the last token with another one, and change nothing else. In what "
        "share of the sequences does any earlier token now have other experts, in %?",
        unit="%",
        tolerance=8.0,
        belief=M26A,
        predicts=0.0,
        because="the last token is compared with all others: where it loses a slot an earlier token gets it, and "
        "where it wins one an earlier token loses it",
        replies={
            100.0: "Not in all: sometimes the old and the new last token take the same slots.",
            3.0: "That is about the share of earlier tokens that change; the question asks for sequences in which it "
            "happens to any of 31.",
            58.0: "That is about what tokens choice does with two choices (lesson 02). Here more slots are at stake.",
        },
        giveaways=(
            r"loses? a slot,? (and )?an earlier token",
            r"where it wins one",
            r"not causal",
            r"is a leak",
            r"the future decides",
        ),
        truth=lambda: 100 * sequences_that_change(),
        again=(
            Question(
                id="m26a-last-token-2",
                text=f"Experts choice routes sequences of {LENGTH} tokens with {EXPERTS} experts at capacity factor 1, "
                "and then the first half of each alone, with half as many slots. For which tokens of the half are the "
                "experts the same both times?",
                choices=HALVES,
                belief=M26A,
                predicts=HALVES[0],
                because="in the half a token competes with 15 others for 2 slots of an expert, in the whole with 31 "
                "others for 4: some tokens win in one and lose in the other",
                replies={
                    HALVES[2]: "A token that an expert rates far above all others wins in both, and many tokens that "
                    "an expert rates low lose in both."
                },
                truth=_experts_of_the_half,
            ),
            Question(
                id="m26a-last-token-3",
                text=f"Soft MoE on sequences of {LENGTH} tokens; only the last token is replaced. What share of the "
                "earlier outputs changes, in %?",
                unit="%",
                tolerance=5.0,
                belief="a layer that chooses nothing gives an earlier token the same answer whatever follows",
                predicts=0.0,
                because="every slot is an average over all tokens, the last one included, and every output reads every "
                "slot",
                replies={50.0: "No output is spared: no slot does without the last token."},
                truth=_soft_share,
            ),
        ),
    ),
)
