"""Lesson 07, Properties, measured: who moves whom, what the batch does, and what experts cost."""

import torch

from softmoe_edu.cost import MoESizes, moe_cost
from softmoe_edu.experts import Experts
from softmoe_edu.influence import influence, moves
from softmoe_edu.moe import MoE
from softmoe_edu.routers import ExpertsChoiceRouter, SoftRouter
from softmoe_edu.seeds import generator_of, own_randomness, set_seed
from softmoe_edu.teaching.predict.question import Question

M08 = "Soft MoE sends each token to a few experts, softly, so that tokens hardly meet"
M29 = "whether the batch matters depends on the kind of router, and sparse routers are the ones that it changes"
M12 = "more experts are more work"

DIM, NUM_EXPERTS, SLOTS, TOKENS = 8, 3, 2, 6


def _layer(router: type = SoftRouter, *, examples_per_group: int = 1, **settings: object) -> MoE:
    with own_randomness(torch.device("cpu")):
        set_seed(torch.device("cpu"), 0)
        experts = Experts(DIM, NUM_EXPERTS, 12)
        return MoE(router(DIM, NUM_EXPERTS, **settings), experts, examples_per_group=examples_per_group).eval()


def _tokens(examples: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(examples, TOKENS, DIM, generator=generator_of(seed))


def _pairs_that_move() -> float:
    return float(moves(influence(_layer(slots_per_expert=SLOTS), _tokens(2))).sum())


def _zero_weights() -> float:
    return float((_layer(slots_per_expert=SLOTS).router(_tokens(1)).combine == 0).sum())


def _without_attention() -> str:
    moved = moves(influence(_layer(slots_per_expert=SLOTS), _tokens(2)))
    return MEET[2] if bool(moved.all()) else MEET[1] if bool((moved.sum(1) > 1).any()) else MEET[0]


def _changes(layer: MoE, examples: int = 4) -> bool:
    """Whether the last example's answer is another one in another company."""
    mine = _tokens(1)
    with torch.no_grad():
        first, second = (layer(torch.cat([_tokens(examples - 1, seed), mine]))[-1] for seed in (1, 2))
    return not torch.allclose(first, second, atol=1e-4)


def _who_changes() -> str:
    changed = (
        _changes(_layer(ExpertsChoiceRouter)),
        _changes(_layer(ExpertsChoiceRouter, examples_per_group=4)),
        _changes(_layer(slots_per_expert=SLOTS)),
    )
    return {
        (False, False, False): CHANGED[0],
        (False, True, False): CHANGED[1],
        (True, True, False): CHANGED[2],
        (True, True, True): CHANGED[3],
    }[changed]


def _alone_in_its_group() -> str:
    return ALONE[0] if _changes(_layer(ExpertsChoiceRouter)) else ALONE[1]


def _soft_in_one_group() -> str:
    return SHARED[1] if _changes(_layer(slots_per_expert=SLOTS, examples_per_group=4)) else SHARED[0]


def _macs(num_experts: int, slots_per_expert: int) -> float:
    sizes = MoESizes(router="soft", num_experts=num_experts, slots_per_expert=slots_per_expert)
    return float(moe_cost(196, 384, 1536, sizes).macs)


def _expert_macs(num_experts: int) -> float:
    sizes = MoESizes(router="soft", num_experts=num_experts, slots_per_expert=1)
    return float(moe_cost(196, 384, 1536, sizes)["experts"].macs)


MEET = (
    "no: without attention every patch is on its own",
    "only if both have their largest weight in the same slot",
    "yes: each slot holds a little of both",
)
CHANGED = ("in none", "in B", "in A and B", "in all three")
ALONE = (
    "yes, of some tokens: experts choice is a sparse router",
    "no, except for rounding",
    "yes, of all tokens: the batch is eight times as large",
)
SHARED = ("no: Soft MoE does not depend on the batch", "yes, it does", "only if slots run out")

QUESTIONS = (
    Question(
        id="m08-influence",
        misconception="M08",
        lesson="07",
        text=f"A Soft MoE layer gets {TOKENS} tokens. Each of them is changed in turn, and all {TOKENS} outputs are "
        f"watched: {TOKENS**2} pairs of a changed token and an output. In how many of these pairs does the output "
        "move, by more than rounding?",
        unit="pairs",
        belief=M08,
        predicts=float(TOKENS),
        because="every slot holds a little of every token, and every output a little of every slot",
        replies={
            float(TOKENS * (TOKENS + 1) // 2): "That is the count of a causal layer, in which a token moves itself "
            "and those after it. Soft MoE knows no before and after.",
            float(TOKENS * (TOKENS - 1)): "That leaves out each token's own output, and it moves, too.",
            float(TOKENS * NUM_EXPERTS): "That is tokens times experts; the pairs are of tokens and outputs.",
            0.0: "Then the layer would not look at its tokens.",
        },
        giveaways=(r"all pairs", r"every output moves", r"no zeros?", r"all of them move", r"jacobian"),
        truth=_pairs_that_move,
        again=(
            Question(
                id="m08-influence-2",
                text=f"A Soft MoE layer gets one example of {TOKENS} tokens and has {NUM_EXPERTS} experts of {SLOTS} "
                f"slots, so that there are {TOKENS * NUM_EXPERTS * SLOTS} combine weights. How many of them are "
                "exactly 0?",
                unit="weights",
                belief="each token listens to one slot, or a few, and the others weigh 0",
                predicts=float(TOKENS * (NUM_EXPERTS * SLOTS - 1)),
                because="a softmax of finite scores is never 0, except where it is too small for the number format",
                replies={
                    float(TOKENS * (NUM_EXPERTS - 1) * SLOTS): "That would be tokens that go to one expert each.",
                },
                truth=_zero_weights,
            ),
            Question(
                id="m08-influence-3",
                text="An image model has a single Soft MoE layer and nothing else between patches: no attention, no "
                "convolution. Can the answer of the first patch depend on the last patch?",
                choices=MEET,
                belief="only attention lets patches see each other, and experts work on each patch alone",
                predicts=MEET[0],
                because="slots are averages of all patches, so that the layer mixes patches as attention does",
                replies={MEET[1]: "Small weights count as well: no weight is 0."},
                truth=_without_attention,
            ),
        ),
    ),
    Question(
        id="m29-batch",
        misconception="M29",
        lesson="07",
        text="The same image goes through a layer in evaluation mode twice, among three other images, which are "
        "different ones the second time. Layer A: experts choice, each image is a group of its own. B: experts choice, "
        "the four images are one group. C: Soft MoE, each image is a group of its own. In which of them does the "
        "image's answer change, by more than rounding?",
        choices=CHANGED,
        belief=M29,
        predicts=CHANGED[2],
        because="an answer depends on what shares its slots: the group decides, not the kind of router",
        replies={
            CHANGED[0]: "Nothing is random here. But images that share slots compete for them, and that is no "
            "randomness.",
            CHANGED[3]: "Soft MoE takes its softmax over the tokens of one group, and here a group is one image.",
        },
        giveaways=(
            r"the group decides",
            r"matter of (the )?group",
            r"groups? of one",
            r"changes? in B\b",
            r"B alone",
            r"alone in its group",
        ),
        truth=_who_changes,
        again=(
            Question(
                id="m29-batch-2",
                text="A model uses experts choice, with each image as a group of its own. You ask it about one image "
                "alone, and later about the same image in a batch of eight. Does the layer's answer change?",
                choices=ALONE,
                belief=M29,
                predicts=ALONE[0],
                because="nobody else is in the group: the other seven images have slots of their own",
                replies={ALONE[2]: "Capacity is counted for a group, and the group has not grown."},
                truth=_alone_in_its_group,
            ),
            Question(
                id="m29-batch-3",
                text="Somebody flattens a batch of four images into one long sequence, runs a Soft MoE layer on it, "
                "and restores the shape. Does an image's answer depend on the other three now?",
                choices=SHARED,
                belief="Soft MoE never depends on the batch, whatever is done with it",
                predicts=SHARED[0],
                because="its slots are averages of all tokens that it is given, now those of four images",
                replies={SHARED[2]: "Slots of Soft MoE do not run out; each holds an average."},
                truth=_soft_in_one_group,
            ),
        ),
    ),
    Question(
        id="m12-experts",
        misconception="M12",
        lesson="07",
        text="A Soft MoE layer has 4 experts with 1,024 slots each. Another one has 4,096 experts with one slot each, "
        "and is otherwise the same. How many times as many MACs as the first does it take for an image?",
        unit="times",
        belief=M12,
        predicts=1024.0,
        because="every matrix product has a row or a column for each slot, and both layers have 4,096 slots; nothing "
        "is counted by experts",
        replies={
            4096.0: "That would be the work of as many experts, each on all slots.",
            4.0: "That is how many experts the first layer has; none of its products has a side of that length.",
            32.0: "That is a square root; no product grows like one.",
        },
        giveaways=(
            r"independent of the (number of )?experts",
            r"the same slots, split among more experts",
            r"nothing is counted by experts",
            r"does not depend on (the number of )?experts",
            r"slots, not (on )?experts",
            r"slots and not experts",
        ),
        truth=lambda: _macs(4096, 1) / _macs(4, 1024),
        again=(
            Question(
                id="m12-experts-2",
                text="A layer of 8 experts with 4 slots each is rebuilt with 32 experts of one slot each. How many "
                "rows do the new experts compute together for one example?",
                unit="rows",
                belief="four times the experts compute four times the rows",
                predicts=128.0,
                because="rows are slots, and there are as many slots as before",
                replies={8.0: "That is the number of experts that the first layer has."},
                truth=lambda: _expert_macs(32) / _expert_macs(1),
            ),
            Question(
                id="m12-experts-3",
                text="Each expert has one slot, and the number of experts is doubled. By what factor does the work of "
                "the experts grow?",
                unit="times",
                belief="experts cost nothing, however many there are",
                predicts=1.0,
                because="each new expert brings a slot, and slots are what is computed: only a fixed number of slots "
                "makes experts free of work",
                replies={4.0: "Work grows with the slots, not with their square."},
                truth=lambda: _expert_macs(256) / _expert_macs(128),
            ),
        ),
    ),
)
