"""Lesson 11, the open problem: what masks do, what exactness costs, and who shares slots."""

import torch

from softmoe_edu.course.lesson_11.causal import (
    batch_effect,
    expert_rows,
    full,
    masked_combine,
    previous_segment,
    same_position,
)
from softmoe_edu.course.lesson_11.leak_matrix.exercise import leak_matrix
from softmoe_edu.course.lesson_11.prefix_soft_moe.exercise import prefix_soft_moe
from softmoe_edu.seeds import generator_of
from softmoe_edu.teaching.predict.question import Question

M27 = "a mask on what tokens read keeps the future out"
PRICE = "a causal mask is free, as in attention"
M28 = "mixing tokens means that tokens see later ones"

TOKENS, DIM, EXPERTS, SLOTS = 12, 8, 4, 3


def _made(function, slots=SLOTS, experts=EXPERTS):
    """Return a layer (b, n, d) -> (b, n, d) with fixed random weights."""
    generator = generator_of(0)
    phi = torch.randn(DIM, experts, slots, generator=generator)
    maps = [torch.randn(DIM, DIM, generator=generator) / DIM**0.5 for _ in range(experts)]
    return lambda x: function(x, phi, [lambda s, m=m: torch.tanh(s @ m) for m in maps])


def _tokens(examples=2, tokens=TOKENS, seed=1):
    return torch.randn(examples, tokens, DIM, generator=generator_of(seed))


def _later_share(function, **sizes):
    """Return the share, in %, of pairs of an output and a later token in which the output moves."""
    later = leak_matrix(_made(function, **sizes), _tokens()).triu(1)
    return 100 * float(later.sum()) / (TOKENS * (TOKENS - 1) / 2)


def _first_output() -> str:
    row = leak_matrix(_made(masked_combine), _tokens())[0]
    return FIRST[1] if bool(row.all()) else FIRST[0] if int(row.sum()) == 1 else FIRST[2]


def _rows(function, experts=EXPERTS, slots=SLOTS, tokens=TOKENS) -> float:
    """Return how many rows the experts compute for a text."""
    return tokens * expert_rows(function, _tokens(1, tokens), torch.zeros(DIM, experts, slots))


def _same(function) -> str:
    leak = bool(leak_matrix(_made(function), _tokens()).triu(1).any())
    batch = batch_effect(_made(function), _tokens(2), torch.stack([_tokens(3, seed=2), _tokens(3, seed=3)])) > 0
    return BOTH[2 * (not leak) + (not batch)]


def _alone() -> str:
    """What same_position does with a batch of one example."""
    x = _tokens(1)
    moved = leak_matrix(_made(same_position), x)
    return LONE[0] if bool((moved == torch.eye(TOKENS, dtype=torch.bool)).all()) else LONE[1]


FIRST = ("its own token only", "all twelve tokens", "the first half of them")
BOTH = (
    "it leaks, and it depends on the batch",
    "it leaks, and it does not depend on the batch",
    "it does not leak, and it depends on the batch",
    "it does not leak, and it does not depend on the batch",
)
LONE = ("of its own token alone", "of all tokens of the text", "of nothing: the slots stay empty")

