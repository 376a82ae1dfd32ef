"""Lesson 06, The real layer: what lengths, width and padding do to the weights."""

import torch
from torch import Tensor
from torch.nn.functional import layer_norm

from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.routers import SoftRouter
from softmoe_edu.teaching.predict.question import Question

DIM, NUM_EXPERTS, SLOTS = 32, 8, 1
TOKENS, REAL, PADDING = 196, 29, 20

M34 = "the layer normalises the tokens that it mixes"
M35 = "in a wide model the softmax has collapsed before any training"
M40 = "padding of zeros adds nothing"


def _tokens(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def _layer(scale: float) -> MoE:
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        layer = MoE(SoftRouter(DIM, NUM_EXPERTS, SLOTS, scale_init=scale), Experts(DIM, NUM_EXPERTS, 16))
    return layer.requires_grad_(False)


def what_length_moves(before: tuple[Tensor, Tensor], after: tuple[Tensor, Tensor]) -> str:
    """Return which of (dispatch weights, slots) changed, as the choice that says so."""
    weights, slots = (not torch.allclose(a, b, atol=1e-4) for a, b in zip(before, after, strict=True))
    return MOVED[2 if weights else 1 if slots else 0]


def _ten_times_as_long() -> str:
    router, x = _layer(4.0).router, _tokens(1, TOKENS, DIM)
    longer = x.clone()
    longer[0, 5] *= 10
    seen = [(r.dispatch, r.to_slots(tokens)) for tokens in (x, longer) for r in [router(tokens)]]
    return what_length_moves(*seen)


def _slots_of_doubled_tokens() -> float:
    router, x = _layer(4.0).router, _tokens(1, TOKENS, DIM)
    once, twice = (router(tokens).to_slots(tokens) for tokens in (x, 2 * x))
    return round(float((twice / once).median()), 3)


def _where_lengths_are_one() -> str:
    return USES[{MOVED[0]: 2, MOVED[1]: 0, MOVED[2]: 1}[_ten_times_as_long()]]


def largest_weight(logits: Tensor) -> float:
    """Return the largest dispatch weight of a slot, as a mean over slots, of scores (n, slots)."""
    return float(logits.softmax(0).amax(0).mean())


def scores_at(width: int, deviation: float | None) -> Tensor:
    """Return new scores of normalised tokens this wide with 64 slots; without a deviation, cosines."""
    x, phi = layer_norm(_tokens(TOKENS, width), (width,)), _tokens(width, 65)[:, :64]
    if deviation is None:
        return x / x.norm(dim=1, keepdim=True) @ (phi / phi.norm(dim=0))
    return x @ (phi * deviation)


def how_it_grows(narrow: float, wide: float) -> str:
    """Return the choice that says how the largest weight changed from a narrow to a wide layer."""
    return GROWS[0 if wide > 2 * narrow else 2 if wide < narrow / 2 else 1]


def _from_64_to_4096(deviation_at: dict[int, float | None]) -> str:
    return how_it_grows(*(largest_weight(scores_at(width, deviation)) for width, deviation in deviation_at.items()))


def padding_share(real: int = REAL, padding: int = PADDING) -> float:
    """Return the share of all dispatch weights, in %, that a new layer without a mask gives to zeros."""
    dispatch = _layer(1.0).router(_padded(real, padding)).dispatch
    return 100 * float(dispatch[:, real:].sum() / dispatch.sum())


def _padded(real: int, padding: int) -> Tensor:
    return torch.cat([_tokens(16, real, DIM), torch.zeros(16, padding, DIM)], 1)


def _what_padding_becomes() -> str:
    row = _layer(1.0)(_padded(REAL, PADDING))[:, REAL:]
    return BECOMES[0 if bool((row.abs() < 1e-6).all()) else 1]


def _left_of_real_tokens() -> float:
    return round(100 - padding_share(REAL, REAL), 1)


MOVED = ("neither of them", "the slots, and not the weights", "both: a longer token gets larger scores")
USES = ("for the scores only", "for the slots only", "for the scores and the slots")
GROWS = ("it comes close to 1", "it stays about the same", "it becomes much smaller")
BECOMES = ("zeros, as they came in", "an average of the slots' answers")

QUESTIONS = (
    Question(
        id="m34-longer-token",
        misconception="M34",
        lesson="06",
        text="A Soft MoE layer with the scores of Algorithm 2, scale · cosine. One token is made ten times as long; "
        "its direction stays. What changes: the dispatch weights, the slots?",
        choices=MOVED,
        belief=M34,
        predicts=MOVED[0],
        because="lengths are divided out of the scores only; the slots mix the tokens as they came, length and all",
        replies={
            MOVED[2]: "With the plain products of Algorithm 1 that is so. A cosine does not know how long a token is.",
        },
        giveaways=(r"mix(es)? the tokens as they came", r"slots move", r"only for the (logits|scores)"),
        truth=_ten_times_as_long,
        measured=lambda seen: what_length_moves(*seen),
        again=(
            Question(
                id="m34-longer-token-2",
                text="All tokens of an image are made twice as long. By what factor do the numbers in the slots of a "
                "Soft MoE layer (Algorithm 2) grow?",
                unit="times",
                tolerance=0.01,
                belief=M34,
                predicts=1.0,
                because="the weights stay as they are, and they mix tokens that are twice as long",
                replies={4.0: "That would be so if the weights doubled, too; they always sum to 1."},
                truth=_slots_of_doubled_tokens,
            ),
            Question(
                id="m34-longer-token-3",
                text="For what does Algorithm 2 use tokens of length 1?",
                choices=USES,
                belief=M34,
                predicts=USES[2],
                because="its line 3 normalises inside the scores; x itself stays as it is",
                replies={USES[1]: "The slots mix the tokens as they came; it is the scores that are normalised."},
                truth=_where_lengths_are_one,
            ),
        ),
    ),
    Question(
        id="m35-width",
        misconception="M35",
        lesson="06",
        text="A new, untrained layer without normalised scores: tokens from a LayerNorm, phi drawn with the standard "
        "deviation 1/√d. The width d grows from 64 to 4096. What becomes of the largest dispatch weight of a slot?",
        choices=GROWS,
        belief=M35,
        predicts=GROWS[0],
        because="a token has length √d and phi's numbers are about 1/√d, so the scores of a new layer have the same "
        "size at every width: the collapse comes with training",
        replies={
            GROWS[2]: "That would need smaller scores in wider layers. A LayerNorm makes a token √d long, and 1/√d in "
            "phi makes up for just that.",
        },
        giveaways=(r"comes with training", r"same size at every width", r"no collapse"),
        truth=lambda: _from_64_to_4096({64: 64**-0.5, 4096: 4096**-0.5}),
        measured=lambda seen: how_it_grows(*seen),
        again=(
            Question(
                id="m35-width-2",
                text="The same untrained layer without normalised scores, but phi is drawn with the standard deviation "
                "0.2, whatever the width. d grows from 64 to 4096. What becomes of a slot's largest dispatch weight?",
                choices=GROWS,
                belief="how phi is drawn does not matter before training",
                predicts=GROWS[1],
                because="a score is a sum of d products, so scores grow with the root of d unless phi shrinks",
                replies={GROWS[2]: "Larger scores make a softmax sharper, not flatter."},
                truth=lambda: _from_64_to_4096({64: 0.2, 4096: 0.2}),
            ),
            Question(
                id="m35-width-3",
                text="A new layer with the scores of Algorithm 2 and scale 1. Its width grows from 64 to 4096. What "
                "becomes of a slot's largest dispatch weight?",
                choices=GROWS,
                belief="wide tokens make sharp weights",
                predicts=GROWS[0],
                because="a cosine is at most 1 at any width",
                replies={GROWS[2]: "With 196 tokens it is near 1/196 at every width, and cannot fall much below."},
                truth=lambda: _from_64_to_4096({64: None, 4096: None}),
            ),
        ),
    ),
    Question(
        id="m40-padding-share",
        misconception="M40",
        lesson="06",
        text=f"{REAL} real tokens, and behind them {PADDING} tokens of zeros, so that the batch is a rectangle. A new "
        "Soft MoE layer with scale · cosine and scale 1 routes them without a mask. Of all its dispatch "
        "weights taken together, how many per cent go to the zeros?",
        unit="%",
        tolerance=4.0,
        belief=M40,
        predicts=0.0,
        because="a token of zeros scores 0, and exp(0) is 1: it takes its share of every slot, and the slots come "
        "out that much shorter",
        replies={
            100.0 * PADDING / REAL: "That is padding over real tokens. A share is of all of them.",
            100.0 * REAL / (REAL + PADDING): "That is the share of the real tokens; it is near the truth for them.",
        },
        giveaways=(r"exp\(0\) is 1", r"takes its share of every slot", r"competes with"),
        truth=padding_share,
        again=(
            Question(
                id="m40-padding-share-2",
                text="A Soft MoE layer without a mask gets real tokens and padding of zeros. What stands in the rows "
                "of the padding when they leave the layer (before the residual is added)?",
                choices=BECOMES,
                belief="zeros stay zeros",
                predicts=BECOMES[0],
                because="every token's combine weights sum to 1, a zero token's too",
                truth=_what_padding_becomes,
            ),
            Question(
                id="m40-padding-share-3",
                text=f"{REAL} real tokens get {REAL} zeros behind them, and no mask; scale · cosine, scale 1. "
                "To about how many per cent of what they were do the dispatch weights of the real tokens fall?",
                unit="%",
                tolerance=5.0,
                belief=M40,
                predicts=100.0,
                because="the zeros score as high as an average token, and there are as many of them",
                truth=_left_of_real_tokens,
            ),
        ),
    ),
)