QUESTIONS = (
    Question(
        id="m27-masked-combine",
        misconception="M27",
        lesson="11",
        text=f"A Soft MoE layer has as many slots as tokens, {TOKENS}. Its combine gets a causal mask, as in "
        "attention: token i reads slots 0 to i only. Look at all pairs of an output and a later token. In how many % "
        "of these pairs does the output move, when the token changes?",
        unit="%",
        tolerance=4.0,
        belief=M27,
        predicts=0.0,
        because="the slots were filled before the mask: slot 0 holds a little of every token, and output 0 reads it",
        replies={
            50.0: "The mask takes away about half of what is read. But what is left still holds all tokens.",
            25.0: "The mask takes slots away, and every slot that stays holds all tokens.",
        },
        giveaways=(
            r"changes nothing",
            r"filled before",
            r"every slot holds (a little of )?every",
            r"mask(ing)? (the )?combine does not",
            r"slots? (still )?holds? later tokens",
        ),
        truth=lambda: _later_share(masked_combine),
        again=(
            Question(
                id="m27-masked-combine-2",
                text=f"A Soft MoE layer of {TOKENS} slots lets token 0 read slot 0 only, token 1 slots 0 and 1, and so "
                "on; its slots are averages over a text of twelve tokens. Which tokens move the first output?",
                choices=FIRST,
                belief="slot 0 belongs to token 0",
                predicts=FIRST[0],
                because="slot 0 is an average of all tokens, whoever reads it",
                replies={FIRST[2]: "No slot holds half of the tokens: a softmax over tokens has no zeros."},
                truth=_first_output,
            ),
            Question(
                id="m27-masked-combine-3",
                text="A decoder uses plain Soft MoE, without any mask; its attention layers are masked. In how many % "
                "of the pairs of an output and a later token does this layer move the output?",
                unit="%",
                tolerance=4.0,
                belief="the mask of attention makes the model causal",
                predicts=0.0,
                because="a mask of attention does nothing in the other layers, and Soft MoE mixes tokens as well",
                truth=lambda: _later_share(full),
            ),
        ),
    ),
    Question(
        id="m27-price",
        misconception="M27",
        lesson="11",
        text="For every i, the answer to token i is to be the last answer of Soft MoE on tokens 0 to i. A text has "
        f"{TOKENS} tokens, and the layer has {EXPERTS} experts of {SLOTS} slots. In full Soft MoE the experts compute "
        f"{EXPERTS * SLOTS} rows for the text, one for each slot. How many rows do they compute for these answers?",
        unit="rows",
        belief=PRICE,
        predicts=float(EXPERTS * SLOTS),
        because="each further token changes what every slot holds, so all experts compute all their slots again",
        replies={
            float(TOKENS * EXPERTS): "That is one row for each token and expert; but each expert has several slots.",
            float(TOKENS * (TOKENS + 1) // 2): "That counts tokens in prefixes. Experts compute slots, and their "
            "number does not grow with the prefix.",
            float(
                2 * EXPERTS * SLOTS
            ): "Twice as many are enough for two prefixes; there is one prefix for each token.",
        },
        giveaways=(
            r"slots (again )?for (each|every) (token|position|prefix)",
            r"slots per position",
            r"(each|every) (position|prefix) (has|gets|needs) (its own )?slots",
            r"tokens times slots",
        ),
        truth=lambda: _rows(prefix_soft_moe),
        again=(
            Question(
                id="m27-price-2",
                text="Soft MoE by prefixes writes one more token of a text. The layer has 8 experts of 2 slots. How "
                "many rows do its experts compute for this token?",
                unit="rows",
                belief="one token is one row",
                predicts=1.0,
                because="the new token changes all slots, and all of them are computed again",
                replies={8.0: "That is a row for each expert; each has two slots."},
                truth=lambda: _rows(prefix_soft_moe, 8, 2, 6) / 6,
            ),
            Question(
                id="m27-price-3",
                text="By what factor do the experts of Soft MoE by prefixes compute more rows than those of plain Soft "
                "MoE, for a text of 32 tokens?",
                unit="times",
                belief=PRICE,
                predicts=1.0,
                because="there is a set of slots for each of the 32 prefixes",
                replies={16.5: "That is the mean length of a prefix; slots do not grow with it."},
                truth=lambda: _rows(prefix_soft_moe, tokens=32) / _rows(full, tokens=32),
            ),
        ),
    ),
    Question(
        id="m28-same-position",
        misconception="M28",
        lesson="11",
        text="Slots are filled with the tokens at the same position of all examples in the batch: the third tokens of "
        "all texts meet in slots, the fourth tokens meet in others, and so on. Tokens of one text never meet. What "
        "does a layer like that do?",
        choices=BOTH,
        belief=M28,
        predicts=BOTH[0],
        because="within a text no token meets another, so nothing comes from later ones; but other texts have a share "
        "in each answer",
        replies={
            BOTH[1]: "It is the other way round: what meets in the slots are texts, not tokens of one text.",
            BOTH[3]: "Look at what shares the slots: your third token and the third tokens of strangers.",
        },
        giveaways=(r"causal,? (but|and) batch", r"depends on the batch, and", r"strangers", r"batch-dependent"),
        truth=lambda: _same(same_position),
        again=(
            Question(
                id="m28-same-position-2",
                text="A model was trained with slots that mix the tokens at the same position of all texts in the "
                "batch. Now it writes one text alone, in a batch of one. What does a slot hold?",
                choices=LONE,
                belief="slots mix tokens, so they mix those of the text if there is nothing else",
                predicts=LONE[1],
                because="at its position there is one token, and a softmax over one token is 1",
                replies={LONE[2]: "One token is there, with a weight of 1."},
                truth=_alone,
            ),
            Question(
                id="m28-same-position-3",
                text="Each text is cut into segments of four tokens. A token reads slots that hold the four tokens of "
                "the previous segment of its text. What does a layer like that do?",
                choices=tuple(reversed(BOTH)),
                belief=M28,
                predicts=BOTH[0],
                because="what a token reads comes from earlier tokens of its own text",
                replies={
                    BOTH[1]: "The previous segment is complete when the token comes.",
                    BOTH[2]: "Each text fills slots of its own.",
                },
                truth=lambda: _same(previous_segment),
            ),
        ),
    ),
)
